//! The oracle: the plainest possible loops, with the arithmetic that every vector kernel repeats lane by lane.

use crate::Real;

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

/// Index of the center nearest to `point`, the lowest on ties, and its squared distance.
///
/// `centers` has the shape (`n_clusters`, `n_features`).
#[must_use]
pub fn nearest_scalar<R: Real>(point: &[R], centers: &[R]) -> (i32, R) {
    let mut best = (0, R::INFINITY);
    for (label, center) in centers.chunks_exact(point.len()).enumerate() {
        let distance = squared_distance(point, center);
        if distance < best.1 {
            best = (label as i32, distance);
        }
    }
    best
}
