//! Connected components of a label image, by its runs: pixels of a row that share a label.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};
use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, i32x16};
use rayon::prelude::*;

use super::Volume;
use crate::buffer::Buffer;
use crate::{Error, Exec, Result};

/// Rows between two looks at the flag that stops, and fewest for a task of its own.
const ROWS: usize = 64;

/// Tasks for each thread: some parts of an image have many more runs than others.
const TASKS: usize = 4;

/// Labels that are compared at once, each with the one before.
const LANES: usize = 16;

/// Pixels of a word of bits.
const WORD: usize = u64::BITS as usize;

/// Pixels of a row with one label, and the component they belong to.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Run {
    /// Row, counted through all slices, and column of the first pixel.
    row: u32,
    column: u32,
    label: i32,
    /// A run of the same component that is no later, itself if it is the first.
    parent: u32,
}

/// What a run knows of its component.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Link {
    /// Pixels of the component, if the run is its first. What follows from the next one on ends with this run otherwise, so
    /// that components are joined without a walk.
    size_or_last: u32,
    /// Another run of the component, so that all of them are found from the first one; that of the last one is 0, which is never
    /// next.
    next: u32,
}

/// The runs of a label image in the order of the pixels, those without label included.
#[derive(Debug)]
pub(super) struct Runs {
    all: Buffer<Run>,
    /// Apart from the runs, so that those of a component are found one after the other before any is read.
    links: Buffer<Link>,
    width: usize,
    /// First run of each row, and the number of all.
    rows: Vec<usize>,
    /// Which pixels begin a run, bit by bit, and how many runs of the row begin before each word; every row begins with a
    /// word.
    starts: Vec<u64>,
    before: Vec<u32>,
    /// Pixels of the largest component.
    largest: usize,
}

impl Runs {
    /// Finds runs and components: neighbours along x, y and z with the same label are connected.
    pub(super) fn new(exec: &Exec<'_>, labels: &[i32], volume: Volume) -> Result<Self> {
        if u32::try_from(labels.len()).is_err() {
            let (got, needed) = (labels.len().to_string(), format!("at most {}", u32::MAX));
            return Err(Error::Range { argument: "the number of pixels", got, needed });
        }
        let mut runs = Self::starting(exec, labels, volume.width)?;
        let n_rows = volume.n_rows().div_ceil(TASKS * rayon::current_num_threads()).max(ROWS);
        runs.fill(exec, labels, volume, n_rows)?;
        runs.join_parts(volume, n_rows);
        Ok(runs)
    }

    /// Finds where runs begin.
    fn starting(exec: &Exec<'_>, labels: &[i32], width: usize) -> Result<Self> {
        let n_words = width.div_ceil(WORD);
        let n_rows = labels.len() / width;
        let (mut starts, mut before) = (vec![0; n_rows * n_words], vec![0; n_rows * n_words]);
        let words = starts.par_chunks_mut(n_words * ROWS).zip(before.par_chunks_mut(n_words * ROWS));
        let counts = labels.par_chunks(width * ROWS).zip(words).map(|(labels, (starts, before))| {
            exec.check()?;
            let words = starts.chunks_exact_mut(n_words).zip(before.chunks_exact_mut(n_words));
            let rows = labels.chunks_exact(width).zip(words);
            Ok(rows.map(|(labels, (starts, before))| mark_starts(exec.level, labels, starts, before)).collect())
        });
        let counts: Vec<Vec<usize>> = counts.collect::<Result<_>>()?;
        let mut rows = Vec::with_capacity(n_rows + 1);
        rows.push(0);
        let mut n_runs = 0;
        for count in counts.into_iter().flatten() {
            n_runs += count;
            rows.push(n_runs);
        }
        let (all, links) = (Buffer::unwritten(n_runs), Buffer::unwritten(n_runs));
        Ok(Self { all, links, width, rows, starts, before, largest: 0 })
    }

    /// Writes the runs and the components of each part, of `n_rows` rows.
    fn fill(&mut self, exec: &Exec<'_>, labels: &[i32], volume: Volume, n_rows: usize) -> Result<()> {
        let (width, n_words) = (volume.width, volume.width.div_ceil(WORD));
        let (ends, starts, parts) =
            (&self.rows, &self.starts, parts(&self.rows, n_rows, &mut self.all, &mut self.links));
        let largest = parts.into_par_iter().map(|Part { rows, runs, links }| {
            let first = ends[rows.start];
            let of_row = |row: usize| ends[row] - first..ends[row + 1] - first;
            for row in rows.clone() {
                if row % ROWS == 0 {
                    exec.check()?;
                }
                let (starts, labels) = (&starts[row * n_words..][..n_words], &labels[row * width..][..width]);
                for (number, column) in of_row(row).zip(columns(starts)) {
                    let (label, parent) = (labels[column], number as u32);
                    runs[number] = Run { row: row as u32, column: column as u32, label, parent };
                }
                for other in before(row, volume).filter(|other| *other >= rows.start) {
                    connect(runs, of_row(row), of_row(other), |runs, a, b| {
                        join(runs, a, b);
                    });
                }
            }
            Ok(gather(runs, links, first, width))
        });
        self.largest = largest.try_reduce(|| 0, |a, b| Ok(a.max(b)))?;
        Ok(())
    }

    /// Joins the components of parts that touch.
    fn join_parts(&mut self, volume: Volume, n_rows: usize) {
        let Self { all, links, rows, .. } = self;
        let beside = if volume.depth > 1 { volume.height } else { 1 };
        let firsts = (n_rows..volume.n_rows()).step_by(n_rows);
        let seams = firsts.flat_map(|first| first..(first + beside.min(n_rows)).min(volume.n_rows()));
        let mut joined = Vec::new();
        for row in seams {
            for other in before(row, volume).filter(|other| other / n_rows < row / n_rows) {
                connect(all, rows[row]..rows[row + 1], rows[other]..rows[other + 1], |runs, a, b| {
                    // The first runs of the parts' components alone, all of which are brought up to date below.
                    let [a, b] = [a, b].map(|run| runs[run].parent as usize);
                    joined.extend(join(runs, a, b));
                });
            }
        }
        for old in joined {
            let root = find(all, old);
            all[old].parent = root as u32;
            let Link { size_or_last: size, next } = links[old];
            links[root].size_or_last += size;
            self.largest = self.largest.max(links[root].size_or_last as usize);
            let last = if next > 0 { links[next as usize].size_or_last } else { old as u32 };
            let others = std::mem::replace(&mut links[root].next, old as u32);
            links[last as usize].next = others;
            links[old].size_or_last = if others > 0 { links[others as usize].size_or_last } else { last };
        }
        // The first runs of parts' components know the first of all.
        parts(rows, n_rows, all, links).into_par_iter().for_each(|Part { rows: part, runs, .. }| {
            let first = rows[part.start];
            for run in 0..runs.len() {
                if let Some(parent) = (runs[run].parent as usize).checked_sub(first) {
                    runs[run].parent = runs[parent].parent;
                }
            }
        });
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The runs of a row, counted through all slices.
    #[inline(always)]
    pub(super) fn of_row(&self, row: usize) -> Range<usize> {
        self.rows[row]..self.rows[row + 1]
    }

    /// The row of a run.
    #[inline(always)]
    pub(super) fn row(&self, run: usize) -> usize {
        self.all[run].row as usize
    }

    /// Where the pixels of a run lie in its row.
    #[inline(always)]
    pub(super) fn columns(&self, run: usize) -> Range<usize> {
        // The next run begins where this one ends, or in the first column of another row.
        let next = self.all.get(run + 1).map_or(0, |next| next.column as usize);
        self.all[run].column as usize..if next > 0 { next } else { self.width }
    }

    /// The run of a pixel.
    #[inline(always)]
    pub(super) fn at(&self, row: usize, column: usize) -> usize {
        let word = row * self.width.div_ceil(WORD) + column / WORD;
        let up_to_it = self.starts[word] << (WORD - 1 - column % WORD);
        self.rows[row] + self.before[word] as usize + up_to_it.count_ones() as usize - 1
    }

    #[inline(always)]
    pub(super) fn label(&self, run: usize) -> i32 {
        self.all[run].label
    }

    /// First run of the component.
    #[inline(always)]
    pub(super) fn root(&self, run: usize) -> usize {
        self.all[run].parent as usize
    }

    /// Number of pixels of the component that begins with a run.
    #[inline(always)]
    pub(super) fn size(&self, root: usize) -> usize {
        self.links[root].size_or_last as usize
    }

    /// Number of pixels of the largest component.
    pub(super) fn largest(&self) -> usize {
        self.largest
    }

    /// Another run of the same component.
    #[inline(always)]
    pub(super) fn next(&self, run: usize) -> Option<usize> {
        Some(self.links[run].next as usize).filter(|next| *next > 0)
    }
}

/// The rows beside a row, counted through all slices, that come before it.
fn before(row: usize, Volume { height, .. }: Volume) -> impl Iterator<Item = usize> {
    let above = (!row.is_multiple_of(height)).then(|| row - 1);
    above.into_iter().chain(row.checked_sub(height))
}

/// Some rows, and what belongs to their runs.
struct Part<'a> {
    rows: Range<usize>,
    runs: &'a mut [Run],
    links: &'a mut [Link],
}

/// Cuts runs into parts of `n_rows` rows; `rows` has the first run of each row, and the number of all.
fn parts<'a>(rows: &[usize], n_rows: usize, mut runs: &'a mut [Run], mut links: &'a mut [Link]) -> Vec<Part<'a>> {
    let (n_all, mut parts) = (rows.len() - 1, Vec::new());
    for start in (0..n_all).step_by(n_rows) {
        let of_part = start..(start + n_rows).min(n_all);
        let n_runs = rows[of_part.end] - rows[start];
        let (some_runs, some_links);
        (some_runs, runs) = runs.split_at_mut(n_runs);
        (some_links, links) = links.split_at_mut(n_runs);
        parts.push(Part { rows: of_part, runs: some_runs, links: some_links });
    }
    parts
}

/// Makes every parent the first run of its component in a part, which begins with run `first`, and writes what is known of
/// each component; returns the size of the largest.
fn gather(runs: &mut [Run], links: &mut [Link], first: usize, width: usize) -> usize {
    links.fill(Link::zeroed());
    let (mut end, mut largest) = (width, 0);
    // From the last on: the first run, which is looked at after all others, knows the one that was before.
    for run in (0..runs.len()).rev() {
        let (root, column) = (find(runs, run), runs[run].column as usize);
        runs[run].parent = (first + root) as u32;
        links[root].size_or_last += (end - column) as u32;
        end = if column > 0 { column } else { width };
        if run == root {
            largest = largest.max(links[root].size_or_last);
        } else {
            let this = (first + run) as u32;
            let next = std::mem::replace(&mut links[root].next, this);
            let last = if next > 0 { links[next as usize - first].size_or_last } else { this };
            links[run] = Link { size_or_last: last, next };
        }
    }
    largest as usize
}

/// Joins the runs of two rows that touch and share a label.
fn connect(runs: &mut [Run], row: Range<usize>, other: Range<usize>, mut join: impl FnMut(&mut [Run], usize, usize)) {
    let (mut a, mut b) = (row.start, other.start);
    while a < row.end && b < other.end {
        let end = |run: usize, of: &Range<usize>| if run + 1 < of.end { runs[run + 1].column } else { u32::MAX };
        let (end_a, end_b) = (end(a, &row), end(b, &other));
        if runs[a].label == runs[b].label {
            join(runs, a, b);
        }
        a += usize::from(end_a <= end_b);
        b += usize::from(end_b <= end_a);
    }
}

/// Makes two components one; returns the first run of the one that was later.
fn join(runs: &mut [Run], a: usize, b: usize) -> Option<usize> {
    let (a, b) = (find(runs, a), find(runs, b));
    runs[a.max(b)].parent = a.min(b) as u32;
    (a != b).then_some(a.max(b))
}

/// The first run of the component as far as it is known; halves the way there.
fn find(runs: &mut [Run], mut run: usize) -> usize {
    while runs[run].parent as usize != run {
        let parent = runs[run].parent as usize;
        runs[run].parent = runs[parent].parent;
        run = runs[run].parent as usize;
    }
    run
}

/// Marks the pixels of a row that begin a run and counts those before each word; returns how many they are.
fn mark_starts(level: Level, labels: &[i32], starts_out: &mut [u64], before_out: &mut [u32]) -> usize {
    dispatch!(level, simd => compare(simd, labels, starts_out));
    let mut count = 0;
    for (starts, before_out) in starts_out.iter().zip(before_out) {
        *before_out = count;
        count += starts.count_ones();
    }
    count as usize
}

/// Comparing many labels first costs less than to ask after each whether it is the last of its run, which a processor
/// cannot foresee.
#[inline(always)]
fn compare<S: Simd>(simd: S, labels: &[i32], starts_out: &mut [u64]) {
    for (word, starts) in starts_out.iter_mut().enumerate() {
        *starts = 0;
        for first in (word * WORD..((word + 1) * WORD).min(labels.len())).step_by(LANES) {
            let bits = match labels.get(first.wrapping_sub(1)..first + LANES) {
                Some(some) => {
                    let (old, new) = (i32x16::from_slice(simd, &some[..LANES]), i32x16::from_slice(simd, &some[1..]));
                    !old.simd_eq(new).to_bitmask() & ((1 << LANES) - 1)
                }
                None => (first..(first + LANES).min(labels.len()))
                    .filter(|place| *place == 0 || labels[place - 1] != labels[*place])
                    .fold(0, |bits, place| bits | 1 << (place - first)),
            };
            *starts |= bits << (first % WORD);
        }
    }
}

/// The places of the bits that are set.
fn columns(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(word, bits)| {
        let mut bits = *bits;
        std::iter::from_fn(move || {
            let place = (bits != 0).then(|| word * WORD + bits.trailing_zeros() as usize);
            bits &= bits.wrapping_sub(1);
            place
        })
    })
}
