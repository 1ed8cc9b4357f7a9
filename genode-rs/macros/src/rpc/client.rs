//! The client: one method a function.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Ident, Type};

use super::{
    base_count, lifetimes_erased,
    model::{Direction, Function, Interface, Output},
};

/// Name of the client of an interface.
pub(crate) fn name(interface: &Interface) -> Ident {
    format_ident!("{}Client", interface.item.ident)
}

pub(crate) fn expand(interface: &Interface) -> TokenStream {
    let visibility = &interface.item.vis;
    let interface_name = &interface.item.ident;
    let client = name(interface);
    let doc = format!("Calls the functions of [`{interface_name}`] in another component.");
    let base_count = base_count(interface);
    let methods = interface
        .functions
        .iter()
        .enumerate()
        .map(|(index, function)| method(function, &quote!(#base_count + #index)));
    // A client of an extended interface wraps the client of its base, and is one by `Deref`.
    let (field, from_peer, peer, deref) = if let Some(base) = &interface.base {
        let base_client = quote!(<dyn #base as ::genode::rpc::Interface>::Client<P>);
        (
            base_client.clone(),
            quote!(<#base_client as ::genode::rpc::Client<P>>::from_peer(peer)),
            quote!(::genode::rpc::Client::<P>::peer(&self.0)),
            Some(quote! {
                impl<P: ::genode::rpc::Invoke> ::core::ops::Deref for #client<P> {
                    type Target = #base_client;

                    fn deref(&self) -> &Self::Target {
                        &self.0
                    }
                }
            }),
        )
    } else {
        (quote!(::genode::rpc::Peer<P>), quote!(peer), quote!(&self.0), None)
    };
    quote! {
        #[doc = #doc]
        #visibility struct #client<
            P: ::genode::rpc::Invoke = ::genode::Capability<dyn #interface_name>
        >(#field);

        #[allow(dead_code)] // a program may call some functions only
        impl #client {
            /// A client of the object that `cap` names.
            #visibility fn new(cap: ::genode::Capability<dyn #interface_name>) -> Self {
                ::genode::rpc::Client::over(cap)
            }

            /// The object's capability.
            #visibility fn cap(&self) -> &::genode::Capability<dyn #interface_name> {
                &::genode::rpc::Client::peer(self).invoke
            }
        }

        impl ::core::convert::From<::genode::Capability<dyn #interface_name>> for #client {
            fn from(cap: ::genode::Capability<dyn #interface_name>) -> Self {
                Self::new(cap)
            }
        }

        impl<P: ::genode::rpc::Invoke> ::genode::rpc::Client<P> for #client<P> {
            fn from_peer(peer: ::genode::rpc::Peer<P>) -> Self {
                Self(#from_peer)
            }

            fn peer(&self) -> &::genode::rpc::Peer<P> {
                #peer
            }
        }

        impl<P: ::genode::rpc::Invoke> ::core::fmt::Debug for #client<P> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(::core::stringify!(#client)).finish_non_exhaustive()
            }
        }

        #deref

        #[allow(dead_code)]
        impl<P: ::genode::rpc::Invoke> #client<P> {
            #(#methods)*
        }
    }
}

fn method(function: &Function, index: &TokenStream) -> TokenStream {
    // The names of the function's arguments are the user's; ours must not meet them.
    let local = |name: &str| Ident::new(name, Span::mixed_site());
    let (peer, call, reply, value) = (local("peer"), local("call"), local("reply"), local("value"));
    let (call_size, reply_size) = (local("CALL"), local("REPLY"));
    let name = &function.name;
    let attrs = &function.attrs;
    let parameters = function.args.iter().map(|arg| {
        let (name, ty) = (&arg.name, &arg.written);
        quote!(#name: #ty)
    });
    let puts = function.args.iter().map(|arg| {
        let name = &arg.name;
        match arg.direction {
            Direction::In => quote!(#call.put(&#name)?;),
            Direction::InRef => quote!(#call.put(#name)?;),
            Direction::InOut => quote!(#call.put(&*#name)?;),
        }
    });
    // Arguments that come back are assigned when the whole reply was found good.
    let outs: Vec<_> = function.args.iter().filter(|arg| arg.is_out()).collect();
    let out_values: Vec<_> = outs
        .iter()
        .map(|arg| Ident::new(&format!("{}_out", arg.name), Span::mixed_site()))
        .collect();
    let takes = outs.iter().zip(&out_values).map(|(arg, out)| {
        let ty = &arg.value;
        quote!(let #out: #ty = #reply.take()?;)
    });
    let assigns = outs.iter().zip(&out_values).map(|(arg, out)| {
        let name = &arg.name;
        quote!(*#name = #out;)
    });
    let assigns = quote!(#(#assigns)*);
    let (result, wire_result, invoke, finish) = match &function.output {
        Output::Plain(ty) => (
            quote!(::core::result::Result<#ty, ::genode::rpc::Error>),
            ty.clone(),
            quote!(invoke),
            quote! {
                let #value: #ty = #reply.take()?;
                #reply.finish()?;
                #assigns
                ::core::result::Result::Ok(#value)
            },
        ),
        Output::Attempt(ty, error) => (
            quote!(::core::result::Result<#ty, ::genode::rpc::CallError<#error>>),
            syn::parse_quote!(::core::result::Result<#ty, #error>),
            quote!(invoke),
            quote! {
                let #value: ::core::result::Result<#ty, #error> = #reply.take()?;
                #reply.finish()?;
                #assigns
                ::genode::rpc::flatten(#value)
            },
        ),
        Output::Throws(ty, error) => (
            quote!(::core::result::Result<#ty, ::genode::rpc::CallError<#error>>),
            ty.clone(),
            quote!(invoke_throwing),
            quote! {
                let #value: ::core::result::Result<#ty, #error> = match #reply.exception()? {
                    ::core::option::Option::None => ::core::result::Result::Ok(#reply.take()?),
                    ::core::option::Option::Some(exception) => {
                        ::core::result::Result::Err(exception)
                    }
                };
                #reply.finish()?;
                #assigns
                ::genode::rpc::flatten(#value)
            },
        ),
    };
    let call_body = body_size(
        &syn::parse_quote!(i64), // the opcode
        function.args.iter().map(|arg| &arg.value),
    );
    let reply_body = body_size(&wire_result, outs.iter().map(|arg| &arg.value));
    quote! {
        #(#attrs)*
        pub fn #name(&self, #(#parameters),*) -> #result {
            const #call_size: usize = #call_body;
            const #reply_size: usize = #reply_body;
            let #peer = ::genode::rpc::Client::<P>::peer(self);
            let mut #call =
                ::genode::rpc::Call::<#call_size, #reply_size>::new(#peer.opcodes, #index)?;
            #(#puts)*
            let mut #reply = #call.#invoke(&#peer.invoke)?;
            #(#takes)*
            #finish
        }
    }
}

/// Bytes of a body with one item of type `first` and one of each of `more`.
fn body_size<'a>(first: &'a Type, more: impl Iterator<Item = &'a Type>) -> TokenStream {
    let types: Vec<_> = std::iter::once(first).chain(more).map(lifetimes_erased).collect();
    quote! {
        ::genode::rpc::body_size(
            &[#(<#types as ::genode::rpc::Encode>::SIZE),*],
            &[#(<#types as ::genode::rpc::Encode>::CAPS),*],
        )
    }
}
