//! rs_page_tables: maps one page at as many places as it may, far apart: by its runtime, which says when it is enough, through
//! a managed dataspace, where there is no end, and past its runtime, which core ends.
#![no_main]
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

#[allow(dead_code, reason = "shared with rs_escape")]
mod sys;

use genode_host_proto::PAGE;
use genode_host_proto::tables::{ATTACHED, allowed};
use genode_sys::*;
use rs_raw as seam;

/// Where nothing else is, and so far apart that each page needs two pages of tables.
const FIRST: usize = 1 << 40;
const APART: usize = 1 << 30;
/// Regions of a managed dataspace: several times what page tables are allowed for.
const REGIONS: usize = 4000;

fn at(place: usize) -> usize {
    FIRST + place * APART
}

/// Reads a word of what is mapped.
fn touch(addr: usize) -> u64 {
    // SAFETY: the callers mapped the page, or have a view there whose access is to succeed.
    unsafe { std::ptr::with_exposed_provenance::<u64>(addr).read_volatile() }
}

fn attach(ds: rs_cap_t, at: usize) -> rs_err_t {
    seam::attach_at(ds, at, false).err().unwrap_or(RS_OK)
}

/// Attaches until it is refused, looks at all of it, and detaches all.
fn as_many_as_there_may_be(ds: rs_cap_t) -> usize {
    let mut count = 0;
    let refused = loop {
        match attach(ds, at(count)) {
            RS_OK => count += 1,
            error => break error,
        }
        touch(at(count - 1));
    };
    seam::log(&format!(
        "refused after {count} places: {}",
        if refused == RS_OUT_OF_RAM { "out of RAM" } else { "?" }
    ));
    // One less, and there is room for another one.
    let last = at(count - 1);
    // SAFETY: attached above, not used any more.
    unsafe { rs_detach(last) };
    let again = attach(ds, last);
    seam::log(if again == RS_OK { "one less, one more" } else { "nothing came back" });
    for place in 0..count {
        // SAFETY: as above.
        unsafe { rs_detach(at(place)) };
    }
    count
}

/// The same through a region map: no access is refused.
fn through_a_view(ds: rs_cap_t) -> Option<()> {
    let ok = |result| (result == RS_OK).then_some(());
    let (mut rm, mut map, mut size) = (std::ptr::null_mut(), std::ptr::null_mut(), 0);
    // SAFETY: a live out parameter.
    ok(unsafe { rs_rm_open(&raw mut rm) })?;
    // SAFETY: an open session, a live out parameter.
    ok(unsafe { rs_rm_create(rm, REGIONS * APART, &raw mut map) })?;
    for place in 0..REGIONS {
        let at = place * APART;
        let attr = rs_attach_attr_t { offset: 0, size: 0, at, writeable: false, executable: false };
        // SAFETY: a live map, attribute and out parameter.
        ok(unsafe { rs_rm_attach(map, ds, &raw const attr, &raw mut size) })?;
    }
    // SAFETY: a live map.
    let managed = unsafe { rs_rm_dataspace(map) };
    ok(attach(managed, FIRST))?;
    let sum: u64 = (0..2 * REGIONS).map(|place| touch(at(place % REGIONS))).sum();
    seam::log(&format!("{REGIONS} places of a view seen twice, {sum} words differ"));
    // SAFETY: attached above; the map and its session are ours and not used any more.
    unsafe {
        rs_detach(FIRST);
        rs_cap_drop(managed);
        rs_rm_destroy(map);
        rs_rm_close(rm);
    }
    Some(())
}

/// Past the runtime: a mapping that takes no memory, of which a byte in each 2 MiB is read.
fn past_the_runtime() {
    let (prot, flags) =
        (libc::PROT_READ, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE);
    let size = 1 << 45;
    let Ok(start) =
        sys::sys(libc::SYS_mmap, [0, size, prot as usize, flags as usize, usize::MAX, 0])
    else {
        return seam::log("no such mapping");
    };
    for addr in (start..start + size).step_by(2 << 20) {
        touch(addr);
    }
    seam::log("goes on");
}

extern "C" fn construct() {
    let Ok(ds) = seam::alloc(PAGE) else { return seam::log("no memory") };
    let before = seam::quota();
    let expected = allowed(ATTACHED, before.ram_limit) as usize / (2 * PAGE);
    let count = as_many_as_there_may_be(ds);
    let close = count.abs_diff(expected) < 20;
    seam::log(if close { "as many as the quota allows" } else { "not what the quota allows" });
    if as_many_as_there_may_be(ds) != count {
        seam::log("not as many as before");
    }
    if through_a_view(ds).is_none() {
        seam::log("no view");
    }
    let after = seam::quota();
    let same = (after.ram_used, after.caps_used) == (before.ram_used, before.caps_used);
    seam::log(if same { "as much quota in use as before" } else { "quota is missing" });
    past_the_runtime();
}

genode_sys::component_entry!(construct);
