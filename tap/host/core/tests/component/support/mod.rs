//! Children started by hand, as the child machinery does it.
#![allow(dead_code, unused_imports)] // every component uses some of it
#![allow(unsafe_code, reason = "a component below the SDK")]
#![allow(
    unreachable_pub,
    clippy::undocumented_unsafe_blocks,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used
)]
use genode_affinity::Location;
use genode_args::cost;
use genode_host_proto::interface::native_pd::{Ended, Termination};
use genode_host_proto::interface::parent::ServiceName;
use genode_host_proto::interface::pd::{Referred, Transferred};
use genode_host_proto::opcode::{OPCODES, env_id};
use genode_sys::*;
use genode_wire::{Caps, ExceptionCode, FixedString, Reader};
pub use rs_raw::*;

/// A child started by hand, as the child machinery does it.
pub struct Child {
    pub pd: (u64, rs_cap_t),
    pub cpu: (u64, rs_cap_t),
    pub log: (u64, rs_cap_t),
    pub rom: (u64, rs_cap_t),
    pub native: rs_cap_t,
    pub parent: (*mut rs_object_t, rs_cap_t),
    pub sigh: (*mut rs_signal_t, rs_cap_t),
}

pub enum Event {
    Exit(i32),
    Ended { how: Ended, value: i64 },
}

/// Start module `name`; `session` answers its session requests with capabilities.
pub fn start(
    name: &str,
    ram: u64,
    caps: u64,
    session: impl Fn(&str) -> rs_cap_t + 'static,
    event: impl Fn(Event) + Clone + 'static,
) -> Child {
    let pd = open("PD", name, cost::PD).expect("PD");
    let cpu = open("CPU", name, cost::CPU).expect("CPU");
    let log = open("LOG", name, cost::LOG).expect("LOG");
    let rom = open("ROM", name, cost::ROM).expect("ROM");
    let own = unsafe { rs_env_cap(RS_ENV_PD) };
    let op = &OPCODES.pd;
    let referred = call(pd.1, op.ref_account, &[own], |_| {}).unwrap();
    assert_eq!(referred.result(), Ok(Referred::Ok));
    let give = |opcode, amount: u64| {
        let given = call(own, opcode, &[pd.1], |w| {
            w.put(&amount);
        });
        assert_eq!(given.unwrap().result(), Ok(Transferred::Ok));
    };
    give(op.transfer_ram, ram);
    give(op.transfer_caps, caps);
    unsafe { rs_cap_drop(own) };
    let exited = event.clone();
    let parent = serve(move |opcode, body, _, reply: &mut Reply| {
        let p = &OPCODES.parent;
        let mut none = Caps::<NoCap>::new();
        let mut args = Reader::new(body, &mut none);
        // The capability itself travels beside the body, where it takes no bytes.
        let mut attempt = |cap: rs_cap_t| {
            reply.put(&if cap == 0 { Err(0_i32) } else { Ok(0_u64) });
            reply.caps.push(cap);
        };
        if opcode == p.session_cap {
            let cap = match args.take().unwrap() {
                env_id::PD => pd.1,
                env_id::CPU => cpu.1,
                env_id::LOG => log.1,
                _ => 0,
            };
            attempt(unsafe { rs_cap_dup(cap) });
        } else if opcode == p.session {
            let _id: u64 = args.take().unwrap();
            attempt(session(&args.take::<ServiceName<'_>>().unwrap()));
        } else if opcode == p.exit {
            exited(Event::Exit(args.take().unwrap()));
            reply.put(&());
        } else {
            return ExceptionCode::INVALID_OPCODE;
        }
        ExceptionCode::SUCCESS
    })
    .unwrap();
    let native = call(pd.1, op.native_pd, &[], |_| {}).unwrap().cap();
    let ended = move |_| {
        let asked = call(native, OPCODES.native_pd.termination, &[], |_| {}).unwrap();
        let Termination { ended: how, value } = asked.result().unwrap();
        event(Event::Ended { how, value });
    };
    let sigh = signal(ended).unwrap();
    let thread = call(cpu.1, OPCODES.cpu.create_thread, &[pd.1], |w| {
        w.put(&FixedString::<32>::new("ep").unwrap()).put(&Location::default()).put(&0_u64);
    })
    .unwrap();
    unsafe { rs_cap_drop(thread.cap()) };
    call(cpu.1, OPCODES.cpu.exception_sigh, &[sigh.1], |_| {}).unwrap();
    call(pd.1, op.assign_parent, &[parent.1], |_| {}).unwrap();
    let ds = call(rom.1, OPCODES.rom.dataspace, &[], |_| {}).unwrap().cap();
    call(native, OPCODES.native_pd.start, &[ds], |_| {}).unwrap();
    unsafe { rs_cap_drop(ds) };
    Child { pd, cpu, log, rom, native, parent, sigh }
}

impl Child {
    /// End the child. Not from a callback of its own objects.
    pub fn destroy(self) {
        unsafe {
            rs_session_close(self.pd.0);
            rs_session_close(self.cpu.0);
            rs_session_close(self.log.0);
            rs_session_close(self.rom.0);
            rs_object_dissolve(self.parent.0);
            rs_signal_destroy(self.sigh.0);
            for cap in [
                self.pd.1,
                self.cpu.1,
                self.log.1,
                self.rom.1,
                self.native,
                self.parent.1,
                self.sigh.1,
            ] {
                rs_cap_drop(cap);
            }
        }
    }
}
