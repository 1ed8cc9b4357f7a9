//! rs_fs_deceived: a client of `rs_fs_liar`. It says what becomes of a file and of a directory for
//! each lie, and needs the truth last, in a session of its own.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::string::{String, ToString};
use core::time::Duration;

use genode::{fs::FileSystem, prelude::*, task::Tasks, time::Timers};
use rs_checks::Test;

/// Time for an answer that does not come, and for all others.
const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_mins(1);

/// Reads the file and the directory in a session that is lied to.
async fn ask(env: Env, timers: &Timers, lie: &str) -> Test {
    let fs = FileSystem::builder("/").label(lie).open(env).map_err(|error| error.to_string())?;
    let patience = if lie == "silence" { SHORT } else { LONG };
    match timers.timeout(patience, fs.read("/f", 100)).await {
        Ok(Ok(bytes)) => log!("{lie}: file: {}", String::from_utf8_lossy(&bytes)),
        Ok(Err(error)) => log!("{lie}: file: {error}"),
        Err(error) => log!("{lie}: file: {error}"),
    }
    match timers.timeout(patience, fs.read_dir("/")).await {
        Ok(Ok(entries)) => log!("{lie}: directory: {} entries", entries.len()),
        Ok(Err(error)) => log!("{lie}: directory: {error}"),
        Err(error) => log!("{lie}: directory: {error}"),
    }
    Ok(())
}

async fn run(env: Env) -> Test {
    let timers = Timers::open(env).map_err(|error| error.to_string())?;
    let lies = ["node", "operation", "unknown", "length", "size", "names", "news", "silence"];
    for lie in lies.into_iter().chain(["endless", "none"]) {
        ask(env, &timers, lie).await?;
    }
    Ok(())
}

#[genode::component]
fn main(env: Env) -> Result<Tasks, Error> {
    let tasks = Tasks::new(env.ep())?;
    tasks.spawn(async move {
        if let Err(why) = run(env).await {
            error!("{why}");
            env.exit(1)
        }
        env.exit(0)
    });
    Ok(tasks)
}
