//! `#[genode::component]`.

use proc_macro::TokenStream;
use quote::quote;
use syn::{ItemFn, spanned::Spanned};

pub(crate) fn expand(attr: &TokenStream, item: &ItemFn) -> syn::Result<TokenStream> {
    if !attr.is_empty() {
        return Err(syn::Error::new(item.span(), "#[genode::component] takes no arguments"));
    }
    let signature = &item.sig;
    if signature.inputs.len() != 1 || signature.asyncness.is_some() {
        return Err(syn::Error::new(
            signature.span(),
            "a component's main function is `fn main(env: Env)`, and may return a Result",
        ));
    }
    let name = &signature.ident;
    Ok(quote! {
        #item

        #[global_allocator]
        static __GENODE_HEAP: ::genode::heap::Heap = ::genode::heap::Heap::new();

        extern "C" fn __genode_construct() {
            ::genode::rt::construct(#name);
        }
        ::genode::rt::component_entry!(__genode_construct);
    }
    .into())
}
