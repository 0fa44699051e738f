//! A copy of the samples in which neighbours are alike.

use std::any::TypeId;

use fearless_simd::dispatch;
use rayon::prelude::*;

use super::boxes::Boxes;
use super::scatter::Scatter;
use super::splits::Splits;
use super::{BLOCK, UNIT};
use crate::buffer::Buffer;
use crate::chunks::Chunks;
use crate::features::MAX_FEATURES;
use crate::simd::{Features, Level, prefetch};
use crate::{Element, Exec, Layout, Real, Result, Samples, Weights, with_features};

/// The samples along a k-d tree, in blocks of [`BLOCK`], with what is known of each block and of each group of blocks.
#[derive(Debug)]
pub(in crate::kmeans) struct Order<T> {
    /// One block after the other, feature by feature within a block; the last one is filled up with its last sample.
    values: Buffer<T>,
    n_features: usize,
    /// Weight of each sample, in the order; empty if all weigh 1.
    weights: Vec<f64>,
    /// Place of each sample in the order.
    rank: Buffer<u32>,
    pub(super) blocks: Boxes,
    pub(super) groups: Boxes,
}

/// Samples from which there is something to skip: a few units for each of a few clusters.
const MIN_SAMPLES: usize = 4 * UNIT;

/// Cost of ordering a sample, in vectors of distances to one feature: measured 20 to 25 ns, where a vector of distances to
/// a center with its share of the sums took 0.5 ns a feature in float64 on AVX-512.
const COST: f64 = 40.0;

/// Parts of the samples that a thread counts: enough for threads to end together.
const CHUNKS_PER_THREAD: usize = 8;

/// Parts that are counted at most: what one thread adds up of them stays small beside the samples.
const MAX_CHUNKS: usize = 256;

/// Samples between two looks whether to stop.
const STRETCH: usize = 1 << 16;

/// Features that the rest of the work on a distance amounts to: comparison, selection, sums.
const REST: usize = 3;

/// Likely iterations that pay for ordering, in its cost: those on ordered samples cost something too.
const RETURN: f64 = 1.25;

/// Share of the cost of ordering to spend on plain iterations first where they are not likely to pay for it.
const PATIENCE: f64 = 0.5;

/// Distances computed for each sample.
#[derive(Debug, Clone, Copy)]
pub(in crate::kmeans) struct Outlook {
    /// So far.
    pub(in crate::kmeans) done: f64,
    /// By what is likely to follow.
    pub(in crate::kmeans) likely: f64,
    /// By the most that can follow.
    pub(in crate::kmeans) most: f64,
}

impl<T: Element> Order<T> {
    /// Whether these samples can be ordered: boxes in many dimensions rule out nothing.
    pub(in crate::kmeans) fn can_hold(samples: &Samples<'_, T>) -> bool {
        samples.n_features() <= MAX_FEATURES && u32::try_from(samples.n_samples()).is_ok()
    }

    /// Whether there are enough samples for an order to pay.
    pub(in crate::kmeans) fn may_pay(samples: &Samples<'_, T>) -> bool {
        samples.n_samples() >= MIN_SAMPLES
    }

    /// Whether to order samples now.
    pub(in crate::kmeans) fn pays(samples: &Samples<'_, T>, Outlook { done, likely, most }: Outlook) -> bool {
        let work = (samples.n_features() + REST) as f64 / T::Real::WIDE_LANES as f64;
        let cost = COST / work;
        likely >= RETURN * cost || (done >= PATIENCE * cost && most >= 2.0 * cost)
    }

    /// Orders the samples, of at most [`MAX_FEATURES`] features.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub(in crate::kmeans) fn new(exec: &Exec<'_>, samples: &Samples<'_, T>, weights: Weights<'_>) -> Result<Self> {
        let n_features = samples.n_features();
        let splits = with_features!(n_features, D => Splits::new::<T, D>(samples));
        exec.check()?;
        let n_samples = samples.n_samples();
        let mut values = Buffer::<T>::unwritten(n_samples.div_ceil(BLOCK) * BLOCK * n_features);
        let rank = with_features!(n_features, D => sort_by_bucket::<T, D>(exec, samples, &splits, &mut values))?;
        let weights = match weights {
            Weights::Unit => Vec::new(),
            Weights::Each(weights) => {
                let mut arranged = vec![0.0; n_samples];
                // SAFETY: the places of a sort are a permutation.
                #[expect(unsafe_code, reason = "see Scatter")]
                unsafe {
                    arrange(weights, &rank, &mut arranged);
                }
                arranged
            }
        };
        let transpose = |values: &mut [T]| with_features!(n_features, D => transpose_blocks::<T, D>(values));
        let blocks = Boxes::of_blocks(exec, &mut values, [n_samples, n_features], &weights, transpose)?;
        let groups = Boxes::of_groups(&blocks);
        Ok(Self { values, n_features, weights, rank, blocks, groups })
    }

    /// The weights of the samples of one block.
    #[inline(always)]
    pub(super) fn block_weights(&self, block: usize) -> Weights<'_> {
        block_weights(&self.weights, block)
    }

    pub(super) fn n_samples(&self) -> usize {
        self.rank.len()
    }

    pub(super) fn n_features(&self) -> usize {
        self.n_features
    }

    /// Asks for a block that will soon be read.
    #[inline(always)]
    pub(super) fn prefetch(&self, block: usize) {
        prefetch(self.values_of(block));
    }

    /// One block in the type `R`: as it lies there, or in `buffer` if it is of another type.
    #[inline(always)]
    pub(super) fn block<'a, R: Real>(&'a self, level: Level, block: usize, buffer: &'a mut Vec<R>) -> Features<'a, R> {
        let values = self.values_of(block);
        if TypeId::of::<T>() == TypeId::of::<R>() {
            return Features::new(bytemuck::cast_slice(values), BLOCK);
        }
        buffer.resize(values.len(), R::ZERO);
        dispatch!(level, _simd => for (out, value) in buffer.iter_mut().zip(values) {
            *out = value.to_real();
        });
        Features::new(buffer, BLOCK)
    }

    #[inline(always)]
    fn values_of(&self, block: usize) -> &[T] {
        let size = BLOCK * self.n_features;
        &self.values[block * size..][..size]
    }

    /// Brings labels given in the order of the samples into this order.
    pub(super) fn arrange(&self, labels: &[i32]) -> Buffer<i32> {
        let mut arranged = Buffer::unwritten(labels.len());
        // SAFETY: the places of a sort are a permutation, and nothing changes them afterwards.
        #[expect(unsafe_code, reason = "see Scatter")]
        unsafe {
            arrange(labels, &self.rank, &mut arranged);
        }
        arranged
    }

    /// Place of each sample.
    pub(super) fn rank(&self) -> &[u32] {
        &self.rank
    }

    /// Brings values given in this order back into the order of the samples.
    pub(super) fn restore(&self, arranged: &[i32], values_out: &mut [i32]) {
        let length = Chunks::new(values_out.len(), 1).length();
        values_out.par_chunks_mut(length).zip(self.rank.par_chunks(length)).for_each(|(values, rank)| {
            for (value, place) in values.iter_mut().zip(rank) {
                *value = arranged[*place as usize];
            }
        });
    }
}

/// The part of `weights` that belongs to a block; none stand for 1.
#[inline(always)]
pub(super) fn block_weights(weights: &[f64], block: usize) -> Weights<'_> {
    let rest = weights.get(block * BLOCK..).unwrap_or(&[]);
    if rest.is_empty() { Weights::Unit } else { Weights::Each(&rest[..BLOCK.min(rest.len())]) }
}

/// Writes `values` to the places that `rank` gives them.
///
/// # Safety
/// Every place occurs once in `rank`.
#[expect(unsafe_code, reason = "see Scatter")]
unsafe fn arrange<T: Copy + Send + Sync>(values: &[T], rank: &[u32], arranged_out: &mut [T]) {
    let arranged = Scatter::new(arranged_out);
    let length = Chunks::new(values.len(), 1).length();
    values.par_chunks(length).zip(rank.par_chunks(length)).for_each(|(values, rank)| {
        for (value, place) in values.iter().zip(rank) {
            // SAFETY: every place occurs once.
            unsafe { arranged.write(*place as usize, [*value]) };
        }
    });
}

/// Counting sort: writes the samples in their order, row by row, and returns the place of each. Samples of a bucket keep
/// their order, which in an image is a neighbourhood too. The last block is filled up with the last sample.
fn sort_by_bucket<T: Element, const D: usize>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    splits: &Splits<T::Real>,
    values_out: &mut [T],
) -> Result<Buffer<u32>> {
    // Places do not depend on the chunks, which may follow the threads; counting costs each chunk as much as its buckets.
    let n_chunks = (CHUNKS_PER_THREAD * rayon::current_num_threads()).min(MAX_CHUNKS);
    let length = samples.n_samples().div_ceil(n_chunks).max(2 * splits.n_buckets());
    let mut rank = Buffer::<u32>::unwritten(samples.n_samples());
    let mut counts = rank
        .par_chunks_mut(length)
        .enumerate()
        .map(|(chunk, buckets)| {
            let mut counts = vec![0_u32; splits.n_buckets()];
            for (stretch, buckets) in buckets.chunks_mut(STRETCH).enumerate() {
                exec.check()?;
                splits.buckets::<T, D>(samples, chunk * length + stretch * STRETCH, buckets);
                for bucket in buckets {
                    counts[*bucket as usize] += 1;
                }
            }
            Ok(counts)
        })
        .collect::<Result<Vec<_>>>()?;
    to_first_places(&mut counts);
    let rows = Scatter::new(values_out);
    rank.par_chunks_mut(length).zip(&mut counts).enumerate().try_for_each(|(chunk, (rank, next))| {
        for (i, rank) in rank.iter_mut().enumerate() {
            if i.is_multiple_of(STRETCH) {
                exec.check()?;
            }
            let place = &mut next[*rank as usize];
            *rank = *place;
            *place += 1;
            // SAFETY: what is counted in a bucket of a chunk has as many places, and each sample takes the next one.
            #[expect(unsafe_code, reason = "see Scatter")]
            unsafe {
                rows.write(*rank as usize * D, row::<T, D>(samples, chunk * length + i));
            }
        }
        Ok(())
    })?;
    let (rows, rest) = values_out.split_at_mut(samples.n_samples() * D);
    if let Some(last) = rows.last_chunk::<D>() {
        rest.as_chunks_mut::<D>().0.fill(*last);
    }
    Ok(rank)
}

#[inline(always)]
fn row<T: Element, const D: usize>(samples: &Samples<'_, T>, sample: usize) -> [T; D] {
    match samples.layout() {
        Layout::RowMajor => samples.values().as_chunks::<D>().0[sample],
        Layout::Planes => std::array::from_fn(|feature| samples.value(sample, feature)),
    }
}

/// Turns the samples of each bucket in each chunk into the place of the first of them.
fn to_first_places(counts: &mut [Vec<u32>]) {
    let mut place = 0;
    for bucket in 0..counts.first().map_or(0, Vec::len) {
        for counts in &mut *counts {
            place += std::mem::replace(&mut counts[bucket], place);
        }
    }
}

/// Turns blocks of rows into blocks of features.
fn transpose_blocks<T: Element, const D: usize>(values: &mut [T]) {
    let mut rows = [[T::zeroed(); D]; BLOCK];
    for block in values.chunks_exact_mut(BLOCK * D) {
        rows.as_flattened_mut().copy_from_slice(block);
        for (feature, values) in block.chunks_exact_mut(BLOCK).enumerate() {
            for (value, row) in values.iter_mut().zip(&rows) {
                *value = row[feature];
            }
        }
    }
}
