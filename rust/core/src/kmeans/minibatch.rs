//! One step of mini-batch k-means (Sculley, 2010): each center becomes the mean of all samples it was ever given.

use std::ops::Range;

use rayon::prelude::*;

use super::sums::Sums;
use crate::chunks::Chunks;
use crate::distance::{Assigner, Centers, OwnDistances};
use crate::{Element, Error, Exec, Layout, Result, Samples, Weights};

/// Moves `centers`, shape (`n_clusters`, `n_features`), by one batch and adds the weight that each cluster was given to
/// `weight_sums`, shape (`n_clusters`,); returns the inertia of the batch before the move.
///
/// The batch is the samples of `rows`, repeated as they are repeated there, or all of them; `weights` belong to the
/// batch. Nothing has changed if it fails. Cost: `n_clusters * n_features` subtractions and fused multiply-adds per
/// sample of the batch; memory: a block of samples, and one row of sums per cluster and chunk.
///
/// # Errors
/// [`Error::Mismatch`] or [`Error::Length`] for shapes that do not fit, [`Error::Range`] for a row that does not exist,
/// [`Error::Interrupted`].
pub fn minibatch_step<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    rows: Option<&[i64]>,
    weights: Weights<'_>,
    centers: &mut [f64],
    weight_sums: &mut [f64],
) -> Result<f64> {
    let rounded = Centers::<T::Real>::new(centers, samples.n_features())?;
    let exact = Centers::<f64>::new(centers, samples.n_features())?;
    let n_clusters = rounded.n_clusters();
    if weight_sums.len() != n_clusters {
        let (got, needed) = (weight_sums.len(), n_clusters);
        return Err(Error::Mismatch { argument: "weight_sums", dimension: "sums", got, needed });
    }
    if let Some(rows) = rows {
        samples.check_rows(rows)?;
    }
    let n_samples = rows.map_or(samples.n_samples(), <[i64]>::len);
    let batch = Batch { exec, samples, rows, weights, rounded: &rounded, exact: &exact };
    let chunks = Chunks::new(n_samples, n_clusters);
    let partials = (0..chunks.count())
        .into_par_iter()
        .map(|chunk| batch.assign_and_sum(chunks.range(chunk)))
        .collect::<Result<Vec<_>>>()?;
    let mut sums = Sums::new(n_clusters, samples.n_features());
    let mut inertia = 0.0;
    for (partial, partial_inertia) in &partials {
        sums.merge(partial);
        inertia += partial_inertia;
    }
    move_centers(&sums, centers, weight_sums);
    Ok(inertia)
}

struct Batch<'a, T: Element> {
    exec: &'a Exec<'a>,
    samples: &'a Samples<'a, T>,
    rows: Option<&'a [i64]>,
    weights: Weights<'a>,
    /// The centers in the type of the samples, which decides the labels.
    rounded: &'a Centers<T::Real>,
    /// The same for the inertia.
    exact: &'a Centers<f64>,
}

impl<T: Element> Batch<'_, T> {
    /// Sums and inertia of one chunk of the batch.
    fn assign_and_sum(&self, range: Range<usize>) -> Result<(Sums, f64)> {
        self.exec.check()?;
        let mut assigner = Assigner::new(self.exec.level, self.rounded);
        let mut sums = Sums::new(self.rounded.n_clusters(), self.samples.n_features());
        let mut own = OwnDistances::new(self.exec.level, self.exact);
        let mut inertia = 0.0;
        let mut gathered = Vec::new();
        let mut labels = vec![0; assigner.block().min(range.len())];
        for start in range.clone().step_by(assigner.block()) {
            let block = start..(start + assigner.block()).min(range.end);
            let labels = &mut labels[..block.len()];
            // A block that was gathered stays in cache for all that is done with it.
            let (samples, weights, at) = match self.rows {
                None => (*self.samples, self.weights, start),
                Some(rows) => {
                    self.samples.gather(&rows[block.clone()], &mut gathered);
                    let shape = (block.len(), self.samples.n_features());
                    let samples = Samples::new(&gathered, shape.0, shape.1, Layout::RowMajor)?;
                    (samples, self.weights.slice(start, block.len()), 0)
                }
            };
            assigner.assign(&samples, at..at + block.len(), labels);
            sums.add(self.exec.level, &samples, weights, at, assigner.tile(), labels);
            inertia += own.inertia(&samples, weights, at, labels);
        }
        Ok((sums, inertia))
    }
}

/// The mean of the samples a center had before and those of the batch; a cluster without any of them stays.
fn move_centers(sums: &Sums, centers: &mut [f64], weight_sums: &mut [f64]) {
    let n_features = centers.len() / weight_sums.len();
    for (cluster, (center, before)) in centers.chunks_exact_mut(n_features).zip(weight_sums).enumerate() {
        let weight = sums.weight(cluster);
        if weight > 0.0 {
            let total = *before + weight;
            for (value, sum) in center.iter_mut().zip(sums.features(cluster)) {
                *value = (*value * *before + sum) / total;
            }
            *before = total;
        }
    }
}
