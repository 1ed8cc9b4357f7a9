//! The suite that runs the whole allocator over a model of the system.

mod blowup;
mod failure;
mod model;
mod property;
mod script;
mod seeded_bugs;
