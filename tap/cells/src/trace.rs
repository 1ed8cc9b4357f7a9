//! Demands of cells over time.
//!
//! ```text
//! cells-trace 1
//! machine 2 16 1                 nodes, cores, siblings of a physical core
//! steps 100                      of a millisecond
//! cell web weight 2 min 1 max 8 target 500 price 2
//! cell hog greedy                says that it wants everything, and gives nothing back by itself
//! at 0 web 4                     from step 0 on, work for 4 cores arrives in each step
//! ```
//!
//! What follows a `#` is a comment. Steps of `at` lines do not go back.

use cells::{CellId, Machine, Objective, Spec, check};
use fastrand::Rng;
use std::fmt::{self, Write};

/// Most steps of a trace.
pub const MAX_STEPS: u32 = 100_000;
/// Most lines with demand.
const MAX_CHANGES: usize = 1_000_000;

/// A cell of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Its name.
    pub name: String,
    /// Its terms.
    pub spec: Spec,
    /// It wants everything, and gives nothing back by itself.
    pub greedy: bool,
}

/// A trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Nodes, cores, siblings.
    pub machine: (u16, u16, u16),
    /// Steps.
    pub steps: u32,
    /// The cells; the first one has number 1.
    pub cells: Vec<Actor>,
    /// Step, index of the cell, cores' worth of work that arrive in each step from then on.
    pub changes: Vec<(u32, usize, u16)>,
}

/// A place in a trace at which something is wrong, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
    /// The fault, and what is possible.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

/// The words of a line, with their columns.
struct Words<'a> {
    line: usize,
    rest: std::vec::IntoIter<(usize, &'a str)>,
    end: usize,
}

impl<'a> Words<'a> {
    fn of(line: usize, text: &'a str) -> Self {
        let text = text.split('#').next().unwrap_or_default();
        let mut words = Vec::new();
        let mut start = None;
        for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
            match (c.is_whitespace(), start) {
                (false, None) => start = Some(at),
                (true, Some(from)) => {
                    words.push((text[..from].chars().count() + 1, &text[from..at]));
                    start = None;
                }
                _ => {}
            }
        }
        Self { line, rest: words.into_iter(), end: text.trim_end().chars().count() + 1 }
    }

    fn wrong(&self, column: usize, message: impl Into<String>) -> Mistake {
        Mistake { line: self.line, column, message: message.into() }
    }

    fn word(&mut self, what: &str) -> Result<(usize, &'a str), Mistake> {
        self.rest.next().ok_or_else(|| self.wrong(self.end, format!("{what} is missing")))
    }

    fn number(&mut self, what: &str, least: u32, most: u32) -> Result<u32, Mistake> {
        let (column, word) = self.word(what)?;
        let number = word.parse().ok().filter(|n| (least..=most).contains(n));
        number.ok_or_else(|| {
            let message = format!("{what} is {word:?}: {least} to {most} are possible");
            self.wrong(column, message)
        })
    }

    fn finish(&mut self) -> Result<(), Mistake> {
        match self.rest.next() {
            Some((column, word)) => Err(self.wrong(column, format!("{word:?} is too much"))),
            None => Ok(()),
        }
    }
}

impl Trace {
    /// Reads a trace.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let mut trace =
            Self { machine: (0, 0, 0), steps: 0, cells: Vec::new(), changes: Vec::new() };
        let mut begun = false;
        let mut last = 1;
        for (line, text) in (1..).zip(text.lines()) {
            last = line;
            let mut words = Words::of(line, text);
            let Some((column, word)) = words.rest.next() else { continue };
            match word {
                "cells-trace" if !begun => {
                    words.number("the version", 1, 1)?;
                    begun = true;
                }
                _ if !begun => {
                    return Err(words.wrong(column, "a trace begins with: cells-trace 1"));
                }
                "machine" => {
                    let nodes = words.number("the number of nodes", 1, 256)? as u16;
                    let cores = words.number("the number of cores", 1, 4096)? as u16;
                    trace.machine =
                        (nodes, cores, words.number("the number of siblings", 1, 8)? as u16);
                }
                "steps" => trace.steps = words.number("the number of steps", 1, MAX_STEPS)?,
                "cell" => trace.cell(&mut words)?,
                "at" => trace.change(&mut words)?,
                _ => {
                    let known = "machine, steps, cell, at are possible";
                    return Err(words.wrong(column, format!("{word:?} is unknown: {known}")));
                }
            }
            words.finish()?;
        }
        let missing =
            [("cells-trace", begun), ("machine", trace.machine.1 > 0), ("steps", trace.steps > 0)];
        if let Some((what, _)) = missing.iter().find(|(_, there)| !there) {
            let message = format!("a line {what:?} is missing");
            return Err(Mistake { line: last, column: 1, message });
        }
        trace.fits().map_err(|message| Mistake { line: last, column: 1, message })?;
        Ok(trace)
    }

    fn cell(&mut self, words: &mut Words<'_>) -> Result<(), Mistake> {
        let (column, name) = words.word("the name")?;
        if self.cells.iter().any(|cell| cell.name == name) {
            return Err(words.wrong(column, format!("there is a cell {name:?} already")));
        }
        if self.cells.len() + 2 > cells::MAX_CELLS {
            return Err(words.wrong(column, "these are too many cells: 4095 are possible"));
        }
        let (mut spec, mut greedy) = (Spec::default(), false);
        while let Some((column, word)) = words.rest.next() {
            match word {
                "weight" => spec.weight = words.number("the weight", 0, cells::MAX_WEIGHT)?,
                "min" => spec.min = words.number("min", 0, 4096)? as u16,
                "max" => spec.max = words.number("max", 0, 65535)? as u16,
                "price" => spec.price = words.number("the price", 1, cells::MAX_PRICE)?,
                "target" => {
                    spec.objective = Objective::Delay(words.number("the target", 1, u32::MAX)?);
                }
                "greedy" => greedy = true,
                _ => {
                    let known = "weight, min, max, target, price, greedy are possible";
                    return Err(words.wrong(column, format!("{word:?} is unknown: {known}")));
                }
            }
        }
        self.cells.push(Actor { name: name.to_owned(), spec, greedy });
        Ok(())
    }

    fn change(&mut self, words: &mut Words<'_>) -> Result<(), Mistake> {
        let least = self.changes.last().map_or(0, |change| change.0);
        let step = words.number("the step", least, MAX_STEPS)?;
        let (column, name) = words.word("the name of a cell")?;
        let cell = self.cells.iter().position(|cell| cell.name == name);
        let cell = cell.ok_or_else(|| words.wrong(column, format!("there is no cell {name:?}")))?;
        let cores = words.number("the number of cores", 0, 4096)? as u16;
        if self.changes.len() == MAX_CHANGES {
            return Err(words.wrong(1, "these are too many changes: a million is possible"));
        }
        self.changes.push((step, cell, cores));
        Ok(())
    }

    /// Makes the machine, and checks that the cells fit.
    pub fn fits(&self) -> Result<Machine, String> {
        let (nodes, cores, smt) = self.machine;
        let machine = Machine::uniform(nodes, cores, smt, 0).map_err(|e| e.to_string())?;
        let cells: Vec<_> = (1..).map(CellId).zip(self.cells.iter().map(|c| &c.spec)).collect();
        let refused = check(&machine, &cells);
        let lines = refused.iter().map(|r| {
            let name = self.cells.get(r.cell.index().wrapping_sub(1)).map_or("", |c| &c.name);
            format!("{name}: {r}")
        });
        let lines: Vec<String> = lines.collect();
        if lines.is_empty() { Ok(machine) } else { Err(lines.join("\n")) }
    }

    /// Writes the trace as `parse` reads it.
    pub fn text(&self) -> String {
        let (nodes, cores, smt) = self.machine;
        let mut out =
            format!("cells-trace 1\nmachine {nodes} {cores} {smt}\nsteps {}\n", self.steps);
        for Actor { name, spec, greedy } in &self.cells {
            let Spec { weight, min, max, price, .. } = spec;
            let _ = write!(out, "cell {name} weight {weight} min {min} max {max} price {price}");
            if let Objective::Delay(target) = spec.objective {
                let _ = write!(out, " target {target}");
            }
            out.push_str(if *greedy { " greedy\n" } else { "\n" });
        }
        for (step, cell, cores) in &self.changes {
            let _ = writeln!(out, "at {step} {} {cores}", self.cells[*cell].name);
        }
        out
    }
}

/// Kinds of traces that are made.
pub const KINDS: [&str; 3] = ["diurnal", "bursty", "antagonist"];

/// Makes a trace of a kind; equal arguments make equal traces. `None` for a kind that is none.
pub fn make(
    kind: &str,
    cells: u16,
    machine: (u16, u16, u16),
    steps: u32,
    seed: u64,
) -> Option<Trace> {
    KINDS.contains(&kind).then_some(())?;
    let mut random = Rng::with_seed(seed);
    let greedy = |n: u16| kind == "antagonist" && n % 8 == 7;
    let actor = |n: u16, random: &mut Rng| Actor {
        name: format!("c{n}"),
        spec: Spec {
            weight: random.u32(2..5),
            objective: if n.is_multiple_of(2) { Objective::Delay(2000) } else { Objective::None },
            ..Spec::default()
        },
        greedy: greedy(n),
    };
    let list: Vec<Actor> = (0..cells).map(|n| actor(n, &mut random)).collect();
    // peaks of twice the share, so that the machine is nearly full at times
    let peak = (u32::from(machine.1) * 2 / u32::from(cells.max(1))).clamp(1, 4096) as u16;
    let mut changes = Vec::new();
    let mut level = vec![u16::MAX; list.len()];
    for step in 0..steps {
        for n in 0..cells {
            let now = match kind {
                // a triangle over 200 steps, each cell at another time of its day
                "diurnal" => {
                    let at = (step + u32::from(n) * 37) % 200;
                    (u32::from(peak) * at.min(200 - at) / 100) as u16
                }
                _ if step.is_multiple_of(5) && random.u8(..4) == 0 => {
                    if random.u8(..3) == 0 {
                        random.u16(0..=2 * peak)
                    } else {
                        random.u16(0..=peak / 2)
                    }
                }
                _ if step == 0 => 0,
                _ => level[usize::from(n)],
            };
            if now != level[usize::from(n)] {
                level[usize::from(n)] = now;
                changes.push((step, usize::from(n), now));
            }
        }
    }
    Some(Trace { machine, steps, cells: list, changes })
}
