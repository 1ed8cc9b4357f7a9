//! Rtc: the time of day, as a real-time clock has it.
//!
//! Functions are numbered as in Genode 22.08, 24.11 and 26.02, which agree.
//! Reference: `repos/os/include/rtc_session/rtc_session.h`.

use core::fmt;

use crate::{
    cap::Capability, connection::Connection, env::Env, error::Error, signal::SignalContext,
};

/// A point in time, as a calendar and a clock show it. Nobody promises that its fields are within
/// their ranges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, genode::Wire)]
#[repr(C)]
pub struct Timestamp {
    /// Microseconds of the second.
    pub microsecond: u32,
    /// Seconds of the minute.
    pub second: u32,
    /// Minutes of the hour.
    pub minute: u32,
    /// Hours of the day.
    pub hour: u32,
    /// Day of the month, from 1.
    pub day: u32,
    /// Month, from 1.
    pub month: u32,
    /// Year of the Gregorian calendar.
    pub year: u32,
}

impl fmt::Display for Timestamp {
    /// Writes it as ISO 8601 does, without a time zone: `2026-11-30 17:05:09`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { second, minute, hour, day, month, year, .. } = self;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}

/// An Rtc session (`rtc_session/rtc_session.h`).
#[genode::rpc(service = "Rtc", caps = 2, ram = 8 * 1024)]
pub trait RtcSession {
    /// Takes whom to tell when the clock was set.
    fn set_sigh(&mut self, context: Capability<SignalContext>);
    /// Returns the time.
    fn current_time(&mut self) -> Timestamp;
}

/// An Rtc session.
#[derive(Debug)]
#[must_use = "dropping it closes the session"]
pub struct RtcConnection(Connection<dyn RtcSession>);

impl RtcConnection {
    /// Opens a session.
    ///
    /// # Errors
    /// What opening a session says.
    pub fn open(env: Env, label: &str) -> Result<Self, Error> {
        Ok(Self(Connection::open(env, label)?))
    }

    /// Asks for the time.
    ///
    /// # Errors
    /// What the call says.
    pub fn current_time(&self) -> Result<Timestamp, Error> {
        Ok(self.0.current_time()?)
    }

    /// Sets whom to tell when the clock was set.
    ///
    /// # Errors
    /// What the call says.
    pub fn set_sigh(&self, context: &Capability<SignalContext>) -> Result<(), Error> {
        Ok(self.0.set_sigh(context.clone())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_timestamp_reads_as_iso_8601() {
        let time = Timestamp {
            microsecond: 1,
            second: 9,
            minute: 5,
            hour: 17,
            day: 3,
            month: 4,
            year: 2026,
        };
        assert_eq!(time.to_string(), "2026-04-03 17:05:09");
    }
}
