//! A writer of archives in each format.

extern crate std;

use std::{format, vec::Vec};

use crate::BLOCK;

/// Formats that names and sizes are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Ustar,
    Gnu,
    Pax,
}

/// An entry to be written.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) path: Vec<u8>,
    pub(super) kind: u8,
    pub(super) link: Vec<u8>,
    pub(super) content: Vec<u8>,
    pub(super) mode: u32,
    pub(super) modified: i64,
}

fn octal(field: &mut [u8], value: u64) {
    let digits = format!("{value:0width$o}", width = field.len() - 1);
    field[..digits.len()].copy_from_slice(digits.as_bytes());
}

/// Makes a header block's checksum right.
pub(super) fn seal(block: &mut [u8]) {
    block[148..156].fill(b' ');
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    octal(&mut block[148..155], sum);
    block[154] = 0;
}

pub(super) fn header(format: Format, name: &[u8], kind: u8, size: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..name.len()].copy_from_slice(name);
    octal(&mut block[100..108], 0o644);
    octal(&mut block[124..136], size);
    octal(&mut block[136..148], 0);
    block[156] = kind;
    let magic: &[u8] = if format == Format::Gnu { b"ustar  \0" } else { b"ustar\x0000" };
    block[257..265].copy_from_slice(magic);
    seal(&mut block);
    block
}

fn padded(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(bytes);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
}

/// A record of pax, whose length counts itself.
pub(super) fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut len = rest;
    while format!("{len}").len() + rest != len {
        len = format!("{len}").len() + rest;
    }
    [format!("{len} {key}=").as_bytes(), value, b"\n"].concat()
}

/// Divides a path for ustar, if it can be.
fn divided(path: &[u8]) -> Option<(&[u8], &[u8])> {
    if path.len() <= 100 {
        return Some((b"", path));
    }
    let at = (0..path.len()).find(|&at| path[at] == b'/' && path.len() - at - 1 <= 100)?;
    (at <= 155 && at + 1 < path.len()).then(|| (&path[..at], &path[at + 1..]))
}

/// Writes an entry; `None` if the format cannot.
pub(super) fn item(format: Format, item: &Item) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut prefix, mut name, mut link) = (&b""[..], &item.path[..], &item.link[..]);
    match format {
        Format::Ustar => {
            (prefix, name) = divided(&item.path)?;
            if link.len() > 100 || item.modified < 0 {
                return None;
            }
        }
        Format::Gnu => {
            for (kind, long) in [(b'K', &mut link), (b'L', &mut name)] {
                if long.len() > 100 {
                    let text = [&long[..], b"\0"].concat();
                    out.extend(header(format, b"././@LongLink", kind, text.len() as u64));
                    padded(&mut out, &text);
                    *long = &long[..100];
                }
            }
        }
        Format::Pax => {
            let time = format!("{}.25", item.modified);
            let mut records = record("mtime", time.as_bytes());
            records.extend(record("comment", b"of no importance = \n here"));
            records.extend(record("path", name));
            records.extend(record("linkpath", link));
            records.extend(record("size", format!("{}", item.content.len()).as_bytes()));
            out.extend(header(format, b"PaxHeaders/x", b'x', records.len() as u64));
            padded(&mut out, &records);
            (name, link) = (&name[..name.len().min(20)], &link[..link.len().min(20)]);
        }
    }
    let mut block = header(format, name, item.kind, item.content.len() as u64);
    octal(&mut block[100..108], item.mode.into());
    block[157..157 + link.len()].copy_from_slice(link);
    if format == Format::Ustar {
        block[345..345 + prefix.len()].copy_from_slice(prefix);
    }
    if item.modified < 0 {
        block[136..148].fill(0xff);
        block[140..148].copy_from_slice(&item.modified.to_be_bytes());
    } else {
        octal(&mut block[136..148], item.modified as u64);
    }
    seal(&mut block);
    out.extend(block);
    padded(&mut out, &item.content);
    Some(out)
}
