//! The nearest cluster of every pixel of a band.

use std::ops::Range;

use fearless_simd::{Level, Simd, dispatch};

use super::boxes::{Boxes, Cut, Group};
use super::nearby::{Candidates, Competitors, Nearby, Rival};
use super::nearest::{Columns, ROWS, nearest};
use super::planes::{ANY, TILE_HEIGHT, TILE_WIDTH};
use super::screen::{Precision, Screen};
use super::search::Search;
use super::update::BandLabels;
use super::{Planes, Volume};
use crate::Real;
use crate::simd::prefetch;

/// What all bands share in an iteration.
pub(super) struct Assignment<'a, R> {
    pub(super) competitors: Competitors<'a, R>,
    pub(super) planes: &'a Planes<R>,
    pub(super) mask: Option<&'a [bool]>,
    pub(super) boxes: &'a Boxes<R>,
    /// How sure distances in float32 are, if they are of use.
    pub(super) precision: Option<Precision>,
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
    search: Search<R>,
    screen: Screen,
}

impl<R: Real> Scratch<'_, R> {
    pub(super) fn new() -> Self {
        Self { nearby: Nearby::new(), search: Search::new(), screen: Screen::new() }
    }
}

/// Pixels of a slice.
struct Tile {
    z: usize,
    rows: Range<usize>,
    columns: Range<usize>,
    /// Whether all are inside the mask.
    is_whole: bool,
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
        let labels = labels.chunks_mut(TILE_HEIGHT * width);
        for (band, (labels, range)) in bands.zip(labels.zip(ranges_out)) {
            let rows = Cut::rows(band, height);
            dispatch!(level, _simd => nearby.find(&self.competitors, z, &rows));
            let rivals = nearby.rivals();
            dispatch!(level, simd => self.assign_band(simd, (search, screen), rivals, (z, band, rows), labels));
            *range = dispatch!(level, _simd => BandLabels::of(labels));
        }
    }

    #[inline(always)]
    fn assign_band<S: Simd>(
        &self,
        simd: S,
        (search, screen): (&mut Search<R>, &mut Screen),
        rivals: &[Rival<'_, R>],
        (z, band, rows): (usize, usize, Range<usize>),
        labels_out: &mut [i32],
    ) {
        let Competitors { metric, is_uniform, .. } = &self.competitors;
        // Whether the pixels of the group before mattered, as they then do in most of the next.
        let mut is_looked_at = true;
        for group in 0..self.boxes.cut().n_groups {
            let group = self.boxes.group((z, band), group, self.planes.volume());
            if group.is_outside() {
                continue;
            }
            if is_looked_at && self.competitors.n_channels > 0 {
                self.prefetch_after(z, &rows, &group);
            }
            is_looked_at = false;
            search.search(simd, metric, *is_uniform, rivals, &group);
            for (place, columns, is_whole) in group.tiles() {
                let (candidates, ceiling) = search.candidates(place);
                let tile = Tile { z, rows: rows.clone(), columns, is_whole };
                // Below this no distance of a pixel is infinite, even if of colours the ceiling has but the rounding.
                if let ([winner], true) = (candidates, ceiling < R::from_f64(R::MAX * R::EPSILON)) {
                    self.fill(rivals[*winner as usize].number, &tile, labels_out);
                    continue;
                }
                is_looked_at = true;
                let candidates = Candidates { rivals, places: candidates };
                let margin = self.precision.and_then(|precision| precision.margin(ceiling.to_f64()));
                match self.competitors.n_channels {
                    1 => self.assign_tile::<S, 1>(simd, screen, margin, &tile, &candidates, labels_out),
                    3 => self.assign_tile::<S, 3>(simd, screen, margin, &tile, &candidates, labels_out),
                    _ => self.assign_tile::<S, ANY>(simd, screen, margin, &tile, &candidates, labels_out),
                }
            }
        }
    }

    /// Asks for the pixels of the next group: they lie in more rows than a processor reads ahead in.
    #[inline(always)]
    fn prefetch_after(&self, z: usize, rows: &Range<usize>, group: &Group<'_, R>) {
        let (height, stride) = (self.planes.volume().height, self.planes.stride());
        let next = group.columns.end..(group.columns.end + group.columns.len()).min(stride);
        for row in rows.clone().map(|y| z * height + y) {
            for plane in self.planes.row(row).chunks_exact(stride) {
                prefetch(&plane[next.clone()]);
            }
        }
    }

    /// Gives all pixels of a tile to one cluster.
    #[inline(always)]
    fn fill(&self, number: R, tile: &Tile, labels_out: &mut [i32]) {
        for row in 0..tile.rows.len() {
            self.store(tile, row, &[number; TILE_WIDTH], labels_out);
        }
    }

    #[inline(always)]
    fn assign_tile<S: Simd, const C: usize>(
        &self,
        simd: S,
        screen: &mut Screen,
        margin: Option<f32>,
        tile: &Tile,
        candidates: &Candidates<'_, R>,
        labels_out: &mut [i32],
    ) {
        let (metric, stride) = (&self.competitors.metric, self.planes.stride());
        let columns = Columns { first: tile.columns.start, stride };
        if let Some(margin) = margin {
            let n_channels = self.competitors.n_channels;
            screen.read(simd, tile.rows.len(), |row| self.pixels(tile, row), (stride, n_channels));
            if screen.decide::<S, R, C>(simd, metric, columns.places::<S, R>(simd), candidates, margin) {
                for row in 0..tile.rows.len() {
                    self.store(tile, row, screen.winners(row), labels_out);
                }
                return;
            }
        }
        for first in (0..tile.rows.len()).step_by(ROWS) {
            // Beyond the last row, the last is looked at again.
            let rows = std::array::from_fn(|i| self.pixels(tile, (first + i).min(tile.rows.len() - 1)));
            let winners = nearest::<S, R, C>(simd, metric, rows, (first, &columns), candidates);
            for (i, winners) in winners.iter().enumerate().take(tile.rows.len() - first) {
                self.store(tile, first + i, winners, labels_out);
            }
        }
    }

    /// The channels of a row of a tile, from its first pixel on.
    #[inline(always)]
    fn pixels(&self, tile: &Tile, row: usize) -> &[R] {
        let row = tile.z * self.planes.volume().height + tile.rows.start + row;
        &self.planes.row(row)[tile.columns.start..]
    }

    /// Gives the pixels of a row of a tile to clusters by number.
    #[inline(always)]
    fn store<N: Real>(&self, tile: &Tile, row: usize, numbers: &[N], labels_out: &mut [i32]) {
        let Volume { height, width, .. } = self.planes.volume();
        let first = (tile.z * height + tile.rows.start + row) * width;
        let mask = self.mask.filter(|_| !tile.is_whole).map(|mask| &mask[first..][tile.columns.clone()]);
        store(numbers, mask, &mut labels_out[row * width..][tile.columns.clone()]);
    }
}

/// Where a number is negative, or a pixel outside the mask, labels stay.
#[inline(always)]
fn store<N: Real>(numbers: &[N], mask: Option<&[bool]>, labels_out: &mut [i32]) {
    match mask {
        None => {
            for (label, number) in labels_out.iter_mut().zip(numbers) {
                *label = if *number >= N::ZERO { number.to_label() } else { *label };
            }
        }
        Some(mask) => {
            for ((label, number), inside) in labels_out.iter_mut().zip(numbers).zip(mask) {
                *label = if *number >= N::ZERO && *inside { number.to_label() } else { *label };
            }
        }
    }
}

const _: () = assert!(TILE_HEIGHT.is_multiple_of(ROWS), "no row of a tile is beyond those measured");
