//! Distances of the samples of a tile, as loops that the compiler turns into vectors at every level.

use fearless_simd::dispatch;

use super::Centers;
use crate::Real;
use crate::simd::{Features, Level, Tile};

/// Writes the squared distance of each sample of the tile to one center, padded to the tile's capacity.
#[inline(always)]
pub fn distances<R: Real>(level: Level, tile: &Tile<R>, center: &[R], distances_out: &mut [R]) {
    dispatch!(level, _simd => match center.len() {
        1 => distances_few::<R, 1>(tile, center, distances_out),
        2 => distances_few::<R, 2>(tile, center, distances_out),
        3 => distances_few::<R, 3>(tile, center, distances_out),
        4 => distances_few::<R, 4>(tile, center, distances_out),
        _ => distances_many(tile, center, distances_out),
    });
}

#[inline(always)]
fn distances_few<R: Real, const D: usize>(tile: &Tile<R>, center: &[R], distances_out: &mut [R]) {
    let n = distances_out.len();
    let features: [&[R]; D] = std::array::from_fn(|f| &tile.features().get(f)[..n]);
    let center: [R; D] = std::array::from_fn(|f| center[f]);
    for (i, out) in distances_out.iter_mut().enumerate() {
        let mut sum = R::ZERO;
        for f in 0..D {
            let difference = features[f][i] - center[f];
            sum = difference.fused_mul_add(difference, sum);
        }
        *out = sum;
    }
}

#[inline(always)]
fn distances_many<R: Real>(tile: &Tile<R>, center: &[R], distances_out: &mut [R]) {
    distances_out.fill(R::ZERO);
    for (f, c) in center.iter().enumerate() {
        for (out, x) in distances_out.iter_mut().zip(tile.features().get(f)) {
            let difference = *x - *c;
            *out = difference.fused_mul_add(difference, *out);
        }
    }
}

/// Writes the squared distance of each sample to the center of its label.
///
/// Every label must have a center ([`Centers::check_labels`]).
#[inline(always)]
pub fn distances_to_own<R: Real>(
    level: Level,
    features: Features<'_, R>,
    centers: &Centers<R>,
    labels: &[i32],
    distances_out: &mut [R],
) {
    dispatch!(level, _simd => match centers.n_features() {
        1 => distances_to_own_few::<R, 1>(features, centers, labels, distances_out),
        2 => distances_to_own_few::<R, 2>(features, centers, labels, distances_out),
        3 => distances_to_own_few::<R, 3>(features, centers, labels, distances_out),
        4 => distances_to_own_few::<R, 4>(features, centers, labels, distances_out),
        _ => distances_to_own_many(features, centers, labels, distances_out),
    });
}

#[inline(always)]
fn distances_to_own_few<R: Real, const D: usize>(
    features: Features<'_, R>,
    centers: &Centers<R>,
    labels: &[i32],
    distances_out: &mut [R],
) {
    let n = labels.len();
    let features: [&[R]; D] = std::array::from_fn(|f| &features.get(f)[..n]);
    for (i, (label, out)) in labels.iter().zip(distances_out).enumerate() {
        let center = &centers.values()[*label as usize * D..][..D];
        let mut sum = R::ZERO;
        for f in 0..D {
            let difference = features[f][i] - center[f];
            sum = difference.fused_mul_add(difference, sum);
        }
        *out = sum;
    }
}

#[inline(always)]
fn distances_to_own_many<R: Real>(
    features: Features<'_, R>,
    centers: &Centers<R>,
    labels: &[i32],
    distances_out: &mut [R],
) {
    distances_out.fill(R::ZERO);
    for f in 0..centers.n_features() {
        for ((out, x), label) in distances_out.iter_mut().zip(features.get(f)).zip(labels) {
            let difference = *x - centers.values()[*label as usize * centers.n_features() + f];
            *out = difference.fused_mul_add(difference, *out);
        }
    }
}
