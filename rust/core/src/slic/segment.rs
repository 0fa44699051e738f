//! From an image and seeds to its superpixels.

use rayon::prelude::*;

use super::clusters::Clusters;
use super::connectivity::{Sizes, enforce};
use super::iterate::{Settings, cluster};
use super::{Image, NONE};
use crate::buffer::Buffer;
use crate::{Exec, Real, Result};

/// Labels that one thread writes at a time.
const CHUNK: usize = 1 << 16;

/// How an image is cut into superpixels.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a, R> {
    /// Where clusters begin: z, y and x of each.
    pub seeds: &'a [f64],
    /// What pixels are clustered by.
    pub settings: Settings<R>,
    /// Which connected pieces become superpixels; without, clusters are answered as they are.
    pub sizes: Option<Sizes>,
    /// Give the later pieces of a label that has several new ones.
    pub repairs: bool,
    /// Number of the first superpixel; pixels without one get the number before.
    pub start_label: i64,
}

/// Writes the superpixel of every pixel and returns how many there may be: labels are below this.
///
/// # Errors
/// [`crate::Error::Length`], [`crate::Error::Range`] or [`crate::Error::Mismatch`] if the plan does not fit the image;
/// [`crate::Error::Interrupted`].
pub fn segment<R: Real>(
    exec: &Exec<'_>,
    image: &Image<'_, R>,
    plan: &Plan<'_, R>,
    labels_out: &mut [i64],
) -> Result<usize> {
    let volume = image.planes.volume();
    let mut clusters = Clusters::at(plan.seeds, image.planes.n_channels())?;
    let mut labels = Buffer::unwritten(volume.n_pixels());
    let stages = [Settings { ignores_colour: true, ..plan.settings }, plan.settings];
    // Seeds inside a mask first move by position alone.
    let stages = if image.mask.is_some() { &stages[..] } else { &stages[1..] };
    cluster(exec, image, stages, &mut clusters, &mut labels)?;
    // A label that is none becomes the number before the first.
    const { assert!(NONE == -1) };
    let convert = |label: i32| plan.start_label + i64::from(label);
    let Some(sizes) = plan.sizes else {
        labels_out.par_chunks_mut(CHUNK).zip(labels.par_chunks(CHUNK)).for_each(|(labels_out, labels)| {
            for (label_out, label) in labels_out.iter_mut().zip(labels) {
                *label_out = convert(*label);
            }
        });
        return Ok(clusters.count());
    };
    let connected = enforce(exec, &labels, volume, sizes, plan.repairs)?;
    connected.write(labels_out, convert);
    Ok(connected.n_labels)
}
