//! Iterations that skip samples against iterations that read them all, and against plain loops.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "the bits are what is tested")]

mod common;

use clast_core::kmeans::{Fit, Reorder, Runs, Stop};
use clast_core::{Layout, Samples, Weights};
use common::{
    bits, first_samples, fit, fit_reordered, fused_levels, lloyd_scalar, noise, quarters, rows, run, run_at, to_planes,
};
use proptest::prelude::*;

const STOP: Stop = Stop { max_iter: 30, tol: 0.0 };

/// Number of samples around the edges of blocks, groups and units, features, clusters and a seed.
fn shapes() -> impl Strategy<Value = (usize, usize, usize, u64)> {
    (
        prop_oneof![1_usize..300, 500_usize..530, 4090_usize..4100, 8000_usize..9000],
        1_usize..9,
        1_usize..20,
        any::<u64>(),
    )
        .prop_map(|(n, d, k, seed)| (n, d, k.min(n), seed))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// On quarters every sum is exact and ties are real: labels and centers are equal, not close.
    #[test]
    fn a_run_is_that_of_plain_loops((n, d, k, seed) in shapes(), weighted in any::<bool>(), planes in any::<bool>()) {
        let values = quarters(n, d, seed);
        let weights: Vec<f64> = noise(n, seed ^ 7).iter().map(|x| (x * 4.0).round().abs()).collect();
        prop_assume!(!weighted || weights.iter().any(|weight| *weight > 0.0));
        let weights = Weights::new(weighted.then_some(&weights[..]), n).unwrap();
        let stored = if planes { to_planes(&values, d) } else { values.clone() };
        let layout = if planes { Layout::Planes } else { Layout::RowMajor };
        let samples = Samples::new(&stored, n, d, layout).unwrap();
        let centers = first_samples(&samples, k);
        let (labels, expected, inertia, n_iter) = lloyd_scalar(&values, d, weights, &centers, STOP);
        let (found, found_labels) =
            run(|exec| fit_reordered(exec, &samples, weights, &centers, STOP, Reorder::Always)).unwrap();
        prop_assert_eq!(found.n_iter, n_iter);
        prop_assert_eq!(found_labels, labels);
        prop_assert_eq!(found.centers, expected);
        prop_assert!((found.inertia - inertia).abs() <= 1e-12 * inertia);
    }

    #[test]
    fn integers_give_the_bits_of_their_floats((n, d, k, seed) in shapes()) {
        let bytes: Vec<u8> = noise(n * d, seed).iter().map(|x| (x * 127.0 + 127.0) as u8).collect();
        let floats: Vec<f64> = bytes.iter().map(|x| f64::from(*x)).collect();
        let centers = first_samples(&rows(&floats, d), k);
        let (a, b) = run(|exec| {
            let fit = |samples: &Samples<'_, u8>| {
                fit_reordered(exec, samples, Weights::Unit, &centers, STOP, Reorder::Always).unwrap()
            };
            (fit(&rows(&bytes, d)), {
                fit_reordered(exec, &rows(&floats, d), Weights::Unit, &centers, STOP, Reorder::Always).unwrap()
            })
        });
        prop_assert_eq!(bits(&a.0, &a.1), bits(&b.0, &b.1));
    }
}

#[test]
fn threads_and_levels_do_not_change_a_bit() {
    let values = noise(70_001 * 3, 11);
    let samples = rows(&values, 3);
    let centers = first_samples(&samples, 17);
    let stop = Stop { max_iter: 6, tol: 0.0 };
    let mut runs = fused_levels().into_iter().flat_map(|level| [1, 2, 4, 7].map(|threads| (level, threads))).map(
        |(level, threads)| {
            let (fit, labels) = run_at(level, threads, |exec| {
                fit_reordered(exec, &samples, Weights::Unit, &centers, stop, Reorder::Always)
            })
            .unwrap();
            bits(&fit, &labels)
        },
    );
    if let Some(first) = runs.next() {
        assert!(runs.all(|other| other == first));
    }
}

/// With many clusters the samples are ordered once a run goes on, with few once it has gone on for long; the runs after it
/// are ordered from the start.
#[test]
fn ordering_begins_once_it_pays_and_leaves_the_answer_alone() {
    let values = quarters(40_000, 3, 5);
    let samples = rows(&values, 3);
    let stop = Stop { max_iter: 60, tol: 0.0 };
    for (n_clusters, n_plain) in [(12, 1), (3, 9)] {
        let starts = [first_samples(&samples, n_clusters), values[300..300 + 3 * n_clusters].to_vec()];
        run(|exec| {
            let mut runs = Runs::new(exec, &samples, Weights::Unit, Reorder::IfItPays);
            let mut reports = Vec::new();
            for centers in &starts {
                let found = runs.fit(centers, stop, 0, None).unwrap();
                let (plain, plain_labels) = fit(exec, &samples, Weights::Unit, centers, stop).unwrap();
                let Fit { n_iter, ref centers, .. } = found.fit;
                assert_eq!((n_iter, centers), (plain.n_iter, &plain.centers));
                assert_eq!(found.into_labels(), plain_labels);
                reports.push((n_iter, runs.report()));
            }
            let [(n_first, first), (n_second, second)] = reports[..] else { unreachable!() };
            assert_eq!((first.n_iter, first.n_iter_ordered), (n_first, n_first - n_plain));
            assert_eq!(second.n_iter_ordered - first.n_iter_ordered, n_second);
            let skipped = second.n_distances as f64 / second.n_distances_plain as f64;
            assert!(skipped < 0.5, "{skipped} of the distances computed");
        });
    }
}

/// Where more runs are to follow, they pay for an order from the start.
#[test]
fn restarts_are_ordered_from_the_start() {
    let values = quarters(40_000, 3, 5);
    let samples = rows(&values, 3);
    run(|exec| {
        let mut runs = Runs::new(exec, &samples, Weights::Unit, Reorder::IfItPays);
        let found = runs.fit(&first_samples(&samples, 4), STOP, 9, None).unwrap().fit;
        assert_eq!(runs.report().n_iter_ordered, found.n_iter);
    });
}

/// Neither final centers nor clusters that lie far apart are worth an order.
#[test]
fn a_run_that_ends_at_once_is_not_ordered() {
    let near = quarters(40_000, 3, 5);
    let far: Vec<f64> = near.iter().enumerate().map(|(i, value)| value + (i / 3 % 12 * 1000) as f64).collect();
    run(|exec| {
        let fit = |values: &[f64], centers: &[f64], reorder| {
            let samples = rows(values, 3);
            let mut runs = Runs::new(exec, &samples, Weights::Unit, reorder);
            let stop = Stop { max_iter: 300, tol: 0.0 };
            let found = runs.fit(centers, stop, 0, None).unwrap().fit;
            (found, runs.report())
        };
        let (found, _) = fit(&near, &near[..36], Reorder::Never);
        let (again, report) = fit(&near, &found.centers, Reorder::IfItPays);
        assert_eq!((again.n_iter, report.n_iter_ordered), (1, 0));
        let (found, report) = fit(&far, &far[..36], Reorder::IfItPays);
        assert_eq!((found.n_iter, report.n_iter_ordered), (2, 0));
    });
}

#[test]
fn wide_samples_are_read_as_they_lie() {
    let values = noise(9 * 5000, 3);
    let samples = rows(&values, 9);
    run(|exec| {
        let mut runs = Runs::new(exec, &samples, Weights::Unit, Reorder::Always);
        runs.fit(&first_samples(&samples, 4), STOP, 0, None).unwrap();
        assert_eq!(runs.report().n_iter_ordered, 0);
    });
}
