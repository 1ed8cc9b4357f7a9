//! The fork's topology information page as source: mapped into each component by base-tukija, or in a ROM.

use alloc::{format, string::String, vec::Vec};

use genode::{Error, info_page, prelude::*, session::rom::RomConnection};
use topology::{Claims, source::tip};

/// Reads the page where the kernel has one, else the ROM `tip`.
pub(super) fn read(env: Env) -> Result<Claims, String> {
    let (bytes, from) = match info_page::topology(env) {
        Ok(bytes) => (bytes, "page"),
        Err(Error::Unsupported) => {
            (rom(env).map_err(|error| format!("ROM \"tip\": {error}"))?, "ROM")
        }
        Err(error) => return Err(format!("TIP: {error}")),
    };
    tip::parse(&bytes).map_err(|error| format!("TIP ({from}): {error}"))
}

fn rom(env: Env) -> Result<Vec<u8>, Error> {
    let mut session = RomConnection::open(env, "tip")?;
    session.update()?;
    let Some(attached) = session.attached() else { return Ok(Vec::new()) };
    let mut bytes = alloc::vec![0; attached.size().min(tip::MAX_SIZE)];
    attached.read(0, &mut bytes)?;
    Ok(bytes)
}
