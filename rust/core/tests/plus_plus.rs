//! k-means++ against a version that keeps every distance and adds sequentially.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use clast_core::distance::squared_distance;
use clast_core::kmeans::{self, Draws};
use clast_core::{Element, Error, Exec, Layout, Result, Samples, Weights, simd};
use common::{fused_levels, noise, quarters, rows, run, run_at, shapes, to_planes};
use proptest::prelude::*;

/// The draws that a generator would give: the first one, then `trials` for each further center.
fn draws(n_clusters: usize, trials: usize, seed: u64) -> (f64, Vec<f64>) {
    let mut numbers = noise(1 + (n_clusters - 1) * trials, seed).into_iter().map(|x| f64::midpoint(x, 1.0));
    (numbers.next().unwrap(), numbers.collect())
}

/// A run by itself.
fn plus_plus<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    first: f64,
    further: &[f64],
    n_clusters: usize,
) -> Result<Vec<usize>> {
    let chosen = kmeans::plus_plus(exec, samples, weights, &[Draws { first, further }], n_clusters)?;
    Ok(chosen.concat())
}

fn plus_plus_scalar(values: &[f64], d: usize, weights: Weights<'_>, first: f64, draws: &[f64], k: usize) -> Vec<usize> {
    let points: Vec<&[f64]> = values.chunks_exact(d).collect();
    let n = points.len();
    let weight: Vec<f64> = (0..n).map(|i| weights.get(i)).collect();
    let search = |terms: &[f64], target: f64, right: bool| {
        let mut sum = 0.0;
        let reached = |term: &f64| {
            sum += term;
            if right { sum > target } else { sum >= target }
        };
        terms.iter().position(reached).unwrap_or(n - 1)
    };
    let total: f64 = weight.iter().sum();
    let mut chosen = vec![search(&weight, first * total, true)];
    let mut closest: Vec<f64> = points.iter().map(|x| squared_distance(x, points[chosen[0]])).collect();
    for step in 1..k {
        let terms: Vec<f64> = closest.iter().zip(&weight).map(|(x, w)| x * w).collect();
        let potential: f64 = terms.iter().sum();
        let trials = draws.len() / (k - 1);
        let mut best: Option<(f64, usize, Vec<f64>)> = None;
        for draw in &draws[(step - 1) * trials..step * trials] {
            let candidate = search(&terms, draw * potential, false);
            let with: Vec<f64> =
                (0..n).map(|i| closest[i].min(squared_distance(points[i], points[candidate]))).collect();
            let sum = with.iter().zip(&weight).map(|(x, w)| x * w).sum();
            if best.as_ref().is_none_or(|best| sum < best.0) {
                best = Some((sum, candidate, with));
            }
        }
        let (_, candidate, with) = best.unwrap();
        chosen.push(candidate);
        closest = with;
    }
    chosen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn the_same_samples_are_chosen((n, d, k, seed) in shapes(), trials in 1_usize..5, weighted in any::<bool>()) {
        // Two samples that are each nearest to the other are equally good candidates, and one drawn right at an edge is
        // as likely as its neighbour: only sums that are exact in any order decide that alike.
        let values = quarters(n, d, seed);
        let weights: Vec<f64> = quarters(n, 1, seed ^ 3).iter().map(|x| x.abs()).collect();
        let weights = Weights::new(weighted.then_some(&weights[..]), n).unwrap();
        let (first, draws) = draws(k, trials, seed ^ 5);
        let expected = plus_plus_scalar(&values, d, weights, first, &draws, k);
        let found = run(|exec| plus_plus(exec, &rows(&values, d), weights, first, &draws, k)).unwrap();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn threads_and_levels_choose_the_same() {
    let values = noise(60_013 * 3, 3);
    let (first, draws) = draws(20, 4, 9);
    let expected = plus_plus_scalar(&values, 3, Weights::Unit, first, &draws, 20);
    for level in fused_levels() {
        for threads in [1, 2, 4, 7] {
            let seed = |exec: &Exec<'_>| plus_plus(exec, &rows(&values, 3), Weights::Unit, first, &draws, 20);
            assert_eq!(run_at(level, threads, seed).unwrap(), expected);
        }
    }
}

/// Runs beside each other, more than are kept at once, against each alone.
#[test]
fn runs_side_by_side_choose_as_alone() {
    for (n_samples, d, k, n_runs) in [(6_007, 3, 12, 5), (20_000, 30, 6, 3), (1 << 20, 1, 2, 5)] {
        let values = image_like(n_samples, d);
        let draws: Vec<(f64, Vec<f64>)> = (0..n_runs).map(|run| draws(k, 3, run)).collect();
        let runs: Vec<Draws<'_>> = draws.iter().map(|(first, further)| Draws { first: *first, further }).collect();
        let each: Vec<f64> = noise(n_samples, 8).iter().map(|x| x.abs()).collect();
        for weights in [Weights::Unit, Weights::Each(&each)] {
            let alone = draws.iter().map(|(first, draws)| plus_plus_scalar(&values, d, weights, *first, draws, k));
            let alone: Vec<Vec<usize>> = alone.collect();
            assert!(alone.windows(2).any(|pair| pair[0] != pair[1]));
            for threads in [1, 2, 4] {
                let seed = |exec: &Exec<'_>| kmeans::plus_plus(exec, &rows(&values, d), weights, &runs, k);
                assert_eq!(run_at(simd::level(), threads, seed).unwrap(), alone);
            }
        }
    }
}

/// Neighbours are alike, as in an image: most candidates cannot change most blocks.
fn image_like(n_samples: usize, n_features: usize) -> Vec<f64> {
    let noise = noise(n_samples * n_features, 7);
    let wave = |i: usize| ((i / n_features) as f64 * 0.01 + (i % n_features) as f64).sin() * 40.0;
    noise.iter().enumerate().map(|(i, x)| wave(i) + x).collect()
}

#[test]
fn blocks_that_are_not_read_keep_their_share() {
    for (n_features, n_clusters) in [(1, 12), (2, 40), (3, 40), (5, 25), (11, 20), (30, 9)] {
        let values = image_like(6_007, n_features);
        let planes = to_planes(&values, n_features);
        let planes = Samples::new(&planes, 6_007, n_features, Layout::Planes).unwrap();
        let each: Vec<f64> = noise(6_007, 8).iter().map(|x| x.abs()).collect();
        let (first, draws) = draws(n_clusters, 4, 11);
        for weights in [Weights::Unit, Weights::Each(&each)] {
            let expected = plus_plus_scalar(&values, n_features, weights, first, &draws, n_clusters);
            for level in fused_levels() {
                for samples in [rows(&values, n_features), planes] {
                    let seed = |exec: &Exec<'_>| plus_plus(exec, &samples, weights, first, &draws, n_clusters);
                    assert_eq!(run_at(level, 2, seed).unwrap(), expected);
                }
            }
        }
    }
}

#[test]
fn the_first_of_equally_good_candidates_wins() {
    for seed in 0..8 {
        // Sums of quarters are exact in any order, and many samples are equal.
        let values: Vec<f64> = quarters(3000, 1, seed).iter().map(|x| (x / 2.0).round()).collect();
        let (first, draws) = draws(20, 5, seed);
        let expected = plus_plus_scalar(&values, 1, Weights::Unit, first, &draws, 20);
        let found = run(|exec| plus_plus(exec, &rows(&values, 1), Weights::Unit, first, &draws, 20)).unwrap();
        assert_eq!(found, expected);
    }
}

#[test]
fn the_first_center_is_found_as_if_probabilities_were_added_one_by_one() {
    let chosen = |n: usize, draw: f64| {
        run(|exec| plus_plus(exec, &rows(&vec![0_u8; n], 1), Weights::Unit, draw, &[], 1)).unwrap()[0]
    };
    for n in (1..200).chain([1000, 4095, 4096, 4097, 65_537, 1_000_003]) {
        let probability = 1.0 / n as f64;
        let sums: Vec<f64> = (0..n)
            .scan(0.0, |sum, _| {
                *sum += probability;
                Some(*sum)
            })
            .collect();
        for place in noise(40, n as u64).iter().map(|x| (f64::midpoint(*x, 1.0) * n as f64) as usize) {
            let edge = sums[place] / sums[n - 1];
            for draw in [edge.next_down(), edge, edge.next_up()].map(|draw| draw.min(1.0_f64.next_down())) {
                assert_eq!(chosen(n, draw), sums.partition_point(|sum| sum / sums[n - 1] <= draw));
            }
        }
    }
}

#[test]
fn samples_without_weight_or_distance_are_not_chosen() {
    let values = [0.0, 0.0, 0.0, 5.0, 9.0, 0.0];
    let weights = [0.0, 1.0, 1.0, 1.0, 0.0, 1.0];
    let weights = Weights::new(Some(&weights), 6).unwrap();
    for draw in [1e-9, 0.3, 0.999_999] {
        let found = run(|exec| plus_plus(exec, &rows(&values, 1), weights, 0.0, &[draw], 2)).unwrap();
        assert_eq!(found, [1, 3]);
    }
}

#[test]
fn equal_samples_can_be_chosen_often() {
    let values = vec![7_u8; 5000];
    let found = run(|exec| plus_plus(exec, &rows(&values, 1), Weights::Unit, 0.5, &[0.2, 0.9], 3)).unwrap();
    // numpy's cumulative sum of 5000 times 1/5000 is a little above 0.5 after 2500 terms.
    assert_eq!(found, [2499, 0, 0]);
}

#[test]
fn wrong_input_is_named() {
    let values = [1.0, 2.0, 3.0];
    let failed = |draws: &[f64], k| -> Error {
        run(|exec| plus_plus(exec, &rows(&values, 1), Weights::Unit, 0.5, draws, k)).unwrap_err()
    };
    assert_eq!(failed(&[0.1; 3], 4).to_string(), "'n_clusters' is 4, but must be from 1 to n_samples=3");
    assert_eq!(failed(&[0.1; 3], 3).to_string(), "'draws' has 3 values, but its shape 2 x 1 needs 2");
    let uneven = [Draws { first: 0.5, further: &[0.1; 4] }, Draws { first: 0.5, further: &[0.1; 2] }];
    let failed = run(|exec| kmeans::plus_plus(exec, &rows(&values, 1), Weights::Unit, &uneven, 3)).unwrap_err();
    assert_eq!(failed.to_string(), "'draws' has 2 values, but its shape 2 x 2 needs 4");
}
