//! The page by which the fork's kernel tells every component of the machine.
//!
//! base-tukija maps it at a fixed address and offers no session for it. Everywhere else there is nothing, or something
//! else, at that address, so the kernel is asked for its name first.
#![allow(unsafe_code, reason = "a page that the kernel maps at a fixed address")]

use alloc::vec::Vec;

use crate::{env::Env, error::Error};

/// A copy of the topology information page (TIP), as long as it says that it is.
///
/// Its layout is read by `topology::source::tip`.
///
/// # Errors
/// [`Error::Unsupported`] where the kernel is not base-tukija, or where core has no `platform_info` ROM to say so.
pub fn topology(env: Env) -> Result<Vec<u8>, Error> {
    #[cfg(all(target_os = "genode", target_arch = "x86_64"))]
    if mapped::kernel_is_tukija(env) {
        // SAFETY: the kernel is base-tukija.
        return unsafe { mapped::copy() };
    }
    let _ = env;
    Err(Error::Unsupported)
}

#[cfg(all(target_os = "genode", target_arch = "x86_64"))]
mod mapped {
    use super::{Env, Error, Vec};
    use crate::{node::Node, session::rom::RomConnection};

    /// Where base-tukija maps the page (`tukija/syscall-generic.h`, `Tip::tip`).
    const ADDRESS: usize = 0x7fff_bffe_0000;

    /// Bytes before the first domain; the first two are the length of what follows or of everything.
    const HEAD: usize = 8;

    pub(super) fn kernel_is_tukija(env: Env) -> bool {
        let text = RomConnection::open(env, "platform_info").and_then(|mut rom| rom.read(1 << 20));
        let node = text.ok().and_then(|text| Node::parse(&text).ok());
        let kernel = node.as_ref().and_then(|node| node.child("kernel")?.attr("name"));
        kernel == Some("tukija")
    }

    /// Copies the page.
    ///
    /// # Safety
    /// The kernel is base-tukija.
    pub(super) unsafe fn copy() -> Result<Vec<u8>, Error> {
        let byte = |offset: usize| {
            // SAFETY: on this kernel, as the caller promises, the page is mapped in every component for as long
            // as it lives, and readable over its whole length (at most 65535 bytes and the head, of the 32 pages that core
            // keeps free there). The kernel owns the memory, so no Rust object lies in it; volatile, as it is not ours.
            unsafe { core::ptr::with_exposed_provenance::<u8>(ADDRESS + offset).read_volatile() }
        };
        let length = HEAD + usize::from(u16::from_le_bytes([byte(0), byte(1)]));
        let mut copy = Vec::new();
        copy.try_reserve_exact(length).map_err(|_| Error::OutOfRam)?;
        copy.extend((0..length).map(byte));
        Ok(copy)
    }
}
