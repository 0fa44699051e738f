//! Moving the clusters to the means of their pixels.
//!
//! Every cluster's sums are taken in the order of the pixels, as on images with exact ties another order of additions
//! would decide otherwise. Threads therefore share out clusters, and each reads the bands where its clusters have pixels.

use std::ops::Range;

use rayon::prelude::*;

use super::boxes::Cut;
use super::clusters::{AXES, Clusters};
use super::sums::Sums;
use super::{NONE, Planes, Volume};
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

impl<R: Real> Group<'_, R> {
    fn update(&mut self, exec: &Exec<'_>, labels: Labels<'_>, with_colours: bool) -> Result<()> {
        let n_channels = if with_colours { self.planes.n_channels() } else { 0 };
        let mut sums = Sums::new(self.planes, self.clusters.clone(), n_channels);
        for_each_row(exec, self.planes.volume(), &self.clusters, labels, |place, labels| {
            sums.add_row(exec.level, place, labels);
        })?;
        for (place, values) in self.values.chunks_exact_mut(AXES + self.planes.n_channels()).enumerate() {
            sums.write_means(place, values);
        }
        Ok(())
    }

    /// Raises the largest squared colour distance of each cluster's pixels.
    fn widen(&self, exec: &Exec<'_>, labels: Labels<'_>, maxima: &mut [R]) -> Result<()> {
        let (row_len, stride) = (AXES + self.planes.n_channels(), self.planes.stride());
        let volume = self.planes.volume();
        for_each_row(exec, volume, &self.clusters, labels, |[z, y], labels| {
            let row = self.planes.row(z * volume.height + y);
            let mut start = 0;
            for run in labels.chunk_by(|label, next| label == next) {
                let pixels = start..start + run.len();
                start = pixels.end;
                if !self.clusters.contains(&run[0]) {
                    continue;
                }
                let place = (run[0] - self.clusters.start) as usize;
                let (colour, maximum) = (&self.values[place * row_len..][AXES..row_len], &mut maxima[place]);
                for pixel in pixels {
                    let mut distance = R::ZERO;
                    for (channel, center) in colour.iter().enumerate() {
                        let difference = row[channel * stride + pixel] - *center;
                        distance += difference * difference;
                    }
                    if *maximum < distance {
                        *maximum = distance;
                    }
                }
            }
        })
    }
}

/// Visits the rows where some clusters have pixels: z and y, and labels.
#[inline(always)]
fn for_each_row(
    exec: &Exec<'_>,
    volume: Volume,
    clusters: &Range<i32>,
    Labels { pixels, bands, cut }: Labels<'_>,
    mut body: impl FnMut([usize; 2], &[i32]),
) -> Result<()> {
    for (band, _) in bands.iter().enumerate().filter(|(_, band)| band.meets(clusters)) {
        exec.check()?;
        let (z, lines) = cut.band(band, volume.height);
        for y in lines {
            body([z, y], &pixels[(z * volume.height + y) * volume.width..][..volume.width]);
        }
    }
    Ok(())
}
