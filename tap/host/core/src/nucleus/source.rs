//! What epoll tells of.

use super::ids::{EpId, ProcId};

/// What an epoll event is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// Core's own doorbell.
    Doorbell,
    /// Signals to core.
    Signals,
    /// A component's control socket.
    Control(ProcId),
    /// A component's process ended.
    Death(ProcId),
    /// An event socket takes packets again.
    Event(EpId),
    /// A component asks for a library or a thread.
    Loader(ProcId),
    /// Time for fault injection.
    Storm,
    /// Some component ran for a while.
    Ran,
    /// A tool wants to know the state.
    State,
}

impl Source {
    pub(crate) fn encode(self) -> u64 {
        match self {
            Self::Doorbell => 0,
            Self::Signals => 1,
            Self::Control(p) => 2 | (p.0 << 4),
            Self::Death(p) => 3 | (p.0 << 4),
            Self::Event(e) => 4 | (e.0 << 4),
            Self::Loader(p) => 5 | (p.0 << 4),
            Self::Storm => 6,
            Self::Ran => 7,
            Self::State => 8,
        }
    }

    pub(crate) fn decode(v: u64) -> Self {
        let id = v >> 4;
        match v & 15 {
            0 => Self::Doorbell,
            1 => Self::Signals,
            2 => Self::Control(ProcId(id)),
            3 => Self::Death(ProcId(id)),
            4 => Self::Event(EpId(id)),
            5 => Self::Loader(ProcId(id)),
            6 => Self::Storm,
            7 => Self::Ran,
            _ => Self::State,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epoll_sources_survive_encoding() {
        for source in [
            Source::Doorbell,
            Source::Storm,
            Source::Ran,
            Source::Signals,
            Source::Control(ProcId(7)),
            Source::Death(ProcId(8)),
            Source::Event(EpId(9)),
            Source::Loader(ProcId(1 << 40)),
        ] {
            assert_eq!(Source::decode(source.encode()), source);
        }
    }
}
