//! When iterations go over to a copy of the samples that is ordered in space.

use super::ordered::{Order, Outlook};
use crate::{Element, Samples};

/// Whether and when the samples are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reorder {
    /// As soon as iterations to come are likely to pay for it, or once plain ones have cost about as much. Centers may be
    /// as good as final: a run counts on more iterations once they have moved.
    IfItPays,
    /// The same for centers that were drawn, which are far from final.
    IfItPaysFromDraws,
    /// From the first iteration on, where there are few enough features.
    Always,
    /// Not at all: no copy is made.
    Never,
}

/// Iterations that a run from centers that are not final usually takes in all, for each cluster: with k-means++ and the
/// default tolerance, photos, MRI and multichannel stacks took 1 to 8, half of them more than 3.
const ITERATIONS_PER_CLUSTER: usize = 3;

/// Squared movement of the centers, in their squared distances from their mean, above which they are not as good as final.
/// Centers that a run with the default tolerance has ended with move about as little.
const FAR: f64 = 1e-5;

/// Where a run is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    /// Iterations made, and made at most.
    pub(super) n_iter: usize,
    pub(super) max_iter: usize,
    /// Runs on the same samples that are to follow.
    pub(super) runs_left: usize,
    pub(super) n_clusters: usize,
    /// Distances computed so far.
    pub(super) n_distances: u64,
    /// Whether the centers were not as good as final, see [`are_far`].
    pub(super) are_far: bool,
}

impl Reorder {
    pub(super) fn may_order<T: Element>(self, samples: &Samples<'_, T>) -> bool {
        match self {
            Self::IfItPays | Self::IfItPaysFromDraws => Order::can_hold(samples) && Order::may_pay(samples),
            Self::Always => Order::can_hold(samples),
            Self::Never => false,
        }
    }

    /// Whether samples that may be ordered are to be ordered now.
    pub(super) fn is_due<T: Element>(self, samples: &Samples<'_, T>, progress: Progress) -> bool {
        let Progress { n_iter, max_iter, runs_left, n_clusters, n_distances, are_far } = progress;
        let left = |of_run: usize| {
            n_clusters as f64 * (of_run.saturating_sub(n_iter) as f64 + runs_left as f64 * of_run as f64)
        };
        let is_likely = are_far || runs_left > 0 || self == Self::IfItPaysFromDraws;
        let usual = max_iter.min(ITERATIONS_PER_CLUSTER * n_clusters);
        let outlook = Outlook {
            done: n_distances as f64 / samples.n_samples() as f64,
            likely: if is_likely { left(usual) } else { 0.0 },
            most: left(max_iter),
        };
        self == Self::Always || Order::pays(samples, outlook)
    }
}

/// Whether the last iteration moved the centers far: `shift` is their squared movements added up.
pub(super) fn are_far(centers: &[f64], shift: f64, n_features: usize) -> bool {
    let n_clusters = centers.len() / n_features;
    let spread = (0..n_features).map(|f| {
        let feature = || centers.iter().skip(f).step_by(n_features);
        let mean = feature().sum::<f64>() / n_clusters as f64;
        feature().map(|center| (center - mean) * (center - mean)).sum::<f64>()
    });
    shift > FAR * spread.sum::<f64>()
}
