//! Futures under an executor that polls without need, late, in any order, and drops what it likes: whatever it does,
//! nobody that could go on is left asleep.

extern crate std;

use alloc::{boxed::Box, rc::Rc, sync::Arc, task::Wake, vec::Vec};
use core::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};

use fastrand::Rng;

use super::{State, join::join, select::select};
use crate::{
    rpc::{
        CallError,
        later::{LaterError, Tickets, answer_by},
    },
    task::waiters::Waiters,
    time::{
        Timers,
        fake::{World, world},
    },
};

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Tasks, each with whether it was woken. The waker changes with each poll, as futures must allow.
struct Executor {
    tasks: Vec<Option<(Task, Arc<Flag>)>>,
}

impl Executor {
    fn poll(&mut self, n: usize) {
        let Some((task, flag)) = &mut self.tasks[n] else { return };
        *flag = Arc::new(Flag(AtomicBool::new(false)));
        let waker = Waker::from(flag.clone());
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            self.tasks[n] = None;
        }
    }

    fn woken(&self) -> Vec<usize> {
        let woken = |n: &usize| {
            self.tasks[*n].as_ref().is_some_and(|(_, flag)| flag.0.load(Ordering::Relaxed))
        };
        (0..self.tasks.len()).filter(woken).collect()
    }

    fn alive(&self) -> Vec<usize> {
        (0..self.tasks.len()).filter(|n| self.tasks[*n].is_some()).collect()
    }
}

/// Everything that tasks can wait for, and how often they got on.
#[derive(Clone)]
struct Things {
    timers: Timers,
    events: Rc<State>,
    tickets: Rc<RefCell<Tickets<u32>>>,
    answers: Rc<Waiters>,
    laters: Rc<RefCell<Vec<crate::rpc::later::Later<u32>>>>,
    steps: Rc<Cell<u32>>,
}

impl Things {
    async fn answer(&self) {
        let issued = self.tickets.borrow_mut().issue();
        let Ok((ticket, later)) = issued else { return };
        self.laters.borrow_mut().push(later);
        let fetch = || match self.tickets.borrow_mut().fetch(ticket) {
            Ok(value) => Ok(value),
            Err(error) => Err(CallError::Service(error)),
        };
        let cancel = || {
            let _ = self.tickets.borrow_mut().cancel(ticket); // unknown if it was done
        };
        match answer_by(&self.answers, fetch, cancel).await {
            Ok(_) | Err(CallError::Service(LaterError::Abandoned)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }

    /// One wait of the kind `kind`, perhaps for the first of two or for both.
    fn wait(self, kind: u32) -> Task {
        Box::pin(async move {
            let ms = |n: u32| Duration::from_millis(u64::from(n));
            match kind % 7 {
                0 => {
                    let _ = self.timers.sleep(ms(kind % 5)).await;
                }
                1 => {
                    self.events.next().await;
                }
                2 => {
                    let _ = self.timers.timeout(ms(kind % 7), self.events.next()).await;
                }
                3 => {
                    let Ok(mut interval) = self.timers.interval(ms(1 + kind % 3)) else { return };
                    for _ in 0..2 {
                        if interval.tick().await.is_err() {
                            return;
                        }
                    }
                }
                4 => self.answer().await,
                5 => {
                    select(self.clone().wait(kind / 7), self.clone().wait(kind / 49)).await;
                }
                _ => {
                    join(self.clone().wait(kind / 7), self.clone().wait(kind / 49)).await;
                }
            }
            self.steps.set(self.steps.get() + 1);
        })
    }
}

/// A world, its things, and what is called when a programmed time is over.
fn things() -> (Rc<World>, Things, impl Fn()) {
    let (world, timers, fired) = world();
    let answers = Rc::new(Waiters::default());
    let mut tickets = Tickets::new(6);
    let told = answers.clone();
    tickets.told_by(move || told.notify());
    let things = Things {
        timers,
        events: Rc::default(),
        tickets: Rc::new(RefCell::new(tickets)),
        answers,
        laters: Rc::default(),
        steps: Rc::default(),
    };
    (world, things, fired)
}

/// Runs everything that was woken until nobody is, then checks that nobody who sleeps could go on: a poll without a
/// wake-up must not be ready, nor do anything that wakes others.
fn settle(executor: &mut Executor, random: &mut Rng, things: &Things, seed: u64) {
    for polls in 0.. {
        let woken = executor.woken();
        if woken.is_empty() {
            break;
        }
        assert!(polls < 10_000, "tasks wake each other without end, seed {seed}");
        executor.poll(woken[random.usize(..woken.len())]);
    }
    let before = (executor.alive(), things.steps.get());
    for n in executor.alive() {
        executor.poll(n);
    }
    assert_eq!(before, (executor.alive(), things.steps.get()), "a wake-up was lost, seed {seed}");
    assert!(executor.woken().is_empty(), "somebody got on without a wake-up, seed {seed}");
}

fn run(seed: u64) -> u32 {
    let mut random = Rng::with_seed(seed);
    let (world, things, fired) = things();
    let mut executor = Executor { tasks: Vec::new() };
    for _ in 0..60 {
        match random.u32(..10) {
            0..=2 => {
                let task = things.clone().wait(random.u32(..7 * 49 * 49));
                executor.tasks.push(Some((task, Arc::new(Flag(AtomicBool::new(true))))));
            }
            // Dropped wherever it waits, woken or not.
            3 if !executor.tasks.is_empty() => {
                let n = random.usize(..executor.tasks.len());
                executor.tasks[n] = None;
            }
            // Polled without need, or late and out of order.
            4 | 5 if !executor.tasks.is_empty() => {
                executor.poll(random.usize(..executor.tasks.len()));
            }
            6 => {
                world.now.set(world.now.get() + random.u64(..4000));
                // A call too many is allowed, one too few is not.
                if world.is_due() || random.bool() {
                    world.take_due();
                    fired();
                }
            }
            7 => things.events.signalled(1),
            8 => {
                let later = things.laters.borrow_mut().pop();
                match later {
                    Some(later) if random.bool() => later.finish(7),
                    other => drop(other),
                }
            }
            _ => settle(&mut executor, &mut random, &things, seed),
        }
    }
    settle(&mut executor, &mut random, &things, seed);
    // All time passes: what waits for time only is over.
    for _ in 0..20 {
        world.now.set(world.now.get() + 10_000);
        if world.take_due() {
            fired();
        }
        settle(&mut executor, &mut random, &things, seed);
    }
    // What is left waits for others; with everybody gone, nobody is remembered.
    executor.tasks.clear();
    things.laters.borrow_mut().clear();
    things.events.signalled(1);
    assert_eq!(things.tickets.borrow().outstanding(), 0, "a ticket is left, seed {seed}");
    things.steps.get()
}

#[test]
fn nothing_that_a_task_drops_costs_another_its_wake_up() {
    let steps: u32 = (0..400).map(run).sum();
    assert!(steps > 2000, "only {steps} waits came to their end");
}

#[test]
fn a_lost_wake_up_is_noticed() {
    /// Wakes the first of its waiters only, whether it is still there or not.
    async fn careless(first: Rc<RefCell<Option<Waker>>>, found: Rc<Cell<bool>>) {
        core::future::poll_fn(|context| {
            if found.get() {
                return Poll::Ready(());
            }
            first.borrow_mut().get_or_insert_with(|| context.waker().clone());
            Poll::Pending
        })
        .await;
    }
    let caught = std::panic::catch_unwind(|| {
        let (_, things, _) = things();
        let (first, found) = (Rc::new(RefCell::new(None::<Waker>)), Rc::new(Cell::new(false)));
        let tasks = (0..2).map(|_| {
            let task: Task = Box::pin(careless(first.clone(), found.clone()));
            Some((task, Arc::new(Flag(AtomicBool::new(true)))))
        });
        let mut executor = Executor { tasks: tasks.collect() };
        (0..2).for_each(|n| executor.poll(n));
        found.set(true);
        first.take().unwrap().wake();
        settle(&mut executor, &mut Rng::with_seed(0), &things, 0);
    });
    assert!(caught.is_err());
}
