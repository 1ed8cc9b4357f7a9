//! rs_fs_steady: a client that wants nothing but to be served, whatever others do.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::string::{String, ToString};

use genode::{fs::FileSystem, prelude::*};
use rs_checks::{Test, ensure};

/// Rounds after the others are gone.
const AFTER: u32 = 200;

fn round(fs: &FileSystem, number: u32) -> Test {
    let text = alloc::format!("round {number}");
    let done = fs.wait(async {
        fs.write("/steady", text.as_bytes()).await?;
        fs.read("/steady", 100).await
    });
    let read = done.map_err(|error| error.to_string())?;
    ensure!(read == text.as_bytes(), "{text} reads as {read:?}");
    Ok(())
}

#[genode::component]
fn main(env: Env) -> Result<(), String> {
    let fs = FileSystem::builder("/").open(env).map_err(|error| error.to_string())?;
    let mut number = 0;
    // The hostile one makes this file as the last thing it does.
    while fs.metadata("/done").is_err() {
        round(&fs, number)?;
        number += 1;
    }
    for more in 0..AFTER {
        round(&fs, number + more)?;
    }
    ensure!(number > 0, "the hostile client was done before this one began");
    log!("served until the end");
    env.exit(0)
}
