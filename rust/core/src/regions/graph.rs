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
        let mut pairs = Vec::new();
        for (i, row) in rows.chunks_exact(width).enumerate() {
            let row_index = band * ROWS + i;
            meet(row, &row[1..], n_regions, &mut pairs)?;
            let below = (row_index % height + 1 < height).then_some(row_index + 1);
            let behind = (row_index / height + 1 < depth).then_some(row_index + height);
            for other in [below, behind].into_iter().flatten() {
                meet(row, &labels[other * width..][..width], n_regions, &mut pairs)?;
            }
        }
        Ok(count(pairs))
    });
    let bands = bands.collect::<Result<Vec<_>>>()?;
    let mut edges = bands.concat();
    edges.sort_unstable();
    edges.dedup_by(|next, edge| {
        let is_same = next.0 == edge.0;
        edge.1 += if is_same { next.1 } else { 0 };
        is_same
    });
    Ok(edges)
}

/// Adds the pairs of regions of pixels that lie beside each other.
#[inline(always)]
fn meet<L: Label>(some: &[L], others: &[L], n_regions: usize, pairs: &mut Vec<[u32; 2]>) -> Result<()> {
    for (a, b) in some.iter().zip(others) {
        if a.index() != b.index() {
            let (a, b) = (region(*a, n_regions)? as u32, region(*b, n_regions)? as u32);
            pairs.push([a.min(b), a.max(b)]);
        }
    }
    Ok(())
}

fn count(mut pairs: Vec<[u32; 2]>) -> Vec<Edge> {
    pairs.sort_unstable();
    pairs.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64)).collect()
}
