//! Leaves as they come back from the caller, checked.

use std::mem::replace;
use std::ops::Range;

use rayon::prelude::*;

use super::grid::{Bands, Grid};
use crate::{Error, Result};

/// Leaves that one thread checks: fewer cost less than handing them over.
const MIN_CHECKED: usize = 1 << 13;

/// The leaves of a tree in their order: the largest first, those of a level in raster order.
#[derive(Debug, Clone)]
pub struct Leaves<'a> {
    grid: Grid,
    origins: &'a [i32],
    base: usize,
    /// By level from `base` on: which leaves are of this level.
    ranges: Vec<Range<usize>>,
    bands: Bands,
}

impl<'a> Leaves<'a> {
    /// Wraps the origins of leaves, and the number of leaves of each level from `base` on.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the numbers do not add up, [`Error::Range`] if an origin is not on the grid of its level,
    /// or origins are not in order.
    pub fn new(grid: Grid, origins: &'a [i32], base: usize, n_leaves: &[usize]) -> Result<Self> {
        let ndim = grid.ndim();
        let (got, needed) = (origins.len() / ndim, n_leaves.iter().sum());
        if got != needed || !origins.len().is_multiple_of(ndim) {
            return Err(Error::Mismatch { argument: "origins", dimension: "rows", got, needed });
        }
        let top = base + n_leaves.len().saturating_sub(1);
        if top > grid.root().max(base) {
            let (got, needed) = (n_leaves.len().to_string(), "at most one for every level".into());
            return Err(Error::Range { argument: "n_leaves", got, needed });
        }
        let mut end = needed;
        let ranges: Vec<_> = n_leaves
            .iter()
            .map(|count| {
                end -= count;
                end..end + count
            })
            .collect();
        let leaves = Self { grid, origins, base, ranges, bands: grid.bands(base, top) };
        for level in base..=top {
            let wrong = if ndim == 2 { leaves.find_wrong::<2>(level) } else { leaves.find_wrong::<3>(level) };
            if let Some(leaf) = wrong {
                let got = format!("{:?}", &origins[leaf * ndim..][..ndim]);
                return Err(Error::Range { argument: "origins", got, needed: "on the grid and in order".into() });
            }
        }
        Ok(leaves)
    }

    /// Number of leaves.
    #[must_use]
    pub fn len(&self) -> usize {
        self.origins.len() / self.grid.ndim()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.origins.is_empty()
    }

    pub(crate) fn grid(&self) -> Grid {
        self.grid
    }

    pub(crate) fn bands(&self) -> Bands {
        self.bands
    }

    /// Levels that leaves may have, the highest first.
    pub(crate) fn levels(&self) -> impl Iterator<Item = usize> + use<> {
        (self.base..self.base + self.ranges.len()).rev()
    }

    fn range(&self, level: usize) -> Range<usize> {
        self.ranges[level - self.base].clone()
    }

    /// A leaf of a level that is not on its grid, or not behind the one before.
    fn find_wrong<const D: usize>(&self, level: usize) -> Option<usize> {
        let range = self.range(level);
        let origins = &self.origins.as_chunks::<D>().0[range.clone()];
        let mut extents = [0; D];
        extents.copy_from_slice(&self.grid.shape()[3 - D..]);
        let is_on_axis = |at: i32, extent: usize| at >= 0 && (at as usize) < extent && at & ((1 << level) - 1) == 0;
        let is_on_grid = |origin: [i32; D]| (0..D).all(|axis| is_on_axis(origin[axis], extents[axis]));
        let wrong = origins.par_chunks(MIN_CHECKED).enumerate().find_map_any(|(chunk, some)| {
            let start = chunk * MIN_CHECKED;
            let mut before = if start == 0 { [-1; D] } else { origins[start - 1] };
            let wrong = some.iter().position(|origin| !is_on_grid(*origin) || replace(&mut before, *origin) >= *origin);
            wrong.map(|at| start + at)
        });
        wrong.map(|at| range.start + at)
    }

    /// Plane, row and column of blocks where a leaf of a level lies.
    #[inline(always)]
    pub(crate) fn place(&self, level: usize, leaf: usize) -> [usize; 3] {
        let ndim = self.grid.ndim();
        let mut place = [0; 3];
        for axis in 0..ndim {
            place[3 - ndim + axis] = (self.origins[leaf * ndim + axis] as usize) >> level;
        }
        place
    }

    /// The first of some leaves of a level from a row (of a volume, a plane) of blocks on.
    fn first_from(&self, level: usize, range: Range<usize>, place: usize) -> usize {
        let (mut low, mut end) = (range.start, range.end);
        while low < end {
            let middle = usize::midpoint(low, end);
            if self.place(level, middle)[self.bands.axis()] < place { low = middle + 1 } else { end = middle }
        }
        low
    }

    /// Leaves of a level that lie in some rows of pixels (of a volume, planes).
    pub(crate) fn along(&self, level: usize, along: &Range<usize>) -> Range<usize> {
        let range = self.range(level);
        let start = self.first_from(level, range.clone(), along.start >> level);
        start..self.first_from(level, start..range.end, along.end.div_ceil(1 << level))
    }

    /// Leaves of a level, cut into those of each band; leaves that are larger than a band stay together.
    pub(crate) fn bands_of(&self, level: usize) -> Vec<Range<usize>> {
        let range = self.range(level);
        if level > self.bands.level {
            return vec![range];
        }
        let mut bands = Vec::with_capacity(self.bands.count());
        let mut start = range.start;
        for band in 0..self.bands.count() {
            let low = self.first_from(level, start..range.end, (band + 1) << (self.bands.level - level));
            bands.push(start..low);
            start = low;
        }
        bands
    }
}

/// Cuts a slice into parts of the given lengths, which do not exceed it.
pub(crate) fn slices_of<T>(mut rest: &mut [T], lens: impl Iterator<Item = usize>) -> Vec<&mut [T]> {
    lens.map(|len| {
        let (slice, others) = std::mem::take(&mut rest).split_at_mut(len);
        rest = others;
        slice
    })
    .collect()
}
