//! rs_dynamic_rom: ROM modules whose content changes by a schedule, for tests of components that follow changes.
//!
//! ```xml
//! <config verbose="yes">
//!   <rom name="settings">
//!     <inline description="first"> <settings level="1"/> </inline>
//!     <sleep milliseconds="500"/>
//!     <inline description="second"> <settings level="2"/> </inline>
//!     <sleep milliseconds="500"/>
//!     <empty/>
//!   </rom>
//! </config>
//! ```
//!
//! As Genode's dynamic_rom does: after the last step comes the first again. A module without any `sleep` keeps the
//! content of its last step.
//!
//! How long others need to follow depends on the machine and on what else it does. A step `<until line="[client] done"/>`
//! waits for them: until a component whose LOG session is routed here has written such a line, after the label in
//! brackets, since the content last changed. The lines are passed on.
#![no_std]
#![no_main]

extern crate alloc;

mod lines;

use alloc::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};
use core::{cell::RefCell, time::Duration};

use genode::{
    label,
    node::{Node, Syntax},
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::{
        log::LogSession,
        rom::{Module, ModuleSession, RomConnection, RomSession},
        timer::TimerConnection,
    },
};

/// Largest configuration that is read, in bytes.
const MAX_CONFIG: usize = 4 << 20;
/// Lines since the last change that are looked at.
const MAX_LINES: usize = 256;

/// A module and where it is in its schedule.
struct Schedule {
    name: String,
    steps: Vec<Node>,
    next: usize,
    /// When to go on, in microseconds of the timer; `None` for never.
    due: Option<u64>,
    /// What line to wait for.
    until: Option<String>,
    /// Lines since the content last changed.
    lines: VecDeque<String>,
    module: Rc<Module>,
    verbose: bool,
    /// That of the configuration.
    syntax: Syntax,
}

impl Schedule {
    fn new(rom: &Node, verbose: bool, syntax: Syntax) -> Result<Self, String> {
        let name = rom.attr("name").ok_or("config: a <rom> needs a name")?.to_string();
        for step in rom.children() {
            let known = match step.tag() {
                // without a node in it, the module has no content
                "inline" => step.children().len() <= 1,
                "sleep" => step.attr_checked::<u64>("milliseconds").is_ok_and(|n| n.is_some()),
                "until" => step.attr("line").is_some_and(|line| !line.is_empty()),
                "empty" => true,
                _ => false,
            };
            if !known {
                return Err(alloc::format!(
                    "config: {}: <{}> of rom \"{name}\" must be an <inline> with at most one node in it, a <sleep \
                     milliseconds=\"..\"/>, an <until line=\"..\"/>, or <empty/>",
                    step.pos(),
                    step.tag()
                ));
            }
        }
        Ok(Self {
            name,
            steps: rom.children().to_vec(),
            next: 0,
            due: Some(0),
            until: None,
            lines: VecDeque::new(),
            module: Rc::default(),
            verbose,
            syntax,
        })
    }

    /// Whether it waits for lines of others.
    fn listens(&self) -> bool {
        self.steps.iter().any(|step| step.has_tag("until"))
    }

    /// Takes note of a line; true if it is the one that was waited for.
    fn hear(&mut self, line: &str) -> bool {
        if self.lines.len() >= MAX_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_string());
        let heard = self.until.take_if(|until| line.contains(until.as_str())).is_some();
        if heard {
            self.due = Some(0);
        }
        heard
    }

    /// Does all steps up to the next one that waits.
    fn advance(&mut self, now: u64) {
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        self.due = None;
        let sleeps = self.steps.iter().any(|step| step.has_tag("sleep"));
        for _ in 0..self.steps.len() {
            let step = &self.steps[self.next % self.steps.len()];
            self.next += 1;
            match step.tag() {
                "inline" | "empty" => {
                    self.lines.clear();
                    self.show(step, step.children().first());
                }
                "until" => {
                    let line = step.attr("line").unwrap_or_default();
                    if !self.lines.iter().any(|l| l.contains(line)) {
                        self.until = Some(line.to_string());
                        return;
                    }
                }
                _ => {
                    self.due = Some(now.saturating_add(step.attr_or("milliseconds", 0_u64) * 1000));
                    return;
                }
            }
            if !sleeps && self.next == self.steps.len() {
                return;
            }
        }
    }

    fn show(&self, step: &Node, content: Option<&Node>) {
        if self.verbose {
            let what = step.attr("description").unwrap_or(step.tag());
            log!("{}: change ({what})", self.name);
        }
        let text = match content.map(|node| node.write(self.syntax)).transpose() {
            Ok(text) => text.unwrap_or_default(),
            Err(error) => {
                warning!("{}: {error}", self.name);
                return;
            }
        };
        let bytes = text.as_bytes();
        let written = self.module.write(bytes.len(), |buffer| {
            buffer.copy_from_slice(bytes);
            Ok(())
        });
        if let Err(error) = written {
            warning!("{}: {} bytes: {error}", self.name, bytes.len());
        }
    }
}

/// Advances all modules and programs the timer for the next one.
fn run(schedules: &mut BTreeMap<String, Schedule>, timer: &TimerConnection) -> Result<(), Error> {
    let now = timer.elapsed()?.as_micros() as u64;
    for schedule in schedules.values_mut() {
        schedule.advance(now);
    }
    match schedules.values().filter_map(|schedule| schedule.due).min() {
        Some(due) => timer.trigger_once(Duration::from_micros(due.saturating_sub(now).max(1))),
        None => Ok(()),
    }
}

#[genode::component]
fn main(env: Env) -> Result<(Root, SignalHandler), String> {
    let explain = |error| alloc::format!("cannot start: {error}");
    let told = |error: &dyn core::fmt::Display| alloc::format!("config: {error}");
    let rom = RomConnection::open(env, "config").and_then(|mut rom| rom.read(MAX_CONFIG));
    let text = rom.map_err(|error| told(&error))?;
    let config = Node::parse(&text).map_err(|error| told(&error))?;
    let syntax = Node::syntax_of(&text);
    let verbose = config.attr_or("verbose", false);
    let mut schedules = BTreeMap::new();
    for rom in config.children_of("rom") {
        let schedule = Schedule::new(rom, verbose, syntax)?;
        schedules.insert(schedule.name.clone(), schedule);
    }
    let schedules = Rc::new(RefCell::new(schedules));

    let timer = TimerConnection::open(env, "").map_err(explain)?;
    run(&mut schedules.borrow_mut(), &timer).map_err(explain)?;
    let timer = Rc::new(timer);
    let go_on = {
        let (schedules, timer) = (schedules.clone(), timer.clone());
        move || {
            if let Err(error) = run(&mut schedules.borrow_mut(), &timer) {
                error!("timer: {error}");
            }
        }
    };
    let heard = {
        let (schedules, go_on) = (schedules.clone(), go_on.clone());
        Rc::new(move |line: &str| {
            let hears = |heard, schedule: &mut Schedule| schedule.hear(line) | heard;
            if schedules.borrow_mut().values_mut().fold(false, hears) {
                go_on();
            }
        })
    };
    let handler = SignalHandler::new(env.ep(), move |_| go_on()).map_err(explain)?;
    timer.sigh(handler.cap()).map_err(explain)?;

    let mut root = Root::new(env).map_err(explain)?;
    // a parent reproaches who announces more than is expected of it
    if schedules.borrow().values().any(Schedule::listens) {
        root.serve::<dyn LogSession, _>(move |request: &SessionRequest<'_>| {
            Ok::<_, Refused>(lines::Lines::new(request.label(), heard.clone()))
        })
        .map_err(explain)?;
    }
    root.serve::<dyn RomSession, _>(move |request: &SessionRequest<'_>| {
        let name = label::last_element(request.label());
        if let Some(schedule) = schedules.borrow().get(name) {
            return Ok(ModuleSession::new(&schedule.module));
        }
        warning!(
            "ROM session of '{}' denied: there is no <rom name=\"{name}\"> in the configuration",
            request.label()
        );
        Err(Refused::Denied)
    })
    .map_err(explain)?;
    Ok((root, handler))
}
