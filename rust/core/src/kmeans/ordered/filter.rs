//! Which centers may be nearest to a sample somewhere in a box (Kanungo et al., 2002), for eight boxes at a time.

use fearless_simd::{Level, Select, Simd, SimdBase, SimdFloat, SimdFrom, dispatch, f64x8};

use super::BRANCH;
use crate::distance::Centers;
use crate::{Real, with_features};

/// Centers as the filter reads them, and what rounding may hide in the distances that the kernels compute.
#[derive(Debug)]
pub(super) struct Filter {
    /// Exactly the centers that distances are computed to, shape (`n_clusters`, `n_features`).
    centers: Vec<f64>,
    n_features: usize,
    /// A bound on the rounding of two distances, relative to their size.
    relative: f64,
    /// The same for distances too small for their type's full precision.
    absolute: f64,
    /// Distances beyond this may overflow in their type; nothing is ruled out there.
    limit: f64,
}

/// The centers left for each of eight sibling boxes, in ascending order, and buffers to find them.
#[derive(Debug, Default)]
pub(super) struct Survivors {
    /// One list of `capacity` per box.
    lists: Vec<u32>,
    lengths: [usize; BRANCH],
    capacity: usize,
    distances: Vec<[f64; BRANCH]>,
}

impl Survivors {
    #[inline(always)]
    pub(super) fn of(&self, sibling: usize) -> &[u32] {
        &self.lists[sibling * self.capacity..][..self.lengths[sibling]]
    }
}

impl Filter {
    pub(super) fn new<R: Real>(centers: &Centers<R>) -> Self {
        // A distance is a difference for each feature, squared and added: each rounds once or twice. Two distances are compared, each
        // at most twice the sum of the terms that the bound is multiplied with; the rest is a margin for the filter's
        // own rounding.
        let roundings = 16.0 * (centers.n_features() as f64 + 2.0);
        Self {
            centers: centers.values().iter().map(|c| c.to_f64()).collect(),
            n_features: centers.n_features(),
            relative: roundings * R::EPSILON,
            absolute: roundings * R::MIN_POSITIVE,
            limit: R::MAX / 16.0,
        }
    }

    /// Finds the survivors among `candidates` (ascending) for eight boxes with these middles and half sides.
    ///
    /// A center is ruled out if the one nearest to the middle of the box is nearer to every point of the box: the
    /// difference of the two squared distances is linear, so it is least in the corner towards the ruled out center.
    pub(super) fn run(&self, level: Level, boxes: [&[f64]; 2], candidates: &[u32], survivors: &mut Survivors) {
        dispatch!(level, simd => with_features!(self.n_features, D => {
            self.run_in_lanes::<_, D>(simd, boxes, candidates, survivors);
        }));
    }

    #[inline(always)]
    fn run_in_lanes<S: Simd, const D: usize>(
        &self,
        simd: S,
        [middle, half]: [&[f64]; 2],
        candidates: &[u32],
        survivors: &mut Survivors,
    ) {
        let (centers, _) = self.centers.as_chunks::<D>();
        let zero = f64x8::simd_from(simd, 0.0);
        let (mut m, mut h, mut diagonal) = ([zero; D], [zero; D], zero);
        for f in 0..D {
            m[f] = f64x8::from_slice(simd, &middle[f * BRANCH..][..BRANCH]);
            h[f] = f64x8::from_slice(simd, &half[f * BRANCH..][..BRANCH]);
            diagonal = h[f].mul_add(h[f], diagonal);
        }

        survivors.reset(candidates.len());
        let (mut best, mut best_center) = (f64x8::simd_from(simd, f64::INFINITY), [zero; D]);
        for (candidate, out) in candidates.iter().zip(&mut survivors.distances) {
            let center = &centers[*candidate as usize];
            let mut distance = zero;
            for f in 0..D {
                let difference = m[f] - center[f];
                distance = difference.mul_add(difference, distance);
            }
            let closer = distance.simd_lt(best);
            best = closer.select(distance, best);
            for f in 0..D {
                best_center[f] = closer.select(f64x8::simd_from(simd, center[f]), best_center[f]);
            }
            distance.store_slice(out);
        }

        for (at, candidate) in candidates.iter().enumerate() {
            let center = &centers[*candidate as usize];
            let distance = f64x8::from_slice(simd, &survivors.distances[at]);
            let mut reach = zero;
            for f in 0..D {
                let apart = (best_center[f] - center[f]).abs();
                reach = h[f].mul_add(apart, reach);
            }
            let size = distance + diagonal;
            let slack = (reach + reach) + (size * self.relative + self.absolute) - (distance - best);
            let slack = size.simd_gt(self.limit).select(zero, slack);
            survivors.keep(*candidate, slack.as_slice());
        }
    }
}

impl Survivors {
    #[inline(always)]
    fn reset(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.lengths = [0; BRANCH];
        if self.distances.len() < capacity {
            self.distances.resize(capacity, [0.0; BRANCH]);
            self.lists.resize(capacity * BRANCH, 0);
        }
    }

    /// Adds a candidate to the lists of the boxes in which it is not certainly beaten.
    #[inline(always)]
    fn keep(&mut self, candidate: u32, slack: &[f64]) {
        for sibling in 0..BRANCH {
            let length = &mut self.lengths[sibling];
            self.lists[sibling * self.capacity + *length] = candidate;
            // What is not a number rules nothing out.
            let is_beaten = slack[sibling] < 0.0;
            *length += usize::from(!is_beaten);
        }
    }
}
