//! Any interleaving of any operations by several threads keeps every promise.

use super::script::{HEAPS, Op, mixed, run};
use proptest::prelude::*;

fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![
        8 => 0usize..1200,
        4 => Just(4000usize),
        4 => Just(60_000usize),
        3 => 0usize..70_000,
        2 => 65_000usize..1_500_000,
        1 => 1usize << 24..(1 << 24) + 100_000,
    ]
}

fn ops() -> impl Strategy<Value = Op> {
    let block = any::<usize>();
    prop_oneof![
        10 => (0..HEAPS, sizes(), prop_oneof![4 => Just(0u32), 1 => 0u32..23], any::<bool>())
            .prop_map(|(heap, size, shift, zeroed)| Op::Allocate { heap, size, shift, zeroed }),
        8 => (0..HEAPS, block).prop_map(|(heap, block)| Op::Free { heap, block }),
        3 => (0..HEAPS, block, sizes())
            .prop_map(|(heap, block, size)| Op::Reallocate { heap, block, size }),
        1 => (0..HEAPS, 0usize..2).prop_map(|(heap, node)| Op::Respawn { heap, node }),
        1 => (0..HEAPS).prop_map(|heap| Op::Flush { heap }),
        1 => (0usize..1 << 20).prop_map(|keep| Op::Trim { keep }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_keeps_every_promise(ops in prop::collection::vec(ops(), 1..300)) {
        prop_assert_eq!(run(&ops), Ok(()));
    }
}

#[test]
fn long_scripts_keep_every_promise() {
    for seed in 0..4 {
        assert_eq!(run(&mixed(seed, 12_000)), Ok(()), "seed {seed}");
    }
}
