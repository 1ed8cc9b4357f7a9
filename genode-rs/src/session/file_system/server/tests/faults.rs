//! A disk of which one call fails, each in turn, for each reason: the client is told, nothing is
//! lost, and others go on.

use super::*;

/// Reasons of a disk: it is full, read-only, or broken.
const REASONS: [Refusal; 3] = [Refusal::NoSpace, Refusal::PermissionDenied, Refusal::Unavailable];

/// Does all that there is to a file in a session, whatever fails. Returns the number of failures,
/// and whether the content that is there in the end was written, and made durable.
fn work(handles: &mut Handles<Flat>) -> (usize, bool, bool) {
    let failures = Cell::new(0);
    let told = |failed: bool| {
        failures.set(failures.get() + usize::from(failed));
        !failed
    };
    let mut kept = (false, false);
    let directory = handles.dir(Some(b"/"), false);
    told(directory.is_err());
    let Ok(directory) = directory else { return (failures.get(), false, false) };
    let file = handles.file(directory, Some(b"f"), Mode::all(), true);
    told(file.is_err());
    if let Ok(file) = file {
        let mut packet = |operation, content: &[u8]| {
            let asked = request(file, operation, 0, content.len());
            told(!send(handles, asked, content).0.succeeded)
        };
        kept.0 = packet(Operation::Write, b"kept");
        packet(Operation::WriteTimestamp, b"");
        kept.1 = packet(Operation::Sync, b"") && kept.0;
        packet(Operation::Read, &[0; 4]);
        told(handles.status(file.into()).is_err());
        // To the size that it has where it was written.
        if kept.0 {
            told(handles.truncate(file, 4).is_err());
        }
        handles.close(file.into()).unwrap();
    }
    let watch = handles.watch(Some(b"/"));
    told(watch.is_err());
    told(handles.num_entries(directory).is_err());
    let entries = request(directory, Operation::Read, 0, DirEntry::SIZE);
    told(!send(handles, entries, &[0; DirEntry::SIZE]).0.succeeded);
    (failures.get(), kept.0, kept.1)
}

/// Checks that another session reads what was written, and that everything of it can be done.
fn others_go_on(server: &Rc<Server<Flat>>, written: bool) {
    let (mut other, _) = session(server, true, PLENTY);
    if written {
        let file = file(&mut other, b"f", Mode::READ, false).unwrap();
        let (answer, bytes) = send(&mut other, request(file, Operation::Read, 0, 4), &[0; 4]);
        assert_eq!((answer.length, &bytes[..]), (4, &b"kept"[..]));
        let directory = root(&mut other);
        other.unlink(directory, Some(b"f")).unwrap();
    } else {
        // Made or not before the call that failed.
        let directory = root(&mut other);
        let _ = other.unlink(directory, Some(b"f"));
    }
    assert_eq!(work(&mut other), (0, true, true));
}

#[test]
fn one_failure_at_every_call_is_told_and_costs_nothing() {
    for reason in REASONS {
        let mut calls = 0;
        loop {
            let server = Server::new(Flat::default());
            let (mut handles, account) = session(&server, true, PLENTY);
            let before = account.available();
            server.volume.borrow().fault.set(Some((calls, reason)));
            let (failures, written, durable) = work(&mut handles);
            let left = server.volume.borrow().fault.take();
            if left.is_some() {
                assert_eq!((failures, written, durable), (0, true, true), "no call failed");
                break;
            }
            assert_eq!(failures, 1, "call {calls} fails by {reason:?}");
            assert!(!durable || written);
            others_go_on(&server, written);
            drop(handles);
            assert_eq!(account.available(), before, "call {calls}");
            let volume = server.volume.borrow();
            assert!(volume.opened.values().all(|&count| count == 0), "{:?}", volume.opened);
            assert!(volume.watches.is_empty(), "call {calls}");
            drop(volume);
            calls += 1;
        }
        assert!(calls >= 14, "{calls} calls of the disk were made to fail");
    }
}

#[test]
fn a_sync_that_failed_is_made_up_for_by_the_next() {
    let server = Server::new(Flat::default());
    let (mut writer, _) = session(&server, true, PLENTY);
    let file = file(&mut writer, b"f", Mode::all(), true).unwrap();
    let (mut watcher, _) = session(&server, false, PLENTY);
    let watch = watcher.watch(Some(b"/f")).unwrap();
    let told = || {
        server.deliver();
        core::mem::take(&mut *watcher.inbox.handles.borrow_mut()).len()
    };
    assert!(send(&mut writer, request(file, Operation::Write, 0, 1), b"x").0.succeeded);
    server.volume.borrow().fault.set(Some((0, Refusal::Unavailable)));
    assert!(!send(&mut writer, request(file, Operation::Sync, 0, 0), b"").0.succeeded);
    assert_eq!(told(), 0, "nothing is durable");
    assert!(send(&mut writer, request(file, Operation::Sync, 0, 0), b"").0.succeeded);
    assert_eq!(told(), 1, "of {watch:?}");
}
