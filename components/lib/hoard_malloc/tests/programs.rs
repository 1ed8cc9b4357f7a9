//! C and C++ programs, compiled here, that run with `libhoard_malloc.so` in place of the C
//! library's malloc.

#![allow(clippy::expect_used, clippy::panic)] // helpers of tests

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The library as it ships; built once, here, because a test does not depend on a `cdylib`.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--profile",
                "shipped",
                "-p",
                "numa-hoard-malloc",
                "--target-dir",
            ])
            .arg(target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        target.join("shipped/libhoard_malloc.so")
    })
}

/// Compiles `source` and returns the program, or `None`, with a note, if there is no compiler.
fn compile(source: &str) -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(source.replace('.', "_"));
    let compiler =
        if Path::new(source).extension().is_some_and(|e| e == "cpp") { "g++" } else { "gcc" };
    let built = Command::new(compiler)
        .args([
            "-O1",
            "-Wall",
            "-Wno-free-nonheap-object",
            "-Wno-use-after-free",
            "-Wno-alloc-size-larger-than",
            "-pthread",
            "-o",
        ])
        .arg(&out)
        .arg(dir.join(source))
        .output();
    match built {
        Err(why) => {
            println!("skipped: no {compiler}: {why}");
            None
        }
        Ok(o) => {
            assert!(o.status.success(), "{source}: {}", String::from_utf8_lossy(&o.stderr));
            Some(out)
        }
    }
}

fn run(program: &Path, args: &[&str]) -> Output {
    Command::new(program)
        .args(args)
        .env("LD_PRELOAD", library())
        .output()
        .expect("the program starts")
}

fn passes(source: &str) {
    let Some(program) = compile(source) else { return };
    let out = run(&program, &[]);
    assert!(
        out.status.success() && out.stdout == b"ok\n",
        "{source}: {}\n{}{}",
        out.status,
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
}

macro_rules! programs {
    ($($name:ident: $source:literal;)*) => {$(
        #[test]
        fn $name() {
            passes($source);
        }
    )*};
}

programs! {
    the_whole_family: "family.c";
    realloc_in_place_and_by_moving_pages: "realloc.c";
    threads_end_and_free_for_each_other: "threads.c";
    before_and_after_main: "early.c";
    fork_in_a_threaded_program: "fork.c";
    memory_comes_back: "memory.c";
    cpp_new_and_delete: "cpp.cpp";
    every_name_is_ours: "exports.c";
    memory_runs_out: "limit.c";
    no_key_is_left: "keys.c";
}

/// Every mistake ends the program with a message that names the pointer.
#[test]
fn mistakes_are_reported() {
    let Some(program) = compile("misuse.c") else { return };
    let expected = [
        "double free",
        "no block of this allocator",
        "no block of this allocator: 0x123456789000",
        "no block, or not any more",
        "no block of this allocator",
        "into a block",
        "no block of this allocator: 0xffff888000000000",
        "realloc of a pointer",
        "not any more",
        "overwritten",
        "double free",
        "into a block",
        "double free",
        "free of a pointer",
        "realloc of a pointer",
    ];
    for (i, what) in expected.iter().enumerate() {
        let out = run(&program, &[&i.to_string()]);
        let message = String::from_utf8_lossy(&out.stderr);
        let said = String::from_utf8_lossy(&out.stdout);
        assert!(!out.status.success(), "mistake {i} passed");
        // Which block of many was overwritten, the program cannot know.
        let pointer =
            if *what == "overwritten" { "0x" } else { said.lines().last().unwrap_or("?") };
        assert!(
            message.starts_with("hoard: ")
                && message.contains(what)
                && message.contains(&format!(": {pointer}")),
            "mistake {i} with {pointer} said {message:?}, not {what:?}"
        );
    }
}
