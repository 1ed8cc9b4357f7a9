//! Quota moves between relatives only, and signals go to components only.
use std::collections::HashMap;

use genode_args::quota::{CapQuota, RamQuota};
use genode_args::repeats::Repeats;
use genode_host_proto::interface::pd::{AllTransferred, Transfer, Transfers};
use genode_host_proto::interface::{parent::Closed, rm};
use genode_wire::Decode;

use super::super::message::Goes;
use super::super::state::{Init, SessionArgs};
use super::*;
use crate::account::AccountId;
use crate::nucleus::testing::{Peer, nucleus};

/// Init, which may name three PD sessions: its own, that of a child, and a stranger's.
pub(super) struct Family {
    pub(super) services: Services,
    pub(super) nucleus: Nucleus,
    init: Peer,
    pub(super) accounts: [AccountId; 3],
    /// Under which init may call them, and the channel.
    indices: [u64; 3],
    channel: ChanId,
    /// What init may call: the parent.
    parent: ObjId,
    pub(super) pds: [ObjId; 3],
}

type ParentCall<'m> = parent::Call<'m, Came<'m>>;

const GIFT: Amount = Amount::new(4096, 3);

impl Family {
    pub(super) fn new() -> Self {
        let mut nucleus = nucleus();
        let init = nucleus.peer(Amount::new(1 << 20, 10));
        let mut services = Services::new(Modules::new(std::env::temp_dir()));
        let mut pd = |label| {
            let affinity = Affinity::default();
            let session = SessionArgs { label, affinity, donation: Amount::NONE };
            services.pd_open(&mut nucleus, &session).unwrap()
        };
        let pds = ["own", "child", "stranger"].map(&mut pd);
        let parent = nucleus.core_object(CoreObject::Parent).unwrap();
        let account = |pd: ObjId| match nucleus.objects[&pd].core {
            Some(CoreObject::Pd(id)) => services.pds[&id].account,
            _ => panic!("no PD session"),
        };
        let accounts = pds.map(account);
        let [own, child, stranger] = accounts;
        nucleus.accounts.refer(own, crate::account::ROOT);
        nucleus.accounts.refer(child, own);
        for account in [own, child, stranger] {
            let all = Amount::new(1 << 20, 100);
            nucleus.accounts.transfer(crate::account::ROOT, account, all).unwrap();
        }
        let sessions = HashMap::new();
        services.init =
            Some(Init { parent, account: own, sessions, exit: None, told: Repeats::new() });
        let claimed = pds.map(|pd| nucleus.claim(init.id, pd).unwrap());
        let (channel, indices) = (claimed[0].channel, claimed.map(|c| u64::from(c.index)));
        Self { services, nucleus, init, accounts, indices, channel, parent, pds }
    }

    pub(super) fn call<'m, T: for<'r> Decode<'r, Goes>>(
        &mut self,
        object: ObjId,
        call: &impl Call<'m, Came<'m>>,
        caps: &[Option<OwnedFd>],
    ) -> T {
        let (mut body, mut none) = ([0; MAX_BODY], Caps::new());
        let mut writer = Writer::new(&mut body, &mut none);
        call.write(&OPCODES, &mut writer).unwrap();
        let len = writer.len();
        let request = Request { body: &body[..len], caps, channel: self.channel };
        let mut response = Response::new();
        self.services.dispatch(&mut self.nucleus, object, &request, &mut response).unwrap();
        let mut caps = Caps::<Goes>::new();
        for cap in response.caps.as_slice() {
            caps.push(cap.clone()).unwrap();
        }
        Reader::new(&response.body[..response.len], &mut caps).take().unwrap()
    }

    /// The exception that a call without capabilities is answered by.
    pub(super) fn refused<'m>(
        &mut self,
        object: ObjId,
        call: &impl Call<'m, Came<'m>>,
    ) -> Option<ExceptionCode> {
        let (mut body, mut none) = ([0; MAX_BODY], Caps::new());
        let mut writer = Writer::new(&mut body, &mut none);
        call.write(&OPCODES, &mut writer).unwrap();
        let len = writer.len();
        let request = Request { body: &body[..len], caps: &[], channel: self.channel };
        self.services.dispatch(&mut self.nucleus, object, &request, &mut Response::new()).err()
    }

    /// The channel that init's calls come from.
    pub(super) fn channel(&self) -> ChanId {
        self.channel
    }

    /// Numbers by which init may name the three PD sessions.
    pub(super) fn indices(&self) -> [u64; 3] {
        self.indices
    }

    /// Core as init's parent.
    pub(super) fn parent(&self) -> ObjId {
        self.parent
    }

    /// What each of the three accounts has.
    fn limits(&self) -> [Amount; 3] {
        self.accounts.map(|id| self.nucleus.accounts.get(id).unwrap().quota.limit)
    }
}

#[test]
fn transfer_all_moves_nothing_between_strangers() {
    let mut family = Family::new();
    let [own, child, stranger] = family.indices;
    let before = family.limits();
    let all = |transfers: &[(u64, u64)]| {
        let transfers = transfers.iter().map(|&(from, to)| Transfer { from, to, amount: GIFT });
        pd::Call::<Came<'_>>::TransferAll { transfers: Transfers(transfers.collect()) }
    };
    let pd = family.pds[0];
    for strangers in [
        &[(stranger, own)][..],
        &[(own, stranger)],
        &[(child, stranger)],
        &[(stranger, child)],
        // Relatives first: none is made.
        &[(own, child), (child, stranger)],
        &[(own, own)],
        &[(own, 0)],
    ] {
        let answer: AllTransferred = family.call(pd, &all(strangers), &[]);
        assert_eq!((answer, family.limits()), (AllTransferred::Invalid, before), "{strangers:?}");
    }
    let answer: AllTransferred = family.call(pd, &all(&[(own, child), (child, own)]), &[]);
    assert_eq!((answer, family.limits()), (AllTransferred::Ok, before));
}

#[test]
fn an_account_is_told_at_once_as_part_by_part() {
    let mut family = Family::new();
    let pd = family.pds[1];
    let whole: pd::Account = family.call(pd, &pd::Call::<Came<'_>>::Account, &[]);
    let ram = |family: &mut Family, call| RamQuota(family.call::<u64>(pd, &call, &[]));
    let caps = |family: &mut Family, call| CapQuota(family.call::<u64>(pd, &call, &[]));
    type Call<'m> = pd::Call<Came<'m>>;
    let limit =
        Amount { ram: ram(&mut family, Call::RamQuota), caps: caps(&mut family, Call::CapQuota) };
    let used =
        Amount { ram: ram(&mut family, Call::UsedRam), caps: caps(&mut family, Call::UsedCaps) };
    assert_eq!(whole, pd::Account { limit, used });
    assert_ne!(limit, Amount::NONE);
}

#[test]
fn several_accounts_are_told_by_one_call_as_one_by_one() {
    let mut family = Family::new();
    let (own, pds) = (family.pds[0], family.pds);
    let gift = [Amount::new(4096, 1), Amount::new(8192, 2), Amount::NONE];
    for (account, amount) in family.accounts.into_iter().zip(gift) {
        family.nucleus.accounts.charge(account, amount).unwrap();
    }
    let each = pds.map(|pd| family.call(pd, &pd::Call::<Came<'_>>::Account, &[]));
    let all = |indices: &[u64]| {
        let pds = pd::Named(indices.iter().map(|index| *index as u32).collect());
        pd::Call::<Came<'_>>::Accounts { pds }
    };
    let [first, second, third] = family.indices;
    let told: pd::Accounts = family.call(own, &all(&[third, first, second, first]), &[]);
    assert_eq!(told.0, [each[2], each[0], each[1], each[0]]);
    assert!(each[0] != each[1] && each[1] != each[2]);
    let none: pd::Accounts = family.call(own, &all(&[]), &[]);
    assert!(none.0.is_empty());
    // A capability that is no PD session which the caller may call shows no account.
    let parent = family.nucleus.claim(family.init.id, family.parent).unwrap();
    for other in [0, 77, u32::MAX.into(), u64::from(parent.index)] {
        let (mut body, mut caps) = ([0; MAX_BODY], Caps::new());
        let mut message = Writer::new(&mut body, &mut caps);
        all(&[first, other]).write(&OPCODES, &mut message).unwrap();
        let len = message.len();
        let request = Request { body: &body[..len], caps: &[], channel: family.channel };
        let mut response = Response::new();
        let served = family.services.dispatch(&mut family.nucleus, own, &request, &mut response);
        assert_eq!((served, response.len), (Err(ExceptionCode::INVALID_OBJECT), 0), "{other}");
    }
}

#[test]
fn a_parent_is_given_once_and_before_the_start() {
    let mut family = Family::new();
    let pd = family.pds[1];
    let Some(CoreObject::Pd(id)) = family.nucleus.objects[&pd].core else { panic!() };
    let assign = |family: &mut Family| {
        let parent = [Some(fd::token().unwrap())];
        let () = family.call(pd, &pd::Call::AssignParent { parent: CAP }, &parent);
        let parent = family.services.pds[&id].parent.as_ref();
        parent.map(|fd| genode_host_proto::sys::identity(fd).unwrap().inode)
    };
    let first = assign(&mut family);
    assert!(first.is_some());
    assert_eq!(assign(&mut family), first, "once");
    let memory = fd::ram(4096).unwrap();
    let place = family.nucleus.machine.everywhere();
    let pd = family.services.pds.get_mut(&id).unwrap();
    super::super::pd::start(&mut family.nucleus, id, pd, &memory, place);
    assert!(pd.parent.is_none() && pd.is_started(), "it is the process's from then on");
    assert_eq!(assign(&mut family), None, "core keeps none for a process that has one");
}

#[test]
fn session_for_and_close_for_want_the_account_of_a_child_of_init() {
    let mut family = Family::new();
    let [_, child, stranger] = family.indices;
    let parent = family.parent;
    let open = |id, payer| {
        let args = Text::new("label=\"x\", ram_quota=24576, cap_quota=8").unwrap();
        let (service, affinity) = (Text::new("LOG").unwrap(), Affinity::default());
        ParentCall::SessionFor { id, service, args, affinity, payer, amount: GIFT }
    };
    let before = family.limits();
    for payer in [stranger, 0, 77, u64::MAX] {
        let opened: Result<Cap<Goes>, i32> = family.call(parent, &open(7, payer), &[]);
        assert!(opened.is_err(), "{payer}");
        assert_eq!(family.limits(), before, "{payer}");
    }
    let opened: Result<Cap<Goes>, i32> = family.call(parent, &open(7, child), &[]);
    assert!(opened.is_ok());
    assert_eq!(family.limits()[1] + GIFT, before[1]);
    // It is closed, and nobody but a child gets what init says.
    let close = |id, payer| ParentCall::CloseFor { id, payer, amount: GIFT };
    let closed: Closed = family.call(parent, &close(7, stranger), &[]);
    assert_eq!((closed, family.limits()[2]), (Closed::Kept, before[2]));
    let closed: Closed = family.call(parent, &close(7, child), &[]);
    assert_eq!((closed, family.limits()), (Closed::Done, before));
    assert!(family.nucleus.procs.contains_key(&family.init.id));
}

#[test]
fn no_object_of_cores_becomes_a_handler_of_faults_or_exceptions() {
    let mut family = Family::new();
    let session = super::super::rm::open(&mut family.nucleus, Amount::new(1 << 16, 10)).unwrap();
    let made: bool = family.call(session, &rm::Call::<Came<'_>>::Create { size: 4096 }, &[]);
    assert!(made);
    let object = |core: fn(&CoreObject) -> bool, nucleus: &Nucleus| {
        nucleus.objects.iter().find(|(_, o)| o.core.is_some_and(|o| core(&o))).map(|(id, _)| *id)
    };
    let map = object(|o| matches!(o, CoreObject::RegionMap(..)), &family.nucleus).unwrap();
    let Some(CoreObject::RegionMap(_, id)) = family.nucleus.objects[&map].core else { panic!() };
    let own = family.nucleus.capability(family.pds[0]).unwrap();
    let set = region_map::Call::FaultHandler { handler: CAP };
    let () = family.call(map, &set, &[Some(own.try_clone().unwrap())]);
    assert_eq!(family.nucleus.maps.sigh(id), None);
    // A component's is one.
    let ep = family.init.entrypoint(&mut family.nucleus);
    let (context, cap) = family.init.object(&mut family.nucleus, ep);
    let () = family.call(map, &set, &[Some(cap.try_clone().unwrap())]);
    assert_eq!(family.nucleus.maps.sigh(id), Some(context));

    let affinity = Affinity::default();
    let args = SessionArgs { label: "cpu", affinity, donation: Amount::new(0, 10) };
    let cpu = family.services.cpu_open(&mut family.nucleus, &args).unwrap();
    let sigh = |family: &Family| family.services.cpus.values().next().unwrap().sigh;
    let set = cpu::Call::ExceptionSigh { handler: CAP };
    let () = family.call(cpu, &set, &[Some(own.try_clone().unwrap())]);
    assert_eq!(sigh(&family), None);
    let () = family.call(cpu, &set, &[Some(cap)]);
    assert_eq!(sigh(&family), Some(context));
}

#[test]
fn a_thread_object_takes_a_capability_of_its_session_until_it_is_killed() {
    let mut family = Family::new();
    let args =
        SessionArgs { label: "cpu", affinity: Affinity::default(), donation: Amount::new(0, 5) };
    let cpu = family.services.cpu_open(&mut family.nucleus, &args).unwrap();
    let pd = family.nucleus.capability(family.pds[0]).unwrap();
    let create = |family: &mut Family| -> Option<OwnedFd> {
        let location = genode_affinity::Location::default();
        let name = FixedString::new("thread")?;
        let call = cpu::Call::CreateThread { pd: CAP, name, location, entry: 0 };
        let made: Result<Cap<Goes>, genode_host_proto::interface::AllocError> =
            family.call(cpu, &call, &[Some(pd.try_clone().unwrap())]);
        made.ok().and_then(|Cap(thread)| thread.map(|t| t.try_clone().unwrap()))
    };
    let left = |family: &Family| family.services.cpus.values().next().unwrap().quota.avail();
    let all = left(&family);
    let threads: Vec<_> = std::iter::from_fn(|| create(&mut family)).take(100).collect();
    assert_eq!(threads.len() as u64, all.caps.0, "as many as there are capabilities");
    assert_eq!(left(&family).caps.0, 0);
    for thread in &threads {
        let kill = cpu::Call::KillThread { thread: CAP };
        for _ in 0..2 {
            // The second time it is gone already.
            let () = family.call(cpu, &kill, &[Some(thread.try_clone().unwrap())]);
        }
    }
    assert_eq!(left(&family), all, "each comes back once");
}
