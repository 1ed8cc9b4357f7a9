//! Sends itself the signal whose number its parent tells; 0 means to end without a word.
#![no_main]
#![allow(unsafe_code, reason = "a component below the SDK")]
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used
)] // test code
mod support;

extern "C" fn construct() {
    let (_, echo) =
        support::open("Echo", "", support::Amount::new(10000, 3)).expect("Echo session");
    let answer = support::call(echo, 2, &[], |_| {}).unwrap();
    let number = answer.word() as i32;
    if number == 0 {
        unsafe { libc::_exit(9) };
    }
    let (process, thread) = unsafe { (libc::getpid(), libc::gettid()) };
    unsafe { libc::syscall(libc::SYS_tgkill, process, thread, number) };
    support::log("survived");
    support::exit(1);
}

genode_sys::component_entry!(construct);
