//! A running host system: core's process, its output, and its orderly end.

use super::{accounts, stand_in};
use crate::process::{Event, Leftover, Running, ending, guarded, sweep};
use crate::signals::Interrupts;
use crate::symbols::Symbols;
use crate::transcript::{Transcript, advice};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tap_tcl::Exception;
use tap_tcl::regex::{Flags, Pattern};

/// Time that core has to end its components after SIGTERM; a busy machine may need seconds for what takes milliseconds.
const GRACE: Duration = Duration::from_secs(20);
/// Time that the kernel has to end what core left.
const SWEEP: Duration = Duration::from_secs(10);
/// Silence after which an incomplete line is taken for a prompt.
const PROMPT: Duration = Duration::from_millis(50);

/// Time that core has to say who waits.
const ANSWER: Duration = Duration::from_secs(10);
/// Beginning of each line that core says of that.
pub const WAITS: &str = "[core] who waits: ";
/// End of the last one.
pub const WAITS_TOTAL: &str = " components in all";
const WAITS_END: &str = "\\[core\\] who waits: [0-9]+ components in all\r?\n";

/// Answer of core when it is asked while every component waits, and for no time.
const STILL: &str = "[core] nothing can happen any more";

/// Silence of a system, in which core is asked now and then whether anything can still happen.
#[derive(Debug)]
struct Quiet {
    next: Instant,
    pause: Duration,
}

impl Quiet {
    /// The first pause, and the longest: whatever the time at which the last component begins to
    /// wait, core is asked, and says so, within a second.
    const FIRST: Duration = Duration::from_millis(450);
    const LONGEST: Duration = Duration::from_millis(900);

    /// Begins at `now`, when the last line came.
    fn since(now: Instant) -> Self {
        Self { next: now + Self::FIRST, pause: Self::FIRST }
    }

    /// Tells whether it is time to ask; the second time twice as late.
    fn asks(&mut self, now: Instant) -> bool {
        let due = now >= self.next;
        if due {
            self.pause = (self.pause * 2).min(Self::LONGEST);
            self.next = now + self.pause;
        }
        due
    }
}

/// Receives the log's lines while the system runs.
pub type Sink<'a> = &'a mut dyn FnMut(Tick<'_>);

/// News while a wait goes on.
#[derive(Debug, Clone, Copy)]
pub enum Tick<'a> {
    /// A line of the log.
    Line(&'a str),
    /// Nothing happened for a moment.
    Quiet,
}

/// The reason why a pattern was not found.
#[derive(Debug, PartialEq, Eq)]
pub enum Missed {
    /// Time is over; perhaps with advice.
    Timeout(Option<&'static str>),
    /// Core ended first.
    Ended(String),
    /// The system prints without end.
    Flood,
    /// Every component waits, and for no time.
    Still,
    /// A signal asked the tool to stop.
    Interrupted,
    /// The tool's own trouble.
    Trouble(String),
}

/// Searches by a pattern, if there is one.
fn look(
    pattern: Option<&Pattern>,
    search: impl FnOnce(&Pattern) -> Result<Option<String>, Exception>,
) -> Result<Option<String>, Missed> {
    let Some(pattern) = pattern else { return Ok(None) };
    search(pattern).map_err(|why| Missed::Trouble(why.to_string()))
}

/// A host system.
#[derive(Debug)]
pub struct System {
    running: Running,
    transcript: Transcript,
    symbols: Symbols,
    /// Tells whether core is ours, which says when nothing can happen any more.
    own: bool,
    quiet: Quiet,
    log: Option<File>,
    /// Core's line about its accounts, if it came.
    accounts: Option<String>,
}

/// Standard input of core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Nothing.
    Nothing,
    /// The terminal of whoever runs the tool, which core shares the foreground of.
    Terminal,
    /// A terminal that stands in for that: it types back what is shown.
    StandIn,
}

/// The end of a system.
#[derive(Debug, Default)]
pub struct End {
    /// Complaints about it.
    pub problems: Vec<String>,
    /// Processes that had to be killed.
    pub leftovers: Vec<Leftover>,
    /// Lines printed while it ended.
    pub last_words: Vec<String>,
    /// Core's line about its accounts.
    pub accounts: Option<String>,
}

impl System {
    /// Starts core with a boot directory; the log goes to a file, too. `symbols` names calls in
    /// what is shown; `input` is core's; `own` tells whether core is this project's.
    pub fn boot(
        core: &Path,
        boot: &Path,
        options: &[OsString],
        input: Input,
        log: &Path,
        symbols: Symbols,
        own: bool,
    ) -> Result<Self, String> {
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(|e| format!("cannot write {}: {e}", log.display()))?;
        let mut command = guarded(core).map_err(|e| format!("cannot find the tool itself: {e}"))?;
        command.arg("--boot").arg(boot).args(options);
        match input {
            Input::Nothing => {}
            Input::Terminal => {
                let group = rustix::process::getpgrp().as_raw_nonzero().get();
                command.process_group(group).stdin(Stdio::inherit());
            }
            Input::StandIn => {
                let terminal = stand_in::terminal()
                    .map_err(|e| format!("no terminal can be made that stands in: {e}"))?;
                command.stdin(terminal);
            }
        }
        let running =
            Running::start(command).map_err(|e| format!("cannot start {}: {e}", core.display()))?;
        let transcript = Transcript::default();
        let quiet = Quiet::since(Instant::now());
        Ok(Self { running, transcript, symbols, own, quiet, log: Some(file), accounts: None })
    }

    fn record(&mut self, bytes: &[u8]) {
        // a full disk must not fail a test that passes; a flood must not fill it
        let keep = !self.transcript.flooded();
        if !keep || self.log.as_mut().is_some_and(|file| file.write_all(bytes).is_err()) {
            self.log = None;
        }
    }

    /// Waits until the pattern matches (or for ever, if there is none), and returns the output up to
    /// there.
    pub fn wait_for(
        &mut self,
        pattern: Option<&Pattern>,
        timeout: Option<Duration>,
        interrupts: &Interrupts,
        sink: Sink<'_>,
    ) -> Result<String, Missed> {
        let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
        // what came after the last match may already hold the next
        if let Some(found) = look(pattern, |p| self.transcript.search(p, &[], deadline))? {
            return Ok(found);
        }
        let mut unmatched = String::new();
        loop {
            let soon = Instant::now() + PROMPT;
            let next = deadline.map_or(soon, |d| d.min(soon));
            match self.running.wait(Some(next), interrupts) {
                Ok(Event::Output(bytes)) => {
                    self.record(&bytes);
                    let lines = self.transcript.add(&bytes);
                    self.quiet = Quiet::since(Instant::now());
                    if let Some(found) =
                        self.offer(pattern, &lines, deadline, sink, &mut unmatched)?
                    {
                        return Ok(found);
                    }
                    // Whatever came before may have matched.
                    if lines.iter().any(|line| line == STILL) {
                        return Err(Missed::Still);
                    }
                    if self.transcript.flooded() && pattern.is_some() {
                        return Err(Missed::Flood);
                    }
                }
                Ok(Event::Timeout) => {
                    if let Some(found) = look(pattern, |p| self.transcript.search_partial(p))? {
                        return Ok(found);
                    }
                    sink(Tick::Quiet);
                    if self.own && pattern.is_some() && self.quiet.asks(Instant::now()) {
                        // Its answer comes with its output, if there is one.
                        let _ = kill_process(self.running.pid(), Signal::USR2);
                    }
                }
                Ok(Event::Ended) => {
                    let last: Vec<String> = self.transcript.finish().into_iter().collect();
                    if let Some(found) =
                        self.offer(pattern, &last, deadline, sink, &mut unmatched)?
                    {
                        return Ok(found);
                    }
                    return Err(Missed::Ended(ending(self.running.status())));
                }
                Ok(Event::Interrupted) => return Err(Missed::Interrupted),
                Err(e) => return Err(Missed::Trouble(format!("cannot read core's output: {e}"))),
            }
            // checked here, too: a system that never stops printing must not escape it
            if deadline.is_some_and(|d| Instant::now() >= d) {
                return Err(Missed::Timeout(pattern.and_then(|p| advice(p, &unmatched))));
            }
        }
    }

    fn offer(
        &mut self,
        pattern: Option<&Pattern>,
        lines: &[String],
        deadline: Option<Instant>,
        sink: Sink<'_>,
        unmatched: &mut String,
    ) -> Result<Option<String>, Missed> {
        self.note_accounts(lines);
        for line in lines {
            if let Some(line) = self.symbols.annotate(line) {
                sink(Tick::Line(&line));
            }
        }
        let found = look(pattern, |pattern| self.transcript.search(pattern, lines, deadline))?;
        if found.is_none() && unmatched.len() < (1 << 20) {
            for line in lines {
                unmatched.push_str(line);
                unmatched.push_str("\r\n");
            }
        }
        Ok(found)
    }

    fn note_accounts(&mut self, lines: &[String]) {
        if let Some(line) = lines.iter().rev().find(|line| accounts::is_about(line)) {
            self.accounts = Some(line.clone());
        }
    }

    /// The last lines of the log.
    pub fn tail(&self) -> String {
        let tail = self.transcript.tail();
        let named: Vec<String> =
            tail.lines().filter_map(|line| self.symbols.annotate(line)).collect();
        named.join("\n")
    }

    /// Asks core who waits for whom. Returns what it says, nothing if it does not answer in time.
    pub fn who_waits(&mut self, interrupts: &Interrupts) -> Vec<String> {
        let Ok(end) = Pattern::new(WAITS_END, Flags::default()) else { return Vec::new() };
        if kill_process(self.running.pid(), Signal::USR1).is_err() {
            return Vec::new();
        }
        let mut lines = Vec::new();
        loop {
            let mut sink = |tick: Tick<'_>| {
                if let Tick::Line(line) = tick
                    && let Some(told) = line.strip_prefix(WAITS)
                {
                    lines.push(told.to_owned());
                }
            };
            match self.wait_for(Some(&end), Some(ANSWER), interrupts, &mut sink) {
                // A match before a line comes was said to somebody who asked earlier.
                Ok(_) if lines.is_empty() => {}
                Ok(_) => return lines,
                Err(_) => return Vec::new(),
            }
        }
    }

    /// Core's process.
    pub fn core(&self) -> Pid {
        self.running.pid()
    }

    /// True when core ended by itself, with success.
    pub fn succeeded(&self) -> bool {
        self.running.status().is_some_and(|s| s.success())
    }

    /// Ends the system and whatever it started.
    pub fn stop(mut self, interrupts: &Interrupts, sink: Sink<'_>) -> End {
        let by_itself = self.running.status().is_some();
        let mut end = End::default();
        let mut bytes = Vec::new();
        match self.running.stop(GRACE, |piece| bytes.extend_from_slice(piece), interrupts) {
            Ok(true) => {}
            Ok(false) => end.problems.push(format!(
                "core did not end within {} s of SIGTERM and was killed",
                GRACE.as_secs()
            )),
            Err(e) => end.problems.push(format!("cannot end core: {e}")),
        }
        if end.problems.is_empty()
            && !by_itself
            && let Some(signal) = self.running.status().and_then(|s| s.signal())
            && signal != 15
        {
            end.problems
                .push(format!("core crashed while it ended: {}", ending(self.running.status())));
        }
        self.record(&bytes);
        let mut lines = self.transcript.add(&bytes);
        lines.extend(self.transcript.finish());
        let lines: Vec<String> = lines.iter().filter_map(|l| self.symbols.annotate(l)).collect();
        for line in &lines {
            sink(Tick::Line(line));
        }
        self.note_accounts(&lines);
        end.leftovers = sweep(self.running.pid(), SWEEP);
        end.last_words = lines;
        end.accounts = self.accounts.take();
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whenever the last component begins to wait, the next question is less than a second away, as
    /// the loop of [`System::wait_for`] counts its looks: that is what a run adds to the time that
    /// its machine needs.
    #[test]
    fn a_still_system_is_asked_within_a_second() {
        let start = Instant::now();
        let mut quiet = Quiet::since(start);
        let mut asked = vec![Duration::ZERO];
        for look in 1..=2000 {
            let time = PROMPT * look;
            if quiet.asks(start + time) {
                asked.push(time);
            }
        }
        let pauses = || asked.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
        let most = pauses().max();
        assert!(most.is_some_and(|most| most + PROMPT < Duration::from_secs(1)), "{most:?}");
        // Nor more often than the system can bear.
        let least = pauses().min();
        assert!(least.is_some_and(|least| least >= Duration::from_millis(400)), "{least:?}");
    }
}
