//! Distances in float32, and how far they may be from those that decide.
//!
//! Twice as many pixels fit into a vector as in float64, and operations may be fused. As the error has a bound, most
//! clusters can be ruled out and most pixels assigned by such distances alone.

use fearless_simd::prelude::*;
use fearless_simd::{Simd, f32x16};

use super::boxes::{Boxes, GROUP_WIDTH};
use super::clusters::AXES;
use super::iterate::Settings;
use super::nearby::Competitors;
use super::planes::{BAND_HEIGHT, TILE_DEPTH, TILE_HEIGHT, TILE_WIDTH};
use super::tiles::{MIDDLE, PAIRS, Pair};
use crate::Real;

/// Relative rounding of float32.
const UNIT: f64 = f32::EPSILON as f64 / 2.0;

/// Distances of larger numbers may not be finite in float32, and those below this may lose all their digits.
const LARGEST: f64 = 1e30;
const SMALLEST: f32 = 1e-36;

/// What distances in float32 need to be known of an iteration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rough {
    /// What differences along each axis are multiplied by.
    scales: [f32; AXES],
    /// Error of a sum, in parts of what is added up.
    relative: f32,
    /// Error of a difference, or of where a pixel or a cluster is, seen from the middle of a tile.
    pub(super) shift: f32,
    /// Whether no distance is too large.
    pub(super) is_safe: bool,
    /// Channels that count.
    pub(super) n_channels: usize,
    /// Whether clusters differ in what colour distances are multiplied by.
    pub(super) is_adaptive: bool,
    /// Twice the way from pixels to the middle of their tile along x, for two rows.
    pub(super) across: Pair,
    /// The same along y, for each two rows.
    pub(super) down: [Pair; PAIRS],
    /// The same along z, for each slice.
    pub(super) behind: [f32; TILE_DEPTH],
    /// From the first slice of a tile to its middle.
    pub(super) middle_slice: f32,
    /// The largest of them along z, y and x.
    pub(super) extents: [f32; AXES],
    /// Square of the longest way to the middle of a tile.
    pub(super) radius: f32,
    /// Whether distances in float32 may tell the nearest cluster: not where pixels are as far from all of them.
    pub(super) is_enough: bool,
}

impl Rough {
    /// Say that u is the rounding unit and m the largest colour. Rounding two colours that differ by d changes their
    /// difference by at most 2 u m + u d; so it does with two places along y or x, m being how far a cluster may be from
    /// where a band or a group begins. Let s be the length of the vector of all 2 u m, and of `error` if a cluster's colour
    /// may be that far from the one that decides: by Cauchy and Schwarz the distance v becomes wrong by up to
    /// 2 s sqrt(v) + s^2. The middle of a tile is rounded by u m, too: pixels and clusters may each be s farther from it
    /// than they seem.
    ///
    /// A form ([`super::forms`]) adds up |g|^2 and products of 2 f and g. With |f| no more than a radius r, |g| is no more
    /// than sqrt(v) + r, and all of them together no more than (sqrt(v) + 2 r)^2, or 2 v + 8 r^2; where |f|^2 is added, too,
    /// 2 v + 10 r^2. Of n channels, none is rounded more than 2 n + 14 times, or 3 n + 14. What colours are divided by is at
    /// least 1, which makes errors no larger. Where the arithmetic that decides is float32 itself, it rounds a distance no
    /// more than n + 10 times.
    pub(super) fn new<R: Real>(settings: &Settings<R>, boxes: &Boxes, competitors: &Competitors<'_, R>) -> Self {
        let (weight, is_adaptive) = (settings.weight.to_f64(), competitors.metric.is_adaptive);
        let scales = settings.spacing.map(|spacing| spacing.to_f64().abs() * weight.sqrt());
        let (n_channels, colour) = (competitors.n_channels as f64, boxes.largest());
        let slab_depth = boxes.cut().slab_depth;
        let extents = [slab_depth, BAND_HEIGHT, GROUP_WIDTH];
        let places = (0..AXES).map(|axis| scales[axis] * (2 * settings.window[axis] + 1 + extents[axis]) as f64);
        let size = n_channels * colour * colour + places.map(|place| place * place).sum::<f64>();
        let [behind, down, across] = scales.map(|scale| scale as f32);
        let middle_slice = (slab_depth - 1) as f32 / 2.0;
        let extents =
            [behind * (slab_depth - 1) as f32, down * (TILE_HEIGHT - 1) as f32, across * (TILE_WIDTH - 1) as f32];
        Self {
            scales: scales.map(|scale| scale as f32),
            n_channels: competitors.n_channels,
            is_adaptive,
            across: Pair::COLUMNS.map(|column| 2.0 * across * (MIDDLE - column)),
            down: std::array::from_fn(|pair| Pair::ROWS.map(|row| 2.0 * down * (MIDDLE - (row + (2 * pair) as f32)))),
            behind: std::array::from_fn(|layer| 2.0 * behind * (middle_slice - layer as f32)),
            middle_slice,
            extents,
            radius: 0.25 * extents.map(|extent| extent * extent).iter().sum::<f32>(),
            relative: ((if is_adaptive { 3.0 } else { 2.0 } * n_channels + 14.0) * UNIT) as f32,
            shift: (2.0 * UNIT * size.sqrt() + competitors.largest_error) as f32,
            is_safe: size < LARGEST,
            is_enough: !competitors.is_uniform,
        }
    }

    /// Whether tiles have several slices; those of an image have one, and no way along z.
    #[inline(always)]
    pub(super) fn is_deep(&self) -> bool {
        self.extents[0] > 0.0
    }

    /// By how much a distance must be above an upper bound for the least one to be larger than that in truth, and by how
    /// much the second least must be above the least for that to be the least in truth, if it is within the upper bound.
    ///
    /// `radius` is the square of how far a pixel may be from the middle of its tile. Each of two distances may be wrong. Say
    /// that one is the least, and another one seems so: then neither is much above the bound, so each is wrong by no more
    /// than a distance as large as the bound. Twice what was derived leaves out nothing that is small beside it, nor where
    /// places are wrong by more than distances are long.
    #[inline(always)]
    pub(super) fn margins<S: Simd>(&self, simd: S, bounds: f32x16<S>, radius: f32x16<S>) -> f32x16<S> {
        let splat = |value: f32| f32x16::simd_from(simd, value);
        let shift = splat(self.shift);
        let sums = bounds + bounds + splat(10.0) * radius;
        let errors = splat(self.relative) * sums + shift * (bounds.sqrt() + bounds.sqrt() + splat(4.0) * shift);
        let margins = splat(4.0) * errors + splat(SMALLEST);
        if self.is_safe { margins } else { splat(f32::INFINITY) }
    }

    /// Difference along an axis between a cluster and a place seen from the same one, as it counts.
    pub(super) fn along_one<R: Real>(&self, axis: usize, cluster: R, place: f32) -> f32 {
        self.scales[axis] * (cluster.to_f64() as f32 - place)
    }

    /// Differences along an axis between a cluster and pixels, given their places seen from the same one, as they count.
    #[inline(always)]
    pub(super) fn along<S: Simd, R: Real>(&self, simd: S, axis: usize, cluster: R, pixels: f32x16<S>) -> f32x16<S> {
        let splat = |value: f32| f32x16::simd_from(simd, value);
        splat(self.scales[axis]) * (splat(cluster.to_f64() as f32) - pixels)
    }
}
