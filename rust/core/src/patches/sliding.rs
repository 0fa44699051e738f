//! Moments of patches that overlap: sums of a window that slides along cells, without ever subtracting, so that floats
//! lose no digits and ranges need no second thought.

use std::ops::Range;

use fearless_simd::Level;
use rayon::prelude::*;

use super::grid::{cells, cuts};
use super::moments::{Accumulator, Summary};
use super::pixel::Describe;
use super::{Grid, Pixel, Plane, Statistic, statistic};
use crate::{Exec, Result};

/// Rows of patches that are computed one after the other, in heights of a patch: the rows of cells of the first patch
/// are read twice, by this task and the one before it.
const HEIGHTS: usize = 4;

/// Rows of patches in a task, at least.
const MIN_ROWS: usize = 16;

/// Sums over the newest items of a sequence, in three additions per item however many they are: newest items are added
/// up as they come, and the sums of all suffixes of the older ones are kept (the queue of two stacks).
#[derive(Debug)]
struct Window<S> {
    level: Level,
    newest: Vec<S>,
    sum: Option<S>,
    suffixes: Vec<S>,
}

impl<S: Summary> Window<S> {
    fn new(level: Level) -> Self {
        Self { level, newest: Vec::new(), sum: None, suffixes: Vec::new() }
    }

    fn push(&mut self, item: S) {
        match &mut self.sum {
            Some(sum) => sum.merge(self.level, &item),
            None => self.sum = Some(item.clone()),
        }
        self.newest.push(item);
    }

    /// Drops the oldest item.
    fn pop(&mut self) {
        if self.suffixes.is_empty() {
            self.sum = None;
            for mut item in self.newest.drain(..).rev() {
                if let Some(suffix) = self.suffixes.last() {
                    item.merge(self.level, suffix);
                }
                self.suffixes.push(item);
            }
        }
        self.suffixes.pop();
    }

    fn total(&self) -> S {
        match (self.suffixes.last(), &self.sum) {
            (Some(suffix), Some(sum)) => {
                let mut total = suffix.clone();
                total.merge(self.level, sum);
                total
            }
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => S::empty(),
        }
    }

    /// Calls `use_total` for each of the intervals, which ascend, with the sum of its items; `item` is asked for each
    /// item once, in order.
    fn slide(
        level: Level,
        intervals: &[Range<usize>],
        mut item: impl FnMut(usize) -> Result<S>,
        mut use_total: impl FnMut(usize, S) -> Result<()>,
    ) -> Result<()> {
        let mut window = Self::new(level);
        let mut held = 0..0;
        for (index, interval) in intervals.iter().enumerate() {
            while held.start < interval.start.min(held.end) {
                window.pop();
                held.start += 1;
            }
            if held.is_empty() {
                held = interval.start..interval.start;
            }
            while held.end < interval.end {
                window.push(item(held.end)?);
                held.end += 1;
            }
            use_total(index, window.total())?;
        }
        Ok(())
    }
}

/// Writes the statistics of moments of all patches.
pub(super) fn write_moments<T: Pixel, A: Accumulator<T>>(
    exec: &Exec<'_>,
    plane: &Plane<'_, T>,
    grid: &Grid,
    statistics: &[Statistic],
    values_out: &mut [f64],
) -> Result<()>
where
    A::Summary: Describe<T>,
{
    let (row_cuts, column_cuts) = (cuts(grid.rows()), cuts(grid.columns()));
    let (rows, columns) = (in_cells(grid.rows(), &row_cuts), in_cells(grid.columns(), &column_cuts));
    let cells: Vec<_> = cells(&column_cuts).collect();
    let height = rows.iter().map(Range::len).max().unwrap_or(1);
    let n_rows = (HEIGHTS * height).max(MIN_ROWS);
    let row_length = columns.len() * statistics.len();
    let tasks = values_out.par_chunks_mut(n_rows * row_length).zip(rows.par_chunks(n_rows));
    tasks.try_for_each(|(values_out, rows)| {
        let mut accumulator = A::new(exec.level);
        let cell_row = |row: usize| {
            exec.check()?;
            let mut found = Vec::with_capacity(cells.len());
            let rows = row_cuts[row]..row_cuts[row + 1];
            accumulator.read(plane, &rows, &cells, |_, cell| found.push(cell.clone()));
            Ok(found)
        };
        Window::slide(exec.level, rows, cell_row, |index, cells| {
            let row_out = &mut values_out[index * row_length..][..row_length];
            Window::slide(
                exec.level,
                &columns,
                |column| Ok(cells[column].clone()),
                |index, patch: A::Summary| {
                    let patch_out = &mut row_out[index * statistics.len()..][..statistics.len()];
                    statistic::write_moments(&patch.moments(), statistics, patch_out);
                    Ok(())
                },
            )
        })
    })
}

/// Intervals between cuts in place of intervals of pixels.
fn in_cells(intervals: &[Range<usize>], cuts: &[usize]) -> Vec<Range<usize>> {
    let cell = |at: usize| cuts.partition_point(|cut| *cut < at);
    intervals.iter().map(|interval| cell(interval.start)..cell(interval.end)).collect()
}
