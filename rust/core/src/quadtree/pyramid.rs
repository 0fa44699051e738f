//! The criterion of every block that may split, from the bottom up in one read of the pixels.
//!
//! A row of the lowest blocks is first added up column by column, over all its rows of pixels, and only then joined
//! sideways, one strip of columns after the other, which stay in the first-level cache; higher rows are made of the rows below as soon as these are complete, while they are still in the cache.

use std::mem::swap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::extremes::Extremes;
use super::grid::{Bands, Grid};
use super::moments::Moments;
use super::pixels::{Pixel, Pixels};
use super::summary::{Counts, Row, Summary};
use super::sums::Sums;
use crate::{Exec, Result};

/// Bytes of one number of all columns of a strip: its two or three numbers stay in the first-level cache while pixels pass
/// by. Measured, twice as many are no faster.
const STRIP: usize = 8 << 10;

/// Writes the difference of the largest and the least pixel of every block of levels `first`, `first + 1`, ... to the
/// slices of `levels`, each of shape (`n_channels`, planes, rows, columns of blocks). False if a pixel that counts is not
/// finite: the numbers then say nothing.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn build<T: Pixel>(
    exec: &Exec<'_>,
    pixels: &Pixels<'_, T>,
    grid: Grid,
    first: usize,
    levels: &mut [&mut [T::Difference]],
) -> Result<bool> {
    Build { exec, pixels, grid, summary: Extremes, first }.run(levels)
}

/// The same for the population variance of the pixels.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn build_sums<T: Pixel>(
    exec: &Exec<'_>,
    pixels: &Pixels<'_, T>,
    grid: Grid,
    first: usize,
    levels: &mut [&mut [f64]],
) -> Result<bool> {
    if size_of::<T>() == size_of::<f64>() {
        Build { exec, pixels, grid, summary: Moments, first }.run(levels)
    } else {
        let summary = Sums { is_masked: pixels.is_masked() };
        Build { exec, pixels, grid, summary, first }.run(levels)
    }
}

/// Rows of pixels that are added together: numbers are loaded and stored once for all of them. More would be as many
/// streams from memory, whose lines share a set of the first-level cache where rows are a power of two apart.
const MAX_ROWS: usize = 4;

struct Build<'a, T, S> {
    exec: &'a Exec<'a>,
    pixels: &'a Pixels<'a, T>,
    grid: Grid,
    summary: S,
    first: usize,
}

/// Room for one row of blocks of every level of a band.
struct Rows<T, N> {
    copies: [Vec<T>; MAX_ROWS],
    /// By level: blocks of this level, from level 0, single columns of pixels, on; those of a strip below the first level.
    done: Vec<Row<N>>,
    /// By level: what a row of this level is before neighbours are joined.
    wide: Vec<Row<N>>,
}

/// What one thread fills: by level from `first` on, the criterion of the blocks in one band of one channel.
struct Part<'a, R> {
    channel: usize,
    band: usize,
    levels: Vec<&'a mut [R]>,
}

impl<T: Pixel, S: Summary<T>> Build<'_, T, S> {
    fn run(&self, levels: &mut [&mut [S::Criterion]]) -> Result<bool> {
        let Some(top) = (self.first + levels.len()).checked_sub(1).filter(|top| *top >= self.first) else {
            return Ok(true);
        };
        let bands = self.grid.bands(self.first, top);
        let (low, high) = levels.split_at_mut(bands.level + 1 - self.first);
        let is_finite = AtomicBool::new(true);
        let rows = parts(&self.grid, bands, self.first, self.pixels.n_channels(), low)
            .into_par_iter()
            .map(|part| {
                self.exec.check()?;
                if is_finite.load(Ordering::Relaxed) { self.band(bands, part, &is_finite) } else { Ok(Vec::new()) }
            })
            .collect::<Result<Vec<_>>>()?;
        if !is_finite.into_inner() {
            return Ok(false);
        }
        let n_bands = bands.count();
        let mut rows = rows.into_iter();
        for channel in 0..self.pixels.n_channels() {
            let below: Vec<_> = rows.by_ref().take(n_bands).flatten().collect();
            self.finish(channel, bands.level, below, high);
        }
        Ok(true)
    }

    /// Fills the levels of a band; the rows of its largest blocks are what is left to be put together.
    fn band(&self, bands: Bands, part: Part<'_, S::Criterion>, is_finite: &AtomicBool) -> Result<Vec<Row<S::Number>>> {
        let Part { channel, band, mut levels } = part;
        let mut rows = self.rows(bands.level);
        let mut largest = Vec::new();
        let [planes, lines] = bands.places(band, bands.level);
        for z in planes {
            for y in lines.clone() {
                self.exec.check()?;
                if !self.fill(&mut rows, channel, bands.level, [z, y], &mut levels, bands, band) {
                    is_finite.store(false, Ordering::Relaxed);
                    return Ok(Vec::new());
                }
                largest.push(rows.done[bands.level].clone());
            }
        }
        Ok(largest)
    }

    /// Columns of a strip: whole blocks of the first level.
    fn strip(&self) -> usize {
        (STRIP / size_of::<S::Number>()).max(1 << self.first)
    }

    fn rows(&self, top: usize) -> Rows<T, S::Number> {
        let row = |level: usize| {
            let n_blocks = self.grid.blocks(level)[2];
            let width = if level < self.first { n_blocks.min(self.strip() >> level) } else { n_blocks };
            Row::new(self.summary.n_planes(), width)
        };
        Rows {
            copies: std::array::from_fn(|_| Vec::new()),
            done: (0..=top).map(row).collect(),
            wide: (0..=top).map(|level: usize| row(level.saturating_sub(1))).collect(),
        }
    }

    /// Makes a row of blocks of `level`, and writes the criterion of all blocks in it.
    #[allow(clippy::too_many_arguments, reason = "a place in a level of a channel, and where its numbers go")]
    fn fill(
        &self,
        rows: &mut Rows<T, S::Number>,
        channel: usize,
        level: usize,
        place: [usize; 2],
        levels: &mut [&mut [S::Criterion]],
        bands: Bands,
        band: usize,
    ) -> bool {
        if level == self.first {
            let [_, _, width] = self.grid.shape();
            for start in (0..width).step_by(self.strip()) {
                let strip = start..width.min(start + self.strip());
                if !self.add_pixels(rows, channel, place, strip) {
                    return false;
                }
                for above in 1..=level {
                    let (below, above_rows) = rows.done.split_at_mut(above);
                    let at = if above == level { start >> level } else { 0 };
                    self.summary.halve(self.exec.level, &below[above - 1], &mut above_rows[0], at);
                }
            }
        } else {
            let mut is_begun = false;
            for below in children(self.grid.blocks(level - 1), place) {
                if !self.fill(rows, channel, level - 1, below, levels, bands, band) {
                    return false;
                }
                let (done, wide) = (&mut rows.done[level - 1], &mut rows.wide[level]);
                if is_begun {
                    self.summary.merge(self.exec.level, done, wide);
                } else {
                    swap(done, wide);
                }
                is_begun = true;
            }
            self.summary.halve(self.exec.level, &rows.wide[level], &mut rows.done[level], 0);
        }
        let [planes, lines] = bands.places(band, level);
        let index = (place[0] - planes.start) * lines.len() + place[1] - lines.start;
        self.write(level, place, &rows.done[level], index, levels[level - self.first]);
        true
    }

    /// Adds up the pixels of a strip of a row of the lowest blocks, column by column; false if one is not finite.
    fn add_pixels(
        &self,
        rows: &mut Rows<T, S::Number>,
        channel: usize,
        place: [usize; 2],
        strip: Range<usize>,
    ) -> bool {
        let [_, height, width] = self.grid.shape();
        let corner = place.map(|place| place << self.first);
        let [depth, lines, _] = self.grid.extent(self.first, [place[0], place[1], 0]);
        for (level, row) in rows.done[..self.first].iter_mut().enumerate() {
            row.set_width(strip.len().div_ceil(1 << level));
        }
        if self.pixels.is_masked() {
            self.summary.clear(&mut rows.done[0]);
        }
        for z in 0..depth {
            let mut y = 0;
            while y < lines {
                let start = ((corner[0] + z) * height + corner[1] + y) * width + strip.start;
                let is_first = z == 0 && y == 0;
                let (n_rows, is_finite) = match lines - y {
                    _ if self.pixels.is_masked() => {
                        self.add_inside(rows, channel, start, strip.len());
                        (1, true)
                    }
                    4.. => (4, self.add_rows::<4>(rows, channel, start, strip.len(), is_first)),
                    2.. => (2, self.add_rows::<2>(rows, channel, start, strip.len(), is_first)),
                    _ => (1, self.add_rows::<1>(rows, channel, start, strip.len(), is_first)),
                };
                if !is_finite {
                    return false;
                }
                y += n_rows;
            }
        }
        true
    }

    /// Adds those of `len` pixels that are inside.
    fn add_inside(&self, rows: &mut Rows<T, S::Number>, channel: usize, start: usize, len: usize) {
        let pixels = self.pixels.row(channel, start, len, &mut rows.copies[0]);
        let inside = self.pixels.inside(start, len).unwrap_or_default();
        self.summary.add_inside(self.exec.level, pixels, inside, &mut rows.done[0]);
    }

    /// Adds `len` pixels from `start` on and those in the rows below; false if one is not finite.
    fn add_rows<const R: usize>(
        &self,
        rows: &mut Rows<T, S::Number>,
        channel: usize,
        start: usize,
        len: usize,
        is_first: bool,
    ) -> bool {
        let width = self.grid.shape()[2];
        let mut pixels: [&[T]; R] = [&[]; R];
        for (row, (pixels, copy)) in pixels.iter_mut().zip(&mut rows.copies).enumerate() {
            *pixels = self.pixels.row(channel, start + row * width, len, copy);
        }
        self.summary.add(self.exec.level, pixels, is_first, &mut rows.done[0])
    }

    /// Writes the criterion of a row of blocks, which is row `index` of `out`.
    fn write(&self, level: usize, place: [usize; 2], row: &Row<S::Number>, index: usize, out: &mut [S::Criterion]) {
        let n_blocks = self.grid.blocks(level)[2];
        let count = |x: usize| self.grid.extent(level, [place[0], place[1], x]).iter().product();
        let counts = Counts { full: count(0), last: count(n_blocks - 1) };
        self.summary.criterion(self.exec.level, row, counts, &mut out[index * n_blocks..][..n_blocks]);
    }

    /// Puts the largest blocks of all bands together, level by level.
    fn finish(&self, channel: usize, level: usize, mut below: Vec<Row<S::Number>>, levels: &mut [&mut [S::Criterion]]) {
        for (out, level) in levels.iter_mut().zip(level + 1..) {
            let [_, lines_below, width_below] = self.grid.blocks(level - 1);
            let [planes, lines, width] = self.grid.blocks(level);
            let out = &mut out[channel * planes * lines * width..][..planes * lines * width];
            let mut rows = Vec::with_capacity(planes * lines);
            for z in 0..planes {
                for y in 0..lines {
                    let mut wide: Option<Row<S::Number>> = None;
                    for [z, y] in children(self.grid.blocks(level - 1), [z, y]) {
                        let row = &below[z * lines_below + y];
                        match &mut wide {
                            None => wide = Some(row.clone()),
                            Some(wide) => self.summary.merge(self.exec.level, row, wide),
                        }
                    }
                    let wide = wide.unwrap_or_else(|| Row::new(self.summary.n_planes(), width_below));
                    let mut row = Row::new(self.summary.n_planes(), width);
                    self.summary.halve(self.exec.level, &wide, &mut row, 0);
                    self.write(level, [z, y], &row, z * lines + y, out);
                    rows.push(row);
                }
            }
            below = rows;
        }
    }
}

/// The rows of blocks that a row of the level above is made of.
fn children(blocks: [usize; 3], [z, y]: [usize; 2]) -> impl Iterator<Item = [usize; 2]> {
    let along = move |at: usize, extent: usize| 2 * at..(2 * at + 2).min(extent);
    along(z, blocks[0]).flat_map(move |z| along(y, blocks[1]).map(move |y| [z, y]))
}

/// Cuts levels from `first` on into bands, channel by channel.
fn parts<'a, R>(
    grid: &Grid,
    bands: Bands,
    first: usize,
    n_channels: usize,
    levels: &'a mut [&mut [R]],
) -> Vec<Part<'a, R>> {
    let mut parts: Vec<Part<'a, R>> = (0..n_channels * bands.count())
        .map(|index| Part { channel: index / bands.count(), band: index % bands.count(), levels: Vec::new() })
        .collect();
    for (out, level) in levels.iter_mut().zip(first..) {
        let band_len = bands.rows_per_band(level) * grid.blocks(level)[2];
        let slices = out.chunks_mut(grid.n_blocks(level)).flat_map(|channel| channel.chunks_mut(band_len));
        for (part, slice) in parts.iter_mut().zip(slices) {
            part.levels.push(slice);
        }
    }
    parts
}
