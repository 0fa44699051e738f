//! The label image: every pixel gets the label of its leaf, once.

use rayon::prelude::*;

use super::leaves::Leaves;
use crate::{Error, Exec, Result};

/// An integer type of label images.
pub trait Label: Copy + Send + Sync {
    /// The label as this type.
    fn from_label(label: i32) -> Self;
}

macro_rules! label {
    ($type:ty) => {
        impl Label for $type {
            #[inline(always)]
            fn from_label(label: i32) -> Self {
                label as Self
            }
        }
    };
}

label!(u8);
label!(u16);
label!(i32);

/// Writes the label of every leaf to its pixels, or to those that are `inside`; `labels` are the leaves' own, or 1, 2, ...
///
/// # Errors
/// [`Error::Mismatch`] if there is not one label per leaf, or one pixel of each array per place of the grid,
/// [`Error::Interrupted`].
pub fn paint<L: Label>(
    exec: &Exec<'_>,
    leaves: &Leaves<'_>,
    labels: Option<&[i32]>,
    inside: Option<&[bool]>,
    labels_out: &mut [L],
) -> Result<()> {
    let (n_leaves, n_pixels) = (leaves.len(), leaves.grid().n_pixels());
    let checks = [
        ("labels", "leaves", labels.map_or(n_leaves, <[i32]>::len), n_leaves),
        ("inside", "pixels", inside.map_or(n_pixels, <[bool]>::len), n_pixels),
        ("labels_out", "pixels", labels_out.len(), n_pixels),
    ];
    if let Some((argument, dimension, got, needed)) = checks.into_iter().find(|(_, _, got, needed)| got != needed) {
        return Err(Error::Mismatch { argument, dimension, got, needed });
    }
    let bands = leaves.bands();
    let [_, height, width] = leaves.grid().shape();
    let ranges: Vec<_> = leaves.levels().map(|level| (level, leaves.bands_of(level))).collect();
    let len = bands.rows_per_band(0) * width;
    labels_out.par_chunks_mut(len).enumerate().try_for_each(|(band, out)| {
        exec.check()?;
        let [planes, lines] = bands.places(band, 0);
        let begin = (planes.start * height + lines.start) * width;
        for (level, ranges) in &ranges {
            let range = if *level > bands.level { ranges[0].clone() } else { ranges[band].clone() };
            for leaf in range {
                let place = leaves.place(*level, leaf);
                let extent = leaves.grid().extent(*level, place);
                let corner = [place[0] << level, place[1] << level, place[2] << level];
                let label = L::from_label(labels.map_or(leaf as i32 + 1, |labels| labels[leaf]));
                for z in corner[0].max(planes.start)..(corner[0] + extent[0]).min(planes.end) {
                    for y in corner[1].max(lines.start)..(corner[1] + extent[1]).min(lines.end) {
                        let start = (z * height + y) * width + corner[2];
                        let row = &mut out[start - begin..][..extent[2]];
                        match inside {
                            // To fill one pixel by a loop takes longer than to write it.
                            None if *level == 0 => row[0] = label,
                            None => row.fill(label),
                            Some(inside) => {
                                for (out, inside) in row.iter_mut().zip(&inside[start..]) {
                                    if *inside {
                                        *out = label;
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    })
}
