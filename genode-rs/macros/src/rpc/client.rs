//! The client: one method a function.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{
    Ident, Lifetime, Type,
    visit_mut::{self, VisitMut},
};

use super::{
    later,
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
    let base_count = interface.base_count();
    let methods = interface
        .functions
        .iter()
        .enumerate()
        .map(|(index, function)| method(function, &quote!(#base_count + #index)));
    let waiting = interface.functions.iter().filter_map(later::waiting);
    let Inside { field, from_peer, peer, deref } = inside(interface);
    let own = own_functions(interface);
    quote! {
        #[doc = #doc]
        #visibility struct #client<
            __P: ::genode::rpc::Invoke = ::genode::Capability<dyn #interface_name>
        >(#field);

        #[allow(dead_code)] // a program may call some functions only
        impl #client {
            #own
        }

        impl ::core::convert::From<::genode::Capability<dyn #interface_name>> for #client {
            fn from(cap: ::genode::Capability<dyn #interface_name>) -> Self {
                ::genode::rpc::Client::over(cap)
            }
        }

        impl<__P: ::genode::rpc::Invoke> ::genode::rpc::Client<__P> for #client<__P> {
            fn from_peer(peer: ::genode::__private::Peer<__P>) -> Self {
                Self(#from_peer)
            }

            fn peer(&self) -> &::genode::__private::Peer<__P> {
                #peer
            }
        }

        impl<__P: ::genode::rpc::Invoke> ::core::fmt::Debug for #client<__P> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(::core::stringify!(#client)).finish_non_exhaustive()
            }
        }

        #deref

        // What the interface takes is the interface's decision.
        #[allow(
            dead_code,
            clippy::needless_pass_by_value,
            clippy::too_many_arguments,
            clippy::trivially_copy_pass_by_ref
        )]
        impl<__P: ::genode::rpc::Invoke> #client<__P> {
            #(#methods)*
            #(#waiting)*
        }
    }
}

/// What a client consists of: a peer, or the client of the interface that its own extends.
struct Inside {
    field: TokenStream,
    from_peer: TokenStream,
    peer: TokenStream,
    /// Makes the client one of the extended interface as well.
    deref: Option<TokenStream>,
}

fn inside(interface: &Interface) -> Inside {
    let client = name(interface);
    let Some(base) = &interface.base else {
        return Inside {
            field: quote!(::genode::__private::Peer<__P>),
            from_peer: quote!(peer),
            peer: quote!(&self.0),
            deref: None,
        };
    };
    let base_client = quote!(<dyn #base as ::genode::rpc::Interface>::Client<__P>);
    Inside {
        field: base_client.clone(),
        from_peer: quote!(<#base_client as ::genode::rpc::Client<__P>>::from_peer(peer)),
        peer: quote!(::genode::rpc::Client::<__P>::peer(&self.0)),
        deref: Some(quote! {
            impl<__P: ::genode::rpc::Invoke> ::core::ops::Deref for #client<__P> {
                type Target = #base_client;

                fn deref(&self) -> &Self::Target {
                    &self.0
                }
            }
        }),
    }
}

/// The functions that each client has, unless the interface has some of the same name. `From` and the trait
/// `Client` do the same under any name.
fn own_functions(interface: &Interface) -> TokenStream {
    let visibility = &interface.item.vis;
    let interface_name = &interface.item.ident;
    let taken = |name: &str| interface.functions.iter().any(|function| function.name == name);
    let new = (!taken("new")).then(|| {
        quote! {
            /// A client of the object that `cap` names.
            #visibility fn new(cap: ::genode::Capability<dyn #interface_name>) -> Self {
                ::genode::rpc::Client::over(cap)
            }
        }
    });
    let cap = (!taken("cap")).then(|| {
        quote! {
            /// The object's capability.
            #visibility fn cap(&self) -> &::genode::Capability<dyn #interface_name> {
                &::genode::rpc::Client::peer(self).invoke
            }
        }
    });
    quote! {
        #new
        #cap
    }
}

fn method(function: &Function, index: &TokenStream) -> TokenStream {
    // The names of arguments, types and constants are the user's; ours must not meet them. Hygiene takes care of
    // variables only.
    let local = |name: &str| Ident::new(name, Span::mixed_site());
    let (peer, call, reply) = (local("peer"), local("call"), local("reply"));
    let (call_size, reply_size) = (local("__CALL"), local("__REPLY"));
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
        .map(|arg| format_ident!("{}_out", arg.name, span = Span::mixed_site()))
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
    let Outcome { result, invoke, finish } = outcome(&function.output, &reply, &assigns);
    let (call_body, reply_body) = body_sizes(function);
    quote! {
        #(#attrs)*
        pub fn #name(&self, #(#parameters),*) -> #result {
            const #call_size: usize = #call_body;
            const #reply_size: usize = #reply_body;
            let #peer = ::genode::rpc::Client::<__P>::peer(self);
            let mut #call =
                ::genode::__private::Call::<#call_size, #reply_size>::new(#peer.opcodes, #index)?;
            #(#puts)*
            let mut #reply = #call.#invoke(&#peer.invoke)?;
            #(#takes)*
            #finish
        }
    }
}

/// How a client's method ends, by what its function returns.
struct Outcome {
    /// The method's return type.
    result: TokenStream,
    /// How the call is executed.
    invoke: TokenStream,
    /// What is done with the reply behind the arguments that it brings back.
    finish: TokenStream,
}

fn outcome(output: &Output, reply: &Ident, assigns: &TokenStream) -> Outcome {
    let value = Ident::new("value", Span::mixed_site());
    let (result, invoke, finish) = match output {
        Output::Plain(ty) => (
            quote!(::core::result::Result<#ty, ::genode::rpc::Error>),
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
            quote!(invoke),
            quote! {
                let #value: ::core::result::Result<#ty, #error> = #reply.take()?;
                #reply.finish()?;
                #assigns
                ::genode::__private::flatten(#value)
            },
        ),
        Output::Throws(ty, error) => (
            quote!(::core::result::Result<#ty, ::genode::rpc::CallError<#error>>),
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
                ::genode::__private::flatten(#value)
            },
        ),
    };
    Outcome { result, invoke, finish }
}

/// Expressions for the sizes of a function's call and reply, which do not compile if a message cannot hold
/// them.
pub(crate) fn body_sizes(function: &Function) -> (TokenStream, TokenStream) {
    let result: Type = match &function.output {
        Output::Plain(ty) | Output::Throws(ty, _) => ty.clone(),
        Output::Attempt(ty, error) => syn::parse_quote!(::core::result::Result<#ty, #error>),
    };
    let opcode: Type = syn::parse_quote!(i64);
    let outs = function.args.iter().filter(|arg| arg.is_out()).map(|arg| &arg.value);
    (
        body_size(std::iter::once(&opcode).chain(function.args.iter().map(|arg| &arg.value))),
        body_size(outs.chain(std::iter::once(&result))),
    )
}

/// Bytes of a body with one item of each type.
fn body_size<'a>(types: impl Iterator<Item = &'a Type>) -> TokenStream {
    let types: Vec<_> = types.map(lifetimes_erased).collect();
    quote! {
        ::genode::__private::body_size(
            &[#(<#types as ::genode::rpc::Encode<::genode::RawCap>>::SIZE),*],
            &[#(<#types as ::genode::rpc::Encode<::genode::RawCap>>::CAPS),*],
        )
    }
}

/// `ty` for use in a constant, where no lifetime of the function's signature is known.
fn lifetimes_erased(ty: &Type) -> Type {
    struct Erase;
    impl VisitMut for Erase {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            lifetime.ident = Ident::new("static", lifetime.ident.span());
        }

        fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
            reference.lifetime = Some(Lifetime::new("'static", reference.and_token.spans[0]));
            visit_mut::visit_type_reference_mut(self, reference);
        }
    }
    let mut ty = ty.clone();
    Erase.visit_type_mut(&mut ty);
    ty
}
