//! Sums over a fixed number of virtual lanes.
//!
//! One addition need not wait for the one before it, the compiler may use vectors, and yet the order of additions is
//! the same on every machine.

/// Lanes of a sum: one AVX-512 vector of float64, two of AVX2, four of NEON.
const LANES: usize = 8;

/// Sum of `term` over `values`.
#[inline(always)]
pub(crate) fn lane_sum(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (full, rest) = values.as_chunks::<LANES>();
    for values in full {
        for (lane, value) in lanes.iter_mut().zip(values) {
            *lane += term(*value);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane += term(*value);
    }
    lanes.iter().sum()
}

/// Sum of the products of `values` and `weights`.
#[inline(always)]
pub(crate) fn lane_dot(values: &[f64], weights: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    for (values, weights) in values.chunks(LANES).zip(weights.chunks(LANES)) {
        for (lane, (value, weight)) in lanes.iter_mut().zip(values.iter().zip(weights)) {
            *lane += value * weight;
        }
    }
    lanes.iter().sum()
}

/// Lowest and highest of `values`, which are numbers.
#[inline(always)]
pub(crate) fn lane_range(values: &[f64]) -> [f64; 2] {
    let (mut low, mut high) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
    for values in values.chunks(LANES) {
        for ((low, high), value) in low.iter_mut().zip(&mut high).zip(values) {
            *low = if *value < *low { *value } else { *low };
            *high = if *value > *high { *value } else { *high };
        }
    }
    [low.into_iter().fold(f64::INFINITY, f64::min), high.into_iter().fold(f64::NEG_INFINITY, f64::max)]
}
