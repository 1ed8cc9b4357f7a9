//! Directories, files, and the terminal of the machine's user that one component each was granted.
//!
//! Core itself opens nothing for a component while it serves: a disk may be slow. Each grant has a
//! broker, a process of its own that is started before init (see `broker`); a terminal's is its
//! relay (see `relay`). A component whose label has a grant gets a socket to its broker with core's
//! first reply and, for files, the few system calls more that their content needs.
mod broker;
mod relay;
#[cfg(test)]
mod tests;

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use genode_host_proto::sys;
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use rustix::net::{SendFlags, Shutdown};
use rustix::process::Pid;

use crate::console::note;
use crate::fd;
use crate::isolation::Profile;

/// First argument of core's program when it is to be a broker.
pub(crate) const BROKER: &str = "--broker";

/// Mode of a broker that is a terminal's relay.
const TERMINAL: &str = "terminal";

/// Time that a broker has to end once it was killed: one that waits for a disk takes longer. A
/// relay has the same time to give the terminal back.
const GRACE: Duration = Duration::from_secs(1);

/// Runs a broker, with the arguments behind its name.
pub(crate) fn serve(mut args: impl Iterator<Item = String>) -> ExitCode {
    let core = args.next().and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
    match args.next().as_deref() {
        Some(TERMINAL) => relay::serve(core),
        mode => broker::serve(core, mode == Some("rw")),
    }
}

/// Completes a label of the command line, which may lack init's.
pub(crate) fn label(text: &str) -> Result<String, &'static str> {
    match text {
        "" | "init -> " => Err("a label has at least one character"),
        _ if text.starts_with("init -> ") => Ok(text.to_owned()),
        _ => Ok(format!("init -> {text}")),
    }
}

/// A grant as the command line has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Label of the component, from init on.
    pub(crate) label: String,
    pub(crate) path: PathBuf,
    pub(crate) writeable: bool,
}

impl Wanted {
    /// Reads `LABEL=PATH`, `LABEL=PATH:ro` or `LABEL=PATH:rw`.
    ///
    /// The label ends at the first `=`. The path is all up to a last `:ro` or `:rw`, so that one
    /// that itself ends like that is written with another behind it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let why = |why: &str| format!("--fs {text}: {why}; expected LABEL=PATH, or LABEL=PATH:rw");
        let (label, path) = text.split_once('=').ok_or_else(|| why("there is no \"=\""))?;
        let (path, writeable) = match path.rsplit_once(':') {
            Some((path, "rw")) => (path, true),
            Some((path, "ro")) => (path, false),
            _ => (path, false),
        };
        if path.is_empty() {
            return Err(why("a path has at least one character"));
        }
        let label = self::label(label).map_err(why)?;
        Ok(Self { label, path: PathBuf::from(path), writeable })
    }
}

/// A grant, and the component that has it.
struct Grant {
    label: String,
    /// System calls of the component that has it.
    profile: Profile,
    broker: Child,
    control: OwnedFd,
    /// The component's PD session, and its end of the connection, which core keeps to cut it.
    user: Option<(u64, OwnedFd)>,
}

/// All grants.
#[derive(Default)]
pub(crate) struct Grants(Vec<Grant>);

impl Grants {
    /// Opens what is granted, and starts the brokers: of files, and of the terminal for the
    /// component with a label.
    pub(crate) fn begin(files: &[Wanted], terminal: Option<&str>) -> Result<Self, String> {
        let mut grants = Self::default();
        for Wanted { label, path, writeable } in files {
            let shown = path.display();
            let root = open(path).map_err(|why| format!("--fs: {shown}: {why}"))?;
            let mode = if *writeable { "rw" } else { "ro" };
            grants.add("--fs", label, Profile::HostDriver, &root, mode)?;
            let how = if *writeable { "read and write" } else { "read" };
            note(format_args!("\"{label}\" may {how} {shown}"));
        }
        if let Some(label) = terminal {
            let terminal = relay::open(std::io::stdin().as_fd())
                .map_err(|why| format!("--terminal {label}: {why}"))?;
            grants.add("--terminal", label, Profile::Ordinary, &terminal, TERMINAL)?;
            note(format_args!(
                "\"{label}\" has the terminal: while it runs, Ctrl-A x ends the system, Ctrl-A Ctrl-A is Ctrl-A"
            ));
        }
        Ok(grants)
    }

    /// Starts the broker of a grant that an option asks for.
    fn add(
        &mut self,
        option: &str,
        label: &str,
        profile: Profile,
        granted: &OwnedFd,
        mode: &str,
    ) -> Result<(), String> {
        if self.0.iter().any(|grant| grant.label == label) {
            return Err(format!(
                "{option}: \"{label}\" has a grant already: one component has one"
            ));
        }
        let (control, far) =
            fd::sockets(fd::BROKER).map_err(|e| format!("{option}: no socket to a broker: {e}"))?;
        let broker = start(granted, far, mode)
            .map_err(|e| format!("{option}: cannot start the broker of \"{label}\": {e}"))?;
        self.0.push(Grant { label: label.to_owned(), profile, broker, control, user: None });
        Ok(())
    }

    /// Connects a component that is about to start with its broker; returns the socket, and the
    /// system calls that it has. `None` if it has no grant.
    pub(crate) fn take(&mut self, label: &str, pd: u64) -> Option<(OwnedFd, Profile)> {
        let grant = self.0.iter_mut().find(|grant| grant.label == label)?;
        crate::work::calls(4);
        if grant.user.is_some() {
            note(format_args!(
                "\"{label}\" is there twice: the first one keeps what was granted, the second has nothing"
            ));
            return None;
        }
        match connect(&grant.control) {
            Ok((own, kept)) => {
                grant.user = Some((pd, kept));
                Some((own, grant.profile))
            }
            Err(why) => {
                note(format_args!("\"{label}\" has no broker any more: {why}"));
                None
            }
        }
    }

    /// Tells whether a component is connected with a broker.
    pub(crate) fn has(&self, pd: u64) -> bool {
        self.0.iter().any(|grant| grant.user.as_ref().is_some_and(|(user, _)| *user == pd))
    }

    /// Cuts the connection of a component that ends, whoever else has its socket by now.
    pub(crate) fn give_back(&mut self, pd: u64) {
        let own = |grant: &&mut Grant| grant.user.as_ref().is_some_and(|(user, _)| *user == pd);
        if let Some(grant) = self.0.iter_mut().find(own)
            && let Some((_, socket)) = grant.user.take()
        {
            let _ = rustix::net::shutdown(&socket, Shutdown::Both);
        }
    }
}

impl Drop for Grants {
    fn drop(&mut self) {
        for grant in &mut self.0 {
            match grant.profile {
                Profile::HostDriver => {
                    let _ = grant.broker.kill();
                }
                // A relay gives the terminal back first.
                Profile::Ordinary => {
                    let _ = rustix::net::shutdown(&grant.control, Shutdown::Both);
                }
            }
        }
        let end = Instant::now() + GRACE;
        for grant in &mut self.0 {
            while matches!(grant.broker.try_wait(), Ok(None)) && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(1));
            }
            let _ = grant.broker.kill();
        }
    }
}

/// Makes a connection of which the broker has one end; the component's, and a copy of that.
fn connect(control: &OwnedFd) -> Result<(OwnedFd, OwnedFd), Errno> {
    let (own, far) = fd::sockets(fd::BROKER)?;
    let kept = rustix::io::fcntl_dupfd_cloexec(&own, 0)?;
    sys::send(control, &[1], &[far.as_fd()], SendFlags::DONTWAIT)?;
    Ok((own, kept))
}

/// Opens what is to be granted: a directory or a file of a disk.
fn open(path: &Path) -> Result<OwnedFd, String> {
    let text = |e: Errno| e.to_string();
    let root = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    let root = root.map_err(text)?;
    let stat = rustix::fs::fstat(&root).map_err(text)?;
    if !matches!(FileType::from_raw_mode(stat.st_mode), FileType::Directory | FileType::RegularFile)
    {
        return Err(
            "neither a directory nor a file: pipes, devices and sockets are not granted".into()
        );
    }
    let system = rustix::fs::fstatfs(&root).map_err(text)?;
    #[allow(clippy::unnecessary_cast, reason = "its type differs between architectures")]
    if KERNEL.contains(&(system.f_type as u32)) {
        return Err(
            "belongs to the kernel (proc, sys and the like): grant a directory of a disk".into()
        );
    }
    let here = rustix::fs::openat2(
        rustix::fs::CWD,
        ".",
        OFlags::PATH | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::BENEATH,
    );
    match here {
        Err(Errno::NOSYS) => Err(NO_OPENAT2.into()),
        _ => Ok(root),
    }
}

/// Message where paths cannot be kept inside of a directory.
const NO_OPENAT2: &str = "this kernel has no openat2(2), by which paths are kept inside: \
	use Linux 5.6 or newer, or start core without --fs";

/// Magic numbers of file systems that show the kernel's state: proc, sysfs, cgroup2, cgroup,
/// devpts, debugfs, tracefs, securityfs, bpf, efivarfs, configfs, mqueue (`linux/magic.h`).
const KERNEL: [u32; 12] = [
    0x9fa0,
    0x6265_6572,
    0x6367_7270,
    0x0027_e0eb,
    0x1cd1,
    0x6462_6720,
    0x7472_6163,
    0x7363_6673,
    0xcafe_4a11,
    0xde5e_81e4,
    0x6265_6570,
    0x1980_0202,
];

/// Starts a broker: core's own program, which has the socket as its standard input and what is
/// granted as its standard output.
fn start(root: &OwnedFd, control: OwnedFd, mode: &str) -> std::io::Result<Child> {
    Command::new("/proc/self/exe")
        .arg0("rs_host_broker")
        .args([BROKER, &std::process::id().to_string(), mode])
        .env_clear()
        .stdin(Stdio::from(control))
        .stdout(Stdio::from(root.try_clone()?))
        .stderr(Stdio::null())
        .current_dir("/")
        .spawn()
}
