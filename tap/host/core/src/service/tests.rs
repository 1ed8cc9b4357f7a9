//! Calls that almost are what the interface says, as they arrive at core.

mod accounts;
mod closings;
mod looks;
mod threads;
mod traces;
mod worst;

use std::os::fd::OwnedFd;

use genode_affinity::Affinity;
use genode_args::quota::Amount;
use genode_host_proto::MAX_BODY;
use genode_host_proto::interface::{
    Call, cpu, dataspace, log, native_pd, parent, pd, region_map, rm, rom, trace,
};
use genode_wire::{Cap, FixedString, InBuffer, Text, Writer};

use super::message::Came;
use super::*;
use crate::account::Accounts;
use crate::fd;
use crate::isolation::Isolation;
use crate::machine::Machine;
use crate::nucleus::ChanId;

const CAP: Cap<Came<'_>> = Cap(None);

struct Core {
    services: Services,
    nucleus: Nucleus,
}

impl Core {
    fn new() -> Self {
        let accounts = Accounts::new(Amount::new(1 << 20, 100));
        let machine = Machine::real().unwrap();
        let (nucleus, _doorbell, _bell) = Nucleus::new(
            accounts,
            machine,
            Isolation::new().unwrap(),
            crate::grants::Grants::default(),
        )
        .unwrap();
        let modules = Modules::new(std::env::temp_dir());
        Self { services: Services::new(modules), nucleus }
    }

    fn object(&mut self, core: CoreObject) -> ObjId {
        self.nucleus.core_object(core).unwrap()
    }

    /// Sends a message with some capabilities, all of them invalid unless there is a `valid` one behind them.
    fn send(&mut self, object: ObjId, body: &[u8], invalid: usize, valid: bool) -> Served {
        let mut caps: Vec<Option<OwnedFd>> = (0..invalid).map(|_| None).collect();
        if valid {
            caps.push(Some(fd::token().unwrap()));
        }
        let request = Request { body, caps: &caps, channel: ChanId(0) };
        self.services.dispatch(&mut self.nucleus, object, &request, &mut Response::new())
    }

    /// Sends a call to an object of core's that serves nothing: honestly, cut, with capabilities too few and too many, and
    /// with other bytes at some places. Only what is honest is looked at, and then there is no such session.
    fn check<'m>(
        &mut self,
        target: CoreObject,
        call: &impl Call<'m, Came<'m>>,
        lies: &[(usize, &[u8])],
    ) {
        let (mut body, mut caps) = ([0; MAX_BODY], Caps::new());
        let mut writer = Writer::new(&mut body, &mut caps);
        call.write(&OPCODES, &mut writer).unwrap();
        let len = writer.len();
        let (body, caps) = (&body[..len], caps.as_slice().len());
        let object = self.object(target);
        let honest = self.send(object, body, caps, false);
        assert_ne!(honest, Err(ExceptionCode::MALFORMED), "{target:?} {body:?}");
        assert_ne!(honest, Err(ExceptionCode::INVALID_OPCODE), "{target:?} {body:?}");

        let malformed = Err(ExceptionCode::MALFORMED);
        let mut refused = |body: &[u8], invalid, valid, what: &str| {
            let served = self.send(object, body, invalid, valid);
            assert_eq!(served, malformed, "{target:?} {what}: {body:?}");
        };
        refused(&body[..body.len() - 8], caps, false, "cut");
        refused(body, caps, true, "a capability too many");
        if caps > 0 {
            refused(body, caps - 1, false, "a capability too few");
        }
        for (at, bytes) in lies {
            let mut body = body.to_vec();
            body[*at..at + bytes.len()].copy_from_slice(bytes);
            refused(&body, caps, false, "a lie");
        }
        let unknown = [&99_u64.to_le_bytes(), &body[8..]].concat();
        let served = self.send(object, &unknown, caps, false);
        assert_eq!(served, Err(ExceptionCode::INVALID_OPCODE), "{target:?}");
    }
}

#[test]
fn a_flag_is_zero_or_one_and_a_value_one_of_its_enum() {
    let mut core = Core::new();
    let owner = crate::nucleus::map::OwnerId(7);
    let map = crate::nucleus::map::MapId(7);
    let attr = region_map::Attr {
        size: 0,
        offset: 0,
        use_at: false,
        at: 0,
        executable: false,
        writeable: false,
    };
    let attach = region_map::Call::Attach { ds: CAP, attr };
    let flags: [(usize, &[u8]); 3] = [(24, &[2]), (40, &[2]), (41, &[0xff])];
    core.check(CoreObject::RegionMap(owner, map), &attach, &flags);
    let alloc = pd::Call::AllocRam { size: 4096, cache: pd::Cache::Cached };
    core.check(CoreObject::Pd(7), &alloc, &[(16, &[3]), (16, &[0xff; 4])]);
    let alloc = pd::Call::AllocRamOnNode { size: 4096, cache: pd::Cache::Cached, node: 0 };
    core.check(CoreObject::Pd(7), &alloc, &[(16, &[3])]);
    let transfers = pd::Transfers::default();
    core.check(CoreObject::Pd(7), &pd::Call::TransferAll { transfers }, &[(8, &[5])]);
}

#[test]
fn text_ends_in_its_one_zero() {
    let mut core = Core::new();
    let name = FixedString::new("ep").unwrap();
    let location = genode_affinity::Location::default();
    let thread = cpu::Call::CreateThread { pd: CAP, name, location, entry: 0 };
    // No zero, a length that is not the text's, and one that no name has.
    core.check(CoreObject::Cpu(7), &thread, &[(8, &[b'x'; 32]), (40, &[9]), (40, &[33])]);
    let text = InBuffer::bytes(b"line\n\xff\0").unwrap();
    let lies: [(usize, &[u8]); 4] = [(22, b"x"), (17, &[0; 6]), (8, &[6]), (8, &[233])];
    core.check(CoreObject::Log(7), &log::Call::Write { text }, &lies);

    type Call<'a> = parent::Call<'a, Came<'a>>;
    let service = Text::new("ROM").unwrap();
    core.check(CoreObject::Parent, &Call::Announce { service }, &[(19, b"x"), (16, &[0xff])]);
    let args = Text::new("ram_quota=4K").unwrap();
    let affinity = Affinity::default();
    let session = Call::Session { id: 7, service, args, affinity };
    core.check(CoreObject::Parent, &session, &[(27, b"x"), (24, &[0xff]), (52, b"x"), (16, &[65])]);
    let lies: [(usize, &[u8]); 3] = [(36, b"x"), (16, &[161]), (27, &[0])];
    core.check(CoreObject::Parent, &Call::Upgrade { id: 7, args }, &lies);
    let args = FixedString::new("ram_quota=4K").unwrap();
    let lies: [(usize, &[u8]); 3] = [(168, &[5]), (8, &[b'x'; 160]), (168, &[161])];
    core.check(CoreObject::Parent, &Call::ResourceRequest { args }, &lies);
}

#[test]
fn capabilities_and_arguments_are_as_many_as_the_interface_says() {
    let mut core = Core::new();
    let owner = crate::nucleus::map::OwnerId(7);
    let map = crate::nucleus::map::MapId(7);
    core.check(CoreObject::Pd(7), &pd::Call::FreeRam { ds: CAP }, &[]);
    core.check(CoreObject::Pd(7), &pd::Call::TransferRam { to: CAP, amount: 1 }, &[]);
    core.check(CoreObject::Pd(7), &pd::Call::RefAccount { account: CAP }, &[]);
    core.check(CoreObject::Pd(7), &pd::Call::<Came<'_>>::RamQuota, &[]);
    core.check(CoreObject::NativePd(7), &native_pd::Call::Start { binary: CAP }, &[]);
    core.check(CoreObject::Cpu(7), &cpu::Call::ExceptionSigh { handler: CAP }, &[]);
    core.check(CoreObject::Rom(7), &rom::Call::Sigh { handler: CAP }, &[]);
    core.check(CoreObject::Rm(owner), &rm::Call::Destroy { map: CAP }, &[]);
    core.check(
        CoreObject::RegionMap(owner, map),
        &region_map::Call::FaultHandler { handler: CAP },
        &[],
    );
    core.check(CoreObject::Managed(map), &dataspace::Call::Size, &[]);
    core.check(CoreObject::Trace(7), &trace::Call::Free { subject: 7 }, &[]);
    let dataspace = CoreObject::Dataspace { size: 4096, writeable: false };
    core.check(dataspace, &dataspace::Call::Writeable, &[]);
}
