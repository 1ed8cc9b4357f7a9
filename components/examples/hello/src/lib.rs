//! The interface that hello's client and server share: as Genode's `hello_tutorial`, so that either can be the
//! one in C++.
#![no_std]
#![deny(missing_docs)]

/// The examples of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// A hello session.
#[genode::rpc(service = "Hello", caps = 4)]
pub trait Hello {
    /// Makes the server say hello in its log.
    fn say_hello(&mut self);
    /// The sum of `a` and `b`, wrapping around.
    fn add(&mut self, a: i32, b: i32) -> i32;
}

#[cfg(test)]
mod tests {
    use genode::rpc::Local;

    use super::*;

    #[test]
    fn a_server_is_a_plain_type() {
        struct Adder;
        impl Hello for Adder {
            fn say_hello(&mut self) {}
            fn add(&mut self, a: i32, b: i32) -> i32 {
                a.wrapping_add(b)
            }
        }
        let hello = Local::<dyn Hello, _>::client(Adder);
        assert_eq!(hello.say_hello(), Ok(()));
        assert_eq!(hello.add(2, 5), Ok(7));
        assert_eq!(hello.add(i32::MAX, 1), Ok(i32::MIN));
    }
}
