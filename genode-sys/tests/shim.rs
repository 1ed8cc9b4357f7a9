//! Header and shim agree, as far as that can be told without a Genode tree.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// C and C++ without comments.
fn code(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("/*") {
        out.push_str(&rest[..at]);
        rest = rest[at..].split_once("*/").map_or("", |(_, behind)| behind);
    }
    out + rest
}

/// Names that start with `rs_` in front of a parenthesis, on lines that begin in the first column: declarations and
/// definitions, not calls.
fn functions(text: &str) -> BTreeSet<String> {
    code(text)
        .lines()
        .filter(|line| {
            line.starts_with(|c: char| c.is_ascii_alphabetic() || c == ':')
                && !line.starts_with("typedef")
                && !line.starts_with("extern")
        })
        .filter_map(|line| {
            let (head, _) = line.split_once('(')?;
            let name = head.rsplit([' ', '*']).next()?;
            (name.starts_with("rs_") && !name.contains("::")).then(|| name.to_owned())
        })
        .collect()
}

#[test]
fn the_shim_defines_what_the_header_declares() {
    let declared = functions(&fs::read_to_string(folder("include/rs_genode.h")).unwrap());
    assert!(declared.len() > 40, "{declared:?}");
    assert!(declared.len() < 70, "the seam stays below seventy functions: {}", declared.len());
    let defined: BTreeSet<_> = fs::read_dir(folder("shim"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "cc"))
        .flat_map(|path| functions(&fs::read_to_string(path).unwrap()))
        .collect();
    assert_eq!(
        declared.difference(&defined).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "not in the shim"
    );
    assert_eq!(
        defined.difference(&declared).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "not in the header"
    );
}

#[test]
fn the_header_is_c_and_cpp() {
    for (compiler, language, standard) in [("cc", "c", "-std=c11"), ("c++", "c++", "-std=c++20")] {
        let run = Command::new(compiler)
            .args(["-fsyntax-only", "-Wall", "-Wextra", "-Werror", standard, "-x", language])
            .arg(folder("include/rs_genode.h"))
            .output();
        match run {
            Ok(output) => {
                assert!(
                    output.status.success(),
                    "{language}: {}",
                    String::from_utf8_lossy(&output.stderr)
                );
            }
            Err(why) => println!(
                "skipped: {compiler} cannot be run ({why}), so the header is not checked as {language}"
            ),
        }
    }
}

#[test]
fn the_build_compiles_each_file_of_the_shim() {
    let build = fs::read_to_string(folder("build.rs")).unwrap();
    let list = build.split_once("const SOURCES").unwrap().1.split_once("];").unwrap().0;
    let listed: BTreeSet<_> =
        list.split("(\"").skip(1).map(|row| row.split('"').next().unwrap().to_owned()).collect();
    let there: BTreeSet<_> = fs::read_dir(folder("shim"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "cc"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, there, "SOURCES of build.rs, and the folder shim");
}

#[test]
fn the_bindings_have_what_the_header_declares() {
    let declared = functions(&fs::read_to_string(folder("include/rs_genode.h")).unwrap());
    let bindings = fs::read_to_string(folder("src/functions.rs")).unwrap();
    let bound: BTreeSet<_> = bindings
        .split("pub fn ")
        .skip(1)
        .map(|rest| rest.split('(').next().unwrap().to_owned())
        .filter(|name| name.starts_with("rs_"))
        .collect();
    assert_eq!(
        bound, declared,
        "make them anew: cargo run --manifest-path genode-sys/bindgen/Cargo.toml"
    );
}
