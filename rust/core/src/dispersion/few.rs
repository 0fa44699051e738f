//! Few clusters of few features: each is summed by a pass over the tile with a mask.
//!
//! Moments are taken around a point near the mean of each cluster, the mean of a few of its samples, so that one read
//! gives the mean and the squared distances to it: `sum |x - p|^2 - |sum (x - p)|^2 / n`. Where the second term is no
//! small part of the first, digits cancel, and a second read around the means decides.

use fearless_simd::{Select, Simd, SimdBase, SimdFloat, SimdFrom, dispatch, f64x8};
use rayon::prelude::*;

use super::Dispersions;
use crate::chunks::Chunks;
use crate::features::with_features;
use crate::simd::Tile;
use crate::{Element, Exec, Result, Samples, Weights};

/// Above, going through the samples one by one is cheaper than a pass for each cluster.
pub(super) const MAX_CLUSTERS: usize = 8;

/// Lanes of sums, at every level.
const LANES: usize = 8;

/// Runs of neighbouring samples that place the points, and their length: together too few to cost anything, and enough
/// for a point within a standard deviation of its mean.
const RUNS: usize = 64;
const RUN: usize = 32;

/// The part of the second moment that may cancel: three of nearly sixteen digits.
const MAX_CANCELLED: f64 = 0.999;

pub(super) fn dispersions<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    labels: &[i32],
    n_clusters: usize,
    weights: Weights<'_>,
    with_distances: bool,
) -> Result<Dispersions> {
    let pass = Pass { exec, samples, labels, n_clusters, weights };
    let points = nearby_points(samples, labels, n_clusters);
    let mut moments = pass.moments(&points)?;
    if moments.cancelled {
        moments = pass.moments(&moments.means)?;
    }
    let distances = if with_distances { pass.distances(&moments.means)? } else { vec![0.0; n_clusters] };
    Ok(Dispersions { weights: moments.weights, means: moments.means, squares: moments.squares, distances })
}

/// The mean of some samples of each cluster; where none was met, of all that were.
fn nearby_points<T: Element>(samples: &Samples<'_, T>, labels: &[i32], n_clusters: usize) -> Vec<f64> {
    let n_features = samples.n_features();
    let mut sums = vec![0.0; (n_clusters + 1) * n_features];
    let mut counts = vec![0.0; n_clusters + 1];
    let mut row = vec![0.0; n_features];
    let stride = samples.n_samples().div_ceil(RUNS);
    for start in (0..samples.n_samples()).step_by(stride) {
        for (i, label) in labels.iter().enumerate().skip(start).take(RUN.min(stride)) {
            samples.read_row(i, &mut row);
            for cluster in [*label as usize, n_clusters] {
                counts[cluster] += 1.0;
                for (sum, x) in sums[cluster * n_features..].iter_mut().zip(&row) {
                    *sum += x;
                }
            }
        }
    }
    let mut points = Vec::with_capacity(n_clusters * n_features);
    for cluster in 0..n_clusters {
        let met = if counts[cluster] > 0.0 { cluster } else { n_clusters };
        points.extend(sums[met * n_features..][..n_features].iter().map(|sum| sum / counts[met]));
    }
    points
}

struct Moments {
    weights: Vec<f64>,
    means: Vec<f64>,
    squares: Vec<f64>,
    /// Whether the squares of some cluster have lost digits.
    cancelled: bool,
}

/// What every pass over the samples reads.
struct Pass<'a, 'b, T> {
    exec: &'a Exec<'b>,
    samples: &'a Samples<'a, T>,
    labels: &'a [i32],
    n_clusters: usize,
    weights: Weights<'a>,
}

impl<T: Element> Pass<'_, '_, T> {
    /// First and second moments of each cluster around its point.
    fn moments(&self, points: &[f64]) -> Result<Moments> {
        let n_features = self.samples.n_features();
        let sums = self.sum_tiles(2 + n_features, |block, sums| {
            dispatch!(self.exec.level, simd => with_features!(n_features, D => {
                add_moments::<_, D>(simd, block, points, sums);
            }));
        })?;
        let mut moments = Moments { weights: vec![], means: vec![], squares: vec![], cancelled: false };
        for (sums, point) in sums.chunks_exact(2 + n_features).zip(points.chunks_exact(n_features)) {
            let ([weight, around], first) = ([sums[0], sums[1]], &sums[2..]);
            let shift = |sum: f64| if weight > 0.0 { sum / weight } else { 0.0 };
            let moved: f64 = first.iter().map(|sum| sum * shift(*sum)).sum();
            moments.weights.push(weight);
            moments.means.extend(point.iter().zip(first).map(|(p, sum)| p + shift(*sum)));
            moments.squares.push((around - moved).max(0.0));
            moments.cancelled |= moved > MAX_CANCELLED * around;
        }
        Ok(moments)
    }

    /// Weighted sum of the distances of the samples of each cluster to its mean.
    fn distances(&self, means: &[f64]) -> Result<Vec<f64>> {
        self.sum_tiles(1, |block, sums| {
            dispatch!(self.exec.level, simd => with_features!(self.samples.n_features(), D => {
                add_distances::<_, D>(simd, block, means, sums);
            }));
        })
    }

    /// Sums of all tiles, shape (`n_clusters`, `width`), that `add` adds up lane by lane.
    fn sum_tiles(&self, width: usize, add: impl Fn(&Block, &mut [[f64; LANES]]) + Sync) -> Result<Vec<f64>> {
        let chunks = Chunks::new(self.samples.n_samples(), self.n_clusters);
        let partials = (0..chunks.count())
            .into_par_iter()
            .map(|chunk| {
                self.exec.check()?;
                let mut sums = vec![[0.0; LANES]; self.n_clusters * width];
                let mut block = Block::new(self.samples.n_features());
                let range = chunks.range(chunk);
                for start in range.clone().step_by(block.tile.capacity()) {
                    let end = (start + block.tile.capacity()).min(range.end);
                    block.tile.load(self.exec.level, self.samples, start..end);
                    block.tile.set_labels(self.exec.level, &self.labels[start..end]);
                    if let Weights::Each(weights) = self.weights {
                        block.weights[..end - start].copy_from_slice(&weights[start..end]);
                    }
                    add(&block, &mut sums);
                }
                Ok(sums)
            })
            .collect::<Result<Vec<_>>>()?;
        let mut totals = vec![0.0; self.n_clusters * width];
        for sums in &partials {
            for (total, lanes) in totals.iter_mut().zip(sums) {
                *total += lanes.iter().sum::<f64>();
            }
        }
        Ok(totals)
    }
}

/// A tile and the weights of its samples; no cluster has the label of the padding.
struct Block {
    tile: Tile<f64>,
    weights: Vec<f64>,
}

impl Block {
    fn new(n_features: usize) -> Self {
        let tile = Tile::new(n_features);
        let weights = vec![1.0; tile.capacity()];
        Self { tile, weights }
    }

    fn features<const D: usize>(&self) -> [&[f64]; D] {
        std::array::from_fn(|f| self.tile.features().get(f))
    }
}

/// Adds to each cluster its weight, its second moment and the first moment of each feature around its point.
#[inline(always)]
fn add_moments<S: Simd, const D: usize>(simd: S, block: &Block, points: &[f64], sums: &mut [[f64; LANES]]) {
    let (features, labels) = (block.features::<D>(), block.tile.labels());
    let zero = f64x8::simd_from(simd, 0.0);
    for (cluster, sums) in sums.chunks_exact_mut(2 + D).enumerate() {
        let point: [_; D] = std::array::from_fn(|f| f64x8::simd_from(simd, points[cluster * D + f]));
        let (mut total, mut second, mut first) = (zero, zero, [zero; D]);
        for at in (0..block.tile.len()).step_by(LANES) {
            let chosen = f64x8::from_slice(simd, &labels[at..at + LANES]).simd_eq(cluster as f64);
            let weight = f64x8::from_slice(simd, &block.weights[at..at + LANES]);
            let mut square = zero;
            for f in 0..D {
                let difference = f64x8::from_slice(simd, &features[f][at..at + LANES]) - point[f];
                first[f] = chosen.select(weight.mul_add(difference, first[f]), first[f]);
                square = difference.mul_add(difference, square);
            }
            total = chosen.select(total + weight, total);
            second = chosen.select(weight.mul_add(square, second), second);
        }
        let found = [total, second].into_iter().chain(first);
        for (sum, lanes) in sums.iter_mut().zip(found) {
            (f64x8::from_slice(simd, sum) + lanes).store_slice(sum);
        }
    }
}

/// Adds to each cluster the weighted distances of its samples to its mean.
#[inline(always)]
fn add_distances<S: Simd, const D: usize>(simd: S, block: &Block, means: &[f64], sums: &mut [[f64; LANES]]) {
    let (features, labels) = (block.features::<D>(), block.tile.labels());
    let zero = f64x8::simd_from(simd, 0.0);
    let mut found = [zero; MAX_CLUSTERS];
    for at in (0..block.tile.len()).step_by(LANES) {
        let label = f64x8::from_slice(simd, &labels[at..at + LANES]);
        let mut own = [zero; D];
        for (cluster, mean) in means.chunks_exact(D).enumerate() {
            let chosen = label.simd_eq(cluster as f64);
            for f in 0..D {
                own[f] = chosen.select(f64x8::simd_from(simd, mean[f]), own[f]);
            }
        }
        let mut square = zero;
        for f in 0..D {
            let difference = f64x8::from_slice(simd, &features[f][at..at + LANES]) - own[f];
            square = difference.mul_add(difference, square);
        }
        let distance = f64x8::from_slice(simd, &block.weights[at..at + LANES]) * square.sqrt();
        for cluster in 0..sums.len().min(MAX_CLUSTERS) {
            found[cluster] += label.simd_eq(cluster as f64).select(distance, zero);
        }
    }
    for (sum, lanes) in sums.iter_mut().zip(found) {
        (f64x8::from_slice(simd, sum) + lanes).store_slice(sum);
    }
}
