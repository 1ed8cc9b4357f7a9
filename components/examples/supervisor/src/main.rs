//! Three children: restarts a worker that crashes once, then routes its client to the other one.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::rc::Rc;
use core::cell::OnceCell;

use genode::sandbox::{End, Event, Sandbox};
use genode::{node::Node, prelude::*};

/// Two workers, and a client of the worker `backend`.
fn config(backend: &str) -> Node {
    let service = r#"<resource name="RAM" quantum="2M"/> <provides> <service name="Work"/> </provides>
            <binary name="rs_supervisor_worker"/> <route> <any-service> <parent/> </any-service> </route>"#;
    let text = alloc::format!(
        r#"<config>
        <parent-provides> <service name="ROM"/> <service name="PD"/> <service name="CPU"/>
            <service name="LOG"/> <service name="Timer"/> </parent-provides>
        <default caps="100"/>
        <start name="a"> {service} <config crash_at="3" factor="10"/> </start>
        <start name="b"> {service} <config factor="100"/> </start>
        <start name="client"> <binary name="rs_supervisor_client"/> <resource name="RAM" quantum="2M"/>
            <route> <service name="Work"> <child name="{backend}"/> </service>
                <any-service> <parent/> </any-service> </route> </start> </config>"#
    );
    Node::parse(text.as_bytes()).unwrap_or_default()
}

#[genode::component]
fn main(env: Env) -> Result<Sandbox, Error> {
    let this: Rc<OnceCell<Sandbox>> = Rc::default();
    let (own, mut crashes) = (this.clone(), 0);
    let sandbox = Sandbox::new(env, move |events| {
        for event in events {
            let (Some(sandbox), Event::Ended { child, end }) = (own.get(), event) else { continue };
            log!("{child} {end}");
            match (child.as_str(), end, crashes) {
                ("a", _, 0) => sandbox.restart("a"),
                ("a", ..) => sandbox.apply(&config("b")),
                (_, End::Exited(0), _) => env.exit(0),
                _ => {}
            }
            crashes += i32::from(child == "a");
        }
    })?;
    let sandbox = this.get_or_init(|| sandbox);
    sandbox.apply(&config("a"));
    Ok(sandbox.clone())
}
