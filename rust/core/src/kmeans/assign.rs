//! What can be asked of given centers: labels, inertia, distances.

use rayon::prelude::*;

use crate::chunks::Chunks;
use crate::distance::{Assigner, Centers, OwnDistances, distances};
use crate::labels::check_count;
use crate::simd::Tile;
use crate::{Element, Error, Exec, Real, Result, Samples, Weights};

/// Writes the label of the center nearest to each sample, the lowest on ties; shape (`n_samples`,).
///
/// # Errors
/// [`Error::Mismatch`] or [`Error::Length`] for shapes that do not fit, [`Error::Interrupted`].
pub fn predict<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    centers: &[f64],
    labels_out: &mut [i32],
) -> Result<()> {
    check_count(samples, labels_out)?;
    let centers = Centers::<T::Real>::new(centers, samples.n_features())?;
    let length = Chunks::new(samples.n_samples(), 1).length();
    labels_out.par_chunks_mut(length).enumerate().try_for_each(|(chunk, labels)| {
        exec.check()?;
        let mut assigner = Assigner::new(exec.level, &centers);
        let block = assigner.block();
        for (index, labels) in labels.chunks_mut(block).enumerate() {
            let start = chunk * length + index * block;
            assigner.assign(samples, start..start + labels.len(), labels);
        }
        Ok(())
    })
}

/// Weighted sum of the squared distances of the samples to the centers of their labels, in float64.
///
/// # Errors
/// [`Error::Mismatch`] or [`Error::Length`] for shapes that do not fit, [`Error::Range`] for a label without a center,
/// [`Error::Interrupted`].
pub fn inertia<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    centers: &[f64],
    labels: &[i32],
) -> Result<f64> {
    check_count(samples, labels)?;
    Centers::<f64>::new(centers, samples.n_features())?.check_labels(exec.level, labels)?;
    checked_inertia(exec, samples, weights, centers, labels)
}

/// As [`inertia`], for labels that are known to have centers.
pub(super) fn checked_inertia<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    centers: &[f64],
    labels: &[i32],
) -> Result<f64> {
    let centers = Centers::<f64>::new(centers, samples.n_features())?;
    let chunks = Chunks::new(samples.n_samples(), 1);
    let partials = labels
        .par_chunks(chunks.length())
        .enumerate()
        .map(|(chunk, labels)| {
            exec.check()?;
            Ok(OwnDistances::new(exec.level, &centers).inertia(samples, weights, chunk * chunks.length(), labels))
        })
        .collect::<Result<Vec<f64>>>()?;
    Ok(partials.iter().sum())
}

/// Writes the Euclidean distance of each sample to each center, shape (`n_samples`, `n_clusters`).
///
/// # Errors
/// [`Error::Mismatch`] or [`Error::Length`] for shapes that do not fit, [`Error::Interrupted`].
pub fn transform<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    centers: &[f64],
    distances_out: &mut [T::Real],
) -> Result<()> {
    let centers = Centers::<T::Real>::new(centers, samples.n_features())?;
    let n_clusters = centers.n_clusters();
    if distances_out.len() != samples.n_samples() * n_clusters {
        let (rows, columns) = (samples.n_samples(), n_clusters);
        return Err(Error::Length { argument: "distances", got: distances_out.len(), rows, columns });
    }
    let length = Chunks::new(samples.n_samples(), 1).length();
    distances_out.par_chunks_mut(length * n_clusters).enumerate().try_for_each(|(chunk, rows)| {
        exec.check()?;
        let mut tile = Tile::new(samples.n_features());
        let capacity = tile.capacity();
        let mut column = vec![T::Real::ZERO; capacity];
        for (block, rows) in rows.chunks_mut(capacity * n_clusters).enumerate() {
            let start = chunk * length + block * capacity;
            tile.load(exec.level, samples, start..start + rows.len() / n_clusters);
            for cluster in 0..n_clusters {
                distances(exec.level, &tile, centers.center(cluster), &mut column);
                for (row, distance) in rows.chunks_exact_mut(n_clusters).zip(&column) {
                    row[cluster] = distance.square_root();
                }
            }
        }
        Ok(())
    })
}

/// Whether two labelings of the same samples are one clustering up to the names of the labels.
#[must_use]
pub fn is_same_clustering(labels: &[i32], other: &[i32], n_clusters: usize) -> bool {
    // Labels that occur need a name; more names than samples are never looked up.
    let highest = labels.iter().max().map_or(0, |label| *label as usize);
    let n_names = n_clusters.min(highest.saturating_add(1));
    labels.len() == other.len() && each_has_one_name(labels.iter().copied().zip(other.iter().copied()), n_names)
}

/// Whether each of `n_names` labels always occurs with the same other label.
pub(super) fn each_has_one_name(mut pairs: impl Iterator<Item = (i32, i32)>, n_names: usize) -> bool {
    let mut mapped = vec![-1; n_names];
    pairs.all(|(label, other)| match mapped.get_mut(label as usize) {
        Some(name) if *name == -1 => {
            *name = other;
            true
        }
        Some(name) => *name == other,
        None => false,
    })
}
