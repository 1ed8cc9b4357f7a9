//! From bytes that anybody may have written to a view.

use super::*;
use crate::model::{MAX_CPUS, MAX_NODES, MAX_RANGES};
use crate::{AccessKind, CacheType, Source};
use alloc::vec::Vec;

/// A checked snapshot in borrowed bytes.
#[derive(Copy, Clone, Debug)]
pub struct Snapshot<'a> {
    header: &'a Header,
    nodes: &'a [NodeRecord],
    locations: &'a [LocationRecord],
    distances: &'a [u8],
    access: &'a [AccessRecord],
    caches: &'a [CacheRecord],
    members: &'a [U64],
    ranges: &'a [RangeRecord],
}

/// A cache in a snapshot.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct SnapshotCache {
    /// 1 is nearest to the CPU.
    pub level: u8,
    /// What it holds.
    pub kind: CacheType,
    /// Bytes, where known.
    pub size: Option<u64>,
    /// Line size, where known.
    pub line: Option<u32>,
}

fn known(n: U32) -> Option<u32> {
    Some(n.get()).filter(|n| *n != NONE)
}

fn cache(c: &CacheRecord) -> SnapshotCache {
    SnapshotCache {
        level: c.level,
        kind: match c.kind {
            0 => CacheType::Data,
            1 => CacheType::Instruction,
            _ => CacheType::Unified,
        },
        size: Some(c.size.get()).filter(|s| *s != 0),
        line: Some(c.line.get()).filter(|l| *l != 0),
    }
}

impl<'a> Snapshot<'a> {
    /// Check `bytes`, which nobody may change meanwhile (see [`Shared::load`] for shared memory).
    /// What follows the snapshot in the buffer is left alone.
    pub fn parse(bytes: &'a [u8]) -> Result<Snapshot<'a>, SnapshotError> {
        let (header, _) = Header::ref_from_prefix(bytes).map_err(|_| SnapshotError::Truncated)?;
        if header.magic != MAGIC {
            return Err(SnapshotError::Magic);
        }
        if header.version.get() != VERSION {
            return Err(SnapshotError::Version(header.version.get()));
        }
        if header.sequence.get() % 2 != 0 {
            return Err(SnapshotError::Busy);
        }
        let length = header.length.get() as usize;
        if length > MAX_SIZE {
            return Err(SnapshotError::TooLarge);
        }
        let bytes = bytes.get(..length).ok_or(SnapshotError::Truncated)?;
        let checked = bytes.get(CHECKED_FROM..).ok_or(SnapshotError::Truncated)?;
        if bytes.len() < size_of::<Header>() {
            return Err(SnapshotError::Truncated);
        }
        if checksum(checked) != header.checksum.get() {
            return Err(SnapshotError::Checksum);
        }
        let snapshot = Self::sections(header, bytes)?;
        snapshot.check()?;
        Ok(snapshot)
    }

    fn sections(header: &'a Header, bytes: &'a [u8]) -> Result<Self, SnapshotError> {
        Ok(Snapshot {
            header,
            nodes: section(header, bytes, NODES, MAX_NODES)?,
            locations: section(header, bytes, LOCATIONS, MAX_CPUS)?,
            distances: section(header, bytes, DISTANCES, MAX_NODES * MAX_NODES)?,
            access: section(header, bytes, ACCESS, MAX_SIZE / size_of::<AccessRecord>())?,
            caches: section(header, bytes, CACHES, MAX_SIZE / size_of::<CacheRecord>())?,
            members: section(header, bytes, MEMBERS, MAX_SIZE / size_of::<U64>())?,
            ranges: section(header, bytes, RANGES, MAX_RANGES)?,
        })
    }

    /// Every index that an accessor will follow leads somewhere, and counts agree.
    fn check(&self) -> Result<(), SnapshotError> {
        let demand = |good: bool, section: usize| {
            if good { Ok(()) } else { Err(SnapshotError::Record(section)) }
        };
        let h = self.header;
        let total = u64::from(h.width.get()) * u64::from(h.height.get());
        demand(total == self.locations.len() as u64 && total > 0, LOCATIONS)?;
        let (gw, gh) = (h.global_width.get(), h.global_height.get());
        demand(h.width.get() <= gw && h.height.get() <= gh, LOCATIONS)?;
        demand(u64::from(gw) * u64::from(gh) <= MAX_CPUS as u64, LOCATIONS)?;

        let n = self.nodes.len();
        let cpu_nodes = h.cpu_nodes.get() as usize;
        demand(cpu_nodes <= n, NODES)?;
        let mut cpus = alloc::vec![0u32; n];
        let mut first = alloc::vec![NONE; n];
        for (i, l) in self.locations.iter().enumerate() {
            demand(l.present <= 1 && matches!(l.kind, 0 | b'P' | b'E'), LOCATIONS)?;
            let Some(node) = known(l.node) else { continue };
            demand(l.present == 1 && (node as usize) < cpu_nodes, LOCATIONS)?;
            if let (Some(c), Some(f)) = (cpus.get_mut(node as usize), first.get_mut(node as usize))
            {
                *c += 1;
                *f = (*f).min(i as u32);
            }
        }
        for (i, node) in self.nodes.iter().enumerate() {
            let counts =
                cpus.get(i) == Some(&node.cpus.get()) && first.get(i) == Some(&node.first.get());
            demand(counts && (i < cpu_nodes) == (node.cpus.get() > 0), NODES)?;
            demand(known(node.attached_to).is_none_or(|a| (a as usize) < n), NODES)?;
        }
        let flags = h.flags.get();
        demand(flags & !HAS_DISTANCES == 0, DISTANCES)?;
        let expected = if flags & HAS_DISTANCES != 0 { n * n } else { 0 };
        demand(self.distances.len() == expected, DISTANCES)?;
        demand(self.distances.iter().all(|d| *d == 0 || *d >= 10), DISTANCES)?;

        let key = |a: &AccessRecord| (a.initiator.get(), a.target.get(), a.level, a.kind);
        for a in self.access {
            let nodes = usize::from(a.initiator.get()) < n && usize::from(a.target.get()) < n;
            let kind = usize::from(a.kind) < AccessKind::ALL.len();
            demand(nodes && kind && Source::from_number(a.source).is_some(), ACCESS)?;
        }
        demand(self.access.is_sorted_by(|a, b| key(a) < key(b)), ACCESS)?;

        for c in self.caches {
            let end = u64::from(c.first_word.get()) + u64::from(c.words.get());
            demand(c.kind <= 2 && c.words.get() > 0 && end <= self.members.len() as u64, CACHES)?;
            let reach = c.words.get() as usize * 64;
            demand(reach < self.locations.len() + 64, CACHES)?;
        }
        for r in self.ranges {
            let sane = r.size.get() > 0 && r.base.get().checked_add(r.size.get()).is_some();
            demand(sane && (r.node.get() as usize) < n && r.flags.get() <= 3, RANGES)?;
        }
        Ok(())
    }

    /// How often the machine had changed when this was written.
    pub fn generation(&self) -> u32 {
        self.header.generation.get()
    }

    /// Columns and rows of the session's rectangle.
    pub fn size(&self) -> (u32, u32) {
        (self.header.width.get(), self.header.height.get())
    }

    /// Columns and rows of the whole affinity space.
    pub fn global_size(&self) -> (u32, u32) {
        (self.header.global_width.get(), self.header.global_height.get())
    }

    /// The nodes, by virtual id.
    pub fn nodes(&self) -> &'a [NodeRecord] {
        self.nodes
    }

    /// How many of the nodes have CPUs; they come first.
    pub fn cpu_nodes(&self) -> u32 {
        self.header.cpu_nodes.get()
    }

    /// What is at a location.
    pub fn location(&self, x: i32, y: i32) -> Option<&'a LocationRecord> {
        let (width, height) = self.size();
        let (x, y) = (u32::try_from(x).ok()?, u32::try_from(y).ok()?);
        if x >= width || y >= height {
            return None;
        }
        self.locations.get(x as usize * height as usize + y as usize)
    }

    /// The virtual id of the node of the CPU at a location.
    pub fn node_of(&self, x: i32, y: i32) -> Option<u32> {
        known(self.location(x, y)?.node)
    }

    /// A node's memory in bytes.
    pub fn memory_of(&self, node: u32) -> Option<u64> {
        Some(self.nodes.get(node as usize)?.memory.get()).filter(|m| *m != u64::MAX)
    }

    /// Relative distance between two nodes.
    pub fn distance(&self, from: u32, to: u32) -> Option<u8> {
        let n = self.nodes.len();
        let (from, to) = (from as usize, to as usize);
        if from >= n || to >= n {
            return None;
        }
        self.distances.get(from * n + to).copied().filter(|d| *d != 0)
    }

    /// Latency (ps) or bandwidth (MB/s) between two nodes, and who told it.
    pub fn access(&self, from: u32, to: u32, kind: AccessKind) -> Option<(u64, Source)> {
        let key = (u16::try_from(from).ok()?, u16::try_from(to).ok()?, 0, kind as u8);
        let at = self
            .access
            .binary_search_by_key(&key, |a| (a.initiator.get(), a.target.get(), a.level, a.kind));
        let a = self.access.get(at.ok()?)?;
        Some((a.value.get(), Source::from_number(a.source)?))
    }

    /// The locations, column by column.
    pub fn locations(&self) -> &'a [LocationRecord] {
        self.locations
    }

    /// All distances between the nodes, row by row, 0 where not known; empty where nobody told any.
    pub fn distances(&self) -> &'a [u8] {
        self.distances
    }

    /// All latencies and bandwidths, by initiator, target, level and kind.
    pub fn access_records(&self) -> &'a [AccessRecord] {
        self.access
    }

    /// The caches, each with the indices of the locations whose CPUs share it.
    pub fn caches(&self) -> impl Iterator<Item = (SnapshotCache, impl Iterator<Item = u32>)> {
        self.caches.iter().map(|c| {
            let first = c.first_word.get() as usize;
            let words = self.members.get(first..first + c.words.get() as usize).unwrap_or(&[]);
            let bits = (0u32..).step_by(64).zip(words).flat_map(|(base, word)| {
                (0..64).filter(|bit| word.get() >> bit & 1 == 1).map(move |bit| base + bit)
            });
            (cache(c), bits)
        })
    }

    /// The other nodes whose distance from `node` is known, nearest first.
    pub fn neighbours(&self, node: u32) -> Vec<(u32, u8)> {
        let mut near: Vec<(u32, u8)> = (0..self.nodes.len() as u32)
            .filter(|other| *other != node)
            .filter_map(|other| Some((other, self.distance(node, other).filter(|d| *d != 255)?)))
            .collect();
        near.sort_by_key(|(id, d)| (*d, *id));
        near
    }

    /// The caches that the CPUs at two locations share, nearest first.
    pub fn shared_caches(&self, a: (i32, i32), b: (i32, i32)) -> Vec<SnapshotCache> {
        let height = self.size().1 as usize;
        let index =
            |(x, y): (i32, i32)| self.location(x, y).map(|_| x as usize * height + y as usize);
        let (Some(a), Some(b)) = (index(a), index(b)) else { return Vec::new() };
        let has = |c: &CacheRecord, i: usize| {
            let word = (i / 64 < c.words.get() as usize)
                .then(|| self.members.get(c.first_word.get() as usize + i / 64))
                .flatten();
            word.is_some_and(|w| w.get() >> (i % 64) & 1 == 1)
        };
        let both = self.caches.iter().filter(|c| has(c, a) && has(c, b));
        both.map(cache).collect()
    }

    /// Memory ranges of visible nodes; empty where the server does not show addresses.
    pub fn ranges(&self) -> &'a [RangeRecord] {
        self.ranges
    }
}

fn section<'a, T: FromBytes + Immutable + KnownLayout + Unaligned>(
    header: &Header,
    bytes: &'a [u8],
    which: usize,
    most: usize,
) -> Result<&'a [T], SnapshotError> {
    let error = SnapshotError::Section(which);
    let s = header.sections.get(which).ok_or(error)?;
    let (offset, count) = (s.offset.get() as usize, s.count.get() as usize);
    if !offset.is_multiple_of(8) || offset < size_of::<Header>() || count > most {
        return Err(error);
    }
    let end = count.checked_mul(size_of::<T>()).and_then(|l| l.checked_add(offset));
    let bytes = end.and_then(|end| bytes.get(offset..end)).ok_or(error)?;
    <[T]>::ref_from_bytes(bytes).map_err(|_| error)
}

/// A checked snapshot that owns its bytes: what a client keeps.
#[derive(Clone, Debug)]
pub struct OwnedSnapshot {
    words: Vec<u64>,
    sequence: u64,
    width: u32,
    height: u32,
    /// Virtual ids by location, `u16::MAX` for none.
    node_of: Vec<u16>,
}

impl OwnedSnapshot {
    /// Check and keep a snapshot that was read whole.
    pub fn new(words: Vec<u64>) -> Result<OwnedSnapshot, SnapshotError> {
        let snapshot = Snapshot::parse(words.as_bytes())?;
        let (width, height) = snapshot.size();
        let sequence = snapshot.header.sequence.get();
        let node_of = snapshot
            .locations
            .iter()
            .map(|l| known(l.node).and_then(|n| u16::try_from(n).ok()).unwrap_or(u16::MAX))
            .collect();
        Ok(OwnedSnapshot { words, sequence, width, height, node_of })
    }

    /// The virtual id of the node of the CPU at a location: one bounds check, one load, no call.
    #[inline]
    pub fn node_of(&self, x: i32, y: i32) -> Option<u32> {
        // negative coordinates become large ones
        let (x, y) = (x as u32, y as u32);
        if x >= self.width || y >= self.height {
            return None;
        }
        let id = *self.node_of.get(x as usize * self.height as usize + y as usize)?;
        (id != u16::MAX).then_some(u32::from(id))
    }

    /// Everything else.
    pub fn snapshot(&self) -> Snapshot<'_> {
        // `new` has seen that these bytes parse; an empty snapshot would be refused there
        match Header::ref_from_prefix(self.words.as_bytes()) {
            Ok((header, _)) => Snapshot::sections(header, self.words.as_bytes())
                .unwrap_or_else(|_| Snapshot::empty(header)),
            Err(_) => Snapshot::empty(&EMPTY),
        }
    }

    /// The sequence number under which it was published.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }
}

const EMPTY: Header = Header {
    magic: MAGIC,
    sequence: U64::ZERO,
    version: U32::ZERO,
    length: U32::ZERO,
    generation: U32::ZERO,
    checksum: U32::ZERO,
    global_width: U32::ZERO,
    global_height: U32::ZERO,
    width: U32::ZERO,
    height: U32::ZERO,
    cpu_nodes: U32::ZERO,
    flags: U32::ZERO,
    sections: [Section { offset: U32::ZERO, count: U32::ZERO }; SECTIONS],
};

impl<'a> Snapshot<'a> {
    fn empty(header: &'a Header) -> Self {
        Snapshot {
            header,
            nodes: &[],
            locations: &[],
            distances: &[],
            access: &[],
            caches: &[],
            members: &[],
            ranges: &[],
        }
    }
}
