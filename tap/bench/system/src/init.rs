//! An init with a thousand children: how long they take to start, a change of one of them, a report
//! of all, and what init and core need for each.
use crate::parts::{PROVIDES, Results};
use crate::report::{Report, Target::AtMost};
use rs_bench_system::{System, private_memory};

/// Children.
const CHILDREN: u64 = 1000;

/// Descriptors that core needs for each at most, and for itself.
const DESCRIPTORS: [u64; 2] = [18, 400];

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

/// Resources of a system once all children are up.
struct Up {
    /// Private memory of init, in bytes.
    memory: u64,
    /// Descriptors of core.
    descriptors: u64,
    /// CPU time of all that runs, in milliseconds.
    cpu: f64,
}

/// Measures a system whose init has so many children, once all are up.
fn up_with(children: u64) -> Result<Up, String> {
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
    let (descriptors, cpu) = (system.descriptors(), system.cpu_time().as_secs_f64() * 1e3);
    system.stop();
    let memory = memory.ok_or("init has no memory to be seen")?;
    Ok(Up { memory, descriptors, cpu })
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
    let (with, without) = (up_with(children)?, up_with(1)?);
    let each = |with: f64, without: f64| (with - without) / (children - 1) as f64;
    // Target for all, on two CPUs.
    report.value("CPU time of a start", each(with.cpu, without.cpu), "ms", AtMost(10.0), "");
    let memory = each(with.memory as f64, without.memory as f64) / 1024.0;
    report.value("init's memory for a child", memory, "KiB", AtMost(16.0), "");
    let [most, _] = DESCRIPTORS.map(|count| count as f64);
    let descriptors = each(with.descriptors as f64, without.descriptors as f64);
    report.value("descriptors of core for a child", descriptors, "", AtMost(most), "");
    Ok(())
}
