//! Finds base-linux's components among the processes: those below ours, by label.

use std::fs;
use std::time::Duration;

fn ids(folder: &str) -> Vec<libc::pid_t> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|e| e.file_name().to_str()?.parse().ok()).collect()
}

fn parent(process: libc::pid_t) -> Option<libc::pid_t> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // the name, in parentheses, may contain anything
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn is_ours(mut process: libc::pid_t) -> bool {
    let own = std::process::id() as libc::pid_t;
    while process > 1 {
        if process == own {
            return true;
        }
        process = parent(process).unwrap_or(0);
    }
    false
}

/// The component with `label`, started below this process.
pub(crate) fn component(label: &str) -> Option<libc::pid_t> {
    ids("/proc").into_iter().find(|process| {
        let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.starts_with("[Genode]")
            && line.trim_end().strip_suffix(label).is_some_and(|rest| rest.ends_with(' '))
            && is_ours(*process)
    })
}

/// The thread of `process` that works most.
pub(crate) fn busiest(process: libc::pid_t) -> Option<libc::pid_t> {
    let ran = |thread: libc::pid_t| -> u64 {
        fs::read_to_string(format!("/proc/{process}/task/{thread}/schedstat"))
            .ok()
            .and_then(|text| text.split_whitespace().next()?.parse().ok())
            .unwrap_or(0)
    };
    let threads = ids(&format!("/proc/{process}/task"));
    let before: Vec<u64> = threads.iter().map(|t| ran(*t)).collect();
    std::thread::sleep(Duration::from_millis(30));
    threads
        .into_iter()
        .zip(before)
        .max_by_key(|(t, before)| ran(*t).saturating_sub(*before))
        .map(|(t, _)| t)
}
