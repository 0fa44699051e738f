//! Rows drawn with replacement: numpy's `RandomState.choice`, without its array of one sum per sample.
//!
//! numpy searches each draw in the cumulative sum of the probabilities, divided by its last value. Here only every 32nd
//! sum is kept; those between are added again, in the same order, when a draw falls among them, so that the same draw
//! gives the same row to the last bit.

use rayon::prelude::*;

use crate::{Error, Exec, Result};

/// Samples per kept sum: adding them again takes about as long as fetching the sum from memory.
const BLOCK: usize = 32;

/// Draws per task: some ten microseconds of searching, as much as handing it to a thread costs.
const DRAWS: usize = 1024;

/// The probability of each sample.
#[derive(Debug, Clone, Copy)]
pub enum Probabilities<'a> {
    /// The same for all.
    Equal {
        /// Number of samples.
        n_samples: usize,
        /// The probability of each.
        each: f64,
    },
    /// One for each sample, shape (`n_samples`,).
    Each(&'a [f64]),
}

impl Probabilities<'_> {
    fn n_samples(&self) -> usize {
        match self {
            Self::Equal { n_samples, .. } => *n_samples,
            Self::Each(values) => values.len(),
        }
    }

    #[inline(always)]
    fn get(&self, index: usize) -> f64 {
        match self {
            Self::Equal { each, .. } => *each,
            Self::Each(values) => values[index],
        }
    }

    fn block(&self, block: usize) -> std::ops::Range<usize> {
        let start = block * BLOCK;
        start..(start + BLOCK).min(self.n_samples())
    }
}

/// The running sum of the probabilities at the end of each block of samples, for [`choose_rows`].
///
/// Cost: one addition per sample, one after the other; memory: a float for every 32 samples.
///
/// # Errors
/// [`Error::Interrupted`].
pub fn block_sums(exec: &Exec<'_>, probabilities: Probabilities<'_>) -> Result<Vec<f64>> {
    let mut sum = 0.0;
    (0..probabilities.n_samples().div_ceil(BLOCK))
        .map(|block| {
            exec.check()?;
            for index in probabilities.block(block) {
                sum += probabilities.get(index);
            }
            Ok(sum)
        })
        .collect()
}

/// Writes the row that each draw, uniform in [0, 1), falls on: the first whose sum of probabilities exceeds it.
///
/// # Errors
/// [`Error::Range`] if there are no samples, [`Error::Mismatch`] if `sums` is not what [`block_sums`] gives or there is
/// not one row per draw, [`Error::Interrupted`].
pub fn choose_rows(
    exec: &Exec<'_>,
    probabilities: Probabilities<'_>,
    sums: &[f64],
    draws: &[f64],
    rows_out: &mut [i64],
) -> Result<()> {
    let needed = probabilities.n_samples().div_ceil(BLOCK);
    if sums.len() != needed {
        return Err(Error::Mismatch { argument: "sums", dimension: "blocks", got: sums.len(), needed });
    }
    if rows_out.len() != draws.len() {
        let (got, needed) = (rows_out.len(), draws.len());
        return Err(Error::Mismatch { argument: "rows", dimension: "rows", got, needed });
    }
    let Some(total) = sums.last() else {
        return Err(Error::Range { argument: "n_samples", got: "0".into(), needed: "at least 1".into() });
    };
    rows_out.par_chunks_mut(DRAWS).zip(draws.par_chunks(DRAWS)).try_for_each(|(rows, draws)| {
        exec.check()?;
        for (row, draw) in rows.iter_mut().zip(draws) {
            *row = find(probabilities, sums, *total, *draw) as i64;
        }
        Ok(())
    })
}

#[inline(always)]
fn find(probabilities: Probabilities<'_>, sums: &[f64], total: f64, draw: f64) -> usize {
    let block = find_block(sums, total, draw);
    let mut sum = if block == 0 { 0.0 } else { sums[block - 1] };
    for index in probabilities.block(block) {
        sum += probabilities.get(index);
        if sum / total > draw {
            return index;
        }
    }
    probabilities.n_samples() - 1
}

/// The first block whose sum exceeds the draw; the last one for a draw of 1 or more.
#[inline(always)]
fn find_block(sums: &[f64], total: f64, draw: f64) -> usize {
    // With weights that are about equal the place follows from the draw, give or take a block.
    let guess = ((draw * sums.len() as f64) as usize).min(sums.len() - 1);
    let near = guess.saturating_sub(1)..(guess + 2).min(sums.len());
    let is_near = (near.start == 0 || sums[near.start - 1] / total <= draw) && sums[near.end - 1] / total > draw;
    let range = if is_near { near } else { 0..sums.len() };
    let start = range.start;
    (start + sums[range].partition_point(|sum| sum / total <= draw)).min(sums.len() - 1)
}
