extern crate std;

mod model;
mod paths;

use std::{string::String, vec, vec::Vec};

use genode::{fs::Refusal, session::file_system::PathError};

use crate::*;

/// An archive with `dir/file`, `dir/link` to it, and a program.
fn archive() -> Archive {
    let mut bytes = Vec::new();
    for (path, kind, link, content) in [
        ("dir/file", b'0', "", &b"from the archive"[..]),
        ("dir/link", b'2', "file", b""),
        ("dir/hard", b'1', "dir/file", b""),
        ("dir/dangling", b'1', "nowhere", b""),
        ("prog", b'0', "", b"elf"),
        ("../out", b'0', "", b"no"),
        ("prog/below", b'0', "", b"no"),
        ("dir", b'0', "", b"no file takes a directory's place"),
        ("twice", b'0', "", b"first"),
        ("twice", b'0', "", b"second"),
    ] {
        let mut header = [0; 512];
        header[..path.len()].copy_from_slice(path.as_bytes());
        let mode = if path == "prog" { b"0000755" } else { b"0000644" };
        header[100..107].copy_from_slice(mode);
        let size = std::format!("{:011o}", content.len());
        header[124..135].copy_from_slice(size.as_bytes());
        header[136..147].copy_from_slice(b"00000000012");
        header[156] = kind;
        header[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(std::format!("{sum:06o}\0").as_bytes());
        bytes.extend(header);
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.extend([0; 1024]);
    let archive = Archive::new(bytes).unwrap();
    assert_eq!(archive.left_out(), 4);
    archive
}

/// A tree with one mount of each kind that needs no session.
fn tree() -> Vfs {
    Vfs::new(vec![
        Mount::directory(
            "dev",
            vec![
                Mount::null("null"),
                Mount::zero("zero", None),
                Mount::zero("zeros", Some(10)),
                Mount::symlink("void", "null"),
            ],
        ),
        Mount::directory("archive", vec![Mount::archive(archive())]),
        Mount::directory("tmp", vec![Mount::memory(1 << 20)]),
        Mount::inline("motd", &b"hello"[..]),
        Mount::archive(archive()),
        Mount::memory(1 << 16),
    ])
}

fn refusal<T: core::fmt::Debug>(result: Result<T, Error>) -> Option<Refusal> {
    result.unwrap_err().refusal()
}

fn names(vfs: &Vfs, path: &str) -> Vec<String> {
    let entries = vfs.wait(vfs.read_dir(path)).unwrap();
    entries.into_iter().map(|entry| String::from_utf8(entry.name.into_vec()).unwrap()).collect()
}

#[test]
fn each_mount_has_its_files() {
    let vfs = tree();
    let read = |path| vfs.wait(vfs.read(path, 100));
    assert_eq!(read("/motd").unwrap(), b"hello");
    assert_eq!(read("/dev/null").unwrap(), b"");
    assert_eq!(read("/dev/zeros").unwrap(), [0; 10]);
    assert_eq!(read("/dev/void").unwrap(), b"");
    assert_eq!(read("/archive/dir/file").unwrap(), b"from the archive");
    assert_eq!(read("/archive/dir/link").unwrap(), b"from the archive");
    assert_eq!(read("/archive/dir/hard").unwrap(), b"from the archive");
    assert_eq!(read("/archive/twice").unwrap(), b"second");
    assert_eq!(read("/dir/file").unwrap(), b"from the archive");
    vfs.wait(vfs.write("/tmp/a", b"memory")).unwrap();
    assert_eq!(read("/tmp/a").unwrap(), b"memory");
    assert_eq!(vfs.wait(vfs.read("/dev/zero", 99)).unwrap_err().why(), Why::TooLong { limit: 99 });
    assert_eq!(vfs.wait(vfs.read("/motd", 4)).unwrap_err().why(), Why::TooLong { limit: 4 });
    assert_eq!(read("/motd").map(|text| text.len()), Ok(5));
    for path in ["/nothing", "/dev/nothing", "/dev", "/archive/dir", "/motd/below", "/tmp/a/b"] {
        assert_eq!(refusal(read(path)), Some(Refusal::LookupFailed), "{path}");
    }
}

#[test]
fn directories_of_all_mounts_are_one() {
    let vfs = tree();
    assert_eq!(names(&vfs, "/"), ["archive", "dev", "dir", "motd", "prog", "tmp", "twice"]);
    assert_eq!(names(&vfs, "/dev"), ["null", "void", "zero", "zeros"]);
    assert_eq!(names(&vfs, "/archive/dir"), ["file", "hard", "link"]);
    // New files go to the first that takes them, and are seen beside the others.
    vfs.wait(vfs.write("/new", b"x")).unwrap();
    vfs.wait(vfs.create_dir("/mine")).unwrap();
    assert_eq!(names(&vfs, "/").len(), 9);
    let made = vfs.wait(vfs.create_dir("/dir"));
    assert_eq!(refusal(made), Some(Refusal::NodeAlreadyExists), "another mount has it");
    assert_eq!(refusal(vfs.wait(vfs.read_dir("/motd"))), Some(Refusal::LookupFailed));
    assert_eq!(refusal(vfs.wait(vfs.read_dir("/nowhere"))), Some(Refusal::LookupFailed));
}

#[test]
fn what_is_read_only_stays() {
    let vfs = tree();
    for path in ["/motd", "/dir/file", "/archive/prog"] {
        assert_eq!(refusal(vfs.wait(vfs.write(path, b"x"))), Some(Refusal::PermissionDenied));
        let open = vfs.wait(vfs.open(path, Mode::WRITE));
        assert_eq!(refusal(open), Some(Refusal::PermissionDenied), "{path}");
        assert_eq!(refusal(vfs.wait(vfs.remove(path))), Some(Refusal::PermissionDenied), "{path}");
        let moved = vfs.wait(vfs.rename(path, "/tmp/x"));
        assert_eq!(refusal(moved), Some(Refusal::PermissionDenied), "{path}");
    }
    for path in ["/dev", "/dev/null", "/"] {
        assert_eq!(refusal(vfs.wait(vfs.remove(path))), Some(Refusal::PermissionDenied), "{path}");
    }
    // In the archive's directory of its own there is nothing to write to.
    let made = vfs.wait(vfs.write("/archive/new", b"x"));
    assert_eq!(refusal(made), Some(Refusal::PermissionDenied));
    assert_eq!(refusal(vfs.wait(vfs.write("/dev/new", b"x"))), Some(Refusal::LookupFailed));
    vfs.wait(vfs.write("/tmp/a", b"x")).unwrap();
    let moved = vfs.wait(vfs.rename("/tmp/a", "/a"));
    assert_eq!(refusal(moved), Some(Refusal::PermissionDenied), "another file system");
    vfs.wait(vfs.rename("/tmp/a", "/tmp/b")).unwrap();
    assert_eq!(names(&vfs, "/tmp"), ["b"]);
}

#[test]
fn modes_are_kept() {
    let vfs = tree();
    vfs.wait(vfs.write("/tmp/a", b"text")).unwrap();
    let reader = vfs.wait(vfs.open("/tmp/a", Mode::READ)).unwrap();
    assert_eq!(refusal(vfs.wait(reader.write_at(0, b"x"))), Some(Refusal::PermissionDenied));
    assert_eq!(refusal(vfs.wait(reader.append(b"x"))), Some(Refusal::PermissionDenied));
    assert_eq!(refusal(reader.truncate(0)), Some(Refusal::PermissionDenied));
    let writer = vfs.wait(vfs.open("/tmp/a", Mode::WRITE)).unwrap();
    let read = vfs.wait(writer.read_at(0, &mut [0; 4]));
    assert_eq!(refusal(read), Some(Refusal::PermissionDenied));
    vfs.wait(writer.append(b" more")).unwrap();
    // Open files stay when their name is gone.
    vfs.wait(vfs.remove("/tmp/a")).unwrap();
    let mut text = [0; 9];
    assert_eq!(vfs.wait(reader.read_at(0, &mut text)), Ok(9));
    assert_eq!(&text, b"text more");
    assert_eq!((reader.path(), reader.metadata().unwrap().size), ("/tmp/a", 9));
}

#[test]
fn a_limit_is_kept_and_nothing_is_lost() {
    let vfs = tree();
    vfs.wait(vfs.write("/kept", b"kept")).unwrap();
    let full = vfs.wait(vfs.write("/large", &vec![1; 1 << 17]));
    assert_eq!(refusal(full), Some(Refusal::NoSpace));
    assert_eq!(vfs.wait(vfs.read("/kept", 100)).unwrap(), b"kept");
    vfs.wait(vfs.write("/tmp/large", &vec![1; 1 << 17])).unwrap();
}

#[test]
fn facts_are_told() {
    let vfs = tree();
    let known = |path| vfs.wait(vfs.metadata(path)).unwrap();
    let program = known("/prog");
    assert_eq!((program.kind, program.size), (NodeType::ContinuousFile, 3));
    assert!(program.executable && !program.writeable);
    assert_eq!(program.modified, Some(10_000));
    assert!(!known("/dir/file").executable);
    assert_eq!((known("/dir/link").kind, known("/dir/link").size), (NodeType::Symlink, 4));
    assert_eq!(known("/dir").kind, NodeType::Directory);
    assert_eq!((known("/").kind, known("/").writeable), (NodeType::Directory, false));
    assert_eq!((known("/dev/zeros").size, known("/dev/zero").size), (10, 0));
    assert_eq!((known("/motd").size, known("/motd").writeable), (5, false));
    assert_eq!(refusal(vfs.wait(vfs.metadata("/nothing"))), Some(Refusal::LookupFailed));
}

/// Uses a stream as code does that knows nothing of a tree.
fn copy<S>(stream: &mut S) -> Result<(usize, [u8; 5], u64), S::Error>
where
    S: embedded_io::Read + embedded_io::Write + embedded_io::Seek,
{
    use embedded_io::SeekFrom;
    stream.write_all(b"one two")?;
    stream.seek(SeekFrom::Current(-3))?;
    stream.write_all(b"three")?;
    stream.flush()?;
    let mut word = [0; 5];
    stream.seek(SeekFrom::Start(4))?;
    let read = stream.read(&mut word)?;
    Ok((read, word, stream.seek(SeekFrom::End(0))?))
}

#[test]
fn a_file_is_a_stream() {
    let vfs = tree();
    let mut stream = vfs.wait(vfs.create("/tmp/s")).unwrap().stream();
    assert_eq!(copy(&mut stream), Ok((5, *b"three", 9)));
    assert_eq!(stream.position(), 9);
    let before = embedded_io::Seek::seek(&mut stream, embedded_io::SeekFrom::Current(-10));
    assert!(before.is_err() && stream.position() == 9, "a place before the start");
    let again = vfs.wait(async {
        use embedded_io_async::{Read, Seek, Write};
        stream.rewind().await?;
        stream.write_all(b"two").await?;
        let mut rest = [0; 9];
        let read = stream.read(&mut rest).await?;
        Ok::<_, Error>((read, rest))
    });
    assert_eq!(again, Ok((6, *b" three\0\0\0")));
    let mut zeros = vfs.wait(vfs.open("/dev/zero", Mode::all())).unwrap().stream();
    assert_eq!(copy(&mut zeros), Ok((5, [0; 5], 0)));
}

#[test]
fn roots_may_be_empty() {
    let none = Vfs::new(vec![]);
    assert_eq!(names(&none, "/"), Vec::<String>::new());
    assert_eq!(refusal(none.wait(none.write("/a", b""))), Some(Refusal::LookupFailed));
    let text = none.wait(none.read("a", 1)).unwrap_err().why();
    assert_eq!(text, Why::Path(PathError::Relative));
}
