//! Measures how long an honest client waits for its calls: alone, beside components that make core
//! work, and beside others that never rest.
use crate::baseline;
use crate::parts::{PROVIDES, Results};
use crate::report::Report;
use crate::report::Target::AtMost;
use rs_bench_system::System;

/// Components that make core work, by their roles.
const GREEDY: [&str; 3] = ["objects", "memory", "maps"];
/// Longest wait of a call, in milliseconds.
const WAIT: f64 = 20.0;

fn config(roles: &[&str]) -> String {
    let start = |role: &&str| {
        format!(
            "<start name=\"{role}\"><binary name=\"rs_bench_greedy\"/>\
             <resource name=\"RAM\" quantum=\"48M\"/><config role=\"{role}\"/></start>"
        )
    };
    let others: String = roles.iter().map(start).collect();
    format!(
        "<config>{PROVIDES}<default caps=\"1000\"/>\
         <start name=\"rs_bench_server\"><resource name=\"RAM\" quantum=\"16M\"/>\
         <provides><service name=\"Bench\"/></provides></start>{others}\
         <start name=\"rs_bench_honest\"><resource name=\"RAM\" quantum=\"16M\"/></start></config>"
    )
}

/// Times of calls to core and to a sibling, in nanoseconds.
struct Waits {
    of: [[f64; 3]; 2],
}

const KINDS: [&str; 2] = ["core", "sibling"];
const TIMES: [&str; 3] = ["median", "p999", "worst"];

impl Waits {
    fn listen(system: &mut System) -> Result<Self, String> {
        let results = Results::of(system)?;
        let time = |kind: &str, time: &str| results.times(&format!("{kind}_{time}")).median();
        Ok(Self { of: KINDS.map(|kind| TIMES.map(|what| time(kind, what))) })
    }

    fn show(&self, beside: &str) {
        for (kind, [median, most, worst]) in KINDS.iter().zip(self.of) {
            let [median, most, worst] = [median, most, worst].map(|time| time / 1e3);
            println!(
                "call of {kind}, {beside}: median {median:.1} us, 99.9 % below {most:.1} us, worst {worst:.1} us"
            );
        }
    }

    /// The longest that one call in a thousand took, and any call at all.
    fn longest(&self) -> (f64, f64) {
        let most = |of: fn(&[f64; 3]) -> f64| self.of.iter().map(of).fold(0.0, f64::max);
        (most(|times| times[1]), most(|times| times[2]))
    }
}

fn boot(name: &str, roles: &[&str]) -> Result<System, String> {
    let modules = ["rs_bench_server", "rs_bench_honest", "rs_bench_greedy"];
    System::boot(name, "rs_init", &config(roles), &modules)
}

/// Everything together.
pub(crate) fn latency(report: &mut Report) -> Result<(), String> {
    println!("\n--- an honest client's calls, one a millisecond ---");
    let mut system = boot("alone", &[])?;
    let alone = Waits::listen(&mut system)?;
    system.stop();
    alone.show("alone");

    let mut system = boot("greedy", &GREEDY)?;
    let greedy = Waits::listen(&mut system)?;
    system.stop();
    greedy.show("beside components that make core work");
    for (kind, (beside, alone)) in KINDS.iter().zip(greedy.of.iter().zip(alone.of)) {
        println!("call of {kind}, beside them / alone, median: {:.2} x", beside[0] / alone[0]);
    }
    let (_, worst) = greedy.longest();
    report.value("a call beside them, worst", worst / 1e6, "ms", AtMost(WAIT), "");

    let mut system = boot("spins", &["spins"])?;
    let spins = Waits::listen(&mut system)?;
    // Under the same load, which stays: what a call takes of Linux between processes that share
    // CPUs with those threads: two wake-ups.
    let wakes = baseline::wake_ups().map_err(|e| e.to_string())?;
    system.stop();
    spins.show("beside threads that spin");
    let [median, most, worst] = wakes.map(|time| time / 1e3);
    println!(
        "bare call (two wake-ups), beside them: median {median:.1} us, 99.9 % below {most:.1} us, worst {worst:.1} us"
    );
    let (most, longest) = spins.longest();
    report.value("99.9 % of calls beside them", most / 1e6, "ms", AtMost(WAIT), "");
    report.ratio("worst call / worst bare call", longest, worst * 1e3, AtMost(3.0));
    Ok(())
}
