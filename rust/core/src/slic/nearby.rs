//! The clusters that compete for the pixels of a band.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd, f32x16};

use super::boxes::GROUP_ROWS;
use super::clusters::{AXES, Clusters};
use super::iterate::{Metric, Settings};
use super::planes::Volume;
use super::rough::{Rough, inside};
use super::tiles::{PAIRS, Pair};
use crate::Real;

/// First and one past the last pixel along each axis that a cluster competes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window([(usize, usize); AXES]);

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

/// The clusters of an iteration.
#[derive(Debug)]
pub(super) struct Competitors<'a, R> {
    pub(super) metric: Metric<R>,
    clusters: &'a Clusters<R>,
    windows: Vec<Window>,
    /// Channels that count.
    pub(super) n_channels: usize,
    /// Their colours in float32, shape (`n_clusters`, `n_channels`).
    rough_colours: Vec<f32>,
    /// Whether all have one colour that counts, as they have before the first assignment.
    pub(super) is_uniform: bool,
    /// How far any colour may be from the one that decides.
    pub(super) largest_error: f64,
}

impl<'a, R: Real> Competitors<'a, R> {
    pub(super) fn new(clusters: &'a Clusters<R>, settings: &Settings<R>, volume: Volume) -> Self {
        let windows = (0..clusters.count())
            .map(|cluster| Window::new(clusters.position(cluster), settings.window, volume))
            .collect();
        let n_channels = if settings.ignores_colour { 0 } else { clusters.n_channels() };
        let colours = (0..clusters.count()).flat_map(|cluster| &clusters.colour(cluster)[..n_channels]);
        Self {
            metric: Metric::new(settings),
            clusters,
            windows,
            n_channels,
            rough_colours: colours.map(|value| value.to_f64() as f32).collect(),
            is_uniform: n_channels > 0 && clusters.are_uniform(),
            largest_error: clusters.largest_error(),
        }
    }
}

/// A cluster that competes for pixels of a band, and what all tiles of the band share.
#[derive(Debug)]
pub(super) struct Rival<'a, R> {
    /// Which cluster it is.
    pub(super) number: R,
    pub(super) colour: &'a [R],
    /// How far the colour may be from the one that decides.
    pub(super) error: R,
    /// What colour distances are divided by.
    pub(super) maximum: R,
    /// Column of its place, the first column that it competes for, and one past the last.
    pub(super) column: R,
    pub(super) first: R,
    pub(super) end: R,
    /// Squared distance along z.
    depth: R,
    /// Row of its place, and those that it competes for.
    line: R,
    lines: (usize, usize),
    pub(super) rough: RoughRival<'a>,
}

/// The same in float32.
#[derive(Debug)]
pub(super) struct RoughRival<'a> {
    pub(super) number: f32,
    pub(super) colour: &'a [f32],
    /// What colour distances are multiplied by.
    pub(super) inverse: f32,
    /// The least squared distance along z and y in each row of tiles, infinite where it does not compete.
    pub(super) nearest: [f32; GROUP_ROWS],
    /// The largest one, infinite where it does not compete for all rows.
    pub(super) farthest: [f32; GROUP_ROWS],
}

/// Squared distances in float32 along z and y from a rival to each row of the band, infinite outside its window.
pub(super) type Down = [Pair; GROUP_ROWS * PAIRS];

/// The rivals that may win in a tile.
pub(super) struct Candidates<'a, R> {
    pub(super) rivals: Rivals<'a, R>,
    /// Which of them, ascending.
    pub(super) places: &'a [u32],
}

impl<'a, R> Candidates<'a, R> {
    #[inline(always)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a Rival<'a, R>, &'a Down)> {
        let Rivals { all, downs } = self.rivals;
        self.places.iter().map(|place| (&all[*place as usize], &downs[*place as usize]))
    }
}

/// Those that compete in a band.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rivals<'a, R> {
    pub(super) all: &'a [Rival<'a, R>],
    downs: &'a [Down],
}

/// The clusters that compete in a band, ascending.
#[derive(Debug)]
pub(super) struct Nearby<'a, R> {
    /// Those that compete in its slice.
    in_slice: Vec<u32>,
    rivals: Vec<Rival<'a, R>>,
    /// Of each of them, and of more that there were in another band: too large to be moved about.
    downs: Vec<Down>,
}

impl<'a, R: Real> Nearby<'a, R> {
    pub(super) fn new() -> Self {
        Self { in_slice: Vec::new(), rivals: Vec::new(), downs: Vec::new() }
    }

    /// Turns to slice `z`.
    pub(super) fn enter(&mut self, competitors: &Competitors<'_, R>, z: usize) {
        self.in_slice.clear();
        for (cluster, Window([slices, _, columns])) in competitors.windows.iter().enumerate() {
            if slices.0 <= z && z < slices.1 && columns.0 < columns.1 {
                self.in_slice.push(cluster as u32);
            }
        }
    }

    /// Finds those that compete in some rows of slice `z`, which was entered.
    #[inline(always)]
    pub(super) fn find<S: Simd>(
        &mut self,
        simd: S,
        competitors: &'a Competitors<'_, R>,
        rough: &Rough,
        z: usize,
        rows: &Range<usize>,
    ) {
        self.rivals.clear();
        for cluster in self.in_slice.iter().map(|cluster| *cluster as usize) {
            let Window([_, lines, _]) = competitors.windows[cluster];
            if lines.0 < rows.end && rows.start < lines.1 {
                let mut rival = Rival::new(competitors, cluster, z);
                let place = self.rivals.len();
                if place == self.downs.len() {
                    self.downs.push([Pair::ZERO; GROUP_ROWS * PAIRS]);
                }
                rival.measure(simd, rough, rows, &mut self.downs[place]);
                self.rivals.push(rival);
            }
        }
    }

    /// Those that were found last.
    pub(super) fn rivals(&self) -> Rivals<'_, R> {
        Rivals { all: &self.rivals, downs: &self.downs }
    }
}

impl<'a, R: Real> Rival<'a, R> {
    #[inline(always)]
    fn new(competitors: &'a Competitors<'_, R>, cluster: usize, z: usize) -> Self {
        let Competitors { ref metric, clusters, n_channels, ref rough_colours, .. } = *competitors;
        let Window([_, lines, columns]) = competitors.windows[cluster];
        let ([depth, line, column], maximum) = (clusters.position(cluster), clusters.maxima[cluster]);
        Self {
            number: R::from_f64(cluster as f64),
            colour: &clusters.colour(cluster)[..n_channels],
            error: clusters.error(cluster),
            maximum,
            column,
            first: R::from_f64(columns.0 as f64),
            end: R::from_f64(columns.1 as f64),
            depth: metric.along(0, depth, R::from_f64(z as f64)),
            line,
            lines,
            rough: RoughRival {
                number: cluster as f32,
                colour: &rough_colours[cluster * n_channels..][..n_channels],
                inverse: (1.0 / maximum.to_f64()) as f32,
                nearest: [0.0; GROUP_ROWS],
                farthest: [0.0; GROUP_ROWS],
            },
        }
    }

    /// Measures to some rows, those of a band, in float32.
    #[inline(always)]
    fn measure<S: Simd>(&mut self, simd: S, rough: &Rough, rows: &Range<usize>, down_out: &mut Down) {
        let splat = |value: f32| f32x16::simd_from(simd, value);
        let origin = R::from_f64(rows.start as f64);
        let depth = splat(rough.weigh(self.depth));
        let place = |line: usize| splat((line as f64 - rows.start as f64) as f32);
        // Rows beyond the image are as good as any, so that the last ones do not look as if they lay outside the window.
        let end = if self.lines.1 < rows.end { place(self.lines.1) } else { splat(f32::INFINITY) };
        let start = place(self.lines.0);
        for (group_row, down) in down_out.chunks_exact_mut(PAIRS).enumerate() {
            let (mut nearest, mut farthest) = (splat(f32::INFINITY), splat(0.0));
            for (pair, down) in down.iter_mut().enumerate() {
                let rows = Pair::ROWS.load(simd) + splat((2 * (group_row * PAIRS + pair)) as f32);
                let along = rough.along(simd, 1, self.line - origin, rows);
                let is_inside = [start.simd_le(rows), rows.simd_lt(end)];
                let distances = inside(simd, is_inside, along.mul_add(along, depth));
                nearest = nearest.min(distances);
                farthest = farthest.max(distances);
                down.store(distances);
            }
            self.rough.nearest[group_row] = Pair::of(nearest).rows().into_iter().fold(f32::INFINITY, f32::min);
            self.rough.farthest[group_row] = Pair::of(farthest).rows().into_iter().fold(0.0, f32::max);
        }
    }

    /// Squared distance along z and y to a row; infinite outside the window.
    #[inline(always)]
    pub(super) fn down(&self, metric: &Metric<R>, y: usize) -> R {
        let is_inside = self.lines.0 <= y && y < self.lines.1;
        if is_inside { self.depth + metric.along(1, self.line, R::from_f64(y as f64)) } else { R::INFINITY }
    }

    /// Where its window begins and ends along x, seen from column `origin`, in float32.
    #[inline(always)]
    pub(super) fn window<S: Simd>(&self, simd: S, origin: R) -> [f32x16<S>; 2] {
        [self.first, self.end].map(|place| f32x16::simd_from(simd, (place - origin).to_f64() as f32))
    }

    /// Squared distance along x to a column; infinite outside the window.
    pub(super) fn across_one(&self, metric: &Metric<R>, x: usize) -> R {
        let column = R::from_f64(x as f64);
        let is_inside = self.first <= column && column < self.end;
        if is_inside { metric.along(2, self.column, column) } else { R::INFINITY }
    }

    /// Squared distances along x to some columns; infinite outside the window.
    #[inline(always)]
    pub(super) fn across<S: Simd>(&self, simd: S, metric: &Metric<R>, columns: R::Wide<S>) -> R::Wide<S> {
        let splat = |value: R| R::Wide::<S>::simd_from(simd, value);
        let difference = splat(metric.spacing[2]) * (splat(self.column) - columns);
        let (square, infinity) = (difference * difference, splat(R::INFINITY));
        splat(self.first).simd_le(columns).select(columns.simd_lt(splat(self.end)).select(square, infinity), infinity)
    }
}
