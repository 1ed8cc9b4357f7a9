//! The way from a fresh process to a component that serves its main entrypoint.
use std::fmt::Write;

use genode_abi::*;
use genode_args::shown::Line;
use genode_host_proto::control::Request;

use crate::entrypoint::Entrypoint;
use crate::{caps, control, crash, env, granted, log, outside, parent, revoked, stack};

/// Exit value of a component that panicked.
const PANICKED: i32 = -1;

/// Runs a component: constructs it on the main entrypoint, then serves. Returns only if there is no system to
/// run in; the value is the process's exit status.
///
/// # Safety
/// Called once, by the process's first thread, before anything else of the seam.
pub unsafe fn rs_host_start(construct: extern "C" fn()) -> i32 {
    outside::leave();
    // SAFETY: the first thread, by the contract.
    let size = unsafe { stack::grow() };
    let mut alt_stack = crash::AltStack::new();
    let _in_use = alt_stack.enter("ep", size);
    let Ok(mut reply) = control::request(Request::Hello, &[], None) else {
        explain();
        return 1;
    };
    let Ok(parent) = reply.fd(4) else { return 1 };
    granted::keep(reply.fd(5).ok());
    revoked::survive();
    crash::listen();
    env::set_parent(caps::adopt(parent));
    let Ok(ep) = Entrypoint::new(&mut reply) else { return 1 };
    let ep = ep.into_main();
    std::panic::set_hook(Box::new(panicked));
    construct();
    ep.serve();
    0
}

/// Tells on the standard error how to run a component, whose binary was started without a system around it.
/// There is no heap without one, either.
fn explain() {
    let path = rustix::param::linux_execfn().to_bytes();
    let name = path.rsplit(|byte| *byte == b'/').next().and_then(|name| str::from_utf8(name).ok());
    let mut text = Line::<512>::new();
    // What does not fit is cut.
    let _ = writeln!(
        text,
        "error: {} is a component and runs inside of a system, not by itself.\n\
         Start one by a run script: `cargo tap run NAME` runs run/NAME.run; `cargo tap help` tells more.",
        name.unwrap_or("this program")
    );
    let _ = rustix::io::write(std::io::stderr(), text.as_bytes());
}

fn panicked(info: &std::panic::PanicHookInfo<'_>) {
    let mut line = Line::<512>::new();
    let text = info
        .payload()
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| info.payload().downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let _ = crash::thread_to(&mut line);
    let _ = match info.location() {
        Some(at) => write!(line, "panicked at {}:{}: {text}", at.file(), at.line()),
        None => write!(line, "panicked: {text}"),
    };
    log::line(RS_ERROR, line.as_bytes());
    crash::frames(None);
    parent::exit(PANICKED);
}
