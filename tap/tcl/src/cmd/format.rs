//! `format`: C's printf.

use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::memory;
use crate::number::{self, Number, int_arg};
use crate::value::Value;

/// Widest field.
const WIDEST: usize = 1 << 16;

#[derive(Default)]
struct Spec {
    left: bool,
    plus: bool,
    blank: bool,
    zero: bool,
    alternate: bool,
    /// 16 bit, as C's `short`.
    short: bool,
    width: usize,
    precision: Option<usize>,
}

struct Arguments<'a> {
    values: &'a [Value],
    next: usize,
    /// The first specifier named a position.
    positions: Option<bool>,
}

impl<'a> Arguments<'a> {
    /// Notes whether a specifier names a position: all do, or none.
    fn by_position(&mut self, named: bool) -> Result<(), Exception> {
        if *self.positions.get_or_insert(named) == named {
            return Ok(());
        }
        fail("cannot mix \"%\" and \"%n$\" conversion specifiers")
    }

    fn take(&mut self) -> Result<&'a Value, Exception> {
        let value = self.values.get(self.next);
        self.next += 1;
        value.map_or_else(|| fail("not enough arguments for all format specifiers"), Ok)
    }
}

pub(super) fn format(_: &mut Interp, words: &[Value]) -> Outcome {
    let Some(pattern) = words.get(1) else { return usage("format formatString ?arg ...?") };
    let mut arguments = Arguments { values: &words[2..], next: 0, positions: None };
    let mut chars = pattern.as_str().chars().peekable();
    let mut out = String::new();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        if chars.next_if_eq(&'%').is_some() {
            out.push('%');
            continue;
        }
        let spec = Spec::parse(&mut chars, &mut arguments)?;
        let value = arguments.take()?;
        let Some(conversion) = chars.next() else {
            return fail("format string ended in middle of field specifier");
        };
        memory::afford(2 * (out.len() + value.as_str().len() + spec.width))?;
        field(conversion, &spec, value, &mut out)?;
    }
    Ok(Value::from(out))
}

impl Spec {
    /// Reads what is between the percent sign and the conversion.
    fn parse(chars: &mut Chars<'_>, arguments: &mut Arguments<'_>) -> Result<Self, Exception> {
        let mut spec = Self::default();
        let mut digits = take_digits(chars);
        if !digits.is_empty() && chars.next_if_eq(&'$').is_some() {
            let position = digits.parse::<usize>().unwrap_or(0);
            if position == 0 || position > arguments.values.len() {
                return fail("\"%n$\" argument index out of range");
            }
            arguments.next = position - 1;
            arguments.by_position(true)?;
            digits.clear();
        } else {
            arguments.by_position(false)?;
            spec.zero = digits.starts_with('0');
        }
        while digits.is_empty() || digits.bytes().all(|b| b == b'0') {
            let Some(flag) = chars.next_if(|c| "-+ 0#".contains(*c)) else { break };
            match flag {
                '-' => spec.left = true,
                '+' => spec.plus = true,
                ' ' => spec.blank = true,
                '#' => spec.alternate = true,
                _ => spec.zero = true,
            }
        }
        if chars.next_if_eq(&'*').is_some() {
            let width = int_arg(arguments.take()?)?;
            spec.left |= width < 0;
            spec.width = width.unsigned_abs() as usize;
        } else {
            digits.push_str(&take_digits(chars));
            spec.width = digits.parse().unwrap_or(0);
        }
        if chars.next_if_eq(&'.').is_some() {
            spec.precision = Some(if chars.next_if_eq(&'*').is_some() {
                usize::try_from(int_arg(arguments.take()?)?).unwrap_or(0)
            } else {
                take_digits(chars).parse().unwrap_or(0)
            });
        }
        if spec.width > WIDEST || spec.precision.is_some_and(|p| p > WIDEST) {
            return fail(format!("a field of more than {WIDEST} characters is too wide"));
        }
        if chars.next_if_eq(&'h').is_some() {
            spec.short = true;
        } else if chars.next_if_eq(&'l').is_some() {
            let _ = chars.next_if_eq(&'l');
        }
        Ok(spec)
    }
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn take_digits(chars: &mut Chars<'_>) -> String {
    let mut digits = String::new();
    while let Some(d) = chars.next_if(char::is_ascii_digit) {
        digits.push(d);
    }
    digits
}

fn field(conversion: char, spec: &Spec, value: &Value, out: &mut String) -> Result<(), Exception> {
    let (sign, prefix, body, numeric) = match conversion {
        's' => {
            let text: String = match spec.precision {
                Some(p) => value.as_str().chars().take(p).collect(),
                None => value.as_str().to_owned(),
            };
            ("", "", text, false)
        }
        'c' => {
            let code = u32::try_from(int_arg(value)?).ok().and_then(char::from_u32);
            ("", "", code.unwrap_or(char::REPLACEMENT_CHARACTER).to_string(), false)
        }
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' | 'b' => integer(conversion, spec, value)?,
        'e' | 'E' | 'f' | 'g' | 'G' => real(conversion, spec, value)?,
        other => return fail(format!("bad field specifier \"{other}\"")),
    };
    let used = sign.len() + prefix.len() + body.chars().count();
    let padding = spec.width.saturating_sub(used);
    // as in C, `-` wins over `0`; not so for integers in Tcl
    let whole = matches!(conversion, 'd' | 'i' | 'u' | 'x' | 'X' | 'o' | 'b');
    let zeros = numeric && spec.zero && (whole || !spec.left);
    if !zeros && !spec.left {
        out.extend(std::iter::repeat_n(' ', padding));
    }
    out.push_str(sign);
    out.push_str(prefix);
    if zeros {
        out.extend(std::iter::repeat_n('0', padding));
    }
    out.push_str(&body);
    if spec.left && !zeros {
        out.extend(std::iter::repeat_n(' ', padding));
    }
    Ok(())
}

type Field = (&'static str, &'static str, String, bool);

fn sign_of(spec: &Spec, negative: bool) -> &'static str {
    match (negative, spec.plus, spec.blank) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    }
}

fn integer(conversion: char, spec: &Spec, value: &Value) -> Result<Field, Exception> {
    let wide = match int_arg(value)? {
        wide if spec.short && matches!(conversion, 'd' | 'i') => i64::from(wide as i16),
        wide if spec.short => i64::from(wide as u16),
        wide => wide,
    };
    let (sign, prefix, mut digits) = match conversion {
        'd' | 'i' => (sign_of(spec, wide < 0), "", wide.unsigned_abs().to_string()),
        // unsigned conversions show all 64 bit, as Tcl does
        _ => {
            let bits = wide as u64;
            match conversion {
                'u' => ("", "", bits.to_string()),
                'x' => ("", "0x", format!("{bits:x}")),
                'X' => ("", "0X", format!("{bits:X}")),
                'o' => ("", "0", format!("{bits:o}")),
                _ => ("", "0b", format!("{bits:b}")),
            }
        }
    };
    if let Some(p) = spec.precision {
        digits = format!("{digits:0>p$}");
    }
    // an octal number begins with a zero, and needs no second one
    let needless = conversion == 'o' && digits.starts_with('0');
    let prefix = if spec.alternate && !needless { prefix } else { "" };
    Ok((sign, prefix, digits, spec.precision.is_none()))
}

fn real(conversion: char, spec: &Spec, value: &Value) -> Result<Field, Exception> {
    let Some(n) = number::number(value.as_str()).map(Number::real) else {
        return fail(format!("expected floating-point number but got \"{value}\""));
    };
    let sign = sign_of(spec, n.is_sign_negative() && !n.is_nan());
    let magnitude = n.abs();
    if !magnitude.is_finite() {
        let upper = conversion.is_ascii_uppercase();
        let text = match (n.is_nan(), upper) {
            (true, false) => "nan",
            (true, true) => "NAN",
            (false, false) => "inf",
            (false, true) => "INF",
        };
        return Ok((sign, "", text.into(), false));
    }
    let precision = spec.precision.unwrap_or(6);
    let text = match conversion {
        'f' => format!("{magnitude:.precision$}"),
        'e' | 'E' => exponential(magnitude, precision),
        _ => general(magnitude, precision.max(1), spec.alternate),
    };
    let text = if conversion.is_ascii_uppercase() { text.to_uppercase() } else { text };
    Ok((sign, "", text, true))
}

/// C's `%e`: at least two digits of exponent, always signed.
fn exponential(n: f64, precision: usize) -> String {
    let text = format!("{n:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// C's `%g`.
fn general(n: f64, precision: usize, alternate: bool) -> String {
    let text = exponential(n, precision - 1);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i64 = exponent.parse().unwrap_or(0);
    let trim = |s: &str| {
        if s.contains('.') && !alternate {
            s.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            s.to_owned()
        }
    };
    if power < -4 || power >= precision as i64 {
        format!("{}e{exponent}", trim(mantissa))
    } else {
        let decimals = (precision as i64 - 1 - power).max(0) as usize;
        trim(&format!("{n:.decimals$}"))
    }
}
