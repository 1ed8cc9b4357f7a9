//! Rings doorbells with what are no hints: single bytes, and pipes filled to an odd number of them. A hint is two bytes,
//! and whoever reads them one byte late takes the other clients' hints for something else.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use std::os::fd::BorrowedFd;

use genode::{connection::Connection, prelude::*};
use rustix::fs::FileType;

use crate::honest::{self, Shared};
use fastrand::Rng;

/// Descriptors that are looked at for pipes.
const DESCRIPTORS: i32 = 64;
/// Bytes that a doorbell holds.
const FULL: usize = 4096;

/// The write ends that this component holds: of its own doorbell, of core's, of the server's.
fn doorbells() -> Vec<BorrowedFd<'static>> {
    (4..DESCRIPTORS)
        // SAFETY: only asked about, and kept if it is a pipe that may be written: nobody closes those of channels in
        // use, and this component keeps its own.
        .map(|number| unsafe { BorrowedFd::borrow_raw(number) })
        .filter(|fd| {
            let pipe = rustix::fs::fstat(fd)
                .is_ok_and(|s| FileType::from_raw_mode(s.st_mode) == FileType::Fifo);
            let flags = rustix::fs::fcntl_getfl(fd);
            pipe && flags.is_ok_and(|f| f.contains(rustix::fs::OFlags::WRONLY))
        })
        .collect()
}

pub(crate) fn ring(env: Env) -> Result<(), Error> {
    let session = Connection::<dyn Shared>::open(env, "doorbell")?;
    let _ = session.next(0)?;
    let all = doorbells();
    log!("rings {} doorbells", all.len());
    honest::keep_calling(session);
    let mut random = Rng::with_seed(7);
    let noise = [0u8; FULL].map(|_| random.u8(..));
    loop {
        for bell in &all {
            match random.u64(..64) {
                0 => {
                    let odd = 1 + 2 * random.u64(..FULL as u64 / 2) as usize;
                    let _ = rustix::io::write(bell, &noise[..odd]);
                }
                n => {
                    let _ = rustix::io::write(bell, &[n as u8]);
                }
            }
        }
        for _ in 0..random.u64(..4096) {
            std::hint::spin_loop();
        }
    }
}
