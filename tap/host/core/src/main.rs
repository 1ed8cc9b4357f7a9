//! The core of the host target: creates the init component and serves it.
//!
//! One thread, one epoll loop. `nucleus` is the kernel-like part, `service` the sessions on top of it.
#![allow(clippy::single_match_else)] // two arms of a match read better than an if with a block

mod account;
mod attention;
mod balance;
mod console;
mod fd;
mod grants;
mod isolation;
mod limits;
mod machine;
mod nucleus;
mod numbered;
mod overview;
mod run;
mod service;
mod storm;
mod work;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1).peekable();
    if args.next_if(|arg| arg == grants::BROKER).is_some() {
        return grants::serve(args);
    }
    match run::Options::parse(args).and_then(|options| run::run(&options)) {
        Ok(code) => ExitCode::from(code),
        Err(message) => {
            console::note(format_args!("Error: {message}"));
            ExitCode::FAILURE
        }
    }
}
