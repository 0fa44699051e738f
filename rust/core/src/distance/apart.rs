//! Which groups of centers can hold one that is nearer to a sample than its own.
//!
//! A center that is more than twice as far from a sample's own center as the sample itself is farther from the sample than
//! its own (Elkan, 2003); here that is asked of groups of centers, for a few samples at a time.

use fearless_simd::{Select, Simd, SimdBase, SimdFloat, SimdFrom, SimdMask, dispatch};
use rayon::prelude::*;

use super::groups::Groups;
use crate::Real;
use crate::simd::Level;

/// Samples for each center from which the distances between centers are small beside those of the samples.
const MIN_SAMPLES: usize = 64;

/// Values of the samples for each of the distances between centers and groups, so that these take a twentieth of the memory.
const VALUES_PER_DISTANCE: usize = 20;

/// Groups from which there is enough to skip: with fewer, most of them are near to everything.
const MIN_GROUPS: usize = 6;

/// How far from each center the nearest one of each group is at least.
#[derive(Debug, Clone)]
pub struct Apart<R> {
    /// Shape (`n_clusters`, `width`), filled up with infinities.
    distances: Vec<R>,
    /// Number of groups, rounded up to whole vectors.
    width: usize,
    /// Place of each center in the groups.
    places: Vec<u32>,
}

impl<R: Real> Apart<R> {
    /// Whether to ask, for so many samples and so many centers.
    pub(super) fn pays(groups: &Groups<R>, n_samples: usize) -> bool {
        let n_distances = groups.len().saturating_mul(groups.n_clusters());
        groups.len() >= MIN_GROUPS
            && n_samples >= MIN_SAMPLES * groups.n_clusters()
            && n_samples.saturating_mul(groups.n_features()) / VALUES_PER_DISTANCE >= n_distances
    }

    pub(super) fn new(level: Level, groups: &Groups<R>) -> Self {
        let width = groups.len().next_multiple_of(R::WIDE_LANES);
        let mut distances = vec![R::INFINITY; groups.n_clusters() * width];
        // A distance rounds as its square does, twice for each feature; centers were moved to where they are, by half of
        // EPSILON of their length each. Twice as much for both.
        let relative = R::from_f64(1.0 - 2.0 * (groups.n_features() as f64 + 8.0) * R::EPSILON);
        let moved = R::from_f64(4.0 * R::EPSILON * groups.longest().to_f64());
        distances.par_chunks_exact_mut(width).enumerate().for_each(|(label, distances)| {
            dispatch!(level, simd => for (group, out) in distances[..groups.len()].iter_mut().enumerate() {
                *out = nearest_of_group(simd, groups.center(label), groups, group).square_root() * relative - moved;
            });
        });
        Self { distances, width, places: groups.places().to_vec() }
    }

    /// Samples whose labels are given by their index, sorted so that those of neighbouring centers follow each other.
    #[must_use]
    pub fn sorted(&self, indices: &[usize], label: impl Fn(usize) -> i32) -> Vec<usize> {
        let place = |index: usize| self.places[label(index) as usize] as usize;
        let mut next = vec![0; self.places.len() + 1];
        for index in indices {
            next[place(*index) + 1] += 1;
        }
        for i in 1..next.len() {
            next[i] += next[i - 1];
        }
        let mut sorted = vec![0; indices.len()];
        for index in indices {
            let at = &mut next[place(*index)];
            sorted[*at] = *index;
            *at += 1;
        }
        sorted
    }

    /// From the center of a label.
    #[inline(always)]
    pub(super) fn from(&self, label: usize) -> &[R] {
        &self.distances[label * self.width..][..self.width]
    }
}

/// The squared distance from a center to the nearest one of a group.
#[inline(always)]
fn nearest_of_group<S: Simd, R: Real>(simd: S, center: &[R], groups: &Groups<R>, group: usize) -> R {
    let mut sums = R::Wide::<S>::simd_from(simd, R::ZERO);
    for (values, c) in groups.values(group).chunks_exact(R::WIDE_LANES).zip(center) {
        // Those of the group are negated.
        let difference = R::Wide::<S>::from_slice(simd, values) + *c;
        sums = difference.mul_add(difference, sums);
    }
    let n_centers = groups.half_squares(group).iter().filter(|half| **half < R::INFINITY).count();
    let least = |least: R, square: &R| if *square < least { *square } else { least };
    sums.as_slice()[..n_centers].iter().fold(R::INFINITY, least)
}

/// The groups to look at for a few samples.
#[derive(Debug, Clone)]
pub(super) struct Near<R> {
    chosen: Vec<u32>,
    n_groups: usize,
    /// By how much each group is too far for all samples so far; not above 0 if it is not.
    excess: Vec<R>,
}

impl<R: Real> Near<R> {
    pub(super) fn new(n_groups: usize) -> Self {
        Self { chosen: Vec::new(), n_groups, excess: vec![R::ZERO; n_groups.next_multiple_of(R::WIDE_LANES)] }
    }

    /// The groups chosen last.
    #[inline(always)]
    pub(super) fn groups(&self) -> &[u32] {
        &self.chosen
    }

    pub(super) fn clear(&mut self) {
        self.excess.fill(R::INFINITY);
    }

    /// Adds a sample at a distance `own` from its center, which is so far `apart` from the groups.
    #[inline(always)]
    pub(super) fn add<S: Simd>(&mut self, simd: S, own: R, apart: &[R]) {
        for (excess, apart) in self.excess.chunks_exact_mut(R::WIDE_LANES).zip(apart.chunks_exact(R::WIDE_LANES)) {
            let more = R::Wide::<S>::from_slice(simd, apart) - (own + own);
            R::Wide::<S>::from_slice(simd, excess).min(more).store_slice(excess);
        }
    }

    /// Chooses the groups that are not too far for one of the samples; what is not a number is not too far.
    #[inline(always)]
    pub(super) fn choose<S: Simd>(&mut self, simd: S) {
        self.chosen.clear();
        for (vector, excess) in self.excess.chunks_exact(R::WIDE_LANES).enumerate() {
            let start = vector * R::WIDE_LANES;
            let exists = !0 >> (64 - R::WIDE_LANES.min(self.n_groups - start));
            let mut left = !R::Wide::<S>::from_slice(simd, excess).simd_gt(R::ZERO).to_bitmask() & exists;
            while left != 0 {
                self.chosen.push(start as u32 + left.trailing_zeros());
                left &= left - 1;
            }
        }
    }

    /// The square of a distance that no center of a group that was not chosen comes below, for a sample that was added.
    #[inline(always)]
    pub(super) fn beyond<S: Simd>(&self, simd: S, own: R, apart: &[R]) -> R {
        let infinity = R::Wide::<S>::simd_from(simd, R::INFINITY);
        let mut nearest = infinity;
        for (excess, apart) in self.excess.chunks_exact(R::WIDE_LANES).zip(apart.chunks_exact(R::WIDE_LANES)) {
            let is_far = R::Wide::<S>::from_slice(simd, excess).simd_gt(R::ZERO);
            nearest = nearest.min(is_far.select(R::Wide::<S>::from_slice(simd, apart), infinity));
        }
        let beyond = nearest.reduce_min() - own;
        beyond * beyond
    }
}
