//! Requests of a host driver to its broker, and the broker's replies.
//!
//! A driver has a socket to the broker of the one directory, or file, that it was granted. Each
//! request is one packet: a header, and up to two paths seen from that directory. A reply is a
//! header, and text or a descriptor. Neither side believes the other's lengths.

use crate::control::{PACKET_SIZE, Packet};

/// Bytes of a path at most, as of Linux' own.
pub const MAX_PATH: usize = 4095;

/// Bytes of a request at most.
pub const MAX_REQUEST: usize = PACKET_SIZE + 2 * MAX_PATH;

/// Bytes of a reply at most.
pub const MAX_REPLY: usize = PACKET_SIZE + MAX_PATH;

/// Operations of a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Operation {
    /// Tells what there is at a path, of a link itself.
    Status = 1,
    /// Opens a file or directory. A value other than 0 asks for writing.
    Open = 2,
    /// Makes a file that was not there, and opens it for reading and writing.
    Create = 3,
    /// Makes a directory.
    MakeDirectory = 4,
    /// Makes a link whose target is the second path. A value other than 0 lets it replace a link.
    MakeLink = 5,
    /// Reads a link's target.
    ReadLink = 6,
    /// Removes a name: a file's, a link's, or an empty directory's.
    Remove = 7,
    /// Gives what has the first path the second one, which it replaces.
    Rename = 8,
    /// Sets the size of the file whose descriptor comes along.
    Truncate = 9,
    /// Frees a part of the file whose descriptor comes along: offset and length.
    Punch = 10,
    /// Sets the time of the last modification, in milliseconds since 1970, of the file whose
    /// descriptor comes along.
    SetModified = 11,
}

impl Operation {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Status,
        Self::Open,
        Self::Create,
        Self::MakeDirectory,
        Self::MakeLink,
        Self::ReadLink,
        Self::Remove,
        Self::Rename,
        Self::Truncate,
        Self::Punch,
        Self::SetModified,
    ];

    /// Returns what a number stands for, `None` for nothing.
    pub fn of(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| *operation as u64 == number)
    }

    /// Tells whether it changes what is there, whatever its values are.
    pub const fn changes(self) -> bool {
        !matches!(self, Self::Status | Self::Open | Self::ReadLink)
    }
}

/// A request.
///
/// ```
/// use genode_host_proto::files::{Operation, Request};
///
/// let request = Request { path: b"a/b", other: b"c", ..Request::new(Operation::Rename) };
/// let mut bytes = [0; 100];
/// let length = request.write(&mut bytes).unwrap();
/// assert_eq!(Request::read(&bytes[..length]), Some(request));
/// assert_eq!(Request::read(&bytes[..length - 1]), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The operation.
    pub operation: Operation,
    /// The path; empty for the directory, or the file, that was granted.
    pub path: &'a [u8],
    /// The second path.
    pub other: &'a [u8],
    /// Values, whose meaning the operation tells.
    pub values: [u64; 2],
}

impl<'a> Request<'a> {
    /// Makes a request without paths and values.
    pub const fn new(operation: Operation) -> Self {
        Self { operation, path: b"", other: b"", values: [0; 2] }
    }

    /// Writes it to `bytes`; returns its length, `None` if it does not fit or a path is too long.
    pub fn write(&self, bytes: &mut [u8]) -> Option<usize> {
        let Self { operation, path, other, values: [one, two] } = *self;
        let lengths = [path.len() as u64, other.len() as u64];
        let header = Packet::new(operation as u64, &[lengths[0], lengths[1], one, two]);
        if path.len() > MAX_PATH || other.len() > MAX_PATH {
            return None;
        }
        let mut at = 0;
        for part in [&header.to_bytes()[..], path, other] {
            bytes.get_mut(at..at + part.len())?.copy_from_slice(part);
            at += part.len();
        }
        Some(at)
    }

    /// Reads one; `None` if it is none.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(PACKET_SIZE)?;
        let header = Packet::from_bytes(header);
        let length = |value: u64| usize::try_from(value).ok().filter(|len| *len <= MAX_PATH);
        let (path, other) = rest.split_at_checked(length(header.arg(0))?)?;
        if other.len() != length(header.arg(1))? {
            return None;
        }
        let values = [header.arg(2), header.arg(3)];
        Some(Self { operation: Operation::of(header.op())?, path, other, values })
    }
}

/// Kinds of what a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Kind {
    /// A directory.
    Directory = 1,
    /// A file.
    File = 2,
    /// A symbolic link.
    Link = 3,
    /// Anything else, which a broker does not open.
    Other = 4,
}

/// Properties of what a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its kind.
    pub kind: Kind,
    /// Permissions of the owner: 4 to read, 2 to write, 1 to execute.
    pub permissions: u8,
    /// Bytes.
    pub size: u64,
    /// Number of the inode.
    pub inode: u64,
    /// Number of its device.
    pub device: u64,
    /// Time of the last modification in milliseconds since 1970.
    pub modified: i64,
}

/// A reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// Properties, or the number of the error by Linux' count.
    pub result: Result<Option<Status>, i32>,
    /// A link's target.
    pub text: &'a [u8],
}

impl<'a> Reply<'a> {
    /// Writes it to `bytes`; returns its length, `None` if it does not fit.
    pub fn write(&self, bytes: &mut [u8]) -> Option<usize> {
        let header = match self.result {
            Err(error) => Packet::new(u64::from(error.unsigned_abs()), &[]),
            Ok(None) => Packet::new(0_u64, &[]),
            Ok(Some(status)) => {
                let Status { kind, permissions, size, inode, device, modified } = status;
                let kind = kind as u64 | u64::from(permissions) << 8;
                Packet::new(0_u64, &[kind, size, inode, device, modified as u64])
            }
        };
        let end = PACKET_SIZE + self.text.len();
        bytes.get_mut(..PACKET_SIZE)?.copy_from_slice(&header.to_bytes());
        bytes.get_mut(PACKET_SIZE..end)?.copy_from_slice(self.text);
        Some(end)
    }

    /// Reads one; `None` if it is none.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let (header, text) = bytes.split_at_checked(PACKET_SIZE)?;
        let header = Packet::from_bytes(header);
        let result = match i32::try_from(header.op()).ok()? {
            0 => Ok(status(&header)),
            error => Err(error),
        };
        Some(Self { result, text })
    }
}

fn status(header: &Packet) -> Option<Status> {
    let kind = match header.arg(0) & 0xff {
        1 => Kind::Directory,
        2 => Kind::File,
        3 => Kind::Link,
        4 => Kind::Other,
        _ => return None,
    };
    let [permissions, ..] = (header.arg(0) >> 8).to_le_bytes();
    Some(Status {
        kind,
        permissions,
        size: header.arg(1),
        inode: header.arg(2),
        device: header.arg(3),
        modified: header.arg(4) as i64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = [0; MAX_REQUEST];
        for operation in Operation::ALL {
            let request = Request { path: b"x", values: [u64::MAX, 7], ..Request::new(operation) };
            let length = request.write(&mut bytes).unwrap();
            assert_eq!(Request::read(&bytes[..length]), Some(request));
        }
        let status = Status {
            kind: Kind::Link,
            permissions: 5,
            size: 9,
            inode: u64::MAX,
            device: 3,
            modified: -1,
        };
        for result in [Ok(Some(status)), Ok(None), Err(28)] {
            let reply = Reply { result, text: b"../x" };
            let length = reply.write(&mut bytes).unwrap();
            assert_eq!(Reply::read(&bytes[..length]), Some(reply));
        }
    }

    #[test]
    fn lengths_that_are_not_there_make_no_request() {
        let mut bytes = [0; MAX_REQUEST + 1];
        let longest = [b'x'; MAX_PATH];
        let request =
            Request { path: &longest, other: &longest, ..Request::new(Operation::Rename) };
        assert_eq!(request.write(&mut bytes), Some(MAX_REQUEST));
        assert_eq!(Request::read(&bytes), None, "a byte too many");
        assert_eq!(Request::read(&bytes[..MAX_REQUEST - 1]), None, "a byte too few");
        for (op, path, other) in [
            (0_u64, 1, 0),
            (12, 1, 0),
            (u64::MAX, 1, 0),
            (2, 2, 0),
            (2, 0, 0),
            (2, 1, 1),
            (2, u64::MAX, 1),
            (2, u64::MAX - 63, 65),
        ] {
            let header = Packet::new(op, &[path, other]).to_bytes();
            let bytes = [&header[..], b"x"].concat();
            assert_eq!(Request::read(&bytes), None, "{op} {path} {other}");
        }
        for len in 0..PACKET_SIZE {
            assert_eq!(Request::read(&bytes[..len]), None);
            assert_eq!(Reply::read(&bytes[..len]), None);
        }
        let long = [b'x'; MAX_PATH + 1];
        assert_eq!(Request { path: &long, ..request }.write(&mut [0; 3 * MAX_PATH]), None);
    }
}
