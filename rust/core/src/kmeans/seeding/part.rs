//! A run of blocks, the work of one thread, and what is kept of them from center to center.

use std::ops::Range;

use super::boxes::{Sides, UNBOUNDED};
use super::kernels::Summary;
use super::points::Points;
use super::scan::{Labels, Scan};
use crate::Element;

/// Blocks per part: enough work to be worth a thread's while, too little to delay an interrupt.
const BLOCKS: usize = 8;

/// Consecutive samples, and about a byte for each of them.
#[derive(Debug)]
pub(super) struct Part {
    range: Range<usize>,
    /// Most samples in a block.
    capacity: usize,
    /// Each block with the centers so far, shape (`n_blocks`,).
    summaries: Vec<Summary>,
    /// Two bytes per sample where the centers near a block are many; shape (`n_blocks`,).
    labels: Vec<Labels>,
    /// Bounding boxes, shape (`n_blocks`, `n_sides`).
    sides: Vec<Sides>,
    n_sides: usize,
    /// Each block with each candidate as a further center, shape (`n_blocks`, `n_candidates`).
    outcomes: Vec<Summary>,
}

impl Part {
    /// Cuts samples into parts.
    pub(super) fn cut<T: Element>(scan: &Scan<'_, T>, n_samples: usize) -> Vec<Self> {
        let length = BLOCKS * scan.capacity();
        let starts = (0..n_samples).step_by(length);
        starts.map(|start| Self::new(scan, start..(start + length).min(n_samples))).collect()
    }

    fn new<T: Element>(scan: &Scan<'_, T>, range: Range<usize>) -> Self {
        let (capacity, n_sides) = (scan.capacity(), scan.n_sides());
        let n_blocks = range.len().div_ceil(capacity);
        Self {
            range,
            capacity,
            summaries: vec![Summary { potential: 0.0, farthest: f64::INFINITY }; n_blocks],
            labels: vec![Labels::default(); n_blocks],
            sides: vec![UNBOUNDED; n_blocks * n_sides],
            n_sides,
            outcomes: Vec::new(),
        }
    }

    /// Weighted sum of the distances to the nearest center.
    pub(super) fn potential(&self) -> f64 {
        self.summaries.iter().map(|summary| summary.potential).sum()
    }

    /// Computes what each block becomes with each candidate as a further center.
    pub(super) fn evaluate<T: Element>(&mut self, scan: &mut Scan<'_, T>, centers: &Points, candidates: &Points) {
        self.outcomes.clear();
        for (block, summary) in self.summaries.iter().enumerate() {
            let start = self.outcomes.len();
            self.outcomes.resize(start + candidates.len(), *summary);
            if scan.is_promising(&self.sides[self.sides_of(block)], summary.farthest, candidates) {
                scan.load(self.range_of(block));
                if centers.len() == 0 {
                    let sides = self.sides_of(block);
                    scan.measure(&mut self.sides[sides]);
                }
                let sides = &self.sides[self.sides_of(block)];
                scan.closest(sides, summary.farthest, centers, &mut self.labels[block]);
                scan.summarize(candidates, &mut self.outcomes[start..]);
            }
        }
    }

    /// What each block becomes with each candidate, shape (`n_blocks`, `n_candidates`).
    pub(super) fn outcomes(&self, n_candidates: usize) -> impl Iterator<Item = &[Summary]> {
        self.outcomes.chunks_exact(n_candidates)
    }

    /// Makes one of the candidates a center.
    pub(super) fn choose(&mut self, candidate: usize, n_candidates: usize) {
        for (summary, outcomes) in self.summaries.iter_mut().zip(self.outcomes.chunks_exact(n_candidates)) {
            *summary = outcomes[candidate];
        }
    }

    /// The sample at which the sum of the weighted distances, `before` in front of the first one, reaches `target`.
    pub(super) fn find<T: Element>(
        &mut self,
        scan: &mut Scan<'_, T>,
        centers: &Points,
        before: f64,
        target: f64,
    ) -> usize {
        let potentials = self.summaries.iter().map(|summary| summary.potential);
        let (block, before) = first_reaching(potentials, before, target);
        let range = self.range_of(block);
        scan.load(range.clone());
        let (weights, sides) = (scan.weights(), &self.sides[self.sides_of(block)]);
        let closest = scan.closest(sides, self.summaries[block].farthest, centers, &mut self.labels[block]);
        let terms = range.clone().zip(closest).map(|(index, distance)| weights.get(index) * distance);
        range.start + first_reaching(terms, before, target).0
    }

    /// Samples of a block.
    fn range_of(&self, block: usize) -> Range<usize> {
        let start = self.range.start + block * self.capacity;
        start..(start + self.capacity).min(self.range.end)
    }

    /// Where the sides of a block lie.
    fn sides_of(&self, block: usize) -> Range<usize> {
        block * self.n_sides..(block + 1) * self.n_sides
    }
}

/// The first term at which the sum of all terms reaches `target`, and the sum before it.
///
/// If this order of additions stops just short of a target that another order reached, it is the last term above zero.
pub(super) fn first_reaching(terms: impl Iterator<Item = f64>, before: f64, target: f64) -> (usize, f64) {
    let (mut sum, mut last) = (before, (0, before));
    for (index, term) in terms.enumerate() {
        if sum + term >= target {
            return (index, sum);
        }
        if term > 0.0 {
            last = (index, sum);
        }
        sum += term;
    }
    last
}
