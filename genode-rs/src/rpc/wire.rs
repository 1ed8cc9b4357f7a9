//! Plain values: types whose bytes in a message are their C++ counterpart's bytes in memory.

use core::mem::offset_of;

use super::WireError;
use crate::affinity::{Affinity, Location, Space};

#[cfg(not(all(target_pointer_width = "64", target_endian = "little")))]
compile_error!("the RPC wire format is defined for 64-bit little-endian systems only");

/// A plain value of fixed size, laid out as C does.
///
/// Derive it for `#[repr(C)]` structs of such values and for enums of unit variants with an explicit
/// integer representation (C++ enums without one are `#[repr(u32)]`):
///
/// ```
/// #[derive(Clone, Copy, Debug, PartialEq, genode::Wire)]
/// #[repr(C)]
/// struct Space { width: u32, height: u32 }
///
/// #[derive(Clone, Copy, Debug, PartialEq, genode::Wire)]
/// #[repr(u32)]
/// enum Cache { Uncached, WriteCombined, Cached }
///
/// use genode::rpc::{Wire, WireError};
/// assert_eq!(Cache::load(&[2, 0, 0, 0]), Ok(Cache::Cached));
/// assert_eq!(Cache::load(&[3, 0, 0, 0]), Err(WireError::BadValue));
/// ```
///
/// Pointers have no meaning at the other side: declare such a field as `u64`.
///
/// ```compile_fail,E0277
/// #[derive(genode::Wire)]
/// #[repr(C)]
/// struct List { next: *const u8 }
/// ```
pub trait Wire: Sized {
    /// `sizeof` of the C++ type.
    const SIZE: usize;

    /// Writes all of `bytes`, which are [`Self::SIZE`] many; padding becomes zero.
    fn store(&self, bytes: &mut [u8]);

    /// Reads a value from [`Self::SIZE`] bytes. Padding is ignored, as C++ leaves anything there.
    fn load(bytes: &[u8]) -> Result<Self, WireError>;
}

macro_rules! numbers {
    ($($ty:ty)*) => { $(
        impl Wire for $ty {
            const SIZE: usize = size_of::<Self>();

            #[inline]
            fn store(&self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_ne_bytes());
            }

            #[inline]
            fn load(bytes: &[u8]) -> Result<Self, WireError> {
                bytes.try_into().map(Self::from_ne_bytes).map_err(|_| WireError::Short)
            }
        }
    )* };
}

numbers!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize f32 f64);

/// Structs of the crates below this one, field by field as the derive does it; they have no padding.
macro_rules! structs {
    ($($name:ty { $($field:ident: $ty:ty),* })*) => { $(
        impl Wire for $name {
            const SIZE: usize = {
                assert!(0 $(+ <$ty as Wire>::SIZE)* == size_of::<Self>(), "there is padding");
                size_of::<Self>()
            };

            #[inline]
            fn store(&self, bytes: &mut [u8]) {
                $({
                    let start = offset_of!(Self, $field);
                    self.$field.store(&mut bytes[start..start + <$ty as Wire>::SIZE]);
                })*
            }

            #[inline]
            fn load(bytes: &[u8]) -> Result<Self, WireError> {
                if bytes.len() != Self::SIZE {
                    return Err(WireError::Short);
                }
                Ok(Self {
                    $($field: {
                        let start = offset_of!(Self, $field);
                        Wire::load(&bytes[start..start + <$ty as Wire>::SIZE])?
                    },)*
                })
            }
        }
    )* };
}

structs! {
    Space { width: u32, height: u32 }
    Location { x: i32, y: i32, width: u32, height: u32 }
    Affinity { space: Space, location: Location }
}

impl Wire for bool {
    const SIZE: usize = 1;

    #[inline]
    fn store(&self, bytes: &mut [u8]) {
        u8::from(*self).store(bytes);
    }

    #[inline]
    fn load(bytes: &[u8]) -> Result<Self, WireError> {
        match u8::load(bytes)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(WireError::BadValue),
        }
    }
}

impl<T: Wire + Copy + Default, const N: usize> Wire for [T; N] {
    const SIZE: usize = {
        assert!(T::SIZE > 0 && N > 0, "C has no types of size zero");
        T::SIZE * N
    };

    fn store(&self, bytes: &mut [u8]) {
        for (item, bytes) in self.iter().zip(bytes.chunks_exact_mut(T::SIZE)) {
            item.store(bytes);
        }
    }

    fn load(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() != Self::SIZE {
            return Err(WireError::Short);
        }
        let mut items = [T::default(); N];
        for (item, bytes) in items.iter_mut().zip(bytes.chunks_exact(T::SIZE)) {
            *item = T::load(bytes)?;
        }
        Ok(items)
    }
}
