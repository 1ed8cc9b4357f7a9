//! How channels and slots come and go.
use std::os::fd::OwnedFd;
use std::rc::Rc;

use genode_host_proto::bell::Hint;
use genode_host_proto::control::{Event, Packet};
use genode_host_proto::signal::Signals;
use genode_host_proto::sys::Futex;
use genode_host_proto::{GRANTS_SIZE, PAGE, SIGNALS_SIZE};

use super::Nucleus;
use super::channel::{Channel, Closing, Entry, LastWords, Slot, Tables};
use super::closed::Lent;
use super::going::Going;
use super::ids::{CORE, CORE_EP, ChanId, EpId, ObjId, ProcId, SlotId};
use super::refusal::Refusal;
use super::upkeep::{CHANNEL, GRANTS, SIGNALS, SLOT};
use crate::fd::{self, Mapping};
use crate::work;

/// Channels that one component may hold.
pub(super) const MAX_PROCESS_CHANNELS: usize = 1024;
/// Slots on one channel: threads of a component that call the same entrypoint at a time.
pub(super) const MAX_CHANNEL_SLOTS: usize = 64;
/// Slots that one component may hold: each is a mapping in core.
pub(super) const MAX_PROCESS_SLOTS: usize = 1024;

/// A claim as told to the client.
pub(crate) struct Claim {
    pub(crate) channel: ChanId,
    pub(crate) index: u32,
    pub(crate) number: usize,
    pub(crate) new: Option<NewChannel>,
}

/// Descriptors of a new channel for its client, and its first slot.
pub(crate) struct NewChannel {
    pub(crate) doorbell: OwnedFd,
    pub(crate) bell: OwnedFd,
    pub(crate) slot: NewSlot,
    /// None where core serves: none of its objects is a signal context.
    pub(crate) signals: Option<OwnedFd>,
}

/// Descriptors of a new slot for its client.
pub(crate) struct NewSlot {
    pub(crate) id: SlotId,
    pub(crate) number: usize,
    pub(crate) memory: OwnedFd,
    pub(crate) socket: OwnedFd,
}

/// Descriptors of the memory of a channel: grants and signals.
type Shared = [OwnedFd; 2];

/// Memory that the two sides of a channel are to share, and its descriptors.
fn tables(client: ProcId, payer: ProcId) -> Result<(Tables, Shared), Refusal> {
    let grants_fd = fd::revocable_memory("grants", GRANTS_SIZE)?;
    let signals_fd = fd::revocable_memory("signals", SIGNALS_SIZE)?;
    let grants = Mapping::new(&grants_fd, GRANTS_SIZE)?;
    let signals = match client {
        CORE => Some(Mapping::new(&signals_fd, SIGNALS_SIZE)?),
        _ => None,
    };
    let lent = |file: &OwnedFd, bytes| {
        let file = file.try_clone().map_err(|_| Refusal::OutOfCaps)?;
        Ok::<_, Refusal>(Lent { file, payer, bytes })
    };
    let files = [lent(&grants_fd, GRANTS)?, lent(&signals_fd, SIGNALS)?];
    Ok((Tables { grants, files, signals }, [grants_fd, signals_fd]))
}

impl Nucleus {
    /// Make `object` callable for `client`.
    pub(crate) fn claim(&mut self, client: ProcId, object: ObjId) -> Result<Claim, Refusal> {
        let ep = self.objects.get(&object).ok_or(Refusal::Gone)?.ep;
        let (channel, new) = match self.by_pair.get(&(client, ep)) {
            Some(channel) => (*channel, None),
            None => {
                let (channel, new) = self.channel_open(client, ep)?;
                (channel, Some(new))
            }
        };
        let entry = self.channels.get_mut(&channel).ok_or(Refusal::Gone)?;
        let index = entry.unused().ok_or(Refusal::Limit)?;
        if let Some(e) = entry.entries.get_mut(index as usize) {
            e.object = Some(object);
        }
        if let Some(grants) = entry.grants() {
            grants.grant(index, object.0, entry.entries.len());
        }
        let number = entry.number;
        if let Some(object) = self.objects.get_mut(&object) {
            object.granted.insert((channel, index));
        }
        Ok(Claim { channel, index, number, new })
    }

    fn channel_open(
        &mut self,
        client: ProcId,
        ep_id: EpId,
    ) -> Result<(ChanId, NewChannel), Refusal> {
        if let Some(process) = self.procs.get(&client)
            && process.channels.len() + process.closing.len() >= MAX_PROCESS_CHANNELS
        {
            return Err(Refusal::Limit);
        }
        let payer = self.payer(client, ep_id);
        self.pay(payer, CHANNEL)?;
        let id = ChanId(self.fresh());
        let (channel, doorbell, bell, shared) = match self.channel_made(client, ep_id, id, payer) {
            Ok(made) => made,
            Err(e) => {
                self.repay(payer, CHANNEL);
                return Err(e);
            }
        };
        self.channels.insert(id, channel);
        self.by_pair.insert((client, ep_id), id);
        if let Some(process) = self.procs.get_mut(&client) {
            process.channels.push(id);
        }
        let told = shared.as_ref().map_or(Ok(()), |shared| self.tell_channel(id, shared));
        match told.and_then(|()| self.slot_open(id)) {
            Ok(slot) => {
                let signals = shared.map(|[_, signals]| signals);
                Ok((id, NewChannel { doorbell, bell, slot, signals }))
            }
            Err(e) => {
                self.channel_close(id);
                Err(e)
            }
        }
    }

    /// A channel with its number at the entrypoint, the two ends for its client, and its memory for
    /// both sides, grants and signals.
    fn channel_made(
        &mut self,
        client: ProcId,
        ep_id: EpId,
        id: ChanId,
        payer: ProcId,
    ) -> Result<(Channel, OwnedFd, OwnedFd, Option<Shared>), Refusal> {
        let (tables, shared) = match ep_id {
            CORE_EP => (None, None),
            _ => {
                let (tables, shared) = tables(client, payer)?;
                (Some(tables), Some(shared))
            }
        };
        let ep = self.eps.get_mut(&ep_id).ok_or(Refusal::Gone)?;
        let (doorbell, bell) =
            (ep.client_end()?, ep.bell.try_clone().map_err(|_| Refusal::OutOfCaps)?);
        let number = ep.channels.insert(id).ok_or(Refusal::Limit)?;
        let channel = Channel {
            client,
            ep: ep_id,
            number,
            tables,
            // Index 0 is the head of both tables.
            entries: vec![Entry::default()],
            free: Vec::new(),
            slots: Vec::new(),
            server_gone: false,
        };
        Ok((channel, doorbell, bell, shared))
    }

    fn tell_channel(&mut self, id: ChanId, [grants, signals]: &Shared) -> Result<(), Refusal> {
        let channel = self.channels.get(&id).ok_or(Refusal::Gone)?;
        let (ep, number) = (channel.ep, channel.number);
        let fds =
            vec![fd::read_only(grants)?, signals.try_clone().map_err(|_| Refusal::OutOfCaps)?];
        self.notify(ep, Packet::new(Event::ChannelNew, &[number as u64]), fds)
    }

    /// Another slot on a channel.
    pub(crate) fn slot_open(&mut self, channel_id: ChanId) -> Result<NewSlot, Refusal> {
        let channel = self.channels.get(&channel_id).ok_or(Refusal::Invalid)?;
        if channel.slots.len() >= MAX_CHANNEL_SLOTS {
            return Err(Refusal::Limit);
        }
        if channel.server_gone {
            return Err(Refusal::Gone);
        }
        let (ep_id, channel_number) = (channel.ep, channel.number);
        let held: usize = self.procs.get(&channel.client).map_or(0, |process| {
            let slots = |c| self.channels.get(c).map_or(0, |c: &Channel| c.slots.len());
            work::count(process.channels.len());
            let closing = process.closing.iter().map(|left| left.channel.slots.len());
            process.channels.iter().map(slots).chain(closing).sum()
        });
        if held >= MAX_PROCESS_SLOTS {
            return Err(Refusal::Limit);
        }
        let payer = self.payer(channel.client, ep_id);
        self.pay(payer, SLOT)?;
        let made = self.slot_made(channel_id, ep_id, channel_number, payer);
        if made.is_err() {
            self.repay(payer, SLOT);
        }
        made
    }

    /// A slot that its entrypoint knows of.
    fn slot_made(
        &mut self,
        channel_id: ChanId,
        ep_id: EpId,
        channel_number: usize,
        payer: ProcId,
    ) -> Result<NewSlot, Refusal> {
        let memory_fd = fd::revocable_memory("slot", PAGE)?;
        let memory = Rc::new(Mapping::new(&memory_fd, PAGE)?);
        let file = memory_fd.try_clone().map_err(|_| Refusal::OutOfCaps)?;
        let file = Lent { file, payer, bytes: SLOT };
        let (near, far) = fd::sockets(fd::CAPABILITIES)?;
        let id = SlotId(self.fresh());
        let ep = self.eps.get_mut(&ep_id).ok_or(Refusal::Gone)?;
        let number = ep.slots.insert(id).ok_or(Refusal::Limit)?;
        let mut slot =
            Slot { channel: channel_id, number, memory: Rc::clone(&memory), file, socket: None };
        if ep_id == CORE_EP {
            slot.socket = Some(far);
            self.core_pages.set(number, Some(memory));
        } else {
            let packet = Packet::new(Event::SlotNew, &[number as u64, channel_number as u64]);
            let told = memory_fd
                .try_clone()
                .map_err(|_| Refusal::OutOfCaps)
                .and_then(|memory| self.notify(ep_id, packet, vec![memory, far]));
            if let Err(e) = told {
                if let Some(ep) = self.eps.get_mut(&ep_id) {
                    ep.slots.remove(number);
                }
                return Err(e);
            }
        }
        self.slots.insert(id, slot);
        if let Some(channel) = self.channels.get_mut(&channel_id) {
            channel.slots.push(id);
        }
        Ok(NewSlot { id, number, memory: memory_fd, socket: near })
    }

    /// The client does not use an index any more. Where it `submitted` signals through it that are
    /// still to be taken, what it names stays granted until then, but the client's death is none of
    /// its business.
    pub(crate) fn release(&mut self, channel_id: ChanId, index: u32, submitted: bool) {
        let Some(channel) = self.channels.get_mut(&channel_id) else { return };
        let entry = channel.entries.get_mut(index as usize).filter(|e| index != 0 && !e.free);
        let Some(entry) = entry else { return };
        entry.given_back = true;
        if submitted {
            return;
        }
        let object = channel.free(index);
        if let Some(grants) = channel.grants() {
            grants.revoke(index);
        }
        if let Some(object) = object.and_then(|o| self.objects.get_mut(&o)) {
            object.granted.remove(&(channel_id, index));
        }
    }

    /// An object is gone: whoever was granted it finds nothing behind the index, unless that names
    /// something else by now.
    pub(super) fn revoke(&mut self, channel: ChanId, index: u32, object: ObjId) {
        if let Some(channel) = self.channels.get_mut(&channel)
            && channel.object(index) == Some(object)
        {
            if let Some(grants) = channel.grants() {
                grants.revoke(index);
            }
            // Core does not hold on to contexts: the index is free, for when its last signals were taken.
            if channel.signals().is_some() {
                channel.free(index);
            } else if let Some(entry) = channel.entries.get_mut(index as usize) {
                entry.object = None;
            }
        }
    }

    /// Close a channel from the client's side: nothing is served through it any more. What is left
    /// of it goes in pieces.
    pub(crate) fn channel_close(&mut self, id: ChanId) {
        let Some(channel) = self.channels.remove(&id) else { return };
        self.by_pair.remove(&(channel.client, channel.ep));
        if let Some(grants) = channel.grants() {
            grants.close();
        }
        let client = channel.client;
        let mut left = Some(Closing { id, channel });
        let Some(process) = self.procs.get_mut(&client) else {
            // Core itself: what it opens and cannot use has hardly anything in it.
            while let Some(rest) = left {
                left = self.channel_piece(rest);
            }
            return;
        };
        work::count(process.channels.len() / 8);
        process.channels.retain(|c| *c != id);
        let others = !process.closing.is_empty();
        process.closing.extend(left);
        if !others && !self.channels_piece(client) {
            self.going.push_back(Going::Channels(client));
        }
    }

    /// A piece of the channels that a process closed. True if nothing is left of them.
    pub(super) fn channels_piece(&mut self, client: ProcId) -> bool {
        loop {
            let process = self.procs.get_mut(&client);
            let Some(left) = process.and_then(|process| process.closing.pop()) else { return true };
            let rest = self.channel_piece(left);
            if let (Some(rest), Some(process)) = (rest, self.procs.get_mut(&client)) {
                process.closing.push(rest);
                return false;
            }
        }
    }

    /// A piece of a channel that its client closed: the entrypoint drops its slots, and then it.
    /// What is left, if anything.
    fn channel_piece(&mut self, mut left: Closing) -> Option<Closing> {
        let Closing { id, channel } = &mut left;
        let mut last = LastWords::of(self.procs.get(&channel.client), channel.tables.as_ref());
        while let Some(entry) = channel.entries.pop() {
            let index = channel.entries.len() as u32;
            if let Some(name) = entry.object
                && let Some(object) = self.objects.get_mut(&name)
            {
                object.granted.remove(&(*id, index));
                if object.signal
                    && let Some(last) = &mut last
                {
                    let submitted = last.submitted(index);
                    match (entry.given_back, submitted) {
                        (false, _) => self.tell_death(name, submitted),
                        (true, 0) => {}
                        (true, _) => self.submit(name, submitted),
                    }
                }
            }
            work::count(2);
            if work::over() {
                return Some(left);
            }
        }
        while let Some(slot) = channel.slots.pop() {
            self.slot_drop(slot, channel.ep, channel.client);
            if work::over() {
                return Some(left);
            }
        }
        work::calls(6);
        if let Some(ep) = self.eps.get_mut(&channel.ep) {
            ep.channels.remove(channel.number);
            ep.forget(Event::ChannelNew, channel.number);
            ep.ring(Hint::Signals(channel.number as u16));
        }
        let Channel { client, tables, .. } = left.channel;
        self.close_tables(client, tables);
        None
    }

    /// Takes the memory of a channel back, some time. A channel to core has none that its client
    /// could keep.
    fn close_tables(&mut self, client: ProcId, tables: Option<Tables>) {
        match tables {
            Some(Tables { grants, signals, files }) => {
                drop((grants, signals));
                self.close_memory(client, files);
            }
            None => self.repay(client, CHANNEL),
        }
    }

    fn slot_drop(&mut self, id: SlotId, ep: EpId, client: ProcId) {
        let Some(slot) = self.slots.remove(&id) else { return };
        work::calls(6);
        slot.page().kill(&Futex);
        if ep == CORE_EP {
            self.core_pages.set(slot.number, None);
        }
        if let Some(ep) = self.eps.get_mut(&ep) {
            ep.slots.remove(slot.number);
            ep.forget(Event::SlotNew, slot.number);
            ep.ring(Hint::Slot(slot.number as u16));
        }
        let Slot { memory, file, .. } = slot;
        drop(memory);
        self.close_memory(client, [file]);
    }

    /// The entrypoint of a channel is gone: wakes everyone who waits for it, as many as a piece
    /// permits. The channel stays until its client closes it. True if all are woken.
    pub(super) fn server_gone(&mut self, id: ChanId) -> bool {
        let Some(channel) = self.channels.get_mut(&id) else { return true };
        channel.server_gone = true;
        let (client, ep) = (channel.client, channel.ep);
        self.by_pair.remove(&(client, ep));
        work::calls(1);
        for slot in channel.slots.clone() {
            if work::over() {
                return false;
            }
            work::count(1);
            if let Some(slot) = self.slots.remove(&slot) {
                work::calls(3);
                slot.page().kill(&Futex);
                self.undead.add(client, slot.memory, slot.file);
            }
        }
        if client == CORE
            && let Some(Channel { tables, .. }) = self.channels.remove(&id)
        {
            self.close_tables(client, tables);
        }
        true
    }

    /// Submit signals from core to a component's signal context; nothing of core's own is one.
    pub(crate) fn submit(&mut self, context: ObjId, count: u32) {
        self.signal(context, |signals, index| _ = signals.submit(index, count));
    }

    /// Tell a signal context that a component has died that could submit to it, and had submitted
    /// what `count` says.
    fn tell_death(&mut self, context: ObjId, count: u32) {
        self.signal(context, |signals, index| {
            signals.submit(index, count);
            signals.tell_death(index);
        });
    }

    fn signal(&mut self, context: ObjId, submit: impl FnOnce(Signals<'_>, u32)) {
        if self.objects.get(&context).is_none_or(|object| object.owner == CORE) {
            return;
        }
        let known = self.objects.get(&context).and_then(|object| {
            let own = *self.by_pair.get(&(CORE, object.ep))?;
            object.granted.range((own, 0)..=(own, u32::MAX)).next().copied()
        });
        let granted = match known {
            Some(granted) => Some(granted),
            None => self.claim(CORE, context).ok().map(|c| (c.channel, c.index)),
        };
        let Some((channel, index)) = granted else { return };
        let Some(channel) = self.channels.get(&channel) else { return };
        let Some(signals) = channel.signals() else { return };
        submit(signals, index);
        if let Some(ep) = self.eps.get(&channel.ep) {
            ep.ring(Hint::Signals(channel.number as u16));
        }
    }
}
