//! Dictionaries: pairs in the order of their first insertion, found by key.

use crate::error::{Exception, fail};
use crate::value::Value;
use std::collections::HashMap;

/// A dictionary.
#[derive(Debug, Default, Clone)]
pub(crate) struct Dict {
    /// `None` where a pair was removed.
    pairs: Vec<Option<(Value, Value)>>,
    places: HashMap<Value, usize>,
}

impl Dict {
    /// Reads keys and values that follow each other.
    pub(crate) fn of_list(elements: &[Value]) -> Result<Self, Exception> {
        if !elements.len().is_multiple_of(2) {
            return fail("missing value to go with key");
        }
        let mut dict = Self::default();
        for pair in elements.chunks(2) {
            dict.put(&pair[0], pair[1].clone());
        }
        Ok(dict)
    }

    /// Number of pairs.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Places for pairs, used or not.
    pub(crate) fn slots(&self) -> usize {
        self.pairs.capacity()
    }

    /// The pairs in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Value, &Value)> {
        self.pairs.iter().flatten().map(|(k, v)| (k, v))
    }

    /// All keys and values.
    pub(crate) fn into_values(self) -> impl Iterator<Item = Value> {
        self.pairs.into_iter().flatten().flat_map(|(k, v)| [k, v])
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &Value) -> Option<&Value> {
        let place = *self.places.get(key)?;
        self.pairs[place].as_ref().map(|(_, v)| v)
    }

    /// The value of a key, to be changed; an empty one when there was none.
    pub(crate) fn entry(&mut self, key: &Value) -> &mut Value {
        let next = self.pairs.len();
        let place = *self.places.entry(key.clone()).or_insert(next);
        if place == next {
            self.pairs.push(None);
        }
        &mut self.pairs[place].get_or_insert_with(|| (key.clone(), Value::empty())).1
    }

    /// Sets the value of a key.
    pub(crate) fn put(&mut self, key: &Value, value: Value) {
        *self.entry(key) = value;
    }

    /// Removes a key.
    pub(crate) fn remove(&mut self, key: &Value) {
        let Some(place) = self.places.remove(key) else { return };
        self.pairs[place] = None;
        // a pass over all pairs for every second removal of all
        if self.pairs.len() > 2 * self.places.len() + 8 {
            self.pairs.retain(Option::is_some);
            for (place, pair) in self.pairs.iter().enumerate() {
                if let Some((key, _)) = pair
                    && let Some(slot) = self.places.get_mut(key)
                {
                    *slot = place;
                }
            }
        }
    }
}
