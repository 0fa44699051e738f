//! Histograms of 8-bit pixels, from which every statistic follows.

use std::num::Wrapping;
use std::ops::Range;

use fearless_simd::{Level, dispatch};

use super::Plane;
use super::distribution::{Describer, GROUP};
use super::moments::{Moments, Summary, powers_about};
use super::pixel::Pixel;
use super::plane::Ahead;
use super::reader::{Patches, Reader};

/// Values of a byte.
const N_VALUES: usize = 256;

/// Tables that take turns: neighbouring pixels are often equal, and counting in one table would wait for the last count.
const N_TABLES: usize = 4;

/// First to fourth powers of all values.
static POWERS: [[u32; N_VALUES]; 4] = [powers(1), powers(2), powers(3), powers(4)];

const fn powers(exponent: u32) -> [u32; N_VALUES] {
    let mut powers = [0; N_VALUES];
    let mut value = 0;
    while value < N_VALUES {
        powers[value] = (value as u32).pow(exponent);
        value += 1;
    }
    powers
}

/// How often each value occurs. Vectors of 512 bits then lie in one line of the cache each.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Counts([u32; N_VALUES]);

impl Counts {
    const NONE: Self = Self([0; N_VALUES]);
}

/// What is known of some 8-bit pixels.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    counts: Counts,
    /// Number of pixels and sums of their first to fourth powers, once they are known.
    sums: Option<Sums>,
}

/// Sums of powers of up to 2^32 pixels are below 2^64.
type Sums = [u64; 5];

impl Summary for Histogram {
    fn empty() -> Self {
        Self { counts: Counts::NONE, sums: Some([0; 5]) }
    }

    fn merge(&mut self, level: Level, other: &Self) {
        dispatch!(level, _simd => for value in 0..N_VALUES {
            self.counts.0[value] += other.counts.0[value];
        });
        let sums = self.sums.zip(other.sums);
        self.sums = sums.map(|(sums, others)| std::array::from_fn(|power| sums[power] + others[power]));
    }

    fn complete(&mut self, level: Level) {
        self.sums = Some(self.sums(level));
    }
}

impl Histogram {
    fn sums(&self, level: Level) -> Sums {
        self.sums.unwrap_or_else(|| {
            dispatch!(level, _simd => {
                let mut sums = [0; 5];
                for (value, n) in self.counts.0.iter().enumerate() {
                    let n = u64::from(*n);
                    sums[0] += n;
                    for (power, powers) in POWERS.iter().enumerate() {
                        sums[power + 1] += n * u64::from(powers[value]);
                    }
                }
                sums
            })
        })
    }

    pub(super) fn moments(&self, level: Level) -> Moments {
        let Some([first, last]) = self.range() else { return Moments::undefined(0.0) };
        let sums @ [count, sum, ..] = self.sums(level);
        let center = ((sum + count / 2) / count) as i64;
        // What is multiplied out may wrap, its sum does not: fourth powers of deviations add up to a twelfth of 255^4 for
        // each pixel, at most.
        let sums = powers_about(Wrapping(center), sums.map(|sum| Wrapping(sum as i64)));
        Moments::of_integers(count, center, sums.map(|sum| sum.0 as f64), [first as i64, last as i64])
    }

    /// Describes the values, slot by slot.
    pub(super) fn describe(&self, level: Level, describer: &mut Describer<'_>, row_out: &mut [f64]) {
        let Some([first, last]) = self.range() else { return };
        let count = self.counts.0.iter().map(|n| u64::from(*n)).sum();
        describer.start(count, || [first as f64, last as f64]);
        let (groups, _) = self.counts.0.as_chunks::<GROUP>();
        dispatch!(level, _simd => for group in first / GROUP..=last / GROUP {
            describer.push_counts((group * GROUP) as f64, &groups[group]);
        });
        describer.finish(row_out);
    }

    /// Adds what was counted since `start`, which becomes what is counted now.
    fn add_since(&mut self, level: Level, start: &mut Counts, now: &Counts) {
        dispatch!(level, _simd => for ((count, start), now) in self.counts.0.iter_mut().zip(&mut start.0).zip(&now.0) {
            *count += *now - *start;
            *start = *now;
        });
        self.sums = None;
    }

    /// The slots of the smallest and the largest value, if there are any.
    fn range(&self) -> Option<[usize; 2]> {
        let first = self.counts.0.iter().position(|n| *n > 0)?;
        let last = self.counts.0.iter().rposition(|n| *n > 0)?;
        Some([first, last])
    }
}

/// Counts the pixels of a few rows from the first column to the last: a patch has of them the counts at its end less those
/// at its start, and lines of other grids that cut it cost little.
#[derive(Debug)]
pub(super) struct Counter {
    level: Level,
    tables: [Counts; N_TABLES],
    /// Of all tables together, up to the current line.
    counts: Counts,
    /// For each grid the counts at the start of the current patch.
    starts: Vec<Counts>,
}

impl<T: Pixel> Reader<T> for Counter {
    type Summary = Histogram;

    fn new(level: Level) -> Self {
        Self { level, tables: [Counts::NONE; N_TABLES], counts: Counts::NONE, starts: Vec::new() }
    }

    fn add_rows(
        &mut self,
        plane: &Plane<'_, T>,
        rows: &Range<usize>,
        cells: &[Range<usize>],
        grids: &mut [Patches<'_, Histogram>],
    ) {
        self.tables = [Counts::NONE; N_TABLES];
        self.starts.clear();
        self.starts.resize(grids.len(), Counts::NONE);
        let mut buffer = Vec::new();
        for (cell, columns) in cells.iter().enumerate() {
            self.count_cell(plane, rows, columns, &mut buffer);
            let mut has_counts = false;
            for (Patches { owners, summaries }, start) in grids.iter_mut().zip(&mut self.starts) {
                if owners[cell] == owners.get(cell + 1).copied().flatten() {
                    continue;
                }
                if !has_counts {
                    add_up(self.level, &self.tables, &mut self.counts);
                    has_counts = true;
                }
                match owners[cell] {
                    Some(patch) => summaries[patch].add_since(self.level, start, &self.counts),
                    None => *start = self.counts,
                }
            }
        }
    }
}

impl Counter {
    fn count_cell<T: Pixel>(
        &mut self,
        plane: &Plane<'_, T>,
        rows: &Range<usize>,
        columns: &Range<usize>,
        buffer: &mut Vec<T>,
    ) {
        match plane.rows(rows) {
            Some(values) => {
                let values = bytemuck::cast_slice(&values[columns.start..]);
                count_rows(&mut self.tables, values, plane.width(), columns.len());
            }
            None => plane.for_each_piece(rows, columns, 1, buffer, |piece| {
                count(&mut self.tables, bytemuck::cast_slice(piece));
            }),
        }
    }
}

fn add_up(level: Level, [first, second, third, fourth]: &[Counts; N_TABLES], counts_out: &mut Counts) {
    dispatch!(level, _simd => for value in 0..N_VALUES {
        counts_out.0[value] = first.0[value] + second.0[value] + third.0[value] + fourth.0[value];
    });
}

/// Counts the first bytes of each row, which begin `stride` bytes apart.
fn count_rows(tables: &mut [Counts; N_TABLES], values: &[u8], stride: usize, n_columns: usize) {
    let ahead = Ahead::new::<u8>(values.len().div_ceil(stride), n_columns);
    for (row, pixels) in values.chunks(stride).enumerate() {
        ahead.prefetch(values, stride, row);
        count(tables, &pixels[..n_columns]);
    }
}

#[inline(always)]
fn count([first, second, third, fourth]: &mut [Counts; N_TABLES], bytes: &[u8]) {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        // One load for eight pixels leaves the ports for loads to the counts.
        let word = u64::from_le_bytes(*word);
        first.0[(word & 0xff) as usize] += 1;
        second.0[(word >> 8 & 0xff) as usize] += 1;
        third.0[(word >> 16 & 0xff) as usize] += 1;
        fourth.0[(word >> 24 & 0xff) as usize] += 1;
        first.0[(word >> 32 & 0xff) as usize] += 1;
        second.0[(word >> 40 & 0xff) as usize] += 1;
        third.0[(word >> 48 & 0xff) as usize] += 1;
        fourth.0[(word >> 56) as usize] += 1;
    }
    for byte in rest {
        first.0[usize::from(*byte)] += 1;
    }
}
