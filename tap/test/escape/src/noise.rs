//! rs_noise: sends core what no component would: seeded random messages to its sessions, then seeded random packets on its
//! control socket, until it dies of it. Core must go on, and lose nothing.
#![no_main]
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use std::os::fd::BorrowedFd;

use fastrand::Rng;
use genode_args::cost;
use genode_host_proto::CONTROL_FD;
use genode_host_proto::control::Packet;
use genode_host_proto::opcode::OPCODES;
use genode_host_proto::sys::{self, Fds};
use genode_sys::*;
use rs_raw as seam;
use rustix::net::{RecvFlags, SendFlags};

/// Messages to sessions, and packets.
const MESSAGES: u32 = 20_000;
const PACKETS: u32 = 20_000;

/// A number that means something, or that is at an edge, or that is anything.
fn word(random: &mut Rng) -> u64 {
    match random.u64(..6) {
        0 => random.u64(..4),
        1 => random.u64(..400),
        2 => 1 << random.u64(..64),
        3 => u64::MAX - random.u64(..3),
        4 => 4096 * random.u64(..8),
        _ => random.u64(..),
    }
}

/// Random messages to all sessions that the component has, with random capabilities.
fn messages(random: &mut Rng) {
    // SAFETY: no precondition; the capabilities are ours.
    let (pd, cpu, parent) =
        unsafe { (rs_env_cap(RS_ENV_PD), rs_env_cap(RS_ENV_CPU), rs_env_cap(RS_ENV_PARENT)) };
    let module = seam::open("ROM", "module", cost::ROM).map_or(0, |(_, c)| c);
    let ds = seam::call(module, OPCODES.rom.dataspace, &[], |_| {}).map_or(0, |a| a.cap());
    let native = seam::call(pd, OPCODES.pd.native_pd, &[], |_| {}).map_or(0, |a| a.cap());
    let maps = seam::open("RM", "", cost::RM).map_or(0, |(_, cap)| cap);
    let map = seam::call(maps, OPCODES.rm.create, &[], |w| {
        w.put(&(1_u64 << 20));
    });
    let map = map.map_or(0, |a| a.cap());
    let targets = [pd, pd, cpu, module, ds, native, maps, map, parent];
    let mut answered = 0;
    for _ in 0..MESSAGES {
        let target = targets[random.u64(..targets.len() as u64) as usize];
        // The parent would end us if we asked it to.
        let opcode = if target == parent { 1 + random.u64(..20) } else { random.u64(..40) };
        let caps: Vec<_> = (0..random.u64(..5))
            .map(|_| targets[random.u64(..targets.len() as u64) as usize])
            .collect();
        let words: Vec<u64> = (0..random.u64(..24)).map(|_| word(random)).collect();
        let reply = seam::call(target, opcode, &caps, |w| {
            for word in &words {
                w.put(word);
            }
        });
        if let Ok(reply) = reply {
            answered += 1;
            let cap = reply.cap();
            if !targets.contains(&cap) {
                // SAFETY: a capability of the reply is ours.
                unsafe { rs_cap_drop(cap) };
            }
        }
    }
    seam::log(&format!("{answered} of {MESSAGES} random messages were answered"));
}

/// Random packets on the control socket, with random descriptors.
fn packets(random: &mut Rng) {
    // SAFETY: the seam's socket, which nobody closes.
    let control = unsafe { BorrowedFd::borrow_raw(CONTROL_FD) };
    seam::log("now for the control socket");
    for _ in 0..PACKETS {
        let words: Vec<u64> = (0..random.u64(..8)).map(|_| word(random)).collect();
        let bytes = Packet::new(random.u64(..20), &words).to_bytes();
        let len = if random.u64(..8) == 0 { 1 + random.u64(..63) as usize } else { bytes.len() };
        let fds: Vec<_> = (0..random.u64(..4))
            // SAFETY: a number that is not open is refused by the kernel; none is closed meanwhile.
            .map(|_| unsafe { BorrowedFd::borrow_raw(random.u64(..48) as i32) })
            .collect();
        let _ = sys::send(control, &bytes[..len], &fds, SendFlags::DONTWAIT);
        let mut got = Fds::default();
        while let Ok(Some(_)) = sys::recv_packet(control, &mut got, RecvFlags::DONTWAIT) {}
    }
}

extern "C" fn construct() {
    let mut random = Rng::with_seed(7);
    messages(&mut random);
    packets(&mut random);
    std::process::abort();
}

genode_sys::component_entry!(construct);
