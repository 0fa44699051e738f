//! Relocation of clusters that lost all their samples.

use rayon::prelude::*;

use super::sums::Sums;
use crate::chunks::Chunks;
use crate::distance::squared_distance;
use crate::{Element, Exec, Result, Samples, Weights};

/// A sample and its squared distance to the center it was assigned to.
type Far = (f64, usize);

/// Gives each cluster without weight the sample farthest from its own center, farthest first (the lower index on
/// ties), as scikit-learn does; nothing moves if every sample sits on its center.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub(super) fn relocate_empty_clusters<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    centers: &[f64],
    labels: &[i32],
    sums: &mut Sums,
) -> Result<()> {
    let n_clusters = centers.len() / samples.n_features();
    let empty: Vec<usize> = (0..n_clusters).filter(|cluster| sums.weight(*cluster) == 0.0).collect();
    if empty.is_empty() {
        return Ok(());
    }
    let farthest = farthest_samples(exec, samples, centers, labels, empty.len())?;
    if farthest.first().is_none_or(|(distance, _)| *distance == 0.0) {
        return Ok(());
    }
    for (to, (_, index)) in empty.into_iter().zip(farthest) {
        sums.relocate(&samples.row_f64(index), weights.get(index), labels[index] as usize, to);
    }
    Ok(())
}

fn farthest_samples<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    centers: &[f64],
    labels: &[i32],
    count: usize,
) -> Result<Vec<Far>> {
    let chunks = Chunks::new(samples.n_samples(), 1);
    let partials = (0..chunks.count())
        .into_par_iter()
        .map(|chunk| {
            exec.check()?;
            let mut row = vec![0.0; samples.n_features()];
            let distances = chunks.range(chunk).map(|index| {
                samples.read_row(index, &mut row);
                let center = &centers[labels[index] as usize * row.len()..][..row.len()];
                (squared_distance(&row, center), index)
            });
            Ok(keep_farthest(distances.collect(), count))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(keep_farthest(partials.concat(), count))
}

fn keep_farthest(mut far: Vec<Far>, count: usize) -> Vec<Far> {
    far.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    far.truncate(count);
    far
}
