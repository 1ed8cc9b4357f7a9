//! An init with a thousand children: how long they take to start, a change of one of them, a report
//! of all, and what memory init needs for each.
use crate::parts::{PROVIDES, Results};
use crate::report::{Report, Target::AtMost};
use crate::system::{System, private_memory};

/// Children.
const CHILDREN: u64 = 1000;

/// Descriptors that core needs for each, and for itself.
const DESCRIPTORS: [u64; 2] = [25, 400];

/// As many children as core has descriptors for.
#[allow(unsafe_code, reason = "limits by a C function")]
fn children() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes a local structure.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    let [each, own] = DESCRIPTORS;
    let children = CHILDREN.min(limit.rlim_max.saturating_sub(own) / each);
    if children < CHILDREN {
        println!(
            "core may have {} descriptors, enough for {children} children: bounds are for that part of {CHILDREN}; \
             set `ulimit -n {}` for all",
            limit.rlim_max,
            CHILDREN * each + own
        );
    }
    children
}

/// Private memory of an init with so many children, once all are up.
fn memory_with(children: u64) -> Result<u64, String> {
    let start = |i| {
        format!(
            "<start name=\"idle{i}\"> <binary name=\"rs_bench_idle\"/> <config value=\"0\"/> </start>\n"
        )
    };
    let starts: String = (0..children).map(start).collect();
    let config = format!("<config>{PROVIDES}<default caps=\"60\" ram=\"1M\"/>\n{starts}</config>");
    let mut system = System::boot("children", "rs_init", &config, &["rs_bench_idle"])?;
    let mut up: u64 = 0;
    system.listen(|line| {
        up += u64::from(line.contains("bench up"));
        up == children
    })?;
    let init = system.components("init");
    let memory = init.first().and_then(|pid| private_memory(*pid));
    system.stop();
    memory.ok_or_else(|| "init has no memory to be seen".into())
}

/// Measures.
pub(crate) fn measure(report: &mut Report) -> Result<(), String> {
    println!("\n--- init with many idle children ---");
    let children = children();
    println!("{children} children");
    let config = format!("<config children=\"{children}\"/>");
    let mut system = System::boot("init", "rs_bench_children", &config, &["rs_bench_idle"])?;
    let results = Results::of(&mut system)?;
    system.stop();
    let names = [
        ("start", "configuration to the last first line"),
        ("parse", "reading a configuration's text, XML"),
        ("change", "a configuration that changes one"),
        ("report", "a report of all with their accounts, HID"),
        ("sessions", "the same with their sessions"),
    ];
    for (name, what) in names {
        report.time(what, &results.times(name));
    }
    let ms = |name: &str| results.times(name).median() / 1e6;
    let bound = |all: f64| AtMost(all * children as f64 / CHILDREN as f64);
    report.value("start of all", ms("start") / 1e3, "s", bound(5.0), "");
    report.value("a change of one of them", ms("change"), "ms", bound(2.0), "");
    report.value("a state report", ms("report"), "ms", bound(5.0), "");
    let (with, without) = (memory_with(children)?, memory_with(1)?);
    let each = with.saturating_sub(without) as f64 / (children - 1) as f64 / 1024.0;
    report.value("init's memory for a child", each, "KiB", AtMost(16.0), "");
    Ok(())
}
