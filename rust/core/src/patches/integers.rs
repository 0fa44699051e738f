//! Exact sums of powers of integers of up to 16 bits.

use fearless_simd::{Level, dispatch};

use super::moments::{Accumulator, Moments, Summary};
use super::pixel::Describe;
use crate::histogram::Tabulated;

/// Sums of powers of places among the values of the type, which are not negative.
#[derive(Debug, Clone)]
pub(super) struct IntegerSummary<const ORDER: usize> {
    count: u64,
    first: u64,
    // Of 2^32 pixels of 16 bits, the sums of higher powers need 80 and 96 bits.
    second: u64,
    third: u128,
    fourth: u128,
    min: u16,
    max: u16,
}

impl<const ORDER: usize> Summary for IntegerSummary<ORDER> {
    fn empty() -> Self {
        Self { count: 0, first: 0, second: 0, third: 0, fourth: 0, min: u16::MAX, max: 0 }
    }

    #[inline(always)]
    fn merge(&mut self, _: Level, other: &Self) {
        self.count += other.count;
        self.first += other.first;
        self.second += other.second;
        if ORDER > 2 {
            self.third += other.third;
            self.fourth += other.fourth;
        }
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

impl<T: Tabulated, const ORDER: usize> Describe<T> for IntegerSummary<ORDER> {
    fn moments(&self) -> Moments {
        if self.count == 0 {
            return Moments::undefined(0.0);
        }
        let center = i128::from((self.first + self.count / 2) / self.count);
        let (n, first, second) = (i128::from(self.count), i128::from(self.first), i128::from(self.second));
        let (third, fourth) = (self.third.cast_signed(), self.fourth.cast_signed());
        // Powers of differences to the center, multiplied out.
        let square = center * center;
        let sums = [
            first - center * n,
            second - 2 * center * first + square * n,
            third - 3 * center * second + 3 * square * first - square * center * n,
            fourth - 4 * center * third + 6 * square * second - 4 * square * center * first + square * square * n,
        ];
        let lowest = i64::from(T::in_slot(0));
        let range = [self.min, self.max].map(|slot| i64::from(slot) + lowest);
        Moments::of_integers(self.count, center as i64 + lowest, sums, range)
    }
}

/// Adds up powers of pixels, up to the second or the fourth.
#[derive(Debug)]
pub(super) struct IntegerSums<const ORDER: usize> {
    level: Level,
    summary: IntegerSummary<ORDER>,
}

impl<T: Tabulated, const ORDER: usize> Accumulator<T> for IntegerSums<ORDER> {
    type Summary = IntegerSummary<ORDER>;
    // Adding up the lanes of a vector costs as much as some hundred pixels.
    const MIN_RUN: usize = 512;

    fn new(level: Level) -> Self {
        Self { level, summary: IntegerSummary::empty() }
    }

    #[inline(always)]
    fn add(&mut self, pixels: &[T]) {
        let piece = dispatch!(self.level, _simd => power_sums(pixels));
        self.summary.merge(self.level, &piece);
    }

    fn take(&mut self, summary_out: &mut IntegerSummary<ORDER>) {
        *summary_out = std::mem::replace(&mut self.summary, IntegerSummary::empty());
    }
}

#[inline(always)]
fn power_sums<T: Tabulated, const ORDER: usize>(pixels: &[T]) -> IntegerSummary<ORDER> {
    let (mut min, mut max) = (u16::MAX, 0);
    for pixel in pixels {
        let slot = pixel.slot() as u16;
        min = min.min(slot);
        max = max.max(slot);
    }
    let (mut first, mut second, mut third) = (0_u64, 0_u64, 0_u64);
    // Fourth powers have 64 bits: a piece of them is added up in halves.
    let (mut fourth_low, mut fourth_high) = (0_u64, 0_u64);
    for pixel in pixels {
        let slot = u64::from(pixel.slot() as u16);
        let square = slot * slot;
        first += slot;
        second += square;
        if ORDER > 2 {
            let fourth = square * square;
            third += square * slot;
            fourth_low += fourth & 0xffff_ffff;
            fourth_high += fourth >> 32;
        }
    }
    let fourth = (u128::from(fourth_high) << 32) + u128::from(fourth_low);
    IntegerSummary { count: pixels.len() as u64, first, second, third: third.into(), fourth, min, max }
}
