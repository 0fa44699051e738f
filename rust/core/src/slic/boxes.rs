//! How the image is cut into tiles, and the range of colours in each.

use std::ops::Range;

use rayon::prelude::*;

use super::Planes;
use super::planes::{PATCH_WIDTH, TILE_HEIGHT, Volume};
use crate::{Exec, Real, Result};

/// Steps of the clusters to the rows of a tile: it must be small beside a cluster to have few near.
const STEPS_PER_TILE: usize = 3;
const MIN_HEIGHT: usize = 2;

/// Most slices that share the search of a patch.
const MAX_SLICES: usize = 4;

/// The lowest and highest value of each channel in each tile, among the pixels inside the mask.
#[derive(Debug)]
pub(super) struct Boxes<R> {
    /// Shape (`n_bands`, `n_columns`, `n_channels`, 2).
    ranges: Vec<[R; 2]>,
    /// Whether any pixel of the tile is inside the mask.
    visited: Vec<bool>,
    cut: Cut,
}

/// Bands of rows of each slice, patches of a band, and tiles of a patch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// Slices of a patch, but the last.
    pub(super) n_slices: usize,
    /// Rows of a band, but the last of a slice.
    pub(super) height: usize,
    pub(super) bands_per_slice: usize,
    pub(super) n_patches: usize,
    /// Tiles in a band.
    n_columns: usize,
    /// Pixels of a row of a tile.
    width: usize,
    n_channels: usize,
}

/// A tile or a patch: its colours and its place.
#[derive(Debug, Clone)]
pub(super) struct Tile<'a, R> {
    pub(super) colours: &'a [[R; 2]],
    pub(super) slices: Range<usize>,
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
}

impl Cut {
    pub(super) fn new<R: Real>(planes: &Planes<R>, [step_z, step_y, _]: [usize; 3]) -> Self {
        let volume = planes.volume();
        let height = (step_y / STEPS_PER_TILE).clamp(MIN_HEIGHT, TILE_HEIGHT);
        Self {
            n_slices: (step_z / STEPS_PER_TILE).clamp(1, MAX_SLICES),
            height,
            bands_per_slice: volume.height.div_ceil(height),
            n_patches: volume.width.div_ceil(PATCH_WIDTH),
            n_columns: volume.width.div_ceil(R::WIDE_LANES),
            width: R::WIDE_LANES,
            n_channels: planes.n_channels(),
        }
    }

    pub(super) fn n_bands(&self, volume: Volume) -> usize {
        volume.depth * self.bands_per_slice
    }

    /// The slice of a band and its rows there.
    pub(super) fn band(&self, band: usize, height: usize) -> (usize, Range<usize>) {
        (band / self.bands_per_slice, self.rows(band % self.bands_per_slice, height))
    }

    /// The rows of a band of a slice.
    #[inline(always)]
    pub(super) fn rows(&self, band: usize, height: usize) -> Range<usize> {
        band * self.height..((band + 1) * self.height).min(height)
    }

    /// Tiles of a patch.
    fn columns(&self, patch: usize) -> Range<usize> {
        let per_patch = PATCH_WIDTH / self.width;
        patch * per_patch..((patch + 1) * per_patch).min(self.n_columns)
    }
}

impl<R: Real> Boxes<R> {
    pub(super) fn new(exec: &Exec<'_>, planes: &Planes<R>, mask: Option<&[bool]>, cut: Cut) -> Result<Self> {
        let n_tiles = cut.n_bands(planes.volume()) * cut.n_columns;
        let mut ranges = vec![[R::ZERO; 2]; n_tiles * cut.n_channels];
        let mut visited = vec![true; n_tiles];
        let bands = ranges.par_chunks_mut(cut.n_columns * cut.n_channels).zip(visited.par_chunks_mut(cut.n_columns));
        bands.enumerate().try_for_each(|(band, (ranges, visited))| {
            exec.check()?;
            fearless_simd::dispatch!(exec.level, _simd => band_ranges(planes, mask, cut, band, ranges, visited));
            Ok(())
        })?;
        Ok(Self { ranges, visited, cut })
    }

    pub(super) fn cut(&self) -> Cut {
        self.cut
    }

    /// A patch of a band in some slices, unless all of it is outside the mask; its colours are collected in `colours`.
    #[inline(always)]
    pub(super) fn patch<'a>(
        &self,
        slices: Range<usize>,
        band: usize,
        patch: usize,
        volume: Volume,
        colours: &'a mut [[R; 2]],
    ) -> Option<Tile<'a, R>> {
        let columns = self.cut.columns(patch);
        let mut rows = None;
        colours.fill([R::INFINITY, -R::INFINITY]);
        for tile in slices.clone().flat_map(|z| self.tiles(z, band, patch, volume)) {
            for (range, [low, high]) in colours.iter_mut().zip(tile.colours) {
                *range =
                    [if *low < range[0] { *low } else { range[0] }, if *high > range[1] { *high } else { range[1] }];
            }
            rows = Some(tile.rows);
        }
        let end = (columns.end * self.cut.width).min(volume.width);
        rows.map(|rows| Tile { colours, slices, rows, columns: columns.start * self.cut.width..end })
    }

    /// The tiles of a patch in a slice, but those outside the mask.
    #[inline(always)]
    pub(super) fn tiles(
        &self,
        z: usize,
        band: usize,
        patch: usize,
        volume: Volume,
    ) -> impl Iterator<Item = Tile<'_, R>> {
        let Cut { bands_per_slice, n_columns, n_channels, width, .. } = self.cut;
        let (band, rows) = (z * bands_per_slice + band, self.cut.rows(band, volume.height));
        self.cut.columns(patch).filter(move |column| self.visited[band * n_columns + column]).map(move |column| {
            let colours = &self.ranges[(band * n_columns + column) * n_channels..][..n_channels];
            let columns = column * width..((column + 1) * width).min(volume.width);
            Tile { colours, slices: z..z + 1, rows: rows.clone(), columns }
        })
    }
}

#[inline(always)]
fn band_ranges<R: Real>(
    planes: &Planes<R>,
    mask: Option<&[bool]>,
    cut: Cut,
    band: usize,
    ranges_out: &mut [[R; 2]],
    visited_out: &mut [bool],
) {
    let volume = planes.volume();
    let (z, rows) = cut.band(band, volume.height);
    let tiles = ranges_out.chunks_exact_mut(cut.n_channels).zip(visited_out);
    for (column, (ranges, visited)) in tiles.enumerate() {
        let columns = column * cut.width..((column + 1) * cut.width).min(volume.width);
        *visited = mask.is_none();
        ranges.fill([R::INFINITY, -R::INFINITY]);
        for row in rows.clone().map(|y| z * volume.height + y) {
            let inside = mask.map(|mask| &mask[row * volume.width..][columns.clone()]);
            *visited |= inside.is_some_and(|inside| inside.contains(&true));
            for (range, plane) in ranges.iter_mut().zip(planes.row(row).chunks_exact(planes.stride())) {
                widen(range, &plane[columns.clone()], inside);
            }
        }
    }
}

/// A pixel without a colour has no nearest cluster, so a box with one has no end: then none is taken to win all of it.
#[inline(always)]
fn widen<R: Real>(range: &mut [R; 2], values: &[R], inside: Option<&[bool]>) {
    let [mut low, mut high] = *range;
    let mut has_nan = false;
    for (i, value) in values.iter().enumerate() {
        if inside.is_none_or(|inside| inside[i]) {
            low = if *value < low { *value } else { low };
            high = if *value > high { *value } else { high };
            has_nan |= value.partial_cmp(value).is_none();
        }
    }
    *range = [low, if has_nan { R::INFINITY } else { high }];
}
