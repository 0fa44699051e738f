//! Silhouettes: how much closer each sample is to its own cluster than to the next one.
//!
//! `s = (b - a) / max(a, b)`, where `a` is the mean distance to the other samples of the own cluster and `b` the smallest
//! mean distance to the samples of another one; 0 for the only sample of a cluster.
//!
//! Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis", Journal of
//! Computational and Applied Mathematics 20, 1987.

mod every;
mod grouped;
mod line;
mod pairs;
mod simplified;
mod some;
#[cfg(test)]
mod tests;

use grouped::Grouped;
pub use simplified::simplified_silhouettes;

use crate::labels::{check_count, check_range};
use crate::{Element, Exec, Result, Samples, Weights};

/// The silhouette of every sample, shape (`n_samples`,), from the distances of all pairs.
///
/// `labels` are from 0 to `n_clusters - 1`, each of them taken. Weights count repetitions: a sample of weight 2 is two
/// samples.
///
/// Cost: half a distance for each pair of distinct samples of a cluster; `O(n log n + n k)` for a single feature. Memory:
/// the distinct samples in float64, and a few numbers for each.
///
/// # Errors
/// [`crate::Error::Mismatch`] and [`crate::Error::Range`] for labels that do not fit, [`crate::Error::Interrupted`].
pub fn silhouettes<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    labels: &[i32],
    n_clusters: usize,
    weights: Weights<'_>,
) -> Result<Vec<f64>> {
    check_count(samples, labels)?;
    check_range(exec.level, labels, n_clusters)?;
    let (grouped, places) = Grouped::distinct(exec, samples, labels, n_clusters, weights)?;
    let means = if samples.n_features() == 1 { line::means(exec, &grouped) } else { every::means(exec, &grouped) }?;
    Ok(places.into_iter().map(|place| means.silhouette(place as usize)).collect())
}

/// The silhouettes of the samples in `rows` among all samples, shape (`rows.len()`,).
///
/// Cost: a distance for each pair of a row and a distinct sample of a cluster. Memory: as [`silhouettes`], and a number
/// for each row and cluster.
///
/// # Errors
/// As [`silhouettes`], and [`crate::Error::Range`] for rows that do not exist.
pub fn silhouettes_of_rows<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    labels: &[i32],
    n_clusters: usize,
    weights: Weights<'_>,
    rows: &[i64],
) -> Result<Vec<f64>> {
    check_count(samples, labels)?;
    check_range(exec.level, labels, n_clusters)?;
    samples.check_rows(rows)?;
    let (grouped, places) = Grouped::distinct(exec, samples, labels, n_clusters, weights)?;
    let weights: Vec<f64> = rows.iter().map(|row| grouped.weights()[places[*row as usize] as usize]).collect();
    some::silhouettes(exec, samples, labels, rows, &weights, &grouped)
}

/// Mean distance of each grouped sample to its own cluster and to the nearest other one.
struct Means {
    own: Vec<f64>,
    other: Vec<f64>,
}

impl Means {
    fn silhouette(&self, place: usize) -> f64 {
        silhouette(self.own[place], self.other[place])
    }
}

/// 0 where a sample has no other in its cluster, or in any other cluster (a mean is infinite then), and where all
/// distances are 0.
fn silhouette(own: f64, other: f64) -> f64 {
    let largest = own.max(other);
    if largest.is_finite() && largest > 0.0 { (other - own) / largest } else { 0.0 }
}

/// Mean distance to the other samples of the own cluster, infinite if there are none; a sample of more than weight 1 has
/// its repetitions as others, at distance 0.
fn own_mean(sum: f64, cluster_weight: f64, weight: f64) -> f64 {
    let others = cluster_weight - weight.min(1.0);
    if others > 0.0 { sum / others } else { f64::INFINITY }
}
