//! The variance of blocks from sums.

use fearless_simd::dispatch;

use super::pixels::{Pixel, are_finite};
use super::summary::{Counts, Groups, Row, Summary, groups, join, most};
use crate::simd::Level;

/// Columns whose numbers stay in registers while some rows are added: two vectors of 512 bits of each.
const GROUP: usize = 16;

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

    fn n_planes(self) -> usize {
        if self.is_masked { 3 } else { 2 }
    }

    fn clear(self, columns: &mut Row<f64>) {
        columns.all_mut().for_each(|plane| plane.fill(0.0));
    }

    fn add<const R: usize>(self, level: Level, rows: [&[T]; R], is_first: bool, columns: &mut Row<f64>) -> bool {
        let (some, rest) = groups::<_, _, R, GROUP>(rows, columns);
        dispatch!(level, _simd => add(some, is_first) & add(rest, is_first))
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
            for (plane, numbers) in row.all_mut().enumerate() {
                for (number, other) in numbers.iter_mut().zip(other.plane(plane)) {
                    *number += other;
                }
            }
        });
    }

    fn halve(self, level: Level, row: &Row<f64>, half: &mut Row<f64>, at: usize) {
        let width = row.width().div_ceil(2);
        dispatch!(level, _simd => {
            for (plane, half) in half.all_mut().enumerate() {
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

/// Adds groups of `N` columns of some rows; false if a pixel is not finite.
#[inline(always)]
fn add<T: Pixel, const R: usize, const N: usize>(
    (rows, [sums, squares]): Groups<'_, T, f64, R, N>,
    is_first: bool,
) -> bool {
    let mut doubts = [0.0; N];
    for (group, (sums_out, squares_out)) in sums.iter_mut().zip(squares).enumerate() {
        let (mut sums, mut squares) = if is_first { ([0.0; N], [0.0; N]) } else { (*sums_out, *squares_out) };
        for row in rows {
            let pixels = &row[group];
            for lane in 0..N {
                let number = pixels[lane].number();
                sums[lane] += number;
                squares[lane] += number * number;
            }
        }
        if !T::IS_INTEGER {
            for lane in 0..N {
                // The squares of float32 numbers do not overflow.
                doubts[lane] = squares[lane].doubt(doubts[lane]);
            }
        }
        (*sums_out, *squares_out) = (sums, squares);
    }
    are_finite(&doubts)
}

/// `(n S2 - S1^2) / n^2`: the square is taken in two parts, so that nothing is lost when most of it cancels.
#[inline(always)]
fn variance(sum: f64, squares: f64, count: f64) -> f64 {
    let square = sum * sum;
    let rest = sum.mul_add(sum, -square);
    let numerator = count.mul_add(squares, -square) - rest;
    most(numerator, 0.0) / (count * count)
}
