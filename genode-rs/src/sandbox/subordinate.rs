//! A session's affinity as part of the affinity of the child that requests it.

use crate::affinity::{Affinity, Location, Space};

/// Scales `session` so that it lies within `location` of `space`, as Genode's `init` does.
///
/// A session without an affinity of its own gets the child's. Values that leave the range of the numbers do so as
/// well: the request then says nothing of use.
pub(super) fn subordinate(space: Space, location: Location, session: Affinity) -> Affinity {
    scaled(space, location, session).unwrap_or(Affinity { space, location })
}

fn scaled(child_space: Space, child: Location, session: Affinity) -> Option<Affinity> {
    if session.space.total()? == 0 || !session.space.contains(&session.location) {
        return None;
    }
    let at = session.location;
    let space = Space {
        width: child_space.width.checked_mul(session.space.width)?,
        height: child_space.height.checked_mul(session.space.height)?,
    };
    // the child's place in the finer grid, then the session's place within the child's
    let along = |child_at: i32, cells: u32, at: i32, extent: u32| {
        let origin = child_at.checked_mul(cells.try_into().ok()?)?;
        origin.checked_add(at.checked_mul(extent.try_into().ok()?)?)
    };
    let location = Location {
        x: along(child.x, session.space.width, at.x, child.width)?,
        y: along(child.y, session.space.height, at.y, child.height)?,
        width: child.width.checked_mul(at.width)?,
        height: child.height.checked_mul(at.height)?,
    };
    Some(Affinity { space, location })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHILD: (Space, Location) =
        (Space { width: 8, height: 1 }, Location { x: 2, y: 0, width: 4, height: 1 });

    #[test]
    fn a_session_lies_within_its_child() {
        let session = Affinity {
            space: Space { width: 2, height: 1 },
            location: Location { x: 1, y: 0, width: 1, height: 1 },
        };
        let result = subordinate(CHILD.0, CHILD.1, session);
        // the right half of CPUs 2..6 of 8, in a grid of 16: columns 8..12
        assert_eq!(result.space, Space { width: 16, height: 1 });
        assert_eq!(result.location, Location { x: 8, y: 0, width: 4, height: 1 });
    }

    #[test]
    fn an_unrestricted_session_gets_the_childs_affinity() {
        let all = Affinity { space: CHILD.0, location: CHILD.1 };
        assert_eq!(subordinate(CHILD.0, CHILD.1, Affinity::default()), all);
        let huge = Affinity {
            space: Space { width: u32::MAX, height: 1 },
            location: Location { x: 5, y: 0, width: 1, height: 1 },
        };
        assert_eq!(subordinate(CHILD.0, CHILD.1, huge), all);
    }

    proptest! {
        #[test]
        fn never_outside_of_the_space(w in 0u32..9, h in 0u32..9, x in -2i32..9, y in -2i32..9, lw in 0u32..9, lh in 0u32..9) {
            let session = Affinity {
                space: Space { width: w, height: h },
                location: Location { x, y, width: lw, height: lh },
            };
            let result = subordinate(CHILD.0, CHILD.1, session);
            prop_assert!(result.space.contains(&result.location), "{result:?}");
        }
    }
}
