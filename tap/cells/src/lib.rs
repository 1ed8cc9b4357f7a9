//! Simulates cells: a trace of demand through each policy and the table of owners, as
//! `cargo tap cells simulate` shows it.
//!
//! | module | knows |
//! |---|---|
//! | [`trace`] | what cells want when: a text, or made by a generator |
//! | [`run`] | a policy, the table and the cells, step by step |
//! | [`show`] | the table, the plot, JSON |
//! | [`record`] | decisions as a text, and their comparison with a second run |

#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations)]

pub mod record;
pub mod run;
pub mod show;
pub mod trace;
