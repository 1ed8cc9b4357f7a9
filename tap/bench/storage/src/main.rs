//! rs_storage_bench: reads through rs_host_fs beside pread(2) of the same cached file.
//!
//! Both sides have each byte once in a buffer of the reader's, and touch it there once more: the
//! plain side copies what pread filled, as the client copies what the server's pread filled. A
//! ratio is the plain side's time by the session's, of medians of nine runs each.

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use rs_bench_system::System;
use rustix::thread::CpuSet;

const LARGE: usize = 1 << 20;
const SMALL: usize = 4 << 10;
const SIZE: usize = 64 << 20;

const CONFIG: &str = r#"<config>
	<parent-provides>
		<service name="LOG"/> <service name="PD"/> <service name="CPU"/> <service name="ROM"/>
	</parent-provides>
	<default caps="200"/>
	<default-route> <any-service> <parent/> <any-child/> </any-service> </default-route>
	<start name="rs_host_fs">
		<resource name="RAM" quantum="12M"/>
		<provides> <service name="File_system"/> </provides>
		<config> <default-policy root="/"/> </config>
	</start>
	<start name="rs_storage_client"> <resource name="RAM" quantum="48M"/> <config/> </start>
</config>
"#;

/// Parts, the ratio that each must reach, and nanoseconds by read of the plain side.
const PARTS: [(&str, &str, f64); 3] = [
    ("large", "1 MiB, in order", 0.8),
    ("depth1", "4 KiB, at random, one at a time", 0.25),
    ("depth32", "4 KiB, at random, 32 at a time", 0.6),
];

fn median(mut times: Vec<u64>) -> Option<f64> {
    times.sort_unstable();
    times.get(times.len() / 2).map(|time| *time as f64)
}

/// Times of the plain side, in nanoseconds by read.
fn plain(file: &File, part: &str) -> std::io::Result<Vec<u64>> {
    let size = if part == "large" { LARGE } else { SMALL };
    let (mut from, mut to) = (vec![0; size], vec![0; size]);
    let mut times = Vec::new();
    for run in 0..10 {
        let mut numbers = fastrand::Rng::with_seed(7);
        let reads = if size == LARGE { SIZE / LARGE } else { 20_000 };
        let start = Instant::now();
        for number in 0..reads {
            let block = if size == LARGE { number } else { numbers.usize(..SIZE / SMALL) };
            file.read_exact_at(&mut from, (block * size) as u64)?;
            to.copy_from_slice(&from);
            black_box(&mut to);
        }
        // The first one warms up.
        if run > 0 {
            times.push(start.elapsed().as_nanos() as u64 / reads as u64);
        }
    }
    Ok(times)
}

/// Runs the system over the files of a folder; returns its log.
fn system(files: &Path) -> Result<String, String> {
    let fs = ["--fs".into(), format!("rs_host_fs={}:ro", files.display())];
    let modules = ["rs_host_fs", "rs_storage_client"];
    let mut system = System::boot_with("storage", "rs_init", CONFIG, &modules, &fs)?;
    let lines = system.listen(|line| line.contains("child \"rs_storage_client\" exited"))?;
    system.stop();
    Ok(lines.into_iter().map(|line| line.text).collect())
}

fn run() -> Result<bool, String> {
    rs_bench_system::build(&["rs_host_core", "rs_init", "rs_host_fs", "rs_storage_bench"])?;
    let place: PathBuf =
        std::env::temp_dir().join(format!("rs_storage_bench_{}", std::process::id()));
    let files = place.join("files");
    let text = |error: std::io::Error| format!("{}: {error}", place.display());
    std::fs::create_dir_all(&files).map_err(text)?;
    let data = files.join("data");
    let content: Vec<u8> = (0..SIZE).map(|at| (at ^ (at >> 12)) as u8).collect();
    File::create(&data).and_then(|mut file| file.write_all(&content)).map_err(text)?;
    // Processes that this one starts inherit it.
    let mut cpu = CpuSet::new();
    cpu.set(0);
    rustix::thread::sched_setaffinity(None, &cpu).map_err(|error| error.to_string())?;
    let file = File::open(&data).map_err(text)?;
    let log = system(&files)?;
    let mut met = true;
    for (part, what, target) in PARTS {
        let prefix = format!("rs_storage_client] {part} ");
        let of_part = log.lines().filter_map(|line| line.split_once(&prefix)?.1.parse().ok());
        let session =
            median(of_part.collect()).ok_or_else(|| format!("{part}: no result:\n{log}"))?;
        let plain = median(plain(&file, part).map_err(text)?).ok_or("nothing was measured")?;
        let ratio = plain / session;
        let missed = if ratio < target { "   MISSED" } else { "" };
        println!(
            "{what}: {session:.0} ns through a session, {plain:.0} ns by pread: {ratio:.2}, target {target}{missed}"
        );
        met &= ratio >= target;
    }
    let _ = std::fs::remove_dir_all(&place);
    Ok(met)
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}
