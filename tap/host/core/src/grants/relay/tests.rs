//! A relay between a terminal of the test's own, whose person the test is, and a component that the
//! test is as well.
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use genode_host_proto::sys::{self, Fds};
use genode_host_proto::terminal::{MAX_PACKET, Packet};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown};
use rustix::process::{Pid, PidfdFlags};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, OutputModes, Winsize, tcgetattr, tcsetwinsize};

use super::{RESET, Relay, open};
use crate::fd;

/// Time that anything may take which happens at all.
const LONG: Timespec = Timespec { tv_sec: 60, tv_nsec: 0 };

/// A terminal: the person's side, and a program's.
fn terminal() -> (OwnedFd, OwnedFd) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let person = openpt(flags).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let program = ioctl_tiocgptpeer(&person, flags).unwrap();
    tcsetwinsize(&program, Winsize { ws_row: 25, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    (person, program)
}

/// A process in core's place.
struct Core(Child);

impl Core {
    fn new() -> (Self, OwnedFd) {
        // Interrupts end it, also where whoever runs the tests ignores them, as a shell's
        // background does.
        let sleep = ["--default-signal=INT", "sleep", "600"];
        let core = Command::new("env").args(sleep).spawn().unwrap();
        let pid = Pid::from_child(&core);
        (Self(core), rustix::process::pidfd_open(pid, PidfdFlags::empty()).unwrap())
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Things that a test has while a relay runs in a thread.
struct World {
    person: OwnedFd,
    program: OwnedFd,
    control: OwnedFd,
    core: Core,
}

/// Runs a test beside a relay, which ends when the test closes `control` or ends core.
fn with(test: impl FnOnce(World)) {
    let (person, program) = terminal();
    let own = open(program.as_fd()).unwrap();
    let (control, far) = fd::sockets(fd::BROKER).unwrap();
    let (core, pidfd) = Core::new();
    let relay = std::thread::spawn(move || {
        Relay::new(pidfd, own.as_fd()).unwrap().run(far.as_fd()).unwrap();
    });
    test(World { person, program, control, core });
    relay.join().unwrap();
}

fn ready(fd: &OwnedFd, events: PollFlags) {
    assert!(poll(&mut [PollFd::new(fd, events)], Some(&LONG)).unwrap() > 0, "it comes");
}

/// A component's end of a new connection.
fn connect(world: &World) -> OwnedFd {
    let (own, far) = fd::sockets(fd::BROKER).unwrap();
    sys::send(&world.control, &[1], &[far.as_fd()], SendFlags::empty()).unwrap();
    own
}

/// The next packet, as a text tells it; none at the connection's end.
fn next(component: &OwnedFd) -> Option<String> {
    ready(component, PollFlags::IN);
    let mut bytes = [0; MAX_PACKET];
    let (len, _) =
        sys::recv(component, &mut bytes, &mut Fds::default(), RecvFlags::empty()).ok()?;
    match Packet::read(&bytes[..len])? {
        Packet::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        Packet::Size { columns, lines } => Some(format!("{columns}x{lines}")),
    }
}

/// Keys, until there are as many as are expected.
fn keys(component: &OwnedFd, expected: &str) {
    let mut all = String::new();
    while all.len() < expected.len() {
        all.push_str(&next(component).unwrap());
    }
    assert_eq!(all, expected);
}

fn write(component: &OwnedFd, text: &[u8]) -> Result<(), Errno> {
    let mut bytes = [0; MAX_PACKET];
    let len = Packet::Text(text).write(&mut bytes).unwrap();
    sys::send(component, &bytes[..len], &[], SendFlags::DONTWAIT)
}

/// Checks what the person sees next.
fn seen(person: &OwnedFd, expected: &[u8]) {
    let mut all = Vec::new();
    while all.len() < expected.len() {
        ready(person, PollFlags::IN);
        let mut bytes = [0; 1024];
        let count = rustix::io::read(person, &mut bytes).unwrap();
        all.extend_from_slice(&bytes[..count]);
    }
    assert_eq!(String::from_utf8_lossy(&all), String::from_utf8_lossy(expected));
}

fn press(person: &OwnedFd, keys: &[u8]) {
    assert_eq!(rustix::io::write(person, keys), Ok(keys.len()));
}

/// True while keys have no meaning of their own.
fn is_raw(terminal: &OwnedFd) -> bool {
    let modes = tcgetattr(terminal).unwrap();
    let meaning = LocalModes::ISIG | LocalModes::ICANON | LocalModes::ECHO;
    let raw = !modes.local_modes.intersects(meaning);
    assert!(raw || modes.local_modes.contains(meaning), "all or nothing");
    assert!(modes.output_modes.contains(OutputModes::OPOST | OutputModes::ONLCR));
    raw
}

/// Waits until the terminal is as it was.
fn given_back(terminal: &OwnedFd) {
    let begin = Instant::now();
    while is_raw(terminal) {
        assert!(begin.elapsed() < Duration::from_mins(1), "the terminal is given back");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn only_a_terminal_is_granted() {
    let (socket, _other) = fd::sockets(fd::BROKER).unwrap();
    let null = OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
    for wrong in [socket, null] {
        assert!(open(wrong.as_fd()).unwrap_err().contains("no terminal"));
    }
}

#[test]
fn bytes_pass_both_ways_and_keys_have_no_meaning() {
    with(|world| {
        assert!(!is_raw(&world.program), "nobody has it yet");
        let component = connect(&world);
        assert_eq!(next(&component).unwrap(), "80x25");
        assert!(is_raw(&world.program));
        press(&world.person, b"a\r\x03\x04\x1a\x1b[A");
        keys(&component, "a\r\x03\x04\x1a\x1b[A");
        write(&component, b"b\nc").unwrap();
        seen(&world.person, b"b\r\nc");
        drop(component);
        given_back(&world.program);
    });
}

#[test]
fn the_terminal_is_given_back_however_it_ends() {
    // The component closes its end; core cuts it, while others have it; another one comes; core
    // ends.
    with(|world| {
        for end in 0..4 {
            let component = connect(&world);
            assert_eq!(next(&component).unwrap(), "80x25");
            assert!(is_raw(&world.program));
            let copy = component.try_clone().unwrap();
            write(&component, b"\x1b[31m").unwrap();
            seen(&world.person, b"\x1b[31m");
            match end {
                0 => drop((component, copy)),
                1 => rustix::net::shutdown(&component, Shutdown::Both).unwrap(),
                2 => {
                    let other = connect(&world);
                    seen(&world.person, RESET);
                    assert_eq!(next(&other).unwrap(), "80x25");
                    assert_eq!(next(&component), None, "cut");
                    drop(other);
                    given_back(&world.program);
                    continue;
                }
                // Not a text.
                _ => sys::send(&component, b"x", &[], SendFlags::empty()).unwrap(),
            }
            given_back(&world.program);
            seen(&world.person, RESET);
        }
    });
    with(|mut world| {
        let component = connect(&world);
        assert_eq!(next(&component).unwrap(), "80x25");
        // Its last words are shown.
        write(&component, b"last").unwrap();
        world.core.0.kill().unwrap();
        given_back(&world.program);
        seen(&world.person, b"last");
    });
}

#[test]
fn answers_of_the_terminal_are_not_the_next_programs() {
    with(|world| {
        let component = connect(&world);
        assert_eq!(next(&component).unwrap(), "80x25");
        write(&component, b"\x1b[c").unwrap();
        seen(&world.person, b"\x1b[c");
        rustix::net::shutdown(&component, Shutdown::Both).unwrap();
        given_back(&world.program);
        seen(&world.person, RESET);
        // The terminal's answer came before; it would be a line for the shell.
        let wait = Timespec { tv_sec: 0, tv_nsec: 0 };
        let left = poll(&mut [PollFd::new(&world.program, PollFlags::IN)], Some(&wait));
        assert_eq!(left, Ok(0));
    });
}

#[test]
fn a_component_that_does_not_read_loses_keys_and_does_not_keep_the_system() {
    with(|mut world| {
        let component = connect(&world);
        // Fills the socket, the relay, and no more: all keys are taken from the terminal.
        for _ in 0..40 {
            press(&world.person, &[b'k'; 1000]);
            let begin = Instant::now();
            let taken = || rustix::io::ioctl_fionread(&world.program).unwrap() == 0;
            while !taken() {
                assert!(begin.elapsed() < Duration::from_mins(1), "keys are taken");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        press(&world.person, b"\x01x");
        let status = world.core.0.wait().unwrap();
        assert_eq!(status.signal(), Some(libc::SIGINT));
        drop(component);
    });
}

#[test]
fn a_terminal_that_shows_nothing_bounds_what_is_written() {
    with(|mut world| {
        let component = connect(&world);
        assert_eq!(next(&component).unwrap(), "80x25");
        let text = [b'o'; 2000];
        let mut written = 0;
        let mut idle = 0;
        // Until there is no room for a while, which is after what the terminal and the socket hold.
        while idle < 50 {
            match write(&component, &text) {
                Ok(()) => (written, idle) = (written + text.len(), 0),
                Err(error) => {
                    assert_eq!(error, Errno::AGAIN);
                    idle += 1;
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            assert!(written < 1 << 20, "bounded");
        }
        // Keys still pass, and the system ends still.
        press(&world.person, b"key");
        keys(&component, "key");
        press(&world.person, b"\x01x");
        assert_eq!(world.core.0.wait().unwrap().signal(), Some(libc::SIGINT));
    });
}

#[test]
fn the_prefix_is_a_key_if_it_comes_twice_or_before_another() {
    with(|world| {
        let component = connect(&world);
        assert_eq!(next(&component).unwrap(), "80x25");
        press(&world.person, b"\x01\x01x");
        keys(&component, "\x01x");
        press(&world.person, b"\x01");
        press(&world.person, b"b");
        keys(&component, "\x01b");
    });
}

#[test]
fn a_size_that_changes_is_told() {
    let (_person, program) = terminal();
    let (_core, pidfd) = Core::new();
    // In a thread of its own, which has its signals blocked from then on.
    let relay = move || {
        let mut relay = Relay::new(pidfd, program.as_fd()).unwrap();
        let (control, far) = fd::sockets(fd::BROKER).unwrap();
        let (component, own) = fd::sockets(fd::BROKER).unwrap();
        sys::send(&control, &[1], &[own.as_fd()], SendFlags::empty()).unwrap();
        assert!(relay.connect(far.as_fd()) && relay.pass(PollFlags::OUT));
        assert_eq!(next(&component).unwrap(), "80x25");
        let size = Winsize { ws_row: 50, ws_col: 132, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&program, size).unwrap();
        let told = |relay: &mut Relay<'_>| {
            assert!(relay.pass(PollFlags::OUT));
            let mut bytes = [0; MAX_PACKET];
            sys::recv(&component, &mut bytes, &mut Fds::default(), RecvFlags::DONTWAIT).is_ok()
        };
        assert!(!told(&mut relay), "once");
        relay.resize();
        assert!(told(&mut relay), "changed");
    };
    std::thread::spawn(relay).join().unwrap();
}
