//! Integer samples as their distinct values and how often each occurs: what is fitted then has nothing to do with the
//! size of the image.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use rayon::prelude::*;

use crate::chunks::Chunks;
use crate::{Element, Exec, Layout, Result, Samples};

/// Bits that the features of a sample may have together: a map of all values, a bit each, then takes 2 MiB.
const MAX_BITS: u32 = 24;

/// Samples for each value that could occur, in units of 64, below which the map costs more than it saves.
const MIN_SAMPLES: usize = 1 << 13;

/// Samples drawn to see whether values repeat.
const DRAWN: usize = 1024;

/// Samples per distinct value from which fitting the values saves more than finding them costs.
const MIN_REPEATS: usize = 8;

/// The distinct values of integer samples, ascending by their features, the last one first.
#[derive(Debug)]
pub(crate) struct Distinct<T> {
    /// Shape (`n_distinct`, `n_features`).
    values: Vec<T>,
    /// How often each occurs.
    counts: Vec<f64>,
    n_features: usize,
    places: Places,
}

/// Where a value stands among the distinct ones.
#[derive(Debug)]
struct Places {
    /// A bit for each value that occurs.
    occurs: Vec<u64>,
    /// Values that occur before each word.
    before: Vec<u32>,
}

impl Places {
    #[inline(always)]
    fn of(&self, key: u32) -> usize {
        let (word, bit) = (key as usize / 64, key % 64);
        let below = self.occurs[word] & ((1 << bit) - 1);
        (self.before[word] + below.count_ones()) as usize
    }
}

impl<T: Element> Distinct<T> {
    /// Finds the distinct values, or `None` where the samples are no integers or too few of them repeat.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`].
    pub(crate) fn find(exec: &Exec<'_>, samples: &Samples<'_, T>) -> Result<Option<Self>> {
        if !may_repeat(samples) {
            return Ok(None);
        }
        let places = occurring(exec, samples)?;
        let n_distinct = places.occurs.iter().map(|word| word.count_ones() as usize).sum::<usize>();
        if n_distinct * MIN_REPEATS > samples.n_samples() {
            return Ok(None);
        }
        let counts = count(exec, samples, &places, n_distinct)?;
        let values = places.values(samples.n_features());
        Ok(Some(Self { values, counts, n_features: samples.n_features(), places }))
    }

    /// The distinct values as samples.
    pub(crate) fn samples(&self) -> Result<Samples<'_, T>> {
        Samples::new(&self.values, self.counts.len(), self.n_features, Layout::RowMajor)
    }

    /// How often each of them occurs.
    pub(crate) fn counts(&self) -> &[f64] {
        &self.counts
    }

    /// Gives each sample the label of its value.
    pub(crate) fn expand(&self, samples: &Samples<'_, T>, labels: &[i32]) -> Vec<i32> {
        let length = Chunks::new(samples.n_samples(), 1).length();
        let mut expanded = vec![0; samples.n_samples()];
        expanded.par_chunks_mut(length).enumerate().for_each(|(chunk, expanded)| {
            for_each_key(samples, chunk * length, expanded.len(), |i, key| expanded[i] = labels[self.places.of(key)]);
        });
        expanded
    }
}

fn may_repeat<T: Element>(samples: &Samples<'_, T>) -> bool {
    let n_bits = T::BITS * samples.n_features() as u32;
    let is_possible = (1..=MAX_BITS).contains(&n_bits) && samples.n_samples() >= MIN_SAMPLES.max((1 << n_bits) / 64);
    if !is_possible {
        return false;
    }
    // A run of neighbours repeats in any image; a draw from all over repeats only if there are few values.
    let step = samples.n_samples() / DRAWN;
    let mut keys: Vec<u32> = Vec::with_capacity(DRAWN);
    for i in 0..DRAWN {
        for_each_key(samples, i * step, 1, |_, key| keys.push(key));
    }
    keys.sort_unstable();
    keys.dedup();
    // Two draws in `n_distinct` meet: of all pairs, about `DRAWN^2 / (2 * n_distinct)`.
    let repeats = DRAWN - keys.len();
    n_bits <= 16 || repeats * 2 * samples.n_samples() >= DRAWN * DRAWN * MIN_REPEATS
}

/// Calls `use_key` with the position and the key of each of `count` samples from `start` on.
#[inline(always)]
fn for_each_key<T: Element>(samples: &Samples<'_, T>, start: usize, count: usize, mut use_key: impl FnMut(usize, u32)) {
    let (n, d, values) = (samples.n_samples(), samples.n_features(), samples.values());
    match samples.layout() {
        Layout::RowMajor => {
            for (i, row) in values[start * d..][..count * d].chunks_exact(d).enumerate() {
                use_key(i, row.iter().rev().fold(0, |key, value| key << T::BITS | value.key()));
            }
        }
        Layout::Planes => {
            for i in 0..count {
                let row = (0..d).rev().map(|f| values[f * n + start + i]);
                use_key(i, row.fold(0, |key, value| key << T::BITS | value.key()));
            }
        }
    }
}

fn occurring<T: Element>(exec: &Exec<'_>, samples: &Samples<'_, T>) -> Result<Places> {
    let n_words = (1_usize << (T::BITS * samples.n_features() as u32)).div_ceil(64);
    let occurs: Vec<AtomicU64> = (0..n_words).map(|_| AtomicU64::new(0)).collect();
    let chunks = Chunks::new(samples.n_samples(), 1);
    (0..chunks.count()).into_par_iter().try_for_each(|chunk| {
        exec.check()?;
        let range = chunks.range(chunk);
        for_each_key(samples, range.start, range.len(), |_, key| {
            let (word, bit) = (&occurs[key as usize / 64], 1 << (key % 64));
            // Nearly always the bit is there already, and reading it disturbs no other thread.
            if word.load(Ordering::Relaxed) & bit == 0 {
                word.fetch_or(bit, Ordering::Relaxed);
            }
        });
        Ok(())
    })?;
    let occurs: Vec<u64> = occurs.into_iter().map(AtomicU64::into_inner).collect();
    let mut total = 0;
    let mut before = Vec::with_capacity(n_words);
    for word in &occurs {
        before.push(total);
        total += word.count_ones();
    }
    Ok(Places { occurs, before })
}

fn count<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    places: &Places,
    n_distinct: usize,
) -> Result<Vec<f64>> {
    let counts: Vec<AtomicU32> = (0..n_distinct).map(|_| AtomicU32::new(0)).collect();
    let chunks = Chunks::new(samples.n_samples(), 1);
    (0..chunks.count()).into_par_iter().try_for_each(|chunk| {
        exec.check()?;
        let range = chunks.range(chunk);
        // Neighbours are often equal: they are counted together.
        let (mut last, mut repeats) = (None, 0);
        for_each_key(samples, range.start, range.len(), |_, key| {
            if last == Some(key) {
                repeats += 1;
                return;
            }
            if let Some(last) = last.replace(key) {
                counts[places.of(last)].fetch_add(repeats, Ordering::Relaxed);
            }
            repeats = 1;
        });
        if let Some(last) = last {
            counts[places.of(last)].fetch_add(repeats, Ordering::Relaxed);
        }
        Ok(())
    })?;
    Ok(counts.into_iter().map(|count| f64::from(count.into_inner())).collect())
}

impl Places {
    /// The values that occur, shape (`n_distinct`, `n_features`).
    fn values<T: Element>(&self, n_features: usize) -> Vec<T> {
        let mut values = Vec::new();
        for (word, bits) in self.occurs.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                let key = word as u32 * 64 + bits.trailing_zeros();
                values.extend((0..n_features as u32).map(|f| T::from_key(key >> (f * T::BITS))));
                bits &= bits - 1;
            }
        }
        values
    }
}
