//! Thin helpers over the seam for test components: what the SDK does properly.
#![allow(dead_code)] // every component uses some of it
#![allow(
    unreachable_pub,
    clippy::undocumented_unsafe_blocks,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used
)]
use std::ffi::c_void;

use genode_sys::*;
use rs_host_proto::opcode::{OPCODES, cost, env_id, native_pd};
use rs_host_proto::wire::{Reader, Writer};

pub fn log(text: &str) {
    unsafe { rs_log(RS_LOG, text.as_ptr().cast(), text.len()) };
}

#[macro_export]
macro_rules! say {
    ($($arg:tt)*) => { $crate::support::log(&format!($($arg)*)) };
}

pub struct Answer {
    pub protocol: i64,
    pub body: Vec<u8>,
    pub caps: Vec<rs_cap_t>,
}

impl Answer {
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(&self.body)
    }
    pub fn cap(&self) -> rs_cap_t {
        self.caps.first().copied().unwrap_or(0)
    }
}

pub fn call(
    dst: rs_cap_t,
    opcode: u64,
    caps: &[rs_cap_t],
    fill: impl FnOnce(&mut Writer<'_>),
) -> Result<Answer, rs_err_t> {
    let mut body = [0; 2048];
    let mut w = Writer::new(&mut body);
    w.u64(opcode);
    fill(&mut w);
    let len = w.finish().unwrap();
    let mut all = [0; 4];
    all[..caps.len()].copy_from_slice(caps);
    let msg = rs_msg_t {
        data: body.as_mut_ptr(),
        len,
        capacity: len,
        caps: all,
        num_caps: caps.len() as u32,
    };
    let mut out = vec![0; 2048];
    let mut reply =
        rs_msg_t { data: out.as_mut_ptr(), len: 0, capacity: out.len(), caps: [0; 4], num_caps: 0 };
    let mut protocol = 0;
    match unsafe { rs_call(dst, &msg, &mut reply, &mut protocol) } {
        RS_OK => {
            out.truncate(reply.len);
            Ok(Answer { protocol, body: out, caps: reply.caps[..reply.num_caps as usize].to_vec() })
        }
        e => Err(e),
    }
}

pub fn open(service: &str, label: &str, ram: u64, caps: u64) -> Result<(u64, rs_cap_t), rs_err_t> {
    let args = format!("label=\"{label}\", ram_quota={ram}, cap_quota={caps}");
    let (mut id, mut cap) = (0, 0);
    let e = unsafe {
        rs_session_open(
            service.as_ptr().cast(),
            service.len(),
            args.as_ptr().cast(),
            args.len(),
            std::ptr::null(),
            &mut id,
            &mut cap,
        )
    };
    if e == RS_OK { Ok((id, cap)) } else { Err(e) }
}

/// Serve `handler` on the main entrypoint: opcode, message, reply body and capabilities.
pub type Handler = Box<dyn FnMut(u64, &[u8], &[rs_cap_t], &mut Reply) -> i64>;

#[derive(Default)]
pub struct Reply {
    pub body: Vec<u8>,
    pub caps: Vec<rs_cap_t>,
}

impl Reply {
    pub fn write(&mut self, fill: impl FnOnce(&mut Writer<'_>)) {
        let mut buf = [0; 2048];
        let mut w = Writer::new(&mut buf);
        fill(&mut w);
        let len = w.finish().unwrap();
        self.body = buf[..len].to_vec();
    }
}

unsafe extern "C" fn dispatch(
    ctx: *mut c_void,
    call: *const rs_msg_t,
    reply: *mut rs_msg_t,
) -> i64 {
    let handler = unsafe { &mut *ctx.cast::<Handler>() };
    let (call, reply) = unsafe { (&*call, &mut *reply) };
    let body = unsafe { std::slice::from_raw_parts(call.data, call.len) };
    let opcode = Reader::new(body).u64().unwrap_or(u64::MAX);
    let mut out = Reply::default();
    let protocol = handler(
        opcode,
        body.get(8..).unwrap_or_default(),
        &call.caps[..call.num_caps as usize],
        &mut out,
    );
    unsafe { std::ptr::copy_nonoverlapping(out.body.as_ptr(), reply.data, out.body.len()) };
    reply.len = out.body.len();
    reply.num_caps = out.caps.len() as u32;
    reply.caps[..out.caps.len()].copy_from_slice(&out.caps);
    protocol
}

pub fn serve(
    handler: impl FnMut(u64, &[u8], &[rs_cap_t], &mut Reply) -> i64 + 'static,
) -> (*mut rs_object_t, rs_cap_t) {
    let handler: Handler = Box::new(handler);
    let ctx = Box::into_raw(Box::new(handler));
    let (mut object, mut cap) = (std::ptr::null_mut(), 0);
    let e = unsafe {
        rs_object_manage(rs_ep_main(), Some(dispatch), ctx.cast(), &mut object, &mut cap)
    };
    assert_eq!(e, RS_OK);
    (object, cap)
}

unsafe extern "C" fn on_signal(ctx: *mut c_void, count: u32) {
    let handler = unsafe { &mut *ctx.cast::<Box<dyn FnMut(u32)>>() };
    handler(count);
}

pub fn signal(handler: impl FnMut(u32) + 'static) -> (*mut rs_signal_t, rs_cap_t) {
    let handler: Box<dyn FnMut(u32)> = Box::new(handler);
    let ctx = Box::into_raw(Box::new(handler));
    let (mut object, mut cap) = (std::ptr::null_mut(), 0);
    let e = unsafe {
        rs_signal_create(rs_ep_main(), false, Some(on_signal), ctx.cast(), &mut object, &mut cap)
    };
    assert_eq!(e, RS_OK);
    (object, cap)
}

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
    let parent = serve(move |opcode, body, _, reply| {
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
    });
    let native = call(pd.1, op.native_pd, &[], |_| {}).unwrap().cap();
    let ended = move |_| {
        let a = call(native, native_pd::TERMINATION, &[], |_| {}).unwrap();
        let mut r = a.reader();
        event(Event::Ended { how: r.i32().unwrap(), value: r.i32().unwrap() });
    };
    let sigh = signal(ended);
    let thread = call(cpu.1, OPCODES.cpu.create_thread, &[pd.1], |w| {
        w.string(b"ep", 32).u64(0).u64(0).u64(0);
    })
    .unwrap();
    unsafe { rs_cap_drop(thread.cap()) };
    call(cpu.1, OPCODES.cpu.exception_sigh, &[sigh.1], |_| {}).unwrap();
    call(pd.1, op.assign_parent, &[parent.1], |_| {}).unwrap();
    let ds = call(rom.1, rs_host_proto::opcode::rom::DATASPACE, &[], |_| {}).unwrap().cap();
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

pub fn quota() -> rs_quota_t {
    let mut q = rs_quota_t { ram_limit: 0, ram_used: 0, caps_limit: 0, caps_used: 0 };
    assert_eq!(unsafe { rs_quota(&mut q) }, RS_OK);
    q
}

pub fn exit(value: i32) -> ! {
    unsafe { rs_exit(value) }
}

/// The number that a ROM module holds.
pub fn read_number(module: &str) -> u32 {
    let (id, session) = open("ROM", module, cost::ROM.ram, cost::ROM.caps).unwrap();
    let ds = call(session, rs_host_proto::opcode::rom::DATASPACE, &[], |_| {}).unwrap().cap();
    let attr = rs_attach_attr_t { offset: 0, size: 0, at: 0, writeable: false, executable: false };
    let (mut addr, mut size) = (0, 0);
    assert_eq!(unsafe { rs_attach(ds, &attr, &mut addr, &mut size) }, RS_OK);
    let bytes = unsafe { std::slice::from_raw_parts(addr as *const u8, size) };
    let text = std::str::from_utf8(bytes).unwrap().trim_end_matches('\0').trim().to_owned();
    unsafe {
        rs_detach(addr);
        rs_cap_drop(ds);
        rs_cap_drop(session);
        rs_session_close(id);
    }
    text.parse().unwrap()
}
