//! What a run found. Its labels are brought into the order of the samples only if they are wanted: of several runs, most
//! are beaten by another one.

use rayon::prelude::*;

use super::assign::each_has_one_name;
use super::ordered::OrderedLabels;
use crate::Element;
use crate::chunks::Chunks;

/// Where a run ended.
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

/// The end of a run, and the labels of the samples there.
#[derive(Debug)]
pub struct Found<T> {
    /// Where it ended.
    pub fit: Fit,
    pub(super) labels: FoundLabels<T>,
}

#[derive(Debug)]
pub(super) enum FoundLabels<T> {
    /// In the order of the samples.
    Given(Vec<i32>),
    /// In that of the run's pass.
    Ordered(OrderedLabels<T>),
}

impl<T: Element> Found<T> {
    /// The label of each sample, shape (`n_samples`,).
    #[must_use]
    pub fn into_labels(self) -> Vec<i32> {
        self.labels.into_given()
    }
}

impl<T: Element> FoundLabels<T> {
    pub(super) fn into_given(self) -> Vec<i32> {
        match self {
            Self::Given(labels) => labels,
            Self::Ordered(labels) => labels.restored(),
        }
    }

    /// Whether they are one clustering with others of the same samples, up to the names of the labels. Samples have at
    /// most one order. No other thread is asked to help: a lock may be held.
    pub(super) fn is_same_clustering(&self, other: &Self, n_clusters: usize) -> bool {
        match (self, other) {
            (Self::Given(labels), Self::Given(other)) => {
                each_has_one_name(labels.iter().copied().zip(other.iter().copied()), n_clusters)
            }
            (Self::Given(labels), Self::Ordered(other)) => {
                each_has_one_name(labels.iter().copied().zip(other.in_given_order()), n_clusters)
            }
            (Self::Ordered(labels), Self::Given(other)) => {
                each_has_one_name(labels.in_given_order().zip(other.iter().copied()), n_clusters)
            }
            // Samples may come in any order, if it is the same one.
            (Self::Ordered(labels), Self::Ordered(other)) => {
                each_has_one_name(labels.in_order().zip(other.in_order()), n_clusters)
            }
        }
    }
}

/// Label of a sample before the first pass.
pub(super) const UNLABELLED: i32 = -1;

/// Takes the labels of all samples away.
pub(super) fn unlabel(labels: &mut [i32]) {
    labels.par_chunks_mut(Chunks::new(labels.len(), 1).length()).for_each(|labels| labels.fill(UNLABELLED));
}

/// As many samples without a label.
pub(super) fn unlabelled(n_samples: usize) -> Vec<i32> {
    let mut labels = vec![0; n_samples];
    unlabel(&mut labels);
    labels
}
