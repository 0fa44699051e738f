//! Reading rows of a plane into the patches of several grids that do not overlap.

use std::ops::Range;

use fearless_simd::Level;

use super::moments::{Accumulator, Summary};
use super::{Pixel, Plane};

/// A row of patches of a grid, and for each cell the patch that it belongs to.
pub(super) struct Patches<'a, S> {
    pub(super) owners: &'a [Option<usize>],
    pub(super) summaries: &'a mut [S],
}

/// Reads rows of cells for several grids.
pub(super) trait Reader<T: Pixel>: Send {
    /// What it tells of pixels.
    type Summary: Summary;

    /// At a SIMD level.
    fn new(level: Level) -> Self;

    /// Adds the pixels of a few rows to the patches of each grid. Cells are ascending ranges of columns, and those of a
    /// patch follow each other.
    fn add_rows(
        &mut self,
        plane: &Plane<'_, T>,
        rows: &Range<usize>,
        cells: &[Range<usize>],
        grids: &mut [Patches<'_, Self::Summary>],
    );
}

/// Adds cell by cell what an accumulator gathers.
#[derive(Debug)]
pub(super) struct CellReader<A> {
    level: Level,
    accumulator: A,
}

impl<T: Pixel, A: Accumulator<T>> Reader<T> for CellReader<A> {
    type Summary = A::Summary;

    fn new(level: Level) -> Self {
        Self { level, accumulator: A::new(level) }
    }

    fn add_rows(
        &mut self,
        plane: &Plane<'_, T>,
        rows: &Range<usize>,
        cells: &[Range<usize>],
        grids: &mut [Patches<'_, A::Summary>],
    ) {
        self.accumulator.read(plane, rows, cells, |cell, summary| {
            for Patches { owners, summaries } in &mut *grids {
                if let Some(patch) = owners[cell] {
                    summaries[patch].merge(self.level, summary);
                }
            }
        });
    }
}
