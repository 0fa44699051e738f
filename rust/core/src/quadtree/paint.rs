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
                let label = L::from_label(labels.map_or(leaf as i32 + 1, |labels| labels[leaf]));
                let side = Some(*level).filter(|_| inside.is_none() && leaves.grid().is_square(*level, place));
                match side {
                    Some(0) => fill_square::<L, 1>(out, begin, width, place, label),
                    Some(1) => fill_square::<L, 2>(out, begin, width, place, label),
                    Some(2) => fill_square::<L, 4>(out, begin, width, place, label),
                    Some(3) => fill_square::<L, 8>(out, begin, width, place, label),
                    Some(4) => fill_square::<L, 16>(out, begin, width, place, label),
                    _ => {
                        let extent = leaves.grid().extent(*level, place);
                        let corner = place.map(|place| place << level);
                        for z in corner[0].max(planes.start)..(corner[0] + extent[0]).min(planes.end) {
                            for y in corner[1].max(lines.start)..(corner[1] + extent[1]).min(lines.end) {
                                let start = (z * height + y) * width + corner[2];
                                let row = &mut out[start - begin..][..extent[2]];
                                fill_row(row, inside.map(|inside| &inside[start..]), label);
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    })
}

/// Fills a square that no border cuts, in an image from pixel `begin` on; rows of a known length are a store or two.
#[inline(always)]
fn fill_square<L: Label, const SIDE: usize>(out: &mut [L], begin: usize, width: usize, place: [usize; 3], label: L) {
    let corner = (place[1] * width + place[2]) * SIDE - begin;
    for row in out[corner..].chunks_mut(width).take(SIDE).filter_map(|row| row.first_chunk_mut::<SIDE>()) {
        *row = [label; SIDE];
    }
}

#[inline(always)]
fn fill_row<L: Label>(row: &mut [L], inside: Option<&[bool]>, label: L) {
    let Some(inside) = inside else { return row.fill(label) };
    for (out, inside) in row.iter_mut().zip(inside) {
        if *inside {
            *out = label;
        }
    }
}
