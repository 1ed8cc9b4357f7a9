//! What kind of access a fault was, by the CPU's word.
use std::ffi::c_void;

use genode_abi::*;

/// The kind of access that raised the signal whose context this is.
///
/// # Safety
/// `context` is what the kernel passes to a handler of SIGSEGV or SIGBUS.
#[cfg(target_arch = "x86_64")]
pub(crate) unsafe fn kind(context: *const c_void) -> rs_fault_kind_t {
    // Bits of the page fault's error code (Intel SDM, volume 3, "Interrupt 14").
    const WRITE: i64 = 1 << 1;
    const FETCH: i64 = 1 << 4;
    let context = context.cast::<libc::ucontext_t>();
    // SAFETY: by the caller's promise.
    let error = unsafe { (&(*context).uc_mcontext.gregs)[libc::REG_ERR as usize] };
    match error {
        e if e & FETCH != 0 => RS_FAULT_EXEC,
        e if e & WRITE != 0 => RS_FAULT_WRITE,
        _ => RS_FAULT_READ,
    }
}

/// The kind of access that raised the signal whose context this is.
///
/// # Safety
/// `context` is what the kernel passes to a handler of SIGSEGV or SIGBUS.
#[cfg(target_arch = "aarch64")]
pub(crate) unsafe fn kind(context: *const c_void) -> rs_fault_kind_t {
    /// Head of a record behind the registers (`struct _aarch64_ctx`).
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Head {
        magic: u32,
        size: u32,
    }
    const ESR_MAGIC: u32 = 0x4553_5201;
    // Bits of the exception syndrome (Arm ARM, ESR_EL1): class, and "write not read" of a data abort.
    const INSTRUCTION_ABORT: u64 = 0x20;
    const WRITE: u64 = 1 << 6;
    let context = context.cast::<libc::ucontext_t>();
    // SAFETY: by the caller's promise.
    let registers = unsafe { &raw const (*context).uc_mcontext };
    // The records fill the last 4096 bytes of the registers' structure.
    let area = size_of::<libc::mcontext_t>() - 4096;
    let mut at = 0;
    while at + size_of::<Head>() + 8 <= 4096 {
        // SAFETY: within the structure; records are aligned to 16 bytes.
        let record = unsafe { registers.cast::<u8>().add(area + at) };
        // SAFETY: as above.
        let head = unsafe { record.cast::<Head>().read() };
        if head.magic == ESR_MAGIC {
            // SAFETY: the word behind the head of this record is the syndrome.
            let syndrome = unsafe { record.add(size_of::<Head>()).cast::<u64>().read() };
            return match syndrome {
                s if s >> 26 & 0x3f == INSTRUCTION_ABORT => RS_FAULT_EXEC,
                s if s & WRITE != 0 => RS_FAULT_WRITE,
                _ => RS_FAULT_READ,
            };
        }
        if head.size == 0 {
            break;
        }
        at += head.size as usize;
    }
    RS_FAULT_READ
}
