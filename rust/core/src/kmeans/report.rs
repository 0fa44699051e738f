//! What runs took, beside what plain iterations would have taken.

use crate::{Element, Samples};

/// What the runs on some samples took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Report {
    /// Iterations of all runs.
    pub n_iter: usize,
    /// Those that read the samples along a k-d tree and skipped what cannot change.
    pub n_iter_ordered: usize,
    /// Samples, or distinct values of integer samples, that iterations go over.
    pub n_points: usize,
    /// Distances computed, those to bounding boxes included.
    pub n_distances: u64,
    /// Distances that plain iterations would have computed.
    pub n_distances_plain: u64,
    /// Bytes of samples and of bounding boxes read.
    pub n_bytes: u64,
    /// Bytes of samples that plain iterations would have read.
    pub n_bytes_plain: u64,
}

impl Report {
    /// What was done after `before`, an earlier report on the same samples.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            n_iter: self.n_iter - before.n_iter,
            n_iter_ordered: self.n_iter_ordered - before.n_iter_ordered,
            n_points: self.n_points,
            n_distances: self.n_distances - before.n_distances,
            n_distances_plain: self.n_distances_plain - before.n_distances_plain,
            n_bytes: self.n_bytes - before.n_bytes,
            n_bytes_plain: self.n_bytes_plain - before.n_bytes_plain,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            n_iter: self.n_iter + other.n_iter,
            n_iter_ordered: self.n_iter_ordered + other.n_iter_ordered,
            n_points: self.n_points,
            n_distances: self.n_distances + other.n_distances,
            n_distances_plain: self.n_distances_plain + other.n_distances_plain,
            n_bytes: self.n_bytes + other.n_bytes,
            n_bytes_plain: self.n_bytes_plain + other.n_bytes_plain,
        }
    }

    pub(super) fn count(&mut self, work: Work, plain: Work) {
        self.n_distances += work.n_distances;
        self.n_distances_plain += plain.n_distances;
        self.n_bytes += work.n_bytes;
        self.n_bytes_plain += plain.n_bytes;
    }
}

/// The work of one pass.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Work {
    pub(super) n_distances: u64,
    pub(super) n_bytes: u64,
}

impl Work {
    pub(super) fn on<T: Element>(samples: &Samples<'_, T>, n_clusters: usize) -> Self {
        let n_distances = (samples.n_samples() * n_clusters) as u64;
        Self { n_distances, n_bytes: size_of_val(samples.values()) as u64 }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self { n_distances: self.n_distances + other.n_distances, n_bytes: self.n_bytes + other.n_bytes }
    }
}
