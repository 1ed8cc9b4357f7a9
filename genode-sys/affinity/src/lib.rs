//! Affinities: where in the machine a thread or a session lives (`Genode::Affinity`).
//!
//! Genode names CPUs by their place in a grid, the *affinity space*, whose neighbours are close to
//! each other. A [`Location`] is a rectangle in a [`Space`], an [`Affinity`] both together; that is
//! what a session request carries. Which CPU is at which place is not known here: that is
//! `topology::CpuGrid`.
//!
//! ```
//! use genode_affinity::{Affinity, Location, OutsideSpace, Space};
//!
//! // the right half of whatever there is, of a machine of 8 cores with 2 threads each
//! let right = Affinity::new(Space::new(2, 1), Location::cpu(1, 0));
//! assert_eq!(right.scale_to(Space::new(8, 2)), Ok(Location::new(4, 0, 4, 2)));
//!
//! let beside = Affinity::new(Space::new(2, 1), Location::cpu(2, 0));
//! assert_eq!(beside.scale_to(Space::new(8, 2)), Err(OutsideSpace));
//! ```
//!
//! Coordinates are signed and come from other components. Every operation is total: a result that
//! leaves the space or the range of its numbers is an error or `None`, and nothing wraps.
//!
//! The types are laid out as in messages of Genode (`base/include/base/affinity.h`): [`Space`] has
//! 8 bytes, [`Location`] 16, [`Affinity`] 24.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

#[cfg(test)]
extern crate std;

#[cfg(test)]
mod tests;

use core::fmt;

/// The examples of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Size of a grid of CPUs (`Affinity::Space`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct Space {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// A rectangle of CPUs within a [`Space`] (`Affinity::Location`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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

/// A space and a location in it, as sessions are requested with (`Affinity`).
///
/// The default has an empty space: it asks for nothing, and who places it may use all CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct Affinity {
    /// The space that `location` refers to.
    pub space: Space,
    /// The CPUs meant.
    pub location: Location,
}

const _: () = assert!(size_of::<Space>() == 8);
const _: () = assert!(size_of::<Location>() == 16);
const _: () = assert!(size_of::<Affinity>() == 24);

/// A location that is empty, or not wholly within its space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OutsideSpace;

impl fmt::Display for OutsideSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("location lies outside its affinity space: choose one that fits into it")
    }
}

impl core::error::Error for OutsideSpace {}

impl Space {
    /// A space of `width` columns and `height` rows.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Returns the number of CPUs, or `None` where it exceeds 32 bits.
    pub const fn total(self) -> Option<u32> {
        self.width.checked_mul(self.height)
    }

    /// Tells whether the space has no CPU.
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Returns the whole space as a location.
    pub const fn whole(self) -> Location {
        Location { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// Returns the `index`-th CPU counted row by row, starting afresh at the end of the space.
    ///
    /// In an empty space, and where the column or row exceeds 31 bits, the result is the default
    /// location, which is empty.
    #[must_use]
    pub const fn location_of_index(self, index: u32) -> Location {
        if self.is_empty() {
            return Space::new(0, 0).whole();
        }
        let (x, y) = (index % self.width, (index / self.width) % self.height);
        if x > i32::MAX as u32 || y > i32::MAX as u32 {
            return Space::new(0, 0).whole();
        }
        Location::cpu(x as i32, y as i32)
    }
}

impl Location {
    /// The rectangle of `width` columns and `height` rows whose upper left corner is `x`, `y`.
    pub const fn new(x: i32, y: i32, width: u32, height: u32) -> Self {
        Self { x, y, width, height }
    }

    /// The single CPU at column `x` and row `y`.
    pub const fn cpu(x: i32, y: i32) -> Self {
        Self::new(x, y, 1, 1)
    }

    /// Tells whether the rectangle has a CPU and lies wholly within `space`.
    pub const fn within(self, space: Space) -> bool {
        self.inside(space.whole())
    }

    /// Tells whether the rectangle has a CPU and lies wholly inside `outer`, where both are
    /// locations of the same space.
    pub const fn inside(self, outer: Location) -> bool {
        fits(self.x, self.width, outer.x, outer.width)
            && fits(self.y, self.height, outer.y, outer.height)
    }

    /// Returns the part of this location that `part` names, counted from its upper left corner;
    /// `None` where `part` is empty or reaches beyond it.
    pub const fn part(self, part: Location) -> Option<Location> {
        if !part.within(Space::new(self.width, self.height)) {
            return None;
        }
        match (self.x.checked_add(part.x), self.y.checked_add(part.y)) {
            (Some(x), Some(y)) => Some(Location { x, y, ..part }),
            _ => None,
        }
    }
}

/// Tells whether `len` cells at `at` are some, and among the `room` cells at `start`.
const fn fits(at: i32, len: u32, start: i32, room: u32) -> bool {
    at >= start && len > 0 && at as i64 + len as i64 <= start as i64 + room as i64
}

impl Affinity {
    /// The whole of any space (`Affinity::unrestricted`).
    pub const UNRESTRICTED: Affinity = Affinity::new(Space::new(1, 1), Location::cpu(0, 0));

    /// The CPUs at `location` of a machine that `space` divides.
    pub const fn new(space: Space, location: Location) -> Self {
        Self { space, location }
    }

    /// Returns the same part of the machine as a location of `space`; at least one CPU large.
    ///
    /// Corners are scaled and rounded down, as Genode does.
    ///
    /// # Errors
    /// [`OutsideSpace`] where this location is not within its space, `space` is empty, or the
    /// result has a corner beyond 31 bits.
    pub fn scale_to(self, space: Space) -> Result<Location, OutsideSpace> {
        if !self.location.within(self.space) || space.is_empty() {
            return Err(OutsideSpace);
        }
        let (from, to) = (self.space, space);
        let (x, width) = scale(self.location.x, self.location.width, from.width, to.width)?;
        let (y, height) = scale(self.location.y, self.location.height, from.height, to.height)?;
        Ok(Location { x, y, width, height })
    }

    /// Returns `session` as part of this affinity, which is that of the component which asks for
    /// the session. It is a location of a finer space, in which nothing is rounded.
    ///
    /// A session without an affinity of its own gets this one, as does a session whose affinity
    /// makes no sense: one outside its space, or one that needs a space of more than 32 bits in a
    /// direction.
    #[must_use]
    pub fn subordinate(self, session: Affinity) -> Affinity {
        self.refined(session).unwrap_or(self)
    }

    fn refined(self, session: Affinity) -> Option<Affinity> {
        if session.space.is_empty() || !session.location.within(session.space) {
            return None;
        }
        let at = session.location;
        let space = Space {
            width: self.space.width.checked_mul(session.space.width)?,
            height: self.space.height.checked_mul(session.space.height)?,
        };
        // our place in the finer grid, then the session's place within ours
        let along = |own_at: i32, cells: u32, at: i32, extent: u32| {
            let origin = own_at.checked_mul(cells.try_into().ok()?)?;
            origin.checked_add(at.checked_mul(extent.try_into().ok()?)?)
        };
        let own = self.location;
        let location = Location {
            x: along(own.x, session.space.width, at.x, own.width)?,
            y: along(own.y, session.space.height, at.y, own.height)?,
            width: own.width.checked_mul(at.width)?,
            height: own.height.checked_mul(at.height)?,
        };
        Some(Affinity { space, location })
    }
}

/// Scales `len` cells at `at` from an axis of `from` cells to one of `to`.
fn scale(at: i32, len: u32, from: u32, to: u32) -> Result<(i32, u32), OutsideSpace> {
    let at = u64::try_from(at).map_err(|_| OutsideSpace)?;
    // both factors are below 2^32, for the location is within its space
    let scaled = |corner: u64| corner * u64::from(to) / u64::from(from);
    let (start, end) = (scaled(at), scaled(at + u64::from(len)));
    let len = u32::try_from(end - start).map_err(|_| OutsideSpace)?.max(1);
    Ok((i32::try_from(start).map_err(|_| OutsideSpace)?, len))
}
