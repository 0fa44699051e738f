//! What several tests need: data, ways to run, and k-means as a few plain loops.

#![allow(dead_code, reason = "every test file uses some of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use clast_core::distance::{nearest_scalar, squared_distance};
use clast_core::kmeans::{Fit, Reorder, Runs, Stop};
use clast_core::simd::{self, Level};
use clast_core::{Element, Exec, Interrupt, Layout, Result, Samples, Weights};
use proptest::prelude::*;

/// Levels whose results must be the same bits as the scalar oracle's.
pub(crate) fn fused_levels() -> Vec<Level> {
    simd::levels().into_iter().filter(|level| simd::is_fused(*level)).collect()
}

/// Runs `work` at a level in a pool of `n_threads`.
pub(crate) fn run_at<O: Send>(level: Level, n_threads: usize, work: impl FnOnce(&Exec<'_>) -> O + Send) -> O {
    let interrupt = Interrupt::default();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
    pool.install(|| work(&Exec { level, interrupt: &interrupt }))
}

/// Runs `work` at the level of this machine on one thread.
pub(crate) fn run<O: Send>(work: impl FnOnce(&Exec<'_>) -> O + Send) -> O {
    run_at(simd::level(), 1, work)
}

/// Clustered values in quarters, so that sums are exact in any order and ties are real.
pub(crate) fn quarters(n_samples: usize, n_features: usize, seed: u64) -> Vec<f64> {
    noise(n_samples * n_features, seed).into_iter().map(|x| (x * 64.0).round() / 4.0).collect()
}

/// Uniform numbers in [-1, 1).
pub(crate) fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        })
        .collect()
}

/// A matrix stored plane by plane.
pub(crate) fn to_planes<T: Copy>(values: &[T], n_features: usize) -> Vec<T> {
    (0..n_features).flat_map(|f| values.iter().skip(f).step_by(n_features).copied()).collect()
}

/// Number of samples, number of features, number of clusters and a seed.
pub(crate) fn shapes() -> impl Strategy<Value = (usize, usize, usize, u64)> {
    let n_features = prop_oneof![3 => 1_usize..12, 1 => 12_usize..70];
    let n_clusters = prop_oneof![3 => 1_usize..14, 1 => 14_usize..50];
    (1_usize..700, n_features, n_clusters, any::<u64>())
        .prop_map(|(n_samples, n_features, n_clusters, seed)| (n_samples, n_features, n_clusters.min(n_samples), seed))
}

/// The first samples as centers.
pub(crate) fn first_samples<T: Element>(samples: &Samples<'_, T>, n_clusters: usize) -> Vec<f64> {
    (0..n_clusters).flat_map(|index| samples.row_f64(index)).collect()
}

/// A fit and its labels.
pub(crate) fn fit<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    centers: &[f64],
    stop: Stop,
) -> Result<(Fit, Vec<i32>)> {
    fit_reordered(exec, samples, weights, centers, stop, Reorder::Never)
}

/// The same with a choice whether the samples are ordered in space.
pub(crate) fn fit_reordered<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    centers: &[f64],
    stop: Stop,
    reorder: Reorder,
) -> Result<(Fit, Vec<i32>)> {
    let found = Runs::new(exec, samples, weights, reorder).fit(centers, stop, 0, None)?;
    Ok((found.fit.clone(), found.into_labels()))
}

/// Everything a fit returns, as bits.
pub(crate) fn bits(fit: &Fit, labels: &[i32]) -> (Vec<u64>, u64, usize, bool, Vec<i32>) {
    let centers = fit.centers.iter().map(|x| x.to_bits()).collect();
    (centers, fit.inertia.to_bits(), fit.n_iter, fit.strict_convergence, labels.to_vec())
}

/// Lloyd's algorithm as plain loops: labels, centers, inertia and iterations.
pub(crate) fn lloyd_scalar(
    values: &[f64],
    n_features: usize,
    weights: Weights<'_>,
    centers: &[f64],
    stop: Stop,
) -> (Vec<i32>, Vec<f64>, f64, usize) {
    let mut centers = centers.to_vec();
    let mut labels = vec![-1; values.len() / n_features];
    let mut n_iter = 0;
    while n_iter < stop.max_iter {
        n_iter += 1;
        let found = assign_scalar(values, n_features, &centers);
        let unchanged = found == labels;
        labels = found;
        let moved = average_scalar(values, n_features, weights, &labels, &centers);
        let shift: f64 = moved.iter().zip(&centers).map(|(a, b)| (a - b) * (a - b)).sum();
        centers = moved;
        if unchanged || shift <= stop.tol {
            break;
        }
    }
    labels = assign_scalar(values, n_features, &centers);
    let own = |(i, x): (usize, &[f64])| {
        weights.get(i) * squared_distance(x, &centers[labels[i] as usize * n_features..][..n_features])
    };
    let inertia = values.chunks_exact(n_features).enumerate().map(own).sum();
    (labels, centers, inertia, n_iter)
}

fn assign_scalar(values: &[f64], n_features: usize, centers: &[f64]) -> Vec<i32> {
    values.chunks_exact(n_features).map(|x| nearest_scalar(x, centers).0).collect()
}

/// Means of clusters, empty ones moved to the farthest samples.
fn average_scalar(values: &[f64], d: usize, weights: Weights<'_>, labels: &[i32], centers: &[f64]) -> Vec<f64> {
    let n_clusters = centers.len() / d;
    let mut totals = vec![0.0; n_clusters];
    let mut sums = vec![0.0; centers.len()];
    for (i, x) in values.chunks_exact(d).enumerate() {
        let label = labels[i] as usize;
        totals[label] += weights.get(i);
        for f in 0..d {
            sums[label * d + f] += weights.get(i) * x[f];
        }
    }
    let mut far: Vec<(f64, usize)> = values
        .chunks_exact(d)
        .enumerate()
        .map(|(i, x)| (squared_distance(x, &centers[labels[i] as usize * d..][..d]), i))
        .collect();
    far.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let empty: Vec<usize> = (0..n_clusters).filter(|j| totals[*j] == 0.0).collect();
    if far[0].0 > 0.0 {
        for (to, (_, i)) in empty.into_iter().zip(far) {
            let from = labels[i] as usize;
            for f in 0..d {
                sums[from * d + f] -= values[i * d + f] * weights.get(i);
                sums[to * d + f] = values[i * d + f] * weights.get(i);
            }
            totals[from] -= weights.get(i);
            totals[to] = weights.get(i);
        }
    }
    let mut heaviest = 0;
    for j in 0..n_clusters {
        if totals[j] > totals[heaviest] {
            heaviest = j;
        }
    }
    (0..centers.len())
        .map(|i| {
            let j = if totals[i / d] > 0.0 { i / d } else { heaviest };
            sums[j * d + i % d] / totals[j]
        })
        .collect()
}

/// A row-major view; the shape must fit.
pub(crate) fn rows<T: Element>(values: &[T], n_features: usize) -> Samples<'_, T> {
    Samples::new(values, values.len() / n_features, n_features, Layout::RowMajor).unwrap()
}
