//! Grants of the command line, and a broker that is asked for what lies elsewhere.
use std::fs;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use genode_host_proto::files::{Kind, Operation, Request};
use genode_host_proto::sys;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::broker::{Broker, Found};
use super::{Grant, Grants, Wanted, label, open};
use crate::fd;
use crate::isolation::Profile;

/// A directory of a test's own, with a granted one in it, beside something else.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let name = format!("rs_grants_{}_{number}", std::process::id());
        let place = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(place.root().join("sub")).unwrap();
        fs::create_dir(place.0.join("beside")).unwrap();
        fs::write(place.0.join("beside/secret"), "secret").unwrap();
        fs::write(place.root().join("file"), "inside").unwrap();
        fs::write(place.root().join("sub/deep"), "deep").unwrap();
        place
    }

    fn root(&self) -> PathBuf {
        self.0.join("root")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs a test with a broker of a path.
fn with<T>(path: &Path, writeable: bool, run: impl FnOnce(&Broker<'_>) -> T) -> T {
    let root = open(path).unwrap();
    let memory = sys::identity(fd::token().unwrap()).unwrap().device;
    let directory = path.is_dir();
    run(&Broker { root: root.as_fd(), directory, writeable, memory })
}

fn request(operation: Operation, path: &str) -> Request<'_> {
    Request { path: path.as_bytes(), ..Request::new(operation) }
}

fn ask(broker: &Broker<'_>, operation: Operation, path: &str) -> Result<Found, Errno> {
    broker.answer(&request(operation, path), None)
}

fn content(found: Result<Found, Errno>) -> Result<String, Errno> {
    let file = found?.file.expect("a descriptor");
    let mut bytes = [0; 100];
    let len = rustix::io::pread(&file, &mut bytes, 0)?;
    Ok(String::from_utf8_lossy(&bytes[..len]).into_owned())
}

#[test]
fn a_grant_is_read_from_the_command_line() {
    let read = |text| Wanted::parse(text).map(|w| (w.label, w.path, w.writeable));
    let grant = |label: &str, path: &str, writeable| {
        Ok((format!("init -> {label}"), PathBuf::from(path), writeable))
    };
    assert_eq!(read("fs=/a"), grant("fs", "/a", false));
    assert_eq!(read("fs=/a:ro"), grant("fs", "/a", false));
    assert_eq!(read("fs=/a:rw"), grant("fs", "/a", true));
    assert_eq!(read("init -> sub -> fs=a b:rw"), grant("sub -> fs", "a b", true));
    // Colons and equal signs in paths; a path that ends as an option does.
    assert_eq!(read("fs=/a:b=c:d"), grant("fs", "/a:b=c:d", false));
    assert_eq!(read("fs=/a:rw:ro"), grant("fs", "/a:rw", false));
    assert_eq!(read("fs=/a:ro:rw"), grant("fs", "/a:ro", true));
    assert_eq!(read("fs=/a:"), grant("fs", "/a:", false));
    for wrong in ["", "fs", "=/a", "fs=", "fs=:rw", "/a:rw"] {
        assert!(read(wrong).unwrap_err().contains("expected LABEL=PATH"), "{wrong}");
    }
    assert_eq!(label("term").unwrap(), "init -> term");
    assert_eq!(label("init -> a -> b").unwrap(), "init -> a -> b");
    assert!(label("").is_err() && label("init -> ").is_err());
}

#[test]
fn what_is_no_directory_of_a_disk_is_not_granted() {
    let place = Place::new();
    let pipe = place.0.join("pipe");
    let mode = Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, mode, 0).unwrap();
    for (path, why) in [
        (pipe.as_path(), "neither a directory nor a file"),
        (Path::new("/dev/null"), "neither"),
        (Path::new("/proc"), "kernel"),
        (Path::new("/proc/self/fd"), "kernel"),
        (Path::new("/proc/self/mem"), "kernel"),
        (Path::new("/sys"), "kernel"),
        (&place.0.join("none"), "No such file"),
    ] {
        let refused = open(path).unwrap_err();
        assert!(refused.contains(why), "{}: {refused}", path.display());
    }
    assert!(open(&place.root()).is_ok() && open(&place.root().join("file")).is_ok());
}

#[test]
fn a_broker_does_what_it_is_asked_for() {
    let place = Place::new();
    with(&place.root(), true, |broker| {
        assert_eq!(content(ask(broker, Operation::Open, "file")).unwrap(), "inside");
        assert_eq!(content(ask(broker, Operation::Open, "sub/../sub//./deep")).unwrap(), "deep");
        let status = ask(broker, Operation::Status, "sub").unwrap().status.unwrap();
        assert_eq!((status.kind, status.permissions), (Kind::Directory, 7));
        let created = ask(broker, Operation::Create, "sub/new").unwrap().file.unwrap();
        rustix::io::write(&created, b"0123456789").unwrap();
        let truncate = Request { values: [4, 0], ..Request::new(Operation::Truncate) };
        broker.answer(&truncate, Some(created.try_clone().unwrap())).unwrap();
        assert_eq!(fs::read(place.root().join("sub/new")).unwrap(), b"0123");
        let time = Request { values: [1_234_567, 0], ..Request::new(Operation::SetModified) };
        broker.answer(&time, Some(created)).unwrap();
        let status = ask(broker, Operation::Status, "sub/new").unwrap().status.unwrap();
        assert_eq!((status.modified, status.size, status.kind), (1_234_567, 4, Kind::File));
        assert_eq!(ask(broker, Operation::Create, "sub/new").err(), Some(Errno::EXIST));
        ask(broker, Operation::MakeDirectory, "d").unwrap();
        assert_eq!(ask(broker, Operation::MakeDirectory, "d").err(), Some(Errno::EXIST));
        let rename = Request { other: b"d/moved", ..request(Operation::Rename, "sub/new") };
        broker.answer(&rename, None).unwrap();
        assert_eq!(ask(broker, Operation::Remove, "d").err(), Some(Errno::NOTEMPTY));
        let link = Request { other: b"d/moved", ..request(Operation::MakeLink, "l") };
        broker.answer(&link, None).unwrap();
        assert_eq!(ask(broker, Operation::ReadLink, "l").unwrap().text, b"d/moved");
        let again = Request { other: b"d", values: [1, 0], ..link };
        broker.answer(&again, None).unwrap();
        assert_eq!(ask(broker, Operation::ReadLink, "l").unwrap().text, b"d");
        // No link is followed, not even within the directory.
        for path in ["l/moved", "l"] {
            assert_eq!(ask(broker, Operation::Open, path).err(), Some(Errno::LOOP));
        }
        for path in ["l", "d/moved", "d"] {
            ask(broker, Operation::Remove, path).unwrap();
        }
        assert_eq!(ask(broker, Operation::Status, "d").err(), Some(Errno::NOENT));
    });
}

#[test]
fn no_path_leads_out() {
    let place = Place::new();
    let (root, beside) = (place.root(), place.0.join("beside"));
    let links = [
        ("up", PathBuf::from("../beside")),
        ("sub/up", PathBuf::from("../../beside")),
        ("absolute", beside.clone()),
        ("slash", PathBuf::from("/")),
        ("self", PathBuf::from("/proc/self/root").join(beside.strip_prefix("/").unwrap())),
        ("cwd", PathBuf::from("/proc/self/cwd")),
    ];
    for (name, target) in &links {
        symlink(target, root.join(name)).unwrap();
    }
    symlink(beside.join("secret"), root.join("direct")).unwrap();
    symlink("/proc/self/fd/1", root.join("descriptor")).unwrap();
    let absolute = format!("{}/secret", beside.display());
    let mut paths: Vec<String> = links.iter().map(|(name, _)| format!("{name}/secret")).collect();
    for path in ["../beside/secret", "sub/../../beside/secret", "./../beside/secret", "direct"] {
        paths.push(path.into());
    }
    paths.extend([absolute, "/".into(), "..".into(), "descriptor/../beside/secret".into()]);
    with(&root, true, |broker| {
        for path in &paths {
            for operation in Operation::ALL {
                let link = matches!(operation, Operation::Status | Operation::ReadLink);
                // A link itself may be looked at, moved and removed: it is inside.
                let names_link = path == "direct";
                if names_link && (link || operation.changes()) || operation == Operation::Rename {
                    continue;
                }
                let refused = broker.answer(&request(operation, path), None);
                assert!(refused.is_err(), "{operation:?} of {path} succeeded");
            }
            for (from, to) in [("file", path.as_str()), (path.as_str(), "file")] {
                if path != "direct" {
                    let rename =
                        Request { other: to.as_bytes(), ..request(Operation::Rename, from) };
                    assert!(broker.answer(&rename, None).is_err(), "{from} became {to}");
                }
            }
        }
    });
    assert_eq!(fs::read_dir(&beside).unwrap().count(), 1);
    assert_eq!(fs::read(beside.join("secret")).unwrap(), b"secret");
    assert_eq!(fs::read(root.join("file")).unwrap(), b"inside");
}

#[test]
fn names_that_are_moved_meanwhile_lead_nowhere_else() {
    let place = Place::new();
    let root = place.root();
    fs::create_dir(root.join("a")).unwrap();
    fs::write(root.join("a/secret"), "mine").unwrap();
    symlink("../beside", root.join("b")).unwrap();
    let end = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !end.load(Ordering::Relaxed) {
                // Swapped in one step: the name is a directory, and then a link that leads out.
                let exchange = rustix::fs::RenameFlags::EXCHANGE;
                let (cwd, a, b) = (rustix::fs::CWD, root.join("a"), root.join("b"));
                rustix::fs::renameat_with(cwd, a, cwd, b, exchange).unwrap();
            }
        });
        with(&root, true, |broker| {
            let (mut opened, mut refused) = (0, 0);
            for _ in 0..100_000 {
                match content(ask(broker, Operation::Open, "a/secret")) {
                    Ok(content) => {
                        assert_eq!(content, "mine");
                        opened += 1;
                    }
                    Err(_) => refused += 1,
                }
                if opened > 1000 && refused > 1000 {
                    break;
                }
            }
            end.store(true, Ordering::Relaxed);
            assert!(opened > 0 && refused > 0, "{opened} opened, {refused} refused");
        });
    });
}

#[test]
fn what_is_no_file_is_not_opened() {
    let place = Place::new();
    let mode = Mode::from_raw_mode(0o666);
    let mut special = vec!["pipe"];
    let make = |name: &str, kind, device| {
        rustix::fs::mknodat(rustix::fs::CWD, place.root().join(name), kind, mode, device)
    };
    make("pipe", FileType::Fifo, 0).unwrap();
    make("socket", FileType::Socket, 0).map(|()| special.push("socket")).unwrap();
    match make("null", FileType::CharacterDevice, rustix::fs::makedev(1, 3)) {
        Ok(()) => special.push("null"),
        Err(why) => println!("SKIP: a device: only root makes one: {why}"),
    }
    with(&place.root(), true, |broker| {
        for name in special {
            for value in [0, 1] {
                // Waits for nobody: a pipe without a writer would have an open for reading wait.
                let open = Request { values: [value, 0], ..request(Operation::Open, name) };
                assert_eq!(broker.answer(&open, None).err(), Some(Errno::ACCESS), "{name}");
            }
            let status = ask(broker, Operation::Status, name).unwrap().status.unwrap();
            assert_eq!(status.kind, Kind::Other, "{name}");
        }
    });
}

#[test]
fn what_is_read_only_is_not_changed() {
    let place = Place::new();
    let file = || {
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        rustix::fs::open(place.root().join("file"), flags, Mode::empty()).unwrap()
    };
    with(&place.root(), false, |broker| {
        for operation in Operation::ALL.into_iter().filter(|operation| operation.changes()) {
            for path in ["file", "new", ""] {
                let asked = Request { other: b"x", ..request(operation, path) };
                let refused = broker.answer(&asked, Some(file()));
                assert_eq!(refused.err(), Some(Errno::ROFS), "{operation:?} of {path}");
            }
        }
        let write = Request { values: [1, 0], ..request(Operation::Open, "file") };
        assert_eq!(broker.answer(&write, None).err(), Some(Errno::ROFS));
        let opened = ask(broker, Operation::Open, "file").unwrap();
        assert_eq!(opened.status.unwrap().permissions & 2, 0);
        let written = rustix::io::pwrite(opened.file.unwrap(), b"x", 0);
        assert_eq!(written, Err(Errno::BADF));
    });
    assert_eq!(fs::read(place.root().join("file")).unwrap(), b"inside");
}

/// Memory as a component has it that somebody else gave it: it may be written.
fn memory() -> OwnedFd {
    fd::ram(8192).unwrap()
}

#[test]
fn only_files_that_were_opened_for_writing_change_their_size() {
    let place = Place::new();
    let path = place.root().join("file");
    let opened = |flags| rustix::fs::open(&path, flags | OFlags::CLOEXEC, Mode::empty()).unwrap();
    let (pipe, _other) = rustix::pipe::pipe().unwrap();
    with(&place.root(), true, |broker| {
        for (what, file) in [
            ("memory", Some(memory())),
            ("a token", Some(fd::token().unwrap())),
            ("a pipe", Some(pipe)),
            (
                "a directory",
                Some(rustix::fs::open(place.root(), OFlags::RDONLY, Mode::empty()).unwrap()),
            ),
            ("a file for reading", Some(opened(OFlags::RDONLY))),
            ("a file for looking", Some(opened(OFlags::PATH))),
            ("nothing", None),
        ] {
            for operation in [Operation::Truncate, Operation::Punch, Operation::SetModified] {
                let asked = Request { values: [0, 4096], ..Request::new(operation) };
                let file = file.as_ref().map(|file| file.try_clone().unwrap());
                assert!(broker.answer(&asked, file).is_err(), "{operation:?} of {what}");
            }
        }
        let file = opened(OFlags::RDWR);
        let truncate = Request { values: [3, 0], ..Request::new(Operation::Truncate) };
        broker.answer(&truncate, Some(file)).unwrap();
    });
    assert_eq!(fs::read(&path).unwrap(), b"ins");
}

#[test]
fn a_file_is_granted_alone() {
    let place = Place::new();
    let path = place.root().join("file");
    with(&path, true, |broker| {
        assert_eq!(content(ask(broker, Operation::Open, "")).unwrap(), "inside");
        let write = Request { values: [1, 0], ..request(Operation::Open, "") };
        let file = broker.answer(&write, None).unwrap().file.unwrap();
        fs::File::from(file).write_all(b"INSIDE").unwrap();
        for other in [".", "file", "..", "../file", "sub", "/"] {
            for operation in [Operation::Open, Operation::Status, Operation::Create] {
                assert!(ask(broker, operation, other).is_err(), "{operation:?} of {other}");
            }
        }
    });
    assert_eq!(fs::read(&path).unwrap(), b"INSIDE");
}

#[test]
fn errors_of_the_disk_are_told_as_such() {
    let place = Place::new();
    with(&place.root(), true, |broker| {
        let long = "n".repeat(256);
        for (operation, path, error) in [
            (Operation::Open, "none", Errno::NOENT),
            (Operation::Open, "file/x", Errno::NOTDIR),
            (Operation::Open, long.as_str(), Errno::NAMETOOLONG),
            (Operation::Open, "a\0b", Errno::INVAL),
            (Operation::Create, "", Errno::INVAL),
            (Operation::Create, "sub/", Errno::INVAL),
            (Operation::Create, "sub/..", Errno::INVAL),
            (Operation::Remove, ".", Errno::INVAL),
            (Operation::Remove, "none", Errno::NOENT),
        ] {
            assert_eq!(ask(broker, operation, path).err(), Some(error), "{operation:?} {path}");
        }
    });
}

#[test]
fn a_grant_has_one_user_whose_connection_ends_with_it() {
    let (control, broker) = fd::sockets(fd::BROKER).unwrap();
    let child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let label = "init -> driver".to_owned();
    let mut grants = Grants(vec![Grant {
        label,
        profile: Profile::HostDriver,
        broker: child,
        control,
        user: None,
    }]);
    assert!(grants.take("init -> driver -> child", 1).is_none());
    assert!(grants.take("init", 1).is_none());
    let (own, profile) = grants.take("init -> driver", 1).expect("the granted label");
    assert_eq!(profile, Profile::HostDriver);
    assert!(grants.has(1) && !grants.has(2));
    assert!(grants.take("init -> driver", 2).is_none(), "a second one of the same label");
    grants.give_back(2);
    assert!(grants.has(1), "somebody else's end");
    // The broker has the other end, and whoever got the component's from it a copy.
    let receive = |socket: &OwnedFd| {
        let mut fds = sys::Fds::default();
        let len = sys::recv(socket, &mut [0; 8], &mut fds, RecvFlags::DONTWAIT)?.0;
        let [fd, ..] = fds;
        Ok::<_, Errno>((len, fd))
    };
    let (_, far) = receive(&broker).unwrap();
    let far = far.expect("a connection");
    let copy = own.try_clone().unwrap();
    sys::send(&copy, b"ask", &[], SendFlags::empty()).unwrap();
    assert_eq!(receive(&far).unwrap().0, 3);
    drop(own);
    assert_eq!(receive(&far).err(), Some(Errno::AGAIN), "the copy is there still");
    grants.give_back(1);
    assert_eq!(receive(&far).unwrap().0, 0, "the broker is told that it ended");
    assert_eq!(sys::send(&copy, b"ask", &[], SendFlags::empty()), Err(Errno::PIPE));
    assert!(grants.take("init -> driver", 3).is_some(), "started again");
}

#[test]
fn a_kernel_without_openat2_is_told_as_such() {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
    let place = Place::new();
    let absent = std::collections::BTreeMap::from([(libc::SYS_openat2, Vec::new())]);
    let refusal = SeccompAction::Errno(libc::ENOSYS as u32);
    let arch = TargetArch::try_from(std::env::consts::ARCH).unwrap();
    let filter = SeccompFilter::new(absent, SeccompAction::Allow, refusal, arch).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    let root = place.root();
    // Of this thread alone.
    let refused = std::thread::spawn(move || {
        seccompiler::apply_filter(&program).unwrap();
        open(&root).unwrap_err()
    });
    let refused = refused.join().unwrap();
    assert!(refused.contains("openat2") && refused.contains("5.6"), "{refused}");
}
