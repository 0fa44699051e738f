//! A grid of patches: intervals of rows times intervals of columns.

use std::ops::Range;

use crate::{Error, Result};

/// Most pixels of a patch: counts of single values then fit 32 bits.
const MAX_PIXELS: usize = u32::MAX as usize;

/// Patches of an image of a certain size; they may overlap, and need not cover it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    rows: Vec<Range<usize>>,
    columns: Vec<Range<usize>>,
}

impl Grid {
    /// Every interval of rows with every interval of columns.
    ///
    /// # Errors
    /// [`Error::Range`] if there are no intervals, one is empty, starts or stops do not ascend, or a patch has 2^32
    /// pixels or more.
    pub fn new(rows: Vec<Range<usize>>, columns: Vec<Range<usize>>) -> Result<Self> {
        check_intervals("rows", &rows)?;
        check_intervals("columns", &columns)?;
        let [height, width] = [&rows, &columns].map(|intervals| intervals.iter().map(Range::len).max().unwrap_or(0));
        if height.checked_mul(width).is_none_or(|n_pixels| n_pixels > MAX_PIXELS) {
            let (got, needed) = (format!("{height} x {width} pixels"), "of less than 2^32 pixels".into());
            return Err(Error::Range { argument: "patch_size", got, needed });
        }
        Ok(Self { rows, columns })
    }

    /// Number of patches.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a grid has at least one patch")]
    pub fn len(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// Intervals of rows, ascending.
    #[must_use]
    pub fn rows(&self) -> &[Range<usize>] {
        &self.rows
    }

    /// Intervals of columns, ascending.
    #[must_use]
    pub fn columns(&self) -> &[Range<usize>] {
        &self.columns
    }

    /// Pixels of all patches, those that patches share counted for each.
    pub(super) fn n_pixels(&self) -> usize {
        let [height, width] = [&self.rows, &self.columns].map(|intervals| intervals.iter().map(Range::len).sum());
        usize::saturating_mul(height, width)
    }

    /// Whether patches share pixels.
    pub(super) fn overlaps(&self) -> bool {
        [&self.rows, &self.columns].iter().any(|axis| axis.windows(2).any(|pair| pair[1].start < pair[0].end))
    }

    pub(super) fn check(&self, height: usize, width: usize) -> Result<()> {
        for (dimension, intervals, needed) in [("rows", &self.rows, height), ("columns", &self.columns, width)] {
            let got = intervals.last().map_or(0, |interval| interval.end);
            if got > needed {
                return Err(Error::Mismatch { argument: "grid", dimension, got, needed });
            }
        }
        Ok(())
    }

    /// For each patch of this grid the patches of `other` that make it up, by rows and by columns, if they do.
    pub(super) fn made_of(&self, other: &Self) -> Option<[Vec<Range<usize>>; 2]> {
        Some([parts(&self.rows, &other.rows)?, parts(&self.columns, &other.columns)?])
    }
}

fn check_intervals(argument: &'static str, intervals: &[Range<usize>]) -> Result<()> {
    let ascend = intervals.windows(2).all(|pair| pair[0].start < pair[1].start && pair[0].end <= pair[1].end);
    if ascend && !intervals.is_empty() && !intervals.iter().any(Range::is_empty) {
        return Ok(());
    }
    let (got, needed) = (format!("{} intervals", intervals.len()), "one or more, none empty, ascending".into());
    Err(Error::Range { argument, got, needed })
}

/// For each interval the consecutive ones of `others` that tile it, if there are.
fn parts(intervals: &[Range<usize>], others: &[Range<usize>]) -> Option<Vec<Range<usize>>> {
    let part_of = |interval: &Range<usize>| {
        let first = others.binary_search_by_key(&interval.start, |other| other.start).ok()?;
        let last = others.binary_search_by_key(&interval.end, |other| other.end).ok()?;
        let tiles = others.get(first..=last)?.windows(2).all(|pair| pair[0].end == pair[1].start);
        tiles.then_some(first..last + 1)
    };
    intervals.iter().map(part_of).collect()
}

/// All places where an interval starts or ends, ascending.
pub(super) fn cuts<'a>(intervals: impl IntoIterator<Item = &'a Range<usize>>) -> Vec<usize> {
    let mut cuts: Vec<usize> = intervals.into_iter().flat_map(|interval| [interval.start, interval.end]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// The parts between cuts.
pub(super) fn cells(cuts: &[usize]) -> impl Iterator<Item = Range<usize>> {
    cuts.windows(2).map(|ends| ends[0]..ends[1])
}
