//! The content of a tar archive.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};

use genode::fs::{NodeType, Refusal, Why};
use tar::{BLOCK, Decoder, Kind, Progress};

use crate::{
    content::Content,
    path::Name,
    system::{Entry, Metadata},
};

/// Directories below each other at most.
const MAX_DEPTH: usize = 64;

#[derive(Debug)]
enum Body {
    Directory(BTreeMap<Name, usize>),
    File { offset: u64, size: u64 },
    Symlink(Box<[u8]>),
}

#[derive(Debug)]
struct Node {
    body: Body,
    modified: Option<i64>,
    executable: bool,
}

impl Node {
    fn directory() -> Self {
        Self { body: Body::Directory(BTreeMap::new()), modified: None, executable: true }
    }
}

/// The entries of an archive by path. Its content stays where it is.
#[derive(Debug)]
pub struct Archive {
    content: Content,
    nodes: Vec<Node>,
    left_out: u32,
}

impl Archive {
    /// Reads the headers of an archive. An entry that cannot be used is left out; where the archive
    /// cannot be read any further, the entries before stay.
    ///
    /// # Errors
    /// Says why none can be read.
    pub fn new(bytes: impl Into<alloc::rc::Rc<[u8]>>) -> Result<Self, tar::Error> {
        Self::read(Content::Bytes(bytes.into()))
    }

    pub(crate) fn read(content: Content) -> Result<Self, tar::Error> {
        let mut archive = Self { content, nodes: alloc::vec![Node::directory()], left_out: 0 };
        let mut decoder = Decoder::new(archive.content.size());
        let mut block = [0; BLOCK];
        let mut first = true;
        while let Some(at) = decoder.next_block() {
            // A copy: who has given the ROM module may change it meanwhile.
            if archive.content.read(at, &mut block) != Ok(BLOCK) {
                break;
            }
            match decoder.feed(&block) {
                Ok(Progress::Entry(entry)) => {
                    if archive.add(entry).is_none() {
                        archive.left_out += 1;
                    }
                }
                Ok(Progress::More | Progress::End) => (),
                Err(error) if first => return Err(error),
                Ok(Progress::LeftOut { .. }) | Err(_) => archive.left_out += 1,
            }
            first = false;
        }
        Ok(archive)
    }

    /// Returns the number of entries that were left out.
    pub const fn left_out(&self) -> u32 {
        self.left_out
    }

    /// Adds an entry, and directories above it that the archive does not have. `None` for one that
    /// cannot be there.
    fn add(&mut self, entry: tar::Entry) -> Option<()> {
        let names: Vec<&[u8]> = entry.path.split(|&byte| byte == b'/').collect();
        let (&name, above) = names.split_last()?;
        if entry.path.is_empty() {
            return Some(());
        }
        if above.len() > MAX_DEPTH || names.iter().any(|name| crate::path::check(name).is_err()) {
            return None;
        }
        let mut parent = 0;
        for name in above {
            parent = self.child(parent, name)?;
        }
        let body = match entry.kind {
            Kind::Directory => {
                self.child(parent, name)?;
                return Some(());
            }
            Kind::File => Body::File { offset: entry.offset, size: entry.size },
            Kind::Symlink(target) => Body::Symlink(target.into()),
            Kind::Link(target) => {
                let names: Vec<Name> = crate::path::split(&target).map(Name::from).collect();
                match self.find(&names)?.body {
                    Body::File { offset, size } => Body::File { offset, size },
                    _ => return None,
                }
            }
        };
        let executable = entry.mode & 0o111 != 0;
        let modified = entry.modified.checked_mul(1000);
        self.put(parent, name, Node { body, modified, executable })
    }

    /// Returns a directory, which is made if it is not there.
    fn child(&mut self, parent: usize, name: &[u8]) -> Option<usize> {
        match &self.nodes.get(parent)?.body {
            Body::Directory(names) => {
                if let Some(&there) = names.get(name) {
                    return Some(there);
                }
            }
            _ => return None,
        }
        self.put(parent, name, Node::directory())?;
        self.nodes.len().checked_sub(1)
    }

    /// Puts a node into a directory. Of two with one path the later one counts, but none takes a
    /// directory's place.
    fn put(&mut self, parent: usize, name: &[u8], node: Node) -> Option<()> {
        let place = self.nodes.len();
        let Body::Directory(names) = &self.nodes.get(parent)?.body else { return None };
        if let Some(&there) = names.get(name) {
            let there = self.nodes.get_mut(there)?;
            if matches!(there.body, Body::Directory(_)) {
                return None;
            }
            *there = node;
            return Some(());
        }
        self.nodes.try_reserve(1).ok()?;
        self.nodes.push(node);
        if let Body::Directory(names) = &mut self.nodes.get_mut(parent)?.body {
            names.insert(name.into(), place);
        }
        Some(())
    }

    fn find(&self, names: &[Name]) -> Option<&Node> {
        let mut node = self.nodes.first()?;
        for name in names {
            let Body::Directory(names) = &node.body else { return None };
            node = self.nodes.get(*names.get(name)?)?;
        }
        Some(node)
    }

    fn node(&self, names: &[Name]) -> Result<&Node, Why> {
        self.find(names).ok_or_else(|| Refusal::LookupFailed.into())
    }

    pub(crate) fn metadata(&self, names: &[Name]) -> Result<Metadata, Why> {
        let node = self.node(names)?;
        let (kind, size) = kind(&node.body);
        let mut metadata = Metadata::new(kind, size);
        metadata.writeable = false;
        metadata.executable = node.executable;
        metadata.modified = node.modified;
        Ok(metadata)
    }

    pub(crate) fn link(&self, names: &[Name]) -> Result<Option<Box<[u8]>>, Why> {
        match &self.node(names)?.body {
            Body::Symlink(target) => Ok(Some(target.clone())),
            _ => Ok(None),
        }
    }

    /// Tells why nothing is made at a path: its directory is not there, or cannot be changed.
    pub(crate) fn unchanged(&self, names: &[Name]) -> Why {
        let above = names.split_last().map_or(names, |(_, above)| above);
        match self.find(above).map(|node| &node.body) {
            Some(Body::Directory(_)) => Refusal::PermissionDenied.into(),
            _ => Refusal::LookupFailed.into(),
        }
    }

    /// Returns where a file's content is.
    pub(crate) fn file(&self, names: &[Name]) -> Result<(Content, u64, u64), Why> {
        match self.node(names)?.body {
            Body::File { offset, size } => Ok((self.content.clone(), offset, size)),
            _ => Err(Refusal::LookupFailed.into()),
        }
    }

    pub(crate) fn entries(&self, names: &[Name]) -> Result<Vec<Entry>, Why> {
        let Body::Directory(names) = &self.node(names)?.body else {
            return Err(Refusal::LookupFailed.into());
        };
        let entry = |(name, place): (&Name, &usize)| {
            let node = self.nodes.get(*place)?;
            Some(Entry { name: name.clone(), kind: kind(&node.body).0 })
        };
        Ok(names.iter().filter_map(entry).collect())
    }
}

fn kind(body: &Body) -> (NodeType, u64) {
    match body {
        Body::Directory(_) => (NodeType::Directory, 0),
        Body::File { size, .. } => (NodeType::ContinuousFile, *size),
        Body::Symlink(target) => (NodeType::Symlink, target.len() as u64),
    }
}
