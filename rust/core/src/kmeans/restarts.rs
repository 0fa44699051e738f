//! The best of several runs on the same samples.

use super::assign::is_same_clustering;
use super::lloyd::{Fit, OnIteration, Reorder, Report, Runs, Stop};
use crate::distinct::Distinct;
use crate::{Element, Exec, Result, Samples, Weights};

/// The best of several runs.
#[derive(Debug, Clone)]
pub struct Best {
    /// What the run found.
    pub fit: Fit,
    /// Shape (`n_samples`,).
    pub labels: Vec<i32>,
    /// What all runs took.
    pub report: Report,
}

/// Runs from each of `starts` in turn; returns the run with the smallest inertia, the first on ties. `None` if there are
/// no starts.
///
/// A run that finds the same clusters again does not replace the one before it: its inertia differs by rounding only.
/// Integer samples with few distinct values are fitted as these values and their counts.
///
/// # Errors
/// As [`Runs::fit`].
pub fn fit_best<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    reorder: Reorder,
    starts: &[&[f64]],
    stop: Stop,
    on_iteration: Option<OnIteration<'_>>,
) -> Result<Option<Best>> {
    let distinct = if matches!(weights, Weights::Unit) { Distinct::find(exec, samples)? } else { None };
    let n_clusters = starts.iter().map(|centers| centers.len() / samples.n_features()).max().unwrap_or(0);
    match distinct.filter(|distinct| distinct.counts().len() >= n_clusters) {
        None => best_of(Runs::new(exec, samples, weights, reorder), starts, stop, on_iteration),
        Some(distinct) => {
            let values = distinct.samples()?;
            let runs = Runs::of_values(exec, &values, distinct.counts(), samples, reorder);
            let best = best_of(runs, starts, stop, on_iteration)?;
            Ok(best.map(|best| Best { labels: distinct.expand(samples, &best.labels), ..best }))
        }
    }
}

fn best_of<T: Element>(
    mut runs: Runs<'_, T>,
    starts: &[&[f64]],
    stop: Stop,
    mut on_iteration: Option<OnIteration<'_>>,
) -> Result<Option<Best>> {
    let mut best: Option<(Fit, Vec<i32>)> = None;
    let (mut labels, mut runs_left) = (Vec::new(), starts.len());
    for centers in starts {
        runs_left -= 1;
        labels.resize(runs.n_samples(), 0);
        let report = on_iteration.as_mut().map(|report| &mut **report as OnIteration<'_>);
        let fit = runs.fit(centers, stop, runs_left, &mut labels, report)?;
        let n_clusters = fit.centers.len() / runs.n_features();
        match &mut best {
            None => best = Some((fit, std::mem::take(&mut labels))),
            Some((best, best_labels))
                if fit.inertia < best.inertia && !is_same_clustering(&labels, best_labels, n_clusters) =>
            {
                *best = fit;
                std::mem::swap(best_labels, &mut labels);
            }
            Some(_) => {}
        }
    }
    let report = runs.report();
    Ok(best.map(|(fit, labels)| Best { fit, labels, report }))
}
