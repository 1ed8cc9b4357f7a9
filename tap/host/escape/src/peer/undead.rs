//! A server that takes its entrypoint away while a client waits, and writes into the client's slot that nothing happened,
//! as often as core writes that the server is gone.
use std::os::fd::BorrowedFd;
use std::time::Duration;

use genode::{
    connection::Connection,
    prelude::*,
    root::{Factory, Refused, Root, SessionRequest},
};
use rs_host_proto::control::{Packet, event, request, status};
use rs_host_proto::slot::{ASLEEP, DEAD};
use rs_host_proto::sync::{AtomicU32, Ordering};
use rs_host_proto::sys::{self, Fds};
use rs_host_proto::{CONTROL_FD, PAGE};
use rustix::net::{RecvFlags, SendFlags};

/// How long the client waits for an error until it says that it waits for ever.
const PATIENCE: Duration = Duration::from_secs(10);

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
        let control = descriptor(CONTROL_FD);
        for ep in 1..1000 {
            let destroy = Packet::new(request::EP_DESTROY, &[ep]);
            let _ = sys::send_packet(control, &destroy, &[], SendFlags::empty());
            let answer = sys::recv_packet(control, &mut Fds::default(), RecvFlags::empty());
            if answer.is_ok_and(|a| a.is_some_and(|a| a.op() == status::OK)) {
                break;
            }
        }
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

/// The state word of the next slot that core tells the entrypoint of, which will not hear of it.
fn stolen_slot() -> &'static AtomicU32 {
    loop {
        for socket in (4..64).map(descriptor) {
            let mut fds = Fds::default();
            let got = sys::recv_packet(socket, &mut fds, RecvFlags::DONTWAIT);
            if let (Ok(Some(packet)), [Some(memory), Some(_), ..]) = (got, fds)
                && packet.op() == event::SLOT_NEW
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
