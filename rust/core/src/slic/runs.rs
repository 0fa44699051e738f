//! Connected components of a label image, by its runs: pixels of a row that share a label.

use std::ops::Range;

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, i32x16};
use rayon::prelude::*;

use super::{NONE, Volume};
use crate::{Error, Exec, Result};

/// Rows whose runs one thread finds at a time.
const ROWS: usize = 64;

/// Labels that are compared at once, each with the next.
const LOOK_AHEAD: usize = 16;

/// Pixels of a row with one label, and the component they belong to.
#[derive(Debug, Clone, Copy)]
struct Run {
    start: u32,
    label: i32,
    /// A run of the same component that is no later, itself if it is the first.
    parent: u32,
}

/// The runs of a label image in the order of the pixels, those without label included.
#[derive(Debug)]
pub(super) struct Runs {
    all: Vec<Run>,
    n_pixels: usize,
    /// First run of each row.
    rows: Vec<usize>,
}

impl Runs {
    /// Finds runs and components: neighbours along x, y and z with the same label are connected.
    pub(super) fn new(exec: &Exec<'_>, labels: &[i32], volume: Volume) -> Result<Self> {
        if u32::try_from(labels.len()).is_err() {
            let (got, needed) = (labels.len().to_string(), format!("at most {}", u32::MAX));
            return Err(Error::Range { argument: "the number of pixels", got, needed });
        }
        let mut runs = Self::of_rows(exec, labels, volume)?;
        for row in 0..volume.n_rows() {
            if row % ROWS == 0 {
                exec.check()?;
            }
            let (z, y) = (row / volume.height, row % volume.height);
            if y > 0 {
                runs.connect(row, row - 1, volume.width);
            }
            if z > 0 {
                runs.connect(row, row - volume.height, volume.width);
            }
        }
        // Parents come before their children, so one pass in order makes every parent a root.
        for run in 0..runs.all.len() {
            runs.all[run].parent = runs.all[runs.all[run].parent as usize].parent;
        }
        Ok(runs)
    }

    fn of_rows(exec: &Exec<'_>, labels: &[i32], volume: Volume) -> Result<Self> {
        let bands = labels.par_chunks(ROWS * volume.width).enumerate().map(|(band, labels)| {
            exec.check()?;
            let (mut runs, mut counts, mut ends) = (Vec::new(), Vec::with_capacity(ROWS), Vec::new());
            for (row, labels) in labels.chunks_exact(volume.width).enumerate() {
                let first = ((band * ROWS + row) * volume.width) as u32;
                ends_of_runs(exec.level, labels, &mut ends);
                let mut start = 0;
                for end in &ends {
                    runs.push(Run { start: first + start, label: labels[start as usize], parent: 0 });
                    start = *end;
                }
                counts.push(ends.len());
            }
            Ok((runs, counts))
        });
        let bands = bands.collect::<Result<Vec<_>>>()?;
        let (mut runs, mut rows) = (Vec::new(), vec![0]);
        for (band, counts) in bands {
            runs.extend(band);
            rows.extend(counts.iter().scan(rows[rows.len() - 1], |first, count| {
                *first += count;
                Some(*first)
            }));
        }
        for (place, run) in runs.iter_mut().enumerate() {
            run.parent = place as u32;
        }
        Ok(Self { all: runs, n_pixels: labels.len(), rows })
    }

    /// Joins the runs of two rows that touch.
    fn connect(&mut self, row: usize, other: usize, width: usize) {
        let offset = (row - other) * width;
        let (mut a, mut b) = (self.rows[row], self.rows[other]);
        while a < self.rows[row + 1] && b < self.rows[other + 1] {
            let (end_a, end_b) = (self.pixels(a).end, self.pixels(b).end + offset);
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

    pub(super) fn pixels(&self, run: usize) -> Range<usize> {
        let end = self.all.get(run + 1).map_or(self.n_pixels, |next| next.start as usize);
        self.all[run].start as usize..end
    }

    pub(super) fn label(&self, run: usize) -> i32 {
        self.all[run].label
    }

    /// First run of the component.
    pub(super) fn root(&self, run: usize) -> usize {
        self.all[run].parent as usize
    }

    /// Runs that have a label.
    pub(super) fn labelled(&self) -> impl Iterator<Item = usize> {
        (0..self.len()).filter(|run| self.label(*run) != NONE)
    }
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
