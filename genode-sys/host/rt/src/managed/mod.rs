//! Mappings of managed dataspaces: address ranges that fill when they are accessed.
//!
//! A view is a range reserved without access rights. The first access to a part of it raises SIGSEGV; its handler asks
//! core what is attached there, and maps that. Where nothing is attached the thread sleeps until core has news. What is
//! detached again a thread of this module unmaps, and says so when it is asked for the next.
//!
//! The handler takes [`VIEWS`] and, for the question to core, the control socket's lock. No thread can fault on a managed
//! range with one of them held: what runs under them touches nothing but the stack and statics. It does not allocate. It
//! runs on the stack of the thread that faulted, which has room for it unless the thread is about to overflow it anyway.
//!
//! What is mapped through views is limited, in page tables and in number. When it becomes too much, all of it is unmapped, and
//! what is accessed again is mapped again.
//!
//! A component that never maps a managed dataspace has neither the handler nor the thread.
pub(crate) mod access;

use std::ffi::{c_int, c_void};
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};

use genode_abi::*;
use genode_host_proto::PAGE;
use genode_host_proto::control::{Request, Rights, paging};
use genode_host_proto::interface::dataspace;
use genode_host_proto::sys::{self, Futex};
use genode_host_proto::tables::VIEWS as VIEWS_TABLES;
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};
use rustix::thread::futex::{self, Timespec};

use crate::sync::lock;
use crate::tables::Tables;
use crate::{control, crash, rpc, thread};

/// Views a component can have, as many as core gives.
const MAX: usize = 1024;
/// Pieces that are mapped through views at a time: Linux counts mappings, attached dataspaces are mappings as well.
const MAX_PIECES: usize = 6144;
/// How long a component that does not unmap what was detached is waited for.
const PATIENCE_S: i64 = 1;

/// A mapping of a managed dataspace.
#[derive(Clone, Copy)]
struct View {
    /// Core's id, 0 for an unused entry.
    id: u64,
    start: usize,
    size: usize,
}

impl View {
    /// Where a part of the view starts, if it is one.
    fn part(self, start: usize, size: usize) -> Option<*mut c_void> {
        let within = start.checked_add(size).is_some_and(|end| end <= self.size);
        within.then(|| std::ptr::with_exposed_provenance_mut(self.start + start))
    }
}

struct Views {
    table: [View; MAX],
    /// Entries that were ever used.
    bound: usize,
    /// Pieces that were mapped since everything was unmapped, and the page tables that they take.
    pieces: usize,
    tables: Tables<4096>,
}

static VIEWS: Mutex<Views> = Mutex::new(Views {
    table: [View { id: 0, start: 0, size: 0 }; MAX],
    bound: 0,
    pieces: 0,
    tables: Tables::new(),
});
/// The thread that holds [`VIEWS`]: if it faults, the fault is its own.
static HOLDER: AtomicU64 = AtomicU64::new(0);
/// The page that core counts news in, null until the first view.
static NEWS: AtomicPtr<AtomicU32> = AtomicPtr::new(std::ptr::null_mut());

struct Held(MutexGuard<'static, Views>);

impl Drop for Held {
    fn drop(&mut self) {
        HOLDER.store(0, Ordering::Relaxed);
    }
}

/// Lock the views.
fn views() -> Held {
    let guard = lock(&VIEWS);
    HOLDER.store(thread::id(), Ordering::Relaxed);
    Held(guard)
}

impl Views {
    fn of(&self, addr: usize) -> Option<View> {
        let used = self.table.iter().take(self.bound).filter(|v| v.id != 0);
        used.copied().find(|v| addr.wrapping_sub(v.start) < v.size)
    }

    fn by_id(&self, id: u64) -> Option<View> {
        self.table.iter().take(self.bound).copied().find(|v| v.id == id && id != 0)
    }

    fn insert(&mut self, view: View) -> bool {
        let Some(place) = self.table.iter().position(|v| v.id == 0) else { return false };
        self.table[place] = view;
        self.bound = self.bound.max(place + 1);
        true
    }

    /// Remove the view at `start`; its id.
    fn remove(&mut self, start: usize) -> Option<u64> {
        let view =
            self.table.iter_mut().take(self.bound).find(|v| v.id != 0 && v.start == start)?;
        Some(std::mem::take(&mut view.id))
    }

    /// Another piece is about to be mapped.
    fn piece(&mut self, addr: usize, size: usize) {
        let fits = self.pieces < MAX_PIECES && self.tables.add(addr, size);
        if !fits || self.tables.bytes() > VIEWS_TABLES {
            self.unmap_all();
            self.tables.add(addr, size);
        }
        self.pieces += 1;
    }

    /// Unmap all pieces: page tables go with them.
    fn unmap_all(&mut self) {
        for view in self.table.iter().take(self.bound).filter(|v| v.id != 0) {
            if let Some(at) = view.part(0, view.size) {
                hide(at, view.size);
            }
        }
        self.pieces = 0;
        self.tables.clear();
    }
}

/// Take away what a part of a view shows. The lock on the views is held.
fn hide(at: *mut c_void, size: usize) {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
    // SAFETY: replaces a part of a view, which is there to be filled and emptied, and stays as long as the lock is held.
    let _ = unsafe { rustix::mm::mmap_anonymous(at, size, ProtFlags::empty(), flags) };
}

/// A word of core's page.
fn word(number: usize) -> Option<&'static AtomicU32> {
    let page = NEWS.load(Ordering::Acquire);
    // SAFETY: mapped for ever once it is set, and `number` is one of the page's words.
    (!page.is_null()).then(|| unsafe { &*page.add(number) })
}

/// Whether there is a handler and a thread for views; taken for each new one and by who needs the page.
static LISTENING: Mutex<bool> = Mutex::new(false);

/// Get ready for news of core's, and for views if there will be any.
fn prepare(for_views: bool) -> Result<(), rs_err_t> {
    let mut listening = lock(&LISTENING);
    if NEWS.load(Ordering::Acquire).is_null() {
        let page = control::request(Request::Paging, &[], None)?.fd(0)?;
        let page = sys::map(&page, PAGE, false).map_err(|_| RS_OUT_OF_RAM)?;
        NEWS.store(page.cast(), Ordering::Release);
    }
    if !for_views || *listening {
        return Ok(());
    }
    let anywhere = rs_location_t { x: 0, y: 0, w: 0, h: 0 };
    thread::spawn("unmap".into(), 0, anywhere, unmap_what_is_detached)?;
    // SAFETY: what the handler may do is argued at the top.
    unsafe { crash::handle(libc::SIGSEGV, on_fault) };
    *listening = true;
    Ok(())
}

/// Size of a managed dataspace, as core says.
pub(crate) fn size(ds: rs_cap_t) -> Result<usize, rs_err_t> {
    rpc::call(ds, &dataspace::Call::Size)
}

/// Reserve addresses for a managed dataspace. Returns address and size.
pub(crate) fn attach(
    fd: BorrowedFd<'_>,
    attr: &rs_attach_attr_t,
) -> Result<(usize, usize), rs_err_t> {
    if !attr.offset.is_multiple_of(PAGE) || !attr.at.is_multiple_of(PAGE) {
        return Err(RS_INVALID);
    }
    prepare(true)?;
    let mut rights = Rights::empty();
    rights.set(Rights::WRITE, attr.writeable);
    rights.set(Rights::EXECUTE, attr.executable);
    let args = [attr.offset as u64, attr.size as u64, rights.bits()];
    let reply = control::request(Request::ViewOpen, &args, Some(fd))?;
    let (id, size) = (reply.arg(0), reply.arg(1) as usize);
    let opened = reserve(attr.at, size).and_then(|start| {
        if views().0.insert(View { id, start, size }) {
            return Ok((start, size));
        }
        // SAFETY: just reserved, nobody refers to it.
        unsafe { sys::unmap(std::ptr::with_exposed_provenance_mut(start), size) };
        Err(RS_OUT_OF_CAPS)
    });
    if opened.is_err() {
        control::tell(Request::ViewClose, &[id]);
    }
    opened
}

/// Addresses without access rights.
fn reserve(at: usize, size: usize) -> Result<usize, rs_err_t> {
    let mut flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    flags.set(MapFlags::FIXED_NOREPLACE, at != 0);
    let at = std::ptr::without_provenance_mut(at);
    // SAFETY: the mapping replaces nothing: its address is the kernel's choice, or FIXED_NOREPLACE.
    match unsafe { rustix::mm::mmap_anonymous(at, size, ProtFlags::empty(), flags) } {
        Ok(addr) => Ok(addr.expose_provenance()),
        Err(Errno::EXIST) => Err(RS_REGION_CONFLICT),
        Err(_) => Err(RS_OUT_OF_RAM),
    }
}

/// Give the addresses of a view back.
///
/// # Safety
/// `start` and `size` came from [`attach`], and nothing refers to the range any more.
pub(crate) unsafe fn detach(start: usize, size: usize) {
    let mut views = views();
    let Some(id) = views.0.remove(start) else { return };
    // SAFETY: by the caller's promise. With the lock held nobody maps anything there meanwhile.
    unsafe { sys::unmap(std::ptr::with_exposed_provenance_mut(start), size) };
    drop(views);
    control::tell(Request::ViewClose, &[id]);
}

/// What became of an access.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Served {
    /// It succeeds when it is repeated.
    Mapped,
    /// The range is managed, and the access is not permitted.
    Never,
    /// The range is none of ours.
    Foreign,
}

enum Answer {
    Mapped,
    Wait,
    Never,
}

/// Make an access possible, which takes as long as nothing is attached.
pub(crate) fn serve(addr: usize, kind: rs_fault_kind_t) -> Served {
    let Some(news) = word(paging::NEWS) else { return Served::Foreign };
    if HOLDER.load(Ordering::Relaxed) == thread::id() {
        return Served::Foreign;
    }
    loop {
        // Before the question, so that no news is slept through.
        let seen = news.load(Ordering::Acquire);
        let mut views = views();
        let Some(view) = views.0.of(addr) else { return Served::Foreign };
        let answer = ask(&mut views.0, view, addr, kind);
        drop(views);
        match answer {
            Answer::Mapped => return Served::Mapped,
            Answer::Never => return Served::Never,
            Answer::Wait => Futex::wait(news, seen),
        }
    }
}

/// Ask core for what is behind an address of a view, and map it. The lock on the views is held, so that whatever is
/// detached after the answer is unmapped after the mapping.
fn ask(views: &mut Views, view: View, addr: usize, kind: rs_fault_kind_t) -> Answer {
    let args = [view.id, (addr - view.start) as u64, u64::from(kind)];
    let Ok(mut reply) = control::request(Request::Fault, &args, None) else { return Answer::Never };
    if reply.arg(0) == 0 {
        return Answer::Wait;
    }
    let Ok(memory) = reply.fd(0) else { return Answer::Never };
    let (start, size) = (reply.arg(1) as usize, reply.arg(2) as usize);
    let (offset, rights) = (reply.arg(3), Rights::from_bits_truncate(reply.arg(4)));
    let mut prot = ProtFlags::READ;
    prot.set(ProtFlags::WRITE, rights.contains(Rights::WRITE));
    prot.set(ProtFlags::EXEC, rights.contains(Rights::EXECUTE));
    let Some(at) = view.part(start, size) else { return Answer::Never };
    views.piece(at.addr(), size);
    let flags = MapFlags::SHARED | MapFlags::FIXED;
    // SAFETY: replaces a part of a view, which is there for that, and stays as long as the lock is held.
    match unsafe { rustix::mm::mmap(at, size, prot, flags, memory, offset) } {
        Ok(_) => Answer::Mapped,
        Err(_) => Answer::Never,
    }
}

/// Unmap what core says was detached, for ever.
fn unmap_what_is_detached() {
    let Some(news) = word(paging::UNMAP) else { return };
    loop {
        let seen = news.load(Ordering::Acquire);
        let Ok(reply) = control::request(Request::Unmapped, &[], None) else { return };
        if reply.arg(0) == 0 {
            Futex::wait(news, seen);
            continue;
        }
        let (start, size) = (reply.arg(2) as usize, reply.arg(3) as usize);
        let views = views();
        // A view that is gone is unmapped already; its id is no other's.
        let view = views.0.by_id(reply.arg(1));
        if let Some(at) = view.and_then(|view| view.part(start, size)) {
            hide(at, size);
        }
    }
}

/// Wait until nobody maps any more what was detached from a region map, or was in maps of a session that are gone.
pub(crate) fn settle(of: BorrowedFd<'_>) {
    if prepare(false).is_err() {
        return;
    }
    let Some(news) = word(paging::NEWS) else { return };
    let now = || rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let end = now().tv_sec + PATIENCE_S;
    loop {
        let seen = news.load(Ordering::Acquire);
        match control::request(Request::Settled, &[], Some(of)) {
            Ok(reply) if reply.arg(0) == 0 => {}
            _ => return,
        }
        if now().tv_sec > end {
            return;
        }
        let timeout = Timespec { tv_sec: PATIENCE_S, tv_nsec: 0 };
        let _ = futex::wait(news, futex::Flags::empty(), seen, Some(&timeout));
    }
}

extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes the information of this signal.
    let (code, addr) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    // SAFETY: the kernel passes the thread's state.
    let kind = unsafe { access::kind(context) };
    // A positive code is the kernel's: a real access.
    if code > 0 && serve(addr, kind) == Served::Mapped {
        return;
    }
    crash::died(signal, info, context);
}
