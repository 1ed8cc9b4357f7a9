//! Affinity spaces: the grid of CPU locations by which Genode names CPUs, and the arithmetic on it.
//!
//! Locations are signed and come from outside; every operation is total: out of the grid is an
//! error, never a wrapped coordinate.

use crate::{CpuId, MAX_CPUS};
use alloc::vec::Vec;
use core::fmt;

/// A rectangle in an affinity space; one CPU where `width` and `height` are 1.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Column of the upper left corner.
    pub x: i32,
    /// Row of the upper left corner.
    pub y: i32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Location {
    /// One CPU.
    pub fn cpu(x: i32, y: i32) -> Self {
        Location { x, y, width: 1, height: 1 }
    }

    /// A rectangle.
    pub fn new(x: i32, y: i32, width: u32, height: u32) -> Self {
        Location { x, y, width, height }
    }

    /// Whether the rectangle has a CPU and lies wholly within `width` × `height`.
    pub fn within(&self, width: u32, height: u32) -> bool {
        let fits = |at: i32, len: u32, end: u32| {
            at >= 0 && len > 0 && i64::from(at) + i64::from(len) <= i64::from(end)
        };
        fits(self.x, self.width, width) && fits(self.y, self.height, height)
    }
}

/// A rectangle within a space of a given size, as sessions are opened with.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Affinity {
    /// Columns of the space that `location` is relative to.
    pub width: u32,
    /// Rows of that space.
    pub height: u32,
    /// The rectangle.
    pub location: Location,
}

impl Affinity {
    /// The whole of any space.
    pub const UNRESTRICTED: Affinity =
        Affinity { width: 1, height: 1, location: Location { x: 0, y: 0, width: 1, height: 1 } };

    /// A rectangle in a space of `width` × `height`.
    pub fn new(width: u32, height: u32, location: Location) -> Self {
        Affinity { width, height, location }
    }

    /// The same rectangle in a space of another size; at least one location large.
    ///
    /// Corners are scaled and rounded down, as Genode does.
    pub fn scale_to(&self, width: u32, height: u32) -> Result<Location, SpaceError> {
        if !self.location.within(self.width, self.height) {
            return Err(SpaceError::OutsideSpace);
        }
        let axis = |at: i32, len: u32, from: u32, to: u32| {
            let scale = |v: u64| v * u64::from(to) / u64::from(from);
            let (a, b) = (scale(at as u64), scale(at as u64 + u64::from(len)));
            (a as i32, (b - a).max(1) as u32)
        };
        let (x, w) = axis(self.location.x, self.location.width, self.width, width);
        let (y, h) = axis(self.location.y, self.location.height, self.height, height);
        let location = Location::new(x, y, w, h);
        if location.within(width, height) { Ok(location) } else { Err(SpaceError::OutsideSpace) }
    }
}

/// Why a space, a location or an affinity was refused.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum SpaceError {
    /// The location is not within its space, or is empty.
    OutsideSpace,
    /// The space has no location or more than [`MAX_CPUS`].
    BadSize,
    /// Two CPUs at one location.
    Occupied,
    /// One CPU at two locations.
    TwiceInSpace,
}

impl fmt::Display for SpaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpaceError::OutsideSpace => f.write_str("location lies outside its affinity space"),
            SpaceError::BadSize => {
                write!(f, "affinity space must have 1 to {MAX_CPUS} locations")
            }
            SpaceError::Occupied => f.write_str("two CPUs claim one location: give each its own"),
            SpaceError::TwiceInSpace => f.write_str("one CPU claims two locations"),
        }
    }
}

impl core::error::Error for SpaceError {}

/// The affinity space of a machine: which CPU is at which location. Locations may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    width: u32,
    height: u32,
    /// Column by column, as kernel CPU numbers run in NOVA: `x * height + y`.
    cpus: Vec<Option<CpuId>>,
}

impl Space {
    /// An empty space.
    pub fn new(width: u32, height: u32) -> Result<Space, SpaceError> {
        let total = u64::from(width) * u64::from(height);
        if total == 0 || total > MAX_CPUS as u64 {
            return Err(SpaceError::BadSize);
        }
        Ok(Space { width, height, cpus: alloc::vec![None; total as usize] })
    }

    /// `cpus` in their order, column by column: `height` CPUs (the threads of a core, say) a column.
    /// A last column that is not full ends with empty locations.
    pub fn columns(cpus: &[CpuId], height: u32) -> Result<Space, SpaceError> {
        let height_wide = (height as usize).max(1);
        let mut space = Space::new(cpus.len().div_ceil(height_wide) as u32, height)?;
        for (slot, cpu) in space.cpus.iter_mut().zip(cpus) {
            *slot = Some(*cpu);
        }
        Ok(space)
    }

    /// Put a CPU at a free location.
    pub fn place(&mut self, x: u32, y: u32, cpu: CpuId) -> Result<(), SpaceError> {
        if self.cpus.contains(&Some(cpu)) {
            return Err(SpaceError::TwiceInSpace);
        }
        self.place_unchecked(x, y, cpu)
    }

    /// As [`place`](Self::place) where the caller has seen that `cpu` is not yet placed.
    pub(crate) fn place_unchecked(&mut self, x: u32, y: u32, cpu: CpuId) -> Result<(), SpaceError> {
        let at = self.index(x, y).ok_or(SpaceError::OutsideSpace)?;
        match self.cpus.get_mut(at) {
            Some(slot @ None) => {
                *slot = Some(cpu);
                Ok(())
            }
            _ => Err(SpaceError::Occupied),
        }
    }

    fn index(&self, x: u32, y: u32) -> Option<usize> {
        (x < self.width && y < self.height)
            .then_some(x as usize * self.height as usize + y as usize)
    }

    /// Columns.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Number of locations.
    pub fn total(&self) -> usize {
        self.cpus.len()
    }

    /// The CPU at a location; `None` outside the space and where no CPU is.
    pub fn cpu_at(&self, x: i32, y: i32) -> Option<CpuId> {
        let at = self.index(u32::try_from(x).ok()?, u32::try_from(y).ok()?)?;
        self.cpus.get(at).copied().flatten()
    }

    /// Where a CPU is.
    pub fn location_of(&self, cpu: CpuId) -> Option<(u32, u32)> {
        let at = self.cpus.iter().position(|c| *c == Some(cpu))? as u32;
        Some((at / self.height, at % self.height))
    }

    /// The whole space as a location.
    pub fn rect(&self) -> Location {
        Location::new(0, 0, self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_rectangle_scales_as_genode_scales_it() {
        // taken from the rule "scale both corners, round down, at least 1"
        let quarter = Affinity::new(4, 1, Location::new(1, 0, 1, 1));
        assert_eq!(quarter.scale_to(32, 2), Ok(Location::new(8, 0, 8, 2)));
        assert_eq!(Affinity::UNRESTRICTED.scale_to(7, 3), Ok(Location::new(0, 0, 7, 3)));
        let fine = Affinity::new(100, 1, Location::new(3, 0, 1, 1));
        assert_eq!(fine.scale_to(4, 1), Ok(Location::new(0, 0, 1, 1)));
    }

    #[test]
    fn hostile_locations_are_refused() {
        for l in [
            Location::new(-1, 0, 1, 1),
            Location::new(0, -1, 1, 1),
            Location::new(0, 0, 0, 1),
            Location::new(0, 0, 5, 1),
            Location::new(i32::MAX, 0, u32::MAX, 1),
            Location::new(i32::MIN, i32::MIN, u32::MAX, u32::MAX),
        ] {
            assert_eq!(
                Affinity::new(4, 1, l).scale_to(8, 1),
                Err(SpaceError::OutsideSpace),
                "{l:?}"
            );
        }
        assert_eq!(Space::new(0, 4), Err(SpaceError::BadSize));
        assert_eq!(Space::new(u32::MAX, u32::MAX), Err(SpaceError::BadSize));
    }

    #[test]
    fn a_location_holds_one_cpu_and_a_cpu_one_location() {
        let mut s = Space::new(2, 2).unwrap();
        assert_eq!(s.place(1, 0, CpuId(5)), Ok(()));
        assert_eq!(s.place(1, 0, CpuId(6)), Err(SpaceError::Occupied));
        assert_eq!(s.place(0, 0, CpuId(5)), Err(SpaceError::TwiceInSpace));
        assert_eq!(s.place(2, 0, CpuId(7)), Err(SpaceError::OutsideSpace));
        assert_eq!((s.cpu_at(1, 0), s.location_of(CpuId(5))), (Some(CpuId(5)), Some((1, 0))));
        assert_eq!(s.cpu_at(-1, 0), None);
    }

    proptest! {
        #[test]
        fn a_scaled_rectangle_lies_within(
            x in 0i32..50, y in 0i32..50, w in 1u32..50, h in 1u32..50,
            sw in 1u32..100, sh in 1u32..100, tw in 1u32..300, th in 1u32..50,
        ) {
            let a = Affinity::new(sw, sh, Location::new(x, y, w, h));
            match a.scale_to(tw, th) {
                Ok(l) => prop_assert!(l.within(tw, th) && a.location.within(sw, sh)),
                Err(e) => {
                    prop_assert_eq!(e, SpaceError::OutsideSpace);
                    prop_assert!(!a.location.within(sw, sh));
                }
            }
        }
    }
}
