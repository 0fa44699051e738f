//! The best of several runs on the same samples.

use super::found::Fit;
use super::lloyd::{OnIteration, Runs, Stop};
use super::reorder::Reorder;
use super::report::Report;
use super::turns::{take_all, turns};
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

/// Runs from several centers, of which the best is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Restarts<'a> {
    /// Centers of each run, shape (`n_clusters`, `n_features`).
    pub starts: &'a [&'a [f64]],
    /// When each run ends.
    pub stop: Stop,
}

/// Runs from each of the starts in turn; returns the run with the smallest inertia, the first on ties. `None` if there are
/// no starts.
///
/// Integer samples with few distinct values are fitted as these values and their counts.
///
/// # Errors
/// As [`Runs::fit`].
pub fn fit_best<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    reorder: Reorder,
    restarts: Restarts<'_>,
    on_iteration: Option<OnIteration<'_>>,
) -> Result<Option<Best>> {
    Ok(fit_each(exec, samples, weights, reorder, &[restarts], on_iteration, || ())?.pop().flatten())
}

/// As [`fit_best`] for each of a `sweep`, as a rule for a number of clusters each: all share one order of the samples, or
/// their distinct values. Calls `on_fit` when one of them is done, in turn; those that are done when the caller asks to
/// stop are the answer.
///
/// # Errors
/// As [`Runs::fit`].
pub fn fit_each<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    reorder: Reorder,
    sweep: &[Restarts<'_>],
    on_iteration: Option<OnIteration<'_>>,
    on_fit: impl FnMut() + Send,
) -> Result<Vec<Option<Best>>> {
    let distinct = if matches!(weights, Weights::Unit) { Distinct::find(exec, samples)? } else { None };
    let starts = sweep.iter().flat_map(|restarts| restarts.starts);
    let n_clusters = starts.map(|centers| centers.len() / samples.n_features()).max().unwrap_or(0);
    let distinct = distinct.filter(|distinct| distinct.counts().len() >= n_clusters);
    let values = distinct.as_ref().map(Distinct::samples).transpose()?;
    let mut runs = match (&distinct, &values) {
        (Some(distinct), Some(values)) => Runs::of_values(exec, values, distinct.counts(), samples, reorder),
        _ => Runs::new(exec, samples, weights, reorder),
    };
    let found = take_all(&mut runs, &turns(sweep), on_iteration, on_fit)?;
    let Some(distinct) = &distinct else { return Ok(found) };
    let expand = |best: Best| Best { labels: distinct.expand(samples, &best.labels), ..best };
    Ok(found.into_iter().map(|best| best.map(expand)).collect())
}
