//! Threads, their names, numbers and places.
use std::cell::Cell;
use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};

use genode_abi::*;
use genode_affinity::Space;
use genode_host_proto::MAX_THREADS;
use genode_host_proto::control::Request;
use genode_host_proto::interface::cpu::Call;

use crate::cpu::{self, Told};
use crate::crash::{self, ALT_STACK, AltStack};
use crate::slices::bytes;
use crate::{control, env, rpc};

/// Smallest stack: what std needs, and what a signal handler adds.
const MIN_STACK: usize = 64 * 1024;

thread_local! {
    static ID: Cell<u64> = const { Cell::new(0) };
}

/// Number of the calling thread, never 0.
pub(crate) fn id() -> u64 {
    match ID.get() {
        0 => {
            let id = rustix::thread::gettid().as_raw_nonzero().get() as u64;
            ID.set(id);
            id
        }
        id => id,
    }
}

/// A thread's name out of the seam's string.
///
/// # Safety
/// As [`bytes`].
pub(crate) unsafe fn name(ptr: *const c_char, len: usize) -> String {
    // SAFETY: by the caller's promise.
    let bytes = unsafe { bytes(ptr, len) };
    String::from_utf8_lossy(bytes).replace('\0', "")
}

/// A thread that was started.
pub(crate) struct Started {
    /// To wait for its end.
    pub(crate) handle: JoinHandle<()>,
    /// As its CPU session knows it, where that is not core's.
    told: Option<Arc<Told>>,
}

/// Start a thread.
pub(crate) fn spawn(
    name: String,
    stack_size: usize,
    location: rs_location_t,
    function: impl FnOnce() + Send + 'static,
) -> Result<Started, rs_err_t> {
    if !within(space(), location) {
        return Err(RS_INVALID);
    }
    let size = stack_size.max(MIN_STACK) + ALT_STACK;
    let counted = Counted::new();
    let told = cpu::tell(&name, location)?.map(Arc::new);
    let own = told.clone();
    Builder::new()
        .name(name.clone())
        .stack_size(size)
        .spawn(move || {
            let _counted = counted;
            let mut alt_stack = AltStack::new();
            let _in_use = alt_stack.enter(&name, size);
            let _ = match &own {
                Some(told) => told.begin(id()),
                None => bind(id(), location),
            };
            function();
        })
        .map(|handle| Started { handle, told })
        .map_err(|_| {
            let many = LIVE.load(Ordering::Relaxed) + MARGIN >= MAX_THREADS;
            if many { RS_LIMIT } else { RS_OUT_OF_RAM }
        })
}

/// Threads of this component that were asked for and did not end.
static LIVE: AtomicU64 = AtomicU64::new(0);
/// Threads that are not counted: the first one, the runtime's own, and those that just end.
const MARGIN: u64 = 16;

/// A thread that is counted until it ends.
struct Counted;

impl Counted {
    fn new() -> Self {
        LIVE.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether a location lies within a space. All zero, as of a default location, means anywhere.
fn within(space: rs_space_t, at: rs_location_t) -> bool {
    let end = |from: i32, len: u32| u64::try_from(from).ok()?.checked_add(u64::from(len.max(1)));
    let anywhere = at.x == 0 && at.y == 0 && at.w == 0 && at.h == 0;
    anywhere
        || (end(at.x, at.w).is_some_and(|end| end <= u64::from(space.w))
            && end(at.y, at.h).is_some_and(|end| end <= u64::from(space.h)))
}

/// Ask core to place a thread of this component.
fn bind(thread: u64, location: rs_location_t) -> Result<(), rs_err_t> {
    let args = [
        thread,
        location.x as u64,
        location.y as u64,
        u64::from(location.w),
        u64::from(location.h),
    ];
    control::request(Request::ThreadBind, &args, None).map(|_| ())
}

/// Runs what a thread does, up to a panic, which is told by then: where there is no system, as in a
/// plain test, it ends the thread as one of std's, without a result. In a system it ends the
/// component.
pub fn run(body: impl FnOnce()) {
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
}

struct Thread {
    started: Started,
    id: Arc<AtomicU64>,
}

struct Body {
    function: unsafe extern "C" fn(*mut c_void),
    arg: *mut c_void,
}

// SAFETY: the seam hands `arg` over to the new thread.
unsafe impl Send for Body {}

impl Body {
    fn run(self) {
        // SAFETY: the caller of rs_thread_create vouches for the function and its argument.
        unsafe { (self.function)(self.arg) };
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_thread_create(
    name: *const c_char,
    name_len: usize,
    stack_size: usize,
    location: rs_location_t,
    fn_: Option<unsafe extern "C" fn(arg: *mut c_void)>,
    arg: *mut c_void,
    thread: *mut *mut rs_thread_t,
) -> rs_err_t {
    let Some(function) = fn_ else { return RS_INVALID };
    // SAFETY: a valid string, by the contract.
    let name = unsafe { self::name(name, name_len) };
    let body = Body { function, arg };
    let number = Arc::new(AtomicU64::new(0));
    let own = Arc::clone(&number);
    let started = spawn(name, stack_size, location, move || {
        own.store(id(), Ordering::Release);
        body.run();
    });
    match started {
        Ok(started) => {
            let boxed = Box::new(Thread { started, id: number });
            // SAFETY: a valid pointer, by the contract.
            unsafe { *thread = Box::into_raw(boxed).cast() };
            RS_OK
        }
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_thread_join(thread: *mut rs_thread_t) {
    if thread.is_null() {
        return;
    }
    // SAFETY: made by rs_thread_create and joined once, by the contract.
    let thread = unsafe { Box::from_raw(thread.cast::<Thread>()) };
    let _ = thread.started.handle.join();
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_thread_migrate(
    thread: *mut rs_thread_t,
    location: rs_location_t,
) -> rs_err_t {
    // SAFETY: a live thread, by the contract.
    let Some(thread) = (unsafe { thread.cast::<Thread>().as_ref() }) else { return RS_INVALID };
    if !within(space(), location) {
        return RS_INVALID;
    }
    if let Some(told) = &thread.started.told {
        return told.migrate(location).err().unwrap_or(RS_OK);
    }
    let number = loop {
        match thread.id.load(Ordering::Acquire) {
            0 => std::thread::yield_now(),
            number => break number,
        }
    };
    match bind(number, location) {
        Ok(()) => RS_OK,
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_thread_id() -> u64 {
    id()
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_thread_name(name: *mut c_char, capacity: usize) -> usize {
    crash::named(|known| {
        let length = known.len().min(capacity);
        // SAFETY: so many bytes may be written, by the contract; both are live and apart.
        unsafe { std::ptr::copy_nonoverlapping(known.as_ptr(), name.cast(), length) };
        length
    })
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_affinity_space() -> rs_space_t {
    space()
}

/// The component's affinity space.
fn space() -> rs_space_t {
    let space: Space = rpc::call(env::cpu(), &Call::AffinitySpace).unwrap_or_default();
    // A space always has a place: the one where the component runs.
    rs_space_t { w: space.width.max(1), h: space.height.max(1) }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_timestamp() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: every x86-64 CPU has the instruction.
        unsafe { core::arch::x86_64::_rdtsc() }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
    }
}
