//! The iterations.

use rayon::prelude::*;

use super::assign::{Assignment, Part, PartLayer, Scratch};
use super::bands::{Band, take_back};
use super::boxes::Cut;
use super::clusters::{AXES, Clusters};
use super::nearby::Competitors;
use super::planes::{BAND_HEIGHT, Volume};
use super::rough::Rough;
use super::totals::Totals;
use super::update::{Labels, update};
use super::{Image, NONE};
use crate::{Error, Exec, Real, Result};

/// The first assignment whose changes may be so few that the clusters are moved by them alone; and where colours are left
/// out, as most pixels then stay with the seed that they begin with.
const FIRST_FOLLOWED: usize = 4;
const FIRST_FOLLOWED_IN_SPACE: usize = 2;

/// Those are few that are not more than one in so many pixels.
const FEW: usize = 6;

/// Labels that one thread clears at a time.
const CHUNK: usize = 1 << 16;

/// Slabs for each thread from which all of them have enough to do.
const MIN_SLABS: usize = 8;

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
    image: &Image<'_, R>,
    stages: &[Settings<R>],
    clusters: &mut Clusters<R>,
    labels_out: &mut [i32],
) -> Result<()> {
    let (volume, got) = (image.planes.volume(), labels_out.len());
    if got != volume.n_pixels() {
        return Err(Error::Mismatch { argument: "labels", dimension: "pixels", got, needed: volume.n_pixels() });
    }
    let mut iterations = Iterations { image, bands: vec![Band::default(); image.boxes.cut().n_bands(volume)] };
    for settings in stages {
        iterations.cluster(exec, settings, clusters, labels_out)?;
    }
    Ok(())
}

/// What all iterations share.
struct Iterations<'a, R> {
    image: &'a Image<'a, R>,
    bands: Vec<Band>,
}

impl<R: Real> Iterations<'_, R> {
    /// Runs the iterations of a stage.
    fn cluster(
        &mut self,
        exec: &Exec<'_>,
        settings: &Settings<R>,
        clusters: &mut Clusters<R>,
        labels_out: &mut [i32],
    ) -> Result<()> {
        let Image { planes, boxes, .. } = self.image;
        let mut totals = Totals::new(planes, boxes, settings, clusters.count());
        labels_out.par_chunks_mut(CHUNK).for_each(|labels| labels.fill(NONE));
        for iteration in 1..=settings.max_num_iter {
            let is_last = iteration == settings.max_num_iter;
            // To follow them, or to take them back.
            let is_needed = !is_last || clusters.largest_error() > 0.0;
            let first = if settings.ignores_colour { FIRST_FOLLOWED_IN_SPACE } else { FIRST_FOLLOWED };
            let notes_changes = totals.is_some() && iteration >= first && is_needed;
            if !self.assign(exec, settings, clusters, labels_out, notes_changes)? {
                debug_assert!(notes_changes, "there is no doubt where the colours are those that decide");
                // Once more, with the colours that decide; where such ties were, others are to be expected.
                take_back(&mut self.bands, labels_out, planes.volume(), boxes.cut());
                totals = None;
                self.update(exec, settings, !settings.ignores_colour, labels_out, clusters, None)?;
                self.assign(exec, settings, clusters, labels_out, false)?;
            }
            if is_last && !settings.ignores_colour {
                break;
            }
            let follows = notes_changes && !is_last && self.n_changes() * FEW <= labels_out.len();
            match &mut totals {
                Some(totals) if follows => {
                    totals.follow(exec, planes, &self.bands, boxes.cut())?;
                    totals.write_means(clusters);
                }
                totals => {
                    // Colours that are left out are asked for only in the end.
                    let (with_colours, totals) = (is_last || !settings.ignores_colour, totals.as_mut());
                    self.update(exec, settings, with_colours, labels_out, clusters, totals)?;
                }
            }
        }
        Ok(())
    }

    /// Assigns every pixel; returns whether there is no doubt.
    fn assign(
        &mut self,
        exec: &Exec<'_>,
        settings: &Settings<R>,
        clusters: &Clusters<R>,
        labels_out: &mut [i32],
        notes_changes: bool,
    ) -> Result<bool> {
        let &Image { ref planes, ref boxes, mask } = self.image;
        let competitors = Competitors::new(clusters, settings, planes.volume());
        let rough = Rough::new(settings, boxes, &competitors);
        let assignment = Assignment { competitors, planes, mask, boxes, rough, notes_changes };
        assign_all(exec, &assignment, labels_out, &mut self.bands)?;
        Ok(self.bands.iter().all(|band| band.is_sure))
    }

    /// Moves the clusters to the means of their pixels.
    fn update(
        &self,
        exec: &Exec<'_>,
        settings: &Settings<R>,
        with_colours: bool,
        labels: &[i32],
        clusters: &mut Clusters<R>,
        totals: Option<&mut Totals>,
    ) -> Result<()> {
        let Image { planes, boxes, .. } = self.image;
        let labels = Labels { pixels: labels, bands: &self.bands, cut: boxes.cut() };
        let is_adaptive = Metric::new(settings).is_adaptive;
        update(exec, planes, labels, with_colours, is_adaptive, clusters, totals)
    }

    /// Pixels that the last assignment has changed.
    fn n_changes(&self) -> usize {
        self.bands.iter().map(|band| band.changes.len()).sum()
    }
}

/// Assigns every pixel, one band of rows after the other in each thread.
fn assign_all<R: Real>(
    exec: &Exec<'_>,
    assignment: &Assignment<'_, R>,
    labels_out: &mut [i32],
    bands_out: &mut [Band],
) -> Result<()> {
    let parts = parts(assignment.planes.volume(), assignment.boxes.cut(), labels_out, bands_out);
    parts.into_par_iter().try_for_each_init(Scratch::new, |scratch, part| {
        exec.check()?;
        assignment.assign(exec.level, scratch, part);
        Ok(())
    })
}

/// What threads share out: slabs, which look for their clusters once, or bands where slabs are few.
fn parts<'a>(volume: Volume, cut: Cut, labels_out: &'a mut [i32], bands_out: &'a mut [Band]) -> Vec<Part<'a>> {
    let is_thick = volume.depth.div_ceil(cut.slab_depth) >= MIN_SLABS * rayon::current_num_threads();
    let n_bands = if is_thick { cut.bands_per_slice } else { 1 };
    let slice_len = volume.height * volume.width;
    let slabs = labels_out.chunks_mut(cut.slab_depth * slice_len);
    let slabs = slabs.zip(bands_out.chunks_mut(cut.slab_depth * cut.bands_per_slice)).enumerate();
    let parts = slabs.flat_map(|(slab, (labels, bands))| {
        let slices = labels.chunks_mut(slice_len).zip(bands.chunks_mut(cut.bands_per_slice));
        let mut layers: Vec<_> = slices
            .map(|(labels, bands)| {
                labels.chunks_mut(n_bands * BAND_HEIGHT * volume.width).zip(bands.chunks_mut(n_bands))
            })
            .collect();
        let first = slab * cut.slab_depth;
        let slices = first..first + layers.len();
        (0..cut.bands_per_slice).step_by(n_bands).map(move |band| Part {
            slices: slices.clone(),
            bands: band..(band + n_bands).min(cut.bands_per_slice),
            layers: layers
                .iter_mut()
                .filter_map(Iterator::next)
                .map(|(labels, bands)| PartLayer { labels, bands })
                .collect(),
        })
    });
    parts.collect()
}
