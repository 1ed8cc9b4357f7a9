//! What the macros refuse, and whether they say what to do instead.

use syn::{DeriveInput, ItemTrait, parse::Parser, parse_str};

use crate::{exceptions, rpc, wire};

/// The error of `#[genode::rpc(options)]` on a trait.
fn rpc_error(options: &str, item: &str) -> String {
    let mut parsed = rpc::Options::default();
    let tokens: proc_macro2::TokenStream = options.parse().unwrap();
    if let Err(error) = syn::meta::parser(|meta| parsed.parse(&meta)).parse2(tokens) {
        return error.to_string();
    }
    let item: ItemTrait = parse_str(item).unwrap();
    rpc::expand(&parsed, item).expect_err("accepted").to_string()
}

#[test]
fn traits_that_cannot_be_interfaces() {
    for (item, message) in [
        ("trait A<T> { fn f(&mut self, v: T); }", "an RPC interface cannot be generic"),
        ("trait A where Self: Sized { fn f(&mut self); }", "an RPC interface cannot be generic"),
        ("trait A { const N: usize; }", "an RPC interface consists of functions only"),
        ("trait A { type T; }", "an RPC interface consists of functions only"),
        ("trait A: Clone + Send { fn f(&mut self); }", "extends at most one other"),
        ("trait A: 'static { fn f(&mut self); }", "extends RPC interfaces only"),
        ("unsafe trait A { fn f(&mut self); }", "cannot be unsafe"),
    ] {
        let error = rpc_error("", item);
        assert!(error.contains(message), "{item}: {error}");
    }
}

#[test]
fn options_that_make_no_sense() {
    for (options, message) in [
        ("name = \"Hello\"", "expected `service = \"Name\"`"),
        ("caps = 3", "name its `service` as well"),
        ("ram = 4096", "name its `service` as well"),
        ("service = \"two words\"", "printable ASCII characters without spaces"),
        ("service = \"\"", "1 to 63 printable"),
        ("service = 3", "expected string literal"),
    ] {
        let error = rpc_error(options, "trait A { fn f(&mut self); }");
        assert!(error.contains(message), "{options}: {error}");
    }
}

#[test]
fn functions_that_cannot_answer_later() {
    for (function, message) in [
        ("#[rpc(soon)] fn f(&mut self);", "takes `#[rpc(later)]` only"),
        ("#[rpc] fn f(&mut self);", "takes `#[rpc(later)]` only"),
        ("#[rpc(later)] fn f(&self);", "takes `&mut self`"),
        ("#[rpc(later)] fn f(&mut self, v: &mut u32);", "brings no argument back"),
        ("#[rpc(later)] #[throws] fn f(&mut self) -> Result<(), E>;", "leave out `#[throws]`"),
    ] {
        let error = rpc_error("", &format!("trait A {{ {function} }}"));
        assert!(error.contains(message), "{function}: {error}");
    }
}

/// A function that answers later takes several names in the client.
#[test]
fn names_that_meet_those_of_an_answer_that_comes_later() {
    for part in ["sigh", "fetch", "cancel", "answer"] {
        let item = format!("trait A {{ #[rpc(later)] fn f(&mut self); fn f_{part}(&mut self); }}");
        let expected =
            format!("`f` answers later, which makes a function `f_{part}` of the client");
        let error = rpc_error("", &item);
        assert!(error.contains(&expected), "{error}");
    }
    let fine =
        parse_str("trait A { fn f(&mut self); fn f_fetch(&mut self); fn f_answer(&mut self); }");
    assert!(rpc::expand(&rpc::Options::default(), fine.unwrap()).is_ok());
}

#[test]
fn functions_that_cannot_be_called_from_elsewhere() {
    for (function, message) in [
        ("fn f();", "starts with `&self` or `&mut self`"),
        ("fn f(self);", "starts with `&self` or `&mut self`"),
        ("fn f(self: Box<Self>);", "starts with `&self` or `&mut self`"),
        ("fn f(v: u32);", "starts with `&self` or `&mut self`"),
        ("fn f<T>(&mut self, v: T);", "cannot be generic; write `'_` for lifetimes"),
        ("fn f<'a>(&mut self, v: InBuffer<'a, 8>);", "cannot be generic; write `'_`"),
        ("fn f(&mut self) where Self: Sized;", "cannot be generic"),
        ("async fn f(&mut self);", "RPC functions are synchronous"),
        ("unsafe fn f(&mut self);", "cannot be unsafe"),
        ("fn f(&mut self) {}", "has no default body"),
        ("#[cfg(unix)] fn f(&mut self);", "cannot be conditional"),
        ("#[throws] fn f(&mut self) -> u32;", "a function that throws returns `Result<T, E>`"),
        ("#[throws] fn f(&mut self);", "a function that throws returns `Result<T, E>`"),
        ("#[throws(A)] fn f(&mut self) -> Result<u32, A>;", "`#[throws]` takes no arguments"),
        ("fn f(&mut self) -> Result<u32>;", "write both types: `Result<T, E>`"),
        ("fn f(&mut self, (a, b): (u32, u32));", "needs a name"),
    ] {
        let error = rpc_error("", &format!("trait A {{ {function} }}"));
        assert!(error.contains(message), "{function}: {error}");
    }
}

#[test]
fn arguments_that_mean_nothing_elsewhere() {
    for (ty, message) in [
        ("&str", "use `InBuffer<'_, N>` or `FixedString<N>`"),
        ("&[u8]", "use `InBuffer<'_, N>` or an array"),
        ("&mut [u8]", "use `InBuffer<'_, N>` or an array"),
        ("*const u8", "a pointer has no meaning"),
        ("&*mut u8", "a pointer has no meaning"),
        ("impl Fn()", "pass objects by `Capability`"),
        ("&dyn Other", "pass objects by `Capability`"),
    ] {
        let error = rpc_error("", &format!("trait A {{ fn f(&mut self, v: {ty}); }}"));
        assert!(error.contains(message), "{ty}: {error}");
    }
}

#[test]
fn types_without_defined_bytes() {
    for (item, message) in [
        ("struct A { v: u32 }", "add `#[repr(C)]`"),
        ("#[repr(C)] struct A {}", "no layout in C"),
        ("#[repr(C, packed)] struct A { v: u32 }", "C's natural layout only"),
        ("#[repr(C, align(64))] struct A { v: u32 }", "C's natural layout only"),
        ("#[repr(C)] union A { a: u32, b: f32 }", "cannot be checked when it arrives"),
        ("enum A { B }", "add `#[repr(u32)]`"),
        ("#[repr(C)] enum A { B }", "add `#[repr(u32)]`"),
        ("#[repr(u32)] enum A { B(u32) }", "no counterpart in a C++ enum"),
        ("#[repr(u32)] enum A {}", "no value to send"),
        ("#[wire(path = wire)] #[repr(u32)] enum A { B }", "expected `crate = path`"),
    ] {
        let input: DeriveInput = parse_str(item).unwrap();
        let error = wire::expand(&input).expect_err("accepted").to_string();
        assert!(error.contains(message), "{item}: {error}");
    }
}

#[test]
fn exceptions_are_names() {
    for (item, message) in [
        ("struct A;", "variants of an enum"),
        ("enum A { B(u32) }", "an exception carries nothing"),
    ] {
        let input: DeriveInput = parse_str(item).unwrap();
        let error = exceptions::expand(&input).expect_err("accepted").to_string();
        assert!(error.contains(message), "{item}: {error}");
    }
}

/// The code is there to be read: one method a function, nothing hidden behind helpers.
#[test]
fn what_is_made_is_readable() {
    let item = parse_str("trait Hello { fn add(&mut self, a: i32, b: i32) -> i32; }").unwrap();
    let tokens = rpc::expand(&rpc::Options::default(), item).unwrap().to_string();
    let client = "pub fn add (& self , a : i32 , b : i32) -> \
        :: core :: result :: Result < i32 , :: genode :: rpc :: Error >";
    let server = "let value = < __S as Hello > :: add (server , a_arg , b_arg) ;";
    for expected in [client, server, "struct HelloClient <", "for dyn Hello {"] {
        assert!(tokens.contains(expected), "{expected}\nnot in\n{tokens}");
    }
}
