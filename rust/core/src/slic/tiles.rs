//! The colours of a tile in float32.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Simd, f32x16};

use super::planes::{Rows, TILE_HEIGHT, TILE_WIDTH};
use crate::Real;

/// Two rows of a tile side by side: a vector, and a line of the cache.
pub(super) const PAIR_LEN: usize = 2 * TILE_WIDTH;

/// From the first row and the first column of a tile to its middle.
pub(super) const MIDDLE: f32 = (TILE_WIDTH - 1) as f32 / 2.0;
const _: () = assert!(TILE_WIDTH == TILE_HEIGHT, "a tile has one middle");

/// Pairs of rows of a tile.
pub(super) const PAIRS: usize = TILE_HEIGHT / 2;

/// A number for each pixel of two rows of a tile.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Pair([f32; PAIR_LEN]);

impl Pair {
    pub(super) const ZERO: Self = Self([0.0; PAIR_LEN]);

    /// Columns of the pixels, seen from the first.
    pub(super) const COLUMNS: Self = {
        let mut columns = Self::ZERO;
        let mut lane = 0;
        while lane < PAIR_LEN {
            columns.0[lane] = (lane % TILE_WIDTH) as f32;
            lane += 1;
        }
        columns
    };

    /// Rows of the pixels, seen from the first.
    pub(super) const ROWS: Self = {
        let mut rows = Self::ZERO;
        let mut lane = 0;
        while lane < PAIR_LEN {
            rows.0[lane] = (lane / TILE_WIDTH) as f32;
            lane += 1;
        }
        rows
    };

    pub(super) fn map(self, change: impl Fn(f32) -> f32) -> Self {
        Self(self.0.map(change))
    }

    #[inline(always)]
    pub(super) fn load<S: Simd>(&self, simd: S) -> f32x16<S> {
        f32x16::from_slice(simd, &self.0)
    }

    #[inline(always)]
    pub(super) fn store<S: Simd>(&mut self, numbers: f32x16<S>) {
        numbers.store_slice(&mut self.0);
    }

    /// The numbers of a row.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> &[f32] {
        &self.0[row * TILE_WIDTH..][..TILE_WIDTH]
    }

    #[inline(always)]
    pub(super) fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.0[row * TILE_WIDTH..][..TILE_WIDTH]
    }
}

/// Pixels of a slice.
#[derive(Debug, Clone)]
pub(super) struct Tile<'a> {
    /// Which tile of its group it is, and in which row of tiles.
    pub(super) lane: usize,
    pub(super) group_row: usize,
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
    /// Whether all are inside the mask.
    pub(super) is_whole: bool,
    /// Shape (`n_channels`, [`PAIRS`]): twice the way to the middle of the tile's colours; where no pixel counts there is that
    /// of one that does.
    pub(super) colours: &'a [[f32; PAIR_LEN]],
}

/// Which pixels of a tile count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// None: all are outside the mask, or the image.
    None,
    /// Those inside the mask.
    Some,
    /// Those inside the image, which are all inside the mask.
    All,
}

/// Reads the pixels of a tile.
pub(super) struct TileReader<'a, R> {
    band: Rows<'a, R>,
    first_row: usize,
    first_column: usize,
    share: Share,
    /// Row and column of each pixel, from the tile's first, or of one that counts; none if each stands for itself.
    sources: Option<[(usize, usize); TILE_HEIGHT * TILE_WIDTH]>,
}

impl<'a, R: Real> TileReader<'a, R> {
    /// Of some rows and columns of a band; `mask` is the band's.
    #[inline(always)]
    pub(super) fn new(band: Rows<'a, R>, mask: Option<&[bool]>, rows: Range<usize>, columns: Range<usize>) -> Self {
        let is_inside = |row: usize, column: usize| {
            mask.is_none_or(|mask| mask[(rows.start + row) * band.width + columns.start + column])
        };
        let pixels = (0..rows.len()).flat_map(|row| (0..columns.len()).map(move |column| (row, column)));
        let n_inside = match mask {
            None => rows.len() * columns.len(),
            Some(mask) => {
                let row = |row: usize| &mask[row * band.width + columns.start..][..columns.len()];
                rows.clone().flat_map(|i| row(i).iter().map(|is_inside| usize::from(*is_inside))).sum()
            }
        };
        let share = match n_inside {
            0 => Share::None,
            n if n == rows.len() * columns.len() => Share::All,
            _ => Share::Some,
        };
        let sources = (1..TILE_HEIGHT * TILE_WIDTH).contains(&n_inside).then(|| {
            let mut pixels = pixels.filter(|(row, column)| is_inside(*row, *column));
            let mut sources = [pixels.next().unwrap_or_default(); TILE_HEIGHT * TILE_WIDTH];
            for (row, column) in pixels {
                sources[row * TILE_WIDTH + column] = (row, column);
            }
            sources
        });
        Self { band, first_row: rows.start, first_column: columns.start, share, sources }
    }

    /// How many of the tile's pixels count.
    pub(super) fn share(&self) -> Share {
        self.share
    }

    /// Writes twice the way from each pixel to the middle of the tile's values of a channel, row by row, and returns the
    /// middle and the extent of the values: not finite if one of them is not.
    #[inline(always)]
    pub(super) fn read(&self, channel: usize, values_out: &mut [f32]) -> [f32; 2] {
        let first = channel * self.band.stride + self.first_column;
        let row = |row: usize| &self.band.get(self.first_row + row)[first..][..TILE_WIDTH];
        match &self.sources {
            None => {
                for (i, values) in values_out.as_chunks_mut::<TILE_WIDTH>().0.iter_mut().enumerate() {
                    let row = row(i);
                    for lane in 0..TILE_WIDTH {
                        values[lane] = row[lane].to_f64() as f32;
                    }
                }
            }
            Some(sources) => {
                for (value_out, (i, column)) in values_out.iter_mut().zip(sources) {
                    *value_out = row(*i)[*column].to_f64() as f32;
                }
            }
        }
        let [low, high] = range(values_out);
        let middle = 0.5 * (low + high);
        for value in values_out {
            *value = 2.0 * (middle - *value);
        }
        [middle, high - low]
    }
}

/// The lowest and highest value; infinite if one is no number, or infinite.
#[inline(always)]
fn range(values: &[f32]) -> [f32; 2] {
    let (mut low, mut high, mut doubt) = ([f32::INFINITY; PAIR_LEN], [f32::NEG_INFINITY; PAIR_LEN], [0.0; PAIR_LEN]);
    for values in values.as_chunks::<PAIR_LEN>().0 {
        for lane in 0..PAIR_LEN {
            let value = values[lane];
            low[lane] = if value < low[lane] { value } else { low[lane] };
            high[lane] = if value > high[lane] { value } else { high[lane] };
            doubt[lane] += value * 0.0;
        }
    }
    let low = fold(low, |a, b| if a < b { a } else { b });
    let high = fold(high, |a, b| if a > b { a } else { b });
    [low, if fold(doubt, |a, b| a + b) == 0.0 { high } else { f32::INFINITY }]
}

/// Combines the numbers of a vector by halves.
#[inline(always)]
fn fold(mut numbers: [f32; PAIR_LEN], combine: impl Fn(f32, f32) -> f32) -> f32 {
    let mut len = PAIR_LEN;
    while len > 1 {
        len /= 2;
        for i in 0..len {
            numbers[i] = combine(numbers[i], numbers[i + len]);
        }
    }
    numbers[0]
}
