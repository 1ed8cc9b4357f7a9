//! Plain values: types whose bytes in a message are their C++ counterpart's bytes in memory.

use genode_affinity::{Affinity, Location, Space};
use genode_args::quota::{Amount, CapQuota, RamQuota};

use crate::error::WireError;

#[cfg(not(all(target_pointer_width = "64", target_endian = "little")))]
compile_error!("the RPC wire format is defined for 64-bit little-endian systems only");

/// A plain value of fixed size, laid out as C does.
///
/// Derive it for `#[repr(C)]` structs of such values and for enums of unit variants with an explicit
/// integer representation (C++ enums without one are `#[repr(u32)]`):
///
/// ```text
/// #[derive(Clone, Copy, Debug, PartialEq, genode::Wire)]
/// #[repr(C)]
/// struct Space { width: u32, height: u32 }
///
/// #[derive(Clone, Copy, Debug, PartialEq, genode::Wire)]
/// #[repr(u32)]
/// enum Cache { Uncached, WriteCombined, Cached }
/// ```
///
/// A crate that knows this crate but not `genode` derives it by `#[derive(genode_macros::Wire)]` with
/// `#[wire(crate = genode_wire)]`. Pointers have no meaning at the other side: declare such a field as `u64`.
///
/// ```
/// use genode_wire::{Wire, WireError};
///
/// assert_eq!(u32::load(&[2, 0, 0, 0]), Ok(2));
/// assert_eq!(u32::load(&[2, 0, 0]), Err(WireError::Short));
/// assert_eq!(bool::load(&[2]), Err(WireError::BadValue));
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

/// Implements [`Wire`] for `#[repr(C)]` structs, field by field as the derive does it: for crates that stand below the derive's.
///
/// ```
/// #[derive(Debug, PartialEq)]
/// #[repr(C)]
/// struct Range { start: u64, writeable: bool }
/// genode_wire::structs! { Range { start: u64, writeable: bool } }
///
/// use genode_wire::Wire;
/// let bytes = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
/// assert_eq!(Range::load(&bytes), Ok(Range { start: 256, writeable: true }));
/// ```
#[macro_export]
macro_rules! structs {
    ($($name:ty { $($field:ident: $ty:ty),* $(,)? })*) => { $(
        impl $crate::Wire for $name {
            const SIZE: usize = ::core::mem::size_of::<Self>();

            #[inline]
            fn store(&self, bytes: &mut [u8]) {
                if const { 0 $(+ <$ty as $crate::Wire>::SIZE)* < ::core::mem::size_of::<Self>() } {
                    bytes.fill(0); // padding
                }
                $({
                    let start = ::core::mem::offset_of!(Self, $field);
                    let end = start + <$ty as $crate::Wire>::SIZE;
                    $crate::Wire::store(&self.$field, &mut bytes[start..end]);
                })*
            }

            #[inline]
            fn load(bytes: &[u8]) -> ::core::result::Result<Self, $crate::WireError> {
                if bytes.len() != <Self as $crate::Wire>::SIZE {
                    return ::core::result::Result::Err($crate::WireError::Short);
                }
                ::core::result::Result::Ok(Self {
                    $($field: {
                        let start = ::core::mem::offset_of!(Self, $field);
                        let end = start + <$ty as $crate::Wire>::SIZE;
                        $crate::Wire::load(&bytes[start..end])?
                    },)*
                })
            }
        }
    )* };
}

/// Declares a C++ `enum class`: its values have four bytes, and any other number is refused. For crates that stand below the
/// derive's.
///
/// ```
/// genode_wire::values! {
///     /// Whether a request was served.
///     pub enum Answer {
///         Ok = 0,
///         Denied = 2,
///     }
/// }
///
/// use genode_wire::{Wire, WireError};
/// assert_eq!(Answer::load(&[2, 0, 0, 0]), Ok(Answer::Denied));
/// assert_eq!(Answer::load(&[1, 0, 0, 0]), Err(WireError::BadValue));
/// ```
#[macro_export]
macro_rules! values {
    (
        $(#[$doc:meta])*
        pub enum $name:ident { $($(#[$value_doc:meta])* $value:ident = $number:literal),* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(i32)]
        pub enum $name {
            $($(#[$value_doc])* $value = $number,)*
        }

        impl $name {
            /// The value that a number stands for.
            ///
            /// # Errors
            /// [`BadValue`]($crate::WireError::BadValue) if it stands for none.
            #[inline]
            pub const fn of(number: i32) -> ::core::result::Result<Self, $crate::WireError> {
                match number {
                    $($number => ::core::result::Result::Ok(Self::$value),)*
                    _ => ::core::result::Result::Err($crate::WireError::BadValue),
                }
            }
        }

        impl $crate::Wire for $name {
            const SIZE: usize = ::core::mem::size_of::<i32>();

            #[inline]
            fn store(&self, bytes: &mut [u8]) {
                $crate::Wire::store(&(*self as i32), bytes);
            }

            #[inline]
            fn load(bytes: &[u8]) -> ::core::result::Result<Self, $crate::WireError> {
                Self::of($crate::Wire::load(bytes)?)
            }
        }
    };
}

structs! {
    Space { width: u32, height: u32 }
    Location { x: i32, y: i32, width: u32, height: u32 }
    Affinity { space: Space, location: Location }
    Amount { ram: RamQuota, caps: CapQuota }
}

macro_rules! quotas {
    ($($ty:ident)*) => { $(
        impl Wire for $ty {
            const SIZE: usize = size_of::<Self>();

            #[inline]
            fn store(&self, bytes: &mut [u8]) {
                self.0.store(bytes);
            }

            #[inline]
            fn load(bytes: &[u8]) -> Result<Self, WireError> {
                Wire::load(bytes).map(Self)
            }
        }
    )* };
}

quotas!(RamQuota CapQuota);

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

    #[inline]
    fn store(&self, bytes: &mut [u8]) {
        for (item, bytes) in self.iter().zip(bytes.chunks_exact_mut(T::SIZE)) {
            item.store(bytes);
        }
    }

    #[inline]
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
