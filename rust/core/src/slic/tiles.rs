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

/// Pixels of a tile in a slice.
pub(super) const TILE_LEN: usize = TILE_HEIGHT * TILE_WIDTH;

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

/// Pixels of a tile in one of its slices: a tile of that slice.
#[derive(Debug, Clone)]
pub(super) struct Tile<'a> {
    /// The slice, and which of the tile's it is.
    pub(super) z: usize,
    pub(super) layer: usize,
    /// Which tile of its group it is, and in which row of tiles.
    pub(super) lane: usize,
    pub(super) group_row: usize,
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
    /// Whether all are inside the mask, in the other slices of the tile, too.
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

/// The band of a slice, and its part of the mask.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layer<'a, R> {
    pub(super) rows: Rows<'a, R>,
    pub(super) mask: Option<&'a [bool]>,
}

impl<R> Layer<'_, R> {
    #[inline(always)]
    fn is_inside(&self, row: usize, column: usize) -> bool {
        self.mask.is_none_or(|mask| mask[row * self.rows.width + column])
    }

    /// Pixels of some rows and columns that are inside.
    #[inline(always)]
    fn n_inside(&self, rows: &Range<usize>, columns: &Range<usize>) -> usize {
        let Some(mask) = self.mask else { return rows.len() * columns.len() };
        let row = |row: usize| &mask[row * self.rows.width..][columns.clone()];
        rows.clone().flat_map(|i| row(i).iter().map(|is_inside| usize::from(*is_inside))).sum()
    }
}

/// Slice, row and column of a pixel, from the tile's first.
type Place = [usize; 3];

/// Reads the pixels of a tile.
pub(super) struct TileReader<'a, R> {
    layers: &'a [Layer<'a, R>],
    first_row: usize,
    first_column: usize,
    share: Share,
    /// Each pixel of each slice, or one that counts; none if each stands for itself.
    sources: Option<Vec<Place>>,
}

impl<'a, R: Real> TileReader<'a, R> {
    /// Of some rows and columns of the bands of neighbouring slices.
    #[inline(always)]
    pub(super) fn new(layers: &'a [Layer<'a, R>], rows: Range<usize>, columns: Range<usize>) -> Self {
        let n_pixels = layers.len() * rows.len() * columns.len();
        let n_inside = layers.iter().map(|layer| layer.n_inside(&rows, &columns)).sum();
        let share = match n_inside {
            0 => Share::None,
            n if n == n_pixels => Share::All,
            _ => Share::Some,
        };
        let sources = (1..layers.len() * TILE_LEN).contains(&n_inside).then(|| {
            let places = (0..layers.len()).flat_map(|layer| (0..rows.len()).map(move |row| (layer, row)));
            let places = places.flat_map(|(layer, row)| (0..columns.len()).map(move |column| [layer, row, column]));
            let mut places = places
                .filter(|[layer, row, column]| layers[*layer].is_inside(rows.start + row, columns.start + column));
            let first = places.next().unwrap_or_default();
            let mut sources = vec![first; layers.len() * TILE_LEN];
            for place in places {
                let [layer, row, column] = place;
                sources[layer * TILE_LEN + row * TILE_WIDTH + column] = place;
            }
            sources
        });
        Self { layers, first_row: rows.start, first_column: columns.start, share, sources }
    }

    /// How many of the tile's pixels count.
    pub(super) fn share(&self) -> Share {
        self.share
    }

    /// Writes twice the way from each pixel to the middle of the tile's values of a channel, and returns the middle and the
    /// extent of the values: not finite if one of them is not. Shape of what is written: (slices of a tile, `n_channels`,
    /// [`TILE_LEN`]).
    #[inline(always)]
    pub(super) fn read(&self, [channel, n_channels]: [usize; 2], colours_out: &mut [f32]) -> [f32; 2] {
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        let layers = (channel * TILE_LEN..).step_by(n_channels * TILE_LEN).take(self.layers.len());
        for (layer, first) in layers.clone().enumerate() {
            let values = &mut colours_out[first..][..TILE_LEN];
            self.copy(layer, channel, values);
            let [lowest, highest] = range(values);
            (low, high) = (low.min(lowest), high.max(highest));
        }
        let middle = 0.5 * (low + high);
        for first in layers {
            for value in &mut colours_out[first..][..TILE_LEN] {
                *value = 2.0 * (middle - *value);
            }
        }
        [middle, high - low]
    }

    /// Writes the values of a channel in a slice.
    #[inline(always)]
    fn copy(&self, layer: usize, channel: usize, values_out: &mut [f32]) {
        let row = |rows: Rows<'a, R>, row: usize| {
            let first = channel * rows.stride + self.first_column;
            &rows.get(self.first_row + row)[first..][..TILE_WIDTH]
        };
        match &self.sources {
            None => {
                let rows = self.layers[layer].rows;
                for (i, values) in values_out.as_chunks_mut::<TILE_WIDTH>().0.iter_mut().enumerate() {
                    let row = row(rows, i);
                    for lane in 0..TILE_WIDTH {
                        values[lane] = row[lane].to_f64() as f32;
                    }
                }
            }
            Some(sources) => {
                for (value_out, [layer, i, column]) in values_out.iter_mut().zip(&sources[layer * TILE_LEN..]) {
                    *value_out = row(self.layers[*layer].rows, *i)[*column].to_f64() as f32;
                }
            }
        }
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
