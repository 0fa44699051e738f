//! The inertia of each cluster and the way down a tree, against plain loops at every level.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "the bits are what is tested")]

mod common;

use clast_core::distance::{fills_lanes, nearest_scalar, squared_distance, squared_distance_in_lanes};
use clast_core::kmeans::{Tree, inertia_per_cluster, predict_tree};
use clast_core::{Layout, Samples, Weights};
use common::{fused_levels, noise, quarters, rows, run, run_at, shapes, to_planes};
use proptest::prelude::*;

/// A tree in which each split but the last one hides behind a random side of an earlier one.
fn random_tree(n_splits: usize, seed: u64) -> Vec<i32> {
    let mut open = vec![];
    let mut targets = vec![0; 2 * n_splits];
    for (split, draw) in noise(n_splits, seed).into_iter().enumerate() {
        if split > 0 {
            let side: usize = open.swap_remove((draw.abs() * open.len() as f64) as usize);
            targets[side] = split as i32;
        }
        open.extend([2 * split, 2 * split + 1]);
    }
    for (label, side) in open.into_iter().enumerate() {
        targets[side] = -1 - label as i32;
    }
    targets
}

fn walk(point: &[f64], centers: &[f64], targets: &[i32]) -> i32 {
    let mut split = 0;
    loop {
        let pair = &centers[split * 2 * point.len()..][..2 * point.len()];
        let target = targets[2 * split + nearest_scalar(point, pair).0 as usize];
        match usize::try_from(target) {
            Ok(next) => split = next,
            Err(_) => return -1 - target,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn labels_are_those_of_a_plain_walk((n, d, n_splits, seed) in shapes(), planes in any::<bool>()) {
        let values = quarters(n, d, seed);
        let stored = if planes { to_planes(&values, d) } else { values.clone() };
        let layout = if planes { Layout::Planes } else { Layout::RowMajor };
        let samples = Samples::new(&stored, n, d, layout).unwrap();
        let (centers, targets) = (quarters(2 * n_splits, d, seed ^ 1), random_tree(n_splits, seed ^ 2));
        let tree = Tree::new(&centers, &targets, d).unwrap();
        let expected: Vec<i32> = values.chunks_exact(d).map(|point| walk(point, &centers, &targets)).collect();
        for level in fused_levels() {
            let mut labels = vec![-1; n];
            run_at(level, 2, |exec| predict_tree(exec, &samples, &tree, &mut labels)).unwrap();
            prop_assert_eq!(&labels, &expected);
        }
    }

    /// With a cluster for each sample the inertia of a cluster is one distance.
    #[test]
    fn own_distances_are_those_of_the_scalar_oracle((n, d, _, seed) in shapes(), planes in any::<bool>()) {
        let (values, centers) = (noise(n * d, seed), noise(n * d, seed ^ 1));
        let stored = if planes { to_planes(&values, d) } else { values.clone() };
        let layout = if planes { Layout::Planes } else { Layout::RowMajor };
        let samples = Samples::new(&stored, n, d, layout).unwrap();
        let labels: Vec<i32> = (0..n as i32).collect();
        let pairs = values.chunks_exact(d).zip(centers.chunks_exact(d));
        let own = if fills_lanes(d) { squared_distance_in_lanes } else { squared_distance };
        let expected: Vec<f64> = pairs.map(|(x, center)| own(x, center)).collect();
        for level in fused_levels() {
            let found =
                run_at(level, 2, |exec| inertia_per_cluster(exec, &samples, Weights::Unit, &centers, &labels)).unwrap();
            prop_assert_eq!(&found, &expected);
        }
    }
}

#[test]
fn inertia_by_hand() {
    let (values, weights) = ([0.0, 1.0, 7.0, 9.0], [1.0, 2.0, 3.0, 0.5]);
    let weights = Weights::new(Some(&weights), 4).unwrap();
    let found = run(|exec| inertia_per_cluster(exec, &rows(&values, 1), weights, &[0.0, 8.0, 5.0], &[0, 0, 1, 1]));
    assert_eq!(found.unwrap(), [2.0, 3.5, 0.0]);
}

#[test]
fn without_splits_there_is_one_cluster() {
    let mut labels = [7; 3];
    let tree = Tree::new(&[], &[], 1).unwrap();
    run(|exec| predict_tree(exec, &rows(&[1.0, 2.0, 3.0], 1), &tree, &mut labels)).unwrap();
    assert_eq!(labels, [0; 3]);
}

#[test]
fn wrong_trees_are_named() {
    let failed = |centers: &[f64], targets: &[i32]| Tree::<f64>::new(centers, targets, 1).unwrap_err().to_string();
    assert_eq!(failed(&[0.0], &[-1, -2]), "'centers' has 1 values, but its shape 2 x 1 needs 2");
    assert_eq!(failed(&[0.0, 1.0], &[-1, 0]), "'targets' is 0, but must be below 0 or a split after split 0 of 1");
    assert_eq!(failed(&[0.0, 1.0], &[3, -1]), "'targets' is 3, but must be below 0 or a split after split 0 of 1");
}
