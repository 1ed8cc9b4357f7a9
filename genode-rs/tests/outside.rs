//! The SDK in a plain `cargo test`, without a system: memory that is real, threads, and errors
//! that say what is missing.
#![allow(clippy::unwrap_used, reason = "tests report by panicking")]

use genode::{
    Capability, Error,
    affinity::Location,
    dataspace::{Attached, Dataspace, PAGE_SIZE, PrivateRam, RamDataspace, SharedRam},
    entrypoint::{DEFAULT_STACK, Entrypoint},
    rpc::Local,
    thread,
};

/// Shares a buffer with its client.
#[genode::rpc]
trait Bulk {
    /// The buffer.
    fn buffer(&mut self) -> Capability<Dataspace>;
    /// Sums its bytes up.
    fn sum(&self) -> u64;
}

struct Server(SharedRam);

impl Bulk for Server {
    fn buffer(&mut self) -> Capability<Dataspace> {
        self.0.cap().clone()
    }

    fn sum(&self) -> u64 {
        let mut bytes = vec![0; self.0.size()];
        self.0.read(0, &mut bytes).unwrap();
        bytes.into_iter().map(u64::from).sum()
    }
}

#[test]
fn a_server_shares_a_buffer_with_its_client() {
    let client = Local::<dyn Bulk, _>::client(Server(SharedRam::new(5000).unwrap()));
    let buffer = Attached::writeable(&client.buffer().unwrap()).unwrap();
    assert_eq!((buffer.size(), client.sum()), (2 * PAGE_SIZE, Ok(0)), "whole pages of zeros");
    buffer.write(4999, &[3, 4]).unwrap();
    assert_eq!(client.sum(), Ok(7));
    assert_eq!(buffer.write(2 * PAGE_SIZE, &[1]).unwrap_err().to_string().lines().count(), 1);
}

#[test]
fn threads_share_it() {
    let ram = SharedRam::new(PAGE_SIZE).unwrap();
    let view = Attached::writeable(ram.cap()).unwrap();
    let writer = thread::Builder::new("writer").spawn(move || view.write(8, &[7; 8])).unwrap();
    assert_eq!(writer.join(), Ok(Ok(())));
    let mut bytes = [0; 24];
    ram.read(0, &mut bytes).unwrap();
    assert_eq!(bytes.map(|b| b / 7), [[0; 8], [1; 8], [0; 8]].concat()[..]);
}

#[test]
fn a_dataspace_knows_its_size_and_who_may_write() {
    let ram = RamDataspace::new(PAGE_SIZE + 1).unwrap();
    let info = ram.cap().info().unwrap();
    assert_eq!((info.size, info.writeable), (2 * PAGE_SIZE, true));
    let reader = Attached::read_only(ram.cap()).unwrap();
    assert!(matches!(reader.write(0, &[1]), Err(Error::Argument(_))));
    let writer = Attached::writeable(ram.cap()).unwrap();
    writer.write(0, &[9]).unwrap();
    let mut byte = [0];
    reader.read(0, &mut byte).unwrap();
    assert_eq!(byte, [9]);
    // As in a system: a mapping of memory that was freed shows zeros.
    drop(ram);
    reader.read(0, &mut byte).unwrap();
    assert_eq!(byte, [0]);
}

/// Only its own panic ends a thread, as with std's threads.
#[test]
fn a_thread_that_panics_has_no_result() {
    let panics = thread::Builder::new("panics").spawn(|| panic!("as it was told to")).unwrap();
    assert_eq!(panics.join(), Err::<(), _>(Error::Gone));
    let told = thread::scope(|scope| {
        let panics = scope.spawn(thread::Builder::new("panics"), || panic!("once more")).unwrap();
        let lives = scope.spawn(thread::Builder::new("lives"), || 7).unwrap();
        (panics.join(), lives.join())
    });
    assert_eq!(told, (Err::<(), _>(Error::Gone), Ok(7)));
}

#[test]
fn a_dataspace_that_was_freed_is_attached_no_more() {
    let ram = RamDataspace::new(PAGE_SIZE).unwrap();
    let cap = ram.cap().clone();
    let before = Attached::writeable(&cap).unwrap();
    drop(ram);
    assert_eq!(Attached::writeable(&cap).err(), Some(Error::Gone));
    assert_eq!(Attached::read_only(&cap).err(), Some(Error::Gone));
    assert_eq!(cap.info().err(), Some(Error::Gone));
    before.write(0, &[1]).unwrap();
}

#[test]
fn private_memory_is_a_slice() {
    let mut ram = PrivateRam::new(100, None).unwrap();
    assert!(ram.iter().all(|byte| *byte == 0));
    ram[99] = 5;
    assert_eq!(ram.iter().map(|b| u32::from(*b)).sum::<u32>(), 5);
}

#[test]
fn what_there_is_too_little_of_is_told() {
    assert_eq!(SharedRam::new(usize::MAX).err(), Some(Error::OutOfRam));
    assert_eq!(SharedRam::new(1 << 60).err(), Some(Error::OutOfRam));
    assert!(matches!(SharedRam::new(0).err(), Some(Error::Argument(_))));
    assert!(matches!(PrivateRam::new(100, Some(99)).err(), Some(Error::Argument(_))));
}

#[test]
fn what_needs_a_system_says_so_and_how_to_get_one() {
    let spawned =
        Entrypoint::spawn("ep", DEFAULT_STACK, Location::cpu(0, 0), |_| Ok::<_, Error>(()));
    assert_eq!(spawned, Err(Error::NoSystem));
    assert!(Error::NoSystem.to_string().contains("`cargo tap run NAME`"));
}
