//! Models of everything lock-free, on the shipped source, under every interleaving and every
//! ordering that the memory model allows (three preemptions at most).
//!
//! `RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test -p numa-hoard --release --test loom`
//!
//! Each model also runs with one step of the source weakened or dropped, and must fail then.
#![cfg(loom)]
#![allow(unsafe_code, reason = "a model of memory that threads share")]

use hoard::internals::lock::Lock;
use hoard::internals::remote::{Batch, Links, Pushed, Remote, ordering};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use std::sync::Mutex;

const BLOCKS: usize = 3;

/// A superblock of a few blocks. Every cell is checked for races by the model.
struct Model {
    remote: Remote,
    /// First words of the blocks, where free ones are chained.
    next: [UnsafeCell<Option<u32>>; BLOCKS],
    /// The rest of the blocks: the program's, or after freeing the allocator's.
    content: [UnsafeCell<u32>; BLOCKS],
    /// The fields that only the owner may touch.
    private: UnsafeCell<Private>,
    /// Blocks out or waiting; read by pushers of a global superblock.
    used: AtomicU32,
    node: Lock,
    global: UnsafeCell<Option<bool>>,
}

#[derive(Default)]
struct Private {
    home: u32,
    owners: u32,
}

// SAFETY: loom checks every access to the cells.
unsafe impl Sync for Model {}
// SAFETY: as above.
unsafe impl Send for Model {}

impl Links for Model {
    unsafe fn link(&self, from: u32, to: Option<u32>) {
        self.next[from as usize / 8].with_mut(|cell| {
            // SAFETY: loom checks that nobody else has access.
            unsafe { *cell = to }
        });
    }
}

impl Model {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            remote: Remote::default(),
            next: std::array::from_fn(|_| UnsafeCell::new(None)),
            content: std::array::from_fn(|_| UnsafeCell::new(0)),
            private: UnsafeCell::new(Private::default()),
            used: AtomicU32::new(0),
            node: Lock::default(),
            global: UnsafeCell::new(None),
        })
    }

    /// A program's last use of a block, and its free.
    fn free(&self, block: u32, take_at: u32) -> Pushed {
        self.content[block as usize].with_mut(|cell| {
            // SAFETY: loom checks.
            unsafe { *cell += 1 }
        });
        let at = block * 8;
        // SAFETY: the block is this thread's until here; loom checks.
        unsafe { self.remote.push(self, Batch { head: at, tail: at, count: 1 }, take_at) }
    }

    /// Takes what waits, as the owner.
    fn collect(&self) -> Option<Batch> {
        // SAFETY: the models call it as owners; loom checks.
        unsafe { self.remote.collect() }
    }

    /// Lets go of the superblock, as the owner.
    fn float(&self) -> bool {
        // SAFETY: as above.
        unsafe { self.remote.float() }
    }

    /// Hands the superblock to the node, as the owner who holds the lock.
    fn publish(&self) -> u32 {
        self.set_global(true);
        // SAFETY: as above.
        unsafe { self.remote.publish() }
    }

    /// Walks a chain as its owner, using every block again.
    fn accept(&self, batch: Batch) {
        let mut at = Some(batch.head);
        for _ in 0..batch.count {
            let block = at.expect("the chain is as long as its count") as usize / 8;
            self.content[block].with_mut(|cell| {
                // SAFETY: loom checks.
                let uses = unsafe { &mut *cell };
                assert_eq!(*uses, 1, "a block came back once, after its last use");
                *uses = 100;
            });
            at = self.next[block].with(|cell| {
                // SAFETY: loom checks.
                unsafe { *cell }
            });
        }
        assert_eq!(at, None, "the chain ends where its count says");
        self.private(|p| p.home += batch.count);
    }

    fn private<T>(&self, f: impl FnOnce(&mut Private) -> T) -> T {
        self.private.with_mut(|cell| {
            // SAFETY: loom checks that nobody else has access.
            f(unsafe { &mut *cell })
        })
    }

    fn locked<T>(&self, f: impl FnOnce() -> T) -> T {
        self.node.acquire(thread::yield_now);
        let result = f();
        // SAFETY: taken above.
        unsafe { self.node.release() };
        result
    }

    /// `Locked::settle`: the superblock dissolves when everything is home.
    fn settle(&self, waiting: u32) {
        self.locked(|| {
            let listed = self.global.with(|cell| {
                // SAFETY: the lock is held; loom checks.
                unsafe { *cell }
            });
            let used = self.used.load(Ordering::Relaxed);
            // SAFETY: the lock is held; loom checks.
            let retire = || unsafe { self.remote.retire(used) };
            if listed == Some(true) && waiting >= used && retire() {
                self.set_global(false);
                for content in &self.content[..2] {
                    content.with_mut(|cell| {
                        // SAFETY: nobody may have a block; loom checks.
                        let last = unsafe { std::mem::replace(&mut *cell, 1000) };
                        assert_eq!(last, 1, "dissolved before the last use of a block");
                    });
                }
            }
        });
    }

    fn set_global(&self, listed: bool) {
        self.global.with_mut(|cell| {
            // SAFETY: the lock is held; loom checks.
            unsafe { *cell = Some(listed) }
        });
    }
}

fn explore(f: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.max_branches = 10_000;
    model.check(f);
}

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The model holds as shipped, and fails with each of the steps in `needs` weakened or dropped.
fn proves(needs: &[u32], model: fn()) {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    ordering::set_mutant(0);
    model();
    for &mutant in needs {
        ordering::set_mutant(mutant);
        let survived = std::panic::catch_unwind(model).is_ok();
        ordering::set_mutant(0);
        assert!(!survived, "the model does not notice mutant {mutant}");
    }
}

/// Two threads give blocks back while the owner collects.
#[test]
fn push_and_collect() {
    proves(&[1, 11, 2, 20, 24], || {
        explore(|| {
            let sb = Model::new();
            let threads = [0, 1].map(|block| {
                let sb = sb.clone();
                thread::spawn(move || assert_eq!(sb.free(block, 1), Pushed::Queued))
            });
            for _ in 0..2 {
                // A hint for the explorer: here the others may have run.
                thread::yield_now();
                if let Some(batch) = sb.collect() {
                    sb.accept(batch);
                }
            }
            for thread in threads {
                thread.join().unwrap();
            }
            if let Some(batch) = sb.collect() {
                sb.accept(batch);
            }
            assert_eq!(sb.private(|p| p.home), 2, "no block is lost");
        });
    });
}

/// The owner lets go of a full superblock while another thread frees into it: either the float
/// fails, or that thread takes the superblock with its private fields.
#[test]
fn float_and_take() {
    proves(&[1, 12, 3, 23, 25], || {
        explore(|| {
            let sb = Model::new();
            let other = {
                let sb = sb.clone();
                thread::spawn(move || match sb.free(0, 1) {
                    Pushed::Queued => false,
                    Pushed::Taken(batch) => {
                        sb.private(|p| p.owners += 1);
                        sb.accept(batch);
                        true
                    }
                    Pushed::Global(_) => panic!("never published"),
                })
            };
            sb.private(|p| p.owners = 10);
            let floated = sb.float();
            if !floated {
                let batch = sb.collect().expect("a block waits");
                sb.accept(batch);
            }
            let taken = other.join().unwrap();
            if floated && !taken {
                panic!("a block waits in a superblock that nobody owns");
            }
            assert_eq!(floated, taken);
            sb.private(|p| assert_eq!((p.owners, p.home), (10 + u32::from(taken), 1)));
        });
    });
}

/// The heap that let a superblock float wants it back while two others free into it: one of them
/// gets it, with every block that waited.
#[test]
fn claim_and_take() {
    proves(&[1, 11, 12, 4, 20, 22], || {
        explore(|| {
            let sb = Model::new();
            sb.private(|p| p.owners = 10);
            assert!(sb.float());
            let threads = [0, 1].map(|block| {
                let sb = sb.clone();
                thread::spawn(move || match sb.free(block, 2) {
                    Pushed::Taken(batch) => {
                        sb.private(|p| p.owners += 1);
                        sb.accept(batch);
                        1
                    }
                    _ => 0,
                })
            });
            let mut owners = 0;
            if let Some(batch) = sb.remote.claim() {
                owners += 1;
                sb.private(|p| p.owners += 1);
                if batch.count > 0 {
                    sb.accept(batch);
                }
            }
            let claimed = owners == 1;
            for thread in threads {
                owners += thread.join().unwrap();
            }
            assert_eq!(owners, 1, "one owner");
            if let Some(batch) = sb.collect() {
                assert!(claimed);
                sb.accept(batch);
            }
            sb.private(|p| assert_eq!((p.owners, p.home), (11, 2)));
        });
    });
}

/// A thread ends and publishes its superblock while others free the last blocks: it dissolves
/// exactly once, after every block's last use.
#[test]
fn publish_and_retire() {
    proves(&[1, 11, 12, 5, 6], || {
        explore(|| {
            let sb = Model::new();
            // Until it is published nobody reads it; a stale read would miss that all is home.
            sb.used.store(3, Ordering::Relaxed);
            let threads = [0, 1].map(|block| {
                let sb = sb.clone();
                thread::spawn(move || {
                    if let Pushed::Global(waiting) = sb.free(block, 1)
                        && waiting >= sb.used.load(Ordering::Relaxed)
                    {
                        sb.settle(waiting);
                    }
                })
            });
            // The owner frees its own block, then lets go, as `Locked::put` does.
            sb.used.store(2, Ordering::Relaxed);
            let waiting = sb.locked(|| sb.publish());
            sb.settle(waiting);
            for thread in threads {
                thread.join().unwrap();
            }
            sb.locked(|| {
                sb.global.with(|cell| {
                    // SAFETY: the lock is held; loom checks.
                    assert_eq!(unsafe { *cell }, Some(false), "dissolved");
                });
            });
            assert_eq!(sb.remote.waiting(), 0);
        });
    });
}

/// A heap adopts a global superblock while another thread frees the last block: the block is in
/// the word for the new owner, or the superblock is gone before it can be adopted.
#[test]
fn adopt_and_retire() {
    proves(&[1, 21], || {
        explore(|| {
            let sb = Model::new();
            sb.used.store(2, Ordering::Relaxed);
            sb.locked(|| sb.publish());
            let other = {
                let sb = sb.clone();
                thread::spawn(move || {
                    for block in [0, 1] {
                        if let Pushed::Global(waiting) = sb.free(block, 1) {
                            // Too early for the first; looking never hurts.
                            sb.settle(waiting.max(2));
                        }
                    }
                })
            };
            thread::yield_now();
            let adopted = sb.locked(|| {
                let listed = sb.global.with(|cell| {
                    // SAFETY: the lock is held; loom checks.
                    unsafe { *cell }
                });
                if listed == Some(true) {
                    sb.set_global(false);
                    // SAFETY: global, and the lock is held; loom checks.
                    unsafe { sb.remote.adopt() };
                }
                listed == Some(true)
            });
            if adopted && let Some(batch) = sb.collect() {
                sb.accept(batch);
            }
            other.join().unwrap();
            if adopted {
                if let Some(batch) = sb.collect() {
                    sb.accept(batch);
                }
                assert_eq!(sb.private(|p| p.home), 2, "no block is lost");
            }
        });
    });
}

/// The lock excludes and orders.
#[test]
fn lock() {
    proves(&[7, 8], || {
        explore(|| {
            let sb = Model::new();
            let other = {
                let sb = sb.clone();
                thread::spawn(move || sb.locked(|| sb.private(|p| p.owners += 1)))
            };
            sb.locked(|| sb.private(|p| p.owners += 1));
            other.join().unwrap();
            assert_eq!(sb.locked(|| sb.private(|p| p.owners)), 2);
        });
    });
}
