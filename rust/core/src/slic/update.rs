//! Moving the clusters to the means of their pixels.
//!
//! Every cluster's sums are taken in the order of the pixels, as on images with exact ties another order of additions
//! would decide otherwise. Threads therefore share out clusters, and each reads the rows where its clusters have pixels.

use std::ops::Range;

use rayon::prelude::*;

use super::clusters::{AXES, Clusters};
use super::iterate::Settings;
use super::{NONE, Planes};
use crate::{Exec, Real, Result};

/// Groups of clusters for each thread, so that a thread with small clusters takes another group.
const GROUPS_PER_THREAD: usize = 2;

/// Rows between two looks at the flag that stops.
const ROWS_PER_CHECK: usize = 256;

/// The lowest and the highest label in a row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RowLabels {
    low: i32,
    high: i32,
}

impl RowLabels {
    pub(super) fn of(labels: &[i32]) -> Self {
        let (mut low, mut high) = (i32::MAX, NONE);
        for label in labels {
            low = low.min(*label);
            high = high.max(*label);
        }
        Self { low, high }
    }

    fn meets(&self, clusters: &Range<i32>) -> bool {
        self.low < clusters.end && clusters.start <= self.high
    }
}

/// Moves the clusters to the means of their pixels; one without pixels becomes NaN and is never heard of again.
pub(super) fn update<R: Real>(
    exec: &Exec<'_>,
    planes: &Planes<R>,
    settings: &Settings<R>,
    labels: &[i32],
    rows: &[RowLabels],
    clusters: &mut Clusters<R>,
) -> Result<()> {
    let n_groups = rayon::current_num_threads() * GROUPS_PER_THREAD;
    let group_len = clusters.count().div_ceil(n_groups);
    let (values, maxima) = clusters.groups(group_len);
    let groups = values.zip(maxima).enumerate().par_bridge();
    groups.try_for_each(|(index, (values, maxima))| {
        let first = (index * group_len) as i32;
        let mut group = Group { clusters: first..first + maxima.len() as i32, planes, values };
        group.update(exec, labels, rows)?;
        if settings.is_adaptive && !settings.ignores_colour {
            group.widen(exec, labels, rows, maxima)?;
        }
        Ok(())
    })
}

/// Consecutive clusters.
struct Group<'a, R> {
    clusters: Range<i32>,
    planes: &'a Planes<R>,
    /// Position and colour of each.
    values: &'a mut [R],
}

/// Pixels of a row with the same label.
struct Run {
    row: usize,
    pixels: Range<usize>,
    /// Place in the group.
    place: usize,
}

impl<R: Real> Group<'_, R> {
    fn update(&mut self, exec: &Exec<'_>, labels: &[i32], rows: &[RowLabels]) -> Result<()> {
        let row_len = AXES + self.planes.n_channels();
        let mut counts = vec![0_usize; self.clusters.len()];
        self.values.fill(R::ZERO);
        for_each_run(exec, self.planes, &self.clusters, labels, rows, |run| {
            counts[run.place] += run.pixels.len();
            add(self.planes, &run, &mut self.values[run.place * row_len..][..row_len]);
        })?;
        for (values, count) in self.values.chunks_exact_mut(row_len).zip(counts) {
            for value in values {
                *value = *value / R::from_f64(count as f64);
            }
        }
        Ok(())
    }

    /// Raises the largest squared colour distance of each cluster's pixels.
    fn widen(&self, exec: &Exec<'_>, labels: &[i32], rows: &[RowLabels], maxima: &mut [R]) -> Result<()> {
        let (row_len, stride) = (AXES + self.planes.n_channels(), self.planes.stride());
        for_each_run(exec, self.planes, &self.clusters, labels, rows, |run| {
            let colour = &self.values[run.place * row_len..][AXES..row_len];
            let row = self.planes.row(run.row);
            let maximum = &mut maxima[run.place];
            for pixel in run.pixels {
                let mut distance = R::ZERO;
                for (channel, center) in colour.iter().enumerate() {
                    let difference = row[channel * stride + pixel] - *center;
                    distance = distance + difference * difference;
                }
                if *maximum < distance {
                    *maximum = distance;
                }
            }
        })
    }
}

fn for_each_run<R: Real>(
    exec: &Exec<'_>,
    planes: &Planes<R>,
    clusters: &Range<i32>,
    labels: &[i32],
    rows: &[RowLabels],
    mut body: impl FnMut(Run),
) -> Result<()> {
    let lines = labels.chunks_exact(planes.volume().width).zip(rows);
    for (row, (labels, _)) in lines.enumerate().filter(|(_, (_, row))| row.meets(clusters)) {
        if row % ROWS_PER_CHECK == 0 {
            exec.check()?;
        }
        let mut end = 0;
        for same in labels.chunk_by(|a, b| a == b) {
            let start = end;
            end += same.len();
            if clusters.contains(&same[0]) {
                body(Run { row, pixels: start..end, place: (same[0] - clusters.start) as usize });
            }
        }
    }
    Ok(())
}

/// Adds the positions and colours of a run to the sums of its cluster.
fn add<R: Real>(planes: &Planes<R>, run: &Run, sums: &mut [R]) {
    let height = planes.volume().height;
    let (position, colour) = sums.split_at_mut(AXES);
    let [z, y] = [run.row / height, run.row % height].map(|place| R::from_f64(place as f64));
    let mut totals = [position[0], position[1], position[2]];
    for pixel in run.pixels.clone() {
        totals = [totals[0] + z, totals[1] + y, totals[2] + R::from_f64(pixel as f64)];
    }
    position.copy_from_slice(&totals);
    let row = planes.row(run.row);
    let planes_of = |first: usize| &row[first * planes.stride()..];
    let mut first = 0;
    // Sums of several channels side by side need not wait for each other.
    for sums in colour.chunks_mut(4) {
        let values = planes_of(first);
        match sums {
            [a, b, c, d] => add_channels([a, b, c, d], values, planes.stride(), &run.pixels),
            [a, b, c] => add_channels([a, b, c], values, planes.stride(), &run.pixels),
            [a, b] => add_channels([a, b], values, planes.stride(), &run.pixels),
            [a] => add_channels([a], values, planes.stride(), &run.pixels),
            _ => {}
        }
        first += 4;
    }
}

#[inline(always)]
fn add_channels<R: Real, const N: usize>(
    sums: [&mut R; N],
    values: &[R],
    stride: usize,
    pixels: &Range<usize>,
) {
    let channels: [&[R]; N] = std::array::from_fn(|channel| &values[channel * stride..][pixels.clone()]);
    let mut totals: [R; N] = std::array::from_fn(|channel| *sums[channel]);
    for i in 0..pixels.len() {
        for channel in 0..N {
            totals[channel] = totals[channel] + channels[channel][i];
        }
    }
    for (sum, total) in sums.into_iter().zip(totals) {
        *sum = total;
    }
}
