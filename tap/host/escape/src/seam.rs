//! The little of the seam that the attempts need.
use genode_sys::*;
use rs_host_proto::wire::Writer;

/// Prints a line of the LOG.
pub(crate) fn log(text: &str) {
    // SAFETY: a live string.
    unsafe { rs_log(RS_LOG, text.as_ptr().cast(), text.len()) };
}

/// Calls a capability; the reply word, the first word of the reply, and its first capability.
pub(crate) fn call(
    dst: rs_cap_t,
    opcode: u64,
    caps: &[rs_cap_t],
    fill: impl FnOnce(&mut Writer<'_>),
) -> Option<(i64, u64, rs_cap_t)> {
    let mut body = [0; 512];
    let mut writer = Writer::new(&mut body);
    writer.u64(opcode);
    fill(&mut writer);
    let len = writer.finish().ok()?;
    let mut all = [0; RS_MAX_CAPS as usize];
    for (to, from) in all.iter_mut().zip(caps) {
        *to = *from;
    }
    let call = rs_msg_t {
        data: body.as_mut_ptr(),
        len,
        capacity: len,
        caps: all,
        num_caps: caps.len() as u32,
    };
    let mut answer = [0u8; RS_MAX_BODY as usize];
    let mut reply = rs_msg_t {
        data: answer.as_mut_ptr(),
        len: 0,
        capacity: answer.len(),
        caps: [0; RS_MAX_CAPS as usize],
        num_caps: 0,
    };
    let mut protocol = 0;
    // SAFETY: messages and the out parameter are live.
    let result = unsafe { rs_call(dst, &raw const call, &raw mut reply, &raw mut protocol) };
    let word = answer.first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
    (result == RS_OK).then(|| (protocol, word, reply.caps.first().copied().unwrap_or(0)))
}

/// Opens a session.
pub(crate) fn open(service: &str, label: &str, ram: u64, caps: u64) -> Option<(u64, rs_cap_t)> {
    let args = format!("label=\"{label}\", ram_quota={ram}, cap_quota={caps}");
    let (mut id, mut cap) = (0, 0);
    // SAFETY: live strings and out parameters; no affinity.
    let result = unsafe {
        rs_session_open(
            service.as_ptr().cast(),
            service.len(),
            args.as_ptr().cast(),
            args.len(),
            std::ptr::null(),
            &raw mut id,
            &raw mut cap,
        )
    };
    (result == RS_OK).then_some((id, cap))
}

/// Attaches a dataspace.
pub(crate) fn attach(ds: rs_cap_t, writeable: bool) -> Option<usize> {
    let attr = rs_attach_attr_t { offset: 0, size: 0, at: 0, writeable, executable: false };
    let (mut addr, mut size) = (0, 0);
    // SAFETY: a live attribute and out parameters.
    let result = unsafe { rs_attach(ds, &raw const attr, &raw mut addr, &raw mut size) };
    (result == RS_OK).then_some(addr)
}

/// Allocates RAM.
pub(crate) fn alloc(size: usize) -> Option<rs_cap_t> {
    let mut ds = 0;
    // SAFETY: a live out parameter.
    let result = unsafe { rs_ram_alloc(size, RS_CACHED, RS_ANY_NODE, &raw mut ds) };
    (result == RS_OK).then_some(ds)
}

/// Frees RAM.
pub(crate) fn free(ds: rs_cap_t) {
    // SAFETY: allocated by us, not used any more.
    unsafe { rs_ram_free(ds) };
}

/// The component's accounts.
pub(crate) fn quota() -> rs_quota_t {
    let mut q = rs_quota_t { ram_limit: 0, ram_used: 0, caps_limit: 0, caps_used: 0 };
    // SAFETY: a live out parameter.
    unsafe { rs_quota(&raw mut q) };
    q
}

/// Whether a thread can be started at a location, and then moved to another.
pub(crate) fn thread_at(first: rs_location_t, then: rs_location_t) -> bool {
    unsafe extern "C" fn nothing(_: *mut std::ffi::c_void) {}
    let mut thread = std::ptr::null_mut();
    // SAFETY: a live name and out parameter, a function that does nothing.
    let made = unsafe {
        rs_thread_create(
            c"t".as_ptr(),
            1,
            1 << 16,
            first,
            Some(nothing),
            std::ptr::null_mut(),
            &raw mut thread,
        )
    };
    if made != RS_OK {
        return false;
    }
    // SAFETY: a live thread.
    let moved = unsafe { rs_thread_migrate(thread, then) };
    // SAFETY: made above, joined once.
    unsafe { rs_thread_join(thread) };
    // A thread that ended already cannot be moved, but may have been where it was started.
    let same = (first.x, first.y, first.w, first.h) == (then.x, then.y, then.w, then.h);
    moved == RS_OK || (moved == RS_INVALID && same)
}
