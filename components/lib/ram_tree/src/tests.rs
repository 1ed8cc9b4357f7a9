//! A tree against a model of it: paths in a map.
#![allow(clippy::unwrap_used, reason = "a test: what is not so fails it")]
#![allow(clippy::panic, reason = "a test: what is not so fails it")]

extern crate std;

use std::{collections::BTreeMap, string::String, vec::Vec};

use proptest::prelude::*;

use super::*;

/// A limit that nothing here reaches.
const PLENTY: u64 = 1 << 40;

fn all(tree: &Tree, file: NodeId) -> Vec<u8> {
    let size = tree.status(file).unwrap().size;
    let mut bytes = std::vec![0xaa; usize::try_from(size).unwrap()];
    let read = tree
        .read(file, 0, bytes.len(), &mut |offset, piece| {
            bytes[offset..offset + piece.len()].copy_from_slice(piece);
        })
        .unwrap();
    assert_eq!(read, bytes.len());
    bytes
}

fn put(tree: &mut Tree, file: NodeId, at: u64, bytes: &[u8]) -> Result<(), Error> {
    tree.write(file, at, bytes.len(), &mut |offset, piece| {
        piece.copy_from_slice(&bytes[offset..offset + piece.len()]);
    })
}

#[derive(Clone, Debug)]
enum Step {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let at = prop_oneof![0..200_u64, 16_000..17_000_u64, 0..70_000_u64];
    prop_oneof![
        3 => (at.clone(), prop::collection::vec(any::<u8>(), 0..300)).prop_map(|(at, b)| Step::Write(at, b)),
        1 => (at.clone(), 0..40_000_usize, any::<u8>()).prop_map(|(at, n, b)| Step::Write(at, std::vec![b; n])),
        2 => at.prop_map(Step::Truncate),
    ]
}

proptest! {
    #[test]
    fn a_file_holds_what_a_vector_holds(steps in prop::collection::vec(step(), 0..40)) {
        let mut tree = Tree::new(PLENTY);
        let file = tree.create(tree.root(), b"f", Kind::File).unwrap();
        let empty = tree.used();
        let mut model = Vec::new();
        for step in steps {
            match step {
                Step::Write(at, bytes) => {
                    put(&mut tree, file, at, &bytes).unwrap();
                    let at = usize::try_from(at).unwrap();
                    if !bytes.is_empty() && model.len() < at + bytes.len() {
                        model.resize(at + bytes.len(), 0);
                    }
                    if !bytes.is_empty() {
                        model[at..at + bytes.len()].copy_from_slice(&bytes);
                    }
                }
                Step::Truncate(size) => {
                    tree.truncate(file, size).unwrap();
                    model.resize(usize::try_from(size).unwrap(), 0);
                }
            }
            prop_assert_eq!(tree.status(file).unwrap().size, model.len() as u64);
            prop_assert_eq!(all(&tree, file), model.clone());
        }
        tree.truncate(file, 0).unwrap();
        prop_assert_eq!(tree.used(), empty);
    }
}

/// Names of the model's directories, so few that operations meet.
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

#[derive(Clone, Debug)]
enum Op {
    Create(Vec<usize>, u8),
    Unlink(Vec<usize>),
    Rename(Vec<usize>, Vec<usize>),
    Open(Vec<usize>),
    Close(usize),
    Watch(Vec<usize>),
    Unwatch(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let path = || prop::collection::vec(0..NAMES.len(), 1..4);
    prop_oneof![
        4 => (path(), 0..3_u8).prop_map(|(p, k)| Op::Create(p, k)),
        2 => path().prop_map(Op::Unlink),
        3 => (path(), path()).prop_map(|(from, to)| Op::Rename(from, to)),
        1 => path().prop_map(Op::Open),
        1 => (0..8_usize).prop_map(Op::Close),
        1 => path().prop_map(Op::Watch),
        1 => (0..8_usize).prop_map(Op::Unwatch),
    ]
}

fn kind(number: u8) -> Kind {
    [Kind::Directory, Kind::File, Kind::Symlink][usize::from(number)]
}

fn text(path: &[usize]) -> String {
    path.iter().flat_map(|&name| ["/", NAMES[name]]).collect()
}

/// Kinds by path.
#[derive(Debug, Default)]
struct Model(BTreeMap<String, Kind>);

impl Model {
    fn children(&self, path: &str) -> usize {
        let prefix = std::format!("{path}/");
        self.0.keys().filter(|other| other.starts_with(&prefix)).count()
    }

    /// The error of looking up the directory that would have the path's last name.
    fn parent(&self, path: &[usize]) -> Result<(), Error> {
        for end in 1..path.len() {
            match self.0.get(&text(&path[..end])) {
                None => return Err(Error::NotFound),
                Some(Kind::Directory) => (),
                Some(_) => return Err(Error::NotDirectory),
            }
        }
        Ok(())
    }

    fn create(&mut self, path: &[usize], kind: Kind) -> Result<(), Error> {
        self.parent(path)?;
        if self.0.contains_key(&text(path)) {
            return Err(Error::Exists);
        }
        self.0.insert(text(path), kind);
        Ok(())
    }

    fn unlink(&mut self, path: &[usize]) -> Result<(), Error> {
        self.parent(path)?;
        let path = text(path);
        self.0.get(&path).ok_or(Error::NotFound)?;
        if self.children(&path) > 0 {
            return Err(Error::NotEmpty);
        }
        self.0.remove(&path);
        Ok(())
    }

    fn rename(&mut self, from: &[usize], to: &[usize]) -> Result<(), Error> {
        self.parent(from)?;
        self.parent(to)?;
        let (old, new) = (text(from), text(to));
        let moved = *self.0.get(&old).ok_or(Error::NotFound)?;
        if old == new {
            return Ok(());
        }
        if let Some(&replaced) = self.0.get(&new) {
            match (replaced, moved) {
                (Kind::Directory, _) if self.children(&new) > 0 => return Err(Error::NotEmpty),
                (Kind::Directory, Kind::Directory) => (),
                (Kind::Directory, _) => return Err(Error::IsDirectory),
                (_, Kind::Directory) => return Err(Error::NotDirectory),
                _ => (),
            }
        }
        if new.starts_with(&std::format!("{old}/")) {
            return Err(Error::IntoItself);
        }
        let below = std::format!("{old}/");
        let moving: Vec<_> =
            self.0.keys().filter(|p| **p == old || p.starts_with(&below)).cloned().collect();
        for path in moving {
            let kind = self.0.remove(&path).unwrap();
            self.0.insert(std::format!("{new}{}", &path[old.len()..]), kind);
        }
        Ok(())
    }
}

/// The directory that has the path's last name.
fn parent(tree: &Tree, path: &[usize]) -> Result<NodeId, Error> {
    let dirs = &path[..path.len() - 1];
    let mut id = tree.root();
    for &name in dirs {
        id = tree.lookup(id, NAMES[name].as_bytes())?;
    }
    if tree.status(id)?.kind == Kind::Directory { Ok(id) } else { Err(Error::NotDirectory) }
}

fn name(path: &[usize]) -> &'static [u8] {
    NAMES[*path.last().unwrap()].as_bytes()
}

fn find(tree: &Tree, path: &[usize]) -> Result<NodeId, Error> {
    tree.lookup(parent(tree, path)?, name(path))
}

fn walk(tree: &Tree, dir: NodeId, path: &str, found: &mut BTreeMap<String, Kind>) {
    let mut cursor = Cursor::default();
    for index in 0.. {
        let Some(entry) = tree.entry(dir, index, &mut cursor).unwrap() else {
            assert_eq!(tree.status(dir).unwrap().size, index);
            return;
        };
        assert_eq!(tree.lookup(dir, &entry.name), Ok(entry.node));
        let path = std::format!("{path}/{}", std::str::from_utf8(&entry.name).unwrap());
        assert_eq!(found.insert(path.clone(), entry.kind), None);
        if entry.kind == Kind::Directory {
            walk(tree, entry.node, &path, found);
        }
    }
}

/// Removes everything below a directory.
fn clear(tree: &mut Tree, dir: NodeId) {
    while let Some(entry) = tree.entry(dir, 0, &mut Cursor::default()).unwrap() {
        if entry.kind == Kind::Directory {
            clear(tree, entry.node);
        }
        tree.unlink(dir, &entry.name).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn a_tree_has_what_a_map_of_paths_has(ops in prop::collection::vec(op(), 0..60)) {
        let (mut tree, mut model) = (Tree::new(PLENTY), Model::default());
        let (mut open, mut watches) = (Vec::new(), Vec::new());
        for op in ops {
            match op {
                Op::Create(path, number) => {
                    let made = parent(&tree, &path)
                        .and_then(|dir| tree.create(dir, name(&path), kind(number)));
                    prop_assert_eq!(made.map(|_| ()), model.create(&path, kind(number)));
                }
                Op::Unlink(path) => {
                    let gone = parent(&tree, &path).and_then(|dir| tree.unlink(dir, name(&path)));
                    prop_assert_eq!(gone, model.unlink(&path));
                }
                Op::Rename(from, to) => {
                    let moved = parent(&tree, &from).and_then(|a| {
                        let b = parent(&tree, &to)?;
                        tree.rename((a, name(&from)), (b, name(&to)))
                    });
                    prop_assert_eq!(moved, model.rename(&from, &to));
                }
                Op::Open(path) => if let Ok(id) = find(&tree, &path) {
                    tree.open(id).unwrap();
                    open.push(id);
                },
                Op::Close(index) => if index < open.len() {
                    tree.close(open.swap_remove(index));
                },
                Op::Watch(path) => if let Ok(id) = find(&tree, &path) {
                    watches.push(tree.watch(id, 7).unwrap());
                },
                Op::Unwatch(index) => if index < watches.len() {
                    tree.unwatch(watches.swap_remove(index));
                },
            }
            for &id in &open {
                prop_assert!(tree.status(id).is_ok());
            }
            let mut found = BTreeMap::new();
            walk(&tree, tree.root(), "", &mut found);
            prop_assert_eq!(&found, &model.0);
        }
        // All that was taken comes back.
        let root = tree.root();
        clear(&mut tree, root);
        for id in open {
            tree.close(id);
        }
        for watch in watches {
            tree.unwatch(watch);
        }
        prop_assert_eq!(tree.used(), 0);
        prop_assert_eq!(tree.next_change(), None);
    }

    #[test]
    fn a_walk_sees_each_entry_that_stays_once(
        count in 1..700_usize,
        changes in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 0..700),
    ) {
        let mut tree = Tree::new(PLENTY);
        let root = tree.root();
        let mut names: Vec<_> = (0..count).map(|n| std::format!("{n}")).collect();
        for name in &names {
            tree.create(root, name.as_bytes(), Kind::File).unwrap();
        }
        let (mut cursor, mut seen, mut gone) = (Cursor::default(), Vec::new(), Vec::new());
        let mut changes = changes.into_iter();
        for index in 0.. {
            let Some(entry) = tree.entry(root, index, &mut cursor).unwrap() else { break };
            seen.push(String::from_utf8(entry.name.to_vec()).unwrap());
            match changes.next() {
                Some((true, which)) if !names.is_empty() => {
                    let name = names.swap_remove(which.index(names.len()));
                    tree.unlink(root, name.as_bytes()).unwrap();
                    gone.push(name);
                }
                Some((false, _)) => {
                    let new = std::format!("new{index}");
                    tree.create(root, new.as_bytes(), Kind::File).unwrap();
                }
                _ => (),
            }
        }
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        prop_assert_eq!(once.len(), seen.len(), "none twice");
        for name in &names {
            prop_assert!(once.binary_search(name).is_ok(), "{} was there all the time", name);
        }
    }
}

#[test]
fn a_limit_is_an_error_that_leaves_the_tree_as_it_was() {
    let mut tree = Tree::new(20_000);
    let root = tree.root();
    let file = tree.create(root, b"f", Kind::File).unwrap();
    put(&mut tree, file, 0, b"before").unwrap();
    let used = tree.used();
    assert_eq!(put(&mut tree, file, 0, &std::vec![1; 40_000]), Err(Error::NoSpace));
    assert_eq!((all(&tree, file), tree.used()), (b"before".to_vec(), used));
    let mut made = 0;
    let error = loop {
        match tree.create(root, std::format!("{made}").as_bytes(), Kind::Directory) {
            Ok(_) => made += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error, Error::NoSpace);
    assert!(made > 10);
    // What is left is less than a node takes, so that a few watches use it up.
    let refused = (0..10).find_map(|token| tree.watch(file, token).err());
    assert_eq!(refused, Some(Error::NoSpace));
    assert!(tree.used() <= tree.limit());
    assert_eq!(tree.status(root).unwrap().size, made + 1);
    // A higher limit cures it.
    tree.set_limit(PLENTY);
    put(&mut tree, file, 0, &std::vec![1; 40_000]).unwrap();
    assert_eq!(all(&tree, file), std::vec![1; 40_000]);
}

#[test]
fn positions_at_the_end_of_numbers_are_refused() {
    let mut tree = Tree::new(PLENTY);
    let file = tree.create(tree.root(), b"f", Kind::File).unwrap();
    assert_eq!(put(&mut tree, file, u64::MAX, b"x"), Err(Error::TooLarge));
    assert_eq!(put(&mut tree, file, MAX_SIZE, b"x"), Err(Error::TooLarge));
    assert_eq!(tree.truncate(file, MAX_SIZE + 1), Err(Error::TooLarge));
    assert_eq!(tree.status(file).unwrap().size, 0);
    put(&mut tree, file, MAX_SIZE - 1, b"x").unwrap();
    assert_eq!(tree.status(file).unwrap().size, MAX_SIZE);
    let mut last = Vec::new();
    let read = tree.read(file, MAX_SIZE - 2, 10, &mut |_, piece| last.extend_from_slice(piece));
    assert_eq!((read, last), (Ok(2), b"\0x".to_vec()));
    assert_eq!(tree.read(file, u64::MAX, 10, &mut |_, _| panic!("nothing is there")), Ok(0));
}

#[test]
fn names_are_checked() {
    let mut tree = Tree::new(PLENTY);
    let root = tree.root();
    for name in [&b""[..], b".", b"..", b"a/b", b"/", b"a\0"] {
        assert_eq!(tree.create(root, name, Kind::File), Err(Error::InvalidName), "{name:?}");
    }
    assert_eq!(tree.create(root, &[b'x'; MAX_NAME + 1], Kind::File), Err(Error::NameTooLong));
    let longest = tree.create(root, &[b'x'; MAX_NAME], Kind::Directory).unwrap();
    assert_eq!(tree.rename((root, &[b'x'; MAX_NAME]), (root, b"..")), Err(Error::InvalidName));
    assert_eq!(tree.lookup(root, &[b'x'; MAX_NAME]), Ok(longest));
    tree.create(root, b"\xff...", Kind::File).unwrap();
}

#[test]
fn depth_is_bounded() {
    let mut tree = Tree::new(PLENTY);
    let mut dir = tree.root();
    let mut depth = 0;
    let error = loop {
        match tree.create(dir, b"d", Kind::Directory) {
            Ok(next) => (dir, depth) = (next, depth + 1),
            Err(error) => break error,
        }
    };
    assert_eq!((error, depth), (Error::TooDeep, MAX_DEPTH));
    let file = tree.create(tree.root(), b"f", Kind::File).unwrap();
    assert_eq!(tree.rename((tree.root(), b"f"), (dir, b"f")), Err(Error::TooDeep));
    assert_eq!(tree.lookup(tree.root(), b"f"), Ok(file));
}

#[test]
fn what_is_removed_takes_nothing_in() {
    let mut tree = Tree::new(PLENTY);
    let root = tree.root();
    let dir = tree.create(root, b"d", Kind::Directory).unwrap();
    tree.open(dir).unwrap();
    tree.unlink(root, b"d").unwrap();
    assert!(!tree.status(dir).unwrap().linked);
    assert_eq!(tree.create(dir, b"x", Kind::File), Err(Error::Gone));
    let file = tree.create(root, b"f", Kind::File).unwrap();
    assert_eq!(tree.rename((root, b"f"), (dir, b"f")), Err(Error::Gone));
    assert_eq!(tree.lookup(root, b"f"), Ok(file));
    tree.close(dir);
    // The place is used again, the old identifier is not.
    let again = tree.create(root, b"again", Kind::File).unwrap();
    assert_eq!(again.index, dir.index);
    assert_eq!(tree.status(dir), Err(Error::Gone));
}

#[test]
fn watches_tell_each_change_once() {
    let mut tree = Tree::new(PLENTY);
    let root = tree.root();
    let of_root = tree.watch(root, 1).unwrap();
    let file = tree.create(root, b"f", Kind::File).unwrap();
    tree.watch(file, 2).unwrap();
    let again = tree.watch(file, 3).unwrap();
    assert_eq!((tree.next_change(), tree.next_change()), (Some(1), None));
    tree.changed(file);
    tree.changed(file);
    assert_eq!(
        [tree.next_change(), tree.next_change(), tree.next_change()],
        [Some(2), Some(3), None]
    );
    // One that ends takes its news along.
    tree.changed(file);
    tree.unwatch(again);
    assert_eq!((tree.next_change(), tree.next_change()), (Some(2), None));
    tree.create(root, b"g", Kind::File).unwrap();
    tree.rename((root, b"g"), (root, b"f")).unwrap();
    assert_eq!(
        [tree.next_change(), tree.next_change(), tree.next_change()],
        [Some(1), Some(2), None]
    );
    tree.unlink(root, b"f").unwrap();
    assert_eq!((tree.next_change(), tree.next_change()), (Some(1), None));
    tree.unwatch(of_root);
    tree.create(root, b"h", Kind::File).unwrap();
    assert_eq!(tree.next_change(), None);
}

#[test]
fn a_directory_goes_with_all_below_it() {
    let mut tree = Tree::new(PLENTY);
    let root = tree.root();
    tree.create(root, b"stays", Kind::File).unwrap();
    let used = tree.used();
    let top = tree.create(root, b"top", Kind::Directory).unwrap();
    for (outer, inner) in [(b"a", b"x"), (b"a", b"y"), (b"b", b"z")] {
        let dir = tree.create(top, outer, Kind::Directory);
        let dir = dir.or_else(|_| tree.lookup(top, outer)).unwrap();
        tree.create(dir, inner, Kind::File).unwrap();
    }
    let open = tree.lookup(tree.lookup(top, b"a").unwrap(), b"x").unwrap();
    tree.open(open).unwrap();
    tree.unlink_all(root, b"top").unwrap();
    assert_eq!(
        (tree.lookup(root, b"top"), tree.status(top)),
        (Err(Error::NotFound), Err(Error::Gone))
    );
    assert!(!tree.status(open).unwrap().linked);
    tree.close(open);
    assert_eq!((tree.used(), tree.status(root).unwrap().size), (used, 1));
    assert_eq!(tree.unlink_all(root, b"top"), Err(Error::NotFound));
    tree.unlink_all(root, b"stays").unwrap();
    assert_eq!(tree.used(), 0);
}

#[test]
fn a_link_has_its_target() {
    let mut tree = Tree::new(PLENTY);
    let root = tree.root();
    let link = tree.create(root, b"l", Kind::Symlink).unwrap();
    let used = tree.used();
    tree.set_target(link, b"/somewhere").unwrap();
    assert_eq!((tree.target(link), tree.used()), (Ok(&b"/somewhere"[..]), used + 10));
    tree.set_target(link, b"x").unwrap();
    assert_eq!((tree.status(link).unwrap().size, tree.used()), (1, used + 1));
    assert_eq!(tree.set_target(link, &[b'x'; MAX_TARGET + 1]), Err(Error::NameTooLong));
    assert_eq!(tree.set_target(root, b"x"), Err(Error::WrongKind));
    assert_eq!(tree.read(link, 0, 1, &mut |_, _| ()), Err(Error::WrongKind));
    assert_eq!(put(&mut tree, root, 0, b"x"), Err(Error::IsDirectory));
    assert_eq!(tree.lookup(link, b"x"), Err(Error::NotDirectory));
    tree.set_modified(link, 5).unwrap();
    assert_eq!(tree.status(link).unwrap().modified, 5);
}

#[test]
fn a_rank_of_a_large_directory_is_found_by_few_steps() {
    let mut tree = Tree::new(PLENTY);
    let root = tree.root();
    for number in 0..100_000_u32 {
        tree.create(root, std::format!("{number}").as_bytes(), Kind::File).unwrap();
    }
    for number in [0, 1, 255, 256, 50_000, 99_999] {
        let entry = tree.entry(root, number, &mut Cursor::default()).unwrap().unwrap();
        assert_eq!(&*entry.name, std::format!("{number}").as_bytes());
    }
    assert_eq!(tree.entry(root, 100_000, &mut Cursor::default()), Ok(None));
    assert_eq!(tree.entry(root, u64::MAX, &mut Cursor::default()), Ok(None));
}
