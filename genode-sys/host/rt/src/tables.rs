//! What page tables the component's mappings take at most, so that it is told before it is too much.
//!
//! A page of tables covers 2 MiB of addresses, one of the level above 1 GiB. What a mapping covers as a whole is its own, and a
//! number; at its two ends it may share a page of tables with others, so the ends are counted by place.
use genode_host_proto::PAGE;
use genode_host_proto::tables::LEVELS;

/// Places where mappings begin and end, `N` a power of two: open addressing, so that attaching does not allocate.
pub(crate) struct Tables<const N: usize> {
    /// A place, 0 for none, and the number of ends in it.
    ends: [(u32, u32); N],
    used: usize,
    /// Pages of tables between the ends of single mappings.
    whole: u64,
}

/// The pages of tables that the first and the last byte of a mapping need at a level, and how many are between them.
fn pages(addr: usize, size: usize, level: usize) -> ([Option<u32>; 2], u64) {
    let shift = LEVELS[level];
    let (first, last) = (addr >> shift, (addr + (size - 1)) >> shift);
    // A component's addresses have 47 bits, so a page's number leaves the upper bits to tell the levels apart.
    let place = |number: usize| Some((level as u32 + 1) << 28 | number as u32);
    let between = (last - first).saturating_sub(1) as u64;
    ([place(first), place(last).filter(|_| first != last)], between)
}

impl<const N: usize> Tables<N> {
    pub(crate) const fn new() -> Self {
        Self { ends: [(0, 0); N], used: 0, whole: 0 }
    }

    /// Bytes of page tables that all mappings together take at most.
    pub(crate) fn bytes(&self) -> u64 {
        (self.whole + self.used as u64) * PAGE as u64
    }

    /// Where a place is, or would be.
    fn find(&self, place: u32) -> usize {
        let mut at = home::<N>(place);
        while self.ends[at].0 != 0 && self.ends[at].0 != place {
            at = (at + 1) % N;
        }
        at
    }

    /// A mapping of `size` bytes at `addr`. False, and nothing changed, if there are too many to keep account of.
    pub(crate) fn add(&mut self, addr: usize, size: usize) -> bool {
        if self.used + 2 * LEVELS.len() > N * 7 / 8 {
            return false;
        }
        for level in 0..LEVELS.len() {
            let (ends, between) = pages(addr, size, level);
            self.whole += between;
            for place in ends.into_iter().flatten() {
                let at = self.find(place);
                self.used += usize::from(self.ends[at].0 == 0);
                self.ends[at] = (place, self.ends[at].1 + 1);
            }
        }
        true
    }

    /// A mapping that was added is gone.
    pub(crate) fn remove(&mut self, addr: usize, size: usize) {
        for level in 0..LEVELS.len() {
            let (ends, between) = pages(addr, size, level);
            self.whole -= between;
            for place in ends.into_iter().flatten() {
                let at = self.find(place);
                match self.ends[at].1 {
                    0 => {}
                    1 => self.forget(at),
                    n => self.ends[at].1 = n - 1,
                }
            }
        }
    }

    /// All mappings are gone.
    pub(crate) fn clear(&mut self) {
        // In place: a fault's handler runs on the stack of whoever faulted.
        self.ends.fill((0, 0));
        (self.used, self.whole) = (0, 0);
    }

    /// Remove an entry; those behind it move up, so that no gap breaks a chain.
    fn forget(&mut self, at: usize) {
        let (mut gap, mut next) = (at, at);
        loop {
            next = (next + 1) % N;
            let (other, _) = self.ends[next];
            if other == 0 {
                break;
            }
            // An entry may move to the gap unless its home lies behind the gap.
            if next.wrapping_sub(home::<N>(other)) % N >= next.wrapping_sub(gap) % N {
                self.ends[gap] = self.ends[next];
                gap = next;
            }
        }
        self.ends[gap] = (0, 0);
        self.used -= 1;
    }
}

fn home<const N: usize>(place: u32) -> usize {
    (u64::from(place).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % N
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};

    /// Every page of tables under some mappings, told one by one.
    fn plainly(mappings: &HashMap<usize, usize>) -> u64 {
        let mut all = HashSet::new();
        for (addr, size) in mappings {
            for shift in LEVELS {
                all.extend((addr >> shift..=(addr + size - 1) >> shift).map(|n| (shift, n)));
            }
        }
        all.len() as u64 * PAGE as u64
    }

    #[test]
    fn the_account_is_what_page_tables_there_are() {
        let mut tables = Box::new(Tables::<1024>::new());
        let mut mappings = HashMap::new();
        let mut rng = fastrand::Rng::with_seed(7);
        let mut random = |n: usize| rng.usize(..n);
        for round in 0..20_000 {
            // Within slots of 16 MiB, so that mappings do not overlap; some fill several pages of tables, some share one.
            let slot = random(64);
            let addr = (1 << 40) + slot * (16 << 20) + random(8) * PAGE;
            match mappings.keys().find(|a| **a >> 24 == addr >> 24).copied() {
                Some(old) => tables.remove(old, mappings.remove(&old).unwrap()),
                None => {
                    let size = (1 + random(4000)) * PAGE;
                    assert!(tables.add(addr, size));
                    mappings.insert(addr, size);
                }
            }
            if round % 50 == 0 {
                assert_eq!(tables.bytes(), plainly(&mappings));
            }
        }
        for (addr, size) in mappings {
            tables.remove(addr, size);
        }
        assert_eq!((tables.bytes(), tables.used), (0, 0));
    }

    #[test]
    fn far_apart_costs_two_pages_each_and_close_together_next_to_nothing() {
        let mut tables = Box::new(Tables::<1024>::new());
        for n in 1..=100 {
            assert!(tables.add(n << 30, PAGE));
        }
        assert_eq!(tables.bytes(), 200 * PAGE as u64);
        for n in 1..=100 {
            assert!(tables.add((n << 30) + 2 * PAGE, PAGE));
        }
        assert_eq!(tables.bytes(), 200 * PAGE as u64);
        let mut many = 0;
        while tables.add((1 << 40) + (many << 30), PAGE) {
            many += 1;
        }
        assert!(many > 300, "{many}");
        tables.clear();
        assert!(tables.add(1 << 40, 1 << 40));
        assert_eq!(tables.bytes(), ((1 << 19) + (1 << 10)) * PAGE as u64);
    }
}
