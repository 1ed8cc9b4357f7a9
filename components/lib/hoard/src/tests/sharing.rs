//! No false sharing that the allocator brings about: two threads never have blocks of one cache line,
//! neither because it dealt a line out to both (active), nor because it lets a thread use a block
//! again that lies beside another's (passive).
//!
//! Hoard's exception, a partly empty superblock that changes hands, does not come up here: no thread
//! has enough blocks to fill one.

use super::model::System;
use crate::Heap;
use std::collections::HashMap;
use std::format;
use std::string::String;
use std::vec::Vec;

const LINE: usize = 64;
const THREADS: usize = 4;

/// The threads that have blocks in each cache line.
#[derive(Default)]
struct Lines(HashMap<usize, (usize, usize)>);

impl Lines {
    /// `thread` has a block at `address`.
    fn enter(&mut self, address: usize, size: usize, thread: usize) -> Result<(), String> {
        for line in address / LINE..=(address + size - 1) / LINE {
            let (owner, blocks) = self.0.entry(line).or_insert((thread, 0));
            if *blocks > 0 && *owner != thread {
                return Err(format!(
                    "threads {owner} and {thread} share the line of {address:#x}, {size} bytes"
                ));
            }
            (*owner, *blocks) = (thread, *blocks + 1);
        }
        Ok(())
    }

    fn leave(&mut self, address: usize, size: usize) {
        for line in address / LINE..=(address + size - 1) / LINE {
            if let Some((_, blocks)) = self.0.get_mut(&line) {
                *blocks -= 1;
            }
        }
    }
}

/// Threads allocate in turn; then every second block is given to the next thread, which frees it and
/// allocates again, round after round.
pub(super) fn no_line_is_shared(size: usize) -> Result<(), String> {
    let system = System::new();
    let heaps: [&'static Heap; THREADS] = std::array::from_fn(|_| system.start().expect("memory"));
    let mut lines = Lines::default();
    let mut held: [Vec<usize>; THREADS] = Default::default();
    let allocate = |lines: &mut Lines, held: &mut [Vec<usize>], thread: usize| {
        let block = system.allocate(heaps[thread], size, 1).expose_provenance();
        assert_ne!(block, 0);
        held[thread].push(block);
        lines.enter(block, size, thread)
    };
    for _ in 0..300 {
        for thread in 0..THREADS {
            allocate(&mut lines, &mut held, thread)?;
        }
    }
    for round in 0..8 {
        for thread in 0..THREADS {
            let (given, kept): (Vec<_>, Vec<_>) =
                held[thread].drain(..).enumerate().partition(|(i, _)| (i + round) % 2 == 0);
            held[thread] = kept.into_iter().map(|(_, block)| block).collect();
            let other = (thread + 1) % THREADS;
            let count = given.len();
            for (_, block) in given {
                lines.leave(block, size);
                let block = core::ptr::with_exposed_provenance_mut(block);
                // SAFETY: a block of this core that nobody has any more.
                unsafe { system.free(heaps[other], block) };
            }
            if round % 2 == 0 {
                system.flush(heaps[other]);
            }
            for _ in 0..count {
                allocate(&mut lines, &mut held, other)?;
            }
        }
    }
    Ok(())
}

#[test]
fn no_line_is_shared_by_blocks_of_any_small_size() {
    for size in [1, 8, 9, 16, 24, 40, 48, 64, 100] {
        assert_eq!(no_line_is_shared(size), Ok(()), "{size} bytes");
    }
}
