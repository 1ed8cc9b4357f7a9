//! Procedural macros of the crate `genode`, which re-exports and documents them.

mod component;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Makes a function the component's main function.
///
/// It runs on the main entrypoint with the component's `Env`. When it returns, the entrypoint serves the RPC
/// objects and signal handlers that it made. It may return nothing, or a `Result`: the value is kept for the
/// component's life, an error is logged and ends the component.
///
/// Installs the SDK's heap as global allocator. The crate must be `#![no_std]` and `#![no_main]`.
#[proc_macro_attribute]
pub fn component(attr: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemFn);
    component::expand(&attr, &item).unwrap_or_else(|error| error.to_compile_error().into())
}
