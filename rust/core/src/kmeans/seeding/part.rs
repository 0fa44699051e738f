//! A run of blocks, the work of one thread, and what is kept of them from center to center.

use std::ops::Range;

use super::boxes::{Sides, UNBOUNDED};
use super::kernels::Summary;
use super::points::{Chosen, Points};
use super::scan::{Labels, Scan};
use crate::Element;

/// Blocks per part: enough work to be worth a thread's while, too little to delay an interrupt, even with many runs.
const BLOCKS: usize = 8;

/// Consecutive samples, and about a byte for each of them and run.
#[derive(Debug)]
pub(super) struct Part {
    range: Range<usize>,
    /// Most samples in a block.
    capacity: usize,
    /// Bounding boxes, shape (`n_blocks`, `n_sides`).
    sides: Vec<Sides>,
    n_sides: usize,
    runs: Vec<PartOfRun>,
}

/// What is kept of the samples for one of several runs.
#[derive(Debug, Clone)]
struct PartOfRun {
    /// Each block with the centers so far, shape (`n_blocks`,).
    summaries: Vec<Summary>,
    /// Two bytes per sample where the centers near a block are many; shape (`n_blocks`,).
    labels: Vec<Labels>,
    /// Each block with each candidate as a further center, shape (`n_blocks`, `n_candidates`).
    outcomes: Vec<Summary>,
}

impl Part {
    /// Cuts samples into parts.
    pub(super) fn cut<T: Element>(scan: &Scan<'_, T>, n_samples: usize, n_runs: usize) -> Vec<Self> {
        let length = BLOCKS * scan.capacity();
        let starts = (0..n_samples).step_by(length);
        starts.map(|start| Self::new(scan, start..(start + length).min(n_samples), n_runs)).collect()
    }

    fn new<T: Element>(scan: &Scan<'_, T>, range: Range<usize>, n_runs: usize) -> Self {
        let (capacity, n_sides) = (scan.capacity(), scan.n_sides());
        let n_blocks = range.len().div_ceil(capacity);
        let run = PartOfRun {
            summaries: vec![Summary { potential: 0.0, farthest: f64::INFINITY }; n_blocks],
            labels: vec![Labels::default(); n_blocks],
            outcomes: Vec::new(),
        };
        Self { range, capacity, sides: vec![UNBOUNDED; n_blocks * n_sides], n_sides, runs: vec![run; n_runs] }
    }

    /// Weighted sum of the distances to the nearest center of a run.
    pub(super) fn potential(&self, run: usize) -> f64 {
        self.runs[run].summaries.iter().map(|summary| summary.potential).sum()
    }

    /// Computes what each block becomes with each candidate as a further center of its run, which have as many centers;
    /// a block is read once for all of them.
    pub(super) fn evaluate<T: Element>(&mut self, scan: &mut Scan<'_, T>, runs: &[Chosen], candidates: &[Points]) {
        self.runs.iter_mut().for_each(|part| part.outcomes.clear());
        for block in 0..self.range.len().div_ceil(self.capacity) {
            let (range, sides) = (self.range_of(block), self.sides_of(block));
            let mut is_loaded = false;
            for ((part, run), candidates) in self.runs.iter_mut().zip(runs).zip(candidates) {
                let (start, summary) = (part.outcomes.len(), part.summaries[block]);
                part.outcomes.resize(start + candidates.len(), summary);
                if !scan.is_promising(&self.sides[sides.clone()], summary.farthest, candidates) {
                    continue;
                }
                if !is_loaded {
                    scan.load(range.clone());
                    is_loaded = true;
                }
                let sides = &self.sides[sides.clone()];
                scan.closest(sides, summary.farthest, &run.centers, &mut part.labels[block]);
                scan.summarize(candidates, &mut part.outcomes[start..]);
            }
            // After all first centers: before, no candidate is too far, even where squares overflow.
            if is_loaded && runs.iter().all(|run| run.centers.len() == 0) {
                scan.measure(&mut self.sides[sides]);
            }
        }
    }

    /// What each block becomes with each candidate of a run, shape (`n_blocks`, `n_candidates`).
    pub(super) fn outcomes(&self, run: usize, n_candidates: usize) -> impl Iterator<Item = &[Summary]> {
        self.runs[run].outcomes.chunks_exact(n_candidates)
    }

    /// Makes one of the candidates a center of a run.
    pub(super) fn choose(&mut self, run: usize, candidate: usize, n_candidates: usize) {
        let PartOfRun { summaries, outcomes, .. } = &mut self.runs[run];
        for (summary, outcomes) in summaries.iter_mut().zip(outcomes.chunks_exact(n_candidates)) {
            *summary = outcomes[candidate];
        }
    }

    /// The sample at which the sum of the weighted distances in a run, `before` in front of the first one, reaches `target`.
    pub(super) fn find<T: Element>(
        &mut self,
        scan: &mut Scan<'_, T>,
        (run, centers): (usize, &Points),
        before: f64,
        target: f64,
    ) -> usize {
        let potentials = self.runs[run].summaries.iter().map(|summary| summary.potential);
        let (block, before) = first_reaching(potentials, before, target);
        let (range, sides) = (self.range_of(block), self.sides_of(block));
        scan.load(range.clone());
        let (weights, part) = (scan.weights(), &mut self.runs[run]);
        let farthest = part.summaries[block].farthest;
        let closest = scan.closest(&self.sides[sides], farthest, centers, &mut part.labels[block]);
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
