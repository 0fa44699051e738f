//! The nearest cluster of every pixel of a band.

use std::ops::Range;

use fearless_simd::{Level, Simd, dispatch};

use super::boxes::{Boxes, Cut};
use super::nearby::{Candidates, Competitors, Nearby, Rivals};
use super::nearest::{Columns, ROWS, nearest};
use super::planes::{ANY, BAND_HEIGHT, TILE_HEIGHT, TILE_WIDTH};
use super::rough::Rough;
use super::screen::Screen;
use super::search::Search;
use super::tiles::Tile;
use super::update::BandLabels;
use super::{Planes, Volume};
use crate::Real;

/// What all bands share in an iteration.
pub(super) struct Assignment<'a, R> {
    pub(super) competitors: Competitors<'a, R>,
    pub(super) planes: &'a Planes<R>,
    pub(super) mask: Option<&'a [bool]>,
    pub(super) boxes: &'a Boxes,
    pub(super) rough: Rough,
}

/// Neighbouring bands of a slice, and the labels of their pixels.
pub(super) struct Part<'a> {
    pub(super) z: usize,
    pub(super) bands: Range<usize>,
    pub(super) labels: &'a mut [i32],
}

/// Room for a band's work.
pub(super) struct Scratch<'a, R> {
    nearby: Nearby<'a, R>,
    search: Search,
    screen: Screen,
}

impl<R: Real> Scratch<'_, R> {
    pub(super) fn new() -> Self {
        Self { nearby: Nearby::new(), search: Search::new(), screen: Screen::new() }
    }
}

impl<R: Real> Assignment<'_, R> {
    /// Writes the labels of a part, and their range in each of its bands; pixels that no window holds keep theirs.
    pub(super) fn assign<'a>(
        &'a self,
        level: Level,
        Scratch { nearby, search, screen }: &mut Scratch<'a, R>,
        Part { z, bands, labels }: Part<'_>,
        ranges_out: &mut [BandLabels],
    ) {
        let Volume { height, width, .. } = self.planes.volume();
        nearby.enter(&self.competitors, z);
        let labels = labels.chunks_mut(BAND_HEIGHT * width);
        for (band, (labels, range)) in bands.zip(labels.zip(ranges_out)) {
            let rows = Cut::rows(band, height);
            dispatch!(level, simd => nearby.find(simd, &self.competitors, &self.rough, z, &rows));
            let rivals = nearby.rivals();
            dispatch!(level, simd => self.assign_band(simd, (search, screen), rivals, (z, band), labels));
            *range = dispatch!(level, _simd => BandLabels::of(labels));
        }
    }

    #[inline(always)]
    fn assign_band<S: Simd>(
        &self,
        simd: S,
        (search, screen): (&mut Search, &mut Screen),
        rivals: Rivals<'_, R>,
        (z, band): (usize, usize),
        labels_out: &mut [i32],
    ) {
        let Competitors { is_uniform, n_channels, .. } = self.competitors;
        // Whether the pixels of the group before mattered, as they then do in most of the next.
        let mut is_looked_at = true;
        for group in 0..self.boxes.cut().n_groups {
            let group = self.boxes.group((z, band), group, self.planes.volume());
            if group.is_outside() {
                continue;
            }
            if is_looked_at && n_channels > 0 {
                group.prefetch();
            }
            is_looked_at = false;
            search.search(simd, &self.rough, is_uniform, rivals.all, &group);
            for tile in group.tiles() {
                let (candidates, margin) = search.candidates(tile.lane);
                let mut labels = TileLabels::new(labels_out, self.planes.volume(), self.mask, z, &tile);
                // The margin is finite if no distance of a pixel is infinite: then one of the candidates wins it.
                if let ([winner], true) = (candidates, margin < f32::INFINITY) {
                    labels.fill(rivals.all[*winner as usize].number);
                    continue;
                }
                is_looked_at = true;
                let candidates = Candidates { rivals, places: candidates };
                match n_channels {
                    1 => self.assign_tile::<S, 1>(simd, screen, (z, &tile), (&candidates, margin), &mut labels),
                    3 => self.assign_tile::<S, 3>(simd, screen, (z, &tile), (&candidates, margin), &mut labels),
                    _ => self.assign_tile::<S, ANY>(simd, screen, (z, &tile), (&candidates, margin), &mut labels),
                }
            }
        }
    }

    #[inline(always)]
    fn assign_tile<S: Simd, const C: usize>(
        &self,
        simd: S,
        screen: &mut Screen,
        (z, tile): (usize, &Tile<'_>),
        (candidates, margin): (&Candidates<'_, R>, f32),
        labels_out: &mut TileLabels<'_>,
    ) {
        let (n_rows, columns) = (tile.rows.len(), Columns { first: tile.columns.start, stride: self.planes.stride() });
        let row = |row: usize| z * self.planes.volume().height + tile.rows.start + row;
        let may_tell = self.rough.is_enough && margin < f32::INFINITY;
        if may_tell && screen.decide::<S, R, C>(simd, &self.rough, tile, candidates, margin) {
            for row in 0..n_rows {
                labels_out.store(row, screen.winners(row));
            }
            return;
        }
        for first in (0..n_rows).step_by(ROWS) {
            // Beyond the last row, the last is looked at again.
            let pixels = |i: usize| &self.planes.row(row((first + i).min(n_rows - 1)))[columns.first..];
            let (rows, metric) = (std::array::from_fn(pixels), &self.competitors.metric);
            let winners = nearest::<S, R, C>(simd, metric, rows, (tile.rows.start + first, &columns), candidates);
            for (i, winners) in winners.iter().enumerate().take(n_rows - first) {
                labels_out.store(first + i, winners);
            }
        }
    }
}

/// Where the labels of a tile are written.
struct TileLabels<'a> {
    /// Those of the tile's rows.
    rows: &'a mut [i32],
    width: usize,
    columns: Range<usize>,
    /// The mask of the same rows, if it leaves out a pixel of the tile.
    mask: Option<&'a [bool]>,
}

impl<'a> TileLabels<'a> {
    /// Given the labels of a band of slice `z`.
    #[inline(always)]
    fn new(
        band: &'a mut [i32],
        Volume { height, width, .. }: Volume,
        mask: Option<&'a [bool]>,
        z: usize,
        tile: &Tile<'_>,
    ) -> Self {
        let mask = mask.filter(|_| !tile.is_whole).map(|mask| &mask[(z * height + tile.rows.start) * width..]);
        let rows = &mut band[tile.group_row * TILE_HEIGHT * width..][..tile.rows.len() * width];
        Self { rows, width, columns: tile.columns.clone(), mask }
    }

    /// Gives all pixels to a cluster by number.
    #[inline(always)]
    fn fill<R: Real>(&mut self, number: R) {
        for row in 0..self.rows.len() / self.width {
            self.store(row, &[number; TILE_WIDTH]);
        }
    }

    /// Gives the pixels of a row to clusters by number; where it is negative, or outside the mask, labels stay.
    #[inline(always)]
    fn store<N: Real>(&mut self, row: usize, numbers: &[N]) {
        let labels = &mut self.rows[row * self.width..][self.columns.clone()];
        let new = |label: i32, number: N| if number >= N::ZERO { number.to_label() } else { label };
        match self.mask {
            None => {
                for (label, number) in labels.iter_mut().zip(numbers) {
                    *label = new(*label, *number);
                }
            }
            Some(mask) => {
                let mask = &mask[row * self.width..][self.columns.clone()];
                for ((label, number), inside) in labels.iter_mut().zip(numbers).zip(mask) {
                    *label = if *inside { new(*label, *number) } else { *label };
                }
            }
        }
    }
}

const _: () = assert!(TILE_HEIGHT.is_multiple_of(ROWS), "no row of a tile is beyond those measured");
