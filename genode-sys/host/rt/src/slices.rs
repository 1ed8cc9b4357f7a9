//! Slices of memory that is passed by address and length.
use std::ffi::c_char;

/// Elements that may be read.
///
/// # Safety
/// `len` is 0, or `len` elements at `start` are valid and aligned for `'a`, and nobody writes to them but by atomics.
#[inline]
pub(crate) unsafe fn shared<'a, T>(start: *const T, len: usize) -> &'a [T] {
    if len == 0 {
        return &[];
    }
    // SAFETY: by the caller's promise.
    unsafe { std::slice::from_raw_parts(start, len) }
}

/// Elements that may be written.
///
/// # Safety
/// As [`shared`], and nobody else uses them during `'a`.
#[inline]
pub(crate) unsafe fn exclusive<'a, T>(start: *mut T, len: usize) -> &'a mut [T] {
    if len == 0 {
        return &mut [];
    }
    // SAFETY: by the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(start, len) }
}

/// Bytes of a string that the seam passes; none if it is null.
///
/// # Safety
/// `start` is null, or as [`shared`].
pub(crate) unsafe fn bytes<'a>(start: *const c_char, len: usize) -> &'a [u8] {
    let len = if start.is_null() { 0 } else { len };
    // SAFETY: by the caller's promise.
    unsafe { shared(start.cast(), len) }
}
