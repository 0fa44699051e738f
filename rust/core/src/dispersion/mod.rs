//! How far the samples of each cluster lie from its mean.

mod few;
mod many;

use crate::features::MAX_FEATURES;
use crate::labels::{check_count, check_range};
use crate::{Element, Exec, Result, Samples, Weights};

/// What scores of clusterings are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Dispersions {
    /// Total weight of each cluster, shape (`n_clusters`,).
    pub weights: Vec<f64>,
    /// Weighted mean of each cluster, shape (`n_clusters`, `n_features`).
    pub means: Vec<f64>,
    /// Weighted sum of the squared distances of its samples to it, shape (`n_clusters`,).
    pub squares: Vec<f64>,
    /// Weighted sum of the distances of its samples to it, shape (`n_clusters`,).
    pub distances: Vec<f64>,
}

/// Means of the clusters and squared distances from them in float64, and distances if wanted, else zeros.
///
/// `labels` are from 0 to `n_clusters - 1`; a cluster without weight has any mean. Few clusters of few features take one
/// read of the samples, and one more for distances; others take two.
///
/// # Errors
/// [`crate::Error::Mismatch`] and [`crate::Error::Range`] for labels that do not fit, [`crate::Error::Interrupted`].
pub fn dispersions<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    labels: &[i32],
    n_clusters: usize,
    weights: Weights<'_>,
    with_distances: bool,
) -> Result<Dispersions> {
    check_count(samples, labels)?;
    check_range(labels, n_clusters)?;
    if n_clusters <= few::MAX_CLUSTERS && samples.n_features() <= MAX_FEATURES {
        few::dispersions(exec, samples, labels, n_clusters, weights, with_distances)
    } else {
        many::dispersions(exec, samples, labels, n_clusters, weights)
    }
}
