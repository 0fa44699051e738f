//! Counting values: integers of up to 16 bits each by itself, floats between edges.

use rayon::prelude::*;

use crate::chunks::Chunks;
use crate::{Element, Error, Exec, Result};

/// Values counted between two looks at the interrupt flag; a table is filled by many such blocks.
const BLOCK: usize = 1 << 16;

/// Tables of weights that are alive at once: half a megabyte each for 16-bit values.
const MAX_TABLES: usize = 16;

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
    count(exec, values, T::N_SLOTS, T::slot)
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
    let n_bins = edges.len() - 1;
    let bins_per_unit = n_bins as f64 / (last - first);
    count(exec, values, n_bins, |value| {
        let value = value.to_real::<f64>();
        // Rounding may miss the bin by one; the edges decide.
        let mut bin = (((value - first) * bins_per_unit) as usize).min(n_bins - 1);
        while bin > 0 && value < edges[bin] {
            bin -= 1;
        }
        while bin + 1 < n_bins && value >= edges[bin + 1] {
            bin += 1;
        }
        bin
    })
}

/// Counts are whole numbers: they add up to the same in any order.
fn count<T: Element>(
    exec: &Exec<'_>,
    values: &[T],
    n_slots: usize,
    slot: impl Fn(T) -> usize + Sync,
) -> Result<Vec<u64>> {
    values
        .par_chunks(BLOCK)
        .with_min_len(n_slots.div_ceil(BLOCK / 16))
        .try_fold(
            || vec![0; n_slots],
            |mut counts, block| {
                exec.check()?;
                for value in block {
                    counts[slot(*value)] += 1;
                }
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
