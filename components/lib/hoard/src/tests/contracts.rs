//! Programs that could break the allocator, each with `unsafe` and without: without it none compiles.
//!
//! Only the first of each pair shows that the second fails for want of `unsafe`, since the stable compiler does not
//! look at the error's number.

macro_rules! functions {
    ($($name:ident: $setup:literal, $call:literal;)*) => {$(
        #[doc = concat!(
            "```no_run\n", $setup, "\nlet _ = unsafe { ", $call, " };\n```\n",
            "```compile_fail,E0133\n", $setup, "\nlet _ = ", $call, ";\n```"
        )]
        pub struct $name;
    )*};
}

functions! {
    Detach:
        "use hoard::*; static TABLE: Table = Table::new();
         static CORE: Core = Core::new(&platform::Linux, &TABLE);",
        "CORE.detach(&MISSING)";
    AfterFork:
        "use hoard::*; static TABLE: Table = Table::new();
         static CORE: Core = Core::new(&platform::Linux, &TABLE);",
        "CORE.after_fork()";
    Free: "let block = 1 as *mut u8;", "hoard::Hoard::free(block)";
    Reallocate: "let block = 1 as *mut u8;", "hoard::Hoard::reallocate(block, 9, 1)";
    Commit:
        "use hoard::platform::{Linux, Platform}; let at = 1 as *mut u8;", "Linux.commit(at, 0)";
    Unmap:
        "use hoard::platform::{Linux, Platform}; let at = 1 as *mut u8;", "Linux.unmap(at, 4096)";
    Decommit:
        "use hoard::platform::{Linux, Platform}; let at = 1 as *mut u8;", "Linux.decommit(at, 4096)";
    Remap:
        "use hoard::platform::{Linux, Platform}; let at = 1 as *mut u8;",
        "Linux.remap(at, 4096, 8192, true)";
    Release: "let lock = hoard::internals::lock::Lock::new();", "lock.release()";
    Push:
        "use hoard::internals::remote::*; struct Nowhere;
         impl Links for Nowhere { unsafe fn link(&self, _: u32, _: Option<u32>) {} }
         let word = Remote::new();",
        "word.push(&Nowhere, Batch { head: 8, tail: 8, count: 1 }, 1)";
    Link:
        "use hoard::internals::remote::*; struct Nowhere;
         impl Links for Nowhere { unsafe fn link(&self, _: u32, _: Option<u32>) {} }",
        "Nowhere.link(0, None)";
    Collect: "let word = hoard::internals::remote::Remote::new();", "word.collect()";
    Float: "let word = hoard::internals::remote::Remote::new();", "word.float()";
    Publish: "let word = hoard::internals::remote::Remote::new();", "word.publish()";
    Adopt: "let word = hoard::internals::remote::Remote::new();", "word.adopt()";
    Retire: "let word = hoard::internals::remote::Remote::new();", "word.retire(0)";
    CFree: "let block = 1 as *mut _;", "hoard::internals::c::free(block)";
    CRealloc: "let block = 1 as *mut _;", "hoard::internals::c::realloc(block, 9)";
    CReallocarray: "let block = 1 as *mut _;", "hoard::internals::c::reallocarray(block, 9, 9)";
    CPosixMemalign: "let out = 1 as *mut _;", "hoard::internals::c::posix_memalign(out, 8, 9)";
    CUsableSize: "let block = 1 as *mut _;", "hoard::internals::c::malloc_usable_size(block)";
    CInfo: "let stream = 1 as *mut _;", "hoard::internals::c::malloc_info(0, stream)";
}

macro_rules! traits {
    ($($name:ident: $setup:literal, $implementation:literal;)*) => {$(
        #[doc = concat!(
            "```no_run\n", $setup, "\nunsafe ", $implementation, "\n```\n",
            "```compile_fail,E0200\n", $setup, "\n", $implementation, "\n```"
        )]
        pub struct $name;
    )*};
}

traits! {
    Process:
        "use hoard::*; struct Mine;",
        "impl Process for Mine {
             fn core() -> &'static Core { loop {} }
             fn heap() -> &'static Heap { &MISSING }
             fn attach() -> &'static Heap { &MISSING }
         }";
    Platform:
        "struct Mine;",
        "impl hoard::platform::Platform for Mine {
             fn map(&self, _: usize, _: usize, _: usize) -> *mut u8 { 0x1000 as *mut u8 }
             unsafe fn unmap(&self, _: *mut u8, _: usize) {}
             unsafe fn decommit(&self, _: *mut u8, _: usize) -> bool { false }
             unsafe fn remap(&self, at: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 { at }
             fn current_node(&self) -> usize { 0 }
             fn nodes(&self) -> usize { 1 }
             fn now(&self) -> u64 { 0 }
             fn yield_now(&self) {}
             fn message(&self, _: &[u8]) {}
             fn abort(&self) -> ! { loop {} }
         }";
}

macro_rules! hidden {
    ($($name:ident: $call:literal;)*) => {$(
        #[doc = concat!("```compile_fail,E0603\nlet _ = unsafe { ", $call, " };\n```")]
        pub struct $name;
    )*};
}

// Records of superblocks, and all that finds and links them, are out of a program's reach.
hidden! {
    OfSlice: "hoard::core::superblock::Superblock::of_slice(0x1000)";
    Of: "hoard::core::superblock::Superblock::of(0x1000)";
    InPlace: "hoard::core::superblock::InPlace(0x1000)";
    Memory: "hoard::core::memory::Memory::new(&hoard::platform::Linux, &hoard::Table::new())";
}
