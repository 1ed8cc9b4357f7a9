//! Session-argument strings: `key=value, key="string"`, as every session request carries them; and
//! what they carry: [labels](label), [numbers](number), [quotas](quota), and what is
//! [donated](cost). Also how names are [shown], and how often a message is told that [repeats].
//!
//! They cross protection domains, so reading never trusts them and never allocates, and writing fails instead of
//! truncating. The rules are those of Genode's `util/arg_string.h` and `util/token.h`, but for four
//! behaviours that are mistakes there:
//!
//! - a key matches as a whole, while there a key that is a *prefix* of the wanted one matches too;
//! - replacing an argument removes every occurrence, while there a second `label="…"` survives the first one's
//!   replacement and then wins;
//! - a number that exceeds 64 bits is malformed, while there it wraps;
//! - an empty quoted string is a value, while there it counts as missing.
//!
//! A crate of its own, because a parent must read a child's arguments exactly as the server will: the SDK and the
//! host target's side of a parent share it. It knows nothing but bytes.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod cost;
pub mod label;
pub mod number;
pub mod quota;
pub mod repeats;
pub mod shown;

use core::fmt;

use label::{Label, LabelError};
use number::{bool_word, bytes_prefix};
use quota::Amount;

/// The examples of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Size of a session-argument string with its terminating NUL (Genode's `Parent::Session_args`).
pub const CAPACITY: usize = 160;

/// Why an argument string cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArgsError {
    /// The arguments do not fit their buffer.
    TooLong,
    /// A key is not an identifier.
    Key,
    /// A value holds what an argument string cannot express: a NUL, or a backslash at its end.
    Value,
    /// The bytes are not UTF-8.
    Encoding,
}

impl fmt::Display for ArgsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => {
                "session arguments exceed 159 characters; shorten the label or drop an argument"
            }
            Self::Key => {
                "an argument's key must be a letter or '_' followed by letters, digits, '_'"
            }
            Self::Value => "an argument's value cannot hold NUL or end in a backslash",
            Self::Encoding => "session arguments are not UTF-8",
        })
    }
}

impl core::error::Error for ArgsError {}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ident,
    Number,
    Str,
    Single,
    End,
}

fn ident_start(c: u8) -> bool {
    c.is_ascii_alphabetic() || c == b'_'
}

fn white(c: u8) -> bool {
    matches!(c, b' ' | b'\t' | b'\n')
}

fn run(s: &[u8], accept: impl Fn(u8) -> bool) -> usize {
    s.iter().take_while(|&&c| accept(c)).count()
}

/// Length of the quoted string at the start of `s`, both quotes included, or 0 if it is not terminated.
fn quoted_len(s: &[u8]) -> usize {
    s.windows(2).position(|w| w[0] != b'\\' && w[1] == b'"').map_or(0, |at| at + 2)
}

/// Kind and length of the token at the start of `s`. An unterminated string ends the input.
fn token(s: &[u8]) -> (Kind, usize) {
    match s.first() {
        None => (Kind::End, 0),
        Some(&c) if ident_start(c) => {
            (Kind::Ident, run(s, |c| ident_start(c) || c.is_ascii_digit()))
        }
        Some(c) if c.is_ascii_digit() => (Kind::Number, run(s, |c| c.is_ascii_digit())),
        Some(b'"') => match quoted_len(s) {
            0 => (Kind::End, 0),
            n => (Kind::Str, n),
        },
        // a character of several bytes is one token, so that what follows stays on a character boundary
        Some(_) => (Kind::Single, 1 + run(&s[1..], |c| c & 0xc0 == 0x80)),
    }
}

fn skip_white(s: &str) -> &str {
    &s[run(s.as_bytes(), white)..]
}

/// Reads an argument string that is held elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgsRef<'a>(&'a str);

impl<'a> ArgsRef<'a> {
    /// Arguments up to the first NUL of `s`.
    pub fn new(s: &'a str) -> Self {
        Self(s.split('\0').next().unwrap_or_default())
    }

    /// Arguments up to the first NUL of `bytes`.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, ArgsError> {
        let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
        core::str::from_utf8(&bytes[..end]).map(Self).map_err(|_| ArgsError::Encoding)
    }

    /// The whole string.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Keys with their values, in order.
    pub fn iter(self) -> Iter<'a> {
        Iter { rest: self.0 }
    }

    /// The first argument named `key`.
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        self.iter().find(|(k, _)| *k == key).map(|(_, v)| v)
    }

    /// Unsigned number, or `default` if it is missing, negative or malformed. Suffixes K, M, G count.
    pub fn u64(self, key: &str, default: u64) -> u64 {
        self.get(key).and_then(Value::as_u64).unwrap_or(default)
    }

    /// Signed number, or `default` if it is missing or malformed. Suffixes K, M, G count.
    pub fn i64(self, key: &str, default: i64) -> i64 {
        self.get(key).and_then(Value::as_i64).unwrap_or(default)
    }

    /// `yes`, `true`, `on`, `no`, `false`, `off`, or a number that is not 0; `default` otherwise.
    pub fn bool(self, key: &str, default: bool) -> bool {
        self.get(key).and_then(Value::as_bool).unwrap_or(default)
    }

    /// Returns the donated RAM and capabilities; of each 0 if there is none.
    pub fn quota(self) -> Amount {
        Amount::new(self.u64("ram_quota", 0), self.u64("cap_quota", 0))
    }

    /// The session's label, empty if there is none.
    pub fn label(self) -> Result<Label, LabelError> {
        let mut label = Label::default();
        if let Some(chars) = self.get("label").and_then(Value::chars) {
            for c in chars {
                label.push(c)?;
            }
        }
        Ok(label)
    }
}

/// Keys and values of an argument string; made by [`ArgsRef::iter`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    rest: &'a str,
}

/// One argument as it stands in the string.
struct Piece<'a> {
    key: Option<&'a str>,
    value: &'a str,
    /// From the key to the end of the value; without an unterminated string, which would swallow what is appended.
    text: &'a str,
    rest: &'a str,
}

/// The argument at the start of `s`.
fn split(s: &str) -> Option<Piece<'_>> {
    let (kind, len) = token(s.as_bytes());
    if kind == Kind::End {
        return None;
    }
    let mut value = None;
    let mut at = s;
    let mut token_at = (kind, len);
    while token_at.0 != Kind::End && !at.starts_with(',') {
        let after = skip_white(&at[token_at.1..]);
        if at.starts_with('=') && value.is_none() {
            value = Some(after);
        }
        at = after;
        token_at = token(at.as_bytes());
    }
    Some(Piece {
        key: (kind == Kind::Ident).then_some(&s[..len]),
        value: value.unwrap_or_default(),
        text: s[..s.len() - at.len()].trim_end_matches([' ', '\t', '\n']),
        rest: at.strip_prefix(',').map_or("", skip_white),
    })
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let piece = split(self.rest)?;
            self.rest = piece.rest;
            if let Some(key) = piece.key {
                return Some((key, Value(piece.value)));
            }
        }
    }
}

/// What follows a key's `=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a>(&'a str);

impl<'a> Value<'a> {
    /// Sign and magnitude.
    fn number(self) -> Option<(bool, u64)> {
        let (negative, s) = match self.0.as_bytes().first()? {
            b'-' => (true, &self.0[1..]),
            b'+' => (false, &self.0[1..]),
            _ => (false, self.0),
        };
        if token(s.as_bytes()).0 != Kind::Number {
            return None;
        }
        let (value, rest) = bytes_prefix(s)?;
        let rest = skip_white(rest);
        let clean = token(rest.as_bytes()).0 == Kind::End || rest.starts_with(',');
        clean.then_some((negative, value))
    }

    /// An unsigned number: decimal or `0x`, with an optional suffix K, M or G and nothing after it.
    pub fn as_u64(self) -> Option<u64> {
        self.number().and_then(|(negative, v)| (!negative).then_some(v))
    }

    /// A signed number: as [`Value::as_u64`], with an optional sign.
    pub fn as_i64(self) -> Option<i64> {
        let (negative, v) = self.number()?;
        let v = i64::try_from(v).ok()?;
        Some(if negative { -v } else { v })
    }

    /// `yes`, `true`, `on`, `no`, `false`, `off`, quoted or not, or a number that is not 0.
    pub fn as_bool(self) -> Option<bool> {
        match token(self.0.as_bytes()) {
            (Kind::Ident, n) => bool_word(&self.0[..n]),
            (Kind::Str, n) => bool_word(&self.0[1..n - 1]),
            _ => self.number().map(|(_, v)| v != 0),
        }
    }

    /// The characters of a word or of a quoted string, its `\"` resolved.
    pub fn chars(self) -> Option<Chars<'a>> {
        match token(self.0.as_bytes()) {
            (Kind::Ident, n) => Some(Chars { rest: &self.0[..n], quoted: false }),
            (Kind::Str, n) => Some(Chars { rest: &self.0[1..n - 1], quoted: true }),
            _ => None,
        }
    }

    /// Whether the value is the string `s`.
    pub fn is(self, s: &str) -> bool {
        self.chars().is_some_and(|chars| chars.eq(s.chars()))
    }
}

/// Characters of a string value; made by [`Value::chars`].
#[derive(Clone, Debug)]
pub struct Chars<'a> {
    rest: &'a str,
    quoted: bool,
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if self.quoted && self.rest.starts_with("\\\"") {
            self.rest = &self.rest[2..];
            return Some('"');
        }
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }
}

/// Builds an argument string of at most `N - 1` characters.
#[derive(Clone, Copy)]
pub struct ArgsBuf<const N: usize = CAPACITY> {
    buf: [u8; N],
    len: usize,
}

impl<const N: usize> Default for ArgsBuf<N> {
    fn default() -> Self {
        Self { buf: [0; N], len: 0 }
    }
}

impl<const N: usize> PartialEq for ArgsBuf<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl<const N: usize> Eq for ArgsBuf<N> {}

impl<const N: usize> fmt::Debug for ArgsBuf<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> fmt::Display for ArgsBuf<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<const N: usize> fmt::Write for ArgsBuf<N> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.append(s).map_err(|_| fmt::Error)
    }
}

impl<const N: usize> ArgsBuf<N> {
    /// No arguments.
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of `s`, to be amended.
    pub fn copy(s: &str) -> Result<Self, ArgsError> {
        let mut args = Self::default();
        args.append(s)?;
        Ok(args)
    }

    /// The arguments.
    pub fn as_str(&self) -> &str {
        // only whole strings were appended and whole arguments removed
        core::str::from_utf8(&self.buf[..self.len]).unwrap_or_default()
    }

    /// Reads the arguments.
    pub fn args(&self) -> ArgsRef<'_> {
        ArgsRef(self.as_str())
    }

    /// Removes every argument named `key`, and what is no argument at all.
    pub fn remove(&mut self, key: &str) {
        // the shorter separator always fits, since every separator that was there is at least as long
        *self = self.without(key, ", ").or_else(|_| self.without(key, ",")).unwrap_or_default();
    }

    fn without(&self, key: &str, separator: &str) -> Result<Self, ArgsError> {
        let mut kept = Self::default();
        let mut rest = self.as_str();
        while let Some(piece) = split(rest) {
            rest = piece.rest;
            if piece.key.is_some_and(|k| k != key) {
                if kept.len > 0 {
                    kept.append(separator)?;
                }
                kept.append(piece.text)?;
            }
        }
        Ok(kept)
    }

    /// Sets `key` to a number; earlier values of `key` are gone.
    pub fn set_u64(&mut self, key: &str, value: u64) -> Result<(), ArgsError> {
        self.set(key, format_args!("{value}"))
    }

    /// Sets `key` to a quoted string; earlier values of `key` are gone.
    pub fn set_str(&mut self, key: &str, value: &str) -> Result<(), ArgsError> {
        if value.contains('\0') || value.ends_with('\\') {
            return Err(ArgsError::Value);
        }
        self.set(key, format_args!("{}", Quoted(value)))
    }

    /// Sets `key` to `yes` or `no`; earlier values of `key` are gone.
    pub fn set_bool(&mut self, key: &str, value: bool) -> Result<(), ArgsError> {
        self.set(key, format_args!("{}", if value { "yes" } else { "no" }))
    }

    /// Sets both donations.
    pub fn set_quota(&mut self, quota: Amount) -> Result<(), ArgsError> {
        self.set_u64("ram_quota", quota.ram.0)?;
        self.set_u64("cap_quota", quota.caps.0)
    }

    fn set(&mut self, key: &str, value: fmt::Arguments<'_>) -> Result<(), ArgsError> {
        if token(key.as_bytes()) != (Kind::Ident, key.len()) {
            return Err(ArgsError::Key);
        }
        let mut changed = *self;
        changed.remove(key);
        let separator = if changed.len > 0 { ", " } else { "" };
        fmt::Write::write_fmt(&mut changed, format_args!("{separator}{key}={value}"))
            .map_err(|_| ArgsError::TooLong)?;
        *self = changed;
        Ok(())
    }

    fn append(&mut self, s: &str) -> Result<(), ArgsError> {
        if s.contains('\0') {
            return Err(ArgsError::Value);
        }
        let end = self.len + s.len();
        if end >= N {
            return Err(ArgsError::TooLong); // one byte stays for the NUL
        }
        self.buf[self.len..end].copy_from_slice(s.as_bytes());
        self.len = end;
        Ok(())
    }
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for (i, part) in self.0.split('"').enumerate() {
            f.write_str(if i > 0 { "\\\"" } else { "" })?;
            f.write_str(part)?;
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
extern crate alloc;
#[cfg(test)]
mod tests;
