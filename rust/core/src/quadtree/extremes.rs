//! The range of blocks.

use bytemuck::Zeroable;
use fearless_simd::dispatch;

use super::pixels::Pixel;
use super::summary::{Counts, Groups, Row, Summary, groups, join, least, most};
use crate::simd::Level;

/// Columns whose numbers stay in registers while some rows are added; of bytes half a vector of 512 bits.
const GROUP: usize = 32;

/// Least and largest pixel. A block without pixels has them the wrong way round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extremes;

impl<T: Pixel> Summary<T> for Extremes {
    type Number = T;
    type Criterion = T::Difference;

    fn n_planes(self) -> usize {
        2
    }

    fn clear(self, columns: &mut Row<T>) {
        let [low, high] = columns.planes_mut();
        low.fill(T::HIGHEST);
        high.fill(T::LOWEST);
    }

    fn add<const R: usize>(self, level: Level, rows: [&[T]; R], is_first: bool, columns: &mut Row<T>) -> bool {
        let (some, rest) = groups::<_, _, R, GROUP>(rows, columns);
        dispatch!(level, _simd => add(some, is_first) & add(rest, is_first))
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
        let [low, high] = half.part_mut(at, row.width().div_ceil(2));
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

/// Adds groups of `N` columns of some rows; false if a pixel is not finite.
#[inline(always)]
fn add<T: Pixel, const R: usize, const N: usize>(
    (rows, [lows, highs]): Groups<'_, T, T, R, N>,
    is_first: bool,
) -> bool {
    let mut doubts = [T::zeroed(); N];
    for (group, (low_out, high_out)) in lows.iter_mut().zip(highs).enumerate() {
        let (mut low, mut high) = if is_first { (rows[0][group], rows[0][group]) } else { (*low_out, *high_out) };
        for row in rows {
            let pixels = &row[group];
            for lane in 0..N {
                low[lane] = least(low[lane], pixels[lane]);
                high[lane] = most(high[lane], pixels[lane]);
                doubts[lane] = pixels[lane].doubt(doubts[lane]);
            }
        }
        (*low_out, *high_out) = (low, high);
    }
    doubts == [T::zeroed(); N]
}
