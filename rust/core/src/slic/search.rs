//! Which clusters can be the nearest to a pixel of a tile.

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd, SimdFloat};

use super::boxes::Group;
use super::iterate::Metric;
use super::nearby::Rival;
use super::planes::TILE_WIDTH;
use crate::Real;

/// A number for each tile of a group; there are as many as the widest vector of their type has lanes.
pub(super) type Lanes<R> = [R; TILE_WIDTH];

/// Places of the sum of two squared distances, in space and in colour, that the one in space must differ by to differ in
/// the sum: one for the rounding of both sums, and more to be sure.
const ROUNDINGS: f64 = 4.0;

/// The lowest and the highest distance that the pixels of each tile of a group may have from a cluster.
#[derive(Debug, Clone, Copy)]
struct Bounds<V> {
    /// Infinite where it does not compete.
    low: V,
    /// Infinite where it does not compete for every pixel.
    high: V,
}

/// Room for the search, and what it found.
#[derive(Debug)]
pub(super) struct Search<R> {
    /// Clusters that were measured, by their place among the rivals, and the least distance in each tile.
    lowest: Vec<(u32, Lanes<R>)>,
    /// Places of the rivals that may win in each tile, ascending.
    candidates: Vec<Vec<u32>>,
    /// An upper bound for the distance of a pixel of each tile from its nearest cluster, before the first assignment for
    /// that in space, with what rounding adds; infinite if none is known.
    ceilings: Lanes<R>,
}

impl<R: Real> Search<R> {
    pub(super) fn new() -> Self {
        let candidates = vec![Vec::new(); TILE_WIDTH];
        Self { lowest: Vec::new(), candidates, ceilings: [R::INFINITY; TILE_WIDTH] }
    }

    /// Places of the rivals that may win in a tile of the group that was searched last, and its ceiling.
    #[inline(always)]
    pub(super) fn candidates(&self, tile: usize) -> (&[u32], R) {
        (&self.candidates[tile], self.ceilings[tile])
    }

    /// Finds the rivals that may win in each tile of a group. `is_uniform` says that all have one colour.
    #[inline(always)]
    pub(super) fn search<S: Simd>(
        &mut self,
        simd: S,
        metric: &Metric<R>,
        is_uniform: bool,
        rivals: &[Rival<'_, R>],
        group: &Group<'_, R>,
    ) {
        let lanes = R::WIDE_LANES;
        let infinity = R::Wide::<S>::simd_from(simd, R::INFINITY);
        let mut ceilings = infinity;
        self.lowest.clear();
        let (first, last) = (R::from_f64(group.columns.start as f64), R::from_f64((group.columns.end - 1) as f64));
        for (place, rival) in rivals.iter().enumerate() {
            if rival.first <= last && first < rival.end {
                let bounds = bounds(simd, metric, rival, is_uniform, group);
                ceilings = bounds.high.simd_lt(ceilings).select(bounds.high, ceilings);
                let mut lowest = [R::ZERO; TILE_WIDTH];
                bounds.low.store_slice(&mut lowest[..lanes]);
                self.lowest.push((place as u32, lowest));
            }
        }
        ceilings.store_slice(&mut self.ceilings[..lanes]);
        self.candidates.iter_mut().for_each(Vec::clear);
        for (place, lowest) in &self.lowest {
            let low = R::Wide::<S>::from_slice(simd, &lowest[..lanes]);
            // A bound that is NaN rules nothing out.
            let ruled_out = low.simd_gt(ceilings).to_bitmask() | low.simd_ge(infinity).to_bitmask();
            let mut kept = !ruled_out & ((1 << lanes) - 1);
            while kept != 0 {
                self.candidates[kept.trailing_zeros() as usize].push(*place);
                kept &= kept - 1;
            }
        }
    }
}

/// Bounds are computed by the operations of the distance itself, at the pixel and the colour of a tile's bounding box that
/// are nearest or farthest. Rounding is monotone, so no rounded distance in the tile lies beyond them.
#[inline(always)]
fn bounds<S: Simd, R: Real>(
    simd: S,
    metric: &Metric<R>,
    rival: &Rival<'_, R>,
    is_uniform: bool,
    group: &Group<'_, R>,
) -> Bounds<R::Wide<S>> {
    let splat = |value: R| R::Wide::<S>::simd_from(simd, value);
    let load = |lanes: &[R]| R::Wide::<S>::from_slice(simd, &lanes[..R::WIDE_LANES]);
    let (zero, infinity) = (splat(R::ZERO), splat(R::INFINITY));
    let (first, last) = (load(group.firsts), load(group.lasts));
    let (column, spacing) = (splat(rival.column), splat(metric.spacing[2]));
    let [near, far] = squares(zero, spacing * (column - first), spacing * (column - last));
    let (window_first, window_end) = (splat(rival.first), splat(rival.end));
    let near = window_first.simd_le(last).select(first.simd_lt(window_end).select(near, infinity), infinity);
    let far = window_first.simd_le(first).select(last.simd_lt(window_end).select(far, infinity), infinity);
    let (near, far) = (splat(rival.nearest) + near, splat(rival.farthest) + far);
    let (mut near_colour, mut far_colour) = (zero, zero);
    for (center, [low, high]) in rival.colour.iter().zip(group.colours()) {
        let center = splat(*center);
        let [near, far] = squares(zero, load(low) - center, load(high) - center);
        near_colour += near;
        far_colour += far;
    }
    if metric.is_adaptive {
        let maximum = splat(rival.maximum);
        near_colour /= maximum;
        far_colour /= maximum;
    }
    let weight = splat(metric.weight);
    let (nearest, farthest) = (near * weight, far * weight);
    let (lowest, highest) = if is_uniform {
        // All clusters are as far from the colour of a pixel: their places decide, unless rounding hides them.
        (nearest, farthest + (farthest + far_colour) * splat(R::from_f64(ROUNDINGS * R::EPSILON)))
    } else {
        (nearest + near_colour, farthest + far_colour)
    };
    // Not a sum: a distance that is NaN must not hide that a cluster does not compete.
    Bounds {
        low: near.simd_lt(infinity).select(lowest, infinity),
        high: far.simd_lt(infinity).select(highest, infinity),
    }
}

/// Squares of the number from `a` to `b`, or from `b` to `a`, that is nearest to 0, and of the one that is farthest.
#[inline(always)]
fn squares<S: Simd, V: SimdFloat<S>>(zero: V, a: V, b: V) -> [V; 2] {
    let (low, high) = (a.min(b), a.max(b));
    let (near, far) = (low.max(-high).max(zero), high.max(-low));
    [near * near, far * far]
}
