//! The operators of expressions.

use crate::error::{Exception, fail};
use crate::number::{Number, checked, is_big, number, overflow, real, truth};
use crate::value::Value;
use std::cmp::Ordering;

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

pub(crate) fn unary(op: char, value: &Value) -> Result<Value, Exception> {
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

pub(crate) fn binary(op: &str, left: &Value, right: &Value) -> Result<Value, Exception> {
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
