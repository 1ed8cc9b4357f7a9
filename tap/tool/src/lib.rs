//! `cargo tap`: builds, runs and tests Genode components.
pub mod tcl;
