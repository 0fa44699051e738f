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
//! candidate can lower is not read. Several runs on the same samples go side by side: a block is read once for all.

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

use std::ops::Range;

use rayon::prelude::*;

use self::first::choose_weighted;
use self::part::{Part, first_reaching};
use self::points::{Chosen, Points};
use self::scan::Scan;
use crate::features::MAX_FEATURES;
use crate::{Element, Error, Exec, Result, Samples, Weights};

/// Bytes that are kept for runs side by side, at most.
const MAX_BYTES: usize = 1 << 23;

/// Bytes that a run keeps for a sample, at most: labels of 2, and its share of what is known of a block.
const BYTES_OF_SAMPLE: usize = 3;

/// Share of the samples' own bytes that runs side by side may keep where iterations make no copy of the samples, which
/// takes more.
const SHARE: usize = 20;

/// Most runs side by side: a thread looks for Ctrl-C between two parts of the samples, whatever the runs.
const MAX_RUNS: usize = 32;

/// The random numbers of a run, all in [0, 1).
#[derive(Debug, Clone, Copy)]
pub struct Draws<'a> {
    /// Picks the first center.
    pub first: f64,
    /// The candidates for each further one, shape (`n_clusters - 1`, `n_trials`).
    pub further: &'a [f64],
}

/// For each run the indices of the samples that k-means++ chooses as initial centers, shape (`n_clusters`,).
///
/// Distances are computed in float64. A run chooses the same beside others as alone.
///
/// Cost of a run: one pass per center of at most `n_trials + 6` distances per sample, far less for images, and one byte
/// per sample, or three if the centers near a block are many. Runs that keep at most 8 MiB, and no more than iterations
/// need anyway, read the samples together.
///
/// # Errors
/// [`Error::Length`] if the draws of a run are not a whole number of rows or not as many as those of others,
/// [`Error::Range`] if there are more clusters than samples, [`Error::Interrupted`].
pub fn plus_plus<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    runs: &[Draws<'_>],
    n_clusters: usize,
) -> Result<Vec<Vec<usize>>> {
    let n_draws = runs.first().map_or(0, |draws| draws.further.len());
    let n_trials = check(samples, runs, n_draws, n_clusters)?;
    let mut chosen = Vec::with_capacity(runs.len());
    for runs in runs.chunks(side_by_side(samples, n_clusters)) {
        exec.check()?;
        let firsts = runs.iter().map(|draws| choose_weighted(samples.n_samples(), weights, draws.first));
        if n_clusters == 1 {
            chosen.extend(firsts.map(|first| vec![first]));
            continue;
        }
        let mut seeding = Seeding::new(exec, samples, weights, runs.len(), n_clusters);
        seeding.add_centers(&firsts.map(|first| vec![first]).collect::<Vec<_>>())?;
        for start in (0..n_draws).step_by(n_trials) {
            let candidates = seeding.find_candidates(runs, start..start + n_trials);
            seeding.add_centers(&candidates)?;
        }
        chosen.extend(seeding.runs.into_iter().map(|run| run.indices));
    }
    Ok(chosen)
}

/// How many runs go side by side, at least one.
fn side_by_side<T: Element>(samples: &Samples<'_, T>, n_clusters: usize) -> usize {
    let of_run = BYTES_OF_SAMPLE * samples.n_samples() + n_clusters * samples.n_features() * size_of::<[f64; 2]>();
    let n_bytes = size_of_val(samples.values());
    let allowed = if samples.n_features() <= MAX_FEATURES { n_bytes } else { n_bytes / SHARE };
    (allowed.min(MAX_BYTES) / of_run).clamp(1, MAX_RUNS)
}

/// Returns the number of candidates for each center, at least 1.
fn check<T: Element>(samples: &Samples<'_, T>, runs: &[Draws<'_>], n_draws: usize, n_clusters: usize) -> Result<usize> {
    if n_clusters == 0 || n_clusters > samples.n_samples() {
        let needed = format!("from 1 to n_samples={}", samples.n_samples());
        return Err(Error::Range { argument: "n_clusters", got: n_clusters.to_string(), needed });
    }
    let rows = n_clusters - 1;
    let columns = n_draws.checked_div(rows).unwrap_or(0);
    let fits = |draws: &Draws<'_>| draws.further.len() == rows * columns && (rows == 0 || columns > 0);
    match runs.iter().find(|draws| !fits(draws)) {
        Some(draws) => {
            Err(Error::Length { argument: "draws", got: draws.further.len(), rows, columns: columns.max(1) })
        }
        None => Ok(columns.max(1)),
    }
}

/// The state of some runs.
struct Seeding<'a, T> {
    exec: &'a Exec<'a>,
    samples: &'a Samples<'a, T>,
    weights: Weights<'a>,
    runs: Vec<Chosen>,
    parts: Vec<Part>,
    scan: Scan<'a, T>,
}

impl<'a, T: Element> Seeding<'a, T> {
    fn new(
        exec: &'a Exec<'a>,
        samples: &'a Samples<'a, T>,
        weights: Weights<'a>,
        n_runs: usize,
        n_clusters: usize,
    ) -> Self {
        let scan = Scan::new(exec.level, samples, weights);
        let runs = (0..n_runs).map(|_| Chosen { indices: Vec::new(), centers: scan.points(n_clusters) }).collect();
        let parts = Part::cut(&scan, samples.n_samples(), n_runs);
        Self { exec, samples, weights, runs, parts, scan }
    }

    /// For each run and each of its draws in a range the first sample at which the cumulative sum of weighted distances
    /// reaches this share of the total.
    fn find_candidates(&mut self, draws: &[Draws<'_>], range: Range<usize>) -> Vec<Vec<usize>> {
        let Self { runs, parts, scan, .. } = self;
        let of_run = |(run, (chosen, draws)): (usize, (&Chosen, &Draws<'_>))| {
            let potentials: Vec<f64> = parts.iter().map(|part| part.potential(run)).collect();
            let total: f64 = potentials.iter().sum();
            let mut find = |draw: &f64| {
                let target = draw * total;
                let (part, before) = first_reaching(potentials.iter().copied(), 0.0, target);
                parts[part].find(scan, (run, &chosen.centers), before, target)
            };
            draws.further[range.clone()].iter().map(&mut find).collect()
        };
        runs.iter().zip(draws).enumerate().map(of_run).collect()
    }

    /// Makes that candidate of each run a center with which the potential is smallest, the first on ties.
    fn add_centers(&mut self, candidates: &[Vec<usize>]) -> Result<()> {
        let points: Vec<Points> = candidates.iter().map(|candidates| self.points_of(candidates)).collect();
        self.evaluate(&points)?;
        for (run, candidates) in candidates.iter().enumerate() {
            let mut best = (0, f64::INFINITY);
            for (candidate, potential) in self.potentials(run, candidates.len()).into_iter().enumerate() {
                if potential < best.1 {
                    best = (candidate, potential);
                }
            }
            for part in &mut self.parts {
                part.choose(run, best.0, candidates.len());
            }
            let chosen = &mut self.runs[run];
            chosen.indices.push(candidates[best.0]);
            chosen.centers.push(&self.samples.row_f64(candidates[best.0]));
        }
        Ok(())
    }

    fn points_of(&self, indices: &[usize]) -> Points {
        let mut points = self.scan.points(indices.len());
        for index in indices {
            points.push(&self.samples.row_f64(*index));
        }
        points
    }

    /// Computes what each block becomes with each candidate as a further center of its run.
    fn evaluate(&mut self, candidates: &[Points]) -> Result<()> {
        let Self { exec, samples, weights, ref runs, .. } = *self;
        let new_scan = || Scan::new(exec.level, samples, weights);
        self.parts.par_iter_mut().try_for_each_init(new_scan, |scan, part| {
            exec.check()?;
            part.evaluate(scan, runs, candidates);
            Ok(())
        })
    }

    /// The potential of a run with each candidate as a further center.
    fn potentials(&self, run: usize, n_candidates: usize) -> Vec<f64> {
        let mut potentials = vec![0.0; n_candidates];
        for outcomes in self.parts.iter().flat_map(|part| part.outcomes(run, n_candidates)) {
            for (potential, outcome) in potentials.iter_mut().zip(outcomes) {
                *potential += outcome.potential;
            }
        }
        potentials
    }
}
