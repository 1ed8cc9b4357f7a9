//! Reads a state: from core's socket, and from `/proc`.

use super::{Calls, Component, CoreSession, Share, State};
use crate::host::running::RunningSystem;
use rustix::fs::{Mode, OFlags};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketAddrUnix,
    SocketFlags, SocketType,
};
use std::fs::File;
use std::io::{IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

/// Reads the state of a running system.
///
/// # Errors
/// What is wrong, and what to do.
pub fn read(system: &RunningSystem) -> Result<State, String> {
    let text = ask(&system.state()).map_err(|e| {
        let path = system.state();
        format!(
            "{} does not tell of its state at {}: {e}; was it started with a core of its own?",
            system.name,
            path.display()
        )
    })?;
    let mut state = parse(&system.name, &text).ok_or("core told what this tool does not know")?;
    for component in &mut state.components {
        if let Some((threads, cpu)) = running(component.pid) {
            (component.threads, component.cpu) = (threads, cpu);
        }
    }
    Ok(state)
}

/// Gets what core says at its socket.
fn ask(path: &Path) -> std::io::Result<String> {
    let (folder, name) = (path.parent(), path.file_name().unwrap_or_default());
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::open(folder.unwrap_or(Path::new(".")), flags, Mode::empty())?;
    // The address of a socket has room for short paths only.
    let short = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    let socket = rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(&short)?)?;
    let mut text = String::new();
    File::from(receive(&socket)?).read_to_string(&mut text)?;
    Ok(text)
}

/// Receives a descriptor.
fn receive(socket: &OwnedFd) -> std::io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut data = [IoSliceMut::new(&mut byte)];
    rustix::net::recvmsg(socket, &mut data, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let fds = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => Some(fds),
        _ => None,
    });
    let missing = || std::io::Error::other("core sent nothing");
    fds.flatten().next().ok_or_else(missing)
}

/// Reads core's lines, `None` if they are not whole.
fn parse(name: &str, text: &str) -> Option<State> {
    let when = Instant::now();
    let (name, components) = (name.to_owned(), Vec::new());
    let mut state = State { name, when, components, sessions: Vec::new(), calls: Vec::new() };
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match *fields.as_slice() {
            ["component", label, pid, ram_limit, ram_used, caps_limit, caps_used] => {
                let share = |limit: &str, used: &str| {
                    Some(Share { limit: limit.parse().ok()?, used: used.parse().ok()? })
                };
                state.components.push(Component {
                    label: label.to_owned(),
                    pid: pid.parse().ok()?,
                    threads: 0,
                    cpu: Duration::ZERO,
                    ram: share(ram_limit, ram_used)?,
                    caps: share(caps_limit, caps_used)?,
                });
            }
            ["session", service, label] => {
                let (service, label) = (service.to_owned(), label.to_owned());
                state.sessions.push(CoreSession { service, label });
            }
            ["calls", client, server, objects] => {
                let (client, server) = (client.to_owned(), server.to_owned());
                state.calls.push(Calls { client, server, objects: objects.parse().ok()? });
            }
            ["end", count] => {
                return (count.parse() == Ok(state.components.len())).then_some(state);
            }
            _ => return None,
        }
    }
    None
}

/// Threads and CPU time of a process.
fn running(pid: i32) -> Option<(u64, Duration)> {
    stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Threads and CPU time of proc_pid_stat(5).
fn stat(text: &str) -> Option<(u64, Duration)> {
    let (_, fields) = text.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    // Fields 14, 15 and 20; behind the name, the first is 3.
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let threads = fields.nth(4)?.parse().ok()?;
    let ticks = rustix::param::clock_ticks_per_second().max(1);
    Some((threads, Duration::from_millis(user.saturating_add(system).saturating_mul(1000) / ticks)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_core_says_is_read_whole_or_not_at_all() {
        let text = "component\tinit\t7\t4096\t1024\t100\t3\nsession\tLOG\tinit\n\
                    calls\tinit\tinit -> a\t2\nend\t1\n";
        let state = parse("x", text).expect("well-formed");
        let init = &state.components[0];
        assert_eq!((init.label.as_str(), init.pid), ("init", 7));
        assert_eq!(init.ram, Share { limit: 4096, used: 1024 });
        assert_eq!(init.caps, Share { limit: 100, used: 3 });
        assert_eq!((state.sessions.len(), state.calls[0].objects), (1, 2));
        for wrong in ["", "end\t1\n", "other\t1\nend\t0\n", &text[..text.len() - 6], "end\tx\n"] {
            assert_eq!(parse("x", wrong), None, "{wrong:?}");
        }
        assert_eq!(parse("x", &text.replace("1024", "-1")), None);
    }

    #[test]
    fn threads_and_time_are_those_of_linux() {
        let fields = (3..53).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
        let (threads, cpu) = stat(&format!("1 (a) b) {fields}")).expect("whole");
        let ticks = rustix::param::clock_ticks_per_second();
        assert_eq!((threads, cpu), (20, Duration::from_millis(29_000 / ticks)));
        let own = i32::try_from(std::process::id()).expect("small");
        assert!(running(own).is_some_and(|(threads, _)| threads >= 1));
        assert_eq!(running(-1), None);
    }
}
