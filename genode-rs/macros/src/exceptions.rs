//! `#[derive(Exceptions)]`: an enum as the list of exceptions that a function declares.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Result};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let refuse = |span, message| Err(Error::new(span, message));
    let Data::Enum(data) = &input.data else {
        return refuse(input.ident.span(), "exceptions are the variants of an enum");
    };
    if let Some(variant) = data.variants.iter().find(|variant| !variant.fields.is_empty()) {
        return refuse(
            variant.ident.span(),
            "an exception carries nothing: use `Result` without `#[throws]` for errors with values",
        );
    }
    if data.variants.len() > 1000 {
        return refuse(input.ident.span(), "more exceptions than there are exception codes");
    }
    let name = &input.ident;
    let variants: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    let count = variants.len();
    let positions = 0..count;
    let positions_again = positions.clone();
    Ok(quote! {
        impl ::genode::rpc::Exceptions for #name {
            const COUNT: usize = #count;

            fn position(self) -> usize {
                match self {
                    #(Self::#variants => #positions,)*
                }
            }

            fn at(position: usize) -> ::core::option::Option<Self> {
                match position {
                    #(#positions_again => ::core::option::Option::Some(Self::#variants),)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    })
}
