//! Documents as trees of owned values: parsed, edited, copied, written and dropped, as in every web service. Once on
//! one thread, once as a pipeline whose stages run on threads of their own, so that what one allocates another frees.

use std::collections::BTreeMap;
use std::sync::mpsc::sync_channel;
use std::thread::scope;

use super::meter::{Meter, Outcome, Scale};
use crate::problem::die;
use fastrand::Rng;

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
    Record(BTreeMap<String, Value>),
}

/// A parser for what [`fn@write`] writes: strings have no escapes here.
struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn peek(&mut self) -> u8 {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied().unwrap_or_default()
    }

    fn eat(&mut self, wanted: u8) -> Option<()> {
        (self.peek() == wanted).then(|| self.at += 1)
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Value> {
        self.text[self.at..].starts_with(word.as_bytes()).then(|| {
            self.at += word.len();
            value
        })
    }

    fn run(&mut self, stop: impl Fn(u8) -> bool) -> Option<String> {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|&byte| stop(byte))?;
        self.at += length;
        String::from_utf8(rest[..length].to_vec()).ok()
    }

    fn text(&mut self) -> Option<String> {
        self.eat(b'"')?;
        let text = self.run(|byte| byte == b'"')?;
        self.eat(b'"')?;
        Some(text)
    }

    fn value(&mut self) -> Option<Value> {
        match self.peek() {
            b'{' => {
                self.at += 1;
                let mut record = BTreeMap::new();
                while self.peek() != b'}' {
                    let key = self.text()?;
                    self.eat(b':')?;
                    record.insert(key, self.value()?);
                    if self.peek() == b',' {
                        self.at += 1;
                    }
                }
                self.at += 1;
                Some(Value::Record(record))
            }
            b'[' => {
                self.at += 1;
                let mut list = Vec::new();
                while self.peek() != b']' {
                    list.push(self.value()?);
                    if self.peek() == b',' {
                        self.at += 1;
                    }
                }
                self.at += 1;
                Some(Value::List(list))
            }
            b'"' => self.text().map(Value::Text),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => {
                let digits = self.run(|byte| !matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'e'))?;
                digits.parse().ok().map(Value::Number)
            }
        }
    }
}

fn parse(text: &str) -> Value {
    let parsed = Parser { text: text.as_bytes(), at: 0 }.value();
    parsed.unwrap_or_else(|| die("a document could not be read back: its bytes changed"))
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(value) => out.push_str(&value.to_string()),
        Value::Text(text) => {
            out.push('"');
            out.push_str(text);
            out.push('"');
        }
        Value::List(list) => {
            out.push('[');
            for (i, value) in list.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(value, out);
            }
            out.push(']');
        }
        Value::Record(record) => {
            out.push('{');
            for (i, (key, value)) in record.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push('"');
                out.push_str(key);
                out.push_str("\":");
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn invent(rng: &mut Rng, depth: usize) -> Value {
    const KEYS: [&str; 10] = [
        "id",
        "name",
        "created_at",
        "tags",
        "owner",
        "children",
        "size",
        "is_public",
        "url",
        "description",
    ];
    match if depth == 0 { rng.usize(..5) } else { 5 + rng.usize(..3) } {
        0 => Value::Null,
        1 => Value::Bool(rng.usize(..2) == 0),
        2 => Value::Number(rng.usize(..1_000_000) as f64 / 8.0),
        3 | 4 => Value::Text("lorem ipsum dolor sit amet ".repeat(rng.usize(1..=60) / 12 + 1)),
        5 => Value::List((0..rng.usize(2..=8)).map(|_| invent(rng, depth - 1)).collect()),
        _ => Value::Record(
            KEYS.iter()
                .filter_map(|key| {
                    let kept = rng.usize(..3) > 0;
                    kept.then(|| ((*key).to_owned(), invent(rng, depth - 1)))
                })
                .collect(),
        ),
    }
}

/// Doubles numbers, extends texts, copies the first entry of every list.
fn edit(value: &mut Value) {
    match value {
        Value::Number(number) => *number *= 2.0,
        Value::Text(text) => text.push_str(" (edited)"),
        Value::List(list) => {
            list.iter_mut().for_each(edit);
            if let Some(first) = list.first().cloned() {
                list.push(first);
            }
        }
        Value::Record(record) => record.values_mut().for_each(edit),
        Value::Null | Value::Bool(_) => {}
    }
}

fn documents() -> Vec<String> {
    let mut rng = Rng::with_seed(23);
    (0..6)
        .map(|_| {
            let mut text = String::new();
            write(&Value::List((0..40).map(|_| invent(&mut rng, 4)).collect()), &mut text);
            text
        })
        .collect()
}

/// Operations are bytes parsed.
pub(super) fn alone(meter: &mut Meter, scale: Scale) -> Outcome {
    let texts = documents();
    let mut bytes = 0;
    meter.start();
    for round in 0..scale.of(12) {
        let text = &texts[round % texts.len()];
        bytes += text.len();
        let before = parse(text);
        let mut after = before.clone();
        edit(&mut after);
        let mut out = String::new();
        write(&after, &mut out);
        if before == after || out.len() <= text.len() {
            die("a copy changed with its original");
        }
    }
    meter.stop();
    Outcome::of(bytes as u64)
}

/// One thread parses, one edits, one writes and drops.
pub(super) fn pipeline(meter: &mut Meter, scale: Scale) -> Outcome {
    let texts = documents();
    let rounds = scale.of(16);
    let mut bytes = 0;
    meter.start();
    scope(|scope| {
        let (parsed, to_edit) = sync_channel::<Value>(4);
        let (edited, to_write) = sync_channel::<Value>(4);
        let texts = &texts;
        scope.spawn(move || {
            for round in 0..rounds {
                if parsed.send(parse(&texts[round % texts.len()])).is_err() {
                    die("the editor went away");
                }
            }
        });
        scope.spawn(move || {
            for mut value in to_edit {
                edit(&mut value);
                if edited.send(value).is_err() {
                    die("the writer went away");
                }
            }
        });
        for value in to_write {
            let mut out = String::new();
            write(&value, &mut out);
            bytes += out.len();
        }
    });
    meter.stop();
    Outcome::of(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::{documents, parse, write};

    #[test]
    fn reads_what_it_writes() {
        for text in documents() {
            let mut again = String::new();
            write(&parse(&text), &mut again);
            assert_eq!(text, again);
        }
    }
}
