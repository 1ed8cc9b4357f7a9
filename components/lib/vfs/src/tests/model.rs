//! Trees beside a map of paths.

use std::{collections::BTreeMap, format, string::String, vec, vec::Vec};

use proptest::prelude::*;

use super::*;

/// A step at one of a few paths.
#[derive(Clone, Debug)]
enum Step {
    Write(usize, Vec<u8>),
    WriteAt(usize, u64, Vec<u8>),
    Append(usize, Vec<u8>),
    Truncate(usize, u64),
    MakeDirectory(usize),
    Remove(usize),
    Rename(usize, usize),
    Read(usize),
    List(usize),
}

/// The paths; a file's and a directory's names meet.
const PATHS: [&str; 8] = ["/a", "/b", "/d", "/d/a", "/d/b", "/d/e", "/d/e/a", "/x/y"];

/// A node of the model: a file's content, or `None` for a directory.
type Model = BTreeMap<String, Option<Vec<u8>>>;

fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => &path[..at],
    }
}

fn has_directory(model: &Model, path: &str) -> bool {
    path == "/" || model.get(path) == Some(&None)
}

fn below<'a>(model: &'a Model, path: &str) -> Vec<&'a String> {
    let prefix = format!("{}/", path.trim_end_matches('/'));
    model.keys().filter(|other| other.starts_with(&prefix)).collect()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let path = 0..PATHS.len();
    let bytes = prop::collection::vec(any::<u8>(), 0..50);
    let step = prop_oneof![
        (path.clone(), bytes.clone()).prop_map(|(path, bytes)| Step::Write(path, bytes)),
        (path.clone(), 0..100_u64, bytes.clone())
            .prop_map(|(path, at, bytes)| Step::WriteAt(path, at, bytes)),
        (path.clone(), bytes).prop_map(|(path, bytes)| Step::Append(path, bytes)),
        (path.clone(), 0..100_u64).prop_map(|(path, size)| Step::Truncate(path, size)),
        path.clone().prop_map(Step::MakeDirectory),
        path.clone().prop_map(Step::Remove),
        (path.clone(), path.clone()).prop_map(|(from, to)| Step::Rename(from, to)),
        path.clone().prop_map(Step::Read),
        path.prop_map(Step::List),
    ];
    prop::collection::vec(step, 0..60)
}

/// Changes a file's content; fails where there is none.
fn change(model: &mut Model, path: &str, act: impl FnOnce(&mut Vec<u8>)) -> bool {
    let Some(Some(content)) = model.get_mut(path) else { return false };
    act(content);
    true
}

/// Does a step in the model; tells whether it succeeds.
fn expected(model: &mut Model, step: &Step) -> bool {
    match step {
        Step::Write(path, bytes) => {
            let path = PATHS[*path];
            let there = has_directory(model, parent(path)) && !has_directory(model, path);
            if there {
                model.insert(path.into(), Some(bytes.clone()));
            }
            there
        }
        Step::WriteAt(path, at, bytes) => change(model, PATHS[*path], |content| {
            let end = *at as usize + bytes.len();
            if content.len() < end && !bytes.is_empty() {
                content.resize(end, 0);
            }
            if !bytes.is_empty() {
                content[*at as usize..end].copy_from_slice(bytes);
            }
        }),
        Step::Append(path, bytes) => {
            change(model, PATHS[*path], |content| content.extend_from_slice(bytes))
        }
        Step::Truncate(path, size) => {
            change(model, PATHS[*path], |content| content.resize(*size as usize, 0))
        }
        Step::MakeDirectory(path) => {
            let path = PATHS[*path];
            let free = has_directory(model, parent(path)) && !model.contains_key(path);
            if free {
                model.insert(path.into(), None);
            }
            free
        }
        Step::Remove(path) => {
            let path = PATHS[*path];
            let done = below(model, path).is_empty() && model.contains_key(path);
            done && model.remove(path).is_some()
        }
        Step::Rename(from, to) => rename(model, PATHS[*from], PATHS[*to]),
        Step::Read(path) => matches!(model.get(PATHS[*path]), Some(Some(_))),
        Step::List(path) => has_directory(model, PATHS[*path]),
    }
}

fn rename(model: &mut Model, from: &str, to: &str) -> bool {
    if !model.contains_key(from) || !has_directory(model, parent(to)) {
        return false;
    }
    if from == to {
        return true;
    }
    let directory = has_directory(model, from);
    let fits = match model.get(to) {
        None => true,
        Some(None) => directory && below(model, to).is_empty(),
        Some(Some(_)) => !directory,
    };
    if !fits || to.starts_with(&format!("{from}/")) {
        return false;
    }
    let inside: Vec<String> = below(model, from).into_iter().cloned().collect();
    for old in inside {
        let node = model.remove(&old).unwrap();
        model.insert(format!("{to}{}", &old[from.len()..]), node);
    }
    let node = model.remove(from).unwrap();
    model.insert(to.into(), node);
    true
}

/// Does a step in the tree, which has the model's nodes below `prefix`.
async fn done(vfs: &Vfs, prefix: &str, step: &Step) -> Result<(), Error> {
    let path = |index: &usize| format!("{prefix}{}", PATHS[*index]);
    match step {
        Step::Write(at, bytes) => vfs.write(&path(at), bytes).await,
        Step::WriteAt(file, at, bytes) => {
            vfs.open(&path(file), Mode::WRITE).await?.write_at(*at, bytes).await
        }
        Step::Append(file, bytes) => vfs.open(&path(file), Mode::WRITE).await?.append(bytes).await,
        Step::Truncate(file, size) => vfs.open(&path(file), Mode::WRITE).await?.truncate(*size),
        Step::MakeDirectory(at) => vfs.create_dir(&path(at)).await,
        Step::Remove(at) => vfs.remove(&path(at)).await,
        Step::Rename(from, to) => vfs.rename(&path(from), &path(to)).await,
        Step::Read(at) => vfs.read(&path(at), 1000).await.map(drop),
        Step::List(at) => vfs.read_dir(&path(at)).await.map(drop),
    }
}

/// Compares the whole tree with the model.
async fn compare(vfs: &Vfs, prefix: &str, model: &Model) {
    for (path, node) in model {
        let full = format!("{prefix}{path}");
        if let Some(content) = node {
            assert_eq!(vfs.read(&full, 1000).await.as_ref(), Ok(content), "{path}");
            assert_eq!(vfs.metadata(&full).await.unwrap().size, content.len() as u64);
        } else {
            let listed = vfs.read_dir(&full).await.unwrap().len();
            let direct = model.keys().filter(|other| parent(other) == path).count();
            assert_eq!(listed, direct, "{path}");
        }
    }
    let top = vfs.read_dir(&format!("{prefix}/")).await.unwrap().len();
    assert_eq!(top, model.keys().filter(|path| parent(path) == "/").count());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Memory, deep in the tree and behind a link, is as the model.
    #[test]
    fn memory_is_as_a_map(steps in steps(), linked in any::<bool>()) {
        let vfs = Vfs::new(vec![
            Mount::directory("m", vec![Mount::memory(1 << 20)]),
            Mount::symlink("l", "/m/../m"),
        ]);
        let prefix = if linked { "/l" } else { "/m" };
        let mut model = Model::new();
        for step in &steps {
            let result = vfs.wait(done(&vfs, prefix, step));
            prop_assert_eq!(result.is_ok(), expected(&mut model, step), "{:?}: {:?}", step, result);
        }
        vfs.wait(compare(&vfs, prefix, &model));
    }

    /// Beside files that cannot be changed, new ones come and go, and those stay.
    #[test]
    fn a_read_only_mount_stays_as_it_is(steps in steps()) {
        let fixed = || vec![Mount::inline("a", &b"fixed"[..]), Mount::archive(archive())];
        let vfs = Vfs::new(fixed().into_iter().chain([Mount::memory(1 << 20)]).collect());
        for step in &steps {
            let _ = vfs.wait(done(&vfs, "", step));
            prop_assert_eq!(vfs.wait(vfs.read("/a", 100)).unwrap(), b"fixed");
            prop_assert_eq!(vfs.wait(vfs.read("/dir/link", 100)).unwrap(), b"from the archive");
        }
        let alone = Vfs::new(fixed());
        for entry in alone.wait(alone.read_dir("/")).unwrap() {
            let name = String::from_utf8(entry.name.clone().into_vec()).unwrap();
            prop_assert!(names(&vfs, "/").contains(&name));
        }
    }

    /// Parts of what is there read as parts of the whole.
    #[test]
    fn parts_are_of_the_whole(at in 0..40_u64, len in 0..40_usize, huge in any::<u64>()) {
        let vfs = tree();
        vfs.wait(vfs.write("/tmp/f", b"from the archive")).unwrap();
        for path in ["/tmp/f", "/dir/file", "/motd", "/dev/zeros"] {
            let whole = vfs.wait(vfs.read(path, 100)).unwrap();
            let file = vfs.wait(vfs.open(path, Mode::READ)).unwrap();
            let mut part = vec![0xee; len];
            let read = vfs.wait(file.read_at(at, &mut part)).unwrap();
            let begin = whole.len().min(at as usize);
            let end = whole.len().min(begin + len);
            prop_assert_eq!(&part[..read], &whole[begin..end], "{}", path);
            prop_assert!(part[read..].iter().all(|byte| *byte == 0xee));
            let far = vfs.wait(file.read_at(huge | 1 << 60, &mut part));
            prop_assert_eq!(far, Ok(0), "{}", path);
        }
    }
}
