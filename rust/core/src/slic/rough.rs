//! Distances in float32, and how far they may be from those that decide.
//!
//! Twice as many pixels fit into a vector as in float64, and operations may be fused. As the error has a bound, most
//! clusters can be ruled out and most pixels assigned by such distances alone.

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd, f32x16};

use super::boxes::{Boxes, GROUP_WIDTH};
use super::clusters::AXES;
use super::iterate::Settings;
use super::nearby::Competitors;
use super::planes::BAND_HEIGHT;
use crate::Real;

/// Relative rounding of float32.
const UNIT: f64 = f32::EPSILON as f64 / 2.0;

/// Distances of larger numbers may not be finite in float32, and those below this may lose all their digits.
const LARGEST: f64 = 1e30;
const SMALLEST: f32 = 1e-36;

/// What distances in float32 need to be known of an iteration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rough {
    weight: f64,
    /// What differences along each axis are multiplied by.
    scales: [f32; AXES],
    /// Error of a distance, in parts of itself.
    relative: f32,
    /// Error of a difference.
    shift: f32,
    /// Whether no distance is too large.
    pub(super) is_safe: bool,
    /// Whether distances in float32 may tell the nearest cluster: not where pixels are as far from all of them.
    pub(super) is_enough: bool,
}

impl Rough {
    /// Say that u is the rounding unit and m the largest colour. Rounding two colours that differ by d changes their
    /// difference by at most 2 u m + u d; so it does with two places along y or x, m being how far a cluster may be from
    /// where a band or a group begins. Summing the squares of all differences, n of them colours, changes the sum by less
    /// than n + 10 times u of itself, or twice that if products are rounded. By Cauchy and Schwarz the distance v is wrong
    /// by no more than (2 n + 20) u v + 2 s sqrt(v) + s^2, where s is the length of the vector of all 2 u m, and of `error`
    /// if a cluster's colour may be that far from the one that decides. What colours are divided by is at least 1, which
    /// makes errors no larger.
    pub(super) fn new<R: Real>(settings: &Settings<R>, boxes: &Boxes, competitors: &Competitors<'_, R>) -> Self {
        let weight = settings.weight.to_f64();
        let scales = settings.spacing.map(|spacing| spacing.to_f64() * weight.sqrt());
        let (n_channels, colour) = (competitors.n_channels as f64, boxes.largest());
        let extents = [1, BAND_HEIGHT, GROUP_WIDTH];
        let places = (0..AXES).map(|axis| scales[axis] * (2 * settings.window[axis] + 1 + extents[axis]) as f64);
        let size = n_channels * colour * colour + places.map(|place| place * place).sum::<f64>();
        Self {
            weight,
            scales: scales.map(|scale| scale as f32),
            relative: ((2.0 * n_channels + 20.0) * UNIT) as f32,
            shift: (2.0 * UNIT * size.sqrt() + competitors.largest_error) as f32,
            is_safe: size < LARGEST,
            is_enough: !competitors.is_uniform,
        }
    }

    /// A squared distance in space, as it counts.
    #[inline(always)]
    pub(super) fn weigh<R: Real>(&self, square: R) -> f32 {
        (square.to_f64() * self.weight) as f32
    }

    /// By how much a distance must be above an upper bound for the least one to be larger than that in truth, and by how
    /// much the second least must be above the least for that to be the least in truth, if it is within the upper bound.
    ///
    /// Each of two distances may be wrong. Say that one is the least, and another one seems so: then neither is much above
    /// the bound, so each is wrong by no more than a distance as large as the bound. Twice what was derived leaves out
    /// nothing that is small beside it.
    #[inline(always)]
    pub(super) fn margins<S: Simd>(&self, simd: S, bounds: f32x16<S>) -> f32x16<S> {
        let splat = |value: f32| f32x16::simd_from(simd, value);
        let shift = splat(self.shift);
        let errors = splat(self.relative) * bounds + shift * (bounds.sqrt() + bounds.sqrt() + shift);
        let margins = splat(4.0) * errors + splat(SMALLEST);
        if self.is_safe { margins } else { splat(f32::INFINITY) }
    }

    /// Differences along an axis between a cluster and pixels, given their places seen from the same one, as they count.
    #[inline(always)]
    pub(super) fn along<S: Simd, R: Real>(&self, simd: S, axis: usize, cluster: R, pixels: f32x16<S>) -> f32x16<S> {
        let splat = |value: f32| f32x16::simd_from(simd, value);
        splat(self.scales[axis]) * (splat(cluster.to_f64() as f32) - pixels)
    }
}

/// `values` where `is_inside`, infinite elsewhere.
#[inline(always)]
pub(super) fn inside<S: Simd>(
    simd: S,
    is_inside: [<f32x16<S> as SimdBase<S>>::Mask; 2],
    values: f32x16<S>,
) -> f32x16<S> {
    let infinity = f32x16::simd_from(simd, f32::INFINITY);
    let [first, last] = is_inside;
    first.select(last.select(values, infinity), infinity)
}
