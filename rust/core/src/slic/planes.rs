//! The image as kernels read it.

use rayon::prelude::*;

use super::lab;
use super::smooth::smooth;
use super::source::Pixels;
use crate::buffer::Buffer;
use crate::{Error, Exec, Real, Result};

/// Pixels of a row of a tile, but at the right of an image: half a vector of float32.
pub(super) const TILE_WIDTH: usize = 8;

/// Rows of a tile, but at the bottom of an image. Fewer clusters compete in a small tile, but the search for them takes as
/// long (measured: 4 rows take 13 to 25 % longer, 16 rows 1 to 11 %, for superpixels of 8 to 63 pixels a side and a volume).
pub(super) const TILE_HEIGHT: usize = 8;

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
pub struct Planes<R> {
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

    /// Reads `pixels`, with channels last, converts RGB to Lab if asked to, smooths along z, y and x with the weights
    /// given for each axis ([`smooth`]), and multiplies by `ratio`.
    ///
    /// # Errors
    /// [`Error::Length`] if there are not `n_channels` values for each pixel, [`Error::Range`] for a volume without
    /// pixels or channels or Lab from other than 3 channels, [`Error::Interrupted`].
    pub fn read(
        exec: &Exec<'_>,
        pixels: &impl Pixels<R>,
        volume: Volume,
        n_channels: usize,
        to_lab: bool,
        smoothing: [&[f64]; 3],
        ratio: R,
    ) -> Result<Self> {
        if volume.n_pixels() * n_channels == 0 {
            return Err(Error::Range { argument: "image", got: "empty".into(), needed: "at least one pixel".into() });
        }
        if pixels.len() != volume.n_pixels() * n_channels {
            let (rows, columns) = (volume.n_pixels(), n_channels);
            return Err(Error::Length { argument: "image", got: pixels.len(), rows, columns });
        }
        if to_lab && n_channels != 3 {
            let needed = "3 for a conversion from RGB to Lab".into();
            return Err(Error::Range { argument: "n_channels", got: n_channels.to_string(), needed });
        }
        let mut planes = Self::unwritten(volume, n_channels);
        let row_len = volume.width * n_channels;
        let is_smoothed = smoothing.iter().any(|weights| !weights.is_empty());
        let scale = |row: &mut [R]| row.iter_mut().for_each(|value| *value *= ratio);
        planes.for_each_row(exec, |index, row, stride| {
            pixels.read(index * row_len, row_len, n_channels, row, stride);
            if to_lab {
                lab::from_linear(exec.level, row, stride);
            }
            if !is_smoothed {
                scale(row);
            }
        })?;
        if is_smoothed {
            planes = smooth(exec, planes, smoothing)?;
            planes.for_each_row(exec, |_, row, _| scale(row))?;
        }
        Ok(planes)
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

    /// All channels of a row.
    #[inline(always)]
    pub(super) fn row(&self, index: usize) -> &[R] {
        &self.values[index * self.n_channels * self.stride..][..self.n_channels * self.stride]
    }
}
