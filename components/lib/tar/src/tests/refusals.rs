use std::{format, string::ToString, vec, vec::Vec};

use super::*;

/// One file with a header that `change` changes before its checksum is made right.
fn changed(change: impl Fn(&mut [u8])) -> Found {
    let mut bytes = archive(Format::Ustar, &[file("a", b"content"), file("b", b"more")]);
    change(&mut bytes[..BLOCK]);
    seal(&mut bytes[..BLOCK]);
    read(&bytes)
}

fn error(found: &Found) -> Option<Error> {
    assert!(found.entries.is_empty() && !found.ended, "{found:?}");
    found.error
}

#[test]
fn a_wrong_checksum_ends_it() {
    let mut bytes = archive(Format::Ustar, &[file("a", b"content"), file("b", b"more")]);
    bytes[2 * BLOCK + 5] ^= 1;
    let found = read(&bytes);
    assert_eq!((found.entries.len(), found.error), (1, Some(Error::Checksum { at: 1024 })));
    assert_eq!(error(&read(&[b'x'; 2000])), Some(Error::Checksum { at: 0 }));
    // Old programs' sums of signed bytes.
    let mut bytes = archive(Format::Ustar, &[file("\u{e4}\u{f6}", b"")]);
    let sum: i64 = bytes[..BLOCK].iter().map(|byte| i64::from(*byte as i8)).sum();
    let checksum: i64 = bytes[148..156].iter().map(|byte| i64::from(*byte as i8)).sum();
    let signed = format!("{:06o}\0 ", sum - checksum + 8 * 32);
    bytes[148..156].copy_from_slice(signed.as_bytes());
    assert_eq!(read(&bytes).entries.len(), 1);
}

#[test]
fn a_size_that_is_hostile_ends_it() {
    let number = Some(Error::Number { at: 0 });
    let truncated = Some(Error::Truncated { at: 0 });
    for (field, what) in [
        (&b"77777777777\0"[..], truncated),
        (b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", truncated),
        (b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", number),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", number), // -1
        (b"12x4\0\0\0\0\0\0\0\0", number),
        (b"-1\0\0\0\0\0\0\0\0\0\0", number),
        (b"999999999999", number),
    ] {
        assert_eq!(error(&changed(|block| block[124..136].copy_from_slice(field))), what);
    }
    // As large as there is room for, and a byte more.
    let last = |size: u64| {
        let mut bytes = header(Format::Ustar, b"a", b'0', size).to_vec();
        bytes.resize(BLOCK + 700, 7);
        read(&bytes)
    };
    assert_eq!(last(700).entries[0].1, [7; 700], "without padding");
    assert_eq!(error(&last(701)), truncated);
    let spaces = changed(|block| block[124..136].copy_from_slice(b"     7      "));
    assert_eq!(spaces.entries.len(), 2);
    let wide = changed(|block| block[124..136].copy_from_slice(b"\x80\0\0\0\0\0\0\0\0\0\0\x07"));
    assert_eq!(wide.entries[0].1, b"content");
}

#[test]
fn a_path_that_leads_elsewhere_is_left_out() {
    for path in ["..", "../a", "a/../../b", "/..", "a/.."] {
        for format in [Format::Ustar, Format::Gnu, Format::Pax] {
            let found = read(&archive(format, &[file(path, b"x"), file("good", b"y")]));
            assert_eq!((found.left_out, found.entries.len()), (vec![Unusable::Path], 1), "{path}");
        }
    }
    let path_of = |path: &str| {
        let found = read(&archive(Format::Gnu, &[file(path, b"x")]));
        found.entries.into_iter().next().map(|(entry, _)| entry.path)
    };
    assert_eq!(path_of("/etc//./passwd").as_deref(), Some(&b"etc/passwd"[..]));
    assert_eq!(path_of("..a/b..").as_deref(), Some(&b"..a/b.."[..]));
    assert_eq!(path_of("./"), Some(vec![]), "the archive's own directory");
    assert_eq!(path_of("."), None, "a file without a name");
    let zero = Item { path: b"a\0b".to_vec(), ..file("", b"") };
    assert_eq!(read(&archive(Format::Pax, &[zero])).left_out, [Unusable::Path]);
    let hard = Item { kind: b'1', link: b"../outside".to_vec(), ..file("a", b"") };
    assert_eq!(read(&archive(Format::Gnu, &[hard])).left_out, [Unusable::Path]);
    for format in [Format::Gnu, Format::Pax] {
        let long = |len: usize| file(&"n".repeat(len), b"");
        let soft = Item { kind: b'2', link: vec![b'n'; MAX_PATH + 1], ..file("a", b"") };
        let found = read(&archive(format, &[long(MAX_PATH), long(MAX_PATH + 1), soft]));
        assert_eq!(found.left_out, [Unusable::PathTooLong; 2]);
        assert_eq!(found.entries.len(), 1);
    }
}

#[test]
fn what_is_no_file_is_left_out() {
    for (kind, size, why) in [
        (b'3', 0, Unusable::Type(b'3')),
        (b'6', 5, Unusable::Type(b'6')),
        (b'Z', 4, Unusable::Type(b'Z')),
        (b'S', 4, Unusable::Sparse),
    ] {
        let one = Item { kind, content: vec![1; size], ..file("a", b"") };
        let mut bytes = archive(Format::Gnu, &[one]);
        // An entry of a kind without content has none, whatever it says.
        if kind == b'6' {
            bytes.truncate(BLOCK);
        } else {
            bytes.truncate(bytes.len() - 2 * BLOCK);
        }
        bytes.extend(archive(Format::Gnu, &[file("b", b"more")]));
        let found = read(&bytes);
        assert_eq!((found.left_out, found.entries.len()), (vec![why], 1));
    }
    let found = changed(|block| {
        block[156] = b'S';
        block[482] = 1;
    });
    assert_eq!(error(&found), Some(Error::Format { at: 0 }));
    let slash = read(&archive(Format::Ustar, &[Item { kind: 0, ..file("old/", b"") }]));
    assert_eq!(slash.entries[0].0.kind, Kind::Directory, "an old directory");
}

/// An archive of one extended header with these bytes, and a file.
fn extended(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = header(Format::Pax, b"x", kind, content.len() as u64).to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes.extend(archive(Format::Ustar, &[file("a", b"content")]));
    bytes
}

#[test]
fn records_are_checked() {
    for content in [
        &b"7 a=b"[..],
        b"6 a=b\n6 a=b\nx",
        b"5 a=b\n",
        b"7 a=b\n",
        b"0 a=b\n",
        b"99999999999999999999999 a=b\n",
        b"18446744073709551615 a=b\n",
        b" a=b\n",
        b"6 aab\n",
        b"6a=bb\n",
        b"12 size=-1b\n",
        b"14 mtime=1.x5\n",
        b"30 size=99999999999999999999\n\0",
    ] {
        let found = read(&extended(b'x', content));
        assert_eq!(error(&found), Some(Error::Records { at: 0 }), "{}", content.escape_ascii());
    }
    let good = read(&extended(b'x', b"6 a=b\n7 path\n"));
    assert_eq!(error(&good), Some(Error::Records { at: 0 }), "a record without a value");
    let found = read(&extended(b'x', &[record("path", b"longer"), record("path", b"")].concat()));
    assert_eq!(found.entries[0].0.path, b"a", "taken back");
    let sparse = read(&extended(b'x', &record("GNU.sparse.major", b"1")));
    assert_eq!(sparse.left_out, [Unusable::Sparse]);
    let times = [(&b"5.999"[..], 5), (b"-5.5", -6), (b"-5.000", -5), (b"-5", -5), (b"0", 0)];
    for (text, seconds) in times {
        let found = read(&extended(b'x', &record("mtime", text)));
        assert_eq!(found.entries[0].0.modified, seconds, "{}", text.escape_ascii());
    }
}

#[test]
fn what_is_said_for_all_gives_no_names() {
    let global = [record("mtime", b"99"), record("path", b"same"), record("size", b"1")].concat();
    let mut bytes = extended(b'g', &global);
    bytes.truncate(bytes.len() - 2 * BLOCK);
    let own = [record("mtime", b"5")].concat();
    bytes.extend(extended(b'x', &own));
    let found = read(&bytes);
    let entries: Vec<_> =
        found.entries.iter().map(|(e, c)| (&e.path[..], e.modified, &c[..])).collect();
    let content = &b"content"[..];
    assert_eq!(entries, [(&b"a"[..], 99, content), (b"a", 5, content)]);
}

#[test]
fn extended_headers_are_bounded() {
    for kind in [b'x', b'g', b'L', b'K'] {
        let size = MAX_EXTENDED + 1;
        let long = header(Format::Gnu, b"x", kind, size);
        let bytes = [&long[..], &vec![b'n'; 2 * size as usize]].concat();
        assert_eq!(error(&read(&bytes)), Some(Error::TooLong { at: 0 }));
        let cut = header(Format::Gnu, b"x", kind, 513);
        let bytes = [&cut[..], &[b'n'; 1023]].concat();
        assert_eq!(error(&read(&bytes)), Some(Error::Truncated { at: 0 }));
        let empty =
            [&header(Format::Gnu, b"x", kind, 0)[..], &archive(Format::Gnu, &[file("a", b"")])];
        assert_eq!(read(&empty.concat()).entries.len(), 1);
    }
}

#[test]
fn an_archive_may_have_no_end() {
    let mut bytes = archive(Format::Ustar, &[file("a", b"content")]);
    bytes.truncate(2 * BLOCK);
    let found = read(&bytes);
    assert_eq!((found.entries.len(), found.ended, found.error), (1, false, None));
    assert!(read(&[]).entries.is_empty() && !read(&[0; 100]).ended);
    // After an error nothing more is asked for.
    let mut decoder = Decoder::new(1 << 20);
    assert!(decoder.feed(&[1; BLOCK]).is_err());
    assert_eq!(decoder.next_block(), None);
}

#[test]
fn a_text_says_what_to_do() {
    for (text, end) in [
        (Error::Checksum { at: 7 }.to_string(), "byte 7: no archive, or a damaged one"),
        (Error::Number { at: 7 }.to_string(), "the header at byte 7"),
        (Error::Truncated { at: 7 }.to_string(), "copy it again"),
        (Error::TooLong { at: 7 }.to_string(), "more than 65536 bytes"),
        (Error::Records { at: 7 }.to_string(), "has no records"),
        (Error::Format { at: 7 }.to_string(), "--format=pax"),
        (Error::Memory.to_string(), "donate more RAM"),
        (Unusable::Path.to_string(), "leads elsewhere"),
        (Unusable::PathTooLong.to_string(), "more than 4096 bytes"),
        (Unusable::Sparse.to_string(), "without --sparse"),
        (Unusable::Type(b'\x07').to_string(), "of type '\\x07'"),
    ] {
        assert!(text.ends_with(end), "{text}");
    }
}
