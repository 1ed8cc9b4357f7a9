//! Paths that lead out of the granted directory, or seem to.

use genode_host_proto::control::Packet;
use genode_host_proto::files::{Operation, Request};

use crate::Tally;
use crate::broker::{Broker, named};

/// Links of the driver's own making, and where they lead.
const LINKS: &[(&[u8], &[u8])] = &[
    (b"up", b".."),
    (b"far", b"../../../../../../../.."),
    (b"absolute", b"/"),
    (b"beside", b"../other"),
    (b"self", b"/proc/self"),
    (b"magic", b"/proc/self/fd/1"),
    (b"cwd", b"/proc/self/cwd"),
    (b"inside", b"sub"),
];

/// Paths that are not the directory's, or that only a link leads to.
const OUTSIDE: &[&[u8]] = &[
    b"..",
    b"../other/secret",
    b"sub/../../other/secret",
    b"./../other/secret",
    b"/",
    b"/etc/passwd",
    b"/proc/self/mem",
    b"up/other/secret",
    b"far/etc/passwd",
    b"absolute/etc/passwd",
    b"beside/secret",
    b"self/mem",
    b"magic",
    b"magic/../other/secret",
    b"cwd/etc/passwd",
    b"inside/deep",
    b"beside",
];

pub(crate) fn run(broker: &Broker, tally: &mut Tally) {
    tally.control("make a directory", broker.does(&named(Operation::MakeDirectory, b"sub")));
    let made = broker.ask(&named(Operation::Create, b"sub/deep"), None);
    tally.control("make a file", made.is_some_and(|(_, file)| file.is_some()));
    tally.control("open a file", broker.open(b"sub/deep", true).is_some());
    for (name, target) in LINKS {
        let link = Request { other: target, ..named(Operation::MakeLink, name) };
        let shown = String::from_utf8_lossy(target);
        tally.control(&format!("make a link to {shown}"), broker.does(&link));
    }
    for path in OUTSIDE {
        let shown = String::from_utf8_lossy(path);
        tally.attempt(&format!("read {shown}"), broker.open(path, false).is_some());
        tally.attempt(&format!("write {shown}"), broker.open(path, true).is_some());
        let status = broker.does(&named(Operation::Status, path));
        let link = matches!(*path, b"magic" | b"beside");
        if !link {
            tally.attempt(&format!("look at {shown}"), status);
            tally.attempt(&format!("remove {shown}"), broker.does(&named(Operation::Remove, path)));
            tally.attempt(&format!("take {shown}"), broker.does(&renamed(path, b"taken")));
        }
    }
    let into = [&b"../moved"[..], b"up/moved", b"beside/moved", b"absolute/moved", b"/tmp/moved"];
    for path in into {
        let shown = String::from_utf8_lossy(path);
        tally.attempt(&format!("move to {shown}"), broker.does(&renamed(b"sub/deep", path)));
        for operation in [Operation::Create, Operation::MakeDirectory, Operation::MakeLink] {
            let what = format!("{operation:?} at {shown}");
            let request = Request { other: b"x", ..named(operation, path) };
            tally.attempt(&what, broker.does(&request));
        }
    }
    malformed(broker, tally);
    tally.control("open a file after all that", broker.open(b"sub/deep", true).is_some());
}

fn renamed<'a>(from: &'a [u8], to: &'a [u8]) -> Request<'a> {
    Request { other: to, ..named(Operation::Rename, from) }
}

/// Packets that are no requests. The broker answers each, and goes on.
fn malformed(broker: &Broker, tally: &mut Tally) {
    let header = |op: u64, args: &[u64]| Packet::new(op, args).to_bytes().to_vec();
    for (what, bytes) in [
        ("a byte", vec![1]),
        ("no operation", header(0, &[])),
        ("an operation that there is not", header(99, &[])),
        ("a path that is not there", header(2, &[10, 0])),
        ("a path without end", header(2, &[u64::MAX, u64::MAX])),
        ("more than a request", vec![0xff; 10_000]),
    ] {
        let sent = broker.send(&bytes, None);
        tally.attempt(&format!("be served for {what}"), sent && broker.reply().is_some());
    }
}
