//! Silhouettes from distances to centers instead of samples.

use rayon::prelude::*;

use super::silhouette;
use crate::chunks::Chunks;
use crate::distance::{Centers, distances};
use crate::labels::check_count;
use crate::simd::Tile;
use crate::{Element, Exec, Result, Samples};

/// The silhouette of every sample with the distance to the center of a cluster in place of the mean distance to its
/// samples, shape (`n_samples`,).
///
/// Hruschka, de Castro and Campello, "Evolutionary algorithms for clustering gene-expression data", ICDM 2004.
///
/// Cost: a distance for each sample and center.
///
/// # Errors
/// [`crate::Error::Mismatch`] and [`crate::Error::Range`] for labels that do not fit, [`crate::Error::Interrupted`].
pub fn simplified_silhouettes<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    labels: &[i32],
    centers: &[f64],
) -> Result<Vec<f64>> {
    let centers = Centers::<f64>::new(centers, samples.n_features())?;
    check_count(samples, labels)?;
    centers.check_labels(exec.level, labels)?;
    let chunks = Chunks::new(samples.n_samples(), 1);
    let mut silhouettes = vec![0.0; samples.n_samples()];
    silhouettes.par_chunks_mut(chunks.length()).enumerate().try_for_each(|(chunk, out)| {
        exec.check()?;
        let mut tile = Tile::<f64>::new(samples.n_features());
        let (capacity, start) = (tile.capacity(), chunks.range(chunk).start);
        let mut squares = vec![0.0; capacity];
        for (block, out) in out.chunks_mut(capacity).enumerate() {
            let start = start + block * capacity;
            tile.load(exec.level, samples, start..start + out.len());
            let (mut own, mut other) = (vec![0.0; out.len()], vec![f64::INFINITY; out.len()]);
            for cluster in 0..centers.n_clusters() {
                distances(exec.level, &tile, centers.center(cluster), &mut squares);
                for (i, square) in squares[..out.len()].iter().enumerate() {
                    if labels[start + i] as usize == cluster {
                        own[i] = *square;
                    } else if *square < other[i] {
                        other[i] = *square;
                    }
                }
            }
            for ((out, own), other) in out.iter_mut().zip(own).zip(other) {
                *out = silhouette(own.sqrt(), other.sqrt());
            }
        }
        Ok(())
    })?;
    Ok(silhouettes)
}
