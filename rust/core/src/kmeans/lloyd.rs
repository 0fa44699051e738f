//! A complete run of Lloyd's algorithm from given centers.

use rayon::prelude::*;

use super::assign;
use super::empty::relocate_empty_clusters;
use super::sums::Sums;
use crate::chunks::Chunks;
use crate::distance::{Assigner, Centers};
use crate::{Element, Error, Exec, Result, Samples, Weights};

/// When a run ends.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// Most iterations, at least 1.
    pub max_iter: usize,
    /// The run ends once the squared movements of all centers add up to no more than this.
    pub tol: f64,
}

/// What a run found.
#[derive(Debug, Clone)]
pub struct Fit {
    /// Shape (`n_clusters`, `n_features`), in float64 for every type of sample.
    pub centers: Vec<f64>,
    /// Weighted sum of squared distances of the samples to their centers.
    pub inertia: f64,
    /// Iterations made; the last assignment, which only brings the labels up to date, is not counted.
    pub n_iter: usize,
    /// Whether it ended because no label changed.
    pub strict_convergence: bool,
    /// Squared movements of all centers in the last iteration, added up.
    pub center_shift: f64,
}

/// Called after each iteration with its number (from 0) and the inertia of its assignment.
pub type OnIteration<'a> = &'a mut (dyn FnMut(usize, f64) + Send);

/// Runs Lloyd's algorithm from `centers` and writes the final labels, shape (`n_samples`,).
///
/// The labels are those of the returned centers. Cost: `n_samples * n_clusters * n_features` subtractions and fused
/// multiply-adds an iteration; memory: one row of sums per cluster and chunk.
///
/// # Errors
/// [`Error::Range`] for `max_iter` 0, more clusters than samples or than a label can tell apart,
/// [`Error::Mismatch`] or [`Error::Length`] for shapes that do not fit, [`Error::Interrupted`].
pub fn fit<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    centers: &[f64],
    stop: Stop,
    labels_out: &mut [i32],
    mut on_iteration: Option<OnIteration<'_>>,
) -> Result<Fit> {
    assign::check_labels(samples, labels_out)?;
    if stop.max_iter == 0 {
        return Err(Error::Range { argument: "max_iter", got: "0".into(), needed: "at least 1".into() });
    }
    let mut run = Lloyd::new(exec, samples, weights, centers, labels_out)?;
    let mut fit = Fit { centers: Vec::new(), inertia: 0.0, n_iter: 0, strict_convergence: false, center_shift: 0.0 };
    while fit.n_iter < stop.max_iter {
        let changed = run.assign_and_sum()?;
        run.relocate_empty_clusters()?;
        if let Some(report) = on_iteration.as_mut() {
            report(fit.n_iter, run.inertia()?);
        }
        fit.center_shift = run.update_centers();
        fit.n_iter += 1;
        fit.strict_convergence = !changed;
        if !changed || fit.center_shift <= stop.tol {
            break;
        }
    }
    if !fit.strict_convergence {
        run.assign()?;
    }
    fit.inertia = run.inertia()?;
    fit.centers = run.centers;
    Ok(fit)
}

/// The state of a run; each method is one step of an iteration.
struct Lloyd<'a, T> {
    exec: &'a Exec<'a>,
    samples: &'a Samples<'a, T>,
    weights: Weights<'a>,
    chunks: Chunks,
    /// Sums of each chunk, merged in chunk order into `sums`.
    partials: Vec<Sums>,
    sums: Sums,
    /// Shape (`n_clusters`, `n_features`).
    centers: Vec<f64>,
    centers_new: Vec<f64>,
    labels: &'a mut [i32],
}

impl<'a, T: Element> Lloyd<'a, T> {
    fn new(
        exec: &'a Exec<'a>,
        samples: &'a Samples<'a, T>,
        weights: Weights<'a>,
        centers: &[f64],
        labels: &'a mut [i32],
    ) -> Result<Self> {
        let n_features = samples.n_features();
        let n_clusters = Centers::<T::Real>::new(centers, n_features)?.values().len() / n_features;
        if n_clusters > samples.n_samples() {
            let (got, needed) = (n_clusters.to_string(), format!("at most n_samples={}", samples.n_samples()));
            return Err(Error::Range { argument: "n_clusters", got, needed });
        }
        labels.fill(-1);
        let chunks = Chunks::new(samples.n_samples(), n_clusters);
        let sums = Sums::new(n_clusters, n_features);
        let partials = vec![sums.clone(); chunks.count()];
        let centers_new = vec![0.0; centers.len()];
        Ok(Self { exec, samples, weights, chunks, partials, sums, centers: centers.to_vec(), centers_new, labels })
    }

    /// Labels each sample, sums each cluster; returns whether a label changed.
    fn assign_and_sum(&mut self) -> Result<bool> {
        let (exec, samples, weights) = (self.exec, self.samples, self.weights);
        let centers = Centers::<T::Real>::new(&self.centers, samples.n_features())?;
        let length = self.chunks.length();
        let changed = self
            .labels
            .par_chunks_mut(length)
            .zip(&mut self.partials)
            .enumerate()
            .map(|(chunk, (labels, sums))| {
                exec.check()?;
                sums.clear();
                let mut assigner = Assigner::new(exec.level, &centers);
                let mut changed = false;
                let block = assigner.block();
                for (index, labels) in labels.chunks_mut(block).enumerate() {
                    let start = chunk * length + index * block;
                    changed |= assigner.assign(samples, start..start + labels.len(), labels);
                    sums.add(exec.level, samples, weights, start, assigner.tile(), labels);
                }
                Ok(changed)
            })
            .try_reduce(|| false, |a, b| Ok(a | b))?;
        self.sums.clear();
        for partial in &self.partials {
            self.sums.merge(partial);
        }
        Ok(changed)
    }

    /// Labels each sample with the current centers.
    fn assign(&mut self) -> Result<()> {
        assign::predict(self.exec, self.samples, &self.centers, self.labels)
    }

    fn relocate_empty_clusters(&mut self) -> Result<()> {
        relocate_empty_clusters(self.exec, self.samples, self.weights, &self.centers, self.labels, &mut self.sums)
    }

    /// Moves the centers to the means of their samples; returns the squared movements added up.
    fn update_centers(&mut self) -> f64 {
        self.sums.centers(&mut self.centers_new);
        std::mem::swap(&mut self.centers, &mut self.centers_new);
        self.centers.iter().zip(&self.centers_new).map(|(new, old)| (new - old) * (new - old)).sum()
    }

    fn inertia(&self) -> Result<f64> {
        assign::checked_inertia(self.exec, self.samples, self.weights, &self.centers, self.labels)
    }
}
