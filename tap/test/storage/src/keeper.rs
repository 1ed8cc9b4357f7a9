//! rs_torture_keeper: keeps the journal of a storage under torture, outside of it.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::rc::Rc;
use core::cell::RefCell;

use genode::{
    prelude::*,
    root::{Refused, Root, SessionRequest},
};
use storage_check::{Expected, Journal, Keeper};

/// A session of a writer; all have one journal.
struct Session(Rc<RefCell<Journal>>);

impl Keeper for Session {
    fn begin(&mut self, index: u32) -> u64 {
        self.0.borrow_mut().begin(index)
    }

    fn done(&mut self, index: u32, write: u64) {
        self.0.borrow_mut().done(index, write);
    }

    fn synced(&mut self) {
        self.0.borrow_mut().synced();
    }

    fn expected(&self, index: u32) -> Expected {
        self.0.borrow().expected(index)
    }

    fn syncs(&self) -> u64 {
        self.0.borrow().syncs
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let journal = Rc::new(RefCell::new(Journal::default()));
    let mut root = Root::new(env)?;
    root.serve::<dyn Keeper, _>(move |_: &SessionRequest<'_>| {
        // A new writer: the last one is dead.
        journal.borrow_mut().restart();
        Ok::<_, Refused>(Session(journal.clone()))
    })?;
    Ok(root)
}
