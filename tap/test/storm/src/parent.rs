//! Starts children, starts anew what ended, and counts.

use alloc::{rc::Rc, string::String, vec::Vec};
use core::cell::{Cell, RefCell};

use genode::{
    node::Node,
    prelude::*,
    quota::Quota,
    sandbox::{End, Event, Sandbox},
};

use crate::watch::{self, Watch};

/// Ticks that an ended server stays away, so that its clients meet its absence.
const ABSENCE: u32 = 3;
/// Ticks without any end after which the storm is over: longer than a stop takes to be noticed.
const QUIET: u32 = 160;
/// Heap that the parent may keep.
const HEAP: u64 = 2 << 20;

/// What the parent is at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// All children were started once and ended again, so that what they cost for good is known.
    Warm,
    Storm,
    Over,
}

struct Parent {
    env: Env,
    children: Node,
    none: Node,
    stage: Cell<Stage>,
    before: Cell<Option<Quota>>,
    ticks: Cell<u32>,
    quiet: Cell<u32>,
    /// Who ended, and when.
    ended: RefCell<Vec<(String, u32)>>,
    deaths: Cell<u32>,
    stops: Cell<u32>,
    surprises: Cell<u32>,
}

/// A configuration without children. Hearts go on to be asked, so that the timer's session stays.
const NONE: &[u8] = b"<config> <heartbeat rate_ms=\"50\"/> </config>";

/// Takes out the names that are `age` ticks old.
fn take_due(names: &mut Vec<(String, u32)>, now: u32, age: u32) -> Vec<String> {
    let due = |at: u32| now.wrapping_sub(at) >= age;
    let taken = names.iter().filter(|(_, at)| due(*at)).map(|(name, _)| name.clone()).collect();
    names.retain(|(_, at)| !due(*at));
    taken
}

impl Watch for Parent {
    fn on_events(&self, events: &[Event]) {
        for event in events {
            match event {
                Event::Ended { child, end } => {
                    if self.stage.get() == Stage::Storm {
                        self.deaths.set(self.deaths.get() + 1);
                        self.quiet.set(0);
                    }
                    if let End::Exited(value) = end {
                        error!("surprise: {child} exits with {value}");
                        self.surprises.set(self.surprises.get() + 1);
                    }
                    self.ended.borrow_mut().push((child.clone(), self.ticks.get()));
                }
                // A single one may be missed on a busy machine.
                Event::HeartbeatMissed { skipped, .. } if *skipped > 1 => {
                    self.quiet.set(0);
                    if *skipped == 3 {
                        self.stops.set(self.stops.get() + 1);
                    }
                }
                _ => {}
            }
        }
    }

    fn on_tick(&self, sandbox: &Sandbox) {
        let now = self.ticks.get() + 1;
        self.ticks.set(now);
        self.quiet.set(self.quiet.get() + 1);
        match self.stage.get() {
            Stage::Warm if now == 20 => sandbox.apply(&self.none),
            Stage::Warm if now == 30 => {
                self.before.set(Some(self.env.quota()));
                self.ended.borrow_mut().clear();
                self.stage.set(Stage::Storm);
                self.quiet.set(0);
                log!("children may die");
                sandbox.apply(&self.children);
            }
            Stage::Storm if self.quiet.get() > QUIET && self.deaths.get() > 0 => {
                self.stage.set(Stage::Over);
                self.quiet.set(0);
                sandbox.apply(&self.none);
            }
            Stage::Storm => self.revive(sandbox, now),
            Stage::Over if self.quiet.get() == 20 => self.judge(),
            _ => {}
        }
    }
}

impl Parent {
    /// Starts anew who was away long enough.
    fn revive(&self, sandbox: &Sandbox, now: u32) {
        let due = take_due(&mut self.ended.borrow_mut(), now, ABSENCE);
        for child in due {
            sandbox.restart(&child);
        }
    }

    /// All children are gone: what came back?
    fn judge(&self) {
        let Some(before) = self.before.get() else { self.env.exit(1) };
        let after = self.env.quota();
        let (ram, caps) = watch::missing(&before, &after);
        let held = after.caps_used.0.wrapping_sub(before.caps_used.0) as i64;
        let heap = after.ram_used.0.saturating_sub(before.ram_used.0);
        let (deaths, stops) = (self.deaths.get(), self.stops.get());
        let surprises = self.surprises.get();
        log!(
            "{deaths} children died, {stops} were found stopped, {surprises} surprises; missing: {ram} bytes, {caps} caps; {held} caps more in use"
        );
        // A larger heap takes dataspaces, each of which is a capability.
        let kept = heap <= HEAP && (0..=(heap >> 16).cast_signed() + 2).contains(&held);
        let right = surprises == 0 && (ram, caps) == (0, 0) && kept;
        self.env.exit(i32::from(!right))
    }
}

pub(crate) fn run(env: Env, config: &Node) -> Result<(), Error> {
    let parent = Rc::new(Parent {
        env,
        children: config.clone(),
        none: Node::parse(NONE).map_err(|_| Error::Invalid)?,
        stage: Cell::new(Stage::Warm),
        before: Cell::new(None),
        ticks: Cell::new(0),
        quiet: Cell::new(0),
        ended: RefCell::new(Vec::new()),
        deaths: Cell::new(0),
        stops: Cell::new(0),
        surprises: Cell::new(0),
    });
    watch::start(env, parent, config)
}
