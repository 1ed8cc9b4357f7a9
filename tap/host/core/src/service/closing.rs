//! What takes long to go: what sessions held, and large dataspaces. It goes piece by piece, and core serves others in between.
//!
//! Whoever asked for it waits for the reply, which comes when all is gone: so does the quota.
use std::collections::VecDeque;

use genode_args::quota::Amount;
use genode_host_proto::PAGE;
use genode_host_proto::interface::AllocError;
use genode_host_proto::interface::parent::Closed;

use super::message::{Response, Served};
use super::pd::ram_free;
use super::state::{Pd, Services};
use super::trace::{Listing, Trace};
use crate::account::{AccountId, ROOT};
use crate::nucleus::map::{MapId, OwnerId};
use crate::nucleus::{Nucleus, ObjId, SlotId};
use crate::numbered::Numbered;
use crate::work;

/// Dataspaces of a piece, and maps.
const PIECE: usize = 64;
/// Bytes that are freed at once: Linux does that page by page.
pub(super) const BYTES: u64 = 8 << 20;
/// Steps that a page of these takes.
pub(super) const PAGE_STEPS: usize = 4;
/// Regions that go at once, if they are of more than one dataspace or map.
const REGIONS: usize = 8192;

/// What is left of a session.
pub(super) enum Rest {
    /// Nothing.
    Nothing,
    /// A PD session whose process ends, its dataspaces, and how much of the last one is left, if
    /// that is a large one.
    Pd(Box<Pd>, Vec<ObjId>, Option<u64>),
    /// Thread objects of a CPU session.
    Cpu(Vec<ObjId>),
    /// An RM session with its maps.
    Rm(OwnerId, Vec<(ObjId, MapId)>),
    /// A dataspace of a PD session, and how much of it is left.
    Memory(u64, ObjId, u64),
    /// A listing that a TRACE session is to get.
    Listing(Listing),
}

/// What is asked for when all is gone.
pub(super) enum After {
    /// A reply without a result.
    Reply,
    /// The end of a session.
    Closed(Donation),
    /// A listing that a TRACE session got.
    Listed,
}

/// What a session was opened with.
pub(super) struct Donation {
    /// The account that donated, and what.
    pub(super) donor: AccountId,
    pub(super) amount: Amount,
    /// The account that gets something of it back, if it may.
    pub(super) back: Option<(Option<AccountId>, Amount)>,
}

/// Something that is on its way out.
pub(super) struct Closing {
    pub(super) rest: Rest,
    pub(super) after: After,
}

/// What is on its way out, each with the slot where its reply is waited for.
#[derive(Default)]
pub(crate) struct Closings(VecDeque<(Option<SlotId>, Closing)>);

impl Closings {
    /// Tells whether something goes, or waits for a process that ends.
    pub(crate) fn pending(&self) -> bool {
        !self.0.is_empty()
    }

    /// Tells whether something can go now.
    pub(crate) fn any(&self, nucleus: &Nucleus) -> bool {
        self.0.iter().any(|(_, closing)| !closing.rest.waits(nucleus))
    }

    /// Takes the first that can go now.
    fn next(&mut self, nucleus: &Nucleus) -> Option<(Option<SlotId>, Closing)> {
        let at = self.0.iter().position(|(_, closing)| !closing.rest.waits(nucleus))?;
        work::count(at);
        self.0.remove(at)
    }

    /// Whether the call in a slot still waits for its reply.
    pub(crate) fn hold(&self, slot: SlotId) -> bool {
        self.0.iter().any(|(waiting, _)| *waiting == Some(slot))
    }

    /// The call that began the last one came from a slot.
    pub(crate) fn from(&mut self, slot: SlotId) {
        if let Some((waiting, _)) = self.0.back_mut() {
            *waiting = Some(slot);
        }
    }
}

impl Rest {
    /// Tells whether its process is not gone yet.
    fn waits(&self, nucleus: &Nucleus) -> bool {
        match self {
            Self::Pd(pd, ..) => pd.process.is_some_and(|id| nucleus.procs.contains_key(&id)),
            _ => false,
        }
    }

    /// Lets a piece go. True if that was the last one.
    fn piece(
        &mut self,
        nucleus: &mut Nucleus,
        pds: &mut Numbered<u64, Pd>,
        traces: &mut Numbered<u64, Trace>,
    ) -> bool {
        let gone = match self {
            Self::Nothing => true,
            Self::Pd(..) if self.waits(nucleus) => false,
            Self::Pd(pd, all, left) => pd_piece(nucleus, pd, all, left),
            Self::Cpu(threads) => cpu_piece(nucleus, threads),
            Self::Rm(owner, maps) => rm_piece(nucleus, *owner, maps),
            Self::Memory(pd, ds, left) => match pds.get_mut(pd) {
                Some(pd) => memory_piece(nucleus, pd, *ds, left),
                None => true, // it went with its session
            },
            // Its answer stays.
            Self::Listing(listing) => return listing.piece(nucleus, traces),
        };
        if gone {
            *self = Self::Nothing;
        }
        gone
    }

    /// Lets all go at once: for when nobody is left to be served.
    pub(super) fn end(mut self, nucleus: &mut Nucleus) {
        if let Self::Pd(pd, ..) = &self
            && let Some(process) = pd.process
        {
            nucleus.bury(process);
        }
        loop {
            work::begin();
            if self.piece(nucleus, &mut Numbered::default(), &mut Numbered::default()) {
                return;
            }
        }
    }
}

fn pd_piece(
    nucleus: &mut Nucleus,
    pd: &mut Pd,
    all: &mut Vec<ObjId>,
    left: &mut Option<u64>,
) -> bool {
    let (mut bytes, mut regions) = (0, 0);
    for _ in 0..PIECE {
        let Some(ds) = all.last().copied() else {
            nucleus.object_destroy(pd.native);
            nucleus.accounts.destroy(pd.account);
            return true;
        };
        let size = left.unwrap_or_else(|| pd.ram.get(&ds).map_or(0, |ram| ram.size));
        regions += nucleus.maps.uses(ds);
        if bytes > 0 && (bytes + size > BYTES || regions > REGIONS) {
            break;
        }
        if work::over() {
            break;
        }
        if size > BYTES {
            // A large one, from its end.
            *left = Some(size - BYTES);
            shrink(nucleus, ds, size - BYTES);
            break;
        }
        ram_free(nucleus, pd, ds);
        all.pop();
        *left = None;
        bytes += size;
    }
    false
}

fn memory_piece(nucleus: &mut Nucleus, pd: &mut Pd, ds: ObjId, left: &mut u64) -> bool {
    if *left > BYTES {
        *left -= BYTES;
        shrink(nucleus, ds, *left);
        return false;
    }
    ram_free(nucleus, pd, ds);
    true
}

fn cpu_piece(nucleus: &mut Nucleus, threads: &mut Vec<ObjId>) -> bool {
    while let Some(thread) = threads.pop() {
        nucleus.object_destroy(thread);
        if work::over() {
            return false;
        }
    }
    true
}

/// Takes memory of a dataspace back, from its end.
fn shrink(nucleus: &Nucleus, ds: ObjId, left: u64) {
    if let Some(memory) = nucleus.capability(ds) {
        work::count(PAGE_STEPS * (BYTES as usize / PAGE));
        work::calls(1);
        let _ = rustix::fs::ftruncate(&memory, left);
    }
}

fn rm_piece(nucleus: &mut Nucleus, owner: OwnerId, maps: &mut Vec<(ObjId, MapId)>) -> bool {
    let mut regions = 0;
    for done in 0..PIECE {
        let Some((object, map)) = maps.last().copied() else {
            nucleus.maps.close(owner);
            return true;
        };
        regions += nucleus.maps.regions(map);
        if done > 0 && regions > REGIONS {
            break;
        }
        super::rm::destroy(nucleus, object, owner, map);
        maps.pop();
    }
    false
}

impl Services {
    /// Lets something go: at once if that takes one piece, with the reply, or piece by piece, with
    /// the reply later.
    pub(super) fn let_go(
        &mut self,
        nucleus: &mut Nucleus,
        mut closing: Closing,
        response: &mut Response,
    ) -> Served {
        if closing.rest.piece(nucleus, &mut self.pds, &mut self.traces) {
            return self.gone(nucleus, &closing, response);
        }
        self.closings.0.push_back((None, closing));
        response.later = true;
        Ok(())
    }

    /// Closes a piece of what is being closed. The reply if that was the last one of a session, and where to.
    pub(crate) fn close_a_piece(&mut self, nucleus: &mut Nucleus) -> Option<(SlotId, Response)> {
        let (slot, mut closing) = self.closings.next(nucleus)?;
        if !closing.rest.piece(nucleus, &mut self.pds, &mut self.traces) {
            // Others that are closed meanwhile do not wait for a large one.
            self.closings.0.push_back((slot, closing));
            return None;
        }
        let mut response = Response::new();
        self.gone(nucleus, &closing, &mut response).ok()?;
        Some((slot?, response))
    }

    /// Closes all that is being closed: for when nobody is left to be served.
    pub(super) fn close_all(&mut self, nucleus: &mut Nucleus) {
        while let Some((_, closing)) = self.closings.0.pop_front() {
            let Closing { rest, after } = closing;
            rest.end(nucleus);
            let closing = Closing { rest: Rest::Nothing, after };
            let _ = self.gone(nucleus, &closing, &mut Response::new());
        }
    }

    /// All is gone: the donation goes back.
    fn gone(&self, nucleus: &mut Nucleus, closing: &Closing, response: &mut Response) -> Served {
        match &closing.after {
            After::Reply => response.put(&()),
            After::Listed => match &closing.rest {
                Rest::Listing(Listing { answer: Some(answer), .. }) => response.put(answer),
                _ => response.put(&Err::<u32, _>(AllocError::Denied)),
            },
            After::Closed(donation) => {
                let _ = nucleus.accounts.transfer(ROOT, donation.donor, donation.amount);
                response.put(&self.returned(nucleus, donation.back))
            }
        }
    }

    /// Gives back to an account what it paid for a session that is closed.
    pub(super) fn returned(
        &self,
        nucleus: &mut Nucleus,
        back: Option<(Option<AccountId>, Amount)>,
    ) -> Closed {
        let kept = back.is_some_and(|(payer, amount)| !self.give_back(nucleus, payer, amount));
        if kept { Closed::Kept } else { Closed::Done }
    }
}
