//! The best of several runs on the same samples.

use super::assign::is_same_clustering;
use super::lloyd::{Fit, OnIteration, Reorder, Report, Runs, Stop};
use crate::distinct::Distinct;
use crate::{Element, Error, Exec, Result, Samples, Weights};

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
    restarts: Restarts<'_>,
    on_iteration: Option<OnIteration<'_>>,
) -> Result<Option<Best>> {
    Ok(fit_each(exec, samples, weights, reorder, &[restarts], on_iteration, || ())?.pop().flatten())
}

/// As [`fit_best`] for each of a `sweep`, as a rule for a number of clusters each: all share one order of the samples, or
/// their distinct values. Calls `on_fit` when one of them is done; those that are done when the caller asks to stop are
/// the answer.
///
/// # Errors
/// As [`Runs::fit`].
pub fn fit_each<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    reorder: Reorder,
    sweep: &[Restarts<'_>],
    mut on_iteration: Option<OnIteration<'_>>,
    mut on_fit: impl FnMut(),
) -> Result<Vec<Option<Best>>> {
    let distinct = if matches!(weights, Weights::Unit) { Distinct::find(exec, samples)? } else { None };
    let starts = || sweep.iter().flat_map(|restarts| restarts.starts);
    let n_clusters = starts().map(|centers| centers.len() / samples.n_features()).max().unwrap_or(0);
    let distinct = distinct.filter(|distinct| distinct.counts().len() >= n_clusters);
    let values = distinct.as_ref().map(Distinct::samples).transpose()?;
    let mut runs = match (&distinct, &values) {
        (Some(distinct), Some(values)) => Runs::of_values(exec, values, distinct.counts(), samples, reorder),
        _ => Runs::new(exec, samples, weights, reorder),
    };
    let mut runs_left = starts().count();
    let mut found = Vec::with_capacity(sweep.len());
    for restarts in sweep {
        let report = on_iteration.as_mut().map(|report| &mut **report as OnIteration<'_>);
        let best = match best_of(&mut runs, *restarts, &mut runs_left, report) {
            Err(Error::Interrupted) if !found.is_empty() => break,
            best => best?,
        };
        found.push(best.map(|best| match &distinct {
            Some(distinct) => Best { labels: distinct.expand(samples, &best.labels), ..best },
            None => best,
        }));
        on_fit();
    }
    Ok(found)
}

fn best_of<T: Element>(
    runs: &mut Runs<'_, T>,
    Restarts { starts, stop }: Restarts<'_>,
    runs_left: &mut usize,
    mut on_iteration: Option<OnIteration<'_>>,
) -> Result<Option<Best>> {
    let before = runs.report();
    let mut best: Option<(Fit, Vec<i32>)> = None;
    let mut labels = Vec::new();
    for centers in starts {
        *runs_left -= 1;
        labels.resize(runs.n_samples(), 0);
        let report = on_iteration.as_mut().map(|report| &mut **report as OnIteration<'_>);
        let fit = runs.fit(centers, stop, *runs_left, &mut labels, report)?;
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
    let report = runs.report().since(before);
    Ok(best.map(|(fit, labels)| Best { fit, labels, report }))
}
