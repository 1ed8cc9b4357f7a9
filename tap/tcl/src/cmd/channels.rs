//! Channels: `open` and what reads and writes.

use super::words::{Builtin, arity};
use crate::channel::{Access, Channel, Encoding, Translation, reason};
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::list;
use crate::number::int;
use crate::value::Value;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;

pub(super) const COMMANDS: &[(&str, Builtin)] = &[
    ("open", open),
    ("close", close),
    ("read", read),
    ("gets", gets),
    ("eof", eof),
    ("puts", puts),
    ("flush", flush),
    ("fconfigure", fconfigure),
];

const FLAGS: &[&str] = &[
    "RDONLY", "WRONLY", "RDWR", "APPEND", "BINARY", "CREAT", "EXCL", "NOCTTY", "NONBLOCK", "TRUNC",
];

/// A way to open a file.
struct Mode {
    options: OpenOptions,
    writing: bool,
    binary: bool,
}

impl Mode {
    fn of_flags(flags: &[Value]) -> Result<Self, Exception> {
        let mut mode = Self { options: OpenOptions::new(), writing: false, binary: false };
        let mut chosen = None;
        let (mut append, mut create, mut exclusive, mut truncate) = (false, false, false, false);
        for flag in flags {
            match FLAGS.iter().find(|name| **name == flag.as_str()) {
                Some(&("RDONLY" | "WRONLY" | "RDWR")) => chosen = Some(flag.as_str()),
                Some(&"APPEND") => append = true,
                Some(&"BINARY") => mode.binary = true,
                Some(&"CREAT") => create = true,
                Some(&"EXCL") => exclusive = true,
                Some(&"TRUNC") => truncate = true,
                Some(_) => {}
                None => {
                    return fail(format!(
                        "invalid access mode \"{flag}\": must be {}",
                        super::words::alternatives(FLAGS)
                    ));
                }
            }
        }
        match chosen {
            Some("RDONLY") if !create && !truncate && !append => {
                mode.options.read(true);
            }
            Some("WRONLY") => {
                mode.writing = true;
                mode.options.write(true).append(append).create(create);
                // to append is a way of writing to Rust, which refuses to truncate then
                mode.options.truncate(truncate && !append).create_new(exclusive && create);
            }
            Some(_) => {
                return not_both(&format!("{{{}}}", list::format(flags)));
            }
            None => {
                return fail("access mode must include either RDONLY, WRONLY, or RDWR");
            }
        }
        Ok(mode)
    }

    fn parse(access: &Value) -> Result<Self, Exception> {
        let text = access.as_str();
        if text.starts_with(|c: char| c.is_ascii_uppercase()) {
            return Self::of_flags(access.as_list()?);
        }
        let binary = text.contains('b');
        let mut options = OpenOptions::new();
        let writing = match text.replace('b', "").as_str() {
            "r" => {
                options.read(true);
                false
            }
            "w" => {
                options.write(true).create(true).truncate(true);
                true
            }
            "a" => {
                options.append(true).create(true);
                true
            }
            "r+" | "w+" | "a+" => return not_both(&format!("\"{text}\"")),
            _ => return fail(format!("illegal access mode \"{text}\"")),
        };
        Ok(Self { options, writing, binary })
    }
}

fn not_both<T>(mode: &str) -> Result<T, Exception> {
    fail(format!(
        "access mode {mode} is not available: open the file for reading (r) or for writing (w, a)"
    ))
}

fn open(interp: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 1, 3, "open fileName ?access? ?permissions?")?;
    let path = words[1].as_str();
    if path.starts_with('|') {
        return fail(interp.advised("pipes to programs are not available".into(), "open |"));
    }
    let read = Value::from("r");
    let mut mode = Mode::parse(words.get(2).unwrap_or(&read))?;
    let permissions = match words.get(3) {
        None => 0o666,
        Some(word) => match int(word.as_str()).and_then(|p| u32::try_from(p).ok()) {
            Some(permissions) => permissions & 0o777,
            None => return fail(format!("expected integer but got \"{word}\"")),
        },
    };
    let why = |what: &str| fail(format!("couldn't open \"{path}\": {what}"));
    let access = if mode.writing { Access::Write } else { Access::Read };
    let place = match interp.leave("open", path, access)? {
        Ok(place) => place,
        Err(refusal) => return why(&refusal),
    };
    match std::fs::metadata(&place) {
        Ok(meta) if meta.is_dir() => return why("illegal operation on a directory"),
        Ok(meta) if !meta.is_file() => return why("only regular files can be opened"),
        _ => {}
    }
    let file = match mode.options.mode(permissions).open(&place) {
        Ok(file) => file,
        Err(error) => return why(&reason(&error)),
    };
    let mut channel = Channel::new(file, mode.writing);
    if mode.binary {
        (channel.translation, channel.encoding) = (Translation::Lf, Encoding::Bytes);
    }
    Ok(Value::from(interp.files().add(channel)?))
}

/// The error for a name that is no channel here.
fn no_channel<T>(interp: &Interp, name: &str) -> Result<T, Exception> {
    if matches!(name, "stdin" | "stdout" | "stderr") {
        return fail(format!("{name} is not available for this"));
    }
    let message = format!("can not find channel named \"{name}\"");
    fail(interp.advised(message, "puts channel"))
}

/// Tells whether a channel is about to be read or written.
enum Use {
    Any,
    Reading,
    Writing,
}

fn channel<'i>(
    interp: &'i mut Interp,
    name: &str,
    purpose: &Use,
) -> Result<&'i mut Channel, Exception> {
    let Some(writing) = interp.files().get(name).map(|channel| channel.writing) else {
        return no_channel(interp, name);
    };
    match (purpose, writing) {
        (Use::Reading, true) => fail(format!("channel \"{name}\" wasn't opened for reading")),
        (Use::Writing, false) => fail(format!("channel \"{name}\" wasn't opened for writing")),
        _ => interp.files().get(name).map_or_else(|| fail("no channel"), Ok),
    }
}

fn close(interp: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 1, 2, "close channelId ?direction?")?;
    let name = words[1].as_str();
    if words.len() == 3 {
        return fail("a channel has one direction here: close it without naming one");
    }
    if interp.files().close(name) { Ok(Value::empty()) } else { no_channel(interp, name) }
}

fn read(interp: &mut Interp, words: &[Value]) -> Outcome {
    const FORM: &str = "read channelId ?numChars?\" or \"read ?-nonewline? channelId";
    let (name, count, newline) = match &words[1..] {
        [name] => (name, None, true),
        [option, name] if option.as_str() == "-nonewline" => (name, None, false),
        [name, count] => (name, Some(count), true),
        _ => return usage(FORM),
    };
    let channel = channel(interp, name.as_str(), &Use::Reading)?;
    let Some(count) = count else {
        let mut text = channel.all()?;
        if !newline && text.ends_with('\n') {
            text.pop();
        }
        return Ok(Value::from(text));
    };
    match int(count.as_str()).and_then(|n| usize::try_from(n).ok()) {
        Some(count) => Ok(Value::from(channel.chars(count)?)),
        None => fail(format!("expected non-negative integer but got \"{count}\"")),
    }
}

fn gets(interp: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 1, 2, "gets channelId ?varName?")?;
    let line = channel(interp, words[1].as_str(), &Use::Reading)?.line()?;
    let Some(variable) = words.get(2) else {
        return Ok(line.map_or_else(Value::empty, Value::from));
    };
    let length = line.as_ref().map_or(-1, |line| line.chars().count() as i64);
    interp.set(variable.as_str(), line.map_or_else(Value::empty, Value::from))?;
    Ok(Value::from(length))
}

fn eof(interp: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 1, 1, "eof channelId")?;
    Ok(Value::bool(channel(interp, words[1].as_str(), &Use::Any)?.ended))
}

fn puts(interp: &mut Interp, words: &[Value]) -> Outcome {
    let (newline, rest) = match &words[1..] {
        [option, rest @ ..] if !rest.is_empty() && option.as_str() == "-nonewline" => ("", rest),
        rest => ("\n", rest),
    };
    let (name, text) = match rest {
        [text] => ("stdout", text),
        [channel, text] => (channel.as_str(), text),
        _ => return usage("puts ?-nonewline? ?channelId? string"),
    };
    let text = format!("{text}{newline}");
    if matches!(name, "stdout" | "stderr") {
        interp.print(name == "stderr", &text);
        return Ok(Value::empty());
    }
    channel(interp, name, &Use::Writing)?;
    interp.files().write(name, &text)?;
    Ok(Value::empty())
}

fn flush(interp: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 1, 1, "flush channelId")?;
    let name = words[1].as_str();
    if !matches!(name, "stdout" | "stderr") {
        channel(interp, name, &Use::Writing)?;
    }
    Ok(Value::empty())
}

const SETTINGS: &[&str] =
    &["-blocking", "-buffering", "-buffersize", "-encoding", "-eofchar", "-translation"];

fn fconfigure(interp: &mut Interp, words: &[Value]) -> Outcome {
    let [_, name, settings @ ..] = words else {
        return usage("fconfigure channelId ?-option value ...?");
    };
    if matches!(name.as_str(), "stdout" | "stderr") && settings.len().is_multiple_of(2) {
        // they go where the interpreter's user sends them
        return Ok(Value::empty());
    }
    let channel = channel(interp, name.as_str(), &Use::Any)?;
    let known = |word: &Value| match SETTINGS.iter().find(|s| **s == word.as_str()) {
        Some(setting) => Ok(*setting),
        None => fail(format!(
            "bad option \"{word}\": should be one of {}",
            super::words::alternatives(SETTINGS)
        )),
    };
    if let [one] = settings {
        let setting = known(one)?;
        return Ok(Value::from(shown(channel, setting)));
    }
    if settings.is_empty() {
        let pairs = SETTINGS.iter().flat_map(|s| [Value::from(*s), Value::from(shown(channel, s))]);
        return Ok(Value::from_list(pairs.collect()));
    }
    if !settings.len().is_multiple_of(2) {
        return usage("fconfigure channelId ?-option value ...?");
    }
    if channel.is_begun() {
        return fail(format!("channel \"{name}\" was read already: configure it before that"));
    }
    for pair in settings.chunks(2) {
        let (setting, value) = (known(&pair[0])?, pair[1].as_str());
        match (setting, value) {
            ("-encoding", "utf-8") => channel.encoding = Encoding::Utf8,
            ("-encoding", "binary" | "iso8859-1") => channel.encoding = Encoding::Bytes,
            ("-encoding", _) => return fail(format!("unknown encoding \"{value}\"")),
            ("-translation", "binary") => {
                (channel.translation, channel.encoding) = (Translation::Lf, Encoding::Bytes);
            }
            ("-translation", _) => channel.translation = translation(value)?,
            _ => {}
        }
    }
    Ok(Value::empty())
}

fn translation(name: &str) -> Result<Translation, Exception> {
    Ok(match name {
        "auto" => Translation::Auto,
        "lf" | "platform" => Translation::Lf,
        "crlf" => Translation::CrLf,
        "cr" => Translation::Cr,
        _ => {
            return fail(
                "bad value for -translation: must be one of auto, binary, cr, lf, crlf, or platform",
            );
        }
    })
}

fn shown(channel: &Channel, setting: &str) -> &'static str {
    match setting {
        "-blocking" => "1",
        "-buffering" => "none",
        "-buffersize" => "4096",
        "-encoding" => match channel.encoding {
            Encoding::Utf8 => "utf-8",
            Encoding::Bytes => "iso8859-1",
        },
        "-translation" => match channel.translation {
            Translation::Auto if channel.writing => "lf",
            Translation::Auto => "auto",
            Translation::Lf => "lf",
            Translation::CrLf => "crlf",
            Translation::Cr => "cr",
        },
        _ => "",
    }
}
