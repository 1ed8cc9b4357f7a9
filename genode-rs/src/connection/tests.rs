use core::cell::Cell;

use super::*;

/// A server that needs so much, and what it was given.
fn given(need: Amount, own: u64) -> (Result<bool, Error>, Amount) {
    let has = Cell::new(Amount { ram: RamQuota(0), caps: CapQuota(0) });
    let result = retry(
        || match has.get() {
            Amount { ram, .. } if ram.0 < need.ram.0 => Some(Shortage::Ram),
            Amount { caps, .. } if caps.0 < need.caps.0 => Some(Shortage::Caps),
            _ => None,
        },
        |short| *short,
        |more| {
            let Amount { ram, caps } = has.get();
            let (ram, caps) = (ram.0 + more.ram.0, caps.0 + more.caps.0);
            if ram > own {
                return Err(Error::OutOfRam);
            }
            has.set(Amount { ram: RamQuota(ram), caps: CapQuota(caps) });
            Ok(())
        },
    );
    (result.map(|answer| answer.is_none()), has.get())
}

fn need(kib: u64, caps: u64) -> Amount {
    Amount { ram: RamQuota(kib << 10), caps: CapQuota(caps) }
}

#[test]
fn upgrades_reach_what_a_server_needs() {
    for (kib, caps) in [(0, 0), (1, 1), (9, 0), (256, 5), (8 << 10, 50)] {
        let (result, has) = given(need(kib, caps), u64::MAX);
        assert_eq!(result, Ok(true), "{kib} KiB, {caps} capabilities");
        // Not more than twice the need and the first step.
        assert!(has.ram.0 <= (kib << 11) + (8 << 10), "{kib} KiB: {}", has.ram);
        assert!(has.caps.0 <= 2 * caps + 4, "{caps} capabilities: {}", has.caps.0);
    }
}

#[test]
fn an_upgrade_that_the_client_cannot_pay_is_its_own_shortage() {
    assert_eq!(given(need(256, 0), 100 << 10).0, Err(Error::OutOfRam));
}

#[test]
fn a_server_that_is_never_content_is_named() {
    let endless = Amount { ram: RamQuota(u64::MAX), caps: CapQuota(0) };
    assert_eq!(given(endless, u64::MAX).0, Err(Error::InsufficientRam));
    let endless = Amount { ram: RamQuota(0), caps: CapQuota(u64::MAX) };
    assert_eq!(given(endless, u64::MAX).0, Err(Error::InsufficientCaps));
}

#[test]
fn a_label_that_does_not_fit_is_told_with_the_limit() {
    use crate::session::rom::RomSession;
    let asked = |builder: &Builder<dyn RomSession>| match builder.failed {
        Some(Error::Argument(argument)) => Some((argument.asked(), argument.allowed())),
        _ => None,
    };
    let long = "l".repeat(200);
    assert_eq!(asked(&Builder::new(&long)), Some((205, 159)));
    assert_eq!(asked(&Builder::new("short")), None);
    assert_eq!(asked(&Builder::new("short").arg_str("key", &long)).map(|a| a.1), Some(159));
    assert_eq!(Builder::<dyn RomSession>::new("a\0b").failed, Some(Error::Invalid));
}
