//! Names: directories, moves, removals, links, many entries.

use alloc::{collections::BTreeSet, format, string::String, vec::Vec};

use genode::fs::{FileSystem, Mode, NodeType, Refusal};
use rs_checks::{Test, ensure};

use crate::{Context, at};

/// Entries of the large directory.
const MANY: usize = 1500;

pub(crate) fn run(context: &Context) -> Test {
    directories(context)?;
    moves(context)?;
    open_while_removed(context)?;
    links(context)?;
    many(context)
}

/// Names in a directory, sorted.
fn list(fs: &FileSystem, path: &str) -> Test<Vec<String>> {
    let entries = fs.wait(fs.read_dir(path)).map_err(at("list"))?;
    let mut names: Vec<_> =
        entries.iter().map(|entry| String::from(entry.name_str().unwrap_or("?"))).collect();
    names.sort();
    Ok(names)
}

fn directories(Context { fs, theirs, .. }: &Context) -> Test {
    fs.create_dir_all("/d/e/f").map_err(at("create directories"))?;
    fs.create_dir_all("/d/e/f").map_err(at("create them again"))?;
    fs.wait(fs.write("/d/e/file", b"x")).map_err(at("write"))?;
    ensure!(list(fs, "/d")? == ["e"] && list(fs, "/d/e")? == ["f", "file"], "other entries");
    let entries = fs.wait(fs.read_dir("/d/e")).map_err(at("list"))?;
    let mut kinds: Vec<_> = entries.iter().map(|entry| (entry.name(), entry.kind)).collect();
    kinds.sort_by_key(|(name, _)| *name);
    let expected = [(&b"f"[..], NodeType::Directory), (b"file", NodeType::ContinuousFile)];
    ensure!(kinds == expected, "{kinds:?}");
    let known = fs.metadata("/d").map_err(at("metadata"))?;
    ensure!(known.kind == NodeType::Directory, "{known:?}");
    if !theirs {
        let refused = fs.remove("/d").map_err(|error| error.refusal());
        ensure!(refused == Err(Some(Refusal::NotEmpty)), "a directory with entries: {refused:?}");
    }
    fs.remove("/d/e/f").map_err(at("remove an empty directory"))?;
    Ok(())
}

fn moves(Context { fs, theirs, .. }: &Context) -> Test {
    fs.create_dir("/m").map_err(at("create"))?;
    fs.wait(fs.write("/m/a", b"a")).map_err(at("write"))?;
    fs.wait(fs.write("/m/b", b"b")).map_err(at("write"))?;
    fs.rename("/m/a", "/m/b").map_err(at("replace"))?;
    ensure!(list(fs, "/m")? == ["b"], "both are there");
    let read = fs.wait(fs.read("/m/b", 10)).map_err(at("read"))?;
    ensure!(read == b"a", "the one that was there before stayed");
    fs.rename("/m", "/n").map_err(at("move a directory"))?;
    ensure!(fs.metadata("/m").is_err() && list(fs, "/n")? == ["b"], "the directory was copied");
    fs.create_dir("/n/o").map_err(at("create"))?;
    ensure!(*theirs || fs.rename("/n", "/n/o/p").is_err(), "a directory moved below itself");
    let missing = fs.rename("/q", "/r").map_err(|error| error.refusal());
    ensure!(missing == Err(Some(Refusal::LookupFailed)), "{missing:?}");
    Ok(())
}

fn open_while_removed(Context { fs, .. }: &Context) -> Test {
    fs.wait(fs.write("/gone", b"still")).map_err(at("write"))?;
    let file = fs.open_file("/gone", Mode::all()).map_err(at("open"))?;
    fs.remove("/gone").map_err(at("remove"))?;
    let mut bytes = [0; 10];
    let read = fs.wait(file.read_at(0, &mut bytes)).map_err(at("read what was removed"))?;
    ensure!(&bytes[..read] == b"still", "{bytes:?}");
    fs.wait(file.append(b" here")).map_err(at("append to what was removed"))?;
    drop(file);
    let missing = fs.open_file("/gone", Mode::READ).map_err(|error| error.refusal()).err();
    ensure!(missing == Some(Some(Refusal::LookupFailed)), "{missing:?}");
    Ok(())
}

fn links(Context { fs, .. }: &Context) -> Test {
    fs.wait(fs.symlink("/d/e", "/link")).map_err(at("make a link"))?;
    let target = fs.wait(fs.read_link("/link")).map_err(at("read the link"))?;
    ensure!(target == "/d/e", "the link leads to {target}");
    let known = fs.metadata("/link").map_err(at("metadata"))?;
    ensure!(known.kind == NodeType::Symlink, "{known:?}");
    ensure!(fs.metadata("/link/file").is_err(), "the server followed the link");
    ensure!(fs.open_file("/link", Mode::READ).is_err(), "the link was opened as a file");
    fs.remove("/link").map_err(at("remove the link"))?;
    ensure!(fs.metadata("/d/e").is_ok(), "removing the link removed its target");
    Ok(())
}

fn many(Context { fs, .. }: &Context) -> Test {
    fs.create_dir("/many").map_err(at("create"))?;
    let name = |number| format!("/many/{number:04}");
    for number in 0..MANY {
        fs.create(&name(number)).map_err(at("create one of many"))?;
    }
    let names: BTreeSet<_> = list(fs, "/many")?.into_iter().collect();
    ensure!(names.len() == MANY, "{} of {MANY} entries", names.len());
    for number in 0..MANY {
        fs.remove(&name(number)).map_err(at("remove one of many"))?;
    }
    ensure!(list(fs, "/many")?.is_empty(), "some are left");
    Ok(())
}
