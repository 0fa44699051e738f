//! The variance of blocks from their means and deviations.

use fearless_simd::dispatch;

use super::pixels::{Pixel, are_finite};
use super::summary::{Counts, Row, Summary, most};
use crate::simd::Level;

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

    fn n_planes(self) -> usize {
        3
    }

    fn clear(self, columns: &mut Row<f64>) {
        columns.all_mut().for_each(|plane| plane.fill(0.0));
    }

    fn add<const R: usize>(self, level: Level, rows: [&[T]; R], is_first: bool, columns: &mut Row<f64>) -> bool {
        // Arithmetic takes longer than loads and stores, and than another look at the pixels.
        if is_first {
            Summary::<T>::clear(self, columns);
        }
        let [counts, means, squares] = columns.planes_mut();
        dispatch!(level, _simd => {
            for pixels in rows {
                for (i, pixel) in pixels.iter().enumerate() {
                    let known = [counts[i], means[i], squares[i]];
                    [counts[i], means[i], squares[i]] = chan(known, [1.0, pixel.number(), 0.0]);
                }
            }
            rows.iter().all(|pixels| are_finite(pixels))
        })
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
        let [counts, means, squares] = half.part_mut(at, row.width().div_ceil(2));
        let block = |i: usize| [row.plane(0)[i], row.plane(1)[i], row.plane(2)[i]];
        dispatch!(level, _simd => {
            for i in 0..counts.len() {
                let other = if 2 * i + 1 < row.width() { block(2 * i + 1) } else { [0.0; 3] };
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
