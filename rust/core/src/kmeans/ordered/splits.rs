//! A k-d tree that says where in the order a sample belongs.

use crate::{Element, Real, Samples};

/// Samples that a bucket holds on average: a block of the order then spans a few neighbouring buckets.
const PER_BUCKET: usize = 32;

/// Levels at most: the splits of 2^14 buckets still fit a level-2 cache, which every sample walks through.
const MAX_DEPTH: u32 = 14;

/// Samples drawn per bucket to find the splits. Buckets need not be equally full, so a rough median does.
const DRAWN_PER_BUCKET: usize = 2;

/// Steps the draw through the samples without the rhythm of an image's rows: 2^64 divided by the golden ratio.
const GOLDEN_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Samples that walk down side by side, so that one need not wait for another's memory.
const SIDE_BY_SIDE: usize = 8;

/// Samples of a piece of the tree below which it is built by one thread.
const PARALLEL_MIN: usize = 2048;

#[derive(Debug, Clone, Copy)]
struct Split<R> {
    threshold: R,
    feature: usize,
}

/// A complete tree of splits, each along the feature in which its samples spread the most.
///
/// Nodes lie in preorder: the left subtree follows its node, the right one follows that.
#[derive(Debug)]
pub(super) struct Splits<R> {
    nodes: Vec<Split<R>>,
    depth: u32,
}

impl<R: Real> Splits<R> {
    /// Finds the splits from a fixed draw of the samples.
    pub(super) fn new<T: Element<Real = R>, const D: usize>(samples: &Samples<'_, T>) -> Self {
        let depth = (samples.n_samples() / PER_BUCKET).max(1).ilog2().min(MAX_DEPTH);
        let mut drawn = draw::<T, D>(samples, DRAWN_PER_BUCKET << depth);
        // Where nothing can be split, everything goes left.
        let mut nodes = vec![Split { threshold: R::INFINITY, feature: 0 }; (1 << depth) - 1];
        split(&mut nodes, &mut drawn);
        Self { nodes, depth }
    }

    /// Number of buckets.
    pub(super) fn n_buckets(&self) -> usize {
        1 << self.depth
    }

    /// Writes the bucket of each sample from `start` on.
    pub(super) fn buckets<T: Element<Real = R>, const D: usize>(
        &self,
        samples: &Samples<'_, T>,
        start: usize,
        buckets_out: &mut [u32],
    ) {
        let mut x = [[R::ZERO; D]; SIDE_BY_SIDE];
        for (group, out) in buckets_out.chunks_mut(SIDE_BY_SIDE).enumerate() {
            for (i, row) in x.iter_mut().enumerate().take(out.len()) {
                samples.read_row(start + group * SIDE_BY_SIDE + i, row);
            }
            out.copy_from_slice(&self.descend(&x)[..out.len()]);
        }
    }

    #[inline(always)]
    fn descend<const D: usize>(&self, x: &[[R; D]; SIDE_BY_SIDE]) -> [u32; SIDE_BY_SIDE] {
        let (mut nodes, mut buckets) = ([0; SIDE_BY_SIDE], [0; SIDE_BY_SIDE]);
        for level in (0..self.depth).rev() {
            let subtree = (1 << level) - 1;
            for i in 0..SIDE_BY_SIDE {
                let split = self.nodes[nodes[i]];
                let right = usize::from(x[i][split.feature] > split.threshold);
                nodes[i] += 1 + right * subtree;
                buckets[i] = 2 * buckets[i] + right as u32;
            }
        }
        buckets
    }
}

fn draw<T: Element, const D: usize>(samples: &Samples<'_, T>, count: usize) -> Vec<[T::Real; D]> {
    let n = samples.n_samples() as u128;
    (0..count as u64)
        .map(|i| {
            let position = u128::from(i.wrapping_mul(GOLDEN_STEP)) * n;
            let mut row = [T::Real::ZERO; D];
            samples.read_row((position >> 64) as usize, &mut row);
            row
        })
        .collect()
}

/// Fills a subtree from the samples that reach it.
fn split<R: Real, const D: usize>(nodes: &mut [Split<R>], reached: &mut [[R; D]]) {
    let Some((node, subtrees)) = nodes.split_first_mut() else { return };
    let Some(chosen) = choose(reached) else { return };
    *node = chosen;
    let at = partition(reached, chosen);
    let (left, right) = reached.split_at_mut(at);
    let (left_nodes, right_nodes) = subtrees.split_at_mut(subtrees.len() / 2);
    if left.len().min(right.len()) < PARALLEL_MIN {
        split(left_nodes, left);
        split(right_nodes, right);
    } else {
        rayon::join(|| split(left_nodes, left), || split(right_nodes, right));
    }
}

/// The middle of the feature that spreads the most; `None` if all samples are alike.
fn choose<R: Real, const D: usize>(reached: &[[R; D]]) -> Option<Split<R>> {
    let (mut low, mut high) = ([R::INFINITY; D], [-R::INFINITY; D]);
    for row in reached {
        for f in 0..D {
            low[f] = if row[f] < low[f] { row[f] } else { low[f] };
            high[f] = if row[f] > high[f] { row[f] } else { high[f] };
        }
    }
    let mut feature = 0;
    for f in 1..D {
        if high[f] - low[f] > high[feature] - low[feature] {
            feature = f;
        }
    }
    let highest = high[feature];
    let mut values: Vec<R> = reached.iter().map(|row| row[feature]).filter(|value| *value < highest).collect();
    // The highest values never are the threshold: something must go right.
    let middle = (reached.len() / 2).min(values.len().checked_sub(1)?);
    let (_, threshold, _) = values.select_nth_unstable_by(middle, |a, b| a.to_f64().total_cmp(&b.to_f64()));
    Some(Split { threshold: *threshold, feature })
}

/// Moves the samples that go left to the front; returns how many they are.
fn partition<R: Real, const D: usize>(reached: &mut [[R; D]], split: Split<R>) -> usize {
    let mut at = 0;
    for i in 0..reached.len() {
        if reached[i][split.feature] <= split.threshold {
            reached.swap(at, i);
            at += 1;
        }
    }
    at
}
