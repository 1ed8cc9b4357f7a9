//! Attempts to keep, for nothing, what core handed out: memory of entrypoints, channels and slots,
//! and descriptors of what is gone.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use std::os::fd::{AsFd, OwnedFd};

use genode_host_proto::control::Request;
use rs_raw as seam;
use rs_raw::past::ask;

use crate::Tally;

/// Descriptors that nobody has whose account is good for two hundred capabilities.
const MANY: usize = 1000;

pub(crate) fn run(tally: &mut Tally) {
    let before = seam::quota();
    tokens(tally);
    sockets(tally);
    channels(tally);
    let after = seam::quota();
    let same = (after.ram_used, after.caps_used) == (before.ram_used, before.caps_used);
    tally.control("have paid back all that it did not keep", same);
}

/// An entrypoint and its descriptors.
fn entrypoint() -> Option<(u64, Vec<OwnedFd>)> {
    let (made, fds) = ask(Request::EpCreate, &[], None)?;
    Some((made.arg(0), fds.into_iter().flatten().collect()))
}

fn end(ep: u64) {
    let _ = ask(Request::EpDestroy, &[ep], None);
}

/// Capabilities of objects that are destroyed at once.
fn tokens(tally: &mut Tally) {
    let Some((ep, _fds)) = entrypoint() else { return tally.control("make an entrypoint", false) };
    let kept = (0..MANY).map_while(|_| {
        let (made, [cap, ..]) = ask(Request::ObjectCreate, &[ep], None)?;
        let _ = ask(Request::ObjectDestroy, &[made.arg(0)], None);
        cap
    });
    let kept: Vec<OwnedFd> = kept.collect();
    tally.attempt("keep a thousand capabilities of what is gone", kept.len() == MANY);
    tally.control("keep a hundred of them", kept.len() > 100);
    drop(kept);
    end(ep);
}

/// Sockets of slots whose channel is closed at once.
fn sockets(tally: &mut Tally) {
    let Some((ep, _fds)) = entrypoint() else { return tally.control("make an entrypoint", false) };
    let Some((made, [Some(cap), ..])) = ask(Request::ObjectCreate, &[ep], None) else {
        return tally.control("make an object", false);
    };
    let mut kept: Vec<OwnedFd> = Vec::new();
    while kept.len() < MANY {
        let Some((claim, fds)) = ask(Request::Claim, &[], Some(cap.as_fd())) else { break };
        let full = fds.iter().flatten().count() < 5;
        kept.extend(fds.into_iter().flatten());
        let slots = (1..64).map_while(|_| ask(Request::SlotOpen, &[claim.arg(0)], None));
        kept.extend(slots.flat_map(|(_, fds)| fds.into_iter().flatten()));
        // There is no answer to it: the next request has one.
        seam::past::tell(Request::ChannelClose, &[claim.arg(0)]);
        if full {
            break;
        }
    }
    tally.attempt("keep a thousand descriptors of slots that are gone", kept.len() >= MANY);
    drop(kept);
    let _ = ask(Request::ObjectDestroy, &[made.arg(0)], None);
    end(ep);
}

/// Channels to entrypoints of its own, which take more than its RAM quota.
fn channels(tally: &mut Tally) {
    let used = seam::quota().ram_used;
    let mut eps = Vec::new();
    let mut open = Vec::new();
    while let Some((ep, _)) = entrypoint() {
        eps.push(ep);
        let Some((_, [Some(cap), ..])) = ask(Request::ObjectCreate, &[ep], None) else { break };
        let Some((claim, _)) = ask(Request::Claim, &[], Some(cap.as_fd())) else { break };
        open.push(claim.arg(0));
    }
    let paid = seam::quota().ram_used - used;
    tally.attempt("have fifty entrypoints and channels for nothing", open.len() > 50 && paid == 0);
    tally.control("have some of them for what they take", open.len() > 10 && paid > 0);
    for channel in open {
        seam::past::tell(Request::ChannelClose, &[channel]);
    }
    eps.into_iter().for_each(end);
}
