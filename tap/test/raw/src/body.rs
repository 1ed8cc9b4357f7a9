//! Bodies, written as one likes.

use genode_sys::RS_MAX_BODY;
use genode_wire::{Caps, Encode, Writer};

/// Bodies are read and written without their capabilities, which are numbers beside them.
pub type NoCap = Option<std::convert::Infallible>;

/// A body that is written item by item.
#[derive(Debug)]
pub struct Body {
    bytes: [u8; RS_MAX_BODY as usize],
    len: usize,
    fits: bool,
}

impl Default for Body {
    fn default() -> Self {
        Self { bytes: [0; RS_MAX_BODY as usize], len: 0, fits: true }
    }
}

impl Body {
    /// Appends an item.
    pub fn put<T: Encode<NoCap> + ?Sized>(&mut self, item: &T) -> &mut Self {
        let mut caps = Caps::new();
        let mut writer = Writer::resume(&mut self.bytes, self.len, &mut caps);
        self.fits &= writer.put(item).is_ok();
        self.len = writer.len();
        self
    }

    /// Appends bytes as one item.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let mut caps = Caps::<NoCap>::new();
        let mut writer = Writer::resume(&mut self.bytes, self.len, &mut caps);
        match writer.item(bytes.len()) {
            Ok(item) => item.copy_from_slice(bytes),
            Err(_) => self.fits = false,
        }
        self.len = writer.len();
        self
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr()
    }

    /// All items; `None` if some did not fit.
    pub fn get(&self) -> Option<&[u8]> {
        self.bytes.get(..self.len).filter(|_| self.fits)
    }
}
