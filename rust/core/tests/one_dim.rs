//! k-means in one dimension against the program that compares all starts, and against all cuts.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use clast_core::kmeans1d::{self, Fit, Points, Scalar};
use clast_core::{Element, Error, Exec, Interrupt, Layout, Samples, Weights, simd};
use common::{noise, rows, run, run_at};
use proptest::prelude::*;

fn fit<T: Scalar>(exec: &Exec<'_>, values: &[T], weights: Weights<'_>, n_clusters: usize) -> (Fit, Vec<i32>) {
    let mut labels = vec![-1; values.len()];
    let fit = kmeans1d::fit(exec, &rows(values, 1), weights, n_clusters, &mut labels).unwrap();
    (fit, labels)
}

/// Mean and cost of one cluster, in two passes around its first value.
fn cluster(points: &[(f64, f64)]) -> (f64, f64) {
    let reference = points[0].0;
    let weight: f64 = points.iter().map(|(_, w)| w).sum();
    let mean = points.iter().map(|(x, w)| w * (x - reference)).sum::<f64>() / weight;
    let cost = points.iter().map(|(x, w)| w * (x - reference - mean) * (x - reference - mean)).sum();
    (reference + mean, cost)
}

/// Least costs of the first 1, 2, ... points in `n_clusters` clusters, over all starts of the last cluster.
fn best_costs_scalar(points: &[(f64, f64)], n_clusters: usize) -> Vec<f64> {
    if n_clusters == 1 {
        return (0..points.len()).map(|end| cluster(&points[..=end]).1).collect();
    }
    let previous = best_costs_scalar(points, n_clusters - 1);
    let with_start = |start: usize, end: usize| previous[start - 1] + cluster(&points[start..=end]).1;
    (0..points.len()).map(|end| (1..=end).map(|s| with_start(s, end)).fold(f64::INFINITY, f64::min)).collect()
}

/// Sorted distinct values with the sum of their weights.
fn distinct(values: &[f64], weights: Weights<'_>) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = (0..values.len()).map(|i| (values[i], weights.get(i))).collect();
    points.retain(|(_, weight)| *weight > 0.0);
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points.dedup_by(|later, first| {
        later.0 <= first.0 && {
            first.1 += later.1;
            true
        }
    });
    points
}

fn check<T: Scalar>(values: &[T], weights: Weights<'_>, n_clusters: usize) {
    let exact: Vec<f64> = values.iter().map(|value| value.to_real()).collect();
    let points = distinct(&exact, weights);
    let n_clusters = n_clusters.min(points.len());
    let (fit, labels) = run(|exec| fit(exec, values, weights, n_clusters));
    let best = best_costs_scalar(&points, n_clusters)[points.len() - 1];
    assert!((fit.inertia - best).abs() <= 1e-11 * best, "{} is not {best}", fit.inertia);
    assert!(fit.centers.is_sorted() && fit.thresholds.is_sorted());
    for (value, label) in exact.iter().zip(&labels) {
        let distance = |center: &f64| (value - center).abs();
        let nearest = fit.centers.iter().map(distance).fold(f64::INFINITY, f64::min);
        assert!(distance(&fit.centers[*label as usize]) <= nearest * (1.0 + 1e-12));
    }
    for (label, center) in fit.centers.iter().enumerate() {
        let own = |x: f64| fit.thresholds.partition_point(|threshold| *threshold < x) == label;
        let members: Vec<(f64, f64)> = points.iter().copied().filter(|(x, _)| own(*x)).collect();
        let (mean, _) = cluster(&members);
        assert!((center - mean).abs() <= 1e-12 * mean.abs().max(members[members.len() - 1].0 - members[0].0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_cut_is_better(n in 1_usize..45, k in 1_usize..12, seed: u64, offset in prop_oneof![Just(0.0), -1e9..1e9],
                        levels in prop_oneof![Just(6.0), Just(100.0), Just(1e9)], weighted: bool) {
        let unit = noise(n, seed);
        let weights: Vec<f64> = noise(n, seed ^ 1).iter().map(|w| (w * 4.0).round().max(0.0) + 1e-3).collect();
        let weights = Weights::new(weighted.then_some(&weights[..]), n).unwrap();
        let steps: Vec<f64> = unit.iter().map(|x| (x * levels).round()).collect();
        check(&steps.iter().map(|x| x + offset).collect::<Vec<f64>>(), weights, k);
        check(&steps.iter().map(|x| (x + offset) as f32).collect::<Vec<f32>>(), weights, k);
        check(&steps.iter().map(|x| (x + 100.0) as u8).collect::<Vec<u8>>(), weights, k);
        check(&steps.iter().map(|x| (x * 37.0) as i16).collect::<Vec<i16>>(), weights, k);
        check(&steps.iter().map(|x| (x * 37.0 + 5000.0) as u16).collect::<Vec<u16>>(), weights, k);
    }

    #[test]
    fn an_outlier_costs_the_others_no_digits(n in 4_usize..25, k in 2_usize..6, seed: u64, power in 0_i32..150) {
        let mut values = noise(n, seed);
        let sign = if seed % 2 == 0 { 1.0 } else { -1.0 };
        values.push(sign * 10_f64.powi(power) + 2.0);
        check(&values, Weights::Unit, k);
    }

    #[test]
    fn neither_huge_nor_tiny_numbers_matter(n in 2_usize..25, k in 1_usize..6, seed: u64, power in -450_i32..450) {
        let (values, weights) = (noise(n, seed), vec![0.75; n]);
        let k = k.min(n);
        let scaled: Vec<f64> = values.iter().map(|x| x * 2_f64.powi(power)).collect();
        let light = vec![0.75 * 2_f64.powi(-2 * power); n];
        let (fit_plain, labels) = run(|exec| fit(exec, &values, Weights::Each(&weights), k));
        let (fit_scaled, labels_scaled) = run(|exec| fit(exec, &scaled, Weights::Each(&light), k));
        prop_assert_eq!(labels, labels_scaled);
        prop_assert_eq!(fit_plain.inertia.to_bits(), fit_scaled.inertia.to_bits());
    }
}

/// Costs of clusters of integer points from exact prefix sums.
struct ExactCosts(Vec<[i128; 3]>);

impl ExactCosts {
    fn new(points: &[(i64, i64)]) -> Self {
        let mut sums = vec![[0; 3]];
        for (value, weight) in points {
            let (value, weight) = (i128::from(*value), i128::from(*weight));
            let [w, s, q] = sums[sums.len() - 1];
            sums.push([w + weight, s + weight * value, q + weight * value * value]);
        }
        Self(sums)
    }

    fn of(&self, start: usize, end: usize) -> f64 {
        let [weight, sum, squares] = std::array::from_fn(|i| self.0[end][i] - self.0[start][i]);
        (squares * weight - sum * sum) as f64 / weight as f64
    }

    /// Fills the least costs of `ends`, whose best starts lie between `low` and `high`.
    fn row(&self, previous: &[f64], ends: std::ops::Range<usize>, low: usize, high: usize, costs: &mut [f64]) {
        if ends.is_empty() {
            return;
        }
        let end = usize::midpoint(ends.start, ends.end);
        let with = |start: usize| (previous[start] + self.of(start, end), start);
        let (cost, start) = (low..=high.min(end - 1)).map(with).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        costs[end] = cost;
        self.row(previous, ends.start..end, low, start, costs);
        self.row(previous, end + 1..ends.end, start, high, costs);
    }

    fn best(&self, n_clusters: usize) -> f64 {
        let n = self.0.len() - 1;
        let mut costs: Vec<f64> = (0..=n).map(|end| if end == 0 { 0.0 } else { self.of(0, end) }).collect();
        for used in 1..n_clusters {
            let mut next = vec![f64::INFINITY; n + 1];
            self.row(&costs, used + 1..n + 1, used, n - 1, &mut next);
            costs = next;
        }
        costs[n]
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn of_many_points_no_cut_is_better(n in 4000_usize..24_000, k in 2_usize..20, seed: u64, shape in 0..6, weighted: bool) {
        let unit = noise(2 * n, seed);
        let value = |i: usize| match shape {
            0 => unit[i] * 1e7,
            1 => (unit[i] * unit[i] * unit[i]) * 1e7,
            2 => (unit[i] + 5.0 * unit[n + i / 2000].round()) * 1e6,
            3 => (unit[i] * 24.0).exp2() * unit[i].signum() * 100.0,
            4 if i < 5 => (unit[i] + 3.0) * 1e11,
            5 => (unit[i] / (unit[n + i].abs() + 1e-6)) * 1e4,
            _ => unit[i] * 1e5,
        };
        let mut values: Vec<i64> = (0..n).map(|i| value(i).round() as i64).collect();
        values.sort_unstable();
        values.dedup();
        let heavy = |i: usize| if i.is_multiple_of(997) { 1 << 20 } else { 1 + (unit[n + i].abs() * 50.0) as i64 };
        let points: Vec<(i64, i64)> =
            values.into_iter().enumerate().map(|(i, value)| (value, if weighted { heavy(i) } else { 1 })).collect();
        let floats = Points::new(points.iter().map(|(value, weight)| (*value as f64, *weight as f64))).unwrap();
        let starts = run(|exec| kmeans1d::partition(exec, &floats, k)).unwrap();
        let exact = ExactCosts::new(&points);
        let edges: Vec<usize> = [0].into_iter().chain(starts).chain([points.len()]).collect();
        prop_assert_eq!(edges.len(), k + 1);
        let found: f64 = edges.windows(2).map(|pair| exact.of(pair[0], pair[1])).sum();
        let best = exact.best(k);
        prop_assert!((found - best).abs() <= 1e-12 * best, "{} is not {}", found, best);
    }
}

/// All bits of a result.
fn bits((fit, labels): (Fit, Vec<i32>)) -> (Vec<u64>, u64, Vec<i32>) {
    let floats = fit.centers.iter().chain(&fit.thresholds).map(|x| x.to_bits()).collect();
    (floats, fit.inertia.to_bits(), labels)
}

#[test]
fn threads_give_the_same_bits() {
    let values: Vec<f64> = noise(200_003, 5).iter().map(|x| (x * 3e4).round() * 0.1).collect();
    let shorts: Vec<u16> = noise(200_003, 6).iter().map(|x| (x * 3e4 + 3e4) as u16).collect();
    let weights: Vec<f64> = noise(200_003, 7).iter().map(|x| x.abs()).collect();
    let all = |exec: &Exec<'_>| {
        [Weights::Unit, Weights::Each(&weights)]
            .map(|weights| (bits(fit(exec, &values, weights, 9)), bits(fit(exec, &shorts, weights, 6))))
    };
    let alone = run_at(simd::level(), 1, all);
    for n_threads in [2, 3, 7] {
        assert_eq!(run_at(simd::level(), n_threads, all), alone);
    }
}

#[test]
fn as_many_clusters_as_values() {
    let (fit, labels) = run(|exec| fit(exec, &[5.0, -1.0, 5.0, 2.0, 2.0], Weights::Unit, 3));
    assert_eq!((fit.centers, fit.inertia, fit.thresholds), (vec![-1.0, 2.0, 5.0], 0.0, vec![0.5, 3.5]));
    assert_eq!(labels, [2, 0, 2, 1, 1]);
}

#[test]
fn neighbouring_floats_are_told_apart() {
    let values = [1.0, 1.0_f64.next_up(), 1.0_f64.next_up().next_up()];
    let (fit, labels) = run(|exec| fit(exec, &values, Weights::Unit, 3));
    assert_eq!((fit.centers, labels), (values.to_vec(), vec![0, 1, 2]));
}

#[test]
fn zeros_of_either_sign_are_one_value() {
    assert_eq!(Points::new([(-1.0, 1.0), (-0.0, 1.0), (0.0, 1.0)]).unwrap().len(), 2);
}

#[test]
fn arguments_that_do_not_fit() {
    fn refusal<T: Scalar>(values: &[T], n_features: usize, n_clusters: usize) -> String {
        let samples = Samples::new(values, values.len() / n_features, n_features, Layout::RowMajor).unwrap();
        let mut labels = vec![0; samples.n_samples()];
        let refused = run(|exec| kmeans1d::fit(exec, &samples, Weights::Unit, n_clusters, &mut labels));
        refused.unwrap_err().to_string()
    }
    let needed = "must be between 1 and 2, the number of distinct values";
    assert_eq!(refusal(&[1.0, 2.0, 1.0], 1, 3), format!("'n_clusters' is 3, but {needed}"));
    assert_eq!(refusal(&[1_u8, 2, 1], 1, 0), format!("'n_clusters' is 0, but {needed}"));
    for wrong in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(refusal(&[1.0, wrong, 2.0], 1, 2), format!("'values' is {wrong}, but must be finite"));
    }
    assert_eq!(refusal(&[1.0, 2.0], 2, 1), "'n_features' is 2, but must be 1");
    let short = run(|exec| kmeans1d::fit(exec, &rows(&[1.0, 2.0], 1), Weights::Unit, 1, &mut [0]));
    assert_eq!(short.unwrap_err().to_string(), "'labels' has 1 labels, but 2 are needed");
    assert_eq!(
        Points::new([(2.0, 1.0), (1.0, 1.0)]).unwrap_err().to_string(),
        "'values' is 1 after a larger value, but must be ascending"
    );
    for wrong in [f64::INFINITY, f64::MAX] {
        let refused = Points::new([(1.0, wrong), (1.0, f64::MAX)]).unwrap_err().to_string();
        assert_eq!(refused, "'weights' is inf, but must be finite in all");
    }
}

fn stopped<T: Scalar + Element>(exec: &Exec<'_>, values: &[T], weights: Weights<'_>) -> bool {
    let mut labels = vec![0; values.len()];
    let fit = kmeans1d::fit(exec, &rows(values, 1), weights, 2, &mut labels);
    matches!(fit, Err(Error::Interrupted))
}

#[test]
fn a_raised_flag_stops_it() {
    let interrupt = Interrupt::default();
    interrupt.raise();
    let exec = Exec::new(&interrupt);
    let weights = [1.0; 3];
    assert!(stopped(&exec, &[1.0, 2.0, 3.0], Weights::Unit));
    assert!(stopped(&exec, &[1_u16, 2, 3], Weights::Unit));
    assert!(stopped(&exec, &[1_u16, 2, 3], Weights::Each(&weights)));
    let points = Points::new((0..10).map(|i| (f64::from(i), 1.0))).unwrap();
    assert!(matches!(kmeans1d::partition(&exec, &points, 4), Err(Error::Interrupted)));
}
