//! The clusters that compete for the pixels of a band.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd, f32x16};

use super::boxes::{GROUP_ROWS, Lanes};
use super::clusters::{AXES, Clusters};
use super::forms::Forms;
use super::iterate::{Metric, Settings};
use super::planes::{TILE_DEPTH, TILE_HEIGHT, Volume};
use super::rough::Rough;
use super::tiles::{MIDDLE, PAIRS, Pair, Tile};
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
    /// Squared distance along z to each slice of the slab; infinite where it does not compete.
    depths: [R; TILE_DEPTH],
    /// Slice and row of its place, and those that it competes for.
    plane: R,
    line: R,
    slices: (usize, usize),
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
    /// The way along z from the middle of the slab.
    pub(super) depth: f32,
    /// The way along y from the middle of each row of tiles, and its square with that of the way along z.
    pub(super) down: [f32; GROUP_ROWS],
    pub(super) squares: [f32; GROUP_ROWS],
    /// Which part of each row of tiles it competes for: 0 for none, 1 for all.
    pub(super) shares: [f32; GROUP_ROWS],
}

/// A cluster that may win in a tile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Its place among the rivals, and among the forms.
    pub(super) place: u32,
    pub(super) form: u32,
    /// Whether its window leaves out a pixel.
    pub(super) is_cut: bool,
}

/// The rivals that may win in a tile, ascending.
pub(super) struct Candidates<'a, R> {
    pub(super) rivals: &'a [Rival<'a, R>],
    pub(super) forms: &'a Forms,
    pub(super) all: &'a [Candidate],
}

impl<'a, R> Candidates<'a, R> {
    #[inline(always)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &'a Rival<'a, R>> {
        self.all.iter().map(|candidate| &self.rivals[candidate.place as usize])
    }

    /// Each with its form, and whether its window leaves out a pixel.
    #[inline(always)]
    pub(super) fn with_forms(&self) -> impl Iterator<Item = (&'a Rival<'a, R>, &'a [Lanes], bool)> {
        let form = |candidate: &Candidate| self.forms.get(candidate.form as usize);
        self.iter().zip(self.all).map(move |(rival, candidate)| (rival, form(candidate), candidate.is_cut))
    }
}

/// The clusters that compete in a band, ascending.
#[derive(Debug)]
pub(super) struct Nearby<'a, R> {
    /// Those that compete in its slab.
    in_slab: Vec<u32>,
    rivals: Vec<Rival<'a, R>>,
}

impl<'a, R: Real> Nearby<'a, R> {
    pub(super) fn new() -> Self {
        Self { in_slab: Vec::new(), rivals: Vec::new() }
    }

    /// Turns to a slab.
    pub(super) fn enter(&mut self, competitors: &Competitors<'_, R>, slab: &Range<usize>) {
        self.in_slab.clear();
        for (cluster, Window([slices, _, columns])) in competitors.windows.iter().enumerate() {
            if slices.0 < slab.end && slab.start < slices.1 && columns.0 < columns.1 {
                self.in_slab.push(cluster as u32);
            }
        }
    }

    /// Finds those that compete in some rows of the slab, which was entered.
    pub(super) fn find(
        &mut self,
        competitors: &'a Competitors<'_, R>,
        rough: &Rough,
        slab: &Range<usize>,
        rows: &Range<usize>,
    ) {
        self.rivals.clear();
        for cluster in self.in_slab.iter().map(|cluster| *cluster as usize) {
            let Window([_, lines, _]) = competitors.windows[cluster];
            if lines.0 < rows.end && rows.start < lines.1 {
                let mut rival = Rival::new(competitors, cluster, slab);
                rival.measure(rough, slab, rows);
                self.rivals.push(rival);
            }
        }
    }

    /// Those that were found last.
    pub(super) fn rivals(&self) -> &[Rival<'_, R>] {
        &self.rivals
    }
}

impl<'a, R: Real> Rival<'a, R> {
    #[inline(always)]
    fn new(competitors: &'a Competitors<'_, R>, cluster: usize, slab: &Range<usize>) -> Self {
        let Competitors { ref metric, clusters, n_channels, ref rough_colours, .. } = *competitors;
        let Window([slices, lines, columns]) = competitors.windows[cluster];
        let ([plane, line, column], maximum) = (clusters.position(cluster), clusters.maxima[cluster]);
        Self {
            number: R::from_f64(cluster as f64),
            colour: &clusters.colour(cluster)[..n_channels],
            error: clusters.error(cluster),
            maximum,
            column,
            first: R::from_f64(columns.0 as f64),
            end: R::from_f64(columns.1 as f64),
            depths: std::array::from_fn(|layer| {
                let z = slab.start + layer;
                let is_inside = slices.0 <= z && z < slices.1;
                if is_inside { metric.along(0, plane, R::from_f64(z as f64)) } else { R::INFINITY }
            }),
            plane,
            line,
            slices,
            lines,
            rough: RoughRival {
                number: cluster as f32,
                colour: &rough_colours[cluster * n_channels..][..n_channels],
                inverse: (1.0 / maximum.to_f64()) as f32,
                depth: 0.0,
                down: [0.0; GROUP_ROWS],
                squares: [0.0; GROUP_ROWS],
                shares: [0.0; GROUP_ROWS],
            },
        }
    }

    /// Measures to some rows of a slab, those of a band, in float32.
    fn measure(&mut self, rough: &Rough, slab: &Range<usize>, rows: &Range<usize>) {
        let [plane, line] =
            [(self.plane, slab), (self.line, rows)].map(|(place, all)| place - R::from_f64(all.start as f64));
        self.rough.depth = rough.along_one(0, plane, rough.middle_slice);
        let covers_slab = self.slices.0 <= slab.start && slab.end <= self.slices.1;
        for group_row in 0..GROUP_ROWS {
            let first = group_row * TILE_HEIGHT;
            let way = rough.along_one(1, line, first as f32 + MIDDLE);
            // Rows beyond the image are as good as any: the last ones are not to look as if they lay outside the window.
            let (first, end) = ((rows.start + first).min(rows.end), (rows.start + first + TILE_HEIGHT).min(rows.end));
            let competes = self.lines.0 < end && first < self.lines.1;
            let covers = covers_slab && self.lines.0 <= first && end <= self.lines.1;
            self.rough.down[group_row] = way;
            self.rough.squares[group_row] = self.rough.depth * self.rough.depth + way * way;
            self.rough.shares[group_row] = if covers {
                1.0
            } else if competes {
                0.5
            } else {
                0.0
            };
        }
    }

    /// Makes distances infinite where the window leaves out pixels of a tile.
    #[inline(always)]
    pub(super) fn keep_inside<S: Simd>(&self, simd: S, tile: &Tile<'_>, distances: &mut [f32x16<S>; PAIRS]) {
        let splat = |value: f32| f32x16::simd_from(simd, value);
        let columns = Pair::COLUMNS.load(simd);
        let [start, end] = self.window(simd, R::from_f64(tile.columns.start as f64));
        let is_beside = [columns.simd_lt(start), columns.simd_ge(end)];
        let place = |line: usize| splat((line as f64 - tile.rows.start as f64) as f32);
        let is_beside_slice = tile.z < self.slices.0 || self.slices.1 <= tile.z;
        let (start, end) =
            (if is_beside_slice { splat(f32::INFINITY) } else { place(self.lines.0) }, place(self.lines.1));
        for (pair, distance) in distances.iter_mut().enumerate() {
            let rows = Pair::ROWS.load(simd) + splat((2 * pair) as f32);
            let is_outside = is_beside[0] | is_beside[1] | rows.simd_lt(start) | rows.simd_ge(end);
            *distance = is_outside.select(splat(f32::INFINITY), *distance);
        }
    }

    /// Squared distance along z and y to a row of a slice of the slab; infinite outside the window.
    #[inline(always)]
    pub(super) fn down(&self, metric: &Metric<R>, [layer, y]: [usize; 2]) -> R {
        let is_inside = self.lines.0 <= y && y < self.lines.1;
        if is_inside { self.depths[layer] + metric.along(1, self.line, R::from_f64(y as f64)) } else { R::INFINITY }
    }

    /// Where its window begins and ends along x, seen from column `origin`, in float32.
    #[inline(always)]
    pub(super) fn window<S: Simd>(&self, simd: S, origin: R) -> [f32x16<S>; 2] {
        let seen = |place: R| f32x16::simd_from(simd, (place - origin).to_f64() as f32);
        [seen(self.first), seen(self.end)]
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
