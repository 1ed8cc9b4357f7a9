//! Names for addresses: the function, file and line behind each call that a log tells of.
//!
//! | in a line | written by | address |
//! |---|---|---|
//! | `NAME+0xOFFSET` | the host's core, for a component that dies | offset in the program NAME |
//! | `pd='LABEL' … ip=0xADDRESS`, `pf_ip=0xADDRESS` | Genode's core, for a page fault | of the program, which has no relocation |
//! | `segfault at … ip ADDRESS … in NAME.stripped[` | Linux' log, for a component on base-linux | the same |

use addr2line::Loader;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Programs by name, and what they say of addresses.
#[derive(Default)]
pub struct Symbols {
    folders: Vec<PathBuf>,
    /// Programs of components that have other names, by these.
    children: HashMap<String, String>,
    programs: RefCell<HashMap<String, Option<Rc<Program>>>>,
}

/// A program with its symbols.
struct Program {
    symbols: Loader,
    /// Addresses of its code; debug information has addresses of functions that were left out, too.
    code: Vec<Range<u64>>,
}

impl Program {
    fn open(path: &Path) -> Option<Self> {
        let (symbols, mut head) = (Loader::new(path).ok()?, Vec::new());
        File::open(path).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
        Some(Self { symbols, code: code(&head)? })
    }

    fn has(&self, address: u64) -> bool {
        self.code.iter().any(|range| range.contains(&address))
    }
}

/// Bytes of a program that are looked at for its segments.
const HEAD: u64 = 64 << 10;

/// Finds where an ELF file of 64 bits, of which these are the first bytes, has executable segments.
fn code(head: &[u8]) -> Option<Vec<Range<u64>>> {
    const ENTRY: usize = 56;
    let bytes = |at: usize, len: usize| head.get(at..at.checked_add(len)?);
    let number = |at: usize, len: usize| {
        let number = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(bytes(at, len)?.iter().rev().fold(0, number))
    };
    // 64 bits, the lowest byte first
    (bytes(0, 6)? == b"\x7fELF\x02\x01").then_some(())?;
    let (table, entries) = (usize::try_from(number(32, 8)?).ok()?, number(56, 2)?);
    let mut code = Vec::new();
    for index in 0..usize::try_from(entries).ok()? {
        let at = table.checked_add(index * ENTRY)?;
        let (kind, flags) = (number(at, 4)?, number(at.checked_add(4)?, 4)?);
        if kind == 1 && flags & 1 != 0 {
            let begin = number(at.checked_add(16)?, 8)?;
            code.push(begin..begin.saturating_add(number(at.checked_add(40)?, 8)?));
        }
    }
    Some(code)
}

impl std::fmt::Debug for Symbols {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Symbols").field("folders", &self.folders).finish_non_exhaustive()
    }
}

/// An address in a line.
#[derive(Debug, PartialEq, Eq)]
struct Place<'a> {
    /// The program's name, or the component's.
    program: &'a str,
    address: u64,
}

/// Longest name of a program that is looked up.
const MAX_NAME: usize = 64;

impl Symbols {
    /// Programs in folders, of which the first that has one counts.
    pub fn of(folders: Vec<PathBuf>) -> Self {
        Self { folders, ..Self::default() }
    }

    /// Takes the program `program` for the component `name`, as its start node does.
    pub fn child(&mut self, name: &str, program: &str) {
        self.children.insert(name.to_owned(), program.to_owned());
    }

    /// Returns the line with the name of the function that it tells of, as it is if it tells of
    /// none or nobody knows, or `None` for what only carries out a panic or an abort, or passes a
    /// call on.
    pub fn annotate(&self, line: &str) -> Option<String> {
        let Some(place) = place(line) else { return Some(line.to_owned()) };
        let name = self.children.get(place.program).map_or(place.program, String::as_str);
        let Some(program) = self.program(name) else { return Some(line.to_owned()) };
        if !program.has(place.address) {
            return Some(line.to_owned());
        }
        let program = &program.symbols;
        let symbol = program.find_symbol(place.address);
        let symbol = symbol.map(|s| plain(&addr2line::demangle_auto(s.into(), None)));
        if symbol.as_deref().is_some_and(is_machinery) {
            return None;
        }
        let frames = frames(program, place.address, symbol.as_deref());
        let Some(((inner, at), outer)) = frames.split_first() else { return Some(line.to_owned()) };
        let mut out = format!("{line}  {inner}");
        if let Some((file, number)) = at {
            let _ = write!(out, " at {}:{number}", short(file));
        }
        if let Some((outer, _)) = outer.last() {
            let _ = write!(out, ", part of {outer}");
        }
        Some(out)
    }

    fn program(&self, name: &str) -> Option<Rc<Program>> {
        let folders = &self.folders;
        self.programs
            .borrow_mut()
            .entry(name.to_owned())
            .or_insert_with(|| {
                let names = [name.to_owned(), format!("rs_{name}")];
                let mut paths = folders.iter().flat_map(|f| names.iter().map(|n| f.join(n)));
                paths.find(|p| p.is_file()).and_then(|p| Program::open(&p)).map(Rc::new)
            })
            .clone()
    }
}

/// A function's name, with file and line.
type Frame = (String, Option<(String, u32)>);

/// The function at an address, after those that became part of it.
fn frames(program: &Loader, address: u64, symbol: Option<&str>) -> Vec<Frame> {
    // Beside a line table and no more, the symbol alone has the name of the outermost.
    let symbol = symbol.unwrap_or("?").to_owned();
    let mut frames = Vec::new();
    if let Ok(mut found) = program.find_frames(address) {
        while let Ok(Some(frame)) = found.next() {
            let name = frame.function.as_ref().and_then(|f| f.demangle().ok().map(|n| plain(&n)));
            let at = frame.location.and_then(|l| Some((l.file?.to_owned(), l.line?)));
            frames.push((name.unwrap_or_else(|| symbol.clone()), at));
        }
    }
    if frames.is_empty() && symbol != "?" {
        frames.push((symbol, None));
    }
    frames
}

/// Functions between the reason of an end and the end.
const MACHINERY: [&str; 12] = [
    "__rustc::",
    "alloc::alloc::handle_alloc_error",
    "core::panicking::",
    "genode_host_rt::crash::",
    "genode_host_rt::start::panicked",
    "rust_begin_unwind",
    "std::alloc::rust_oom",
    "std::panicking::",
    "std::process::abort",
    "std::sys::backtrace::",
    "std::sys::pal::unix::abort_internal",
    "std::thread::",
];

/// Tells whether a function only carries out a panic or an abort, or passes a call on.
fn is_machinery(name: &str) -> bool {
    MACHINERY.iter().any(|m| name.starts_with(m)) || name.contains("core::ops::function::Fn")
}

/// A function's name without the hash of its crate's version.
fn plain(name: &str) -> String {
    match name.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            name.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// A path from the crate on: folders of the registry and of the compiler's own sources tell nobody
/// anything.
fn short(path: &str) -> &str {
    for mark in ["/library/", "/registry/src/"] {
        if let Some((_, rest)) = path.split_once(mark) {
            return if mark == "/library/" {
                rest
            } else {
                rest.split_once('/').map_or(rest, |(_, r)| r)
            };
        }
    }
    let here = std::env::current_dir().ok();
    let relative = here.as_deref().and_then(|here| Path::new(path).strip_prefix(here).ok());
    relative.and_then(Path::to_str).unwrap_or(path)
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Finds the place that a line tells of.
fn place(line: &str) -> Option<Place<'_>> {
    genode(line).or_else(|| linux(line)).or_else(|| host(line))
}

/// `#3 NAME+0xOFFSET`, behind a label.
fn host(line: &str) -> Option<Place<'_>> {
    let (_, text) = line.split_once("]   #")?;
    let (number, text) = text.split_once(' ')?;
    number.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    let (program, offset) = text.split_once("+0x")?;
    let named = !program.is_empty() && program.len() <= MAX_NAME && program.chars().all(is_name);
    named.then_some(Place { program, address: u64::from_str_radix(offset.trim_end(), 16).ok()? })
}

/// A page fault as Genode's core tells it.
fn genode(line: &str) -> Option<Place<'_>> {
    let label = line.split_once("pd='")?.1.split_once('\'')?.0;
    let program = label.rsplit(" -> ").next()?;
    let text = ["pf_ip=", " ip="].iter().find_map(|key| Some(line.split_once(key)?.1))?;
    let text = text.strip_prefix("0x").unwrap_or(text);
    let digits = text.split(|c: char| !c.is_ascii_hexdigit()).next()?;
    let named = program.len() <= MAX_NAME && program.chars().all(is_name);
    named.then_some(Place { program, address: u64::from_str_radix(digits, 16).ok()? })
}

/// A fault of a component on base-linux as Linux tells it: a program of Genode's build system.
fn linux(line: &str) -> Option<Place<'_>> {
    let text = ["]: segfault at ", "] trap ", "] general protection fault "]
        .iter()
        .find_map(|key| Some(line.split_once(key)?.1))?;
    // the first word of some kinds has blanks, its place is the same
    let text = [" ip ", " ip:", "ip:"].iter().find_map(|key| Some(text.split_once(key)?.1))?;
    let (digits, text) = text.split_once(' ')?;
    let (program, _) = text.split_once(" in ")?.1.split_once(".stripped[")?;
    let named = program.len() <= MAX_NAME && program.chars().all(is_name);
    named.then_some(Place { program, address: u64::from_str_radix(digits, 16).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_lines_of_both() {
        let line = "[init -> deaths]   #3 rs_deaths+0x1f2a";
        assert_eq!(place(line), Some(Place { program: "rs_deaths", address: 0x1f2a }));
        let line = "Warning: page fault, pager_object: pd='init -> sub -> rs_x' thread='ep' ip=0x100abc fault-addr=0x8 type=no-page";
        assert_eq!(place(line), Some(Place { program: "rs_x", address: 0x10_0abc }));
        let line = "no RM attachment (READ pf_addr=0x8 pf_ip=0x1000abc from pager_object: pd='init -> x' thread='ep')";
        assert_eq!(place(line), Some(Place { program: "x", address: 0x100_0abc }));
        let line = "Error: illegal WRITE at address 0x8 by pager_object: pd='init -> y' thread='ep' ip=0x1000abc";
        assert_eq!(place(line), Some(Place { program: "y", address: 0x100_0abc }));
        let line = "Warning: unresolvable exception: pd='init -> y', thread='ep', ip=0x1000abc";
        assert_eq!(place(line), Some(Place { program: "y", address: 0x100_0abc }));
    }

    #[test]
    fn places_are_found_in_linux_log() {
        let here = Some(Place { program: "rs_deaths", address: 0x100_04d3 });
        for line in [
            "[43346.079160] ld.lib.so[4312]: segfault at 401befc0 ip 00000000010004d3 sp 00000000401befc0 error 6 in rs_deaths.stripped[4d3,1000000+18000] likely on CPU 1 (core 1, socket 0)",
            "[1.5] traps: ld.lib.so[43] general protection fault ip:10004d3 sp:401befc0 error:0 in rs_deaths.stripped[1000000+18000]",
            "[1.5] traps: ld.lib.so[43] trap invalid opcode ip:10004d3 sp:401befc0 error:0 in rs_deaths.stripped[1000000+18000]",
        ] {
            assert_eq!(place(line), here, "{line}");
        }
        // programs of Linux lie elsewhere each time
        let line = "x[4312]: segfault at 0 ip 00000000010004d3 sp 00000000401befc0 error 6 in x[4d3,1000000+18000]";
        assert_eq!(place(line), None);
    }

    #[test]
    fn other_lines_have_none() {
        for line in [
            "",
            "[init -> x] a+0x10",
            "[init -> x]   #1 ../../bin/ls+0x10",
            "[init -> x]   #1 +0x10",
            "[init -> x]   #1 a+0xzz",
            "[init -> x]   #one a+0x10",
            "[init -> x]   #1 0x7f00, outside of a",
            "pd='a' ip=",
            "pd='../a' ip=0x10",
            "a[1]: segfault at 0 ip 10 sp 20 error 6 in ../a.stripped[4d3]",
            "a[1]: segfault at 0 ip 10",
            "a[1]: segfault at 0 ip x in a.stripped[",
        ] {
            assert_eq!(place(line), None, "{line}");
        }
    }

    /// This test's own program has names for its own functions.
    #[test]
    fn an_address_gets_its_name() {
        let program = std::env::current_exe().expect("a program");
        let (folder, name) = (program.parent().unwrap(), program.file_name().unwrap());
        let mut symbols = Symbols::of(vec![folder.to_owned()]);
        let at = place as fn(&str) -> Option<Place<'_>> as usize as u64;
        let offset = at - loader_base();
        let line = format!("[init]   #0 {}+{offset:#x}", name.to_str().unwrap());
        let told = symbols.annotate(&line).expect("a function of ours");
        assert!(is_machinery(
            "<alloc::boxed::Box<F,A> as core::ops::function::FnOnce<Args>>::call_once"
        ));
        assert!(told.contains("cargo_tap::symbols::place"), "{told}");
        assert!(told.contains("symbols.rs:"), "{told}");
        let other = format!("pd='init -> other' ip={offset:#x}");
        assert_eq!(symbols.annotate(&other).as_deref(), Some(other.as_str()));
        symbols.child("other", name.to_str().unwrap());
        let told = symbols.annotate(&other).expect("a function of ours");
        assert!(told.contains("cargo_tap::symbols::place"), "{told}");
        // a call of a null function is none of those whose debug information was left over
        let null = "pd='init -> other' ip=0x8";
        assert_eq!(symbols.annotate(null).as_deref(), Some(null));
        let unknown = "[init]   #0 no_such_program+0x10";
        assert_eq!(symbols.annotate(unknown).as_deref(), Some(unknown));
    }

    #[test]
    fn the_code_of_a_program_is_where_its_segments_say() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let head = &program[..usize::try_from(HEAD).unwrap()];
        let code_of_this = code(head).expect("ELF");
        let at = place as fn(&str) -> Option<Place<'_>> as usize as u64 - loader_base();
        assert!(code_of_this.iter().any(|range| range.contains(&at)));
        assert!(!code_of_this.iter().any(|range| range.contains(&8)));
        // a file that ends early, or lies about where its table is
        for len in 0..64 {
            assert_eq!(code(&head[..len]), None, "{len}");
        }
        let mut lies = head.to_vec();
        lies[32..40].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(code(&lies), None);
        assert_eq!(code(b"#!/bin/sh"), None);
    }

    /// Finds where this program is loaded.
    fn loader_base() -> u64 {
        let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux");
        let program = std::env::current_exe().expect("a program");
        let own = maps.lines().find(|l| l.ends_with(program.to_str().unwrap())).expect("mapped");
        u64::from_str_radix(own.split('-').next().unwrap(), 16).expect("hexadecimal")
    }
}
