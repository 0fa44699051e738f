//! Expectation maximisation from one or several starts.

use super::expect::statistics;
use super::maximize::{Maximized, Regularization, maximize};
use super::{Parameters, Statistics};
use crate::distinct::Distinct;
use crate::{Element, Error, Exec, Result, Samples, Weights};

/// When runs end, and what is done to their covariances.
#[derive(Debug, Clone, Copy)]
pub struct Control {
    /// Most iterations, at least 1.
    pub max_iter: usize,
    /// A run ends once its lower bound changes by less than this.
    pub tol: f64,
    /// The lower bound before the first iteration: negative infinity unless a former fit goes on.
    pub lower_bound: f64,
    /// Of covariances.
    pub regularization: Regularization,
}

/// What is known after an iteration of a run.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Number of the run, from 0.
    pub run: usize,
    /// Number of the iteration, from 1.
    pub n_iter: usize,
    /// Mean log likelihood of the samples under the parameters before the iteration.
    pub lower_bound: f64,
    /// Its change since the iteration before.
    pub change: f64,
}

/// Called after each iteration of each run.
pub type OnIteration<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// The best run.
#[derive(Debug, Clone)]
pub struct Fit {
    /// Its last parameters.
    pub maximized: Maximized,
    /// The lower bound of each of its iterations.
    pub lower_bounds: Vec<f64>,
    /// Whether the last change was small enough.
    pub is_converged: bool,
    /// Components that collapsed in any of its iterations, ascending.
    pub collapsed: Vec<usize>,
    /// Whether the caller asked to stop before the end.
    pub is_interrupted: bool,
}

struct Run {
    parameters: Parameters,
    /// `None` before the first iteration.
    maximized: Option<Maximized>,
    lower_bounds: Vec<f64>,
    is_converged: bool,
    collapsed: Vec<usize>,
}

impl Run {
    fn new(parameters: Parameters) -> Self {
        Self { parameters, maximized: None, lower_bounds: Vec::new(), is_converged: false, collapsed: Vec::new() }
    }

    fn lower_bound(&self) -> f64 {
        self.lower_bounds.last().copied().unwrap_or(f64::NEG_INFINITY)
    }

    /// Takes the step that the statistics ask for; returns the change of the lower bound.
    fn step(&mut self, statistics: &Statistics, control: &Control) -> Result<f64> {
        let before = self.lower_bounds.last().copied().unwrap_or(control.lower_bound);
        let maximized = maximize(statistics, self.parameters.covariance, control.regularization)?;
        self.lower_bounds.push(statistics.log_likelihood / statistics.total_weight);
        self.collapsed.extend(&maximized.collapsed);
        self.parameters.clone_from(&maximized.parameters);
        self.maximized = Some(maximized);
        let change = self.lower_bound() - before;
        self.is_converged = change.abs() < control.tol;
        Ok(change)
    }
}

/// Runs from each of `starts`, all of one kind, and returns the one with the largest lower bound, the first on ties.
///
/// The runs go side by side and share each pass. Integer samples with few distinct values are fitted as these values and
/// their counts. Memory: the moments of a few dozen chunks, nothing of the size of the samples.
///
/// Once a run has finished an iteration, an interruption ends the fit with what there is.
///
/// # Errors
/// [`Error::Range`] for `max_iter` 0 or no start, [`Error::Length`] for parameters that do not fit the samples,
/// [`Error::Collapsed`] for a covariance without Cholesky factor if there is no ridge, [`Error::Interrupted`].
pub fn fit<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    starts: Vec<Parameters>,
    control: Control,
    on_iteration: Option<OnIteration<'_>>,
) -> Result<Fit> {
    if control.max_iter == 0 {
        return Err(Error::Range { argument: "max_iter", got: "0".into(), needed: "at least 1".into() });
    }
    let distinct = if matches!(weights, Weights::Unit) { Distinct::find(exec, samples)? } else { None };
    match distinct {
        None => fit_samples(exec, samples, weights, starts, control, on_iteration),
        Some(distinct) => {
            fit_samples(exec, &distinct.samples()?, Weights::Each(distinct.counts()), starts, control, on_iteration)
        }
    }
}

fn fit_samples<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    starts: Vec<Parameters>,
    control: Control,
    mut on_iteration: Option<OnIteration<'_>>,
) -> Result<Fit> {
    let mut runs: Vec<Run> = starts.into_iter().map(Run::new).collect();
    let mut is_interrupted = false;
    for n_iter in 1..=control.max_iter {
        let active: Vec<usize> = (0..runs.len()).filter(|run| !runs[*run].is_converged).collect();
        if active.is_empty() {
            break;
        }
        let mixtures: Vec<&Parameters> = active.iter().map(|run| &runs[*run].parameters).collect();
        let found = match statistics(exec, samples, weights, &mixtures) {
            Err(Error::Interrupted) if n_iter > 1 => {
                is_interrupted = true;
                break;
            }
            found => found?,
        };
        for (run, statistics) in active.into_iter().zip(&found) {
            let change = runs[run].step(statistics, &control)?;
            if let Some(report) = on_iteration.as_mut() {
                report(Progress { run, n_iter, lower_bound: runs[run].lower_bound(), change });
            }
        }
    }
    best(runs, is_interrupted)
}

fn best(runs: Vec<Run>, is_interrupted: bool) -> Result<Fit> {
    let mut best: Option<Run> = None;
    for run in runs {
        let is_better = best.as_ref().is_none_or(|best| {
            let bound = best.lower_bound();
            run.lower_bound() > bound || bound == f64::NEG_INFINITY
        });
        if is_better {
            best = Some(run);
        }
    }
    let nothing = Error::Range { argument: "starts", got: "empty".into(), needed: "at least one".into() };
    let Some(Run { maximized: Some(maximized), lower_bounds, is_converged, mut collapsed, .. }) = best else {
        return Err(nothing);
    };
    collapsed.sort_unstable();
    collapsed.dedup();
    Ok(Fit { maximized, lower_bounds, is_converged, collapsed, is_interrupted })
}
