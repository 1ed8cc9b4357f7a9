//! The way from a fresh process to a component that serves its main entrypoint.
use std::fmt::Write;

use genode_abi::*;
use genode_host_proto::control::request as op;

use crate::entrypoint::Entrypoint;
use crate::{caps, control, env, log, parent, revoked};

/// Exit value of a component that panicked.
const PANICKED: i32 = -1;

/// Run a component: construct it on the main entrypoint, then serve. Returns never; the type is that of a C
/// `main`.
pub fn rs_host_start(construct: extern "C" fn()) -> i32 {
    let Ok(mut reply) = control::request(op::HELLO, &[], None) else { return 1 };
    let Ok(parent) = reply.fd(4) else { return 1 };
    revoked::survive();
    env::set_parent(caps::adopt(parent));
    let Ok(ep) = Entrypoint::new(&mut reply) else { return 1 };
    let ep = ep.into_main();
    std::panic::set_hook(Box::new(panicked));
    construct();
    ep.serve();
    0
}

/// Text in a buffer of fixed size: a panic may be about memory.
struct Line {
    buf: [u8; 512],
    len: usize,
}

impl Write for Line {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        for c in s.bytes() {
            if let Some(dst) = self.buf.get_mut(self.len) {
                *dst = c;
                self.len += 1;
            }
        }
        Ok(())
    }
}

fn panicked(info: &std::panic::PanicHookInfo<'_>) {
    let mut line = Line { buf: [0; 512], len: 0 };
    let text = info
        .payload()
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| info.payload().downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let _ = match info.location() {
        Some(at) => write!(line, "panicked at {}:{}: {text}", at.file(), at.line()),
        None => write!(line, "panicked: {text}"),
    };
    log::line(RS_ERROR, line.buf.get(..line.len).unwrap_or_default());
    parent::exit(PANICKED);
}
