//! Measures how much later than the kernel's own timer a timer task runs.
use crate::parts::{PROVIDES, Results};
use crate::report::Report;
use crate::report::Target::AtMost;
use rs_bench_system::System;

/// Microseconds by which the median of a timer task may be later than that of the kernel's timer.
const LATER: f64 = 10.0;

fn config() -> String {
    format!(
        "<config>{PROVIDES}<default caps=\"1000\"/>\
         <start name=\"rs_timer\"><resource name=\"RAM\" quantum=\"16M\"/>\
         <provides><service name=\"Timer\"/></provides></start>\
         <start name=\"rs_bench_timers\"><resource name=\"RAM\" quantum=\"16M\"/></start></config>"
    )
}

/// A task and a thread wait for two milliseconds each, in turn.
pub(crate) fn measure(report: &mut Report) -> Result<(), String> {
    println!("\n--- a timer task, in turn with the kernel's own timer ---");
    let modules = ["rs_timer", "rs_bench_timers"];
    let mut system = System::boot("timers", "rs_init", &config(), &modules)?;
    let results = Results::of(&mut system)?;
    system.stop();
    let late = |kind: &str| {
        ["median", "p99", "worst"].map(|what| results.times(&format!("{kind}_{what}")).median())
    };
    let (task, kernel) = (late("task"), late("kernel"));
    for (name, late) in [("timer task", task), ("kernel's timer", kernel)] {
        let [median, most, worst] = late.map(|time| time / 1e3);
        println!(
            "{name}, after its deadline: median {median:.1} us, 99 % below {most:.1} us, worst {worst:.1} us"
        );
    }
    println!(
        "timer task / kernel's timer: median {:.2} x, 99 % {:.2} x",
        task[0] / kernel[0],
        task[1] / kernel[1]
    );
    let later = |at: usize| (task[at] - kernel[at]) / 1e3;
    report.value("a timer task is later than that, median", later(0), "us", AtMost(LATER), "");
    println!("{:<44} {:>9.2} us", "the same, 99 % of each", later(1));
    Ok(())
}
