//! Input from drivers and their servers: batches of events, addresses of network adapters.

use genode::{
    args::ArgsRef,
    dataspace::LocalRam,
    session::{
        input::{Event, Events, Key},
        nic::MacAddress,
        uplink,
    },
};

/// Memory that a peer wrote: each event in it is read, and written again as the same, and what is
/// no event is kept as it is.
pub fn events(bytes: &[u8]) {
    let Ok(memory) = LocalRam::new(bytes.len().max(1)) else { return };
    memory.write(0, bytes).expect("within the memory");
    let events = Events::new(&memory);
    assert_eq!(events.room(), memory.size() / Event::SIZE);
    for (at, stored) in bytes.as_chunks::<{ Event::SIZE }>().0.iter().enumerate() {
        let event = events.read(at).expect("within the room");
        let known = (1..=12).contains(&u32::from_le_bytes(*stored[..4].as_array().expect("four")));
        assert_eq!(matches!(event, Event::Unknown(_)), !known);
        let again = event.encode();
        assert_eq!(Event::decode(&again).encode(), again);
        assert!(known || again == *stored);
        assert!(!event.to_string().is_empty());
        if let Event::Release { key } = event {
            assert!(key.name().is_none_or(|name| name.parse() == Ok(key)));
            assert_eq!(key.is_valid(), key > Key::KEY_RESERVED && key < Key::KEY_MAX);
        }
        events.write(at, &event).expect("within the room");
        assert_eq!(events.read(at).expect("within the room").encode(), again);
    }
    for beyond in [events.room(), usize::MAX] {
        assert!(events.read(beyond).is_err());
    }
}

/// Session arguments of a driver, and a text as an address: what is taken is an adapter's own
/// address, and is written and read again as the same.
pub fn mac(bytes: &[u8]) {
    let known = |mac: MacAddress| assert_eq!(mac.to_string().parse(), Ok(mac));
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    if let Ok(mac) = text.parse::<MacAddress>() {
        known(mac);
        assert!(mac.to_string().eq_ignore_ascii_case(text));
    }
    if let Some(mac) = ArgsRef::from_bytes(bytes).ok().and_then(uplink::mac_address) {
        known(mac);
        assert!(!mac.is_multicast() && mac != MacAddress::default());
    }
}
