//! As many dataspaces as a plain `cargo test` may have: a process of its own, since it takes all.
#![allow(clippy::unwrap_used, reason = "tests report by panicking")]

use genode::{Error, dataspace::RamDataspace};

/// Descriptors or the table of capabilities end first: neither is a matter of a start node.
#[test]
fn the_last_dataspace_is_refused_by_the_limit_that_it_meets() {
    let mut all = Vec::new();
    let error = loop {
        match RamDataspace::new(4096) {
            Ok(ram) => all.push(ram),
            Err(error) => break error,
        }
        assert!(all.len() <= 8192, "more than the table holds");
    };
    assert_eq!(error, Error::Limit);
    assert!(error.to_string().starts_with("as many as one component may have"));
    // Freed ones can be had again.
    drop(all.pop());
    assert!(RamDataspace::new(4096).is_ok());
}
