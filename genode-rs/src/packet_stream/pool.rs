//! The source's bulk buffer: which parts of it are packets, and which of these the sink has.
//!
//! Packets take whole granules. All is kept in tables that are made once, beside the buffer and out
//! of the peer's reach: a bit for each granule in use, and at its first granule each packet's size
//! and whether it is outstanding. So an allocation needs no heap, and an
//! acknowledgement is looked up by its offset. The search for free granules goes on where the last
//! one ended, which is right behind it while packets come back in order.

use alloc::{vec, vec::Vec};

use super::protocol::{Layout, StreamError};

/// Granules at most, which bounds the tables to some 16 KiB.
const MAX_GRANULES: usize = 4096;

/// Granules have this size at least, in bytes: a cache line.
const MIN_GRANULE_LOG2: u32 = 6;

/// Mask of the bits from `at` on, in its word: `count`, 1 at least, or as many as there are.
#[inline]
const fn mask(at: usize, count: usize) -> u64 {
    let count = if count < 64 { count as u32 } else { 64 };
    u64::MAX >> (64 - count) << (at % 64)
}

/// A set of granules.
#[derive(Debug)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    /// Sets `count` bits, 1 at least, from `at` on.
    #[inline]
    fn fill(&mut self, at: usize, count: usize, value: bool) {
        let (mut at, end) = (at, at + count);
        while let Some(word) = self.0.get_mut(at / 64) {
            let mask = mask(at, end - at);
            *word = if value { *word | mask } else { *word & !mask };
            at = (at / 64 + 1) * 64;
            if at >= end {
                return;
            }
        }
    }

    /// Sets `count` bits, 1 at least, from `at` on, if they lie in one word and all of them are
    /// clear.
    #[inline]
    fn claim(&mut self, at: usize, count: usize) -> bool {
        let mask = mask(at, count);
        match self.0.get_mut(at / 64) {
            Some(word) if at % 64 + count <= 64 && *word & mask == 0 => {
                *word |= mask;
                true
            }
            _ => false,
        }
    }

    /// Finds the first granule of `at..end` whose bit is `value`, or returns `end`.
    fn find(&self, value: bool, at: usize, end: usize) -> usize {
        let mut at = at;
        while at < end {
            let word = self.0.get(at / 64).copied().unwrap_or(0);
            let word = if value { word } else { !word } >> (at % 64);
            if word != 0 {
                return (at + word.trailing_zeros() as usize).min(end);
            }
            at = (at / 64 + 1) * 64;
        }
        end
    }
}

/// A packet's place: offset in the dataspace, and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) offset: usize,
    pub(super) size: usize,
}

#[derive(Debug)]
pub(super) struct Pool {
    granule_log2: u32,
    /// Number of the first granule: granules are counted from the start of the dataspace.
    first: usize,
    count: usize,
    free: usize,
    /// Begin of the next search.
    cursor: usize,
    used: Bits,
    /// Bytes of the packet that begins at a granule, else 0, with [`OUTSTANDING`].
    sizes: Vec<u32>,
    /// Bytes of the largest packet.
    largest: usize,
}

/// Flag of a size: the sink has the packet.
const OUTSTANDING: u32 = 1 << 31;

impl Pool {
    /// Divides the bulk buffer for packets at multiples of 2 to the power of `align_log2`.
    pub(super) fn new(layout: &Layout, align_log2: u8) -> Result<Self, StreamError> {
        let queues = layout.bulk;
        let small = StreamError::TooSmall { size: layout.end, queues };
        let enough = (layout.end - layout.bulk).div_ceil(MAX_GRANULES).next_power_of_two();
        let granule_log2 = enough.ilog2().max(MIN_GRANULE_LOG2).max(align_log2.into());
        let granule = 1_usize.checked_shl(granule_log2).ok_or(small)?;
        let (first, end) = (layout.bulk.div_ceil(granule), layout.end / granule);
        let count = end.saturating_sub(first);
        if count == 0 {
            return Err(small);
        }
        let (used, sizes) = (Bits::new(count), vec![0; count]);
        let largest = (count << granule_log2).min(OUTSTANDING as usize - 1);
        Ok(Self { granule_log2, first, count, free: count, cursor: 0, used, sizes, largest })
    }

    /// Returns the size of the largest packet in an empty buffer, in bytes.
    pub(super) const fn largest(&self) -> usize {
        self.largest
    }

    /// Returns how many granules `size` bytes take, of which there are no more than in 32 bits.
    #[inline]
    const fn granules(&self, size: usize) -> usize {
        let granule = 1 << self.granule_log2;
        (size + (granule - 1)) >> self.granule_log2
    }

    /// Finds `wanted` free granules in `at..end`.
    fn run(&self, wanted: usize, at: usize, end: usize) -> Option<usize> {
        let mut at = self.used.find(false, at, end);
        while at + wanted <= end {
            let stop = self.used.find(true, at, at + wanted);
            if stop == at + wanted {
                return Some(at);
            }
            at = self.used.find(false, stop, end);
        }
        None
    }

    /// Takes a range for a packet; `None` while there is none free.
    #[inline]
    pub(super) fn alloc(&mut self, size: usize) -> Result<Option<Span>, StreamError> {
        if size == 0 || size > self.largest {
            return Err(StreamError::PacketSize { asked: size, largest: self.largest });
        }
        let wanted = self.granules(size);
        let mut at = self.cursor;
        // Mostly it is free right behind the last one, as packets come back in order.
        if at + wanted > self.count || !self.used.claim(at, wanted) {
            let Some(found) = self.search(wanted) else { return Ok(None) };
            self.used.fill(found, wanted, true);
            at = found;
        }
        if let Some(bytes) = self.sizes.get_mut(at) {
            *bytes = size as u32; // below `OUTSTANDING`, as `largest`
        }
        self.free -= wanted;
        self.cursor = if at + wanted == self.count { 0 } else { at + wanted };
        Ok(Some(Span { offset: (self.first + at) << self.granule_log2, size }))
    }

    /// Finds `wanted` free granules anywhere.
    #[cold]
    fn search(&self, wanted: usize) -> Option<usize> {
        if wanted > self.free {
            return None;
        }
        self.run(wanted, self.cursor, self.count)
            .or_else(|| self.run(wanted, 0, (self.cursor + wanted).min(self.count)))
    }

    /// Gives a packet's range back.
    #[inline]
    pub(super) fn release(&mut self, span: Span) {
        let Some(at) = self.place(span.offset) else { return };
        let Some(size) = self.sizes.get_mut(at).filter(|size| **size != 0) else { return };
        let size = core::mem::take(size) & !OUTSTANDING;
        let taken = self.granules(size as usize);
        self.used.fill(at, taken, false);
        self.free += taken;
    }

    /// Notes that the sink has the packet.
    #[inline]
    pub(super) fn submitted(&mut self, span: Span) {
        let at = self.place(span.offset);
        if let Some(size) = at.and_then(|at| self.sizes.get_mut(at)) {
            *size |= OUTSTANDING;
        }
    }

    /// Takes a packet back that the sink names by its offset, with `size` bytes or less of it;
    /// once.
    #[inline]
    pub(super) fn acked(&mut self, offset: u64, size: u64) -> Option<Span> {
        let offset = usize::try_from(offset).ok()?;
        let at = self.place(offset)?;
        let known = self.sizes.get_mut(at)?;
        let bytes = *known & !OUTSTANDING;
        if *known == bytes || size > u64::from(bytes) {
            return None;
        }
        *known = bytes;
        Some(Span { offset, size: bytes as usize })
    }

    /// Returns the granule that begins at `offset`.
    #[inline]
    fn place(&self, offset: usize) -> Option<usize> {
        let whole = offset.is_multiple_of(1 << self.granule_log2);
        let at = (offset >> self.granule_log2).checked_sub(self.first)?;
        (whole && at < self.count).then_some(at)
    }

    /// Returns whether no packet is left.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.free == self.count && self.sizes.iter().all(|size| *size == 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pool(size: usize, align_log2: u8) -> Pool {
        Pool::new(&Layout { ack_queue: 64, bulk: 192, end: size }, align_log2).unwrap()
    }

    #[test]
    fn granules_follow_alignment_and_size() {
        let pool_of = |size, align| (pool(size, align).granule_log2, pool(size, align).count);
        assert_eq!(pool_of(4096, 0), (6, 61));
        assert_eq!(pool_of(16384, 11), (11, 7)); // the first granule holds the queues
        assert_eq!(pool_of(1 << 20, 0), (8, 4095));
        let layout = Layout { ack_queue: 64, bulk: 192, end: 4095 };
        assert!(Pool::new(&layout, 12).is_err() && Pool::new(&layout, 200).is_err());
    }

    #[test]
    fn an_acknowledgement_takes_a_packet_back_once() {
        let mut pool = pool(4096, 0);
        let span = pool.alloc(100).unwrap().unwrap();
        let offset = span.offset as u64;
        assert_eq!(pool.acked(offset, 100), None, "not submitted");
        pool.submitted(span);
        for (offset, size) in
            [(offset + 64, 36), (offset + 1, 9), (offset, 101), (0, 1), (u64::MAX, 1)]
        {
            assert_eq!(pool.acked(offset, size), None);
        }
        assert_eq!(pool.acked(offset, 60), Some(span));
        assert_eq!(pool.acked(offset, 60), None, "twice");
        pool.release(span);
        pool.release(span); // no effect
        assert!(pool.is_empty());
    }

    #[test]
    fn the_search_goes_round() {
        let mut pool = pool(64 * 13, 0); // 10 granules
        let spans: Vec<_> = (0..5).map(|_| pool.alloc(128).unwrap().unwrap()).collect();
        assert_eq!(pool.alloc(1), Ok(None));
        pool.release(spans[1]);
        pool.release(spans[3]);
        assert_eq!(pool.alloc(129), Ok(None), "free, but not in one piece");
        assert_eq!(pool.alloc(64).unwrap().unwrap().offset, spans[1].offset);
        assert_eq!(pool.alloc(128).unwrap().unwrap().offset, spans[3].offset);
        assert_eq!(pool.alloc(64).unwrap().unwrap().offset, spans[1].offset + 64);
        assert_eq!(pool.largest(), 640);
        let wrong = StreamError::PacketSize { asked: 641, largest: 640 };
        assert_eq!(pool.alloc(641), Err(wrong));
    }

    proptest! {
        #[test]
        fn packets_never_overlap(align in 0_u8..9, steps in prop::collection::vec((0_usize..900, any::<prop::sample::Index>()), 1..200)) {
            let mut pool = pool(8192, align);
            let mut held: Vec<Span> = Vec::new();
            for (size, which) in steps {
                if size == 0 || size > 600 {
                    if !held.is_empty() {
                        pool.release(held.swap_remove(which.index(held.len())));
                    }
                } else if let Some(span) = pool.alloc(size).unwrap() {
                    prop_assert!(span.offset >= 192 && span.offset + size <= 8192);
                    prop_assert_eq!(span.offset % (1 << align), 0);
                    for other in &held {
                        prop_assert!(span.offset >= other.offset + other.size || other.offset >= span.offset + size);
                    }
                    held.push(span);
                }
            }
            held.drain(..).for_each(|span| pool.release(span));
            prop_assert!(pool.is_empty());
        }
    }
}
