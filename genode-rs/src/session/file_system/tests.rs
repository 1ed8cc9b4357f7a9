//! Layouts and numbers against those that a C++ program printed, and whatever else may come.

extern crate std;

use core::cell::Cell;
use std::{format, string::String, vec, vec::Vec};

use proptest::prelude::*;

use super::*;
use crate::{
    __private::{Answer, Carrier},
    packet_stream::{Kind, Layout, Protocol},
    rpc::{self, CallError, Caps, Client, ExceptionCode, Invoke, Wire},
};

const VECTORS: &str = include_str!("../../../tests/vectors/file_system-26.02-ffb059da.txt");

/// Lines of the vectors that begin with `kind`, as words.
fn lines(kind: &str) -> impl Iterator<Item = Vec<&'static str>> {
    let kind = format!("{kind} ");
    VECTORS.lines().filter_map(move |line| Some(line.strip_prefix(&*kind)?.split(' ').collect()))
}

fn layout(name: &str) -> Vec<u8> {
    let line = lines("layout").find(|line| line[0] == name).unwrap();
    let bytes: Vec<_> = line[2]
        .as_bytes()
        .chunks(2)
        .map(|digits| u8::from_str_radix(core::str::from_utf8(digits).unwrap(), 16).unwrap())
        .collect();
    assert_eq!(line[1], format!("{}", bytes.len()));
    bytes
}

fn words(name: &str) -> Vec<u64> {
    let layout = layout(name);
    layout.chunks(8).map(|word| u64::from_le_bytes(word.try_into().unwrap())).collect()
}

fn assert_laid_out<T: Wire + PartialEq + core::fmt::Debug>(name: &str, value: &T) {
    let expected = layout(name);
    assert_eq!(T::SIZE, expected.len(), "{name}");
    let mut bytes = vec![0xee; T::SIZE];
    value.store(&mut bytes);
    assert_eq!(bytes, expected, "{name}");
    assert_eq!(T::load(&bytes).as_ref(), Ok(value), "{name}");
}

#[test]
fn values_lie_in_memory_as_in_cpp() {
    let handle = NodeHandle(0x55);
    let with = |operation, position, length| {
        ([0x1122, 0x3344], Header { position, length, ..Header::request(handle, operation) })
    };
    let news = |operation| ([0, 0], Header::news(handle, operation));
    for (name, (place, header)) in [
        ("read", with(Operation::Read, 0x77, 0x66)),
        ("write_tail", with(Operation::Write, SEEK_TAIL, 0x66)),
        ("timestamp", with(Operation::WriteTimestamp, 0x0102_0304_0506_0708, 0)),
        ("content_changed", news(Operation::ContentChanged)),
        ("read_ready", news(Operation::ReadReady)),
        ("sync", with(Operation::Sync, 0, 0)),
    ] {
        let expected = words(name);
        assert_eq!((expected.len(), &expected[..2]), (2 + Packets::WORDS, &place[..]), "{name}");
        let mut encoded = [0; Packets::WORDS];
        Packets::encode(&header, &mut encoded);
        assert_eq!(encoded, expected[2..], "{name}");
        assert_eq!(Packets::decode(&encoded), header, "{name}");
    }
    // A slot of the queue: head and tail, and descriptors.
    assert_eq!(Layout::new::<Packets>(1 << 16).unwrap().ack_queue, 1544);
    let rwx = Rwx { readable: true, writeable: false, executable: true };
    let (kind, inode) = (NodeType::TransactionalFile, 0x3344);
    assert_laid_out("status", &Status { size: 0x1122, kind, rwx, inode, modified: 0x5566 });
    let rwx = Rwx { readable: true, writeable: true, executable: false };
    let entry = DirEntry::new(b"hello", NodeType::Symlink, rwx, 0x1122).unwrap();
    assert_laid_out("entry", &entry);
    assert_eq!(DirEntry::read(&layout("entry")), Ok(entry));
    assert_eq!((entry.name_str(), lines("layout").count()), (Some("hello"), 8));
}

/// Answers each call with an exception, and keeps the opcode.
#[derive(Default)]
struct Thrower {
    code: Cell<i64>,
    opcode: Cell<i64>,
}

impl Carrier for Thrower {}
impl Invoke for Thrower {
    fn invoke(
        &self,
        (call, _): (&[u8], &Caps),
        _: (&mut [u8], &mut Caps),
    ) -> Result<Answer, rpc::Error> {
        self.opcode.set(i64::load(&call[..8]).unwrap());
        Ok(Answer { len: 0, code: ExceptionCode::new(self.code.get()) })
    }
}

/// Calls a function, and returns what the server refused it by.
fn refused(client: &FileSystemSessionClient<&Thrower>, function: &str) -> Option<Refusal> {
    fn of<T, E: Into<Refusal>>(result: Result<T, CallError<E>>) -> Option<Refusal> {
        match result {
            Err(CallError::Service(refusal)) => Some(refusal.into()),
            _ => None,
        }
    }
    let (dir, node, name) = (DirHandle(1), NodeHandle(1), NameBuf::text("name").unwrap());
    let path = PathBuf::text("/").unwrap();
    match function {
        "tx_cap" => client.tx().ok().and(None),
        "file" => of(client.file(dir, name, Mode::READ, false)),
        "symlink" => of(client.symlink(dir, name, false)),
        "dir" => of(client.dir(path, false)),
        "node" => of(client.node(path)),
        "watch" => of(client.watch(path)),
        "close" => of(client.close(node)),
        "status" => of(client.status(node)),
        "control" => of(client.control(node, Control::default())),
        "unlink" => of(client.unlink(dir, name)),
        "truncate" => of(client.truncate(FileHandle(1), 0)),
        "move" => of(client.rename(dir, name, dir, name)),
        "num_entries" => of(client.num_entries(dir)),
        _ => None,
    }
}

#[test]
fn functions_and_exceptions_have_the_numbers_of_cpp() {
    let peer = Thrower::default();
    let client = FileSystemSessionClient::over(&peer);
    for line in lines("opcode") {
        peer.opcode.set(-1);
        let _ = refused(&client, line[0]);
        assert_eq!(line[1], format!("{}", peer.opcode.get()), "{}", line[0]);
    }
    for line in lines("exception") {
        peer.code.set(line[2].parse().unwrap());
        let refusal = refused(&client, line[0]).unwrap();
        let name = format!("{refusal:?}").to_lowercase();
        assert_eq!(name, line[1].replace('_', "").to_lowercase(), "{}", line[0]);
        // One more would be an exception that C++ does not declare.
        if ExceptionCode::new(peer.code.get()).value() == -1001 {
            peer.code.set(-1000);
            assert_eq!(refused(&client, line[0]), None);
        }
    }
    assert_eq!((lines("opcode").count(), lines("exception").count()), (13, 53));
}

#[test]
fn a_refusal_that_a_function_cannot_express_becomes_one_that_it_can() {
    assert_eq!(MoveError::from(Refusal::NotEmpty), MoveError::PermissionDenied);
    assert_eq!(TruncateError::from(Refusal::OutOfRam), TruncateError::PermissionDenied);
    assert_eq!(OpenError::from(Refusal::NotEmpty), OpenError::Unavailable);
    assert_eq!(DirError::from(Refusal::InvalidName), DirError::LookupFailed);
    assert_eq!(UnlinkError::from(Refusal::NotEmpty), UnlinkError::NotEmpty);
}

#[test]
fn versions_differ_in_the_unit_of_time() {
    let (new, old) = (Dialect::V26_02, Dialect::V24_11);
    assert_eq!((new.milliseconds(1500), new.stamp(1500)), (Some(1500), 1500));
    assert_eq!((old.milliseconds(2), old.stamp(2999)), (Some(2000), 2));
    assert_eq!((old.milliseconds(i64::MAX), old.stamp(-1)), (None, -1));
}

#[test]
fn modes_have_two_flags() {
    assert_eq!(Mode::load(&[3, 0, 0, 0]), Ok(Mode::READ | Mode::WRITE));
    assert_eq!(Mode::load(&[4, 0, 0, 0]), Err(rpc::WireError::BadValue));
}

#[test]
fn entries_that_lead_elsewhere_are_refused() {
    let mut bytes = layout("entry");
    for name in [&b"\0"[..], b".\0", b"..\0", b"a/b\0"] {
        bytes[15..15 + name.len()].copy_from_slice(name);
        assert_eq!(DirEntry::read(&bytes), Err(rpc::WireError::BadText), "{name:?}");
    }
    bytes[15..143].fill(b'x');
    assert_eq!(DirEntry::read(&bytes), Err(rpc::WireError::BadText), "without an end");
    bytes[142] = 0;
    assert_eq!(DirEntry::read(&bytes).map(|entry| entry.name().len()), Ok(MAX_NAME));
    bytes[8] = 4;
    assert_eq!(DirEntry::read(&bytes), Err(rpc::WireError::BadValue), "an unknown kind");
    assert_eq!(DirEntry::read(&bytes[1..]), Err(rpc::WireError::Short));
    assert!(DirEntry::new(&[b'x'; MAX_NAME + 1], NodeType::Symlink, Rwx::default(), 1).is_none());
}

#[test]
fn a_packet_of_no_known_operation_keeps_its_number() {
    // What lies behind the byte of success is padding, which C++ leaves undefined.
    let header = Packets::decode(&[7, 0xeeee_ee02_0000_0006, 8, 9]);
    assert_eq!((header.operation(), header.code, header.succeeded), (None, 6, true));
    assert!(!Packets::decode(&[7, 0xeeee_ee00_0000_0001, 8, 9]).succeeded);
    let mut words = [0; 4];
    Packets::encode(&header.failed(), &mut words);
    assert_eq!(words, [7, 6, 8, 9]);
    assert_eq!(Packets::kind(&header), Kind::Packet);
    let news = Header::news(NodeHandle(1), Operation::ContentChanged);
    assert_eq!(Packets::kind(&news), Kind::Notice);
}

#[test]
fn paths_have_limits() {
    let fits = format!("/{}", "x/".repeat(MAX_PATH / 2));
    assert_eq!(Path::new(&fits.as_bytes()[..MAX_PATH]).map(|path| path.names().count()), Ok(499));
    assert_eq!(Path::new(format!("{fits}y").as_bytes()), Err(PathError::TooLong));
    let name = "n".repeat(MAX_NAME);
    assert!(Path::new(format!("/{name}").as_bytes()).is_ok());
    assert_eq!(Path::new(format!("/a/{name}n").as_bytes()), Err(PathError::NameTooLong));
    for (path, error) in [
        (&b""[..], PathError::Relative),
        (b"a", PathError::Relative),
        (b"/..", PathError::Upward),
        (b"/a/../..", PathError::Upward),
        (b"/a\0", PathError::Zero),
    ] {
        assert_eq!(Path::new(path), Err(error), "{path:?}");
    }
    assert!(Path::new(b"/...").is_ok() && Path::new(b"/a../..b").is_ok());
    assert!(
        Path::new(b"//./").unwrap().is_root() && Path::new(b"/").unwrap().split_last().is_none()
    );
}

proptest! {
    #[test]
    fn a_path_is_its_parent_and_its_last_name(
        names in prop::collection::vec("[ab.]{1,3}", 0..6),
        noise in prop::collection::vec(0..3_usize, 7),
    ) {
        let names: Vec<_> = names.into_iter().filter(|name| is_name(name.as_bytes())).collect();
        let mut text = String::from("/");
        for (name, &noise) in names.iter().zip(&noise) {
            text += ["", "/", "./"][noise];
            text += name;
            text += "/";
        }
        text += ["", "/", "."][noise[6]];
        let path = Path::new(text.as_bytes()).unwrap();
        prop_assert!(path.names().eq(names.iter().map(String::as_bytes)));
        match (path.split_last(), names.split_last()) {
            (None, None) => prop_assert!(path.is_root()),
            (Some((parent, name)), Some((last, others))) => {
                prop_assert_eq!(name, last.as_bytes());
                prop_assert!(parent.names().eq(others.iter().map(String::as_bytes)));
                prop_assert!(Path::new(parent.as_bytes()).is_ok());
                prop_assert!(parent.as_bytes() == b"/" || !parent.as_bytes().ends_with(b"/"));
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn whatever_bytes_come_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..160)) {
        if let Ok(path) = Path::new(&bytes) {
            prop_assert!(path.names().all(is_name));
        }
        let mut entry = bytes.clone();
        entry.resize(DirEntry::SIZE, 0);
        if let Ok(entry) = DirEntry::read(&entry) {
            prop_assert!(is_name(entry.name()));
        }
        let mut words = [0; Packets::WORDS];
        for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = u64::from_le_bytes(bytes.try_into().unwrap());
        }
        let header = Packets::decode(&words);
        Packets::encode(&header, &mut words);
        prop_assert_eq!(Packets::decode(&words), header);
    }
}
