//! Costs of sessions at core and of a child's environment: the one statement of them.
//!
//! Parents donate these amounts with the sessions of a child's environment, and subtract them from what the child gets;
//! the host's core refuses sessions that bring much less. The numbers are those of Genode 26.02: `RAM_QUOTA` and
//! `CAP_QUOTA` of each session interface (`base/include/*_session/*_session.h`), `Child::env_ram_quota` and
//! `env_cap_quota` (`base/include/base/child.h`).
//!
//! ```
//! use genode_args::cost;
//!
//! assert_eq!(cost::ENVIRONMENT.to_string(), "248K bytes of RAM and 28 capabilities");
//! assert_eq!(cost::RM.to_string(), "64K bytes of RAM and 2 capabilities");
//! ```

use crate::quota::Amount;

/// A PD session.
pub const PD: Amount = Amount::new(24 * 1024 * 8, 13);

/// A CPU session.
pub const CPU: Amount = Amount::new(36 * 1024, 6);

/// A ROM session.
pub const ROM: Amount = Amount::new(6 * 1024, 3);

/// A LOG session.
pub const LOG: Amount = Amount::new(8 * 1024, 2);

/// An RM session. It is no part of the environment.
pub const RM: Amount = Amount::new(64 * 1024, 2);

/// A TRACE session, beside its argument buffer and its subjects. It is no part of the environment.
pub const TRACE: Amount = Amount::new(10 * 1024, 6);

/// The environment of a child: PD, CPU, LOG and two ROM sessions (program and dynamic linker), and the capability of its
/// parent.
pub const ENVIRONMENT: Amount = sum([PD, CPU, LOG, ROM, ROM, Amount::new(0, 1)]);

/// A parent's record of a session, which it keeps of the donation (`Session_state::Factory::session_costs`).
pub const RECORD: Amount = Amount::new(810, 0);

/// A parent's records of a child: sixteen [records](RECORD) of sessions, and the capabilities of what the parent serves to
/// the child (`init`).
pub const RECORDS: Amount = Amount::new(16 * RECORD.ram.0, 6);

/// Adds amounts in constants; a sum of more than 64 bits does not compile.
const fn sum<const N: usize>(amounts: [Amount; N]) -> Amount {
    let (mut ram, mut caps, mut i) = (0, 0, 0);
    while i < N {
        ram += amounts[i].ram.0;
        caps += amounts[i].caps.0;
        i += 1;
    }
    Amount::new(ram, caps)
}
