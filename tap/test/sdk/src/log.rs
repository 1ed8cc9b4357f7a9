//! rs_log_test: prints what a log must get right; its run script compares what arrives.
#![no_std]
#![no_main]

use genode::{
    connection::Connection,
    prelude::*,
    rpc::InBuffer,
    session::log::{LogSession, MAX_STRING},
};

#[genode::component]
fn main(env: Env) -> Result<(), Error> {
    log!("--- LOG test ---");
    log!("hex range:          [{:#010x},{:#010x})", 0xe00, 0x880);
    log!("padded:             {:>8}|{:<8}|{:^8}|", "right", "left", "mid");
    log!("negative hex char:  {:#04x}", -2_i8);
    log!("positive hex char:  {:#04x}", 2_i8);
    log!("limits:             {} {} {}", i64::MIN, i64::MAX, u64::MAX);
    log!("floating point:     {:.3} {:e}", 1.7_f64, 1_000_000_f64);
    log!("multiarg string:    \"{}{}\"", "parent -> child.", 7);
    log!("text in UTF-8:      ä → 木 €");
    log!("first line\nsecond line");
    log!("");
    warning!("the heat is on");
    error!("out of coffee");
    long_lines();
    session(env)?;
    log!("--- LOG test finished ---");
    env.exit(0)
}

/// Lines of more bytes than the LOG session takes at once.
fn long_lines() {
    const TENS: &str = "..........................................................................\
        ..........................................................................";
    let line = |len| &TENS[..len];
    log!("{}{}223 bytes end here", line(148), line(57));
    log!("{}{}the 224th byte ends a line, the rest follows", line(148), line(76));
    log!("{}{}ä", line(148), line(75)); // the line's end must not split a character
    warning!("{}{}209 bytes end here", line(148), line(43));
    error!("{}{}the 210th byte ends a line, the rest follows", line(148), line(62));
}

/// A session of its own, and its limits.
fn session(env: Env) -> Result<(), Error> {
    let log = Connection::<dyn LogSession>::open(env, "extra")?;
    let write = |text| -> Result<(), Error> {
        let text = InBuffer::text(text).ok_or(Error::Overflow)?;
        Ok(log.write(text)?)
    };
    write("a line by a session of its own\n")?;
    let full = [b'='; MAX_STRING - 2];
    let mut text = [0; MAX_STRING - 1];
    text[..MAX_STRING - 2].copy_from_slice(&full);
    text[MAX_STRING - 2] = b'\n';
    write(core::str::from_utf8(&text).unwrap_or_default())?;
    // One byte more, and there would be no room for the zero.
    if InBuffer::<MAX_STRING>::text(core::str::from_utf8(&[b'='; MAX_STRING]).unwrap_or_default())
        .is_some()
    {
        error!("a text too long for the session was accepted");
    }
    Ok(())
}
