extern crate std;

use std::{cell::Cell, collections::VecDeque, vec::Vec};

use super::*;

/// A client's queues: frames by their numbers, and room for echoes.
#[derive(Default)]
struct Client {
    sent: RefCell<VecDeque<u32>>,
    room: Cell<usize>,
    echoes: RefCell<Vec<u32>>,
    acks: RefCell<Vec<u32>>,
    broken: Cell<bool>,
}

impl Client {
    fn new(frames: u32, room: usize) -> Self {
        let client = Self::default();
        client.sent.borrow_mut().extend(0..frames);
        client.room.set(room);
        client
    }
}

impl Station for Client {
    type Frame = u32;
    type Error = ();

    fn next(&self) -> Result<Option<u32>, ()> {
        Ok(self.sent.borrow_mut().pop_front())
    }

    fn send(&self, frame: &u32) -> Result<bool, ()> {
        if self.broken.get() {
            return Err(());
        }
        let mut echoes = self.echoes.borrow_mut();
        let fits = echoes.len() < self.room.get();
        if fits {
            echoes.push(*frame);
        }
        Ok(fits)
    }

    fn release(&self, frame: u32) {
        self.acks.borrow_mut().push(frame);
    }
}

#[test]
fn a_client_that_floods_gets_its_share_and_no_more_in_a_turn() {
    let (client, echo) = (Client::new(1000, 2000), Echo::default());
    for turn in 1..=31 {
        assert_eq!(echo.turn(&client), Ok(Turn::More));
        assert_eq!(client.echoes.borrow().len(), 32 * turn);
    }
    assert_eq!(echo.turn(&client), Ok(Turn::Idle));
    let all: Vec<u32> = (0..1000).collect();
    assert_eq!((&*client.echoes.borrow(), &*client.acks.borrow()), (&all, &all));
    assert_eq!(echo.turn(&client), Ok(Turn::Idle));
}

#[test]
fn a_frame_without_room_waits_unacknowledged_and_is_not_lost() {
    let (client, echo) = (Client::new(10, 4), Echo::default());
    for _ in 0..3 {
        assert_eq!(echo.turn(&client), Ok(Turn::Idle));
        assert_eq!(*client.acks.borrow(), [0, 1, 2, 3]);
        assert_eq!(client.sent.borrow().len(), 5, "one was taken and waits");
    }
    client.room.set(100);
    assert_eq!(echo.turn(&client), Ok(Turn::Idle));
    let all: Vec<u32> = (0..10).collect();
    assert_eq!((&*client.echoes.borrow(), &*client.acks.borrow()), (&all, &all));
}

#[test]
fn a_broken_stream_is_told_and_costs_one_frame_a_turn() {
    let (client, echo) = (Client::new(10, 100), Echo::default());
    client.broken.set(true);
    assert_eq!(echo.turn(&client), Err(()));
    assert_eq!((&*client.acks.borrow(), client.sent.borrow().len()), (&std::vec![0], 9));
    client.broken.set(false);
    assert_eq!(echo.turn(&client), Ok(Turn::Idle));
    assert_eq!(client.echoes.borrow().len(), 9);
}
