//! Tcl values: strings that remember where they were written, and how they were read last.
//!
//! A value has up to three forms: text, list, dictionary. Each is made from another one when it is asked
//! for, and kept. A command that changes a list or a dictionary does so in place when nobody else
//! holds the value, and on a copy otherwise; the other forms are then dropped. So a loop that
//! appends costs a step for each element.
//!
//! Tcl passes bodies of `if`, `proc` or `foreach` around as plain strings. To name file and line of
//! a failing command inside of a body, a literal keeps the place it was read from.

use crate::dict::Dict;
use crate::error::Exception;
use crate::list;
use crate::memory::{self, Charge};
use std::cell::OnceCell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// The place where a piece of script text was read.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file as the user named it.
    pub file: Rc<str>,
    /// Line of the text's first byte, counted from 1.
    pub line: u32,
    /// Offsets in the text where the source had a backslash-newline that became one space.
    pub joints: Vec<usize>,
}

impl Origin {
    /// Line of the byte at `offset` in `text`, which this origin belongs to.
    pub fn line_of(&self, text: &str, offset: usize) -> u32 {
        let end = offset.min(text.len());
        let newlines = text.get(..end).map_or(0, |before| before.matches('\n').count());
        let joints = self.joints.iter().filter(|&&j| j < end).count();
        self.line + newlines as u32 + joints as u32
    }
}

/// A place in a script, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as the user named it.
    pub file: Rc<str>,
    /// Line, counted from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Lists made by commands are nested this deep at most; deeper ones are kept as text.
const DEPTH: u32 = 500;

/// A Tcl value. A copy shares the content.
#[derive(Clone)]
pub struct Value(Rc<Content>);

/// At least one form is there.
#[derive(Default, Clone)]
struct Content {
    text: OnceCell<String>,
    forms: Forms,
    origin: Option<Rc<Origin>>,
    /// Lists inside of each other that have no text yet.
    depth: u32,
    charge: Charge,
}

/// What a value was read as.
#[derive(Default, Clone)]
struct Forms {
    list: OnceCell<Vec<Value>>,
    dict: OnceCell<Dict>,
}

/// Bytes of a value without its forms, counters included.
const BASE: usize = size_of::<Content>() + 16;

impl Content {
    fn new(text: OnceCell<String>, forms: Forms) -> Self {
        let content = Self { text, forms, ..Self::default() };
        content.charge.set(content.size());
        content
    }

    /// Bytes that the value takes.
    fn size(&self) -> usize {
        let slots = self.forms.list.get().map_or(0, Vec::capacity);
        let entries = self.forms.dict.get().map_or(0, Dict::slots);
        BASE + self.text.get().map_or(0, String::capacity) + slots * 8 + entries * 64
    }
}

impl Forms {
    fn drain(&mut self, stack: &mut Vec<Value>) {
        stack.extend(self.list.take().into_iter().flatten());
        stack.extend(self.dict.take().into_iter().flat_map(Dict::into_values));
    }
}

impl Drop for Forms {
    /// Values nest as deep as a script likes: they are dropped one after the other, not by recursion.
    fn drop(&mut self) {
        if self.list.get().is_none() && self.dict.get().is_none() {
            return;
        }
        let mut stack = Vec::new();
        self.drain(&mut stack);
        while let Some(Value(content)) = stack.pop() {
            if let Ok(mut content) = Rc::try_unwrap(content) {
                content.forms.drain(&mut stack);
            }
        }
    }
}

impl Value {
    /// The empty string.
    pub fn empty() -> Self {
        Self::from(String::new())
    }

    /// A literal with the place it was read from.
    pub fn literal(text: &str, origin: Option<Rc<Origin>>) -> Self {
        let mut content = Content::new(OnceCell::from(text.to_owned()), Forms::default());
        content.origin = origin;
        Self(Rc::new(content))
    }

    /// A list of these elements.
    pub fn from_list(elements: Vec<Self>) -> Self {
        let depth = elements.iter().map(|e| e.0.depth).max().unwrap_or(0) + 1;
        Self::nested(Forms { list: OnceCell::from(elements), dict: OnceCell::new() }, depth)
    }

    /// A dictionary.
    pub(crate) fn from_dict(dict: Dict) -> Self {
        let depth = dict.iter().map(|(_, v)| v.0.depth).max().unwrap_or(0) + 1;
        Self::nested(Forms { list: OnceCell::new(), dict: OnceCell::from(dict) }, depth)
    }

    /// A value of these forms; as text alone, if it is nested too deep to be printed later.
    fn nested(forms: Forms, depth: u32) -> Self {
        let mut content = Content::new(OnceCell::new(), forms);
        content.depth = depth;
        let value = Self(Rc::new(content));
        if depth > DEPTH { Self::from(value.as_str()) } else { value }
    }

    /// The value as text.
    pub fn as_str(&self) -> &str {
        let content = &*self.0;
        content.text.get_or_init(|| {
            let mut text = String::new();
            if let Some(elements) = content.forms.list.get() {
                list::print(elements.iter(), &mut text);
            } else if let Some(dict) = content.forms.dict.get() {
                list::print(dict.iter().flat_map(|(k, v)| [k, v]), &mut text);
            }
            content.charge.add(text.capacity());
            text
        })
    }

    /// The value as list.
    pub fn as_list(&self) -> Result<&[Self], Exception> {
        let content = &*self.0;
        if let Some(elements) = content.forms.list.get() {
            return Ok(elements);
        }
        let elements = match content.forms.dict.get() {
            Some(dict) => dict.iter().flat_map(|(k, v)| [k.clone(), v.clone()]).collect(),
            None => list::read(self.as_str())?,
        };
        memory::count(elements.len());
        content.charge.add(elements.capacity() * 8);
        Ok(content.forms.list.get_or_init(|| elements))
    }

    /// The value as dictionary.
    pub(crate) fn as_dict(&self) -> Result<&Dict, Exception> {
        let content = &*self.0;
        if let Some(dict) = content.forms.dict.get() {
            return Ok(dict);
        }
        let dict = Dict::of_list(self.as_list()?)?;
        memory::count(dict.len());
        content.charge.add(dict.slots() * 64);
        Ok(content.forms.dict.get_or_init(|| dict))
    }

    /// The content for a change; a copy when others hold it, too. Its size is `charged` anew.
    fn change<T>(&mut self, body: impl FnOnce(&mut Content) -> T) -> T {
        if Rc::get_mut(&mut self.0).is_none() {
            memory::count(self.0.forms.list.get().map_or(0, Vec::len));
            memory::count(self.0.forms.dict.get().map_or(0, Dict::len));
            memory::count(self.0.text.get().map_or(0, String::len));
        }
        let content = Rc::make_mut(&mut self.0);
        let result = body(content);
        content.charge.set(content.size());
        result
    }

    /// Changes the list in place; `add` are the values that come into it.
    pub(crate) fn change_list<T>(
        &mut self,
        body: impl FnOnce(&mut Vec<Self>) -> T,
    ) -> Result<T, Exception> {
        self.as_list()?;
        self.forget_text();
        let result = self.change(|content| {
            content.forms.dict.take();
            content.forms.list.get_mut().map(body)
        });
        result.map_or_else(|| crate::error::fail("no list"), Ok)
    }

    /// Changes the dictionary in place.
    pub(crate) fn change_dict<T>(
        &mut self,
        body: impl FnOnce(&mut Dict) -> T,
    ) -> Result<T, Exception> {
        self.as_dict()?;
        self.forget_text();
        let result = self.change(|content| {
            content.forms.list.take();
            content.forms.dict.get_mut().map(body)
        });
        result.map_or_else(|| crate::error::fail("no dictionary"), Ok)
    }

    /// Drops text that a change makes wrong, so that it is not copied.
    fn forget_text(&mut self) {
        if let Some(content) = Rc::get_mut(&mut self.0) {
            content.text.take();
        } else {
            let mut content = Content::new(OnceCell::new(), self.0.forms.clone());
            content.depth = self.0.depth;
            memory::count(content.forms.list.get().map_or(0, Vec::len));
            memory::count(content.forms.dict.get().map_or(0, Dict::len));
            self.0 = Rc::new(content);
        }
        if let Some(content) = Rc::get_mut(&mut self.0) {
            content.origin = None;
        }
    }

    /// Notes that `inner` is now inside of this value, which was changed in place.
    pub(crate) fn holds(&mut self, inner_depth: u32) {
        if let Some(content) = Rc::get_mut(&mut self.0) {
            content.depth = content.depth.max(inner_depth + 1);
            if content.depth > DEPTH {
                *self = Self::from(self.as_str());
            }
        }
    }

    /// Lists inside of each other.
    pub(crate) fn depth(&self) -> u32 {
        self.0.depth
    }

    /// Appends to the text in place.
    pub(crate) fn push_str(&mut self, more: &str) {
        self.as_str();
        self.change(|content| {
            content.forms.list.take();
            content.forms.dict.take();
            content.origin = None;
            content.depth = 0;
            if let Some(text) = content.text.get_mut() {
                text.push_str(more);
            }
        });
    }

    /// The place it was read from, if it is a literal.
    pub fn origin(&self) -> Option<&Rc<Origin>> {
        self.0.origin.as_ref()
    }

    /// True for the empty string.
    pub fn is_empty(&self) -> bool {
        match (self.0.text.get(), self.0.forms.list.get()) {
            (None, Some(list)) => list.is_empty(),
            _ => self.as_str().is_empty(),
        }
    }

    /// 1 or 0, as Tcl's predicates answer.
    pub fn bool(b: bool) -> Self {
        Self::from(if b { "1" } else { "0" })
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::from(s.to_owned())
    }
}

impl From<String> for Value {
    fn from(s: String) -> Self {
        Self(Rc::new(Content::new(OnceCell::from(s), Forms::default())))
    }
}

impl From<i64> for Value {
    fn from(i: i64) -> Self {
        Self::from(i.to_string())
    }
}

impl From<usize> for Value {
    fn from(i: usize) -> Self {
        Self::from(i.to_string())
    }
}
