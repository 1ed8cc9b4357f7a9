//! The relay of the terminal of whoever runs core: a process that passes bytes between it and the
//! one component that it was granted to.
//!
//! The component has a socket, and never the terminal: no call on that can be made but those here.
//! While a component is connected, the terminal hands on each key as it comes; before and after it
//! is as core found it, also when core is killed, since the relay outlives it for that. Nothing
//! here waits for the terminal or for the component alone, and what waits for either is bounded.
use std::collections::VecDeque;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::process::ExitCode;

use genode_host_proto::sys::{self, Fds};
use genode_host_proto::terminal::{MAX_PACKET, MAX_TEXT, Packet};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, Result};
use rustix::net::{RecvFlags, SendFlags};
use rustix::process::{Pid, PidfdFlags, Signal};
use rustix::termios::{self, OptionalActions, QueueSelector, Termios};

use super::broker::drop_privileges;

/// Typed bytes that wait for the component; further ones are lost, as in a terminal's own queue.
const TYPED: usize = 4096;

/// Packets that a relay shows still when it ends a connection; the socket holds fewer.
const LAST: usize = 64;

/// Key in front of those that are for the relay: Ctrl-A, as in QEMU.
const PREFIX: u8 = 1;
/// Key behind it that ends the system.
const END: u8 = b'x';

/// Resets a terminal's modes, where a component wrote escape sequences: ends one that is not whole,
/// leaves the alternate screen, resets attributes, margins, and reports of mouse and pasting, and
/// shows the cursor.
const RESET: &[u8] =
    b"\x18\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[!p\x1b[0m\x1b[?25h";

/// Signals that do not end a relay: it ends with core. That of a changed size is looked for.
const SIGNALS: [i32; 9] = [
    libc::SIGWINCH,
    libc::SIGINT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGPIPE,
];

/// Opens the terminal anew, so that not to wait for it concerns nobody else who has it.
pub(super) fn open(terminal: BorrowedFd<'_>) -> std::result::Result<OwnedFd, String> {
    if !termios::isatty(terminal) {
        return Err(
            "core's standard input is no terminal: start it from one, or without --terminal".into(),
        );
    }
    if termios::tcgetpgrp(terminal).is_ok_and(|group| group != rustix::process::getpgrp()) {
        return Err("core is not in the foreground of its terminal: start it without &".into());
    }
    let path = format!("/proc/self/fd/{}", terminal.as_raw_fd());
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty())
        .map_err(|error| format!("the terminal cannot be opened: {error}"))
}

/// Runs a relay, which has core's socket as its standard input and the terminal as its standard
/// output, until core ends.
pub(super) fn serve(core: Option<Pid>) -> ExitCode {
    let (stdin, stdout) = (std::io::stdin(), std::io::stdout());
    let Some(pid) = core else { return ExitCode::FAILURE };
    // Core is there still if it is the parent after its descriptor was opened.
    let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty());
    if rustix::process::getppid() != Some(pid) {
        return ExitCode::FAILURE;
    }
    let relay = pidfd.and_then(|core| Relay::new(core, stdout.as_fd()));
    match relay.and_then(|mut relay| relay.run(stdin.as_fd())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// A relay. Dropping it gives the terminal back.
pub(super) struct Relay<'t> {
    core: OwnedFd,
    signals: OwnedFd,
    terminal: BorrowedFd<'t>,
    /// The terminal's modes as they were, while they are others.
    saved: Option<Termios>,
    line: Option<Line>,
}

/// The connection with a component.
struct Line {
    socket: OwnedFd,
    /// The component's end is closed.
    closed: bool,
    /// Typed, and for the component.
    typed: VecDeque<u8>,
    /// Written by the component, and not shown yet.
    shown: VecDeque<u8>,
    /// The component is to be told the size.
    resized: bool,
    /// The last key was the prefix.
    prefix: bool,
    /// The component wrote an escape sequence.
    escaped: bool,
}

impl<'t> Relay<'t> {
    pub(super) fn new(core: OwnedFd, terminal: BorrowedFd<'t>) -> Result<Self> {
        let signals = crate::isolation::caught(&SIGNALS)
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::INVAL))?;
        drop_privileges()?;
        Ok(Self { core, signals, terminal, saved: None, line: None })
    }

    /// Passes bytes until core ends, or closes `control`.
    pub(super) fn run(&mut self, control: BorrowedFd<'_>) -> Result<()> {
        loop {
            let ready = self.wait(control)?;
            let [asked, ended, signalled, typed, line] = ready;
            if !ended.is_empty() || !asked.is_empty() && !self.connect(control) {
                self.release();
                return Ok(());
            }
            if !signalled.is_empty() {
                self.signal();
            }
            if !typed.is_empty() && !self.type_and_show(typed)
                || !line.is_empty() && !self.pass(line)
            {
                self.release();
            }
        }
    }

    /// Waits until something can be done: core asks, core ended, a signal came, the terminal, the
    /// component. The terminal is left alone while no component is connected.
    fn wait(&self, control: BorrowedFd<'_>) -> Result<[PollFlags; 5]> {
        let mut all = vec![
            PollFd::from_borrowed_fd(control, PollFlags::IN),
            PollFd::new(&self.core, PollFlags::IN),
            PollFd::new(&self.signals, PollFlags::IN),
        ];
        if let Some(line) = &self.line {
            let idle = line.shown.is_empty();
            let out = if idle { PollFlags::empty() } else { PollFlags::OUT };
            all.push(PollFd::from_borrowed_fd(self.terminal, PollFlags::IN | out));
            let input = if idle { PollFlags::IN } else { PollFlags::empty() };
            let output = line.resized || !line.typed.is_empty();
            let out = if output { PollFlags::OUT } else { PollFlags::empty() };
            // One that is closed is told of always; what it wrote is shown first.
            if idle || !line.closed {
                all.push(PollFd::new(&line.socket, input | out));
            }
        }
        loop {
            match poll(&mut all, None) {
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
                Ok(_) => break,
            }
        }
        let mut ready = [PollFlags::empty(); 5];
        for (ready, fd) in ready.iter_mut().zip(&all) {
            *ready = fd.revents();
        }
        Ok(ready)
    }

    /// Takes the connection of a component from core. False when core has closed its end.
    fn connect(&mut self, control: BorrowedFd<'_>) -> bool {
        let mut fds = Fds::default();
        match sys::recv(control, &mut [0], &mut fds, RecvFlags::DONTWAIT) {
            Err(Errno::AGAIN) => return true,
            Ok((1, _)) => {}
            _ => return false,
        }
        self.release();
        let [Some(socket), ..] = fds else { return true };
        let Ok(saved) = termios::tcgetattr(self.terminal) else { return true };
        let mut raw = saved.clone();
        raw.make_raw();
        // Lines of the log are on the same terminal: a line feed begins a line.
        raw.output_modes = saved.output_modes;
        if termios::tcsetattr(self.terminal, OptionalActions::Now, &raw).is_err() {
            return true;
        }
        self.saved = Some(saved);
        self.line = Some(Line {
            socket,
            closed: false,
            typed: VecDeque::new(),
            shown: VecDeque::new(),
            resized: true,
            prefix: false,
            escaped: false,
        });
        true
    }

    /// Ends the connection, and makes the terminal what it was. Keys that nobody read are lost:
    /// among them are answers to what the component asked the terminal, which are not for the next
    /// program.
    fn release(&mut self) {
        if let Some(mut line) = self.line.take() {
            // Its last words, which are on the way.
            for _ in 0..LAST {
                let shown = line.show(self.terminal).is_ok() && line.shown.is_empty();
                if !shown || line.receive().is_err() || line.shown.is_empty() {
                    break;
                }
            }
            if line.escaped {
                let _ = rustix::io::write(self.terminal, RESET);
            }
        }
        if let Some(saved) = self.saved.take() {
            // Not to wait until all is shown, which may be never.
            let _ = termios::tcsetattr(self.terminal, OptionalActions::Now, &saved);
            let _ = termios::tcflush(self.terminal, QueueSelector::IFlush);
        }
    }

    /// Takes a signal off.
    fn signal(&mut self) {
        let mut info = [0u8; 128];
        let _ = rustix::io::read(&self.signals, &mut info);
        if info.first_chunk().map(|number| i32::from_ne_bytes(*number)) == Some(libc::SIGWINCH) {
            self.resize();
        }
    }

    /// Has the component told the size.
    pub(super) fn resize(&mut self) {
        if let Some(line) = &mut self.line {
            line.resized = true;
        }
    }

    /// Reads keys, and shows what waits for that. False when the terminal is gone.
    fn type_and_show(&mut self, ready: PollFlags) -> bool {
        let Some(line) = &mut self.line else { return true };
        if ready.contains(PollFlags::OUT) && line.show(self.terminal).is_err() {
            return false;
        }
        if !ready.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            return true;
        }
        let mut keys = [0; 1024];
        match rustix::io::read(self.terminal, &mut keys) {
            Err(Errno::AGAIN | Errno::INTR) => true,
            Ok(0) | Err(_) => false,
            Ok(count) => {
                if line.take(keys.get(..count).unwrap_or_default()) {
                    self.end();
                }
                true
            }
        }
    }

    /// Ends the system, as Ctrl-C does where a terminal has its meaning: whoever is in the
    /// terminal's foreground is interrupted, among them the tool that started core; and core.
    fn end(&self) {
        if let Ok(group) = termios::tcgetpgrp(self.terminal)
            && group == rustix::process::getpgrp()
        {
            let _ = rustix::process::kill_process_group(group, Signal::INT);
        }
        let _ = rustix::process::pidfd_send_signal(&self.core, Signal::INT);
    }

    /// Passes bytes to and from the component. False when the connection ends.
    fn pass(&mut self, ready: PollFlags) -> bool {
        let Some(line) = &mut self.line else { return true };
        if ready.contains(PollFlags::OUT) && line.send(self.terminal).is_err() {
            return false;
        }
        if ready.contains(PollFlags::IN) && line.shown.is_empty() {
            return line.receive().is_ok() && line.show(self.terminal).is_ok();
        }
        if ready.intersects(PollFlags::HUP | PollFlags::ERR) {
            line.closed = true;
            return !line.shown.is_empty();
        }
        true
    }
}

impl Drop for Relay<'_> {
    fn drop(&mut self) {
        self.release();
    }
}

impl Line {
    /// Takes keys. True if they ask for the system's end.
    fn take(&mut self, keys: &[u8]) -> bool {
        for key in keys {
            match (self.prefix, *key) {
                (true, END) => {
                    self.prefix = false;
                    return true;
                }
                (false, PREFIX) => self.prefix = true,
                (true, PREFIX) | (false, _) => {
                    self.prefix = false;
                    self.keep(*key);
                }
                (true, _) => {
                    self.prefix = false;
                    self.keep(PREFIX);
                    self.keep(*key);
                }
            }
        }
        false
    }

    fn keep(&mut self, key: u8) {
        if self.typed.len() < TYPED {
            self.typed.push_back(key);
        }
    }

    /// Sends the component the size if that changed, and what was typed, as far as there is room.
    fn send(&mut self, terminal: BorrowedFd<'_>) -> Result<()> {
        let mut bytes = [0; MAX_PACKET];
        let mut send = |packet: Packet<'_>| {
            let len = packet.write(&mut bytes).ok_or(Errno::MSGSIZE)?;
            let packet = bytes.get(..len).unwrap_or_default();
            match sys::send(&self.socket, packet, &[], SendFlags::DONTWAIT) {
                Err(Errno::AGAIN) => Ok(false),
                sent => sent.map(|()| true),
            }
        };
        if self.resized {
            let size = termios::tcgetwinsize(terminal);
            let (columns, lines) = size.map_or((0, 0), |size| (size.ws_col, size.ws_row));
            self.resized = !send(Packet::Size { columns, lines })?;
        }
        while !self.resized && !self.typed.is_empty() {
            let (keys, _) = self.typed.as_slices();
            let keys = keys.get(..keys.len().min(MAX_TEXT)).unwrap_or_default();
            if !send(Packet::Text(keys))? {
                break;
            }
            let sent = keys.len();
            self.typed.drain(..sent);
        }
        Ok(())
    }

    /// Receives what the component wrote. An error when it ended, or sent what is no text.
    fn receive(&mut self) -> Result<()> {
        let (mut bytes, mut fds) = ([0; MAX_PACKET + 1], Fds::default());
        let len = match sys::recv(&self.socket, &mut bytes, &mut fds, RecvFlags::DONTWAIT) {
            Err(Errno::AGAIN) => return Ok(()),
            received => received?.0,
        };
        match Packet::read(bytes.get(..len).unwrap_or_default()) {
            Some(Packet::Text(text)) => {
                self.escaped |= text.iter().any(|byte| matches!(byte, 0x0e | 0x1b | 0x80..));
                self.shown.extend(text);
                Ok(())
            }
            _ => Err(Errno::PIPE),
        }
    }

    /// Shows what the component wrote, as far as the terminal takes it.
    fn show(&mut self, terminal: BorrowedFd<'_>) -> Result<()> {
        while !self.shown.is_empty() {
            let (text, _) = self.shown.as_slices();
            match rustix::io::write(terminal, text) {
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
                Ok(count) => drop(self.shown.drain(..count)),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
