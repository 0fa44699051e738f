//! Order statistics from the pixels of each patch: counted in a table, which slides along where patches overlap, or
//! sorted.

use std::ops::Range;

use fearless_simd::{Level, dispatch};
use rayon::prelude::*;

use super::distribution::{Describer, GROUP, Wanted};
use super::{Grid, Pixel, Plane};
use crate::{Exec, Result};

/// Values between the smallest and the largest for each pixel of a patch, up to which looking through a table of all of
/// them costs less than sorting the pixels.
const MAX_SPARSITY: usize = 64;

/// The same where pixels need not be sorted, because only the values at some ranks are asked for.
const MAX_SPARSITY_OF_RANKS: usize = 16;

/// Pixels that a thread handles at a time.
const TASK: usize = 1 << 13;

/// Values that are compared side by side.
const LANES: usize = 16;

/// What a thread needs again and again.
struct Scratch<'a, T> {
    level: Level,
    pixels: Vec<T>,
    counts: Vec<u32>,
    describer: Describer<'a>,
}

/// Writes the wanted order statistics of all patches.
pub(super) fn order_statistics<T: Pixel>(
    exec: &Exec<'_>,
    plane: &Plane<'_, T>,
    grid: &Grid,
    wanted: &Wanted,
    n_statistics: usize,
    values_out: &mut [f64],
) -> Result<()> {
    let scratch =
        || Scratch { level: exec.level, pixels: Vec::new(), counts: Vec::new(), describer: wanted.describer() };
    let n_columns = grid.columns().len();
    let patch_size = (grid.n_pixels() / grid.len()).max(1);
    if T::BITS > 0 && grid.overlaps() {
        let rows = values_out.par_chunks_mut(n_columns * n_statistics).zip(grid.rows());
        return rows.try_for_each_init(scratch, |scratch, (row_out, rows)| {
            exec.check()?;
            scratch.slide(plane, rows, grid.columns(), n_statistics, row_out);
            Ok(())
        });
    }
    let patches = values_out.par_chunks_mut(n_statistics).enumerate().with_min_len(TASK.div_ceil(patch_size));
    patches.try_for_each_init(scratch, |scratch, (patch, patch_out)| {
        exec.check()?;
        scratch.describe_patch(plane, &grid.rows()[patch / n_columns], &grid.columns()[patch % n_columns], patch_out);
        Ok(())
    })
}

impl<T: Pixel> Scratch<'_, T> {
    fn describe_patch(
        &mut self,
        plane: &Plane<'_, T>,
        rows: &Range<usize>,
        columns: &Range<usize>,
        patch_out: &mut [f64],
    ) {
        let Self { level, pixels, counts, describer } = self;
        plane.gather(rows, columns, pixels);
        if pixels.is_empty() || pixels.iter().any(|pixel| pixel.is_nan()) {
            return;
        }
        let places = place_range(*level, pixels);
        let lowest = T::lowest() + places.start as f64;
        let range = || {
            if T::BITS > 0 { [lowest, lowest + (places.len() - 1) as f64] } else { value_range(*level, pixels) }
        };
        describer.start(pixels.len() as u64, range);
        describer.bin_pixels(*level, pixels);
        let is_dense = T::BITS > 0 && places.len() <= max_sparsity(describer) * pixels.len();
        if is_dense && (describer.needs_counts() || describer.needs_ranks()) {
            counts.resize(counts.len().max(table_len(&places)), 0);
            for pixel in pixels.iter() {
                counts[pixel.place() - places.start] += 1;
            }
            let counts = &mut counts[..table_len(&places)];
            dispatch!(*level, _simd => push_counts::<true>(counts, lowest, describer));
        } else if describer.needs_counts() {
            T::sort(pixels);
            for equal in pixels.chunk_by(T::eq) {
                describer.push(equal[0].value(), equal.len() as u32);
            }
        } else if describer.needs_ranks() {
            let mut start = 0;
            describer.take_ranks(|rank| {
                T::select(&mut pixels[start..], rank - start);
                start = rank;
                pixels[rank].value()
            });
        }
        describer.finish(patch_out);
    }

    /// Describes the patches of a row: pixels that enter and leave change the counts.
    fn slide(
        &mut self,
        plane: &Plane<'_, T>,
        rows: &Range<usize>,
        columns: &[Range<usize>],
        n_statistics: usize,
        row_out: &mut [f64],
    ) {
        let (first, last) = (columns.first().map_or(0, |c| c.start), columns.last().map_or(0, |c| c.end));
        plane.gather(rows, &(first..last), &mut self.pixels);
        if self.pixels.is_empty() {
            return;
        }
        let range = place_range(self.level, &self.pixels);
        let width = columns.iter().map(Range::len).max().unwrap_or(0);
        if range.len() > max_sparsity(&self.describer) * rows.len() * width {
            for (columns, patch_out) in columns.iter().zip(row_out.chunks_mut(n_statistics)) {
                self.describe_patch(plane, rows, columns, patch_out);
            }
            return;
        }
        self.counts.clear();
        self.counts.resize(table_len(&range), 0);
        let mut held = first..first;
        let mut count = 0;
        for (columns, patch_out) in columns.iter().zip(row_out.chunks_mut(n_statistics)) {
            for column in held.start..columns.start.min(held.end) {
                for pixel in rows.clone().filter_map(|row| plane.pixel(row, column)) {
                    self.counts[pixel.place() - range.start] -= 1;
                    count -= 1;
                }
            }
            for column in held.end.max(columns.start)..columns.end {
                for pixel in rows.clone().filter_map(|row| plane.pixel(row, column)) {
                    self.counts[pixel.place() - range.start] += 1;
                    count += 1;
                }
            }
            held = columns.clone();
            if count > 0 {
                self.describe_table(count, &range, patch_out);
            }
        }
    }

    /// Describes the values counted in the table.
    fn describe_table(&mut self, count: usize, places: &Range<usize>, patch_out: &mut [f64]) {
        let Self { level, counts, describer, .. } = self;
        let lowest = T::lowest() + places.start as f64;
        let counts = &mut counts[..table_len(places)];
        let range = || {
            let first = counts.iter().position(|n| *n > 0).unwrap_or(0);
            let last = counts.iter().rposition(|n| *n > 0).unwrap_or(0);
            [lowest + first as f64, lowest + last as f64]
        };
        describer.start(count as u64, range);
        dispatch!(*level, _simd => push_counts::<false>(counts, lowest, describer));
        describer.finish(patch_out);
    }
}

/// Length of a table for values in a range of places, in whole groups.
fn table_len(range: &Range<usize>) -> usize {
    range.len().next_multiple_of(GROUP)
}

fn max_sparsity(describer: &Describer<'_>) -> usize {
    if describer.needs_counts() { MAX_SPARSITY } else { MAX_SPARSITY_OF_RANKS }
}

/// The lowest and the highest of floats, which are numbers.
fn value_range<T: Pixel>(level: Level, pixels: &[T]) -> [f64; 2] {
    dispatch!(level, _simd => {
        let (mut low, mut high) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
        for pixels in pixels.chunks(LANES) {
            for ((low, high), pixel) in low.iter_mut().zip(&mut high).zip(pixels) {
                let value = pixel.value();
                *low = if value < *low { value } else { *low };
                *high = if value > *high { value } else { *high };
            }
        }
        [low.into_iter().fold(f64::INFINITY, f64::min), high.into_iter().fold(f64::NEG_INFINITY, f64::max)]
    })
}

/// From the smallest place to the one after the largest.
fn place_range<T: Pixel>(level: Level, pixels: &[T]) -> Range<usize> {
    dispatch!(level, _simd => {
        let (mut low, mut high) = (u16::MAX, 0);
        for pixel in pixels {
            let place = pixel.place() as u16;
            low = low.min(place);
            high = high.max(place);
        }
        usize::from(low)..usize::from(high) + 1
    })
}

#[inline(always)]
fn push_counts<const CLEAR: bool>(counts: &mut [u32], lowest: f64, describer: &mut Describer<'_>) {
    let (groups, _) = counts.as_chunks_mut::<GROUP>();
    for (group, counts) in groups.iter_mut().enumerate() {
        describer.push_counts(lowest + (group * GROUP) as f64, counts);
        if CLEAR {
            *counts = [0; GROUP];
        }
    }
}
