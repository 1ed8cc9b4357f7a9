//! Sessions with much in them are closed piece by piece, each within bounds, and what they held comes back when all is gone.
use genode_host_proto::PAGE;

use super::super::closing::{After, Closing, Donation, Rest};
use super::super::rm;
use super::accounts::Family;
use super::*;
use crate::account::ROOT;
use crate::nucleus::map::{Region, Rights};
use crate::work;

const K: u64 = PAGE as u64;

/// Closes what is left of a session; the number of pieces, each of which is within bounds.
fn pieces(family: &mut Family, rest: Rest) -> usize {
    let Family { services, nucleus, .. } = family;
    let donor = services.init.as_ref().unwrap().account;
    let donation = Amount::new(K, 1);
    let (before, sum) = (nucleus.accounts.get(donor).unwrap().quota.limit, nucleus.accounts.sum());
    let after = After::Closed(Donation { donor, amount: donation, back: None });
    let mut response = Response::new();
    let closing = Closing { rest, after };
    let (steps, begun) = work::of(|| services.let_go(nucleus, closing, &mut response));
    assert!(begun.is_ok() && response.later && steps <= work::MAX, "{steps}");
    let mut count = 1;
    while services.closings.any(nucleus) {
        let now = nucleus.accounts.get(donor).unwrap().quota.limit;
        assert_eq!(now, before, "the donation comes last");
        let (steps, reply) = work::of(|| services.close_a_piece(nucleus));
        // Nobody waits for the reply.
        assert!(reply.is_none() && steps <= work::MAX, "{steps}");
        count += 1;
    }
    let after = nucleus.accounts.get(donor).unwrap().quota.limit;
    assert!(after.checked_sub(before + donation).is_ok());
    assert_eq!(nucleus.accounts.sum(), sum);
    println!("{count} pieces");
    count
}

#[test]
fn an_rm_session_full_of_regions_is_closed_in_pieces() {
    let mut family = Family::new();
    let session = rm::open(&mut family.nucleus, Amount::new(1 << 30, 100)).unwrap();
    let Some(CoreObject::Rm(owner)) = family.nucleus.objects[&session].core else { panic!() };
    for _ in 0..4 {
        let size = 4096 * K;
        let made: bool = family.call(session, &rm::Call::Create { size }, &[]);
        assert!(made);
    }
    for (number, (_, map)) in family.nucleus.maps.of(owner).into_iter().enumerate() {
        for at in 0..4096 {
            let object = ObjId((1 << 40) + number as u64);
            let region = Region { object, inner: None, offset: 0, size: K, rights: Rights::all() };
            family.nucleus.maps.attach(map, region, Some(at * K)).unwrap();
        }
    }
    family.nucleus.object_destroy(session);
    let rest = rm::close(&family.nucleus, owner);
    assert!(pieces(&mut family, rest) >= 2);
    assert_eq!(family.nucleus.maps.count(), 0);
}

#[test]
fn a_pd_session_with_many_and_with_large_dataspaces_is_closed_in_pieces() {
    let mut family = Family::new();
    let [_, child, _] = family.accounts;
    let more = Amount::new(256 << 20, 1000);
    family.nucleus.accounts.transfer(ROOT, child, more).unwrap();
    let mut alloc = |size| {
        let call = pd::Call::<Came<'_>>::AllocRam { size, cache: pd::Cache::Cached };
        let made: bool = family.call(family.pds[1], &call, &[]);
        assert!(made, "{size} bytes");
    };
    (0..500).for_each(|_| alloc(K));
    alloc(150 << 20);
    let Some(CoreObject::Pd(id)) = family.nucleus.objects[&family.pds[1]].core else { panic!() };
    family.nucleus.object_destroy(family.pds[1]);
    let objects = family.nucleus.objects.len();
    let rest = family.services.pd_close(&mut family.nucleus, id);
    assert!(pieces(&mut family, rest) >= 16, "64 dataspaces a piece, 8 MiB a piece");
    assert_eq!(family.nucleus.objects.len(), objects - 502, "the dataspaces and the native PD");
    assert!(family.nucleus.accounts.get(child).is_none());
    assert_eq!(family.nucleus.accounts.unfounded(), Amount::NONE);
}

#[test]
fn core_ends_whatever_was_done_before() {
    let mut family = Family::new();
    let [_, child, _] = family.accounts;
    family.nucleus.accounts.transfer(ROOT, child, Amount::new(256 << 20, 1000)).unwrap();
    for size in [K, 20 << 20, K] {
        let call = pd::Call::<Came<'_>>::AllocRam { size, cache: pd::Cache::Cached };
        let made: bool = family.call(family.pds[1], &call, &[]);
        assert!(made);
    }
    let Some(CoreObject::Pd(id)) = family.nucleus.objects[&family.pds[1]].core else { panic!() };
    let rest = family.services.pd_close(&mut family.nucleus, id);
    work::count(work::MAX);
    assert!(work::over());
    rest.end(&mut family.nucleus);
    assert!(family.nucleus.accounts.get(child).is_none(), "all is gone");
    assert_eq!(family.nucleus.accounts.unfounded(), Amount::NONE);
}

#[test]
fn a_large_dataspace_is_freed_in_pieces_and_the_reply_goes_to_the_slot_that_waits() {
    let mut family = Family::new();
    let [_, child, _] = family.accounts;
    let more = Amount::new(256 << 20, 1000);
    family.nucleus.accounts.transfer(ROOT, child, more).unwrap();
    let pd = family.pds[1];
    let call = pd::Call::<Came<'_>>::AllocRam { size: 100 << 20, cache: pd::Cache::Cached };
    let made: bool = family.call(pd, &call, &[]);
    assert!(made);
    let ds = family.nucleus.objects.iter().find_map(|(_, object)| match object.core {
        Some(CoreObject::Dataspace { .. }) => object.fd.clone(),
        _ => None,
    });
    let ds = ds.unwrap().try_clone().unwrap();
    let used = |family: &Family| family.nucleus.accounts.get(child).unwrap().quota.used;
    let before = used(&family);
    let mut response = Response::new();
    let body = OPCODES.pd.free_ram.to_le_bytes();
    let caps = [Some(ds.try_clone().unwrap())];
    let request = Request { body: &body, caps: &caps, channel: ChanId(0) };
    let (steps, served) =
        work::of(|| family.services.dispatch(&mut family.nucleus, pd, &request, &mut response));
    assert!(served.is_ok() && response.later && steps <= work::MAX, "{steps}");
    let slot = crate::nucleus::SlotId(77);
    family.services.closings.from(slot);
    assert!(family.services.closings.hold(slot), "no other call is served there");
    let mut sizes = Vec::new();
    let (to, reply) = loop {
        assert_eq!(used(&family), before, "it is paid for until it is gone");
        sizes.push(rustix::fs::fstat(&ds).unwrap().st_size >> 20);
        if let Some(reply) = family.services.close_a_piece(&mut family.nucleus) {
            break reply;
        }
    };
    assert_eq!(sizes, (0..12).map(|n| 92 - 8 * n).collect::<Vec<_>>());
    let mut empty = Response::new();
    empty.put(&()).unwrap();
    let left = rustix::fs::fstat(&ds).unwrap().st_size;
    assert_eq!((to, reply.len, left), (slot, empty.len, 0));
    assert_eq!(used(&family), Amount::NONE);
    assert!(!family.services.closings.any(&family.nucleus) && !family.services.closings.hold(slot));
}

/// Steps that were counted before must not keep the last pieces from being let go.
#[test]
fn the_end_lets_all_go_whatever_was_done_before() {
    let (told, done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut family = Family::new();
        let pd = family.pds[1];
        let call = pd::Call::<Came<'_>>::AllocRam { size: K, cache: pd::Cache::Cached };
        let made: bool = family.call(pd, &call, &[]);
        assert!(made);
        let Some(CoreObject::Pd(id)) = family.nucleus.objects[&pd].core else { panic!() };
        let rest = family.services.pd_close(&mut family.nucleus, id);
        work::count(1 << 20);
        rest.end(&mut family.nucleus);
        told.send(family.nucleus.accounts.get(family.accounts[1]).is_none()).unwrap();
    });
    let gone = done.recv_timeout(std::time::Duration::from_mins(2));
    assert_eq!(gone, Ok(true), "the account goes with the session");
}
