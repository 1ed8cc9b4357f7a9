//! Region maps: calls to sessions of the RM service.
use genode_abi::*;
use genode_host_proto::opcode::{alloc_error, attach_error, cost, region_map, rm};

use crate::caps::{borrow, rs_cap_drop};
use crate::session::{rs_session_close, rs_session_open, rs_session_upgrade};
use crate::{managed, rpc};

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

/// What a request lacks.
enum Failed {
    Ram,
    Caps,
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
            let args: &[u8] = match ask() {
                Ok(value) => return Ok(value),
                Err(Failed::Other(e)) => return Err(e),
                Err(Failed::Ram) => {
                    last = RS_OUT_OF_RAM;
                    b"ram_quota=8192"
                }
                Err(Failed::Caps) => {
                    last = RS_OUT_OF_CAPS;
                    b"cap_quota=2"
                }
            };
            // SAFETY: a valid string.
            match unsafe { rs_session_upgrade(self.id, args.as_ptr().cast(), args.len()) } {
                RS_OK => {}
                e => return Err(e),
            }
        }
        Err(last)
    }

    fn create(&self, size: usize) -> Result<rs_cap_t, Failed> {
        let mut reply = rpc::call(self.cap, rm::CREATE, &[], |w| {
            w.u64(size as u64);
        })?;
        let mut results = reply.reader();
        if results.bool().map_err(rpc::malformed)? {
            return match reply.take_cap(0) {
                0 => Err(Failed::Other(RS_OUT_OF_CAPS)),
                cap => Ok(cap),
            };
        }
        Err(match results.i32().map_err(rpc::malformed)? {
            alloc_error::OUT_OF_RAM => Failed::Ram,
            alloc_error::OUT_OF_CAPS => Failed::Caps,
            _ => Failed::Other(RS_DENIED),
        })
    }
}

impl Map {
    fn attach(&self, ds: rs_cap_t, attr: &rs_attach_attr_t) -> Result<usize, Failed> {
        let flags = u64::from(attr.executable) | u64::from(attr.writeable) << 8;
        let reply = rpc::call(self.cap, region_map::ATTACH, &[ds], |w| {
            w.u64(attr.size as u64)
                .u64(attr.offset as u64)
                .bool(true)
                .u64(attr.at as u64)
                .u64(flags);
        })?;
        let mut results = reply.reader();
        if results.bool().map_err(rpc::malformed)? {
            let _at = results.u64().map_err(rpc::malformed)?;
            return Ok(results.u64().map_err(rpc::malformed)? as usize);
        }
        Err(match results.i32().map_err(rpc::malformed)? {
            attach_error::OUT_OF_RAM => Failed::Ram,
            attach_error::OUT_OF_CAPS => Failed::Caps,
            attach_error::REGION_CONFLICT => Failed::Other(RS_REGION_CONFLICT),
            _ => Failed::Other(RS_INVALID),
        })
    }

    fn fault(&self) -> Result<rs_fault_t, rs_err_t> {
        let reply = rpc::call(self.cap, region_map::FAULT, &[], |_| {})?;
        let mut results = reply.reader();
        let kind = results.i32().map_err(rpc::malformed)?;
        let at = results.u64().map_err(rpc::malformed)? as usize;
        let kind = rs_fault_kind_t::try_from(kind).unwrap_or(RS_FAULT_NONE);
        Ok(rs_fault_t { kind, at })
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
    let args = format!("label=\"\", ram_quota={}, cap_quota={}", cost::RM.ram, cost::RM.caps);
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
            let made = Box::into_raw(Box::new(Map { session, cap }));
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
    let told = rpc::call(session.cap, rm::DESTROY, &[map.cap], |_| {});
    // SAFETY: the session holds a reference.
    if let (Ok(_), Some(session)) = (told, unsafe { borrow(session.cap) }) {
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
    let asked = rpc::call(map.cap, region_map::DATASPACE, &[], |_| {});
    asked.map_or(0, |mut reply| reply.take_cap(0))
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
    let told = rpc::call(map.cap, region_map::DETACH, &[], |w| {
        w.u64(at as u64);
    });
    // SAFETY: the map holds a reference.
    if let (Ok(_), Some(cap)) = (told, unsafe { borrow(map.cap) }) {
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
    match rpc::call(map.cap, region_map::FAULT_HANDLER, &[context], |_| {}) {
        Ok(_) => RS_OK,
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
