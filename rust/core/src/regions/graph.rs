//! Which regions touch.

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
        let mut found = Vec::new();
        for (i, row) in rows.chunks_exact(width).enumerate() {
            let row_index = band * ROWS + i;
            meet(row, &row[1..], n_regions, &mut found)?;
            let below = (row_index % height + 1 < height).then_some(row_index + 1);
            let behind = (row_index / height + 1 < depth).then_some(row_index + height);
            for other in [below, behind].into_iter().flatten() {
                meet(row, &labels[other * width..][..width], n_regions, &mut found)?;
            }
        }
        Ok(add_up(found))
    });
    let bands = bands.collect::<Result<Vec<_>>>()?;
    Ok(add_up(bands.concat()))
}

/// Adds the pairs of regions of pixels that lie beside each other, once for pixels in a row with the same pair.
#[inline(always)]
fn meet<L: Label>(some: &[L], others: &[L], n_regions: usize, edges: &mut Vec<Edge>) -> Result<()> {
    let mut last = [None; 2];
    for (a, b) in some.iter().zip(others).filter(|(a, b)| a != b) {
        match edges.last_mut() {
            Some(edge) if last == [Some(*a), Some(*b)] => edge.1 += 1,
            _ => {
                let (a, b) = (region(*a, n_regions)? as u32, region(*b, n_regions)? as u32);
                edges.push(([a.min(b), a.max(b)], 1));
            }
        }
        last = [Some(*a), Some(*b)];
    }
    Ok(())
}

/// Sorts edges, and makes one of those between the same regions.
fn add_up(mut edges: Vec<Edge>) -> Vec<Edge> {
    // As one number: half of the comparisons.
    edges.sort_unstable_by_key(|([low, high], _)| u64::from(*low) << 32 | u64::from(*high));
    edges.dedup_by(|next, edge| {
        let is_same = next.0 == edge.0;
        edge.1 += if is_same { next.1 } else { 0 };
        is_same
    });
    edges
}
