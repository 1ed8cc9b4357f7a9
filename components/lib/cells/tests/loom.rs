//! Models of the table, on the shipped source, under every interleaving and every ordering that the
//! memory model allows (three preemptions at most).
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p rs_cells --release --target-dir target/loom --test loom`
#![cfg(loom)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test reports by panicking")]

use cells::CellId;
use cells::table::{Got, Left, Table, mutate};
use loom::cell::Cell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use std::{env, process::Command};

const A: CellId = CellId(1);
const B: CellId = CellId(2);
const C: CellId = CellId(3);

/// The table, and for each core the place where its user works: plain memory, so that two users of
/// a core at a time, or one that does not see that the other one is off, are a race that loom
/// reports.
struct Machine {
    table: Table,
    work: Vec<Cell<u32>>,
}

fn machine(owners: &[CellId]) -> Arc<Machine> {
    let work = owners.iter().map(|_| Cell::new(0)).collect();
    Arc::new(Machine { table: Table::new(owners, 4), work })
}

impl Machine {
    fn work_on(&self, core: u16) {
        let work = &self.work[usize::from(core)];
        work.set(work.get() + 1);
    }

    fn on(&self, core: u16, cell: CellId) -> bool {
        self.table.get(core).unwrap().current == Some(cell)
    }

    fn counts(&self, cell: CellId) {
        let cores = 0..self.table.cores() as u16;
        let words = cores.map(|core| self.table.get(core).unwrap());
        let held = words.filter(|w| w.current == Some(cell) || w.wanted == Some(cell)).count();
        assert_eq!(usize::from(self.table.in_use(cell)), held, "cores counted for {cell:?}");
    }
}

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// Works on what it gets, and lets it go.
fn use_one(machine: &Machine, cell: CellId) {
    let mut got = None;
    machine.table.request(cell, 1, &[0], |what| got = Some(what));
    let core = match got {
        None => return,
        Some(Got::Own(core) | Got::Borrowed(core)) => core,
        Some(Got::Asked { core, .. }) => {
            while !machine.on(core, cell) {
                thread::yield_now();
            }
            core
        }
    };
    machine.work_on(core);
    assert!(machine.table.release(core, cell).is_some());
}

/// An owner and two borrowers compete for a core: each works there alone, in any order.
fn compete() {
    check(|| {
        let machine = machine(&[A]);
        let users: Vec<_> = [B, C]
            .into_iter()
            .map(|cell| {
                let machine = machine.clone();
                thread::spawn(move || use_one(&machine, cell))
            })
            .collect();
        use_one(&machine, A);
        for user in users {
            user.join().unwrap();
        }
        assert_eq!(machine.table.get(0).unwrap().current, None);
        for cell in [A, B, C] {
            machine.counts(cell);
        }
        assert!(machine.work[0].get() >= 1);
    });
}

/// The owner wants a core back that a borrower is on, who lets it go by itself: it gets it, and no
/// third one does.
fn hand_over() {
    check(|| {
        let machine = machine(&[A]);
        machine.table.request(B, 1, &[0], |_| ());
        let borrower = {
            let machine = machine.clone();
            thread::spawn(move || {
                machine.work_on(0);
                machine.table.release(0, B).unwrap()
            })
        };
        let mut got = None;
        machine.table.request(A, 1, &[], |what| got = Some(what));
        let left = borrower.join().unwrap();
        match got.unwrap() {
            Got::Asked { from, .. } => assert_eq!((from, left), (B, Left::To(A))),
            got => assert_eq!((got, left), (Got::Own(0), Left::Idle)),
        }
        assert!(machine.on(0, A), "the owner asked, and does not have it");
        machine.work_on(0);
        for cell in [A, B] {
            machine.counts(cell);
        }
    });
}

/// The owner is handed the core by the borrower's release alone, without joining it.
fn watch() {
    check(|| {
        let machine = machine(&[A]);
        machine.table.request(B, 1, &[0], |_| ());
        assert!(matches!(machine.table.want_back(0, A), Some(Got::Asked { .. })));
        let borrower = {
            let machine = machine.clone();
            thread::spawn(move || {
                machine.work_on(0);
                assert_eq!(machine.table.release(0, B), Some(Left::To(A)));
            })
        };
        while !machine.on(0, A) {
            thread::yield_now();
        }
        machine.work_on(0);
        borrower.join().unwrap();
    });
}

/// A deadline passes while the borrower lets the core go, and comes back as a borrower after the
/// owner: force must not hit it then.
fn deadline() {
    check(|| {
        let machine = machine(&[A]);
        machine.table.request(B, 1, &[0], |_| ());
        let Some(Got::Asked { stamp, .. }) = machine.table.want_back(0, A) else { panic!("asked") };
        let gone = Arc::new(AtomicBool::new(false));
        let others = {
            let (machine, gone) = (machine.clone(), gone.clone());
            thread::spawn(move || {
                machine.work_on(0);
                if machine.table.release(0, B).is_none() {
                    return; // forced
                }
                machine.work_on(0); // A
                machine.table.release(0, A).unwrap();
                gone.store(true, Ordering::Release);
                let mut again = false;
                machine.table.request(B, 1, &[0], |_| again = true);
                assert!(again && machine.on(0, B));
                machine.work_on(0);
                assert!(machine.on(0, B), "taken off a core that nobody wanted back");
            })
        };
        // the trusted side stops the borrower's threads before it forces; one that left is not
        // there
        if gone.load(Ordering::Acquire) {
            assert_eq!(machine.table.force(0, B, stamp), None, "a belated force took effect");
        }
        others.join().unwrap();
    });
}

/// A limit holds whoever asks at the same time, and owners change under the requests.
fn limits() {
    check(|| {
        let machine = machine(&[A, POOLED]);
        machine.table.set_limit(A, 1);
        let asker = |machine: &Arc<Machine>| {
            let machine = machine.clone();
            thread::spawn(move || {
                let mut mine = None;
                machine.table.request(A, 2, &[0, 1], |got| mine = Some(got));
                mine.is_some()
            })
        };
        let asker = asker(&machine);
        let mut own = 0;
        machine.table.request(A, 2, &[0, 1], |_| own += 1);
        machine.table.set_owner(0, B);
        let other = u32::from(asker.join().unwrap());
        assert_eq!(own + other, 1, "cores beyond the limit, or none");
        machine.counts(A);
    });
}

const POOLED: CellId = CellId(0);

#[test]
fn users_of_a_core_exclude_each_other() {
    compete();
}

#[test]
fn a_core_moves_when_its_user_is_off() {
    hand_over();
    watch();
}

#[test]
fn a_belated_force_hits_nobody() {
    deadline();
}

#[test]
fn a_limit_holds() {
    limits();
}

/// The model of the next test, in a process of its own, since one that fails may abort.
#[test]
#[ignore = "run by the next test"]
fn weakened() {
    mutate(env::var("MUTANT").unwrap().parse().unwrap());
    match env::var("MODEL").unwrap().as_str() {
        "compete" => compete(),
        "hand_over" => hand_over(),
        "watch" => watch(),
        _ => deadline(),
    }
}

#[test]
fn each_weakened_ordering_and_each_dropped_step_is_noticed() {
    let steps = [
        (1, "take", "compete", "Causality violation"),
        (2, "release", "compete", "Causality violation"),
        (2, "release", "watch", "Causality violation"),
        (3, "see", "watch", "Causality violation"),
        (11, "stamp", "deadline", "a belated force took effect"),
        (12, "hand-over", "hand_over", "assertion"),
        (13, "idle", "compete", ""),
    ];
    for (mutant, name, model, why) in steps {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "weakened", "--ignored", "--nocapture"])
            .env("MUTANT", mutant.to_string())
            .env("MODEL", model)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let told = told + &String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success(), "a weakened \"{name}\" is not noticed by {model}");
        assert!(told.contains(why), "{name}: not for that reason: {told}");
    }
}
