extern crate std;

use alloc::vec::Vec;

use super::{protocol::*, server::Window, *};
use crate::{
    packet_stream::{Kind, Layout, Protocol},
    rpc::{Local, Wire},
};

const VECTORS: &str = include_str!("../../../tests/vectors/packet-stream-26.02-ffb059da.txt");

fn vector(name: &str) -> &'static str {
    let line = VECTORS.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no vector {name}"))
}

fn bytes(name: &str) -> Vec<u8> {
    let hex = vector(name);
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn words(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect()
}

const TRIM: Header = Header {
    operation: Operation::Trim,
    tag: 0xa1a2_a3a4_a5a6_a7a8,
    block: 0x1122_3344_5566_7788,
    count: 0x99aa_bbcc_ddee_ff00,
    success: true,
};

#[test]
fn descriptors_and_info_are_genodes() {
    let queue: Vec<usize> = vector("block.queue").split(' ').map(|n| n.parse().unwrap()).collect();
    assert_eq!(queue[..2], [Block::ACK_QUEUE as usize, Layout::descriptor::<Block>()]);
    assert_eq!(Layout::new::<Block>(1 << 20).unwrap().ack_queue, queue[2]);
    let trim = words(&bytes("block.trim"));
    assert_eq!(trim[..2], [0x10_2030, 0x40_5060]);
    let mut encoded = [0; 5];
    Block::encode(&TRIM, &mut encoded);
    assert_eq!(encoded, trim[2..]);
    assert_eq!(Block::decode(&trim[2..]), TRIM);
    // C++ leaves the bytes between fields as they were.
    encoded[0] |= 0xee << 32;
    encoded[4] |= 0xeeee_eeee_0000_0000;
    assert_eq!(Block::decode(&encoded), TRIM);
    encoded[4] = 2;
    assert!(!Block::decode(&encoded).success, "no boolean");
    for (number, operation) in
        (0..).zip([Operation::Read, Operation::Write, Operation::Sync, Operation::Trim])
    {
        let header = Block::decode(&[number, 0, 0, 0, 0]);
        assert_eq!(header.operation, operation);
        let kind = if number < 2 { Kind::Packet } else { Kind::Bare };
        assert_eq!(Block::kind(&header), kind);
    }
    assert_eq!(Block::decode(&[4, 0, 0, 0, 0]).operation, Operation::Unknown(4));
    let info = Info {
        block_size: 0x1122_3344_5566_7788,
        block_count: 0x99aa_bbcc_ddee_ff00,
        align_log2: 12,
        writeable: true,
    };
    let mut stored = [0xee; Info::SIZE];
    info.store(&mut stored);
    assert_eq!(stored[..18], bytes("block.info"));
    assert_eq!(Info::load(&stored), Ok(info));
    let no_bool = [&stored[..17], &[2; 7]].concat();
    assert!(Info::load(&no_bool).is_err());
}

#[test]
fn a_client_asks_for_info_and_channel() {
    struct Server;
    impl BlockSession for Server {
        fn info(&self) -> Info {
            DEVICE
        }
        fn tx_cap(&mut self) -> Capability<dyn TxChannel> {
            Capability::INVALID
        }
    }
    let session = Local::<dyn BlockSession, _>::client(Server);
    assert_eq!(session.info(), Ok(DEVICE));
    assert_eq!(session.tx_cap(), Ok(Capability::INVALID));
}

const DEVICE: Info = Info { block_size: 512, block_count: 100, align_log2: 11, writeable: true };

#[test]
fn a_session_sees_a_part_of_the_device() {
    let all = Access::READ | Access::WRITE;
    let window = |offset, count| Window::new(DEVICE, offset, count, all);
    let seen = |offset, count| window(offset, count).map(|window| window.info.block_count);
    assert_eq!((seen(0, 0), seen(0, 10), seen(90, 0)), (Some(100), Some(10), Some(10)));
    assert_eq!((seen(90, 20), seen(100, 0), seen(u64::MAX, 1)), (Some(10), None, None));
    assert!(window(0, 0).unwrap().info.writeable);
    assert!(!Window::new(DEVICE, 0, 0, Access::READ).unwrap().info.writeable);
    let read_only = Info { writeable: false, ..DEVICE };
    assert!(!Window::new(read_only, 0, 0, all).unwrap().info.writeable);
}

#[test]
fn a_request_is_checked_against_device_window_and_buffer() {
    use Operation::{Read, Sync, Trim, Unknown, Write};
    let all = Access::READ | Access::WRITE;
    let window = Window::new(DEVICE, 40, 20, all).unwrap();
    let read_only = Window::new(DEVICE, 40, 20, Access::READ).unwrap();
    let ask = |window: &Window, operation, block, count, place, size| {
        window.check(&Header { operation, tag: 0, block, count, success: false }, place, size)
    };
    for operation in [Read, Write] {
        assert_eq!(ask(&window, operation, 0, 20, 2048, 20 * 512), Some(40));
        assert_eq!(ask(&window, operation, 19, 1, 4096, 513), Some(59));
        for (block, count, place, size) in [
            (20, 1, 2048, 512),       // behind the window
            (0, 21, 2048, 21 * 512),  // beyond it
            (u64::MAX, 1, 2048, 512), // around
            (1, u64::MAX, 2048, 512),
            (0, 0, 2048, 512),  // nothing
            (0, 2, 2048, 1023), // more than the packet
            (0, 1, 2049, 512),  // misaligned
            (0, 1, 1024, 512),
        ] {
            assert_eq!(ask(&window, operation, block, count, place, size), None, "{block} {count}");
        }
    }
    assert_eq!(ask(&window, Sync, u64::MAX, u64::MAX, 0, 0), Some(40));
    assert_eq!(ask(&window, Trim, 5, 15, 0, 0), Some(45));
    assert_eq!(ask(&window, Trim, 5, 0, 0, 0), Some(45));
    assert_eq!(ask(&window, Trim, 5, 16, 0, 0), None);
    assert_eq!(ask(&window, Unknown(4), 0, 1, 2048, 512), None);
    assert_eq!(ask(&read_only, Read, 0, 1, 2048, 512), Some(40));
    for operation in [Write, Sync, Trim] {
        assert_eq!(ask(&read_only, operation, 0, 1, 2048, 512), None);
    }
    let huge = Window::new(Info { block_size: u64::MAX, ..DEVICE }, 0, 0, all).unwrap();
    assert_eq!(ask(&huge, Read, 0, 2, 2048, u64::MAX), None, "bytes that are no number");
}

#[test]
fn an_error_says_what_to_do() {
    use std::string::ToString;
    for (error, end) in [
        (BlockError::Failed, "see its log and policy"),
        (BlockError::Range { block: 1, bytes: 2, blocks: 3 }, "take whole blocks that it has"),
        (BlockError::Answer, "do not trust the content"),
        (BlockError::from(crate::Error::Gone), "closed the session"),
    ] {
        assert!(error.to_string().ends_with(end), "{error}");
    }
}
