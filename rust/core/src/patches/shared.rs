//! Patches that do not overlap: the lines of all grids cut a plane into cells, each cell is read once, and patches are
//! put together from cells, or from the patches of a finer grid where grids nest.

use std::ops::Range;

use fearless_simd::Level;
use rayon::prelude::*;

use super::grid::cuts;
use super::moments::{Accumulator, Summary};
use super::{Grid, Pixel, Plane};
use crate::{Exec, Result};

/// Pixels that a thread reads at a time: some tens of microseconds.
const TASK: usize = 1 << 17;

/// Summaries of the patches of each grid, shape (`n_rows`, `n_columns`).
pub(super) fn summaries<T: Pixel, A: Accumulator<T>>(
    exec: &Exec<'_>,
    plane: &Plane<'_, T>,
    grids: &[&Grid],
) -> Result<Vec<Vec<A::Summary>>> {
    let sources: Vec<Option<usize>> = (0..grids.len()).map(|index| source_of(grids, index)).collect();
    let bases: Vec<usize> = (0..grids.len()).filter(|index| sources[*index].is_none()).collect();
    let base_grids: Vec<&Grid> = bases.iter().map(|index| grids[*index]).collect();
    let mut found: Vec<Vec<A::Summary>> = grids.iter().map(|_| Vec::new()).collect();
    for (index, summaries) in bases.into_iter().zip(read_cells::<T, A>(exec, plane, &base_grids)?) {
        found[index] = summaries;
    }
    // A source has more patches than what is made of it, or comes before it.
    let mut order: Vec<usize> = (0..grids.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(grids[*index].len()));
    for index in order {
        if let Some(source) = sources[index] {
            found[index] = put_together(exec.level, grids[index], grids[source], &found[source]);
        }
    }
    Ok(found)
}

/// The grid with the fewest patches that make up those of grid `index`.
fn source_of(grids: &[&Grid], index: usize) -> Option<usize> {
    let is_source = |other: &usize| {
        let is_finer = grids[*other].len() > grids[index].len();
        let is_earlier = grids[*other].len() == grids[index].len() && *other < index;
        (is_finer || is_earlier) && grids[index].made_of(grids[*other]).is_some()
    };
    (0..grids.len()).filter(is_source).min_by_key(|other| grids[*other].len())
}

fn put_together<S: Summary>(level: Level, grid: &Grid, source: &Grid, parts: &[S]) -> Vec<S> {
    let Some([rows, columns]) = grid.made_of(source) else { return Vec::new() };
    let width = source.columns().len();
    let mut summaries = Vec::with_capacity(grid.len());
    for rows in &rows {
        for columns in &columns {
            let mut summary = S::empty();
            for row in rows.clone() {
                parts[row * width..][columns.clone()].iter().for_each(|part| summary.merge(level, part));
            }
            summaries.push(summary);
        }
    }
    summaries
}

/// Rows of patches of one grid as far as they are known: number of the row, and a summary for each column.
type PatchRows<S> = Vec<(usize, Vec<S>)>;

fn read_cells<T: Pixel, A: Accumulator<T>>(
    exec: &Exec<'_>,
    plane: &Plane<'_, T>,
    grids: &[&Grid],
) -> Result<Vec<Vec<A::Summary>>> {
    let cells = Cells::new(grids, plane.width());
    let read = cells
        .tasks
        .par_iter()
        .map(|task| {
            exec.check()?;
            Ok(cells.read::<T, A>(exec, plane, grids, task.clone()))
        })
        .collect::<Result<Vec<_>>>()?;
    let mut found: Vec<_> = grids.iter().map(|grid| vec![A::Summary::empty(); grid.len()]).collect();
    for of_grids in read {
        for ((grid, summaries), rows) in grids.iter().zip(&mut found).zip(of_grids) {
            let width = grid.columns().len();
            for (row, parts) in rows {
                for (summary, part) in summaries[row * width..].iter_mut().zip(&parts) {
                    summary.merge(exec.level, part);
                }
            }
        }
    }
    Ok(found)
}

/// The cells that the lines of several grids cut a plane into.
struct Cells {
    row_cuts: Vec<usize>,
    column_cuts: Vec<usize>,
    /// For each grid and each row of cells the row of patches that it belongs to.
    row_owners: Vec<Vec<Option<usize>>>,
    column_owners: Vec<Vec<Option<usize>>>,
    /// Rows of cells that a thread reads at a time.
    tasks: Vec<Range<usize>>,
}

impl Cells {
    fn new(grids: &[&Grid], width: usize) -> Self {
        let column_cuts = cuts(grids.iter().flat_map(|grid| grid.columns()));
        let row_cuts = refined(&cuts(grids.iter().flat_map(|grid| grid.rows())), TASK.div_ceil(width));
        let row_owners = grids.iter().map(|grid| owners(&row_cuts, grid.rows())).collect();
        let column_owners = grids.iter().map(|grid| owners(&column_cuts, grid.columns())).collect();
        let tasks = tasks(&row_cuts, width);
        Self { row_cuts, column_cuts, row_owners, column_owners, tasks }
    }

    fn read<T: Pixel, A: Accumulator<T>>(
        &self,
        exec: &Exec<'_>,
        plane: &Plane<'_, T>,
        grids: &[&Grid],
        task: Range<usize>,
    ) -> Vec<PatchRows<A::Summary>> {
        let mut accumulator = A::new(exec.level);
        let mut cell = A::Summary::empty();
        let mut buffer = Vec::new();
        let mut found: Vec<PatchRows<A::Summary>> = grids.iter().map(|_| Vec::new()).collect();
        for cell_row in task {
            let rows = self.row_cuts[cell_row]..self.row_cuts[cell_row + 1];
            for (g, grid) in grids.iter().enumerate() {
                if let Some(row) = self.row_owners[g][cell_row]
                    && found[g].last().is_none_or(|(last, _)| *last != row)
                {
                    found[g].push((row, vec![A::Summary::empty(); grid.columns().len()]));
                }
            }
            for (cell_column, ends) in self.column_cuts.windows(2).enumerate() {
                let owner = |g: usize| {
                    self.row_owners[g][cell_row]?;
                    self.column_owners[g][cell_column]
                };
                if (0..grids.len()).all(|g| owner(g).is_none()) {
                    continue;
                }
                let columns = ends[0]..ends[1];
                plane.for_each_piece(&rows, &columns, A::MIN_RUN, &mut buffer, |piece| accumulator.add(piece));
                accumulator.take(&mut cell);
                for (g, rows) in found.iter_mut().enumerate() {
                    if let (Some(column), Some((_, row))) = (owner(g), rows.last_mut()) {
                        row[column].merge(exec.level, &cell);
                    }
                }
            }
        }
        found
    }
}

/// Cuts at most `step` apart.
fn refined(cuts: &[usize], step: usize) -> Vec<usize> {
    let mut refined = Vec::with_capacity(cuts.len());
    for pair in cuts.windows(2) {
        refined.extend((pair[0]..pair[1]).step_by(step));
    }
    refined.extend(cuts.last());
    refined
}

/// For each cell the interval that it belongs to.
fn owners(cuts: &[usize], intervals: &[Range<usize>]) -> Vec<Option<usize>> {
    let mut interval = 0;
    let owner = |start: &usize| {
        while intervals.get(interval).is_some_and(|interval| interval.end <= *start) {
            interval += 1;
        }
        intervals.get(interval).filter(|interval| interval.contains(start)).map(|_| interval)
    };
    cuts[..cuts.len() - 1].iter().map(owner).collect()
}

/// Consecutive rows of cells with about [`TASK`] pixels together.
fn tasks(row_cuts: &[usize], width: usize) -> Vec<Range<usize>> {
    let mut tasks = Vec::new();
    let mut first = 0;
    for end in 1..row_cuts.len() {
        let n_rows = row_cuts[end] - row_cuts[first];
        if n_rows * width >= TASK || end + 1 == row_cuts.len() {
            tasks.push(first..end);
            first = end;
        }
    }
    tasks
}
