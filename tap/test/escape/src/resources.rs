//! Attempts at resources: memory that is read-only, quota, places.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use std::os::fd::BorrowedFd;

use genode_args::cost;
use genode_host_proto::PAGE;
use genode_host_proto::opcode::OPCODES;
use genode_sys::*;
use rustix::fs::{FileType, OFlags};

use rs_raw as seam;

use crate::Tally;
use crate::sys::sys;

pub(crate) fn run(tally: &mut Tally) {
    memory(tally);
    quota(tally);
    places(tally);
    tally.control("start a thread as a runtime does", crate::memory::starts_a_thread());
}

fn protect(addr: usize) -> bool {
    sys(libc::SYS_mprotect, [addr, PAGE, (libc::PROT_READ | libc::PROT_WRITE) as usize]).is_ok()
}

/// A dataspace that is read-only, and one that is not.
fn memory(tally: &mut Tally) {
    let rom = seam::open("ROM", "module", cost::ROM);
    let module = rom.and_then(|(_, cap)| seam::call(cap, OPCODES.rom.dataspace, &[], |_| {}));
    let module = module.map_or(0, |answer| answer.cap());
    let addr = seam::attach(module, false).ok();
    tally.control("attach a ROM module for reading", addr.is_some());
    tally.attempt("attach it for writing", seam::attach(module, true).is_ok());
    tally.attempt("make the attached module writeable", addr.is_some_and(protect));
    let over = addr.is_some_and(|addr| {
        let (prot, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_FIXED);
        read_only_memories().any(|fd| {
            sys(libc::SYS_mmap, [addr, PAGE, prot as usize, flags as usize, fd, 0]).is_ok()
        })
    });
    tally.attempt("map any read-only memory that it holds for writing", over);
    let written =
        read_only_memories().any(|fd| sys(libc::SYS_write, [fd, addr.unwrap_or(0), 1]).is_ok());
    tally.attempt("write to any read-only memory that it holds", written);

    let ram = seam::alloc(PAGE).unwrap_or(0);
    let addr = seam::attach(ram, true).ok();
    tally.control("attach RAM of its own for writing", addr.is_some());
    tally.control("make the attached RAM writeable again", addr.is_some_and(protect));
    if let Some(addr) = addr {
        // SAFETY: attached above, used by nobody else.
        unsafe { rs_detach(addr) };
    }
    seam::free(ram);
    tally.attempt("attach RAM that was freed", seam::attach(ram, true).is_ok());
}

/// Descriptors of memory that may only be read.
fn read_only_memories() -> impl Iterator<Item = usize> {
    (4..256usize).filter(|number| {
        // SAFETY: only asked about; a number that is not open is refused.
        let fd = unsafe { BorrowedFd::borrow_raw(*number as i32) };
        let regular = rustix::fs::fstat(fd).is_ok_and(|s| {
            FileType::from_raw_mode(s.st_mode) == FileType::RegularFile && s.st_size > 0
        });
        let flags = rustix::fs::fcntl_getfl(fd);
        regular && flags.is_ok_and(|f| !f.intersects(OFlags::RDWR | OFlags::WRONLY))
    })
}

/// RAM and capabilities up to the quota, and beyond.
fn quota(tally: &mut Tally) {
    let before = seam::quota();
    let left = (before.ram_limit - before.ram_used) as usize & !(PAGE - 1);
    let all = seam::alloc(left).ok();
    tally.control("allocate all of its RAM quota", all.is_some());
    tally.attempt("allocate one more page", seam::alloc(PAGE).is_ok());
    if let Some(all) = all {
        seam::free(all);
    }
    tally.attempt("allocate more than its quota at once", seam::alloc(left + PAGE).is_ok());
    tally.attempt("allocate what no machine has", seam::alloc(usize::MAX - PAGE).is_ok());

    let left = seam::quota();
    let left = (left.caps_limit - left.caps_used) as usize;
    let made: Vec<_> = (0..=left).map_while(|_| seam::alloc(PAGE).ok()).collect();
    tally.control("use all of its capability quota", made.len() == left);
    tally.attempt("have one more capability", made.len() > left);
    made.into_iter().for_each(seam::free);
    let after = seam::quota();
    let same = (after.ram_used, after.caps_used) == (before.ram_used, before.caps_used);
    tally.control("have everything back after that", same);
}

/// CPUs of its place, and others.
fn places(tally: &mut Tally) {
    // SAFETY: no precondition.
    let space = unsafe { rs_affinity_space() };
    let here = rs_location_t { x: 0, y: 0, w: 1, h: 1 };
    let beside = rs_location_t { x: space.w as i32, ..here };
    let before = rs_location_t { x: -1, ..here };
    let wide = rs_location_t { w: space.w + 1, ..here };
    let far = rs_location_t { x: i32::MAX, w: u32::MAX, ..here };
    tally.control("run a thread at a CPU of its place", seam::thread_at(here, here));
    for (what, there) in
        [("beside", beside), ("before", before), ("wider than", wide), ("far from", far)]
    {
        let started = seam::thread_at(there, there);
        tally.attempt(&format!("start a thread {what} its place"), started);
        tally.attempt(&format!("move a thread {what} its place"), seam::thread_at(here, there));
    }
    tally.control("stay on the one CPU that it was given", cpus() == 1);
}

/// How many CPUs Linux lets this component use.
fn cpus() -> u32 {
    let mut set = [0u64; 128];
    let size = size_of_val(&set);
    let _ = sys(libc::SYS_sched_getaffinity, [0, size, crate::sys::at(&mut set)]);
    set.iter().map(|word| word.count_ones()).sum()
}
