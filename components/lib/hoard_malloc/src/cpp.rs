//! C++'s `operator new` and `operator delete`, every form, by their mangled names.
//!
//! When memory runs out, `new` calls the program's new handler until there is some, and throws
//! `std::bad_alloc` if there is none. Handler and exception are the C++ runtime's: weak symbols,
//! absent in a C program. An exception must not cross a frame of Rust, so the loop that may throw
//! is assembly with unwind information, entered by a jump.

use core::arch::global_asm;
use core::ffi::c_void;
use hoard::internals::c;

type P = *mut c_void;

unsafe extern "C" {
    /// `operator new` from where the quick part gave up.
    fn rs_hoard_new(size: usize, align: usize) -> P;
    /// The same for the forms that must not throw.
    fn rs_hoard_new_nothrow(size: usize, align: usize) -> P;
}

#[cfg(target_arch = "x86_64")]
global_asm!(
    ".macro rs_hoard_new_loop name, give_up",
    ".globl \\name",
    ".hidden \\name",
    ".type \\name, @function",
    "\\name:",
    ".cfi_startproc",
    "push rbx",
    ".cfi_adjust_cfa_offset 8",
    ".cfi_rel_offset rbx, 0",
    "push rbp",
    ".cfi_adjust_cfa_offset 8",
    ".cfi_rel_offset rbp, 0",
    "sub rsp, 8",
    ".cfi_adjust_cfa_offset 8",
    "mov rbx, rdi",
    "mov rbp, rsi",
    "2:",
    "mov rdi, rbx",
    "mov rsi, rbp",
    "call {try_new}",
    "test rax, rax",
    "jnz 4f",
    "mov rax, qword ptr [rip + _ZSt15get_new_handlerv@GOTPCREL]",
    "test rax, rax",
    "jz 3f",
    "call rax",
    "test rax, rax",
    "jz 3f",
    "call rax",
    "jmp 2b",
    "3:",
    "\\give_up",
    "4:",
    "add rsp, 8",
    ".cfi_remember_state",
    ".cfi_adjust_cfa_offset -8",
    "pop rbp",
    ".cfi_adjust_cfa_offset -8",
    ".cfi_restore rbp",
    "pop rbx",
    ".cfi_adjust_cfa_offset -8",
    ".cfi_restore rbx",
    "ret",
    ".cfi_restore_state",
    ".cfi_endproc",
    ".size \\name, . - \\name",
    ".endm",
    ".macro rs_hoard_throw",
    "mov rax, qword ptr [rip + _ZSt17__throw_bad_allocv@GOTPCREL]",
    "test rax, rax",
    "jz 5f",
    "call rax",
    "5: call abort@PLT",
    ".endm",
    ".macro rs_hoard_null",
    "xor eax, eax",
    ".endm",
    ".pushsection .text.rs_hoard_new, \"ax\", @progbits",
    ".weak _ZSt15get_new_handlerv",
    ".weak _ZSt17__throw_bad_allocv",
    "rs_hoard_new_loop rs_hoard_new, rs_hoard_throw",
    "rs_hoard_new_loop rs_hoard_new_nothrow, rs_hoard_null",
    ".popsection",
    try_new = sym try_new,
);

#[cfg(target_arch = "aarch64")]
global_asm!(
    ".macro rs_hoard_new_loop name, give_up",
    ".globl \\name",
    ".hidden \\name",
    ".type \\name, %function",
    "\\name:",
    ".cfi_startproc",
    "stp x29, x30, [sp, #-32]!",
    ".cfi_def_cfa_offset 32",
    ".cfi_offset 29, -32",
    ".cfi_offset 30, -24",
    "stp x19, x20, [sp, #16]",
    ".cfi_offset 19, -16",
    ".cfi_offset 20, -8",
    "mov x19, x0",
    "mov x20, x1",
    "2:",
    "mov x0, x19",
    "mov x1, x20",
    "bl {try_new}",
    "cbnz x0, 4f",
    "adrp x8, :got:_ZSt15get_new_handlerv",
    "ldr x8, [x8, :got_lo12:_ZSt15get_new_handlerv]",
    "cbz x8, 3f",
    "blr x8",
    "cbz x0, 3f",
    "blr x0",
    "b 2b",
    "3:",
    "\\give_up",
    "4:",
    "ldp x19, x20, [sp, #16]",
    "ldp x29, x30, [sp], #32",
    ".cfi_def_cfa_offset 0",
    "ret",
    ".cfi_endproc",
    ".size \\name, . - \\name",
    ".endm",
    ".macro rs_hoard_throw",
    "adrp x8, :got:_ZSt17__throw_bad_allocv",
    "ldr x8, [x8, :got_lo12:_ZSt17__throw_bad_allocv]",
    "cbz x8, 5f",
    "blr x8",
    "5: bl abort",
    ".endm",
    ".macro rs_hoard_null",
    "mov x0, xzr",
    ".endm",
    ".pushsection .text.rs_hoard_new, \"ax\", %progbits",
    ".weak _ZSt15get_new_handlerv",
    ".weak _ZSt17__throw_bad_allocv",
    "rs_hoard_new_loop rs_hoard_new, rs_hoard_throw",
    "rs_hoard_new_loop rs_hoard_new_nothrow, rs_hoard_null",
    ".popsection",
    try_new = sym try_new,
);

extern "C" fn try_new(size: usize, align: usize) -> P {
    c::new_aligned(size, align)
}

macro_rules! new {
    ($($name:ident, $aligned:ident => $slow:ident ($($tag:ident)?);)*) => {$(
        /// A form of `operator new`.
        #[unsafe(no_mangle)]
        pub extern "C" fn $name(size: usize $(, $tag: P)?) -> P {
            $(let _ = $tag;)?
            let block = c::new_quick(size);
            if !block.is_null() {
                return block;
            }
            // SAFETY: defined above. It is the last thing this function does, so the optimiser
            // makes it a jump; without optimisation this frame holds nothing to clean up.
            unsafe { $slow(size, 1) }
        }

        /// The same with an alignment.
        #[unsafe(no_mangle)]
        pub extern "C" fn $aligned(size: usize, align: usize $(, $tag: P)?) -> P {
            $(let _ = $tag;)?
            // SAFETY: as above.
            unsafe { $slow(size, align) }
        }
    )*};
}

new! {
    _Znwm, _ZnwmSt11align_val_t => rs_hoard_new ();
    _Znam, _ZnamSt11align_val_t => rs_hoard_new ();
    _ZnwmRKSt9nothrow_t, _ZnwmSt11align_val_tRKSt9nothrow_t => rs_hoard_new_nothrow (tag);
    _ZnamRKSt9nothrow_t, _ZnamSt11align_val_tRKSt9nothrow_t => rs_hoard_new_nothrow (tag);
}

macro_rules! delete {
    ($($name:ident($($unused:ident),*);)*) => {$(
        /// A form of `operator delete`.
        ///
        /// # Safety
        /// As in C++.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(block: P $(, $unused: usize)*) {
            $(let _ = $unused;)*
            // SAFETY: the C++ contract, the caller's to keep.
            unsafe { c::free(block) }
        }
    )*};
}

delete! {
    _ZdlPv();
    _ZdaPv();
    _ZdlPvm(size);
    _ZdaPvm(size);
    _ZdlPvRKSt9nothrow_t(tag);
    _ZdaPvRKSt9nothrow_t(tag);
    _ZdlPvSt11align_val_t(align);
    _ZdaPvSt11align_val_t(align);
    _ZdlPvmSt11align_val_t(size, align);
    _ZdaPvmSt11align_val_t(size, align);
    _ZdlPvSt11align_val_tRKSt9nothrow_t(align, tag);
    _ZdaPvSt11align_val_tRKSt9nothrow_t(align, tag);
}
