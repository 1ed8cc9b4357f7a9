//! A machine for people and for other programs: as a tree, a drawing, JSON, hwloc's XML, or a
//! description that this crate reads back. Everything is written to a [`core::fmt::Write`].

mod description;
mod hwloc;
mod json;
mod svg;
mod text;
mod tree;

pub use description::description;
pub use hwloc::{HwlocVersion, hwloc_xml};
pub use json::json;
pub use svg::svg;
pub use text::{TextOptions, details, text};

use core::fmt::{self, Write};

/// A size in the largest binary unit that leaves a whole number, or one with a decimal.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
        let mut unit = 0;
        let mut whole = self.0;
        let mut rest = 0;
        while whole >= 1024 && unit + 1 < UNITS.len() {
            rest = whole % 1024;
            whole /= 1024;
            unit += 1;
        }
        let name = UNITS.get(unit).copied().unwrap_or("B");
        match rest * 10 / 1024 {
            0 => write!(f, "{whole} {name}"),
            tenth => write!(f, "{whole}.{tenth} {name}"),
        }
    }
}

/// A number of thousandths in whole units, with decimals as far as they matter: three digits.
pub(crate) struct Thousandths(pub(crate) u64);

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (step, mut digits) = match self.0 {
            0..1_000 => (1, 3),
            1_000..10_000 => (10, 2),
            10_000..100_000 => (100, 1),
            _ => (1000, 0),
        };
        let units = self.0 / step + u64::from(self.0 % step * 2 >= step.max(2));
        let (whole, mut rest) = (units / (1000 / step), units % (1000 / step));
        if rest == 0 {
            return write!(f, "{whole}");
        }
        while rest % 10 == 0 {
            rest /= 10;
            digits -= 1;
        }
        write!(f, "{whole}.{rest:0digits$}")
    }
}

/// Text with the characters escaped that XML gives a meaning.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Thousandths};
    use alloc::string::ToString;

    #[test]
    fn small_values_keep_their_decimals() {
        let text = |n| Thousandths(n).to_string();
        assert_eq!([text(0), text(5), text(100), text(999)], ["0", "0.005", "0.1", "0.999"]);
        assert_eq!([text(1000), text(9_996), text(46_600)], ["1", "10", "46.6"]);
        assert_eq!(
            [text(99_960), text(204_800), text(u64::MAX)],
            ["100", "205", "18446744073709552"]
        );
    }

    #[test]
    fn sizes_are_short() {
        let text = |n| Bytes(n).to_string();
        assert_eq!(text(0), "0 B");
        assert_eq!(text(1023), "1023 B");
        assert_eq!(text(48 << 10), "48 KiB");
        assert_eq!(text((3 << 30) + (1 << 29)), "3.5 GiB");
        assert_eq!(text(u64::MAX), "16777215.9 TiB");
    }
}
