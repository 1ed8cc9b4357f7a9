use std::{format, vec};

use super::*;

#[test]
fn the_deepest_directory_of_the_tree_counts() {
    let vfs = Vfs::new(vec![
        Mount::memory(1 << 20),
        Mount::directory("a", vec![Mount::inline("file", &b"deep"[..])]),
        Mount::inline("b", &b"second"[..]),
    ]);
    // A file in memory at the same path is hidden, whatever stands first.
    vfs.wait(vfs.create_dir("/a")).unwrap_err();
    assert_eq!(vfs.wait(vfs.read("/a/file", 9)).unwrap(), b"deep");
    assert_eq!(refusal(vfs.wait(vfs.write("/a/file", b"x"))), Some(Refusal::PermissionDenied));
    assert_eq!(vfs.wait(vfs.read("/b", 9)).unwrap(), b"second");
    // Of equally deep ones the first.
    let vfs = Vfs::new(vec![
        Mount::directory("d", vec![Mount::inline("f", &b"one"[..])]),
        Mount::directory("d", vec![Mount::inline("f", &b"two"[..]), Mount::null("g")]),
    ]);
    assert_eq!(vfs.wait(vfs.read("/d/f", 9)).unwrap(), b"one");
    assert_eq!(names(&vfs, "/d"), ["f", "g"]);
}

#[test]
fn dots_lead_up_to_the_root_and_no_further() {
    let vfs = tree();
    for path in [
        "/motd",
        "/../motd",
        "/../../../motd",
        "//./motd/",
        "/dev/../motd",
        "/dev/../tmp/.././motd",
        "/tmp/../dev/../../motd",
    ] {
        assert_eq!(vfs.wait(vfs.read(path, 9)).unwrap(), b"hello", "{path}");
    }
    assert_eq!(names(&vfs, "/dev/.."), names(&vfs, "/"));
    for (path, error) in [
        ("", PathError::Relative),
        ("motd", PathError::Relative),
        ("/a\0b", PathError::Zero),
        (&format!("/{}", "n".repeat(128))[..], PathError::NameTooLong),
        (&"/n".repeat(500)[..], PathError::TooLong),
    ] {
        assert_eq!(vfs.wait(vfs.read(path, 9)).unwrap_err().why(), Why::Path(error));
    }
}

#[test]
fn links_are_followed_within_the_tree() {
    let vfs = tree();
    let link = |target: &str, path: &str| vfs.wait(vfs.symlink(target, path)).unwrap();
    link("/motd", "/tmp/absolute");
    link("../motd", "/tmp/up");
    link("../../../../motd", "/tmp/far");
    link("absolute", "/tmp/chain");
    link("/archive/dir", "/tmp/dir");
    link("/tmp/made", "/tmp/later");
    for path in ["/tmp/absolute", "/tmp/up", "/tmp/far", "/tmp/chain"] {
        assert_eq!(vfs.wait(vfs.read(path, 9)).unwrap(), b"hello", "{path}");
    }
    assert_eq!(vfs.wait(vfs.read("/tmp/dir/file", 99)).unwrap(), b"from the archive");
    // Upwards from where the link leads, not from where it is.
    assert_eq!(vfs.wait(vfs.read("/tmp/dir/../prog", 9)).unwrap(), b"elf");
    assert_eq!(names(&vfs, "/tmp/dir"), ["file", "hard", "link"]);
    vfs.wait(vfs.write("/tmp/later", b"through a link")).unwrap();
    assert_eq!(vfs.wait(vfs.read("/tmp/made", 99)).unwrap(), b"through a link");
    // Links themselves.
    assert_eq!(vfs.wait(vfs.read_link("/tmp/chain")).unwrap(), "absolute");
    assert_eq!(vfs.wait(vfs.read_link("/dev/void")).unwrap(), "null");
    assert_eq!(refusal(vfs.wait(vfs.read_link("/motd"))), Some(Refusal::LookupFailed));
    vfs.wait(vfs.remove("/tmp/chain")).unwrap();
    assert_eq!(vfs.wait(vfs.read("/tmp/absolute", 9)).unwrap(), b"hello");
    let again = vfs.wait(vfs.symlink("x", "/tmp/up"));
    assert_eq!(refusal(again), Some(Refusal::NodeAlreadyExists));
    let denied = vfs.wait(vfs.symlink("x", "/archive/l"));
    assert_eq!(refusal(denied), Some(Refusal::PermissionDenied));
}

#[test]
fn links_that_go_round_end() {
    let vfs = tree();
    let link = |target: &str, path: &str| vfs.wait(vfs.symlink(target, path)).unwrap();
    link("b", "/tmp/a");
    link("a", "/tmp/b");
    link("self/self/self", "/tmp/self");
    for path in ["/tmp/a", "/tmp/self", "/tmp/self/x"] {
        let error = vfs.wait(vfs.open(path, Mode::READ)).unwrap_err();
        assert_eq!(error.why(), Why::Path(PathError::Links { limit: MAX_LINKS }), "{path}");
        assert!(format!("{error}").ends_with("see where they lead round"));
    }
    // As many as are allowed, and one more.
    vfs.wait(vfs.write("/tmp/0", b"end")).unwrap();
    for number in 1..=MAX_LINKS + 1 {
        link(&format!("{}", number - 1), &format!("/tmp/{number}"));
    }
    assert_eq!(vfs.wait(vfs.read(&format!("/tmp/{MAX_LINKS}"), 9)).unwrap(), b"end");
    assert!(vfs.wait(vfs.read(&format!("/tmp/{}", MAX_LINKS + 1), 9)).is_err());
}
