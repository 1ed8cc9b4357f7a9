//! The dispatcher: from a function's number to the server's method.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;

use super::{
    later,
    model::{Answer, Direction, Function, Interface, Output},
};

pub(crate) fn expand(interface: &Interface) -> TokenStream {
    let name = &interface.item.ident;
    let base_count = interface.base_count();
    let arms = interface.functions.iter().enumerate().map(|(index, function)| {
        let body = arm(interface, function);
        quote!(#index => { #body })
    });
    let inherited = interface.base.as_ref().map(|base| {
        quote! {
            if function < #base_count {
                return <dyn #base as ::genode::rpc::Dispatch<__S>>::dispatch(
                    server, function, call, reply,
                );
            }
        }
    });
    quote! {
        impl<__S: #name + ?Sized> ::genode::rpc::Dispatch<__S> for dyn #name {
            #[allow(unused_variables)] // an interface may have no functions of its own
            #[inline] // constant positions of the arguments: one check of the length for all
            fn dispatch(
                server: &mut __S,
                function: usize,
                call: &mut ::genode::rpc::Reader<'_>,
                reply: &mut ::genode::rpc::Writer<'_>,
            ) -> ::core::result::Result<(), ::genode::rpc::ExceptionCode> {
                #inherited
                match function - #base_count {
                    #(#arms)*
                    _ => ::core::result::Result::Err(::genode::rpc::ExceptionCode::INVALID_OPCODE),
                }
            }
        }
    }
}

fn arm(interface: &Interface, function: &Function) -> TokenStream {
    let value = Ident::new("value", Span::mixed_site());
    // Named apart from the dispatcher's own variables.
    let locals: Vec<_> = function
        .args
        .iter()
        .map(|arg| quote::format_ident!("{}_arg", arg.name, span = Span::mixed_site()))
        .collect();
    let takes = function.args.iter().zip(&locals).map(|(arg, local)| {
        let ty = &arg.value;
        let mutability = arg.is_out().then(|| quote!(mut));
        quote!(let #mutability #local: #ty = call.take()?;)
    });
    let passes = function.args.iter().zip(&locals).map(|(arg, local)| match arg.direction {
        Direction::In => quote!(#local),
        Direction::InRef => quote!(&#local),
        Direction::InOut => quote!(&mut #local),
    });
    let passes = quote!(#(#passes),*);
    let answer = answer(interface, function, &passes);
    let outs = function
        .args
        .iter()
        .zip(&locals)
        .filter(|(arg, _)| arg.is_out())
        .map(|(_, local)| quote!(reply.put(&#local)?;));
    let finish = finish(function, &value);
    quote! {
        #(#takes)*
        call.finish()?;
        let #value = #answer;
        #(#outs)*
        #finish
    }
}

/// The call of the server's method, or what its tickets do instead.
fn answer(interface: &Interface, function: &Function, passes: &TokenStream) -> TokenStream {
    let interface_name = &interface.item.ident;
    let name = &function.name;
    let tickets = |name| {
        let lends = later::tickets(name);
        quote!(<__S as #interface_name>::#lends(server))
    };
    match &function.answer {
        Answer::Now => quote!(<__S as #interface_name>::#name(server, #passes)),
        Answer::Start => {
            let tickets = tickets(name);
            let comma = (!function.args.is_empty()).then(|| quote!(,));
            quote! {
                #tickets.issue().map(|(ticket, later)| {
                    <__S as #interface_name>::#name(server, #passes #comma later);
                    ticket
                })
            }
        }
        Answer::Sigh(name) => {
            let tickets = tickets(name);
            quote!(#tickets.sigh(#passes))
        }
        Answer::Fetch(name) => {
            let tickets = tickets(name);
            quote!(#tickets.fetch(#passes))
        }
        Answer::Cancel(name) => {
            let tickets = tickets(name);
            quote!(#tickets.cancel(#passes))
        }
    }
}

/// Puts the method's value into the reply, as the last step.
fn finish(function: &Function, value: &Ident) -> TokenStream {
    match &function.output {
        Output::Plain(_) | Output::Attempt(..) => quote! {
            reply.put(&#value)?;
            ::core::result::Result::Ok(())
        },
        Output::Throws(..) => quote! {
            match #value {
                ::core::result::Result::Ok(value) => {
                    reply.put(&value)?;
                    ::core::result::Result::Ok(())
                }
                ::core::result::Result::Err(exception) => ::core::result::Result::Err(
                    ::genode::rpc::ExceptionCode::declared(exception),
                ),
            }
        },
    }
}
