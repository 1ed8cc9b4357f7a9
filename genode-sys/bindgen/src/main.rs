//! Regenerates the bindings of `genode-sys/include/rs_genode.h`, or with `--check` says whether the
//! checked-in ones still match. Run from anywhere:
//!
//! ```sh
//! cargo run --manifest-path genode-sys/bindgen/Cargo.toml [-- --check]
//! ```
//!
//! Three files come out: the types (crate `genode-abi`), the function declarations (used on Genode, where the
//! C++ shim defines them), and, for the host, a list of compile-time assertions that its Rust functions
//! have exactly the declared signatures.

use std::{fs, path::Path, process::ExitCode};

use bindgen::{Builder, CodegenConfig, EnumVariation};

const BANNER: &str = "// Generated from genode-sys/include/rs_genode.h by genode-sys/bindgen. Do not edit.\n";

fn builder(header: &Path) -> Builder {
    Builder::default()
        .header(header.display().to_string())
        .use_core()
        .ctypes_prefix("core::ffi")
        .default_enum_style(EnumVariation::ModuleConsts)
        .default_enum_style(EnumVariation::Consts)
        .prepend_enum_name(false)
        .allowlist_item("(rs|RS)_.*")
        .blocklist_item("RS_GENODE_H")
        .size_t_is_usize(true)
        .layout_tests(true)
        .generate_comments(true)
        .enable_function_attribute_detection()
        .disable_header_comment()
        .formatter(bindgen::Formatter::Rustfmt)
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("bindgen lies in genode-sys");
    let header = root.join("include/rs_genode.h");
    let generate = |config, what: &str| match builder(&header).with_codegen_config(config).generate() {
        Ok(bindings) => format!("{BANNER}{bindings}"),
        Err(error) => {
            eprintln!("error: {what} of {}: {error}", header.display());
            std::process::exit(1)
        }
    };
    let types = generate(CodegenConfig::TYPES | CodegenConfig::VARS, "types");
    let functions = generate(CodegenConfig::FUNCTIONS, "functions")
        .replacen(BANNER, &format!("{BANNER}use genode_abi::*;\n\n"), 1);
    let outputs = [
        ("abi/src/types.rs", types),
        ("src/host_check.rs", host_check(&functions)),
        ("src/functions.rs", functions),
    ];

    let check = std::env::args().any(|arg| arg == "--check");
    let mut drifted = false;
    for (name, text) in outputs {
        let path = root.join(name);
        if check {
            if fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
                eprintln!("error: {} does not match the header; regenerate with", path.display());
                eprintln!("       cargo run --manifest-path genode-sys/bindgen/Cargo.toml");
                drifted = true;
            }
        } else if let Err(error) = fs::write(&path, text) {
            eprintln!("error: cannot write {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    if drifted { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// One assertion per declared function: `const _: unsafe extern "C" fn(..) -> .. = genode_host_rt::name;`.
fn host_check(functions: &str) -> String {
    let mut out = format!("{BANNER}use genode_abi::*;\n\n");
    for declaration in functions.split("pub fn ").skip(1) {
        let declaration = declaration.split(';').next().unwrap_or_default();
        let (name, signature) = declaration.split_once('(').expect("a function has parameters");
        let signature = signature.split_whitespace().collect::<Vec<_>>().join(" ");
        out += &format!("const _: unsafe extern \"C\" fn({signature} = genode_host_rt::{name};\n");
    }
    out
}
