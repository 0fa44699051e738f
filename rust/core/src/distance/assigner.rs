//! Nearest centers of consecutive samples, by the kernel that suits their shape.

use std::ops::Range;

use super::nearest::nearest;
use super::rows::{ROWS, Rows};
use super::{Centers, Padded};
use crate::simd::{Level, Tile};
use crate::{Element, Real, Samples};

/// Samples that the kernel for whole rows takes at a time: a few dozen of its groups.
const BLOCK_OF_ROWS: usize = 32 * ROWS;

/// Assigns samples to centers, block by block, with buffers of its own.
#[derive(Debug)]
pub struct Assigner<'a, R> {
    level: Level,
    centers: &'a Centers<R>,
    buffer: Buffer<'a, R>,
}

#[derive(Debug)]
enum Buffer<'a, R> {
    Tile(Tile<R>),
    Rows(Rows<R>, &'a Padded<R>),
}

impl<'a, R: Real> Assigner<'a, R> {
    /// Buffers for the kernel that suits `centers`.
    #[must_use]
    pub fn new(level: Level, centers: &'a Centers<R>) -> Self {
        let buffer = match centers.padded() {
            Some(padded) => Buffer::Rows(Rows::new(padded), padded),
            None => Buffer::Tile(Tile::new(centers.n_features())),
        };
        Self { level, centers, buffer }
    }

    /// Most samples in a block.
    #[must_use]
    pub fn block(&self) -> usize {
        match &self.buffer {
            Buffer::Tile(tile) => tile.capacity(),
            Buffer::Rows(..) => BLOCK_OF_ROWS,
        }
    }

    /// The samples assigned last and their labels, if this kernel keeps them.
    #[must_use]
    pub fn tile(&self) -> Option<&Tile<R>> {
        match &self.buffer {
            Buffer::Tile(tile) => Some(tile),
            Buffer::Rows(..) => None,
        }
    }

    /// Writes the label of the center nearest to each sample of a block, the lowest on ties; returns whether any of
    /// them changed.
    ///
    /// Cost: `n_clusters * n_features` subtractions and fused multiply-adds per sample.
    pub fn assign<T: Element<Real = R>>(
        &mut self,
        samples: &Samples<'_, T>,
        range: Range<usize>,
        labels_out: &mut [i32],
    ) -> bool {
        match &mut self.buffer {
            Buffer::Tile(tile) => {
                tile.load(self.level, samples, range);
                nearest(self.level, tile, self.centers.view());
                tile.store_labels(self.level, labels_out)
            }
            Buffer::Rows(rows, padded) => rows.assign(self.level, samples, range.start, padded, labels_out),
        }
    }
}
