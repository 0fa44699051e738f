//! What bisecting k-means needs beyond Lloyd's algorithm: the inertia of each half, and the way down the tree.

use rayon::prelude::*;

use crate::chunks::Chunks;
use crate::distance::{Assigner, Centers, OwnDistances};
use crate::labels::check_count;
use crate::{Element, Error, Exec, Layout, Real, Result, Samples, Weights};

/// Weighted sum of the squared distances of the samples of each cluster to its center, shape (`n_clusters`,).
///
/// # Errors
/// [`Error::Mismatch`] or [`Error::Length`] for shapes that do not fit, [`Error::Range`] for a label without a center,
/// [`Error::Interrupted`].
pub fn inertia_per_cluster<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    centers: &[f64],
    labels: &[i32],
) -> Result<Vec<f64>> {
    check_count(samples, labels)?;
    let centers = Centers::<f64>::new(centers, samples.n_features())?;
    centers.check_labels(exec.level, labels)?;
    let chunks = Chunks::new(samples.n_samples(), centers.n_clusters());
    let partials = labels
        .par_chunks(chunks.length())
        .enumerate()
        .map(|(chunk, labels)| {
            exec.check()?;
            let mut own = OwnDistances::new(exec.level, &centers);
            let mut sums = vec![0.0; centers.n_clusters()];
            let block = own.block();
            for (index, labels) in labels.chunks(block).enumerate() {
                let start = chunk * chunks.length() + index * block;
                let distances = own.compute(samples, start, labels);
                for (i, (label, distance)) in labels.iter().zip(distances).enumerate() {
                    sums[*label as usize] += weights.get(start + i) * distance;
                }
            }
            Ok(sums)
        })
        .collect::<Result<Vec<_>>>()?;
    let mut total = vec![0.0; centers.n_clusters()];
    for partial in partials {
        for (sum, value) in total.iter_mut().zip(partial) {
            *sum += value;
        }
    }
    Ok(total)
}

/// A binary tree of clusters, without a root if nothing was ever split.
#[derive(Debug)]
pub struct Tree<R> {
    /// The two centers of each split; the first split is the root.
    splits: Vec<Centers<R>>,
    targets: Vec<[i32; 2]>,
}

impl<R: Real> Tree<R> {
    /// Wraps `centers`, shape (`n_splits`, 2, `n_features`), and what lies behind each of them: `targets`, shape
    /// (`n_splits`, 2), holds the number of a later split, or `-1 - label` for a cluster that was not split.
    ///
    /// # Errors
    /// [`Error::Mismatch`] or [`Error::Length`] for shapes that do not fit, [`Error::Range`] for a target that is no
    /// later split.
    pub fn new(centers: &[f64], targets: &[i32], n_features: usize) -> Result<Self> {
        let (targets, rest) = targets.as_chunks::<2>();
        if !rest.is_empty() || centers.len() != targets.len() * 2 * n_features {
            let (rows, columns) = (2 * targets.len(), n_features);
            return Err(Error::Length { argument: "centers", got: centers.len(), rows, columns });
        }
        for (split, target) in targets.iter().enumerate().flat_map(|(split, pair)| pair.map(|target| (split, target))) {
            // Only ever later splits: whatever is given, the way down ends.
            if target >= 0 && !(split + 1..targets.len()).contains(&(target as usize)) {
                let needed = format!("below 0 or a split after split {split} of {}", targets.len());
                return Err(Error::Range { argument: "targets", got: target.to_string(), needed });
            }
        }
        let splits =
            centers.chunks_exact(2 * n_features).map(|pair| Centers::new(pair, n_features)).collect::<Result<_>>()?;
        Ok(Self { splits, targets: targets.to_vec() })
    }
}

/// Writes the label of the cluster that each sample reaches when it goes to the nearer center of every split, the
/// first on ties; shape (`n_samples`,).
///
/// # Errors
/// [`Error::Mismatch`] if there is not one label per sample or the features do not fit, [`Error::Interrupted`].
pub fn predict_tree<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    tree: &Tree<T::Real>,
    labels_out: &mut [i32],
) -> Result<()> {
    check_count(samples, labels_out)?;
    let length = Chunks::new(samples.n_samples(), tree.splits.len()).length();
    labels_out.par_chunks_mut(length).enumerate().try_for_each(|(chunk, labels)| {
        exec.check()?;
        if tree.splits.is_empty() {
            labels.fill(0);
            return Ok(());
        }
        let start = chunk * length;
        let mut waiting = vec![(0, (start as i64..(start + labels.len()) as i64).collect::<Vec<_>>())];
        while let Some((split, rows)) = waiting.pop() {
            let sides = divide(exec, samples, &tree.splits[split], &rows)?;
            for (target, rows) in tree.targets[split].into_iter().zip(sides) {
                match usize::try_from(target) {
                    Ok(_) if rows.is_empty() => {}
                    Ok(next) => waiting.push((next, rows)),
                    Err(_) => rows.into_iter().for_each(|row| labels[row as usize - start] = -1 - target),
                }
            }
        }
        Ok(())
    })
}

/// The rows nearer to the first center, and those nearer to the second.
fn divide<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    centers: &Centers<T::Real>,
    rows: &[i64],
) -> Result<[Vec<i64>; 2]> {
    let mut assigner = Assigner::new(exec.level, centers);
    let mut gathered = Vec::new();
    let mut labels = vec![0; assigner.block()];
    let mut sides = [Vec::new(), Vec::new()];
    for rows in rows.chunks(assigner.block()) {
        samples.gather(rows, &mut gathered);
        let block = Samples::new(&gathered, rows.len(), samples.n_features(), Layout::RowMajor)?;
        assigner.assign(&block, 0..rows.len(), &mut labels[..rows.len()]);
        for (row, label) in rows.iter().zip(&labels) {
            sides[usize::from(*label != 0)].push(*row);
        }
    }
    Ok(sides)
}
