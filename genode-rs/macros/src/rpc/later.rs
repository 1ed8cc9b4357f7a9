//! `#[rpc(later)]`: one function of the trait becomes four on the wire, and one beside it that lends the tickets.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Error, Ident, Result, TraitItem, TraitItemFn, Type, parse_quote};

use super::model::{Answer, Arg, Direction, Function, Output};

/// Removes `#[rpc(later)]`; where it was, if it was there.
pub(super) fn take(attrs: &mut Vec<Attribute>) -> Result<Option<Span>> {
    let is_rpc = |attr: &Attribute| attr.path().segments.last().is_some_and(|s| s.ident == "rpc");
    let Some(at) = attrs.iter().position(is_rpc) else { return Ok(None) };
    let attr = attrs.remove(at);
    let span = attr.path().segments[0].ident.span();
    match attr.parse_args::<Ident>() {
        Ok(word) if word == "later" => Ok(Some(span)),
        _ => Err(Error::new(span, "a function of an interface takes `#[rpc(later)]` only")),
    }
}

/// Adds the functions that `function` becomes on the wire to `functions`, and gives it the argument that answers it.
/// Returns the function that lends the tickets.
pub(super) fn expand(
    span: Span,
    function: Function,
    item: &mut TraitItemFn,
    functions: &mut Vec<Function>,
) -> Result<TraitItem> {
    if function.args.iter().any(Arg::is_out) {
        return Err(Error::new(
            span,
            "a function that answers later brings no argument back: return the value",
        ));
    }
    if item.sig.inputs.first().is_some_and(
        |arg| matches!(arg, syn::FnArg::Receiver(receiver) if receiver.mutability.is_none()),
    ) {
        return Err(Error::new(span, "a function that answers later takes `&mut self`"));
    }
    let value: Type = match &function.output {
        Output::Plain(ty) => ty.clone(),
        Output::Attempt(ty, error) => parse_quote!(::core::result::Result<#ty, #error>),
        Output::Throws(..) => {
            let message = "a function that answers later returns its error: leave out `#[throws]`";
            return Err(Error::new(span, message));
        }
    };
    let name = function.name.clone();
    let tickets = tickets(&name);
    let doc = format!("Lends the tickets of [`{name}`](Self::{name}).");
    let later = Ident::new("later", Span::mixed_site());
    item.sig.inputs.push(parse_quote!(#later: ::genode::rpc::later::Later<#value>));
    item.sig.output = syn::ReturnType::Default;
    functions.extend(parts(function, &value));
    Ok(parse_quote! {
        #[doc = #doc]
        fn #tickets(&mut self) -> &mut ::genode::rpc::later::Tickets<#value>;
    })
}

/// Names the function that lends the tickets of `name`.
pub(super) fn tickets(name: &Ident) -> Ident {
    format_ident!("{}_tickets", name)
}

/// Start, signal, fetch and cancel, in this order on the wire.
fn parts(function: Function, value: &Type) -> [Function; 4] {
    let name = function.name.clone();
    let error: Type = parse_quote!(::genode::rpc::later::LaterError);
    let ticket: Type = parse_quote!(::genode::rpc::later::Ticket);
    let context: Type = parse_quote!(::genode::Capability<::genode::signal::SignalContext>);
    let part = |suffix: &str, does: &str, arg: (&str, &Type), output, answer| {
        let doc = format!("{does} [`{name}`](Self::{name}).");
        let arg = Arg {
            name: Ident::new(arg.0, Span::mixed_site()),
            written: arg.1.clone(),
            value: arg.1.clone(),
            direction: Direction::In,
        };
        Function {
            name: format_ident!("{}_{}", name, suffix),
            attrs: vec![parse_quote!(#[doc = #doc])],
            args: vec![arg],
            output,
            answer,
        }
    };
    let sigh = part(
        "sigh",
        "Sets the context that is signalled for each answer of",
        ("context", &context),
        Output::Plain(parse_quote!(())),
        Answer::Sigh(name.clone()),
    );
    let fetch = part(
        "fetch",
        "Takes the answer of",
        ("ticket", &ticket),
        Output::Attempt(value.clone(), error.clone()),
        Answer::Fetch(name.clone()),
    );
    let cancel = part(
        "cancel",
        "Gives back a ticket of",
        ("ticket", &ticket),
        Output::Attempt(parse_quote!(()), error.clone()),
        Answer::Cancel(name.clone()),
    );
    let output = Output::Attempt(ticket, error);
    [Function { output, answer: Answer::Start, ..function }, sigh, fetch, cancel]
}

/// The client's method that waits for an answer and takes it; none for other parts than the fetch.
pub(super) fn waiting(function: &Function) -> Option<TokenStream> {
    let (Answer::Fetch(name), Output::Attempt(value, error)) = (&function.answer, &function.output)
    else {
        return None;
    };
    let (fetch, cancel) = (&function.name, format_ident!("{}_cancel", name));
    let waits = format_ident!("{}_answer", name);
    let doc = format!(
        "Waits for the answer of [`{name}`](Self::{name}) and takes it; dropped before, gives the ticket back."
    );
    Some(quote! {
        #[doc = #doc]
        pub async fn #waits(
            &self,
            answers: &::genode::rpc::later::Answers,
            ticket: ::genode::rpc::later::Ticket,
        ) -> ::core::result::Result<#value, ::genode::rpc::CallError<#error>> {
            ::genode::rpc::later::answer(
                answers,
                || self.#fetch(ticket),
                || {
                    let _ = self.#cancel(ticket); // the session may be gone
                },
            )
            .await
        }
    })
}
