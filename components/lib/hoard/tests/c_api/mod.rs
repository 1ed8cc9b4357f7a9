//! Reads bytes as calls of the C family and checks every result against what C promises.

use core::ffi::c_void;
use hoard::internals::c;
use std::collections::BTreeMap;

struct Block {
    size: usize,
    seed: u8,
}

/// At most this much in use at a time, so that inputs cannot run the machine out of memory.
const MOST: usize = 24 << 20;

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> Option<usize> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first as usize)
    }

    /// A size: one byte says how large, two where in that range.
    fn size(&mut self) -> Option<usize> {
        let (scale, fraction) = (self.next()? % 25, self.next()? * 256 + self.next()?);
        Some(((1usize << scale) * (65536 + fraction)) >> 16)
    }
}

fn byte(seed: u8, i: usize) -> u8 {
    seed.wrapping_mul(31).wrapping_add((i % 253) as u8)
}

/// Offsets worth looking at: all of a small block, every page of a larger one, few of a huge one.
fn places(size: usize) -> impl Iterator<Item = usize> {
    let step = match size {
        ..=4096 => 1,
        4097..0x4_0000 => 1021,
        _ => 65_521,
    };
    (0..size).step_by(step).chain(size.checked_sub(1))
}

fn expect(block: *const u8, size: usize, what: impl Fn(usize) -> u8) {
    for i in places(size) {
        // SAFETY: inside a block in use.
        let is = unsafe { block.add(i).read() };
        assert_eq!(is, what(i), "byte {i} of {size}");
    }
}

/// Checks that what was written to `old` is in the first `keep` bytes of `new`.
fn expect_kept(new: *mut c_void, old: &Block, keep: usize) {
    assert!(!new.is_null(), "no {keep} bytes");
    for i in places(old.size).filter(|&i| i < keep) {
        // SAFETY: inside a block in use.
        let is = unsafe { new.cast::<u8>().add(i).read() };
        assert_eq!(is, byte(old.seed, i), "byte {i} of {keep} after realloc");
    }
}

#[derive(Default)]
struct World {
    live: BTreeMap<usize, Block>,
    bytes: usize,
    seed: u8,
}

impl World {
    fn add(&mut self, block: *mut c_void, size: usize, align: usize) {
        assert!(!block.is_null(), "no {size} bytes");
        let address = block.expose_provenance();
        assert!(address.is_multiple_of(align), "{address:#x} is no multiple of {align:#x}");
        // SAFETY: a block in use.
        let usable = unsafe { c::malloc_usable_size(block) };
        assert!(usable >= size);
        if let Some((&other, b)) = self.live.range(..address + usable).next_back() {
            assert!(other + b.size <= address, "{address:#x}+{usable} overlaps {other:#x}");
        }
        self.seed = self.seed.wrapping_add(1);
        for i in places(size) {
            // SAFETY: inside the block.
            unsafe { block.cast::<u8>().add(i).write(byte(self.seed, i)) };
        }
        self.live.insert(address, Block { size, seed: self.seed });
        self.bytes += size;
    }

    fn take(&mut self, n: usize) -> Option<(*mut c_void, Block)> {
        let address = *self.live.keys().nth(n % self.live.len().max(1))?;
        let block = self.live.remove(&address)?;
        self.bytes -= block.size;
        let at = core::ptr::with_exposed_provenance_mut::<u8>(address);
        expect(at, block.size, |i| byte(block.seed, i));
        Some((at.cast(), block))
    }

    fn free(&mut self, input: &mut Bytes<'_>) -> Option<()> {
        let n = input.next()?;
        let (block, _) = self.take(n)?;
        // SAFETY: a block in use that is forgotten.
        unsafe { c::free(block) };
        Some(())
    }

    /// Calls that programs make seldom.
    fn rare(&mut self, call: usize, input: &mut Bytes<'_>, room: usize) -> Option<()> {
        match call {
            8 => {
                let size = input.size()?;
                assert!(c::calloc(usize::MAX / 2, size.max(3)).is_null());
                assert!(c::malloc(isize::MAX as usize + size).is_null());
            }
            9 if input.next()? == 0 => {
                c::malloc_trim(0);
            }
            10 => {
                let (align, size) = (input.next()? * 19, input.size()?.min(room));
                // Rounded up to a power of two.
                self.add(c::memalign(align, size), size, align.next_power_of_two());
            }
            11 => {
                let size = input.size()?.min(room);
                if size % 2 == 0 {
                    self.add(c::valloc(size), size, 4096);
                } else {
                    let block = c::pvalloc(size);
                    // SAFETY: a block in use.
                    assert!(unsafe { c::malloc_usable_size(block) } >= size.next_multiple_of(4096));
                    self.add(block, size, 4096);
                }
            }
            12 => {
                let (n, count, size) = (input.next()?, input.next()? + 1, input.size()?);
                let size = (size.min(room) / count).max(1);
                let (block, old) = self.take(n)?;
                // SAFETY: a block in use, which stays when the product is too large.
                unsafe {
                    assert!(c::reallocarray(block, usize::MAX / 2, count + 2).is_null());
                    let new = c::reallocarray(block, count, size);
                    expect_kept(new, &old, count * size);
                    self.add(new, count * size, 8);
                }
            }
            13 => {
                let info = c::mallinfo2();
                let huge = self.live.values().filter(|b| b.size > 16 << 20).count();
                assert!(info.hblks >= huge && info.uordblks + info.hblkhd >= self.bytes);
                assert!(info.arena >= info.uordblks);
            }
            14 => {
                let n = input.next()?;
                let (block, _) = self.take(n)?;
                // SAFETY: a block in use that is forgotten.
                assert!(unsafe { c::realloc(block, 0) }.is_null());
            }
            _ => self.free(input)?,
        }
        Some(())
    }

    fn step(&mut self, input: &mut Bytes<'_>) -> Option<()> {
        let (call, room) = (input.next()?, MOST.saturating_sub(self.bytes));
        match call % 20 {
            0..=2 => {
                let size = input.size()?.min(room);
                self.add(c::malloc(size), size, if size > 8 { 16 } else { 8 });
            }
            3 => {
                let (count, size) = (input.next()?, input.size()?);
                let size = size.min(room / count.max(1));
                let block = c::calloc(count, size);
                expect(block.cast_const().cast(), count * size, |_| 0);
                self.add(block, count * size, 8);
            }
            4 => {
                let (align, size) = (1 << (input.next()? % 27), input.size()?.min(room));
                self.add(c::aligned_alloc(align, size), size, align);
            }
            5 => {
                let (align, size) = (8 << (input.next()? % 12), input.size()?.min(room));
                let mut out = core::ptr::null_mut();
                // SAFETY: `out` may be written.
                assert_eq!(unsafe { c::posix_memalign(&raw mut out, align, size) }, 0);
                self.add(out, size, align);
            }
            6 | 7 => {
                let (n, size) = (input.next()?, input.size()?.min(room).max(1));
                let (block, old) = self.take(n)?;
                // SAFETY: a block in use that is forgotten.
                let new = unsafe { c::realloc(block, size) };
                expect_kept(new, &old, size);
                self.add(new, size, 8);
            }
            8..=14 => self.rare(call % 20, input, room)?,
            _ => self.free(input)?,
        }
        Some(())
    }
}

/// Runs `data`; panics if a promise is broken.
pub(crate) fn interpret(data: &[u8]) {
    let mut world = World::default();
    let mut input = Bytes(data);
    while !input.0.is_empty() {
        world.step(&mut input);
    }
    while let Some((block, _)) = world.take(0) {
        // SAFETY: a block in use that is forgotten.
        unsafe { c::free(block) };
    }
}
