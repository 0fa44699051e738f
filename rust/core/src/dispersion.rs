//! How far the samples of each cluster lie from its mean.

use fearless_simd::{Select, Simd, SimdBase, SimdFrom, dispatch, f64x8};
use rayon::prelude::*;

use crate::chunks::Chunks;
use crate::distance::{Centers, OwnDistances};
use crate::features::MAX_FEATURES;
use crate::kmeans::Sums;
use crate::labels::{check_count, check_range};
use crate::simd::{Level, Tile};
use crate::{Element, Exec, Result, Samples, Weights};

/// Lanes of sums, or copies that take turns: an addition would otherwise wait for the one before it.
const LANES: usize = 8;

/// Clusters whose sums share each load; those of AVX2 then just fit its registers.
const GROUP: usize = 4;

/// Clusters up to which each is summed by a pass over all distances with a mask; above, going through them once is cheaper.
const MASKED_CLUSTERS: usize = 8;

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
                    tile.set_labels(exec.level, labels);
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
            let mut sums = Deviations::new(n_clusters);
            let range = chunks.range(chunk);
            for start in range.clone().step_by(own.block()) {
                let labels = &labels[start..(start + own.block()).min(range.end)];
                sums.add(exec.level, own.compute(samples, start, labels), weights.slice(start, labels.len()), labels);
            }
            Ok(sums)
        })
        .collect::<Result<Vec<_>>>()?;
    let mut total = Deviations::new(n_clusters);
    for partial in &partials {
        total.merge(partial);
    }
    let sums = |lanes: &[[f64; LANES]]| lanes.iter().map(|lanes| lanes.iter().sum()).collect();
    Ok((sums(&total.squares), sums(&total.distances)))
}

/// Sums of the squared distances and of the distances of each cluster.
struct Deviations {
    /// Shape (`n_clusters`, [`LANES`]).
    squares: Vec<[f64; LANES]>,
    distances: Vec<[f64; LANES]>,
    block: Block,
}

/// Weighted squared distances and distances, and labels as floats, of a block of samples; padded with zeros.
#[derive(Default)]
struct Block {
    squares: Vec<f64>,
    distances: Vec<f64>,
    labels: Vec<f64>,
}

impl Deviations {
    fn new(n_clusters: usize) -> Self {
        let zeros = vec![[0.0; LANES]; n_clusters];
        Self { squares: zeros.clone(), distances: zeros, block: Block::default() }
    }

    fn add(&mut self, level: Level, squares: &[f64], weights: Weights<'_>, labels: &[i32]) {
        dispatch!(level, simd => {
            self.block.load(squares, weights, labels);
            if self.squares.len() <= MASKED_CLUSTERS {
                self.add_masked(simd);
            } else {
                self.add_in_turns(labels);
            }
        });
    }

    #[inline(always)]
    fn add_masked<S: Simd>(&mut self, simd: S) {
        let zero = f64x8::simd_from(simd, 0.0);
        let clusters = self.squares.chunks_mut(GROUP).zip(self.distances.chunks_mut(GROUP));
        for (group, (squares_out, distances_out)) in clusters.enumerate() {
            let (mut squares, mut distances) = ([zero; GROUP], [zero; GROUP]);
            for at in (0..self.block.labels.len()).step_by(LANES) {
                let label = f64x8::from_slice(simd, &self.block.labels[at..at + LANES]);
                let square = f64x8::from_slice(simd, &self.block.squares[at..at + LANES]);
                let distance = f64x8::from_slice(simd, &self.block.distances[at..at + LANES]);
                for i in 0..GROUP {
                    let chosen = label.simd_eq((group * GROUP + i) as f64);
                    squares[i] += chosen.select(square, zero);
                    distances[i] += chosen.select(distance, zero);
                }
            }
            for (sums, out) in squares.into_iter().zip(squares_out).chain(distances.into_iter().zip(distances_out)) {
                (f64x8::from_slice(simd, out) + sums).store_slice(out);
            }
        }
    }

    #[inline(always)]
    fn add_in_turns(&mut self, labels: &[i32]) {
        let values = self.block.squares.iter().zip(&self.block.distances);
        for (i, (label, (square, distance))) in labels.iter().zip(values).enumerate() {
            self.squares[*label as usize][i % LANES] += square;
            self.distances[*label as usize][i % LANES] += distance;
        }
    }

    fn merge(&mut self, other: &Self) {
        let squares = self.squares.iter_mut().zip(&other.squares);
        for (sum, value) in squares.chain(self.distances.iter_mut().zip(&other.distances)) {
            for (sum, value) in sum.iter_mut().zip(value) {
                *sum += value;
            }
        }
    }
}

impl Block {
    #[inline(always)]
    fn load(&mut self, squares: &[f64], weights: Weights<'_>, labels: &[i32]) {
        let padded = labels.len().next_multiple_of(LANES);
        self.squares.resize(padded, 0.0);
        self.distances.resize(padded, 0.0);
        self.labels.resize(padded, 0.0);
        self.squares[..labels.len()].copy_from_slice(squares);
        self.squares[labels.len()..].fill(0.0);
        for (out, square) in self.distances.iter_mut().zip(&self.squares) {
            *out = square.sqrt();
        }
        for (out, label) in self.labels.iter_mut().zip(labels) {
            *out = f64::from(*label);
        }
        if let Weights::Each(weights) = weights {
            for ((square, distance), weight) in self.squares.iter_mut().zip(&mut self.distances).zip(weights) {
                *square *= weight;
                *distance *= weight;
            }
        }
    }
}
