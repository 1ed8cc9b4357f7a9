//! rs_nic_loopback: a Nic and Uplink server that sends each frame back to its client.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{rc::Rc, string::String};

use genode::{
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::{
        nic::{MacAddress, NicServer, NicSession, Port},
        uplink::{UplinkServer, UplinkSession},
    },
};
use nic_loopback::{Echo, Turn};

/// Address of the adapter that every client sees: one that is administered locally.
const MAC: MacAddress = MacAddress([2, 2, 3, 4, 5, 6]);

/// Returns the handler of a client's signals.
fn handler(request: &SessionRequest<'_>) -> impl FnMut(&Port) + 'static {
    let label = String::from(request.label());
    let (echo, mut told) = (Echo::default(), false);
    move |port: &Port| {
        let turn = echo.turn(port);
        port.wakeup();
        match turn {
            Ok(Turn::More) => port.remind(),
            Ok(Turn::Idle) => (),
            Err(error) => {
                if !core::mem::replace(&mut told, true) {
                    warning!("session of '{label}': {error}");
                }
            }
        }
    }
}

fn nic(request: &SessionRequest<'_>) -> Result<Rc<NicServer>, Refused> {
    let session = NicServer::new(request, request.ep(), MAC)?;
    let mut handle = handler(request);
    session.on_signal(move |session| handle(session));
    Ok(session)
}

fn uplink(request: &SessionRequest<'_>) -> Result<Rc<UplinkServer>, Refused> {
    let session = UplinkServer::new(request, request.ep())?;
    let mut handle = handler(request);
    session.on_signal(move |session| handle(session));
    Ok(session)
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn NicSession, _>(nic)?;
    // A parent of Genode's takes what its configuration does not expect for an error.
    if env.config().read().is_ok_and(|config| config.attr_or("uplink", false)) {
        root.serve::<dyn UplinkSession, _>(uplink)?;
    }
    Ok(root)
}
