//! Affinity: where in the machine a thread or a session lives (`Genode::Affinity`).
//!
//! An affinity space is a grid of CPUs whose neighbours are close to each other; a location is a rectangle
//! in it. Wire sizes: [`Space`] 8 bytes, [`Location`] 16, [`Affinity`] 24.

/// Size of a grid of CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, crate::Wire)]
#[repr(C)]
pub struct Space {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Space {
    /// Number of CPUs, or `None` when it exceeds 32 bits.
    pub const fn total(&self) -> Option<u32> {
        self.width.checked_mul(self.height)
    }

    /// The `index`-th CPU counted row by row, wrapping around; the default location in an empty space.
    #[must_use]
    pub const fn location_of_index(&self, index: u32) -> Location {
        if self.width == 0 || self.height == 0 {
            return Location { x: 0, y: 0, width: 0, height: 0 };
        }
        Location {
            x: (index % self.width) as i32,
            y: ((index / self.width) % self.height) as i32,
            width: 1,
            height: 1,
        }
    }

    /// Whether `location` lies inside of the space and is not empty.
    pub const fn contains(&self, location: &Location) -> bool {
        let (Ok(x), Ok(y)) = (nonnegative(location.x), nonnegative(location.y)) else {
            return false;
        };
        location.width > 0
            && location.height > 0
            && x + location.width as u64 <= self.width as u64
            && y + location.height as u64 <= self.height as u64
    }
}

const fn nonnegative(n: i32) -> Result<u64, ()> {
    if n < 0 { Err(()) } else { Ok(n as u64) }
}

/// A rectangle of CPUs within a [`Space`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, crate::Wire)]
#[repr(C)]
pub struct Location {
    /// Leftmost column.
    pub x: i32,
    /// Topmost row.
    pub y: i32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Location {
    /// The single CPU at column `x` and row `y`.
    pub const fn cpu(x: i32, y: i32) -> Self {
        Self { x, y, width: 1, height: 1 }
    }
}

/// A space and a location in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, crate::Wire)]
#[repr(C)]
pub struct Affinity {
    /// The space that `location` refers to.
    pub space: Space,
    /// The CPUs meant.
    pub location: Location,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_wire_sizes() {
        assert_eq!(size_of::<Space>(), 8);
        assert_eq!(size_of::<Location>(), 16);
        assert_eq!(size_of::<Affinity>(), 24);
    }

    #[test]
    fn index_wraps_row_by_row() {
        let space = Space { width: 4, height: 2 };
        assert_eq!(space.location_of_index(5), Location::cpu(1, 1));
        assert_eq!(space.location_of_index(8), Location::cpu(0, 0));
        assert_eq!(Space::default().location_of_index(3), Location::default());
    }

    #[test]
    fn containment_has_no_overflow() {
        let space = Space { width: 4, height: 2 };
        assert!(space.contains(&Location { x: 0, y: 0, width: 4, height: 2 }));
        assert!(!space.contains(&Location { x: 1, y: 0, width: 4, height: 2 }));
        assert!(!space.contains(&Location { x: -1, y: 0, width: 1, height: 1 }));
        assert!(!space.contains(&Location { x: i32::MAX, y: 0, width: u32::MAX, height: 1 }));
        assert!(!space.contains(&Location { x: 0, y: 0, width: 0, height: 1 }));
    }
}
