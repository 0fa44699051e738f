//! The nearest cluster of every pixel of a band.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Level, Select, Simd, dispatch};

use super::boxes::{Boxes, Group};
use super::nearby::{Competitors, Nearby, Rival};
use super::planes::{TILE_HEIGHT, TILE_WIDTH};
use super::search::Search;
use super::update::BandLabels;
use super::{Planes, Volume};
use crate::Real;
use crate::simd::prefetch;

/// Rows side by side: enough that one addition need not wait for another, few enough for the registers.
const ROWS: usize = 4;

/// Number of channels that is not known before.
const ANY: usize = usize::MAX;

/// What all bands share in an iteration.
pub(super) struct Assignment<'a, R> {
    pub(super) competitors: Competitors<'a, R>,
    pub(super) planes: &'a Planes<R>,
    pub(super) mask: Option<&'a [bool]>,
    pub(super) boxes: &'a Boxes<R>,
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
}

impl<R: Real> Scratch<'_, R> {
    pub(super) fn new() -> Self {
        Self { nearby: Nearby::new(), search: Search::new() }
    }
}

/// Pixels of a slice.
struct Tile {
    z: usize,
    rows: Range<usize>,
    columns: Range<usize>,
}

impl<'a, R: Real> Assignment<'a, R> {
    /// Writes the labels of a part, and their range in each of its bands; pixels that no window holds keep theirs.
    pub(super) fn assign(
        &self,
        level: Level,
        Scratch { nearby, search }: &mut Scratch<'a, R>,
        Part { z, bands, labels }: Part<'_>,
        ranges_out: &mut [BandLabels],
    ) {
        let (Volume { height, width, .. }, cut) = (self.planes.volume(), self.boxes.cut());
        nearby.enter(&self.competitors, z);
        let labels = labels.chunks_mut(cut.height * width);
        for (band, (labels, range)) in bands.zip(labels.zip(ranges_out)) {
            let rows = cut.rows(band, height);
            let rivals = nearby.rivals(&self.competitors, z, &rows);
            dispatch!(level, simd => self.assign_band(simd, search, rivals, (z, band, rows), labels));
            *range = dispatch!(level, _simd => BandLabels::of(labels));
        }
    }

    #[inline(always)]
    fn assign_band<S: Simd>(
        &self,
        simd: S,
        search: &mut Search<R>,
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
            if is_looked_at {
                self.prefetch_after(z, &rows, &group);
            }
            is_looked_at = false;
            search.search(simd, metric, *is_uniform, rivals, &group);
            for (place, columns) in group.tiles() {
                let (candidates, ceiling) = search.candidates(place);
                let tile = Tile { z, rows: rows.clone(), columns };
                // Below this no distance of a pixel is infinite, even if of colours the ceiling has but the rounding.
                if let ([winner], true) = (candidates, ceiling < R::from_f64(R::MAX * R::EPSILON)) {
                    self.fill(rivals[*winner as usize].number, &tile, labels_out);
                    continue;
                }
                is_looked_at = true;
                let candidates = Candidates { rivals, places: candidates };
                match rivals.first().map_or(0, |rival| rival.colour.len()) {
                    1 => self.assign_tile::<S, 1>(simd, &tile, &candidates, labels_out),
                    3 => self.assign_tile::<S, 3>(simd, &tile, &candidates, labels_out),
                    _ => self.assign_tile::<S, ANY>(simd, &tile, &candidates, labels_out),
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
        let Volume { height, width, .. } = self.planes.volume();
        for (y, labels) in tile.rows.clone().zip(labels_out.chunks_exact_mut(width)) {
            let row = tile.z * height + y;
            let mask = self.mask.map(|mask| &mask[row * width..][tile.columns.clone()]);
            store(&[number; TILE_WIDTH], mask, &mut labels[tile.columns.clone()]);
        }
    }

    #[inline(always)]
    fn assign_tile<S: Simd, const C: usize>(
        &self,
        simd: S,
        tile: &Tile,
        candidates: &Candidates<'_, R>,
        labels_out: &mut [i32],
    ) {
        let Volume { height, width, .. } = self.planes.volume();
        let mut winners = [[R::ZERO; TILE_WIDTH]; ROWS];
        for first in (0..tile.rows.len()).step_by(ROWS) {
            // Beyond the last row, the last is looked at again.
            let row = |i: usize| tile.z * height + (tile.rows.start + first + i).min(tile.rows.end - 1);
            let mut pixels = [&[][..]; ROWS];
            for (i, pixels) in pixels.iter_mut().enumerate() {
                *pixels = &self.planes.row(row(i))[tile.columns.start..];
            }
            self.nearest::<S, C>(simd, pixels, (first, tile.columns.start), candidates, &mut winners);
            for (i, winners) in winners.iter().enumerate().take(tile.rows.len() - first) {
                let labels = &mut labels_out[(first + i) * width..][tile.columns.clone()];
                let mask = self.mask.map(|mask| &mask[row(i) * width..][tile.columns.clone()]);
                store(winners, mask, labels);
            }
        }
    }

    /// Writes the number of the nearest candidate, the first on ties, or -1.
    #[inline(always)]
    fn nearest<S: Simd, const C: usize>(
        &self,
        simd: S,
        rows: [&[R]; ROWS],
        (first_row, first_column): (usize, usize),
        candidates: &Candidates<'_, R>,
        winners_out: &mut [[R; TILE_WIDTH]; ROWS],
    ) {
        let lanes = R::WIDE_LANES;
        let splat = |value: R| R::Wide::<S>::simd_from(simd, value);
        let (metric, stride) = (&self.competitors.metric, self.planes.stride());
        let weight = splat(metric.weight);
        let columns = R::Wide::<S>::from_slice(simd, &places_from::<R>(first_column)[..lanes]);
        let mut nearest = [splat(R::from_f64(R::MAX)); ROWS];
        let mut winner = [splat(-R::ONE); ROWS];
        for rival in candidates.places.iter().map(|place| &candidates.rivals[*place as usize]) {
            let mut colour = [splat(R::ZERO); ROWS];
            let n_channels = if C == ANY { rival.colour.len() } else { C };
            let centers = &rival.colour[..n_channels];
            for channel in 0..n_channels {
                let center = splat(centers[channel]);
                for row in 0..ROWS {
                    let values = &rows[row][channel * stride..][..lanes];
                    let difference = R::Wide::<S>::from_slice(simd, values) - center;
                    let square = difference * difference;
                    colour[row] = if channel == 0 { square } else { colour[row] + square };
                }
            }
            if metric.is_adaptive {
                let maximum = splat(rival.maximum);
                for row in 0..ROWS {
                    colour[row] /= maximum;
                }
            }
            let across = rival.across(simd, metric, columns);
            let number = splat(rival.number);
            let down = &rival.down[first_row..][..ROWS];
            for row in 0..ROWS {
                let distance = (splat(down[row]) + across) * weight + colour[row];
                let closer = distance.simd_lt(nearest[row]);
                nearest[row] = closer.select(distance, nearest[row]);
                winner[row] = closer.select(number, winner[row]);
            }
        }
        for row in 0..ROWS {
            winner[row].store_slice(&mut winners_out[row][..lanes]);
        }
    }
}

/// The clusters that may win in a tile.
struct Candidates<'a, R> {
    rivals: &'a [Rival<'a, R>],
    /// Which of them, ascending.
    places: &'a [u32],
}

#[inline(always)]
fn places_from<R: Real>(first: usize) -> [R; TILE_WIDTH] {
    let mut places = [R::ZERO; TILE_WIDTH];
    for (i, place) in places.iter_mut().enumerate() {
        *place = R::from_f64(f64::from((first + i) as u32));
    }
    places
}

#[inline(always)]
fn store<R: Real>(winners: &[R; TILE_WIDTH], mask: Option<&[bool]>, labels_out: &mut [i32]) {
    match mask {
        None => {
            for (label, winner) in labels_out.iter_mut().zip(winners) {
                *label = if *winner >= R::ZERO { winner.to_label() } else { *label };
            }
        }
        Some(mask) => {
            for ((label, winner), inside) in labels_out.iter_mut().zip(winners).zip(mask) {
                *label = if *winner >= R::ZERO && *inside { winner.to_label() } else { *label };
            }
        }
    }
}

const _: () = assert!(TILE_HEIGHT.is_multiple_of(ROWS), "no row of a tile is beyond those measured");
