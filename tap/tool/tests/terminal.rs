//! A run that has the terminal which it was started from: keys, size, the ends of a run, and that
//! the terminal is as it was behind each.
#![allow(clippy::unwrap_used, clippy::panic)] // a test reports by panicking

use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

const START: &str = "create_boot_directory
build { core lib/ld init rs_terminal rs_terminal_test }
install_config {
<config>
    <parent-provides>
        <service name=\"LOG\"/> <service name=\"PD\"/> <service name=\"CPU\"/> <service name=\"ROM\"/>
    </parent-provides>
    <default caps=\"200\"/>
    <default-route> <any-service> <parent/> <any-child/> </any-service> </default-route>
    <start name=\"rs_terminal\"> <resource name=\"RAM\" quantum=\"2M\"/>
        <provides> <service name=\"Terminal\"/> </provides> </start>
    <start name=\"rs_terminal_test\"> <resource name=\"RAM\" quantum=\"4M\"/>
        <config role=\"person\"/> </start>
</config>
}
build_boot_image [build_artifacts]
run_genode_until {child \"rs_terminal_test\" exited.*\\n} 600
";

/// A run on a terminal whose person the test is.
struct Run {
    tool: Child,
    person: OwnedFd,
    terminal: OwnedFd,
    seen: String,
    script: PathBuf,
}

fn size(ws_col: u16, ws_row: u16) -> Winsize {
    Winsize { ws_row, ws_col, ws_xpixel: 0, ws_ypixel: 0 }
}

impl Run {
    /// Starts it; `None` where the program is missing that makes a terminal the controlling one.
    fn start(name: &str) -> Option<Self> {
        if Command::new("setsid").arg("--version").output().is_err() {
            println!("SKIP: setsid(1) of util-linux is not installed");
            return None;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("terminal");
        fs::create_dir_all(&folder).unwrap();
        let script = folder.join(format!("{name}.run"));
        fs::write(&script, START).unwrap();
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let person = openpt(flags).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let terminal = ioctl_tiocgptpeer(&person, flags).unwrap();
        tcsetwinsize(&terminal, size(80, 25)).unwrap();
        let output = || terminal.try_clone().unwrap();
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait", env!("CARGO_BIN_EXE_cargo-tap"), "tap", "run"]);
        command.arg(&script).args(["--terminal", "rs_terminal"]);
        command.stdin(output()).stdout(output()).stderr(output());
        let tool = command.spawn().unwrap();
        Some(Self { tool, person, terminal, seen: String::new(), script })
    }

    /// Reads what is shown, if something is within a moment.
    fn look(&mut self) {
        let moment = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
        if poll(&mut [PollFd::new(&self.person, PollFlags::IN)], Some(&moment)).unwrap() > 0 {
            let mut bytes = [0; 1024];
            let count = rustix::io::read(&self.person, &mut bytes).unwrap();
            self.seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    }

    /// Reads until the terminal shows a text; forgets what came up to there.
    fn see(&mut self, text: &str) {
        let begin = Instant::now();
        while !self.seen.contains(text) {
            assert!(begin.elapsed() < Duration::from_mins(20), "no {text:?} in {}", self.seen);
            self.look();
        }
        let at = self.seen.find(text).unwrap() + text.len();
        self.seen.drain(..at);
    }

    fn press(&self, keys: &[u8]) {
        rustix::io::write(&self.person, keys).unwrap();
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(&self.terminal).unwrap().local_modes.contains(LocalModes::ICANON)
    }

    /// Waits until the terminal is as it was.
    fn given_back(&mut self) {
        let begin = Instant::now();
        while self.is_raw() {
            self.look();
            assert!(begin.elapsed() < Duration::from_mins(1), "the terminal is given back");
        }
    }

    /// Core's process, by the boot directory that it was started with.
    fn core(&self) -> Pid {
        let name = format!("{}/", self.script.file_stem().unwrap().to_string_lossy());
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let found = processes.filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let mut words = line.split(|byte| *byte == 0).map(String::from_utf8_lossy);
            let own = words.next()?.ends_with("rs_host_core");
            (own && words.any(|word| word.contains(&name))).then(|| Pid::from_raw(pid))?
        });
        found.into_iter().next().unwrap()
    }

    /// Waits for the tool's end, which a person sees the last words of. Fails if it is a success.
    fn ends(mut self) {
        let begin = Instant::now();
        let status = loop {
            self.look();
            if let Some(status) = self.tool.try_wait().unwrap() {
                break status;
            }
            assert!(begin.elapsed() < Duration::from_mins(5), "it ends: {}", self.seen);
        };
        assert!(!status.success() && !self.is_raw(), "{}", self.seen);
    }
}

#[test]
fn keys_and_sizes_reach_the_component_and_ctrl_a_x_ends_the_run() {
    let Some(mut run) = Run::start("rs_keys") else { return };
    run.see("80x25\r\n");
    assert!(run.is_raw());
    run.press(b"a\x03");
    run.see("key 97");
    run.see("key 3");
    tcsetwinsize(&run.terminal, size(132, 50)).unwrap();
    run.see("132x50\r\n");
    run.press(b"\x01x");
    run.given_back();
    run.ends();
}

#[test]
fn the_terminal_is_given_back_when_core_is_killed() {
    let Some(mut run) = Run::start("rs_killed") else { return };
    run.see("80x25\r\n");
    assert!(run.is_raw());
    kill_process(run.core(), Signal::KILL).unwrap();
    run.given_back();
    run.see("core ended before");
    run.ends();
}
