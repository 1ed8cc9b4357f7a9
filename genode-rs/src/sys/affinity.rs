//! Affinities as the seam writes them.

use genode_sys as seam;

use crate::affinity::{Affinity, Location, Space};

/// Converts a location for the seam.
pub(crate) fn location_to_seam(l: Location) -> seam::rs_location_t {
    seam::rs_location_t { x: l.x, y: l.y, w: l.width, h: l.height }
}

/// Converts an affinity for the seam.
pub(crate) fn to_seam(a: Affinity) -> seam::rs_affinity_t {
    seam::rs_affinity_t {
        space: seam::rs_space_t { w: a.space.width, h: a.space.height },
        location: location_to_seam(a.location),
    }
}

/// Converts a space of the seam.
pub(crate) fn space_from_seam(s: seam::rs_space_t) -> Space {
    Space::new(s.w, s.h)
}

/// Converts an affinity of the seam.
pub(crate) fn from_seam(a: &seam::rs_affinity_t) -> Affinity {
    let l = a.location;
    Affinity::new(space_from_seam(a.space), Location::new(l.x, l.y, l.w, l.h))
}
