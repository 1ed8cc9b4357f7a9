//! Bytes that are there: of the component itself, or of a ROM module.

use alloc::rc::Rc;
use core::cell::RefCell;

use genode::{prelude::*, session::rom::RomConnection};

/// A ROM module.
#[derive(Debug)]
pub(crate) struct Rom {
    session: RefCell<RomConnection>,
    /// It ends at its first zero byte.
    text: bool,
}

impl Rom {
    pub(crate) fn open(env: Env, label: &str, text: bool) -> Result<Self, Error> {
        let mut session = RomConnection::open(env, label)?;
        session.update()?;
        Ok(Self { session: RefCell::new(session), text })
    }

    /// Takes over a new content.
    fn update(&self) -> Result<(), Error> {
        self.session.borrow_mut().update()
    }

    fn size(&self) -> u64 {
        let session = self.session.borrow();
        let size = session.size();
        let Some(attached) = session.attached().filter(|_| self.text) else { return size as u64 };
        let mut piece = [0; 256];
        for at in (0..size).step_by(piece.len()) {
            let piece = &mut piece[..(size - at).min(256)];
            let read = attached.read(at, piece);
            match piece.iter().position(|&byte| byte == 0) {
                Some(end) if read.is_ok() => return (at + end) as u64,
                _ => (),
            }
        }
        size as u64
    }

    fn read(&self, at: usize, into: &mut [u8]) -> Result<(), Error> {
        let session = self.session.borrow();
        session.attached().ok_or(Error::Invalid)?.read(at, into)
    }
}

/// Bytes that do not change while a file of them is open.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Bytes(Rc<[u8]>),
    Rom(Rc<Rom>),
}

impl Content {
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Rom(rom) => rom.size(),
        }
    }

    /// Prepares for being opened: a ROM module is up to date where nobody has it open.
    pub(crate) fn refresh(&self) {
        if let Self::Rom(rom) = self
            && Rc::strong_count(rom) == 1
        {
            // One that cannot be read is empty.
            let _ = rom.update();
        }
    }

    /// Reads what there is from `at` on, as much as fits; returns how much that was.
    pub(crate) fn read(&self, at: u64, into: &mut [u8]) -> Result<usize, Error> {
        self.read_part(0, self.size(), at, into)
    }

    /// Reads from a part of `size` bytes that begins at `from`.
    pub(crate) fn read_part(
        &self,
        from: u64,
        size: u64,
        at: u64,
        into: &mut [u8],
    ) -> Result<usize, Error> {
        let left = size.saturating_sub(at);
        let count = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let (Some(into), Some(at)) = (into.get_mut(..count), from.checked_add(at)) else {
            return Ok(0);
        };
        let at = usize::try_from(at).map_err(|_| Error::Invalid)?;
        match self {
            _ if count == 0 => (),
            Self::Bytes(bytes) => {
                let part = bytes.get(at..).and_then(|rest| rest.get(..count));
                into.copy_from_slice(part.ok_or(Error::Invalid)?);
            }
            Self::Rom(rom) => rom.read(at, into)?,
        }
        Ok(count)
    }
}
