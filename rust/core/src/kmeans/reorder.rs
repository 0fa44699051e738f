//! When iterations go over to a copy of the samples that is ordered in space.

use super::assign::predict;
use super::ordered::{Order, Outlook, drawn_place};
use crate::{Element, Exec, Layout, Result, Samples};

/// Whether and when the samples are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reorder {
    /// As soon as the iterations to come are likely to pay for it, or once plain ones have cost about as much.
    IfItPays,
    /// From the first iteration on, where there are few enough features.
    Always,
    /// Not at all: no copy is made.
    Never,
}

/// Iterations after which a run that goes on is no longer one from centers that were as good as final, or one of clusters
/// so far apart that it ends at once.
const SETTLED: usize = 2;

/// Iterations that a run then usually takes in all, for each cluster: with k-means++ and the default tolerance, photos, MRI
/// and multichannel stacks took 1 to 8, half of them more than 3.
const ITERATIONS_PER_CLUSTER: usize = 3;

/// Samples that tell after one iteration whether a run goes on, and how many of them have to change their label: in the
/// second iteration on photos, an MRI and a multichannel stack, 1 to 17 % of all samples did (k-means++, 3 to 16 clusters).
const DRAWN: usize = 1024;
const MIN_CHANGED: usize = 4;

/// Where a run is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress<'a> {
    /// Iterations made, and made at most.
    pub(super) n_iter: usize,
    pub(super) max_iter: usize,
    /// Runs on the same samples that are to follow.
    pub(super) runs_left: usize,
    /// Distances computed so far, by all runs.
    pub(super) n_distances: u64,
    /// The centers, before the last iteration and now.
    pub(super) before: &'a [f64],
    pub(super) now: &'a [f64],
}

impl Reorder {
    /// Whether the samples could be ordered at some time.
    pub(super) fn may_order<T: Element>(self, samples: &Samples<'_, T>) -> bool {
        match self {
            Self::IfItPays => Order::can_hold(samples) && Order::may_pay(samples),
            Self::Always => Order::can_hold(samples),
            Self::Never => false,
        }
    }

    /// Whether samples that may be ordered are to be ordered now.
    pub(super) fn is_due<T: Element>(
        self,
        exec: &Exec<'_>,
        samples: &Samples<'_, T>,
        progress: Progress<'_>,
    ) -> Result<bool> {
        let Progress { n_iter, max_iter, runs_left, n_distances, before, now } = progress;
        if self == Self::Always {
            return Ok(true);
        }
        // What the first iteration cost says nothing about a run that may end with the second.
        let done = if n_iter < SETTLED { 0.0 } else { n_distances as f64 / samples.n_samples() as f64 };
        let n_clusters = now.len() / samples.n_features();
        let left = |of_run: usize| {
            n_clusters as f64 * (of_run.saturating_sub(n_iter) as f64 + runs_left as f64 * of_run as f64)
        };
        let usual = max_iter.min(ITERATIONS_PER_CLUSTER * n_clusters);
        let is_sure = runs_left > 0 || n_iter >= SETTLED;
        let likely = if is_sure || n_iter > 0 { left(usual) } else { 0.0 };
        let pays = Order::pays(samples, Outlook { done, likely, most: left(max_iter) });
        Ok(pays && (is_sure || changes_labels(exec, samples, before, now)?))
    }
}

/// Whether samples of a draw change their labels where centers move.
fn changes_labels<T: Element>(exec: &Exec<'_>, samples: &Samples<'_, T>, before: &[f64], now: &[f64]) -> Result<bool> {
    let rows: Vec<i64> = (0..DRAWN as u64).map(|i| drawn_place(i, samples.n_samples()) as i64).collect();
    let mut values = Vec::new();
    samples.gather(&rows, &mut values);
    let drawn = Samples::new(&values, DRAWN, samples.n_features(), Layout::RowMajor)?;
    let mut labels = [[0; DRAWN]; 2];
    for (labels, centers) in labels.iter_mut().zip([before, now]) {
        predict(exec, &drawn, centers, labels)?;
    }
    let n_changed = labels[0].iter().zip(&labels[1]).filter(|(before, now)| before != now).count();
    Ok(n_changed >= MIN_CHANGED)
}
