//! Tickets, and clients that misuse them.

extern crate std;

use alloc::{rc::Rc, vec::Vec};
use core::{
    cell::Cell,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use super::{Later, LaterError, Tickets, answer_by, told};
use crate::{
    quota::RamQuota,
    rpc::{CallError, Interface, Local, later::Ticket},
    task::waiters::Waiters,
};

#[genode::rpc]
trait Slow {
    fn before(&self) -> u32;
    /// Doubles a number, some day.
    #[rpc(later)]
    fn double(&mut self, n: u32) -> Result<u64, u8>;
    fn behind(&self) -> u32;
}

struct Server {
    tickets: Tickets<Result<u64, u8>>,
    running: Vec<(u32, Later<Result<u64, u8>>)>,
}

impl Server {
    fn new(limit: usize) -> Self {
        Self { tickets: Tickets::new(limit), running: Vec::new() }
    }

    fn finish(&mut self, index: usize) {
        let (n, later) = self.running.remove(index);
        later.finish(if n == 13 { Err(7) } else { Ok(2 * u64::from(n)) });
    }
}

impl Slow for Server {
    fn before(&self) -> u32 {
        1
    }
    fn double(&mut self, n: u32, later: Later<Result<u64, u8>>) {
        self.running.push((n, later));
    }
    fn double_tickets(&mut self) -> &mut Tickets<Result<u64, u8>> {
        &mut self.tickets
    }
    fn behind(&self) -> u32 {
        2
    }
}

type Client = SlowClient<Local<dyn Slow, Server>>;

fn client(limit: usize) -> Client {
    Local::<dyn Slow, _>::client(Server::new(limit))
}

/// The server behind a client.
fn server(client: &Client) -> core::cell::RefMut<'_, Server> {
    crate::rpc::Client::peer(client).invoke.server().borrow_mut()
}

fn refused<T: core::fmt::Debug>(result: Result<T, CallError<LaterError>>) -> LaterError {
    result.unwrap_err().service().unwrap()
}

#[test]
fn a_function_that_answers_later_is_four_on_the_wire() {
    let names: Vec<_> = (0..6).map_while(<dyn Slow as Interface>::function).collect();
    assert_eq!(
        names,
        ["before", "double", "double_sigh", "double_fetch", "double_cancel", "behind"]
    );
    let client = client(1);
    assert_eq!((client.before(), client.behind()), (Ok(1), Ok(2)));
}

#[test]
fn an_answer_is_fetched_once() {
    let client = client(3);
    let tickets: Vec<_> = [4, 13].map(|n| client.double(n).unwrap()).into();
    assert_eq!(refused(client.double_fetch(tickets[0])), LaterError::Pending);
    server(&client).finish(1);
    assert_eq!(client.double_fetch(tickets[1]), Ok(Err(7)));
    assert_eq!(refused(client.double_fetch(tickets[1])), LaterError::Unknown);
    server(&client).finish(0);
    assert_eq!(client.double_fetch(tickets[0]), Ok(Ok(8)));
    assert_eq!(server(&client).tickets.outstanding(), 0);
}

/// A task does not wait for what nobody would tell it; an answer that is there needs nobody.
#[test]
fn nobody_waits_who_would_not_be_told() {
    let pending = || Err::<u32, _>(CallError::Service(LaterError::Pending));
    assert_eq!(told(true, pending()), pending());
    assert_eq!(refused(told(false, pending())), LaterError::Untold);
    let text = std::format!("{}", LaterError::Untold);
    assert!(text.contains("`_sigh`"), "{text}");
    for answer in [Ok(7), Err(CallError::Service(LaterError::Unknown))] {
        assert_eq!(told(false, answer), answer);
    }
}

#[test]
fn a_wrong_ticket_is_refused() {
    let client = client(3);
    for number in [0, 1, u64::MAX] {
        assert_eq!(refused(client.double_fetch(Ticket { number })), LaterError::Unknown);
        assert_eq!(refused(client.double_cancel(Ticket { number })), LaterError::Unknown);
    }
    let ticket = client.double(1).unwrap();
    let other = Ticket { number: ticket.number + 1 };
    assert_eq!(refused(client.double_cancel(other)), LaterError::Unknown);
    assert_eq!(refused(client.double_fetch(ticket)), LaterError::Pending);
}

#[test]
fn a_cancelled_ticket_counts_until_the_server_lets_go() {
    let client = client(2);
    let first = client.double(1).unwrap();
    client.double_cancel(first).unwrap();
    assert_eq!(refused(client.double_cancel(first)), LaterError::Unknown);
    assert_eq!(refused(client.double_fetch(first)), LaterError::Unknown);
    assert!(server(&client).running[0].1.is_cancelled());
    // A client that starts and cancels for ever makes its server work on no more than its limit.
    client.double(2).unwrap();
    assert_eq!(refused(client.double(3)), LaterError::Full);
    server(&client).finish(0);
    client.double(3).unwrap();
    assert_eq!(server(&client).running.len(), 2);
}

#[test]
fn a_client_that_never_fetches_exhausts_its_own_tickets() {
    let client = client(2);
    let tickets: Vec<_> = (0..2).map(|n| client.double(n).unwrap()).collect();
    server(&client).finish(0);
    server(&client).finish(0);
    assert_eq!(refused(client.double(3)), LaterError::Full);
    client.double_cancel(tickets[0]).unwrap(); // after it was done
    assert_eq!(refused(client.double_fetch(tickets[0])), LaterError::Unknown);
    client.double(3).unwrap();
    assert_eq!(client.double_fetch(tickets[1]), Ok(Ok(2)));
}

#[test]
fn an_abandoned_call_says_so() {
    let client = client(1);
    let ticket = client.double(1).unwrap();
    server(&client).running.clear();
    assert_eq!(refused(client.double_fetch(ticket)), LaterError::Abandoned);
    assert_eq!(refused(client.double_fetch(ticket)), LaterError::Unknown);
    client.double(1).unwrap();
}

#[test]
fn the_donation_decides_how_many_are_outstanding() {
    let cost = Tickets::<u64>::COST;
    assert!(cost < 256, "{cost}");
    let mut tickets = Tickets::<u64>::paid_by(RamQuota(2 * cost - 1));
    let kept = tickets.issue().unwrap();
    assert_eq!(tickets.issue().unwrap_err(), LaterError::Full);
    tickets.grow(RamQuota(cost));
    let _second = tickets.issue().unwrap();
    assert_eq!(tickets.issue().unwrap_err(), LaterError::Full);
    tickets.grow(RamQuota(u64::MAX));
    tickets.grow(RamQuota(u64::MAX));
    drop(kept);
    drop(tickets.issue().unwrap());
}

#[test]
fn the_client_is_told_of_each_end_also_of_earlier_ones() {
    let told = Rc::new(Cell::new(0));
    let mut tickets = Tickets::<u32>::new(5);
    let (_, first) = tickets.issue().unwrap();
    first.finish(1);
    let count = told.clone();
    tickets.told_by(move || count.set(count.get() + 1));
    assert_eq!(told.get(), 1);
    let (_, second) = tickets.issue().unwrap();
    drop(second);
    assert_eq!(told.get(), 2);
    let (ticket, third) = tickets.issue().unwrap();
    tickets.cancel(ticket).unwrap();
    third.finish(3);
    assert_eq!(told.get(), 2, "nobody waits for it");
    let (_, late) = tickets.issue().unwrap();
    drop(tickets);
    assert!(late.is_cancelled(), "the session is closed");
    late.finish(4);
    assert_eq!(told.get(), 2);
}

#[test]
fn work_that_is_not_wanted_any_more_can_end() {
    let mut tickets = Tickets::<u32>::new(1);
    let (ticket, later) = tickets.issue().unwrap();
    let mut cancelled = pin!(later.cancelled());
    let context = &mut Context::from_waker(Waker::noop());
    assert_eq!(cancelled.as_mut().poll(context), Poll::Pending);
    tickets.cancel(ticket).unwrap();
    assert_eq!(cancelled.as_mut().poll(context), Poll::Ready(()));
}

#[test]
fn waiting_fetches_when_told_and_cancels_when_dropped() {
    let client = client(2);
    let waiters = Waiters::default();
    let context = &mut Context::from_waker(Waker::noop());
    let wait = |ticket| {
        let client = &client;
        std::boxed::Box::pin(answer_by(
            &waiters,
            move || client.double_fetch(ticket),
            move || assert_eq!(client.double_cancel(ticket), Ok(())),
        ))
    };
    let mut first = wait(client.double(1).unwrap());
    let mut second = wait(client.double(2).unwrap());
    assert!(first.as_mut().poll(context).is_pending());
    assert!(second.as_mut().poll(context).is_pending());
    server(&client).finish(1);
    waiters.notify();
    assert_eq!(second.as_mut().poll(context), Poll::Ready(Ok(Ok(4))));
    drop(first);
    assert!(server(&client).running[0].1.is_cancelled());
}
