//! A server that takes its entrypoint away while a client waits, and writes into the client's slot that nothing happened,
//! as often as core writes that the server is gone.
#![allow(unsafe_code, reason = "goes past the SDK and the seam on purpose")]

use std::os::fd::BorrowedFd;
use std::time::Duration;

use genode::{
    connection::Connection,
    prelude::*,
    root::{Factory, Refused, Root, SessionRequest},
};
use genode_host_proto::control::{Event, Packet, Request, Status};
use genode_host_proto::slot::{ASLEEP, DEAD};
use genode_host_proto::sync::{AtomicU32, Ordering};
use genode_host_proto::sys::{self, Fds};
use genode_host_proto::{CONTROL_FD, PAGE};
use rustix::net::{RecvFlags, SendFlags};

/// How long the client waits for an error until it says that it waits for ever.
const PATIENCE: Duration = Duration::from_mins(2);

/// What the server promises.
#[genode::rpc(service = "Undead", caps = 4)]
pub(crate) trait Undead {
    /// Never answered.
    fn wait(&mut self) -> u64;
}

struct Session;

impl Undead for Session {
    /// Runs for the client's first thread, until the slot of its second one is there.
    fn wait(&mut self) -> u64 {
        let slot = stolen_slot();
        while slot.load(Ordering::Acquire) != ASLEEP {
            std::hint::spin_loop();
        }
        std::thread::spawn(|| {
            loop {
                let _ = slot.compare_exchange(DEAD, ASLEEP, Ordering::Relaxed, Ordering::Relaxed);
            }
        });
        // Its number is not known here; it is less than that of a new one.
        let new = ask(Request::EpCreate, &[]).map_or(0, |made| made.arg(0));
        let destroyed = (0..new).rev().any(|ep| ask(Request::EpDestroy, &[ep]).is_some());
        log!("the server's entrypoint is gone: {destroyed}");
        loop {
            std::thread::park();
        }
    }
}

struct Sessions;

impl Factory<dyn Undead> for Sessions {
    type Session = Session;

    fn create(&mut self, _: &SessionRequest<'_>) -> Result<Session, Refused> {
        Ok(Session)
    }
}

fn descriptor(number: i32) -> BorrowedFd<'static> {
    // SAFETY: the kernel refuses a number that is not open, and what it is used for is this component's own harm.
    unsafe { BorrowedFd::borrow_raw(number) }
}

/// Asks core past the seam, which nobody uses meanwhile.
fn ask(op: Request, args: &[u64]) -> Option<Packet> {
    let control = descriptor(CONTROL_FD);
    sys::send_packet(control, &Packet::new(op, args), &[], SendFlags::empty()).ok()?;
    let answer = sys::recv_packet(control, &mut Fds::default(), RecvFlags::empty());
    answer.ok()?.filter(|answer| answer.op() == Status::Ok.into())
}

/// The state word of the next slot that core tells the entrypoint of, which will not hear of it.
fn stolen_slot() -> &'static AtomicU32 {
    loop {
        for socket in (4..64).map(descriptor) {
            let mut fds = Fds::default();
            let got = sys::recv_packet(socket, &mut fds, RecvFlags::DONTWAIT);
            if let (Ok(Some(packet)), [Some(memory), Some(_), ..]) = (got, fds)
                && packet.op() == Event::SlotNew.into()
                && let Ok(page) = sys::map(&memory, PAGE, true)
            {
                // SAFETY: an atomic at the start of a page that is never unmapped.
                return unsafe { &*page.cast() };
            }
        }
    }
}

pub(crate) fn serve(env: Env) -> Result<(), Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn Undead, _>(Sessions)?;
    Box::leak(Box::new(root)); // it lives as long as the component
    Ok(())
}

/// Two threads call at once. Both must learn that nobody will answer.
pub(crate) fn call(env: Env) -> Result<(), Error> {
    let session = Connection::<dyn Undead>::open(env, "undead")?;
    let gone = std::thread::scope(|threads| {
        let (told, errors) = std::sync::mpsc::channel();
        for _ in 0..2 {
            let (told, session) = (told.clone(), &session);
            threads.spawn(move || told.send(session.wait().is_err()));
            // The second one's slot is to be told of while the first one is served.
            std::thread::sleep(Duration::from_secs(2));
        }
        let all = (0..2).all(|_| errors.recv_timeout(PATIENCE) == Ok(true));
        if !all {
            error!("a caller waits for ever");
            env.exit(1);
        }
        all
    });
    log!("both callers learnt that the server is gone: {gone}");
    env.exit(0)
}
