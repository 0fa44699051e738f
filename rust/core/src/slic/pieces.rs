//! Which connected piece of a label image each pixel belongs to.

use rayon::prelude::*;

use super::runs::Runs;
use super::{NONE, Volume};
use crate::buffer::Buffer;
use crate::{Error, Exec, Result};

/// Where pixels lie among those of a border, so that every pixel has a neighbour in each direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    volume: Volume,
    /// From a pixel to the one below, and to the one in the next slice. A row ends with a pixel of the border, which is the
    /// one before the next row, too; a slice with a row of it.
    row: usize,
    slice: usize,
    /// The first pixel of the image.
    origin: usize,
}

impl Grid {
    fn new(volume: Volume) -> Self {
        let row = volume.width + 1;
        let slice = (volume.height + 1) * row;
        Self { volume, row, slice, origin: if volume.depth > 1 { slice } else { row } }
    }

    fn len(&self) -> usize {
        let behind = if self.volume.depth > 1 { self.slice } else { 0 };
        self.origin + self.volume.depth * self.slice + behind
    }

    /// The first pixel of a row, counted through all slices.
    pub(super) fn row(&self, row: usize) -> usize {
        let (z, y) = (row / self.volume.height, row % self.volume.height);
        self.origin + z * self.slice + y * self.row
    }

    /// The row of the image that begins `n_rows` of this grid after its begin, border included.
    fn row_of_image(&self, n_rows: usize) -> Option<usize> {
        let place = n_rows.checked_sub(self.origin / self.row)?;
        let (z, y) = (place / (self.volume.height + 1), place % (self.volume.height + 1));
        (z < self.volume.depth && y < self.volume.height).then_some(z * self.volume.height + y)
    }

    /// From a pixel to its neighbours, in scikit-image's order.
    pub(super) fn steps(&self) -> [isize; 6] {
        let (row, slice) = (self.row.cast_signed(), self.slice.cast_signed());
        [1, -1, row, -row, slice, -slice]
    }
}

/// The pieces of an image, and a label for each.
#[derive(Debug)]
pub(super) struct Pieces {
    pub(super) grid: Grid,
    /// The piece of each pixel of the grid, or the complement of its number once the pixel was visited.
    pub(super) of: Buffer<i32>,
    /// Label of each piece, [`NONE`] at first. The border is a piece that never has one.
    pub(super) labels: Vec<i32>,
}

impl Pieces {
    /// Pieces are numbered by their first run.
    pub(super) fn new(exec: &Exec<'_>, runs: &Runs, volume: Volume) -> Result<Self> {
        let grid = Grid::new(volume);
        let mut of = Buffer::unwritten(grid.len());
        let border = runs.len() as i32;
        of.par_chunks_mut(grid.row).enumerate().try_for_each(|(place, pixels)| {
            exec.check()?;
            pixels.fill(border);
            for run in grid.row_of_image(place).map_or(0..0, |row| runs.of_row(row)) {
                pixels[runs.columns(run)].fill(runs.root(run) as i32);
            }
            Ok(())
        })?;
        Ok(Self { grid, of, labels: vec![NONE; runs.len() + 1] })
    }

    /// The piece of a pixel, whether it was visited or not.
    #[inline(always)]
    pub(super) fn owner(&self, pixel: usize) -> usize {
        decode(self.of[pixel])
    }

    /// A further piece with a label, for pixels that are visited.
    pub(super) fn push(&mut self, label: i32) -> Result<i32> {
        let wrong = |_| Error::Range {
            argument: "the number of connected pieces",
            got: self.labels.len().to_string(),
            needed: format!("at most {}", i32::MAX),
        };
        let number = i32::try_from(self.labels.len()).map_err(wrong)?;
        self.labels.push(label);
        Ok(number)
    }

    /// Writes the label of every pixel, in the order of the image.
    pub(super) fn write<L: Send>(&self, labels_out: &mut [L], convert: impl Fn(i32) -> L + Sync) {
        let width = self.grid.volume.width;
        labels_out.par_chunks_mut(width).enumerate().for_each(|(row, labels_out)| {
            for (label_out, piece) in labels_out.iter_mut().zip(&self.of[self.grid.row(row)..][..width]) {
                *label_out = convert(self.labels[decode(*piece)]);
            }
        });
    }
}

/// The number of a piece, or of what is its complement.
#[inline(always)]
pub(super) fn decode(piece: i32) -> usize {
    (piece ^ (piece >> (i32::BITS - 1))) as usize
}
