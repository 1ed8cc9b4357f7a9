//! Numbers and truth values as Tcl reads and prints them.

use crate::error::{Exception, fail};
use crate::value::Value;

/// A number.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Number {
    /// 64 bit, signed. Tcl's larger integers are an error here.
    Int(i64),
    /// IEEE double.
    Real(f64),
}

impl Number {
    /// As a double.
    pub fn real(self) -> f64 {
        match self {
            Self::Int(i) => i as f64,
            Self::Real(r) => r,
        }
    }

    /// As Tcl prints it.
    pub fn value(self) -> Value {
        match self {
            Self::Int(i) => Value::from(i),
            Self::Real(r) => Value::from(print_real(r)),
        }
    }
}

/// Prints the shortest text that reads back as the same double, in Tcl's notation.
pub fn print_real(r: f64) -> String {
    if r.is_nan() {
        return "NaN".into();
    }
    if r.is_infinite() {
        return if r > 0.0 { "Inf".into() } else { "-Inf".into() };
    }
    let scientific = format!("{r:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if r != 0.0 && !(-4..17).contains(&exponent) {
        let sign = if exponent > 0 { "+" } else { "" };
        return format!("{mantissa}e{sign}{exponent}");
    }
    let plain = format!("{r}");
    if plain.contains('.') { plain } else { format!("{plain}.0") }
}

/// Reads an integer: decimal, 0x, 0o, 0b, or octal with a leading 0; with sign and blanks around.
pub fn int(text: &str) -> Option<i64> {
    let t = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
    let (negative, digits) = match t.as_bytes().first()? {
        b'-' => (true, &t[1..]),
        b'+' => (false, &t[1..]),
        _ => (false, t),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, body) = if let Some(hex) = lower.strip_prefix("0x") {
        (16, hex)
    } else if let Some(octal) = lower.strip_prefix("0o") {
        (8, octal)
    } else if let Some(binary) = lower.strip_prefix("0b") {
        (2, binary)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    if body.is_empty() || !body.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = i128::from_str_radix(body, radix).ok()?;
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// Reads a number.
pub fn number(text: &str) -> Option<Number> {
    if let Some(i) = int(text) {
        return Some(Number::Int(i));
    }
    let t = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
    let digits = t.strip_prefix(['-', '+']).unwrap_or(t);
    let lower = digits.to_ascii_lowercase();
    let worded = matches!(lower.as_str(), "inf" | "infinity" | "nan");
    let first = digits.chars().next()?;
    if !(worded || first.is_ascii_digit() || first == '.') {
        return None;
    }
    // integers beyond 64 bit are no doubles
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    t.parse::<f64>().ok().map(Number::Real)
}

/// True when the text is an integer too large for 64 bit.
pub fn is_big(text: &str) -> bool {
    let t = text.trim();
    let digits = t.strip_prefix(['-', '+']).unwrap_or(t);
    digits.len() > 18
        && digits.bytes().all(|b| b.is_ascii_digit())
        && int(text).is_none()
        && !digits.starts_with('0')
}

/// Reads `true`, `off`, `1`, `0.0` and so on.
pub fn truth(text: &str) -> Option<bool> {
    if let Some(n) = number(text) {
        return Some(n.real() != 0.0);
    }
    let lower = text.trim().to_ascii_lowercase();
    word_truth(&lower)
}

/// Reads the words for truth and their unique beginnings.
pub fn word_truth(lower: &str) -> Option<bool> {
    if lower.is_empty() || lower == "o" {
        return None;
    }
    [("true", true), ("false", false), ("yes", true), ("no", false), ("on", true), ("off", false)]
        .into_iter()
        .find(|(word, _)| word.starts_with(lower))
        .map(|(_, b)| b)
}

/// Reads an integer argument of a command.
pub fn int_arg(value: &Value) -> Result<i64, Exception> {
    match int(value.as_str()) {
        Some(i) => Ok(i),
        None if is_big(value.as_str()) => fail("integer value too large to represent"),
        None => fail(format!("expected integer but got \"{value}\"")),
    }
}

/// Reads a count argument of a command; negative counts are 0.
pub fn count_arg(value: &Value) -> Result<usize, Exception> {
    Ok(usize::try_from(int_arg(value)?).unwrap_or(0))
}

/// Reads a condition.
pub fn boolean(value: &Value) -> Result<bool, Exception> {
    truth(value.as_str())
        .map_or_else(|| fail(format!("expected boolean value but got \"{value}\"")), Ok)
}

/// The error for an integer beyond 64 bit.
pub(crate) fn overflow<T>() -> Result<T, Exception> {
    fail("integer value too large to represent")
}

/// An integer, or the error for one beyond 64 bit.
pub(crate) fn checked(value: Option<i64>) -> Result<Value, Exception> {
    value.map_or_else(overflow, |i| Ok(Value::from(i)))
}

/// A double, unless it is not a number.
pub(crate) fn real(result: f64) -> Result<Value, Exception> {
    if result.is_nan() {
        fail("domain error: argument not in valid range")
    } else {
        Ok(Number::Real(result).value())
    }
}
