//! The best of several runs, and fits of distinct values.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "the bits are what is tested")]

mod common;

use clast_core::kmeans::{self, Best, Reorder, Restarts, Stop};
use clast_core::{Element, Exec, Layout, Samples, Weights};
use common::{first_samples, fit, noise, rows, run, to_planes};

const STOP: Stop = Stop { max_iter: 30, tol: 0.0 };

fn best_of<T: Element>(exec: &Exec<'_>, samples: &Samples<'_, T>, starts: &[&[f64]]) -> Option<Best> {
    let restarts = Restarts { starts, stop: STOP };
    kmeans::fit_best(exec, samples, Weights::Unit, Reorder::Never, restarts, None).unwrap()
}

#[test]
fn the_run_with_the_smallest_inertia_is_kept() {
    let values = [0.0, 1.0, 10.0, 11.0, 20.0, 21.0];
    let samples = rows(&values, 1);
    let starts: [&[f64]; 3] = [&[0.0, 1.0, 15.0], &[0.0, 10.0, 20.0], &[20.0, 0.0, 10.0]];
    run(|exec| {
        let best = best_of(exec, &samples, &starts).unwrap();
        // The third run finds the same clusters under other names: the second stays.
        assert_eq!((best.fit.inertia, best.labels), (1.5, vec![0, 0, 1, 1, 2, 2]));
        let each = starts.map(|centers| fit(exec, &samples, Weights::Unit, centers, STOP).unwrap().0.n_iter);
        assert_eq!(best.report.n_iter, each.iter().sum::<usize>());
        assert!(best_of(exec, &samples, &[]).is_none());
    });
}

/// Values and counts give the bits of all samples: sums of integers are exact, whatever their order.
#[test]
fn few_distinct_values_give_the_fit_of_all_samples() {
    let levels = |n: usize, steps: f64, seed| noise(n, seed).into_iter().map(move |x| (x * steps) as i16);
    let grey: Vec<u16> = levels(30_000, 900.0, 1).map(|x| (x + 1000) as u16).collect();
    let signed: Vec<i16> = levels(30_000, 50.0, 2).collect();
    let colour: Vec<u8> = levels(3 * 400_000, 9.0, 3).map(|x| (x + 100) as u8).collect();
    values_give_the_fit_of_samples(&rows(&grey, 1), 7);
    values_give_the_fit_of_samples(&rows(&signed, 1), 5);
    values_give_the_fit_of_samples(&rows(&colour, 3), 6);
    let planes = to_planes(&colour, 3);
    values_give_the_fit_of_samples(&Samples::new(&planes, 400_000, 3, Layout::Planes).unwrap(), 6);
}

fn values_give_the_fit_of_samples<T: Element>(samples: &Samples<'_, T>, n_clusters: usize) {
    // One center far away: its cluster is empty at first, and one sample must move there.
    let mut centers = first_samples(samples, n_clusters);
    centers[..samples.n_features()].fill(1e5);
    run(|exec| {
        let best = best_of(exec, samples, &[&centers]).unwrap();
        let (plain, labels) = fit(exec, samples, Weights::Unit, &centers, STOP).unwrap();
        assert!(best.report.n_points * 8 <= samples.n_samples());
        assert_eq!((best.fit.centers, best.fit.n_iter), (plain.centers, plain.n_iter));
        assert_eq!(best.labels, labels);
        assert!((best.fit.inertia - plain.inertia).abs() <= 1e-12 * plain.inertia);
    });
}

#[test]
fn values_that_hardly_repeat_are_read_as_they_are() {
    let colours: Vec<u8> = noise(3 * 400_000, 3).iter().map(|x| (x * 127.0 + 127.0) as u8).collect();
    let few: Vec<u8> = vec![1, 2, 3, 4];
    run(|exec| {
        for (samples, n_points) in [(rows(&colours, 3), 400_000), (rows(&few, 1), 4)] {
            let centers = first_samples(&samples, 2);
            assert_eq!(best_of(exec, &samples, &[&centers]).unwrap().report.n_points, n_points);
        }
    });
}
