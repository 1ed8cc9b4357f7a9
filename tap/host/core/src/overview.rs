//! Tells tools of the system as it is: `--state SOCKET`, a Unix socket that core listens on.
//!
//! Whoever connects gets one descriptor, of memory with lines of text, and the end of the
//! connection. So core waits for nobody, however much there is to say or slow the reader is. The
//! socket is a file of whoever runs core; components have neither files nor sockets of their own.
//! Fields are separated by tabs, which no label has. Tools find in `/proc` what Linux knows.
//!
//! ```text
//! component  LABEL  PID  RAM LIMIT  RAM USED  CAPS LIMIT  CAPS USED
//! session    SERVICE  LABEL
//! calls      CLIENT  SERVER  OBJECTS
//! end        COMPONENTS
//! ```
use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use genode_args::shown::Shown;
use genode_host_proto::sys;
use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType};

use crate::fd;
use crate::nucleus::{CORE_EP, Nucleus};
use crate::service::Services;

/// Connections that wait to be served.
const WAITING: i32 = 16;

/// Listens at a path, in place of what an earlier core left there.
pub(crate) fn listen(path: &Path) -> rustix::io::Result<OwnedFd> {
    let name = path.file_name().ok_or(rustix::io::Errno::INVAL)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::open(folder.unwrap_or(Path::new(".")), flags, Mode::empty())?;
    let _ = rustix::fs::unlinkat(&folder, name, rustix::fs::AtFlags::empty());
    // The address of a socket has room for short paths only.
    let short = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(&short)?)?;
    rustix::net::listen(&socket, WAITING)?;
    Ok(socket)
}

/// Serves one connection.
pub(crate) fn serve(socket: &OwnedFd, nucleus: &Nucleus, services: &Services) {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let Ok(connection) = rustix::net::accept_with(socket, flags) else { return };
    let text = text(nucleus, services);
    if let Ok(memory) = fd::content("state", text.as_bytes(), text.len()) {
        let _ = sys::send(&connection, b"1", &[memory.as_fd()], SendFlags::DONTWAIT);
    }
}

/// A label as a field and as views show it: components choose their children's.
fn field(label: &str) -> String {
    Shown(label).to_string()
}

/// The system as it is.
fn text(nucleus: &Nucleus, services: &Services) -> String {
    let mut out = String::with_capacity(128 * nucleus.procs.len());
    let mut processes: Vec<_> = nucleus.procs.iter().collect();
    processes.sort_unstable_by_key(|(id, _)| **id);
    for (_, process) in &processes {
        let quota = nucleus.accounts.get(process.account).map(|a| a.quota).unwrap_or_default();
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            out,
            "component\t{}\t{}\t{}\t{}\t{}\t{}",
            field(&process.label),
            process.pid(),
            quota.limit.ram.0,
            quota.used.ram.0,
            quota.limit.caps.0,
            quota.used.caps.0,
        );
    }
    for (service, label) in services.sessions() {
        let _ = writeln!(out, "session\t{service}\t{}", field(label));
    }
    for ((client, server), objects) in &calls(nucleus) {
        let _ = writeln!(out, "calls\t{client}\t{server}\t{objects}");
    }
    let _ = writeln!(out, "end\t{}", processes.len());
    out
}

/// The objects that each component may call at each other one.
fn calls(nucleus: &Nucleus) -> BTreeMap<(String, String), usize> {
    let mut calls = BTreeMap::new();
    let label = |id| nucleus.procs.get(&id).map(|process| field(&process.label));
    for channel in nucleus.channels.values().filter(|channel| channel.ep != CORE_EP) {
        let server = nucleus.eps.get(&channel.ep).and_then(|ep| label(ep.owner));
        let (Some(client), Some(server)) = (label(channel.client), server) else { continue };
        let objects = channel.objects();
        if client != server && objects > 0 {
            *calls.entry((client, server)).or_insert(0) += objects;
        }
    }
    calls
}

impl Services {
    /// The sessions of core's services that have a label: of which service, and whose.
    fn sessions(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let pds = self.pds.values().map(|pd| ("PD", pd.label.as_str()));
        let logs = self.logs.values().map(|log| ("LOG", log.label()));
        let traces = self.traces.values().map(|trace| ("TRACE", trace.label()));
        let mut all: Vec<_> = pds.chain(logs).chain(traces).collect();
        all.sort_unstable();
        all.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::FileTypeExt;

    use genode_args::quota::Amount;
    use genode_host_proto::sys::Fds;
    use rustix::net::RecvFlags;

    use super::*;
    use crate::nucleus::testing::nucleus;
    use crate::service::Modules;

    #[test]
    fn whoever_connects_gets_the_state_and_the_end() {
        let mut nucleus = nucleus();
        let services = Services::new(Modules::new(std::env::temp_dir()));
        let server = nucleus.peer(Amount::new(1 << 20, 100));
        let client = nucleus.peer(Amount::new(2 << 20, 50));
        let ep = server.entrypoint(&mut nucleus);
        let (_, cap) = server.object(&mut nucleus, ep);
        client.claim(&mut nucleus, &cap);
        nucleus.procs.get_mut(&client.id).unwrap().label = "init -> a\tb\n\u{202e}c".into();

        let folder = std::env::temp_dir().join(format!("rs_core_state_{}", std::process::id()));
        // Longer than the address of a socket.
        let deep = folder.join("x".repeat(120));
        std::fs::create_dir_all(&deep).unwrap();
        let path = deep.join("state");
        std::fs::write(&path, "left by another one").unwrap();
        let socket = listen(&path).unwrap();
        assert!(std::fs::metadata(&path).unwrap().file_type().is_socket());

        let dir = rustix::fs::open(&deep, OFlags::PATH, Mode::empty()).unwrap();
        let short = format!("/proc/self/fd/{}/state", dir.as_raw_fd());
        let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
        let connection =
            rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, None).unwrap();
        rustix::net::connect(&connection, &SocketAddrUnix::new(short.as_str()).unwrap()).unwrap();
        serve(&socket, &nucleus, &services);
        let (mut byte, mut fds) = ([0; 8], Fds::default());
        sys::recv(&connection, &mut byte, &mut fds, RecvFlags::empty()).unwrap();
        let mut text = String::new();
        let [Some(memory), ..] = fds else { panic!("no memory") };
        std::fs::File::from(memory).read_to_string(&mut text).unwrap();
        assert_eq!(
            sys::recv(&connection, &mut byte, &mut Fds::default(), RecvFlags::empty()).unwrap().0,
            0
        );

        let server_label = nucleus.procs[&server.id].label.clone();
        let expected = format!(
            "component\t{server_label}\t{}\t1048576\t0\t100\t1\n\
             component\tinit -> a\\u{{9}}b\\u{{a}}\\u{{202e}}c\t{}\t2097152\t0\t50\t0\n\
             calls\tinit -> a\\u{{9}}b\\u{{a}}\\u{{202e}}c\t{server_label}\t1\nend\t2\n",
            server.pid(),
            client.pid()
        );
        assert_eq!(text, expected);
        // Nobody waits: core goes on.
        serve(&socket, &nucleus, &services);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
