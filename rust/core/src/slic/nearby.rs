//! The clusters that compete for the pixels of a band.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd};

use super::clusters::{AXES, Clusters};
use super::iterate::{Metric, Settings};
use super::planes::{TILE_HEIGHT, Volume};
use super::screen::{PAIRS, Pair};
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
    narrow_colours: Vec<f32>,
    /// Whether all have one colour that counts, as they have before the first assignment.
    pub(super) is_uniform: bool,
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
            narrow_colours: colours.map(|value| value.to_f64() as f32).collect(),
            is_uniform: n_channels > 0 && clusters.are_uniform(),
        }
    }
}

/// A cluster that competes for pixels of a band, and what all tiles of the band share.
#[derive(Debug)]
pub(super) struct Rival<'a, R> {
    /// Which cluster it is.
    pub(super) number: R,
    pub(super) colour: &'a [R],
    /// What colour distances are divided by.
    pub(super) maximum: R,
    /// Column of its place, the first column that it competes for, and one past the last.
    pub(super) column: R,
    pub(super) first: R,
    pub(super) end: R,
    /// Squared distance along z and y to each row, infinite outside the window; the least and the largest of them.
    pub(super) down: [R; TILE_HEIGHT],
    pub(super) nearest: R,
    pub(super) farthest: R,
    /// Number, colour and weighted distances to each row in float32.
    pub(super) narrow_number: f32,
    pub(super) narrow_colour: &'a [f32],
    pub(super) narrow_down: [Pair; PAIRS],
}

/// The rivals that may win in a tile.
pub(super) struct Candidates<'a, R> {
    pub(super) rivals: &'a [Rival<'a, R>],
    /// Which of them, ascending.
    pub(super) places: &'a [u32],
}

impl<'a, R> Candidates<'a, R> {
    #[inline(always)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &'a Rival<'a, R>> {
        let rivals = self.rivals;
        self.places.iter().map(|place| &rivals[*place as usize])
    }
}

/// The clusters that compete in a band, ascending.
#[derive(Debug)]
pub(super) struct Nearby<'a, R> {
    /// Those that compete in its slice.
    in_slice: Vec<u32>,
    rivals: Vec<Rival<'a, R>>,
}

impl<'a, R: Real> Nearby<'a, R> {
    pub(super) fn new() -> Self {
        Self { in_slice: Vec::new(), rivals: Vec::new() }
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
    pub(super) fn find(&mut self, competitors: &'a Competitors<'_, R>, z: usize, rows: &Range<usize>) {
        self.rivals.clear();
        for cluster in self.in_slice.iter().map(|cluster| *cluster as usize) {
            let Window([_, lines, columns]) = competitors.windows[cluster];
            if lines.0 < rows.end && rows.start < lines.1 {
                self.rivals.push(Rival::new(competitors, cluster, (z, rows), lines, columns));
            }
        }
    }

    /// Those that were found last.
    pub(super) fn rivals(&self) -> &[Rival<'a, R>] {
        &self.rivals
    }
}

impl<'a, R: Real> Rival<'a, R> {
    #[inline(always)]
    fn new(
        competitors: &'a Competitors<'_, R>,
        cluster: usize,
        (z, rows): (usize, &Range<usize>),
        lines: (usize, usize),
        columns: (usize, usize),
    ) -> Self {
        let Competitors { ref metric, clusters, n_channels, ref narrow_colours, .. } = *competitors;
        let position = clusters.position(cluster);
        let depth = metric.along(0, position[0], R::from_f64(z as f64));
        let down_to = |y: usize| depth + metric.along(1, position[1], R::from_f64(y as f64));
        let own = lines.0.max(rows.start)..lines.1.min(rows.end);
        let mut down = [R::INFINITY; TILE_HEIGHT];
        for (row, down) in down.iter_mut().enumerate() {
            let y = rows.start + row;
            *down = if own.start <= y && y < own.end { down_to(y) } else { R::INFINITY };
        }
        // Rounding is monotone: of the rows above and below its place one is the nearest, and the first or the last the
        // farthest.
        let above = (position[1].to_f64() as usize).clamp(own.start, own.end - 1);
        let near = [down_to(above), down_to((above + 1).min(own.end - 1))];
        let far = [down_to(own.start), down_to(own.end - 1)];
        let weight = metric.weight.to_f64();
        let mut narrow_down = [Pair::ZERO; PAIRS];
        for (rows, pair) in down.as_chunks::<2>().0.iter().zip(&mut narrow_down) {
            *pair = Pair::new(rows.map(|down| down.to_f64() * weight));
        }
        Self {
            number: R::from_f64(cluster as f64),
            colour: &clusters.colour(cluster)[..n_channels],
            maximum: clusters.maxima[cluster],
            column: position[2],
            first: R::from_f64(columns.0 as f64),
            end: R::from_f64(columns.1 as f64),
            down,
            nearest: if near[0] < near[1] { near[0] } else { near[1] },
            farthest: if own != *rows {
                R::INFINITY
            } else if far[0] < far[1] {
                far[1]
            } else {
                far[0]
            },
            narrow_number: cluster as f32,
            narrow_colour: &narrow_colours[cluster * n_channels..][..n_channels],
            narrow_down,
        }
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
