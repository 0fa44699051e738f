//! Count, mean, standard deviation, least and largest pixel of every leaf.

use std::ops::Range;

use fearless_simd::{Simd, SimdBase, SimdFloat, SimdFrom, dispatch, f64x8};
use rayon::prelude::*;

use super::grid::Grid;
use super::leaves::{Leaves, slices_of};
use super::pixels::{Pixel, Pixels};
use super::squares::{self, LANES, Squares};
use super::summary::{least, most};
use crate::{Error, Exec, Result};

/// Lanes of the sums of long rows, whose additions then need not wait for each other.
const LONG_LANES: usize = 8;

/// The level from which blocks are as wide as that.
const LONG: usize = 3;

/// Where the numbers of the leaves go, by leaf and channel; counts by leaf alone.
#[derive(Debug)]
pub struct Measured<'a, T> {
    /// Pixels that count.
    pub counts: &'a mut [i64],
    /// Their mean, NaN where there are none.
    pub means: &'a mut [f64],
    /// Their population standard deviation, NaN where there are none.
    pub stds: &'a mut [f64],
    /// The least of them, 0 where there are none.
    pub lows: &'a mut [T],
    /// The largest of them, 0 where there are none.
    pub highs: &'a mut [T],
}

impl<T: Pixel> Measured<'_, T> {
    fn has_one_channel(&self) -> bool {
        self.means.len() == self.counts.len()
    }

    /// Writes what is found of [`LANES`] leaves of an image of one channel.
    #[inline(always)]
    fn write_squares(&mut self, first: usize, squares: &Squares<T>) {
        let lanes = first..first + LANES;
        self.counts[lanes.clone()].fill(squares.n_pixels as i64);
        self.means[lanes.clone()].copy_from_slice(&squares.means);
        self.stds[lanes.clone()].copy_from_slice(&squares.stds);
        self.lows[lanes.clone()].copy_from_slice(&squares.lows);
        self.highs[lanes].copy_from_slice(&squares.highs);
    }

    #[inline(always)]
    fn write(&mut self, leaf: usize, channel: usize, (count, low, high, [mean, std]): Found<T>) {
        let at = leaf * (self.means.len() / self.counts.len()) + channel;
        self.counts[leaf] = count as i64;
        (self.means[at], self.stds[at]) = (mean, std);
        (self.lows[at], self.highs[at]) = (low, high);
    }
}

/// Measures all leaves in one read of the pixels.
///
/// # Errors
/// [`Error::Length`] if there is not room for every leaf and channel, [`Error::Interrupted`].
pub fn measure<T: Pixel>(
    exec: &Exec<'_>,
    pixels: &Pixels<'_, T>,
    leaves: &Leaves<'_>,
    measured: Measured<'_, T>,
) -> Result<()> {
    let n_channels = pixels.n_channels();
    let Measured { counts, means, stds, lows, highs } = measured;
    let lens = [("counts", counts.len() * n_channels), ("means", means.len()), ("stds", stds.len())];
    for (argument, got) in lens.into_iter().chain([("lows", lows.len()), ("highs", highs.len())]) {
        if got != leaves.len() * n_channels {
            return Err(Error::Length { argument, got, rows: leaves.len(), columns: n_channels });
        }
    }
    // Leaves that are larger than a band are many bands' work each.
    let jobs: Vec<_> = leaves
        .levels()
        .flat_map(|level| {
            let is_large = level > leaves.bands().level;
            let ranges = leaves.bands_of(level).into_iter();
            ranges.flat_map(move |range| {
                let step = if is_large { 1 } else { range.len().max(1) };
                range.clone().step_by(step).map(move |start| (level, start..start + step))
            })
        })
        .collect();
    let lens = || jobs.iter().map(|(_, range)| range.len());
    let each = || lens().map(|len| len * n_channels);
    let counts = slices_of(counts, lens());
    let (means, stds) = (slices_of(means, each()), slices_of(stds, each()));
    let (lows, highs) = (slices_of(lows, each()), slices_of(highs, each()));
    let outs = counts.into_iter().zip(means).zip(stds).zip(lows).zip(highs);
    jobs.par_iter().zip(outs.collect::<Vec<_>>()).try_for_each(|((level, range), out)| {
        exec.check()?;
        let ((((counts, means), stds), lows), highs) = out;
        let mut out = Measured { counts, means, stds, lows, highs };
        dispatch!(exec.level, simd => measure_range(simd, pixels, leaves, *level, range.clone(), &mut out));
        Ok(())
    })
}

/// Measures some leaves of a level.
#[inline(always)]
fn measure_range<S: Simd, T: Pixel>(
    simd: S,
    pixels: &Pixels<'_, T>,
    leaves: &Leaves<'_>,
    level: usize,
    range: Range<usize>,
    out: &mut Measured<'_, T>,
) {
    let mut copy = Vec::new();
    for channel in 0..pixels.n_channels() {
        let values = pixels.plane(channel).filter(|_| leaves.grid().ndim() == 2);
        for first in range.clone().step_by(LANES) {
            let some = first..range.end.min(first + LANES);
            let squares = match (level, values) {
                (0, Some(values)) => Some(measure_squares::<T, 1>(values, leaves, level, some.clone())),
                (1, Some(values)) => Some(measure_squares::<T, 2>(values, leaves, level, some.clone())),
                (2, Some(values)) => Some(measure_squares::<T, 4>(values, leaves, level, some.clone())),
                (3, Some(values)) => Some(measure_squares::<T, 8>(values, leaves, level, some.clone())),
                _ => None,
            };
            if let Some(squares) = squares.as_ref().filter(|squares| squares.are_all_there() && out.has_one_channel()) {
                out.write_squares(first - range.start, squares);
                continue;
            }
            for (lane, leaf) in some.enumerate() {
                let found = match &squares {
                    Some(squares) if squares.are_there[lane] => squares.get(lane),
                    _ => measure_one(simd, pixels, leaves, level, leaf, channel, &mut copy),
                };
                out.write(leaf - range.start, channel, found);
            }
        }
    }
}

/// Measures up to [`LANES`] leaves, of those that are squares.
#[inline(always)]
fn measure_squares<T: Pixel, const SIDE: usize>(
    values: &[T],
    leaves: &Leaves<'_>,
    level: usize,
    some: Range<usize>,
) -> Squares<T> {
    let grid = leaves.grid();
    let width = grid.shape()[2];
    let mut corners = [None; LANES];
    for (corner, leaf) in corners.iter_mut().zip(some) {
        let place = leaves.place(level, leaf);
        *corner = grid.is_square(level, place).then_some((place[1] * width + place[2]) * SIDE);
    }
    squares::measure::<T, SIDE>(values, width, &corners)
}

/// Measures a leaf of any shape.
#[inline(always)]
fn measure_one<S: Simd, T: Pixel>(
    simd: S,
    pixels: &Pixels<'_, T>,
    leaves: &Leaves<'_>,
    level: usize,
    leaf: usize,
    channel: usize,
    copy: &mut Vec<T>,
) -> Found<T> {
    let place = leaves.place(level, leaf);
    if level == 0 {
        return tally_pixel(pixels, leaves.grid(), place, channel, copy);
    }
    let (extent, rows) = rows_of(leaves.grid(), level, place);
    if level < LONG || pixels.is_masked() || !extent[2].is_multiple_of(LONG_LANES) {
        tally_any(pixels, rows, channel, copy)
    } else {
        tally_lanes(simd, pixels, rows, channel, copy)
    }
}

/// Count, least and largest pixel, mean and standard deviation of a leaf.
pub(super) type Found<T> = (usize, T, T, [f64; 2]);

/// Extents of a leaf, and the first pixel and the length of each of its rows.
#[inline(always)]
fn rows_of(grid: Grid, level: usize, place: [usize; 3]) -> ([usize; 3], impl Iterator<Item = (usize, usize)>) {
    let [_, height, width] = grid.shape();
    let extent = grid.extent(level, place);
    let corner = [place[0] << level, place[1] << level, place[2] << level];
    let rows = (corner[0]..corner[0] + extent[0]).flat_map(move |z| {
        let lines = corner[1]..corner[1] + extent[1];
        lines.map(move |y| ((z * height + y) * width + corner[2], extent[2]))
    });
    (extent, rows)
}

/// A leaf of one pixel.
#[inline(always)]
fn tally_pixel<T: Pixel>(
    pixels: &Pixels<'_, T>,
    grid: Grid,
    place: [usize; 3],
    channel: usize,
    copy: &mut Vec<T>,
) -> Found<T> {
    let [_, height, width] = grid.shape();
    let at = (place[0] * height + place[1]) * width + place[2];
    if pixels.inside(at, 1).is_some_and(|inside| !inside[0]) {
        return (0, T::default(), T::default(), [f64::NAN; 2]);
    }
    let pixel = pixels.row(channel, at, 1, copy)[0];
    (1, pixel, pixel, [pixel.number(), 0.0])
}

/// What is added up of a leaf's pixels. Their differences from the first one are small, and their squares do not cancel.
#[derive(Clone, Copy)]
struct Tally {
    count: usize,
    first: f64,
    low: f64,
    high: f64,
    sum: f64,
    squares: f64,
}

impl Tally {
    fn finish<T: Pixel>(self) -> Found<T> {
        if self.count == 0 {
            return (0, T::default(), T::default(), [f64::NAN; 2]);
        }
        let count = self.count as f64;
        let mean = self.sum / count;
        let variance = most(self.squares / count - mean * mean, 0.0);
        (self.count, T::from_number(self.low), T::from_number(self.high), [self.first + mean, variance.sqrt()])
    }
}

/// Adds up a leaf pixel by pixel.
#[inline(always)]
fn tally_any<T: Pixel>(
    pixels: &Pixels<'_, T>,
    rows: impl Iterator<Item = (usize, usize)>,
    channel: usize,
    copy: &mut Vec<T>,
) -> Found<T> {
    let mut tally = Tally { count: 0, first: 0.0, low: f64::INFINITY, high: f64::NEG_INFINITY, sum: 0.0, squares: 0.0 };
    for (start, len) in rows {
        let inside = pixels.inside(start, len);
        for (x, pixel) in pixels.row(channel, start, len, copy).iter().enumerate() {
            if inside.is_none_or(|inside| inside[x]) {
                let number = pixel.number();
                if tally.count == 0 {
                    tally.first = number;
                }
                let difference = number - tally.first;
                tally.count += 1;
                tally.low = least(tally.low, number);
                tally.high = most(tally.high, number);
                tally.sum += difference;
                tally.squares += difference * difference;
            }
        }
    }
    tally.finish()
}

/// Adds up a leaf that all pixels count of, and whose rows are whole vectors.
#[inline(always)]
fn tally_lanes<S: Simd, T: Pixel>(
    simd: S,
    pixels: &Pixels<'_, T>,
    rows: impl Iterator<Item = (usize, usize)>,
    channel: usize,
    copy: &mut Vec<T>,
) -> Found<T> {
    let splat = |value: f64| f64x8::simd_from(simd, value);
    let (mut count, mut first) = (0, 0.0);
    let (mut sums, mut squares) = (splat(0.0), splat(0.0));
    let (mut lows, mut highs) = (splat(f64::INFINITY), splat(f64::NEG_INFINITY));
    for (start, len) in rows {
        let row = pixels.row(channel, start, len, copy);
        if count == 0 {
            first = row[0].number();
        }
        count += len;
        for group in row.as_chunks::<LONG_LANES>().0 {
            let mut numbers = [0.0; LONG_LANES];
            for lane in 0..LONG_LANES {
                numbers[lane] = group[lane].number();
            }
            let numbers = f64x8::from_slice(simd, &numbers);
            let differences = numbers - splat(first);
            lows = lows.min(numbers);
            highs = highs.max(numbers);
            sums += differences;
            squares = differences.mul_add(differences, squares);
        }
    }
    let low = lows.as_slice().iter().fold(f64::INFINITY, |low, lane| least(low, *lane));
    let high = highs.as_slice().iter().fold(f64::NEG_INFINITY, |high, lane| most(high, *lane));
    let (sum, squares) = (sums.as_slice().iter().sum(), squares.as_slice().iter().sum());
    Tally { count, first, low, high, sum, squares }.finish()
}
