//! Moving the clusters to the means of their pixels.
//!
//! Every cluster's sums are taken in the order of the pixels, as on images with exact ties another order of additions
//! would decide otherwise. Threads therefore share out clusters, and each reads the bands where its clusters have pixels.

use std::ops::Range;

use rayon::prelude::*;

use super::boxes::Cut;
use super::clusters::{AXES, Clusters};
use super::runs::ends_of_runs;
use super::{NONE, Planes};
use crate::{Exec, Real, Result};

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

/// Moves the clusters to the means of their pixels, without `with_colours` in space alone; one without pixels becomes NaN
/// and is never heard of again.
pub(super) fn update<R: Real>(
    exec: &Exec<'_>,
    planes: &Planes<R>,
    labels: Labels<'_>,
    with_colours: bool,
    is_adaptive: bool,
    clusters: &mut Clusters<R>,
) -> Result<()> {
    let group_len = clusters.count().div_ceil(rayon::current_num_threads());
    let (values, maxima) = clusters.groups(group_len);
    let groups: Vec<_> = values.zip(maxima).enumerate().collect();
    groups.into_par_iter().try_for_each(|(index, (values, maxima))| {
        let first = (index * group_len) as i32;
        let mut group = Group { clusters: first..first + maxima.len() as i32, planes, values };
        group.update(exec, labels, with_colours)?;
        if is_adaptive {
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

/// Number and coordinates of a cluster's pixels, summed as integers: where no sum of them is ever rounded, these are what
/// a sum of floats comes to.
#[derive(Debug, Clone, Copy, Default)]
struct Totals {
    count: usize,
    positions: [usize; AXES],
}

impl Totals {
    #[inline(always)]
    fn add(&mut self, run: &Run) {
        let len = run.pixels.len();
        let across = (run.pixels.start + run.pixels.end - 1) * len / 2;
        self.count += len;
        for (sum, total) in self.positions.iter_mut().zip([run.z * len, run.y * len, across]) {
            *sum += total;
        }
    }
}

/// Pixels of a row with the same label.
struct Run {
    z: usize,
    y: usize,
    pixels: Range<usize>,
    /// Place in the group.
    place: usize,
}

impl<R: Real> Group<'_, R> {
    fn update(&mut self, exec: &Exec<'_>, labels: Labels<'_>, with_colours: bool) -> Result<()> {
        let row_len = AXES + self.planes.n_channels();
        let mut totals = vec![Totals::default(); self.clusters.len()];
        self.values.fill(R::ZERO);
        let volume = self.planes.volume();
        let extent = volume.depth.max(volume.height).max(volume.width);
        let are_exact = volume.n_pixels() as f64 * extent as f64 * R::EPSILON <= 1.0;
        for_each_run(exec, self.planes, &self.clusters, labels, |run| {
            totals[run.place].add(&run);
            let (position, colour) = self.values[run.place * row_len..][..row_len].split_at_mut(AXES);
            if !are_exact {
                add_positions(&run, position);
            }
            if with_colours {
                let row = self.planes.row(run.z * volume.height + run.y);
                add_colours(row, self.planes.stride(), &run.pixels, colour);
            }
        })?;
        for (values, total) in self.values.chunks_exact_mut(row_len).zip(totals) {
            if are_exact {
                for (value, sum) in values.iter_mut().zip(total.positions) {
                    *value = R::from_f64(sum as f64);
                }
            }
            for value in values {
                *value /= R::from_f64(total.count as f64);
            }
        }
        Ok(())
    }

    /// Raises the largest squared colour distance of each cluster's pixels.
    fn widen(&self, exec: &Exec<'_>, labels: Labels<'_>, maxima: &mut [R]) -> Result<()> {
        let (row_len, stride) = (AXES + self.planes.n_channels(), self.planes.stride());
        for_each_run(exec, self.planes, &self.clusters, labels, |run| {
            let colour = &self.values[run.place * row_len..][AXES..row_len];
            let row = self.planes.row(run.z * self.planes.volume().height + run.y);
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
    let count = clusters.len() as u32;
    let mut ends = Vec::with_capacity(volume.width);
    for (band, _) in bands.iter().enumerate().filter(|(_, band)| band.meets(clusters)) {
        exec.check()?;
        let (z, lines) = cut.band(band, volume.height);
        for y in lines {
            let labels = &pixels[(z * volume.height + y) * volume.width..][..volume.width];
            ends_of_runs(exec.level, labels, &mut ends);
            let mut start = 0;
            for end in ends.iter().map(|end| *end as usize) {
                let place = (labels[start] - clusters.start).cast_unsigned();
                if place < count {
                    body(Run { z, y, pixels: start..end, place: place as usize });
                }
                start = end;
            }
        }
    }
    Ok(())
}

/// Adds the coordinates of a run's pixels one by one.
#[inline(always)]
fn add_positions<R: Real>(run: &Run, sums: &mut [R]) {
    let [z, y] = [run.z, run.y].map(|place| R::from_f64(place as f64));
    for pixel in run.pixels.clone() {
        let places = [z, y, R::from_f64(pixel as f64)];
        for (sum, place) in sums.iter_mut().zip(places) {
            *sum += place;
        }
    }
}

/// Adds the colours of a run's pixels one by one, those of up to four channels side by side: their sums need not wait for
/// each other.
#[inline(always)]
fn add_colours<R: Real>(row: &[R], stride: usize, pixels: &Range<usize>, sums: &mut [R]) {
    match sums {
        [_] => add_channels::<R, 1>(row, stride, pixels, sums),
        [_, _, _] => add_channels::<R, 3>(row, stride, pixels, sums),
        _ => {
            for (some, sums) in sums.chunks_mut(4).enumerate() {
                let values = &row[some * 4 * stride..];
                match sums.len() {
                    1 => add_channels::<R, 1>(values, stride, pixels, sums),
                    2 => add_channels::<R, 2>(values, stride, pixels, sums),
                    3 => add_channels::<R, 3>(values, stride, pixels, sums),
                    _ => add_channels::<R, 4>(values, stride, pixels, sums),
                }
            }
        }
    }
}

#[inline(always)]
fn add_channels<R: Real, const N: usize>(values: &[R], stride: usize, pixels: &Range<usize>, sums: &mut [R]) {
    let channels: [&[R]; N] = std::array::from_fn(|channel| &values[channel * stride..][pixels.clone()]);
    let mut totals: [R; N] = std::array::from_fn(|channel| sums[channel]);
    for i in 0..pixels.len() {
        for channel in 0..N {
            totals[channel] += channels[channel][i];
        }
    }
    sums.copy_from_slice(&totals);
}
