//! Input from a file system's other side: paths, directory entries, packet descriptors.

use genode::{
    packet_stream::Protocol,
    rpc::Wire,
    session::file_system::{DirEntry, Header, MAX_NAME, MAX_PATH, Packets, Path, is_name},
};

/// A path of a client: what is taken has names that lead down only, and is its parent and its last
/// name.
pub fn path(bytes: &[u8]) {
    let Ok(path) = Path::new(bytes) else {
        // Nothing is refused but for a rule that it breaks.
        let fits = bytes.len() <= MAX_PATH && bytes.first() == Some(&b'/') && !bytes.contains(&0);
        let mut names = bytes.split(|&byte| byte == b'/');
        assert!(!fits || names.any(|name| name == b".." || name.len() > MAX_NAME));
        return;
    };
    assert!(path.names().all(is_name));
    let Some((parent, name)) = path.split_last() else {
        assert!(path.is_root());
        return;
    };
    let parent = Path::new(parent.as_bytes()).expect("a parent is a path");
    assert!(parent.names().chain([name]).eq(path.names()));
}

/// An entry of a server: what is taken has a name that a node can have, and is read again as the
/// same.
pub fn entry(bytes: &[u8]) {
    let Ok(entry) = DirEntry::read(bytes) else { return };
    assert!(is_name(entry.name()));
    let mut again = [0; DirEntry::SIZE];
    entry.store(&mut again);
    assert_eq!(DirEntry::read(&again), Ok(entry));
    let made = DirEntry::new(entry.name(), entry.kind, entry.rwx, entry.inode);
    assert_eq!(made.map(|made| made.name() == entry.name()), Some(true));
}

/// A descriptor's words: what is read is written again as the same, and an unknown operation stays
/// unknown.
pub fn header(bytes: &[u8]) {
    let mut words = [0; Packets::WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    }
    let header = Packets::decode(&words);
    assert_eq!(header.operation().is_some(), header.code < 6);
    let (done, failed) = (header.done(7), header.failed());
    assert!(done.succeeded && !failed.succeeded && done.code == header.code);
    for header in [header, done, failed] {
        let mut again = [0; Packets::WORDS];
        Packets::encode(&header, &mut again);
        assert_eq!(Packets::decode(&again), header);
    }
    let Header { handle, position, .. } = header;
    assert_eq!([handle.0, position], [words[0], words[2]]);
}
