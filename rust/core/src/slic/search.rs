//! Which clusters can be the nearest to a pixel of a tile.

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd, f32x8, f32x16, u32x16};

use super::boxes::{GROUP_COLUMNS, GROUP_ROWS, GROUP_TILES, Group, Lanes};
use super::nearby::Rival;
use super::planes::TILE_WIDTH;
use super::rough::{Rough, inside};
use crate::Real;

/// Places of the sum of two squared distances, in space and in colour, that the one in space must differ by to differ in
/// the sum: one for the rounding of both sums, and more to be sure.
const ROUNDINGS: f64 = 4.0;

/// First column of each tile of a group, seen from the group's.
const FIRSTS: Lanes = {
    let mut firsts = [0.0; GROUP_TILES];
    let mut lane = 0;
    while lane < GROUP_TILES {
        firsts[lane] = (lane % GROUP_COLUMNS * TILE_WIDTH) as f32;
        lane += 1;
    }
    firsts
};

/// The lowest and the highest distance that the pixels of each tile of a group may have from a cluster, in float32.
#[derive(Debug, Clone, Copy)]
struct Bounds<V> {
    /// Infinite where it does not compete.
    low: V,
    /// Infinite where it does not compete for every pixel.
    high: V,
}

/// Room for the search, and what it found.
#[derive(Debug)]
pub(super) struct Search {
    /// Clusters that were measured, by their place among the rivals.
    measured: Vec<u32>,
    /// The least distance from each of them in each tile, and room for more.
    lowest: Vec<Lanes>,
    /// For each tile, which of them may win, bit by bit.
    may_win: Vec<[u32; GROUP_TILES]>,
    /// Places of the rivals that may win in one tile, ascending.
    candidates: Vec<u32>,
    /// How far beyond an upper bound for the distance of a pixel of each tile from its nearest cluster, in space alone if
    /// all have one colour, float32 may be wrong; infinite if no bound is known.
    margins: Lanes,
}

impl Search {
    pub(super) fn new() -> Self {
        Self {
            measured: Vec::new(),
            lowest: Vec::new(),
            may_win: Vec::new(),
            candidates: Vec::new(),
            margins: [f32::INFINITY; GROUP_TILES],
        }
    }

    /// Places of the rivals that may win in a tile of the group that was searched last, and by how much the second nearest
    /// must be farther than the nearest in float32 to be so in truth.
    #[inline(always)]
    pub(super) fn candidates(&mut self, lane: usize) -> (&[u32], f32) {
        self.candidates.clear();
        for (may_win, measured) in self.may_win.iter().zip(self.measured.chunks(u32::BITS as usize)) {
            let mut bits = may_win[lane];
            while bits != 0 {
                self.candidates.push(measured[bits.trailing_zeros() as usize]);
                bits &= bits - 1;
            }
        }
        (&self.candidates, self.margins[lane])
    }

    /// Finds the rivals that may win in each tile of a group. `is_uniform` says that all have one colour.
    #[inline(always)]
    pub(super) fn search<S: Simd, R: Real>(
        &mut self,
        simd: S,
        rough: &Rough,
        is_uniform: bool,
        rivals: &[Rival<'_, R>],
        group: &Group<'_>,
    ) {
        let infinity = f32x16::simd_from(simd, f32::INFINITY);
        let mut ceilings = infinity;
        self.measured.clear();
        if self.lowest.len() < rivals.len() {
            self.lowest.resize(rivals.len(), [0.0; GROUP_TILES]);
        }
        let (first, last) = (R::from_f64(group.columns.start as f64), R::from_f64((group.columns.end - 1) as f64));
        for (place, rival) in rivals.iter().enumerate() {
            if rival.first <= last && first < rival.end {
                let bounds = bounds(simd, rough, rival, is_uniform, group);
                ceilings = bounds.high.min(ceilings);
                bounds.low.store_slice(&mut self.lowest[self.measured.len()]);
                self.measured.push(place as u32);
            }
        }
        let margins = rough.margins(simd, ceilings);
        margins.store_slice(&mut self.margins);
        // A cluster that does not compete is beyond any limit, unless distances are too large to tell.
        let limits = if rough.is_safe { (ceilings + margins).min(f32x16::simd_from(simd, f32::MAX)) } else { infinity };
        self.may_win.clear();
        for lowest in self.lowest[..self.measured.len()].chunks(u32::BITS as usize) {
            let mut may_win = u32x16::simd_from(simd, 0);
            for (i, lowest) in lowest.iter().enumerate() {
                let ruled_out = f32x16::from_slice(simd, lowest).simd_gt(limits);
                may_win = ruled_out.select(may_win, may_win | u32x16::simd_from(simd, 1 << i));
            }
            self.may_win.push([0; GROUP_TILES]);
            if let Some(last) = self.may_win.last_mut() {
                may_win.store_slice(last);
            }
        }
    }
}

/// Bounds are the distances of the pixel and the colour of a tile's bounding box that are nearest or farthest.
#[inline(always)]
fn bounds<S: Simd, R: Real>(
    simd: S,
    rough: &Rough,
    rival: &Rival<'_, R>,
    is_uniform: bool,
    group: &Group<'_>,
) -> Bounds<f32x16<S>> {
    let splat = |value: f32| f32x16::simd_from(simd, value);
    let load = |lanes: &Lanes| f32x16::from_slice(simd, lanes);
    let (zero, infinity, largest) = (splat(0.0), splat(f32::INFINITY), splat(f32::MAX));
    let origin = R::from_f64(group.columns.start as f64);
    let firsts = load(&FIRSTS);
    let lasts = (firsts + splat((TILE_WIDTH - 1) as f32)).min(splat((group.columns.len() - 1) as f32));
    let column = rival.column - origin;
    let (left, right) = (rough.along(simd, 2, column, firsts), rough.along(simd, 2, column, lasts));
    let [near, far] = squares(zero, right, left);
    let [start, end] = rival.window(simd, origin);
    let near = inside(simd, [start.simd_le(lasts), firsts.simd_lt(end)], near) + by_row(simd, rival.rough.nearest);
    let far = inside(simd, [start.simd_le(firsts), lasts.simd_lt(end)], far) + by_row(simd, rival.rough.farthest);
    let (mut near_colour, mut far_colour) = (zero, zero);
    for (center, [low, high]) in rival.rough.colour.iter().zip(group.ranges()) {
        let center = splat(*center);
        let [near, far] = squares(zero, load(low) - center, load(high) - center);
        near_colour += near;
        far_colour += far;
    }
    let inverse = splat(rival.rough.inverse);
    let (low, high) = if is_uniform {
        // All clusters are as far from the colour of a pixel: their places decide, unless rounding hides them.
        (near, far + (far + far_colour * inverse) * splat((ROUNDINGS * R::EPSILON) as f32))
    } else {
        (near_colour.mul_add(inverse, near), far_colour.mul_add(inverse, far))
    };
    // A distance that is too large or not a number must not look like that of a cluster that does not compete.
    let low = near.simd_lt(infinity).select(low.min(largest), infinity);
    Bounds { low, high: far.simd_lt(infinity).select(high, infinity) }
}

/// The number of each tile's row.
#[inline(always)]
fn by_row<S: Simd>(simd: S, rows: [f32; GROUP_ROWS]) -> f32x16<S> {
    let [above, below] = rows.map(|row| f32x8::simd_from(simd, row));
    above.combine(below)
}

/// Squares of the number from `low` to `high` that is nearest to 0, and of the one that is farthest.
#[inline(always)]
fn squares<S: Simd>(zero: f32x16<S>, low: f32x16<S>, high: f32x16<S>) -> [f32x16<S>; 2] {
    let (near, far) = (low.max(-high).max(zero), high.max(-low));
    [near * near, far * far]
}
