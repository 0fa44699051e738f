//! Checks of labels that come from outside.

use crate::{Element, Error, Result, Samples};

/// Checks that there is one label per sample.
pub(crate) fn check_count<T: Element>(samples: &Samples<'_, T>, labels: &[i32]) -> Result<()> {
    if labels.len() == samples.n_samples() {
        return Ok(());
    }
    Err(Error::Mismatch { argument: "labels", dimension: "labels", got: labels.len(), needed: samples.n_samples() })
}

/// Checks that every label is from 0 to `n_clusters - 1`.
pub(crate) fn check_range(labels: &[i32], n_clusters: usize) -> Result<()> {
    match labels.iter().find(|label| **label < 0 || **label as usize >= n_clusters) {
        None => Ok(()),
        Some(label) => Err(Error::Range {
            argument: "labels",
            got: label.to_string(),
            needed: format!("from 0 to {}", n_clusters.saturating_sub(1)),
        }),
    }
}
