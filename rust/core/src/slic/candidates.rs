//! Which clusters can be the nearest to a pixel of a tile.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd};

use super::blocks::{Blocks, Lanes, Window};
use super::boxes::{Cut, Tile};
use super::iterate::Metric;
use super::planes::{PATCH_WIDTH, TILE_HEIGHT, TILE_WIDTH};
use crate::Real;

/// Blocks of clusters whose windows reach into each patch of a band, ascending.
#[derive(Debug, Default)]
pub(super) struct Nearby {
    patches: Vec<Vec<u32>>,
}

impl Nearby {
    /// Replaces the lists by those of a band.
    pub(super) fn gather(&mut self, reaches: &[Window], cut: Cut, z: usize, rows: &Range<usize>) {
        self.patches.resize_with(cut.n_patches, Vec::new);
        self.patches.iter_mut().for_each(Vec::clear);
        for (block, Window([slices, lines, pixels])) in reaches.iter().enumerate() {
            let meets = slices.0 <= z && z < slices.1 && lines.0 < rows.end && rows.start < lines.1;
            if meets && pixels.0 < pixels.1 {
                for patch in &mut self.patches[pixels.0 / PATCH_WIDTH..pixels.1.div_ceil(PATCH_WIDTH)] {
                    patch.push(block as u32);
                }
            }
        }
    }

    #[inline(always)]
    pub(super) fn patch(&self, patch: usize) -> &[u32] {
        &self.patches[patch]
    }
}

/// Room for the search.
#[derive(Debug)]
pub(super) struct Search<R> {
    lowest: Vec<Lanes<R>>,
}

impl<R: Real> Search<R> {
    pub(super) fn new() -> Self {
        Self { lowest: Vec::new() }
    }

    /// Replaces `clusters_out` by those clusters of some blocks that may win in the tile, ascending.
    #[inline(always)]
    pub(super) fn choose<S: Simd>(
        &mut self,
        simd: S,
        metric: &Metric<R>,
        blocks: &Blocks<R>,
        some: impl Iterator<Item = u32> + Clone,
        tile: &Tile<'_, R>,
        clusters_out: &mut Vec<u32>,
    ) {
        let lanes = R::WIDE_LANES;
        self.lowest.clear();
        let mut ceilings = R::Wide::<S>::simd_from(simd, R::INFINITY);
        for block in some.clone() {
            let bounds = blocks.bounds(simd, metric, block as usize, tile);
            ceilings = bounds.high.simd_lt(ceilings).select(bounds.high, ceilings);
            let mut lowest = [R::ZERO; TILE_WIDTH];
            bounds.low.store_slice(&mut lowest[..lanes]);
            self.lowest.push(lowest);
        }
        let mut least = [R::INFINITY; TILE_WIDTH];
        ceilings.store_slice(&mut least[..lanes]);
        let mut ceiling = R::INFINITY;
        for high in least {
            ceiling = if high < ceiling { high } else { ceiling };
        }
        clusters_out.clear();
        let (ceiling, infinity) = (R::Wide::<S>::simd_from(simd, ceiling), R::Wide::<S>::simd_from(simd, R::INFINITY));
        for (block, lowest) in some.zip(&self.lowest) {
            let low = R::Wide::<S>::from_slice(simd, &lowest[..lanes]);
            // A bound that is NaN rules nothing out.
            let ruled_out = low.simd_gt(ceiling).to_bitmask() | low.simd_ge(infinity).to_bitmask();
            let mut kept = !ruled_out & ((1 << lanes) - 1);
            while kept != 0 {
                clusters_out.push(block * lanes as u32 + kept.trailing_zeros());
                kept &= kept - 1;
            }
        }
    }
}

/// What a tile needs to know of the clusters that may win in it, in ascending order.
#[derive(Debug)]
pub(super) struct Candidates<R> {
    pub(super) places: Vec<Place<R>>,
    /// Shape (candidates, channels).
    pub(super) colours: Vec<R>,
}

/// A cluster beside a tile.
#[derive(Debug)]
pub(super) struct Place<R> {
    /// Its number.
    pub(super) cluster: R,
    /// Squared distance along z and y to each row, infinite outside the window.
    pub(super) down: [R; TILE_WIDTH],
    /// Squared distance along x to each pixel of a row, infinite outside the window.
    pub(super) across: [R; TILE_WIDTH],
    /// What colour distances are divided by.
    pub(super) maximum: R,
}

impl<R: Real> Candidates<R> {
    pub(super) fn new() -> Self {
        Self { places: Vec::new(), colours: Vec::new() }
    }

    /// Replaces the content by some clusters of `blocks`, whose numbers are in `numbers`.
    #[inline(always)]
    pub(super) fn describe<S: Simd>(
        &mut self,
        simd: S,
        metric: &Metric<R>,
        (blocks, numbers): (&Blocks<R>, &[u32]),
        some: &[u32],
        tile: &Tile<'_, R>,
    ) {
        let lanes = R::WIDE_LANES;
        let pixels = |start: usize| {
            let mut pixels = [R::ZERO; TILE_WIDTH];
            for (i, pixel) in pixels.iter_mut().enumerate() {
                *pixel = R::from_f64(f64::from((start + i) as u32));
            }
            R::Wide::<S>::from_slice(simd, &pixels[..lanes])
        };
        let (lines, columns) = (pixels(tile.rows.start), pixels(tile.columns.start));
        self.places.clear();
        self.colours.clear();
        for place in some {
            let (index, lane) = (*place as usize / lanes, *place as usize % lanes);
            let block = blocks.block(index);
            let slice = metric.along(0, block.position[0][lane], R::from_f64(tile.z as f64));
            let (mut down, mut across) = ([R::ZERO; TILE_WIDTH], [R::ZERO; TILE_WIDTH]);
            block.squares_within(simd, metric, (1, lane), lines, slice).store_slice(&mut down[..lanes]);
            block.squares_within(simd, metric, (2, lane), columns, R::ZERO).store_slice(&mut across[..lanes]);
            let cluster = R::from_f64(f64::from(numbers[*place as usize]));
            self.places.push(Place { cluster, down, across, maximum: block.maximum[lane] });
            for colour in blocks.colours(index) {
                self.colours.push(colour[lane]);
            }
        }
    }
}

const _: () = assert!(TILE_HEIGHT <= 8, "the rows of a tile fit a vector");
