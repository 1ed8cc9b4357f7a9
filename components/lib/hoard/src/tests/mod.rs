//! The suite that runs the whole allocator over a model of the system.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // these are tests

mod blowup;
mod double;
mod exchange;
mod failure;
mod model;
mod property;
mod script;
mod seeded_bugs;
mod sharing;
mod units;
