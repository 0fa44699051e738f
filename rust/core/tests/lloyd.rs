//! Complete runs: by hand, against plain loops, over threads and levels, and all that can be wrong with the input.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "the bits are what is tested")]

mod common;

use clast_core::kmeans::{self, Iteration, Reorder, Runs, Stop};
use clast_core::{Element, Error, Exec, Interrupt, Layout, Samples, Weights, simd};
use common::{
    bits, first_samples, fit, fused_levels, lloyd_scalar, noise, quarters, rows, run, run_at, shapes, to_planes,
};
use proptest::prelude::*;

const STOP: Stop = Stop { max_iter: 30, tol: 0.0 };

#[test]
fn four_points_by_hand() {
    let values = [0.0, 0.0, 0.5, 0.0, 0.5, 1.0, 1.0, 1.0];
    let (fit, labels) = run(|exec| fit(exec, &rows(&values, 2), Weights::Unit, &[0.0, 0.0, 1.0, 1.0], STOP)).unwrap();
    assert_eq!(labels, [0, 0, 1, 1]);
    assert_eq!(fit.centers, [0.25, 0.0, 0.75, 1.0]);
    assert_eq!(fit.inertia, 0.25);
    assert_eq!((fit.n_iter, fit.strict_convergence), (2, true));
}

#[test]
fn an_empty_cluster_gets_the_farthest_sample() {
    let values = [0.0, 1.0, 2.0, 10.0];
    let stop = Stop { max_iter: 1, tol: 0.0 };
    let (fit, labels) = run(|exec| fit(exec, &rows(&values, 1), Weights::Unit, &[1.0, 100.0], stop)).unwrap();
    assert_eq!(fit.centers, [1.0, 10.0]);
    assert_eq!(labels, [0, 0, 0, 1]);
    assert_eq!((fit.n_iter, fit.strict_convergence, fit.inertia), (1, false, 2.0));
}

#[test]
fn weights_count_as_repetitions() {
    let values = quarters(300, 3, 5);
    let weights: Vec<f64> = (0..300).map(|i| f64::from(i % 4)).collect();
    let repeated: Vec<f64> =
        values.chunks_exact(3).zip(&weights).flat_map(|(row, weight)| row.repeat(*weight as usize)).collect();
    let centers = first_samples(&rows(&values, 3), 5);
    let weights = Weights::new(Some(&weights), 300).unwrap();
    let (weighted, _) = run(|exec| fit(exec, &rows(&values, 3), weights, &centers, STOP)).unwrap();
    let (plain, _) = run(|exec| fit(exec, &rows(&repeated, 3), Weights::Unit, &centers, STOP)).unwrap();
    assert_eq!(weighted.n_iter, plain.n_iter);
    for (a, b) in weighted.centers.iter().zip(&plain.centers) {
        assert!((a - b).abs() < 1e-12);
    }
}

#[test]
fn iterations_are_reported_with_the_inertia_of_their_centers() {
    let values = noise(2000, 3);
    let samples = rows(&values, 2);
    let centers = first_samples(&samples, 6);
    let mut seen = Vec::new();
    let found = run(|exec| {
        let mut report = |iteration: Iteration| seen.push((iteration.number, iteration.inertia));
        Runs::new(exec, &samples, Weights::Unit, Reorder::Never).fit(&centers, STOP, 0, Some(&mut report)).unwrap().fit
    });
    assert_eq!(seen.iter().map(|(iteration, _)| *iteration).collect::<Vec<_>>(), (0..found.n_iter).collect::<Vec<_>>());
    assert!(seen.windows(2).all(|pair| pair[1].1 <= pair[0].1));
    assert!(found.inertia <= seen.last().unwrap().1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// On quarters every sum is exact, so the order of additions cannot matter: labels and centers are equal, not close.
    #[test]
    fn a_run_is_that_of_plain_loops((n, d, k, seed) in shapes(), weighted in any::<bool>(), planes in any::<bool>()) {
        let values = quarters(n, d, seed);
        let weights: Vec<f64> = noise(n, seed ^ 7).iter().map(|x| (x * 4.0).round().abs()).collect();
        let weights = Weights::new(weighted.then_some(&weights[..]), n).unwrap();
        let stored = if planes { to_planes(&values, d) } else { values.clone() };
        let layout = if planes { Layout::Planes } else { Layout::RowMajor };
        let samples = Samples::new(&stored, n, d, layout).unwrap();
        let centers = first_samples(&samples, k);
        let (labels, expected, inertia, n_iter) = lloyd_scalar(&values, d, weights, &centers, STOP);
        let (found, found_labels) = run(|exec| fit(exec, &samples, weights, &centers, STOP)).unwrap();
        prop_assert_eq!(found.n_iter, n_iter);
        prop_assert_eq!(found_labels, labels);
        prop_assert_eq!(found.centers, expected);
        prop_assert!((found.inertia - inertia).abs() <= 1e-12 * inertia);
    }

    #[test]
    fn integers_give_the_bits_of_their_floats((n, d, k, seed) in shapes()) {
        let bytes: Vec<u8> = noise(n * d, seed).iter().map(|x| (x * 127.0 + 127.0) as u8).collect();
        let words: Vec<u16> = bytes.iter().map(|x| u16::from(*x) * 200).collect();
        same_as_float(&bytes, d, k);
        same_as_float(&words, d, k);
    }
}

fn same_as_float<T: Element>(values: &[T], n_features: usize, n_clusters: usize) {
    let floats: Vec<f64> = values.iter().map(|x| x.to_real()).collect();
    let centers = first_samples(&rows(&floats, n_features), n_clusters);
    let (a, a_labels) = run(|exec| fit(exec, &rows(values, n_features), Weights::Unit, &centers, STOP)).unwrap();
    let (b, b_labels) = run(|exec| fit(exec, &rows(&floats, n_features), Weights::Unit, &centers, STOP)).unwrap();
    assert_eq!(bits(&a, &a_labels), bits(&b, &b_labels));
}

/// Samples in a plane through twelve dimensions, on a lattice: from the second pass on, only centers nearby are looked at.
#[test]
fn many_clusters_of_many_features_are_those_of_plain_loops() {
    let plane = quarters(7000, 2, 3);
    let values: Vec<f64> = plane.chunks_exact(2).flat_map(|at| at.repeat(6)).collect();
    let samples = rows(&values, 12);
    let centers = first_samples(&samples, 100);
    let (labels, expected, _, n_iter) = lloyd_scalar(&values, 12, Weights::Unit, &centers, STOP);
    run(|exec| {
        let mut runs = Runs::new(exec, &samples, Weights::Unit, Reorder::Never);
        let found = runs.fit(&centers, STOP, 0, None).unwrap();
        assert_eq!((found.fit.n_iter, &found.fit.centers), (n_iter, &expected));
        assert_eq!(found.into_labels(), labels);
        let share = runs.report().n_distances as f64 / runs.report().n_distances_plain as f64;
        assert!(share < 0.2, "{share} of the distances computed");
    });
}

/// Gaps of such samples have no digits in float32, and moves of centers round to nothing.
#[test]
fn tiny_samples_are_those_of_plain_loops() {
    let values: Vec<f64> = noise(3000 * 12, 5).iter().map(|x| x * 1e-44).collect();
    let samples = rows(&values, 12);
    let centers = first_samples(&samples, 8);
    let (labels, _, _, n_iter) = lloyd_scalar(&values, 12, Weights::Unit, &centers, STOP);
    let (found, found_labels) = run(|exec| fit(exec, &samples, Weights::Unit, &centers, STOP)).unwrap();
    assert_eq!((found.n_iter, found_labels), (n_iter, labels));
}

/// Sizes with several chunks and both ways to add sums.
#[test]
fn threads_and_levels_do_not_change_a_bit() {
    for (n, d, k) in [(70_001, 3, 5), (70_001, 3, 17), (20_011, 11, 9), (12_000, 12, 100), (5000, 1, 3)] {
        let values = noise(n * d, 11);
        let narrow: Vec<f32> = values.iter().map(|x| *x as f32).collect();
        let weights: Vec<f64> = noise(n, 13).iter().map(|x| x.abs()).collect();
        for weights in [None, Some(&weights[..])] {
            threads_and_levels(&values, d, k, weights);
            threads_and_levels(&narrow, d, k, weights);
        }
    }
}

fn threads_and_levels<T: Element>(values: &[T], n_features: usize, n_clusters: usize, weights: Option<&[f64]>) {
    let samples = rows(values, n_features);
    let weights = Weights::new(weights, samples.n_samples()).unwrap();
    let centers = first_samples(&samples, n_clusters);
    let stop = Stop { max_iter: 6, tol: 0.0 };
    let mut runs = fused_levels().into_iter().flat_map(|level| [1, 2, 4, 7].map(|threads| (level, threads))).map(
        |(level, threads)| {
            let (fit, labels) = run_at(level, threads, |exec| fit(exec, &samples, weights, &centers, stop)).unwrap();
            bits(&fit, &labels)
        },
    );
    if let Some(first) = runs.next() {
        assert!(runs.all(|other| other == first));
    }
}

#[test]
fn a_run_stops_when_asked() {
    let values = noise(300_000, 1);
    let samples = rows(&values, 3);
    let interrupt = Interrupt::default();
    interrupt.raise();
    let exec = Exec { level: simd::level(), interrupt: &interrupt };
    let centers = first_samples(&samples, 4);
    assert_eq!(fit(&exec, &samples, Weights::Unit, &centers, STOP).unwrap_err(), Error::Interrupted);
}

#[test]
fn wrong_input_is_named() {
    let values = [1.0, 2.0, 3.0, 4.0];
    let samples = rows(&values, 2);
    let message = |error: Error| error.to_string();
    let failed = |centers: &[f64], stop| {
        message(run(|exec| fit(exec, &samples, Weights::Unit, centers, stop)).map(|_| ()).unwrap_err())
    };
    assert_eq!(
        message(Samples::<f64>::new(&values, 3, 2, Layout::RowMajor).unwrap_err()),
        "'X' has 4 values, but its shape 3 x 2 needs 6"
    );
    assert_eq!(
        message(Samples::<f64>::new(&[], 0, 2, Layout::RowMajor).unwrap_err()),
        "'n_samples' is 0, but must be at least 1"
    );
    assert_eq!(message(Weights::new(Some(&[1.0]), 2).unwrap_err()), "'sample_weight' has 1 weights, but 2 are needed");
    assert_eq!(failed(&[], STOP), "'centers' has 0 values, but its shape 1 x 2 needs 2");
    assert_eq!(failed(&[0.0; 6], STOP), "'n_clusters' is 3, but must be at most n_samples=2");
    assert_eq!(failed(&[0.0; 2], Stop { max_iter: 0, tol: 0.0 }), "'max_iter' is 0, but must be at least 1");
    assert_eq!(
        message(run(|exec| kmeans::inertia(exec, &samples, Weights::Unit, &[0.0; 2], &[0, 1])).unwrap_err()),
        "'labels' is 1, but must be from 0 to 0"
    );
}

#[test]
fn clusterings_are_compared_up_to_names() {
    assert!(kmeans::is_same_clustering(&[0, 0, 1, 2], &[2, 2, 0, 1], 3));
    assert!(!kmeans::is_same_clustering(&[0, 0, 1, 2], &[2, 1, 0, 1], 3));
    assert!(!kmeans::is_same_clustering(&[0, 0, 1], &[0, 0], 2));
}
