//! The allocator of a Linux process.

use crate::face::{Face, Process};
use crate::heap::Heap;
use crate::platform::linux::Linux;
use crate::shared::Core;
use crate::superblock::Table;
use crate::thread;

static TABLE: Table = Table::new();
static CORE: Core = Core::new(&Linux, &TABLE);

/// This process, on Linux's memory.
#[derive(Clone, Copy, Debug)]
pub struct Local;

impl Process for Local {
    #[inline(always)]
    fn core() -> &'static Core {
        &CORE
    }

    #[inline(always)]
    fn heap() -> &'static Heap {
        thread::get()
    }

    fn attach() -> &'static Heap {
        thread::attach(&CORE)
    }
}

/// The allocator as a Rust program's global one.
///
/// ```
/// #[global_allocator]
/// static HEAP: hoard::Hoard = hoard::Hoard;
/// let blocks: Vec<Vec<u8>> = (0..100).map(|n| vec![7; n]).collect();
/// assert_eq!(blocks[99], [7; 99]);
/// ```
pub type Hoard = Face<Local>;

/// The one value of the type of this name.
#[allow(non_upper_case_globals)] // so that it reads as a unit struct
pub const Hoard: Hoard = Face::new();
