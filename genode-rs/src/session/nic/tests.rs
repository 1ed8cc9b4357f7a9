extern crate std;

use std::string::ToString;

use super::*;
use crate::{
    args::ArgsRef,
    packet_stream::Protocol,
    rpc::{Local, Wire},
    session::uplink,
};

const MAC: MacAddress = MacAddress([2, 0xa, 0, 0, 0xff, 0x1f]);

#[test]
fn an_address_is_read_and_written() {
    assert_eq!(MAC.to_string(), "02:0a:00:00:ff:1f");
    assert_eq!("02:0A:00:00:fF:1f".parse(), Ok(MAC));
    for wrong in [
        "",
        "02:0a:00:00:ff",
        "02:0a:00:00:ff:1f:00",
        "2:a:0:0:ff:1f",
        "02:0a:00:00:ff:+1",
        "02:0a:00:00:ff:1g",
        "02-0a-00-00-ff-1f",
        "02:0a:00:00:ff:1f ",
        "\u{fc}2:0a:00:00:ff:1",
    ] {
        assert_eq!(wrong.parse::<MacAddress>(), Err(BadMac), "{wrong}");
    }
    assert!(BadMac.to_string().ends_with("with ':' between them"));
    assert!(MacAddress::BROADCAST.is_multicast() && !MAC.is_multicast());
}

#[test]
fn an_address_is_six_bytes_on_the_wire() {
    let mut bytes = [0xee; MacAddress::SIZE];
    MAC.store(&mut bytes);
    assert_eq!(bytes, [2, 0xa, 0, 0, 0xff, 0x1f]);
    assert_eq!(MacAddress::load(&bytes), Ok(MAC));
}

#[test]
fn a_driver_tells_its_adapters_own_address() {
    let read = |text: &str| uplink::mac_address(ArgsRef::new(text));
    assert_eq!(read("mac_address=\"02:0a:00:00:ff:1f\", tx_buf_size=1"), Some(MAC));
    for wrong in [
        "",
        "mac_address=7",
        "mac_address=\"\"",
        "mac_address=\"00:00:00:00:00:00\"",
        "mac_address=\"ff:ff:ff:ff:ff:ff\"",
        "mac_address=\"01:0a:00:00:ff:1f\"",
        "mac_address=\"02:0a:00:00:ff:1f:00\"",
        "mac_address=\"02:0a:00:00:ff:1\\\"\"",
    ] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
}

/// A server that answers each function by something else.
struct Server(Option<Capability<SignalContext>>);

impl NicSession for Server {
    fn mac_address(&mut self) -> MacAddress {
        MAC
    }
    fn link_state(&mut self) -> bool {
        self.0.is_some()
    }
    fn link_state_sigh(&mut self, context: Capability<SignalContext>) {
        self.0 = Some(context);
    }
    fn tx_cap(&mut self) -> Capability<dyn TxChannel> {
        Capability::INVALID
    }
    fn rx_cap(&mut self) -> Capability<dyn RxChannel> {
        Capability::INVALID
    }
}

#[test]
fn functions_are_genodes() {
    let nic = Local::<dyn NicSession, _>::client(Server(None));
    assert_eq!(nic.mac_address(), Ok(MAC));
    assert_eq!(nic.link_state(), Ok(false));
    assert_eq!(nic.link_state_sigh(Capability::INVALID), Ok(()));
    assert_eq!(nic.link_state(), Ok(true));
    assert_eq!(nic.tx_cap(), Ok(Capability::INVALID));
    assert_eq!(nic.rx_cap(), Ok(Capability::INVALID));
    assert_eq!((Frames::SUBMIT_QUEUE, Frames::ACK_QUEUE, Frames::WORDS), (1024, 1024, 0));
}

#[test]
fn an_error_says_what_to_do() {
    use crate::packet_stream::StreamError;
    for (error, end) in [
        (PortError::Size(0), "send 1 to 1598"),
        (PortError::Room { size: 9, room: 8 }, "receive into 1598"),
        (PortError::from(StreamError::Foreign), "return it there"),
    ] {
        assert!(error.to_string().ends_with(end), "{error}");
    }
}
