//! Intercepts the CPU and PD sessions of siblings, well or, as `<config mode=".."/>` says, badly.
#![no_std]
#![no_main]

use genode::{
    affinity::{Location, Space},
    cap::Capability,
    dataspace::Dataspace,
    prelude::*,
    root::{Refused, Root, SessionRequest},
    rpc::FixedString,
    session::{
        cpu::{CpuSession, CpuThread, NativeCpu},
        intercept::Interceptor,
        pd::{self, AllocError, PdConnection, PdSession, PdSessionClient},
    },
    signal::SignalContext,
};
use rs_intercept::Manager;

/// Ways to serve a CPU session badly.
#[derive(Clone, Copy)]
enum Bad {
    /// Never answers.
    Mute,
    /// Answers with other kinds of things.
    Nonsense,
    /// Ends.
    Mortal,
}

struct BadCpu {
    how: Bad,
    env: Env,
}

impl CpuSession for BadCpu {
    fn create_thread(
        &mut self,
        _: Capability<dyn PdSession>,
        name: FixedString<32>,
        _: Location,
        _: u64,
    ) -> Result<Capability<dyn CpuThread>, AllocError> {
        log!("asked for thread \"{}\"", name.as_str().unwrap_or_default());
        match self.how {
            Bad::Mute => loop {
                self.env.ep().wait_io_signal();
            },
            Bad::Nonsense => Ok(self.env.pd().cast()),
            Bad::Mortal => self.env.exit(3),
        }
    }

    fn kill_thread(&mut self, _: Capability<dyn CpuThread>) {}

    fn exception_sigh(&mut self, _: Capability<SignalContext>) {}

    fn affinity_space(&mut self) -> Space {
        Space { width: u32::MAX, height: u32::MAX }
    }

    fn trace_control(&mut self) -> Capability<Dataspace> {
        self.env.pd().cast()
    }

    fn native_cpu(&mut self) -> Capability<NativeCpu> {
        self.env.pd().cast()
    }
}

/// A PD session that is served badly.
struct BadPd {
    how: Bad,
    env: Env,
    _session: PdConnection,
}

impl pd::Hooks for BadPd {
    fn alloc_ram(&mut self, size: u64) -> bool {
        log!("asked for {size} bytes");
        match self.how {
            Bad::Mute => loop {
                self.env.ep().wait_io_signal();
            },
            Bad::Nonsense => true,
            Bad::Mortal => self.env.exit(3),
        }
    }
}

/// Forwards a PD session, but for what is bad; nonsense is what a CPU session answers to its calls.
fn bad_pd(
    how: Bad,
    env: Env,
    request: &SessionRequest<'_>,
) -> Result<pd::Forward<Capability<dyn PdSession>, BadPd>, Refused> {
    let session = PdConnection::open(env, request.label())?;
    let cap = match how {
        Bad::Nonsense => env.cpu().cast(),
        _ => session.cap().clone(),
    };
    Ok(pd::Forward::new(PdSessionClient::new(cap), BadPd { how, env, _session: session }))
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let config = env.config().read()?;
    let how = match config.attr("mode").map(|mode| mode.trim_end_matches("_pd")) {
        Some("mute") => Some(Bad::Mute),
        Some("nonsense") => Some(Bad::Nonsense),
        Some("mortal") => Some(Bad::Mortal),
        _ => None,
    };
    let mut root = Root::new(env)?;
    match how {
        None => Interceptor::new(env, Manager::default()).serve(&mut root)?,
        Some(how) => {
            root.serve::<dyn CpuSession, _>(move |_: &SessionRequest<'_>| {
                Ok::<_, Refused>(BadCpu { how, env })
            })?;
            root.serve::<dyn PdSession, _>(move |request: &SessionRequest<'_>| {
                bad_pd(how, env, request)
            })?;
        }
    }
    Ok(root)
}
