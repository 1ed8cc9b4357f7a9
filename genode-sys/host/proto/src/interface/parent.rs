//! `Parent`: what a component asks of the one that started it.

use genode_affinity::Affinity;
use genode_args::quota::Amount;
use genode_wire::{Cap, FixedString, Text, WireError, values};

use super::calls;
use crate::opcode::Table;

/// Service names with their terminating zero (`Parent::Service_name`).
pub const MAX_NAME: usize = 64;
/// Session arguments with their terminating zero (`Parent::Session_args`, `Resource_args`).
pub const MAX_ARGS: usize = 160;

/// Name of a service.
pub type ServiceName<'m> = Text<'m, MAX_NAME>;
/// Arguments of a session, or what an upgrade adds to them.
pub type SessionArgs<'m> = Text<'m, MAX_ARGS>;
/// Resources that are asked for or to be given back.
pub type ResourceArgs = FixedString<MAX_ARGS>;

calls! {
    /// Calls of a parent.
    pub enum Call<'m, H> of parent {
        /// The component is done.
        Exit = exit { value: i32 },
        /// The component offers a service.
        Announce = announce { service: ServiceName<'m> },
        /// Sets the handler of news about the component's sessions.
        SessionSigh = session_sigh { handler: Cap<H> },
        /// Requests a session. Answers its capability, invalid if it is still to come, or a
        /// [`SessionError`] by number.
        Session = session {
            id: u64,
            service: ServiceName<'m>,
            args: SessionArgs<'m>,
            affinity: Affinity,
        },
        /// A session's capability, or a [`SessionCapError`] by number.
        SessionCap = session_cap { id: u64 },
        /// Donates more to a session. Answers [`Upgraded`].
        Upgrade = upgrade { id: u64, args: SessionArgs<'m> },
        /// Closes a session. Answers [`Closed`].
        Close = close { id: u64 },
        /// A server answers a request, by the number of a [`SessionResponse`].
        SessionResponse = session_response { id: u64, response: i32 },
        /// A server delivers a session.
        DeliverSessionCap = deliver_session_cap { id: u64, cap: Cap<H> },
        /// The component's main thread.
        MainThreadCap = main_thread_cap,
        /// Sets the handler of more resources.
        ResourceAvailSigh = resource_avail_sigh { handler: Cap<H> },
        /// Asks for resources.
        ResourceRequest = resource_request { args: ResourceArgs },
        /// Sets the handler of requests to give resources back.
        YieldSigh = yield_sigh { handler: Cap<H> },
        /// What is to be given back, [`ResourceArgs`].
        YieldRequest = yield_request,
        /// The component gave back what it could.
        YieldResponse = yield_response,
        /// Sets the handler of heartbeats.
        HeartbeatSigh = heartbeat_sigh { handler: Cap<H> },
        /// The component is alive.
        HeartbeatResponse = heartbeat_response,
        /// Ours, of core as parent of init only: [`Self::Session`] for somebody who pays. The index of the payer's PD
        /// session (as in [`Transfer`](super::pd::Transfer)), and an amount that goes to init's account first.
        SessionFor = session_for {
            id: u64,
            service: ServiceName<'m>,
            args: SessionArgs<'m>,
            affinity: Affinity,
            payer: u64,
            amount: Amount,
        },
        /// Ours, as above: [`Self::Close`], after which the amount goes back.
        CloseFor = close_for { id: u64, payer: u64, amount: Amount },
    }
}

values! {
    /// `Upgrade_result`.
    pub enum Upgraded {
        /// The session has the donation.
        Ok = 0,
        /// The server is still to take the donation.
        Pending = 1,
        /// The client's account has not that much RAM.
        OutOfRam = 2,
        /// The client's account has not that many capabilities.
        OutOfCaps = 3,
    }
}

values! {
    /// `Close_result`, and one of ours.
    pub enum Closed {
        /// The session is gone.
        Done = 0,
        /// The server is still to close it.
        Pending = 1,
        /// Of [`Call::CloseFor`]: closed, but init has spent what was to go back.
        Kept = 2,
    }
}

/// Declares an enum whose numbers are in the opcode table.
macro_rules! numbered {
    (
        $(#[$doc:meta])*
        pub enum $name:ident of $numbers:ident { $($(#[$value_doc:meta])* $value:ident = $field:ident,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $name {
            $($(#[$value_doc])* $value,)*
        }

        impl $name {
            /// The number that stands for the value.
            pub fn number(self, table: &Table) -> i32 {
                match self {
                    $(Self::$value => table.$numbers.$field,)*
                }
            }

            /// The value that a number stands for.
            ///
            /// # Errors
            /// [`WireError::BadValue`] if it stands for none.
            pub fn of(number: i32, table: &Table) -> Result<Self, WireError> {
                match number {
                    $(n if n == table.$numbers.$field => Ok(Self::$value),)*
                    _ => Err(WireError::BadValue),
                }
            }
        }
    };
}

numbered! {
    /// `Session_error`: why there is no session.
    pub enum SessionError of session_error {
        /// The parent or the server does not want it.
        Denied = denied,
        /// The client has not as much RAM as it offers.
        OutOfRam = out_of_ram,
        /// The client has not as many capabilities as it offers.
        OutOfCaps = out_of_caps,
        /// The server wants more RAM.
        InsufficientRam = insufficient_ram,
        /// The server wants more capabilities.
        InsufficientCaps = insufficient_caps,
    }
}

numbered! {
    /// `Session_cap_error`: why a session that was requested does not come.
    pub enum SessionCapError of session_cap_error {
        /// The parent or the server does not want it, or there is no such request.
        Denied = denied,
        /// The server wants more RAM.
        InsufficientRam = insufficient_ram,
        /// The server wants more capabilities.
        InsufficientCaps = insufficient_caps,
    }
}

numbered! {
    /// `Session_response`: what a server answers to a request.
    pub enum SessionResponse of session_response {
        /// It does not want the session.
        Denied = denied,
        /// It took a donation.
        Ok = ok,
        /// It closed the session.
        Closed = closed,
        /// It wants more RAM.
        InsufficientRam = insufficient_ram,
        /// It wants more capabilities.
        InsufficientCaps = insufficient_caps,
    }
}
