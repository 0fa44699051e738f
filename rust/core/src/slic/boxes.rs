//! How the image is cut into tiles, and their colours in float32.

use std::ops::Range;

use fearless_simd::{Level, dispatch};

use super::planes::{BAND_HEIGHT, TILE_DEPTH, TILE_HEIGHT, TILE_WIDTH, Volume};
use super::tiles::{Layer, PAIR_LEN, Share, TILE_LEN, Tile, TileReader};
use crate::Real;
use crate::buffer::Buffer;
use crate::simd::prefetch;

/// Tiles of a group: rows, columns, and all.
pub(super) const GROUP_ROWS: usize = BAND_HEIGHT / TILE_HEIGHT;
pub(super) const GROUP_COLUMNS: usize = GROUP_TILES / GROUP_ROWS;
pub(super) const GROUP_TILES: usize = 16;

/// Columns of pixels of a group.
pub(super) const GROUP_WIDTH: usize = GROUP_COLUMNS * TILE_WIDTH;

/// Roundings of float32 that the size of a colour goes through, and one more.
const ROUNDINGS: f64 = 5.0;

/// A number for each tile of a group, row by row.
pub(super) type Lanes = [f32; GROUP_TILES];

/// The colours of each tile, seen from its middle colour.
#[derive(Debug)]
pub(super) struct Boxes {
    /// Shape (`n_slabs`, `bands_per_slice`, `n_groups`, tiles of a group, slices of a tile, values of a tile in a slice).
    colours: Buffer<f32>,
    /// Middle and extent of each channel among the pixels of a tile that count, shape (`n_slabs`, `bands_per_slice`,
    /// `n_groups`, `n_channels`, 2): a vector has those of neighbouring tiles.
    ranges: Vec<Lanes>,
    /// Which pixels of each tile are inside the mask, and the image; shape (`n_slabs`, `bands_per_slice`, `n_groups`, tiles of
    /// a group).
    shares: Vec<Share>,
    /// No finite colour is larger without its sign; and whether all are finite.
    largest: f64,
    are_finite: bool,
    cut: Cut,
}

/// Slabs of neighbouring slices, bands of rows of each slice, and groups of neighbouring tiles of a band.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// Slices of a slab, of which the last may have fewer.
    pub(super) slab_depth: usize,
    pub(super) bands_per_slice: usize,
    pub(super) n_groups: usize,
    n_channels: usize,
}

/// Neighbouring tiles of a band of a slab that are searched together.
#[derive(Debug, Clone)]
pub(super) struct Group<'a> {
    pub(super) slices: Range<usize>,
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
    colours: &'a [f32],
    ranges: &'a [Lanes],
    shares: &'a [Share],
    n_channels: usize,
}

impl<'a> Group<'a> {
    /// The middle of each channel in each tile.
    #[inline(always)]
    pub(super) fn middles(&self) -> impl Iterator<Item = &'a Lanes> {
        self.ranges.as_chunks().0.iter().map(|[middle, _]| middle)
    }

    /// From the lowest to the highest value of each channel in each tile.
    #[inline(always)]
    pub(super) fn extents(&self) -> impl Iterator<Item = &'a Lanes> {
        self.ranges.as_chunks().0.iter().map(|[_, extent]| extent)
    }

    /// Asks for the colours of all tiles.
    #[inline(always)]
    pub(super) fn prefetch(&self) {
        prefetch(self.colours);
    }

    /// The tiles of which some pixels count.
    #[inline(always)]
    pub(super) fn lanes(&self) -> impl Iterator<Item = usize> {
        let shares = self.shares.iter().enumerate().filter(|(_, share)| **share != Share::None);
        shares.map(|(lane, _)| lane)
    }

    /// A tile in one of its slices.
    #[inline(always)]
    pub(super) fn tile(&self, lane: usize, layer: usize) -> Tile<'a> {
        let len = self.n_channels * TILE_LEN;
        let tile_len = self.colours.len() / GROUP_TILES;
        let (group_row, first) = (lane / GROUP_COLUMNS, self.columns.start + lane % GROUP_COLUMNS * TILE_WIDTH);
        Tile {
            z: self.slices.start + layer,
            layer,
            lane,
            group_row,
            rows: tile_rows(&self.rows, group_row),
            columns: first..(first + TILE_WIDTH).min(self.columns.end),
            is_whole: self.shares[lane] == Share::All,
            colours: self.colours[lane * tile_len + layer * len..][..len].as_chunks::<PAIR_LEN>().0,
        }
    }

    /// Whether no pixel counts.
    #[inline(always)]
    pub(super) fn is_outside(&self) -> bool {
        self.shares.iter().all(|share| *share == Share::None)
    }
}

impl Cut {
    fn new(Volume { depth, height, width }: Volume, n_channels: usize) -> Self {
        Self {
            slab_depth: depth.min(TILE_DEPTH),
            bands_per_slice: height.div_ceil(BAND_HEIGHT),
            n_groups: width.div_ceil(GROUP_WIDTH),
            n_channels,
        }
    }

    /// Bands of all slices.
    pub(super) fn n_bands(&self, volume: Volume) -> usize {
        volume.depth * self.bands_per_slice
    }

    /// Bands of all slabs.
    fn n_slab_bands(&self, volume: Volume) -> usize {
        volume.depth.div_ceil(self.slab_depth) * self.bands_per_slice
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
        GROUP_TILES * self.slab_depth * TILE_LEN * self.n_channels
    }
}

impl Boxes {
    /// Tiles that mean nothing before they are written.
    pub(super) fn unwritten(volume: Volume, n_channels: usize) -> Self {
        let cut = Cut::new(volume, n_channels);
        let n_groups = cut.n_slab_bands(volume) * cut.n_groups;
        Self {
            colours: Buffer::unwritten(n_groups * cut.n_colours()),
            ranges: vec![[0.0; GROUP_TILES]; n_groups * cut.n_ranges()],
            shares: vec![Share::None; n_groups * GROUP_TILES],
            largest: 0.0,
            are_finite: true,
            cut,
        }
    }

    /// The tiles of each band of each slab, to be written.
    pub(super) fn bands_mut(&mut self) -> Vec<BandBoxes<'_>> {
        let cut = self.cut;
        let colours = self.colours.chunks_mut(cut.n_groups * cut.n_colours());
        let ranges = self.ranges.chunks_mut(cut.n_groups * cut.n_ranges());
        let shares = self.shares.chunks_mut(cut.n_groups * GROUP_TILES);
        let bands = colours.zip(ranges).zip(shares);
        bands.map(|((colours, ranges), shares)| BandBoxes { colours, ranges, shares, cut }).collect()
    }

    /// Looks for the largest colour, once all tiles are written.
    pub(super) fn measure(&mut self) {
        let bounds = self.ranges.as_chunks::<2>().0.iter().flat_map(|[middle, extent]| middle.iter().zip(extent));
        let sizes = bounds.map(|(middle, extent)| middle.abs() + 0.5 * extent);
        self.are_finite = sizes.clone().all(f32::is_finite);
        let largest = sizes.filter(|size| size.is_finite()).fold(0.0, f32::max);
        self.largest = f64::from(largest) * (1.0 + ROUNDINGS * f64::from(f32::EPSILON));
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

    /// A group of a band of a slab, which begins with slice `z`.
    #[inline(always)]
    pub(super) fn group(&self, (z, band): (usize, usize), group: usize, volume: Volume) -> Group<'_> {
        let Cut { slab_depth, bands_per_slice, n_groups, n_channels } = self.cut;
        let (place, first) = ((z / slab_depth * bands_per_slice + band) * n_groups + group, group * GROUP_WIDTH);
        let (n_ranges, n_colours) = (self.cut.n_ranges(), self.cut.n_colours());
        Group {
            slices: z..(z + slab_depth).min(volume.depth),
            rows: Cut::rows(band, volume.height),
            columns: first..(first + GROUP_WIDTH).min(volume.width),
            colours: &self.colours[place * n_colours..][..n_colours],
            ranges: &self.ranges[place * n_ranges..][..n_ranges],
            shares: &self.shares[place * GROUP_TILES..][..GROUP_TILES],
            n_channels,
        }
    }
}

/// The tiles of a band of a slab.
pub(super) struct BandBoxes<'a> {
    colours: &'a mut [f32],
    ranges: &'a mut [Lanes],
    shares: &'a mut [Share],
    cut: Cut,
}

impl BandBoxes<'_> {
    /// Reads all tiles of a band of neighbouring slices.
    pub(super) fn read<R: Real>(&mut self, level: Level, layers: &[Layer<'_, R>]) {
        let cut = self.cut;
        let colours = self.colours.chunks_exact_mut(cut.n_colours());
        let ranges = self.ranges.chunks_exact_mut(cut.n_ranges());
        let shares = self.shares.chunks_exact_mut(GROUP_TILES);
        for (group, ((colours, ranges), shares)) in colours.zip(ranges).zip(shares).enumerate() {
            let first_column = group * GROUP_WIDTH;
            dispatch!(level, _simd => read_group(layers, first_column, colours, ranges, shares));
        }
    }
}

/// Reads the tiles of a group.
#[inline(always)]
fn read_group<R: Real>(
    layers: &[Layer<'_, R>],
    first_column: usize,
    colours_out: &mut [f32],
    ranges_out: &mut [Lanes],
    shares_out: &mut [Share],
) {
    let (width, len) = (layers[0].rows.width, colours_out.len() / GROUP_TILES);
    let n_channels = ranges_out.len() / 2;
    for (lane, (colours, share)) in colours_out.chunks_exact_mut(len).zip(shares_out).enumerate() {
        let first = (first_column + lane % GROUP_COLUMNS * TILE_WIDTH).min(width);
        let columns = first..(first + TILE_WIDTH).min(width);
        let rows = tile_rows(&(0..layers[0].rows.len()), lane / GROUP_COLUMNS);
        let reader = TileReader::new(layers, rows, columns);
        *share = reader.share();
        if *share == Share::None {
            continue;
        }
        for (channel, [middle, extent]) in ranges_out.as_chunks_mut().0.iter_mut().enumerate() {
            [middle[lane], extent[lane]] = reader.read([channel, n_channels], colours);
        }
    }
}

/// The rows of a row of tiles of a band, none beyond the image.
#[inline(always)]
fn tile_rows(band: &Range<usize>, group_row: usize) -> Range<usize> {
    let first = band.start + group_row * TILE_HEIGHT;
    first.min(band.end)..(first + TILE_HEIGHT).min(band.end)
}
