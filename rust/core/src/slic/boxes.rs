//! How the image is cut into tiles, and their colours in float32.

use std::ops::Range;

use fearless_simd::dispatch;
use rayon::prelude::*;

use super::Planes;
use super::planes::{BAND_HEIGHT, TILE_HEIGHT, TILE_WIDTH, Volume};
use super::tiles::{PAIR_LEN, Share, Tile, TileReader};
use crate::buffer::Buffer;
use crate::simd::prefetch;
use crate::{Exec, Real, Result};

/// Tiles of a group: rows, columns, and all.
pub(super) const GROUP_ROWS: usize = BAND_HEIGHT / TILE_HEIGHT;
pub(super) const GROUP_COLUMNS: usize = GROUP_TILES / GROUP_ROWS;
pub(super) const GROUP_TILES: usize = 16;

/// Columns of pixels of a group.
pub(super) const GROUP_WIDTH: usize = GROUP_COLUMNS * TILE_WIDTH;

/// A number for each tile of a group, row by row.
pub(super) type Lanes = [f32; GROUP_TILES];

/// The colours of each tile, and the lowest and highest value of each channel among the pixels that count.
#[derive(Debug)]
pub(super) struct Boxes {
    /// Shape (`n_bands`, `n_groups`, tiles of a group, values of a tile).
    colours: Buffer<f32>,
    /// Shape (`n_bands`, `n_groups`, `n_channels`, 2): a vector has the bounds of neighbouring tiles.
    ranges: Vec<Lanes>,
    /// Which pixels of each tile are inside the mask, and the image; shape (`n_bands`, `n_groups`, tiles of a group).
    shares: Vec<Share>,
    /// The largest finite colour without its sign, and whether all are finite.
    largest: f64,
    are_finite: bool,
    cut: Cut,
}

/// Bands of rows of each slice, and groups of neighbouring tiles of a band.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) bands_per_slice: usize,
    pub(super) n_groups: usize,
    n_channels: usize,
}

/// Neighbouring tiles of a band that are searched together.
#[derive(Debug, Clone)]
pub(super) struct Group<'a> {
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
    colours: &'a [f32],
    ranges: &'a [Lanes],
    shares: &'a [Share],
}

impl<'a> Group<'a> {
    /// The lowest and the highest value of each channel in each tile.
    #[inline(always)]
    pub(super) fn ranges(&self) -> impl Iterator<Item = &'a [Lanes; 2]> {
        self.ranges.as_chunks().0.iter()
    }

    /// Asks for the colours of all tiles.
    #[inline(always)]
    pub(super) fn prefetch(&self) {
        prefetch(self.colours);
    }

    /// The tiles of which some pixels count.
    #[inline(always)]
    pub(super) fn tiles(&self) -> impl Iterator<Item = Tile<'a>> {
        let len = self.colours.len() / GROUP_TILES;
        let shares = self.shares.iter().enumerate().filter(|(_, share)| **share != Share::None);
        shares.map(move |(lane, share)| {
            let (group_row, first) = (lane / GROUP_COLUMNS, self.columns.start + lane % GROUP_COLUMNS * TILE_WIDTH);
            Tile {
                lane,
                group_row,
                rows: tile_rows(&self.rows, group_row),
                columns: first..(first + TILE_WIDTH).min(self.columns.end),
                is_whole: *share == Share::All,
                colours: self.colours[lane * len..][..len].as_chunks::<PAIR_LEN>().0,
            }
        })
    }

    /// Whether no pixel counts.
    #[inline(always)]
    pub(super) fn is_outside(&self) -> bool {
        self.shares.iter().all(|share| *share == Share::None)
    }
}

impl Cut {
    pub(super) fn new<R: Real>(planes: &Planes<R>) -> Self {
        let Volume { height, width, .. } = planes.volume();
        let (bands_per_slice, n_groups) = (height.div_ceil(BAND_HEIGHT), width.div_ceil(GROUP_WIDTH));
        Self { bands_per_slice, n_groups, n_channels: planes.n_channels() }
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
        band * BAND_HEIGHT..((band + 1) * BAND_HEIGHT).min(height)
    }

    /// Vectors of bounds of a group.
    fn n_ranges(&self) -> usize {
        self.n_channels * 2
    }

    /// Colours of a group.
    fn n_colours(&self) -> usize {
        GROUP_TILES * TILE_HEIGHT * TILE_WIDTH * self.n_channels
    }
}

impl Boxes {
    pub(super) fn new<R: Real>(exec: &Exec<'_>, planes: &Planes<R>, mask: Option<&[bool]>, cut: Cut) -> Result<Self> {
        let n_groups = cut.n_bands(planes.volume()) * cut.n_groups;
        let mut colours = Buffer::unwritten(n_groups * cut.n_colours());
        let mut ranges = vec![[0.0; GROUP_TILES]; n_groups * cut.n_ranges()];
        let mut shares = vec![Share::None; n_groups * GROUP_TILES];
        let bands = colours.par_chunks_mut(cut.n_groups * cut.n_colours());
        let bands = bands.zip(ranges.par_chunks_mut(cut.n_groups * cut.n_ranges()));
        let bands = bands.zip(shares.par_chunks_mut(cut.n_groups * GROUP_TILES)).enumerate();
        bands.try_for_each(|(band, ((colours, ranges), shares))| {
            exec.check()?;
            let groups = colours.chunks_exact_mut(cut.n_colours()).zip(ranges.chunks_exact_mut(cut.n_ranges()));
            let groups = groups.zip(shares.chunks_exact_mut(GROUP_TILES)).enumerate();
            let (z, rows) = cut.band(band, planes.volume().height);
            for (group, ((colours, ranges), shares)) in groups {
                let place = Place { z, rows: rows.clone(), first_column: group * GROUP_WIDTH };
                dispatch!(exec.level, _simd => place.read(planes, mask, colours, ranges, shares));
            }
            Ok(())
        })?;
        // Tiles outside the mask keep 0 for both.
        let bounds = ranges.as_chunks::<2>().0.iter().flat_map(|[low, high]| low.iter().zip(high));
        let sizes = bounds.filter(|(low, high)| low <= high).map(|(low, high)| high.max(-*low));
        let are_finite = sizes.clone().all(f32::is_finite);
        let largest = sizes.filter(|size| size.is_finite()).fold(0.0, f32::max);
        Ok(Self { colours, ranges, shares, largest: f64::from(largest), are_finite, cut })
    }

    pub(super) fn cut(&self) -> Cut {
        self.cut
    }

    pub(super) fn largest(&self) -> f64 {
        self.largest
    }

    pub(super) fn are_finite(&self) -> bool {
        self.are_finite
    }

    /// A group of a band of slice `z`.
    #[inline(always)]
    pub(super) fn group(&self, (z, band): (usize, usize), group: usize, volume: Volume) -> Group<'_> {
        let Cut { bands_per_slice, n_groups, .. } = self.cut;
        let (place, first) = ((z * bands_per_slice + band) * n_groups + group, group * GROUP_WIDTH);
        let (n_ranges, n_colours) = (self.cut.n_ranges(), self.cut.n_colours());
        Group {
            rows: Cut::rows(band, volume.height),
            columns: first..(first + GROUP_WIDTH).min(volume.width),
            colours: &self.colours[place * n_colours..][..n_colours],
            ranges: &self.ranges[place * n_ranges..][..n_ranges],
            shares: &self.shares[place * GROUP_TILES..][..GROUP_TILES],
        }
    }
}

/// Where a group lies.
struct Place {
    z: usize,
    rows: Range<usize>,
    first_column: usize,
}

impl Place {
    /// Reads the tiles of the group.
    #[inline(always)]
    fn read<R: Real>(
        &self,
        planes: &Planes<R>,
        mask: Option<&[bool]>,
        colours_out: &mut [f32],
        ranges_out: &mut [Lanes],
        shares_out: &mut [Share],
    ) {
        let (width, len) = (planes.volume().width, colours_out.len() / GROUP_TILES);
        for (lane, (colours, share)) in colours_out.chunks_exact_mut(len).zip(shares_out).enumerate() {
            let first = (self.first_column + lane % GROUP_COLUMNS * TILE_WIDTH).min(width);
            let columns = first..(first + TILE_WIDTH).min(width);
            let reader = TileReader::new(planes, mask, self.z, tile_rows(&self.rows, lane / GROUP_COLUMNS), columns);
            *share = reader.share();
            if *share == Share::None {
                continue;
            }
            let channels = colours.chunks_exact_mut(TILE_HEIGHT * TILE_WIDTH).zip(ranges_out.as_chunks_mut().0);
            for (channel, (colours, [low, high])) in channels.enumerate() {
                [low[lane], high[lane]] = reader.read(channel, colours);
            }
        }
    }
}

/// The rows of a row of tiles of a band, none beyond the image.
#[inline(always)]
fn tile_rows(band: &Range<usize>, group_row: usize) -> Range<usize> {
    let first = band.start + group_row * TILE_HEIGHT;
    first.min(band.end)..(first + TILE_HEIGHT).min(band.end)
}
