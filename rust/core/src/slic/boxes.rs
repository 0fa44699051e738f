//! How the image is cut into tiles, and the range of colours in each.

use std::ops::Range;

use rayon::prelude::*;

use super::Planes;
use super::planes::{TILE_HEIGHT, Volume};
use crate::{Exec, Real, Result};

/// The lowest and highest value of each channel in each tile, among the pixels inside the mask.
#[derive(Debug)]
pub(super) struct Boxes<R> {
    /// Shape (`n_bands`, `n_groups`, `n_channels`, 2, tiles of a group): a vector has the bounds of neighbouring tiles.
    ranges: Vec<R>,
    /// Which pixels of each tile are inside the mask, and the image; shape (`n_bands`, tiles of all groups).
    shares: Vec<Share>,
    /// First and last column of each tile of a band.
    firsts: Vec<R>,
    lasts: Vec<R>,
    /// The largest colour without its sign, infinite if there may be any.
    largest: f64,
    cut: Cut,
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

/// Bands of rows of each slice, tiles of a band, and groups of neighbouring tiles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) bands_per_slice: usize,
    pub(super) n_groups: usize,
    /// Pixels of a row of a tile, and tiles of a group, beyond the image too.
    lanes: usize,
    n_channels: usize,
}

/// Neighbouring tiles of a band that are searched together.
#[derive(Debug, Clone)]
pub(super) struct Group<'a, R> {
    /// First and last column of each tile.
    pub(super) firsts: &'a [R],
    pub(super) lasts: &'a [R],
    pub(super) columns: Range<usize>,
    ranges: &'a [R],
    shares: &'a [Share],
}

impl<'a, R: Real> Group<'a, R> {
    /// The lowest and the highest value of each channel in each tile.
    #[inline(always)]
    pub(super) fn colours(&self) -> impl Iterator<Item = [&'a [R]; 2]> {
        let lanes = R::WIDE_LANES;
        self.ranges.chunks_exact(2 * lanes).map(move |range| [&range[..lanes], &range[lanes..]])
    }

    /// Number and columns of each tile of which some pixels count, and whether all do.
    #[inline(always)]
    pub(super) fn tiles(&self) -> impl Iterator<Item = (usize, Range<usize>, bool)> {
        let shares = self.shares.iter().enumerate().filter(|(_, share)| **share != Share::None);
        shares.map(|(tile, share)| {
            let first = self.columns.start + tile * R::WIDE_LANES;
            (tile, first..(first + R::WIDE_LANES).min(self.columns.end), *share == Share::All)
        })
    }

    /// Whether all of it is outside the mask.
    #[inline(always)]
    pub(super) fn is_outside(&self) -> bool {
        self.shares.iter().all(|share| *share == Share::None)
    }
}

impl Cut {
    pub(super) fn new<R: Real>(planes: &Planes<R>) -> Self {
        let volume = planes.volume();
        Self {
            bands_per_slice: volume.height.div_ceil(TILE_HEIGHT),
            n_groups: volume.width.div_ceil(R::WIDE_LANES * R::WIDE_LANES),
            lanes: R::WIDE_LANES,
            n_channels: planes.n_channels(),
        }
    }

    pub(super) fn n_bands(&self, volume: Volume) -> usize {
        volume.depth * self.bands_per_slice
    }

    /// The slice of a band and its rows there.
    pub(super) fn band(&self, band: usize, height: usize) -> (usize, Range<usize>) {
        (band / self.bands_per_slice, Self::rows(band % self.bands_per_slice, height))
    }

    /// The rows of a band of a slice.
    #[inline(always)]
    pub(super) fn rows(band: usize, height: usize) -> Range<usize> {
        band * TILE_HEIGHT..((band + 1) * TILE_HEIGHT).min(height)
    }

    /// Tiles of a band, with those beyond the image.
    fn n_tiles(&self) -> usize {
        self.n_groups * self.lanes
    }

    /// Bounds of the tiles of a band.
    fn n_ranges(&self) -> usize {
        self.n_tiles() * self.n_channels * 2
    }

    /// Columns of a tile, none beyond the image.
    fn columns(&self, tile: usize, width: usize) -> Range<usize> {
        (tile * self.lanes).min(width)..((tile + 1) * self.lanes).min(width)
    }
}

impl<R: Real> Boxes<R> {
    pub(super) fn new(exec: &Exec<'_>, planes: &Planes<R>, mask: Option<&[bool]>, cut: Cut) -> Result<Self> {
        let volume = planes.volume();
        let mut ranges = vec![R::ZERO; cut.n_bands(volume) * cut.n_ranges()];
        let mut shares = vec![Share::None; cut.n_bands(volume) * cut.n_tiles()];
        let bands = ranges.par_chunks_mut(cut.n_ranges()).zip(shares.par_chunks_mut(cut.n_tiles()));
        bands.enumerate().try_for_each(|(band, (ranges, shares))| {
            exec.check()?;
            fearless_simd::dispatch!(exec.level, _simd => band_ranges(planes, mask, cut, band, ranges, shares));
            Ok(())
        })?;
        let place = |column: usize| R::from_f64(column as f64);
        let columns = || (0..cut.n_tiles()).map(|tile| cut.columns(tile, volume.width));
        let firsts = columns().map(|columns| place(columns.start)).collect();
        let lasts = columns().map(|columns| place(columns.end - 1)).collect();
        // Tiles outside the mask have the highest below the lowest.
        let bounds =
            ranges.chunks_exact(2 * cut.lanes).flat_map(|range| range[..cut.lanes].iter().zip(&range[cut.lanes..]));
        let sizes = bounds.filter(|(low, high)| low <= high).map(|(low, high)| high.to_f64().max(-low.to_f64()));
        let largest = sizes.fold(0.0, f64::max);
        Ok(Self { ranges, shares, firsts, lasts, largest, cut })
    }

    pub(super) fn cut(&self) -> Cut {
        self.cut
    }

    pub(super) fn largest(&self) -> f64 {
        self.largest
    }

    /// A group of a band of slice `z`.
    #[inline(always)]
    pub(super) fn group(&self, (z, band): (usize, usize), group: usize, volume: Volume) -> Group<'_, R> {
        let (Cut { bands_per_slice, n_groups, lanes, n_channels, .. }, n_tiles) = (self.cut, self.cut.n_tiles());
        let (band, n_ranges) = (z * bands_per_slice + band, lanes * n_channels * 2);
        let first = group * lanes;
        Group {
            firsts: &self.firsts[first..][..lanes],
            lasts: &self.lasts[first..][..lanes],
            columns: first * lanes..((first + lanes) * lanes).min(volume.width),
            ranges: &self.ranges[(band * n_groups + group) * n_ranges..][..n_ranges],
            shares: &self.shares[band * n_tiles + first..][..lanes],
        }
    }
}

#[inline(always)]
fn band_ranges<R: Real>(
    planes: &Planes<R>,
    mask: Option<&[bool]>,
    cut: Cut,
    band: usize,
    ranges_out: &mut [R],
    shares_out: &mut [Share],
) {
    let (volume, stride) = (planes.volume(), planes.stride());
    let (z, rows) = cut.band(band, volume.height);
    let rows = z * volume.height + rows.start..z * volume.height + rows.end;
    let inside = |row: usize| mask.map(|mask| &mask[row * volume.width..][..volume.width]);
    for (tile, share) in shares_out.iter_mut().enumerate() {
        let columns = cut.columns(tile, volume.width);
        let mut masks = rows.clone().map(|row| inside(row).map_or(&[true][..], |inside| &inside[columns.clone()]));
        *share = if columns.is_empty() || !masks.clone().any(|inside| inside.contains(&true)) {
            Share::None
        } else if masks.all(|inside| !inside.contains(&false)) {
            Share::All
        } else {
            Share::Some
        };
    }
    let mut columns = Columns::new(volume.width);
    for channel in 0..cut.n_channels {
        columns.clear();
        for row in rows.clone() {
            columns.widen(&planes.row(row)[channel * stride..][..volume.width], inside(row));
        }
        for tile in 0..cut.n_tiles() {
            let (group, lane) = (tile / cut.lanes, tile % cut.lanes);
            let range = &mut ranges_out[(group * cut.n_channels + channel) * 2 * cut.lanes..][..2 * cut.lanes];
            [range[lane], range[cut.lanes + lane]] = columns.range(cut.columns(tile, volume.width));
        }
    }
}

/// The range of a channel in each column of a band.
struct Columns<R> {
    low: Vec<R>,
    high: Vec<R>,
    /// Not a number if a value is none, or infinite.
    doubt: Vec<R>,
}

impl<R: Real> Columns<R> {
    fn new(width: usize) -> Self {
        let values = || vec![R::ZERO; width];
        Self { low: values(), high: values(), doubt: values() }
    }

    fn clear(&mut self) {
        self.low.fill(R::INFINITY);
        self.high.fill(-R::INFINITY);
        self.doubt.fill(R::ZERO);
    }

    #[inline(always)]
    fn widen(&mut self, values: &[R], inside: Option<&[bool]>) {
        let columns = self.low.iter_mut().zip(&mut self.high).zip(&mut self.doubt).zip(values);
        match inside {
            None => columns.for_each(|(((low, high), doubt), value)| {
                *low = if *value < *low { *value } else { *low };
                *high = if *value > *high { *value } else { *high };
                *doubt += *value * R::ZERO;
            }),
            Some(inside) => columns.zip(inside).for_each(|((((low, high), doubt), value), inside)| {
                *low = if *inside && *value < *low { *value } else { *low };
                *high = if *inside && *value > *high { *value } else { *high };
                *doubt += if *inside { *value * R::ZERO } else { R::ZERO };
            }),
        }
    }

    /// The range in some columns. A pixel without a colour has no nearest cluster, so a box with one has no end: then none
    /// is taken to win all of it.
    #[inline(always)]
    fn range(&self, columns: Range<usize>) -> [R; 2] {
        let (mut range, mut doubt) = ([R::INFINITY, -R::INFINITY], R::ZERO);
        for column in columns {
            range[0] = if self.low[column] < range[0] { self.low[column] } else { range[0] };
            range[1] = if self.high[column] > range[1] { self.high[column] } else { range[1] };
            doubt += self.doubt[column];
        }
        [range[0], if doubt == R::ZERO { range[1] } else { R::INFINITY }]
    }
}
