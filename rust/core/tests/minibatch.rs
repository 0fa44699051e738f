//! Single steps: by hand, against plain loops, over threads and levels, and all that can be wrong with the input.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "the bits are what is tested")]

mod common;

use clast_core::distance::{nearest_scalar, squared_distance};
use clast_core::kmeans::minibatch_step;
use clast_core::simd::{self, Level};
use clast_core::{Element, Error, Exec, Interrupt, Layout, Samples, Weights};
use common::{first_samples, fused_levels, noise, quarters, rows, run, run_at, shapes, to_planes};
use proptest::prelude::*;

#[test]
fn a_step_by_hand() {
    let samples = [0.0, 2.0, 10.0, 16.0];
    let (mut centers, mut weight_sums) = (vec![1.0, 12.0, 100.0], vec![2.0, 1.0, 5.0]);
    // Samples 0 and 1, once each, move the first center; sample 3, twice, the second; nothing is near the third.
    let batch = [3, 0, 1, 3];
    let inertia = run(|exec| {
        minibatch_step(exec, &rows(&samples, 1), Some(&batch), Weights::Unit, &mut centers, &mut weight_sums)
    });
    assert_eq!(inertia.unwrap(), 16.0 + 1.0 + 1.0 + 16.0);
    assert_eq!(centers, [(1.0 * 2.0 + 0.0 + 2.0) / 4.0, (12.0 + 16.0 + 16.0) / 3.0, 100.0]);
    assert_eq!(weight_sums, [4.0, 3.0, 5.0]);
}

/// Centers, weight sums and inertia after one step of plain loops.
fn step_plain(
    values: &[f64],
    batch: &[i64],
    weights: Weights<'_>,
    centers: &[f64],
    weight_sums: &[f64],
) -> (Vec<f64>, Vec<f64>, f64) {
    let d = centers.len() / weight_sums.len();
    let mut sums: Vec<f64> = centers.iter().enumerate().map(|(i, center)| center * weight_sums[i / d]).collect();
    let mut totals = weight_sums.to_vec();
    let mut inertia = 0.0;
    for (i, row) in batch.iter().enumerate() {
        let x = &values[*row as usize * d..][..d];
        let label = nearest_scalar(x, centers).0 as usize;
        inertia += weights.get(i) * squared_distance(x, &centers[label * d..][..d]);
        totals[label] += weights.get(i);
        for f in 0..d {
            sums[label * d + f] += weights.get(i) * x[f];
        }
    }
    for (i, (sum, center)) in sums.iter_mut().zip(centers).enumerate() {
        *sum = if totals[i / d] > weight_sums[i / d] { *sum / totals[i / d] } else { *center };
    }
    (sums, totals, inertia)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// On quarters every sum is exact, so the order of additions cannot matter.
    #[test]
    fn a_step_is_that_of_plain_loops(
        (n, d, k, seed) in shapes(), n_batch in 1_usize..2500, weighted in any::<bool>(), planes in any::<bool>(),
        gathered in any::<bool>(),
    ) {
        let values = quarters(n, d, seed);
        let stored = if planes { to_planes(&values, d) } else { values.clone() };
        let layout = if planes { Layout::Planes } else { Layout::RowMajor };
        let samples = Samples::new(&stored, n, d, layout).unwrap();
        let batch: Vec<i64> = if gathered {
            noise(n_batch, seed ^ 3).iter().map(|x| (x.abs() * n as f64) as i64).collect()
        } else {
            (0..n as i64).collect()
        };
        let weights: Vec<f64> = noise(batch.len(), seed ^ 7).iter().map(|x| (x * 4.0).round().abs()).collect();
        let weights = Weights::new(weighted.then_some(&weights[..]), batch.len()).unwrap();
        let mut centers = first_samples(&samples, k);
        let mut weight_sums: Vec<f64> = (0..k).map(|j| (j % 3) as f64).collect();
        let expected = step_plain(&values, &batch, weights, &centers, &weight_sums);
        let given = gathered.then_some(&batch[..]);
        let inertia =
            run(|exec| minibatch_step(exec, &samples, given, weights, &mut centers, &mut weight_sums)).unwrap();
        prop_assert_eq!(centers, expected.0);
        prop_assert_eq!(weight_sums, expected.1);
        prop_assert!((inertia - expected.2).abs() <= 1e-12 * expected.2);
    }
}

#[test]
fn threads_and_levels_do_not_change_a_bit() {
    for (d, k) in [(1, 3), (3, 5), (3, 17), (11, 9), (40, 6)] {
        let values = noise(5000 * d, 11);
        let narrow: Vec<f32> = values.iter().map(|x| *x as f32).collect();
        threads_and_levels(&values, d, k);
        threads_and_levels(&narrow, d, k);
    }
}

fn threads_and_levels<T: Element>(values: &[T], n_features: usize, n_clusters: usize) {
    let samples = rows(values, n_features);
    let batch: Vec<i64> = noise(7001, 5).iter().map(|x| (x.abs() * 5000.0) as i64).collect();
    let weights: Vec<f64> = noise(7001, 13).iter().map(|x| x.abs()).collect();
    let step = |level: Level, n_threads: usize| {
        let (mut centers, mut weight_sums) = (first_samples(&samples, n_clusters), vec![1.0; n_clusters]);
        let weights = Weights::new(Some(&weights), batch.len()).unwrap();
        let inertia = run_at(level, n_threads, |exec| {
            minibatch_step(exec, &samples, Some(&batch), weights, &mut centers, &mut weight_sums).unwrap()
        });
        (centers, weight_sums, inertia)
    };
    let mut steps = fused_levels().into_iter().flat_map(|level| [1, 2, 4, 7].map(|n_threads| step(level, n_threads)));
    if let Some(first) = steps.next() {
        assert!(steps.all(|other| other == first));
    }
}

#[test]
fn a_step_that_is_stopped_changes_nothing() {
    let values = noise(3000, 1);
    let interrupt = Interrupt::default();
    interrupt.raise();
    let exec = Exec { level: simd::level(), interrupt: &interrupt };
    let (mut centers, mut weight_sums) = (vec![0.0, 1.0], vec![0.0, 0.0]);
    let stopped = minibatch_step(&exec, &rows(&values, 1), None, Weights::Unit, &mut centers, &mut weight_sums);
    assert_eq!(stopped.unwrap_err(), Error::Interrupted);
    assert_eq!((centers, weight_sums), (vec![0.0, 1.0], vec![0.0, 0.0]));
}

#[test]
fn wrong_input_is_named() {
    let values = [1.0, 2.0, 3.0, 4.0];
    let failed = |batch: &[i64], centers: &mut [f64], weight_sums: &mut [f64]| {
        run(|exec| minibatch_step(exec, &rows(&values, 2), Some(batch), Weights::Unit, centers, weight_sums))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(failed(&[2], &mut [0.0; 2], &mut [0.0]), "'rows' is 2, but must be from 0 to 1");
    assert_eq!(failed(&[0, -1], &mut [0.0; 2], &mut [0.0]), "'rows' is -1, but must be from 0 to 1");
    assert_eq!(failed(&[0], &mut [0.0; 2], &mut [0.0; 2]), "'weight_sums' has 2 sums, but 1 are needed");
    assert_eq!(failed(&[0], &mut [0.0; 3], &mut [0.0]), "'centers' has 3 values, but its shape 2 x 2 needs 4");
}
