use proptest::prelude::*;

use super::*;

const WIDE: Location = Location::new(i32::MAX, 0, u32::MAX, 1);

fn space() -> impl Strategy<Value = Space> {
    let side = || prop_oneof![0u32..9, any::<u32>()];
    (side(), side()).prop_map(|(width, height)| Space::new(width, height))
}

fn location() -> impl Strategy<Value = Location> {
    let at = || prop_oneof![-2i32..9, any::<i32>()];
    let len = || prop_oneof![0u32..9, any::<u32>()];
    (at(), at(), len(), len()).prop_map(|(x, y, w, h)| Location::new(x, y, w, h))
}

fn affinity() -> impl Strategy<Value = Affinity> {
    (space(), location()).prop_map(|(space, location)| Affinity::new(space, location))
}

/// Affinities whose location is within their space.
fn sensible() -> impl Strategy<Value = Affinity> {
    let axis = || {
        prop_oneof![1u32..9, 1..u32::MAX].prop_flat_map(|size| {
            (Just(size), 0..size.min(i32::MAX as u32))
                .prop_flat_map(|(size, at)| (Just(size), Just(at as i32), 1..=size - at))
        })
    };
    (axis(), axis()).prop_map(|((w, x, width), (h, y, height))| {
        Affinity::new(Space::new(w, h), Location::new(x, y, width, height))
    })
}

#[test]
fn an_index_counts_row_by_row_and_starts_afresh() {
    let space = Space::new(4, 2);
    assert_eq!(space.location_of_index(5), Location::cpu(1, 1));
    assert_eq!(space.location_of_index(8), Location::cpu(0, 0));
    assert_eq!(Space::default().location_of_index(3), Location::default());
    let largest = Space::new(u32::MAX, 1);
    assert_eq!(largest.location_of_index(i32::MAX as u32), Location::cpu(i32::MAX, 0));
    assert_eq!(largest.location_of_index(i32::MAX as u32 + 1), Location::default());
}

#[test]
fn a_location_is_within_its_space_or_not() {
    let space = Space::new(4, 2);
    assert!(space.whole().within(space));
    assert!(!Location::new(1, 0, 4, 2).within(space));
    assert!(!Location::new(0, 1, 4, 2).within(space));
    assert!(!Location::cpu(-1, 0).within(space));
    assert!(!Location::new(0, 0, 0, 1).within(space));
    assert!(!WIDE.within(space));
    assert!(!Location::new(i32::MIN, i32::MIN, u32::MAX, u32::MAX).within(space));
}

#[test]
fn a_part_is_counted_from_the_corner() {
    let right = Location::new(4, 1, 4, 2);
    assert_eq!(right.part(Location::new(3, 0, 1, 2)), Some(Location::new(7, 1, 1, 2)));
    assert_eq!(right.part(Location::cpu(4, 0)), None);
    assert_eq!(right.part(Location::cpu(-1, 0)), None);
    assert_eq!(WIDE.part(Location::cpu(1, 0)), None);
}

#[test]
fn a_rectangle_scales_as_genode_scales_it() {
    // the rule of affinity.h: scale both corners, round down, at least 1
    let quarter = Affinity::new(Space::new(4, 1), Location::cpu(1, 0));
    assert_eq!(quarter.scale_to(Space::new(32, 2)), Ok(Location::new(8, 0, 8, 2)));
    assert_eq!(Affinity::UNRESTRICTED.scale_to(Space::new(7, 3)), Ok(Location::new(0, 0, 7, 3)));
    let fine = Affinity::new(Space::new(100, 1), Location::cpu(3, 0));
    assert_eq!(fine.scale_to(Space::new(4, 1)), Ok(Location::cpu(0, 0)));
}

#[test]
fn what_is_no_part_of_the_machine_is_not_scaled() {
    for location in [WIDE, Location::cpu(-1, 0), Location::new(0, 0, 0, 1)] {
        let affinity = Affinity::new(Space::new(4, 1), location);
        assert_eq!(affinity.scale_to(Space::new(8, 1)), Err(OutsideSpace), "{location:?}");
    }
    assert_eq!(Affinity::default().scale_to(Space::new(8, 1)), Err(OutsideSpace));
    assert_eq!(Affinity::UNRESTRICTED.scale_to(Space::new(0, 1)), Err(OutsideSpace));
    let last = Affinity::new(Space::new(2, 1), Location::cpu(1, 0));
    let start = Ok(Location::new(i32::MAX, 0, i32::MAX as u32, 1));
    assert_eq!(last.scale_to(Space::new(u32::MAX - 1, 1)), start);
    assert_eq!(last.scale_to(Space::new(u32::MAX, 1)), Ok(Location::new(i32::MAX, 0, 1 << 31, 1)));
    let third = Affinity::new(Space::new(3, 1), Location::cpu(2, 0));
    assert_eq!(third.scale_to(Space::new(u32::MAX, 1)), Err(OutsideSpace));
}

#[test]
fn a_session_lies_within_its_component() {
    let child = Affinity::new(Space::new(8, 1), Location::new(2, 0, 4, 1));
    let right = Affinity::new(Space::new(2, 1), Location::cpu(1, 0));
    // the right half of CPUs 2..6 of 8, in a grid of 16: columns 8..12
    let expected = Affinity::new(Space::new(16, 1), Location::new(8, 0, 4, 1));
    assert_eq!(child.subordinate(right), expected);

    assert_eq!(child.subordinate(Affinity::default()), child);
    assert_eq!(child.subordinate(Affinity::new(Space::new(u32::MAX, 1), WIDE)), child);
    let too_fine = Affinity::new(Space::new(u32::MAX, 1), Location::cpu(5, 0));
    assert_eq!(child.subordinate(too_fine), child);
}

/// A component's configuration may have any grid: nested ones refine each other, and one CPU stays
/// one.
#[test]
fn one_cell_of_a_fine_space_is_one_cpu_however_often_it_is_nested() {
    let fine = Affinity::new(Space::new(1000, 1000), Location::cpu(0, 0));
    let whole = Affinity::UNRESTRICTED;
    let mut nested = fine;
    for _ in 0..3 {
        for space in [Space::new(2, 1), Space::new(8, 2), Space::new(1, 1)] {
            let cpu = nested.scale_to(space).unwrap();
            assert_eq!((cpu.x, cpu.y, cpu.width, cpu.height), (0, 0, 1, 1), "{nested:?}");
        }
        nested = whole.subordinate(fine.subordinate(nested));
    }
}

proptest! {
    #[test]
    fn every_index_is_a_location_of_the_space(space in space(), index: u32) {
        let location = space.location_of_index(index);
        prop_assert!(location == Location::default() || location.within(space));
    }

    #[test]
    fn containment_is_that_of_wide_numbers(inner in location(), outer in location()) {
        let ends = |at: i32, len: u32| (i128::from(at), i128::from(at) + i128::from(len));
        let axis = |(start, end): (i128, i128), (low, high): (i128, i128)| {
            low <= start && start < end && end <= high
        };
        let expected = axis(ends(inner.x, inner.width), ends(outer.x, outer.width))
            && axis(ends(inner.y, inner.height), ends(outer.y, outer.height));
        prop_assert_eq!(inner.inside(outer), expected);
    }

    #[test]
    fn a_part_is_inside(whole in location(), part in location()) {
        if let Some(found) = whole.part(part) {
            prop_assert!(found.inside(whole));
            prop_assert_eq!((found.width, found.height), (part.width, part.height));
        } else {
            let fits = part.within(Space::new(whole.width, whole.height));
            let far = whole.x.checked_add(part.x).and(whole.y.checked_add(part.y)).is_none();
            prop_assert!(!fits || far);
        }
    }

    #[test]
    fn a_scaled_rectangle_lies_within(
        affinity in prop_oneof![sensible(), affinity()], space in space(),
    ) {
        let sensible = affinity.location.within(affinity.space) && !space.is_empty();
        if let Ok(location) = affinity.scale_to(space) {
            prop_assert!(sensible && location.within(space));
        } else {
            let reaches_far = space.width.max(space.height) > i32::MAX as u32;
            prop_assert!(!sensible || reaches_far);
        }
    }

    #[test]
    fn scaling_to_the_own_space_changes_nothing(affinity in sensible()) {
        prop_assert_eq!(affinity.scale_to(affinity.space), Ok(affinity.location));
    }

    #[test]
    fn a_subordinate_is_within_its_space_and_its_component(
        own in sensible(), session in prop_oneof![sensible(), affinity()],
    ) {
        let result = own.subordinate(session);
        prop_assert!(result.location.within(result.space), "{:?}", result);
        // the columns of the component in the finer space
        let finer = |x: i64| {
            i128::from(x) * i128::from(result.space.width) / i128::from(own.space.width)
        };
        let (at, len) = (i64::from(result.location.x), i64::from(result.location.width));
        let (own_at, own_len) = (i64::from(own.location.x), i64::from(own.location.width));
        prop_assert!(finer(own_at) <= i128::from(at), "{:?}", result);
        prop_assert!(i128::from(at + len) <= finer(own_at + own_len), "{:?}", result);
    }
}
