//! The functions of `expr`.

use crate::error::{Exception, fail};
use crate::number::{Number, boolean, checked, int_arg, number, overflow, real};
use crate::value::Value;
use std::cmp::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

/// The arguments of a call.
struct Call<'a> {
    name: &'a str,
    values: &'a [Value],
}

impl Call<'_> {
    fn arity(&self, least: usize, most: usize) -> Result<(), Exception> {
        let Self { name, values } = self;
        if values.len() < least {
            fail(format!("not enough arguments for math function \"{name}\""))
        } else if values.len() > most {
            fail(format!("too many arguments for math function \"{name}\""))
        } else {
            Ok(())
        }
    }

    fn number(&self, i: usize) -> Result<Number, Exception> {
        let value = &self.values[i];
        number(value.as_str())
            .map_or_else(|| fail(format!("expected floating-point number but got \"{value}\"")), Ok)
    }

    fn best(&self, wanted: Ordering) -> Result<Value, Exception> {
        self.arity(1, usize::MAX)?;
        let mut best = self.number(0)?;
        for i in 1..self.values.len() {
            let next = self.number(i)?;
            if next.real().partial_cmp(&best.real()) == Some(wanted) {
                best = next;
            }
        }
        Ok(best.value())
    }

    fn of_two(&self, function: fn(f64, f64) -> f64) -> Result<Value, Exception> {
        self.arity(2, 2)?;
        real(function(self.number(0)?.real(), self.number(1)?.real()))
    }

    fn of_one(&self, function: fn(f64) -> f64) -> Result<Value, Exception> {
        self.arity(1, 1)?;
        real(function(self.number(0)?.real()))
    }

    fn whole(&self, function: fn(f64) -> f64) -> Result<Value, Exception> {
        self.arity(1, 1)?;
        match self.number(0)? {
            Number::Int(i) => Ok(Value::from(i)),
            Number::Real(r) => {
                let whole = function(r);
                if whole.abs() < 9.2e18 { Ok(Value::from(whole as i64)) } else { overflow() }
            }
        }
    }

    fn abs(&self) -> Result<Value, Exception> {
        self.arity(1, 1)?;
        match self.number(0)? {
            Number::Int(i) => checked(i.checked_abs()),
            Number::Real(r) => Ok(Number::Real(r.abs()).value()),
        }
    }
}

fn seed_of(number: i64) -> i64 {
    match number & 0x7fff_ffff {
        seed @ (0 | 0x7fff_ffff) => seed ^ 0x075b_d924,
        seed => seed,
    }
}

/// Tcl's generator, Park and Miller's: the same numbers for the same seed.
fn next_random(state: &mut i64) -> f64 {
    const MODULUS: i64 = 0x7fff_ffff;
    if *state == 0 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        *state = seed_of(now.as_nanos() as i64);
    }
    *state = *state * 16_807 % MODULUS;
    *state as f64 * (1.0 / MODULUS as f64)
}

/// Calls a function by its name.
pub(crate) fn call(random: &mut i64, name: &str, values: &[Value]) -> Result<Value, Exception> {
    let call = Call { name, values };
    match name {
        "rand" | "srand" => {
            let seed = usize::from(name == "srand");
            call.arity(seed, seed)?;
            if let [seed] = values {
                *random = seed_of(int_arg(seed)?);
            }
            Ok(Number::Real(next_random(random)).value())
        }
        "min" => call.best(Ordering::Less),
        "max" => call.best(Ordering::Greater),
        "pow" => call.of_two(f64::powf),
        "fmod" => call.of_two(|a, b| a % b),
        "atan2" => call.of_two(f64::atan2),
        "hypot" => call.of_two(f64::hypot),
        "bool" => {
            call.arity(1, 1)?;
            boolean(&values[0]).map(Value::bool)
        }
        "abs" => call.abs(),
        "int" | "wide" | "entier" => call.whole(f64::trunc),
        "round" => call.whole(f64::round),
        "double" => call.of_one(|x| x),
        "sqrt" => call.of_one(f64::sqrt),
        "ceil" => call.of_one(f64::ceil),
        "floor" => call.of_one(f64::floor),
        "exp" => call.of_one(f64::exp),
        "log" => call.of_one(f64::ln),
        "log10" => call.of_one(f64::log10),
        "sin" => call.of_one(f64::sin),
        "cos" => call.of_one(f64::cos),
        "tan" => call.of_one(f64::tan),
        "asin" => call.of_one(f64::asin),
        "acos" => call.of_one(f64::acos),
        "atan" => call.of_one(f64::atan),
        _ => fail(format!("invalid command name \"tcl::mathfunc::{name}\"")),
    }
}
