//! How far the samples of each cluster lie from its mean.

use rayon::prelude::*;

use crate::chunks::Chunks;
use crate::distance::{Centers, OwnDistances};
use crate::features::MAX_FEATURES;
use crate::kmeans::Sums;
use crate::labels::{check_count, check_range};
use crate::simd::Tile;
use crate::{Element, Exec, Result, Samples, Weights};

/// Copies of the sums that take turns: an addition would otherwise wait for the one before it.
const TURNS: usize = 4;

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

/// Means of the clusters and distances from them in float64, from two reads of the samples: the second takes deviations
/// from the means themselves, so nothing cancels.
///
/// `labels` are from 0 to `n_clusters - 1`.
///
/// # Errors
/// [`crate::Error::Mismatch`] and [`crate::Error::Range`] for labels that do not fit, [`crate::Error::Interrupted`].
pub fn dispersions<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    labels: &[i32],
    n_clusters: usize,
    weights: Weights<'_>,
) -> Result<Dispersions> {
    check_count(samples, labels)?;
    check_range(labels, n_clusters)?;
    let sums = cluster_sums(exec, samples, labels, n_clusters, weights)?;
    let mut means = vec![0.0; n_clusters * samples.n_features()];
    sums.centers(&mut means);
    let centers = Centers::new(&means, samples.n_features())?;
    let (squares, distances) = deviations(exec, samples, labels, &centers, weights)?;
    let weights = (0..n_clusters).map(|cluster| sums.weight(cluster)).collect();
    Ok(Dispersions { weights, means, squares, distances })
}

fn cluster_sums<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    labels: &[i32],
    n_clusters: usize,
    weights: Weights<'_>,
) -> Result<Sums> {
    let n_features = samples.n_features();
    let chunks = Chunks::new(samples.n_samples(), n_clusters);
    let partials = (0..chunks.count())
        .into_par_iter()
        .map(|chunk| {
            exec.check()?;
            let mut sums = Sums::new(n_clusters, n_features);
            let mut tile = Tile::<f64>::new(n_features);
            let range = chunks.range(chunk);
            for start in range.clone().step_by(tile.capacity()) {
                let end = (start + tile.capacity()).min(range.end);
                let labels = &labels[start..end];
                if n_features <= MAX_FEATURES {
                    tile.load(exec.level, samples, start..end);
                    tile.set_labels(labels);
                    sums.add_tile(exec.level, weights.slice(start, labels.len()), &tile, labels, None);
                } else {
                    sums.add(exec.level, samples, weights, start, None, labels);
                }
            }
            Ok(sums)
        })
        .collect::<Result<Vec<_>>>()?;
    let mut total = Sums::new(n_clusters, n_features);
    for sums in &partials {
        total.merge(sums);
    }
    Ok(total)
}

/// Weighted sums of squared distances, and of distances, to the own centers.
fn deviations<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    labels: &[i32],
    centers: &Centers<f64>,
    weights: Weights<'_>,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let n_clusters = centers.n_clusters();
    let chunks = Chunks::new(samples.n_samples(), n_clusters);
    let partials = (0..chunks.count())
        .into_par_iter()
        .map(|chunk| {
            exec.check()?;
            let mut own = OwnDistances::new(exec.level, centers);
            let mut sums = vec![[0.0; 2]; n_clusters * TURNS];
            let range = chunks.range(chunk);
            for start in range.clone().step_by(own.block()) {
                let labels = &labels[start..(start + own.block()).min(range.end)];
                let squares = own.compute(samples, start, labels);
                for (i, (square, label)) in squares.iter().zip(labels).enumerate() {
                    let weight = weights.get(start + i);
                    let sum = &mut sums[i % TURNS * n_clusters + *label as usize];
                    sum[0] += weight * square;
                    sum[1] += weight * square.sqrt();
                }
            }
            Ok(sums)
        })
        .collect::<Result<Vec<_>>>()?;
    let (mut squares, mut distances) = (vec![0.0; n_clusters], vec![0.0; n_clusters]);
    for turn in partials.iter().flat_map(|sums| sums.chunks_exact(n_clusters)) {
        for (cluster, [square, distance]) in turn.iter().enumerate() {
            squares[cluster] += square;
            distances[cluster] += distance;
        }
    }
    Ok((squares, distances))
}
