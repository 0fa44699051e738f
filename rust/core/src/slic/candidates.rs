//! Which clusters can be the nearest to a pixel of a tile.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd};

use super::blocks::{Blocks, Bounds, Lanes, Window};
use super::boxes::{Cut, Tile};
use super::iterate::Metric;
use super::planes::{PATCH_WIDTH, TILE_WIDTH};
use crate::Real;

/// Blocks of clusters whose windows reach into each patch of a band, ascending.
#[derive(Debug, Default)]
pub(super) struct Nearby {
    patches: Vec<Vec<u32>>,
}

impl Nearby {
    /// Replaces the lists by those of a band.
    pub(super) fn gather(&mut self, reaches: &[Window], cut: Cut, tiles: &Range<usize>, rows: &Range<usize>) {
        self.patches.resize_with(cut.n_patches, Vec::new);
        self.patches.iter_mut().for_each(Vec::clear);
        for (block, Window([slices, lines, pixels])) in reaches.iter().enumerate() {
            let meets = slices.0 < tiles.end && tiles.start < slices.1 && lines.0 < rows.end && rows.start < lines.1;
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
    /// Bounds of each block for the distances along z and y.
    down: Vec<Bounds<Lanes<R>>>,
    lowest: Vec<Lanes<R>>,
}

impl<R: Real> Search<R> {
    pub(super) fn new() -> Self {
        Self { down: Vec::new(), lowest: Vec::new() }
    }

    /// Prepares the search among some blocks in tiles of the same rows.
    #[inline(always)]
    pub(super) fn prepare<S: Simd>(
        &mut self,
        simd: S,
        metric: &Metric<R>,
        blocks: &Blocks<R>,
        some: impl Iterator<Item = u32>,
        slices: &Range<usize>,
        rows: &Range<usize>,
    ) {
        let none = [R::ZERO; TILE_WIDTH];
        self.down.clear();
        for block in some {
            let bounds = blocks.down(simd, metric, block as usize, slices, rows);
            let mut lanes = Bounds { low: none, high: none };
            bounds.low.store_slice(&mut lanes.low[..R::WIDE_LANES]);
            bounds.high.store_slice(&mut lanes.high[..R::WIDE_LANES]);
            self.down.push(lanes);
        }
    }

    /// Replaces `clusters_out` by those clusters of some blocks that may win in the tile, ascending. The search is prepared
    /// for them and the rows of the tile. Returns an upper bound for the distance of a pixel from its nearest cluster,
    /// before the first assignment for that in space, with what rounding adds; infinite if none is known.
    #[inline(always)]
    pub(super) fn choose<S: Simd>(
        &mut self,
        simd: S,
        metric: &Metric<R>,
        blocks: &Blocks<R>,
        some: impl Iterator<Item = u32> + Clone,
        tile: &Tile<'_, R>,
        clusters_out: &mut Vec<u32>,
    ) -> R {
        let lanes = R::WIDE_LANES;
        self.lowest.clear();
        let mut ceilings = R::Wide::<S>::simd_from(simd, R::INFINITY);
        for (block, down) in some.clone().zip(&self.down) {
            let [low, high] = [&down.low, &down.high];
            let down = Bounds {
                low: R::Wide::<S>::from_slice(simd, &low[..lanes]),
                high: R::Wide::<S>::from_slice(simd, &high[..lanes]),
            };
            let bounds = blocks.bounds(simd, metric, block as usize, tile, &down);
            ceilings = bounds.high.simd_lt(ceilings).select(bounds.high, ceilings);
            let mut lowest = [R::ZERO; TILE_WIDTH];
            bounds.low.store_slice(&mut lowest[..lanes]);
            self.lowest.push(lowest);
        }
        let mut least = [R::INFINITY; TILE_WIDTH];
        ceilings.store_slice(&mut least[..lanes]);
        let mut ceiling = R::INFINITY;
        for high in &least[..lanes] {
            ceiling = if *high < ceiling { *high } else { ceiling };
        }
        clusters_out.clear();
        let (limit, infinity) = (R::Wide::<S>::simd_from(simd, ceiling), R::Wide::<S>::simd_from(simd, R::INFINITY));
        for (block, lowest) in some.zip(&self.lowest) {
            let low = R::Wide::<S>::from_slice(simd, &lowest[..lanes]);
            // A bound that is NaN rules nothing out.
            let ruled_out = low.simd_gt(limit).to_bitmask() | low.simd_ge(infinity).to_bitmask();
            let mut kept = !ruled_out & ((1 << lanes) - 1);
            while kept != 0 {
                clusters_out.push(block * lanes as u32 + kept.trailing_zeros());
                kept &= kept - 1;
            }
        }
        ceiling
    }
}
