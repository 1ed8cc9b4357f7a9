//! C's names for an allocator that has its functions under other names. Each is one jump.

/// Exports the malloc family; each argument is a function, `unsafe` or not, of C's type but for the name.
macro_rules! c_names {
    (
        malloc: $malloc:expr, calloc: $calloc:expr, free: $free:expr, realloc: $realloc:expr,
        malloc_usable_size: $usable:expr, aligned_alloc: $aligned:expr $(,)?
    ) => {
        mod c_names {
            use core::ffi::{c_int, c_void};

            #[allow(clippy::wildcard_imports)] // the functions named in the arguments
            use super::*;

            const ENOMEM: c_int = 12;
            const EINVAL: c_int = 22;
            const PAGE: usize = 4096;

            c_names!(@one malloc(size: usize) -> *mut c_void, $malloc);
            c_names!(@one calloc(count: usize, size: usize) -> *mut c_void, $calloc);
            c_names!(@one free(pointer: *mut c_void) -> (), $free);
            c_names!(@one realloc(pointer: *mut c_void, size: usize) -> *mut c_void, $realloc);
            c_names!(@one malloc_usable_size(pointer: *mut c_void) -> usize, $usable);
            c_names!(@one aligned_alloc(alignment: usize, size: usize) -> *mut c_void, $aligned);
            c_names!(@one memalign(alignment: usize, size: usize) -> *mut c_void, aligned_alloc);

            /// C's function of this name.
            ///
            /// # Safety
            /// As in C.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn valloc(size: usize) -> *mut c_void {
                // SAFETY: any size may be asked for.
                unsafe { aligned_alloc(PAGE, size) }
            }

            /// POSIX's function of this name.
            ///
            /// # Safety
            /// `out` can be written to.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn posix_memalign(
                out: *mut *mut c_void,
                alignment: usize,
                size: usize,
            ) -> c_int {
                if !alignment.is_power_of_two() || alignment < size_of::<usize>() {
                    return EINVAL;
                }
                // SAFETY: any size may be asked for, and the alignment is one.
                let pointer = unsafe { aligned_alloc(alignment, size) };
                if pointer.is_null() {
                    return ENOMEM;
                }
                // SAFETY: the caller's promise.
                unsafe { out.write(pointer) };
                0
            }
        }
    };
    (@one $name:ident($($arg:ident: $type:ty),*) -> $result:ty, $function:expr) => {
        /// C's function of this name.
        ///
        /// # Safety
        /// As in C.
        #[unsafe(no_mangle)]
        #[allow(unused_unsafe)]
        pub unsafe extern "C" fn $name($($arg: $type),*) -> $result {
            // SAFETY: the caller's promise is the same.
            unsafe { $function($($arg),*) }
        }
    };
}
