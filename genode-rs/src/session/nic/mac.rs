//! Addresses of network adapters.

use core::{fmt, str::FromStr};

/// The address of a network adapter (MAC-48).
///
/// ```
/// use genode::session::nic::MacAddress;
///
/// let address: MacAddress = "02:0a:00:00:00:1F".parse().unwrap();
/// assert_eq!(address.to_string(), "02:0a:00:00:00:1f");
/// assert!(!address.is_multicast());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, genode::Wire)]
#[repr(transparent)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// Address of all adapters of a network.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// Tells whether the address is that of a group, of which all adapters are one.
    pub const fn is_multicast(self) -> bool {
        self.0[0] & 1 != 0
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// A text that is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadMac;

impl fmt::Display for BadMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "no MAC address: write six bytes as two hexadecimal digits each, with ':' between them",
        )
    }
}

impl core::error::Error for BadMac {}

impl FromStr for MacAddress {
    type Err = BadMac;

    fn from_str(text: &str) -> Result<Self, BadMac> {
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().ok_or(BadMac)?;
            if part.len() != 2 || !part.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(BadMac);
            }
            *byte = u8::from_str_radix(part, 16).map_err(|_| BadMac)?;
        }
        if parts.next().is_some() {
            return Err(BadMac);
        }
        Ok(Self(bytes))
    }
}
