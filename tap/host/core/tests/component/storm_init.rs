//! Keeps a server and a client alive, whatever kills them, until the ROM module `deaths` says it is enough.
#![no_main]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used
)] // test code
mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use genode_sys::*;
use support::{Child, Event};

#[derive(Default)]
struct World {
    children: [RefCell<Option<Child>>; 2],
    ended: [Cell<bool>; 2],
    deaths: Cell<u32>,
    enough: Cell<u32>,
    /// What the server delivered.
    echo: Cell<rs_cap_t>,
    news: Cell<rs_cap_t>,
    faults: Cell<u32>,
}

const NAMES: [&str; 2] = ["server", "client"];

fn start(world: &Rc<World>, which: usize) {
    let (w, e) = (Rc::clone(world), Rc::clone(world));
    let session = move |_: &str| unsafe { rs_cap_dup(w.echo.get()) };
    let event = move |event| {
        if let Event::Exit(value) = event {
            say!("{} gave up: {value}", NAMES[which]);
            e.faults.set(e.faults.get() + 1);
        }
        if let Event::Ended { value: 7, .. } = event {
            say!("{} died of revoked memory", NAMES[which]);
            e.faults.set(e.faults.get() + 1);
        }
        e.ended[which].set(true);
        unsafe { rs_signal_submit(e.news.get(), 1) };
    };
    let deliver = Rc::clone(world);
    let child = support::start_with(NAMES[which], 4 << 20, 200, session, event, move |cap| {
        unsafe { rs_cap_drop(deliver.echo.replace(cap)) };
    });
    *world.children[which].borrow_mut() = Some(child);
}

extern "C" fn construct() {
    let world: Rc<World> = Rc::default();
    world.enough.set(support::read_number("deaths"));
    let before = support::quota();
    let w = Rc::clone(&world);
    let (_, news) = support::signal(move |_| {
        for which in 0..2 {
            if !w.ended[which].replace(false) {
                continue;
            }
            if let Some(child) = w.children[which].borrow_mut().take() {
                child.destroy();
                w.deaths.set(w.deaths.get() + 1);
                if w.deaths.get().is_multiple_of(500) {
                    say!("after {} deaths", w.deaths.get());
                }
            }
            if w.deaths.get() < w.enough.get() {
                start(&w, which);
            }
        }
        if w.deaths.get() >= w.enough.get() {
            for child in &w.children {
                if let Some(child) = child.borrow_mut().take() {
                    child.destroy();
                }
            }
            let after = support::quota();
            say!(
                "{} deaths, {} surprises, {} bytes and {} caps missing",
                w.deaths.get(),
                w.faults.get(),
                before.ram_limit - after.ram_limit,
                before.caps_limit - after.caps_limit
            );
            support::exit(0);
        }
    });
    world.news.set(news);
    start(&world, 0);
    start(&world, 1);
    say!("storm begins");
}

genode_sys::component_entry!(construct);
