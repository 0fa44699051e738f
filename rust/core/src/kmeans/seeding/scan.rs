//! Work on one block after the other.

use std::ops::Range;

use super::block::Block;
use super::boxes::{Sides, least_distances, measure};
use super::kernels::{Lower, Relabel, Summarize, Summary};
use super::points::Points;
use crate::simd::Level;
use crate::{Element, Samples, Weights};

/// Centers that the labels of a block may leave out: to look up the centers of labels costs as much as the distances to
/// this many, or to one where rows are read as they lie.
const UNLABELLED: usize = 5;
const UNLABELLED_ROWS: usize = 1;

/// Centers that labels can name; the distances to further ones are computed again and again.
const MAX_LABELLED: usize = 1 << 16;

/// Which of the first centers is nearest to each sample of a block.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels {
    /// Number of these centers.
    n_centers: usize,
    /// One label per place in the block, or nothing as long as there are no such centers.
    values: Vec<u16>,
}

/// One block of samples, and buffers for what is computed from it.
#[derive(Debug)]
pub(super) struct Scan<'a, T> {
    level: Level,
    samples: &'a Samples<'a, T>,
    weights: Weights<'a>,
    block: Block,
    /// Number of samples in the block.
    len: usize,
    block_weights: Vec<f64>,
    /// Distance of each sample to its nearest center; 0 beyond the last sample, where no candidate can lower it.
    closest: Vec<f64>,
    /// For each of some points a distance that no sample comes below.
    least: Vec<f64>,
    /// Indices of the centers that may be the nearest of a sample, and their rows.
    near_labels: Vec<usize>,
    near: Vec<f64>,
    /// Indices of the candidates that may be nearer to a sample than any center.
    promising: Vec<usize>,
}

impl<'a, T: Element> Scan<'a, T> {
    pub(super) fn new(level: Level, samples: &'a Samples<'a, T>, weights: Weights<'a>) -> Self {
        let block = Block::new(samples.n_features());
        let (block_weights, closest) = (vec![1.0; block.capacity()], vec![0.0; block.capacity()]);
        let (least, near_labels, near, promising) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { level, samples, weights, block, len: 0, block_weights, closest, least, near_labels, near, promising }
    }

    /// Most samples in a block.
    pub(super) fn capacity(&self) -> usize {
        self.block.capacity()
    }

    /// Weights of all samples.
    pub(super) fn weights(&self) -> Weights<'a> {
        self.weights
    }

    /// Room for `capacity` points to measure distances to.
    pub(super) fn points(&self, capacity: usize) -> Points {
        Points::new(capacity, self.samples.n_features(), self.block.width())
    }

    /// Number of sides of a bounding box: none for many features, whose noise alone puts every point near every box.
    pub(super) fn n_sides(&self) -> usize {
        match self.block {
            Block::Columns { n_features, .. } => n_features,
            Block::Rows { .. } => 0,
        }
    }

    /// Finds the candidates that may be nearer to a sample in the box than `farthest`; returns whether there are any.
    pub(super) fn is_promising(&mut self, sides: &[Sides], farthest: f64, candidates: &Points) -> bool {
        least_distances(self.level, sides, candidates, 0, &mut self.least);
        self.promising.clear();
        self.promising.extend((0..candidates.len()).filter(|j| self.least[*j] < farthest));
        !self.promising.is_empty()
    }

    /// Reads a block of at most [`Scan::capacity`] samples, and asks for the one behind it.
    pub(super) fn load(&mut self, range: Range<usize>) {
        self.len = range.len();
        if let Weights::Each(values) = self.weights {
            self.block_weights[..range.len()].copy_from_slice(&values[range.clone()]);
        }
        self.block.load(self.level, self.samples, range);
    }

    /// Measures the bounding box of the block, shape (`n_sides`,).
    pub(super) fn measure(&self, box_out: &mut [Sides]) {
        if let Block::Columns { tile, .. } = &self.block {
            measure(self.level, tile.features(), self.len, box_out);
        }
    }

    /// Distances of the samples to their nearest centers; none of them exceeds `farthest`.
    pub(super) fn closest(&mut self, sides: &[Sides], farthest: f64, centers: &Points, labels: &mut Labels) -> &[f64] {
        self.find_near(sides, farthest, centers, labels.n_centers);
        let limit = if sides.is_empty() { UNLABELLED_ROWS } else { UNLABELLED };
        let closest_out = &mut self.closest[..];
        if self.near_labels.len() > limit && centers.len() <= MAX_LABELLED {
            labels.values.resize(self.block.capacity(), 0);
            let (is_labelled, labels_out) = (labels.n_centers > 0, &mut labels.values[..]);
            let (near, near_labels) = (&self.near[..], &self.near_labels[..]);
            self.block.run(self.level, Relabel { centers, is_labelled, labels_out, near, near_labels, closest_out });
            labels.n_centers = centers.len();
        } else {
            self.block.run(self.level, Lower { centers, labels: &labels.values, near: &self.near, closest_out });
        }
        self.closest[self.len..].fill(0.0);
        &self.closest[..self.len]
    }

    /// Finds the centers from `start` on that are within `farthest` of the box.
    fn find_near(&mut self, sides: &[Sides], farthest: f64, centers: &Points, start: usize) {
        least_distances(self.level, sides, centers, start, &mut self.least);
        self.near_labels.clear();
        self.near.clear();
        for (label, least) in (start..).zip(&self.least) {
            if *least <= farthest {
                self.near_labels.push(label);
                self.near.extend(centers.row(label));
            }
        }
    }

    /// Writes what the block becomes with each promising candidate, shape (`n_candidates`,), after
    /// [`Scan::is_promising`] and [`Scan::closest`].
    pub(super) fn summarize(&self, candidates: &Points, summaries_out: &mut [Summary]) {
        let (promising, closest, weights) = (&self.promising[..], &self.closest[..], &self.block_weights[..]);
        self.block.run(self.level, Summarize { candidates, promising, closest, weights, summaries_out });
    }
}
