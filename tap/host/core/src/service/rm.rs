//! RM: region maps, and with them managed dataspaces, in Genode 26.02's interfaces.
use genode_host_proto::PAGE;
use genode_host_proto::opcode::{alloc_error, attach_error, dataspace, fault, region_map, rm};
use genode_host_proto::wire::Reader;
use rustix::fs::OFlags;

use super::{NotServed, Request, Response, Served};
use crate::fd;
use crate::nucleus::map::{Access, AttachError, Lack, MapId, OwnerId, Region, Rights};
use crate::nucleus::{CoreObject, Nucleus, ObjId, Refusal};

/// Largest region map: what a process could map of it.
const MAX_SIZE: u64 = 1 << 46;

/// Arguments of `Region_map::attach`.
struct Attr {
    size: u64,
    offset: u64,
    at: Option<u64>,
    rights: Rights,
}

impl Attr {
    fn read(args: &mut Reader<'_>) -> Result<Self, NotServed> {
        let mut attr = Reader::new(args.bytes(region_map::ATTR_SIZE)?);
        let (size, offset) = (attr.u64()?, attr.u64()?);
        let use_at = attr.bool()?;
        let at = attr.u64()?;
        // Bytes of one word: executable, writeable.
        let flags = attr.u64()?.to_le_bytes();
        let rights = Rights { execute: flags[0] != 0, write: flags[1] != 0 };
        Ok(Self { size, offset, at: use_at.then_some(at), rights })
    }
}

/// A session with its donation.
pub(super) fn open(nucleus: &mut Nucleus, ram: u64, caps: u64) -> Result<ObjId, Refusal> {
    let owner = OwnerId(nucleus.fresh());
    let object = nucleus.core_object(CoreObject::Rm(owner))?;
    nucleus.maps.open(owner, ram, caps);
    Ok(object)
}

/// End a session with all its maps.
pub(super) fn close(nucleus: &mut Nucleus, owner: OwnerId) {
    for (object, map) in nucleus.maps.of(owner) {
        destroy(nucleus, object, owner, map);
    }
    nucleus.maps.close(owner);
}

pub(super) fn rm_call(
    nucleus: &mut Nucleus,
    owner: OwnerId,
    opcode: u64,
    mut args: Reader<'_>,
    request: &Request<'_>,
    response: &mut Response,
) -> Served {
    match opcode {
        rm::CREATE => {
            let made = create(nucleus, owner, args.u64()?);
            response.attempt_cap(made.map(|object| nucleus.capability(object)))
        }
        rm::DESTROY => {
            if let Some((object, CoreObject::RegionMap(o, map))) = request.core_object(nucleus, 0)
                && o == owner
            {
                destroy(nucleus, object, owner, map);
            }
            response.void()
        }
        _ => Err(NotServed::Opcode),
    }
}

fn create(nucleus: &mut Nucleus, owner: OwnerId, size: u64) -> Result<ObjId, i32> {
    let size = size.checked_next_multiple_of(PAGE as u64).filter(|s| (1..=MAX_SIZE).contains(s));
    let size = size.ok_or(alloc_error::DENIED)?;
    nucleus.maps.pay(owner).map_err(|lack| match lack {
        Lack::Ram => alloc_error::OUT_OF_RAM,
        Lack::Caps => alloc_error::OUT_OF_CAPS,
    })?;
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
            Err(alloc_error::OUT_OF_CAPS)
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

fn destroy(nucleus: &mut Nucleus, object: ObjId, owner: OwnerId, map: MapId) {
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
    opcode: u64,
    mut args: Reader<'_>,
    request: &Request<'_>,
    response: &mut Response,
) -> Served {
    match opcode {
        region_map::ATTACH => {
            let attr = Attr::read(&mut args)?;
            match attach(nucleus, map, &attr, request) {
                Ok((at, size)) => response.write(|w| {
                    w.bool(true).u64(at).u64(size);
                }),
                Err(code) => response.write(|w| {
                    w.bool(false).i32(code);
                }),
            }
        }
        region_map::DETACH => {
            nucleus.maps.detach(map, args.u64()?);
            response.void()
        }
        region_map::FAULT_HANDLER => {
            let sigh = request.object(nucleus, 0);
            if nucleus.maps.set_sigh(map, sigh)
                && let Some(sigh) = sigh
            {
                nucleus.submit(sigh, 1);
            }
            response.void()
        }
        region_map::FAULT => {
            let (kind, at) = match nucleus.maps.waiting(map) {
                None => (fault::NONE, 0),
                Some((Access::Read, at)) => (fault::READ, at),
                Some((Access::Write, at)) => (fault::WRITE, at),
                Some((Access::Execute, at)) => (fault::EXEC, at),
            };
            response.write(|w| {
                w.i32(kind).u64(at);
            })
        }
        region_map::DATASPACE => {
            let ds = nucleus.maps.dataspace(map).ok_or(NotServed::Object)?;
            response.cap(nucleus.capability(ds))
        }
        _ => Err(NotServed::Opcode),
    }
}

fn attach(
    nucleus: &mut Nucleus,
    map: MapId,
    attr: &Attr,
    request: &Request<'_>,
) -> Result<(u64, u64), i32> {
    let cap = request.cap(0).ok_or(attach_error::INVALID_DATASPACE)?;
    let (object, core) = nucleus.lookup_core(cap).ok_or(attach_error::INVALID_DATASPACE)?;
    let (total, inner, writeable) = match core {
        // Who was given a read-only descriptor must not get more by a detour over core, which has a better one.
        CoreObject::Dataspace { size, writeable } => {
            let flags = rustix::fs::fcntl_getfl(cap).unwrap_or(OFlags::RDONLY);
            (size, None, writeable && flags.contains(OFlags::RDWR))
        }
        CoreObject::Managed(inner) => {
            let size = nucleus.maps.size(inner).ok_or(attach_error::INVALID_DATASPACE)?;
            (size, Some(inner), true)
        }
        _ => return Err(attach_error::INVALID_DATASPACE),
    };
    let conflict = attach_error::REGION_CONFLICT;
    let page = PAGE as u64;
    let rest = total.checked_sub(attr.offset).filter(|rest| *rest > 0).ok_or(conflict)?;
    let size = if attr.size == 0 { rest } else { attr.size };
    let size = size.checked_next_multiple_of(page).filter(|s| *s <= rest).ok_or(conflict)?;
    let aligned = attr.offset.is_multiple_of(page) && attr.at.unwrap_or(0).is_multiple_of(page);
    if !aligned {
        return Err(conflict);
    }
    let write = attr.rights.write && writeable;
    let rights = Rights { write, ..attr.rights };
    let region = Region { object, inner, offset: attr.offset, size, rights };
    match nucleus.maps.attach(map, region, attr.at) {
        Ok(at) => Ok((at, size)),
        Err(AttachError::OutOfRam) => Err(attach_error::OUT_OF_RAM),
        Err(AttachError::Conflict) => Err(attach_error::REGION_CONFLICT),
        Err(AttachError::Invalid) => Err(attach_error::INVALID_DATASPACE),
    }
}

/// A managed dataspace as any dataspace.
pub(super) fn dataspace_call(
    nucleus: &Nucleus,
    map: MapId,
    opcode: u64,
    response: &mut Response,
) -> Served {
    match opcode {
        dataspace::SIZE => response.word(nucleus.maps.size(map).ok_or(NotServed::Object)?),
        dataspace::WRITEABLE => response.word(1),
        _ => Err(NotServed::Opcode),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Accounts;
    use crate::isolation::Isolation;
    use crate::machine::Machine;
    use crate::nucleus::ChanId;
    use crate::nucleus::map::Found;
    use genode_host_proto::wire::Writer;

    /// Core has a descriptor that may write. Who shows it one that may not must not profit from that.
    #[test]
    fn a_read_only_descriptor_is_attached_read_only_whatever_is_asked() {
        let accounts = Accounts::new(1 << 20, 100);
        let machine = Machine::real().unwrap();
        let (mut nucleus, _doorbell, _bell) =
            Nucleus::new(accounts, machine, Isolation::new().unwrap()).unwrap();
        let memory = fd::ram(4 * PAGE).unwrap();
        let weak = fd::read_only(&memory).unwrap();
        let strong = memory.try_clone().unwrap();
        let size = 4 * PAGE as u64;
        nucleus.core_object_at(CoreObject::Dataspace { size, writeable: true }, memory).unwrap();
        let session = open(&mut nucleus, 1 << 16, 10).unwrap();
        let Some(CoreObject::Rm(owner)) = nucleus.objects[&session].core else { panic!() };
        let map = create(&mut nucleus, owner, size).unwrap();
        let Some(CoreObject::RegionMap(_, map)) = nucleus.objects[&map].core else { panic!() };
        for (cap, writeable) in [(weak, false), (strong, true)] {
            let mut body = [0; 64];
            let mut words = Writer::new(&mut body);
            // Size, offset, use_at, at, and a word whose second byte says "writeable".
            words.u64(0).u64(0).bool(true).u64(0).u64(1 << 8);
            let caps = [Some(cap)];
            let channel = ChanId(0);
            let request = Request { body: &[], caps: &caps, channel };
            let mut response = Response::new();
            let args = Reader::new(&body);
            region_map_call(&mut nucleus, map, region_map::ATTACH, args, &request, &mut response)
                .unwrap();
            assert!(Reader::new(&response.body).bool().unwrap());
            let all = Rights { write: true, execute: true };
            let found = nucleus.maps.find(map, 0, Access::Read, all);
            let Found::Memory { rights, .. } = found else { panic!("{found:?}") };
            assert_eq!(rights, Rights { write: writeable, execute: false });
            nucleus.maps.detach(map, 0);
        }
        close(&mut nucleus, owner);
        assert_eq!(nucleus.maps.count(), 0);
    }
}
