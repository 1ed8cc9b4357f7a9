//! A component's last words: said as they come, under its label, once.
use genode_host_proto::control::{AGAIN, FRAMES, OUTSIDE, Packet, Request, WORDS};
use genode_host_proto::sys::{self, Fds};
use rustix::net::RecvFlags;

use super::Nucleus;
use super::ids::ProcId;
use crate::account::Account;
use crate::console::Console;
use crate::work;

/// The last words of a process. A process says it once, however often it dies by its own account.
pub(crate) struct Words {
    /// The name of its binary.
    program: String,
    /// The line, as far as it came; `None` once it was said.
    text: Option<Vec<u8>>,
    /// Calls that were said.
    frames: usize,
    /// Tells whether it was said that it has no room for descriptors.
    full: bool,
}

impl Words {
    /// Those of a process whose binary has the name `program`.
    pub(crate) fn new(program: String) -> Self {
        Self { program, text: Some(Vec::new()), frames: 0, full: false }
    }

    /// Takes a piece of the line. Returns the line once it is whole.
    fn piece(&mut self, packet: &Packet) -> Option<Vec<u8>> {
        let text = self.text.as_mut()?;
        let bytes = packet.to_bytes();
        let piece = bytes.get(8..).unwrap_or_default();
        let end = piece.iter().position(|c| *c == 0);
        text.extend_from_slice(piece.get(..end.unwrap_or(piece.len())).unwrap_or_default());
        if end.is_none() && text.len() < WORDS {
            return None;
        }
        self.text.take()
    }

    /// Notes that it has no room for descriptors. Returns whether that is to be said.
    pub(super) fn fills(&mut self) -> bool {
        !std::mem::replace(&mut self.full, true)
    }

    /// Takes some calls. Returns the lines that tell them.
    fn calls(&mut self, packet: &Packet) -> Vec<String> {
        let given = (0..7).map(|i| packet.arg(i)).take_while(|frame| *frame != 0);
        let mut lines = Vec::new();
        for frame in given.take(FRAMES.saturating_sub(self.frames)) {
            let number = self.frames;
            lines.push(if frame & OUTSIDE != 0 {
                format!("  #{number} {:#x}, outside of {}", frame & !OUTSIDE, self.program)
            } else if frame & AGAIN != 0 {
                format!("  #{number} the same again, {} times", frame & !AGAIN)
            } else {
                format!("  #{number} {}+{frame:#x}", self.program)
            });
            self.frames += 1;
        }
        lines
    }
}

impl Nucleus {
    /// A process says what ends it.
    fn last_words(&mut self, id: ProcId, packet: &Packet) {
        let Some(process) = self.procs.get_mut(&id) else { return };
        let Some(text) = process.words.piece(packet) else { return };
        let left = self.accounts.get(process.account).map_or_else(String::new, left);
        let mut line = b"\x1b[31mError: ".to_vec();
        line.extend_from_slice(&text);
        line.extend_from_slice(left.as_bytes());
        line.extend_from_slice(b"\x1b[0m");
        Console::new().line(&process.label, &line);
    }

    /// Hears what a process that ended said before and core did not come to.
    pub(super) fn hear(&mut self, id: ProcId) {
        // The line and the calls, and what was under way before.
        for _ in 0..WORDS / 56 + FRAMES / 7 + 16 {
            let Some(process) = self.procs.get(&id) else { return };
            let mut fds = Fds::default();
            work::count(20);
            let packet = sys::recv_packet(&process.control, &mut fds, RecvFlags::DONTWAIT);
            let Ok(Some(packet)) = packet else { return };
            self.says(id, &packet);
        }
    }

    /// A process says what ends it, where it is, or that its descriptors are full; anything else is
    /// nothing of this kind.
    pub(super) fn says(&mut self, id: ProcId, packet: &Packet) {
        match Request::of(packet.op()) {
            Some(Request::LastWords) => self.last_words(id, packet),
            Some(Request::Frames) => self.last_calls(id, packet),
            Some(Request::DescriptorsFull) => self.descriptors_full(id),
            _ => {}
        }
    }

    /// A process says where it is.
    fn last_calls(&mut self, id: ProcId, packet: &Packet) {
        let Some(process) = self.procs.get_mut(&id) else { return };
        for line in process.words.calls(packet) {
            Console::new().line(&process.label, line.as_bytes());
        }
    }
}

/// Says what of its quota a component did not use.
fn left(account: &Account) -> String {
    let left = account.quota.avail();
    format!(" (quota left: {} KiB of RAM, {} caps)", left.ram.0 >> 10, left.caps)
}

#[cfg(test)]
mod tests {
    use genode_host_proto::control::{AGAIN, FRAMES, OUTSIDE, Packet, Request, WORDS};

    use super::Words;

    fn text(bytes: &[u8; 56]) -> Packet {
        let mut raw = [0; 64];
        raw[..8].copy_from_slice(&u64::from(Request::LastWords).to_ne_bytes());
        raw[8..].copy_from_slice(bytes);
        Packet::from_bytes(&raw)
    }

    #[test]
    fn a_line_is_said_once_and_has_an_end() {
        let mut words = Words::new("rs_x".into());
        assert_eq!(words.piece(&text(&[b'a'; 56])), None);
        let mut last = [0; 56];
        last[..2].copy_from_slice(b"bc");
        last[3] = b'x';
        let line = words.piece(&text(&last)).expect("the zero ends it");
        assert_eq!((line.len(), line.last()), (58, Some(&b'c')), "nothing behind the zero counts");
        assert_eq!(words.piece(&text(&last)), None, "once");
    }

    #[test]
    fn a_line_without_an_end_is_cut() {
        let mut words = Words::new("rs_x".into());
        let line = (0..20).find_map(|_| words.piece(&text(&[b'a'; 56]))).expect("said in the end");
        assert!((WORDS..WORDS + 56).contains(&line.len()), "{}", line.len());
    }

    #[test]
    fn calls_are_numbered_on_and_few() {
        let mut words = Words::new("rs_x".into());
        let packet = Packet::new(Request::Frames, &[0x10, OUTSIDE | 0x7f00, 0, 0x30]);
        assert_eq!(words.calls(&packet), ["  #0 rs_x+0x10", "  #1 0x7f00, outside of rs_x"]);
        let again = Packet::new(Request::Frames, &[AGAIN | 0x28]);
        assert_eq!(words.calls(&again), ["  #2 the same again, 40 times"]);
        let full = Packet::new(Request::Frames, &[1; 7]);
        let said: usize = (0..10).map(|_| words.calls(&full).len()).sum();
        assert_eq!(said, FRAMES - 3);
    }
}
