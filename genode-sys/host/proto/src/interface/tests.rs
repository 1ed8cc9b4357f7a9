//! Every call of every interface: what is written reads the same, and nothing else is read as one.

use core::fmt::Debug;

use genode_affinity::{Affinity, Location, Space};
use genode_args::quota::{Amount, CapQuota, RamQuota};
use genode_wire::{
    Cap, Caps, ExceptionCode, FixedString, InBuffer, Reader, Text, Wire, WireError, Writer,
};

use super::*;
use crate::MAX_BODY;
use crate::opcode::{GENODE_26_02, Table};

/// A capability is its number here.
type Held = Option<u8>;

/// The message of a call.
fn message(call: &impl Call<'static, Held>) -> (Vec<u8>, Vec<Held>) {
    let (mut body, mut caps) = ([0xee; MAX_BODY], Caps::new());
    let mut writer = Writer::new(&mut body, &mut caps);
    call.write(&GENODE_26_02, &mut writer).unwrap();
    let len = writer.len();
    (body[..len].to_vec(), caps.as_slice().to_vec())
}

/// Reads a message as a call. Calls may borrow from their message, which therefore stays.
fn read<C: Call<'static, Held>>(body: &[u8], held: &[Held]) -> Result<C, ExceptionCode> {
    let caps = Box::leak(Box::new(Caps::new()));
    for cap in held {
        caps.push(*cap).unwrap();
    }
    C::read(&GENODE_26_02, &mut Reader::new(body.to_vec().leak(), caps))
}

/// What is written reads the same; cut anywhere, or with other capabilities, it is refused.
fn check<C: Call<'static, Held> + PartialEq + Debug>(call: &C) {
    let malformed = Err(ExceptionCode::MALFORMED);
    let (body, held) = message(call);
    assert_eq!(read::<C>(&body, &held).as_ref(), Ok(call));
    for len in 0..body.len() {
        let cut = read::<C>(&body[..len], &held);
        let padding = body[len..].iter().all(|b| *b == 0) && body.len() - len < 8;
        let same = padding && cut.as_ref() == Ok(call);
        assert!(cut == malformed || same, "{call:?} cut to {len}: {cut:?}");
    }
    let surplus = [&held[..], &[Some(9)]].concat();
    assert_eq!(read::<C>(&body, &surplus), malformed, "{call:?}");
    if let Some((_, fewer)) = held.split_last() {
        assert_eq!(read::<C>(&body, fewer), malformed, "{call:?}");
    }
    for opcode in [99, u64::MAX, 1 << 32] {
        let other = [&opcode.to_le_bytes(), &body[8..]].concat();
        assert_eq!(read::<C>(&other, &held), Err(ExceptionCode::INVALID_OPCODE), "{call:?}");
    }
    // Bytes behind the arguments are not looked at: not every system tells how long a message was.
    let longer = [&body[..], &[0xaa; 16]].concat();
    assert_eq!(read::<C>(&longer, &held).as_ref(), Ok(call));
}

type ParentCall = parent::Call<'static, Held>;

const CAP: Cap<Held> = Cap(Some(1));

#[test]
fn calls_of_protection_domains() {
    use pd::{Cache, Transfer, Transfers};
    let (to, amount) = (CAP, 4096);
    check(&pd::Call::TransferRam { to, amount });
    check(&pd::Call::TransferCaps { to, amount });
    check(&pd::Call::AssignParent { parent: CAP });
    check(&pd::Call::RefAccount { account: CAP });
    check(&pd::Call::<Held>::AllocRam { size: 4096, cache: Cache::WriteCombined });
    check(&pd::Call::FreeRam { ds: CAP });
    check(&pd::Call::RamSize { ds: CAP });
    check(&pd::Call::<Held>::CapQuota);
    check(&pd::Call::<Held>::UsedCaps);
    check(&pd::Call::<Held>::RamQuota);
    check(&pd::Call::<Held>::UsedRam);
    check(&pd::Call::<Held>::NativePd);
    check(&pd::Call::<Held>::Account);
    check(&pd::Call::<Held>::AllocRamOnNode { size: 1, cache: Cache::Cached, node: 3 });
    for count in 0..=pd::MAX_TRANSFERS as u64 {
        let one = |i| Transfer { from: i, to: i + 1, amount: Amount::new(4096, u64::MAX) };
        let transfers = Transfers((0..count).map(one).collect());
        check(&pd::Call::<Held>::TransferAll { transfers });
    }
    for count in [0, 1, pd::MAX_ACCOUNTS as u32] {
        check(&pd::Call::<Held>::Accounts { pds: pd::Named((0..count).collect()) });
    }
    check(&native_pd::Call::Start { binary: CAP });
    check(&native_pd::Call::<Held>::Termination);
}

#[test]
fn calls_of_other_sessions() {
    let name = FixedString::new("ep").unwrap();
    let location = Location::new(-1, 2, 3, 4);
    check(&cpu::Call::CreateThread { pd: CAP, name, location, entry: 5 });
    check(&cpu::Call::KillThread { thread: CAP });
    check(&cpu::Call::ExceptionSigh { handler: CAP });
    check(&cpu::Call::<Held>::AffinitySpace);
    check(&cpu::Call::<Held>::NativeCpu);
    check(&log::Call::Write { text: InBuffer::bytes(b"a line\n\xff\0").unwrap() });
    check(&dataspace::Call::Size);
    check(&dataspace::Call::Writeable);
    check(&rom::Call::<Held>::Dataspace);
    check(&rom::Call::<Held>::Update);
    check(&rom::Call::Sigh { handler: CAP });
    check(&rm::Call::<Held>::Create { size: 1 << 20 });
    check(&rm::Call::Destroy { map: CAP });
    let attr = region_map::Attr {
        size: 1,
        offset: 2,
        use_at: true,
        at: 3,
        executable: false,
        writeable: true,
    };
    check(&region_map::Call::Attach { ds: CAP, attr });
    check(&region_map::Call::<Held>::Detach { at: 7 });
    check(&region_map::Call::FaultHandler { handler: CAP });
    check(&region_map::Call::<Held>::Fault);
    check(&region_map::Call::<Held>::Dataspace);
    let (subject, policy) = (7, 0x0102_0304);
    check(&trace::Call::Dataspace);
    check(&trace::Call::AllocPolicy { size: 4096 });
    check(&trace::Call::Policy { policy });
    check(&trace::Call::UnloadPolicy { policy });
    check(&trace::Call::Trace { subject, policy, size: 1 << 20 });
    check(&trace::Call::Pause { subject });
    check(&trace::Call::Resume { subject });
    check(&trace::Call::Subjects);
    check(&trace::Call::Buffer { subject });
    check(&trace::Call::Free { subject });
    check(&trace::Call::SubjectInfos);
}

#[test]
fn calls_of_parents() {
    let affinity = Affinity::new(Space::new(4, 2), Location::new(-1, 1, 3, 1));
    let (service, args) = (Text::new("LOG").unwrap(), Text::new("label=\"a -> b\"").unwrap());
    let wanted = FixedString::new("ram_quota=4096").unwrap();
    let (id, payer, amount) = (7, 1, Amount::new(2, 3));
    check(&ParentCall::Exit { value: -1 });
    check(&ParentCall::Announce { service });
    check(&ParentCall::SessionSigh { handler: CAP });
    check(&ParentCall::Session { id, service, args, affinity });
    check(&ParentCall::SessionCap { id });
    check(&ParentCall::Upgrade { id, args });
    check(&ParentCall::Close { id });
    check(&ParentCall::SessionResponse { id, response: 1 });
    check(&ParentCall::DeliverSessionCap { id, cap: CAP });
    check(&ParentCall::MainThreadCap);
    check(&ParentCall::ResourceAvailSigh { handler: CAP });
    check(&ParentCall::ResourceRequest { args: wanted });
    check(&ParentCall::YieldSigh { handler: CAP });
    check(&ParentCall::YieldRequest);
    check(&ParentCall::YieldResponse);
    check(&ParentCall::HeartbeatSigh { handler: CAP });
    check(&ParentCall::HeartbeatResponse);
    check(&ParentCall::SessionFor { id, service, args, affinity, payer, amount });
    check(&ParentCall::CloseFor { id, payer, amount });
}

/// Bytes of a request for a session, as C++ sends them.
#[test]
fn a_session_request_has_genodes_bytes() {
    let affinity = Affinity::new(Space::new(1, 2), Location::new(3, 4, 5, 6));
    let (service, args) = (Text::new("LOG").unwrap(), Text::new("label=\"\"").unwrap());
    let (body, _) = message(&ParentCall::Session { id: 6, service, args, affinity });
    let words: [[u8; 8]; 10] = [
        [3, 0, 0, 0, 0, 0, 0, 0],
        [6, 0, 0, 0, 0, 0, 0, 0],
        [4, 0, 0, 0, 0, 0, 0, 0],
        *b"LOG\0\0\0\0\0",
        [9, 0, 0, 0, 0, 0, 0, 0],
        *b"label=\"\"",
        [0; 8],
        [1, 0, 0, 0, 2, 0, 0, 0],
        [3, 0, 0, 0, 4, 0, 0, 0],
        [5, 0, 0, 0, 6, 0, 0, 0],
    ];
    assert_eq!(body, words.as_flattened());
}

#[test]
fn structs_have_genodes_sizes() {
    assert_eq!(region_map::Attr::SIZE, 40);
    assert_eq!(region_map::Range::SIZE, 16);
    assert_eq!(region_map::Fault::SIZE, 16);
    assert_eq!(native_pd::Termination::SIZE, 16);
}

/// Reads a message that is good but for one byte.
fn spoilt<C: Call<'static, Held>>(call: &C, at: usize, byte: u8) -> Result<(), ExceptionCode> {
    let (mut body, held) = message(call);
    body[at] = byte;
    read::<C>(&body, &held).map(drop)
}

#[test]
fn what_a_type_does_not_define_is_refused() {
    let attr = region_map::Attr {
        size: 0,
        offset: 0,
        use_at: true,
        at: 0,
        executable: false,
        writeable: false,
    };
    let attach = region_map::Call::Attach { ds: CAP, attr };
    for at in [8 + 16, 8 + 32, 8 + 33] {
        assert_eq!(spoilt(&attach, at, 1), Ok(()), "byte {at}");
        assert_eq!(spoilt(&attach, at, 2), Err(ExceptionCode::MALFORMED), "byte {at}");
    }
    let alloc = pd::Call::<Held>::AllocRam { size: 4096, cache: pd::Cache::Cached };
    assert_eq!(spoilt(&alloc, 16, 3), Err(ExceptionCode::MALFORMED));
    let transfers = pd::Transfers::default();
    let transfer = pd::Call::<Held>::TransferAll { transfers };
    assert_eq!(spoilt(&transfer, 8, 5), Err(ExceptionCode::MALFORMED));

    let accounts = pd::Call::<Held>::Accounts { pds: pd::Named::default() };
    assert_eq!(spoilt(&accounts, 8, 61), Err(ExceptionCode::MALFORMED));

    let args = Text::new("ram_quota=4K").unwrap();
    let upgrade = ParentCall::Upgrade { id: 7, args };
    for (at, byte) in [(16, 12), (16, 14), (16, 255), (17, 1), (24, 0), (24, 0xff), (36, b'x')] {
        let refused = Err(ExceptionCode::MALFORMED);
        assert_eq!(spoilt(&upgrade, at, byte), refused, "byte {at} is {byte}");
    }
    let request = ParentCall::ResourceRequest { args: FixedString::new("ram_quota=4K").unwrap() };
    for (at, byte) in [(168, 12), (168, 14), (168, 161), (175, 1), (8, 0), (20, b'x')] {
        let refused = Err(ExceptionCode::MALFORMED);
        assert_eq!(spoilt(&request, at, byte), refused, "byte {at} is {byte}");
    }
}

#[test]
fn numbers_of_a_table_stand_for_one_value_each() {
    use parent::{SessionError, SessionResponse};
    let table: &Table = &GENODE_26_02;
    for number in 0..5 {
        assert_eq!(SessionError::of(number, table).unwrap().number(table), number);
        assert_eq!(SessionResponse::of(number, table).unwrap().number(table), number);
    }
    for number in [-1, 5, i32::MAX, i32::MIN] {
        assert_eq!(SessionError::of(number, table), Err(WireError::BadValue));
        assert_eq!(SessionResponse::of(number, table), Err(WireError::BadValue));
        assert_eq!(parent::SessionCapError::of(number, table), Err(WireError::BadValue));
    }
}

/// What is written reads the same, takes as much as its type says at most, and one more than fits
/// is refused.
fn check_list<T>(list: &T, size: usize)
where
    T: genode_wire::Encode<Held> + for<'m> genode_wire::Decode<'m, Held> + PartialEq + Debug,
{
    let (mut body, mut caps) = ([0; MAX_BODY], Caps::<Held>::new());
    let mut writer = Writer::new(&mut body, &mut caps);
    writer.put(list).unwrap();
    assert_eq!((writer.len(), T::SIZE, T::CAPS), (size, size, 0));
    let read = |body: &[u8]| T::decode(&mut Reader::new(body, &mut Caps::<Held>::new()));
    assert_eq!(read(&body).as_ref(), Ok(list));
    assert!(read(&body[..size - 8]).is_err(), "cut");
    body[0] += 1;
    assert!(read(&body).is_err(), "too many");
}

#[test]
fn the_longest_lists_are_as_long_as_is_said() {
    use pd::{Account, Accounts, Named, Transfer, Transfers};
    let amount = |n| Amount { ram: RamQuota(n), caps: CapQuota(n + 1) };
    let named = (0..pd::MAX_ACCOUNTS as u32).map(|n| n + 7);
    check_list(&Named(named.collect()), 8 + 60 * 8);
    let accounts =
        (0..pd::MAX_ACCOUNTS as u64).map(|n| Account { limit: amount(n), used: amount(2 * n) });
    check_list(&Accounts(accounts.collect()), 8 + 60 * 32);
    let transfers =
        (0..pd::MAX_TRANSFERS as u64).map(|n| Transfer { from: n, to: n + 1, amount: amount(n) });
    check_list(&Transfers(transfers.collect()), 8 + 4 * 32);
}
