//! Interfaces that clients and servers of the SDK's system tests share.
#![no_std]
#![deny(missing_docs)]

pub mod entrypoints;
pub mod mortal;
pub mod rpc;
