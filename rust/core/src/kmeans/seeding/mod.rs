//! Greedy k-means++ seeding with scikit-learn's choices.
//!
//! Samples are drawn with a probability proportional to their weighted squared distance to the nearest center so far;
//! of several candidates the one that lowers the sum of these distances most is kept (Arthur and Vassilvitskii, 2007,
//! section 5). All random numbers come from the caller, so that the same seed gives the same samples as
//! `sklearn.cluster.kmeans_plusplus`.
//!
//! Every center takes a pass over the samples, block by block ([`block`]). Distances are not kept, which would take more
//! memory than many samples do: those to the nearest center are computed anew, from the few centers that come near the
//! bounding box of a block ([`boxes`]) or, if these are many, from a label per sample. What is kept of a block is their
//! sum and the largest of them: a candidate that cannot lower the largest leaves the sum as it is, and a block that no
//! candidate can lower is not read.

mod block;
mod boxes;
mod distances;
mod first;
mod kernels;
mod part;
mod points;
mod scan;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use self::first::choose_weighted;
use self::part::{Part, first_reaching};
use self::points::Points;
use self::scan::Scan;
use crate::{Element, Error, Exec, Result, Samples, Weights};

/// Indices of the samples that k-means++ chooses as initial centers, shape (`n_clusters`,).
///
/// `first_draw` picks the first center; `draws`, shape (`n_clusters - 1`, `n_trials`), the candidates for each further
/// one; all lie in [0, 1). Distances are computed in float64.
///
/// Cost: one pass per center of at most `n_trials + 6` distances per sample, far less for images, and one byte per
/// sample, or three if the centers near a block are many.
///
/// # Errors
/// [`Error::Length`] if `draws` is not a whole number of rows, [`Error::Range`] if there are more clusters than
/// samples, [`Error::Interrupted`].
pub fn plus_plus<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    first_draw: f64,
    draws: &[f64],
    n_clusters: usize,
) -> Result<Vec<usize>> {
    check(samples, draws, n_clusters)?;
    let first = choose_weighted(samples.n_samples(), weights, first_draw);
    if n_clusters == 1 {
        return Ok(vec![first]);
    }
    let mut seeding = Seeding::new(exec, samples, weights, n_clusters);
    seeding.add_center(&[first])?;
    for draws in draws.chunks_exact(draws.len() / (n_clusters - 1)) {
        let candidates = seeding.find_candidates(draws);
        seeding.add_center(&candidates)?;
    }
    Ok(seeding.chosen)
}

fn check<T: Element>(samples: &Samples<'_, T>, draws: &[f64], n_clusters: usize) -> Result<()> {
    if n_clusters == 0 || n_clusters > samples.n_samples() {
        let needed = format!("from 1 to n_samples={}", samples.n_samples());
        return Err(Error::Range { argument: "n_clusters", got: n_clusters.to_string(), needed });
    }
    let rows = n_clusters - 1;
    let columns = draws.len().checked_div(rows).unwrap_or(0);
    if rows * columns != draws.len() || (rows > 0 && columns == 0) {
        return Err(Error::Length { argument: "draws", got: draws.len(), rows, columns: columns.max(1) });
    }
    Ok(())
}

/// The state of a seeding.
struct Seeding<'a, T> {
    exec: &'a Exec<'a>,
    samples: &'a Samples<'a, T>,
    weights: Weights<'a>,
    chosen: Vec<usize>,
    /// The chosen samples.
    centers: Points,
    parts: Vec<Part>,
    scan: Scan<'a, T>,
}

impl<'a, T: Element> Seeding<'a, T> {
    fn new(exec: &'a Exec<'a>, samples: &'a Samples<'a, T>, weights: Weights<'a>, n_clusters: usize) -> Self {
        let scan = Scan::new(exec.level, samples, weights);
        let (centers, parts) = (scan.points(n_clusters), Part::cut(&scan, samples.n_samples()));
        Self { exec, samples, weights, chosen: Vec::new(), centers, parts, scan }
    }

    /// For each draw the first sample at which the cumulative sum of weighted distances reaches this share of the total.
    fn find_candidates(&mut self, draws: &[f64]) -> Vec<usize> {
        let potentials: Vec<f64> = self.parts.iter().map(Part::potential).collect();
        let total: f64 = potentials.iter().sum();
        let find = |draw: &f64| {
            let target = draw * total;
            let (part, before) = first_reaching(potentials.iter().copied(), 0.0, target);
            self.parts[part].find(&mut self.scan, &self.centers, before, target)
        };
        draws.iter().map(find).collect()
    }

    /// Makes that candidate a center with which the potential is smallest, the first on ties.
    fn add_center(&mut self, candidates: &[usize]) -> Result<()> {
        let mut points = self.scan.points(candidates.len());
        for index in candidates {
            points.push(&self.samples.row_f64(*index));
        }
        let potentials = self.evaluate(&points)?;
        let mut best = (0, f64::INFINITY);
        for (candidate, potential) in potentials.into_iter().enumerate() {
            if potential < best.1 {
                best = (candidate, potential);
            }
        }
        for part in &mut self.parts {
            part.choose(best.0, candidates.len());
        }
        self.chosen.push(candidates[best.0]);
        self.centers.push(&self.samples.row_f64(candidates[best.0]));
        Ok(())
    }

    /// The potential with each candidate as a further center.
    fn evaluate(&mut self, candidates: &Points) -> Result<Vec<f64>> {
        let Self { exec, samples, weights, ref centers, .. } = *self;
        let new_scan = || Scan::new(exec.level, samples, weights);
        self.parts.par_iter_mut().try_for_each_init(new_scan, |scan, part| {
            exec.check()?;
            part.evaluate(scan, centers, candidates);
            Ok(())
        })?;
        let mut potentials = vec![0.0; candidates.len()];
        for outcomes in self.parts.iter().flat_map(|part| part.outcomes(candidates.len())) {
            for (potential, outcome) in potentials.iter_mut().zip(outcomes) {
                *potential += outcome.potential;
            }
        }
        Ok(potentials)
    }
}
