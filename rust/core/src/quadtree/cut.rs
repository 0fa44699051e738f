//! From the top down: which blocks split at a threshold.
//!
//! A level is a bit per block, in rows of whole words: splitting compares 64 blocks at a time, and the blocks of the next
//! level are each bit twice. What does not split is a leaf: no bits are kept of leaves, nor of the lowest level.

use std::ops::{Add, Range};

use fearless_simd::{Simd, dispatch};
use rayon::prelude::*;

use super::grid::Grid;
use super::summary::Criterion;
use crate::{Error, Exec, Result};

/// Cost from which threads share a cut, in bytes of values: one alone is through less (at most 0.2 ms) before others are
/// awake and have been heard.
const MIN_SHARED: usize = 6 << 20;

/// What a row costs beside its values, in bytes of values: measured 10 to 16 ns.
const ROW: usize = 128;

/// Bytes of values that a thread takes at a time, but at least a row.
const TASK: usize = 512 << 10;

/// A row of values is read as a whole unless fewer than one in so many words of its parents have any: leaving out what
/// nobody asks for takes longer, because processors read ahead what lies in a row. Rows of bytes always are: 64 of them
/// are one line of the cache.
const SPARSE: usize = 4;

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

    fn n_bytes(&self) -> usize {
        match self {
            Self::U8(values) => size_of_val(*values),
            Self::U16(values) => size_of_val(*values),
            Self::F32(values) => size_of_val(*values),
            Self::F64(values) => size_of_val(*values),
        }
    }
}

/// Whether [`cut`] computes on the calling thread alone, and is over before another one would be awake.
#[must_use]
pub fn is_short(grid: &Grid, base: usize, values: &[Values<'_>]) -> bool {
    let cost = |(values, level): (&Values<'_>, usize)| values.n_bytes() + ROW * n_rows(grid, level);
    values.iter().zip(base + 1..=grid.root()).map(cost).sum::<usize>() < MIN_SHARED
}

/// A tree: which blocks split, a bit for each.
#[derive(Debug)]
pub struct Cut {
    pub(super) grid: Grid,
    pub(super) base: usize,
    /// By level from `base + 1` on: whether each block splits.
    splits: Vec<Vec<u64>>,
    n_leaves: Vec<usize>,
}

impl Cut {
    /// Number of axes of the image, 2 or 3.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.grid.ndim()
    }

    /// Number of leaves of every level from the base on.
    #[must_use]
    pub fn n_leaves(&self) -> &[usize] {
        &self.n_leaves
    }

    /// Number of leaves in some rows of blocks.
    #[inline(always)]
    pub(super) fn n_leaves_in(&self, level: usize, [planes, lines]: [Range<usize>; 2]) -> usize {
        let width = self.grid.blocks(level)[2];
        let rows = planes.flat_map(|z| lines.clone().map(move |y| [z, y]));
        rows.map(|[z, y]| {
            let n_there = match self.row(level + 1, [z / 2, y / 2]) {
                Some(parents) => parts_of(count_ones(parents), parents, width),
                None => width,
            };
            n_there - self.row(level, [z, y]).map_or(0, count_ones)
        })
        .sum()
    }

    /// Which of a row of blocks are leaves, 64 at a time.
    pub(super) fn leaves(&self, level: usize, [z, y]: [usize; 2]) -> impl Iterator<Item = u64> {
        let (parents, splits) = (self.row(level + 1, [z / 2, y / 2]), self.row(level, [z, y]));
        let width = self.grid.blocks(level)[2];
        (0..n_words(&self.grid, level)).map(move |word| {
            match parents.map_or(u32::MAX.into(), |parents| half(parents, word)) {
                0 => 0,
                parents => twice(parents) & existing(width, word) & !splits.map_or(0, |splits| splits[word]),
            }
        })
    }

    /// Which of a row of blocks split, if any of its level may.
    #[inline(always)]
    fn row(&self, level: usize, [z, y]: [usize; 2]) -> Option<&[u64]> {
        let bits = self.splits.get(level.checked_sub(self.base + 1)?)?;
        let n_words = n_words(&self.grid, level);
        bits.get((z * self.grid.blocks(level)[1] + y) * n_words..)?.get(..n_words)
    }
}

/// Cuts a pyramid: `values` are those of levels `base + 1`, `base + 2`, ...; the last is where all blocks begin. A block
/// splits where a channel's value is above the channel's threshold; blocks of level `base` never do.
///
/// # Errors
/// [`Error::Mismatch`] if a level does not have one value per block and threshold, [`Error::Range`] if there are levels
/// above the root, [`Error::Interrupted`].
pub fn cut(exec: &Exec<'_>, grid: Grid, base: usize, values: &[Values<'_>], thresholds: &[f64]) -> Result<Cut> {
    cut_by(exec, grid, base, values, thresholds, if is_short(&grid, base, values) { usize::MAX } else { TASK })
}

/// As [`cut`], in tasks of so many bytes of values.
pub(super) fn cut_by(
    exec: &Exec<'_>,
    grid: Grid,
    base: usize,
    values: &[Values<'_>],
    thresholds: &[f64],
    task: usize,
) -> Result<Cut> {
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
    let n_bits = |level| n_rows(&grid, level) * n_words(&grid, level);
    let mut splits: Vec<Vec<u64>> = (base + 1..=top).map(|level| vec![0; n_bits(level)]).collect();
    let above_top: Vec<u64> =
        (0..n_words(&grid, top + 1)).map(|word| existing(grid.blocks(top + 1)[2], word)).collect();
    let above_top = above_top.repeat(n_rows(&grid, top + 1));
    let (mut n_leaves, mut n_there) = (vec![0; values.len() + 1], grid.n_blocks(top));
    for (index, values) in values.iter().enumerate().rev() {
        let (this, above) = splits.split_at_mut(index + 1);
        let parents = above.first().unwrap_or(&above_top);
        let level = Blocks { grid, level: base + 1 + index, parents, task };
        let found = match values {
            Values::U8(values) => level.split(exec, values, thresholds, &mut this[index]),
            Values::U16(values) => level.split(exec, values, thresholds, &mut this[index]),
            Values::F32(values) => level.split(exec, values, thresholds, &mut this[index]),
            Values::F64(values) => level.split(exec, values, thresholds, &mut this[index]),
        }?;
        n_leaves[index + 1] = n_there - found.n_splits;
        n_there = found.n_children;
    }
    n_leaves[0] = n_there;
    Ok(Cut { grid, base, splits, n_leaves })
}

/// The blocks of a level.
struct Blocks<'a> {
    grid: Grid,
    level: usize,
    /// Which blocks of the level above split.
    parents: &'a [u64],
    /// Bytes of values that a thread takes at a time.
    task: usize,
}

/// What is found in some rows of blocks.
#[derive(Clone, Copy, Default)]
struct Found {
    n_splits: usize,
    /// Blocks that those are made of which split.
    n_children: usize,
}

impl Add for Found {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { n_splits: self.n_splits + other.n_splits, n_children: self.n_children + other.n_children }
    }
}

impl Blocks<'_> {
    /// Writes which blocks split, where no bit is set yet.
    fn split<R: Criterion>(
        &self,
        exec: &Exec<'_>,
        values: &[R],
        thresholds: &[f64],
        splits: &mut [u64],
    ) -> Result<Found> {
        let limits: Vec<R> = thresholds.iter().map(|threshold| R::limit(*threshold)).collect();
        let n_words = n_words(&self.grid, self.level);
        let n_rows = splits.len() / n_words;
        let rows_per_task = self.task.checked_div(size_of_val(values) / n_rows).map_or(n_rows, |rows| rows.max(1));
        let task = |(index, splits)| {
            exec.check()?;
            Ok(dispatch!(exec.level, simd => self.split_rows(simd, values, &limits, index * rows_per_task, splits)))
        };
        if rows_per_task < n_rows {
            let tasks = splits.par_chunks_mut(rows_per_task * n_words).enumerate();
            tasks.map(task).try_reduce(Found::default, |one, other| Ok(one + other))
        } else {
            task((0, splits))
        }
    }

    /// The same for rows from `first` on.
    #[inline(always)]
    fn split_rows<S: Simd, R: Criterion>(
        &self,
        simd: S,
        values: &[R],
        limits: &[R],
        first: usize,
        splits: &mut [u64],
    ) -> Found {
        let [_, n_lines, width] = self.grid.blocks(self.level);
        let [_, n_lines_above, width_above] = self.grid.blocks(self.level + 1);
        let (n_blocks, n_words_above) = (self.grid.n_blocks(self.level), width_above.div_ceil(64));
        let below = self.grid.blocks(self.level - 1);
        let n_along = |at: usize, axis: usize| (below[axis] - 2 * at).min(2);
        let (mut parts, mut is_sparse) = (vec![0; width.div_ceil(64)], false);
        let mut found = Found::default();
        let (mut z, mut y) = (first / n_lines, first % n_lines);
        for (row, splits) in (first..).zip(splits.chunks_exact_mut(width.div_ceil(64))) {
            if row == first || y % 2 == 0 {
                let parents = &self.parents[(z / 2 * n_lines_above + y / 2) * n_words_above..][..n_words_above];
                twice_each(parents, &mut parts);
                let n_there = parents.iter().filter(|bits| **bits != 0).count();
                is_sparse = size_of::<R>() > 1 && n_there * SPARSE < n_words_above;
            }
            for (values, limit) in values.chunks_exact(n_blocks).zip(limits) {
                add_splits(simd, &values[row * width..][..width], *limit, is_sparse, &parts, splits);
            }
            let n_splits = count_ones(splits);
            found.n_splits += n_splits;
            found.n_children += n_along(z, 0) * n_along(y, 1) * parts_of(n_splits, splits, below[2]);
            y += 1;
            if y == n_lines {
                (z, y) = (z + 1, 0);
            }
        }
        found
    }
}

/// Adds the bits of those parts whose values are above the limit.
#[inline(always)]
fn add_splits<S: Simd, R: Criterion>(simd: S, row: &[R], limit: R, is_sparse: bool, parts: &[u64], splits: &mut [u64]) {
    let (groups, rest) = row.as_chunks::<64>();
    for ((values, parts), bits) in groups.iter().zip(parts).zip(&mut *splits) {
        if !is_sparse || *parts != 0 {
            *bits |= R::above(simd, values, limit) & parts;
        }
    }
    if let (false, Some(parts), Some(bits)) = (rest.is_empty(), parts.last(), splits.last_mut()) {
        *bits |= R::above(simd, rest, limit) & parts;
    }
}

#[inline(always)]
fn count_ones(bits: &[u64]) -> usize {
    bits.iter().map(|bits| u64::from(bits.count_ones())).sum::<u64>() as usize
}

/// Number of blocks in a row of `width` that `n_parents` in the row of the level above are made of: the last parent may
/// have only one.
#[inline(always)]
fn parts_of(n_parents: usize, parents: &[u64], width: usize) -> usize {
    let is_cut = width % 2 == 1 && parents.last().is_some_and(|bits| bits >> (width / 2 % 64) & 1 == 1);
    2 * n_parents - usize::from(is_cut)
}

/// Each bit of a row twice, in a row of twice as many words or one less.
#[inline(always)]
fn twice_each(bits: &[u64], twice_as_many: &mut [u64]) {
    let (pairs, single) = twice_as_many.as_chunks_mut::<2>();
    for (pair, bits) in pairs.iter_mut().zip(bits) {
        *pair = [twice(bits & 0xffff_ffff), twice(bits >> 32)];
    }
    if let ([word], Some(bits)) = (single, bits.last()) {
        *word = twice(bits & 0xffff_ffff);
    }
}

/// Which of 64 places of a row of `width` blocks the image reaches.
#[inline(always)]
fn existing(width: usize, word: usize) -> u64 {
    u64::MAX >> (64 - (width - 64 * word).min(64))
}

/// Those 32 blocks that the 64 of a word one level below are parts of.
#[inline(always)]
fn half(parents: &[u64], word: usize) -> u64 {
    parents[word / 2] >> (32 * (word % 2)) & 0xffff_ffff
}

/// Each of 32 bits twice.
#[inline(always)]
fn twice(bits: u64) -> u64 {
    let mut spread = (bits | (bits << 16)) & 0x0000_ffff_0000_ffff;
    spread = (spread | (spread << 8)) & 0x00ff_00ff_00ff_00ff;
    spread = (spread | (spread << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    spread = (spread | (spread << 2)) & 0x3333_3333_3333_3333;
    spread = (spread | (spread << 1)) & 0x5555_5555_5555_5555;
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
