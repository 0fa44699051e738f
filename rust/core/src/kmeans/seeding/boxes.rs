//! Bounding boxes of blocks: which points can be near to any of their samples.

use fearless_simd::{Simd, SimdBase, SimdFloat, SimdFrom, dispatch, f64x8};

use super::distances::LANES;
use super::points::Points;
use crate::simd::{Features, Level};

/// The least and the greatest value of a feature in a block, rounded outwards to float32 to save memory.
pub(super) type Sides = [f32; 2];

/// Sides of a block that is not measured yet.
pub(super) const UNBOUNDED: Sides = [f32::NEG_INFINITY, f32::INFINITY];

/// Measures the first `n_samples` samples of a block, shape (`n_features`,).
pub(super) fn measure(level: Level, features: Features<'_, f64>, n_samples: usize, box_out: &mut [Sides]) {
    dispatch!(level, simd => for (f, sides) in box_out.iter_mut().enumerate() {
        let (least, greatest) = extremes(simd, &features.get(f)[..n_samples]);
        let (low, high) = (least as f32, greatest as f32);
        sides[0] = if f64::from(low) > least { low.next_down() } else { low };
        sides[1] = if f64::from(high) < greatest { high.next_up() } else { high };
    });
}

#[inline(always)]
fn extremes<S: Simd>(simd: S, values: &[f64]) -> (f64, f64) {
    let mut least = f64x8::simd_from(simd, f64::INFINITY);
    let mut greatest = f64x8::simd_from(simd, f64::NEG_INFINITY);
    let (vectors, rest) = values.as_chunks::<LANES>();
    for vector in vectors {
        let vector = f64x8::load_array_ref(simd, vector);
        least = least.min(vector);
        greatest = greatest.max(vector);
    }
    let extremes = (least.reduce_min(), greatest.reduce_max());
    rest.iter().fold(extremes, |(least, greatest), value| (least.min(*value), greatest.max(*value)))
}

/// Writes for each point from `start` on a distance that no sample in the box comes below; 0 if the box has no sides.
///
/// It is the distance of the point to its nearest neighbour in the box, from the same operations in the same order as
/// the distance of a sample. Rounding never exchanges two numbers, so what holds exactly also holds rounded.
pub(super) fn least_distances(
    level: Level,
    sides: &[Sides],
    points: &Points,
    start: usize,
    distances_out: &mut Vec<f64>,
) {
    distances_out.clear();
    dispatch!(level, simd => for start in (start..points.len()).step_by(LANES) {
        let mut sum = f64x8::simd_from(simd, 0.0);
        for (f, [low, high]) in sides.iter().enumerate() {
            let point = f64x8::from_slice(simd, points.lanes(f, start));
            let nearest = point.max(f64::from(*low)).min(f64::from(*high));
            let difference = nearest - point;
            sum = difference.mul_add(difference, sum);
        }
        distances_out.extend(sum.as_slice());
    });
    distances_out.truncate(points.len() - start);
}
