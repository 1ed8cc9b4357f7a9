//! Divides a machine's cores and memory among *cells*: programs that each own some cores, and lend
//! and reclaim them within microseconds.
//!
//! Two things that know nothing of one another's inside, without system calls, deterministic:
//!
//! - [`Manager`]: state and an [`Event`] make a [`Decision`]: owners of cores, the order in which
//!   idle ones are lent, memory by node, deadlines, and a [`policy::Reason`] for each cell. How
//!   many units a cell is to own is said by a [`policy::Policy`].
//! - [`table::Table`]: owner and user of each core in one word. Cells get cores here, without the
//!   policy; the policy sets owners.
//!
//! ```
//! use cells::{CellId, Event, Machine, Manager, POOL, Sample, Spec, policy};
//!
//! let machine = Machine::uniform(2, 8, 1, 1 << 30).unwrap();
//! let mut manager = Manager::new(machine, policy::by_name("load").unwrap(), 64);
//! let (web, batch) = (CellId(1), CellId(2));
//! manager.on(Event::Start(web, Spec { weight: 3, ..Spec::default() })).unwrap();
//! manager.on(Event::Start(batch, Spec::default())).unwrap();
//! let wants = |cores| Sample { wanted: Some(cores), ..Sample::default() };
//! manager.on(Event::Samples(&[(web, wants(9)), (batch, wants(9))])).unwrap();
//! assert_eq!((manager.held(web).len(), manager.held(batch).len()), (6, 2));
//! manager.on(Event::Samples(&[(web, wants(1))])).unwrap();
//! assert_eq!(manager.held(batch).len(), 7);
//! ```
//!
//! # What holds
//!
//! `README.md` beside this crate lists the guarantees with the tests that look after them. The
//! shortest form: no core has two owners or none; a minimum is kept; nobody starves; an event moves
//! no more units than its bound; and no report gives a cell more useful core time than the truth,
//! as long as that bound is not reached and others use what they ask for.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations)]

extern crate alloc;

mod cell;
pub mod fill;
mod machine;
mod manager;
mod place;
pub mod policy;
pub mod table;

pub use cell::{
    Cell, CellId, MAX_CELLS, MAX_PRICE, MAX_WEIGHT, Objective, POOL, Refusal, Sample, Spec, Why,
    check,
};
pub use machine::{BadMachine, CoreAt, MAX_CORES, MAX_NODES, Machine};
pub use manager::{Bytes, Decision, Event, Manager, Move};
pub use place::Place;
