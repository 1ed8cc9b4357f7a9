//! `#[derive(Wire)]` in a crate that knows the codec, but not the SDK.

use genode_macros::Wire;
use genode_wire::{Caps, Reader, Wire as _, WireError, Writer};

/// A side of a call without capabilities.
type None = Option<core::convert::Infallible>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Wire)]
#[wire(crate = genode_wire)]
#[repr(i32)]
enum Cache {
    Uncached,
    Cached = 2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Wire)]
#[wire(crate = ::genode_wire)]
#[repr(C)]
struct Region<T> {
    at: T,
    writeable: bool,
    cache: Cache,
}

#[test]
fn structs_and_enums_are_laid_out_as_in_c_and_checked() {
    let region = Region { at: 0x1000_u64, writeable: true, cache: Cache::Cached };
    assert_eq!(Region::<u64>::SIZE, 16);
    let (mut body, mut caps) = ([0xee; 16], Caps::<None>::new());
    Writer::new(&mut body, &mut caps).put(&region).unwrap();
    assert_eq!(body, [0, 0x10, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]);
    let mut take = |body: &[u8]| Reader::new(body, &mut caps).take::<Region<u64>>();
    assert_eq!(take(&body), Ok(region));
    assert_eq!(take(&body[..15]), Err(WireError::Short));
    body[12] = 1;
    assert_eq!(take(&body), Err(WireError::BadValue));
    body[12] = 0;
    assert_eq!(take(&body), Ok(Region { cache: Cache::Uncached, ..region }));
    body[8] = 2;
    assert_eq!(take(&body), Err(WireError::BadValue));
}
