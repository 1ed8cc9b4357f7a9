//! The mechanisms against the kernel itself.
#![allow(clippy::unwrap_used)] // test code

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::fs::{MemfdFlags, Mode, OFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType};

use super::*;

fn pair() -> (OwnedFd, OwnedFd) {
    let kind = SocketType::SEQPACKET;
    rustix::net::socketpair(AddressFamily::UNIX, kind, SocketFlags::empty(), None).unwrap()
}

fn memory(size: u64) -> OwnedFd {
    let fd = rustix::fs::memfd_create("test", MemfdFlags::CLOEXEC).unwrap();
    rustix::fs::ftruncate(&fd, size).unwrap();
    fd
}

#[test]
fn descriptors_travel_in_order_and_as_many_as_permitted() {
    let (here, there) = pair();
    let all: Vec<_> = (0..=MAX_FDS).map(|n| memory(n as u64 + 1)).collect();
    let all: Vec<_> = all.iter().map(AsFd::as_fd).collect();
    for count in [0, 1, MAX_FDS] {
        send(&here, b"abc", &all[..count], SendFlags::empty()).unwrap();
        let (mut fds, mut bytes) = (Fds::default(), [0; 8]);
        let got = recv(&there, &mut bytes, &mut fds, RecvFlags::empty()).unwrap();
        assert_eq!((got, &bytes[..3]), ((3, count), &b"abc"[..]));
        assert_eq!(fds.iter().flatten().count(), count);
        for (fd, sent) in fds.iter().flatten().zip(&all) {
            assert_eq!(identity(fd).unwrap(), identity(sent).unwrap());
            let flags = rustix::io::fcntl_getfd(fd).unwrap();
            assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
        }
    }
    assert_eq!(send(&here, b"abc", &all, SendFlags::empty()), Err(Errno::TOOBIG));
    let mut fds = Fds::default();
    let nothing = recv(&there, &mut [0; 8], &mut fds, RecvFlags::DONTWAIT);
    assert_eq!(nothing.unwrap_err(), Errno::AGAIN);
}

#[test]
fn who_does_not_want_to_wait_does_not() {
    let (here, there) = pair();
    let sent = (0..1_000_000).map(|_| send(&here, &[0; 512], &[], SendFlags::DONTWAIT));
    assert_eq!(sent.into_iter().find_map(Result::err), Some(Errno::AGAIN));
    drop(there);
    assert!(send(&here, b"abc", &[], SendFlags::DONTWAIT).is_err());
}

#[test]
fn packets_travel_and_their_end_is_told() {
    let (here, there) = pair();
    let bytes: [u8; PACKET_SIZE] = core::array::from_fn(|n| n as u8);
    let packet = Packet::from_bytes(&bytes);
    send_packet(&here, &packet, &[], SendFlags::empty()).unwrap();
    let got = recv_packet(&there, &mut Fds::default(), RecvFlags::empty()).unwrap();
    assert_eq!(got.map(|packet| packet.to_bytes()), Some(packet.to_bytes()));
    drop(here);
    assert!(recv_packet(&there, &mut Fds::default(), RecvFlags::empty()).unwrap().is_none());
}

#[test]
fn a_mapping_shares_the_memory_and_permits_what_was_asked() {
    let fd = memory(4096);
    let (write, read) = (map(&fd, 4096, true).unwrap(), map(&fd, 4096, false).unwrap());
    // SAFETY: both are mapped until the end of this function, and nobody else has the descriptor.
    let seen = unsafe {
        write.add(17).write_volatile(42);
        read.add(17).read_volatile()
    };
    assert_eq!(seen, 42);
    let rights = |at: *mut u8| {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let at = format!("{:x}-", at.addr());
        let line = maps.lines().find(|line| line.starts_with(&at)).unwrap();
        line.split(' ').nth(1).unwrap().to_string()
    };
    assert_eq!((rights(write).as_str(), rights(read).as_str()), ("rw-s", "r--s"));
    // SAFETY: nothing refers to the mappings any more.
    unsafe {
        unmap(write, 4096);
        unmap(read, 4096);
    }
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!maps.contains("memfd:test"), "{maps}");
    assert!(map(&fd, 0, true).is_err());
}

#[test]
fn an_identity_is_that_of_the_object_behind() {
    let (one, other) = (memory(4096), memory(8192));
    let id = identity(&one).unwrap();
    assert_eq!((id.size, id.regular, id.managed), (4096, true, false));
    assert_eq!(identity(one.try_clone().unwrap()).unwrap(), id);
    assert_ne!(identity(&other).unwrap().inode, id.inode);
    rustix::fs::fchmod(&one, Mode::SVTX).unwrap();
    assert!(identity(&one).unwrap().managed);
    let folder = rustix::fs::open("/", OFlags::RDONLY, Mode::empty()).unwrap();
    assert!(!identity(folder).unwrap().regular);
}

#[test]
fn a_futex_sleeps_until_it_is_woken() {
    let word = Arc::new(AtomicU32::new(0));
    let (tell, told) = std::sync::mpsc::channel();
    let sleeper = std::thread::spawn({
        let word = word.clone();
        move || {
            tell.send(rustix::thread::gettid().as_raw_nonzero()).unwrap();
            let mut wakings = 0;
            while word.load(Ordering::Relaxed) == 0 {
                Sleep::wait(&Futex, &word, 0);
                wakings += 1;
            }
            wakings
        }
    });
    let stat = format!("/proc/self/task/{}/stat", told.recv().unwrap());
    let sleeps = || {
        let stat = std::fs::read_to_string(&stat).unwrap();
        stat.rsplit(')').next().unwrap().trim_start().starts_with('S')
    };
    while !sleeps() {
        std::thread::yield_now();
    }
    Futex::wait(&word, 1);
    word.store(1, Ordering::Relaxed);
    Sleep::wake(&Futex, &word);
    // A signal may wake it once more.
    assert!((1..10).contains(&sleeper.join().unwrap()));
}
