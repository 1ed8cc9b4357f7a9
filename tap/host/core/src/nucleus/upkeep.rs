//! Charges components for what core makes for them, and for what they keep of it.
//!
//! **Memory** of entrypoints, channels and slots is shared, so Linux counts it for nobody. The
//! first [`FREE_BYTES`] of a component are in the price of its PD session, for the rest its account
//! pays RAM, until core took the memory back.
//!
//! **Descriptors** a component may keep whatever becomes of what they name: tokens of objects that
//! are gone, sockets of slots that are closed. Linux counts those (`RLIMIT_NOFILE`). Beyond
//! [`FREE_DESCRIPTORS`] each wants a capability of the limit of the component's account. So
//! capabilities leave the account only as far as Linux then holds as few descriptors of the
//! component as the rest is good for.
use genode_args::quota::{Amount, Lack};
use genode_host_proto::{GRANTS_SIZE, PAGE, SIGNALS_SIZE};
use rustix::process::{Pid, Resource, Rlimit};

use super::Nucleus;
use super::ids::{CORE, EpId, ProcId};
use super::process::Process;
use super::refusal::Refusal;
use crate::account::{AccountId, Transfer};
use crate::isolation::MAX_DESCRIPTORS;
use crate::work;

/// Memory of a component's entrypoints, channels and slots that its PD session's price includes.
const FREE_BYTES: u64 = 2 << 20;
/// Bytes of an entrypoint: its pages, its doorbell, and what waits in its socket of events.
pub(super) const ENTRYPOINT: u64 = (2 * PAGE + crate::fd::EVENTS) as u64;
/// Bytes of a channel's tables, the first with what core remembers of it.
pub(super) const GRANTS: u64 = (GRANTS_SIZE + PAGE) as u64;
pub(super) const SIGNALS: u64 = SIGNALS_SIZE as u64;
/// Bytes of a channel without its slots.
pub(super) const CHANNEL: u64 = GRANTS + SIGNALS;
/// Bytes of a slot: its page, and what waits in its sockets.
pub(super) const SLOT: u64 = (PAGE + 2 * crate::fd::CAPABILITIES) as u64;

/// Descriptors of a component that its PD session's price includes.
pub(super) const FREE_DESCRIPTORS: u64 = 512;
/// By how much a limit of descriptors grows at least.
const STEP: u64 = 64;

/// Returns what an account pays of so many bytes.
fn price(bytes: u64) -> Amount {
    Amount::new(bytes.saturating_sub(FREE_BYTES).next_multiple_of(PAGE as u64), 0)
}

/// Descriptors that a component may have beyond the free ones whose account has a limit of so many
/// capabilities: half of them, so that what comes and goes with sessions changes nothing.
fn descriptors(caps: u64) -> u64 {
    caps / 2
}

impl Process {
    /// Returns what it pays for its entrypoints, channels and slots.
    fn price(&self) -> Amount {
        price(self.bytes)
    }

    /// Memory that it closed and that is to be taken back: what costs it something goes soon.
    pub(super) fn surplus(&mut self) -> Option<super::closed::Lent> {
        self.closed.surplus(self.bytes > FREE_BYTES)
    }

    /// Lets it have so many descriptors beyond the free ones, of `most` at all.
    fn allow(&self, beyond: u64, most: u64) -> rustix::io::Result<()> {
        work::calls(1);
        let current = FREE_DESCRIPTORS.saturating_add(beyond).min(most);
        let limit = Rlimit { current: Some(current), maximum: Some(most) };
        rustix::process::prlimit(Some(self.pid), Resource::Nofile, limit)?;
        Ok(())
    }

    /// Tells whether it holds no more than so many descriptors beyond the free ones, as Linux
    /// counts them.
    fn holds_at_most(&self, beyond: u64) -> bool {
        held(self.pid).is_some_and(|held| held <= FREE_DESCRIPTORS.saturating_add(beyond))
    }
}

/// Descriptors that a process has; `None` if it ended.
fn held(pid: Pid) -> Option<u64> {
    let folder = format!("/proc/{}/fd", pid.as_raw_nonzero());
    work::calls(2);
    match std::fs::metadata(&folder).ok()?.len() {
        // Linux says it there from 6.2 on; before, it is to be counted.
        0 => {
            let count = std::fs::read_dir(&folder).ok()?.count();
            work::count(4 * count);
            Some(count as u64)
        }
        count => Some(count),
    }
}

impl Nucleus {
    /// Lets a component, if it is one, pay for memory that is made for it.
    pub(super) fn pay(&mut self, payer: ProcId, bytes: u64) -> Result<(), Refusal> {
        let Some(process) = self.procs.get_mut(&payer) else { return Ok(()) };
        let more = price(process.bytes + bytes).saturating_sub(process.price());
        if !more.is_none() {
            self.accounts.charge(process.account, more)?;
        }
        process.bytes += bytes;
        Ok(())
    }

    /// Gives a component back what it paid for memory that is gone.
    pub(super) fn repay(&mut self, payer: ProcId, bytes: u64) {
        let Some(process) = self.procs.get_mut(&payer) else { return };
        let before = process.price();
        process.bytes = process.bytes.saturating_sub(bytes);
        let less = before.saturating_sub(process.price());
        if !less.is_none() {
            self.accounts.refund(process.account, less);
        }
    }

    /// The component that pays for a channel of a client to an entrypoint: who has the channel, or
    /// who has core signal it.
    pub(super) fn payer(&self, client: ProcId, ep: EpId) -> ProcId {
        match client {
            CORE => self.eps.get(&ep).map_or(CORE, |ep| ep.owner),
            client => client,
        }
    }

    /// Descriptors that a component may have whose account has a limit of so many capabilities.
    pub(super) fn beyond_free(&self, account: AccountId) -> u64 {
        let caps = self.accounts.get(account).map_or(0, |a| a.quota.limit.caps.0);
        descriptors(caps).min(self.isolation.descriptors().saturating_sub(FREE_DESCRIPTORS))
    }

    /// Sees that accounts keep the capabilities that their components' descriptors want: where some
    /// would leave that are wanted, the component may have fewer from now on, if it has.
    pub(super) fn keep_wanted(&mut self, transfers: &[Transfer]) -> Result<(), Lack> {
        for Transfer { from, .. } in transfers {
            let Some(id) = self.by_account.get(from).copied() else { continue };
            let limit = self.accounts.get(*from).map_or(Amount::NONE, |a| a.quota.limit);
            let given = transfers.iter().filter(|t| t.from == *from).map(|t| t.amount).sum();
            let left = limit.saturating_sub(given).caps.0;
            let most = self.isolation.descriptors();
            let Some(process) = self.procs.get_mut(&id).filter(|p| p.beyond > left) else {
                continue;
            };
            // First the limit, then the look: what it gets meanwhile counts.
            if process.allow(left, most).is_err() || !process.holds_at_most(left) {
                let _ = process.allow(process.beyond, most);
                return Err(Lack::Caps);
            }
            process.beyond = left;
        }
        Ok(())
    }

    /// Says, once, that a component has no room for a descriptor that was sent to it.
    pub(super) fn descriptors_full(&mut self, id: ProcId) {
        let most = self.isolation.descriptors();
        let Some(process) = self.procs.get_mut(&id) else { return };
        if !process.words.fills() {
            return;
        }
        let limit = FREE_DESCRIPTORS.saturating_add(process.beyond).min(most);
        let label = &process.label;
        let keeps = "let it keep fewer dataspaces, sessions and other capabilities";
        if limit < most {
            crate::console::note(format_args!(
                "\"{label}\" has {limit} descriptors, {FREE_DESCRIPTORS} and one for every two capabilities of its start \
                 node, all in use: it gets no more; raise the caps attribute there, or {keeps}"
            ));
        } else {
            crate::console::note(format_args!(
                "\"{label}\" has {limit} descriptors, as many as a component may have, all in use: it gets no more; \
                 {keeps}, or set `ulimit -n` higher before core is started, for {MAX_DESCRIPTORS} at most"
            ));
        }
    }

    /// Lets the component of an account have what descriptors the account is good for by now.
    pub(super) fn grow(&mut self, account: AccountId) {
        let Some(id) = self.by_account.get(&account).copied() else { return };
        let (beyond, most) = (self.beyond_free(account), self.isolation.descriptors());
        let Some(process) = self.procs.get_mut(&id) else { return };
        if beyond >= process.beyond + STEP && process.allow(beyond, most).is_ok() {
            process.beyond = beyond;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;
    use std::process::Command;

    use genode_host_proto::control::{Request, Status};

    use super::super::testing::{Peer, nucleus};
    use super::super::{Gone, ObjId};
    use super::*;
    use crate::account::{Guard, ROOT};

    const QUOTA: Amount = Amount::new(4 << 20, 300);
    const RICH: Amount = Amount::new(64 << 20, 1000);

    fn quota(nucleus: &Nucleus, peer: &Peer) -> Guard {
        nucleus.accounts.get(nucleus.procs[&peer.id].account).unwrap().quota
    }

    fn used(nucleus: &Nucleus, peer: &Peer) -> u64 {
        quota(nucleus, peer).used.ram.0
    }

    /// Objects at as many entrypoints, of several servers.
    fn objects(nucleus: &mut Nucleus, count: usize) -> Vec<(Peer, Vec<(ObjId, OwnedFd)>)> {
        let servers = (0..count.div_ceil(60)).map(|_| {
            let server = nucleus.peer(RICH);
            let object = |_| {
                let ep = server.entrypoint(nucleus);
                server.object(nucleus, ep)
            };
            let objects = (0..60).map(object).collect();
            (server, objects)
        });
        servers.collect()
    }

    #[test]
    fn channels_beyond_the_free_ones_are_paid_for_until_core_took_their_memory_back() {
        let mut nucleus = nucleus();
        let servers = objects(&mut nucleus, 60);
        let mut client = nucleus.peer(QUOTA);
        let mut channels = Vec::new();
        let refused = servers[0].1.iter().find_map(|(_, cap)| {
            let reply = client.claimed(&mut nucleus, cap);
            let status = Status::of(reply.op()).unwrap();
            channels.extend((status == Status::Ok).then(|| reply.arg(0)));
            let bytes = channels.len() as u64 * (CHANNEL + SLOT);
            assert_eq!(used(&nucleus, &client), bytes.saturating_sub(FREE_BYTES));
            (status != Status::Ok).then_some(status)
        });
        let fit = (FREE_BYTES + QUOTA.ram.0) / (CHANNEL + SLOT);
        assert_eq!((refused, channels.len() as u64), (Some(Status::OutOfRam), fit));

        // Closed memory is paid for as long as it may be mapped: of what costs something the last
        // eight.
        for (closed, channel) in channels.into_iter().enumerate() {
            client.tell(&mut nucleus, Request::ChannelClose, &[channel]);
            let open = (fit - 1 - closed as u64) * (CHANNEL + SLOT);
            let bytes = nucleus.procs[&client.id].bytes;
            assert_eq!(used(&nucleus, &client), bytes.saturating_sub(FREE_BYTES));
            let most = open + 3 * (CHANNEL + SLOT);
            assert!(bytes >= open && (bytes <= most || bytes <= FREE_BYTES), "{bytes} {open}");
        }
        let left = nucleus.procs[&client.id].bytes;
        assert!(used(&nucleus, &client) == 0 && left > 0, "{left}");

        end(&mut nucleus, &mut client);
    }

    /// Ends a component, and sees that all it paid comes back.
    fn end(nucleus: &mut Nucleus, peer: &mut Peer) {
        let account = nucleus.procs[&peer.id].account;
        peer.die();
        nucleus.died(peer.id);
        let mut gone = None;
        while nucleus.is_going() {
            crate::work::begin();
            gone = gone.or(nucleus.take_back());
        }
        assert!(gone.is_some_and(|Gone { process, .. }| process == peer.id));
        let left = nucleus.accounts.get(account).unwrap().quota;
        assert_eq!((left.used, nucleus.accounts.unfounded()), (Amount::NONE, Amount::NONE));
        assert!(!nucleus.by_account.contains_key(&account));
    }

    #[test]
    fn entrypoints_are_paid_for_and_slots_and_what_core_signals() {
        let mut nucleus = nucleus();
        let mut peer = nucleus.peer(QUOTA);
        let eps: Vec<_> = (0..64).map(|_| peer.entrypoint(&mut nucleus)).collect();
        let all = 64 * ENTRYPOINT;
        assert_eq!(used(&nucleus, &peer), all - FREE_BYTES);
        // Channels of core's to them, so that it can signal: who has the context pays.
        for ep in &eps[..10] {
            let context = peer.object_at(&mut nucleus, *ep);
            nucleus.submit(context, 1);
        }
        let channels = 10 * (CHANNEL + SLOT);
        assert_eq!(used(&nucleus, &peer), all + channels - FREE_BYTES);
        for ep in &eps[..10] {
            assert_eq!(peer.try_to(&mut nucleus, Request::EpDestroy, &[*ep]), Status::Ok);
        }
        nucleus.kill_all_undead();
        assert_eq!(used(&nucleus, &peer), 54 * ENTRYPOINT - FREE_BYTES);
        // Slots of its own, on its own entrypoint.
        let (_, cap) = peer.object(&mut nucleus, eps[20]);
        let (channel, _) = peer.claim(&mut nucleus, &cap);
        let more = |slots| 54 * ENTRYPOINT + CHANNEL + slots * SLOT - FREE_BYTES;
        for slots in 1..40 {
            assert_eq!(used(&nucleus, &peer), more(slots));
            assert_eq!(peer.try_to(&mut nucleus, Request::SlotOpen, &[channel]), Status::Ok);
        }
        end(&mut nucleus, &mut peer);
    }

    /// Slots of a dead server are declared dead once more, and kept until then: their client pays,
    /// and may end before.
    #[test]
    fn what_waits_for_a_second_death_comes_back_with_its_client() {
        let mut nucleus = nucleus();
        let mut servers = objects(&mut nucleus, 60);
        let mut client = nucleus.peer(Amount::new(8 << 20, 300));
        for (_, cap) in &servers[0].1[..4] {
            let (channel, _) = client.claim(&mut nucleus, cap);
            while client.try_to(&mut nucleus, Request::SlotOpen, &[channel]) == Status::Ok {}
        }
        end(&mut nucleus, &mut servers[0].0);
        assert_eq!(used(&nucleus, &client), 4 * (CHANNEL + 64 * SLOT) - FREE_BYTES);
        end(&mut nucleus, &mut client);
    }

    /// A component that holds so many descriptors beside its first ones.
    fn hoarder(nucleus: &mut Nucleus, quota: Amount, descriptors: u64) -> Peer {
        let open = format!(
            "ulimit -Sn 4096; for i in $(seq 10 {}); do eval \"exec $i</dev/null\"; done; exec sleep 600",
            9 + descriptors
        );
        let peer = nucleus.peer_of(quota, Command::new("bash").args(["-c", &open]));
        let pid = Pid::from_raw(peer.pid() as i32).unwrap();
        while held(pid).unwrap() < descriptors + 3 {
            std::thread::yield_now();
        }
        peer
    }

    fn give(nucleus: &mut Nucleus, from: &Peer, caps: u64) -> Result<(), Lack> {
        let from = nucleus.procs[&from.id].account;
        nucleus.transfer(&[Transfer { from, to: ROOT, amount: Amount::new(0, caps) }])
    }

    fn limit(peer: &Peer) -> Option<u64> {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", peer.pid())).unwrap();
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    #[test]
    fn capabilities_that_descriptors_want_stay_until_the_descriptors_are_gone() {
        let mut nucleus = nucleus();
        let most = nucleus.isolation.descriptors();
        let peer = hoarder(&mut nucleus, QUOTA, FREE_DESCRIPTORS + 99);
        let account = nucleus.procs[&peer.id].account;
        nucleus.grow(account);
        assert_eq!(limit(&peer), Some(FREE_DESCRIPTORS + 150));
        // It holds some hundred beyond the free ones: a few for its first descriptors.
        assert_eq!(give(&mut nucleus, &peer, 180), Ok(()));
        assert_eq!(limit(&peer), Some(FREE_DESCRIPTORS + 120));
        for _ in 0..3 {
            assert_eq!(give(&mut nucleus, &peer, 100), Err(Lack::Caps));
            assert_eq!(limit(&peer), Some(FREE_DESCRIPTORS + 120), "nothing changed");
        }
        assert_eq!(quota(&nucleus, &peer).limit.caps.0, 120);
        // Capabilities that come in raise the limit, by steps.
        let more = |caps| [Transfer { from: ROOT, to: account, amount: Amount::new(0, caps) }];
        nucleus.transfer(&more(200)).unwrap();
        assert_eq!(limit(&peer), Some(FREE_DESCRIPTORS + 120), "160 is not much more");
        nucleus.transfer(&more(2 * most)).unwrap();
        assert_eq!(limit(&peer), Some(most), "as many as the isolation permits");

        let poor = hoarder(&mut nucleus, QUOTA, 20);
        nucleus.grow(nucleus.procs[&poor.id].account);
        assert_eq!(give(&mut nucleus, &poor, 300), Ok(()), "it holds few");
        assert_eq!(limit(&poor), Some(FREE_DESCRIPTORS));
    }
}
