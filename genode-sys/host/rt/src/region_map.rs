//! Region maps: calls to sessions of the RM service.
use genode_abi::*;
use genode_args::cost;
use genode_args::quota::{Amount, Lack};
use genode_host_proto::interface::region_map::{Access, AttachError, Attr, Call, Fault, Range};
use genode_host_proto::interface::{AllocError, rm};
use genode_wire::{Cap, Handle};

use crate::caps::{borrow, rs_cap_drop};
use crate::handle::{Lent, Owned};
use crate::session::{self, rs_session_close, rs_session_open};
use crate::{managed, rpc};

/// What a session is upgraded by at a time.
const STEP: Amount = Amount::new(8 * 1024, 2);

/// How often a session is upgraded for one request.
const MAX_UPGRADES: usize = 16;

/// What the seam's handle of a session points to.
struct Session {
    id: u64,
    cap: rs_cap_t,
}

/// What the seam's handle of a region map points to.
struct Map {
    session: *const Session,
    cap: rs_cap_t,
}

/// Why a request fails: for a lack of what the session can be upgraded by, or for good.
enum Failed {
    Lacks(Lack),
    Other(rs_err_t),
}

impl From<rs_err_t> for Failed {
    fn from(e: rs_err_t) -> Self {
        Self::Other(e)
    }
}

impl Session {
    /// Repeat `ask` with more quota until it does not lack any.
    fn paid<T>(&self, mut ask: impl FnMut() -> Result<T, Failed>) -> Result<T, rs_err_t> {
        let mut last = RS_OUT_OF_RAM;
        for _ in 0..MAX_UPGRADES {
            let lack = match ask() {
                Ok(value) => return Ok(value),
                Err(Failed::Other(e)) => return Err(e),
                Err(Failed::Lacks(lack)) => lack,
            };
            let step = match lack {
                Lack::Ram => Amount { ram: STEP.ram, ..Amount::NONE },
                Lack::Caps => Amount { caps: STEP.caps, ..Amount::NONE },
            };
            session::upgrade(self.id, step)?;
            last = match lack {
                Lack::Ram => RS_OUT_OF_RAM,
                Lack::Caps => RS_OUT_OF_CAPS,
            };
        }
        Err(last)
    }

    fn create(&self, size: usize) -> Result<Owned, Failed> {
        let call = rm::Call::Create { size: size as u64 };
        let made: Result<Cap<Owned>, AllocError> = rpc::call(self.cap, &call)?;
        match made {
            Ok(Cap(map)) if map.is_valid() => Ok(map),
            Ok(_) => Err(Failed::Other(RS_OUT_OF_CAPS)),
            Err(AllocError::OutOfRam) => Err(Failed::Lacks(Lack::Ram)),
            Err(AllocError::OutOfCaps) => Err(Failed::Lacks(Lack::Caps)),
            Err(AllocError::Denied) => Err(Failed::Other(RS_DENIED)),
        }
    }
}

impl Map {
    fn attach(&self, ds: rs_cap_t, attr: &rs_attach_attr_t) -> Result<usize, Failed> {
        let attr = Attr {
            size: attr.size as u64,
            offset: attr.offset as u64,
            use_at: true,
            at: attr.at as u64,
            executable: attr.executable,
            writeable: attr.writeable,
        };
        let call = Call::Attach { ds: Cap(Lent(ds)), attr };
        let attached: Result<Range, AttachError> = rpc::call(self.cap, &call)?;
        attached.map(|range| range.num_bytes as usize).map_err(|e| match e {
            AttachError::OutOfRam => Failed::Lacks(Lack::Ram),
            AttachError::OutOfCaps => Failed::Lacks(Lack::Caps),
            AttachError::RegionConflict => Failed::Other(RS_REGION_CONFLICT),
            AttachError::InvalidDataspace => Failed::Other(RS_INVALID),
        })
    }

    fn fault(&self) -> Result<rs_fault_t, rs_err_t> {
        let Fault { access, at } = rpc::call(self.cap, &Call::Fault)?;
        let kind = match access {
            Access::None => RS_FAULT_NONE,
            Access::Read => RS_FAULT_READ,
            Access::Write => RS_FAULT_WRITE,
            Access::Exec => RS_FAULT_EXEC,
        };
        Ok(rs_fault_t { kind, at: at as usize })
    }
}

/// The map behind a handle of the seam.
///
/// # Safety
/// `map` came from [`rs_rm_create`] and was not destroyed.
unsafe fn map<'a>(map: *mut rs_region_map_t) -> &'a Map {
    // SAFETY: by the caller's promise.
    unsafe { &*map.cast::<Map>() }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_rm_open(rm: *mut *mut rs_rm_t) -> rs_err_t {
    let args = format!("label=\"\", ram_quota={}, cap_quota={}", cost::RM.ram.0, cost::RM.caps);
    let (mut id, mut cap) = (0, 0);
    // SAFETY: valid strings, live out parameters; no affinity.
    let opened = unsafe {
        rs_session_open(
            c"RM".as_ptr(),
            2,
            args.as_ptr().cast(),
            args.len(),
            std::ptr::null(),
            &raw mut id,
            &raw mut cap,
        )
    };
    if opened == RS_OK {
        let session = Box::into_raw(Box::new(Session { id, cap }));
        // SAFETY: a valid pointer, by the contract.
        unsafe { *rm = session.cast() };
    }
    opened
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_rm_close(rm: *mut rs_rm_t) {
    if rm.is_null() {
        return;
    }
    // SAFETY: made by rs_rm_open and closed once, by the contract.
    let session = unsafe { Box::from_raw(rm.cast::<Session>()) };
    // SAFETY: ours.
    unsafe {
        rs_cap_drop(session.cap);
        rs_session_close(session.id);
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_rm_create(
    rm: *mut rs_rm_t,
    size: usize,
    map: *mut *mut rs_region_map_t,
) -> rs_err_t {
    let session = rm.cast::<Session>();
    // SAFETY: an open session, by the contract.
    let made = unsafe { (*session).paid(|| (*session).create(size)) };
    match made {
        Ok(cap) => {
            let made = Box::into_raw(Box::new(Map { session, cap: cap.release() }));
            // SAFETY: a valid pointer, by the contract.
            unsafe { *map = made.cast() };
            RS_OK
        }
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_rm_destroy(map: *mut rs_region_map_t) {
    if map.is_null() {
        return;
    }
    // SAFETY: made by rs_rm_create and destroyed once, by the contract.
    let map = unsafe { Box::from_raw(map.cast::<Map>()) };
    // SAFETY: the session is open as long as it has maps, by the contract.
    let session = unsafe { &*map.session };
    let told = rpc::call::<()>(session.cap, &rm::Call::Destroy { map: Cap(Lent(map.cap)) });
    // SAFETY: the session holds a reference.
    if let (Ok(()), Some(session)) = (told, unsafe { borrow(session.cap) }) {
        managed::settle(session);
    }
    // SAFETY: ours.
    unsafe { rs_cap_drop(map.cap) };
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_rm_dataspace(map: *mut rs_region_map_t) -> rs_cap_t {
    // SAFETY: a live map, by the contract.
    let map = unsafe { self::map(map) };
    let asked: Result<Cap<Owned>, _> = rpc::call(map.cap, &Call::Dataspace);
    asked.map_or(0, |Cap(ds)| ds.release())
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_rm_attach(
    map: *mut rs_region_map_t,
    ds: rs_cap_t,
    attr: *const rs_attach_attr_t,
    size: *mut usize,
) -> rs_err_t {
    // SAFETY: a live map with its session, and valid attributes, by the contract.
    let (map, attr) = unsafe { (self::map(map), &*attr) };
    // SAFETY: as above.
    let session = unsafe { &*map.session };
    if ds == 0 || !attr.offset.is_multiple_of(RS_PAGE_SIZE as usize) {
        return RS_INVALID;
    }
    match session.paid(|| map.attach(ds, attr)) {
        Ok(attached) => {
            // SAFETY: a valid pointer, by the contract.
            unsafe { *size = attached };
            RS_OK
        }
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_rm_detach(map: *mut rs_region_map_t, at: usize) {
    // SAFETY: a live map, by the contract.
    let map = unsafe { self::map(map) };
    let told = rpc::call::<()>(map.cap, &Call::Detach { at: at as u64 });
    // SAFETY: the map holds a reference.
    if let (Ok(()), Some(cap)) = (told, unsafe { borrow(map.cap) }) {
        managed::settle(cap);
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_rm_fault_handler(
    map: *mut rs_region_map_t,
    context: rs_cap_t,
) -> rs_err_t {
    // SAFETY: a live map, by the contract.
    let map = unsafe { self::map(map) };
    match rpc::call(map.cap, &Call::FaultHandler { handler: Cap(Lent(context)) }) {
        Ok(()) => RS_OK,
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_rm_fault(
    map: *mut rs_region_map_t,
    fault: *mut rs_fault_t,
) -> rs_err_t {
    // SAFETY: a live map, by the contract.
    match unsafe { self::map(map) }.fault() {
        Ok(f) => {
            // SAFETY: a valid pointer, by the contract.
            unsafe { *fault = f };
            RS_OK
        }
        Err(e) => e,
    }
}
