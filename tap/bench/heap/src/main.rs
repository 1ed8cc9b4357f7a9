//! `rs_heap_bench`: how fast and how lean a memory allocator is, measured on programs it does not know.
//!
//! One binary plays three parts. As `heap` it runs workloads, each in a process of its own, on every allocator in
//! turn. As `work` it *is* such a process. As `programs` it puts real servers and tools on an allocator, has their own
//! clients check what they do, and times them. `README.md` tells how the figures are made and how to read them.
#![allow(
    unsafe_code,
    reason = "malloc and free under measurement, and what Linux tells about processes"
)]

mod allocators;
mod block;
mod command;
mod problem;
mod process;
mod programs;
mod report;
mod runner;
mod sample;
mod svg;
mod work;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match command::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("rs_heap_bench: {problem}");
            ExitCode::FAILURE
        }
    }
}
