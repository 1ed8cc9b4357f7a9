//! `#[genode::rpc]`: from a trait to its client and its dispatcher.

mod client;
mod later;
mod model;
mod server;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemTrait, Result, ext::IdentExt};

use model::Interface;
pub(crate) use model::Options;

pub(crate) fn expand(options: &Options, item: ItemTrait) -> Result<TokenStream> {
    let interface = Interface::new(item)?;
    let service = service(options, &interface)?;
    let item = &interface.item;
    let description = description(&interface);
    let dispatch = server::expand(&interface);
    let client = client::expand(&interface);
    Ok(quote! {
        #item
        #description
        #dispatch
        #client
        #service
    })
}

/// `impl Interface for dyn Trait`.
fn description(interface: &Interface) -> TokenStream {
    let name = &interface.item.ident;
    let text = name.to_string();
    let client = client::name(interface);
    let count = interface.functions.len();
    let names = interface.functions.iter().map(|function| function.name.unraw().to_string());
    let base_count = interface.base_count();
    let checks = interface.functions.iter().map(|function| {
        let (call, reply) = client::body_sizes(function);
        quote!(let _ = (#call, #reply);)
    });
    let inherited = interface.base.as_ref().map(|base| {
        quote! {
            if index < #base_count {
                return <dyn #base as ::genode::rpc::Interface>::function(index);
            }
        }
    });
    quote! {
        // Refuses functions that do not fit a message, whether they are called or not.
        const _: () = {
            #(#checks)*
        };

        impl ::genode::__private::Derived for dyn #name {}

        impl ::genode::rpc::Interface for dyn #name {
            const NAME: &'static str = #text;
            const COUNT: usize = #base_count + #count;
            type Client<__P: ::genode::rpc::Invoke> = #client<__P>;

            fn function(index: usize) -> ::core::option::Option<&'static str> {
                const __NAMES: [&str; #count] = [#(#names),*];
                #inherited
                __NAMES.get(index - #base_count).copied()
            }
        }
    }
}

/// `impl Service for dyn Trait`, if the options name a service.
fn service(options: &Options, interface: &Interface) -> Result<Option<TokenStream>> {
    let name = &interface.item.ident;
    let Some(service) = &options.service else {
        if options.caps.is_some() || options.ram.is_some() {
            let message = "quotas belong to a session: name its `service` as well";
            return Err(Error::new(name.span(), message));
        }
        return Ok(None);
    };
    let text = service.value();
    if text.is_empty() || text.len() >= 64 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = "a service name is 1 to 63 printable ASCII characters without spaces";
        return Err(Error::new(service.span(), message));
    }
    let caps = options.caps.as_ref().map_or_else(|| quote!(4), |caps| quote!(#caps));
    let ram = options.ram.as_ref().map_or_else(|| quote!(8 * 1024), |ram| quote!(#ram));
    Ok(Some(quote! {
        impl ::genode::connection::Service for dyn #name {
            type Interface = dyn #name;
            const NAME: &'static str = #service;
            const RAM: ::genode::quota::RamQuota = ::genode::quota::RamQuota(#ram);
            const CAPS: ::genode::quota::CapQuota = ::genode::quota::CapQuota(#caps);
        }
    }))
}
