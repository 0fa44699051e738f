//! The nearest cluster of every pixel of a band.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, f32x16};

use super::bands::Band;
use super::boxes::{Boxes, Cut};
use super::doubt::Pixel;
use super::labels::{BandLabels, TileLabels};
use super::nearby::{Candidates, Competitors, Nearby, Rival};
use super::nearest::{Columns, ROWS, nearest};
use super::planes::{ANY, BAND_HEIGHT, TILE_HEIGHT};
use super::planes::{Planes, Volume};
use super::rough::Rough;
use super::screen::Screen;
use super::search::Search;
use super::tiles::{PAIRS, Pair, Tile};
use crate::Real;

/// What all bands share in an iteration.
pub(super) struct Assignment<'a, R> {
    pub(super) competitors: Competitors<'a, R>,
    pub(super) planes: &'a Planes<R>,
    pub(super) mask: Option<&'a [bool]>,
    pub(super) boxes: &'a Boxes,
    pub(super) rough: Rough,
    /// Whether to note what changes.
    pub(super) notes_changes: bool,
}

/// Neighbouring bands of a slab.
pub(super) struct Part<'a> {
    pub(super) slices: Range<usize>,
    pub(super) bands: Range<usize>,
    /// Slice by slice.
    pub(super) layers: Vec<PartLayer<'a>>,
}

/// Neighbouring bands of a slice: the labels of their pixels, and what is to be known of each.
pub(super) struct PartLayer<'a> {
    pub(super) labels: &'a mut [i32],
    pub(super) bands: &'a mut [Band],
}

/// Room for a band's work.
pub(super) struct Scratch<'a, R> {
    nearby: Nearby<'a, R>,
    search: Search,
    screen: Screen,
}

impl<R: Real> Scratch<'_, R> {
    pub(super) fn new() -> Self {
        Self { nearby: Nearby::new(), search: Search::default(), screen: Screen::new() }
    }
}

impl<R: Real> Assignment<'_, R> {
    /// Writes the labels of a part, and what is to be known of each of its bands; pixels that no window holds keep theirs.
    pub(super) fn assign<'a>(
        &'a self,
        level: Level,
        Scratch { nearby, search, screen }: &mut Scratch<'a, R>,
        Part { slices, bands, layers }: Part<'_>,
    ) {
        let Volume { height, width, .. } = self.planes.volume();
        nearby.enter(&self.competitors, &slices);
        let layers =
            layers.into_iter().map(|PartLayer { labels, bands }| labels.chunks_mut(BAND_HEIGHT * width).zip(bands));
        let mut layers: Vec<_> = layers.collect();
        for band in bands {
            nearby.find(&self.competitors, &self.rough, &slices, &Cut::rows(band, height));
            let mut layers: Vec<_> = layers.iter_mut().filter_map(Iterator::next).collect();
            let labels_out = layers.iter_mut().map(|(labels, band_out)| {
                band_out.changes.clear();
                BandLabels { pixels: labels, changes: self.notes_changes.then_some(&mut band_out.changes) }
            });
            let (rivals, labels_out) = (nearby.rivals(), &mut *labels_out.collect::<Vec<_>>());
            let place = (slices.start, band);
            let is_sure = dispatch!(level, simd => self.assign_band(simd, (search, screen), rivals, place, labels_out));
            for (labels, band_out) in layers {
                band_out.is_sure = is_sure;
                dispatch!(level, _simd => band_out.measure(labels));
            }
        }
    }

    /// Returns whether there is no doubt.
    #[inline(always)]
    fn assign_band<S: Simd>(
        &self,
        simd: S,
        (search, screen): (&mut Search, &mut Screen),
        rivals: &[Rival<'_, R>],
        (z, band): (usize, usize),
        labels_out: &mut [BandLabels<'_>],
    ) -> bool {
        let (n_channels, width) = (self.competitors.n_channels, self.planes.volume().width);
        // Whether the pixels of the group before mattered, as they then do in most of the next.
        let mut is_looked_at = true;
        let mut is_sure = true;
        for group in 0..self.boxes.cut().n_groups {
            let group = self.boxes.group((z, band), group, self.planes.volume());
            if group.is_outside() {
                continue;
            }
            if is_looked_at && n_channels > 0 {
                group.prefetch();
            }
            is_looked_at = false;
            // A processor follows the rows of one slice by itself (measured: of four, 9 % of a volume's time are saved).
            if labels_out.len() > 1 {
                for labels in &*labels_out {
                    labels.prefetch(width, &group.columns);
                }
            }
            search.search(simd, &self.rough, rivals, &group);
            for lane in group.lanes() {
                search.list(lane);
                let margin = search.margin(lane);
                for (layer, labels_out) in labels_out.iter_mut().enumerate() {
                    let tile = group.tile(lane, layer);
                    let mut labels = labels_out.of_tile(self.planes.volume(), self.mask, &tile);
                    // The margin is finite if no distance of a pixel is infinite: then one of the candidates wins it.
                    if let ([winner], true) = (search.candidates(), margin < f32::INFINITY) {
                        let number = f32x16::simd_from(simd, rivals[winner.place as usize].rough.number);
                        labels.give(simd, |_| number);
                        continue;
                    }
                    is_looked_at = true;
                    let candidates = Candidates { rivals, forms: search.forms(), all: search.candidates() };
                    is_sure &= match n_channels {
                        1 => self.assign_tile::<S, 1>(simd, screen, &tile, (&candidates, margin), &mut labels),
                        3 => self.assign_tile::<S, 3>(simd, screen, &tile, (&candidates, margin), &mut labels),
                        _ => self.assign_tile::<S, ANY>(simd, screen, &tile, (&candidates, margin), &mut labels),
                    };
                }
            }
        }
        is_sure
    }

    /// Returns whether there is no doubt.
    #[inline(always)]
    fn assign_tile<S: Simd, const C: usize>(
        &self,
        simd: S,
        screen: &mut Screen,
        tile: &Tile<'_>,
        (candidates, margin): (&Candidates<'_, R>, f32),
        labels_out: &mut TileLabels<'_>,
    ) -> bool {
        let may_tell = self.rough.is_enough && margin < f32::INFINITY;
        if may_tell && screen.decide::<S, R, C>(simd, &self.rough, tile, candidates, margin) {
            labels_out.give(simd, |pair| screen.winners(simd, pair));
            return true;
        }
        let columns = Columns {
            first: tile.columns.start,
            stride: self.planes.stride(),
            n_channels: self.competitors.n_channels,
        };
        let (n_rows, metric) = (tile.rows.len(), &self.competitors.metric);
        let first_row = tile.z * self.planes.volume().height + tile.rows.start;
        let pixels = |row: usize| &self.planes.row(first_row + row)[columns.first..];
        let mut winners = [Pair::ZERO; PAIRS];
        let mut is_sure = true;
        for first in (0..n_rows).step_by(ROWS) {
            // Beyond the last row, the last is looked at again.
            let rows = std::array::from_fn(|i| pixels((first + i).min(n_rows - 1)));
            let found =
                nearest::<S, R, C>(simd, metric, rows, ([tile.layer, tile.rows.start + first], &columns), candidates);
            for (i, (numbers, doubts)) in found.winners.iter().zip(&found.doubts).enumerate().take(n_rows - first) {
                let row = first + i;
                for (winner, number) in winners[row / 2].row_mut(row % 2).iter_mut().zip(numbers) {
                    *winner = number.to_f64() as f32;
                }
                for lane in (0..tile.columns.len()).filter(|lane| doubts >> lane & 1 == 1) {
                    let place = [tile.layer, tile.rows.start + row, columns.first + lane];
                    let pixel = Pixel { place, values: &rows[i][lane..], stride: columns.stride };
                    is_sure &= !labels_out.has(row, lane) || pixel.surely_belongs_to(numbers[lane], metric, candidates);
                }
            }
        }
        labels_out.give(simd, |pair| winners[pair].load(simd));
        is_sure
    }
}

const _: () = assert!(TILE_HEIGHT.is_multiple_of(ROWS), "no row of a tile is beyond those measured");
