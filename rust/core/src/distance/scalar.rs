//! The oracle: the plainest possible loops, with the arithmetic that every vector kernel repeats lane by lane.

use super::reads_rows;
use crate::Real;
use crate::simd::{Level, is_fused};

/// Squared Euclidean distance between two points, summed over the features in order.
#[must_use]
#[inline(always)]
pub fn squared_distance<R: Real>(point: &[R], center: &[R]) -> R {
    let mut sum = R::ZERO;
    for (x, c) in point.iter().zip(center) {
        let difference = *x - *c;
        sum = difference.fused_mul_add(difference, sum);
    }
    sum
}

/// As a kernel at this level computes [`squared_distance`]: one without fused multiply-add rounds twice.
#[inline(always)]
pub(super) fn squared_distance_at<R: Real>(level: Level, point: &[R], center: &[R]) -> R {
    if is_fused(level) {
        return squared_distance(point, center);
    }
    point.iter().zip(center).fold(R::ZERO, |sum, (x, c)| (*x - *c) * (*x - *c) + sum)
}

/// As [`squared_distance`], summed in the lanes of a 512-bit vector: feature `f` into lane `f % n`, halves added last.
#[must_use]
pub fn squared_distance_in_lanes<R: Real>(point: &[R], center: &[R]) -> R {
    let mut lanes = vec![R::ZERO; R::WIDE_LANES];
    for (f, (x, c)) in point.iter().zip(center).enumerate() {
        let difference = *x - *c;
        let lane = &mut lanes[f % R::WIDE_LANES];
        *lane = difference.fused_mul_add(difference, *lane);
    }
    while lanes.len() > 1 {
        let half = lanes.split_off(lanes.len() / 2);
        for (lane, other) in lanes.iter_mut().zip(half) {
            *lane += other;
        }
    }
    lanes[0]
}

/// Index of the center nearest to `point`, the lowest on ties, and its squared distance.
///
/// `centers` has the shape (`n_clusters`, `n_features`).
#[must_use]
pub fn nearest_scalar<R: Real>(point: &[R], centers: &[R]) -> (i32, R) {
    let in_lanes = reads_rows(centers.len() / point.len(), point.len());
    let mut best = (0, R::INFINITY);
    for (label, center) in centers.chunks_exact(point.len()).enumerate() {
        let distance =
            if in_lanes { squared_distance_in_lanes(point, center) } else { squared_distance(point, center) };
        if distance < best.1 {
            best = (label as i32, distance);
        }
    }
    best
}
