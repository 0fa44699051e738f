//! Clusters side by side, as the search for those near a tile reads them.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd, SimdFloat};

use super::boxes::Tile;
use super::clusters::{AXES, Clusters};
use super::iterate::{Metric, Settings};
use super::planes::{TILE_WIDTH, Volume};
use crate::Real;

/// A number for each cluster of a block; there are as many as the widest vector of their type has lanes.
pub(super) type Lanes<R> = [R; TILE_WIDTH];

/// First and one past the last pixel along each axis that a cluster competes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window(pub(super) [(usize, usize); AXES]);

impl Window {
    /// Two steps to either side of `position`, of 0 pixels for a cluster that has none.
    fn new<R: Real>(position: [R; AXES], steps: [usize; AXES], volume: Volume) -> Self {
        let extents = [volume.depth, volume.height, volume.width];
        let mut ranges = [(0, 0); AXES];
        for axis in 0..AXES {
            let reach = R::from_f64(2.0 * steps[axis] as f64);
            // As a cast in C truncates; Rust's turns NaN into 0, which makes the range empty.
            let first = (position[axis] - reach).to_f64().max(0.0) as usize;
            let end = (position[axis] + reach + R::ONE).to_f64() as usize;
            ranges[axis] = (first, end.min(extents[axis]));
        }
        Self(ranges)
    }
}

/// Places of the sum of two squared distances, in space and in colour, that the one in space must differ by to differ in
/// the sum: one for the rounding of both sums, and more to be sure.
const ROUNDINGS: f64 = 4.0;

/// Some clusters, each number of them in its lane.
#[derive(Debug, Clone)]
pub(super) struct Block<R> {
    pub(super) position: [Lanes<R>; AXES],
    /// First pixel along each axis that the cluster competes for, and one past the last; 0 in a lane without cluster.
    pub(super) first: [Lanes<R>; AXES],
    pub(super) end: [Lanes<R>; AXES],
    /// What colour distances are divided by.
    pub(super) maximum: Lanes<R>,
    /// Which clusters they are.
    pub(super) number: Lanes<R>,
}

/// Clusters in blocks.
#[derive(Debug)]
pub(super) struct Blocks<R> {
    members: Vec<Block<R>>,
    /// Shape (blocks, channels).
    colours: Vec<Lanes<R>>,
    n_channels: usize,
    /// Whether all clusters have one colour, as they have before the first assignment.
    is_uniform: bool,
}

/// The lowest and the highest distance that the pixels of a tile may have from each cluster of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds<V> {
    /// Infinite for those that do not compete there.
    pub(super) low: V,
    /// Infinite for those that do not compete for every pixel of it.
    pub(super) high: V,
}

impl<R: Real> Blocks<R> {
    /// No clusters, of so many channels.
    pub(super) fn empty(n_channels: usize) -> Self {
        Self { members: Vec::new(), colours: Vec::new(), n_channels, is_uniform: false }
    }

    /// All clusters, and the pixels that any of each block competes for.
    pub(super) fn new(clusters: &Clusters<R>, settings: &Settings<R>, volume: Volume) -> (Self, Vec<Window>) {
        let mut blocks = Self::empty(if settings.ignores_colour { 0 } else { clusters.n_channels() });
        blocks.resize(clusters.count());
        blocks.is_uniform = clusters.are_uniform();
        let mut reaches = vec![Window([(usize::MAX, 0); AXES]); blocks.len()];
        for cluster in 0..clusters.count() {
            let (block, lane) = (cluster / R::WIDE_LANES, cluster % R::WIDE_LANES);
            let position = clusters.position(cluster);
            let Window(window) = Window::new(position, settings.window, volume);
            let colours = &mut blocks.colours[block * blocks.n_channels..][..blocks.n_channels];
            for (lanes, colour) in colours.iter_mut().zip(clusters.colour(cluster)) {
                lanes[lane] = *colour;
            }
            let member = &mut blocks.members[block];
            member.maximum[lane] = clusters.maxima[cluster];
            member.number[lane] = R::from_f64(cluster as f64);
            for axis in 0..AXES {
                member.position[axis][lane] = position[axis];
                member.first[axis][lane] = R::from_f64(window[axis].0 as f64);
                member.end[axis][lane] = R::from_f64(window[axis].1 as f64);
            }
            if window.iter().all(|(first, end)| first < end) {
                for (reach, (first, end)) in reaches[block].0.iter_mut().zip(window) {
                    *reach = (reach.0.min(first), reach.1.max(end));
                }
            }
        }
        (blocks, reaches)
    }

    fn resize(&mut self, n_clusters: usize) {
        let none = [[R::ZERO; TILE_WIDTH]; AXES];
        let n_blocks = n_clusters.div_ceil(R::WIDE_LANES);
        self.members.clear();
        self.members.resize(
            n_blocks,
            Block {
                position: none,
                first: [[R::INFINITY; TILE_WIDTH]; AXES],
                end: none,
                maximum: [R::ONE; TILE_WIDTH],
                number: [-R::ONE; TILE_WIDTH],
            },
        );
        self.colours.resize(n_blocks * self.n_channels, [R::ZERO; TILE_WIDTH]);
    }

    /// Replaces the content by some clusters of `source`.
    #[inline(always)]
    pub(super) fn pack(&mut self, source: &Self, clusters: &[u32]) {
        self.resize(clusters.len());
        self.is_uniform = source.is_uniform;
        for (place, cluster) in clusters.iter().enumerate() {
            let (from, from_lane) = (*cluster as usize / R::WIDE_LANES, *cluster as usize % R::WIDE_LANES);
            let (to, lane) = (place / R::WIDE_LANES, place % R::WIDE_LANES);
            let (given, packed) = (&source.members[from], &mut self.members[to]);
            packed.maximum[lane] = given.maximum[from_lane];
            packed.number[lane] = given.number[from_lane];
            for axis in 0..AXES {
                packed.position[axis][lane] = given.position[axis][from_lane];
                packed.first[axis][lane] = given.first[axis][from_lane];
                packed.end[axis][lane] = given.end[axis][from_lane];
            }
            let colours = &mut self.colours[to * self.n_channels..][..self.n_channels];
            for (colour, given) in colours.iter_mut().zip(source.colours(from)) {
                colour[lane] = given[from_lane];
            }
        }
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    #[inline(always)]
    pub(super) fn n_channels(&self) -> usize {
        self.n_channels
    }

    #[inline(always)]
    pub(super) fn block(&self, block: usize) -> &Block<R> {
        &self.members[block]
    }

    /// Which cluster is at a place.
    #[inline(always)]
    pub(super) fn number(&self, place: u32) -> R {
        let place = place as usize;
        self.members[place / R::WIDE_LANES].number[place % R::WIDE_LANES]
    }

    /// Channel by channel.
    #[inline(always)]
    pub(super) fn colours(&self, block: usize) -> &[Lanes<R>] {
        &self.colours[block * self.n_channels..][..self.n_channels]
    }

    /// What the tiles of some rows have in common: squares of the least and the largest distance along z and y.
    #[inline(always)]
    pub(super) fn down<S: Simd>(
        &self,
        simd: S,
        metric: &Metric<R>,
        block: usize,
        slices: &Range<usize>,
        rows: &Range<usize>,
    ) -> Bounds<R::Wide<S>> {
        let block = &self.members[block];
        let [depth, height] = [block.along(simd, metric, 0, slices), block.along(simd, metric, 1, rows)];
        Bounds { low: depth.low + height.low, high: depth.high + height.high }
    }

    /// Bounds are computed by the operations of the distance itself, at the pixel and the colour of the tile's bounding
    /// box that are nearest or farthest. Rounding is monotone, so no rounded distance in the tile lies beyond them.
    /// `down` is what [`Blocks::down`] returns for the tile's rows.
    #[inline(always)]
    pub(super) fn bounds<S: Simd>(
        &self,
        simd: S,
        metric: &Metric<R>,
        block: usize,
        tile: &Tile<'_, R>,
        down: &Bounds<R::Wide<S>>,
    ) -> Bounds<R::Wide<S>> {
        let splat = |value: R| R::Wide::<S>::simd_from(simd, value);
        let load = |lanes: &Lanes<R>| R::Wide::<S>::from_slice(simd, &lanes[..R::WIDE_LANES]);
        let (zero, infinity) = (splat(R::ZERO), splat(R::INFINITY));
        let colours = self.colours(block);
        let block = &self.members[block];
        let across = block.along(simd, metric, 2, &tile.columns);
        let (near, far) = (down.low + across.low, down.high + across.high);
        let (mut near_colour, mut far_colour) = (zero, zero);
        for (centers, [low, high]) in colours.iter().zip(tile.colours) {
            let center = load(centers);
            let [near, far] = squares(zero, splat(*low) - center, splat(*high) - center);
            near_colour += near;
            far_colour += far;
        }
        let (weight, maximum) = (splat(metric.weight), load(&block.maximum));
        if metric.is_adaptive {
            near_colour /= maximum;
            far_colour /= maximum;
        }
        let (nearest, farthest) = (near * weight, far * weight);
        let (lowest, highest) = if self.is_uniform {
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
}

impl<R: Real> Block<R> {
    /// Squares of the least and the largest distance along an axis from some pixels, infinite if the window holds none of
    /// them, or not all.
    #[inline(always)]
    fn along<S: Simd>(&self, simd: S, metric: &Metric<R>, axis: usize, pixels: &Range<usize>) -> Bounds<R::Wide<S>> {
        let splat = |value: R| R::Wide::<S>::simd_from(simd, value);
        let load = |lanes: &Lanes<R>| R::Wide::<S>::from_slice(simd, &lanes[..R::WIDE_LANES]);
        let (zero, infinity) = (splat(R::ZERO), splat(R::INFINITY));
        let first = splat(R::from_f64(f64::from(pixels.start as u32)));
        let last = splat(R::from_f64(f64::from((pixels.end - 1) as u32)));
        let (position, spacing) = (load(&self.position[axis]), splat(metric.spacing[axis]));
        let [near, far] = squares(zero, spacing * (position - first), spacing * (position - last));
        let (window_first, window_end) = (load(&self.first[axis]), load(&self.end[axis]));
        Bounds {
            low: window_first.simd_le(last).select(first.simd_lt(window_end).select(near, infinity), infinity),
            high: window_first.simd_le(first).select(last.simd_lt(window_end).select(far, infinity), infinity),
        }
    }

    /// Squared distances along an axis from the cluster in a lane to `pixels`; infinite outside the window.
    #[inline(always)]
    pub(super) fn squares_within<S: Simd>(
        &self,
        simd: S,
        metric: &Metric<R>,
        (axis, lane): (usize, usize),
        pixels: R::Wide<S>,
    ) -> R::Wide<S> {
        let splat = |value: R| R::Wide::<S>::simd_from(simd, value);
        let difference = splat(metric.spacing[axis]) * (splat(self.position[axis][lane]) - pixels);
        let square = difference * difference;
        let (first, end, infinity) = (splat(self.first[axis][lane]), splat(self.end[axis][lane]), splat(R::INFINITY));
        first.simd_le(pixels).select(pixels.simd_lt(end).select(square, infinity), infinity)
    }
}

/// Squares of the number from `a` to `b`, or from `b` to `a`, that is nearest to 0, and of the one that is farthest.
#[inline(always)]
fn squares<S: Simd, V: SimdFloat<S>>(zero: V, a: V, b: V) -> [V; 2] {
    let (square_a, square_b) = (a * a, b * b);
    let is_less = square_a.simd_lt(square_b);
    let (least, greatest) = (is_less.select(square_a, square_b), is_less.select(square_b, square_a));
    // Signs differ, or one of them is 0; their product would underflow.
    let low = a.simd_lt(b).select(a, b);
    let high = a.simd_lt(b).select(b, a);
    let near = low.simd_le(zero).select(zero.simd_le(high).select(zero, least), least);
    [near, greatest]
}
