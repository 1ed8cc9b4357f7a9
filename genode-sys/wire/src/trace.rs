//! Infos of the TRACE service about threads, as they lie in a session's argument buffer.

use genode_affinity::Location;

use crate::error::WireError;
use crate::plain::Wire;
use crate::text::FixedString;

crate::values! {
    /// `Trace::Subject_info::State`.
    pub enum SubjectState {
        /// Nothing.
        Invalid = 0,
        /// Nobody traces it.
        Unattached = 1,
        /// Somebody's session has it, and it is paused.
        Attached = 2,
        /// The session traces it.
        Traced = 3,
        /// Another session traces it.
        Foreign = 4,
        /// Its policy does not work.
        Error = 5,
        /// It ended.
        Dead = 6,
    }
}

/// `Trace::Execution_time`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct ExecutionTime {
    /// Time that the thread ran. Its unit is the kernel's.
    pub thread_context: u64,
    /// Time that was run on the thread's scheduling context.
    pub scheduling_context: u64,
    /// Quantum of the scheduling context, 0 where there is none.
    pub quantum: u32,
    /// Priority of the scheduling context, 0 where there is none.
    pub priority: u32,
}

crate::structs! {
    ExecutionTime { thread_context: u64, scheduling_context: u64, quantum: u32, priority: u32 }
}

/// `Trace::Subject_info` of Genode 24.11 and 26.02, which have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubjectInfo {
    /// The label of the component.
    pub label: FixedString<160>,
    /// The thread's name.
    pub thread: FixedString<32>,
    /// State.
    pub state: SubjectState,
    /// The policy that traces it, 0 for none.
    pub policy: u32,
    /// Time that it ran.
    pub time: ExecutionTime,
    /// Location at which it runs.
    pub location: Location,
}

const LABEL: usize = 0;
const THREAD: usize = LABEL + 168;
const STATE: usize = THREAD + 40;
const POLICY: usize = STATE + 4;
const TIME: usize = POLICY + 4;
const LOCATION: usize = TIME + ExecutionTime::SIZE;
const END: usize = LOCATION + Location::SIZE;

/// Writes a string as C++ has it in memory: `N` bytes, and a length that counts the zero.
fn put<const N: usize>(text: &FixedString<N>, bytes: &mut [u8]) {
    bytes.fill(0);
    let text = text.as_bytes();
    for (to, from) in bytes.iter_mut().zip(text) {
        *to = *from;
    }
    if let Some(len) = bytes.last_chunk_mut() {
        *len = (text.len() + 1).to_ne_bytes();
    }
}

/// Reads a string: the bytes in front of its zero, whatever length is said.
fn get<const N: usize>(bytes: &[u8]) -> Result<FixedString<N>, WireError> {
    let text = bytes.get(..N).ok_or(WireError::Short)?.split(|byte| *byte == 0).next();
    FixedString::from_bytes(text.unwrap_or_default()).ok_or(WireError::BadText)
}

impl Wire for SubjectInfo {
    const SIZE: usize = END;

    fn store(&self, bytes: &mut [u8]) {
        let mut part = |from: usize, to: usize, store: &dyn Fn(&mut [u8])| {
            if let Some(bytes) = bytes.get_mut(from..to) {
                store(bytes);
            }
        };
        part(LABEL, THREAD, &|b| put(&self.label, b));
        part(THREAD, STATE, &|b| put(&self.thread, b));
        part(STATE, POLICY, &|b| self.state.store(b));
        part(POLICY, TIME, &|b| self.policy.store(b));
        part(TIME, LOCATION, &|b| self.time.store(b));
        part(LOCATION, END, &|b| self.location.store(b));
    }

    fn load(bytes: &[u8]) -> Result<Self, WireError> {
        let part = |from, to| bytes.get(from..to).ok_or(WireError::Short);
        Ok(Self {
            label: get(part(LABEL, THREAD)?)?,
            thread: get(part(THREAD, STATE)?)?,
            state: SubjectState::load(part(STATE, POLICY)?)?,
            policy: u32::load(part(POLICY, TIME)?)?,
            time: ExecutionTime::load(part(TIME, LOCATION)?)?,
            location: Location::load(part(LOCATION, END)?)?,
        })
    }
}

/// Layout of an argument buffer: infos from its beginning, and the ids of their subjects
/// behind as many infos as it has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Infos {
    /// Infos that the buffer has room for.
    pub limit: usize,
}

impl Infos {
    /// The layout of a buffer of `size` bytes.
    pub const fn of(size: usize) -> Self {
        Self { limit: size / (SubjectInfo::SIZE + u32::SIZE) }
    }

    /// Offset of the info at `index`.
    pub const fn info(self, index: usize) -> usize {
        index * SubjectInfo::SIZE
    }

    /// Offset of the id at `index`.
    pub const fn id(self, index: usize) -> usize {
        self.limit * SubjectInfo::SIZE + index * u32::SIZE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> SubjectInfo {
        SubjectInfo {
            label: FixedString::new("init -> server").unwrap(),
            thread: FixedString::new("ep").unwrap(),
            state: SubjectState::Dead,
            policy: 0x0102_0304,
            time: ExecutionTime {
                thread_context: 7,
                scheduling_context: 8,
                quantum: 9,
                priority: 10,
            },
            location: Location::new(1, 2, 3, 4),
        }
    }

    /// The offsets that a C++ compiler gives `Trace::Subject_info`.
    #[test]
    fn a_subject_info_lies_in_memory_as_genodes() {
        assert_eq!((SubjectInfo::SIZE, THREAD, STATE, POLICY), (256, 168, 208, 212));
        let mut bytes = [0xee; 256];
        sample().store(&mut bytes);
        assert_eq!(SubjectInfo::load(&bytes), Ok(sample()));
        assert_eq!((&bytes[..15], bytes[160]), (&b"init -> server\0"[..], 15));
        assert_eq!((&bytes[168..171], bytes[200]), (&b"ep\0"[..], 3));
        assert_eq!((bytes[208], bytes[212], bytes[216], bytes[224]), (6, 4, 7, 8));
        assert_eq!((bytes[232], bytes[236], bytes[240], bytes[252]), (9, 10, 1, 4));
    }

    #[test]
    fn what_a_server_makes_up_is_refused_or_harmless() {
        let mut bytes = [0; 256];
        assert_eq!(SubjectInfo::load(&bytes).unwrap().state, SubjectState::Invalid);
        bytes[160] = 0xff;
        assert!(SubjectInfo::load(&bytes).unwrap().label.as_bytes().is_empty(), "any length");
        bytes[..168].fill(b'x');
        assert_eq!(SubjectInfo::load(&bytes), Err(WireError::BadText), "without an end");
        sample().store(&mut bytes);
        bytes[208] = 7;
        assert_eq!(SubjectInfo::load(&bytes), Err(WireError::BadValue));
        sample().store(&mut bytes);
        assert_eq!(SubjectInfo::load(&bytes[..255]), Err(WireError::Short));
    }

    #[test]
    fn ids_are_behind_all_infos_that_fit() {
        let infos = Infos::of(4096);
        assert_eq!((infos.limit, infos.info(2), infos.id(0), infos.id(3)), (15, 512, 3840, 3852));
        assert_eq!(Infos::of(259).limit, 0);
        for size in [260, 4096, 65536, 1 << 20] {
            let infos = Infos::of(size);
            assert!(infos.id(infos.limit) <= size);
        }
    }
}
