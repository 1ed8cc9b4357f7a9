//! The checks between components: what one may not do to another, nor to core, by any request.
use std::os::fd::AsFd;

use genode_args::quota::Amount;
use genode_host_proto::GRANTS;
use genode_host_proto::control::{Request, Status};
use genode_host_proto::signal::News;
use rustix::net::RecvFlags;

use super::channel::LastWords;
use super::channels::{MAX_CHANNEL_SLOTS, MAX_PROCESS_SLOTS};
use super::testing::{Peer, nucleus};
use super::{CORE, CORE_EP, Nucleus};
use crate::{fd, work};

const QUOTA: Amount = Amount::new(64 << 20, 30_000);

/// A nucleus with a server, its object's capability, and two clients.
struct Three {
    nucleus: Nucleus,
    server: Peer,
    ep: u64,
    client: Peer,
    other: Peer,
}

fn three() -> Three {
    let mut nucleus = nucleus();
    let [server, client, other] = [(); 3].map(|()| nucleus.peer(QUOTA));
    let ep = server.entrypoint(&mut nucleus);
    Three { nucleus, server, ep, client, other }
}

#[test]
fn slot_open_is_refused_on_the_channel_of_somebody_else() {
    let Three { mut nucleus, server, ep, client, other } = three();
    let (_, cap) = server.object(&mut nucleus, ep);
    let (channel, _) = client.claim(&mut nucleus, &cap);
    for stranger in [&other, &server] {
        let opened = stranger.try_to(&mut nucleus, Request::SlotOpen, &[channel]);
        assert_eq!(opened, Status::Gone);
    }
    assert_eq!(client.try_to(&mut nucleus, Request::SlotOpen, &[channel]), Status::Ok);
}

#[test]
fn release_and_channel_close_touch_no_channel_of_somebody_else() {
    let Three { mut nucleus, server, ep, client, other } = three();
    let (_, cap) = server.object(&mut nucleus, ep);
    let (channel, index) = client.claim(&mut nucleus, &cap);
    other.tell(&mut nucleus, Request::Release, &[channel, index]);
    other.tell(&mut nucleus, Request::ChannelClose, &[channel]);
    let left = nucleus.channels.values().find(|c| c.client == client.id).unwrap();
    assert!(left.object(index as u32).is_some());
    assert_eq!(other.ask(&mut nucleus, Request::Served, &[channel], None).0.arg(0), 0);
    assert_eq!(client.ask(&mut nucleus, Request::Served, &[channel], None).0.arg(0), 1);
}

#[test]
fn a_process_has_no_more_than_max_process_slots() {
    let Three { mut nucleus, server, client, .. } = three();
    let mut slots = 0;
    let mut refused = Status::Ok;
    while refused == Status::Ok {
        let ep = server.entrypoint(&mut nucleus);
        let (_, cap) = server.object(&mut nucleus, ep);
        let (reply, _) = client.ask(&mut nucleus, Request::Claim, &[], Some(cap.as_fd()));
        refused = Status::of(reply.op()).unwrap();
        for _ in 1..MAX_CHANNEL_SLOTS {
            if refused == Status::Ok {
                slots += 1;
                refused = client.try_to(&mut nucleus, Request::SlotOpen, &[reply.arg(0)]);
            }
        }
        slots += usize::from(refused == Status::Ok);
    }
    assert_eq!((refused, slots), (Status::Limit, MAX_PROCESS_SLOTS));
}

#[test]
fn thread_bind_moves_threads_of_the_process_itself_only() {
    let Three { mut nucleus, client, other, .. } = three();
    let here = [0, 0, 1, 1];
    let bind = |thread: u64| [&[thread][..], &here].concat();
    let own = client.try_to(&mut nucleus, Request::ThreadBind, &bind(client.pid()));
    assert_eq!(own, Status::Ok);
    for thread in [other.pid(), std::process::id().into(), 1, 0, u64::MAX] {
        let bound = client.try_to(&mut nucleus, Request::ThreadBind, &bind(thread));
        assert_eq!(bound, Status::Invalid, "{thread}");
    }
}

#[test]
fn core_sends_no_message_while_the_last_one_is_unread() {
    let Three { mut nucleus, client, .. } = three();
    // Over its descriptor 0, a byte without a descriptor.
    let mut send = || client.try_to(&mut nucleus, Request::Send, &[0, 1, 0]);
    assert_eq!(send(), Status::Ok);
    assert_eq!(send(), Status::Limit);
    let mut byte = [7; 8];
    let read = rustix::net::recv(&client.mail, &mut byte[..], RecvFlags::DONTWAIT).unwrap();
    assert_eq!((read.0, byte[0]), (1, 0));
    assert_eq!(send(), Status::Ok);
}

#[test]
fn objects_gone_and_object_destroy_name_own_objects_only() {
    let Three { mut nucleus, server, ep, other, .. } = three();
    let (object, cap) = server.object(&mut nucleus, ep);
    let core = nucleus.core_object(super::CoreObject::Log(1)).unwrap();
    for place in 0..7 {
        let mut gone = [0; 7];
        gone[place] = object.0;
        gone[(place + 1) % 7] = core.0;
        other.tell(&mut nucleus, Request::ObjectsGone, &gone);
    }
    assert_eq!(other.try_to(&mut nucleus, Request::ObjectDestroy, &[object.0]), Status::Invalid);
    assert_eq!(nucleus.lookup(&cap), Some(object), "it is still there");
    assert!(nucleus.objects.contains_key(&core));
    server.tell(&mut nucleus, Request::ObjectsGone, &[0, 0, 0, object.0]);
    assert_eq!(nucleus.lookup(&cap), None);
}

#[test]
fn ep_destroy_and_object_create_want_an_entrypoint_of_the_process_itself() {
    let Three { mut nucleus, server, ep, other, .. } = three();
    for ep in [ep, CORE_EP.0] {
        assert_eq!(other.try_to(&mut nucleus, Request::ObjectCreate, &[ep]), Status::Invalid);
        assert_eq!(other.try_to(&mut nucleus, Request::EpDestroy, &[ep]), Status::Invalid);
    }
    assert_eq!(server.try_to(&mut nucleus, Request::EpDestroy, &[ep]), Status::Ok);
}

#[test]
fn lookup_wants_a_file_of_the_device_that_capabilities_are_on() {
    let mut nucleus = nucleus();
    let token = fd::token().unwrap();
    let again = token.try_clone().unwrap();
    let id = nucleus.core_object_at(super::CoreObject::Log(1), token).unwrap();
    assert_eq!(nucleus.lookup(&again), Some(id));
    // As if the capabilities were on another one: the same number there is another file.
    nucleus.device = nucleus.device.wrapping_add(1);
    assert_eq!(nucleus.lookup(&again), None);
}

#[test]
fn core_submits_no_signal_to_itself() {
    let mut nucleus = nucleus();
    let own = nucleus.core_object(super::CoreObject::Log(1)).unwrap();
    nucleus.submit(own, 1);
    let to_itself = nucleus.channels.values().filter(|c| c.client == CORE).count();
    assert_eq!((to_itself, nucleus.slots.len()), (0, 0));
}

/// Asserts that a request takes few units of work; tells how many.
fn within(what: &str, steps: usize) {
    println!("{what}: {steps} steps");
    assert!(steps > 0 && steps <= work::MAX, "{what}: {steps} steps");
}

/// As many grants as a channel has, of one object and of many.
#[test]
fn closing_a_channel_full_of_grants_takes_bounded_work() {
    let Three { mut nucleus, server, ep, client, other } = three();
    let (one, cap) = server.object(&mut nucleus, ep);
    let mut channel = 0;
    for index in 1..GRANTS {
        // Half of them name one object, half another one each.
        let object = if index % 2 == 0 { one } else { server.object_at(&mut nucleus, ep) };
        let (steps, claim) = work::of(|| nucleus.claim(client.id, object).unwrap());
        within("claim", steps.max(1));
        channel = claim.channel.0;
    }
    assert_eq!(client.try_claim(&mut nucleus, &cap), Status::Limit);
    other.claim(&mut nucleus, &cap);
    let release = [channel, 4000];
    let (steps, ()) = work::of(|| client.tell(&mut nucleus, Request::Release, &release));
    within("release", steps.max(1));
    let (steps, ()) = work::of(|| client.tell(&mut nucleus, Request::ChannelClose, &[channel]));
    within("close a channel", steps);
    while nucleus.is_going() {
        let (steps, _) = work::of(|| nucleus.take_back());
        within("a piece of a channel", steps);
    }
    assert_eq!(nucleus.objects[&one].granted.len(), 1, "the other client's");
}

#[test]
fn a_death_is_told_to_the_contexts_that_the_dead_could_signal() {
    let Three { mut nucleus, server: owner, ep, client, other } = three();
    let contexts = [(); 5].map(|()| owner.context(&mut nucleus, ep));
    let [(told, _), (quiet, _), (others, _), (given_back, _), (taken, _)] = &contexts;
    let (_, index) = client.claim(&mut nucleus, &contexts[0].1);
    client.claim(&mut nucleus, &contexts[1].1);
    other.claim(&mut nucleus, &contexts[2].1);
    let (_, back) = client.claim(&mut nucleus, &contexts[3].1);
    let (_, empty) = client.claim(&mut nucleus, &contexts[4].1);
    let (id, channel) = nucleus.channels.iter().find(|(_, c)| c.client == client.id).unwrap();
    let (id, page) = (*id, channel.tables.as_ref().unwrap().files[1].file.try_clone().unwrap());
    let page = fd::Mapping::new(&page, genode_host_proto::SIGNALS_SIZE).unwrap();
    assert!(LastWords::signals(&page).submit(index as u32, 5));
    // It gave these two back while signals were under way to them; of one they were taken
    // meanwhile.
    assert!(LastWords::signals(&page).submit(back as u32, 3));
    for index in [back, empty] {
        client.tell(&mut nucleus, Request::Release, &[id.0, index, 1]);
    }
    let granted = |nucleus: &Nucleus, context| nucleus.objects[context].granted.clone();
    assert!(granted(&nucleus, told).iter().all(|(channel, _)| *channel == id));

    nucleus.bury(client.id);
    let mut news = std::collections::BTreeMap::new();
    let core = nucleus.channels.values().find(|c| c.client == CORE).unwrap();
    core.signals().unwrap().drain(core.grants().unwrap(), |object, more| {
        news.insert(object, more);
    });
    let death = |count| News { count, died: true };
    let signals = News { count: 3, died: false };
    let expected = [(told.0, death(5)), (quiet.0, death(0)), (given_back.0, signals)];
    assert_eq!(news, expected.into(), "nothing for {}", taken.0);
    assert_eq!(granted(&nucleus, others).len(), 1, "the channel of somebody who lives");

    // To close a channel is no death.
    let claimed = other.claim(&mut nucleus, &contexts[0].1);
    other.tell(&mut nucleus, Request::ChannelClose, &[claimed.0]);
    let core = nucleus.channels.values().find(|c| c.client == CORE).unwrap();
    assert!(!core.signals().unwrap().pending());
}
