//! Greedy k-means++ seeding with scikit-learn's choices.
//!
//! Samples are drawn with a probability proportional to their weighted squared distance to the nearest center so far;
//! of several candidates the one that lowers the sum of these distances most is kept (Arthur and Vassilvitskii, 2007,
//! section 5). All random numbers come from the caller, so that the same seed gives the same samples as
//! `sklearn.cluster.kmeans_plusplus`.

use rayon::prelude::*;

use crate::chunks::Chunks;
use crate::distance::{Centers, distances, distances_to_own};
use crate::simd::Tile;
use crate::{Element, Error, Exec, Result, Samples, Weights};

/// Indices of the samples that k-means++ chooses as initial centers, shape (`n_clusters`,).
///
/// `first_draw` picks the first center; `draws`, shape (`n_clusters - 1`, `n_trials`), the candidates for each further
/// one; all lie in [0, 1). Distances are computed in float64. One pass per center evaluates all its candidates and
/// holds one label per sample, no distances.
///
/// # Errors
/// [`Error::Length`] if `draws` is not a whole number of rows, [`Error::Range`] if there are more clusters than
/// samples, [`Error::Interrupted`].
pub fn plus_plus<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    first_draw: f64,
    draws: &[f64],
    n_clusters: usize,
) -> Result<Vec<usize>> {
    check(samples, draws, n_clusters)?;
    let mut seeding = Seeding::new(exec, samples, weights, choose_weighted(samples, weights, first_draw))?;
    if n_clusters > 1 {
        for draws in draws.chunks_exact(draws.len() / (n_clusters - 1)) {
            seeding.add_center(draws)?;
        }
    }
    Ok(seeding.chosen)
}

fn check<T: Element>(samples: &Samples<'_, T>, draws: &[f64], n_clusters: usize) -> Result<()> {
    if n_clusters == 0 || n_clusters > samples.n_samples() {
        let needed = format!("from 1 to n_samples={}", samples.n_samples());
        return Err(Error::Range { argument: "n_clusters", got: n_clusters.to_string(), needed });
    }
    let rows = n_clusters - 1;
    let columns = draws.len().checked_div(rows).unwrap_or(0);
    if rows * columns != draws.len() || (rows > 0 && columns == 0) {
        return Err(Error::Length { argument: "draws", got: draws.len(), rows, columns: columns.max(1) });
    }
    Ok(())
}

/// The sample that `RandomState.choice(n_samples, p=weights / sum(weights))` picks for one draw.
///
/// numpy normalises the sequential cumulative sum by its last value; repeating its additions one by one makes the
/// choice the same to the last bit, at a nanosecond per sample.
fn choose_weighted<T: Element>(samples: &Samples<'_, T>, weights: Weights<'_>, draw: f64) -> usize {
    let n = samples.n_samples();
    let total: f64 = (0..n).map(|i| weights.get(i)).sum::<f64>();
    let last: f64 = (0..n).map(|i| weights.get(i) / total).sum();
    let mut cumulative = 0.0;
    (0..n)
        .position(|i| {
            cumulative += weights.get(i) / total;
            cumulative / last > draw
        })
        .unwrap_or(n - 1)
}

/// The state of a seeding; a chosen center enters the nearest centers in the pass that evaluates the next candidates.
struct Seeding<'a, T> {
    exec: &'a Exec<'a>,
    samples: &'a Samples<'a, T>,
    weights: Weights<'a>,
    chunks: Chunks,
    chosen: Vec<usize>,
    /// Coordinates of the chosen samples, shape (`chosen.len()`, `n_features`).
    centers: Vec<f64>,
    /// Position in `chosen` of the center nearest to each sample, the latest center not yet considered.
    nearest: Vec<i32>,
    /// Weighted sum of the distances to the nearest center, the latest included, for each chunk.
    potentials: Vec<f64>,
}

impl<'a, T: Element> Seeding<'a, T> {
    fn new(exec: &'a Exec<'a>, samples: &'a Samples<'a, T>, weights: Weights<'a>, first: usize) -> Result<Self> {
        let chunks = Chunks::new(samples.n_samples(), 1);
        let (nearest, centers) = (vec![0; samples.n_samples()], samples.row_f64(first));
        let mut seeding =
            Self { exec, samples, weights, chunks, chosen: vec![first], centers, nearest, potentials: Vec::new() };
        // The first center is its own only candidate: the pass yields the potentials that the first draws need.
        let columns = seeding.evaluate(&[first])?;
        seeding.potentials = columns.into_iter().flatten().collect();
        Ok(seeding)
    }

    /// Draws candidates and keeps the one with the smallest potential, the first on ties.
    fn add_center(&mut self, draws: &[f64]) -> Result<()> {
        let total: f64 = self.potentials.iter().sum();
        let candidates = draws.iter().map(|draw| self.find(draw * total)).collect::<Result<Vec<_>>>()?;
        let rows = self.evaluate(&candidates)?;
        let mut best = (0, f64::INFINITY);
        for candidate in 0..candidates.len() {
            let potential: f64 = rows.iter().map(|row| row[candidate]).sum();
            if potential < best.1 {
                best = (candidate, potential);
            }
        }
        self.potentials = rows.into_iter().map(|row| row[best.0]).collect();
        self.chosen.push(candidates[best.0]);
        self.centers.extend(self.samples.row_f64(candidates[best.0]));
        Ok(())
    }

    /// The first sample at which the cumulative sum of weighted distances reaches `target`.
    fn find(&self, target: f64) -> Result<usize> {
        let mut before = 0.0;
        for (chunk, potential) in self.potentials.iter().enumerate() {
            if before + potential >= target {
                return self.find_in_chunk(chunk, before, target);
            }
            before += potential;
        }
        Ok(self.samples.n_samples() - 1)
    }

    fn find_in_chunk(&self, chunk: usize, before: f64, target: f64) -> Result<usize> {
        let centers = Centers::new(&self.centers, self.samples.n_features())?;
        let mut scan = Scan::new(self.samples.n_features());
        let (mut cumulative, mut last) = (before, None);
        let range = self.chunks.range(chunk);
        for start in range.clone().step_by(scan.tile.capacity()) {
            let end = (start + scan.tile.capacity()).min(range.end);
            let mut nearest = self.nearest[start..end].to_vec();
            self.closest(&mut scan, &centers, start, &mut nearest);
            for (index, distance) in (start..end).zip(&scan.closest) {
                let term = self.weights.get(index) * distance;
                cumulative += term;
                if cumulative >= target {
                    return Ok(index);
                }
                if term > 0.0 {
                    last = Some(index);
                }
            }
        }
        // Rounding: the chunk's own sum reached the target, this order of additions stops just short of it.
        Ok(last.unwrap_or(range.end - 1))
    }

    /// Brings the nearest centers up to date and returns, for each chunk, the potential with each candidate added.
    fn evaluate(&mut self, candidates: &[usize]) -> Result<Vec<Vec<f64>>> {
        let mut nearest = std::mem::take(&mut self.nearest);
        let centers = Centers::new(&self.centers, self.samples.n_features())?;
        let rows: Vec<Vec<f64>> = candidates.iter().map(|index| self.samples.row_f64(*index)).collect();
        let potentials = nearest
            .par_chunks_mut(self.chunks.length())
            .enumerate()
            .map(|(chunk, nearest)| {
                self.exec.check()?;
                Ok(self.evaluate_chunk(&centers, &rows, chunk * self.chunks.length(), nearest))
            })
            .collect();
        self.nearest = nearest;
        potentials
    }

    fn evaluate_chunk(
        &self,
        centers: &Centers<f64>,
        candidates: &[Vec<f64>],
        start: usize,
        nearest: &mut [i32],
    ) -> Vec<f64> {
        let mut scan = Scan::new(self.samples.n_features());
        let capacity = scan.tile.capacity();
        let mut potentials = vec![0.0; candidates.len()];
        for (block, nearest) in nearest.chunks_mut(capacity).enumerate() {
            let start = start + block * capacity;
            self.closest(&mut scan, centers, start, nearest);
            for (potential, candidate) in potentials.iter_mut().zip(candidates) {
                distances(self.exec.level, &scan.tile, candidate, &mut scan.other);
                for (other, closest) in scan.other.iter_mut().zip(&scan.closest) {
                    *other = other.min(*closest);
                }
                *potential += self.weights.weighted_sum(start, &scan.other[..nearest.len()]);
            }
        }
        potentials
    }

    /// Loads the samples from `start` on, moves those nearer to the latest center to it, and leaves every sample's
    /// squared distance to its nearest center in `scan.closest`.
    fn closest(&self, scan: &mut Scan, centers: &Centers<f64>, start: usize, nearest: &mut [i32]) {
        let level = self.exec.level;
        let latest = centers.n_clusters() - 1;
        scan.tile.load(level, self.samples, start..start + nearest.len());
        distances_to_own(level, &scan.tile, centers, nearest, &mut scan.closest);
        distances(level, &scan.tile, centers.center(latest), &mut scan.other);
        for ((nearest, closest), other) in nearest.iter_mut().zip(&mut scan.closest).zip(&scan.other) {
            if other < closest {
                *nearest = latest as i32;
                *closest = *other;
            }
        }
    }
}

/// Buffers for one tile.
struct Scan {
    tile: Tile<f64>,
    closest: Vec<f64>,
    other: Vec<f64>,
}

impl Scan {
    fn new(n_features: usize) -> Self {
        let tile = Tile::new(n_features);
        let capacity = tile.capacity();
        Self { tile, closest: vec![0.0; capacity], other: vec![0.0; capacity] }
    }
}
