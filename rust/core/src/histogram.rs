//! Counting values: integers of up to 16 bits each by itself, floats between edges.

use fearless_simd::dispatch;
use rayon::prelude::*;

use crate::chunks::Chunks;
use crate::{Element, Error, Exec, Result};

/// Values counted between two looks at the interrupt flag; a table is filled by many such blocks.
const BLOCK: usize = 1 << 16;

/// Tables of weights that are alive at once: half a megabyte each for 16-bit values.
const MAX_TABLES: usize = 16;

/// Values whose bins are computed in vectors before they are counted one by one.
const GROUP: usize = 64;

/// Part of a bin's width from an edge within which rounding of a value's place could miss the bin; far more than it
/// ever does.
const ROUNDING: f64 = 1e-6;

/// Doubt about which bin a value is in, as a part of a bin's width, up to which it is worth computing the bin.
const MAX_DOUBT: f64 = 0.05;

/// In place of a bin: the edges have to decide.
const UNCLEAR: i32 = -1;

/// An integer type with so few values that a table has a slot for each of them.
pub trait Tabulated: Element {
    /// How many values the type has.
    const N_SLOTS: usize;

    /// The place of the value among all values of its type, in ascending order.
    fn slot(self) -> usize;

    /// The value in a slot.
    fn in_slot(slot: usize) -> i32;
}

macro_rules! tabulated {
    ($type:ty) => {
        impl Tabulated for $type {
            const N_SLOTS: usize = 1 << <$type>::BITS;

            #[inline(always)]
            fn slot(self) -> usize {
                (i32::from(self) - i32::from(<$type>::MIN)) as usize
            }

            fn in_slot(slot: usize) -> i32 {
                slot as i32 + i32::from(<$type>::MIN)
            }
        }
    };
}

tabulated!(u8);
tabulated!(i16);
tabulated!(u16);

/// How often each value of the type occurs, shape (`N_SLOTS`,).
///
/// # Errors
/// [`Error::Interrupted`].
pub fn count_values<T: Tabulated>(exec: &Exec<'_>, values: &[T]) -> Result<Vec<u64>> {
    count(exec, values, T::N_SLOTS, |block, counts| {
        for value in block {
            counts[value.slot()] += 1;
        }
    })
}

/// How many values lie in each bin, shape (`n_edges - 1`,): `edges[bin] <= value < edges[bin + 1]`, the last bin with
/// its upper edge. Values outside of all edges go to the outermost bins.
///
/// # Errors
/// [`Error::Range`] if the edges are fewer than two, not finite or not ascending, [`Error::Interrupted`].
pub fn count_between<T: Element>(exec: &Exec<'_>, values: &[T], edges: &[f64]) -> Result<Vec<u64>> {
    let ascending = edges.windows(2).all(|pair| pair[0] < pair[1]) && edges.iter().all(|edge| edge.is_finite());
    let (first, last) = match edges {
        [first, .., last] if ascending => (*first, *last),
        _ => {
            let (got, needed) = (format!("{} numbers", edges.len()), "two or more, ascending and finite".into());
            return Err(Error::Range { argument: "edges", got, needed });
        }
    };
    let bins = Bins { edges, first, per_unit: (edges.len() - 1) as f64 / (last - first) };
    let doubt = bins.unevenness() + ROUNDING;
    if doubt < MAX_DOUBT {
        count(
            exec,
            values,
            bins.len(),
            |block, counts| dispatch!(exec.level, _simd => bins.count_even(block, doubt, counts)),
        )
    } else {
        count(exec, values, bins.len(), |block, counts| {
            for value in block {
                counts[bins.find(value.to_real())] += 1;
            }
        })
    }
}

/// Bins between edges.
struct Bins<'a> {
    edges: &'a [f64],
    first: f64,
    /// Bins per unit of the values, if all are of the same width.
    per_unit: f64,
}

impl Bins<'_> {
    fn len(&self) -> usize {
        self.edges.len() - 1
    }

    /// How far an edge lies from where equal widths would put it, as a part of a width.
    fn unevenness(&self) -> f64 {
        let distance = |(bin, edge): (usize, &f64)| ((edge - self.first) * self.per_unit - bin as f64).abs();
        self.edges.iter().enumerate().map(distance).fold(0.0, f64::max)
    }

    /// Counts values in bins of nearly the same width: farther than `doubt` from an edge, the bin follows from the value
    /// alone.
    #[inline(always)]
    fn count_even<T: Element>(&self, values: &[T], doubt: f64, counts: &mut [u64]) {
        let highest = (self.len() - 1) as f64;
        for values in values.chunks(GROUP) {
            let mut bins = [0; GROUP];
            for (bin, value) in bins.iter_mut().zip(values) {
                let place = (value.to_real::<f64>() - self.first) * self.per_unit;
                let below = place.floor();
                let is_clear = (place - below - 0.5).abs() < 0.5 - doubt;
                *bin = if is_clear { below.clamp(0.0, highest) as i32 } else { UNCLEAR };
            }
            for (bin, value) in bins.iter().zip(values) {
                let bin = if *bin == UNCLEAR { self.find(value.to_real()) } else { *bin as usize };
                counts[bin] += 1;
            }
        }
    }

    /// The bin of a value. Rounding may miss it; the edges decide.
    fn find(&self, value: f64) -> usize {
        let mut bin = (((value - self.first) * self.per_unit) as usize).min(self.len() - 1);
        while bin > 0 && value < self.edges[bin] {
            bin -= 1;
        }
        while bin + 1 < self.len() && value >= self.edges[bin + 1] {
            bin += 1;
        }
        bin
    }
}

/// Counts are whole numbers: they add up to the same in any order.
fn count<T: Element>(
    exec: &Exec<'_>,
    values: &[T],
    n_slots: usize,
    add: impl Fn(&[T], &mut [u64]) + Sync,
) -> Result<Vec<u64>> {
    values
        .par_chunks(BLOCK)
        .with_min_len(n_slots.div_ceil(BLOCK / 16))
        .try_fold(
            || vec![0; n_slots],
            |mut counts, block| {
                exec.check()?;
                add(block, &mut counts);
                Ok(counts)
            },
        )
        .try_reduce(
            || vec![0; n_slots],
            |mut counts, other| {
                for (count, more) in counts.iter_mut().zip(&other) {
                    *count += more;
                }
                Ok(counts)
            },
        )
}

/// Sum of the weights of each value of the type, shape (`N_SLOTS`,).
///
/// # Errors
/// [`Error::Interrupted`].
pub fn weigh_values<T: Tabulated>(exec: &Exec<'_>, values: &[T], weights: &[f64]) -> Result<Vec<f64>> {
    let length = Chunks::new(values.len(), 1).length().max(values.len().div_ceil(MAX_TABLES));
    let tables = values
        .par_chunks(length)
        .zip(weights.par_chunks(length))
        .map(|(values, weights)| {
            let mut sums = vec![0.0; T::N_SLOTS];
            for (values, weights) in values.chunks(BLOCK).zip(weights.chunks(BLOCK)) {
                exec.check()?;
                for (value, weight) in values.iter().zip(weights) {
                    sums[value.slot()] += weight;
                }
            }
            Ok(sums)
        })
        .collect::<Result<Vec<Vec<f64>>>>()?;
    let mut total = vec![0.0; T::N_SLOTS];
    for table in tables {
        for (sum, more) in total.iter_mut().zip(table) {
            *sum += more;
        }
    }
    Ok(total)
}
