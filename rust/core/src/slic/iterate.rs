//! The iterations.

use rayon::prelude::*;

use super::assign::{Assignment, Part, Scratch};
use super::boxes::{Boxes, Cut};
use super::clusters::{AXES, Clusters};
use super::nearby::Competitors;
use super::planes::BAND_HEIGHT;
use super::rough::Rough;
use super::update::{BandLabels, Labels, update};
use super::{NONE, Planes};
use crate::{Error, Exec, Real, Result};

/// What pixels are clustered by.
#[derive(Debug, Clone, Copy)]
pub struct Settings<R> {
    /// Length of a pixel along z, y and x.
    pub spacing: [R; AXES],
    /// What squared distances in space are multiplied by.
    pub weight: R,
    /// Half of what a cluster's window reaches to either side, along z, y and x, in pixels.
    pub window: [usize; AXES],
    /// Number of assignments.
    pub max_num_iter: usize,
    /// Divide a cluster's colour distances by the largest so far (zero-parameter SLIC).
    pub is_adaptive: bool,
    /// Leave colours out.
    pub ignores_colour: bool,
}

/// The distance between a pixel and a cluster, in the operations and the order of scikit-image, none of them fused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metric<R> {
    pub(super) spacing: [R; AXES],
    pub(super) weight: R,
    pub(super) is_adaptive: bool,
}

impl<R: Real> Metric<R> {
    pub(super) fn new(settings: &Settings<R>) -> Self {
        let is_adaptive = settings.is_adaptive && !settings.ignores_colour;
        Self { spacing: settings.spacing, weight: settings.weight, is_adaptive }
    }

    /// Square of the distance along an axis.
    #[inline(always)]
    pub(super) fn along(&self, axis: usize, position: R, pixel: R) -> R {
        let difference = self.spacing[axis] * (position - pixel);
        difference * difference
    }
}

/// Clusters the pixels from where `clusters` are, in one stage after the other, and writes the label of every pixel,
/// [`NONE`] where it has none.
///
/// The clusters are moved after every assignment, but not after the last unless colours are left out: then they are
/// what is asked for.
pub(super) fn cluster<R: Real>(
    exec: &Exec<'_>,
    planes: &Planes<R>,
    mask: Option<&[bool]>,
    stages: &[Settings<R>],
    clusters: &mut Clusters<R>,
    labels_out: &mut [i32],
) -> Result<()> {
    check(planes, mask, labels_out)?;
    let boxes = Boxes::new(exec, planes, mask, Cut::new(planes))?;
    let mut bands = vec![BandLabels::default(); boxes.cut().n_bands(planes.volume())];
    for settings in stages {
        labels_out.fill(NONE);
        for iteration in 1..=settings.max_num_iter {
            let competitors = Competitors::new(clusters, settings, planes.volume());
            let is_adaptive = competitors.metric.is_adaptive;
            let rough = Rough::new(settings, &boxes, competitors.n_channels, competitors.is_uniform);
            let assignment = Assignment { competitors, planes, mask, boxes: &boxes, rough };
            assign_all(exec, &assignment, labels_out, &mut bands)?;
            let is_last = iteration == settings.max_num_iter;
            if !is_last || settings.ignores_colour {
                let labels = Labels { pixels: labels_out, bands: &bands, cut: boxes.cut() };
                // Colours that are left out are asked for only in the end.
                let with_colours = is_last || !settings.ignores_colour;
                update(exec, planes, labels, with_colours, is_adaptive, clusters)?;
            }
        }
    }
    Ok(())
}

fn check<R: Real>(planes: &Planes<R>, mask: Option<&[bool]>, labels: &[i32]) -> Result<()> {
    let needed = planes.volume().n_pixels();
    let wrong = |argument, got| Err(Error::Mismatch { argument, dimension: "pixels", got, needed });
    match mask {
        Some(mask) if mask.len() != needed => wrong("mask", mask.len()),
        _ if labels.len() != needed => wrong("labels", labels.len()),
        _ => Ok(()),
    }
}

/// Assigns every pixel, one band of rows after the other in each thread.
fn assign_all<R: Real>(
    exec: &Exec<'_>,
    assignment: &Assignment<'_, R>,
    labels_out: &mut [i32],
    bands_out: &mut [BandLabels],
) -> Result<()> {
    let (volume, cut) = (assignment.planes.volume(), assignment.boxes.cut());
    // A part is a band of an image, or all bands of a slice of a volume, which looks for its clusters once.
    let is_image = volume.depth == 1;
    let n_bands = if is_image { 1 } else { cut.bands_per_slice };
    let slices = labels_out.par_chunks_mut(volume.height * volume.width);
    let slices = slices.zip(bands_out.par_chunks_mut(cut.bands_per_slice)).enumerate();
    let parts = slices.flat_map(|(z, (labels, ranges))| {
        let len = if is_image { BAND_HEIGHT * volume.width } else { labels.len() };
        let parts = labels.par_chunks_mut(len).zip(ranges.par_chunks_mut(n_bands)).enumerate();
        parts.map(move |(part, (labels, ranges))| {
            (Part { z, bands: part * n_bands..(part + 1) * n_bands, labels }, ranges)
        })
    });
    parts.try_for_each_init(Scratch::new, |scratch, (part, ranges)| {
        exec.check()?;
        assignment.assign(exec.level, scratch, part, ranges);
        Ok(())
    })
}
