//! Replays the corpus of the fuzz target `tar`.
#![allow(clippy::unwrap_used, reason = "a test: what cannot be read fails it")]

#[path = "../../fuzz/src/archives.rs"]
#[allow(unreachable_pub, missing_docs, clippy::pedantic)] // a module of another crate
mod archives;
#[path = "../../fuzz/src/replay.rs"]
#[allow(unreachable_pub)] // shared by the libraries
mod replay;

#[test]
fn archives_of_any_bytes() {
    replay::replay("tar", 1200, archives::archive);
}
