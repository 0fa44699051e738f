//! The best of several runs on the same samples.

use super::assign::is_same_clustering;
use super::lloyd::{Fit, OnIteration, Runs, Stop};
use crate::{Element, Result};

/// Runs from each of `starts` in turn; returns the run with the smallest inertia, the first on ties, and its labels.
///
/// A run that finds the same clusters again does not replace the one before it: its inertia differs by rounding only.
///
/// # Errors
/// As [`Runs::fit`].
pub fn fit_best<'s, T: Element>(
    runs: &mut Runs<'_, T>,
    starts: impl ExactSizeIterator<Item = &'s [f64]>,
    stop: Stop,
    mut on_iteration: Option<OnIteration<'_>>,
) -> Result<Option<(Fit, Vec<i32>)>> {
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
    Ok(best)
}
