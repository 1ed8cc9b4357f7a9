//! What the models share: how far each is explored, the doorbell as loom sees it, and how a weakened model is shown to
//! fail.

use std::process::Command;

use genode_host_proto::sync::{Site, WEAKENED};
use loom::sync::{Condvar, Mutex};

/// The pipe: bytes stay until they are read, reading blocks.
#[derive(Default)]
pub(crate) struct Pipe {
    rung: Mutex<bool>,
    change: Condvar,
}

impl Pipe {
    pub(crate) fn ring(&self) {
        *self.rung.lock().unwrap() = true;
        self.change.notify_all();
    }
    pub(crate) fn listen(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !*rung {
            rung = self.change.wait(rung).unwrap();
        }
        *rung = false;
    }
}

/// Run a weakened model in a process of its own, since a failing model may abort, and expect it to fail for one of `whys`.
pub(crate) fn fails(model: &str, site: Site, whys: &[&str]) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "weakened", "--ignored", "--nocapture"])
        .env("RS_MODEL", format!("{model} {site:?}"))
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{model} does not notice that {site:?} is weakened");
    let expected = whys.iter().any(|why| said.contains(why));
    assert!(expected, "{model} with {site:?} failed otherwise:\n{said}");
}

/// The other side of [`fails`]: weaken what it asked for, and run the model that is to notice.
pub(crate) fn run_weakened(
    models: &[(&str, fn())],
    mutants: impl IntoIterator<Item = (&'static str, Site)>,
) {
    let asked = std::env::var("RS_MODEL").unwrap();
    let (model, site) = mutants.into_iter().find(|(m, s)| format!("{m} {s:?}") == asked).unwrap();
    *WEAKENED.lock().unwrap() = Some(site);
    let (_, run) = models.iter().find(|(name, _)| *name == model).unwrap();
    explore(*run);
}

/// Every interleaving with at most three preemptions.
pub(crate) fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}
