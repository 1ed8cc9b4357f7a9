//! Slices of memory that is passed by address and length.
use std::ffi::c_char;

/// Elements that may be read.
///
/// # Safety
/// `start` is null, or `len` is 0, or `len` elements at `start` are valid and aligned for `'a`, and nobody writes to them but
/// by atomics.
pub(crate) unsafe fn shared<'a, T>(start: *const T, len: usize) -> &'a [T] {
    if len == 0 || start.is_null() {
        return &[];
    }
    // SAFETY: by the caller's promise.
    unsafe { std::slice::from_raw_parts(start, len) }
}

/// Elements that may be written.
///
/// # Safety
/// As [`shared`], and nobody else uses them during `'a`.
pub(crate) unsafe fn exclusive<'a, T>(start: *mut T, len: usize) -> &'a mut [T] {
    if len == 0 || start.is_null() {
        return &mut [];
    }
    // SAFETY: by the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(start, len) }
}

/// Bytes of a string that the seam passes.
///
/// # Safety
/// As [`shared`].
pub(crate) unsafe fn bytes<'a>(start: *const c_char, len: usize) -> &'a [u8] {
    // SAFETY: by the caller's promise.
    unsafe { shared(start.cast(), len) }
}
