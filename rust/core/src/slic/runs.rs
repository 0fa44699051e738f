//! Connected components of a label image, by its runs: pixels of a row that share a label.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, i32x16};
use rayon::prelude::*;

use super::{NONE, Volume};
use crate::{Error, Exec, Result};

/// Rows between two looks at the flag that stops, and fewest for a thread of its own.
const ROWS: usize = 64;

/// Labels that are compared at once, each with the next.
const LOOK_AHEAD: usize = 16;

/// Pixels of a row with one label, and the component they belong to.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// Column of the first pixel.
    column: u32,
    label: i32,
    /// A run of the same component that is no later, itself if it is the first.
    parent: u32,
}

/// The runs of a label image in the order of the pixels, those without label included.
#[derive(Debug)]
pub(super) struct Runs {
    all: Vec<Run>,
    width: usize,
    /// First run of each row, and the number of all.
    rows: Vec<usize>,
}

impl Runs {
    /// Finds runs and components: neighbours along x, y and z with the same label are connected.
    pub(super) fn new(exec: &Exec<'_>, labels: &[i32], volume: Volume) -> Result<Self> {
        if u32::try_from(labels.len()).is_err() {
            let (got, needed) = (labels.len().to_string(), format!("at most {}", u32::MAX));
            return Err(Error::Range { argument: "the number of pixels", got, needed });
        }
        let n_rows = volume.n_rows().div_ceil(rayon::current_num_threads()).max(ROWS);
        let parts = labels.par_chunks(n_rows * volume.width).enumerate();
        let parts = parts.map(|(part, labels)| Self::of_part(exec, labels, part * n_rows, volume));
        let mut runs = Self { all: Vec::new(), width: volume.width, rows: vec![0] };
        for part in parts.collect::<Result<Vec<_>>>()? {
            let start = runs.rows.len() - 1;
            runs.append(part);
            // What lies before a part is beside its first slice, or row.
            for row in start..(start + if volume.depth > 1 { volume.height } else { 1 }).min(runs.rows.len() - 1) {
                for other in before(row, volume).filter(|other| *other < start) {
                    runs.connect(row, other);
                }
            }
        }
        // Parents come before their children, so one pass in order makes every parent a root.
        for run in 0..runs.all.len() {
            runs.all[run].parent = runs.all[runs.all[run].parent as usize].parent;
        }
        Ok(runs)
    }

    /// The runs of some rows, of which `start` is the first, connected among themselves.
    fn of_part(exec: &Exec<'_>, labels: &[i32], start: usize, volume: Volume) -> Result<Self> {
        let mut runs = Self { all: Vec::new(), width: volume.width, rows: vec![0] };
        let mut ends = Vec::new();
        for (place, labels) in labels.chunks_exact(volume.width).enumerate() {
            if place % ROWS == 0 {
                exec.check()?;
            }
            ends_of_runs(exec.level, labels, &mut ends);
            let mut column = 0;
            for end in &ends {
                let (label, parent) = (labels[column as usize], runs.all.len() as u32);
                runs.all.push(Run { column, label, parent });
                column = *end;
            }
            runs.rows.push(runs.all.len());
            for other in before(start + place, volume).filter(|other| *other >= start) {
                runs.connect(place, other - start);
            }
        }
        Ok(runs)
    }

    /// Puts the runs of further rows behind.
    fn append(&mut self, other: Self) {
        let offset = self.all.len();
        self.all.extend(other.all.into_iter().map(|run| Run { parent: run.parent + offset as u32, ..run }));
        self.rows.extend(other.rows[1..].iter().map(|end| end + offset));
    }

    /// Joins the runs of two rows that touch.
    fn connect(&mut self, row: usize, other: usize) {
        let (mut a, mut b) = (self.rows[row], self.rows[other]);
        while a < self.rows[row + 1] && b < self.rows[other + 1] {
            let (end_a, end_b) = (self.columns(a).end, self.columns(b).end);
            if self.all[a].label == self.all[b].label {
                self.join(a, b);
            }
            a += usize::from(end_a <= end_b);
            b += usize::from(end_b <= end_a);
        }
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.all[a.max(b)].parent = a.min(b) as u32;
    }

    /// The first run of the component as far as it is known; halves the way there.
    fn find(&mut self, mut run: usize) -> usize {
        while self.all[run].parent as usize != run {
            let parent = self.all[run].parent as usize;
            self.all[run].parent = self.all[parent].parent;
            run = self.all[run].parent as usize;
        }
        run
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The runs of a row, counted through all slices.
    pub(super) fn of_row(&self, row: usize) -> Range<usize> {
        self.rows[row]..self.rows[row + 1]
    }

    /// Where the pixels of a run lie in its row.
    #[inline(always)]
    pub(super) fn columns(&self, run: usize) -> Range<usize> {
        // The next run begins where this one ends, or in the first column of another row.
        let next = self.all.get(run + 1).map_or(0, |next| next.column as usize);
        self.all[run].column as usize..if next > 0 { next } else { self.width }
    }

    pub(super) fn label(&self, run: usize) -> i32 {
        self.all[run].label
    }

    /// First run of the component.
    pub(super) fn root(&self, run: usize) -> usize {
        self.all[run].parent as usize
    }

    /// Whether a run is the first of a component that has a label.
    pub(super) fn is_first(&self, run: usize) -> bool {
        self.root(run) == run && self.label(run) != NONE
    }

    /// Number of pixels of each component, at its first run.
    pub(super) fn sizes(&self) -> Vec<u32> {
        let mut sizes = vec![0; self.len()];
        for run in 0..self.len() {
            sizes[self.root(run)] += self.columns(run).len() as u32;
        }
        sizes
    }
}

/// The rows beside a row, counted through all slices, that come before it.
fn before(row: usize, Volume { height, .. }: Volume) -> impl Iterator<Item = usize> {
    let above = (!row.is_multiple_of(height)).then(|| row - 1);
    above.into_iter().chain(row.checked_sub(height))
}

/// Replaces `ends_out` by the places where another label begins, and the end.
fn ends_of_runs(level: Level, labels: &[i32], ends_out: &mut Vec<u32>) {
    ends_out.clear();
    dispatch!(level, simd => collect_ends(simd, labels, ends_out));
    ends_out.push(labels.len() as u32);
}

/// Comparing many labels first costs less than to ask after each whether it is the last of its run, which a processor
/// cannot foresee.
#[inline(always)]
fn collect_ends<S: Simd>(simd: S, labels: &[i32], ends_out: &mut Vec<u32>) {
    let mut first = 0;
    while let Some(some) = labels.get(first..=first + LOOK_AHEAD) {
        let same = i32x16::from_slice(simd, &some[..LOOK_AHEAD]).simd_eq(i32x16::from_slice(simd, &some[1..]));
        let mut last_of_runs = !same.to_bitmask() & ((1 << LOOK_AHEAD) - 1);
        while last_of_runs != 0 {
            ends_out.push(first as u32 + last_of_runs.trailing_zeros() + 1);
            last_of_runs &= last_of_runs - 1;
        }
        first += LOOK_AHEAD;
    }
    for (place, pair) in labels[first..].windows(2).enumerate() {
        if pair[0] != pair[1] {
            ends_out.push((first + place) as u32 + 1);
        }
    }
}
