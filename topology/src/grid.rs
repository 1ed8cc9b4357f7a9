//! The CPUs of an affinity space: which CPU is at which location.
//!
//! Spaces and locations themselves, and the arithmetic on them, are those of `genode-affinity`.

use crate::{CpuId, Location, MAX_CPUS, Space};
use alloc::vec::Vec;
use core::fmt;

/// Why a grid of CPUs, or a CPU's place in it, was refused.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GridError {
    /// The place is not within the grid.
    Outside,
    /// The grid has no location or more than [`MAX_CPUS`].
    BadSize,
    /// Two CPUs at one location.
    Occupied,
    /// One CPU at two locations.
    Twice,
}

impl fmt::Display for GridError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GridError::Outside => {
                f.write_str("CPU lies outside the affinity space: enlarge the space or move it")
            }
            GridError::BadSize => {
                write!(f, "affinity space must have 1 to {MAX_CPUS} locations")
            }
            GridError::Occupied => f.write_str("two CPUs claim one location: give each its own"),
            GridError::Twice => f.write_str("one CPU claims two locations: keep one of them"),
        }
    }
}

impl core::error::Error for GridError {}

/// The CPUs of a machine's affinity space by their location. Locations may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuGrid {
    size: Space,
    /// Column by column, as kernel CPU numbers run in NOVA: `x * height + y`.
    cpus: Vec<Option<CpuId>>,
}

impl CpuGrid {
    /// A grid without CPUs.
    pub fn new(width: u32, height: u32) -> Result<CpuGrid, GridError> {
        let total = u64::from(width) * u64::from(height);
        if total == 0 || total > MAX_CPUS as u64 {
            return Err(GridError::BadSize);
        }
        Ok(CpuGrid { size: Space::new(width, height), cpus: alloc::vec![None; total as usize] })
    }

    /// `cpus` in their order, column by column: `height` CPUs (the threads of a core, say) a column.
    /// A last column that is not full ends with empty locations.
    pub fn columns(cpus: &[CpuId], height: u32) -> Result<CpuGrid, GridError> {
        let height_wide = (height as usize).max(1);
        let mut grid = CpuGrid::new(cpus.len().div_ceil(height_wide) as u32, height)?;
        for (slot, cpu) in grid.cpus.iter_mut().zip(cpus) {
            *slot = Some(*cpu);
        }
        Ok(grid)
    }

    /// Put a CPU at a free location.
    pub fn place(&mut self, x: u32, y: u32, cpu: CpuId) -> Result<(), GridError> {
        if self.cpus.contains(&Some(cpu)) {
            return Err(GridError::Twice);
        }
        self.place_unchecked(x, y, cpu)
    }

    /// As [`place`](Self::place) where the caller has seen that `cpu` is not yet placed.
    pub(crate) fn place_unchecked(&mut self, x: u32, y: u32, cpu: CpuId) -> Result<(), GridError> {
        let at = self.index(x, y).ok_or(GridError::Outside)?;
        match self.cpus.get_mut(at) {
            Some(slot @ None) => {
                *slot = Some(cpu);
                Ok(())
            }
            _ => Err(GridError::Occupied),
        }
    }

    fn index(&self, x: u32, y: u32) -> Option<usize> {
        (x < self.width() && y < self.height())
            .then_some(x as usize * self.height() as usize + y as usize)
    }

    /// Returns the affinity space: columns and rows.
    pub fn space(&self) -> Space {
        self.size
    }

    /// Columns.
    pub fn width(&self) -> u32 {
        self.size.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.size.height
    }

    /// Number of locations.
    pub fn total(&self) -> usize {
        self.cpus.len()
    }

    /// The CPU at a location; `None` outside the grid and where no CPU is.
    pub fn cpu_at(&self, x: i32, y: i32) -> Option<CpuId> {
        let at = self.index(u32::try_from(x).ok()?, u32::try_from(y).ok()?)?;
        self.cpus.get(at).copied().flatten()
    }

    /// Where a CPU is.
    pub fn location_of(&self, cpu: CpuId) -> Option<(u32, u32)> {
        let at = self.cpus.iter().position(|c| *c == Some(cpu))? as u32;
        Some((at / self.height(), at % self.height()))
    }

    /// The CPUs and where they are, column by column.
    pub fn places(&self) -> impl Iterator<Item = (CpuId, (u32, u32))> + '_ {
        let place = |at: u32| (at / self.height(), at % self.height());
        self.cpus.iter().zip(0u32..).filter_map(move |(c, at)| Some(((*c)?, place(at))))
    }

    /// The whole space as a location.
    pub fn rect(&self) -> Location {
        self.size.whole()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_a_bounded_number_of_locations() {
        assert_eq!(CpuGrid::new(0, 4), Err(GridError::BadSize));
        assert_eq!(CpuGrid::new(u32::MAX, u32::MAX), Err(GridError::BadSize));
        assert_eq!(CpuGrid::new(MAX_CPUS as u32 + 1, 1), Err(GridError::BadSize));
        assert!(CpuGrid::new(MAX_CPUS as u32, 1).is_ok());
    }

    #[test]
    fn a_location_holds_one_cpu_and_a_cpu_one_location() {
        let mut s = CpuGrid::new(2, 2).unwrap();
        assert_eq!(s.place(1, 0, CpuId(5)), Ok(()));
        assert_eq!(s.place(1, 0, CpuId(6)), Err(GridError::Occupied));
        assert_eq!(s.place(0, 0, CpuId(5)), Err(GridError::Twice));
        assert_eq!(s.place(2, 0, CpuId(7)), Err(GridError::Outside));
        assert_eq!((s.cpu_at(1, 0), s.location_of(CpuId(5))), (Some(CpuId(5)), Some((1, 0))));
        assert_eq!(s.cpu_at(-1, 0), None);
    }
}
