//! Weighted sums of the samples of each cluster.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, SimdFrom, dispatch, f64x8};

use crate::element::WIDE;
use crate::simd::{Level, Tile};
use crate::{Element, Real, Samples, Weights};

/// Clusters up to which each is summed by a pass over the tile with a mask; above, adding sample by sample is cheaper.
const MASKED_CLUSTERS: usize = 8;

/// Features up to which sums are taken from the tile; above, whole rows of the samples are added as vectors.
const TILE_FEATURES: usize = 8;

/// Copies of the sums that take turns in adding sample by sample: neighbouring pixels fall into the same cluster, and
/// an addition would otherwise wait for the one before it.
const TURNS: usize = 4;

/// One row per cluster: total weight, then the weighted sum of each feature.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    values: Vec<f64>,
    n_clusters: usize,
    n_features: usize,
    row: Vec<f64>,
}

impl Sums {
    pub(super) fn new(n_clusters: usize, n_features: usize) -> Self {
        let values = vec![0.0; n_clusters * (n_features + 1) * Self::turns(n_clusters, n_features)];
        Self { values, n_clusters, n_features, row: vec![0.0; n_features] }
    }

    fn turns(n_clusters: usize, n_features: usize) -> usize {
        if n_features <= TILE_FEATURES && n_clusters > MASKED_CLUSTERS { TURNS } else { 1 }
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
        tile: Option<&Tile<T::Real>>,
        labels: &[i32],
    ) {
        let weights = weights.slice(start, labels.len());
        dispatch!(level, simd => match (tile, self.n_features) {
            (Some(tile), 1) => self.add_tile::<_, _, 1>(simd, weights, tile, labels),
            (Some(tile), 2) => self.add_tile::<_, _, 2>(simd, weights, tile, labels),
            (Some(tile), 3) => self.add_tile::<_, _, 3>(simd, weights, tile, labels),
            (Some(tile), 4) => self.add_tile::<_, _, 4>(simd, weights, tile, labels),
            (Some(tile), 5) => self.add_tile::<_, _, 5>(simd, weights, tile, labels),
            (Some(tile), 6) => self.add_tile::<_, _, 6>(simd, weights, tile, labels),
            (Some(tile), 7) => self.add_tile::<_, _, 7>(simd, weights, tile, labels),
            (Some(tile), TILE_FEATURES) => self.add_tile::<_, _, TILE_FEATURES>(simd, weights, tile, labels),
            _ => self.add_rows(samples, weights, start, labels),
        });
    }

    #[inline(always)]
    fn add_tile<S: Simd, R: Real, const D: usize>(
        &mut self,
        simd: S,
        weights: Weights<'_>,
        tile: &Tile<R>,
        labels: &[i32],
    ) {
        if self.n_clusters <= MASKED_CLUSTERS {
            self.add_masked::<S, R, D>(simd, weights, tile);
        } else {
            self.add_in_turns::<R, D>(weights, tile, labels);
        }
    }

    /// One cluster at a time, its sums in registers; lane `i` adds the samples `i`, `i + WIDE`, ... in order.
    #[inline(always)]
    fn add_masked<S: Simd, R: Real, const D: usize>(&mut self, simd: S, weights: Weights<'_>, tile: &Tile<R>) {
        let features: [&[R]; D] = std::array::from_fn(|f| tile.features().get(f));
        let blocks = tile.len().div_ceil(WIDE);
        let ones = [R::ONE; WIDE];
        let mut label = R::ZERO;
        for row in self.values.chunks_exact_mut(D + 1) {
            let mut totals = [f64x8::simd_from(simd, 0.0); 2];
            let mut sums = [[f64x8::simd_from(simd, 0.0); 2]; D];
            for block in 0..blocks {
                let lanes = block * WIDE..(block + 1) * WIDE;
                let labels = &tile.labels()[lanes.clone()];
                let weight = weights.wide(simd, block * WIDE);
                let counted = R::masked_wide(simd, &ones, labels, label);
                for half in 0..2 {
                    totals[half] += weighted(counted[half], weight, half);
                }
                for f in 0..D {
                    let values = R::masked_wide(simd, &features[f][lanes.clone()], labels, label);
                    for half in 0..2 {
                        sums[f][half] += weighted(values[half], weight, half);
                    }
                }
            }
            row[0] += in_order(totals);
            for f in 0..D {
                row[f + 1] += in_order(sums[f]);
            }
            label += R::ONE;
        }
    }

    /// Sample by sample, into the copy of the sums whose turn it is.
    #[inline(always)]
    fn add_in_turns<R: Real, const D: usize>(&mut self, weights: Weights<'_>, tile: &Tile<R>, labels: &[i32]) {
        let features: [&[R]; D] = std::array::from_fn(|f| &tile.features().get(f)[..labels.len()]);
        let size = self.n_clusters * (D + 1);
        for (group, labels) in labels.chunks(TURNS).enumerate() {
            for ((turn, label), sums) in labels.iter().enumerate().zip(self.values.chunks_exact_mut(size)) {
                let i = group * TURNS + turn;
                let weight = weights.get(i);
                let row = &mut sums[*label as usize * (D + 1)..][..=D];
                row[0] += weight;
                for f in 0..D {
                    row[f + 1] += weight * features[f][i].to_f64();
                }
            }
        }
    }

    #[inline(always)]
    fn add_rows<T: Element>(&mut self, samples: &Samples<'_, T>, weights: Weights<'_>, start: usize, labels: &[i32]) {
        let width = self.n_features + 1;
        for (i, label) in labels.iter().enumerate() {
            samples.read_row(start + i, &mut self.row);
            let weight = weights.get(i);
            let (total, sums) = self.values[*label as usize * width..][..width].split_at_mut(1);
            total[0] += weight;
            for (sum, x) in sums.iter_mut().zip(&self.row) {
                *sum += weight * x;
            }
        }
    }

    /// Adds all turns of `other`, in order, to the first of `self`.
    pub(super) fn merge(&mut self, other: &Self) {
        let size = self.n_clusters * (self.n_features + 1);
        for turn in other.values.chunks_exact(size) {
            for (sum, value) in self.values.iter_mut().zip(turn) {
                *sum += value;
            }
        }
    }

    /// Total weight of a cluster, after [`Sums::merge`].
    pub(super) fn weight(&self, cluster: usize) -> f64 {
        self.values[cluster * (self.n_features + 1)]
    }

    /// Sums of the features of a cluster, after [`Sums::merge`].
    fn features(&self, cluster: usize) -> &[f64] {
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

    /// Weighted mean of each cluster, shape (`n_clusters`, `n_features`); a cluster left without weight is put on the
    /// heaviest one, as scikit-learn does.
    pub(super) fn centers(&self, centers_out: &mut [f64]) {
        let heaviest = (0..self.n_clusters).rev().max_by(|a, b| self.weight(*a).total_cmp(&self.weight(*b)));
        for (cluster, center) in centers_out.chunks_exact_mut(self.n_features).enumerate() {
            let source = if self.weight(cluster) > 0.0 { cluster } else { heaviest.unwrap_or(cluster) };
            for (out, sum) in center.iter_mut().zip(self.features(source)) {
                *out = sum / self.weight(source);
            }
        }
    }
}

#[inline(always)]
fn weighted<S: Simd>(values: f64x8<S>, weight: Option<[f64x8<S>; 2]>, half: usize) -> f64x8<S> {
    match weight {
        None => values,
        Some(weight) => values * weight[half],
    }
}

/// Sum over the lanes in the order of their numbers.
#[inline(always)]
fn in_order<S: Simd>(halves: [f64x8<S>; 2]) -> f64 {
    let mut sum = 0.0;
    for half in halves {
        for lane in half.as_slice() {
            sum += lane;
        }
    }
    sum
}
