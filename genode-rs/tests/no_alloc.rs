//! A call allocates nothing, neither at the client nor at the server.
#![allow(unsafe_code, reason = "an allocator that counts")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use genode::{
    Capability,
    rpc::{FixedString, InBuffer, Local},
};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static HEAP: Counting = Counting;

#[derive(Clone, Copy, Debug, PartialEq, genode::Exceptions)]
enum Refusal {
    Odd,
}

#[genode::rpc]
#[allow(
    clippy::new_ret_no_self,
    clippy::wrong_self_convention,
    reason = "names that clients have themselves"
)]
trait Everything {
    fn numbers(&mut self, a: u8, b: i64) -> u32;
    fn buffer(&mut self, text: InBuffer<'_, 160>) -> usize;
    fn text(&mut self, text: &FixedString<64>) -> FixedString<64>;
    fn attempt(&mut self, n: u32) -> Result<u64, u32>;
    #[throws]
    fn throws(&mut self, n: &mut u32) -> Result<(), Refusal>;
    /// Called as the client's own functions would be, which give way.
    fn cap(&mut self, cap: Capability<dyn Everything>) -> Capability<dyn Everything>;
    fn new(&mut self) -> u32;
    /// Named by keywords.
    fn r#match(&mut self, r#type: u32, r#in: &mut u32) -> u32;
}

struct Server;

impl Everything for Server {
    fn numbers(&mut self, a: u8, b: i64) -> u32 {
        u32::from(a) + b as u32
    }
    fn buffer(&mut self, text: InBuffer<'_, 160>) -> usize {
        text.as_bytes().len()
    }
    fn text(&mut self, text: &FixedString<64>) -> FixedString<64> {
        *text
    }
    fn attempt(&mut self, n: u32) -> Result<u64, u32> {
        if n == 0 { Err(n) } else { Ok(u64::from(n)) }
    }
    fn throws(&mut self, n: &mut u32) -> Result<(), Refusal> {
        *n += 1;
        if n.is_multiple_of(2) { Ok(()) } else { Err(Refusal::Odd) }
    }
    fn cap(&mut self, cap: Capability<dyn Everything>) -> Capability<dyn Everything> {
        cap
    }
    fn new(&mut self) -> u32 {
        1
    }
    fn r#match(&mut self, r#type: u32, r#in: &mut u32) -> u32 {
        *r#in += r#type;
        r#type
    }
}

#[test]
fn calls_do_not_allocate() {
    let client = Local::<dyn Everything, _>::client(Server);
    let text = FixedString::new("some text").unwrap();
    let before = ALLOCATIONS.get();
    for n in 0..100 {
        assert_eq!(client.numbers(1, 2), Ok(3));
        assert_eq!(client.buffer(InBuffer::text("label").unwrap()), Ok(6));
        assert_eq!(client.text(&text), Ok(text));
        assert_eq!(client.attempt(n).is_ok(), n != 0);
        let mut m = n;
        assert_eq!(client.throws(&mut m).is_ok(), m.is_multiple_of(2));
        assert_eq!(client.new(), Ok(1));
        assert_eq!((client.r#match(n, &mut m), m > n), (Ok(n), true));
        assert!(!client.cap(Capability::INVALID).unwrap().is_valid());
    }
    assert_eq!(ALLOCATIONS.get(), before);
    drop(Box::new(1));
    assert_eq!(ALLOCATIONS.get(), before + 1, "the counter counts");
}
