//! From log densities to responsibilities.

use fearless_simd::{Level, Simd, SimdBase, SimdFrom, dispatch};

use super::density::LANES;
use super::many::sum_of_lanes;
use crate::lanes::lane_dot;
use crate::simd::math::{exp, ln};

/// Sums of densities that are multiplied before the logarithm is taken of their product: each is at most the number of
/// components, so nothing overflows.
const FACTORS: usize = 16;

/// The density of each sample of a tile as `sum * exp(peak)`, `peak` being the largest log density of a component.
#[derive(Debug)]
pub(super) struct Norms {
    peak: Vec<f64>,
    sum: Vec<f64>,
    /// Weight of each sample; 0 beyond the last.
    weight: Vec<f64>,
}

impl Norms {
    pub(super) fn new(capacity: usize) -> Self {
        Self { peak: vec![0.0; capacity], sum: vec![1.0; capacity], weight: vec![0.0; capacity] }
    }

    /// Sets the weights of the `len` samples of a tile, `None` being 1 for each.
    pub(super) fn weigh(&mut self, len: usize, weights: Option<&[f64]>) {
        let (inside, padding) = self.weight.split_at_mut(len);
        match weights {
            Some(weights) => inside.copy_from_slice(weights),
            None => inside.fill(1.0),
        }
        padding.fill(0.0);
    }

    /// Replaces the log densities of the components, rows of `stride`, by weighted responsibilities.
    pub(super) fn normalize(
        &mut self,
        level: Level,
        n_components: usize,
        stride: usize,
        len: usize,
        values: &mut [f64],
    ) {
        dispatch!(level, simd => self.normalize_in_lanes(simd, n_components, stride, len, values));
    }

    #[inline(always)]
    fn normalize_in_lanes<S: Simd>(
        &mut self,
        simd: S,
        n_components: usize,
        stride: usize,
        len: usize,
        values: &mut [f64],
    ) {
        let lowest = S::f64s::simd_from(simd, f64::MIN);
        for at in (0..len.next_multiple_of(LANES)).step_by(S::f64s::LEN) {
            let vector = at..at + S::f64s::LEN;
            let mut peak = lowest;
            for row in values.chunks_exact(stride).take(n_components) {
                peak = peak.max(S::f64s::from_slice(simd, &row[vector.clone()]));
            }
            let mut sum = S::f64s::simd_from(simd, 0.0);
            for row in values.chunks_exact_mut(stride).take(n_components) {
                let row = &mut row[vector.clone()];
                let density = exp(simd, S::f64s::from_slice(simd, row) - peak);
                sum += density;
                density.store_slice(row);
            }
            let scale = S::f64s::from_slice(simd, &self.weight[vector.clone()]) / sum;
            for row in values.chunks_exact_mut(stride).take(n_components) {
                let row = &mut row[vector.clone()];
                (S::f64s::from_slice(simd, row) * scale).store_slice(row);
            }
            peak.store_slice(&mut self.peak[vector.clone()]);
            sum.store_slice(&mut self.sum[vector]);
        }
    }

    /// Sum of the log densities of `len` samples of weight 1.
    pub(super) fn log_likelihood(&mut self, level: Level, len: usize) -> f64 {
        let padded = len.next_multiple_of(LANES);
        self.peak[len..padded].fill(0.0);
        self.sum[len..padded].fill(1.0);
        dispatch!(level, simd => self.log_likelihood_in_lanes(simd, padded))
    }

    #[inline(always)]
    fn log_likelihood_in_lanes<S: Simd>(&self, simd: S, padded: usize) -> f64 {
        let mut lanes = [0.0; LANES];
        for (part, lanes) in lanes.chunks_exact_mut(S::f64s::LEN).enumerate() {
            let mut total = S::f64s::simd_from(simd, 0.0);
            for start in (part * S::f64s::LEN..padded).step_by(FACTORS * LANES) {
                let mut product = S::f64s::simd_from(simd, 1.0);
                for at in (start..padded.min(start + FACTORS * LANES)).step_by(LANES) {
                    total += S::f64s::from_slice(simd, &self.peak[at..at + S::f64s::LEN]);
                    product *= S::f64s::from_slice(simd, &self.sum[at..at + S::f64s::LEN]);
                }
                total += ln(simd, product);
            }
            total.store_slice(lanes);
        }
        sum_of_lanes(&lanes)
    }

    /// Weighted sum of the log densities of `len` samples.
    pub(super) fn weighted_log_likelihood(&mut self, level: Level, len: usize) -> f64 {
        self.log_densities(level, len);
        lane_dot(&self.peak[..len], &self.weight[..len])
    }

    /// The log density of each of `len` samples.
    pub(super) fn log_densities(&mut self, level: Level, len: usize) -> &[f64] {
        dispatch!(level, simd => self.log_densities_in_lanes(simd, len));
        &self.peak[..len]
    }

    #[inline(always)]
    fn log_densities_in_lanes<S: Simd>(&mut self, simd: S, len: usize) {
        let vectors = self.peak.chunks_exact_mut(S::f64s::LEN).zip(self.sum.chunks_exact(S::f64s::LEN));
        for (peak, sum) in vectors.take(len.div_ceil(S::f64s::LEN)) {
            (S::f64s::from_slice(simd, peak) + ln(simd, S::f64s::from_slice(simd, sum))).store_slice(peak);
        }
    }
}
