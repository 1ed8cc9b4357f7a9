//! What an RM session pays with: the donation of whoever opened it.
use crate::account::Guard;

/// RAM that a region map takes, about what core remembers of it.
pub(super) const MAP_RAM: u64 = 4096;
/// RAM that a region takes.
const REGION_RAM: u64 = 256;
/// Capabilities that a region map takes, as a session object does.
const MAP_CAPS: u64 = 1;
/// Capabilities that the session itself takes.
const SESSION_CAPS: u64 = 1;

/// Why a region map is not created.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lack {
    Ram,
    Caps,
}

/// The quota of one RM session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    ram: Guard,
    caps: Guard,
}

impl Budget {
    /// The budget of a session with a donation.
    pub(crate) fn new(ram: u64, caps: u64) -> Self {
        let used = SESSION_CAPS.min(caps);
        Self { ram: Guard { limit: ram, used: 0 }, caps: Guard { limit: caps, used } }
    }

    /// The session was upgraded.
    pub(crate) fn grow(&mut self, ram: u64, caps: u64) {
        self.ram.limit += ram;
        self.caps.limit += caps;
    }

    /// Pay for a map.
    pub(crate) fn take_map(&mut self) -> Result<(), Lack> {
        if self.caps.avail() < MAP_CAPS {
            return Err(Lack::Caps);
        }
        if self.ram.avail() < MAP_RAM {
            return Err(Lack::Ram);
        }
        self.caps.used += MAP_CAPS;
        self.ram.used += MAP_RAM;
        Ok(())
    }

    /// A map is gone.
    pub(crate) fn give_map(&mut self) {
        self.caps.used -= MAP_CAPS;
        self.ram.used -= MAP_RAM;
    }

    pub(super) fn take_region(&mut self) -> bool {
        let fits = self.ram.avail() >= REGION_RAM;
        if fits {
            self.ram.used += REGION_RAM;
        }
        fits
    }

    pub(super) fn give_region(&mut self) {
        self.ram.used -= REGION_RAM;
    }

    /// Whether nothing but the session itself is paid for.
    #[cfg(test)]
    pub(super) fn idle(&self) -> bool {
        self.ram.used == 0 && self.caps.used <= SESSION_CAPS
    }
}
