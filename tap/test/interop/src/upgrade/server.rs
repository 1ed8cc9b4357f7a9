//! rs_upgrade_rust_server: tells its client what the session was upgraded by.
#![no_std]
#![no_main]

use genode::{
    prelude::*,
    quota::{CapQuota, Quota, RamQuota},
    root::{Factory, Refused, Root, SessionRequest},
};
use rs_interop::upgrade::Upgrade;

/// Makes sessions, and remembers the quota that there was then.
struct Sessions(Env);

/// One client's session.
struct Session {
    env: Env,
    at_first: Quota,
    ram: RamQuota,
    caps: CapQuota,
}

impl Factory<dyn Upgrade> for Sessions {
    type Session = Session;

    fn create(&mut self, _: &SessionRequest<'_>) -> Result<Session, Refused> {
        let env = self.0;
        Ok(Session { env, at_first: env.quota(), ram: RamQuota(0), caps: CapQuota(0) })
    }

    fn upgrade(&mut self, session: &mut Session, ram: RamQuota, caps: CapQuota) {
        session.ram.0 += ram.0;
        session.caps.0 += caps.0;
    }
}

impl Upgrade for Session {
    fn told_ram(&mut self) -> u64 {
        self.ram.0
    }

    fn told_caps(&mut self) -> u64 {
        self.caps.0
    }

    fn grown_ram(&mut self) -> u64 {
        self.env.quota().ram_limit.0 - self.at_first.ram_limit.0
    }

    fn grown_caps(&mut self) -> u64 {
        self.env.quota().caps_limit.0 - self.at_first.caps_limit.0
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn Upgrade, _>(Sessions(env))?;
    Ok(root)
}
