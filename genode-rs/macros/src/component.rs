//! `#[genode::component]`.

use proc_macro::TokenStream;
use quote::quote;
use syn::{ItemFn, spanned::Spanned};

/// The unit struct named in `heap = ..`, if any.
fn heap(attr: TokenStream) -> syn::Result<Option<syn::Path>> {
    if attr.is_empty() {
        return Ok(None);
    }
    let named: syn::MetaNameValue = syn::parse(attr)?;
    match named.value {
        syn::Expr::Path(path) if named.path.is_ident("heap") => Ok(Some(path.path)),
        _ => Err(syn::Error::new(
            named.span(),
            "#[genode::component] takes nothing, or `heap = TYPE`, a unit struct that is a GlobalAlloc",
        )),
    }
}

pub(crate) fn expand(attr: &TokenStream, item: &ItemFn) -> syn::Result<TokenStream> {
    let heap = heap(attr.clone())?.map_or_else(
        || quote! { static __GENODE_HEAP: ::genode::heap::Heap = ::genode::heap::Heap::new(); },
        |heap| quote! { static __GENODE_HEAP: #heap = #heap; },
    );
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

        // Without a name, so that nobody else can call what runs on the main entrypoint only.
        const _: () = {
            #[global_allocator]
            #heap

            extern "C" fn __genode_construct() {
                // SAFETY: the system calls this once, on the main entrypoint's thread.
                unsafe { ::genode::__private::construct(#name) }
            }
            ::genode::__private::component_entry!(__genode_construct);
        };
    }
    .into())
}
