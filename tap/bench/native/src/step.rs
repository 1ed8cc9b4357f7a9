//! Counts a thread's user-mode instructions by single steps.
//!
//! Instructions rather than times, because they are the same in every run, and by single steps, because
//! few virtual machines let the processor count them and base-linux's components cannot be started by
//! a profiler. A repeated string instruction traps after each repetition; it counts as the one
//! instruction that a performance counter sees.
#![allow(unsafe_code, reason = "single steps of another process")]

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

/// Steps of one count at most: some hundred calls.
const MAX_STEPS: u64 = 4_000_000;

/// The time that a thread may take to stop for us.
const PATIENCE: Duration = Duration::from_secs(5);

/// The kinds of instructions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Syscall,
    /// May trap several times.
    Repeated,
}

/// A thread of another process that does not run unless we let it.
struct Stopped {
    thread: libc::pid_t,
    instructions: HashMap<u64, Kind>,
}

impl Stopped {
    fn attach(thread: libc::pid_t) -> io::Result<Self> {
        let none = std::ptr::null_mut::<libc::c_void>();
        // SAFETY: these requests use neither address nor data.
        let seized = unsafe { libc::ptrace(libc::PTRACE_SEIZE, thread, none, none) };
        if seized != 0 {
            return Err(io::Error::last_os_error());
        }
        let stopped = Self { thread, instructions: HashMap::new() };
        // SAFETY: as above.
        if unsafe { libc::ptrace(libc::PTRACE_INTERRUPT, thread, none, none) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let mut status = 0;
            // SAFETY: the status is a live integer.
            match unsafe { libc::waitpid(thread, &raw mut status, libc::__WALL | libc::WNOHANG) } {
                0 if Instant::now() < until => std::thread::sleep(Duration::from_millis(1)),
                0 => return Err(io::Error::from(io::ErrorKind::TimedOut)),
                id if id == thread && libc::WIFSTOPPED(status) => return Ok(stopped),
                id if id == thread => return Err(io::Error::other("the thread ended")),
                _ => return Err(io::Error::last_os_error()),
            }
        }
    }

    fn registers(&self) -> io::Result<libc::user_regs_struct> {
        let mut registers = std::mem::MaybeUninit::<libc::user_regs_struct>::zeroed();
        let none = std::ptr::null_mut::<libc::c_void>();
        // SAFETY: the kernel fills the structure, which is plain integers.
        unsafe {
            if libc::ptrace(libc::PTRACE_GETREGS, self.thread, none, registers.as_mut_ptr()) != 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(registers.assume_init())
        }
    }

    /// Reads the kind of the instruction at `address`; code does not change meanwhile.
    fn kind(&mut self, address: u64) -> io::Result<Kind> {
        if let Some(kind) = self.instructions.get(&address) {
            return Ok(*kind);
        }
        let mut code = [0u8; 2];
        let local = libc::iovec { iov_base: code.as_mut_ptr().cast(), iov_len: code.len() };
        let remote = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: code.len() };
        // SAFETY: two bytes are written to a live array of two; the kernel checks the other side's
        // address.
        let read = unsafe {
            libc::process_vm_readv(self.thread, &raw const local, 1, &raw const remote, 1, 0)
        };
        if read != 2 {
            return Err(io::Error::last_os_error());
        }
        let kind = match code {
            [0x0f, 0x05] => Kind::Syscall,
            [0xf2 | 0xf3, 0x48 | 0xa4..=0xa7 | 0xaa..=0xaf] => Kind::Repeated,
            _ => Kind::Plain,
        };
        self.instructions.insert(address, kind);
        Ok(kind)
    }

    /// Lets the thread execute one instruction, or one repetition of it.
    fn step(&self) -> io::Result<()> {
        let none = std::ptr::null_mut::<libc::c_void>();
        // SAFETY: neither address nor a signal are passed; the status is a live integer.
        unsafe {
            if libc::ptrace(libc::PTRACE_SINGLESTEP, self.thread, none, none) != 0 {
                return Err(io::Error::last_os_error());
            }
            let mut status = 0;
            if libc::waitpid(self.thread, &raw mut status, libc::__WALL) != self.thread {
                return Err(io::Error::last_os_error());
            }
            if !libc::WIFSTOPPED(status) {
                return Err(io::Error::other("the thread ended"));
            }
        }
        Ok(())
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let none = std::ptr::null_mut::<libc::c_void>();
        // SAFETY: the request uses no address and passes no signal. A thread that is gone needs no detaching.
        unsafe { libc::ptrace(libc::PTRACE_DETACH, self.thread, none, none) };
    }
}

/// Counts the instructions that `thread` executes from one system call `number` to the next, `calls`
/// times.
pub(crate) fn per_syscall(thread: libc::pid_t, number: u64, calls: usize) -> io::Result<Vec<u64>> {
    let mut stopped = Stopped::attach(thread)?;
    let (mut counts, mut since, mut count) = (Vec::with_capacity(calls), None, 0u64);
    let mut registers = stopped.registers()?;
    for _ in 0..MAX_STEPS {
        let kind = stopped.kind(registers.rip)?;
        if kind == Kind::Syscall && registers.rax == number {
            if let Some(since) = since {
                counts.push(count - since);
            }
            since = Some(count);
            if counts.len() == calls {
                return Ok(counts);
            }
        }
        stopped.step()?;
        let after = stopped.registers()?;
        if kind != Kind::Repeated || after.rip != registers.rip {
            count += 1;
        }
        registers = after;
    }
    Err(io::Error::other("the thread does not make calls"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::process::Command;

    /// Instructions between two system calls that a program of known code makes.
    #[test]
    fn counts_each_instruction_and_repeated_ones_once() {
        const SOURCE: &str = "
            .globl _start
            _start:
                mov $39, %eax
                syscall
                lea -256(%rsp), %rdi
                mov $128, %ecx
                xor %eax, %eax
                rep stosb
                jmp _start
            .section .note.GNU-stack, \"\", %progbits\n";
        let folder = std::env::temp_dir().join(format!("rs_native_bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (source, program) = (folder.join("loop.s"), folder.join("loop"));
        std::fs::write(&source, SOURCE).unwrap();
        let made = Command::new("gcc")
            .args(["-nostdlib", "-static", "-o"])
            .args([&program, &source])
            .status();
        if !made.is_ok_and(|status| status.success()) {
            println!("skipped: gcc cannot assemble a program to count");
            return;
        }
        let mut child = Command::new(&program).spawn().unwrap();
        let counts = per_syscall(child.id() as libc::pid_t, 39, 20);
        child.kill().unwrap();
        child.wait().unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        match counts {
            Err(e) if e.raw_os_error() == Some(libc::EPERM) => {
                println!("skipped: this process may not trace others");
            }
            counts => assert_eq!(counts.unwrap(), [7; 20]),
        }
    }
}
