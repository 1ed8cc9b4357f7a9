//! `#[derive(Wire)]`: structs as C lays them out, enums by their number.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Data, DataEnum, DataStruct, DeriveInput, Error, Field, Ident, Index, Member, Path, Result,
};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    match &input.data {
        Data::Struct(data) => of_struct(input, data),
        Data::Enum(data) => of_enum(input, data),
        Data::Union(_) => Err(Error::new(
            input.ident.span(),
            "a union cannot be checked when it arrives: use a struct or an enum",
        )),
    }
}

/// Where the trait and its errors are: what `#[wire(crate = path)]` says, or else the SDK, which re-exports them.
fn home(input: &DeriveInput) -> Result<Path> {
    let mut home = syn::parse_quote!(::genode::rpc);
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("wire")) {
        attr.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("expected `crate = path`"));
            }
            home = meta.value()?.call(Path::parse_mod_style)?;
            Ok(())
        })?;
    }
    Ok(home)
}

/// The arguments of all `#[repr(..)]`.
fn reprs(input: &DeriveInput) -> Result<Vec<Ident>> {
    let mut reprs = Vec::new();
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("repr")) {
        attr.parse_nested_meta(|meta| {
            let Some(ident) = meta.path.get_ident() else { return Ok(()) };
            if ident == "packed" || ident == "align" {
                return Err(meta.error("`Wire` knows C's natural layout only"));
            }
            reprs.push(ident.clone());
            Ok(())
        })?;
    }
    Ok(reprs)
}

/// How a field is named in an expression.
fn member((index, field): (usize, &Field)) -> Member {
    match &field.ident {
        Some(name) => Member::Named(name.clone()),
        None => Member::Unnamed(Index::from(index)),
    }
}

fn of_struct(input: &DeriveInput, data: &DataStruct) -> Result<TokenStream> {
    if !reprs(input)?.iter().any(|repr| repr == "C" || repr == "transparent") {
        return Err(Error::new(
            input.ident.span(),
            "`Wire` needs a defined layout: add `#[repr(C)]`",
        ));
    }
    if data.fields.is_empty() {
        return Err(Error::new(input.ident.span(), "an empty struct has no layout in C"));
    }
    let name = &input.ident;
    let home = home(input)?;
    let mut generics = input.generics.clone();
    for parameter in input.generics.type_params() {
        let parameter = &parameter.ident;
        generics.make_where_clause().predicates.push(syn::parse_quote!(#parameter: #home::Wire));
    }
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let fields: Vec<_> = data.fields.iter().enumerate().map(member).collect();
    let types: Vec<_> = data.fields.iter().map(|field| &field.ty).collect();
    Ok(quote! {
        impl #impl_generics #home::Wire for #name #type_generics #where_clause {
            const SIZE: usize = {
                #(::core::assert!(
                    <#types as #home::Wire>::SIZE == ::core::mem::size_of::<#types>(),
                    "a field takes another size on the wire than in the struct",
                );)*
                ::core::mem::size_of::<Self>()
            };

            #[inline]
            fn store(&self, bytes: &mut [u8]) {
                bytes.fill(0); // padding
                #({
                    let start = ::core::mem::offset_of!(Self, #fields);
                    let end = start + <#types as #home::Wire>::SIZE;
                    #home::Wire::store(&self.#fields, &mut bytes[start..end]);
                })*
            }

            #[inline]
            fn load(bytes: &[u8]) -> ::core::result::Result<Self, #home::WireError> {
                if bytes.len() != <Self as #home::Wire>::SIZE {
                    return ::core::result::Result::Err(#home::WireError::Short);
                }
                ::core::result::Result::Ok(Self {
                    #(#fields: {
                        let start = ::core::mem::offset_of!(Self, #fields);
                        let end = start + <#types as #home::Wire>::SIZE;
                        #home::Wire::load(&bytes[start..end])?
                    },)*
                })
            }
        }
    })
}

fn of_enum(input: &DeriveInput, data: &DataEnum) -> Result<TokenStream> {
    const INTEGERS: [&str; 10] =
        ["u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize"];
    let reprs = reprs(input)?;
    let Some(repr) = reprs.iter().find(|repr| INTEGERS.iter().any(|name| *repr == name)) else {
        return Err(Error::new(
            input.ident.span(),
            "`Wire` needs a defined size: add `#[repr(u32)]`, the size of a plain C++ enum",
        ));
    };
    if data.variants.is_empty() {
        return Err(Error::new(
            input.ident.span(),
            "an enum without variants has no value to send",
        ));
    }
    if let Some(variant) = data.variants.iter().find(|variant| !variant.fields.is_empty()) {
        return Err(Error::new(
            variant.ident.span(),
            "a variant with fields has no counterpart in a C++ enum",
        ));
    }
    let name = &input.ident;
    let home = home(input)?;
    let variants: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    Ok(quote! {
        impl #home::Wire for #name {
            const SIZE: usize = ::core::mem::size_of::<#repr>();

            #[inline]
            fn store(&self, bytes: &mut [u8]) {
                let number = match self {
                    #(Self::#variants => Self::#variants as #repr,)*
                };
                #home::Wire::store(&number, bytes);
            }

            #[inline]
            fn load(bytes: &[u8]) -> ::core::result::Result<Self, #home::WireError> {
                let number: #repr = #home::Wire::load(bytes)?;
                #(if number == Self::#variants as #repr {
                    return ::core::result::Result::Ok(Self::#variants);
                })*
                ::core::result::Result::Err(#home::WireError::BadValue)
            }
        }
    })
}
