//! A search indexer: documents are cut into owned words, folded to lower case, interned, counted and joined again.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::meter::{Meter, Outcome, Scale};
use crate::problem::die;
use fastrand::Rng;

/// Fowler–Noll–Vo: the default SipHash would hide the allocator behind the hash.
#[derive(Default)]
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

fn document(rng: &mut Rng, words: usize) -> String {
    const PARTS: [&str; 16] = [
        "al", "lo", "ca", "tor", "Me", "mo", "ry", "thre", "ad", "Heap", "su", "per", "block",
        "node", "fa", "st",
    ];
    let mut text = String::new();
    for _ in 0..words {
        // Few words are common, many are rare.
        let mut pick = rng.usize(..4000).min(rng.usize(..4000)) * 31 + 17;
        for _ in 0..2 + pick % 4 {
            text.push_str(PARTS[pick % PARTS.len()]);
            pick /= 5;
        }
        text.push(' ');
    }
    text
}

pub(super) fn run(meter: &mut Meter, scale: Scale) -> Outcome {
    let documents = scale.of(2400);
    let mut rng = Rng::with_seed(11);
    let texts: Vec<String> = (0..16).map(|_| document(&mut rng, 1500)).collect();
    let mut words = 0;
    meter.start();
    let mut index: HashMap<Box<str>, Vec<u32>, BuildHasherDefault<Fnv>> = HashMap::default();
    for number in 0..documents {
        let mut tokens: Vec<String> =
            texts[number % texts.len()].split_whitespace().map(str::to_lowercase).collect();
        words += tokens.len();
        for token in &tokens {
            if let Some(postings) = index.get_mut(token.as_str()) {
                if postings.last() != Some(&(number as u32)) {
                    postings.push(number as u32);
                }
            } else {
                index.insert(token.clone().into_boxed_str(), vec![number as u32]);
            }
        }
        tokens.sort_unstable_by_key(String::len);
        tokens.dedup();
        if tokens.concat().len() < tokens.len() {
            die("words lost letters");
        }
    }
    drop(index);
    meter.stop();
    Outcome::of(words as u64)
}
