//! The nearest cluster where float32 is enough to tell.
//!
//! Only where the second nearest cluster is as near as rounding may make it do pixels have to be measured again.

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd, f32x16};

use super::boxes::GROUP_TILES;
use super::forms::{ACROSS, COLOUR, DEPTH, DOWN, SQUARE};
use super::nearby::Candidates;
use super::planes::ANY;
use super::rough::Rough;
use super::tiles::{PAIR_LEN, PAIRS, Pair, Tile};
use crate::Real;

/// What was found for a tile.
#[derive(Debug)]
pub(super) struct Screen {
    winners: [Pair; PAIRS],
}

impl Screen {
    pub(super) fn new() -> Self {
        Self { winners: [Pair::ZERO; PAIRS] }
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
        let splat = |value: f32| f32x16::simd_from(simd, value);
        let n_channels = if C == ANY { rough.n_channels } else { C };
        let (colours, lane) = (&tile.colours[..n_channels * PAIRS], tile.lane % GROUP_TILES);
        let (margin, infinity) = (splat(margin), splat(f32::INFINITY));
        let (across, behind) = (rough.across.load(simd), splat(rough.behind[tile.layer]));
        // Side by side, so that what belongs to a candidate is read once.
        let (mut nearest, mut second, mut winner) = ([infinity; PAIRS], [infinity; PAIRS], [splat(-1.0); PAIRS]);
        for (rival, form, is_cut) in candidates.with_forms() {
            let number = |place: usize| splat(form[place][lane]);
            let square = number(SQUARE);
            let square = if rough.is_deep() { behind.mul_add(number(DEPTH), square) } else { square };
            let (across, down) = (across.mul_add(number(ACROSS), square), number(DOWN));
            let mut distance = [across; PAIRS];
            for (distance, way) in distance.iter_mut().zip(&rough.down) {
                *distance = way.load(simd).mul_add(down, *distance);
            }
            for channel in 0..n_channels {
                let (way, values) = (number(COLOUR + channel), &colours[channel * PAIRS..][..PAIRS]);
                for pair in 0..PAIRS {
                    distance[pair] = f32x16::from_slice(simd, &values[pair]).mul_add(way, distance[pair]);
                }
            }
            if rough.is_adaptive {
                add_squares(simd, colours, rival.rough.inverse, &mut distance);
            }
            if is_cut {
                rival.keep_inside(simd, tile, &mut distance);
            }
            let cluster = splat(rival.rough.number);
            for pair in 0..PAIRS {
                let is_nearer = distance[pair].simd_lt(nearest[pair]);
                second[pair] = is_nearer.select(nearest[pair], second[pair].min(distance[pair]));
                nearest[pair] = is_nearer.select(distance[pair], nearest[pair]);
                winner[pair] = is_nearer.select(cluster, winner[pair]);
            }
        }
        let mut is_sure = true;
        for pair in 0..PAIRS {
            // Neither is a number where no window holds a pixel.
            is_sure &= !(second[pair] - nearest[pair]).simd_le(margin).any_true();
            self.winners[pair].store(winner[pair]);
        }
        is_sure
    }
}

/// Adds what forms leave out because it usually is the same for all clusters: the squared distance from the middle colour.
#[inline(always)]
fn add_squares<S: Simd>(simd: S, colours: &[[f32; PAIR_LEN]], factor: f32, distances: &mut [f32x16<S>; PAIRS]) {
    // Colours are twice the way to the middle.
    let factor = f32x16::simd_from(simd, 0.25 * factor);
    for values in colours.chunks_exact(PAIRS) {
        for (distance, values) in distances.iter_mut().zip(values) {
            let way = f32x16::from_slice(simd, values);
            *distance = (way * way).mul_add(factor, *distance);
        }
    }
}
