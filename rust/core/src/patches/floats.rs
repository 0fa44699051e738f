//! Moments of floats, taken around the means of a few pixels and put together, so that nothing cancels.

use std::ops::Range;

use fearless_simd::{Level, dispatch};

use super::moments::{Accumulator, Moments, Summary, read_pieces};
use super::pixel::Describe;
use super::{Pixel, Plane};
use crate::Real;

/// Pixels side by side from which they are read where they lie: adding up lanes and putting moments together costs as much
/// as some hundred pixels.
const MIN_RUN: usize = 512;

/// Count, mean, sums of powers of deviations from the mean, and range.
#[derive(Debug, Clone)]
pub(super) struct FloatSummary<const ORDER: usize> {
    count: f64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
    min: f64,
    max: f64,
    has_nan: bool,
}

impl<const ORDER: usize> Summary for FloatSummary<ORDER> {
    fn empty() -> Self {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { count: 0.0, mean: 0.0, second: 0.0, third: 0.0, fourth: 0.0, min, max, has_nan: false }
    }

    /// By the formulas of Pébay, "Formulas for robust, one-pass parallel computation of covariances and arbitrary-order
    /// statistical moments", 2008.
    fn merge(&mut self, _: Level, other: &Self) {
        if self.count == 0.0 || other.count == 0.0 {
            if self.count == 0.0 {
                self.clone_from(other);
            }
            return;
        }
        let (a, b) = (self.count, other.count);
        let n = a + b;
        let difference = other.mean - self.mean;
        let step = difference / n;
        if ORDER > 2 {
            let shift = difference * step * step;
            self.fourth += other.fourth
                + shift * step * a * b * (a * a - a * b + b * b)
                + 6.0 * step * step * (a * a * other.second + b * b * self.second)
                + 4.0 * step * (a * other.third - b * self.third);
            self.third += other.third + shift * a * b * (a - b) + 3.0 * step * (a * other.second - b * self.second);
        }
        self.second += other.second + difference * step * a * b;
        self.mean += step * b;
        self.count = n;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.has_nan |= other.has_nan;
    }
}

impl<T, const ORDER: usize> Describe<T> for FloatSummary<ORDER> {
    fn moments(&self) -> Moments {
        let Self { count, mean, min, max, .. } = *self;
        if count == 0.0 || self.has_nan {
            return Moments::undefined(count);
        }
        if min.to_bits() == max.to_bits() && min.is_finite() {
            // Equal values have their own mean, which sums may miss by a rounding.
            return Moments { count, mean: min, m2: 0.0, m3: 0.0, m4: 0.0, min, max };
        }
        Moments { count, mean, m2: self.second / count, m3: self.third / count, m4: self.fourth / count, min, max }
    }
}

/// Adds up moments of pixels, up to the second or the fourth.
#[derive(Debug)]
pub(super) struct FloatMoments<const ORDER: usize> {
    level: Level,
    summary: FloatSummary<ORDER>,
    values: Vec<f64>,
}

impl<T: Pixel + Real, const ORDER: usize> Accumulator<T> for FloatMoments<ORDER> {
    type Summary = FloatSummary<ORDER>;

    fn new(level: Level) -> Self {
        Self { level, summary: FloatSummary::empty(), values: Vec::new() }
    }

    fn add(&mut self, pixels: &[T]) {
        let Self { level, summary, values } = self;
        let piece = dispatch!(*level, _simd => {
            values.clear();
            values.extend(pixels.iter().map(|pixel| pixel.to_f64()));
            piece_moments(values)
        });
        summary.merge(*level, &piece);
    }

    fn take(&mut self, summary_out: &mut FloatSummary<ORDER>) {
        *summary_out = std::mem::replace(&mut self.summary, FloatSummary::empty());
    }

    fn read(
        &mut self,
        plane: &Plane<'_, T>,
        rows: &Range<usize>,
        cells: &[Range<usize>],
        use_cell: impl FnMut(usize, &FloatSummary<ORDER>),
    ) {
        read_pieces(self, MIN_RUN, plane, rows, cells, use_cell);
    }
}

/// Lanes of sums: one addition need not wait for the one before it, and the order is the same on every machine.
const LANES: usize = 8;

#[inline(always)]
fn piece_moments<const ORDER: usize>(values: &[f64]) -> FloatSummary<ORDER> {
    let count = values.len() as f64;
    let (full, rest) = values.as_chunks::<LANES>();
    let (mut sums, mut lows, mut highs) = ([0.0; LANES], [f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
    for values in full {
        for lane in 0..LANES {
            let x = values[lane];
            sums[lane] += x;
            lows[lane] = if x < lows[lane] { x } else { lows[lane] };
            highs[lane] = if x > highs[lane] { x } else { highs[lane] };
        }
    }
    for lane in 0..rest.len() {
        sums[lane] += rest[lane];
        lows[lane] = lows[lane].min(rest[lane]);
        highs[lane] = highs[lane].max(rest[lane]);
    }
    let mean = sums.iter().sum::<f64>() / count;
    let (mut second, mut third, mut fourth) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    let mut add = |lane: usize, x: f64| {
        let difference = x - mean;
        let square = difference * difference;
        second[lane] += square;
        if ORDER > 2 {
            third[lane] += square * difference;
            fourth[lane] += square * square;
        }
    };
    for values in full {
        for lane in 0..LANES {
            add(lane, values[lane]);
        }
    }
    for lane in 0..rest.len() {
        add(lane, rest[lane]);
    }
    let [second, third, fourth] = [second, third, fourth].map(|lanes| lanes.iter().sum());
    let (min, max) =
        (lows.into_iter().fold(f64::INFINITY, f64::min), highs.into_iter().fold(f64::NEG_INFINITY, f64::max));
    // A NaN makes the mean one, and so do infinities of either sign.
    let has_nan = mean.is_nan() && values.iter().any(|x| x.is_nan());
    FloatSummary { count, mean, second, third, fourth, min, max, has_nan }
}
