//! What is known of a block of samples without looking at them: bounding box, sums, scatter.

use fearless_simd::dispatch;
use rayon::prelude::*;

use super::order::block_weights;
use super::{BLOCK, BRANCH};
use crate::features::MAX_FEATURES;
use crate::kmeans::sums::Sums;
use crate::lanes::lane_range;
use crate::{Element, Exec, Result, Weights};

/// Boxes of blocks, or of groups of blocks; siblings lie side by side, one per lane.
#[derive(Debug)]
pub(super) struct Boxes {
    /// Shape (parents, features, siblings): middle of each box.
    middle: Vec<f64>,
    /// The same shape: half the length of each side, rounded up.
    half: Vec<f64>,
    n_features: usize,
    summaries: Vec<Summary>,
}

/// The samples of a block, added up.
#[derive(Debug, Clone)]
pub(super) struct Summary {
    /// Total weight.
    weight: f64,
    /// Sum of each feature; only as many as there are features are used.
    sums: [f64; MAX_FEATURES],
    /// Squared distances of the samples to their mean, added up.
    scatter: f64,
}

/// Lowest and highest value of each feature; only as many as there are features are used.
pub(super) type Corners = [[f64; MAX_FEATURES]; 2];

impl Boxes {
    /// Boxes of the blocks of `n_samples` samples.
    pub(super) fn of_blocks<T: Element>(
        exec: &Exec<'_>,
        values: &[T],
        [n_samples, n_features]: [usize; 2],
        weights: &[f64],
    ) -> Result<(Self, Vec<Corners>)> {
        let described = values
            .par_chunks_exact(BLOCK * n_features)
            .enumerate()
            .map(|(block, values)| {
                exec.check()?;
                let count = BLOCK.min(n_samples - block * BLOCK);
                Ok(dispatch!(exec.level, _simd => describe(values, count, block_weights(weights, block))))
            })
            .collect::<Result<Vec<_>>>()?;
        let (summaries, corners): (Vec<_>, Vec<_>) = described.into_iter().unzip();
        Ok((Self::new(summaries, &corners, n_features), corners))
    }

    /// Boxes of groups of [`BRANCH`] blocks.
    pub(super) fn of_groups(blocks: &Self, corners: &[Corners]) -> Self {
        let summaries = blocks.summaries.chunks(BRANCH).map(Summary::of_all).collect();
        let corners: Vec<_> = corners.chunks(BRANCH).map(around).collect();
        Self::new(summaries, &corners, blocks.n_features)
    }

    fn new(summaries: Vec<Summary>, corners: &[Corners], n_features: usize) -> Self {
        let size = corners.len().div_ceil(BRANCH) * n_features * BRANCH;
        let (mut middle, mut half) = (vec![0.0; size], vec![0.0; size]);
        for (node, [low, high]) in corners.iter().enumerate() {
            for f in 0..n_features {
                let at = (node / BRANCH * n_features + f) * BRANCH + node % BRANCH;
                middle[at] = f64::midpoint(low[f], high[f]);
                half[at] = (high[f] - middle[at]).max(middle[at] - low[f]) * (1.0 + 2.0 * f64::EPSILON);
            }
        }
        Self { middle, half, n_features, summaries }
    }

    /// Middles and half sides of the children of a parent, shape (features, siblings).
    #[inline(always)]
    pub(super) fn siblings(&self, parent: usize) -> [&[f64]; 2] {
        let size = self.n_features * BRANCH;
        [&self.middle[parent * size..][..size], &self.half[parent * size..][..size]]
    }

    #[inline(always)]
    pub(super) fn summary(&self, node: usize) -> &Summary {
        &self.summaries[node]
    }
}

impl Summary {
    fn of_all(parts: &[Self]) -> Self {
        let mut all = Self { weight: 0.0, sums: [0.0; MAX_FEATURES], scatter: 0.0 };
        for part in parts {
            all.weight += part.weight;
            for (sum, value) in all.sums.iter_mut().zip(part.sums) {
                *sum += value;
            }
        }
        all
    }

    /// Adds the samples to a cluster.
    #[inline(always)]
    pub(super) fn add_to(&self, cluster: usize, sums: &mut Sums) {
        sums.add_row(cluster, self.weight, &self.sums);
    }

    /// Squared distances of the samples to `center`, added up: around their mean nothing cancels.
    pub(super) fn inertia(&self, center: &[f64]) -> f64 {
        if self.weight == 0.0 {
            return 0.0;
        }
        let to_mean = center.iter().zip(self.sums).map(|(c, sum)| (sum / self.weight - c) * (sum / self.weight - c));
        self.scatter + self.weight * to_mean.sum::<f64>()
    }
}

#[inline(always)]
fn describe<T: Element>(values: &[T], count: usize, weights: Weights<'_>) -> (Summary, Corners) {
    let weight = weights.weighted_sum(0, &[1.0; BLOCK][..count]);
    let mut summary = Summary { weight, sums: [0.0; MAX_FEATURES], scatter: 0.0 };
    let mut corners = [[0.0; MAX_FEATURES]; 2];
    for (f, values) in values.chunks_exact(BLOCK).enumerate() {
        let mut column = [0.0; BLOCK];
        for (x, value) in column.iter_mut().zip(values) {
            *x = value.to_real();
        }
        [corners[0][f], corners[1][f]] = lane_range(&column);
        summary.sums[f] = weights.weighted_sum(0, &column[..count]);
        if weight > 0.0 {
            let mean = summary.sums[f] / weight;
            summary.scatter += weights.weighted_sum(0, &column.map(|x| (x - mean) * (x - mean))[..count]);
        }
    }
    (summary, corners)
}

fn around(parts: &[Corners]) -> Corners {
    let mut corners = [[f64::INFINITY; MAX_FEATURES], [f64::NEG_INFINITY; MAX_FEATURES]];
    for [low, high] in parts {
        for f in 0..MAX_FEATURES {
            corners[0][f] = corners[0][f].min(low[f]);
            corners[1][f] = corners[1][f].max(high[f]);
        }
    }
    corners
}
