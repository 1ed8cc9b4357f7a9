//! Factoring by continued fractions (Morrison and Brillhart, "A method of factoring and the factorization of F7",
//! 1975), on numbers that are heap blocks: hundreds of thousands of tiny blocks a second, few of them long-lived.

use std::cmp::Ordering;

use super::bignum::Big;
use super::meter::{Meter, Outcome, Scale};
use crate::problem::die;

/// One congruence x² ≡ (-1)^s · Π p^e (mod n).
struct Relation {
    x: Big,
    exponents: Vec<u32>,
}

fn power(mut base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % modulus;
        }
        base = base * base % modulus;
        exponent >>= 1;
    }
    result
}

/// The first `count` primes by which a convergent's residue can be divisible.
fn factor_base(n: &Big, count: usize) -> Vec<u32> {
    let is_prime = |p: u32| (2..p).take_while(|d| d * d <= p).all(|d| !p.is_multiple_of(d));
    let residue = |p: u32| {
        let rest = u64::from(n.modulo_small(p));
        p == 2 || rest == 0 || power(rest, u64::from(p - 1) / 2, u64::from(p)) == 1
    };
    (2..).filter(|&p| is_prime(p) && residue(p)).take(count).collect()
}

/// The exponents of `value` over the primes, or nothing when something is left over.
fn divide_out(value: &Big, primes: &[u32], negative: bool) -> Option<Vec<u32>> {
    let mut rest = value.clone();
    let mut exponents = vec![0; primes.len() + 1];
    exponents[primes.len()] = u32::from(negative);
    for (exponent, &p) in exponents.iter_mut().zip(primes) {
        while rest.modulo_small(p) == 0 {
            rest = rest.over_small(p);
            *exponent += 1;
        }
    }
    rest.is_one().then_some(exponents)
}

/// Walks the continued fraction of √n and collects `wanted` relations.
fn collect(n: &Big, primes: &[u32], wanted: usize, steps: &mut u64) -> Vec<Relation> {
    let root = n.root();
    let mut relations = Vec::with_capacity(wanted);
    let (mut p, mut q) = (Big::from(0), Big::from(1));
    let (mut before, mut x) = (Big::from(1), root.clone());
    let mut term = root.clone();
    let mut negative = false;
    while relations.len() < wanted {
        p = term.times(&q).minus(&p);
        q = n.minus(&p.times(&p)).divide(&q).0;
        negative = !negative;
        *steps += 1;
        if q.is_one() {
            break; // the fraction's period has ended
        }
        if let Some(exponents) = divide_out(&q, primes, negative) {
            relations.push(Relation { x: x.clone(), exponents });
        }
        term = root.plus(&p).divide(&q).0;
        let next = term.times(&x).plus(&before).modulo(n);
        before = x;
        x = next;
    }
    relations
}

/// Combines relations to squares on both sides (Gauss over GF(2)) until one splits `n`.
fn split(n: &Big, primes: &[u32], relations: &[Relation]) -> Option<Big> {
    let words = relations.len().div_ceil(64);
    let mut rows: Vec<(Vec<u32>, Vec<u64>)> = relations
        .iter()
        .enumerate()
        .map(|(i, relation)| {
            let mut history = vec![0_u64; words];
            history[i / 64] = 1 << (i % 64);
            (relation.exponents.iter().map(|e| e % 2).collect(), history)
        })
        .collect();
    let mut used = vec![false; rows.len()];
    for column in 0..=primes.len() {
        let Some(pivot) = (0..rows.len()).find(|&r| !used[r] && rows[r].0[column] == 1) else {
            continue;
        };
        used[pivot] = true;
        let (parity, history) = rows[pivot].clone();
        for (r, row) in rows.iter_mut().enumerate() {
            if r != pivot && row.0[column] == 1 {
                row.0.iter_mut().zip(&parity).for_each(|(a, b)| *a ^= b);
                row.1.iter_mut().zip(&history).for_each(|(a, b)| *a ^= b);
            }
        }
    }
    rows.iter().zip(&used).filter(|(_, used)| !**used).find_map(|(row, _)| {
        let chosen = (0..relations.len()).filter(|i| row.1[i / 64] >> (i % 64) & 1 == 1);
        let mut x = Big::from(1);
        let mut exponents = vec![0_u32; primes.len()];
        for i in chosen {
            x = x.times(&relations[i].x).modulo(n);
            exponents.iter_mut().zip(&relations[i].exponents).for_each(|(sum, e)| *sum += e);
        }
        let mut y = Big::from(1);
        for (&p, &e) in primes.iter().zip(&exponents) {
            for _ in 0..e / 2 {
                y = y.times(&Big::from(u64::from(p))).modulo(n);
            }
        }
        let factor = x.distance(&y).common(n);
        (!factor.is_one() && factor.compare(n) == Ordering::Less).then_some(factor)
    })
}

/// Operations are steps of the continued fraction.
pub(super) fn run(meter: &mut Meter, scale: Scale) -> Outcome {
    let (digits, base) = if scale.is_quick() {
        ("1000036000099", 12)
    } else {
        ("21000000000091568000000096227627", 150)
    };
    let n = Big::parse(digits);
    let mut steps = 0;
    meter.start();
    let primes = factor_base(&n, base);
    let relations = collect(&n, &primes, base + 12, &mut steps);
    let factor = split(&n, &primes, &relations);
    meter.stop();
    match factor {
        Some(factor) if n.modulo(&factor).is_zero() => Outcome::of(steps),
        _ => die("the number was not factored: arithmetic went wrong in memory"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Big, collect, factor_base, split};

    #[test]
    fn factors_products_of_two_primes() {
        for (digits, base) in [("1000036000099", 12), ("13290059", 8)] {
            let n = Big::parse(digits);
            let primes = factor_base(&n, base);
            let relations = collect(&n, &primes, base + 12, &mut 0);
            let factor = split(&n, &primes, &relations).expect("a factor");
            assert!(n.modulo(&factor).is_zero() && !factor.is_one() && factor != n);
        }
    }
}
