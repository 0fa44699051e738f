//! The iterations.

use rayon::prelude::*;

use super::assign::assign;
use super::boxes::{Boxes, Cut};
use super::candidates::{Candidates, Nearby};
use super::clusters::{AXES, Clusters, Window};
use super::update::{RowLabels, update};
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
    spacing: [R; AXES],
    pub(super) weight: R,
    pub(super) is_adaptive: bool,
}

impl<R: Real> Metric<R> {
    fn new(settings: &Settings<R>) -> Self {
        let is_adaptive = settings.is_adaptive && !settings.ignores_colour;
        Self { spacing: settings.spacing, weight: settings.weight, is_adaptive }
    }

    /// Square of the distance along an axis.
    #[inline(always)]
    pub(super) fn along(&self, axis: usize, position: R, pixel: usize) -> R {
        let difference = self.spacing[axis] * (position - R::from_f64(pixel as f64));
        difference * difference
    }

    #[inline(always)]
    pub(super) fn distance(&self, down: R, across: R, colour: R, maximum: R) -> R {
        (down + across) * self.weight + if self.is_adaptive { colour / maximum } else { colour }
    }
}

/// Clusters the pixels from where `clusters` are, and writes the label of every pixel, [`NONE`] where it has none.
///
/// The clusters are moved after every assignment, but not after the last unless colours are left out: then they are
/// what is asked for.
pub(super) fn cluster<R: Real>(
    exec: &Exec<'_>,
    planes: &Planes<R>,
    mask: Option<&[bool]>,
    settings: &Settings<R>,
    clusters: &mut Clusters<R>,
    labels_out: &mut [i32],
) -> Result<()> {
    check(planes, mask, labels_out)?;
    let boxes = Boxes::new(exec, planes, mask, Cut::new(planes, settings.window[1]))?;
    let mut rows = vec![RowLabels::default(); planes.volume().n_rows()];
    labels_out.fill(NONE);
    for iteration in 1..=settings.max_num_iter {
        assign_all(exec, planes, mask, settings, clusters, &boxes, (labels_out, &mut rows))?;
        if iteration < settings.max_num_iter || settings.ignores_colour {
            update(exec, planes, settings, labels_out, &rows, clusters)?;
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
    planes: &Planes<R>,
    mask: Option<&[bool]>,
    settings: &Settings<R>,
    clusters: &Clusters<R>,
    boxes: &Boxes<R>,
    (labels_out, rows_out): (&mut [i32], &mut [RowLabels]),
) -> Result<()> {
    let (volume, cut) = (planes.volume(), boxes.cut());
    let positions = (0..clusters.count()).map(|cluster| clusters.position(cluster));
    let windows: Vec<Window> = positions.map(|at| Window::new(at, settings.window, volume)).collect();
    let metric = Metric::new(settings);
    let slices = labels_out.par_chunks_mut(volume.height * volume.width).zip(rows_out.par_chunks_mut(volume.height));
    let bands = slices.enumerate().flat_map(|(z, (labels, rows))| {
        let bands = labels.par_chunks_mut(cut.height * volume.width).zip(rows.par_chunks_mut(cut.height));
        bands.enumerate().map(move |(band, parts)| (z * cut.bands_per_slice + band, parts))
    });
    bands.try_for_each_init(
        || (Nearby::default(), Candidates::new()),
        |(nearby, candidates), (band, (labels, rows))| {
            exec.check()?;
            let (z, lines) = cut.band(band, volume.height);
            nearby.gather(&windows, cut, z, &lines);
            for column in 0..cut.n_columns {
                if let Some(mut tile) = boxes.tile(band, column, volume) {
                    if settings.ignores_colour {
                        tile.colours = &[];
                    }
                    candidates.select(&metric, clusters, &windows, nearby.column(column), &tile);
                    assign(exec.level, &metric, planes, mask, &tile, candidates, labels);
                }
            }
            for (labels, row) in labels.chunks_exact(volume.width).zip(rows) {
                *row = RowLabels::of(labels);
            }
            Ok(())
        },
    )
}
