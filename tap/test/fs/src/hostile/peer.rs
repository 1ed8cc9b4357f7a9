//! A session whose queues are written by hand.

use core::{cell::Cell, sync::atomic::Ordering};

use genode::{
    connection::Connection,
    dataspace::Attached,
    fs::Mode,
    packet_stream::{Protocol, TxChannelClient},
    prelude::*,
    quota::RamQuota,
    rpc::Client,
    session::file_system::{
        FileSystemSession, Header, NameBuf, NodeHandle, Packets, PathBuf, QUEUE,
    },
    signal::Transmitter,
};
use rs_checks::{Signals, Test};

use crate::at;

/// Slots of a queue.
pub(crate) const SLOTS: usize = QUEUE as usize;

/// Words of a descriptor.
const WORDS: usize = 2 + Packets::WORDS;

/// Begin of the acknowledgement queue: behind two indices and the descriptors.
pub(crate) const ACKS: usize = 8 + SLOTS * WORDS * 8;

/// Begin of the bulk buffer.
pub(crate) const BULK: u64 = (2 * ACKS).next_multiple_of(64) as u64;

/// Bytes of a session's memory.
const SIZE: usize = 64 << 10;

pub(crate) struct Peer {
    memory: Attached,
    head: Cell<u32>,
    tail: Cell<u32>,
    packet_avail: Transmitter,
    signals: Signals,
    session: Connection<dyn FileSystemSession>,
}

impl Peer {
    pub(crate) fn open(env: Env) -> Test<Self> {
        let session = Connection::<dyn FileSystemSession>::builder("hostile -> /")
            .arg("tx_buf_size", SIZE as u64)
            .arg("writeable", 1)
            .ram(RamQuota((SIZE + (64 << 10)) as u64))
            .open(env)
            .map_err(at("hostile session"))?;
        let channel = TxChannelClient::over(session.tx().map_err(at("channel"))?);
        let memory = channel.dataspace().map_err(at("dataspace"))?;
        let memory = Attached::writeable(&memory).map_err(at("mapping"))?;
        let signals = Signals::new(env).map_err(at("signals"))?;
        channel.ack_avail(signals.cap().clone()).map_err(at("ack_avail"))?;
        channel.ready_to_submit(signals.cap().clone()).map_err(at("ready_to_submit"))?;
        let packet_avail = Transmitter::new(channel.packet_avail().map_err(at("packet_avail"))?);
        let (head, tail) = (Cell::new(0), Cell::new(0));
        Ok(Self { memory, head, tail, packet_avail, signals, session })
    }

    pub(crate) fn size(&self) -> u64 {
        self.memory.size() as u64
    }

    pub(crate) fn directory(&self) -> Test<u64> {
        let path = PathBuf::text("/").ok_or("a path")?;
        self.session.dir(path, false).map(|handle| handle.0).map_err(at("directory"))
    }

    pub(crate) fn watch(&self) -> Test<u64> {
        let path = PathBuf::text("/").ok_or("a path")?;
        self.session.watch(path).map(|handle| handle.0).map_err(at("watch"))
    }

    /// Opens a file of the root directory, which it creates if needed.
    pub(crate) fn file(&self, name: &str, mode: Mode) -> Test<u64> {
        let root = genode::session::file_system::DirHandle(self.directory()?);
        let name = NameBuf::text(name).ok_or("a name")?;
        let file = self.session.file(root, name, mode, false);
        let file = file.or_else(|_| self.session.file(root, name, mode, true));
        self.close(root.0)?;
        file.map(|handle| handle.0).map_err(at("file"))
    }

    pub(crate) fn close(&self, handle: u64) -> Test {
        self.session.close(NodeHandle(handle)).map_err(at("close"))
    }

    /// Writes a word of 4 bytes.
    pub(crate) fn poke(&self, offset: usize, value: u32) {
        let _ = self.memory.write(offset, &value.to_ne_bytes());
    }

    fn peek(&self, offset: usize) -> u32 {
        let mut bytes = [0; 4];
        let _ = self.memory.read(offset, &mut bytes);
        u32::from_ne_bytes(bytes)
    }

    pub(crate) fn ring(&self) {
        self.packet_avail.submit();
    }

    /// Puts a descriptor into the queue; `false` if it is full.
    pub(crate) fn try_submit(&self, place: [u64; 2], header: &Header) -> bool {
        let head = self.head.get();
        let next = (head + 1) % QUEUE;
        if next == self.peek(4) {
            return false;
        }
        let mut words = [0; WORDS];
        words[..2].copy_from_slice(&place);
        Packets::encode(header, &mut words[2..]);
        for (index, word) in words.iter().enumerate() {
            let offset = 8 + (head as usize * WORDS + index) * 8;
            let _ = self.memory.write(offset, &word.to_ne_bytes());
        }
        core::sync::atomic::fence(Ordering::SeqCst);
        self.poke(0, next);
        self.head.set(next);
        true
    }

    pub(crate) fn submit(&self, place: [u64; 2], header: &Header) {
        while !self.try_submit(place, header) {
            self.wait();
        }
        core::sync::atomic::fence(Ordering::SeqCst);
        self.ring();
    }

    fn wait(&self) {
        self.signals.wait_for(1);
        self.signals.reset();
    }

    /// Waits for the next answer.
    pub(crate) fn acked(&self) -> ([u64; 2], Header) {
        let tail = self.tail.get();
        while self.peek(ACKS) == tail {
            self.wait();
        }
        core::sync::atomic::fence(Ordering::SeqCst);
        let mut words = [0; WORDS];
        for (index, word) in words.iter_mut().enumerate() {
            let mut bytes = [0; 8];
            let offset = ACKS + 8 + (tail as usize * WORDS + index) * 8;
            let _ = self.memory.read(offset, &mut bytes);
            *word = u64::from_ne_bytes(bytes);
        }
        let next = (tail + 1) % QUEUE;
        self.poke(ACKS + 4, next);
        self.tail.set(next);
        ([words[0], words[1]], Packets::decode(&words[2..]))
    }
}
