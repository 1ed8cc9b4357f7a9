//! Files that a script has open, and leave to open them.
//!
//! A channel reads or writes, never both. What is read is kept decoded, and counts as a value's
//! text does; what is written goes to the file at once.

use crate::error::{Exception, fail};
use crate::memory;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

/// Use of a path that a script asks leave for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// The file is read; also by `source`.
    Read,
    /// The file is made or its content changed, or the folder is made.
    Write,
    /// The name is removed; what it stands for is not changed.
    Remove,
}

/// Answers with the path to use, or why not.
pub(crate) type Leave = Box<dyn Fn(&str, Access) -> Result<PathBuf, String>>;

/// Files that may be open at once.
const MOST: usize = 200;

/// Bytes that a script may write, all files together.
const MOST_WRITTEN: u64 = 256 << 20;

/// Line ends in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Translation {
    /// Any of the others is read; `\n` is written.
    Auto,
    /// `\n`
    Lf,
    /// `\r\n`
    CrLf,
    /// `\r`
    Cr,
}

/// The text of a file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Bytes that are no UTF-8 are read one by one.
    Utf8,
    /// Each byte is a character.
    Bytes,
}

/// A file that is open.
#[derive(Debug)]
pub(crate) struct Channel {
    file: File,
    pub(crate) writing: bool,
    pub(crate) translation: Translation,
    pub(crate) encoding: Encoding,
    /// Text that was decoded and not taken; `None` before the first reading.
    text: Option<String>,
    at: usize,
    /// A reading met the end.
    pub(crate) ended: bool,
    charge: memory::Charge,
}

impl Channel {
    pub(crate) fn new(file: File, writing: bool) -> Self {
        Self {
            file,
            writing,
            translation: Translation::Auto,
            encoding: Encoding::Utf8,
            text: None,
            at: 0,
            ended: false,
            charge: memory::Charge::default(),
        }
    }

    /// True once the file's text was decoded: settings come too late.
    pub(crate) fn is_begun(&self) -> bool {
        self.text.is_some()
    }

    /// The text that is not taken yet.
    fn rest(&mut self) -> Result<&str, Exception> {
        if self.text.is_none() {
            // room for the bytes, their text, and what a script takes of it
            let most = memory::room() / 4;
            let mut bytes = Vec::new();
            let read = (&self.file).take(most as u64 + 1).read_to_end(&mut bytes);
            if let Err(error) = read {
                return fail(format!("error reading the file: {}", reason(&error)));
            }
            if bytes.len() > most {
                memory::afford(usize::MAX)?;
            }
            let text = self.decoded(bytes);
            self.charge.set(text.capacity());
            self.text = Some(text);
        }
        Ok(self.text.as_deref().map_or("", |text| &text[self.at..]))
    }

    fn decoded(&self, bytes: Vec<u8>) -> String {
        let text = match self.encoding {
            Encoding::Bytes => bytes.iter().map(|b| char::from(*b)).collect(),
            Encoding::Utf8 => String::from_utf8(bytes).unwrap_or_else(|error| {
                let mut text = String::new();
                for chunk in error.as_bytes().utf8_chunks() {
                    text.push_str(chunk.valid());
                    text.extend(chunk.invalid().iter().map(|b| char::from(*b)));
                }
                text
            }),
        };
        match self.translation {
            Translation::Lf => text,
            _ if !text.contains('\r') => text,
            Translation::CrLf => text.replace("\r\n", "\n"),
            Translation::Cr => text.replace('\r', "\n"),
            Translation::Auto => text.replace("\r\n", "\n").replace('\r', "\n"),
        }
    }

    /// Takes all that is left.
    pub(crate) fn all(&mut self) -> Result<String, Exception> {
        let text = self.rest()?.to_owned();
        self.at += text.len();
        self.ended = true;
        Ok(text)
    }

    /// Takes so many characters, fewer at the end.
    pub(crate) fn chars(&mut self, count: usize) -> Result<String, Exception> {
        let rest = self.rest()?;
        let cut = rest.char_indices().nth(count).map(|(at, _)| at);
        let text = rest[..cut.unwrap_or(rest.len())].to_owned();
        self.at += text.len();
        if cut.is_none() {
            self.ended = text.chars().count() < count;
        }
        Ok(text)
    }

    /// Takes a line; `None` at the end.
    pub(crate) fn line(&mut self) -> Result<Option<String>, Exception> {
        let rest = self.rest()?;
        let (line, used, ended) = match rest.find('\n') {
            Some(end) => (rest[..end].to_owned(), end + 1, false),
            None => (rest.to_owned(), rest.len(), true),
        };
        self.at += used;
        self.ended = ended;
        Ok(if ended && used == 0 { None } else { Some(line) })
    }

    /// Writes a text; the bytes that it became.
    fn write(&mut self, text: &str) -> io::Result<u64> {
        let ends = match self.translation {
            Translation::Auto | Translation::Lf => None,
            Translation::CrLf => Some(text.replace('\n', "\r\n")),
            Translation::Cr => Some(text.replace('\n', "\r")),
        };
        let text = ends.as_deref().unwrap_or(text);
        match self.encoding {
            Encoding::Utf8 => self.file.write_all(text.as_bytes())?,
            // as Tcl, the low byte of each character
            Encoding::Bytes => {
                let bytes: Vec<u8> = text.chars().map(|c| u32::from(c) as u8).collect();
                self.file.write_all(&bytes)?;
            }
        }
        Ok(text.len() as u64)
    }
}

/// All that a script has to do with files.
#[derive(Default)]
pub(crate) struct Files {
    /// The hook that is asked for leave.
    pub(crate) leave: Option<Leave>,
    open: BTreeMap<String, Channel>,
    made: usize,
    written: u64,
}

impl Files {
    /// Keeps an open file, and names its channel.
    pub(crate) fn add(&mut self, channel: Channel) -> Result<String, Exception> {
        if self.open.len() >= MOST {
            return fail(format!("{MOST} files are open: close some"));
        }
        // 0 to 2 are the standard channels
        let name = format!("file{}", self.made + 3);
        self.made += 1;
        self.open.insert(name.clone(), channel);
        Ok(name)
    }

    pub(crate) fn get(&mut self, name: &str) -> Option<&mut Channel> {
        self.open.get_mut(name)
    }

    pub(crate) fn close(&mut self, name: &str) -> bool {
        self.open.remove(name).is_some()
    }

    /// Counts bytes that are about to be written.
    pub(crate) fn count(&mut self, bytes: u64) -> Result<(), Exception> {
        self.written = self.written.saturating_add(bytes);
        if self.written > MOST_WRITTEN {
            return fail(format!(
                "the script writes more than {} MiB to files: write less",
                MOST_WRITTEN >> 20
            ));
        }
        Ok(())
    }

    /// Writes to an open channel.
    pub(crate) fn write(&mut self, name: &str, text: &str) -> Result<(), Exception> {
        self.count(text.len() as u64)?;
        match self.open.get_mut(name).map(|channel| channel.write(text)) {
            Some(Err(error)) => fail(format!("error writing \"{name}\": {}", reason(&error))),
            _ => Ok(()),
        }
    }
}

/// The reason of an error in Tcl's words.
pub(crate) fn reason(error: &io::Error) -> String {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::NotFound => "no such file or directory".into(),
        Kind::PermissionDenied => "permission denied".into(),
        Kind::AlreadyExists => "file already exists".into(),
        Kind::NotADirectory => "not a directory".into(),
        Kind::IsADirectory => "illegal operation on a directory".into(),
        Kind::DirectoryNotEmpty => "directory not empty".into(),
        Kind::InvalidInput => "invalid argument".into(),
        Kind::InvalidFilename => "file name too long".into(),
        Kind::StorageFull => "no space left on device".into(),
        _ => error.to_string(),
    }
}
