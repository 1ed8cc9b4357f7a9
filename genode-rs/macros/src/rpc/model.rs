//! What an interface consists of, taken from its trait; everything that has no meaning on the wire is
//! refused here, with the place and the remedy.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{
    Attribute, Error, Expr, FnArg, Ident, ItemTrait, LitStr, Pat, Path, PathArguments, Result,
    ReturnType, TraitItem, TraitItemFn, Type, TypeParamBound, ext::IdentExt, meta::ParseNestedMeta,
    spanned::Spanned,
};

use super::later;

/// `#[genode::rpc(..)]`: what makes the interface one of sessions.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) service: Option<LitStr>,
    pub(crate) caps: Option<Expr>,
    pub(crate) ram: Option<Expr>,
}

impl Options {
    pub(crate) fn parse(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if meta.path.is_ident("service") {
            self.service = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("caps") {
            self.caps = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("ram") {
            self.ram = Some(meta.value()?.parse()?);
        } else {
            return Err(meta.error("expected `service = \"Name\"`, `caps = N` or `ram = BYTES`"));
        }
        Ok(())
    }
}

pub(crate) struct Interface {
    /// The trait as it stays in the program.
    pub(crate) item: ItemTrait,
    /// The interface whose functions come first.
    pub(crate) base: Option<Path>,
    pub(crate) functions: Vec<Function>,
}

pub(crate) struct Function {
    pub(crate) name: Ident,
    /// `doc`, `cfg`, `deprecated` and lints, for the client's method.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) args: Vec<Arg>,
    pub(crate) output: Output,
    pub(crate) answer: Answer,
}

/// How the server answers a function: at once, or as a part of one that answers later, which it names.
pub(crate) enum Answer {
    Now,
    Start,
    Sigh(Ident),
    Fetch(Ident),
    Cancel(Ident),
}

pub(crate) struct Arg {
    pub(crate) name: Ident,
    /// The type as written, with its reference.
    pub(crate) written: Type,
    /// The type without its reference.
    pub(crate) value: Type,
    pub(crate) direction: Direction,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    InRef,
    InOut,
}

pub(crate) enum Output {
    Plain(Type),
    /// `Result<T, E>`: an `Attempt` on the wire.
    Attempt(Type, Type),
    /// `#[throws]` with `Result<T, E>`.
    Throws(Type, Type),
}

impl Interface {
    pub(crate) fn new(mut item: ItemTrait) -> Result<Self> {
        if let Some(token) = &item.unsafety {
            return Err(Error::new(token.span(), "an RPC interface cannot be unsafe"));
        }
        if !item.generics.params.is_empty() || item.generics.where_clause.is_some() {
            let message =
                "an RPC interface cannot be generic: its functions are numbered once for all";
            return Err(Error::new(item.ident.span(), message));
        }
        let base = base(&item)?;
        let mut functions = Vec::new();
        let mut items = Vec::new();
        for member in core::mem::take(&mut item.items) {
            let TraitItem::Fn(mut function) = member else {
                let message = "an RPC interface consists of functions only";
                return Err(Error::new(member.span(), message));
            };
            let later = later::take(&mut function.attrs)?;
            let parsed = Function::new(&mut function)?;
            match later {
                None => functions.push(parsed),
                Some(span) => {
                    items.push(later::expand(span, parsed, &mut function, &mut functions)?);
                }
            }
            items.push(TraitItem::Fn(function));
        }
        item.items = items;
        distinct(&functions)?;
        Ok(Self { item, base, functions })
    }

    /// Counts the functions that come before the interface's own, as an expression.
    pub(crate) fn base_count(&self) -> TokenStream {
        self.base.as_ref().map_or_else(
            || quote!(0),
            |base| quote!(<dyn #base as ::genode::rpc::Interface>::COUNT),
        )
    }
}

/// Refuses functions of a name that one which answers later is made into.
fn distinct(functions: &[Function]) -> Result<()> {
    let mut taken: Vec<(String, Option<&Ident>)> = Vec::new();
    for function in functions {
        let of = match &function.answer {
            Answer::Now | Answer::Start => None,
            Answer::Sigh(of) | Answer::Fetch(of) | Answer::Cancel(of) => Some(of),
        };
        let name = function.name.unraw().to_string();
        if let Answer::Fetch(of) = &function.answer {
            taken.push((format!("{}_answer", of.unraw()), Some(of)));
        }
        taken.push((name, of));
    }
    for function in functions.iter().filter(|f| matches!(f.answer, Answer::Now | Answer::Start)) {
        let name = function.name.unraw().to_string();
        let same = taken.iter().find(|(other, of)| of.is_some() && *other == name);
        if let Some((_, Some(of))) = same {
            let message = format!(
                "`{of}` answers later, which makes a function `{name}` of the client: choose another name"
            );
            return Err(Error::new(function.name.span(), message));
        }
    }
    Ok(())
}

fn base(item: &ItemTrait) -> Result<Option<Path>> {
    let mut bases = item.supertraits.iter();
    let Some(first) = bases.next() else { return Ok(None) };
    if let Some(second) = bases.next() {
        return Err(Error::new(second.span(), "an RPC interface extends at most one other"));
    }
    match first {
        TypeParamBound::Trait(bound) if bound.lifetimes.is_none() => Ok(Some(bound.path.clone())),
        other => Err(Error::new(other.span(), "an RPC interface extends RPC interfaces only")),
    }
}

impl Function {
    /// Takes `#[throws]` off the function.
    fn new(item: &mut TraitItemFn) -> Result<Self> {
        let signature = &item.sig;
        let refuse = |span: Span, message: &str| Err(Error::new(span, message));
        if let Some(token) = &signature.asyncness {
            return refuse(
                token.span(),
                "RPC functions are synchronous: the entrypoint replies when they return",
            );
        }
        if let Some(token) = &signature.unsafety {
            return refuse(token.span(), "an RPC function cannot be unsafe");
        }
        if !signature.generics.params.is_empty() || signature.generics.where_clause.is_some() {
            return refuse(
                signature.generics.span(),
                "an RPC function cannot be generic; write `'_` for lifetimes",
            );
        }
        if let Some(body) = &item.default {
            return refuse(
                body.span(),
                "an RPC function has no default body: every server must answer it",
            );
        }
        let mut inputs = signature.inputs.iter();
        match inputs.next() {
            Some(FnArg::Receiver(receiver))
                if receiver.reference.is_some() && receiver.colon_token.is_none() => {}
            other => {
                return refuse(
                    other.map_or(signature.ident.span(), Spanned::span),
                    "an RPC function starts with `&self` or `&mut self`",
                );
            }
        }
        let args = inputs.map(Arg::new).collect::<Result<Vec<_>>>()?;
        let throws = take_throws(&mut item.attrs)?;
        let output = Output::new(&item.sig.output, throws)?;
        let attrs = item
            .attrs
            .iter()
            .filter(|attr| {
                ["doc", "cfg", "deprecated", "allow", "expect"]
                    .iter()
                    .any(|name| attr.path().is_ident(name))
            })
            .cloned()
            .collect();
        if let Some(attr) = item.attrs.iter().find(|attr| attr.path().is_ident("cfg")) {
            return refuse(
                attr.span(),
                "an RPC function cannot be conditional: the opcodes behind it would shift",
            );
        }
        let name = item.sig.ident.clone();
        Ok(Self { name, attrs, args, output, answer: Answer::Now })
    }
}

/// Removes `#[throws]`; where it was, if it was there.
fn take_throws(attrs: &mut Vec<Attribute>) -> Result<Option<Span>> {
    let Some(at) = attrs.iter().position(|attr| attr.path().is_ident("throws")) else {
        return Ok(None);
    };
    let attr = attrs.remove(at);
    if attr.meta.require_path_only().is_err() {
        return Err(Error::new(
            attr.span(),
            "`#[throws]` takes no arguments: the exceptions are the error type of the `Result`",
        ));
    }
    Ok(Some(attr.span()))
}

impl Arg {
    fn new(input: &FnArg) -> Result<Self> {
        let FnArg::Typed(input) = input else {
            return Err(Error::new(input.span(), "unexpected receiver"));
        };
        let Pat::Ident(pattern) = &*input.pat else {
            return Err(Error::new(
                input.pat.span(),
                "an argument of an RPC function needs a name",
            ));
        };
        let (value, direction) = match &*input.ty {
            Type::Reference(reference) => {
                let direction = if reference.mutability.is_some() {
                    Direction::InOut
                } else {
                    Direction::InRef
                };
                ((*reference.elem).clone(), direction)
            }
            other => (other.clone(), Direction::In),
        };
        let refuse = |message| Err(Error::new(input.ty.span(), message));
        match &value {
            Type::Path(path) if path.path.is_ident("str") => {
                return refuse("text needs a bound: use `InBuffer<'_, N>` or `FixedString<N>`");
            }
            Type::Slice(_) => {
                return refuse("bytes need a bound: use `InBuffer<'_, N>` or an array");
            }
            Type::Ptr(_) => return refuse("a pointer has no meaning to another component"),
            Type::ImplTrait(_) | Type::TraitObject(_) => {
                return refuse("an argument needs a type of its own; pass objects by `Capability`");
            }
            _ => {}
        }
        Ok(Self { name: pattern.ident.clone(), written: (*input.ty).clone(), value, direction })
    }

    /// Whether the reply brings the argument back.
    pub(crate) fn is_out(&self) -> bool {
        self.direction == Direction::InOut
    }
}

impl Output {
    fn new(output: &ReturnType, throws: Option<Span>) -> Result<Self> {
        let ty = match output {
            ReturnType::Default => syn::parse_quote!(()),
            ReturnType::Type(_, ty) => (**ty).clone(),
        };
        match (result_of(&ty)?, throws) {
            (Some((value, error)), None) => Ok(Self::Attempt(value, error)),
            (Some((value, error)), Some(_)) => Ok(Self::Throws(value, error)),
            (None, Some(span)) => {
                Err(Error::new(span, "a function that throws returns `Result<T, E>`"))
            }
            (None, None) => Ok(Self::Plain(ty)),
        }
    }
}

/// `T` and `E`, if `ty` is written as `Result<T, E>`.
fn result_of(ty: &Type) -> Result<Option<(Type, Type)>> {
    let Type::Path(path) = ty else { return Ok(None) };
    let Some(last) = path.path.segments.last().filter(|last| last.ident == "Result") else {
        return Ok(None);
    };
    if let PathArguments::AngleBracketed(arguments) = &last.arguments
        && let [syn::GenericArgument::Type(value), syn::GenericArgument::Type(error)] =
            arguments.args.iter().collect::<Vec<_>>()[..]
    {
        return Ok(Some((value.clone(), error.clone())));
    }
    Err(Error::new(ty.span(), "write both types: `Result<T, E>`"))
}
