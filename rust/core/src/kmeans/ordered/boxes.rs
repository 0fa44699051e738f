//! What is known of a block of samples without looking at them: bounding box, sums, scatter.

use fearless_simd::dispatch;
use rayon::prelude::*;

use super::order::block_weights;
use super::{BLOCK, BRANCH};
use crate::buffer::Buffer;
use crate::kmeans::sums::Sums;
use crate::lanes::lane_range;
use crate::{Element, Exec, Result, Weights};

/// Boxes of blocks, or of groups of blocks; siblings lie side by side, one per lane.
#[derive(Debug)]
pub(super) struct Boxes {
    /// Shape (parents, features, siblings): middle of each box.
    middle: Buffer<f64>,
    /// The same shape: half the length of each side, rounded up.
    half: Buffer<f64>,
    /// Shape (parents, siblings, 2 + features): what [`Summary`] names.
    summaries: Buffer<f64>,
    n_features: usize,
}

/// The samples of a box, added up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Summary<'a> {
    /// Total weight.
    weight: f64,
    /// Squared distances of the samples of a block to their mean, added up; not kept for groups.
    scatter: f64,
    /// Sum of each feature.
    sums: &'a [f64],
}

/// The boxes of the children of one parent, as they are filled in.
struct Siblings<'a> {
    middle: &'a mut [f64],
    half: &'a mut [f64],
    summaries: &'a mut [f64],
}

impl Boxes {
    /// Boxes of the blocks of `n_samples` samples, whose values `prepare` brings into blocks of features: they are looked
    /// at while they are in cache.
    pub(super) fn of_blocks<T: Element>(
        exec: &Exec<'_>,
        values: &mut [T],
        [n_samples, n_features]: [usize; 2],
        weights: &[f64],
        prepare: impl Fn(&mut [T]) + Sync,
    ) -> Result<Self> {
        let size = BLOCK * n_features;
        let mut boxes = Self::unwritten(values.len() / size, n_features);
        let parents = values.par_chunks_mut(BRANCH * size).zip(boxes.par_siblings()).enumerate();
        // A parent's samples are a few KiB.
        parents.with_min_len(BRANCH).try_for_each(|(parent, (values, mut siblings))| {
            exec.check()?;
            prepare(values);
            siblings.clear();
            dispatch!(exec.level, _simd => for (sibling, values) in values.chunks_exact(size).enumerate() {
                let block = parent * BRANCH + sibling;
                let count = BLOCK.min(n_samples - block * BLOCK);
                siblings.describe(sibling, values, count, block_weights(weights, block));
            });
            Ok(())
        })?;
        Ok(boxes)
    }

    /// Boxes of groups of [`BRANCH`] blocks.
    pub(super) fn of_groups(blocks: &Self) -> Self {
        let n_groups = blocks.middle.len() / (blocks.n_features * BRANCH);
        let mut groups = Self::unwritten(n_groups, blocks.n_features);
        groups.par_siblings().enumerate().for_each(|(parent, mut siblings)| {
            siblings.clear();
            for sibling in 0..BRANCH.min(n_groups - parent * BRANCH) {
                siblings.enclose(sibling, blocks, parent * BRANCH + sibling);
            }
        });
        groups
    }

    fn unwritten(n_nodes: usize, n_features: usize) -> Self {
        let n_padded = n_nodes.next_multiple_of(BRANCH);
        let [middle, half] = [(); 2].map(|()| Buffer::unwritten(n_padded * n_features));
        Self { middle, half, summaries: Buffer::unwritten(n_padded * (2 + n_features)), n_features }
    }

    fn par_siblings(&mut self) -> impl IndexedParallelIterator<Item = Siblings<'_>> {
        let size = BRANCH * self.n_features;
        let boxes = self.middle.par_chunks_mut(size).zip(self.half.par_chunks_mut(size));
        boxes
            .zip(self.summaries.par_chunks_mut(BRANCH * (2 + self.n_features)))
            .map(|((middle, half), summaries)| Siblings { middle, half, summaries })
    }

    /// Middles and half sides of the children of a parent, shape (features, siblings).
    #[inline(always)]
    pub(super) fn siblings(&self, parent: usize) -> [&[f64]; 2] {
        let size = self.n_features * BRANCH;
        [&self.middle[parent * size..][..size], &self.half[parent * size..][..size]]
    }

    #[inline(always)]
    pub(super) fn summary(&self, node: usize) -> Summary<'_> {
        let width = 2 + self.n_features;
        let row = &self.summaries[node * width..][..width];
        Summary { weight: row[0], scatter: row[1], sums: &row[2..] }
    }
}

impl Siblings<'_> {
    /// Makes boxes that hold nothing, and do not widen the one around them.
    fn clear(&mut self) {
        self.middle.fill(0.0);
        self.half.fill(f64::NEG_INFINITY);
        self.summaries.fill(0.0);
    }

    /// The box of one block, the first `count` samples of which are no filling.
    #[inline(always)]
    fn describe<T: Element>(&mut self, sibling: usize, values: &[T], count: usize, weights: Weights<'_>) {
        let weight = weights.weighted_sum(0, &[1.0; BLOCK][..count]);
        let summary = self.summary_mut(sibling);
        summary[0] = weight;
        for (f, values) in values.chunks_exact(BLOCK).enumerate() {
            let mut column = [0.0; BLOCK];
            for (x, value) in column.iter_mut().zip(values) {
                *x = value.to_real();
            }
            let sum = weights.weighted_sum(0, &column[..count]);
            let summary = self.summary_mut(sibling);
            summary[2 + f] = sum;
            if weight > 0.0 {
                let mean = sum / weight;
                summary[1] += weights.weighted_sum(0, &column.map(|x| (x - mean) * (x - mean))[..count]);
            }
            self.set_side(sibling, f, lane_range(&column));
        }
    }

    /// The box around the children of `parent`.
    fn enclose(&mut self, sibling: usize, boxes: &Boxes, parent: usize) {
        let [middle, half] = boxes.siblings(parent);
        for (f, (middle, half)) in middle.chunks_exact(BRANCH).zip(half.chunks_exact(BRANCH)).enumerate() {
            let sides = middle.iter().zip(half).map(|(middle, half)| [middle - half, middle + half]);
            let around = |a: [f64; 2], b: [f64; 2]| [a[0].min(b[0]), a[1].max(b[1])];
            self.set_side(sibling, f, sides.fold([f64::INFINITY, f64::NEG_INFINITY], around));
        }
        for child in parent * BRANCH..(parent + 1) * BRANCH {
            let Summary { weight, sums, .. } = boxes.summary(child);
            let summary = self.summary_mut(sibling);
            summary[0] += weight;
            for (sum, value) in summary[2..].iter_mut().zip(sums) {
                *sum += value;
            }
        }
    }

    #[inline(always)]
    fn summary_mut(&mut self, sibling: usize) -> &mut [f64] {
        let width = self.summaries.len() / BRANCH;
        &mut self.summaries[sibling * width..][..width]
    }

    /// Whoever takes half a side from the middle, or adds it, is outside `low..=high` at most: half is rounded up.
    #[inline(always)]
    fn set_side(&mut self, sibling: usize, feature: usize, [low, high]: [f64; 2]) {
        let at = feature * BRANCH + sibling;
        let middle = f64::midpoint(low, high);
        self.middle[at] = middle;
        self.half[at] = (high - middle).max(middle - low) * (1.0 + 2.0 * f64::EPSILON);
    }
}

impl Summary<'_> {
    /// Adds the samples to a cluster.
    #[inline(always)]
    pub(super) fn add_to(self, cluster: usize, sums: &mut Sums) {
        sums.add_row(cluster, self.weight, self.sums);
    }

    /// Squared distances of the samples to `center`, added up: around their mean nothing cancels.
    pub(super) fn inertia(self, center: &[f64]) -> f64 {
        if self.weight == 0.0 {
            return 0.0;
        }
        let to_mean = center.iter().zip(self.sums).map(|(c, sum)| (sum / self.weight - c) * (sum / self.weight - c));
        self.scatter + self.weight * to_mean.sum::<f64>()
    }
}
