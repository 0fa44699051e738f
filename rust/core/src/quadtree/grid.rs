//! Where the blocks of every level lie.

use std::ops::Range;

use crate::{Error, Result};

/// Side of a band of an image, as a level: 64 rows of 4096 pixels and all that is computed from them fit the
/// second-level cache, and there are enough of them for many threads.
const BAND_OF_PLANE: usize = 6;

/// The same for a volume, whose bands are slabs.
const BAND_OF_VOLUME: usize = 3;

/// Largest extent of an axis: origins are 32-bit integers.
const MAX_EXTENT: usize = 1 << 30;

/// The grid of an image of shape (height, width), or of a volume of shape (depth, height, width).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Planes, rows, columns; an image is one plane.
    shape: [usize; 3],
    ndim: usize,
}

impl Grid {
    /// Wraps a shape of two or three axes.
    ///
    /// # Errors
    /// [`Error::Range`] if there are more or fewer axes, or one is empty or longer than 2^30.
    pub fn new(shape: &[usize]) -> Result<Self> {
        let extents = match *shape {
            [height, width] => [1, height, width],
            [depth, height, width] => [depth, height, width],
            _ => {
                let got = format!("a shape of {} axes", shape.len());
                return Err(Error::Range { argument: "shape", got, needed: "of 2 or 3 axes".into() });
            }
        };
        if let Some(extent) = extents.iter().find(|extent| !(1..=MAX_EXTENT).contains(*extent)) {
            let needed = format!("from 1 to {MAX_EXTENT} along every axis");
            return Err(Error::Range { argument: "shape", got: extent.to_string(), needed });
        }
        Ok(Self { shape: extents, ndim: shape.len() })
    }

    /// Number of axes, 2 or 3.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.ndim
    }

    /// Number of pixels.
    #[must_use]
    pub fn n_pixels(&self) -> usize {
        self.shape.iter().product()
    }

    /// The level whose one block covers the image.
    #[must_use]
    pub fn root(&self) -> usize {
        let longest = self.shape.into_iter().fold(1, usize::max);
        longest.next_power_of_two().trailing_zeros() as usize
    }

    /// Planes, rows and columns of blocks at a level.
    #[must_use]
    pub fn blocks(&self, level: usize) -> [usize; 3] {
        let [planes, lines, columns] = self.shape;
        [planes.div_ceil(1 << level), lines.div_ceil(1 << level), columns.div_ceil(1 << level)]
    }

    /// Number of blocks at a level.
    #[must_use]
    pub fn n_blocks(&self, level: usize) -> usize {
        self.blocks(level).iter().product()
    }

    /// Extents of the block at `place` (plane, row, column of blocks) as far as the image goes.
    #[inline(always)]
    pub(crate) fn extent(&self, level: usize, place: [usize; 3]) -> [usize; 3] {
        let mut extent = self.shape;
        for axis in 0..3 {
            extent[axis] = (self.shape[axis] - (place[axis] << level)).min(1 << level);
        }
        extent
    }

    /// Whether the block is one of an image, and no border cuts it.
    #[inline(always)]
    pub(crate) fn is_square(&self, level: usize, place: [usize; 3]) -> bool {
        let [_, height, width] = self.extent(level, place);
        self.ndim == 2 && height == 1 << level && width == 1 << level
    }

    /// Planes, rows and columns of pixels.
    #[inline(always)]
    pub(crate) fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// How levels `first` to `top` are cut into bands.
    pub(crate) fn bands(&self, first: usize, top: usize) -> Bands {
        let level = if self.ndim == 2 { BAND_OF_PLANE } else { BAND_OF_VOLUME };
        Bands { grid: *self, level: level.max(first).min(top.max(first)) }
    }
}

/// Bands of rows of an image, or of planes of a volume, as high as a block of their level.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bands {
    grid: Grid,
    /// The level of the largest blocks that lie in one band each.
    pub(crate) level: usize,
}

impl Bands {
    /// Number of bands.
    pub(crate) fn count(&self) -> usize {
        self.grid.blocks(self.level)[self.axis()]
    }

    /// The axis that is cut.
    pub(crate) fn axis(&self) -> usize {
        usize::from(self.grid.ndim == 2)
    }

    /// Rows of blocks of a level in every band but the last, which may have fewer.
    pub(crate) fn rows_per_band(&self, level: usize) -> usize {
        let across = if self.grid.ndim == 2 { 1 } else { self.grid.blocks(level)[1] };
        across << (self.level - level)
    }

    /// Planes and rows of blocks of a level in band `index`.
    pub(crate) fn places(&self, index: usize, level: usize) -> [Range<usize>; 2] {
        let blocks = self.grid.blocks(level);
        let mut places = [0..blocks[0], 0..blocks[1]];
        let start = index << (self.level - level);
        places[self.axis()] = start..(start + (1 << (self.level - level))).min(blocks[self.axis()]);
        places
    }
}
