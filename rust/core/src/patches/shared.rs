//! Patches that do not overlap: the lines of all grids cut a plane into cells, each cell is read once, and patches are
//! put together from cells, or from the patches of a finer grid where grids nest.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use fearless_simd::Level;
use rayon::prelude::*;

use super::grid::{cells, cuts};
use super::moments::Summary;
use super::reader::{Patches, Reader};
use super::{Grid, Pixel, Plane};
use crate::{Exec, Result};

/// Pixels that a thread reads at a time, at least: some tens of microseconds.
const MIN_TASK: usize = 1 << 17;

/// At most: what is known of their patches then stays in the second-level cache until they are described.
const MAX_TASK: usize = 1 << 18;

/// Tasks of a plane that are enough to share: with fewer of them, fewer patches are put together from parts of two.
const N_TASKS: usize = 16;

/// Writes what `describer` makes of the summary of each patch, for each grid shape (`n_rows`, `n_columns`,
/// `n_statistics`).
///
/// Rows of patches are described at the end of a task, while they are in cache; only those that two tasks read parts of
/// are kept.
pub(super) fn write<T: Pixel, R: Reader<T>, D: FnMut(&R::Summary, &mut [f64])>(
    exec: &Exec<'_>,
    plane: &Plane<'_, T>,
    grids: &[&Grid],
    n_statistics: usize,
    describer: impl Fn() -> D + Sync,
    values_out: &mut [&mut Vec<f64>],
) -> Result<()> {
    let family = Family::new(grids, plane.height(), plane.width());
    let describe = |row: &[R::Summary]| {
        let mut describe = describer();
        let mut values = vec![f64::NAN; row.len() * n_statistics];
        for (summary, patch_out) in row.iter().zip(values.chunks_mut(n_statistics)) {
            describe(summary, patch_out);
        }
        values
    };
    let read = family
        .tasks
        .par_iter()
        .map(|task| {
            exec.check()?;
            let mut rows = family.read::<T, R>(exec, plane, task.clone());
            let pixels = family.row_cuts[task.start]..family.row_cuts[task.end];
            let is_whole = |row: &PatchRow<R::Summary>| {
                let interval = &grids[row.grid].rows()[row.row];
                pixels.start <= interval.start && interval.end <= pixels.end
            };
            let written: Vec<_> = rows
                .extract_if(.., |row| is_whole(row))
                .map(|row| (row.grid, row.row, describe(&row.patches)))
                .collect();
            Ok((written, rows))
        })
        .collect::<Result<Vec<_>>>()?;
    let mut parts: BTreeMap<(usize, usize), Vec<Vec<R::Summary>>> = BTreeMap::new();
    let mut put = |grid: usize, row: usize, values: &[f64]| {
        values_out[grid][row * values.len()..][..values.len()].copy_from_slice(values);
    };
    for (written, rows) in read {
        for (grid, row, values) in written {
            put(grid, row, &values);
        }
        for PatchRow { grid, row, patches } in rows {
            parts.entry((grid, row)).or_default().push(patches);
        }
    }
    let parts: Vec<_> = parts.into_iter().collect();
    let describe_parts = |((grid, row), parts): ((usize, usize), Vec<Vec<R::Summary>>)| {
        let mut parts = parts.into_iter();
        let mut whole = parts.next().unwrap_or_default();
        parts.for_each(|part| whole.merge(exec.level, &part));
        (grid, row, describe(&whole))
    };
    let written: Vec<_> = parts.into_par_iter().map(describe_parts).collect();
    for (grid, row, values) in written {
        put(grid, row, &values);
    }
    Ok(())
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

/// A row of patches of a grid, as far as it is known.
struct PatchRow<S> {
    grid: usize,
    row: usize,
    patches: Vec<S>,
}

/// How cells or patches of a finer grid belong to the rows and columns of a grid, where they do.
struct Owners {
    /// The finer grid; none for cells.
    source: Option<usize>,
    rows: Vec<Option<usize>>,
    columns: Vec<Option<usize>>,
}

/// Grids that are read together: the cells that their lines cut a plane into, and which grids are made of others.
struct Family<'a> {
    grids: &'a [&'a Grid],
    owners: Vec<Owners>,
    /// Grids, each after the one that it is made of.
    order: Vec<usize>,
    row_cuts: Vec<usize>,
    /// Columns of the cells that belong to a patch.
    columns: Vec<Range<usize>>,
    /// Rows of cells that a thread reads at a time.
    tasks: Vec<Range<usize>>,
}

impl<'a> Family<'a> {
    fn new(grids: &'a [&'a Grid], height: usize, width: usize) -> Self {
        let task = (height * width / N_TASKS).clamp(MIN_TASK, MAX_TASK);
        let sources: Vec<Option<usize>> = (0..grids.len()).map(|index| source_of(grids, index)).collect();
        let bases = || grids.iter().zip(&sources).filter(|(_, source)| source.is_none()).map(|(grid, _)| grid);
        let is_wanted = |cell: &Range<usize>| bases().any(|grid| owner_of(cell, grid.columns()).is_some());
        let columns: Vec<_> = cells(&cuts(bases().flat_map(|grid| grid.columns()))).filter(is_wanted).collect();
        let row_cuts = refined(&cuts(bases().flat_map(|grid| grid.rows())), task.div_ceil(width));
        let owners_of = |(grid, source): (&&Grid, &Option<usize>)| {
            let of_source = source.and_then(|source| Some((grids[source], grid.made_of(grids[source])?)));
            let (rows, columns) = match of_source {
                Some((finer, [rows, columns])) => {
                    (owners_of_parts(finer.rows().len(), &rows), owners_of_parts(finer.columns().len(), &columns))
                }
                None => (
                    cells(&row_cuts).map(|cell| owner_of(&cell, grid.rows())).collect(),
                    columns.iter().map(|cell| owner_of(cell, grid.columns())).collect(),
                ),
            };
            Owners { source: *source, rows, columns }
        };
        let owners = grids.iter().zip(&sources).map(owners_of).collect();
        // A source has more patches than what is made of it, or comes before it.
        let mut order: Vec<usize> = (0..grids.len()).collect();
        order.sort_by_key(|index| Reverse(grids[*index].len()));
        let tasks = tasks(&row_cuts, width, task);
        Self { grids, owners, order, row_cuts, columns, tasks }
    }

    /// All rows of patches, as far as the rows of cells of a task tell.
    fn read<T: Pixel, R: Reader<T>>(
        &self,
        exec: &Exec<'_>,
        plane: &Plane<'_, T>,
        task: Range<usize>,
    ) -> Vec<PatchRow<R::Summary>> {
        let mut reader = R::new(exec.level);
        let mut current: Vec<Option<PatchRow<R::Summary>>> = self.grids.iter().map(|_| None).collect();
        let mut found = Vec::new();
        for cell_row in task {
            let rows = self.row_cuts[cell_row]..self.row_cuts[cell_row + 1];
            let mut bases = Vec::new();
            for (grid, (row, owners)) in current.iter_mut().zip(&self.owners).enumerate() {
                let cell_owner = if owners.source.is_none() { owners.rows[cell_row] } else { None };
                if let Some(cell_owner) = cell_owner {
                    let row = row.get_or_insert_with(|| self.empty_row(grid, cell_owner));
                    bases.push(Patches { owners: &owners.columns, summaries: &mut row.patches });
                }
            }
            // Rows between the patches of all grids.
            if bases.is_empty() {
                continue;
            }
            reader.add_rows(plane, &rows, &self.columns, &mut bases);
            for grid in &self.order {
                let ended = current[*grid].take_if(|row| self.grids[*grid].rows()[row.row].end == rows.end);
                self.pass_on(exec.level, ended, &mut current, &mut found);
            }
        }
        for grid in &self.order {
            let begun = current[*grid].take();
            self.pass_on(exec.level, begun, &mut current, &mut found);
        }
        found
    }

    fn empty_row<S: Summary>(&self, grid: usize, row: usize) -> PatchRow<S> {
        PatchRow { grid, row, patches: vec![S::empty(); self.grids[grid].columns().len()] }
    }

    /// Adds a row to the grids that are made of its patches, and to what was found.
    fn pass_on<S: Summary>(
        &self,
        level: Level,
        row: Option<PatchRow<S>>,
        current: &mut [Option<PatchRow<S>>],
        found: &mut Vec<PatchRow<S>>,
    ) {
        let Some(mut finer) = row else { return };
        if self.owners.iter().any(|owners| owners.source == Some(finer.grid)) {
            finer.patches.iter_mut().for_each(|patch| patch.complete(level));
        }
        for (grid, owners) in self.owners.iter().enumerate().filter(|(_, owners)| owners.source == Some(finer.grid)) {
            let Some(row) = owners.rows[finer.row] else { continue };
            let coarser = current[grid].get_or_insert_with(|| self.empty_row(grid, row));
            for (part, column) in finer.patches.iter().zip(&owners.columns) {
                if let Some(column) = column {
                    coarser.patches[*column].merge(level, part);
                }
            }
        }
        found.push(finer);
    }
}

/// For each of `n` parts the interval of parts that it belongs to.
fn owners_of_parts(n: usize, intervals: &[Range<usize>]) -> Vec<Option<usize>> {
    let mut owners = vec![None; n];
    for (owner, parts) in intervals.iter().enumerate() {
        owners[parts.clone()].fill(Some(owner));
    }
    owners
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

/// The one of ascending intervals that a cell belongs to.
fn owner_of(cell: &Range<usize>, intervals: &[Range<usize>]) -> Option<usize> {
    let owner = intervals.partition_point(|interval| interval.end <= cell.start);
    intervals.get(owner).filter(|interval| interval.contains(&cell.start)).map(|_| owner)
}

/// Consecutive rows of cells with about `n_pixels` together.
fn tasks(row_cuts: &[usize], width: usize, n_pixels: usize) -> Vec<Range<usize>> {
    let mut tasks = Vec::new();
    let mut first = 0;
    for end in 1..row_cuts.len() {
        let n_rows = row_cuts[end] - row_cuts[first];
        if n_rows * width >= n_pixels || end + 1 == row_cuts.len() {
            tasks.push(first..end);
            first = end;
        }
    }
    tasks
}
