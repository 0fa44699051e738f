//! Which clusters can be the nearest to a pixel of a tile.
//!
//! Bounds are computed by the operations of the distance itself, at the pixel and the colour of the tile's bounding box
//! that are nearest or farthest. Rounding is monotone, so no rounded distance in the tile lies beyond its bounds.

use std::ops::Range;

use super::boxes::{Cut, Tile};
use super::clusters::{Clusters, Window};
use super::iterate::Metric;
use super::planes::TILE_WIDTH;
use crate::Real;

/// Clusters whose windows reach into each tile of a band, ascending.
#[derive(Debug, Default)]
pub(super) struct Nearby {
    columns: Vec<Vec<u32>>,
}

impl Nearby {
    /// Replaces the lists by those of a band.
    pub(super) fn gather(&mut self, windows: &[Window], cut: Cut, z: usize, rows: &Range<usize>) {
        self.columns.resize_with(cut.n_columns, Vec::new);
        self.columns.iter_mut().for_each(Vec::clear);
        for (cluster, Window([slices, lines, pixels])) in windows.iter().enumerate() {
            let reaches = slices.0 <= z && z < slices.1 && lines.0 < rows.end && rows.start < lines.1;
            if reaches && pixels.0 < pixels.1 {
                for column in &mut self.columns[pixels.0 / TILE_WIDTH..pixels.1.div_ceil(TILE_WIDTH)] {
                    column.push(cluster as u32);
                }
            }
        }
    }

    pub(super) fn column(&self, column: usize) -> &[u32] {
        &self.columns[column]
    }
}

/// What a tile needs to know of the clusters that may win in it, in ascending order.
#[derive(Debug)]
pub(super) struct Candidates<R> {
    /// Their numbers.
    pub(super) clusters: Vec<u32>,
    /// Squared distance along z and y to each row, infinite outside the window; shape (rows, candidates).
    pub(super) down: Vec<R>,
    /// Squared distance along x to each pixel of a row, infinite outside the window; shape (candidates, `TILE_WIDTH`).
    pub(super) across: Vec<R>,
    /// Shape (candidates, channels).
    pub(super) colours: Vec<R>,
    /// What colour distances are divided by.
    pub(super) maxima: Vec<R>,
    lowest: Vec<R>,
}

impl<R: Real> Candidates<R> {
    pub(super) fn new() -> Self {
        let [down, across, colours, maxima, lowest] = [const { Vec::new() }; 5];
        Self { clusters: Vec::new(), down, across, colours, maxima, lowest }
    }

    /// Replaces the content by those of `nearby` that may win in the tile.
    pub(super) fn select(
        &mut self,
        metric: &Metric<R>,
        clusters: &Clusters<R>,
        windows: &[Window],
        nearby: &[u32],
        tile: &Tile<'_, R>,
    ) {
        self.lowest.clear();
        let mut ceiling = R::INFINITY;
        for cluster in nearby {
            let [low, high] = bounds(metric, clusters, *cluster as usize, tile);
            self.lowest.push(low);
            if high < ceiling && holds(&windows[*cluster as usize], tile) {
                ceiling = high;
            }
        }
        self.clusters.clear();
        // A bound that is NaN rules nothing out.
        let kept = nearby.iter().zip(&self.lowest).filter(|(_, low)| !(**low > ceiling));
        self.clusters.extend(kept.map(|(cluster, _)| *cluster));
        self.describe(metric, clusters, windows, tile);
    }

    fn describe(&mut self, metric: &Metric<R>, clusters: &Clusters<R>, windows: &[Window], tile: &Tile<'_, R>) {
        let Self { clusters: kept, down, across, colours, maxima, .. } = self;
        for values in [&mut *down, across, colours, maxima] {
            values.clear();
        }
        for cluster in kept.iter().map(|cluster| *cluster as usize) {
            let ([_, _, x], Window([_, _, pixels])) = (clusters.position(cluster), windows[cluster]);
            for i in 0..TILE_WIDTH {
                let pixel = tile.columns.start + i;
                let is_inside = pixels.0 <= pixel && pixel < pixels.1;
                across.push(if is_inside { metric.along(2, x, pixel) } else { R::INFINITY });
            }
            colours.extend_from_slice(&clusters.colour(cluster)[..tile.colours.len()]);
            maxima.push(clusters.maxima[cluster]);
        }
        for line in tile.rows.clone() {
            for cluster in kept.iter().map(|cluster| *cluster as usize) {
                let ([z, y, _], Window([_, lines, _])) = (clusters.position(cluster), windows[cluster]);
                let is_inside = lines.0 <= line && line < lines.1;
                down.push(if is_inside { metric.along(0, z, tile.z) + metric.along(1, y, line) } else { R::INFINITY });
            }
        }
    }
}

/// Whether the cluster competes for every pixel of the tile.
fn holds(Window([_, lines, pixels]): &Window, tile: &Tile<'_, impl Real>) -> bool {
    lines.0 <= tile.rows.start
        && tile.rows.end <= lines.1
        && pixels.0 <= tile.columns.start
        && tile.columns.end <= pixels.1
}

/// The lowest and the highest distance that any pixel of the tile may have.
fn bounds<R: Real>(metric: &Metric<R>, clusters: &Clusters<R>, cluster: usize, tile: &Tile<'_, R>) -> [R; 2] {
    let [z, y, x] = clusters.position(cluster);
    let slice = metric.along(0, z, tile.z);
    let lines = extremes(metric, 1, y, &tile.rows);
    let pixels = extremes(metric, 2, x, &tile.columns);
    let mut colour = [R::ZERO; 2];
    for (center, [low, high]) in clusters.colour(cluster).iter().zip(tile.colours) {
        let (to_low, to_high) = (*low - *center, *high - *center);
        let (square_low, square_high) = (to_low * to_low, to_high * to_high);
        let is_between = to_low <= R::ZERO && R::ZERO <= to_high;
        let (near, far) = ordered(square_low, square_high);
        colour[0] = colour[0] + if is_between { R::ZERO } else { near };
        colour[1] = colour[1] + far;
    }
    [0, 1].map(|end| metric.distance(slice + lines[end], pixels[end], colour[end], clusters.maxima[cluster]))
}

/// The least and the greatest squared distance along an axis from a position to the pixels of a range.
fn extremes<R: Real>(metric: &Metric<R>, axis: usize, position: R, range: &Range<usize>) -> [R; 2] {
    let (first, last) = (range.start, range.end - 1);
    let (near, far) = ordered(metric.along(axis, position, first), metric.along(axis, position, last));
    let is_between = R::from_f64(first as f64) <= position && position <= R::from_f64(last as f64);
    [if is_between { R::ZERO } else { near }, far]
}

fn ordered<R: Real>(a: R, b: R) -> (R, R) {
    if a < b { (a, b) } else { (b, a) }
}
