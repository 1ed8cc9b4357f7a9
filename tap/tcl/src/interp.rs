//! The interpreter: commands, procedures, frames, and the evaluation of scripts.

use crate::channel::{Access, Files};
use crate::error::{Exception, Failure, Outcome, fail};
use crate::memory;
use crate::parse::{Command, Parser, Part, Source, SyntaxError, Word};
use crate::procedure::{Procedure, bind};
use crate::value::{Origin, Place, Value};
use crate::vars::Frame;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;

/// A command implemented in Rust; gets the command's words, its name first.
pub(crate) type Native = Rc<dyn Fn(&mut Interp, &[Value]) -> Outcome>;

/// A command.
#[derive(Clone)]
pub(crate) enum Definition {
    /// Implemented in Rust.
    Native(Native),
    /// Implemented in Tcl.
    Procedure(Rc<Procedure>),
}

type Printer = Box<dyn FnMut(bool, &str)>;
type Advisor = Box<dyn Fn(&str) -> Option<String>>;

/// Nesting of scripts at which a script is taken for endlessly recursive. Tcl's own limit is 1000.
const DEPTH: usize = 1000;

/// A Tcl interpreter.
pub struct Interp {
    frames: Vec<Frame>,
    current: usize,
    commands: BTreeMap<String, Definition>,
    depth: usize,
    place: Option<Place>,
    script: Option<Rc<str>>,
    print: Printer,
    interrupted: Box<dyn Fn() -> bool>,
    hints: Advisor,
    files: Files,
    /// State of `rand()`; 0 before its first use.
    random: i64,
    nothing: Value,
}

impl fmt::Debug for Interp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interp")
            .field("place", &self.place)
            .field("depth", &self.depth)
            .finish_non_exhaustive()
    }
}

impl Interp {
    /// Makes an interpreter without any command.
    pub(crate) fn bare() -> Self {
        Self {
            frames: vec![Frame::default()],
            current: 0,
            commands: BTreeMap::new(),
            depth: 0,
            place: None,
            script: None,
            print: Box::new(|_, _| {}),
            interrupted: Box::new(|| false),
            hints: Box::new(|_| None),
            files: Files::default(),
            random: 0,
            nothing: Value::empty(),
        }
    }

    /// Sends to `print` what `puts` prints: true for stderr, and the text with its newline.
    pub fn on_print(&mut self, print: impl FnMut(bool, &str) + 'static) {
        self.print = Box::new(print);
    }

    /// Asks `interrupted` before each command; true ends the script with [`Exception::Abort`].
    pub fn on_interrupt(&mut self, interrupted: impl Fn() -> bool + 'static) {
        self.interrupted = Box::new(interrupted);
    }

    /// Asks `hints` for advice about what is missing here: the name of an unknown command,
    /// `file delete` and other such subcommands, or `puts channel`. It becomes a part of the message.
    pub fn on_missing(&mut self, hints: impl Fn(&str) -> Option<String> + 'static) {
        self.hints = Box::new(hints);
    }

    /// Asks `leave` for each file that a script opens, copies, makes or removes: it answers with
    /// the path to use, or with the reason why not. Without it a script only reads files, by
    /// `source`.
    pub fn on_file(&mut self, leave: impl Fn(&str, Access) -> Result<PathBuf, String> + 'static) {
        self.files.leave = Some(Box::new(leave));
    }

    /// Asks for leave; fails where there is nobody to ask.
    pub(crate) fn leave(
        &self,
        command: &str,
        path: &str,
        access: Access,
    ) -> Result<Result<PathBuf, String>, Exception> {
        match &self.files.leave {
            Some(leave) => Ok(leave(path, access)),
            None => fail(self.advised(format!("\"{command}\" is not available"), command)),
        }
    }

    /// Asks for leave to read a script.
    pub(crate) fn leave_to_read(&self, path: &str) -> Result<PathBuf, String> {
        self.files.leave.as_ref().map_or_else(|| Ok(path.into()), |leave| leave(path, Access::Read))
    }

    /// The state of `rand()`.
    pub(crate) fn random(&mut self) -> &mut i64 {
        &mut self.random
    }

    /// The files that the script has open.
    pub(crate) fn files(&mut self) -> &mut Files {
        &mut self.files
    }

    /// True when the script shall end.
    pub(crate) fn is_interrupted(&self) -> bool {
        (self.interrupted)()
    }

    /// Adds the advice about `missing`, if there is any, to a message.
    pub(crate) fn advised(&self, mut message: String, missing: &str) -> String {
        if let Some(hint) = (self.hints)(missing) {
            message.push_str(": ");
            message.push_str(&hint);
        }
        message
    }

    /// Prints as `puts` does.
    pub fn print(&mut self, to_stderr: bool, text: &str) {
        (self.print)(to_stderr, text);
    }

    /// Defines a command in Rust.
    pub fn define(
        &mut self,
        name: &str,
        command: impl Fn(&mut Self, &[Value]) -> Outcome + 'static,
    ) {
        self.commands.insert(name.to_owned(), Definition::Native(Rc::new(command)));
    }

    /// Defines a procedure.
    pub(crate) fn define_procedure(&mut self, name: &str, procedure: Procedure) {
        self.commands.insert(plain(name).to_owned(), Definition::Procedure(Rc::new(procedure)));
    }

    /// Removes or renames a command.
    pub(crate) fn rename(&mut self, old: &str, new: &str) -> Result<(), Exception> {
        let (old, new) = (plain(old), plain(new));
        if !new.is_empty() && self.commands.contains_key(new) {
            return fail(format!("can't rename to \"{new}\": command already exists"));
        }
        match self.commands.remove(old) {
            None if new.is_empty() => {
                fail(format!("can't delete \"{old}\": command doesn't exist"))
            }
            None => fail(format!("can't rename \"{old}\": command doesn't exist")),
            Some(definition) => {
                if !new.is_empty() {
                    self.commands.insert(new.to_owned(), definition);
                }
                Ok(())
            }
        }
    }

    /// The commands by name.
    pub(crate) fn commands(&self) -> &BTreeMap<String, Definition> {
        &self.commands
    }

    /// The command being evaluated, for messages.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// The file being evaluated.
    pub(crate) fn script(&self) -> Option<&Rc<str>> {
        self.script.as_ref()
    }

    /// The frame that names refer to, and the name in it: `::x` is global.
    pub(crate) fn frame_of<'n>(&mut self, name: &'n str) -> (&mut Frame, &'n str) {
        match name.strip_prefix("::") {
            Some(global) => (&mut self.frames[0], plain(global)),
            None => (&mut self.frames[self.current], name),
        }
    }

    /// Reads a variable.
    pub fn get(&mut self, name: &str) -> Outcome {
        let (frame, local) = self.frame_of(name);
        frame.get(local).map_err(|exception| exception.about(local, name))
    }

    /// Changes a variable's value in place, an empty one if it has none, and returns the new value.
    pub(crate) fn change(
        &mut self,
        name: &str,
        body: impl FnOnce(&mut Value) -> Result<(), Exception>,
    ) -> Outcome {
        let (frame, local) = self.frame_of(name);
        frame.change(local, body).map_err(|exception| exception.about(local, name))
    }

    /// Writes a variable.
    pub fn set(&mut self, name: &str, value: Value) -> Outcome {
        let (frame, local) = self.frame_of(name);
        frame.set(local, value.clone()).map_err(|exception| exception.about(local, name))?;
        Ok(value)
    }

    /// True when the variable has a value.
    pub fn exists(&mut self, name: &str) -> bool {
        let (frame, name) = self.frame_of(name);
        frame.exists(name)
    }

    /// The frame in use.
    pub(crate) fn frame(&self) -> &Frame {
        &self.frames[self.current]
    }

    /// Finds a frame by Tcl's level: `1` is the caller, `#0` the global one.
    pub(crate) fn frame_at(&self, level: &str) -> Result<usize, Exception> {
        let bad = || fail(format!("bad level \"{level}\""));
        let target = match level.strip_prefix('#') {
            Some(absolute) => absolute.parse::<usize>().ok(),
            None => level.parse::<usize>().ok().and_then(|up| self.frame().level.checked_sub(up)),
        };
        let Some(target) = target else { return bad() };
        let mut index = self.current;
        while self.frames[index].level > target {
            index = self.frames[index].caller;
        }
        if self.frames[index].level == target { Ok(index) } else { bad() }
    }

    /// The frame with this index.
    pub(crate) fn frame_mut(&mut self, index: usize) -> &mut Frame {
        &mut self.frames[index]
    }

    /// Evaluates with another frame in use.
    pub(crate) fn within<T>(&mut self, frame: usize, body: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.current, frame);
        let result = body(self);
        self.current = before;
        result
    }

    /// Evaluates a script file's text.
    pub fn eval_file(&mut self, file: &str, text: &str) -> Outcome {
        let file: Rc<str> = Rc::from(file);
        let origin = Rc::new(Origin { file: Rc::clone(&file), line: 1, joints: Vec::new() });
        let outer = self.script.replace(file);
        // a carriage return before a newline is an editor's, not the script's
        let result = self.eval(&Value::literal(&text.replace("\r\n", "\n"), Some(origin)));
        self.script = outer;
        result
    }

    /// Evaluates a value as script. Each nested script takes up to 256 KiB of stack in an unoptimized
    /// build, and 1000 of them may be nested: run the interpreter on a thread with 256 MiB.
    pub fn eval(&mut self, script: &Value) -> Outcome {
        if self.depth >= DEPTH {
            return fail("too many nested evaluations (infinite loop?)");
        }
        // here as well as per command: an empty loop has none
        if (self.interrupted)() {
            return Err(Exception::Abort);
        }
        self.depth += 1;
        let outer = self.place.clone();
        let source = Source { text: script.clone(), origin: script.origin().cloned() };
        let result = self.eval_source(&source);
        self.place = outer;
        self.depth -= 1;
        result
    }

    fn eval_source(&mut self, source: &Source) -> Outcome {
        let mut parser = Parser::new(source);
        let mut result = self.nothing.clone();
        loop {
            match parser.command(false) {
                Ok(Some(command)) => {
                    // nobody reads it: what it shares can be changed in place
                    drop(std::mem::replace(&mut result, self.nothing.clone()));
                    result = self.run(source, &command)?;
                }
                Ok(None) => return Ok(result),
                Err(error) => return Err(self.syntax(source, error)),
            }
        }
    }

    fn syntax(&self, source: &Source, error: SyntaxError) -> Exception {
        let place = Self::place_in(source, error.offset).or_else(|| self.place.clone());
        Exception::Error(Box::new(Failure {
            message: error.message,
            place,
            calls: Vec::new(),
            code: Value::from("NONE"),
        }))
    }

    fn place_in(source: &Source, offset: usize) -> Option<Place> {
        source.origin.as_ref().map(|origin| Place {
            file: Rc::clone(&origin.file),
            line: origin.line_of(source.text.as_str(), offset),
        })
    }

    fn run(&mut self, source: &Source, command: &Command) -> Outcome {
        if (self.interrupted)() {
            return Err(Exception::Abort);
        }
        if let Some(place) = Self::place_in(source, command.offset) {
            self.place = Some(place);
        }
        let place = self.place.clone();
        let result = self.words(source, command).and_then(|words| {
            self.place.clone_from(&place);
            self.invoke(&words)
        });
        self.place.clone_from(&place);
        if memory::is_spent() {
            return Err(Exception::Exhausted);
        }
        result.map_err(|exception| match exception {
            Exception::Error(mut failure) => {
                if failure.place.is_none() {
                    failure.place = place;
                }
                Exception::Error(failure)
            }
            other => other,
        })
    }

    fn words(&mut self, source: &Source, command: &Command) -> Result<Vec<Value>, Exception> {
        let mut words = Vec::with_capacity(command.words.len());
        for word in &command.words {
            match word {
                Word::Expand(inner) => {
                    let value = self.word(source, inner)?;
                    words.extend_from_slice(value.as_list()?);
                }
                plain => words.push(self.word(source, plain)?),
            }
        }
        Ok(words)
    }

    fn word(&mut self, source: &Source, word: &Word) -> Outcome {
        match word {
            Word::Literal(value) => Ok(value.clone()),
            Word::Parts(parts) => self.substitute(source, parts),
            Word::Expand(inner) => self.word(source, inner),
        }
    }

    /// Substitutes the parts of a word.
    pub(crate) fn substitute(&mut self, source: &Source, parts: &[Part]) -> Outcome {
        if let [single] = parts {
            return self.part(source, single);
        }
        let mut text = String::new();
        for part in parts {
            let part = self.part(source, part)?;
            memory::afford(2 * part.as_str().len())?;
            text.push_str(part.as_str());
        }
        Ok(Value::from(text))
    }

    fn part(&mut self, source: &Source, part: &Part) -> Outcome {
        match part {
            Part::Text(text) => Ok(Value::from(text.as_str())),
            Part::Var(name, None) => self.get(name),
            Part::Var(name, Some(index)) => {
                let index = self.substitute(source, index)?;
                self.get(&format!("{name}({index})"))
            }
            Part::Script(commands) => {
                if self.depth >= DEPTH {
                    return fail("too many nested evaluations (infinite loop?)");
                }
                self.depth += 1;
                let mut result = Ok(self.nothing.clone());
                for command in commands.iter() {
                    drop(std::mem::replace(&mut result, Ok(self.nothing.clone())));
                    result = self.run(source, command);
                    if result.is_err() {
                        break;
                    }
                }
                self.depth -= 1;
                result
            }
        }
    }

    /// Calls a command with its words.
    pub fn invoke(&mut self, words: &[Value]) -> Outcome {
        let Some(name) = words.first() else { return Ok(Value::empty()) };
        match self.commands.get(plain(name.as_str())).cloned() {
            Some(Definition::Native(native)) => native(self, words),
            Some(Definition::Procedure(procedure)) => self.call(&procedure, words),
            None => {
                let message = format!("invalid command name \"{name}\"");
                fail(self.advised(message, name.as_str()))
            }
        }
    }

    /// Calls a procedure with the words of a command.
    pub(crate) fn call(&mut self, procedure: &Procedure, words: &[Value]) -> Outcome {
        let name = words[0].as_str();
        let mut frame = Frame::new(self.current, self.frame().level + 1, words.to_vec());
        bind(&mut frame, procedure, words)?;
        self.frames.push(frame);
        let index = self.frames.len() - 1;
        let result = self.within(index, |interp| interp.eval(&procedure.body));
        self.frames.truncate(index);
        match result {
            Ok(value) => Ok(value),
            Err(Exception::Return { value, code, level, errorcode }) => {
                returned(value, code, level - 1, errorcode)
            }
            Err(Exception::Break) => fail("invoked \"break\" outside of a loop"),
            Err(Exception::Continue) => fail("invoked \"continue\" outside of a loop"),
            Err(Exception::Error(mut failure)) => {
                failure.calls.push((name.to_owned(), self.place.clone()));
                Err(Exception::Error(failure))
            }
            Err(other) => Err(other),
        }
    }
}

/// Turns a `return` into an outcome once `level` procedure levels are left to leave.
pub(crate) fn returned(value: Value, code: i64, level: i64, errorcode: Option<Value>) -> Outcome {
    if level > 0 {
        return Err(Exception::Return { value, code, level, errorcode });
    }
    match code {
        0 => Ok(value),
        1 => Err(Exception::Error(Box::new(Failure {
            message: value.as_str().to_owned(),
            place: None,
            calls: Vec::new(),
            code: errorcode.unwrap_or_else(|| Value::from("NONE")),
        }))),
        3 => Err(Exception::Break),
        4 => Err(Exception::Continue),
        2 => Err(Exception::Return { value, code: 0, level: 1, errorcode: None }),
        _ => Err(Exception::Other { code, value }),
    }
}

/// All commands live in one namespace: `::puts` is `puts`.
fn plain(name: &str) -> &str {
    name.trim_start_matches("::")
}
