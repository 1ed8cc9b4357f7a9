//! rs_fs_test: does with a file-system server what clients do, and asks for what it must refuse.
#![no_std]
#![no_main]

extern crate alloc;

mod contents;
mod names;
mod refusals;

use alloc::string::{String, ToString};

use genode::{fs::FileSystem, prelude::*};
use rs_checks::Test;

/// Context of a run: the component's environment, and a session that sees everything.
#[derive(Clone)]
struct Context {
    env: Env,
    fs: FileSystem,
    /// The server is Genode's, which removes directories with all that they hold.
    theirs: bool,
    /// The server is to be filled, which a disk is not.
    space: bool,
}

/// A session with a label of its own, as policies tell them apart.
fn session(env: Env, label: &str, root: &str) -> Test<FileSystem> {
    FileSystem::builder(root).label(label).open(env).map_err(|error| error.to_string())
}

/// Names the step that an error comes from.
fn at<E: core::fmt::Display>(step: &str) -> impl Fn(E) -> String + use<'_, E> {
    move |error| alloc::format!("{step}: {error}")
}

fn run(env: Env) -> Test {
    log!("--- file system test ---");
    let config = genode::session::rom::config(env, 1 << 20).map_err(at("config"))?;
    let theirs = config.attr_or("theirs", false);
    let space = config.attr_or("space", true);
    let context = Context { env, fs: session(env, "all", "/")?, theirs, space };
    for (name, test) in [
        ("contents", contents::run as fn(&Context) -> Test),
        ("names", names::run),
        ("refusals", refusals::run),
    ] {
        // A server of others has other policies, and other ways to say no.
        if config.attr_or(name, true) {
            test(&context)?;
            log!("{name}: done");
        }
    }
    log!("--- file system test finished ---");
    Ok(())
}

#[genode::component]
fn main(env: Env) -> Result<(), String> {
    run(env)?;
    env.exit(0)
}
