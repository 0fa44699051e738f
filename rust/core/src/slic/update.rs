//! Moving the clusters to the means of their pixels.
//!
//! Every cluster's sums are taken in the order of the pixels, as on images with exact ties another order of additions
//! would decide otherwise. Threads therefore share out clusters, and each reads the bands where its clusters have pixels.
//! Where few pixels have changed, [`super::totals`] takes less time.

use std::ops::Range;

use rayon::prelude::*;

use super::bands::Band;
use super::boxes::Cut;
use super::clusters::{AXES, Clusters};
use super::planes::{Planes, Volume};
use super::sums::{Sums, write_means};
use super::totals::{self, Totals};
use crate::{Exec, Real, Result};

/// The labels of all pixels, band by band.
#[derive(Clone, Copy)]
pub(super) struct Labels<'a> {
    pub(super) pixels: &'a [i32],
    pub(super) bands: &'a [Band],
    pub(super) cut: Cut,
}

/// Moves the clusters to the means of their pixels, without `with_colours` in space alone; one without pixels becomes NaN
/// and is never heard of again. The sums are kept in `totals`, if there are any.
pub(super) fn update<R: Real>(
    exec: &Exec<'_>,
    planes: &Planes<R>,
    labels: Labels<'_>,
    with_colours: bool,
    is_adaptive: bool,
    clusters: &mut Clusters<R>,
    totals: Option<&mut Totals>,
) -> Result<()> {
    let group_len = clusters.count().div_ceil(rayon::current_num_threads());
    clusters.forget_errors();
    let (values, maxima) = clusters.groups(group_len);
    let groups: Vec<_> = match totals {
        Some(totals) => values.zip(maxima).zip(totals.groups(group_len).map(Some)).enumerate().collect(),
        None => values.zip(maxima).zip(std::iter::repeat_with(|| None)).enumerate().collect(),
    };
    groups.into_par_iter().try_for_each(|(index, ((values, maxima), totals))| {
        let first = (index * group_len) as i32;
        let mut group = Group { clusters: first..first + maxima.len() as i32, planes, values, totals };
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
    totals: Option<totals::Group<'a>>,
}

impl<R: Real> Group<'_, R> {
    fn update(&mut self, exec: &Exec<'_>, labels: Labels<'_>, with_colours: bool) -> Result<()> {
        let n_channels = if with_colours { self.planes.n_channels() } else { 0 };
        let mut sums = Sums::new(self.planes, self.clusters.clone(), n_channels);
        for_each_row(exec, self.planes.volume(), &self.clusters, labels, |place, labels| {
            sums.add_row(exec.level, place, labels);
        })?;
        for (place, values) in self.values.chunks_exact_mut(AXES + self.planes.n_channels()).enumerate() {
            let sums = sums.of(place);
            write_means(&sums, values);
            if let Some(totals) = &mut self.totals {
                totals.set(place, &sums);
            }
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
