//! Weighted sums of the samples of each cluster.

use fearless_simd::{Select, Simd, SimdBase, SimdFrom, SimdMask, dispatch};

use crate::features::MAX_FEATURES;
use crate::simd::{Features, Labelled, Level, Tile};
use crate::{Element, Real, Samples, Weights, with_features};

/// Clusters up to which each is summed by a pass over the tile with a mask; above, adding sample by sample is cheaper.
const MASKED_CLUSTERS: usize = 8;

/// Vectors that a masked pass adds side by side, since an addition takes longer than a vector needs to arrive.
const UNROLL: usize = 2;

/// Copies of the sums that take turns in adding sample by sample: neighbouring pixels fall into the same cluster, and
/// an addition would otherwise wait for the one before it.
const TURNS: usize = 4;

/// One row per cluster: total weight, then the weighted sum of each feature.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    values: Vec<f64>,
    n_clusters: usize,
    n_features: usize,
    row: Vec<f64>,
}

impl Sums {
    pub(crate) fn new(n_clusters: usize, n_features: usize) -> Self {
        let values = vec![0.0; n_clusters * (n_features + 1) * Self::turns(n_features)];
        Self { values, n_clusters, n_features, row: vec![0.0; n_features] }
    }

    fn turns(n_features: usize) -> usize {
        if n_features <= MAX_FEATURES { TURNS } else { 1 }
    }

    pub(crate) fn clear(&mut self) {
        self.values.fill(0.0);
    }

    /// Adds the samples of a tile that starts at sample `start`.
    pub(crate) fn add<T: Element>(
        &mut self,
        level: Level,
        samples: &Samples<'_, T>,
        weights: Weights<'_>,
        start: usize,
        tile: Option<&Tile<T::Real>>,
        labels: &[i32],
    ) {
        let weights = weights.slice(start, labels.len());
        match tile {
            Some(tile) if self.n_features <= MAX_FEATURES => {
                self.add_tile(level, weights, tile.labelled(), labels, None);
            }
            _ => dispatch!(level, _simd => self.add_rows(samples, weights, start, labels)),
        }
    }

    /// Adds the samples of a tile of at most [`MAX_FEATURES`] features; `clusters` are those that occur, if that is
    /// known, in ascending order.
    pub(crate) fn add_tile<R: Real>(
        &mut self,
        level: Level,
        weights: Weights<'_>,
        tile: Labelled<'_, R>,
        labels: &[i32],
        clusters: Option<&[u32]>,
    ) {
        let n_occurring = clusters.map_or(self.n_clusters, <[u32]>::len);
        let masked = matches!(weights, Weights::Unit) && n_occurring <= MASKED_CLUSTERS;
        dispatch!(level, simd => with_features!(self.n_features, D => if masked {
            for i in 0..n_occurring {
                let cluster = clusters.map_or(i, |clusters| clusters[i] as usize);
                self.add_masked::<_, R, D>(simd, tile, cluster);
            }
        } else {
            self.add_in_turns::<R, D>(weights, tile.features, labels);
        }));
    }

    /// Moves a sample of weight 1 from the cluster with the label `from`, if there is one, to another.
    #[inline(always)]
    pub(crate) fn move_sample<T: Element>(&mut self, samples: &Samples<'_, T>, index: usize, from: i32, to: i32) {
        let width = self.n_features + 1;
        samples.read_row(index, &mut self.row);
        if let Ok(from) = usize::try_from(from) {
            let (total, sums) = self.values[from * width..][..width].split_at_mut(1);
            total[0] -= 1.0;
            for (sum, x) in sums.iter_mut().zip(&self.row) {
                *sum -= x;
            }
        }
        let (total, sums) = self.values[to as usize * width..][..width].split_at_mut(1);
        total[0] += 1.0;
        for (sum, x) in sums.iter_mut().zip(&self.row) {
            *sum += x;
        }
    }

    /// Adds samples that were added up before.
    #[inline(always)]
    pub(crate) fn add_row(&mut self, cluster: usize, weight: f64, features: &[f64]) {
        let width = self.n_features + 1;
        let (total, sums) = self.values[cluster * width..][..width].split_at_mut(1);
        total[0] += weight;
        for (sum, value) in sums.iter_mut().zip(features) {
            *sum += value;
        }
    }

    /// Adds the samples of one cluster, their sums in registers: within the tile in the type of the samples, across
    /// tiles in float64. Each lane adds its samples in order; then the vectors are added, and their lanes by halves
    /// in float64.
    #[inline(always)]
    fn add_masked<S: Simd, R: Real, const D: usize>(&mut self, simd: S, tile: Labelled<'_, R>, cluster: usize) {
        let features: [&[R]; D] = std::array::from_fn(|f| tile.features.get(f));
        let zero = R::Wide::<S>::simd_from(simd, R::ZERO);
        let label = R::from_f64(cluster as f64);
        let mut total = 0;
        let mut sums = [[zero; UNROLL]; D];
        for block in (0..tile.labels.len()).step_by(UNROLL * R::WIDE_LANES) {
            for part in 0..UNROLL {
                let at = block + part * R::WIDE_LANES;
                let labels = R::Wide::<S>::from_slice(simd, &tile.labels[at..at + R::WIDE_LANES]);
                let chosen = labels.simd_eq(label);
                total += chosen.to_bitmask().count_ones();
                for f in 0..D {
                    let values = R::Wide::<S>::from_slice(simd, &features[f][at..at + R::WIDE_LANES]);
                    sums[f][part] += chosen.select(values, zero);
                }
            }
        }
        let row = &mut self.values[cluster * (D + 1)..][..=D];
        row[0] += f64::from(total);
        for f in 0..D {
            let [first, second] = sums[f];
            row[f + 1] += R::widened_sum(first + second);
        }
    }

    /// Sample by sample, into the copy of the sums whose turn it is.
    #[inline(always)]
    fn add_in_turns<R: Real, const D: usize>(
        &mut self,
        weights: Weights<'_>,
        features: Features<'_, R>,
        labels: &[i32],
    ) {
        let features: [&[R]; D] = std::array::from_fn(|f| &features.get(f)[..labels.len()]);
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
    pub(crate) fn merge(&mut self, other: &Self) {
        let size = self.n_clusters * (self.n_features + 1);
        for turn in other.values.chunks_exact(size) {
            for (sum, value) in self.values.iter_mut().zip(turn) {
                *sum += value;
            }
        }
    }

    /// Total weight of a cluster, after [`Sums::merge`].
    pub(crate) fn weight(&self, cluster: usize) -> f64 {
        self.values[cluster * (self.n_features + 1)]
    }

    /// Sums of the features of a cluster, after [`Sums::merge`].
    pub(crate) fn features(&self, cluster: usize) -> &[f64] {
        &self.values[cluster * (self.n_features + 1)..][1..=self.n_features]
    }

    /// Moves one sample from its cluster into an empty one.
    pub(crate) fn relocate(&mut self, sample: &[f64], weight: f64, from: usize, to: usize) {
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
    pub(crate) fn centers(&self, centers_out: &mut [f64]) {
        let heaviest = (0..self.n_clusters).rev().max_by(|a, b| self.weight(*a).total_cmp(&self.weight(*b)));
        for (cluster, center) in centers_out.chunks_exact_mut(self.n_features).enumerate() {
            let source = if self.weight(cluster) > 0.0 { cluster } else { heaviest.unwrap_or(cluster) };
            for (out, sum) in center.iter_mut().zip(self.features(source)) {
                *out = sum / self.weight(source);
            }
        }
    }
}
