//! Configurations that change faster than children start, and what is left of it all: accounts are
//! exact, nothing grows.
//!
//! In three parts, each of which ends with the keeper alone: to warm up, and two of the same
//! length. What the second of these leaves in use is compared with what the first did, since a heap
//! keeps room for the most it ever had.

mod weather;

use alloc::{boxed::Box, rc::Rc, string::String, vec::Vec};
use core::{
    cell::{Cell, RefCell},
    fmt,
    time::Duration,
};

use genode::{
    node::Node,
    prelude::*,
    quota::{Amount, RamQuota},
    session::{report::Reporter, rom::RomConnection, timer::TimerConnection},
};
use weather::Weather;

/// Largest state report that is read, in bytes.
const MAX_STATE: usize = 64 << 10;
/// Largest configuration that is written, in bytes.
const MAX_CONFIG: usize = 32 << 10;
/// Ticks between two looks at what has settled.
const LOOK: u32 = 16;
/// Looks until what has not come back counts as lost: at the usual pace more than a minute.
const PATIENCE: u32 = 1500;
/// Equal looks in a row that show that nothing is under way any more.
const CALM: u32 = 10;
/// Bytes by which a heap may have grown after as many configurations as before: two of its chunks.
/// In the storm's full length that is less than 14 bytes for each configuration.
const SLACK: u64 = 2 * (68 << 10);

/// Accounts of the one under test and of the keeper: as granted, and in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Accounts {
    init: Amount,
    init_used: Amount,
    keeper: Amount,
    keeper_used: Amount,
}

impl Accounts {
    /// Reads a state report; `None` while anybody but the keeper is there, or the keeper is not.
    fn of(state: &Node) -> Option<Self> {
        let mut children = state.children_of("child");
        let keeper = children.next().filter(|c| c.attr("name") == Some("keeper"))?;
        if children.next().is_some() {
            return None;
        }
        let read = |node: &Node, what: &str| {
            let ram: RamQuota = node.child("ram")?.attr_checked(what).ok()??;
            let caps: u64 = node.child("caps")?.attr_checked(what).ok()??;
            Some(Amount::new(ram.0, caps))
        };
        Some(Self {
            init: read(state, "quota")?,
            init_used: read(state, "used")?,
            keeper: read(keeper, "quota")?,
            keeper_used: read(keeper, "used")?,
        })
    }

    /// Tells whether all that was granted once is there again.
    fn granted_as(&self, before: &Self) -> bool {
        (self.init, self.keeper) == (before.init, before.keeper)
    }

    /// Tells whether no more is in use than `before`, but for the room that heaps keep.
    fn uses_as(&self, before: &Self) -> bool {
        let grown = |now: Amount, then: Amount| now.ram.0 > then.ram.0 + SLACK;
        // a larger heap takes dataspaces, each of which is a capability
        let more = |now: Amount, then: Amount| now.caps.0 > then.caps.0 + 2;
        let pairs = [(self.init_used, before.init_used), (self.keeper_used, before.keeper_used)];
        !pairs.iter().any(|(now, then)| grown(*now, *then) || more(*now, *then))
    }
}

impl fmt::Display for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { init, init_used, keeper, keeper_used } = self;
        write!(
            f,
            "init {} bytes and {} caps, of which {} and {} in use; keeper {} and {}, {} and {}",
            init.ram.0,
            init.caps,
            init_used.ram.0,
            init_used.caps,
            keeper.ram.0,
            keeper.caps,
            keeper_used.ram.0,
            keeper_used.caps
        )
    }
}

/// The work that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// One client after the other, each when the one before is done.
    Rounds,
    /// A configuration with each tick.
    Storm,
    /// The keeper alone, until nothing is under way.
    Settle,
}

struct Driver {
    env: Env,
    config: Reporter,
    state: RefCell<RomConnection>,
    weather: RefCell<Weather>,
    /// The work that it does, and how much of it is left.
    doing: Cell<(Doing, u32)>,
    /// Work for later, the last first.
    then: RefCell<Vec<(Doing, u32)>>,
    version: Cell<u32>,
    ticks: Cell<u32>,
    /// Configurations that a state told of, for people: a busy machine skips some.
    applied: Cell<u32>,
    last_applied: Cell<u32>,
    /// The state that was seen last, and how often in a row.
    seen: Cell<(Accounts, u32)>,
    settled: RefCell<Vec<Accounts>>,
}

impl Driver {
    fn report(&self, text: &str) {
        if let Err(e) = self.config.report_bytes(text.as_bytes()) {
            error!("a configuration of {} bytes cannot be reported: {e}", text.len());
            self.env.exit(1);
        }
    }

    fn next_version(&self) -> u32 {
        self.version.set(self.version.get() + 1);
        self.version.get()
    }

    /// Goes on with what comes next.
    fn go_on(&self) {
        let Some(next) = self.then.borrow_mut().pop() else { self.judge() };
        self.doing.set(next);
        self.ticks.set(0);
        match next.0 {
            Doing::Rounds => self.round(),
            Doing::Storm => {}
            Doing::Settle => {
                self.seen.set((Accounts::default(), 0));
                self.settle();
            }
        }
    }

    fn round(&self) {
        let version = self.next_version();
        self.report(&weather::with_keeper(version, 2, &weather::visitor(version)));
    }

    fn settle(&self) {
        self.report(&weather::with_keeper(self.next_version(), 2, ""));
    }

    fn on_tick(&self) {
        let ticks = self.ticks.get() + 1;
        self.ticks.set(ticks);
        match self.doing.get() {
            (Doing::Storm, 0) => self.go_on(),
            (Doing::Storm, left) => {
                self.doing.set((Doing::Storm, left - 1));
                let text = self.weather.borrow_mut().next(self.next_version());
                self.report(&text);
            }
            (Doing::Settle, _) if ticks > LOOK * PATIENCE => {
                let (seen, _) = self.seen.get();
                let before = self.settled.borrow().first().copied().unwrap_or_default();
                error!("does not come back:\n  now    {seen}\n  before {before}");
                self.env.exit(1);
            }
            (Doing::Settle, _) if ticks.is_multiple_of(LOOK) => self.settle(),
            (Doing::Rounds | Doing::Settle, _) => {}
        }
    }

    fn on_state(&self) {
        let Ok(text) = self.state.borrow_mut().read(MAX_STATE) else { return };
        let Ok(state) = Node::parse(&text) else { return };
        let version = state.attr_or("version", 0);
        if self.last_applied.replace(version) != version {
            self.applied.set(self.applied.get() + 1);
        }
        if version != self.version.get() {
            return; // of an earlier configuration
        }
        match self.doing.get() {
            (Doing::Rounds, left) => self.visited(&state, left),
            (Doing::Storm, _) => {}
            (Doing::Settle, _) => {
                let Some(now) = Accounts::of(&state) else { return };
                let (seen, times) = self.seen.get();
                let times = if seen == now { times + 1 } else { 0 };
                self.seen.set((now, times));
                let first = self.settled.borrow().first().copied();
                if times >= CALM && first.is_none_or(|first| now.granted_as(&first)) {
                    log!("{now}");
                    self.settled.borrow_mut().push(now);
                    self.go_on();
                }
            }
        }
    }

    /// A state with a visitor of this round.
    fn visited(&self, state: &Node, left: u32) {
        let mut children = state.children_of("child");
        let Some(visitor) = children.find(|c| c.attr("name") == Some("visitor")) else { return };
        match visitor.attr("exited") {
            None => {}
            Some(_) if visitor.attr_or("version", 0) != self.version.get() => {}
            Some("0") if left > 1 => {
                self.doing.set((Doing::Rounds, left - 1));
                self.round();
            }
            Some("0") => self.go_on(),
            Some(value) => {
                error!("a visitor exits with {value}");
                self.env.exit(1);
            }
        }
    }

    fn judge(&self) -> ! {
        let settled = self.settled.borrow();
        // the last two belong together, and so do those before
        let fine = settled.chunks(3).all(|part| match part {
            [warm, first, second] => second.granted_as(warm) && second.uses_as(first),
            _ => false,
        });
        if fine {
            log!(
                "accounts are exact, and nothing grew; {} configurations, {} of them applied",
                self.version.get(),
                self.applied.get()
            );
        } else {
            error!("something grew");
        }
        self.env.exit(i32::from(!fine))
    }
}

/// Says what is to be done, the last first.
fn plan(rounds: u32, configs: u32) -> Vec<(Doing, u32)> {
    let mut then = Vec::new();
    for (doing, times) in [(Doing::Storm, configs), (Doing::Rounds, rounds)] {
        for part in [times / 2, times / 2, times / 10].into_iter().filter(|_| times > 0) {
            then.extend([(Doing::Settle, 0), (doing, part.max(1))]);
        }
    }
    then
}

pub(crate) fn run(env: Env, config: &Node) -> Result<(), Error> {
    let init: String = config.attr("init").unwrap_or("rs_init").into();
    let driver = Rc::new(Driver {
        env,
        config: Reporter::with_buffer(env, "init.config", MAX_CONFIG)?,
        state: RefCell::new(RomConnection::open(env, "state")?),
        weather: RefCell::new(Weather::new(config.attr_or("seed", 1), &init)),
        doing: Cell::new((Doing::Settle, 0)),
        then: RefCell::new(plan(config.attr_or("rounds", 0), config.attr_or("configs", 0))),
        version: Cell::new(0),
        ticks: Cell::new(0),
        applied: Cell::new(0),
        last_applied: Cell::new(0),
        seen: Cell::default(),
        settled: RefCell::default(),
    });
    let on_state = SignalHandler::new(env.ep(), {
        let driver = driver.clone();
        move |_| driver.on_state()
    })?;
    driver.state.borrow().sigh(on_state.cap())?;
    let on_tick = SignalHandler::new(env.ep(), {
        let driver = driver.clone();
        move |_| driver.on_tick()
    })?;
    let timer = TimerConnection::open(env, "tick")?;
    timer.sigh(on_tick.cap())?;
    driver.go_on();
    timer.trigger_periodic(Duration::from_millis(config.attr_or("period_ms", 3)))?;
    // kept for the component's life
    Box::leak(Box::new((on_state, on_tick, timer)));
    Ok(())
}
