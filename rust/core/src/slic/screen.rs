//! The nearest cluster where float32 is enough to tell.
//!
//! Only where the second nearest cluster is as near as rounding may make it do pixels have to be measured again.

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd, f32x16};

use super::nearby::Candidates;
use super::planes::ANY;
use super::rough::{Rough, inside};
use super::tiles::{PAIRS, Pair, Tile};
use crate::Real;

/// Room for a tile, and what was found.
#[derive(Debug)]
pub(super) struct Screen {
    /// Squared distances along x from each candidate, and room for more.
    across: Vec<Pair>,
    winners: [Pair; PAIRS],
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { across: Vec::new(), winners: [Pair::ZERO; PAIRS] }
    }

    /// The numbers of the clusters that were found for two rows of the tile.
    #[inline(always)]
    pub(super) fn winners<S: Simd>(&self, simd: S, pair: usize) -> f32x16<S> {
        self.winners[pair].load(simd)
    }

    /// Finds the nearest candidate of all pixels of a tile; returns whether there is no doubt.
    #[inline(always)]
    pub(super) fn decide<S: Simd, R: Real, const C: usize>(
        &mut self,
        simd: S,
        rough: &Rough,
        tile: &Tile<'_>,
        candidates: &Candidates<'_, R>,
        margin: f32,
    ) -> bool {
        self.measure_across(simd, rough, tile, candidates);
        let splat = |value: f32| f32x16::simd_from(simd, value);
        let colours = if C == ANY { tile.colours } else { &tile.colours[..C * PAIRS] };
        let (margin, infinity) = (splat(margin), splat(f32::INFINITY));
        // Side by side, so that what belongs to a candidate is read once.
        let (mut nearest, mut second, mut winner) = ([infinity; PAIRS], [infinity; PAIRS], [splat(-1.0); PAIRS]);
        for ((rival, down), across) in candidates.iter().zip(&self.across) {
            let rival = &rival.rough;
            let (across, inverse, number) = (across.load(simd), splat(rival.inverse), splat(rival.number));
            let down = &down[tile.group_row * PAIRS..][..PAIRS];
            let mut colour = [splat(0.0); PAIRS];
            let centers = if C == ANY { rival.colour } else { &rival.colour[..C] };
            for (channel, center) in centers.iter().enumerate() {
                let (center, values) = (splat(*center), &colours[channel * PAIRS..][..PAIRS]);
                for pair in 0..PAIRS {
                    let difference = f32x16::from_slice(simd, &values[pair]) - center;
                    colour[pair] = difference.mul_add(difference, colour[pair]);
                }
            }
            for pair in 0..PAIRS {
                let distance = colour[pair].mul_add(inverse, across + down[pair].load(simd));
                let is_nearer = distance.simd_lt(nearest[pair]);
                second[pair] = second[pair].min(nearest[pair].max(distance));
                nearest[pair] = nearest[pair].min(distance);
                winner[pair] = is_nearer.select(number, winner[pair]);
            }
        }
        let mut is_sure = true;
        for pair in 0..PAIRS {
            // Neither is a number where no window holds a pixel: beyond the tile, or outside the mask.
            is_sure &= !(second[pair] - nearest[pair]).simd_le(margin).any_true();
            self.winners[pair].store(winner[pair]);
        }
        is_sure
    }

    #[inline(always)]
    fn measure_across<S: Simd, R: Real>(
        &mut self,
        simd: S,
        rough: &Rough,
        tile: &Tile<'_>,
        candidates: &Candidates<'_, R>,
    ) {
        let (first, columns) = (R::from_f64(tile.columns.start as f64), Pair::COLUMNS.load(simd));
        if self.across.len() < candidates.places.len() {
            self.across.resize(candidates.places.len(), Pair::ZERO);
        }
        for ((rival, _), pair) in candidates.iter().zip(&mut self.across) {
            let along = rough.along(simd, 2, rival.column - first, columns);
            let [start, end] = rival.window(simd, first);
            let across = inside(simd, [start.simd_le(columns), columns.simd_lt(end)], along * along);
            pair.store(across);
        }
    }
}
