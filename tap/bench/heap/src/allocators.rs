//! The allocators under test: where each comes from, and how it becomes a library for LD_PRELOAD.
//!
//! All of them meet the same program by the same door, C's names resolved by the dynamic linker, so that nothing but
//! the allocator differs. Debian's come as such libraries; those from crates are built here into one.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where an allocator comes from.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// The C library's own: nothing is preloaded.
    Libc,
    /// This workspace's package, with the library it builds.
    Own { package: &'static str, library: &'static str },
    /// A Debian package, with its library.
    Debian { package: &'static str, library: &'static str },
    /// A crate, wrapped by a package of the peers' workspace.
    Crate { package: &'static str },
}

/// An allocator that can be asked for by name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    source: Source,
}

/// The profile in which our own library is handed out.
const SHIPPED: &str = "shipped";

/// Ours.
pub(crate) const HOARD: &str = "hoard";

/// The C library's.
pub(crate) const GLIBC: &str = "glibc";

const PEERS: &[Peer] = &[
    Peer {
        name: HOARD,
        source: Source::Own { package: "numa-hoard-malloc", library: "libhoard_malloc.so" },
    },
    Peer { name: GLIBC, source: Source::Libc },
    Peer {
        name: "jemalloc-debian",
        source: Source::Debian { package: "libjemalloc2", library: "libjemalloc.so.2" },
    },
    Peer {
        name: "tcmalloc-debian",
        source: Source::Debian {
            package: "libtcmalloc-minimal4",
            library: "libtcmalloc_minimal.so.4",
        },
    },
    Peer {
        name: "mimalloc-debian",
        source: Source::Debian { package: "libmimalloc2.0", library: "libmimalloc.so.2.0" },
    },
    Peer { name: "mimalloc-crate", source: Source::Crate { package: "rs_peer_mimalloc" } },
    Peer { name: "snmalloc-crate", source: Source::Crate { package: "rs_peer_snmalloc" } },
    Peer { name: "jemalloc-crate", source: Source::Crate { package: "rs_peer_jemalloc" } },
    Peer { name: "rpmalloc-crate", source: Source::Crate { package: "rs_peer_rpmalloc" } },
];

/// An allocator that is ready to be preloaded.
#[derive(Clone, Debug)]
pub(crate) struct Allocator {
    pub(crate) name: String,
    /// Nothing for the C library's.
    pub(crate) library: Option<PathBuf>,
}

impl Allocator {
    /// The C library's.
    pub(crate) fn glibc() -> Self {
        Self { name: GLIBC.to_owned(), library: None }
    }

    /// Makes `command` run on this allocator, whatever the environment says.
    pub(crate) fn apply(&self, command: &mut Command) {
        match &self.library {
            Some(library) => command.env("LD_PRELOAD", library),
            None => command.env_remove("LD_PRELOAD"),
        };
    }
}

/// Finds or builds the allocators that `wanted` names (`name` or `name=path`); all of them if it names none.
/// One that cannot be had is left out with the reason printed.
pub(crate) fn prepare(wanted: &[String]) -> Vec<Allocator> {
    let mut ready = Vec::new();
    let given: Vec<(&str, Option<&str>)> = if wanted.is_empty() {
        PEERS.iter().map(|peer| (peer.name, None)).collect()
    } else {
        wanted
            .iter()
            .map(|w| w.split_once('=').map_or((w.as_str(), None), |(n, p)| (n, Some(p))))
            .collect()
    };
    for (name, path) in given {
        let found = match path {
            Some(path) => existing(Path::new(path)).map(Some),
            None => PEERS
                .iter()
                .find(|peer| peer.name == name)
                .ok_or_else(|| format!("there is no such allocator; there are {}", names()))
                .and_then(Peer::library),
        };
        match found {
            Ok(library) => ready.push(Allocator { name: name.to_owned(), library }),
            Err(reason) => println!("# SKIP {name}: {reason}"),
        }
    }
    ready
}

/// The library that counts what a program has in use, if it can be built.
pub(crate) fn counter() -> Result<Allocator, String> {
    let library = Some(build_peer("rs_peer_count")?);
    Ok(Allocator { name: "count".to_owned(), library })
}

fn names() -> String {
    PEERS.iter().map(|peer| peer.name).collect::<Vec<_>>().join(", ")
}

fn existing(path: &Path) -> Result<PathBuf, String> {
    path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))
}

impl Peer {
    fn library(&self) -> Result<Option<PathBuf>, String> {
        match self.source {
            Source::Libc => Ok(None),
            Source::Own { package, library } => build_own(package, library).map(Some),
            Source::Debian { package, library } => installed(library)
                .ok_or_else(|| format!("{library} is not installed; apt-get install {package}"))
                .map(Some),
            Source::Crate { package } => build_peer(package).map(Some),
        }
    }
}

fn installed(library: &str) -> Option<PathBuf> {
    let multiarch = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    [multiarch.as_str(), "/usr/lib", "/usr/local/lib"]
        .iter()
        .map(|folder| Path::new(folder).join(library))
        .find_map(|path| path.canonicalize().ok())
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder for build results: the one this program was built into.
pub(crate) fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let profile =
        program.ancestors().find(|folder| folder.ends_with("release") || folder.ends_with("debug"));
    profile.and_then(Path::parent).map_or_else(|| here().join("target"), Path::to_path_buf)
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.env_remove("LD_PRELOAD");
    cargo
}

fn finish(mut command: Command, what: &str) -> Result<(), String> {
    let output =
        command.output().map_err(|error| format!("{what} could not be started: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().rev().find(|line| line.contains("error")).unwrap_or("no reason given");
    Err(format!("{what} failed: {last}"))
}

fn build_own(package: &str, library: &str) -> Result<PathBuf, String> {
    let mut command = cargo();
    command
        .args(["build", "--profile", SHIPPED, "--quiet", "--package", package])
        .current_dir(here());
    command.arg("--target-dir").arg(target());
    finish(command, &format!("cargo build --profile {SHIPPED} --package {package}"))?;
    existing(&target().join(SHIPPED).join(library))
}

fn build_peer(package: &str) -> Result<PathBuf, String> {
    let folder = target().join("heap-peers");
    let mut command = cargo();
    command.args(["build", "--release", "--quiet", "--package", package]);
    command
        .arg("--manifest-path")
        .arg(here().join("peers/Cargo.toml"))
        .arg("--target-dir")
        .arg(&folder);
    finish(
        command,
        &format!("building {package} (it needs cargo, a C and a C++ compiler, and make)"),
    )?;
    let archive = folder.join(format!("release/lib{package}.a"));
    let library = folder.join(format!("lib{package}.so"));
    let mut link = Command::new("c++");
    link.args([
        "-shared",
        "-O2",
        "-Wl,-u,malloc",
        "-Wl,-u,rs_heap_count_peak",
        "-Wl,--as-needed",
        "-o",
    ]);
    link.arg(&library).arg(archive).args(["-lpthread", "-ldl", "-lm"]);
    finish(link, &format!("linking {package} (it needs c++)"))?;
    existing(&library)
}

#[cfg(test)]
mod tests {
    use super::{GLIBC, prepare};

    #[test]
    fn unknown_and_missing_allocators_are_left_out() {
        let wanted = ["nonesuch", "mine=/no/such/file", GLIBC].map(str::to_owned);
        let ready = prepare(&wanted);
        assert_eq!(ready.len(), 1);
        assert_eq!(ready[0].name, GLIBC);
        assert!(ready[0].library.is_none());
    }
}
