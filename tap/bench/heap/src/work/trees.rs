//! Binary trees, as in the Computer Language Benchmarks Game: one long-lived tree, and many that live briefly.

use super::meter::{Meter, Outcome, Scale};
use crate::problem::die;

struct Node {
    left: Option<Box<Node>>,
    right: Option<Box<Node>>,
}

fn grow(depth: u32) -> Option<Box<Node>> {
    depth.checked_sub(1).map(|below| Box::new(Node { left: grow(below), right: grow(below) }))
}

fn count(tree: Option<&Node>) -> u64 {
    tree.map_or(0, |node| 1 + count(node.left.as_deref()) + count(node.right.as_deref()))
}

pub(super) fn run(meter: &mut Meter, scale: Scale) -> Outcome {
    let deepest = if scale.is_quick() { 12 } else { 20 };
    let mut nodes = 0;
    meter.start();
    let long_lived = grow(deepest);
    for depth in (4..deepest).step_by(2) {
        for _ in 0..1_u64 << (deepest - depth) {
            let tree = grow(depth);
            let found = count(tree.as_deref());
            if found != (1 << depth) - 1 {
                die("a tree lost nodes");
            }
            nodes += found;
        }
    }
    nodes += count(long_lived.as_deref());
    drop(long_lived);
    meter.stop();
    Outcome::of(nodes)
}
