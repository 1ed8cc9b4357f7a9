//! A symbolic differentiator: expression trees are cloned, rewritten and simplified, as in compilers and algebra
//! systems. The result is checked by evaluating it modulo a prime before and after simplification.

use super::meter::{Meter, Outcome, Scale};
use crate::problem::die;

const PRIME: u64 = 2_147_483_647;

#[derive(Clone, Debug, PartialEq)]
enum Expr {
    Number(u64),
    Variable(u8),
    Sum(Box<Expr>, Box<Expr>),
    Product(Box<Expr>, Box<Expr>),
    Power(Box<Expr>, u32),
}

use Expr::{Number, Power, Product, Sum, Variable};

impl Expr {
    fn plus(self, other: Self) -> Self {
        Sum(Box::new(self), Box::new(other))
    }

    fn times(self, other: Self) -> Self {
        Product(Box::new(self), Box::new(other))
    }

    fn derive(&self, by: u8) -> Self {
        match self {
            Variable(name) => Number(u64::from(*name == by)),
            Sum(a, b) => a.derive(by).plus(b.derive(by)),
            Product(a, b) => {
                let (a, b) = (a.as_ref(), b.as_ref());
                a.derive(by).times(b.clone()).plus(a.clone().times(b.derive(by)))
            }
            Number(_) | Power(_, 0) => Number(0),
            Power(base, exponent) => Number(u64::from(*exponent))
                .times(Power(base.clone(), exponent - 1))
                .times(base.derive(by)),
        }
    }

    fn simplify(self) -> Self {
        match self {
            Sum(a, b) => match (a.simplify(), b.simplify()) {
                (Number(0), x) | (x, Number(0)) => x,
                (Number(x), Number(y)) => Number((x + y) % PRIME),
                (a, b) if a == b => Number(2).times(a),
                (Sum(a, b), c) => a.plus(b.plus(c)),
                (a, b) => a.plus(b),
            },
            Product(a, b) => match (a.simplify(), b.simplify()) {
                (Number(0), _) | (_, Number(0)) => Number(0),
                (Number(1), x) | (x, Number(1)) => x,
                (Number(x), Number(y)) => Number(x * y % PRIME),
                (Number(x), Product(b, c)) => match *b {
                    Number(y) => Number(x * y % PRIME).times(*c),
                    b => Number(x).times(b.times(*c)),
                },
                (a, Number(x)) => Number(x).times(a),
                (a, b) => a.times(b),
            },
            Power(_, 0) => Number(1),
            Power(base, 1) => base.simplify(),
            Power(base, exponent) => Power(Box::new(base.simplify()), exponent),
            leaf => leaf,
        }
    }

    fn evaluate(&self, at: &[u64; 3]) -> u64 {
        match self {
            Number(value) => value % PRIME,
            Variable(name) => at[usize::from(*name) % at.len()],
            Sum(a, b) => (a.evaluate(at) + b.evaluate(at)) % PRIME,
            Product(a, b) => a.evaluate(at) * b.evaluate(at) % PRIME,
            Power(base, exponent) => {
                let base = base.evaluate(at);
                (0..*exponent).fold(1, |product, _| product * base % PRIME)
            }
        }
    }

    fn nodes(&self) -> u64 {
        match self {
            Number(_) | Variable(_) => 1,
            Sum(a, b) | Product(a, b) => 1 + a.nodes() + b.nodes(),
            Power(base, _) => 1 + base.nodes(),
        }
    }
}

/// (x + 2y)^5 · (y·x² + 3)^4 · (z + x·y)^seed
fn start(seed: u32) -> Expr {
    let x = || Variable(0);
    let y = || Variable(1);
    let first = Power(Box::new(x().plus(Number(2).times(y()))), 5);
    let second = Power(Box::new(y().times(Power(Box::new(x()), 2)).plus(Number(3))), 4);
    let third = Power(Box::new(Variable(2).plus(x().times(y()))), seed);
    first.times(second).times(third)
}

/// Operations are nodes of the expressions that were built.
pub(super) fn run(meter: &mut Meter, scale: Scale) -> Outcome {
    let at = [12_345, 678_910, 1_112_131];
    let mut built = 0;
    meter.start();
    for seed in 0..scale.of(240) {
        let mut expression = start(3 + seed as u32 % 4);
        for order in 0..if scale.is_quick() { 3 } else { 5 } {
            let raw = expression.derive(order % 2);
            built += raw.nodes();
            let value = raw.evaluate(&at);
            expression = raw.simplify();
            if expression.evaluate(&at) != value {
                die("an expression changed its value when it was simplified");
            }
        }
    }
    meter.stop();
    Outcome::of(built)
}

#[cfg(test)]
mod tests {
    use super::{Expr, Number, PRIME, Power, Variable};

    #[test]
    fn derives_a_polynomial() {
        // d/dx (x² + 3)³ = 6x · (x² + 3)²
        let inner = || Power(Box::new(Variable(0)), 2).plus(Number(3));
        let derived = Expr::derive(&Power(Box::new(inner()), 3), 0).simplify();
        for x in [0, 1, 7, 1000] {
            let square = x * x + 3;
            assert_eq!(derived.evaluate(&[x, 0, 0]), 6 * x * square % PRIME * square % PRIME);
        }
    }
}
