//! Clusters side by side, as the search for those near a tile reads them.

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
}

/// The lowest and the highest distance that the pixels of a tile may have from each cluster of a block.
pub(super) struct Bounds<V> {
    /// Infinite for those that do not compete there.
    pub(super) low: V,
    /// Infinite for those that do not compete for every pixel of it.
    pub(super) high: V,
}

impl<R: Real> Blocks<R> {
    /// No clusters, of so many channels.
    pub(super) fn empty(n_channels: usize) -> Self {
        Self { members: Vec::new(), colours: Vec::new(), n_channels }
    }

    /// All clusters, and the pixels that any of each block competes for.
    pub(super) fn new(clusters: &Clusters<R>, settings: &Settings<R>, volume: Volume) -> (Self, Vec<Window>) {
        let mut blocks = Self::empty(if settings.ignores_colour { 0 } else { clusters.n_channels() });
        blocks.resize(clusters.count());
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

    /// Channel by channel.
    #[inline(always)]
    pub(super) fn colours(&self, block: usize) -> &[Lanes<R>] {
        &self.colours[block * self.n_channels..][..self.n_channels]
    }

    /// Bounds are computed by the operations of the distance itself, at the pixel and the colour of the tile's bounding
    /// box that are nearest or farthest. Rounding is monotone, so no rounded distance in the tile lies beyond them.
    #[inline(always)]
    pub(super) fn bounds<S: Simd>(
        &self,
        simd: S,
        metric: &Metric<R>,
        block: usize,
        tile: &Tile<'_, R>,
    ) -> Bounds<R::Wide<S>> {
        let splat = |value: R| R::Wide::<S>::simd_from(simd, value);
        let load = |lanes: &Lanes<R>| R::Wide::<S>::from_slice(simd, &lanes[..R::WIDE_LANES]);
        let (zero, infinity) = (splat(R::ZERO), splat(R::INFINITY));
        let colours = self.colours(block);
        let block = &self.members[block];
        let ends = [
            (tile.slices.start, tile.slices.end - 1),
            (tile.rows.start, tile.rows.end - 1),
            (tile.columns.start, tile.columns.end - 1),
        ];
        let (mut near, mut far) = ([zero; AXES], [zero; AXES]);
        let (mut low, mut high) = (zero, zero);
        for axis in 0..AXES {
            let (first, last) = (splat(R::from_f64(ends[axis].0 as f64)), splat(R::from_f64(ends[axis].1 as f64)));
            let (position, spacing) = (load(&block.position[axis]), splat(metric.spacing[axis]));
            let (to_first, to_last) = (spacing * (position - first), spacing * (position - last));
            [near[axis], far[axis]] = squares(zero, to_first, to_last);
            let (window_first, window_end) = (load(&block.first[axis]), load(&block.end[axis]));
            low = window_first.simd_le(last).select(first.simd_lt(window_end).select(low, infinity), infinity);
            high = window_first.simd_le(first).select(last.simd_lt(window_end).select(high, infinity), infinity);
        }
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
        let lowest = ((near[0] + near[1]) + near[2]) * weight + near_colour;
        let highest = ((far[0] + far[1]) + far[2]) * weight + far_colour;
        // Not a sum: a distance that is NaN must not hide that a cluster does not compete.
        Bounds {
            low: low.simd_lt(infinity).select(lowest, infinity),
            high: high.simd_lt(infinity).select(highest, infinity),
        }
    }
}

impl<R: Real> Block<R> {
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
