//! `expr`: Tcl's expressions, parsed into a tree and evaluated from it, so that `&&`, `||` and `?:`
//! leave out what they do not need.

use crate::error::{Exception, fail};
use crate::functions;
use crate::interp::Interp;
use crate::number::{Number, boolean, is_big, number, word_truth};
use crate::operators::{binary, unary};
use crate::parse::{Parser, Part, Source, SyntaxError};
use crate::value::Value;

#[derive(Debug)]
enum Node {
    Literal(Value),
    Parts(Vec<Part>),
    Unary(char, Box<Node>),
    /// Operators of falling strength, applied from the left: `a * b + c - d`.
    Chain(Box<Node>, Vec<(&'static str, Node)>),
    Choice(Box<Node>, Box<Node>, Box<Node>),
    Call(String, Vec<Node>),
}

/// Operators with their binding strength; longer names first.
const OPERATORS: [(&str, u8); 22] = [
    ("**", 12),
    ("<<", 9),
    (">>", 9),
    ("<=", 8),
    (">=", 8),
    ("==", 7),
    ("!=", 7),
    ("&&", 2),
    ("||", 1),
    ("eq", 6),
    ("ne", 6),
    ("in", 6),
    ("ni", 6),
    ("*", 11),
    ("/", 11),
    ("%", 11),
    ("+", 10),
    ("-", 10),
    ("<", 8),
    (">", 8),
    ("&", 5),
    ("^", 4),
];
const BIT_OR: (&str, u8) = ("|", 3);

/// Deepest nesting of an expression.
const DEPTH: usize = 200;

struct ExprParser<'a> {
    parser: Parser<'a>,
    text: &'a str,
    depth: usize,
}

type Parsed<T> = Result<T, String>;

impl ExprParser<'_> {
    fn blank(&mut self) {
        loop {
            let rest = self.parser.rest();
            if rest.starts_with([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']) {
                self.parser.skip(1);
            } else if rest.starts_with("\\\n") {
                self.parser.skip(2);
            } else {
                return;
            }
        }
    }

    fn syntax<T>(&self, what: &str) -> Parsed<T> {
        Err(format!("{what}\nin expression \"{}\"", shown(self.text)))
    }

    /// An error that shows the place in the expression.
    fn syntax_here<T>(&self, what: &str) -> Parsed<T> {
        if self.text.len() > LONG {
            return self.syntax(what);
        }
        let (before, after) = self.text.split_at(self.parser.pos);
        Err(format!("{what} at _@_\nin expression \"{before}_@_{after}\""))
    }

    /// The error for what is here in place of an operand.
    fn no_operand<T>(&mut self) -> Parsed<T> {
        match self.parser.peek() {
            Some('=') if !self.parser.rest().starts_with("==") => {
                self.syntax("incomplete operator \"=\"")
            }
            None | Some('?' | ':' | ')' | ',') => self.syntax_here("missing operand"),
            Some(_) if self.operator().is_some() => self.syntax_here("missing operand"),
            Some(other) => self.syntax(&format!("invalid character \"{other}\"")),
        }
    }

    /// The error for what follows a whole expression.
    fn no_end<T>(&self, next: char) -> Parsed<T> {
        match next {
            ')' => self.syntax("unbalanced close paren"),
            ',' => self.syntax("unexpected \",\" outside function argument list"),
            ':' => self.syntax("unexpected operator \":\" without preceding \"?\""),
            '=' => self.syntax("incomplete operator \"=\""),
            c if c.is_ascii_alphanumeric() || "$[\"{(_.".contains(c) => {
                self.syntax_here("missing operator")
            }
            c => self.syntax(&format!("invalid character \"{c}\"")),
        }
    }

    fn operator(&mut self) -> Option<(&'static str, u8)> {
        self.blank();
        let rest = self.parser.rest();
        OPERATORS.into_iter().chain([BIT_OR]).find(|(name, _)| {
            rest.strip_prefix(name).is_some_and(|after| {
                // `eq` must not be the beginning of a longer word
                !name.starts_with(|c: char| c.is_ascii_alphabetic())
                    || !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            })
        })
    }

    /// Parses one level further inside.
    fn deeper(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<Node>) -> Parsed<Node> {
        if self.depth >= DEPTH {
            return self.syntax("expression is nested too deeply");
        }
        self.depth += 1;
        let node = parse(self);
        self.depth -= 1;
        node
    }

    fn choice(&mut self) -> Parsed<Node> {
        self.deeper(Self::choice_inside)
    }

    fn choice_inside(&mut self) -> Parsed<Node> {
        let condition = self.binary(1)?;
        self.blank();
        let node = if self.parser.rest().starts_with('?') {
            self.parser.skip(1);
            let yes = self.choice()?;
            self.blank();
            if !self.parser.rest().starts_with(':') {
                return self.syntax_here("missing operator \":\"");
            }
            self.parser.skip(1);
            let no = self.choice()?;
            Node::Choice(Box::new(condition), Box::new(yes), Box::new(no))
        } else {
            condition
        };
        Ok(node)
    }

    fn binary(&mut self, least: u8) -> Parsed<Node> {
        let first = self.unary()?;
        let mut rest = Vec::new();
        while let Some((name, strength)) = self.operator() {
            if strength < least {
                break;
            }
            self.parser.skip(name.len());
            // `**` binds to the right, all others to the left
            let right = if name == "**" {
                self.deeper(|parser| parser.binary(strength))?
            } else {
                self.binary(strength + 1)?
            };
            rest.push((name, right));
        }
        Ok(if rest.is_empty() { first } else { Node::Chain(Box::new(first), rest) })
    }

    fn unary(&mut self) -> Parsed<Node> {
        self.blank();
        let Some(c) = self.parser.peek() else { return self.no_operand() };
        if matches!(c, '-' | '+' | '!' | '~') {
            self.parser.skip(1);
            let inner = self.deeper(Self::unary)?;
            return Ok(Node::Unary(c, Box::new(inner)));
        }
        self.operand(c)
    }

    fn operand(&mut self, c: char) -> Parsed<Node> {
        let message = |e: SyntaxError| e.message;
        match c {
            '(' => {
                let open = self.parser.pos;
                self.parser.skip(1);
                self.blank();
                match self.parser.peek() {
                    Some(')') => return self.syntax_here("empty subexpression"),
                    None => {
                        self.parser.pos = open;
                        return self.syntax("unbalanced open paren");
                    }
                    Some(_) => {}
                }
                let inner = self.choice()?;
                self.blank();
                if !self.parser.rest().starts_with(')') {
                    return self.syntax("unbalanced open paren");
                }
                self.parser.skip(1);
                Ok(inner)
            }
            '$' => match self.parser.variable().map_err(message)? {
                Some(part) => Ok(Node::Parts(vec![part])),
                None => self.syntax("invalid character \"$\""),
            },
            '[' => Ok(Node::Parts(vec![self.parser.script().map_err(message)?])),
            '"' => Ok(Node::Parts(self.parser.quoted().map_err(message)?)),
            '{' => Ok(Node::Literal(self.parser.braced().map_err(message)?)),
            c if c.is_ascii_digit() || c == '.' => self.number(),
            c if c.is_ascii_alphabetic() || c == '_' => self.word(),
            _ => self.no_operand(),
        }
    }

    fn number(&mut self) -> Parsed<Node> {
        let rest = self.parser.rest();
        let bytes = rest.as_bytes();
        let hex = rest.starts_with("0x") || rest.starts_with("0X");
        let mut end = 0;
        while end < bytes.len() {
            let b = bytes[end];
            let exponent_sign =
                !hex && matches!(b, b'+' | b'-') && matches!(bytes[end - 1], b'e' | b'E');
            if !(b.is_ascii_alphanumeric() || b == b'.' || (end > 0 && exponent_sign)) {
                break;
            }
            end += 1;
        }
        // `1eq 2` reads as `1 eq 2`: give back letters that make no number
        while end > 0 && number(&rest[..end]).is_none() && !is_big(&rest[..end]) {
            end -= 1;
        }
        if end == 0 {
            return self.syntax(&format!("invalid number \"{rest}\""));
        }
        if is_big(&rest[..end]) {
            return self.syntax("integer value too large to represent");
        }
        if rest[end..].starts_with(|c: char| c.is_ascii_digit()) {
            return self.syntax(&format!("invalid number \"{rest}\""));
        }
        if rest[end..].starts_with(|c: char| c.is_ascii_alphabetic()) && !self.is_operator_at(end) {
            let word: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
            return self.bareword(&word);
        }
        let value = Value::from(&rest[..end]);
        self.parser.skip(end);
        Ok(Node::Literal(value))
    }

    /// True when an operator made of letters is so many bytes ahead.
    fn is_operator_at(&mut self, ahead: usize) -> bool {
        let before = self.parser.pos;
        self.parser.skip(ahead);
        let found = self.operator().is_some();
        self.parser.pos = before;
        found
    }

    fn bareword<T>(&self, word: &str) -> Parsed<T> {
        Err(format!(
            "invalid bareword \"{word}\"\nin expression \"{}\";\nshould be \"${word}\" or \"{{{word}}}\" or \"{word}(...)\" or ...",
            shown(self.text)
        ))
    }

    fn word(&mut self) -> Parsed<Node> {
        if self.operator().is_some() {
            return self.no_operand();
        }
        let rest = self.parser.rest();
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let word = &rest[..end];
        self.parser.skip(end);
        self.blank();
        if self.parser.rest().starts_with('(') {
            self.parser.skip(1);
            return Ok(Node::Call(word.to_owned(), self.arguments()?));
        }
        if word_truth(&word.to_ascii_lowercase()).is_some() || number(word).is_some() {
            return Ok(Node::Literal(Value::from(word)));
        }
        self.bareword(word)
    }

    fn arguments(&mut self) -> Parsed<Vec<Node>> {
        let mut arguments = Vec::new();
        self.blank();
        if self.parser.rest().starts_with(')') {
            self.parser.skip(1);
            return Ok(arguments);
        }
        loop {
            self.blank();
            match self.parser.peek() {
                Some(',' | ')') => return self.syntax_here("missing function argument"),
                None => return self.syntax("unbalanced open paren"),
                Some(_) => arguments.push(self.choice()?),
            }
            self.blank();
            let rest = self.parser.rest();
            if rest.starts_with(',') {
                self.parser.skip(1);
            } else if rest.starts_with(')') {
                self.parser.skip(1);
                return Ok(arguments);
            } else {
                return self.syntax("missing close paren after function arguments");
            }
        }
    }
}

/// Bytes of an expression that a message shows whole.
const LONG: usize = 80;

/// An expression in a message: its beginning, if it is long.
fn shown(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) if text.len() > LONG => format!("{}...", &text[..end]),
        _ => text.to_owned(),
    }
}

/// Evaluates an expression.
pub(crate) fn evaluate(interp: &mut Interp, text: &Value) -> Result<Value, Exception> {
    let source = Source { text: text.clone(), origin: text.origin().cloned() };
    let mut parser = ExprParser { parser: Parser::new(&source), text: text.as_str(), depth: 0 };
    parser.blank();
    if parser.parser.peek().is_none() {
        return fail(format!("empty expression\nin expression \"{}\"", shown(text.as_str())));
    }
    let tree = parser.choice().and_then(|node| {
        parser.blank();
        match parser.parser.peek() {
            None => Ok(node),
            Some(next) => parser.no_end(next),
        }
    });
    match tree {
        Ok(node) => {
            let result = eval(interp, &source, &node)?;
            Ok(number(result.as_str()).map_or(result, Number::value))
        }
        Err(message) => fail(message),
    }
}

/// Evaluates a condition.
pub(crate) fn condition(interp: &mut Interp, text: &Value) -> Result<bool, Exception> {
    let value = evaluate(interp, text)?;
    boolean(&value)
}

fn eval(interp: &mut Interp, source: &Source, node: &Node) -> Result<Value, Exception> {
    match node {
        Node::Literal(value) => Ok(value.clone()),
        Node::Parts(parts) => interp.substitute(source, parts),
        Node::Unary(op, inner) => {
            let value = eval(interp, source, inner)?;
            unary(*op, &value)
        }
        Node::Chain(first, rest) => {
            let mut left = eval(interp, source, first)?;
            for (op, right) in rest {
                left = match *op {
                    "&&" | "||" => {
                        let decided = *op == "||";
                        let holds = boolean(&left)? == decided
                            || boolean(&eval(interp, source, right)?)? == decided;
                        Value::bool(holds == decided)
                    }
                    _ => binary(op, &left, &eval(interp, source, right)?)?,
                };
            }
            Ok(left)
        }
        Node::Choice(condition, yes, no) => {
            let condition = eval(interp, source, condition)?;
            eval(interp, source, if boolean(&condition)? { yes } else { no })
        }
        Node::Call(name, arguments) => {
            let mut values = Vec::new();
            for argument in arguments {
                values.push(eval(interp, source, argument)?);
            }
            functions::call(interp.random(), name, &values)
        }
    }
}
