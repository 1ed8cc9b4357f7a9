//! Replays the corpus of the fuzz target `partitions`.
#![allow(clippy::unwrap_used, reason = "a test: what cannot be read fails it")]

#[path = "../../fuzz/src/replay.rs"]
#[allow(unreachable_pub)] // shared by the libraries
mod replay;
#[path = "../../fuzz/src/tables.rs"]
#[allow(unreachable_pub, missing_docs, clippy::pedantic)] // a module of another crate
mod tables;

#[test]
fn partitions() {
    replay::replay("partitions", 1800, tables::partitions);
}
