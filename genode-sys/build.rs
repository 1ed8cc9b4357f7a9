//! For the genode target: compiles the shim against the Genode tree that `GENODE_DIR` names, and makes the stub of
//! `ld.lib.so` that components link against. The host target needs neither.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The shim's files, by area, and how each is optimized: what an RPC or a signal passes for speed, the rest for size.
const SOURCES: [(&str, &str); 11] = [
    ("abi", "-Os"),
    ("cap", "-O2"),
    ("child", "-Os"),
    ("child_sessions", "-Os"),
    ("component", "-Os"),
    ("entrypoint", "-O2"),
    ("memory", "-Os"),
    ("parent", "-Os"),
    ("region_map", "-Os"),
    ("rpc", "-O2"),
    ("thread", "-Os"),
];

/// Tells cargo, and with it the user, why components cannot be built, and ends.
fn fail(why: impl fmt::Display) -> ! {
    println!("cargo::error={why}");
    std::process::exit(0)
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os != "genode") {
        return;
    }
    println!("cargo::rerun-if-changed=shim");
    println!("cargo::rerun-if-changed=include");
    for name in ["GENODE_DIR", "GENODE_CROSS_PREFIX"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    let Some(tree) = env::var_os("GENODE_DIR").filter(|dir| !dir.is_empty()) else {
        println!(
            "cargo::warning=GENODE_DIR is not set: components can be compiled for Genode but not linked. Set it to \
             a Genode source tree (22.08 to 26.02)."
        );
        return;
    };
    let tree = Tree::open(Path::new(&tree));
    let tools = Tools::find(&tree.arch);
    let out =
        PathBuf::from(env::var_os("OUT_DIR").unwrap_or_else(|| fail("cargo did not set OUT_DIR")));
    tools.compile_shim(&tree, &out);
    tools.link_stub(&tree, &out);
    println!("cargo::rustc-link-search=native={}", out.display());
    println!("cargo::rustc-link-lib=static=rs_shim");
    println!("cargo::rustc-link-lib=dylib:+verbatim=ld.lib.so");
}

/// A Genode source tree.
struct Tree {
    base: PathBuf,
    os: PathBuf,
    arch: String,
}

impl Tree {
    fn open(dir: &Path) -> Self {
        let Ok(version) = fs::read_to_string(dir.join("VERSION")) else {
            fail(format_args!(
                "GENODE_DIR is {}, which has no VERSION file: name the top directory of a Genode source tree",
                dir.display()
            ));
        };
        let base = dir.join("repos/base");
        for needed in ["include/base/component.h", "lib/symbols/ld"] {
            if !base.join(needed).is_file() {
                fail(format_args!(
                    "GENODE_DIR is {}, which lacks repos/base/{needed}",
                    dir.display()
                ));
            }
        }
        println!("cargo::rerun-if-changed={}", base.join("lib/symbols/ld").display());
        println!("cargo::rerun-if-changed={}", dir.join("VERSION").display());
        match version.trim().get(..5) {
            Some(known) if ("22.08"..="26.02").contains(&known) => {}
            Some(old) if old < "22.08" => fail(format_args!(
                "the Genode tree {} is version {old}: the shim needs 22.08 or later",
                dir.display()
            )),
            _ => println!(
                "cargo::warning=Genode {} is newer than what the shim was tried with (26.02); if it does not \
                 compile, the differences belong into genode-sys/shim/versions.h",
                version.trim()
            ),
        }
        let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
        Self { os: dir.join("repos/os"), base, arch }
    }

    /// Where the tree keeps what the shim includes; nothing of a kernel, so that one binary runs on all.
    fn includes(&self) -> Vec<PathBuf> {
        let specs: &[&str] = match self.arch.as_str() {
            "x86_64" => &["x86", "x86_64", "64bit"],
            "aarch64" => &["arm_64", "64bit"],
            other => fail(format_args!(
                "there is no Genode target for {other}, only for x86_64 and aarch64"
            )),
        };
        let mut dirs: Vec<_> =
            specs.iter().map(|spec| self.base.join("include/spec").join(spec)).collect();
        dirs.extend([self.base.join("include"), self.os.join("include")]);
        dirs
    }
}

/// Compiler and linker for what the tree expects.
struct Tools {
    prefix: String,
}

impl Tools {
    fn find(arch: &str) -> Self {
        if let Ok(prefix) = env::var("GENODE_CROSS_PREFIX") {
            return Self { prefix };
        }
        let name = if arch == "x86_64" { "genode-x86-" } else { "genode-aarch64-" };
        let installed = fs::read_dir("/usr/local/genode/tool").into_iter().flatten().flatten();
        let newest = installed
            .map(|version| version.path().join("bin").join(name))
            .filter(|prefix| Path::new(&format!("{}g++", prefix.display())).exists())
            .max();
        match newest {
            Some(prefix) => Self { prefix: prefix.display().to_string() },
            None => fail(format_args!(
                "Genode's tool chain ({name}g++) is not below /usr/local/genode/tool: install it, or set \
                 GENODE_CROSS_PREFIX to the prefix of another one; an empty prefix takes the host's gcc"
            )),
        }
    }

    fn run(command: &mut Command) -> Vec<u8> {
        match command.output() {
            Ok(output) if output.status.success() => output.stdout,
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.stderr).replace('\n', " | ");
                fail(format_args!("{} failed: {text}", command.get_program().display()))
            }
            Err(why) => {
                fail(format_args!("{} cannot be run: {why}", command.get_program().display()))
            }
        }
    }

    fn compile_shim(&self, tree: &Tree, out: &Path) {
        let gcc = format!("{}g++", self.prefix);
        // With -nostdinc the compiler's own headers (stdint.h, stdarg.h) must be named.
        let own = Self::run(Command::new(&gcc).arg("-print-file-name=include"));
        let mut common = cc::Build::new();
        common
            .cpp(true)
            .compiler(&gcc)
            .archiver(format!("{}ar", self.prefix))
            .no_default_flags(true)
            .cargo_metadata(false)
            .out_dir(out)
            .flags([
                "-ffreestanding",
                "-nostdinc",
                "-std=gnu++20",
                "-g1",
                "-fPIC",
                "-fno-strict-aliasing",
            ])
            .flags(["-ffunction-sections", "-fno-stack-protector", "-Wall", "-Wextra"])
            .include("include")
            .includes(tree.includes())
            .include(String::from_utf8_lossy(&own).trim());
        let mut library = common.clone();
        for level in ["-Os", "-O2"] {
            let files = SOURCES.iter().filter(|(_, its)| *its == level);
            let files: Vec<_> = files.map(|(name, _)| format!("shim/{name}.cc")).collect();
            let mut some = common.clone();
            match some.flag(level).files(&files).try_compile_intermediates() {
                Ok(objects) => library.objects(objects),
                Err(why) => {
                    // once more, to show what the compiler says
                    for file in &files {
                        let mut again = some.get_compiler().to_command();
                        Self::run(again.args(["-c", "-o", "/dev/null", file]));
                    }
                    fail(format_args!("the shim does not compile with this tree: {why}"))
                }
            };
        }
        if let Err(why) = library.try_compile("rs_shim") {
            fail(format_args!("cannot make librs_shim.a: {why}"));
        }
    }

    /// A shared object that exports the names of `ld.lib.so` and nothing else: what the linker needs to know.
    fn link_stub(&self, tree: &Tree, out: &Path) {
        let list = tree.base.join("lib/symbols/ld");
        let Ok(symbols) = fs::read_to_string(&list) else {
            fail(format_args!("cannot read {}", list.display()))
        };
        let source = out.join("ld.lib.s");
        if let Err(why) = fs::write(&source, stub_source(&symbols)) {
            fail(format_args!("cannot write {}: {why}", source.display()));
        }
        Self::run(
            Command::new(format!("{}gcc", self.prefix))
                .args([
                    "-shared",
                    "-nostdlib",
                    "-Wl,-soname,ld.lib.so",
                    "-Wl,--hash-style=sysv",
                    "-o",
                ])
                .args([&out.join("ld.lib.so"), &source]),
        );
    }
}

/// Assembly with one definition per line of the tree's symbol list: name, `nm` type, and size of data.
fn stub_source(symbols: &str) -> String {
    let mut text = String::new();
    for line in symbols.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(kind)) = (words.next(), words.next()) else { continue };
        let size = words.next().unwrap_or("8");
        let (section, binding, what) = match kind {
            "T" => (".text", ".global", "%function"),
            "W" => (".text", ".weak", "%function"),
            "V" => (".data", ".weak", "%object"),
            "D" => (".data", ".global", "%object"),
            "R" => (".section .rodata", ".global", "%object"),
            "B" => (".bss", ".global", "%object"),
            _ => continue,
        };
        let size =
            if what == "%object" { format!(".size {name}, {size}\n") } else { String::new() };
        text.extend([&format!(
            "{section}\n{binding} {name}\n.type {name}, {what}\n{size}{name}: .skip 8\n"
        )[..]]);
    }
    text += ".section .note.GNU-stack, \"\", %progbits\n";
    text
}
