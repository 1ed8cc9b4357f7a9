//! The hoard heap for components, on the host target and on Genode.
//!
//! `#[genode::component(heap = hoard_genode::Hoard)]` makes it the heap of a component.
//!
//! Memory comes in RAM dataspaces of the component's own quota, so running out is a null pointer, and
//! what goes back is quota again. A thread's heap is found by thread-local storage on the host, and by the slot of the
//! thread's stack on Genode, where threads have neither thread-local storage nor an exit hook: there the SDK says when
//! one of its threads ends, and whatever else lived in a slot leaves its heap to the next.
#![no_std]
#![deny(missing_docs)]
#![allow(unsafe_code, reason = "the allocator's platform in a component")]

#[cfg(test)]
extern crate std;

mod ledger;
mod platform;
#[cfg(any(target_os = "genode", test))]
mod slots;

use hoard::{Allocator, Core, Heap, Process, Table};
use platform::Dataspaces;

/// The examples of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

static TABLE: Table = Table::new();
static PLATFORM: Dataspaces = Dataspaces::new();
static CORE: Core = Core::new(&PLATFORM, &TABLE);

/// The component that runs, on its own RAM quota.
#[derive(Clone, Copy, Debug)]
pub struct Component;

#[cfg(target_os = "genode")]
static SLOTS: slots::Slots = slots::Slots::new();
#[cfg(target_os = "genode")]
static AT_END: genode::thread::AtEnd =
    // SAFETY: called by the thread that ends, for its own slot.
    genode::thread::AtEnd::new(|| unsafe { SLOTS.detach(slots::current(), &CORE) });

// SAFETY: one core. On the host `thread` keeps each thread's heap; on Genode no two threads live on one
// slot at a time. Neither gives it to anybody else.
unsafe impl Process for Component {
    #[inline(always)]
    fn core() -> &'static Core {
        &CORE
    }

    #[cfg(not(target_os = "genode"))]
    #[inline(always)]
    fn heap() -> &'static Heap {
        hoard::internals::thread::get()
    }

    #[cfg(not(target_os = "genode"))]
    fn attach() -> &'static Heap {
        hoard::internals::thread::attach(&CORE)
    }

    #[cfg(target_os = "genode")]
    #[inline(always)]
    fn heap() -> &'static Heap {
        SLOTS.heap(slots::current())
    }

    #[cfg(target_os = "genode")]
    fn attach() -> &'static Heap {
        AT_END.register();
        SLOTS.attach(slots::current(), &CORE)
    }
}

/// The heap as a component's global allocator.
pub type Hoard = Allocator<Component>;

/// The one value of the type of this name.
#[allow(non_upper_case_globals)] // so that it reads as a unit struct
pub const Hoard: Hoard = Allocator::new();
