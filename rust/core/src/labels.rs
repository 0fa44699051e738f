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
    let is_outside = |label: i32| !usize::try_from(label).is_ok_and(|label| label < n_clusters);
    // Without an early end the compiler compares many at once.
    if !labels.iter().fold(false, |found, label| found | is_outside(*label)) {
        return Ok(());
    }
    let outside = labels.iter().copied().find(|label| is_outside(*label)).unwrap_or(-1);
    let needed = format!("from 0 to {}", n_clusters.saturating_sub(1));
    Err(Error::Range { argument: "labels", got: outside.to_string(), needed })
}
