//! The nearest cluster where float32 is enough to tell.
//!
//! Twice as many pixels fit into a vector as in float64, and operations may be fused. How far a distance computed so is
//! from the one that decides has a bound; only if the second nearest cluster is within it do pixels have to be measured
//! again.

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd, f32x16};

use super::boxes::Boxes;
use super::iterate::Metric;
use super::nearby::{Candidates, Competitors};
use super::planes::{ANY, TILE_HEIGHT, TILE_WIDTH};
use crate::Real;

/// Vectors of a tile.
pub(super) const PAIRS: usize = TILE_HEIGHT / 2;

/// Relative rounding of float32.
const UNIT: f64 = f32::EPSILON as f64 / 2.0;

/// Distances of larger numbers may not be finite in float32, and those below this may lose all their digits.
const LARGEST: f64 = 1e30;
const SMALLEST: f64 = 1e-36;

/// Two rows of a tile of float64, side by side in one line of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Pair(pub(super) [f32; TILE_WIDTH]);

impl Pair {
    pub(super) const ZERO: Self = Self([0.0; TILE_WIDTH]);

    /// The same number in each row.
    #[inline(always)]
    pub(super) fn new(rows: [f64; 2]) -> Self {
        let mut pair = Self::ZERO;
        for (half, row) in pair.0.chunks_exact_mut(TILE_WIDTH / 2).zip(rows) {
            half.fill(row as f32);
        }
        pair
    }
}

/// How far distances in float32 may be from those that decide.
#[derive(Debug, Clone, Copy)]
pub(super) struct Precision {
    n_channels: f64,
    /// The largest colour without its sign.
    largest: f64,
}

impl Precision {
    /// None if float32 is of no use: where distances are float32 anyway, or pixels are as far from all clusters.
    pub(super) fn new<R: Real>(competitors: &Competitors<'_, R>, boxes: &Boxes<R>) -> Option<Self> {
        let is_double = R::WIDE_LANES * 2 == TILE_WIDTH;
        let precision = Self { n_channels: competitors.n_channels as f64, largest: boxes.largest() };
        (is_double && !competitors.is_uniform && !competitors.metric.is_adaptive).then_some(precision)
    }

    /// By how much the second nearest cluster in float32 must be farther than the nearest for the nearest to be right, if
    /// `ceiling` is an upper bound for the distance of the nearest.
    ///
    /// Say that one cluster is the nearest, and another one seems so: then neither is much farther than `ceiling`. With u
    /// for the rounding unit and m for the largest colour, rounding two colours that differ by d changes their difference
    /// by at most 2 u m + u d and its square by 4 u m d + 2 u d^2 + (2 u m)^2; summing n channels and the places changes
    /// the sum by n + 6 times u of itself, or twice that if products are rounded. Each of the two distances is wrong by no
    /// more than all this, so they are no farther apart than twice as much.
    #[inline(always)]
    pub(super) fn margin(self, ceiling: f64) -> Option<f32> {
        let Self { n_channels, largest } = self;
        let shift = 2.0 * UNIT * largest;
        let relative = (2.0 * n_channels + 14.0) * UNIT;
        let error = relative * ceiling + 2.0 * shift * (n_channels * ceiling).sqrt() + n_channels * shift * shift;
        let is_safe = ceiling + n_channels * largest * largest < LARGEST;
        // Twice what was derived leaves out nothing that is small beside it.
        is_safe.then_some((4.0 * error + SMALLEST) as f32)
    }
}

/// Room for a tile, and what was found.
#[derive(Debug)]
pub(super) struct Screen {
    /// Shape (`n_pairs`, `n_channels`).
    pixels: Vec<Pair>,
    n_pairs: usize,
    /// Weighted squared distances along x from each candidate.
    across: Vec<Pair>,
    winners: [Pair; PAIRS],
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { pixels: Vec::new(), n_pairs: 0, across: Vec::new(), winners: [Pair::ZERO; PAIRS] }
    }

    /// The numbers of the clusters that were found for a row of the tile.
    #[inline(always)]
    pub(super) fn winners(&self, row: usize) -> &[f32] {
        &self.winners[row / 2].0[row % 2 * (TILE_WIDTH / 2)..][..TILE_WIDTH / 2]
    }

    /// Reads the channels of a tile's rows from its first column on.
    #[inline(always)]
    pub(super) fn read<'r, S: Simd, R: Real>(
        &mut self,
        simd: S,
        n_rows: usize,
        row: impl Fn(usize) -> &'r [R],
        (stride, n_channels): (usize, usize),
    ) {
        self.n_pairs = n_rows.div_ceil(2);
        self.pixels.resize(self.n_pairs * n_channels, Pair::ZERO);
        for (pair, pixels) in self.pixels.chunks_exact_mut(n_channels.max(1)).enumerate() {
            let rows = [row(2 * pair), row((2 * pair + 1).min(n_rows - 1))];
            for (channel, pixels) in pixels.iter_mut().enumerate() {
                let [low, high] =
                    rows.map(|row| R::Wide::<S>::from_slice(simd, &row[channel * stride..][..R::WIDE_LANES]));
                store::<S, R>(low, high, pixels);
            }
        }
    }

    /// Finds the nearest candidate of all pixels that were read, in certain `columns`; returns whether there is no doubt.
    #[inline(always)]
    pub(super) fn decide<S: Simd, R: Real, const C: usize>(
        &mut self,
        simd: S,
        metric: &Metric<R>,
        columns: R::Wide<S>,
        candidates: &Candidates<'_, R>,
        margin: f32,
    ) -> bool {
        self.measure_across(simd, metric, columns, candidates);
        let splat = |value: f32| f32x16::simd_from(simd, value);
        let n_channels = if C == ANY { self.pixels.len() / self.n_pairs } else { C };
        let (margin, infinity) = (splat(margin), splat(f32::INFINITY));
        let mut is_sure = true;
        for (pair, winners) in self.winners.iter_mut().enumerate().take(self.n_pairs) {
            let pixels = &self.pixels[pair * n_channels..][..n_channels];
            let (mut nearest, mut second, mut winner) = (infinity, infinity, splat(-1.0));
            for (rival, across) in candidates.iter().zip(&self.across) {
                let mut distance = load(simd, across) + load(simd, &rival.narrow_down[pair]);
                for (pixel, center) in pixels.iter().zip(&rival.narrow_colour[..n_channels]) {
                    let difference = load(simd, pixel) - splat(*center);
                    distance = difference.mul_add(difference, distance);
                }
                let is_nearer = distance.simd_lt(nearest);
                second = second.min(nearest.max(distance));
                nearest = nearest.min(distance);
                winner = is_nearer.select(splat(rival.narrow_number), winner);
            }
            // Neither is a number where no window holds a pixel: beyond the tile, or outside the mask.
            is_sure &= !(second - nearest).simd_le(margin).any_true();
            winner.store_slice(&mut winners.0);
        }
        is_sure
    }

    #[inline(always)]
    fn measure_across<S: Simd, R: Real>(
        &mut self,
        simd: S,
        metric: &Metric<R>,
        columns: R::Wide<S>,
        candidates: &Candidates<'_, R>,
    ) {
        let weight = R::Wide::<S>::simd_from(simd, metric.weight);
        self.across.clear();
        for rival in candidates.iter() {
            let across = rival.across(simd, metric, columns) * weight;
            let mut pair = Pair::ZERO;
            store::<S, R>(across, across, &mut pair);
            self.across.push(pair);
        }
    }
}

#[inline(always)]
fn load<S: Simd>(simd: S, Pair(lanes): &Pair) -> f32x16<S> {
    f32x16::from_slice(simd, lanes)
}

#[inline(always)]
fn store<S: Simd, R: Real>(low: R::Wide<S>, high: R::Wide<S>, pair_out: &mut Pair) {
    if let Some(pair) = R::narrow(low, high) {
        pair.store_slice(&mut pair_out.0);
    }
}
