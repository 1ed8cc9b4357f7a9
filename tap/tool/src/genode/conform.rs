//! Run scripts made from the test packages of a Genode tree, with Genode's components or with ours in their place.
//!
//! Everything is made anew in one folder, a repository for Genode's build system: `run/` holds the scripts, `files/` what
//! they install. Nothing of the tree goes anywhere else. Genode's binaries stay as they are: ours are built under their
//! own names and installed under Genode's, since two targets of one name would overwrite each other in the build
//! directory and make tells them apart by time only.

use super::memory_vfs::all_in_memory;
use super::runtime::{Condition, Runtime};
use crate::scripts::Script;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Components of Genode, and those of ours that take their place.
pub const REPLACED: [(&str, &str); 9] = [
    ("init", "rs_init"),
    ("report_rom", "rs_report_rom"),
    ("dynamic_rom", "rs_dynamic_rom"),
    ("rom_filter", "rs_rom_filter"),
    ("terminal_crosslink", "rs_terminal_crosslink"),
    ("nic_loopback", "rs_nic_loopback"),
    ("fs_rom", "rs_fs_rom"),
    ("fs_report", "rs_fs_report"),
    ("part_block", "rs_part_block"),
];

/// Takes the place of Genode's file-system server where it has nothing but memory.
const IN_MEMORY: (&str, &str) = ("vfs", "rs_ram_fs");

/// Ends the name of an archive that has a raw file of the name before it.
const PACKED: &str = ".tar.gz";

/// A test package of the tree.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its name, `test-` in front.
    pub name: String,
    /// Its folder.
    folder: PathBuf,
    /// The repository that it is in.
    repository: PathBuf,
}

/// What a tree has: test packages, and the targets that build ROM modules.
#[derive(Debug, Default)]
pub struct Tree {
    /// Test packages by name.
    pub packages: Vec<Package>,
    /// Folders below `src/` by the name of the binary.
    targets: BTreeMap<String, String>,
    /// Libraries that a binary is linked with, by its name.
    libs: BTreeMap<String, Vec<String>>,
    /// Libraries that are ROM modules of their own: those with a list of symbols.
    shared: BTreeSet<String>,
    /// Files of raw archives by their name.
    raw: BTreeMap<String, PathBuf>,
}

impl Tree {
    /// Looks into `repositories`.
    pub fn read(repositories: &[PathBuf]) -> Self {
        let mut tree = Self::default();
        for repository in repositories {
            tree.targets(&repository.join("src"), &mut String::new());
            for file in files(&repository.join("lib/symbols")) {
                tree.shared.insert(file.file_name().unwrap_or_default().to_string_lossy().into());
            }
            for folder in folders(&repository.join("recipes/raw")) {
                for file in files(&folder) {
                    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    tree.raw.entry(name).or_insert(file);
                }
            }
            for folder in folders(&repository.join("recipes/pkg")) {
                let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if name.starts_with("test-") && folder.join("runtime").is_file() {
                    tree.packages.push(Package { name, folder, repository: repository.clone() });
                }
            }
        }
        tree.packages.sort_by(|a, b| a.name.cmp(&b.name));
        tree
    }

    fn targets(&mut self, folder: &Path, path: &mut String) {
        if let Ok(text) = fs::read_to_string(folder.join("target.mk")) {
            let values = |wanted| {
                text.lines().filter_map(move |line| {
                    let (key, value) = line.split_once('=')?;
                    let key = key.trim_end_matches([' ', '\t', ':', '?', '+']);
                    (key == wanted).then(|| value.trim())
                })
            };
            if let Some(name) = values("TARGET").next() {
                let libs = values("LIBS").flat_map(str::split_whitespace).map(str::to_owned);
                self.libs.entry(name.to_owned()).or_insert_with(|| libs.collect());
                self.targets.entry(name.to_owned()).or_insert_with(|| path.clone());
            }
        }
        for below in folders(folder) {
            let before = path.len();
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(&below.file_name().unwrap_or_default().to_string_lossy());
            self.targets(&below, path);
            path.truncate(before);
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<_> = read.map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|p| p.is_dir()).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|p| p.is_file()).collect()
}

/// The components a test runs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum With {
    /// Genode's.
    Theirs,
    /// Ours in place of Genode's.
    Ours,
}

impl With {
    fn word(self) -> &'static str {
        match self {
            Self::Theirs => "theirs",
            Self::Ours => "ours",
        }
    }
}

/// The folder that scripts are made in.
#[derive(Debug)]
pub struct Repository(pub PathBuf);

impl Repository {
    /// Makes the folder anew.
    ///
    /// # Errors
    /// Says which folder cannot be made.
    pub fn create(folder: PathBuf) -> Result<Self, String> {
        let make = || -> std::io::Result<()> {
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
            fs::create_dir_all(folder.join("run"))?;
            fs::create_dir_all(folder.join("files"))
        };
        make().map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
        Ok(Self(folder))
    }

    /// Makes the script of `package` with these components.
    ///
    /// # Errors
    /// Says why the test cannot run on its own, for people.
    pub fn script(&self, package: &Package, tree: &Tree, with: With) -> Result<Script, String> {
        let text = fs::read_to_string(package.folder.join("runtime")).map_err(|e| e.to_string())?;
        let runtime = Runtime::read(&text)?;
        if let Some(other) = runtime.requires.iter().find(|r| *r != "timer") {
            return Err(format!("it requires {other}"));
        }
        let modules = Modules::of(&runtime, package, tree)?;
        let name = format!("conform_{}_{}", with.word(), package.name.trim_start_matches("test-"));
        let files = self.0.join("files").join(&name);
        let write = |file: &str, text: &str| fs::write(files.join(file), text);
        let path = self.0.join("run").join(format!("{name}.run"));
        let make = || -> std::io::Result<()> {
            fs::create_dir_all(&files)?;
            write("config", &outer_config(&package.name, &runtime))?;
            write("until", &until(&package.name, &runtime))?;
            write("fail", &globs(&package.name, &runtime.fail))?;
            for (index, condition) in runtime.succeed.iter().enumerate() {
                let condition = std::slice::from_ref(condition);
                write(&format!("succeed.{index}"), &globs(&package.name, condition))?;
            }
            fs::write(&path, script(&files, &modules, &runtime, with))
        };
        make().map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        Ok(Script { name, path })
    }
}

/// What goes into the boot image.
#[derive(Debug, Default)]
struct Modules {
    targets: Vec<String>,
    binaries: Vec<String>,
    files: Vec<PathBuf>,
}

impl Modules {
    fn add(&mut self, target: String, binary: String) {
        if !self.binaries.contains(&binary) {
            self.targets.push(target);
            self.binaries.push(binary);
        }
    }

    fn of(runtime: &Runtime, package: &Package, tree: &Tree) -> Result<Self, String> {
        let mut modules = Self::default();
        let given = ["init", "timer", "ld.lib.so"].map(str::to_owned);
        let labels = given.iter().chain([&runtime.binary]).chain(&runtime.roms);
        for label in labels {
            if modules.binaries.contains(label) {
                continue;
            }
            let own = package.folder.join(label);
            let raw = package.repository.join("recipes/raw").join(&package.name).join(label);
            let packed = tree.raw.get(&format!("{label}{PACKED}"));
            let file = [Some(own), Some(raw), tree.raw.get(label).cloned(), packed.cloned()];
            if let Some(file) = file.into_iter().flatten().find(|f| f.is_file()) {
                modules.files.push(file);
                continue;
            }
            let target = match label.strip_suffix(".lib.so") {
                Some(library) => format!("lib/{library}"),
                None if label == "timer" => label.clone(),
                None => tree
                    .targets
                    .get(label)
                    .cloned()
                    .ok_or_else(|| format!("no target builds its ROM module {label}"))?,
            };
            modules.add(target, label.clone());
            for library in tree.libs.get(label).into_iter().flatten() {
                // the linker is among those that are given
                if tree.shared.contains(library) && library != "ld" {
                    modules.add(format!("lib/{library}"), format!("{library}.lib.so"));
                }
            }
        }
        Ok(modules)
    }
}

/// The configuration around the test, with that of its runtime file as text inside.
fn outer_config(name: &str, runtime: &Runtime) -> String {
    let mut text = String::from("config\n+ parent-provides\n");
    for service in ["ROM", "PD", "RM", "CPU", "LOG", "IRQ", "IO_MEM", "IO_PORT", "TRACE"] {
        let _ = writeln!(text, "  + service {service}");
    }
    let _ = write!(
        text,
        "+ default-route\n  + any-service\n    + parent\n    + any-child\n\
         + default | caps: 100\n\
         + start timer | ram: 1M\n  + provides | + service Timer\n\
         + start {name} | caps: {} | ram: {}\n  + binary {}\n",
        runtime.caps, runtime.ram, runtime.binary
    );
    for line in &runtime.config {
        let _ = writeln!(text, "  {line}");
    }
    text.push_str("-\n");
    text
}

/// Puts the labels in front that `line` has in the log of the whole system.
fn placed(name: &str, line: &str) -> String {
    match line.strip_prefix('[') {
        Some(rest) => format!("[init -> {name} -> {rest}"),
        None => line.to_owned(),
    }
}

/// The lines that a condition waits for, as they are in the log of the whole system.
fn lines(name: &str, condition: &Condition) -> Vec<String> {
    let lines = condition.lines.iter().filter(|l| !l.trim_matches(['*', ' ']).is_empty());
    let mut lines: Vec<_> = lines.map(|l| placed(name, l.trim_end())).collect();
    if let Some(value) = condition.exit {
        lines.push(format!("child \"{name}\" exited with exit value {value}"));
    }
    lines
}

/// A line each as a pattern of Tcl's `string match`.
fn globs(name: &str, conditions: &[Condition]) -> String {
    let mut text = String::new();
    for line in conditions.iter().flat_map(|c| lines(name, c)) {
        text.push('*');
        for c in line.chars() {
            if matches!(c, '[' | ']' | '?' | '\\') {
                text.push('\\');
            }
            text.push(c);
        }
        text.push_str("*\n");
    }
    text
}

/// A line as a regular expression of Tcl's.
fn regex(line: &str) -> String {
    let mut text = String::new();
    for c in line.chars() {
        match c {
            '*' => text.push_str("[^\\n]*"),
            c if c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '"') => text.push(c),
            c if c.is_ascii() => {
                text.push('\\');
                text.push(c);
            }
            _ => text.push('.'),
        }
    }
    text
}

/// The regular expression at which a test is over.
fn until(name: &str, runtime: &Runtime) -> String {
    let mut ends = vec![format!("child \"{}\" exited with exit value", regex(name))];
    for condition in &runtime.succeed {
        let lines = lines(name, condition);
        if let Some(last) = lines.last() {
            let times = lines.iter().filter(|l| *l == last).count();
            let once = regex(last.trim_start_matches('*'));
            ends.push(vec![once; times].join(".*?"));
        }
    }
    for line in runtime.fail.iter().flat_map(|c| lines(name, c)) {
        ends.push(regex(line.trim_start_matches('*')));
    }
    let ends: Vec<_> = ends.iter().map(|e| format!("(?:{e})")).collect();
    format!("(?:{})[^\\n]*\\n", ends.join("|"))
}

/// The run script.
fn script(files: &Path, modules: &Modules, runtime: &Runtime, with: With) -> String {
    let memory = all_in_memory(&runtime.config).then_some(&IN_MEMORY);
    let replaced = |label: &String| {
        let mut all = REPLACED.iter().chain(memory);
        all.find(|(theirs, _)| with == With::Ours && theirs == label)
    };
    let mut targets = vec!["core".to_owned()];
    targets.extend(modules.targets.iter().cloned());
    let mut copies = String::new();
    for file in &modules.files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if let Some(name) = name.strip_suffix(PACKED) {
            let _ =
                writeln!(copies, "exec tar -xzf {{{}}} -C [run_dir]/genode {name}", file.display());
            continue;
        }
        let _ = writeln!(copies, "copy_file {{{}}} [run_dir]/genode/{name}", file.display());
    }
    let mut absent = Vec::new();
    for (theirs, ours) in modules.binaries.iter().filter_map(replaced) {
        targets.push((*ours).to_owned());
        absent.extend([*theirs, *ours]);
        let _ = writeln!(copies, "copy_file bin/{ours} [run_dir]/genode/{theirs}");
    }
    format!(
        "set files {{{files}}}\n\
         proc content {{ name }} {{\n\
         \tglobal files\n\
         \tset fd [open $files/$name]\n\
         \tset text [string trim [read $fd]]\n\
         \tclose $fd\n\
         \treturn $text\n\
         }}\n\
         build {{ {targets} }}\n\
         create_boot_directory\n\
         copy_file $files/config [run_dir]/genode/config\n\
         {copies}\
         set binaries {{}}\n\
         foreach binary [build_artifacts] {{\n\
         \tif {{[lsearch {{ {absent} }} $binary] < 0}} {{ lappend binaries $binary }}\n\
         }}\n\
         build_boot_image $binaries\n\
         append qemu_args \" -nographic \"\n\
{wait}{judge}",
        files = files.display(),
        targets = targets.join(" "),
        absent = absent.join(" "),
        wait = wait(runtime),
        judge = judge(runtime.succeed.len()),
    )
}

/// Looks for lines of a failure, and for the lines of one of so many ways to succeed.
fn judge(succeed: usize) -> String {
    format!(
        "regsub -all {{\\033\\[[0-9;]*m}} $output {{}} output\n\
         set log [split [string map [list \\r {{}}] $output] \\n]\n\
         foreach pattern [split [content fail] \\n] {{\n\
         \tforeach line $log {{\n\
         \t\tif {{[string match $pattern $line]}} {{\n\
         \t\t\tputs \"Error: the log has a line of a failure: $line\"\n\
         \t\t\texit 1\n\
         \t\t}}\n\
         \t}}\n\
         }}\n\
         set why {{}}\n\
         for {{set i 0}} {{$i < {succeed}}} {{incr i}} {{\n\
         \tset at 0\n\
         \tset missing {{}}\n\
         \tforeach pattern [split [content succeed.$i] \\n] {{\n\
         \t\twhile {{$at < [llength $log] && ![string match $pattern [lindex $log $at]]}} {{ incr at }}\n\
         \t\tif {{$at == [llength $log]}} {{ set missing $pattern; break }}\n\
         \t\tincr at\n\
         \t}}\n\
         \tif {{$missing == {{}}}} {{ set why {{}}; break }}\n\
         \tset why $missing\n\
         }}\n\
         if {{$why != {{}}}} {{\n\
         \tputs \"Error: the log lacks a line that the test waits for: $why\"\n\
         \texit 1\n\
         }}\n"
    )
}

/// Factor of a test's time limit where QEMU emulates the CPUs; the tests are meant for QEMU, too,
/// on a machine that does nothing else.
const EMULATED: u32 = 4;

/// Waits for the end; a test that passes by lasting a while ends by the run tool's own limit.
fn wait(runtime: &Runtime) -> String {
    let lasts = runtime.succeed.iter().find(|c| c.lines.is_empty() && c.exit.is_none());
    match lasts.and_then(|c| c.after_seconds) {
        Some(seconds) => format!(
            "rename exit end\n\
             proc exit {{{{value 0}}}} {{ error \"time is up\" }}\n\
             set lasted [catch {{ run_genode_until [content until] {seconds} }}]\n\
             rename exit {{}}\n\
             rename end exit\n\
             if {{$lasted}} {{ set output {{}} }}\n"
        ),
        // a machine whose CPUs are emulated takes longer for the same
        None => format!(
            "set slow [expr {{[have_include power_on/qemu] && ![regexp {{kvm}} $qemu_args] ? {EMULATED} : 1}}]\n\
             run_genode_until [content until] [expr {{{} * $slow + 10}}]\n",
            runtime.seconds()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of one repository in a folder of its own, which goes with it.
    struct Place(PathBuf);

    impl Place {
        fn new(files: &[(&str, &str)]) -> Self {
            let name = format!("cargo-tap-{}-conform", std::process::id());
            let place = Self(std::env::temp_dir().join(name));
            for (path, text) in files {
                let path = place.0.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            place
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_test_gets_what_its_programs_are_linked_with() {
        let place = Place::new(&[
            ("src/app/vault/target.mk", "TARGET := vault\nLIBS = base\nLIBS += sandbox vfs ld\n"),
            ("src/test/x/target.mk", "TARGET   = test-x\nSRC_CC = main.cc\nLIBS   = base vfs\n"),
            ("lib/symbols/sandbox", ""),
            ("lib/symbols/vfs", ""),
            ("lib/symbols/ld", ""),
            ("lib/symbols/libc", ""),
            ("recipes/pkg/test-x/runtime", ""),
            ("recipes/raw/test-x/disk.tar.gz", ""),
        ]);
        let tree = Tree::read(std::slice::from_ref(&place.0));
        let package = tree.packages.first().unwrap();
        let roms = ["ld.lib.so", "vault", "vfs.lib.so", "disk"].map(str::to_owned).to_vec();
        let runtime = Runtime { binary: "test-x".into(), roms, ..Runtime::default() };
        let modules = Modules::of(&runtime, package, &tree).unwrap_err();
        assert_eq!(modules, "no target builds its ROM module init");

        fs::create_dir_all(place.0.join("src/init")).unwrap();
        fs::write(place.0.join("src/init/target.mk"), "TARGET = init\n").unwrap();
        let tree = Tree::read(std::slice::from_ref(&place.0));
        let modules = Modules::of(&runtime, package, &tree).unwrap();
        let targets = ["init", "timer", "lib/ld", "test/x", "lib/vfs", "app/vault", "lib/sandbox"];
        assert_eq!(modules.targets, targets);
        let binaries =
            ["init", "timer", "ld.lib.so", "test-x", "vfs.lib.so", "vault", "sandbox.lib.so"];
        assert_eq!(modules.binaries, binaries);
        let text = script(&place.0, &modules, &runtime, With::Theirs);
        let packed = place.0.join("recipes/raw/test-x/disk.tar.gz");
        let unpacks = format!("exec tar -xzf {{{}}} -C [run_dir]/genode disk", packed.display());
        assert!(text.contains(&unpacks), "{text}");
    }
}
