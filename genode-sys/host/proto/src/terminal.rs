//! Packets between a component and the relay of the terminal that it was granted.
//!
//! A component never has the terminal itself: its relay reads and writes it, and passes bytes. Both
//! sides check what they receive; who breaks the rules loses the connection.

/// Bytes of text in one packet, at most.
pub const MAX_TEXT: usize = 2048;
/// Bytes of a packet, at most.
pub const MAX_PACKET: usize = 1 + MAX_TEXT;

/// First byte of text; no request for files begins with it.
const TEXT: u8 = b'T';
/// First byte of a size.
const SIZE: u8 = b'S';

/// A packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Bytes that were typed, or are to be shown; at least one.
    Text(&'a [u8]),
    /// The terminal's size, which the relay tells first, and when it changes.
    Size {
        /// Characters per line.
        columns: u16,
        /// Lines.
        lines: u16,
    },
}

impl<'a> Packet<'a> {
    /// Writes it to `bytes`; returns its length, `None` if it does not fit, or is no packet.
    ///
    /// ```
    /// use genode_host_proto::terminal::{MAX_PACKET, Packet};
    /// let mut bytes = [0; MAX_PACKET];
    /// let len = Packet::Text(b"hello").write(&mut bytes).unwrap();
    /// assert_eq!(Packet::read(&bytes[..len]), Some(Packet::Text(b"hello")));
    /// ```
    pub fn write(&self, bytes: &mut [u8]) -> Option<usize> {
        let mut size = [0; 4];
        let (tag, rest) = match self {
            Self::Text(text) => (TEXT, *text),
            Self::Size { columns, lines } => {
                size[..2].copy_from_slice(&columns.to_le_bytes());
                size[2..].copy_from_slice(&lines.to_le_bytes());
                (SIZE, &size[..])
            }
        };
        if rest.is_empty() || rest.len() > MAX_TEXT {
            return None;
        }
        let (first, room) = bytes.split_first_mut()?;
        room.get_mut(..rest.len())?.copy_from_slice(rest);
        *first = tag;
        Some(1 + rest.len())
    }

    /// Reads one; `None` if it is none.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        match bytes.split_first()? {
            (&TEXT, text) if (1..=MAX_TEXT).contains(&text.len()) => Some(Self::Text(text)),
            (&SIZE, &[a, b, c, d]) => Some(Self::Size {
                columns: u16::from_le_bytes([a, b]),
                lines: u16::from_le_bytes([c, d]),
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{self, Operation};

    #[test]
    fn packets_are_read_as_they_were_written() {
        let long = [7; MAX_TEXT];
        for packet in [
            Packet::Text(b"x"),
            Packet::Text(&long),
            Packet::Size { columns: 80, lines: 25 },
            Packet::Size { columns: u16::MAX, lines: 0 },
        ] {
            let mut bytes = [0; MAX_PACKET];
            let len = packet.write(&mut bytes).unwrap();
            assert_eq!(Packet::read(&bytes[..len]), Some(packet));
            assert_eq!(packet.write(&mut bytes[..len - 1]), None, "no room");
        }
    }

    #[test]
    fn what_is_no_packet_is_none() {
        let mut bytes = [TEXT; MAX_PACKET + 1];
        for wrong in [&b""[..], b"T", b"S", b"S123", b"S12345", b"x", b"\0\0", &bytes] {
            assert_eq!(Packet::read(wrong), None, "{wrong:?}");
        }
        let long = [0; MAX_TEXT + 1];
        assert_eq!(Packet::Text(&long).write(&mut bytes), None);
        assert_eq!(Packet::Text(b"").write(&mut bytes), None);
    }

    #[test]
    fn a_request_for_files_is_no_packet() {
        for operation in Operation::ALL {
            let mut bytes = [0; files::MAX_REQUEST];
            let len = files::Request::new(operation).write(&mut bytes).unwrap();
            assert_eq!(Packet::read(&bytes[..len]), None, "{operation:?}");
        }
    }
}
