//! Sums of powers of integers down the columns of a strip, a vector wide: lanes are added up once per strip instead of
//! once per row, so that narrow patches cost little more than wide ones and may begin and end anywhere.

use std::ops::Range;

use fearless_simd::{Select, Simd, SimdBase, SimdInt, SimdIntElement};

use super::integers::IntegerSummary;
use crate::Element;
use crate::simd::prefetch;

/// Vectors of a strip, which is as wide as a line of the cache at the widest level.
const N_VECTORS: usize = 4;

/// Most columns of a strip.
pub(super) const MAX_WIDTH: usize = N_VECTORS * 16;

/// Most rows of a strip: the sum of the third powers of 16 columns of bytes then fits 32 bits.
pub(super) const MAX_ROWS: usize = 64;

/// Rows of a strip that are read vector by vector: rows that lie some KiB apart share few lines of the first-level cache.
const CACHED_ROWS: usize = 8;

/// Bytes between a strip and what is asked for: the strip after the next one.
const AHEAD: usize = 128;

/// An integer type whose powers are added up, as differences to a value that keeps them small or free of signs.
pub(super) trait Powers: Element {
    /// Holds the fourth power of a difference.
    type Sum: SimdIntElement + From<u8> + Into<i128>;
    /// A vector of such integers.
    type Sums<S: Simd>: SimdInt<S, Element = Self::Sum>;
    /// Half the bits of such an integer: fourth powers are added up in halves.
    const HALF: u32;
    /// All bits of the lower half.
    const LOW: Self::Sum;
    /// The value that differences are taken to.
    const ORIGIN: i64;

    /// Differences of the first pixels, as many as fit a vector.
    fn differences<S: Simd>(simd: S, pixels: &[Self]) -> Self::Sums<S>;
}

macro_rules! powers {
    ($type:ty, $sum:ty, $sums:ident, $origin:expr, $difference:expr) => {
        impl Powers for $type {
            type Sum = $sum;
            type Sums<S: Simd> = S::$sums;
            const HALF: u32 = <$sum>::BITS / 2;
            const LOW: $sum = (1 << Self::HALF) - 1;
            const ORIGIN: i64 = $origin;

            #[inline(always)]
            fn differences<S: Simd>(simd: S, pixels: &[Self]) -> S::$sums {
                let pixels = &pixels[..S::$sums::LEN];
                S::$sums::from_fn(simd, |lane| $difference(pixels[lane]))
            }
        }
    };
}

powers!(u8, i32, i32s, 128, |pixel| i32::from(pixel) - 128);
// Of integers without a sign and up to 32 bits, processors multiply twice as many as of others.
powers!(u16, u64, u64s, 0, u64::from);
powers!(i16, u64, u64s, i16::MIN as i64, |pixel: i16| u64::from(pixel.cast_unsigned() ^ 1 << 15));

/// What is known of as many columns as a vector has lanes: sums of powers of differences, and their range.
#[derive(Clone, Copy)]
struct Columns<S: Simd, T: Powers, const ORDER: usize> {
    first: T::Sums<S>,
    second: T::Sums<S>,
    third: T::Sums<S>,
    fourth_low: T::Sums<S>,
    fourth_high: T::Sums<S>,
    min: T::Sums<S>,
    max: T::Sums<S>,
}

impl<S: Simd, T: Powers, const ORDER: usize> Columns<S, T, ORDER> {
    /// Without pixels; `row` is one that will be added.
    #[inline(always)]
    fn new(simd: S, row: &[T]) -> Self {
        let range = T::differences(simd, row);
        let zero = T::Sums::splat(simd, 0.into());
        let [first, second, third, fourth_low, fourth_high] = [zero; 5];
        Self { first, second, third, fourth_low, fourth_high, min: range, max: range }
    }

    #[inline(always)]
    fn add(&mut self, simd: S, row: &[T]) {
        let difference = T::differences(simd, row);
        let square = difference * difference;
        self.first += difference;
        self.second += square;
        if ORDER > 2 {
            self.third += square * difference;
            let fourth = square * square;
            self.fourth_low += fourth & T::LOW;
            self.fourth_high += fourth >> T::HALF;
        }
        self.min = self.min.min(difference);
        self.max = self.max.max(difference);
    }

    /// Of a range of columns that is not empty, with so many rows.
    #[inline(always)]
    fn total(&self, simd: S, columns: Range<usize>, n_rows: usize) -> IntegerSummary<ORDER> {
        let all = |value: T::Sum| T::Sums::splat(simd, value);
        let number = |number: usize| T::Sum::from(number as u8);
        let lanes = T::Sums::from_fn(simd, number);
        let inside = lanes.simd_ge(number(columns.start)) & lanes.simd_lt(number(columns.end));
        let sum = |of_columns: T::Sums<S>| -> i128 { inside.select(of_columns, all(number(0))).reduce_sum().into() };
        let (third, fourth) = if ORDER > 2 {
            (sum(self.third), (sum(self.fourth_high) << T::HALF) + sum(self.fourth_low))
        } else {
            (0, 0)
        };
        let one = all(self.min.as_slice()[columns.start]);
        IntegerSummary {
            count: (n_rows * columns.len()) as u64,
            // Differences of 17 bits at most, and few of them.
            first: sum(self.first) as i64,
            second: sum(self.second) as u64,
            third,
            fourth,
            min: inside.select(self.min, one).reduce_min().into() as i32,
            max: inside.select(self.max, one).reduce_max().into() as i32,
        }
    }
}

/// What is known of the columns of a strip, a few vectors wide.
pub(super) struct Strip<S: Simd, T: Powers, const ORDER: usize> {
    simd: S,
    n_rows: usize,
    vectors: [Columns<S, T, ORDER>; N_VECTORS],
}

impl<S: Simd, T: Powers, const ORDER: usize> Strip<S, T, ORDER> {
    const LEN: usize = T::Sums::<S>::LEN;
    /// Columns of a strip.
    pub(super) const WIDTH: usize = N_VECTORS * Self::LEN;

    /// Of the first pixels of each row, at most [`MAX_ROWS`] of them, that begin `stride` values apart.
    #[inline(always)]
    pub(super) fn new(simd: S, values: &[T], stride: usize) -> Self {
        let mut strip = Self { simd, n_rows: 0, vectors: [Columns::new(simd, values); N_VECTORS] };
        strip.read(values, stride);
        strip
    }

    /// Starts anew with other rows, in place: a strip is too large to be handed over.
    #[inline(always)]
    pub(super) fn read(&mut self, values: &[T], stride: usize) {
        self.n_rows = values.len().div_ceil(stride);
        for (vector, columns) in self.vectors.iter_mut().enumerate() {
            *columns = Columns::new(self.simd, &values[vector * Self::LEN..]);
        }
        let later = AHEAD / size_of::<T>();
        for rows in values.chunks(CACHED_ROWS * stride) {
            for row in rows.chunks(stride).filter_map(|row| row.get(later..=later)) {
                prefetch(row);
            }
            for (vector, columns) in self.vectors.iter_mut().enumerate() {
                // Sums stay in registers from row to row.
                let mut sums = *columns;
                for row in rows.chunks(stride) {
                    sums.add(self.simd, &row[vector * Self::LEN..]);
                }
                *columns = sums;
            }
        }
    }

    /// Adds a range of columns to a summary.
    #[inline(always)]
    pub(super) fn add_to(&self, columns: &Range<usize>, summary: &mut IntegerSummary<ORDER>) {
        for (vector, of_vector) in self.vectors.iter().enumerate() {
            let start = vector * Self::LEN;
            let [first, last] =
                [columns.start, columns.end].map(|column| column.clamp(start, start + Self::LEN) - start);
            if first < last {
                summary.add(&of_vector.total(self.simd, first..last, self.n_rows));
            }
        }
    }
}
