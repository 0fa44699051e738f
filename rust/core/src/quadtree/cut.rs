//! From the top down: which blocks split at a threshold.
//!
//! A level is a bit per block, in rows of whole words: splitting compares 64 blocks at a time, and the blocks of the next
//! level are each bit twice. What does not split is a leaf: no bits are kept of leaves, nor of the lowest level.

use std::ops::Range;

use fearless_simd::{Simd, dispatch};
use rayon::prelude::*;

use super::grid::{Bands, Grid};
use super::summary::Criterion;
use crate::simd::Level;
use crate::{Error, Exec, Result};

/// Bytes of values and of bits from which threads share a cut: one alone is through fewer (at most 80 us) before another
/// is awake.
const MIN_SHARED: usize = 2 << 20;

/// A row of values is read as a whole unless fewer than one in so many words are there: leaving out what nobody asks for
/// takes longer, because processors read ahead what lies in a row.
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
    let n_bytes = |(values, level): (&Values<'_>, usize)| {
        values.n_bytes() + n_rows(grid, level) * n_words(grid, level) * size_of::<u64>()
    };
    values.iter().zip(base + 1..=grid.root()).map(n_bytes).sum::<usize>() < MIN_SHARED
}

/// A tree: which blocks split, a bit for each.
#[derive(Debug)]
pub struct Cut {
    pub(super) grid: Grid,
    pub(super) base: usize,
    pub(super) bands: Bands,
    /// By level from `base + 1` on: whether each block splits.
    splits: Vec<Vec<u64>>,
    /// By level from the first above the bands on: number of leaves.
    pub(super) high_counts: Vec<usize>,
    /// By band, by level from `base` on: number of leaves.
    pub(super) band_counts: Vec<Vec<usize>>,
}

impl Cut {
    /// Number of axes of the image, 2 or 3.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.grid.ndim()
    }

    /// Number of leaves of every level from the base on.
    #[must_use]
    pub fn n_leaves(&self) -> Vec<usize> {
        let n_low = self.band_counts.first().map_or(0, Vec::len);
        let low = (0..n_low).map(|index| self.band_counts.iter().map(|counts| counts[index]).sum());
        low.chain(self.high_counts.iter().copied()).collect()
    }

    /// Which of a row of blocks are leaves, 64 at a time.
    pub(super) fn leaves(&self, level: usize, [z, y]: [usize; 2]) -> impl Iterator<Item = u64> {
        let row = |level: usize, z: usize, y: usize| {
            let bits = self.splits.get(level.checked_sub(self.base + 1)?)?;
            let n_words = n_words(&self.grid, level);
            bits.get((z * self.grid.blocks(level)[1] + y) * n_words..)?.get(..n_words)
        };
        let (parents, splits) = (row(level + 1, z / 2, y / 2), row(level, z, y));
        let width = self.grid.blocks(level)[2];
        (0..n_words(&self.grid, level)).map(move |word| {
            match parents.map_or(u32::MAX.into(), |parents| half(parents, word)) {
                0 => 0,
                parents => twice(parents) & existing(width, word) & !splits.map_or(0, |splits| splits[word]),
            }
        })
    }
}

/// Cuts a pyramid: `values` are those of levels `base + 1`, `base + 2`, ...; the last is where all blocks begin. A block
/// splits where a channel's value is above the channel's threshold; blocks of level `base` never do.
///
/// # Errors
/// [`Error::Mismatch`] if a level does not have one value per block and threshold, [`Error::Range`] if there are levels
/// above the root, [`Error::Interrupted`].
pub fn cut(exec: &Exec<'_>, grid: Grid, base: usize, values: &[Values<'_>], thresholds: &[f64]) -> Result<Cut> {
    cut_by(exec, grid, base, values, thresholds, !is_short(&grid, base, values))
}

/// As [`cut`], on this thread alone or not.
pub(super) fn cut_by(
    exec: &Exec<'_>,
    grid: Grid,
    base: usize,
    values: &[Values<'_>],
    thresholds: &[f64],
    is_shared: bool,
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
    let mut splits: Vec<Vec<u64>> =
        (base + 1..=top).map(|level| vec![0; n_rows(&grid, level) * n_words(&grid, level)]).collect();
    let bands = grid.bands(base + 1, top);
    let pyramid = Pyramid { simd: exec.level, grid, base, bands, values, thresholds };

    let all = vec![u64::MAX; n_rows(&grid, top + 1) * n_words(&grid, top + 1)];
    let root = Parents { bits: &all, first: [0, 0], shape: grid.blocks(top + 1) };
    let (low, high) = splits.split_at_mut((bands.level - base).min(values.len()));
    let mut high_counts = vec![0; high.len()];
    for level in (bands.level + 1..=top).rev() {
        let index = level - bands.level - 1;
        let (this, above) = high.split_at_mut(index + 1);
        let [planes, lines, _] = grid.blocks(level);
        let parents = above.first().map_or(root, |bits| Parents { bits, first: [0, 0], shape: grid.blocks(level + 1) });
        high_counts[index] = pyramid.cut(level, [0..planes, 0..lines], parents, &mut this[index]).n_leaves;
    }
    let mut parts: Vec<Vec<&mut [u64]>> = (0..bands.count()).map(|_| Vec::new()).collect();
    for (splits, level) in low.iter_mut().zip(base + 1..) {
        let slices = splits.chunks_mut(bands.rows_per_band(level) * n_words(&grid, level));
        parts.iter_mut().zip(slices).for_each(|(part, slice)| part.push(slice));
    }
    let above = high.first().map_or(root, |bits| Parents { bits, first: [0, 0], shape: grid.blocks(bands.level + 1) });
    let cut_band = |(band, part)| exec.check().map(|()| pyramid.cut_band(band, part, above));
    let band_counts = if is_shared {
        parts.into_par_iter().enumerate().map(cut_band).collect::<Result<_>>()?
    } else {
        parts.into_iter().enumerate().map(cut_band).collect::<Result<_>>()?
    };
    Ok(Cut { grid, base, bands, splits, high_counts, band_counts })
}

/// What is cut, and where.
struct Pyramid<'a> {
    simd: Level,
    grid: Grid,
    base: usize,
    bands: Bands,
    values: &'a [Values<'a>],
    thresholds: &'a [f64],
}

/// Which blocks of the level above split, from a row on.
#[derive(Clone, Copy)]
struct Parents<'a> {
    bits: &'a [u64],
    /// Plane and row of blocks.
    first: [usize; 2],
    /// Blocks of the whole level.
    shape: [usize; 3],
}

impl<'a> Parents<'a> {
    /// Those whose parts are the row of blocks at `place` one level below.
    fn of(&self, place: [usize; 2]) -> &'a [u64] {
        let n_words = self.shape[2].div_ceil(64);
        let row = (place[0] / 2 - self.first[0]) * self.shape[1] + place[1] / 2 - self.first[1];
        &self.bits[row * n_words..][..n_words]
    }
}

/// What is found in some rows of blocks.
#[derive(Default)]
struct Found {
    n_leaves: usize,
    /// Blocks that those are made of which split.
    n_children: usize,
}

impl Pyramid<'_> {
    /// Writes which blocks of a band split, by level from the one above the base on; the number of leaves by level.
    fn cut_band(&self, band: usize, mut splits: Vec<&mut [u64]>, above: Parents<'_>) -> Vec<usize> {
        let mut counts = vec![0; splits.len() + 1];
        if splits.is_empty() {
            let [planes, lines] = self.bands.places(band, self.base);
            counts[0] = planes.len() * lines.len() * self.grid.blocks(self.base)[2];
        }
        for index in (0..splits.len()).rev() {
            let level = self.base + 1 + index;
            let (this, rest) = splits.split_at_mut(index + 1);
            let parents = rest.first().map_or(above, |bits| {
                let [planes, lines] = self.bands.places(band, level + 1);
                Parents { bits, first: [planes.start, lines.start], shape: self.grid.blocks(level + 1) }
            });
            let found = self.cut(level, self.bands.places(band, level), parents, this[index]);
            counts[index + 1] = found.n_leaves;
            counts[0] = found.n_children;
        }
        counts
    }

    /// Writes which of some rows of blocks split.
    fn cut(&self, level: usize, places: [Range<usize>; 2], parents: Parents<'_>, splits: &mut [u64]) -> Found {
        macro_rules! cut_rows {
            ($values:expr) => {
                dispatch!(self.simd, simd => self.cut_rows(simd, $values, level, places, parents, splits))
            };
        }
        match self.values.get(level - self.base - 1) {
            None => Found::default(),
            Some(Values::U8(values)) => cut_rows!(values),
            Some(Values::U16(values)) => cut_rows!(values),
            Some(Values::F32(values)) => cut_rows!(values),
            Some(Values::F64(values)) => cut_rows!(values),
        }
    }

    #[inline(always)]
    fn cut_rows<S: Simd, R: Criterion>(
        &self,
        simd: S,
        values: &[R],
        level: usize,
        [planes, lines]: [Range<usize>; 2],
        parents: Parents<'_>,
        splits: &mut [u64],
    ) -> Found {
        let [_, n_lines, width] = self.grid.blocks(level);
        let n_blocks = self.grid.n_blocks(level);
        let rows = planes.flat_map(|z| lines.clone().map(move |y| [z, y]));
        let mut found = Found::default();
        for ([z, y], splits) in rows.zip(splits.chunks_exact_mut(width.div_ceil(64))) {
            let parents = parents.of([z, y]);
            for (channel, threshold) in self.thresholds.iter().enumerate() {
                let row = &values[channel * n_blocks + (z * n_lines + y) * width..][..width];
                mark(simd, row, R::limit(*threshold), parents, splits);
            }
            let (n_alive, n_splits) = keep_alive(parents, width, splits);
            let has_last = splits.last().is_some_and(|bits| bits >> ((width - 1) % 64) & 1 == 1);
            found.n_leaves += n_alive - n_splits;
            found.n_children += n_children(&self.grid, level, [z, y], n_splits, has_last);
        }
        found
    }
}

/// Adds the bits of blocks whose values are above the limit, and of others whose parents do not split.
#[inline(always)]
fn mark<S: Simd, R: Criterion>(simd: S, row: &[R], limit: R, parents: &[u64], splits: &mut [u64]) {
    let n_there = parents.iter().filter(|bits| **bits != 0).count();
    let is_sparse = n_there * SPARSE < parents.len();
    let (groups, rest) = row.as_chunks::<64>();
    for (word, (values, bits)) in groups.iter().zip(splits.iter_mut()).enumerate() {
        if !is_sparse || half(parents, word) != 0 {
            *bits |= R::above(simd, values, limit);
        }
    }
    if let (false, Some(bits)) = (rest.is_empty(), splits.last_mut()) {
        *bits |= R::above(simd, rest, limit);
    }
}

/// Leaves only the bits of blocks that are parts of those which split; the number of these, and how many split themselves.
#[inline(always)]
fn keep_alive(parents: &[u64], width: usize, splits: &mut [u64]) -> (usize, usize) {
    let (mut n_alive, mut n_splits) = (0, 0);
    let (pairs, single) = splits.split_at_mut(width / 128 * 2);
    for (pair, parents) in pairs.as_chunks_mut::<2>().0.iter_mut().zip(parents) {
        let alive = [twice(parents & 0xffff_ffff), twice(parents >> 32)];
        for half in 0..2 {
            pair[half] &= alive[half];
            n_alive += u64::from(alive[half].count_ones());
            n_splits += u64::from(pair[half].count_ones());
        }
    }
    for (word, bits) in (width / 128 * 2..).zip(single) {
        let alive = twice(half(parents, word)) & existing(width, word);
        *bits &= alive;
        n_alive += u64::from(alive.count_ones());
        n_splits += u64::from(bits.count_ones());
    }
    (n_alive as usize, n_splits as usize)
}

/// Number of blocks that some blocks of a row are made of, with the last of the row or without it.
fn n_children(grid: &Grid, level: usize, place: [usize; 2], n_blocks: usize, has_last: bool) -> usize {
    let [planes, lines, columns] = grid.blocks(level - 1);
    let along = |at: usize, extent: usize| (extent - 2 * at).min(2);
    let across = 2 * n_blocks - usize::from(has_last && columns % 2 == 1);
    along(place[0], planes) * along(place[1], lines) * across
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
