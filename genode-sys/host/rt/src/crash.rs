//! A component's last words: what ends it, in which thread, where, and how it came there.
//!
//! A handler of the signals that end a process writes them on a stack of its own, since the
//! thread's may be used up. It allocates nothing and takes no lock: the text is made in a buffer of
//! fixed size, the callers are found by the unwind tables, which the compiler makes anyway and
//! which cost nothing until then, and core gets all of it in packets that need no answer
//! ([`Request::LastWords`], [`Request::Frames`]). Core says them under the component's label. If
//! the handler itself faults, the kernel ends the process, and core has what was sent before.
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::fmt::Write;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU64, Ordering};

use genode_abi::*;
use genode_args::shown::{Line, Shown};
use genode_host_proto::PAGE;
use genode_host_proto::control::{AGAIN, FRAMES, OUTSIDE, Request, WORDS};
use rustix::time::Timespec;

use crate::managed::access;
use crate::{control, thread};

/// Bytes of the stack on which the handlers run: the registers that the kernel saves (11 KiB with
/// AMX), and what asking core for a part of a managed dataspace or finding the callers takes.
pub(crate) const ALT_STACK: usize = 32 << 10;

/// Distance from the end of a stack, as it is known here, within which a fault is its overflow.
const NEAR: usize = 256 << 10;

/// Bytes of a page that no null pointer with an offset passes.
const NULL: usize = 64 << 10;

/// Bytes of the standard error that are told; there is a page of it.
const SAID: usize = 380;

/// A thread, as far as the handlers know it.
#[derive(Clone, Copy)]
struct Stack {
    /// About its lowest address.
    low: usize,
    high: usize,
    size: usize,
}

thread_local! {
    static STACK: Cell<Stack> = const { Cell::new(Stack { low: 0, high: 0, size: 0 }) };
    static NAME: Cell<Line<32>> = const { Cell::new(Line::new()) };
}

/// A thread's stack for signal handlers, on its own one.
pub(crate) struct AltStack(MaybeUninit<[u8; ALT_STACK]>);

impl AltStack {
    pub(crate) const fn new() -> Self {
        Self(MaybeUninit::uninit())
    }

    /// Lets the calling thread's signal handlers run here, and remembers the thread's name and the
    /// `size` of its stack, of which this is a part, for as long as the returned value lives.
    pub(crate) fn enter(&mut self, name: &str, size: usize) -> InUse<'_> {
        let here = self.0.as_ptr() as usize;
        let high = here + ALT_STACK;
        let low = high.saturating_sub(size);
        STACK.set(Stack { low, high: high + NEAR, size: size.saturating_sub(ALT_STACK) });
        let mut known = Line::new();
        let _ = known.write_str(name); // what does not fit is cut
        NAME.set(known);
        let stack =
            libc::stack_t { ss_sp: self.0.as_mut_ptr().cast(), ss_flags: 0, ss_size: ALT_STACK };
        // SAFETY: borrowed for as long as the kernel may use it; see `drop`.
        unsafe { libc::sigaltstack(&raw const stack, std::ptr::null_mut()) };
        InUse(std::marker::PhantomData)
    }
}

/// An [`AltStack`] that the kernel uses.
pub(crate) struct InUse<'a>(std::marker::PhantomData<&'a mut AltStack>);

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        let none = libc::stack_t {
            ss_sp: std::ptr::null_mut(),
            ss_flags: libc::SS_DISABLE,
            ss_size: ALT_STACK,
        };
        // SAFETY: disables the thread's alternative stack.
        unsafe { libc::sigaltstack(&raw const none, std::ptr::null_mut()) };
    }
}

/// A signal handler as the kernel calls it.
pub(crate) type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// Lets `handler` handle a signal, on the thread's alternative stack.
///
/// # Safety
/// The handler makes only calls that are permitted in one.
pub(crate) unsafe fn handle(signal: c_int, handler: Handler) {
    // SAFETY: all-zero is a valid action without flags and with an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: a complete action, its handler as the caller promises.
    unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
}

/// Lets the signals that end a process be told first.
pub(crate) fn listen() {
    for signal in [libc::SIGSEGV, libc::SIGILL, libc::SIGFPE, libc::SIGABRT, libc::SIGTRAP] {
        // SAFETY: `died` makes system calls only.
        unsafe { handle(signal, died) };
    }
}

/// Ends the component by the signal that it got, once core was told. Handlers of other signals end
/// here, too, where there is nothing to mend.
pub(crate) extern "C" fn died(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes the information of this signal.
    let code = unsafe { (*info).si_code };
    // SAFETY: both are of the kernel.
    unsafe { tell(signal, info, context) };
    // A positive code is the kernel's.
    end(signal, code > 0);
}

/// Ends the component by a signal, as if nobody had handled it. A fault comes again when the
/// handler returns, a signal that was sent does not.
fn end(signal: c_int, again: bool) {
    // SAFETY: the default disposition runs no code.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    if !again {
        // SAFETY: a signal to the calling thread, blocked until the handler returns.
        unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), libc::gettid(), signal) };
    }
}

/// The thread that told core last words; 0 as long as there is none.
static TELLER: AtomicU64 = AtomicU64::new(0);

/// Tells core what ends the component. The first thread to call it does; others wait for the end.
///
/// # Safety
/// `info` and `context` are what the kernel passes to a handler.
unsafe fn tell(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let me = thread::id();
    match TELLER.compare_exchange(0, me, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {}
        Err(teller) if teller == me => return,
        Err(_) => loop {
            // Until the process ends; components lack pause(2).
            let _ = rustix::thread::nanosleep(&Timespec { tv_sec: 1, tv_nsec: 0 });
        },
    }
    // SAFETY: by the caller's promise.
    let (code, addr) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    // SAFETY: by the caller's promise.
    let (ip, sp) = unsafe { registers(context) };
    let mut text = heapless::String::<{ WORDS }>::new();
    // Text that does not fit is cut.
    let _ = thread_to(&mut text);
    let from_kernel = code > 0;
    // SAFETY: by the caller's promise.
    let kind = || unsafe { access::kind(context) };
    let _ = match signal {
        libc::SIGSEGV | libc::SIGBUS if from_kernel => fault(&mut text, code, addr, ip, kind()),
        libc::SIGABRT => abort(&mut text),
        libc::SIGILL if from_kernel => {
            text.write_str("an instruction that the CPU does not know, or an abort")
        }
        libc::SIGFPE if from_kernel => {
            text.write_str("a division by zero, or one whose result does not fit")
        }
        libc::SIGTRAP if from_kernel => text.write_str("a breakpoint without a debugger"),
        _ => write!(text, "ended by signal {signal}, which somebody sent"),
    };
    words(&text);
    // A thread that was ended from outside was anywhere.
    if from_kernel || signal == libc::SIGABRT {
        if from_kernel && addr == ip {
            nowhere(ip, sp);
        } else {
            frames(Some(ip));
        }
    }
}

/// Calls `use_it` with the name of the calling thread, empty if it has none.
pub(crate) fn named<T>(use_it: impl FnOnce(&str) -> T) -> T {
    use_it(NAME.get().as_str())
}

/// Says which thread this is.
pub(crate) fn thread_to(text: &mut impl Write) -> std::fmt::Result {
    named(|name| match name {
        "" => text.write_str("a thread without a name: "),
        name => write!(text, "thread \"{}\": ", Shown(name)),
    })
}

/// Says what a memory fault was.
fn fault(
    text: &mut impl Write,
    code: c_int,
    addr: usize,
    ip: usize,
    kind: rs_fault_kind_t,
) -> std::fmt::Result {
    let stack = STACK.get();
    let access = match kind {
        RS_FAULT_WRITE => "a write",
        RS_FAULT_EXEC => "a jump",
        _ => "a read",
    };
    if stack.size != 0 && addr.abs_diff(stack.low) < NEAR && addr < stack.low + NEAR {
        let size = stack.size >> 10;
        return write!(
            text,
            "stack overflow: {access} at {addr:#x}, below its stack of {size} KiB; give the thread a larger one, or it \
             calls itself without end"
        );
    }
    if addr < NULL {
        let what = if addr == ip { "a call of a null function" } else { access };
        return write!(text, "null pointer: {what} at {addr:#x}");
    }
    // Linux's number, which the crate libc lacks.
    const SEGV_ACCERR: c_int = 2;
    match code {
        SEGV_ACCERR => write!(
            text,
            "memory fault: {access} at {addr:#x}, which is mapped but does not permit it"
        ),
        _ => write!(text, "memory fault: {access} at {addr:#x}, where nothing is mapped"),
    }
}

/// Says why the component aborts: by what std wrote to the standard error, as of memory that there
/// is not, or of a panic whose message panics.
fn abort(text: &mut impl Write) -> std::fmt::Result {
    let mut page = [0_u8; PAGE];
    let len = rustix::io::pread(std::io::stderr(), &mut page, 0).unwrap_or(0);
    let said = page.get(..len).unwrap_or_default();
    let said = said.split(|c| *c == 0).next().unwrap_or_default();
    let said = said.get(said.len().saturating_sub(SAID)..).unwrap_or_default();
    text.write_str("aborted")?;
    let mut between = ": ";
    let told =
        |line: &&[u8]| !line.is_empty() && !line.starts_with(b"note: run with `RUST_BACKTRACE");
    for line in said.split(|c| *c == b'\n').filter(told) {
        text.write_str(between)?;
        line.utf8_chunks().try_for_each(|chunk| text.write_str(chunk.valid()))?;
        between = " / ";
    }
    Ok(())
}

/// Sends a line of text.
fn words(text: &str) {
    // A zero ends the line.
    let mut rest = text.as_bytes();
    loop {
        let (now, later) = rest.split_at(rest.len().min(56));
        let mut bytes = [0_u8; 56];
        for (to, from) in bytes.iter_mut().zip(now) {
            *to = *from;
        }
        let mut args = [0_u64; 7];
        for (word, bytes) in args.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_ne_bytes(*bytes);
        }
        control::tell_unlocked(Request::LastWords, &args);
        if now.len() < 56 {
            return;
        }
        rest = later;
    }
}

/// Addresses of calls, and from which on they count.
struct Trace {
    frames: heapless::Vec<u64, { FRAMES }>,
    /// Those before this address are the handler's.
    from: Option<usize>,
    /// Calls so far.
    seen: u32,
}

/// Calls that are looked at: a recursion without end is told with who began it.
const DEEPEST: u32 = 1 << 17;

impl Trace {
    fn send(&self) {
        for frames in self.frames.chunks(7) {
            control::tell_unlocked(Request::Frames, frames);
        }
    }

    /// Appends a call, or counts it if it is the one before again.
    fn add(&mut self, call: u64) -> Result<(), u64> {
        match self.frames.as_mut_slice() {
            [.., before, times] if *times & AGAIN != 0 && *before == call => {
                *times += 1;
                Ok(())
            }
            [.., before] if *before == call => self.frames.push(AGAIN | 1),
            _ => self.frames.push(call),
        }
    }
}

/// Sends the calls that led to `at`, the instruction at which a handler interrupted the calling
/// thread, or for `None` to here.
pub(crate) fn frames(at: Option<usize>) {
    let mut trace = Trace { frames: heapless::Vec::new(), from: at, seen: 0 };
    // SAFETY: the callback takes what is passed here.
    unsafe { _Unwind_Backtrace(caller, (&raw mut trace).cast()) };
    trace.send();
}

/// Sends where a thread is that jumped to where no program is: there the unwinder would fault. Who
/// jumped is on the stack.
fn nowhere(ip: usize, sp: usize) {
    let mut trace = Trace { frames: heapless::Vec::new(), from: None, seen: 0 };
    let _ = trace.add(offset(ip)); // there is room
    let stack = STACK.get();
    if cfg!(target_arch = "x86_64") && (stack.low..stack.high).contains(&sp) {
        // SAFETY: the thread's own stack, by its range.
        let caller = unsafe { std::ptr::with_exposed_provenance::<usize>(sp).read_volatile() };
        let _ = trace.add(offset(caller.wrapping_sub(1)));
    }
    trace.send();
}

/// An instruction's offset in the component's program, or its address with [`OUTSIDE`].
fn offset(ip: usize) -> u64 {
    unsafe extern "C" {
        static __executable_start: u8;
        static etext: u8;
    }
    let (start, end) = (&raw const __executable_start as usize, &raw const etext as usize);
    // An offset of 0 is the program's header; as a frame it would be none.
    if ip > start && ip < end { (ip - start) as u64 } else { ip as u64 | OUTSIDE }
}

extern "C" fn caller(context: *mut c_void, trace: *mut c_void) -> c_int {
    const NO_REASON: c_int = 0;
    const END_OF_STACK: c_int = 5;
    // SAFETY: `frames` passes it, and waits.
    let trace = unsafe { &mut *trace.cast::<Trace>() };
    let mut before = 0;
    // SAFETY: the unwinder's own context.
    let ip = unsafe { _Unwind_GetIPInfo(context, &raw mut before) };
    if trace.from.is_some_and(|from| from != ip) && trace.frames.is_empty() {
        return NO_REASON;
    }
    if ip == 0 {
        return END_OF_STACK;
    }
    // A return address is behind the call, unless a signal came there.
    let at = offset(if before != 0 { ip } else { ip.wrapping_sub(1) });
    trace.seen += 1;
    match trace.add(at) {
        Ok(()) if trace.seen < DEEPEST => NO_REASON,
        _ => END_OF_STACK,
    }
}

/// Instruction and stack pointer of who was interrupted.
///
/// # Safety
/// `context` is what the kernel passes to a handler.
unsafe fn registers(context: *const c_void) -> (usize, usize) {
    let context = context.cast::<libc::ucontext_t>();
    // SAFETY: by the caller's promise.
    let machine = unsafe { &(*context).uc_mcontext };
    #[cfg(target_arch = "x86_64")]
    let at = (machine.gregs[libc::REG_RIP as usize], machine.gregs[libc::REG_RSP as usize]);
    #[cfg(target_arch = "aarch64")]
    let at = (machine.pc, machine.sp);
    (at.0 as usize, at.1 as usize)
}

// Functions of the compiler's run-time library; std links it.
unsafe extern "C" {
    fn _Unwind_Backtrace(
        callback: extern "C" fn(*mut c_void, *mut c_void) -> c_int,
        argument: *mut c_void,
    ) -> c_int;
    fn _Unwind_GetIPInfo(context: *mut c_void, before: *mut c_int) -> usize;
}
