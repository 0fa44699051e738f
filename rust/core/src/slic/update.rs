//! Moving the clusters to the means of their pixels.
//!
//! Every cluster's sums are taken in the order of the pixels, as on images with exact ties another order of additions
//! would decide otherwise. Threads therefore share out clusters, and each reads the bands where its clusters have pixels.

use std::ops::Range;

use rayon::prelude::*;

use super::boxes::Cut;
use super::clusters::{AXES, Clusters};
use super::iterate::Settings;
use super::{NONE, Planes};
use crate::{Exec, Real, Result};

/// Labels that are compared at once.
const LOOK_AHEAD: usize = 8;

/// The lowest and the highest label in a band of rows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BandLabels {
    low: i32,
    high: i32,
}

impl BandLabels {
    #[inline(always)]
    pub(super) fn of(labels: &[i32]) -> Self {
        let (mut low, mut high) = (i32::MAX, NONE);
        for label in labels {
            low = low.min(*label);
            high = high.max(*label);
        }
        Self { low, high }
    }

    fn meets(self, clusters: &Range<i32>) -> bool {
        self.low < clusters.end && clusters.start <= self.high
    }
}

/// The labels of all pixels, band by band.
#[derive(Clone, Copy)]
pub(super) struct Labels<'a> {
    pub(super) pixels: &'a [i32],
    pub(super) bands: &'a [BandLabels],
    pub(super) cut: Cut,
}

/// Moves the clusters to the means of their pixels; one without pixels becomes NaN and is never heard of again.
pub(super) fn update<R: Real>(
    exec: &Exec<'_>,
    planes: &Planes<R>,
    settings: &Settings<R>,
    labels: Labels<'_>,
    clusters: &mut Clusters<R>,
) -> Result<()> {
    let group_len = clusters.count().div_ceil(rayon::current_num_threads());
    let (values, maxima) = clusters.groups(group_len);
    let groups: Vec<_> = values.zip(maxima).enumerate().collect();
    groups.into_par_iter().try_for_each(|(index, (values, maxima))| {
        let first = (index * group_len) as i32;
        let mut group = Group { clusters: first..first + maxima.len() as i32, planes, values };
        group.update(exec, labels)?;
        if settings.is_adaptive && !settings.ignores_colour {
            group.widen(exec, labels, maxima)?;
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
    fn update(&mut self, exec: &Exec<'_>, labels: Labels<'_>) -> Result<()> {
        let row_len = AXES + self.planes.n_channels();
        let mut counts = vec![0_usize; self.clusters.len()];
        self.values.fill(R::ZERO);
        let volume = self.planes.volume();
        let extent = volume.depth.max(volume.height).max(volume.width);
        let are_exact = volume.n_pixels() as f64 * extent as f64 * R::EPSILON <= 1.0;
        for_each_run(exec, self.planes, &self.clusters, labels, |run| {
            counts[run.place] += run.pixels.len();
            let (position, colour) = self.values[run.place * row_len..][..row_len].split_at_mut(AXES);
            add_positions(volume.height, &run, are_exact, position);
            add_colours(self.planes, &run, colour);
        })?;
        for (values, count) in self.values.chunks_exact_mut(row_len).zip(counts) {
            for value in values {
                *value /= R::from_f64(count as f64);
            }
        }
        Ok(())
    }

    /// Raises the largest squared colour distance of each cluster's pixels.
    fn widen(&self, exec: &Exec<'_>, labels: Labels<'_>, maxima: &mut [R]) -> Result<()> {
        let (row_len, stride) = (AXES + self.planes.n_channels(), self.planes.stride());
        for_each_run(exec, self.planes, &self.clusters, labels, |run| {
            let colour = &self.values[run.place * row_len..][AXES..row_len];
            let row = self.planes.row(run.row);
            let maximum = &mut maxima[run.place];
            for pixel in run.pixels {
                let mut distance = R::ZERO;
                for (channel, center) in colour.iter().enumerate() {
                    let difference = row[channel * stride + pixel] - *center;
                    distance += difference * difference;
                }
                if *maximum < distance {
                    *maximum = distance;
                }
            }
        })
    }
}

/// Visits the runs of some clusters in the order of their pixels.
#[inline(always)]
fn for_each_run<R: Real>(
    exec: &Exec<'_>,
    planes: &Planes<R>,
    clusters: &Range<i32>,
    Labels { pixels, bands, cut }: Labels<'_>,
    mut body: impl FnMut(Run),
) -> Result<()> {
    let volume = planes.volume();
    for (band, _) in bands.iter().enumerate().filter(|(_, band)| band.meets(clusters)) {
        exec.check()?;
        let (z, lines) = cut.band(band, volume.height);
        for row in lines.map(|y| z * volume.height + y) {
            let labels = &pixels[row * volume.width..][..volume.width];
            let mut start = 0;
            while let Some(label) = labels.get(start) {
                let end = end_of_run(labels, start);
                if clusters.contains(label) {
                    body(Run { row, pixels: start..end, place: (label - clusters.start) as usize });
                }
                start = end;
            }
        }
    }
    Ok(())
}

#[inline(always)]
fn end_of_run(labels: &[i32], start: usize) -> usize {
    let label = labels[start];
    let mut end = start + 1;
    while let Some(ahead) = labels.get(end..end + LOOK_AHEAD) {
        if ahead.iter().fold(0, |differs, next| differs | (next ^ label)) != 0 {
            break;
        }
        end += LOOK_AHEAD;
    }
    while labels.get(end) == Some(&label) {
        end += 1;
    }
    end
}

/// Adds the coordinates of a run's pixels one by one, or at once where no sum of them is ever rounded.
#[inline(always)]
fn add_positions<R: Real>(height: usize, run: &Run, are_exact: bool, sums: &mut [R]) {
    let [z, y] = [run.row / height, run.row % height];
    if are_exact {
        let len = run.pixels.len();
        let across = (run.pixels.start + run.pixels.end - 1) * len / 2;
        for (sum, total) in sums.iter_mut().zip([z * len, y * len, across]) {
            *sum += R::from_f64(total as f64);
        }
        return;
    }
    let [z, y] = [z, y].map(|place| R::from_f64(place as f64));
    for pixel in run.pixels.clone() {
        let places = [z, y, R::from_f64(pixel as f64)];
        for (sum, place) in sums.iter_mut().zip(places) {
            *sum += place;
        }
    }
}

/// Adds the colours of a run's pixels one by one.
#[inline(always)]
fn add_colours<R: Real>(planes: &Planes<R>, run: &Run, sums: &mut [R]) {
    let (row, stride) = (planes.row(run.row), planes.stride());
    // Sums of several channels side by side need not wait for each other.
    for (some, sums) in sums.chunks_mut(4).enumerate() {
        let values = &row[some * 4 * stride..];
        match sums {
            [a, b, c, d] => add_channels([a, b, c, d], values, stride, &run.pixels),
            [a, b, c] => add_channels([a, b, c], values, stride, &run.pixels),
            [a, b] => add_channels([a, b], values, stride, &run.pixels),
            [a] => add_channels([a], values, stride, &run.pixels),
            _ => {}
        }
    }
}

#[inline(always)]
fn add_channels<R: Real, const N: usize>(sums: [&mut R; N], values: &[R], stride: usize, pixels: &Range<usize>) {
    let channels: [&[R]; N] = std::array::from_fn(|channel| &values[channel * stride..][pixels.clone()]);
    let mut totals: [R; N] = std::array::from_fn(|channel| *sums[channel]);
    for i in 0..pixels.len() {
        for channel in 0..N {
            totals[channel] += channels[channel][i];
        }
    }
    for (sum, total) in sums.into_iter().zip(totals) {
        *sum = total;
    }
}
