//! Calls the echo object in every way that must work and some that must not.
#![no_main]
#![allow(unsafe_code, reason = "a component below the SDK")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used
)] // test code
mod support;

use genode_sys::*;
use genode_wire::ExceptionCode;
use rs_raw::say;

extern "C" fn construct() {
    let (_, echo) =
        support::open("Echo", "", support::Amount::new(10000, 3)).expect("Echo session");
    assert_eq!(support::open("Nothing", "", support::Amount::new(10000, 3)).err(), Some(RS_DENIED));
    let long: Vec<u8> = (0..2040).map(|i| (i * 7) as u8).collect();
    for len in [0, 8, 64, 1000, 2032, 2040] {
        let answer = support::call(echo, 0, &[], |w| {
            w.bytes(&long[..len]);
        })
        .unwrap();
        assert_eq!((answer.code, &answer.body[..]), (ExceptionCode::SUCCESS, &long[..len]));
    }
    let unknown = support::call(echo, 9, &[], |_| {}).unwrap();
    assert_eq!(unknown.code, ExceptionCode::INVALID_OPCODE);

    let mut ds = 0;
    assert_eq!(unsafe { rs_ram_alloc(5000, RS_CACHED, RS_ANY_NODE, &mut ds) }, RS_OK);
    let before = support::quota();
    assert_eq!(before.ram_used, 8192);
    let answer = support::call(echo, 0, &[ds, 0, echo], |_| {}).unwrap();
    assert_eq!(answer.caps.len(), 3);
    for (cap, sent) in answer.caps.into_iter().zip([ds, 0, echo]) {
        assert!(unsafe { rs_cap_same(cap, sent) }, "capabilities come back as themselves");
        assert_eq!(cap == 0, sent == 0);
        unsafe { rs_cap_drop(cap) };
    }

    let (mut size, mut writeable) = (0, false);
    assert_eq!(unsafe { rs_ds_info(ds, &mut size, &mut writeable) }, RS_OK);
    assert_eq!((size, writeable), (8192, true));
    let attr = rs_attach_attr_t { offset: 0, size: 0, at: 0, writeable: true, executable: false };
    let mut addr = 0;
    assert_eq!(unsafe { rs_attach(ds, &attr, &mut addr, &mut size) }, RS_OK);
    let memory = unsafe { std::slice::from_raw_parts_mut(addr as *mut u8, size) };
    assert!(memory.iter().all(|b| *b == 0));
    memory.fill(1);
    let at = rs_attach_attr_t { at: addr, ..attr };
    let mut other = 0;
    assert_eq!(unsafe { rs_attach(ds, &at, &mut other, &mut size) }, RS_REGION_CONFLICT);
    unsafe { rs_detach(addr) };
    unsafe { rs_ram_free(ds) };
    // Memory that is freed while it is mapped reads as zero, and does not end who looks at it.
    let mut lent = 0;
    assert_eq!(unsafe { rs_ram_alloc(4096, RS_CACHED, RS_ANY_NODE, &mut lent) }, RS_OK);
    assert_eq!(unsafe { rs_attach(lent, &attr, &mut addr, &mut size) }, RS_OK);
    let word = addr as *mut u64;
    unsafe {
        word.write_volatile(9);
        rs_ram_free(lent);
        assert_eq!(word.read_volatile(), 0);
        rs_detach(addr);
    }
    let after = support::quota();
    assert_eq!((after.ram_used, after.caps_used), (0, before.caps_used - 1));
    let mut ds = 0;
    let too_much = (after.ram_limit + 1) as usize;
    assert_eq!(unsafe { rs_ram_alloc(too_much, RS_CACHED, RS_ANY_NODE, &mut ds) }, RS_OUT_OF_RAM);

    let (_, sigh) = support::signal(|count| {
        say!("signal handler ran with count {count}");
        support::exit(42);
    })
    .unwrap();
    support::call(echo, 1, &[sigh], |_| {}).unwrap();
}

genode_sys::component_entry!(construct);
