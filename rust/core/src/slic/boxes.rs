//! How the image is cut into tiles, and the range of colours in each.

use std::ops::Range;

use rayon::prelude::*;

use super::Planes;
use super::planes::TILE_WIDTH;
use crate::{Exec, Real, Result};

/// Rows of a tile and step of the clusters: tiles must be small beside a cluster to have few near them, and large for
/// the search for those to pay.
const STEPS_PER_TILE: usize = 3;
const TILE_HEIGHT: (usize, usize) = (2, 16);

/// The lowest and highest value of each channel in each tile, among the pixels inside the mask.
#[derive(Debug)]
pub(super) struct Boxes<R> {
    /// Shape (`n_bands`, `n_columns`, `n_channels`, 2).
    ranges: Vec<R>,
    /// Whether any pixel of the tile is inside the mask.
    visited: Vec<bool>,
    cut: Cut,
}

/// Bands of rows of each slice, and columns of tiles within a band.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// Rows of a band, but the last of a slice.
    pub(super) height: usize,
    pub(super) bands_per_slice: usize,
    pub(super) n_columns: usize,
    n_channels: usize,
}

/// One tile: its colours and its place.
#[derive(Debug, Clone)]
pub(super) struct Tile<'a, R> {
    pub(super) colours: &'a [[R; 2]],
    pub(super) z: usize,
    pub(super) rows: Range<usize>,
    pub(super) columns: Range<usize>,
}

impl Cut {
    pub(super) fn new<R: Real>(planes: &Planes<R>, step_y: usize) -> Self {
        let volume = planes.volume();
        let height = (step_y / STEPS_PER_TILE).clamp(TILE_HEIGHT.0, TILE_HEIGHT.1);
        let bands_per_slice = volume.height.div_ceil(height);
        Self { height, bands_per_slice, n_columns: volume.width.div_ceil(TILE_WIDTH), n_channels: planes.n_channels() }
    }

    /// The slice of a band and its rows there.
    pub(super) fn band(&self, band: usize, height: usize) -> (usize, Range<usize>) {
        let first = band % self.bands_per_slice * self.height;
        (band / self.bands_per_slice, first..(first + self.height).min(height))
    }
}

impl<R: Real> Boxes<R> {
    pub(super) fn new(exec: &Exec<'_>, planes: &Planes<R>, mask: Option<&[bool]>, cut: Cut) -> Result<Self> {
        let n_bands = planes.volume().depth * cut.bands_per_slice;
        let n_tiles = n_bands * cut.n_columns;
        let mut ranges = vec![R::ZERO; n_tiles * 2 * cut.n_channels];
        let mut visited = vec![true; n_tiles];
        let bands = ranges.par_chunks_mut(cut.n_columns * 2 * cut.n_channels).zip(visited.par_chunks_mut(cut.n_columns));
        bands.enumerate().try_for_each(|(band, (ranges, visited))| {
            exec.check()?;
            let (z, rows) = cut.band(band, planes.volume().height);
            for column in 0..cut.n_columns {
                let ranges = &mut ranges[column * 2 * cut.n_channels..][..2 * cut.n_channels];
                visited[column] = tile_range(planes, mask, z, rows.clone(), column, ranges);
            }
            Ok(())
        })?;
        Ok(Self { ranges, visited, cut })
    }

    pub(super) fn cut(&self) -> Cut {
        self.cut
    }

    /// The tile of a column of a band, unless all of it is outside the mask.
    pub(super) fn tile(&self, band: usize, column: usize, volume: super::Volume) -> Option<Tile<'_, R>> {
        let tile = band * self.cut.n_columns + column;
        if !self.visited[tile] {
            return None;
        }
        let n_channels = self.cut.n_channels;
        let (z, rows) = self.cut.band(band, volume.height);
        let first = column * TILE_WIDTH;
        let columns = first..(first + TILE_WIDTH).min(volume.width);
        Some(Tile { colours: self.ranges[tile * 2 * n_channels..][..2 * n_channels].as_chunks().0, z, rows, columns })
    }
}

/// Writes lowest and highest value of each channel and returns whether any pixel is inside the mask.
fn tile_range<R: Real>(
    planes: &Planes<R>,
    mask: Option<&[bool]>,
    z: usize,
    rows: Range<usize>,
    column: usize,
    ranges_out: &mut [R],
) -> bool {
    let volume = planes.volume();
    let first = column * TILE_WIDTH;
    let len = TILE_WIDTH.min(volume.width - first);
    let mut visited = false;
    let (ranges, _) = ranges_out.as_chunks_mut::<2>();
    ranges.fill([R::INFINITY, -R::INFINITY]);
    for row in rows.map(|y| z * volume.height + y) {
        let inside = mask.map(|mask| &mask[row * volume.width + first..][..len]);
        visited |= inside.is_none_or(|inside| inside.contains(&true));
        for (range, plane) in ranges.iter_mut().zip(planes.row(row).chunks_exact(planes.stride())) {
            let values = &plane[first..][..len];
            match inside {
                None => widen(range, values.iter().copied()),
                Some(inside) => {
                    let pairs = values.iter().zip(inside);
                    widen(range, pairs.filter(|(_, inside)| **inside).map(|(value, _)| *value));
                }
            }
        }
    }
    visited
}

/// Comparisons with NaN are false, so pixels without a colour are left out: no cluster ever takes them.
#[inline(always)]
fn widen<R: Real>(range: &mut [R; 2], values: impl Iterator<Item = R>) {
    let [mut low, mut high] = *range;
    for value in values {
        low = if value < low { value } else { low };
        high = if value > high { value } else { high };
    }
    *range = [low, high];
}
