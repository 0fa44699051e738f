//! What is known of blocks while a pyramid is built: their range, or their moments; row by row, in vectors.

use bytemuck::{Pod, Zeroable};
use fearless_simd::prelude::*;
use fearless_simd::{Simd, SimdBase, SimdFrom, dispatch};

use super::pixels::Pixel;
use crate::simd::Level;

/// Numbers that are compared with a threshold.
pub trait Criterion: Pod + PartialOrd + Send + Sync {
    /// The number that those above the threshold are above, too.
    fn limit(threshold: f64) -> Self;
    /// Bit `i` says whether value `i` is above the limit, for up to 64 values.
    fn above<S: Simd>(simd: S, values: &[Self], limit: Self) -> u64;
}

macro_rules! criterion {
    ($type:ty, $vector:ident, $limit:expr) => {
        impl Criterion for $type {
            #[inline(always)]
            fn limit(threshold: f64) -> Self {
                $limit(threshold)
            }

            #[inline(always)]
            fn above<S: Simd>(simd: S, values: &[Self], limit: Self) -> u64 {
                let limits = S::$vector::simd_from(simd, limit);
                let mut bits = 0;
                let mut at = 0;
                for part in values.chunks_exact(S::$vector::LEN) {
                    bits |= S::$vector::from_slice(simd, part).simd_gt(limits).to_bitmask() << at;
                    at += S::$vector::LEN;
                }
                for value in &values[at..] {
                    bits |= u64::from(*value > limit) << at;
                    at += 1;
                }
                bits
            }
        }
    };
}

// Casts to integers saturate and cut the fraction off.
criterion!(u8, u8s, |threshold: f64| threshold as u8);
criterion!(u16, u16s, |threshold: f64| threshold as u16);
criterion!(f32, f32s, |threshold: f64| {
    let nearest = threshold as f32;
    if f64::from(nearest) > threshold { nearest.next_down() } else { nearest }
});
criterion!(f64, f64s, |threshold: f64| threshold);

/// A row of blocks: what is known of each, one plane of numbers after the other.
#[derive(Debug, Clone)]
pub(crate) struct Row<C> {
    numbers: Vec<C>,
    /// From one plane to the next.
    stride: usize,
    width: usize,
}

impl<C: Pod> Row<C> {
    pub(crate) fn new(n_planes: usize, width: usize) -> Self {
        Self { numbers: vec![C::zeroed(); n_planes * width], stride: width, width }
    }

    /// Leaves only the first blocks, or all again.
    pub(crate) fn set_width(&mut self, width: usize) {
        self.width = width.min(self.stride);
    }

    /// One number of each block.
    #[inline(always)]
    fn plane(&self, plane: usize) -> &[C] {
        &self.numbers[plane * self.stride..][..self.width]
    }

    #[inline(always)]
    fn planes_mut<const P: usize>(&mut self) -> [&mut [C]; P] {
        self.part_mut(0, self.width)
    }

    /// `len` blocks from `start` on.
    #[inline(always)]
    fn part_mut<const P: usize>(&mut self, start: usize, len: usize) -> [&mut [C]; P] {
        let mut planes = self.numbers.chunks_exact_mut(self.stride);
        std::array::from_fn(|_| &mut planes.next().unwrap_or_default()[start..start + len])
    }
}

/// How many pixels the blocks of a row have that the border of the image does not hide.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// Of every block but the last.
    pub(crate) full: usize,
    pub(crate) last: usize,
}

/// What is known of blocks, and how it is put together.
pub(crate) trait Summary<T: Pixel>: Copy + Send + Sync {
    /// The numbers it consists of.
    type Number: Pod + Send + Sync;
    /// What it comes down to.
    type Criterion: Criterion;
    /// Numbers per block.
    fn n_planes(self) -> usize;
    /// Whether a pixel that is not finite shows in the numbers; otherwise pixels have to be looked at themselves.
    const SHOWS_INFINITE: bool;
    /// Whether all numbers of blocks are finite, where they show it.
    fn are_finite(self, _level: Level, _columns: &Row<Self::Number>) -> bool {
        true
    }
    /// Makes blocks of one pixel's width of no pixels.
    fn clear(self, columns: &mut Row<Self::Number>);
    /// Adds a row of pixels to them.
    fn add(self, level: Level, pixels: &[T], columns: &mut Row<Self::Number>);
    /// Adds two rows of pixels, so that numbers are loaded and stored once for both; or, if they are the first, makes
    /// the blocks of them.
    fn add_pair(self, level: Level, rows: [&[T]; 2], is_first: bool, columns: &mut Row<Self::Number>);
    /// Adds those pixels of a row that are inside.
    fn add_inside(self, level: Level, pixels: &[T], inside: &[bool], columns: &mut Row<Self::Number>);
    /// Adds a row of blocks to another.
    fn merge(self, level: Level, other: &Row<Self::Number>, row: &mut Row<Self::Number>);
    /// Joins neighbours in a row; the first two become block `at` of `half`.
    fn halve(self, level: Level, row: &Row<Self::Number>, half: &mut Row<Self::Number>, at: usize);
    /// Writes the criterion of each block; that of a block without pixels is 0.
    fn criterion(self, level: Level, row: &Row<Self::Number>, counts: Counts, out: &mut [Self::Criterion]);
}

/// Joins neighbours of one plane; a last one without neighbour stays.
#[inline(always)]
fn join<C: Copy>(plane: &[C], half: &mut [C], join: impl Fn(C, C) -> C) {
    let (pairs, rest) = plane.as_chunks::<2>();
    for (out, pair) in half.iter_mut().zip(pairs) {
        *out = join(pair[0], pair[1]);
    }
    if let ([last], Some(out)) = (rest, half.last_mut()) {
        *out = *last;
    }
}

#[inline(always)]
pub(crate) fn least<C: PartialOrd>(a: C, b: C) -> C {
    if a < b { a } else { b }
}

#[inline(always)]
pub(crate) fn most<C: PartialOrd>(a: C, b: C) -> C {
    if a > b { a } else { b }
}

/// Least and largest pixel. A block without pixels has them the wrong way round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extremes;

impl<T: Pixel> Summary<T> for Extremes {
    type Number = T;
    type Criterion = T::Difference;
    const SHOWS_INFINITE: bool = false;

    fn n_planes(self) -> usize {
        2
    }

    fn clear(self, columns: &mut Row<T>) {
        let [low, high] = columns.planes_mut();
        low.fill(T::HIGHEST);
        high.fill(T::LOWEST);
    }

    fn add(self, level: Level, pixels: &[T], columns: &mut Row<T>) {
        let [low, high] = columns.planes_mut();
        dispatch!(level, _simd => {
            for ((low, high), pixel) in low.iter_mut().zip(high).zip(pixels) {
                *low = least(*low, *pixel);
                *high = most(*high, *pixel);
            }
        });
    }

    fn add_pair(self, level: Level, [this, next]: [&[T]; 2], is_first: bool, columns: &mut Row<T>) {
        let [low, high] = columns.planes_mut();
        let columns = low.iter_mut().zip(high).zip(this).zip(next);
        dispatch!(level, _simd => if is_first {
            for (((low, high), a), b) in columns {
                *low = least(*a, *b);
                *high = most(*a, *b);
            }
        } else {
            for (((low, high), a), b) in columns {
                *low = least(*low, least(*a, *b));
                *high = most(*high, most(*a, *b));
            }
        });
    }

    fn add_inside(self, _: Level, pixels: &[T], inside: &[bool], columns: &mut Row<T>) {
        let [low, high] = columns.planes_mut();
        for (i, (pixel, inside)) in pixels.iter().zip(inside).enumerate() {
            low[i] = if *inside { least(low[i], *pixel) } else { low[i] };
            high[i] = if *inside { most(high[i], *pixel) } else { high[i] };
        }
    }

    fn merge(self, level: Level, other: &Row<T>, row: &mut Row<T>) {
        let [low, high] = row.planes_mut();
        dispatch!(level, _simd => {
            for (low, other) in low.iter_mut().zip(other.plane(0)) {
                *low = least(*low, *other);
            }
            for (high, other) in high.iter_mut().zip(other.plane(1)) {
                *high = most(*high, *other);
            }
        });
    }

    fn halve(self, level: Level, row: &Row<T>, half: &mut Row<T>, at: usize) {
        let [low, high] = half.part_mut(at, row.width.div_ceil(2));
        dispatch!(level, _simd => {
            join(row.plane(0), low, least);
            join(row.plane(1), high, most);
        });
    }

    fn criterion(self, level: Level, row: &Row<T>, _: Counts, out: &mut [T::Difference]) {
        let (low, high) = (row.plane(0), row.plane(1));
        dispatch!(level, _simd => {
            for ((low, high), out) in low.iter().zip(high).zip(out) {
                *out = if high > low { T::difference(*high, *low) } else { T::Difference::zeroed() };
            }
        });
    }
}

/// Sums of pixels and of their squares, and behind a mask the number of pixels.
///
/// Whole numbers below 2^53 are exact in float64: sums of bytes always, sums of squares of 16-bit numbers for blocks of
/// up to 2^21 pixels. The squares of float32 numbers have 48 bits, so that the error of a sum is far below the squared
/// distance of neighbouring float32 numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sums {
    pub(crate) is_masked: bool,
}

impl<T: Pixel> Summary<T> for Sums {
    type Number = f64;
    type Criterion = f64;
    // The squares of float32 numbers do not overflow.
    const SHOWS_INFINITE: bool = true;

    fn n_planes(self) -> usize {
        if self.is_masked { 3 } else { 2 }
    }

    fn are_finite(self, level: Level, columns: &Row<f64>) -> bool {
        T::IS_INTEGER || dispatch!(level, _simd => <f64 as Pixel>::are_finite(columns.plane(1)))
    }

    fn clear(self, columns: &mut Row<f64>) {
        columns.numbers.fill(0.0);
    }

    fn add(self, level: Level, pixels: &[T], columns: &mut Row<f64>) {
        let [sums, squares] = columns.planes_mut();
        dispatch!(level, _simd => {
            for ((sum, square), pixel) in sums.iter_mut().zip(squares).zip(pixels) {
                let number = pixel.number();
                *sum += number;
                *square += number * number;
            }
        });
    }

    fn add_pair(self, level: Level, [this, next]: [&[T]; 2], is_first: bool, columns: &mut Row<f64>) {
        let [sums, squares] = columns.planes_mut();
        let columns = sums.iter_mut().zip(squares).zip(this).zip(next);
        dispatch!(level, _simd => if is_first {
            for (((sum, square), a), b) in columns {
                let (a, b) = (a.number(), b.number());
                *sum = a + b;
                *square = a * a + b * b;
            }
        } else {
            for (((sum, square), a), b) in columns {
                let (a, b) = (a.number(), b.number());
                *sum = *sum + a + b;
                *square = *square + a * a + b * b;
            }
        });
    }

    fn add_inside(self, _: Level, pixels: &[T], inside: &[bool], columns: &mut Row<f64>) {
        let [sums, squares, counts] = columns.planes_mut();
        for (i, (pixel, inside)) in pixels.iter().zip(inside).enumerate() {
            if *inside {
                let number = pixel.number();
                sums[i] += number;
                squares[i] += number * number;
                counts[i] += 1.0;
            }
        }
    }

    fn merge(self, level: Level, other: &Row<f64>, row: &mut Row<f64>) {
        dispatch!(level, _simd => {
            for (number, other) in row.numbers.iter_mut().zip(&other.numbers) {
                *number += other;
            }
        });
    }

    fn halve(self, level: Level, row: &Row<f64>, half: &mut Row<f64>, at: usize) {
        let (stride, width) = (half.stride, row.width.div_ceil(2));
        dispatch!(level, _simd => {
            for (plane, half) in half.numbers.chunks_exact_mut(stride).enumerate() {
                join(row.plane(plane), &mut half[at..at + width], |a, b| a + b);
            }
        });
    }

    fn criterion(self, level: Level, row: &Row<f64>, counts: Counts, out: &mut [f64]) {
        let (sums, squares) = (row.plane(0), row.plane(1));
        if self.is_masked {
            let each = row.plane(2);
            dispatch!(level, _simd => {
                for i in 0..out.len() {
                    let count = if each[i] > 0.0 { each[i] } else { 1.0 };
                    out[i] = variance(sums[i], squares[i], count);
                }
            });
        } else {
            let full = counts.full as f64;
            dispatch!(level, _simd => {
                for i in 0..out.len() {
                    out[i] = variance(sums[i], squares[i], full);
                }
            });
            if let Some(last) = out.len().checked_sub(1) {
                out[last] = variance(sums[last], squares[last], counts.last as f64);
            }
        }
    }
}

/// `(n S2 - S1^2) / n^2`: the square is taken in two parts, so that nothing is lost when most of it cancels.
#[inline(always)]
fn variance(sum: f64, squares: f64, count: f64) -> f64 {
    let square = sum * sum;
    let rest = sum.mul_add(sum, -square);
    let numerator = count.mul_add(squares, -square) - rest;
    most(numerator, 0.0) / (count * count)
}

/// Number of pixels, mean, and squared deviations from it, which do not cancel however far from zero pixels lie
/// (Chan, Golub and `LeVeque`, 1983).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments;

#[inline(always)]
fn chan(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    let total = a[0] + b[0];
    let share = b[0] / most(total, 1.0);
    let difference = b[1] - a[1];
    [total, difference.mul_add(share, a[1]), (difference * difference).mul_add(a[0] * share, a[2] + b[2])]
}

impl<T: Pixel> Summary<T> for Moments {
    type Number = f64;
    type Criterion = f64;
    const SHOWS_INFINITE: bool = false;

    fn n_planes(self) -> usize {
        3
    }

    fn clear(self, columns: &mut Row<f64>) {
        columns.numbers.fill(0.0);
    }

    fn add(self, level: Level, pixels: &[T], columns: &mut Row<f64>) {
        let [counts, means, squares] = columns.planes_mut();
        dispatch!(level, _simd => {
            for (i, pixel) in pixels.iter().enumerate() {
                [counts[i], means[i], squares[i]] = chan([counts[i], means[i], squares[i]], [1.0, pixel.number(), 0.0]);
            }
        });
    }

    fn add_pair(self, level: Level, rows: [&[T]; 2], is_first: bool, columns: &mut Row<f64>) {
        // Arithmetic takes longer than loads and stores.
        if is_first {
            Summary::<T>::clear(self, columns);
        }
        for pixels in rows {
            self.add(level, pixels, columns);
        }
    }

    fn add_inside(self, level: Level, pixels: &[T], inside: &[bool], columns: &mut Row<f64>) {
        let [counts, means, squares] = columns.planes_mut();
        dispatch!(level, _simd => {
            for (i, pixel) in pixels.iter().enumerate() {
                if inside[i] {
                    [counts[i], means[i], squares[i]] =
                        chan([counts[i], means[i], squares[i]], [1.0, pixel.number(), 0.0]);
                }
            }
        });
    }

    fn merge(self, level: Level, other: &Row<f64>, row: &mut Row<f64>) {
        let [counts, means, squares] = row.planes_mut();
        let others = [other.plane(0), other.plane(1), other.plane(2)];
        dispatch!(level, _simd => {
            for i in 0..counts.len() {
                let other = [others[0][i], others[1][i], others[2][i]];
                [counts[i], means[i], squares[i]] = chan([counts[i], means[i], squares[i]], other);
            }
        });
    }

    fn halve(self, level: Level, row: &Row<f64>, half: &mut Row<f64>, at: usize) {
        let [counts, means, squares] = half.part_mut(at, row.width.div_ceil(2));
        let block = |i: usize| [row.plane(0)[i], row.plane(1)[i], row.plane(2)[i]];
        dispatch!(level, _simd => {
            for i in 0..counts.len() {
                let other = if 2 * i + 1 < row.width { block(2 * i + 1) } else { [0.0; 3] };
                [counts[i], means[i], squares[i]] = chan(block(2 * i), other);
            }
        });
    }

    fn criterion(self, level: Level, row: &Row<f64>, _: Counts, out: &mut [f64]) {
        let (counts, squares) = (row.plane(0), row.plane(2));
        dispatch!(level, _simd => {
            for i in 0..out.len() {
                out[i] = squares[i] / most(counts[i], 1.0);
            }
        });
    }
}
