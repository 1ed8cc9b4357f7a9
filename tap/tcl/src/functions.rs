//! The functions of `expr`.

use super::error::{Exception, fail};
use super::expr::{boolean, checked, overflow, real};
use super::number::{Number, number};
use super::value::Value;
use std::cmp::Ordering;

/// Calls a function by its name.
pub(super) fn call(name: &str, values: &[Value]) -> Result<Value, Exception> {
    let arity = |least: usize, most: usize| {
        if values.len() < least {
            fail(format!("not enough arguments for math function \"{name}\""))
        } else if values.len() > most {
            fail(format!("too many arguments for math function \"{name}\""))
        } else {
            Ok(())
        }
    };
    let argument = |i: usize| {
        number(values[i].as_str()).map_or_else(
            || fail(format!("expected floating-point number but got \"{}\"", values[i])),
            Ok,
        )
    };
    match name {
        "min" | "max" => {
            arity(1, usize::MAX)?;
            let mut best = argument(0)?;
            for i in 1..values.len() {
                let next = argument(i)?;
                let wanted = if name == "min" { Ordering::Less } else { Ordering::Greater };
                if next.real().partial_cmp(&best.real()) == Some(wanted) {
                    best = next;
                }
            }
            Ok(best.value())
        }
        "pow" | "fmod" | "atan2" | "hypot" => {
            arity(2, 2)?;
            let (a, b) = (argument(0)?.real(), argument(1)?.real());
            real(match name {
                "pow" => a.powf(b),
                "fmod" => a % b,
                "atan2" => a.atan2(b),
                _ => a.hypot(b),
            })
        }
        "bool" => {
            arity(1, 1)?;
            boolean(&values[0]).map(Value::bool)
        }
        "abs" => {
            arity(1, 1)?;
            match argument(0)? {
                Number::Int(i) => checked(i.checked_abs()),
                Number::Real(r) => Ok(Number::Real(r.abs()).value()),
            }
        }
        "int" | "wide" | "entier" | "round" => {
            arity(1, 1)?;
            match argument(0)? {
                Number::Int(i) => Ok(Value::from(i)),
                Number::Real(r) => {
                    let whole = if name == "round" { r.round() } else { r.trunc() };
                    if whole.abs() < 9.2e18 { Ok(Value::from(whole as i64)) } else { overflow() }
                }
            }
        }
        _ => {
            let function: fn(f64) -> f64 = match name {
                "double" => |x| x,
                "sqrt" => f64::sqrt,
                "ceil" => f64::ceil,
                "floor" => f64::floor,
                "exp" => f64::exp,
                "log" => f64::ln,
                "log10" => f64::log10,
                "sin" => f64::sin,
                "cos" => f64::cos,
                "tan" => f64::tan,
                "asin" => f64::asin,
                "acos" => f64::acos,
                "atan" => f64::atan,
                _ => {
                    return fail(format!("invalid command name \"tcl::mathfunc::{name}\""));
                }
            };
            arity(1, 1)?;
            real(function(argument(0)?.real()))
        }
    }
}
