//! Starts `child`, which calls an echo object served here, and exits with the child's value.
#![no_main]
#![allow(unsafe_code, reason = "a component below the SDK")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used
)] // test code
mod support;

use std::cell::RefCell;
use std::rc::Rc;

use genode_wire::ExceptionCode;
use rs_raw::say;
use support::{Child, Event};

extern "C" fn construct() {
    let before = support::quota();
    let (_, echo) = support::serve(|opcode, body, caps, reply: &mut support::Reply| match opcode {
        // echo body and capabilities
        0 => {
            reply.body = body.to_vec();
            reply.caps = caps.iter().map(|c| unsafe { genode_sys::rs_cap_dup(*c) }).collect();
            ExceptionCode::SUCCESS
        }
        // submit signals to the first capability
        1 => {
            unsafe { genode_sys::rs_signal_submit(caps[0], 3) };
            reply.body = vec![0; 8];
            ExceptionCode::SUCCESS
        }
        // the number in the ROM module `signal`
        2 => {
            let number = support::read_number("signal").unwrap();
            reply.put(&u64::from(number));
            ExceptionCode::SUCCESS
        }
        _ => ExceptionCode::INVALID_OPCODE,
    })
    .unwrap();
    let child: Rc<RefCell<Option<Child>>> = Rc::default();
    let theirs = Rc::clone(&child);
    let value = Rc::new(std::cell::Cell::new(0));
    // The child is destroyed from a signal of our own: not from a callback of its objects.
    let result = Rc::clone(&value);
    let (_, done) = support::signal(move |_| {
        if let Some(child) = theirs.borrow_mut().take() {
            child.destroy();
        }
        let after = support::quota();
        say!(
            "quota returned: {} bytes, {} caps missing",
            before.ram_limit - after.ram_limit,
            before.caps_limit - after.caps_limit
        );
        support::exit(result.get());
    })
    .unwrap();
    let on = move |event| {
        match event {
            Event::Exit(v) => {
                say!("child exited with {v}");
                value.set(v);
            }
            Event::Ended { how, value: v } => {
                say!("child ended: how {} value {v}", how as i32);
                value.set(100 + v as i32);
            }
        }
        unsafe { genode_sys::rs_signal_submit(done, 1) };
    };
    let session = move |service: &str| match service {
        "Echo" => unsafe { genode_sys::rs_cap_dup(echo) },
        _ => 0,
    };
    *child.borrow_mut() = Some(support::start("child", 8 << 20, 100, session, on));
}

genode_sys::component_entry!(construct);
