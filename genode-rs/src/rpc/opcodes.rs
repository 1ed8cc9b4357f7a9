//! Numbers of functions on the wire.

/// Which number on the wire stands for which function of a trait.
///
/// Usually they are the same: an opcode is the position in the C++ list, and the trait declares its
/// functions in that order. Between versions of Genode they can differ, then a table tells how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opcodes(Option<&'static [i64]>);

impl Opcodes {
    /// Entry of a table for a function that does not exist in that version.
    pub const ABSENT: i64 = -1;

    /// Functions are numbered in order of declaration.
    pub const DECLARED: Self = Self(None);

    /// `table[i]` is the opcode of the function that the trait declares at position `i`; functions beyond
    /// the table are [`Self::ABSENT`].
    pub const fn table(table: &'static [i64]) -> Self {
        Self(Some(table))
    }

    /// The opcode of the function at position `function`, `None` if this version does not have it.
    #[inline]
    pub fn opcode(self, function: usize) -> Option<i64> {
        match self.0 {
            None => i64::try_from(function).ok(),
            Some(table) => table.get(function).copied().filter(|&opcode| opcode != Self::ABSENT),
        }
    }

    /// The position of the function that `opcode` stands for, `None` if there is none. Whether the
    /// interface has a function there is for its dispatcher to say.
    #[inline]
    pub fn function(self, opcode: i64) -> Option<usize> {
        match self.0 {
            None => usize::try_from(opcode).ok(),
            Some(table) if opcode != Self::ABSENT => {
                table.iter().position(|&entry| entry == opcode)
            }
            Some(_) => None,
        }
    }
}
