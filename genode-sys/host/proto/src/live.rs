//! A text that its writer replaces at any time, and that a reader copies whole or not at all.
//!
//! A parent shows its child by one what it wants of it (the ROM `session_requests`), so that the child needs not ask.
//! The area is a header and words of text. The header's second word counts: odd while there is nothing to be had, be
//! it that the writer is at it or that it has taken the text back, and another even number for each text.
//!
//! The writer reads nothing of the area: its count is its own. So a reader that can write to it, too, deceives itself and
//! nobody else. A reader copies at most what fits its buffer, whatever the header says.
use core::ops::Range;

use crate::PAGE;
use crate::sync::{AtomicU64, Ordering, Site, fence, intact, order};

/// First word of an area.
const MAGIC: u64 = u64::from_le_bytes(*b"rs_live1");
/// Words before the text: what the area is, the count, the length in bytes.
const HEADER: usize = 3;

/// Where the area is in a dataspace of `size` bytes: behind what is read by those who know nothing of it. `None` for
/// what is no dataspace.
pub fn area(size: usize) -> Option<Range<usize>> {
    let whole = size >= PAGE && size.is_multiple_of(PAGE);
    whole.then_some(size / 2..size)
}

/// An area, on either side.
#[derive(Clone, Copy)]
pub struct Live<'a>(&'a [AtomicU64]);

/// The writer's count.
#[derive(Debug, Default)]
pub struct Count(u64);

impl<'a> Live<'a> {
    /// The area in `words`.
    pub fn new(words: &'a [AtomicU64]) -> Self {
        Self(words)
    }

    /// Writer: show `text` from now on. False if it does not fit; what was shown is taken back then.
    pub fn show(&self, count: &mut Count, text: &[u8]) -> bool {
        self.take_back(count);
        let (Some([magic, seq, len]), Some(body)) = (self.header(), self.0.get(HEADER..)) else {
            return false;
        };
        if text.len() > body.len() * 8 {
            return false;
        }
        // What follows comes after the count is odd, for everyone who sees any of it.
        if intact(Site::LiveOdd) {
            fence(Ordering::Release);
        }
        magic.store(MAGIC, Ordering::Relaxed);
        len.store(text.len() as u64, Ordering::Relaxed);
        for (word, bytes) in body.iter().zip(text.chunks(8)) {
            let mut whole = [0; 8];
            for (to, from) in whole.iter_mut().zip(bytes) {
                *to = *from;
            }
            word.store(u64::from_ne_bytes(whole), Ordering::Relaxed);
        }
        count.0 += 1;
        seq.store(count.0, order(Site::LiveShow, Ordering::Release));
        true
    }

    /// Writer: the text is not true any more. Who reads from now on finds nothing.
    pub fn take_back(&self, count: &mut Count) {
        count.0 |= 1;
        if let Some([_, seq, _]) = self.header() {
            seq.store(count.0, Ordering::Relaxed);
        }
    }

    /// Reader: copy the text into `out`; its length. `None` if there is none, or one that does not fit, or if it
    /// changed meanwhile.
    pub fn read(&self, out: &mut [u8]) -> Option<usize> {
        let [magic, seq, len] = self.header()?;
        let before = seq.load(order(Site::LiveRead, Ordering::Acquire));
        if before == 0 || before % 2 == 1 || magic.load(Ordering::Relaxed) != MAGIC {
            return None;
        }
        let len = usize::try_from(len.load(Ordering::Relaxed)).ok()?;
        let body = self.0.get(HEADER..).filter(|body| len <= body.len() * 8)?;
        for (bytes, word) in out.get_mut(..len)?.chunks_mut(8).zip(body) {
            let word = word.load(Ordering::Relaxed).to_ne_bytes();
            for (to, from) in bytes.iter_mut().zip(word) {
                *to = from;
            }
        }
        // Whoever saw any word of a later text sees its count now.
        if intact(Site::LiveAgain) {
            fence(Ordering::Acquire);
        }
        (seq.load(Ordering::Relaxed) == before).then_some(len)
    }

    fn header(&self) -> Option<&'a [AtomicU64; HEADER]> {
        self.0.first_chunk()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn fresh() -> [AtomicU64; 8] {
        core::array::from_fn(|_| AtomicU64::new(0))
    }

    #[test]
    fn a_text_is_read_until_it_is_taken_back() {
        let words = fresh();
        let (live, mut count, mut out) = (Live::new(&words), Count::default(), [0; 40]);
        assert_eq!(live.read(&mut out), None, "fresh memory shows nothing");
        for text in [&b"twelve bytes"[..], b"", b"other", &[7; 40]] {
            assert!(live.show(&mut count, text));
            assert_eq!(live.read(&mut out), Some(text.len()));
            assert_eq!(&out[..text.len()], text);
        }
        live.take_back(&mut count);
        live.take_back(&mut count);
        assert_eq!(live.read(&mut out), None);
        assert!(live.show(&mut count, b"x") && live.read(&mut out) == Some(1));
        assert!(!live.show(&mut count, &[1; 41]), "one too many");
        assert_eq!(live.read(&mut out), None, "what does not fit is asked for");
    }

    #[test]
    fn the_area_is_the_second_half_of_a_dataspace() {
        assert_eq!(area(PAGE), Some(PAGE / 2..PAGE));
        assert_eq!(area(3 * PAGE), Some(3 * PAGE / 2..3 * PAGE));
        assert_eq!([0, 8, PAGE - 1, PAGE + 8].map(area), [None, None, None, None]);
    }

    #[test]
    fn a_reader_that_lies_deceives_itself_only() {
        let words = fresh();
        let (live, mut count, mut out) = (Live::new(&words), Count::default(), [0; 40]);
        assert!(live.show(&mut count, b"true"));
        for lie in [41, 1 << 40, u64::MAX] {
            words[2].store(lie, Ordering::Relaxed);
            assert_eq!(live.read(&mut out), None);
        }
        assert!(live.show(&mut count, b"true"));
        assert_eq!(
            live.read(&mut out[..3]),
            None,
            "a buffer that is too small is not written beyond"
        );
        for lie in [0, 1, u64::MAX] {
            words[1].store(lie, Ordering::Relaxed);
            assert_eq!(live.read(&mut out), None);
        }
        words[1].store(u64::MAX - 1, Ordering::Relaxed);
        words[0].store(0, Ordering::Relaxed);
        assert_eq!(live.read(&mut out), None, "memory of another kind");
        assert!(
            live.show(&mut count, b"next") && live.read(&mut out) == Some(4),
            "the count is the writer's"
        );
        assert_eq!(Live::new(&words[..2]).read(&mut out), None);
    }
}
