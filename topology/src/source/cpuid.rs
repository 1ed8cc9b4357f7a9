//! CPUID: where a CPU sits among threads, cores, dies and packages, and its caches.
//!
//! Leaf 0x80000026 (AMD: cores, complexes, dies, sockets), else 0x1F, else 0xB, gives the bits of the x2APIC id that each level takes; leaf 4, or 0x8000001D
//! where the topology extensions are announced, gives caches and how many ids share each
//! (Intel SDM vol. 2, CPUID; AMD APM vol. 3, appendix E). Where none of the three is there,
//! 0x8000001E, 0x80000008 or leaves 1 and 4 serve.

use crate::Source;
use crate::claims::{CacheClaim, Claims, CpuClaim, CpuKey, KeyKind, NodeIds};
use crate::model::{CacheType, CpuKind, Position};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// A reader of CPUID leaves on one CPU.
pub trait Cpuid {
    /// EAX, EBX, ECX, EDX of a leaf and subleaf.
    fn leaf(&self, leaf: u32, subleaf: u32) -> [u32; 4];
}

impl<F: Fn(u32, u32) -> [u32; 4]> Cpuid for F {
    fn leaf(&self, leaf: u32, subleaf: u32) -> [u32; 4] {
        self(leaf, subleaf)
    }
}

/// A cache as one CPU sees it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct CpuidCache {
    /// 1 is nearest to the CPU.
    pub level: u8,
    /// What it holds.
    pub kind: CacheType,
    /// Bytes.
    pub size: u64,
    /// Line size in bytes.
    pub line: u32,
    /// Ways; 0 means fully associative.
    pub ways: u32,
    /// CPUs whose APIC ids agree above this many bits share it.
    pub shared_bits: u32,
    /// Where the number of sharing CPUs is no power of two and the ids in a package are without a gap
    /// (AMD family 15h): CPUs whose ids within the package agree when divided by this share it.
    pub shared_by: Option<u32>,
}

/// What CPUID says on one CPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuidInfo {
    /// The x2APIC id (the 8-bit APIC id where there is no other).
    pub apic_id: u32,
    /// Bits of the APIC id below the core's number, that is, for the thread.
    pub thread_bits: u32,
    /// Bits below the number of the complex of cores with one L3, where that is told.
    pub complex_bits: Option<u32>,
    /// Bits below the die's number, where there is a die level.
    pub die_bits: Option<u32>,
    /// Bits below the package's number.
    pub package_bits: u32,
    /// Kind of the core, on hybrid processors.
    pub kind: Option<CpuKind>,
    /// Caches, nearest first.
    pub caches: Vec<CpuidCache>,
}

fn bits(value: u32, high: u32, low: u32) -> u32 {
    let width = high - low + 1;
    value >> low & if width == 32 { u32::MAX } else { (1 << width) - 1 }
}

/// Smallest number of bits that number `n` things.
fn bits_for(n: u32) -> u32 {
    n.max(1).next_power_of_two().trailing_zeros()
}

fn upper(id: u32, below: u32) -> u32 {
    id.checked_shr(below).unwrap_or(0)
}

fn lower(id: u32, count: u32) -> u32 {
    1u32.checked_shl(count).map_or(id, |b| id & (b - 1))
}

/// Read what CPUID says on the calling CPU.
pub fn read(cpu: &impl Cpuid) -> CpuidInfo {
    let max = cpu.leaf(0, 0)[0];
    let max_extended = match cpu.leaf(0x8000_0000, 0)[0] {
        n if n >= 0x8000_0000 => n,
        _ => 0,
    };
    let extensions = max_extended >= 0x8000_001e && cpu.leaf(0x8000_0001, 0)[2] >> 22 & 1 == 1;
    let caches = if extensions && cache_leaf(cpu, 0x8000_001d, 0).is_some() {
        caches(cpu, 0x8000_001d)
    } else if max >= 4 {
        caches(cpu, 4)
    } else {
        Vec::new()
    };
    let amd = (max_extended >= 0x8000_0026).then(|| amd_levels(cpu)).flatten();
    let levels = |leaf: u32| (max >= leaf).then(|| levels(cpu, leaf)).flatten();
    let told = amd.or_else(|| levels(0x1f)).or_else(|| levels(0xb));
    let mut info = told.unwrap_or_else(|| legacy(cpu, max, max_extended, extensions));
    info.caches = caches;
    if extensions && contiguous_l3(cpu, max) {
        for c in info.caches.iter_mut().filter(|c| c.level == 3) {
            let sharing = c.shared_by.filter(|n| !n.is_power_of_two());
            c.shared_by = sharing;
        }
    } else {
        info.caches.iter_mut().for_each(|c| c.shared_by = None);
    }
    if max >= 0x1a && cpu.leaf(7, 0)[3] >> 15 & 1 == 1 {
        info.kind = match bits(cpu.leaf(0x1a, 0)[0], 31, 24) {
            0x20 => Some(CpuKind::Efficiency),
            0x40 => Some(CpuKind::Performance),
            _ => None,
        };
    }
    info
}

/// Tells whether this is AMD's family 15h, models 0 to 2Fh, whose APIC ids within a package have no
/// gap between the halves that share an L3.
fn contiguous_l3(cpu: &impl Cpuid, max: u32) -> bool {
    let eax = if max >= 1 { cpu.leaf(1, 0)[0] } else { 0 };
    let family = bits(eax, 11, 8) + bits(eax, 27, 20);
    let model = bits(eax, 7, 4) | bits(eax, 19, 16) << 4;
    family == 0x15 && model <= 0x2f
}

/// Leaf 0x80000026: each subleaf names a level and how many bits of the id are below its number.
fn amd_levels(cpu: &impl Cpuid) -> Option<CpuidInfo> {
    const CORE: u32 = 1;
    const COMPLEX: u32 = 2;
    const DIE: u32 = 3;
    const SOCKET: u32 = 4;
    let [_, ebx, _, apic_id] = cpu.leaf(0x8000_0026, 0);
    if bits(ebx, 15, 0) == 0 {
        return None;
    }
    let mut info = CpuidInfo::new(apic_id);
    let mut widest = 0;
    let mut socket = None;
    for subleaf in 0..8 {
        let [eax, _, ecx, _] = cpu.leaf(0x8000_0026, subleaf);
        let shift = bits(eax, 4, 0);
        match bits(ecx, 15, 8) {
            CORE => info.thread_bits = shift,
            COMPLEX => info.complex_bits = Some(shift),
            DIE => info.die_bits = Some(shift),
            SOCKET => socket = Some(shift),
            0 => break,
            _ => {}
        }
        widest = shift.max(widest);
    }
    info.package_bits = socket.unwrap_or(widest);
    // levels that do not nest say nothing of those inside
    let inside = |bits: &u32| (info.thread_bits..=info.package_bits).contains(bits);
    (info.die_bits, info.complex_bits) =
        (info.die_bits.filter(inside), info.complex_bits.filter(inside));
    Some(info)
}

/// Leaf 0xB or 0x1F: each subleaf names a level and how many bits to drop to reach the next one.
fn levels(cpu: &impl Cpuid, leaf: u32) -> Option<CpuidInfo> {
    const SMT: u32 = 1;
    const DIE: u32 = 5;
    let [_, first_count, _, apic_id] = cpu.leaf(leaf, 0);
    if bits(first_count, 15, 0) == 0 {
        return None;
    }
    let mut info = CpuidInfo::new(apic_id);
    for subleaf in 0..8 {
        let [eax, _, ecx, _] = cpu.leaf(leaf, subleaf);
        let level = bits(ecx, 15, 8);
        if level == 0 {
            break;
        }
        let shift = bits(eax, 4, 0);
        match level {
            SMT => info.thread_bits = shift,
            DIE => info.die_bits = Some(info.package_bits), // bits of the levels below
            _ => {}
        }
        info.package_bits = info.package_bits.max(shift);
    }
    Some(info)
}

/// Processors without leaf 0xB.
fn legacy(cpu: &impl Cpuid, max: u32, max_extended: u32, extensions: bool) -> CpuidInfo {
    let [_, ebx, _, edx] = if max >= 1 { cpu.leaf(1, 0) } else { [0; 4] };
    let multi = edx >> 28 & 1 == 1;
    let logical = if multi { bits(ebx, 23, 16).max(1) } else { 1 };
    let mut info =
        CpuidInfo { package_bits: bits_for(logical), ..CpuidInfo::new(bits(ebx, 31, 24)) };
    let [_, _, size, _] =
        if max_extended >= 0x8000_0008 { cpu.leaf(0x8000_0008, 0) } else { [0; 4] };
    // the width of the core's number, or else the number of cores less one
    let core_bits = match bits(size, 15, 12) {
        0 => bits_for(bits(size, 7, 0) + 1),
        n => n,
    };
    let no_leaf_4 = max < 4 || bits(cpu.leaf(4, 0)[0], 4, 0) == 0;
    if extensions {
        let [eax, ebx, _, _] = cpu.leaf(0x8000_001e, 0);
        info.apic_id = eax;
        info.thread_bits = bits_for(bits(ebx, 15, 8) + 1);
        info.package_bits = core_bits;
    } else if no_leaf_4 && size & 0xf0ff != 0 {
        // AMD before the topology extensions: each logical CPU is a core
        info.package_bits = core_bits;
    } else if max >= 4 {
        let cores = bits(cpu.leaf(4, 0)[0], 31, 26) + 1;
        info.thread_bits = info.package_bits.saturating_sub(bits_for(cores));
    }
    info
}

fn cache_leaf(cpu: &impl Cpuid, leaf: u32, subleaf: u32) -> Option<CpuidCache> {
    let [eax, ebx, ecx, _] = cpu.leaf(leaf, subleaf);
    let kind = match bits(eax, 4, 0) {
        1 => CacheType::Data,
        2 => CacheType::Instruction,
        3 => CacheType::Unified,
        _ => return None,
    };
    let line = bits(ebx, 11, 0) + 1;
    let partitions = bits(ebx, 21, 12) + 1;
    let ways = bits(ebx, 31, 22) + 1;
    let sets = u64::from(ecx) + 1;
    Some(CpuidCache {
        level: bits(eax, 7, 5) as u8,
        kind,
        size: sets
            .saturating_mul(u64::from(line))
            .saturating_mul(u64::from(partitions))
            .saturating_mul(u64::from(ways)),
        line,
        ways: if eax >> 9 & 1 == 1 { 0 } else { ways },
        shared_bits: bits_for(bits(eax, 25, 14) + 1),
        shared_by: Some(bits(eax, 25, 14) + 1),
    })
}

fn caches(cpu: &impl Cpuid, leaf: u32) -> Vec<CpuidCache> {
    (0..16).map_while(|subleaf| cache_leaf(cpu, leaf, subleaf)).collect()
}

impl CpuidInfo {
    /// A CPU of which only the APIC id is known.
    fn new(apic_id: u32) -> Self {
        CpuidInfo {
            apic_id,
            thread_bits: 0,
            complex_bits: None,
            die_bits: None,
            package_bits: 0,
            kind: None,
            caches: Vec::new(),
        }
    }

    /// A number for the group of CPUs that share `cache` with this one.
    fn group(&self, cache: &CpuidCache) -> u64 {
        match cache.shared_by {
            Some(n) => {
                let package = u64::from(upper(self.apic_id, self.package_bits)) << 32;
                package | u64::from(lower(self.apic_id, self.package_bits) / n.max(1))
            }
            None => u64::from(upper(self.apic_id, cache.shared_bits)),
        }
    }

    /// The place of the CPU with APIC id `apic_id` on a machine whose processors are all like this.
    pub fn position_of(&self, apic_id: u32) -> Position {
        let in_package = lower(apic_id, self.package_bits);
        let core_bits = self.die_bits.unwrap_or(self.package_bits);
        Position {
            package: Some(upper(apic_id, self.package_bits)),
            die: self.die_bits.map(|below| upper(in_package, below)),
            core: Some(upper(lower(apic_id, core_bits), self.thread_bits)),
            thread: Some(lower(apic_id, self.thread_bits)),
        }
    }
}

/// What CPUID said on each CPU: the kernel's number, where the caller knows it, and the reading.
pub fn claims(readings: &[(Option<u32>, CpuidInfo)]) -> Claims {
    let mut claims = Claims::new(Source::Cpuid, NodeIds::Own, KeyKind::Hardware);
    let mut caches: BTreeMap<(u8, CacheType, u32, u64), CacheClaim> = BTreeMap::new();
    for (os, info) in readings {
        let key = CpuKey { os: *os, hardware: Some(info.apic_id), uid: None };
        claims.cpus.push(CpuClaim {
            position: Some(info.position_of(info.apic_id)),
            kind: info.kind,
            ..CpuClaim::new(key)
        });
        for c in &info.caches {
            let group = info.group(c);
            caches
                .entry((c.level, c.kind, c.shared_bits, group))
                .or_insert_with(|| CacheClaim {
                    level: c.level,
                    kind: c.kind,
                    size: Some(c.size),
                    line: Some(c.line),
                    ways: Some(c.ways),
                    cpus: Vec::new(),
                })
                .cpus
                .push(info.apic_id);
        }
    }
    claims.caches = caches.into_values().collect();
    claims
}

/// Read CPUID on every CPU that the calling thread may use, by moving it to each in turn; afterwards
/// the thread may use the same CPUs as before. `None` where the kernel does not let it.
#[cfg(all(feature = "std", target_os = "linux", target_arch = "x86_64"))]
pub fn read_machine() -> Option<Claims> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    struct Native;
    impl Cpuid for Native {
        fn leaf(&self, leaf: u32, subleaf: u32) -> [u32; 4] {
            let r = core::arch::x86_64::__cpuid_count(leaf, subleaf);
            [r.eax, r.ebx, r.ecx, r.edx]
        }
    }
    let before = sched_getaffinity(None).ok()?;
    let mut readings = Vec::new();
    for n in (0..CpuSet::MAX_CPU).filter(|n| before.is_set(*n)) {
        let mut one = CpuSet::new();
        one.set(n);
        if sched_setaffinity(None, &one).is_ok() && rustix::thread::sched_getcpu() == n {
            readings.push((Some(n as u32), read(&Native)));
        }
    }
    sched_setaffinity(None, &before).ok()?;
    Some(claims(&readings))
}
