//! RM: region maps, and with them managed dataspaces, in Genode 26.02's interfaces.
use genode_args::quota::Amount;
use genode_host_proto::PAGE;
use genode_host_proto::interface::region_map::{self, AttachError, Attr, Fault, Range};
use genode_host_proto::interface::{AllocError, rm};
use genode_wire::{Cap, ExceptionCode};
use rustix::fs::OFlags;

use super::closing::Rest;
use super::message::{Came, Response, Served};
use crate::fd;
use crate::nucleus::map::{self, Access, MapId, OwnerId, Region, Rights};
use crate::nucleus::{CoreObject, Nucleus, ObjId, Refusal};

/// Calls of an RM session.
pub(super) type Call<'m> = rm::Call<Came<'m>>;
/// Calls of a region map.
pub(super) type MapCall<'m> = region_map::Call<Came<'m>>;

/// Largest region map: what a process could map of it.
const MAX_SIZE: u64 = 1 << 46;

/// A session with its donation.
pub(super) fn open(nucleus: &mut Nucleus, donation: Amount) -> Result<ObjId, Refusal> {
    let owner = OwnerId(nucleus.fresh());
    let object = nucleus.core_object(CoreObject::Rm(owner))?;
    nucleus.maps.open(owner, donation);
    Ok(object)
}

/// End a session. What is left to do is to destroy its maps.
pub(super) fn close(nucleus: &Nucleus, owner: OwnerId) -> Rest {
    Rest::Rm(owner, nucleus.maps.of(owner))
}

pub(super) fn rm_call(
    nucleus: &mut Nucleus,
    owner: OwnerId,
    call: &Call<'_>,
    response: &mut Response,
) -> Served {
    match *call {
        Call::Create { size } => {
            let made = create(nucleus, owner, size);
            response.put_made(nucleus, made)
        }
        Call::Destroy { map } => {
            if let Some((object, CoreObject::RegionMap(o, map))) = nucleus.core_named(map)
                && o == owner
            {
                destroy(nucleus, object, owner, map);
            }
            response.put(&())
        }
    }
}

fn create(nucleus: &mut Nucleus, owner: OwnerId, size: u64) -> Result<ObjId, AllocError> {
    let size = size.checked_next_multiple_of(PAGE as u64).filter(|s| (1..=MAX_SIZE).contains(s));
    let size = size.ok_or(AllocError::Denied)?;
    nucleus.maps.pay(owner).map_err(Refusal::from)?;
    let map = MapId(nucleus.fresh());
    let made = objects(nucleus, owner, map);
    match made {
        Ok((object, ds)) => {
            nucleus.maps.create(map, owner, (object, ds), size);
            Ok(object)
        }
        Err(_) => {
            if let Some(budget) = nucleus.maps.budget(owner) {
                budget.give_map();
            }
            Err(AllocError::OutOfCaps)
        }
    }
}

/// What names a map, as a map and as a dataspace.
fn objects(nucleus: &mut Nucleus, owner: OwnerId, map: MapId) -> Result<(ObjId, ObjId), Refusal> {
    let object = nucleus.core_object(CoreObject::RegionMap(owner, map))?;
    let name = fd::managed_token().map_err(Refusal::from);
    match name.and_then(|name| nucleus.core_object_at(CoreObject::Managed(map), name)) {
        Ok(ds) => Ok((object, ds)),
        Err(e) => {
            nucleus.object_destroy(object);
            Err(e)
        }
    }
}

pub(super) fn destroy(nucleus: &mut Nucleus, object: ObjId, owner: OwnerId, map: MapId) {
    if let Some(ds) = nucleus.maps.dataspace(map) {
        nucleus.maps.destroy(map);
        nucleus.object_destroy(ds);
    }
    if let Some(budget) = nucleus.maps.budget(owner) {
        budget.give_map();
    }
    nucleus.object_destroy(object);
}

pub(super) fn region_map_call(
    nucleus: &mut Nucleus,
    map: MapId,
    call: &MapCall<'_>,
    response: &mut Response,
) -> Served {
    match *call {
        MapCall::Attach { ds, attr } => response.put(&attach(nucleus, map, ds, &attr)),
        MapCall::Detach { at } => {
            nucleus.maps.detach(map, at);
            response.put(&())
        }
        MapCall::FaultHandler { handler } => {
            let sigh = nucleus.context_named(handler);
            if nucleus.maps.set_sigh(map, sigh)
                && let Some(sigh) = sigh
            {
                nucleus.submit(sigh, 1);
            }
            response.put(&())
        }
        MapCall::Fault => {
            let (access, at) = match nucleus.maps.waiting(map) {
                None => (region_map::Access::None, 0),
                Some((Access::Read, at)) => (region_map::Access::Read, at),
                Some((Access::Write, at)) => (region_map::Access::Write, at),
                Some((Access::Execute, at)) => (region_map::Access::Exec, at),
            };
            response.put(&Fault { access, at })
        }
        MapCall::Dataspace => {
            let ds = nucleus.maps.dataspace(map).ok_or(ExceptionCode::INVALID_OBJECT)?;
            response.put(&Cap(nucleus.capability(ds)))
        }
    }
}

fn attach(
    nucleus: &mut Nucleus,
    map: MapId,
    ds: Cap<Came<'_>>,
    attr: &Attr,
) -> Result<Range, AttachError> {
    let cap = ds.0.ok_or(AttachError::InvalidDataspace)?;
    let (object, core) = nucleus.lookup_core(cap).ok_or(AttachError::InvalidDataspace)?;
    let (total, inner, writeable) = match core {
        // Who was given a read-only descriptor must not get more by a detour over core, which has a better one.
        CoreObject::Dataspace { size, writeable } => {
            let flags = rustix::fs::fcntl_getfl(cap).unwrap_or(OFlags::RDONLY);
            (size, None, writeable && flags.contains(OFlags::RDWR))
        }
        CoreObject::Managed(inner) => {
            let size = nucleus.maps.size(inner).ok_or(AttachError::InvalidDataspace)?;
            (size, Some(inner), true)
        }
        _ => return Err(AttachError::InvalidDataspace),
    };
    let conflict = AttachError::RegionConflict;
    let page = PAGE as u64;
    let at = attr.use_at.then_some(attr.at);
    let rest = total.checked_sub(attr.offset).filter(|rest| *rest > 0).ok_or(conflict)?;
    let size = if attr.size == 0 { rest } else { attr.size };
    let size = size.checked_next_multiple_of(page).filter(|s| *s <= rest).ok_or(conflict)?;
    if !attr.offset.is_multiple_of(page) || !at.unwrap_or(0).is_multiple_of(page) {
        return Err(conflict);
    }
    let mut rights = Rights::empty();
    rights.set(Rights::WRITE, attr.writeable && writeable);
    rights.set(Rights::EXECUTE, attr.executable);
    let region = Region { object, inner, offset: attr.offset, size, rights };
    match nucleus.maps.attach(map, region, at) {
        Ok(start) => Ok(Range { start, num_bytes: size }),
        Err(map::AttachError::OutOfRam) => Err(AttachError::OutOfRam),
        Err(map::AttachError::Conflict) => Err(conflict),
        Err(map::AttachError::Invalid) => Err(AttachError::InvalidDataspace),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Accounts;
    use crate::isolation::Isolation;
    use crate::machine::Machine;
    use crate::nucleus::map::Found;
    use genode_wire::{Caps, Reader};

    /// Core has a descriptor that may write. Who shows it one that may not must not profit from that.
    #[test]
    fn a_read_only_descriptor_is_attached_read_only_whatever_is_asked() {
        let accounts = Accounts::new(Amount::new(1 << 20, 100));
        let machine = Machine::real().unwrap();
        let (mut nucleus, _doorbell, _bell) = Nucleus::new(
            accounts,
            machine,
            Isolation::new().unwrap(),
            crate::grants::Grants::default(),
        )
        .unwrap();
        let memory = fd::ram(4 * PAGE).unwrap();
        let weak = fd::read_only(&memory).unwrap();
        let strong = memory.try_clone().unwrap();
        let size = 4 * PAGE as u64;
        nucleus.core_object_at(CoreObject::Dataspace { size, writeable: true }, memory).unwrap();
        let session = open(&mut nucleus, Amount::new(1 << 16, 10)).unwrap();
        let Some(CoreObject::Rm(owner)) = nucleus.objects[&session].core else { panic!() };
        let map = create(&mut nucleus, owner, size).unwrap();
        let Some(CoreObject::RegionMap(_, map)) = nucleus.objects[&map].core else { panic!() };
        for (cap, writeable) in [(weak, false), (strong, true)] {
            let attr = Attr {
                size: 0,
                offset: 0,
                use_at: true,
                at: 0,
                executable: false,
                writeable: true,
            };
            let mut response = Response::new();
            let attach = MapCall::Attach { ds: Cap(Some(&cap)), attr };
            region_map_call(&mut nucleus, map, &attach, &mut response).unwrap();
            let mut none = Caps::<super::super::message::Goes>::new();
            let attached = Reader::new(&response.body, &mut none).take();
            assert_eq!(attached, Ok(Ok::<_, AttachError>(Range { start: 0, num_bytes: size })));
            let all = Rights::all();
            let found = nucleus.maps.find(map, 0, Access::Read, all);
            let Found::Memory { rights, .. } = found else { panic!("{found:?}") };
            let granted = if writeable { Rights::WRITE } else { Rights::empty() };
            assert_eq!(rights, granted);
            nucleus.maps.detach(map, 0);
        }
        close(&nucleus, owner).end(&mut nucleus);
        assert_eq!(nucleus.maps.count(), 0);
    }
}
