//! The commands of the command line, a file each: its arguments, and what it does.

pub mod bench;
pub mod cells;
pub mod completions;
pub mod conform;
pub mod gdb;
pub mod new;
pub mod run;
pub mod scripts;
pub mod suite;
pub mod symbolize;
pub mod test;
pub mod top;
pub mod topo;
pub mod why;
