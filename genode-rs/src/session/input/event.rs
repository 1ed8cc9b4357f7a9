//! Events, and how they lie in memory.

use core::fmt;

use super::Key;
use crate::{dataspace::Area, error::Error};

/// A character that a key press makes, as its Unicode number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Codepoint(pub u32);

impl Codepoint {
    /// Stands for none.
    pub const NONE: Self = Self(0xfffe);

    /// Returns the character; `None` if there is none, or the number is none of Unicode's.
    pub const fn char(self) -> Option<char> {
        if self.0 == Self::NONE.0 { None } else { char::from_u32(self.0) }
    }
}

impl From<char> for Codepoint {
    fn from(char: char) -> Self {
        Self(char as u32)
    }
}

/// A finger or pen that touches, by the number that its driver gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TouchId(pub u32);

/// An axis of a game controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AxisId {
    /// Left stick, horizontal.
    Lx,
    /// Left stick, vertical.
    Ly,
    /// Left trigger.
    Lt,
    /// Right stick, horizontal.
    Rx,
    /// Right stick, vertical.
    Ry,
    /// Right trigger.
    Rt,
    /// A number that stands for none.
    Unknown(u32),
}

impl AxisId {
    const ALL: [Self; 6] = [Self::Lx, Self::Ly, Self::Lt, Self::Rx, Self::Ry, Self::Rt];

    fn of(number: u32) -> Self {
        let known = Self::ALL.into_iter().find(|axis| axis.number() == number);
        known.unwrap_or(Self::Unknown(number))
    }

    const fn number(self) -> u32 {
        match self {
            Self::Lx => 1,
            Self::Ly => 2,
            Self::Lt => 3,
            Self::Rx => 4,
            Self::Ry => 5,
            Self::Rt => 6,
            Self::Unknown(number) => number,
        }
    }
}

/// Something that a person did, or that a server says of its client's input.
///
/// Whoever takes one from memory has what the other side wrote: keys and numbers are of any value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A key goes down, or repeats its character (with [`Key::KEY_UNKNOWN`]).
    Press {
        /// The key.
        key: Key,
        /// The character that it makes.
        codepoint: Codepoint,
    },
    /// A key goes up.
    Release {
        /// The key.
        key: Key,
    },
    /// The pointer moves by so much.
    RelativeMotion {
        /// To the right.
        x: i32,
        /// Down.
        y: i32,
    },
    /// The pointer is at a place.
    AbsoluteMotion {
        /// From the left.
        x: i32,
        /// From above.
        y: i32,
    },
    /// The wheel turns by so many steps.
    Wheel {
        /// To the right.
        x: i32,
        /// Up.
        y: i32,
    },
    /// The client gets the keyboard.
    FocusEnter,
    /// The client loses the keyboard.
    FocusLeave,
    /// The pointer leaves the client.
    HoverLeave,
    /// A finger touches, or moves.
    Touch {
        /// The finger.
        id: TouchId,
        /// From the left.
        x: f32,
        /// From above.
        y: f32,
    },
    /// A finger is lifted.
    TouchRelease {
        /// The finger.
        id: TouchId,
    },
    /// A number that both sides of a chain of servers agree on what came before it by.
    SeqNumber(u32),
    /// An axis of a game controller has a position.
    Axis {
        /// The axis.
        id: AxisId,
        /// Its position, from -1 to 1.
        value: f32,
    },
    /// A kind of event that is none, with its words as they came.
    Unknown([u32; WORDS]),
}

/// Words of an event in memory: its kind, and three that the kind gives their meaning.
const WORDS: usize = 4;

impl Event {
    /// Bytes of an event in memory.
    pub const SIZE: usize = 4 * WORDS;

    /// Makes a press of a key that makes no character.
    pub const fn press(key: Key) -> Self {
        Self::Press { key, codepoint: Codepoint::NONE }
    }

    /// Makes a release of a key.
    pub const fn release(key: Key) -> Self {
        Self::Release { key }
    }

    /// Reads an event from its bytes.
    pub fn decode(bytes: &[u8; Self::SIZE]) -> Self {
        let mut words = [0; WORDS];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let [kind, a, b, c] = words;
        let (x, y) = (a.cast_signed(), b.cast_signed());
        match kind {
            1 => Self::Press { key: Key(a), codepoint: Codepoint(b) },
            2 => Self::Release { key: Key(a) },
            3 => Self::RelativeMotion { x, y },
            4 => Self::AbsoluteMotion { x, y },
            5 => Self::Wheel { x, y },
            6 => Self::FocusEnter,
            7 => Self::FocusLeave,
            8 => Self::HoverLeave,
            9 => Self::Touch { id: TouchId(a), x: f32::from_bits(b), y: f32::from_bits(c) },
            10 => Self::TouchRelease { id: TouchId(a) },
            11 => Self::SeqNumber(a),
            12 => Self::Axis { id: AxisId::of(a), value: f32::from_bits(b) },
            _ => Self::Unknown(words),
        }
    }

    /// Writes an event as bytes. Those that its kind gives no meaning are zero.
    pub fn encode(&self) -> [u8; Self::SIZE] {
        let xy = |kind, x: i32, y: i32| [kind, x.cast_unsigned(), y.cast_unsigned(), 0];
        let words = match *self {
            Self::Press { key, codepoint } => [1, key.0, codepoint.0, 0],
            Self::Release { key } => [2, key.0, 0, 0],
            Self::RelativeMotion { x, y } => xy(3, x, y),
            Self::AbsoluteMotion { x, y } => xy(4, x, y),
            Self::Wheel { x, y } => xy(5, x, y),
            Self::FocusEnter => [6, 0, 0, 0],
            Self::FocusLeave => [7, 0, 0, 0],
            Self::HoverLeave => [8, 0, 0, 0],
            Self::Touch { id, x, y } => [9, id.0, x.to_bits(), y.to_bits()],
            Self::TouchRelease { id } => [10, id.0, 0, 0],
            Self::SeqNumber(number) => [11, number, 0, 0],
            Self::Axis { id, value } => [12, id.number(), value.to_bits(), 0],
            Self::Unknown(words) => words,
        };
        let mut bytes = [0; Self::SIZE];
        for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
            *bytes = word.to_le_bytes();
        }
        bytes
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Press { key, codepoint } => match codepoint.char() {
                Some(char) => write!(f, "press {key} {char:?}"),
                None => write!(f, "press {key}"),
            },
            Self::Release { key } => write!(f, "release {key}"),
            Self::RelativeMotion { x, y } => write!(f, "motion by {x},{y}"),
            Self::AbsoluteMotion { x, y } => write!(f, "motion to {x},{y}"),
            Self::Wheel { x, y } => write!(f, "wheel {x},{y}"),
            Self::FocusEnter => f.write_str("focus enter"),
            Self::FocusLeave => f.write_str("focus leave"),
            Self::HoverLeave => f.write_str("hover leave"),
            Self::Touch { id, x, y } => write!(f, "touch {} at {x},{y}", id.0),
            Self::TouchRelease { id } => write!(f, "touch release {}", id.0),
            Self::SeqNumber(number) => write!(f, "sequence number {number}"),
            Self::Axis { id, value } => write!(f, "axis {id:?} {value}"),
            Self::Unknown([kind, ..]) => write!(f, "unknown event {kind}"),
        }
    }
}

/// Events in memory that the other side may write at any time: each is copied once, and then looked
/// at.
#[derive(Clone, Copy, Debug)]
pub struct Events<'a>(&'a Area);

impl<'a> Events<'a> {
    /// Looks at memory as events.
    pub const fn new(area: &'a Area) -> Self {
        Self(area)
    }

    /// Returns how many events there is room for.
    pub fn room(&self) -> usize {
        self.0.size() / Event::SIZE
    }

    /// Reads the event at a place.
    ///
    /// # Errors
    /// [`Error::Argument`] beyond the room.
    pub fn read(&self, at: usize) -> Result<Event, Error> {
        let mut bytes = [0; Event::SIZE];
        self.0.read(at.saturating_mul(Event::SIZE), &mut bytes)?;
        Ok(Event::decode(&bytes))
    }

    /// Writes an event to a place.
    ///
    /// # Errors
    /// [`Error::Argument`] beyond the room, and for memory that is read-only.
    pub fn write(&self, at: usize, event: &Event) -> Result<(), Error> {
        self.0.write(at.saturating_mul(Event::SIZE), &event.encode())
    }
}
