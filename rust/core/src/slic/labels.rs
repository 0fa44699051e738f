//! Where the labels of a tile are written.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd, f32x16, i32x8, i32x16};

use super::Volume;
use super::bands::Change;
use super::planes::{TILE_HEIGHT, TILE_WIDTH};
use super::tiles::{PAIR_LEN, PAIRS, Pair, Tile};
use crate::Real;
use crate::simd::prefetch;

/// The labels of a band of a slice while its tiles are assigned.
pub(super) struct BandLabels<'a> {
    pub(super) pixels: &'a mut [i32],
    /// What has changed, if somebody asks for it.
    pub(super) changes: Option<&'a mut Vec<Change>>,
}

impl BandLabels<'_> {
    /// Asks for some columns.
    #[inline(always)]
    pub(super) fn prefetch(&self, width: usize, columns: &Range<usize>) {
        for row in self.pixels.chunks_exact(width) {
            prefetch(&row[columns.clone()]);
        }
    }

    /// The labels of a tile.
    #[inline(always)]
    pub(super) fn of_tile<'a>(
        &'a mut self,
        Volume { height, width, .. }: Volume,
        mask: Option<&'a [bool]>,
        tile: &Tile<'_>,
    ) -> TileLabels<'a> {
        let mask = mask.filter(|_| !tile.is_whole).map(|mask| &mask[(tile.z * height + tile.rows.start) * width..]);
        let first_row = tile.group_row * TILE_HEIGHT;
        let rows = &mut self.pixels[first_row * width..][..tile.rows.len() * width];
        TileLabels { rows, first_row, width, columns: tile.columns.clone(), mask, changes: self.changes.as_deref_mut() }
    }
}

/// The labels of a tile.
pub(super) struct TileLabels<'a> {
    /// Those of the tile's rows, and which row of the band is the first.
    rows: &'a mut [i32],
    first_row: usize,
    width: usize,
    columns: Range<usize>,
    /// The mask of the same rows, if it leaves out a pixel of the tile.
    mask: Option<&'a [bool]>,
    changes: Option<&'a mut Vec<Change>>,
}

impl TileLabels<'_> {
    /// Whether a pixel is asked for.
    #[inline(always)]
    pub(super) fn has(&self, row: usize, lane: usize) -> bool {
        let column = self.columns.start + lane;
        column < self.columns.end && self.mask.is_none_or(|mask| mask[row * self.width + column])
    }

    /// Gives the pixels to clusters by number, two rows at a time; where it is negative, or outside the mask, labels stay.
    ///
    /// Most tiles stay as they are and are only read.
    #[inline(always)]
    pub(super) fn give<S: Simd>(&mut self, simd: S, numbers: impl Fn(usize) -> f32x16<S>) {
        let is_plain = self.mask.is_none() && self.columns.len() == TILE_WIDTH;
        let n_rows = self.rows.len() / self.width;
        if !is_plain || n_rows < TILE_HEIGHT {
            let mut winners = [Pair::ZERO; PAIRS];
            for (pair, winners) in winners.iter_mut().enumerate() {
                winners.store(numbers(pair));
            }
            self.give_some(n_rows, &winners);
            return;
        }
        let mut labels = [i32x16::simd_from(simd, 0); PAIRS];
        let mut differ: u64 = 0;
        for pair in 0..PAIRS {
            let row = |row: usize| &self.rows[(2 * pair + row) * self.width + self.columns.start..][..TILE_WIDTH];
            let old = i32x8::from_slice(simd, row(0)).combine(i32x8::from_slice(simd, row(1)));
            let new = i32x16::truncate_from(numbers(pair));
            labels[pair] = new.simd_lt(i32x16::simd_from(simd, 0)).select(old, new);
            differ |= (!old.simd_eq(labels[pair]).to_bitmask() & 0xffff) << (pair * PAIR_LEN);
        }
        if differ == 0 {
            return;
        }
        let mut new = [0; TILE_HEIGHT * TILE_WIDTH];
        for (labels, new) in labels.iter().zip(new.chunks_exact_mut(PAIR_LEN)) {
            labels.store_slice(new);
        }
        self.note(differ, &new);
        for (row, new) in new.chunks_exact(TILE_WIDTH).enumerate() {
            self.rows[row * self.width..][self.columns.clone()].copy_from_slice(new);
        }
    }

    /// The same for a tile at the border of the image, or of the mask.
    fn give_some(&mut self, n_rows: usize, numbers: &[Pair; PAIRS]) {
        for row in 0..n_rows {
            for (lane, number) in numbers[row / 2].row(row % 2).iter().enumerate() {
                if *number >= 0.0 && self.has(row, lane) {
                    let (column, to) = (self.columns.start + lane, number.to_label());
                    let from = std::mem::replace(&mut self.rows[row * self.width + column], to);
                    if let Some(changes) = self.changes.as_mut().filter(|_| from != to) {
                        changes.push(Change { row: (self.first_row + row) as u32, column: column as u32, from, to });
                    }
                }
            }
        }
    }

    fn note(&mut self, mut differ: u64, new: &[i32]) {
        let Some(changes) = &mut self.changes else { return };
        while differ != 0 {
            let pixel = differ.trailing_zeros() as usize;
            let (row, column) = (pixel / TILE_WIDTH, self.columns.start + pixel % TILE_WIDTH);
            let (from, to) = (self.rows[row * self.width + column], new[pixel]);
            changes.push(Change { row: (self.first_row + row) as u32, column: column as u32, from, to });
            differ &= differ - 1;
        }
    }
}

const _: () =
    assert!(TILE_WIDTH == 8 && TILE_HEIGHT * TILE_WIDTH <= u64::BITS as usize, "a bit for each pixel of a tile");
