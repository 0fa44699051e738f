//! Loops over the samples of a block.

use fearless_simd::{Select, Simd, SimdBase, SimdFloat, SimdFrom, f64x8};

use super::block::Work;
use super::distances::{Distances, LANES};
use super::points::Points;
use crate::Real;
use crate::simd::TILE;

/// What is kept of the distances of a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Summary {
    /// Weighted sum of the distances to the nearest center.
    pub(super) potential: f64,
    /// The largest of these distances.
    pub(super) farthest: f64,
}

/// Distances to the nearest of the centers that labels name and some further ones.
pub(super) struct Lower<'a> {
    pub(super) centers: &'a Points,
    /// One label per place in the block, or nothing.
    pub(super) labels: &'a [u16],
    /// The further centers, one after the other.
    pub(super) near: &'a [f64],
    /// One distance per place in the block.
    pub(super) closest_out: &'a mut [f64],
}

impl Work for Lower<'_> {
    #[inline(always)]
    fn run<S: Simd, D: Distances>(self, simd: S, samples: D) {
        let (labels, _) = self.labels.as_chunks::<LANES>();
        let (closest_out, _) = self.closest_out.as_chunks_mut::<LANES>();
        for (vector, out) in closest_out.iter_mut().enumerate().take(TILE / LANES) {
            let at = vector * LANES;
            let mut closest = match labels.get(vector) {
                Some(labels) => samples.to_own(simd, at, self.centers.rows(), labels),
                None => f64x8::simd_from(simd, f64::INFINITY),
            };
            let mut pairs = self.near.chunks_exact(2 * samples.width());
            for pair in &mut pairs {
                let (first, second) = pair.split_at(samples.width());
                let [first, second] = samples.to(simd, at, [first, second]);
                closest = closest.min(first).min(second);
            }
            for center in pairs.remainder().chunks_exact(samples.width()) {
                let [distance] = samples.to(simd, at, [center]);
                closest = closest.min(distance);
            }
            closest.store_slice(out);
        }
    }
}

/// As [`Lower`]; the labels name the nearest center of all afterwards.
pub(super) struct Relabel<'a> {
    pub(super) centers: &'a Points,
    /// Whether the labels name centers before.
    pub(super) is_labelled: bool,
    pub(super) labels_out: &'a mut [u16],
    pub(super) near: &'a [f64],
    /// Indices of the further centers.
    pub(super) near_labels: &'a [usize],
    pub(super) closest_out: &'a mut [f64],
}

impl Work for Relabel<'_> {
    #[inline(always)]
    fn run<S: Simd, D: Distances>(self, simd: S, samples: D) {
        let (labels, _) = self.labels_out.as_chunks_mut::<LANES>();
        let (closest_out, _) = self.closest_out.as_chunks_mut::<LANES>();
        for (vector, (out, labels)) in closest_out.iter_mut().zip(labels).enumerate().take(TILE / LANES) {
            let at = vector * LANES;
            let mut closest = f64x8::simd_from(simd, f64::INFINITY);
            if self.is_labelled {
                closest = samples.to_own(simd, at, self.centers.rows(), labels);
            }
            let mut label = f64x8::load_array(simd, labels.map(f64::from));
            for (center, near_label) in self.near.chunks_exact(samples.width()).zip(self.near_labels) {
                let [distance] = samples.to(simd, at, [center]);
                let closer = distance.simd_lt(closest);
                closest = closer.select(distance, closest);
                label = closer.select(f64x8::simd_from(simd, *near_label as f64), label);
            }
            closest.store_slice(out);
            for i in 0..LANES {
                labels[i] = label[i].to_label() as u16;
            }
        }
    }
}

/// What the distances become with each of some candidates as a further center.
pub(super) struct Summarize<'a> {
    pub(super) candidates: &'a Points,
    /// Indices of the candidates in question.
    pub(super) promising: &'a [usize],
    /// Distances to the nearest center so far.
    pub(super) closest: &'a [f64],
    pub(super) weights: &'a [f64],
    /// Shape (`n_candidates`,); only those of the candidates in question are written.
    pub(super) summaries_out: &'a mut [Summary],
}

impl Work for Summarize<'_> {
    #[inline(always)]
    fn run<S: Simd, D: Distances>(self, simd: S, samples: D) {
        let (pairs, rest) = self.promising.as_chunks::<2>();
        for [i, j] in pairs {
            let centers = [self.candidates.row(*i), self.candidates.row(*j)];
            [self.summaries_out[*i], self.summaries_out[*j]] =
                summaries_with(simd, samples, centers, self.closest, self.weights);
        }
        for j in rest {
            let center = [self.candidates.row(*j)];
            [self.summaries_out[*j]] = summaries_with(simd, samples, center, self.closest, self.weights);
        }
    }
}

/// Side by side, candidates share what is read, and none waits for its own last addition.
#[inline(always)]
fn summaries_with<S: Simd, D: Distances, const N: usize>(
    simd: S,
    samples: D,
    centers: [&[f64]; N],
    closest: &[f64],
    weights: &[f64],
) -> [Summary; N] {
    let mut points = centers;
    for j in 0..N {
        points[j] = &centers[j][..samples.width()];
    }
    let mut potentials = [f64x8::simd_from(simd, 0.0); N];
    let mut farthest = [f64x8::simd_from(simd, 0.0); N];
    let (closest, _) = closest.as_chunks::<LANES>();
    let (weights, _) = weights.as_chunks::<LANES>();
    for (vector, (closest, weights)) in closest.iter().zip(weights).enumerate().take(TILE / LANES) {
        let old = f64x8::load_array_ref(simd, closest);
        let weights = f64x8::load_array_ref(simd, weights);
        let distances = samples.to(simd, vector * LANES, points);
        for j in 0..N {
            let closest = old.min(distances[j]);
            potentials[j] = closest.mul_add(weights, potentials[j]);
            farthest[j] = farthest[j].max(closest);
        }
    }
    let mut summaries = [Summary { potential: 0.0, farthest: 0.0 }; N];
    for j in 0..N {
        summaries[j] = Summary { potential: f64::sum_lanes(potentials[j]), farthest: farthest[j].reduce_max() };
    }
    summaries
}
