//! `expr`: Tcl's expressions, parsed into a tree and evaluated from it, so that `&&`, `||` and `?:`
//! leave out what they do not need.

use crate::error::{Exception, fail};
use crate::functions;
use crate::interp::Interp;
use crate::number::{Number, boolean, checked, is_big, number, overflow, real, truth, word_truth};
use crate::parse::{Parser, Part, Source, SyntaxError};
use crate::value::Value;
use std::cmp::Ordering;

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
                return self.syntax("missing operator \":\"");
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
        let Some(c) = self.parser.peek() else { return self.syntax("missing operand") };
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
                self.parser.skip(1);
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
            other => self.syntax(&format!("invalid character \"{other}\"")),
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
        let value = Value::from(&rest[..end]);
        self.parser.skip(end);
        Ok(Node::Literal(value))
    }

    fn word(&mut self) -> Parsed<Node> {
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
        Err(format!(
            "invalid bareword \"{word}\"\nin expression \"{}\";\nshould be \"${word}\" or \"{{{word}}}\" or \"{word}(...)\" or ...",
            shown(self.text)
        ))
    }

    fn arguments(&mut self) -> Parsed<Vec<Node>> {
        let mut arguments = Vec::new();
        self.blank();
        if self.parser.rest().starts_with(')') {
            self.parser.skip(1);
            return Ok(arguments);
        }
        loop {
            arguments.push(self.choice()?);
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

/// An expression in a message: its beginning, if it is long.
fn shown(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) if text.len() > 80 => format!("{}...", &text[..end]),
        _ => text.to_owned(),
    }
}

/// Evaluates an expression.
pub(crate) fn evaluate(interp: &mut Interp, text: &Value) -> Result<Value, Exception> {
    let source = Source { text: text.clone(), origin: text.origin().cloned() };
    let mut parser = ExprParser { parser: Parser::new(&source), text: text.as_str(), depth: 0 };
    parser.blank();
    if parser.parser.peek().is_none() {
        return fail("empty expression\nin expression \"\"");
    }
    let tree = parser.choice().and_then(|node| {
        parser.blank();
        match parser.parser.peek() {
            None => Ok(node),
            Some(')') => parser.syntax("unbalanced close paren"),
            Some(_) => parser.syntax("missing operator"),
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
            functions::call(name, &values)
        }
    }
}

fn operand(value: &Value, op: &str) -> Result<Number, Exception> {
    number(value.as_str()).map_or_else(
        || {
            let what = if is_big(value.as_str()) {
                return fail("integer value too large to represent");
            } else if value.is_empty() {
                "empty string"
            } else {
                "non-numeric string"
            };
            fail(format!("can't use {what} as operand of \"{op}\""))
        },
        Ok,
    )
}

fn integer(value: &Value, op: &str) -> Result<i64, Exception> {
    match operand(value, op)? {
        Number::Int(i) => Ok(i),
        Number::Real(_) => fail(format!("can't use floating-point value as operand of \"{op}\"")),
    }
}

fn unary(op: char, value: &Value) -> Result<Value, Exception> {
    let name = op.to_string();
    match op {
        '!' => match truth(value.as_str()) {
            Some(b) => Ok(Value::bool(!b)),
            None => operand(value, &name).map(Number::value),
        },
        '~' => Ok(Value::from(!integer(value, &name)?)),
        '-' => match operand(value, &name)? {
            Number::Int(i) => checked(i.checked_neg()),
            Number::Real(r) => Ok(Number::Real(-r).value()),
        },
        _ => Ok(operand(value, &name)?.value()),
    }
}

fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (number(left.as_str()), number(right.as_str())) {
        (Some(Number::Int(a)), Some(Number::Int(b))) => Some(a.cmp(&b)),
        (Some(a), Some(b)) => a.real().partial_cmp(&b.real()),
        _ => Some(left.as_str().cmp(right.as_str())),
    }
}

fn binary(op: &str, left: &Value, right: &Value) -> Result<Value, Exception> {
    use Ordering::{Equal, Greater, Less};
    let order = |wanted: &[Ordering]| {
        Ok(Value::bool(compare(left, right).is_some_and(|o| wanted.contains(&o))))
    };
    match op {
        "==" => order(&[Equal]),
        "!=" => Ok(Value::bool(compare(left, right) != Some(Equal))),
        "<" => order(&[Less]),
        ">" => order(&[Greater]),
        "<=" => order(&[Less, Equal]),
        ">=" => order(&[Greater, Equal]),
        "eq" => Ok(Value::bool(left == right)),
        "ne" => Ok(Value::bool(left != right)),
        "in" => Ok(Value::bool(right.as_list()?.contains(left))),
        "ni" => Ok(Value::bool(!right.as_list()?.contains(left))),
        "&" => Ok(Value::from(integer(left, op)? & integer(right, op)?)),
        "|" => Ok(Value::from(integer(left, op)? | integer(right, op)?)),
        "^" => Ok(Value::from(integer(left, op)? ^ integer(right, op)?)),
        "<<" | ">>" => shift(op, integer(left, op)?, integer(right, op)?),
        _ => arithmetic(op, operand(left, op)?, operand(right, op)?),
    }
}

fn shift(op: &str, value: i64, by: i64) -> Result<Value, Exception> {
    let Ok(by) = u32::try_from(by) else { return fail("negative shift argument") };
    if op == ">>" {
        return Ok(Value::from(value >> by.min(63)));
    }
    if value == 0 {
        return Ok(Value::from(0i64));
    }
    if by > 63 {
        return overflow();
    }
    checked(i64::try_from(i128::from(value) << by).ok())
}

fn arithmetic(op: &str, left: Number, right: Number) -> Result<Value, Exception> {
    if let (Number::Int(a), Number::Int(b)) = (left, right) {
        return match op {
            "+" => checked(a.checked_add(b)),
            "-" => checked(a.checked_sub(b)),
            "*" => checked(a.checked_mul(b)),
            "/" | "%" if b == 0 => fail("divide by zero"),
            "/" => checked(floor_div(a, b)),
            "%" => Ok(Value::from(floor_mod(a, b))),
            _ => integer_power(a, b),
        };
    }
    let (a, b) = (left.real(), right.real());
    let result = match op {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" => a / b,
        "%" => return fail("can't use floating-point value as operand of \"%\""),
        _ => a.powf(b),
    };
    real(result)
}

/// Tcl rounds quotients down, and remainders take the divisor's sign.
fn floor_div(a: i64, b: i64) -> Option<i64> {
    let quotient = a.checked_div(b)?;
    Some(if a % b != 0 && ((a < 0) != (b < 0)) { quotient - 1 } else { quotient })
}

fn floor_mod(a: i64, b: i64) -> i64 {
    let remainder = a.wrapping_rem(b);
    if remainder != 0 && ((remainder < 0) != (b < 0)) { remainder + b } else { remainder }
}

fn integer_power(base: i64, exponent: i64) -> Result<Value, Exception> {
    if exponent >= 0 {
        let small = u32::try_from(exponent).unwrap_or(u32::MAX);
        return match base {
            0 | 1 => Ok(Value::from(if exponent == 0 { 1 } else { base })),
            -1 => Ok(Value::from(if exponent % 2 == 0 { 1i64 } else { -1 })),
            _ => checked(base.checked_pow(small)),
        };
    }
    match base {
        0 => fail("exponentiation of zero by negative power"),
        1 => Ok(Value::from(1i64)),
        -1 => Ok(Value::from(if exponent % 2 == 0 { 1i64 } else { -1 })),
        _ => Ok(Value::from(0i64)),
    }
}
