//! From the top down: which blocks are leaves at a threshold, and where they lie.
//!
//! A level is a bit per block, in rows of whole words: splitting compares 64 blocks at a time, and the blocks of the next
//! level are each bit twice.

use std::ops::Range;

use fearless_simd::{Simd, dispatch};
use rayon::prelude::*;

use super::grid::{Bands, Grid};
use super::leaves::slices_of;
use super::summary::Criterion;
use crate::simd::Level;
use crate::{Error, Exec, Result};

/// Every second bit. The smallest leaves lie side by side, and are written two at a time.
const ALTERNATE: u64 = 0x5555_5555_5555_5555;

/// The criterion of all blocks of a level, shape (`n_channels`, planes, rows, columns of blocks).
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the types say it")]
pub enum Values<'a> {
    U8(&'a [u8]),
    U16(&'a [u16]),
    F32(&'a [f32]),
    F64(&'a [f64]),
}

impl Values<'_> {
    fn len(&self) -> usize {
        match self {
            Self::U8(values) => values.len(),
            Self::U16(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }
}

/// The leaves of a tree, a bit for each.
#[derive(Debug)]
pub struct Cut {
    grid: Grid,
    base: usize,
    bands: Bands,
    /// By level from `base` on: whether each block is a leaf.
    leaves: Vec<Vec<u64>>,
    /// By level from `base` on, by band: number of leaves; levels above the bands have one entry.
    counts: Vec<Vec<usize>>,
}

/// Cuts a pyramid: `values` are those of levels `base + 1`, `base + 2`, ...; the last is where all blocks begin. A block
/// splits where a channel's value is above the channel's threshold; blocks of level `base` never do.
///
/// # Errors
/// [`Error::Mismatch`] if a level does not have one value per block and threshold, [`Error::Range`] if there are levels
/// above the root, [`Error::Interrupted`].
pub fn cut(exec: &Exec<'_>, grid: Grid, base: usize, values: &[Values<'_>], thresholds: &[f64]) -> Result<Cut> {
    let top = base + values.len();
    if top > grid.root().max(base) {
        let (got, needed) = (values.len().to_string(), format!("at most {}", grid.root().saturating_sub(base)));
        return Err(Error::Range { argument: "levels", got, needed });
    }
    for (values, level) in values.iter().zip(base + 1..) {
        let needed = grid.n_blocks(level) * thresholds.len();
        if values.len() != needed {
            return Err(Error::Mismatch { argument: "levels", dimension: "blocks", got: values.len(), needed });
        }
    }
    let bands = grid.bands(base, top);
    let zeros = |level| vec![0; n_rows(&grid, level) * n_words(&grid, level)];
    let mut leaves: Vec<Vec<u64>> = (base..=top).map(zeros).collect();
    let mut splits: Vec<Vec<u64>> = (base..=top).map(zeros).collect();
    let mut counts: Vec<Vec<usize>> =
        (base..=top).map(|level| vec![0; if level > bands.level { 1 } else { bands.count() }]).collect();
    let of = |level: usize| level.checked_sub(base + 1).and_then(|index| values.get(index));

    let (low, high) = leaves.split_at_mut(bands.level + 1 - base);
    let (low_splits, high_splits) = splits.split_at_mut(bands.level + 1 - base);
    for level in (bands.level + 1..=top).rev() {
        let index = level - bands.level - 1;
        let (this, above) = high_splits.split_at_mut(index + 1);
        let [planes, lines, _] = grid.blocks(level);
        let rows = Rows { grid: &grid, level, thresholds, places: [0..planes, 0..lines] };
        let parents = above.first().map(|bits| Parents { bits, first: [0, 0] });
        counts[level - base][0] = rows.cut(exec.level, of(level), parents, &mut high[index], &mut this[index]);
    }
    let (low_counts, _) = counts.split_at_mut(low.len());
    let mut parts: Vec<Vec<Part<'_>>> = (0..bands.count()).map(|_| Vec::new()).collect();
    for (((leaves, splits), counts), level) in low.iter_mut().zip(low_splits).zip(low_counts).zip(base..) {
        let len = bands.rows_per_band(level) * n_words(&grid, level);
        let slices = leaves.chunks_mut(len).zip(splits.chunks_mut(len)).zip(counts);
        for (part, ((leaves, splits), count)) in parts.iter_mut().zip(slices) {
            part.push(Part { leaves, splits, count });
        }
    }
    let above = high_splits.first();
    parts.into_par_iter().enumerate().try_for_each(|(band, mut part)| {
        exec.check()?;
        for level in (base..=bands.level).rev() {
            let (this, rest) = part.split_at_mut(level - base + 1);
            let Some(Part { leaves, splits, count }) = this.last_mut() else { continue };
            let rows = Rows { grid: &grid, level, thresholds, places: bands.places(band, level) };
            let parents = match rest.first() {
                Some(part) => {
                    let [planes, lines] = bands.places(band, level + 1);
                    Some(Parents { bits: part.splits, first: [planes.start, lines.start] })
                }
                None => above.map(|bits| Parents { bits, first: [0, 0] }),
            };
            **count = rows.cut(exec.level, of(level), parents, leaves, splits);
        }
        Ok(())
    })?;
    Ok(Cut { grid, base, bands, leaves, counts })
}

/// What belongs to one band of one level.
struct Part<'a> {
    leaves: &'a mut [u64],
    splits: &'a mut [u64],
    count: &'a mut usize,
}

/// Which blocks of the level above split, from a row on.
#[derive(Clone, Copy)]
struct Parents<'a> {
    bits: &'a [u64],
    first: [usize; 2],
}

/// Some rows of blocks of a level.
struct Rows<'a> {
    grid: &'a Grid,
    level: usize,
    thresholds: &'a [f64],
    places: [Range<usize>; 2],
}

impl Rows<'_> {
    /// Writes which of the blocks are leaves, and which split; without parents all are there.
    fn cut(
        &self,
        simd: Level,
        values: Option<&Values<'_>>,
        parents: Option<Parents<'_>>,
        leaves: &mut [u64],
        splits: &mut [u64],
    ) -> usize {
        match values {
            None => dispatch!(simd, simd => self.cut_rows::<_, u8>(simd, &[], parents, leaves, splits)),
            Some(Values::U8(values)) => dispatch!(simd, simd => self.cut_rows(simd, values, parents, leaves, splits)),
            Some(Values::U16(values)) => dispatch!(simd, simd => self.cut_rows(simd, values, parents, leaves, splits)),
            Some(Values::F32(values)) => dispatch!(simd, simd => self.cut_rows(simd, values, parents, leaves, splits)),
            Some(Values::F64(values)) => dispatch!(simd, simd => self.cut_rows(simd, values, parents, leaves, splits)),
        }
    }

    #[inline(always)]
    fn cut_rows<S: Simd, R: Criterion>(
        &self,
        simd: S,
        values: &[R],
        parents: Option<Parents<'_>>,
        leaves: &mut [u64],
        splits: &mut [u64],
    ) -> usize {
        let [_, n_lines, width] = self.grid.blocks(self.level);
        let (n_words, n_words_above) = (n_words(self.grid, self.level), n_words(self.grid, self.level + 1));
        let n_lines_above = self.grid.blocks(self.level + 1)[1];
        let n_blocks = self.grid.n_blocks(self.level);
        let mut count = 0;
        let mut row = 0;
        for z in self.places[0].clone() {
            for y in self.places[1].clone() {
                let parents = parents.map(|Parents { bits, first: [z_first, y_first] }| {
                    let lines = if self.grid.ndim() == 2 { 0 } else { n_lines_above };
                    &bits[((z / 2 - z_first) * lines + y / 2 - y_first) * n_words_above..][..n_words_above]
                });
                for word in 0..n_words {
                    let start = 64 * word;
                    let len = (width - start).min(64);
                    let exists = u64::MAX >> (64 - len);
                    let alive = parents.map_or(u64::MAX, |bits| twice(bits[word / 2] >> (32 * (word % 2)))) & exists;
                    let mut above = 0;
                    if alive != 0 && !values.is_empty() {
                        for (channel, threshold) in self.thresholds.iter().enumerate() {
                            let at = channel * n_blocks + (z * n_lines + y) * width + start;
                            above |= R::above(simd, &values[at..at + len], R::limit(*threshold));
                        }
                    }
                    let leaf = alive & !above;
                    leaves[row * n_words + word] = leaf;
                    splits[row * n_words + word] = alive & above;
                    count += leaf.count_ones() as usize;
                }
                row += 1;
            }
        }
        count
    }
}

/// The first pixel of a block, in the last `D` axes.
#[inline(always)]
fn origin<const D: usize>(level: usize, place: [usize; 3]) -> [i32; D] {
    let mut origin = [0; D];
    for axis in 0..D {
        origin[axis] = (place[3 - D + axis] << level) as i32;
    }
    origin
}

/// Each of the lower 32 bits twice.
#[inline(always)]
fn twice(bits: u64) -> u64 {
    let mut spread = bits & 0xffff_ffff;
    spread = (spread | (spread << 16)) & 0x0000_ffff_0000_ffff;
    spread = (spread | (spread << 8)) & 0x00ff_00ff_00ff_00ff;
    spread = (spread | (spread << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    spread = (spread | (spread << 2)) & 0x3333_3333_3333_3333;
    spread = (spread | (spread << 1)) & ALTERNATE;
    spread | (spread << 1)
}

/// Words of a row of blocks.
fn n_words(grid: &Grid, level: usize) -> usize {
    grid.blocks(level)[2].div_ceil(64)
}

/// Rows of blocks of all planes.
fn n_rows(grid: &Grid, level: usize) -> usize {
    grid.blocks(level)[0] * grid.blocks(level)[1]
}

impl Cut {
    /// Number of leaves of every level from the base on.
    #[must_use]
    pub fn n_leaves(&self) -> Vec<usize> {
        self.counts.iter().map(|counts| counts.iter().sum()).collect()
    }

    /// Writes the first pixel of every leaf, one index per axis of the image: the largest leaves first, those of a level in
    /// raster order.
    ///
    /// # Errors
    /// [`Error::Length`] if there is not room for every leaf, [`Error::Interrupted`].
    pub fn origins(&self, exec: &Exec<'_>, origins_out: &mut [i32]) -> Result<()> {
        let n_leaves = self.n_leaves().iter().sum();
        let ndim = self.grid.ndim();
        if origins_out.len() != n_leaves * ndim {
            let (got, columns) = (origins_out.len(), ndim);
            return Err(Error::Length { argument: "origins", got, rows: n_leaves, columns });
        }
        let lens = self.counts.iter().rev().flatten().map(|count| count * ndim);
        let slices = slices_of(origins_out, lens);
        let parts = (self.base..self.base + self.counts.len()).rev().flat_map(|level| {
            let n_bands = self.counts[level - self.base].len();
            (0..n_bands).map(move |band| (level, band))
        });
        let jobs: Vec<_> = parts.zip(slices).collect();
        jobs.into_par_iter().try_for_each(|((level, band), origins)| {
            exec.check()?;
            let rows = if level > self.bands.level {
                let [planes, lines, _] = self.grid.blocks(level);
                [0..planes, 0..lines]
            } else {
                self.bands.places(band, level)
            };
            if ndim == 2 {
                dispatch!(exec.level, _simd => self.write_origins::<2>(level, rows, origins));
            } else {
                dispatch!(exec.level, _simd => self.write_origins::<3>(level, rows, origins));
            }
            Ok(())
        })
    }

    #[inline(always)]
    fn write_origins<const D: usize>(&self, level: usize, rows: [Range<usize>; 2], origins: &mut [i32]) {
        let n_lines = self.grid.blocks(level)[1];
        let n_words = n_words(&self.grid, level);
        let mut left = origins.as_chunks_mut::<D>().0;
        let [planes, lines] = rows;
        for z in planes {
            for y in lines.clone() {
                let bits = &self.leaves[level - self.base][(z * n_lines + y) * n_words..][..n_words];
                for (word, bits) in bits.iter().enumerate() {
                    let first = |bits: u64| 64 * word + bits.trailing_zeros() as usize;
                    let mut pairs = bits & ALTERNATE;
                    if pairs | pairs << 1 == *bits {
                        while pairs != 0 {
                            let Some((two, others)) = std::mem::take(&mut left).split_first_chunk_mut() else { return };
                            *two = [origin(level, [z, y, first(pairs)]), origin(level, [z, y, first(pairs << 1)])];
                            left = others;
                            pairs &= pairs - 1;
                        }
                        continue;
                    }
                    let mut bits = *bits;
                    while bits != 0 {
                        let Some((one, others)) = std::mem::take(&mut left).split_first_mut() else { return };
                        *one = origin(level, [z, y, first(bits)]);
                        left = others;
                        bits &= bits - 1;
                    }
                }
            }
        }
    }
}
