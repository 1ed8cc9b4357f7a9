//! A panic ends the component: where and why is logged, the parent is told. Nothing unwinds.

use core::{
    fmt::{self, Write},
    panic::PanicInfo,
    sync::atomic::{AtomicBool, Ordering},
};

use genode_args::shown::{Line, ShownBytes};

/// Exit value of a component that panicked.
const EXIT_VALUE: i32 = -1;

/// Begins a line with the calling thread's name, as the host's runtime does.
fn begin(line: &mut impl Write) -> fmt::Result {
    let mut name = [0_u8; 32];
    // SAFETY: so many bytes may be written.
    let known = unsafe { crate::rs_thread_name(name.as_mut_ptr().cast(), name.len()) };
    match name.get(..known).filter(|name| !name.is_empty()) {
        Some(name) => write!(line, "thread \"{}\": ", ShownBytes(name)),
        None => line.write_str("a thread without a name: "),
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    static PANICKING: AtomicBool = AtomicBool::new(false);
    // On the stack, since a panic must not need the heap; what does not fit is cut.
    let mut line = Line::<232>::new();
    let _ = begin(&mut line); // a line takes all
    // A message whose formatting panics is dropped; where it did is told.
    let _ = match (info.location(), PANICKING.swap(true, Ordering::Relaxed)) {
        (Some(at), false) => {
            write!(line, "panicked at {}:{}: {}", at.file(), at.line(), info.message())
        }
        (Some(at), true) => {
            write!(line, "panicked at {}:{}, while a panic is shown", at.file(), at.line())
        }
        (None, false) => write!(line, "panicked: {}", info.message()),
        (None, true) => line.write_str("panicked, while a panic is shown"),
    };
    let text = line.as_bytes();
    // SAFETY: the text lives through the call.
    unsafe { crate::rs_log(genode_abi::RS_ERROR, text.as_ptr().cast(), text.len()) }
    // SAFETY: no preconditions.
    unsafe { crate::rs_exit(EXIT_VALUE) }
}
