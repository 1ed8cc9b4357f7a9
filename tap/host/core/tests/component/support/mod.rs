//! Children started by hand, as the child machinery does it.
#![allow(dead_code, unused_imports)] // every component uses some of it
#![allow(
    unreachable_pub,
    clippy::undocumented_unsafe_blocks,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used
)]
use genode_host_proto::opcode::{OPCODES, cost, env_id, native_pd};
use genode_host_proto::wire::Reader;
use genode_sys::*;
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
    Ended { how: i32, value: i32 },
}

/// Start module `name`; `session` answers its session requests with capabilities.
pub fn start(
    name: &str,
    ram: u64,
    caps: u64,
    session: impl Fn(&str) -> rs_cap_t + 'static,
    event: impl Fn(Event) + Clone + 'static,
) -> Child {
    let pd = open("PD", name, cost::PD.ram, cost::PD.caps).expect("PD");
    let cpu = open("CPU", name, cost::CPU.ram, cost::CPU.caps).expect("CPU");
    let log = open("LOG", name, cost::LOG.ram, cost::LOG.caps).expect("LOG");
    let rom = open("ROM", name, cost::ROM.ram, cost::ROM.caps).expect("ROM");
    let own = unsafe { rs_env_cap(RS_ENV_PD) };
    let op = &OPCODES.pd;
    let result = |a: Result<Answer, rs_err_t>| a.unwrap().reader().i32().unwrap();
    assert_eq!(result(call(pd.1, op.ref_account, &[own], |_| {})), 0);
    let give = |opcode, amount| {
        result(call(own, opcode, &[pd.1], |w| {
            w.u64(amount);
        }))
    };
    assert_eq!(give(op.transfer_ram, ram), 0);
    assert_eq!(give(op.transfer_caps, caps), 0);
    unsafe { rs_cap_drop(own) };
    let exited = event.clone();
    let parent = serve(move |opcode, body, _, reply: &mut Reply| {
        let p = &OPCODES.parent;
        let mut args = Reader::new(body);
        if opcode == p.session_cap {
            let cap = match args.u64().unwrap() {
                env_id::PD => pd.1,
                env_id::CPU => cpu.1,
                env_id::LOG => log.1,
                _ => 0,
            };
            reply.write(|w| {
                w.bool(cap != 0).u64(0);
            });
            reply.caps.push(unsafe { rs_cap_dup(cap) });
        } else if opcode == p.session {
            let _id = args.u64().unwrap();
            let service = String::from_utf8_lossy(args.in_string(64).unwrap()).into_owned();
            let cap = session(&service);
            reply.write(|w| {
                w.bool(cap != 0).u64(0);
            });
            reply.caps.push(cap);
        } else if opcode == p.exit {
            exited(Event::Exit(args.i32().unwrap()));
            reply.write(|w| {
                w.u64(0);
            });
        } else {
            return -2;
        }
        0
    })
    .unwrap();
    let native = call(pd.1, op.native_pd, &[], |_| {}).unwrap().cap();
    let ended = move |_| {
        let a = call(native, native_pd::TERMINATION, &[], |_| {}).unwrap();
        let mut r = a.reader();
        event(Event::Ended { how: r.i32().unwrap(), value: r.i32().unwrap() });
    };
    let sigh = signal(ended).unwrap();
    let thread = call(cpu.1, OPCODES.cpu.create_thread, &[pd.1], |w| {
        w.string(b"ep", 32).u64(0).u64(0).u64(0);
    })
    .unwrap();
    unsafe { rs_cap_drop(thread.cap()) };
    call(cpu.1, OPCODES.cpu.exception_sigh, &[sigh.1], |_| {}).unwrap();
    call(pd.1, op.assign_parent, &[parent.1], |_| {}).unwrap();
    let ds = call(rom.1, genode_host_proto::opcode::rom::DATASPACE, &[], |_| {}).unwrap().cap();
    call(native, native_pd::START, &[ds], |_| {}).unwrap();
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
