//! Mappings of dataspaces into the component.
use std::os::fd::BorrowedFd;
use std::sync::Mutex;

use genode_abi::*;
use genode_host_proto::tables::{ATTACHED, allowed};
use genode_host_proto::{PAGE, sys};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};

use crate::caps::borrow;
use crate::sync::lock;
use crate::tables::Tables;
use crate::{managed, memory, outside};

/// Attachments a component can have, a power of two.
const MAX: usize = 1 << 16;

/// Sizes of attachments by address: open addressing, so that attaching does not allocate.
struct Table {
    entries: [(usize, usize); MAX],
    used: usize,
}

static TABLE: Mutex<Table> = Mutex::new(Table { entries: [(0, 0); MAX], used: 0 });

/// What page tables the attachments take.
static TABLES: Mutex<Tables<{ 2 * MAX }>> = Mutex::new(Tables::new());

fn home(addr: usize) -> usize {
    (addr / PAGE).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (usize::BITS - 16)
}

impl Table {
    fn insert(&mut self, addr: usize, size: usize) -> bool {
        if self.used >= MAX * 7 / 8 {
            return false;
        }
        let mut at = home(addr);
        while self.entries[at].0 != 0 {
            at = (at + 1) % MAX;
        }
        self.entries[at] = (addr, size);
        self.used += 1;
        true
    }

    /// Remove an entry; those behind it move up, so that no gap breaks a chain.
    fn remove(&mut self, addr: usize) -> Option<usize> {
        let mut at = home(addr);
        while self.entries[at].0 != addr {
            if self.entries[at].0 == 0 {
                return None;
            }
            at = (at + 1) % MAX;
        }
        let size = self.entries[at].1;
        let mut next = at;
        loop {
            next = (next + 1) % MAX;
            let (other, _) = self.entries[next];
            if other == 0 {
                break;
            }
            // An entry may move to the gap unless its home lies behind the gap.
            let distance = next.wrapping_sub(home(other)) % MAX;
            if distance >= next.wrapping_sub(at) % MAX {
                self.entries[at] = self.entries[next];
                at = next;
            }
        }
        self.entries[at] = (0, 0);
        self.used -= 1;
        Some(size)
    }
}

fn attach(ds: rs_cap_t, attr: &rs_attach_attr_t) -> Result<(usize, usize), rs_err_t> {
    // SAFETY: the caller borrows `ds` to us.
    let fd = unsafe { borrow(ds) }.ok_or(RS_INVALID)?;
    let identity = sys::identity(fd).map_err(|_| RS_GONE)?;
    if identity.managed {
        return attach_managed(fd, attr);
    }
    let total = identity.size as usize;
    if !identity.regular || total == 0 || outside::is_freed(fd) {
        return Err(RS_GONE);
    }
    let rest = total.checked_sub(attr.offset).ok_or(RS_INVALID)?;
    let size = if attr.size == 0 { rest } else { attr.size };
    let aligned = attr.offset.is_multiple_of(PAGE) && attr.at.is_multiple_of(PAGE);
    if size == 0 || size > rest || !aligned {
        return Err(RS_INVALID);
    }
    let size = size.next_multiple_of(PAGE);
    let mut prot = ProtFlags::READ;
    prot.set(ProtFlags::WRITE, attr.writeable);
    prot.set(ProtFlags::EXEC, attr.executable);
    let mut flags = MapFlags::SHARED;
    flags.set(MapFlags::FIXED_NOREPLACE, attr.at != 0);
    let at = std::ptr::without_provenance_mut(attr.at);
    // SAFETY: the mapping replaces nothing: its address is the kernel's choice, or FIXED_NOREPLACE.
    let mapped = unsafe { rustix::mm::mmap(at, size, prot, flags, fd, attr.offset as u64) };
    let addr = match mapped {
        Ok(addr) => addr,
        Err(Errno::EXIST) => return Err(RS_REGION_CONFLICT),
        // The dataspace is read-only.
        Err(Errno::ACCESS | Errno::PERM) => return Err(RS_DENIED),
        Err(Errno::NOMEM) => return Err(RS_OUT_OF_RAM),
        Err(_) => return Err(RS_INVALID),
    };
    let counted = count(addr as usize, size);
    if !counted || !lock(&TABLE).insert(addr as usize, size) {
        if counted {
            lock(&TABLES).remove(addr as usize, size);
        }
        // SAFETY: just mapped, nobody refers to it.
        unsafe { sys::unmap(addr.cast(), size) };
        return Err(RS_OUT_OF_RAM);
    }
    Ok((addr.expose_provenance(), size))
}

/// Take page tables for a mapping into account, if there may be that many.
fn count(addr: usize, size: usize) -> bool {
    let mut tables = lock(&TABLES);
    if !tables.add(addr, size) {
        return false;
    }
    let bytes = tables.bytes();
    drop(tables);
    // What a quota allows is asked when it matters, since asking is a call.
    let fits =
        bytes <= ATTACHED || memory::ram_quota().is_ok_and(|q| bytes <= allowed(ATTACHED, q));
    if !fits {
        lock(&TABLES).remove(addr, size);
    }
    fits
}

/// Set in the size of an attachment that is a view of a managed dataspace; sizes are multiples of pages.
const VIEW: usize = 1;

fn attach_managed(fd: BorrowedFd<'_>, attr: &rs_attach_attr_t) -> Result<(usize, usize), rs_err_t> {
    let (addr, size) = managed::attach(fd, attr)?;
    if !lock(&TABLE).insert(addr, size | VIEW) {
        // SAFETY: just attached, nobody refers to it.
        unsafe { managed::detach(addr, size) };
        return Err(RS_OUT_OF_RAM);
    }
    Ok((addr, size))
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_attach(
    ds: rs_cap_t,
    attr: *const rs_attach_attr_t,
    addr: *mut usize,
    size: *mut usize,
) -> rs_err_t {
    // SAFETY: a valid pointer, by the contract.
    match attach(ds, unsafe { &*attr }) {
        Ok((a, s)) => {
            // SAFETY: valid pointers, by the contract.
            unsafe {
                *addr = a;
                *size = s;
            }
            RS_OK
        }
        Err(e) => e,
    }
}

/// See the seam's header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_detach(addr: usize) {
    let size = lock(&TABLE).remove(addr);
    match size {
        // SAFETY: attached by `attach_managed`; the caller does not use it any more, by the contract.
        Some(size) if size & VIEW != 0 => unsafe { managed::detach(addr, size & !VIEW) },
        Some(size) => {
            // SAFETY: mapped by rs_attach; as above.
            unsafe { sys::unmap(std::ptr::with_exposed_provenance_mut(addr), size) };
            lock(&TABLES).remove(addr, size);
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn the_table_keeps_exactly_what_was_inserted_and_not_removed() {
        // On the heap: too large for a test thread's stack.
        let mut table: Box<Table> = {
            let mut table = Box::<Table>::new_uninit();
            // SAFETY: zero is an empty table.
            unsafe {
                table.as_mut_ptr().write_bytes(0, 1);
                table.assume_init()
            }
        };
        let mut model = HashMap::new();
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..40_000 {
            // Few pages close together: long chains.
            let (addr, size) = (random.usize(1..=3000) * PAGE, random.usize(1..));
            match model.remove(&addr) {
                Some(size) => assert_eq!(table.remove(addr), Some(size)),
                None => {
                    assert_eq!(table.remove(addr), None);
                    assert!(table.insert(addr, size));
                    model.insert(addr, size);
                }
            }
        }
        assert_eq!(table.used, model.len());
        for (addr, size) in model {
            assert_eq!(table.remove(addr), Some(size));
        }
    }
}
