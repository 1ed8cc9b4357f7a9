//! An ordered store of records, as the heart of a small database: a B-tree whose keys and values have lengths of
//! their own, with inserts, look-ups, updates that change the length, range scans that copy out, and deletes.

use std::collections::BTreeMap;

use super::meter::{Meter, Outcome, Scale};
use crate::problem::die;
use fastrand::Rng;

fn key(number: usize) -> Box<[u8]> {
    let digits = number.wrapping_mul(2_654_435_761) % 1_000_003;
    format!("tenant-{:03}/user/{digits}", number % 257).into_bytes().into_boxed_slice()
}

fn value(rng: &mut Rng) -> Vec<u8> {
    let length = 8 + (rng.usize(..30) * rng.usize(..30)).min(800);
    vec![length as u8; length]
}

pub(super) fn run(meter: &mut Meter, scale: Scale) -> Outcome {
    let records = scale.of(60_000);
    let operations = scale.of(500_000);
    let mut rng = Rng::with_seed(42);
    meter.start();
    let mut table: BTreeMap<Box<[u8]>, Vec<u8>> = BTreeMap::new();
    let mut copied = 0;
    for _ in 0..operations {
        let wanted = key(rng.usize(..records));
        match rng.usize(..10) {
            0..=3 => drop(table.insert(wanted, value(&mut rng))),
            4..=5 => {
                if let Some(found) = table.get_mut(&wanted) {
                    let more = rng.usize(..64);
                    let mark = found.first().copied().unwrap_or_default();
                    found.resize(found.len() + more, mark);
                    found.shrink_to_fit();
                }
            }
            6 => drop(table.remove(&wanted)),
            _ => {
                let rows: Vec<(Box<[u8]>, Vec<u8>)> =
                    table.range(wanted..).take(3).map(|(k, v)| (k.clone(), v.clone())).collect();
                for (_, row) in &rows {
                    if row.first() != row.last() {
                        die("a record changed under the store");
                    }
                    copied += row.len();
                }
            }
        }
    }
    std::hint::black_box(copied);
    drop(table);
    meter.stop();
    Outcome::of(operations as u64)
}
