//! Which regions touch.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use rayon::prelude::*;

use super::{Label, region};
use crate::{Error, Exec, Result};

/// Rows that one thread looks at at a time.
const ROWS: usize = 64;

/// Two regions that touch, the lower first, and the number of pairs of neighbouring pixels on their boundary.
pub type Edge = ([u32; 2], u64);

/// All pairs of regions with neighbouring pixels along x, y or z, ascending.
///
/// # Errors
/// [`Error::Mismatch`] if the labels do not fit the shape (depth, height, width), [`Error::Range`] for a label that is
/// not from 0 to `n_regions` - 1 or too many regions; [`Error::Interrupted`].
pub fn edges<L: Label>(
    exec: &Exec<'_>,
    labels: &[L],
    [depth, height, width]: [usize; 3],
    n_regions: usize,
) -> Result<Vec<Edge>> {
    let needed = depth * height * width;
    if labels.len() != needed {
        return Err(Error::Mismatch { argument: "labels", dimension: "pixels", got: labels.len(), needed });
    }
    if u32::try_from(n_regions).is_err() {
        let (got, needed) = (n_regions.to_string(), format!("at most {}", u32::MAX));
        return Err(Error::Range { argument: "the number of regions", got, needed });
    }
    let bands = labels.par_chunks(ROWS * width.max(1)).enumerate().map(|(band, rows)| {
        exec.check()?;
        let mut found = Boundaries::default();
        for (i, row) in rows.chunks_exact(width).enumerate() {
            let row_index = band * ROWS + i;
            meet(row, &row[1..], n_regions, &mut found)?;
            let below = (row_index % height + 1 < height).then_some(row_index + 1);
            let behind = (row_index / height + 1 < depth).then_some(row_index + height);
            for other in [below, behind].into_iter().flatten() {
                meet(row, &labels[other * width..][..width], n_regions, &mut found)?;
            }
        }
        Ok(found)
    });
    let bands = bands.collect::<Result<Vec<_>>>()?;
    let mut edges: Vec<_> = bands.into_iter().flatten().collect();
    edges.sort_unstable_by_key(|(pair, _)| *pair);
    edges.dedup_by(|next, edge| {
        let is_same = next.0 == edge.0;
        edge.1 += if is_same { next.1 } else { 0 };
        is_same
    });
    Ok(edges.into_iter().map(|(pair, length)| ([(pair >> 32) as u32, pair as u32], length)).collect())
}

/// Pairs of neighbouring pixels by their regions, the lower in the upper half of the key. Most boundaries cross many rows:
/// to count them costs less than to sort what each row has.
type Boundaries = HashMap<u64, u64, BuildHasherDefault<PairHasher>>;

/// Hashes a number in three instructions; keys are no secrets.
#[derive(Default)]
struct PairHasher(u64);

impl Hasher for PairHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, key: u64) {
        // An odd number near 2^64 divided by the golden ratio spreads neighbouring keys; folded, all bits count.
        let product = u128::from(key) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Counts the pairs of pixels of different regions that lie beside each other, at once those in a row with the same pair.
#[inline(always)]
fn meet<L: Label>(some: &[L], others: &[L], n_regions: usize, found: &mut Boundaries) -> Result<()> {
    let mut pairs = some.iter().zip(others).filter(|(a, b)| a != b);
    let Some(mut last) = pairs.next() else { return Ok(()) };
    let mut length = 0;
    let mut add = |(a, b): (&L, &L), length: u64| {
        let (a, b) = (region(*a, n_regions)? as u64, region(*b, n_regions)? as u64);
        *found.entry(a.min(b) << 32 | a.max(b)).or_default() += length;
        Ok(())
    };
    for pair in pairs {
        length += 1;
        if pair != last {
            add(last, length)?;
            (last, length) = (pair, 0);
        }
    }
    add(last, length + 1)
}
