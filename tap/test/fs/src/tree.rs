//! rs_fs_tree: makes a tree of many files through one session, and lists, reads and compares it
//! through another one. Half of the files lie in one directory.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{collections::BTreeSet, format, string::String, vec, vec::Vec};

use genode::{
    fs::{FileSystem, NodeType},
    prelude::*,
};
use rs_checks::{Test, ensure};

/// Files in each directory but the large one.
const PER_DIRECTORY: u32 = 100;

fn at<E: core::fmt::Display>(step: &str) -> impl Fn(E) -> String + use<'_, E> {
    move |error| format!("{step}: {error}")
}

/// Path of a file's directory: every second file lies in the large one.
fn directory(number: u32) -> String {
    match number % 2 {
        0 => String::from("/large"),
        _ => format!("/small/{}", number / 2 / PER_DIRECTORY),
    }
}

fn path(number: u32) -> String {
    format!("{}/file {number}", directory(number))
}

/// Content of a file: some bytes to some KiB, which tell its number.
fn content(number: u32) -> Vec<u8> {
    let len = (number.wrapping_mul(2_654_435_761) >> 20) as usize % 3000;
    let mut bytes = format!("{number}:").into_bytes();
    bytes.extend((0..len).map(|at| (at as u32 ^ number) as u8));
    bytes
}

fn make(fs: &FileSystem, files: u32) -> Test {
    for number in 0..files {
        let directory = directory(number);
        // Files come in order: a directory's first one makes it.
        if number < 2 || number % (2 * PER_DIRECTORY) == 1 {
            fs.create_dir_all(&directory).map_err(at("make a directory"))?;
        }
        fs.wait(fs.write(&path(number), &content(number))).map_err(at("write"))?;
    }
    Ok(())
}

/// Looks at all that is below a directory; returns the numbers of the files that are as written.
fn compare(fs: &FileSystem) -> Test<BTreeSet<u32>> {
    let mut found = BTreeSet::new();
    let mut directories = vec![String::new()];
    while let Some(directory) = directories.pop() {
        let name = if directory.is_empty() { "/" } else { directory.as_str() };
        for entry in fs.wait(fs.read_dir(name)).map_err(at("list"))? {
            let name = entry.name_str().ok_or("a name that is none")?;
            let path = format!("{directory}/{name}");
            if entry.kind == NodeType::Directory {
                directories.push(path);
                continue;
            }
            let number = name.strip_prefix("file ").and_then(|number| number.parse().ok());
            let number = number.ok_or_else(|| format!("nobody made {path}"))?;
            let read = fs.wait(fs.read(&path, 4096)).map_err(at("read"))?;
            ensure!(read == content(number), "{path} has {} other bytes", read.len());
            ensure!(found.insert(number), "{path} was listed twice");
        }
    }
    Ok(found)
}

fn run(env: Env) -> Test {
    let config = genode::session::rom::config(env, 1 << 20).map_err(at("config"))?;
    let files: u32 = config.attr_or("files", 2000);
    let session = |label| FileSystem::builder("/").label(label).open(env).map_err(at("session"));
    let writer = session("writer")?;
    make(&writer, files)?;
    log!("{files} files are made");
    let found = compare(&session("reader")?)?;
    ensure!(found.len() == files as usize, "{} of {files} files were listed", found.len());
    ensure!(found.range(..files).count() == files as usize, "other files were listed");
    log!("{files} files were listed, read and compared");
    Ok(())
}

#[genode::component]
fn main(env: Env) -> Result<(), String> {
    run(env)?;
    env.exit(0)
}
