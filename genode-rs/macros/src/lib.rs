//! Procedural macros of the crate `genode`, which re-exports and documents them.
#![deny(missing_docs)]

mod component;
mod exceptions;
mod rpc;
#[cfg(test)]
mod tests;
mod wire;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Makes a function the component's main function.
///
/// It runs on the main entrypoint with the component's `Env`. When it returns, the entrypoint serves the RPC
/// objects and signal handlers that it made. It may return nothing, or a `Result`: the value is kept for the
/// component's life, an error is logged and ends the component.
///
/// Installs the SDK's heap as global allocator; `#[genode::component(heap = hoard_genode::Hoard)]` installs another,
/// a unit struct that is a `GlobalAlloc`. The crate must be `#![no_std]` and `#![no_main]`.
#[proc_macro_attribute]
pub fn component(attr: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemFn);
    component::expand(&attr, &item).unwrap_or_else(|error| error.to_compile_error().into())
}

/// Makes a trait an RPC interface.
///
/// `dyn Trait` becomes an `rpc::Interface`, every type that implements the trait a server of it, and
/// `TraitClient` calls it in another component. The module `genode::rpc` explains how, and what the
/// functions may take and return.
///
/// With `#[rpc(service = "Name", caps = N, ram = BYTES)]` it is also the interface of sessions at that service;
/// the quotas are what opening one donates.
#[proc_macro_attribute]
pub fn rpc(attr: TokenStream, item: TokenStream) -> TokenStream {
    let mut options = rpc::Options::default();
    let parser = syn::meta::parser(|meta| options.parse(&meta));
    parse_macro_input!(attr with parser);
    let item = parse_macro_input!(item as syn::ItemTrait);
    rpc::expand(&options, item).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Derives `rpc::Wire` for `#[repr(C)]` structs of such types, and for enums of unit variants with an
/// integer representation.
///
/// A number that no variant has is an error when it arrives. A crate below the SDK adds `#[wire(crate = genode_wire)]`.
#[proc_macro_derive(Wire, attributes(wire))]
pub fn wire(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as syn::DeriveInput);
    wire::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Derives `rpc::Exceptions` for an enum: its variants, in order, are the exceptions that a function with
/// `#[throws]` declares.
#[proc_macro_derive(Exceptions)]
pub fn exceptions(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as syn::DeriveInput);
    exceptions::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
