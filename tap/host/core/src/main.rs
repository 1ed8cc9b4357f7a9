//! The core of the host target: creates the init component and serves it.
//!
//! One thread, one epoll loop. `nucleus` is the kernel-like part, `service` the sessions on top of it.
#![allow(clippy::single_match_else)] // two arms of a match read better than an if with a block

mod account;
mod attention;
mod balance;
mod fd;
mod isolation;
mod machine;
mod nucleus;
mod run;
mod service;
mod storm;

use std::process::ExitCode;

/// A map by numbers that core gave.
type Numbered<K, V> = std::collections::HashMap<K, V, genode_host_proto::numbered::BySpread>;

/// Number under which a component finds its control socket.
fn nucleus_control_fd() -> i32 {
    genode_host_proto::CONTROL_FD
}

/// Say something on core's own behalf, in the log.
fn note(text: std::fmt::Arguments<'_>) {
    service::Console::new().line("core", text.to_string().as_bytes());
}

fn main() -> ExitCode {
    match run::Options::parse(std::env::args().skip(1)).and_then(|options| run::run(&options)) {
        Ok(code) => ExitCode::from(code),
        Err(message) => {
            note(format_args!("Error: {message}"));
            ExitCode::FAILURE
        }
    }
}
