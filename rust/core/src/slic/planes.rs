//! The image row by row.

use rayon::prelude::*;

use crate::buffer::Buffer;
use crate::{Exec, Real, Result};

/// Pixels of a row of a tile, but at the right of an image: half a vector of float32.
pub(super) const TILE_WIDTH: usize = 8;

/// Rows of a tile, but at the bottom of an image. Fewer clusters compete in a small tile, but the search for them takes as
/// long (measured: 4 rows take 13 to 25 % longer, 16 rows 1 to 11 %, for superpixels of 8 to 63 pixels a side and a volume).
pub(super) const TILE_HEIGHT: usize = 8;

/// Slices of a tile, but in an image and at the end of a volume: they share the search for clusters (measured: with 4 slices a
/// volume takes 23 %, inside a mask 43 % less time than with one; with 6 or 8, where slices may be thicker than pixels, 3 % less
/// than with 4).
pub(super) const TILE_DEPTH: usize = 4;

/// Rows of a band: two of tiles, which share the search for clusters.
pub(super) const BAND_HEIGHT: usize = 2 * TILE_HEIGHT;

/// Rows are padded to a multiple of this, in pixels: whole tiles, and enough for kernels to take many side by side.
pub(super) const PADDING: usize = 32;

/// Bytes of a line of the cache.
const LINE: usize = 64;

/// Number of channels that is not known when a kernel is compiled.
pub(super) const ANY: usize = usize::MAX;

/// Extent of a volume; an image has depth 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Volume {
    /// Slices.
    pub depth: usize,
    /// Rows of a slice.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
}

impl Volume {
    /// Rows of all slices.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.depth * self.height
    }

    /// Pixels of all slices.
    #[must_use]
    pub fn n_pixels(&self) -> usize {
        self.n_rows() * self.width
    }
}

/// Row after row, and within a row channel after channel, in the type that distances are computed in.
#[derive(Debug)]
pub(super) struct Planes<R> {
    values: Buffer<R>,
    volume: Volume,
    n_channels: usize,
    stride: usize,
}

impl<R: Real> Planes<R> {
    /// Rows that mean nothing before they are written.
    pub(super) fn unwritten(volume: Volume, n_channels: usize) -> Self {
        // An odd number of lines: the cache has room for few lines that are a power of two apart, as the rows of a tile were
        // (measured 5 % of the iterations on 512 x 512 pixels).
        let stride = volume.width.next_multiple_of(PADDING) + LINE / size_of::<R>();
        Self { values: Buffer::unwritten(volume.n_rows() * n_channels * stride), volume, n_channels, stride }
    }

    /// Runs `body` on the number, the values and the stride of every row.
    pub(super) fn for_each_row(&mut self, exec: &Exec<'_>, body: impl Fn(usize, &mut [R], usize) + Sync) -> Result<()> {
        let stride = self.stride;
        self.values.par_chunks_mut(self.n_channels * stride).enumerate().try_for_each(|(index, row)| {
            exec.check()?;
            body(index, row, stride);
            Ok(())
        })
    }

    pub(super) fn volume(&self) -> Volume {
        self.volume
    }

    pub(super) fn n_channels(&self) -> usize {
        self.n_channels
    }

    /// From one channel of a row to the next.
    #[inline(always)]
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// Values of all channels of a row.
    pub(super) fn row_len(&self) -> usize {
        self.n_channels * self.stride
    }

    /// All channels of a row.
    #[inline(always)]
    pub(super) fn row(&self, index: usize) -> &[R] {
        &self.values[index * self.row_len()..][..self.row_len()]
    }

    /// One row after the other.
    pub(super) fn values_mut(&mut self) -> &mut [R] {
        &mut self.values
    }
}

/// Rows of a slice one below the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a, R> {
    values: &'a [R],
    pub(super) width: usize,
    row_len: usize,
    /// From one channel of a row to the next.
    pub(super) stride: usize,
}

impl<'a, R> Rows<'a, R> {
    pub(super) fn new(values: &'a [R], width: usize, row_len: usize, stride: usize) -> Self {
        Self { values, width, row_len, stride }
    }

    /// How many there are.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.values.len() / self.row_len
    }

    /// All channels of a row.
    #[inline(always)]
    pub(super) fn get(&self, row: usize) -> &'a [R] {
        &self.values[row * self.row_len..][..self.row_len]
    }
}
