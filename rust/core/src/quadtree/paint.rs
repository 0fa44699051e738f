//! The label image: every pixel gets the label of its leaf, once.

use std::ops::Range;

use rayon::prelude::*;

use super::leaves::Leaves;
use crate::{Error, Exec, Result};

/// Pixels of a strip, which the leaves of all sizes are written to in turn: their labels stay in the second-level cache.
const STRIP: usize = 1 << 16;

/// Strips are whole multiples of so many rows of an image: no larger leaves are filled as squares.
const ROWS: usize = 16;

/// The same for planes of a volume: large leaves lie in few strips.
const PLANES: usize = 8;

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
    let grid = leaves.grid();
    let [depth, height, width] = grid.shape();
    let (extent, step, several) =
        if grid.ndim() == 2 { (height, width, ROWS) } else { (depth, height * width, PLANES) };
    let n_along = (STRIP / step).max(1).next_multiple_of(several);
    labels_out.par_chunks_mut(n_along * step).enumerate().try_for_each(|(strip, out)| {
        exec.check()?;
        let along = strip * n_along..extent.min((strip + 1) * n_along);
        let mut part = Part { leaves, labels, inside, out, begin: along.start * step, along };
        for level in leaves.levels() {
            let some = leaves.along(level, &part.along);
            match level {
                0 if part.has_squares() => part.paint_squares::<1>(level, some),
                1 if part.has_squares() => part.paint_squares::<2>(level, some),
                2 if part.has_squares() => part.paint_squares::<4>(level, some),
                3 if part.has_squares() => part.paint_squares::<8>(level, some),
                4 if part.has_squares() => part.paint_squares::<16>(level, some),
                _ => some.for_each(|leaf| part.paint_any(level, leaf)),
            }
        }
        Ok(())
    })
}

/// A strip of the label image.
struct Part<'a, L> {
    leaves: &'a Leaves<'a>,
    labels: Option<&'a [i32]>,
    inside: Option<&'a [bool]>,
    out: &'a mut [L],
    /// Its first pixel.
    begin: usize,
    /// Its rows, or planes.
    along: Range<usize>,
}

impl<L: Label> Part<'_, L> {
    /// Whether leaves may be squares that are filled as a whole.
    fn has_squares(&self) -> bool {
        self.inside.is_none() && self.leaves.grid().ndim() == 2
    }

    #[inline(always)]
    fn label(&self, leaf: usize) -> L {
        L::from_label(self.labels.map_or(leaf as i32 + 1, |labels| labels[leaf]))
    }

    /// Paints leaves that are squares no larger than the strip, unless the border cuts them. Rows of a known length are a
    /// store or two.
    #[inline(always)]
    fn paint_squares<const SIDE: usize>(&mut self, level: usize, some: Range<usize>) {
        let grid = self.leaves.grid();
        let width = grid.shape()[2];
        for leaf in some {
            let place = self.leaves.place(level, leaf);
            if !grid.is_square(level, place) {
                self.paint_any(level, leaf);
                continue;
            }
            let corner = (place[1] * width + place[2]) * SIDE - self.begin;
            let label = self.label(leaf);
            for row in self.out[corner..].chunks_mut(width).take(SIDE).filter_map(|row| row.first_chunk_mut::<SIDE>()) {
                *row = [label; SIDE];
            }
        }
    }

    /// Paints what lies in the strip of a leaf of any shape.
    fn paint_any(&mut self, level: usize, leaf: usize) {
        let grid = self.leaves.grid();
        let [_, height, width] = grid.shape();
        let place = self.leaves.place(level, leaf);
        let extent = grid.extent(level, place);
        let mut rows = [0, 1].map(|axis| (place[axis] << level)..(place[axis] << level) + extent[axis]);
        let cut = &mut rows[usize::from(grid.ndim() == 2)];
        *cut = cut.start.max(self.along.start)..cut.end.min(self.along.end);
        let [planes, lines] = rows;
        let label = self.label(leaf);
        for z in planes {
            for y in lines.clone() {
                let start = (z * height + y) * width + (place[2] << level);
                let row = &mut self.out[start - self.begin..][..extent[2]];
                fill_row(row, self.inside.map(|inside| &inside[start..]), label);
            }
        }
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
