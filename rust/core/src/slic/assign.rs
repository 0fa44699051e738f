//! The nearest cluster of every pixel of a band.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Level, Select, Simd, dispatch};

use super::blocks::{Blocks, Window};
use super::boxes::{Boxes, Tile};
use super::candidates::{Nearby, Search};
use super::iterate::Metric;
use super::planes::{PATCH_WIDTH, TILE_HEIGHT, TILE_WIDTH};
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
    pub(super) metric: Metric<R>,
    pub(super) planes: &'a Planes<R>,
    pub(super) mask: Option<&'a [bool]>,
    pub(super) boxes: &'a Boxes<R>,
    pub(super) blocks: Blocks<R>,
    pub(super) reaches: Vec<Window>,
}

/// Bands of some slices, and the labels of their pixels: one band of one slice, or all bands of each slice.
pub(super) struct Part<'a> {
    pub(super) slices: Range<usize>,
    pub(super) bands: Range<usize>,
    pub(super) labels: &'a mut [i32],
}

impl Part<'_> {
    /// Place of the first label of some rows of a slice.
    #[inline(always)]
    fn first(&self, z: usize, rows: &Range<usize>, height: usize, width: usize) -> usize {
        let row = if self.bands.len() == 1 { 0 } else { rows.start };
        ((z - self.slices.start) * height + row) * width
    }
}

/// Room for a band's work.
pub(super) struct Scratch<R> {
    nearby: Nearby,
    search: Search<R>,
    /// Colours of a patch.
    colours: Vec<[R; 2]>,
    /// Clusters that may win in a patch.
    numbers: Vec<u32>,
    packed: Blocks<R>,
    /// Squared distance of each of them along z and y to each row of the band, infinite outside the window.
    down: Vec<[R; TILE_WIDTH]>,
    /// Places among them of those that may win in a tile.
    places: Vec<u32>,
}

impl<R: Real> Scratch<R> {
    pub(super) fn new(n_channels: usize) -> Self {
        Self {
            nearby: Nearby::default(),
            search: Search::new(),
            colours: vec![[R::ZERO; 2]; n_channels],
            numbers: Vec::new(),
            packed: Blocks::empty(n_channels),
            down: Vec::new(),
            places: Vec::new(),
        }
    }
}

impl<R: Real> Assignment<'_, R> {
    /// Writes the labels of a part, and their range in each of its bands; pixels that no window holds keep theirs.
    pub(super) fn assign(
        &self,
        level: Level,
        scratch: &mut Scratch<R>,
        part: &mut Part<'_>,
        ranges_out: &mut [BandLabels],
    ) {
        let Volume { height, width, .. } = self.planes.volume();
        for band in part.bands.clone() {
            let rows = self.boxes.cut().rows(band, height);
            scratch.nearby.gather(&self.reaches, self.boxes.cut(), &part.slices, &rows);
            dispatch!(level, simd => self.assign_band(simd, scratch, band, part));
            for z in part.slices.clone() {
                let labels = &part.labels[part.first(z, &rows, height, width)..][..rows.len() * width];
                let range = (z - part.slices.start) * part.bands.len() + band - part.bands.start;
                ranges_out[range] = dispatch!(level, _simd => BandLabels::of(labels));
            }
        }
    }

    #[inline(always)]
    fn assign_band<S: Simd>(&self, simd: S, scratch: &mut Scratch<R>, band: usize, part: &mut Part<'_>) {
        let Scratch { nearby, search, colours, numbers, packed, down, places } = scratch;
        let volume = self.planes.volume();
        // Whether the pixels of the patch before mattered, as they then do in most of the next.
        let mut is_looked_at = true;
        for patch in 0..self.boxes.cut().n_patches {
            let slices = part.slices.clone();
            let Some(tile) = self.boxes.patch(slices.clone(), band, patch, volume, colours) else { continue };
            if is_looked_at {
                self.prefetch_after(&tile);
            }
            is_looked_at = false;
            let blocks = nearby.patch(patch).iter().copied();
            search.prepare(simd, &self.metric, &self.blocks, blocks.clone(), &tile.slices, &tile.rows);
            search.choose(simd, &self.metric, &self.blocks, blocks, &tile, numbers);
            packed.pack(&self.blocks, numbers);
            for z in slices {
                let first = part.first(z, &tile.rows, volume.height, volume.width);
                let labels = &mut part.labels[first..][..tile.rows.len() * volume.width];
                let blocks = 0..packed.len() as u32;
                search.prepare(simd, &self.metric, packed, blocks.clone(), &(z..z + 1), &tile.rows);
                self.measure_down(simd, packed, numbers.len(), (z, &tile.rows), down);
                for tile in self.boxes.tiles(z, band, patch, volume) {
                    let ceiling = search.choose(simd, &self.metric, packed, blocks.clone(), &tile, places);
                    // Below this no distance of a pixel is infinite, even if of colours the ceiling has but the rounding.
                    if let ([winner], true) = (&places[..], ceiling < R::from_f64(R::MAX * R::EPSILON)) {
                        self.fill(packed.number(*winner), &tile, labels);
                        continue;
                    }
                    is_looked_at = true;
                    let candidates = Candidates { blocks: packed, down, places };
                    match packed.n_channels() {
                        1 => self.assign_tile::<S, 1>(simd, &tile, &candidates, labels),
                        3 => self.assign_tile::<S, 3>(simd, &tile, &candidates, labels),
                        _ => self.assign_tile::<S, ANY>(simd, &tile, &candidates, labels),
                    }
                }
            }
        }
    }

    /// Asks for the pixels of the next patch: they lie in more rows than a processor reads ahead in.
    #[inline(always)]
    fn prefetch_after(&self, tile: &Tile<'_, R>) {
        let (height, stride) = (self.planes.volume().height, self.planes.stride());
        if tile.columns.end + PATCH_WIDTH <= stride {
            for row in tile.slices.clone().flat_map(|z| tile.rows.clone().map(move |y| z * height + y)) {
                for plane in self.planes.row(row).chunks_exact(stride) {
                    prefetch(&plane[tile.columns.end..][..PATCH_WIDTH]);
                }
            }
        }
    }

    #[inline(always)]
    fn measure_down<S: Simd>(
        &self,
        simd: S,
        blocks: &Blocks<R>,
        n_clusters: usize,
        (z, rows): (usize, &Range<usize>),
        down_out: &mut Vec<[R; TILE_WIDTH]>,
    ) {
        let (metric, lanes, slice) = (&self.metric, R::WIDE_LANES, R::from_f64(z as f64));
        let rows = R::Wide::<S>::from_slice(simd, &places_from::<R>(rows.start)[..lanes]);
        down_out.resize(n_clusters, [R::ZERO; TILE_WIDTH]);
        for (place, down) in down_out.iter_mut().enumerate() {
            let (block, lane) = (blocks.block(place / lanes), place % lanes);
            let depth = R::Wide::<S>::simd_from(simd, metric.along(0, block.position[0][lane], slice));
            (depth + block.squares_within(simd, metric, (1, lane), rows)).store_slice(&mut down[..lanes]);
        }
    }

    /// Gives all pixels of a tile to one cluster.
    #[inline(always)]
    fn fill(&self, number: R, tile: &Tile<'_, R>, labels_out: &mut [i32]) {
        let Volume { height, width, .. } = self.planes.volume();
        for (y, labels) in tile.rows.clone().zip(labels_out.chunks_exact_mut(width)) {
            let row = tile.slices.start * height + y;
            let mask = self.mask.map(|mask| &mask[row * width..][tile.columns.clone()]);
            store(&[number; TILE_WIDTH], mask, &mut labels[tile.columns.clone()]);
        }
    }

    #[inline(always)]
    fn assign_tile<S: Simd, const C: usize>(
        &self,
        simd: S,
        tile: &Tile<'_, R>,
        candidates: &Candidates<'_, R>,
        labels_out: &mut [i32],
    ) {
        let Volume { height, width, .. } = self.planes.volume();
        let mut winners = [[R::ZERO; TILE_WIDTH]; ROWS];
        for first in (0..tile.rows.len()).step_by(ROWS) {
            // Beyond the last row, the last is looked at again.
            let row = |i: usize| tile.slices.start * height + (tile.rows.start + first + i).min(tile.rows.end - 1);
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
        let (metric, stride) = (&self.metric, self.planes.stride());
        let n_channels = if C == ANY { candidates.blocks.n_channels() } else { C };
        let weight = splat(metric.weight);
        let columns = R::Wide::<S>::from_slice(simd, &places_from::<R>(first_column)[..lanes]);
        let mut nearest = [splat(R::from_f64(R::MAX)); ROWS];
        let mut winner = [splat(-R::ONE); ROWS];
        for place in candidates.places.iter().map(|place| *place as usize) {
            let lane = place % lanes;
            let block = candidates.blocks.block(place / lanes);
            let mut colour = [splat(R::ZERO); ROWS];
            let centers = &candidates.blocks.colours(place / lanes)[..n_channels];
            for channel in 0..n_channels {
                let center = splat(centers[channel][lane]);
                for row in 0..ROWS {
                    let values = &rows[row][channel * stride..][..lanes];
                    let difference = R::Wide::<S>::from_slice(simd, values) - center;
                    let square = difference * difference;
                    colour[row] = if channel == 0 { square } else { colour[row] + square };
                }
            }
            if metric.is_adaptive {
                let maximum = splat(block.maximum[lane]);
                for row in 0..ROWS {
                    colour[row] /= maximum;
                }
            }
            let across = block.squares_within(simd, metric, (2, lane), columns);
            let number = splat(block.number[lane]);
            let down = &candidates.down[place][first_row..][..ROWS];
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
    blocks: &'a Blocks<R>,
    /// Of all clusters of the blocks.
    down: &'a [[R; TILE_WIDTH]],
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

const _: () = assert!(TILE_HEIGHT.is_multiple_of(ROWS) && TILE_HEIGHT <= 8, "the rows of a tile fit a vector");
