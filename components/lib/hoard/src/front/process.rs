//! The allocator of a Linux process.

use super::allocator::{Allocator, Process};
use super::thread;
use crate::core::heap::Heap;
use crate::core::shared::Core;
use crate::core::superblock::Table;
use crate::platform::Linux;

static TABLE: Table = Table::new();
static CORE: Core = Core::new(&Linux, &TABLE);

/// The process that runs, on Linux's memory.
#[derive(Clone, Copy, Debug)]
pub struct Local;

// SAFETY: one core; `thread` keeps each thread's heap, which nobody else is given.
unsafe impl Process for Local {
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
pub type Hoard = Allocator<Local>;

/// The one value of the type of this name.
#[allow(non_upper_case_globals)] // so that it reads as a unit struct
pub const Hoard: Hoard = Allocator::new();
