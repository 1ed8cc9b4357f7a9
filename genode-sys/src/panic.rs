//! A panic ends the component: where and why is logged, the parent is told. Nothing unwinds.

use core::{
    fmt::{self, Write},
    panic::PanicInfo,
    sync::atomic::{AtomicBool, Ordering},
};

/// Exit value of a component that panicked.
const EXIT_VALUE: i32 = -1;

/// One line on the stack; what does not fit is cut, because a panic must not need the heap.
struct Line {
    bytes: [u8; 232],
    len: usize,
}

impl Line {
    fn write(&mut self, text: &[u8]) {
        let room = self.bytes.len() - self.len;
        let n = text.len().min(room);
        self.bytes[self.len..self.len + n].copy_from_slice(&text[..n]);
        self.len += n;
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.write(text.as_bytes());
        Ok(())
    }
}

/// Begins a line with the calling thread's name, as the host's runtime does.
fn begin(line: &mut Line) {
    let mut name = [0_u8; 32];
    // SAFETY: so many bytes may be written.
    let known = unsafe { crate::rs_thread_name(name.as_mut_ptr().cast(), name.len()) };
    if known == 0 {
        return line.write(b"a thread without a name: ");
    }
    line.write(b"thread \"");
    line.write(&name[..known.min(name.len())]);
    line.write(b"\": ");
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    static PANICKING: AtomicBool = AtomicBool::new(false);
    let mut line = Line { bytes: [0; 232], len: 0 };
    begin(&mut line);
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
    // SAFETY: the buffer lives through the call.
    unsafe { crate::rs_log(genode_abi::RS_ERROR, line.bytes.as_ptr().cast(), line.len) }
    // SAFETY: no preconditions.
    unsafe { crate::rs_exit(EXIT_VALUE) }
}
