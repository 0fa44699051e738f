//! Weighted sums of the samples of each cluster.

use fearless_simd::dispatch;

use crate::simd::{Level, Tile};
use crate::{Element, Real, Samples, Weights};

/// Copies of the sums that take turns while they are few: neighbouring pixels fall into the same cluster, and an
/// addition would otherwise wait for the one before it.
const LANES: usize = 4;

/// Sums that fit well inside L1 ([`LANES`] copies of 512 values are 16 KiB); larger ones exist once, and many clusters
/// make a wait unlikely.
const LANED_VALUES: usize = 512;

/// Features up to which sums are taken from the tile; above, whole rows of the samples are added as vectors.
const TILE_FEATURES: usize = 8;

/// One row per cluster: total weight, then the weighted sum of each feature.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    values: Vec<f64>,
    n_clusters: usize,
    n_features: usize,
    lanes: usize,
    row: Vec<f64>,
}

impl Sums {
    pub(super) fn new(n_clusters: usize, n_features: usize) -> Self {
        let size = n_clusters * (n_features + 1);
        let lanes = if size <= LANED_VALUES { LANES } else { 1 };
        Self { values: vec![0.0; size * lanes], n_clusters, n_features, lanes, row: vec![0.0; n_features] }
    }

    pub(super) fn clear(&mut self) {
        self.values.fill(0.0);
    }

    /// Adds the samples of a tile that starts at sample `start`.
    pub(super) fn add<T: Element>(
        &mut self,
        level: Level,
        samples: &Samples<'_, T>,
        weights: Weights<'_>,
        start: usize,
        tile: &Tile<T::Real>,
        labels: &[i32],
    ) {
        let weights = match weights {
            Weights::Unit => Weights::Unit,
            Weights::Each(values) => Weights::Each(&values[start..][..labels.len()]),
        };
        dispatch!(level, _simd => match self.n_features {
            1 => self.add_tile::<_, 1>(weights, tile, labels),
            2 => self.add_tile::<_, 2>(weights, tile, labels),
            3 => self.add_tile::<_, 3>(weights, tile, labels),
            4 => self.add_tile::<_, 4>(weights, tile, labels),
            5 => self.add_tile::<_, 5>(weights, tile, labels),
            6 => self.add_tile::<_, 6>(weights, tile, labels),
            7 => self.add_tile::<_, 7>(weights, tile, labels),
            TILE_FEATURES => self.add_tile::<_, TILE_FEATURES>(weights, tile, labels),
            _ => self.add_rows(samples, weights, start, labels),
        });
    }

    #[inline(always)]
    fn add_tile<R: Real, const D: usize>(&mut self, weights: Weights<'_>, tile: &Tile<R>, labels: &[i32]) {
        let features: [&[R]; D] = std::array::from_fn(|f| &tile.feature(f)[..labels.len()]);
        for (i, label) in labels.iter().enumerate() {
            let lane = i % self.lanes * self.n_clusters;
            let row = &mut self.values[(lane + *label as usize) * (D + 1)..][..D + 1];
            let weight = weights.get(i);
            row[0] += weight;
            for f in 0..D {
                row[f + 1] += weight * features[f][i].to_f64();
            }
        }
    }

    #[inline(always)]
    fn add_rows<T: Element>(&mut self, samples: &Samples<'_, T>, weights: Weights<'_>, start: usize, labels: &[i32]) {
        let width = self.n_features + 1;
        for (i, label) in labels.iter().enumerate() {
            samples.read_row(start + i, &mut self.row);
            let lane = i % self.lanes * self.n_clusters;
            let weight = weights.get(i);
            let (total, sums) = self.values[(lane + *label as usize) * width..][..width].split_at_mut(1);
            total[0] += weight;
            for (sum, x) in sums.iter_mut().zip(&self.row) {
                *sum += weight * x;
            }
        }
    }

    /// Adds all lanes of `other` to the first lane of `self`, in order.
    pub(super) fn merge(&mut self, other: &Self) {
        let size = self.n_clusters * (self.n_features + 1);
        for lane in other.values.chunks_exact(size) {
            for (sum, value) in self.values.iter_mut().zip(lane) {
                *sum += value;
            }
        }
    }

    /// Total weight of a cluster, after [`Sums::merge`].
    pub(super) fn weight(&self, cluster: usize) -> f64 {
        self.values[cluster * (self.n_features + 1)]
    }

    /// Sums of the features of a cluster, after [`Sums::merge`].
    pub(super) fn features(&self, cluster: usize) -> &[f64] {
        &self.values[cluster * (self.n_features + 1)..][1..=self.n_features]
    }

    /// Moves one sample from its cluster into an empty one.
    pub(super) fn relocate(&mut self, sample: &[f64], weight: f64, from: usize, to: usize) {
        let width = self.n_features + 1;
        self.values[from * width] -= weight;
        self.values[to * width] = weight;
        for (f, x) in sample.iter().enumerate() {
            self.values[from * width + 1 + f] -= x * weight;
            self.values[to * width + 1 + f] = x * weight;
        }
    }

    /// Weighted mean of each cluster, shape (`n_clusters`, `n_features`); a cluster left without weight is put where
    /// the heaviest cluster is, out of every sample's way because ties go to the lower label or to neither.
    pub(super) fn centers(&self, centers_out: &mut [f64]) {
        let d = self.n_features;
        let heaviest = (0..self.n_clusters).rev().max_by(|a, b| self.weight(*a).total_cmp(&self.weight(*b)));
        for (cluster, center) in centers_out.chunks_exact_mut(d).enumerate() {
            let source = if self.weight(cluster) > 0.0 { cluster } else { heaviest.unwrap_or(cluster) };
            for (out, sum) in center.iter_mut().zip(self.features(source)) {
                *out = sum / self.weight(source);
            }
        }
    }
}
