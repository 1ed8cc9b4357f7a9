//! Directories and files of the machine's user that one component each was granted.
//!
//! Core itself opens nothing for a component while it serves: a disk may be slow. Each grant has a
//! broker, a process of its own that is started before init (see `broker`). A component whose
//! label has a grant gets a socket to its broker with core's first reply, and the few system calls
//! more that content of files needs.
mod broker;
#[cfg(test)]
mod tests;

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) use broker::serve;
use genode_host_proto::sys;
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use rustix::net::{SendFlags, Shutdown};

use crate::console::note;
use crate::fd;

/// First argument of core's program when it is to be a broker.
pub(crate) const BROKER: &str = "--broker";

/// Time that a broker has to end once it was killed: one that waits for a disk takes longer.
const GRACE: Duration = Duration::from_secs(1);

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
        if label.is_empty() || path.is_empty() {
            return Err(why("label and path have at least one character"));
        }
        let label = match label.strip_prefix("init -> ") {
            Some(_) => label.to_owned(),
            None => format!("init -> {label}"),
        };
        Ok(Self { label, path: PathBuf::from(path), writeable })
    }
}

/// A grant, and the component that has it.
struct Grant {
    label: String,
    broker: Child,
    control: OwnedFd,
    /// The component's PD session, and its end of the connection, which core keeps to cut it.
    user: Option<(u64, OwnedFd)>,
}

/// All grants.
#[derive(Default)]
pub(crate) struct Grants(Vec<Grant>);

impl Grants {
    /// Opens what is granted, and starts the brokers.
    pub(crate) fn begin(wanted: &[Wanted]) -> Result<Self, String> {
        let mut grants = Self::default();
        for wanted in wanted {
            let Wanted { label, path, writeable } = wanted;
            let shown = path.display();
            if grants.0.iter().any(|grant| grant.label == *label) {
                return Err(format!(
                    "--fs: \"{label}\" has a grant already: one component has one"
                ));
            }
            let root = open(path).map_err(|why| format!("--fs: {shown}: {why}"))?;
            let (control, far) =
                fd::sockets(fd::BROKER).map_err(|e| format!("--fs: no socket to a broker: {e}"))?;
            let broker = start(&root, far, *writeable)
                .map_err(|e| format!("--fs: cannot start the broker of {shown}: {e}"))?;
            let how = if *writeable { "read and write" } else { "read" };
            note(format_args!("\"{label}\" may {how} {shown}"));
            grants.0.push(Grant { label: label.clone(), broker, control, user: None });
        }
        Ok(grants)
    }

    /// Connects a component that is about to start with its broker. `None` if it has no grant.
    pub(crate) fn take(&mut self, label: &str, pd: u64) -> Option<OwnedFd> {
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
                Some(own)
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
            let _ = grant.broker.kill();
        }
        let end = Instant::now() + GRACE;
        for grant in &mut self.0 {
            while matches!(grant.broker.try_wait(), Ok(None)) && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(1));
            }
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
fn start(root: &OwnedFd, control: OwnedFd, writeable: bool) -> std::io::Result<Child> {
    Command::new("/proc/self/exe")
        .arg0("rs_host_broker")
        .args([BROKER, &std::process::id().to_string(), if writeable { "rw" } else { "ro" }])
        .env_clear()
        .stdin(Stdio::from(control))
        .stdout(Stdio::from(root.try_clone()?))
        .stderr(Stdio::null())
        .current_dir("/")
        .spawn()
}
