//! How much memory it takes to know a machine: at most so much while it is read, so much afterwards. The TOPO server's
//! README states these figures.
#![allow(unsafe_code, reason = "an allocator that counts")]
#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "machines are written as text, piece by piece"
)]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use topology::source::description;
use topology::view::{View, ViewPolicy};
use topology::{Affinity, Machine};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it is; counting touches no memory of the caller.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller's promises are the system allocator's conditions.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: `at` came from `alloc` above with this layout, so from the system allocator.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One test at a time: the counters are everybody's.
static ALONE: Mutex<()> = Mutex::new(());

/// What `f` makes, the bytes that it holds, and the most that were in use meanwhile.
fn measure<T>(f: impl FnOnce() -> T) -> (T, usize, usize) {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let made = f();
    let held = LIVE.load(Ordering::Relaxed).saturating_sub(before);
    (made, held, PEAK.load(Ordering::Relaxed).saturating_sub(before))
}

const KIB: usize = 1 << 10;

/// 64 nodes and 1024 CPUs with all distances, and 16384 latencies and bandwidths, as a description.
fn large() -> String {
    let mut text = String::from("<machine>");
    for node in 0..64 {
        let (first, last) = (node * 16, node * 16 + 15);
        text += &format!(
            "<node id='{node}' memory='4G'><cpus ids='{first}-{last}' package='{node}'/></node>"
        );
    }
    for a in 0..64 {
        for b in 0..64 {
            let far = if a == b { 10 } else { 11 + (a ^ b) };
            text += &format!("<distance from='{a}' to='{b}' value='{far}'/>");
            text += &format!(
                "<access initiator='{a}' target='{b}' read_latency_ps='{far}00' write_latency_ps='{far}10'"
            );
            text += &format!(" read_bandwidth='{far}0' write_bandwidth='{far}1'/>");
        }
    }
    text + "</machine>"
}

#[test]
fn a_large_machine_takes_what_is_stated() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let text = large();
    let (machine, held, peak) = measure(|| {
        let claims = description::parse(&text).unwrap();
        Machine::build(&[claims]).unwrap()
    });
    assert_eq!((machine.nodes().len(), machine.cpus().len()), (64, 1024));
    assert_eq!(machine.access_values().len(), 4 * 64 * 64);
    println!(
        "{} KiB of text: {} KiB held, {} KiB at most",
        text.len() / KIB,
        held / KIB,
        peak / KIB
    );
    assert!(held <= 1024 * KIB, "{held}");
    assert!(peak <= 6144 * KIB, "{peak}");

    let (words, held, peak) = measure(|| {
        let space = machine.space_or_default().unwrap();
        let policy = ViewPolicy { memory_only_nodes: true, physical_ranges: true };
        let view = View::new(&machine, &space, Affinity::UNRESTRICTED, policy).unwrap();
        topology::snapshot::write(&machine, &view, 1)
    });
    println!(
        "snapshot of {} KiB: {} KiB held, {} KiB at most",
        words.len() * 8 / KIB,
        held / KIB,
        peak / KIB
    );
    assert!(peak <= 5 * words.len() * 8, "{peak}");
}

#[test]
fn hostile_text_takes_no_more_than_its_length_backs() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let cpus = "<cpus ids='0-16383'/>";
    let empty = format!("<machine>{}</machine>", "<a/>".repeat(65_000));
    let attributes =
        format!("<machine {}/>", (0..3000).map(|n| format!("a{n}='' ")).collect::<String>());
    let (open, too_many) = ("<a>".repeat(65_000), "<a>".repeat(300_000));
    let caches =
        format!("<machine>{cpus}{}</machine>", "<cache level='1' cpus='0-16383'/>".repeat(400));
    let synthetic =
        format!("<machine synthetic='numa:1 {} pu:16384'/>", "l3:1 l2:1 l1:1 l1i:1 ".repeat(20));
    for text in
        [empty, attributes, open, too_many, caches, synthetic, format!("<machine>{cpus}</machine>")]
    {
        let (result, _, peak) = measure(|| {
            description::parse(&text).ok().map(|claims| Machine::build(&[claims]).is_ok())
        });
        println!("{} KiB: {result:?}, {} KiB at most", text.len() / KIB, peak / KIB);
        assert!(peak <= 16 << 20, "{peak} for {text:.60}");
    }
}

#[test]
fn tables_take_little_more_than_their_bytes() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for name in ["sixty-four-nodes", "hmat", "eight-nodes"] {
        let tables = common::tables(name);
        let all = [&tables.srat, &tables.madt, &tables.slit, &tables.hmat];
        let bytes: usize = all.into_iter().flatten().map(Vec::len).sum();
        let (machine, held, peak) = measure(|| {
            let (claims, refused) = tables.claims();
            assert!(refused.is_empty());
            Machine::build(&claims).unwrap()
        });
        println!("{name}: {bytes} bytes of tables, {held} held, {peak} at most");
        assert!(machine.cpus().len() > 1 && peak <= 32 * bytes + 64 * KIB, "{name}: {peak}");
    }
}
