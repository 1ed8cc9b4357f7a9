//! Numbers in tables of bounded size.

/// Smallest-first numbering of things in a table of bounded size.
pub(crate) struct Numbers<T> {
    entries: Vec<Option<T>>,
    max: usize,
}

impl<T> Numbers<T> {
    pub(crate) fn new(max: usize) -> Self {
        Self { entries: Vec::new(), max }
    }

    pub(crate) fn insert(&mut self, value: T) -> Option<usize> {
        crate::work::count(self.entries.len());
        let free = self.entries.iter().position(Option::is_none);
        match free {
            Some(i) => {
                *self.entries.get_mut(i)? = Some(value);
                Some(i)
            }
            None if self.entries.len() < self.max => {
                self.entries.push(Some(value));
                Some(self.entries.len() - 1)
            }
            None => None,
        }
    }

    pub(crate) fn get(&self, i: usize) -> Option<&T> {
        self.entries.get(i)?.as_ref()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().flatten()
    }

    pub(crate) fn remove(&mut self, i: usize) -> Option<T> {
        let value = self.entries.get_mut(i)?.take();
        while self.entries.last().is_some_and(Option::is_none) {
            self.entries.pop();
        }
        value
    }

    /// Takes the last one out.
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.remove(self.entries.len().checked_sub(1)?)
    }

    pub(crate) fn last(&self) -> Option<&T> {
        self.entries.last()?.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_smallest_first_and_bounded() {
        let mut numbers = Numbers::new(2);
        assert_eq!((numbers.insert('a'), numbers.insert('b')), (Some(0), Some(1)));
        assert_eq!(numbers.insert('c'), None);
        assert_eq!(numbers.remove(0), Some('a'));
        assert_eq!((numbers.get(0), numbers.get(1)), (None, Some(&'b')));
        assert_eq!(numbers.insert('d'), Some(0));
        assert_eq!(numbers.last(), Some(&'b'));
        assert_eq!((numbers.pop(), numbers.pop(), numbers.pop()), (Some('b'), Some('d'), None));
        assert_eq!(numbers.last(), None);
        assert_eq!(numbers.insert('e'), Some(0));
    }
}
