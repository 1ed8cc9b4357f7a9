//! `profile`: where a workload's instructions go, counted by valgrind's callgrind.
//!
//! Counts repeat exactly where times do not, need no performance counters, and split at the function: what the
//! allocator itself executes for one operation can be told apart from the program around it. They say nothing of
//! caches, locks and page faults, which time does.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::series;
use crate::allocators::Allocator;
use crate::problem::Problem;
use crate::sample::Sample;
use crate::work;

/// The options of `profile`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Workloads of these names, or whose names contain them
    #[arg(long, value_name = "PART,...", value_delimiter = ',')]
    only: Vec<String>,
    /// Allocators by name (the README lists them) or NAME=LIBRARY
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    allocators: Vec<String>,
}

/// Functions shown per workload and allocator.
const SHOWN: usize = 8;
/// The allocator's functions shown at least.
const SHOWN_OF_ALLOCATOR: usize = 4;

/// The allocator of the C library shares its file with everything else; these are its parts.
const GLIBC: [&str; 14] = [
    "malloc",
    "free",
    "calloc",
    "realloc",
    "_int_malloc",
    "_int_free",
    "_int_realloc",
    "_int_memalign",
    "malloc_consolidate",
    "unlink_chunk",
    "sysmalloc",
    "tcache_init",
    "systrim",
    "arena_get2",
];

/// Instructions of each function: object file, name, count.
type Costs = Vec<(String, String, u64)>;

/// Reads a file of callgrind's; the costliest function comes first.
fn read(text: &str) -> Costs {
    let mut names: HashMap<(char, String), String> = HashMap::new();
    // "(12) name" defines a name, "(12)" repeats it.
    let mut resolve = |kind: char, value: &str| -> String {
        let Some((id, name)) = value.split_once(')') else { return value.to_owned() };
        let key = (kind, id.to_owned());
        if name.trim().is_empty() {
            names.get(&key).cloned().unwrap_or_default()
        } else {
            names.insert(key, name.trim().to_owned());
            name.trim().to_owned()
        }
    };
    let mut costs: HashMap<(String, String), u64> = HashMap::new();
    let (mut object, mut function) = (String::new(), String::new());
    let mut called = false;
    for line in text.lines() {
        if let Some(value) = line.strip_prefix("ob=") {
            object = resolve('o', value);
        } else if let Some(value) = line.strip_prefix("fn=") {
            function = resolve('f', value);
        } else if let Some(value) = line.strip_prefix("cob=") {
            resolve('o', value);
        } else if let Some(value) = line.strip_prefix("cfn=") {
            resolve('f', value);
        } else if line.starts_with("calls=") {
            called = true; // the next line is the callee's cost
        } else if !line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            // a comment, a total, or the name of a source file
        } else if called {
            called = false;
        } else {
            let count = line.split_whitespace().nth(1).and_then(|count| count.parse::<u64>().ok());
            *costs.entry((object.clone(), function.clone())).or_default() +=
                count.unwrap_or_default();
        }
    }
    let mut sorted: Costs =
        costs.into_iter().map(|((object, function), count)| (object, function, count)).collect();
    sorted.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.1.cmp(&b.1)));
    sorted
}

/// One workload on one allocator under callgrind: its sample and its instructions.
fn run(workload: &str, allocator: &Allocator) -> Result<(Sample, Costs), Problem> {
    let failed = |error: std::io::Error| {
        Problem::new(format!("valgrind: {error}; apt-get install valgrind"))
    };
    let program = std::env::current_exe().map_err(failed)?;
    let file = std::env::temp_dir().join(format!("rs_heap_bench-{}.callgrind", std::process::id()));
    let mut command = Command::new("valgrind");
    command.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", file.display()));
    command.arg(program).args(["work", workload]).stdin(Stdio::null());
    // Larson runs by the clock, which the slower machine that valgrind simulates does not outrun.
    if !workload.starts_with("larson") {
        command.arg("--quick");
    }
    allocator.apply(&mut command);
    let output = command.output().map_err(failed)?;
    let text = std::fs::read_to_string(&file).map_err(failed);
    let _ = std::fs::remove_file(&file);
    let said = String::from_utf8_lossy(&output.stdout);
    let sample = said.lines().rev().find_map(Sample::parse).ok_or_else(|| {
        let errors = String::from_utf8_lossy(&output.stderr);
        let last = errors.lines().last().unwrap_or_default();
        Problem::new(format!("{workload} on {} failed under valgrind: {last}", allocator.name))
    })?;
    Ok((sample, read(&text?)))
}

fn is_allocator(allocator: &Allocator, object: &str, function: &str) -> bool {
    match allocator.library.as_deref().and_then(Path::file_name) {
        Some(library) => Path::new(object).file_name() == Some(library),
        None => {
            GLIBC.iter().any(|name| function == *name || function.starts_with(&format!("{name}.")))
        }
    }
}

impl Options {
    /// Counts each workload on each allocator.
    pub(super) fn run(&self) -> Result<(), Problem> {
        let allocators = series::prepare(&self.allocators)?;
        for name in work::chosen(&self.only)? {
            for allocator in &allocators {
                let (sample, costs) = run(&name, allocator)?;
                print!("{}", table(&name, allocator, sample.operations, &costs));
            }
        }
        Ok(())
    }
}

/// Makes the table of one workload on one allocator.
fn table(name: &str, allocator: &Allocator, operations: u64, costs: &Costs) -> String {
    let operations = operations.max(1) as f64;
    let all: u64 = costs.iter().map(|(_, _, count)| count).sum();
    let inside =
        costs.iter().filter(|(object, function, _)| is_allocator(allocator, object, function));
    let own: u64 = inside.map(|(_, _, count)| count).sum();
    let mut text = format!(
        "\n{name} on {}: {:.1} instructions an operation, {:.1} of them in the allocator\n",
        allocator.name,
        all as f64 / operations,
        own as f64 / operations
    );
    let mut of_allocator = 0;
    for (rank, (object, function, count)) in costs.iter().enumerate() {
        let inside = is_allocator(allocator, object, function);
        of_allocator += usize::from(inside);
        if rank >= SHOWN && !(inside && of_allocator <= SHOWN_OF_ALLOCATOR) {
            continue;
        }
        let mark = if inside { '*' } else { ' ' };
        let short: String = function.chars().take(90).collect();
        let _ = writeln!(
            text,
            " {mark}{:>10.2} {:>5.1} %  {short}",
            *count as f64 / operations,
            *count as f64 * 100.0 / all.max(1) as f64
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn adds_up_self_costs_and_leaves_callees_out() {
        let text = "version: 1\nevents: Ir\n\nob=(1) /lib/a.so\nfl=(1) a.c\nfn=(1) malloc\n10 5\n+2 7\n\
                    cob=(2) /bin/b\ncfn=(2) slow\ncalls=3 20\n12 900\nfn=(3) free\n* 4\n\nob=(2)\nfn=(2)\n20 900\n";
        let costs = read(text);
        assert_eq!(costs[0], ("/bin/b".to_owned(), "slow".to_owned(), 900));
        assert_eq!(costs[1], ("/lib/a.so".to_owned(), "malloc".to_owned(), 12));
        assert_eq!(costs[2], ("/lib/a.so".to_owned(), "free".to_owned(), 4));
        assert_eq!(costs.len(), 3);
    }
}
