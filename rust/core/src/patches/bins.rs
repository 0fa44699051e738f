//! A histogram over the range of a patch, with the edges that numpy would compute.

use fearless_simd::{Level, dispatch};

use super::Pixel;

/// Bins of the histogram whose fullest bin is a mode.
const N_BINS: usize = 1024;

/// Pixels whose bins are computed together, as vectors, before they are counted.
const BLOCK: usize = 64;

/// A float whose last bit counts units: added to a number it leaves the nearest integer in the lowest bits.
const UNIT_BIT: f64 = 4_503_599_627_370_496.0;

/// Counts of [`N_BINS`] bins of equal width.
#[derive(Debug)]
pub(super) struct Bins {
    counts: Vec<u32>,
    low: f64,
    /// Width of a bin.
    step: f64,
    /// Bins per unit.
    scale: f64,
}

impl Bins {
    pub(super) fn new() -> Self {
        Self { counts: vec![0; N_BINS], low: 0.0, step: 0.0, scale: 0.0 }
    }

    /// Spans the bins from the lowest to the highest value.
    pub(super) fn span(&mut self, low: f64, high: f64) {
        let (low, high) = if low < high { (low, high) } else { (low - 0.5, high + 0.5) };
        (self.low, self.step, self.scale) = (low, (high - low) / N_BINS as f64, N_BINS as f64 / (high - low));
    }

    #[inline(always)]
    fn edge(&self, bin: f64) -> f64 {
        bin * self.step + self.low
    }

    #[inline(always)]
    fn place(&self, value: f64) -> usize {
        let bin = ((value - self.low) * self.scale + UNIT_BIT) - UNIT_BIT;
        // The nearest edge may lie on either side; the edges decide.
        let bin = if value < self.edge(bin) { bin - 1.0 } else { bin };
        let bin = if value >= self.edge(bin + 1.0) { bin + 1.0 } else { bin };
        // The last bin includes its upper edge.
        ((bin + UNIT_BIT).to_bits() & (2 * N_BINS as u64 - 1)).min(N_BINS as u64 - 1) as usize
    }

    /// Takes `n` equal values.
    #[inline(always)]
    pub(super) fn push(&mut self, value: f64, n: u32) {
        let place = self.place(value);
        self.counts[place] += n;
    }

    pub(super) fn push_pixels<T: Pixel>(&mut self, level: Level, pixels: &[T]) {
        dispatch!(level, _simd => {
            let mut places = [0; BLOCK];
            for pixels in pixels.chunks(BLOCK) {
                for (place, pixel) in places.iter_mut().zip(pixels) {
                    *place = self.place(pixel.value());
                }
                for place in &places[..pixels.len()] {
                    self.counts[*place] += 1;
                }
            }
        });
    }

    /// The centre of the first of the fullest bins; all are empty then.
    pub(super) fn take_fullest(&mut self) -> f64 {
        let most = self.counts.iter().copied().max().unwrap_or(0);
        let bin = self.counts.iter().position(|n| *n == most).unwrap_or(0) as f64;
        self.counts.fill(0);
        // No bins fit between infinities.
        if self.step.is_finite() { f64::midpoint(self.edge(bin), self.edge(bin + 1.0)) } else { f64::NAN }
    }
}
