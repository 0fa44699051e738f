//! The global optimum of k-means in one dimension.
//!
//! Sorted, the clusters of the optimum are intervals, and cutting sorted points into intervals is a dynamic program
//! (Wang and Song, "Ckmeans.1d.dp", 2011). The cost of an interval obeys the quadrangle inequality, so each row of the
//! program is found by divide and conquer instead of comparing all pairs (Grønlund et al., "Fast exact k-means,
//! k-medians and Bregman divergence clustering in 1D", 2017). Three things differ here: costs are gathered by adding
//! points (`interval`), never as differences of prefix sums, so that nothing cancels, whatever the offset or the
//! outliers; positions that cannot belong to the optimum are ruled out on fewer points first (`windows`); and memory
//! does not grow with the number of clusters (`partition`).

mod interval;
mod labels;
mod partition;
mod points;
mod row;
mod windows;

pub use partition::partition;
pub use points::{Points, Scalar};

use crate::{Error, Exec, Result, Samples, Weights};

/// The best clustering.
#[derive(Debug, Clone)]
pub struct Fit {
    /// Centers, ascending, shape (`n_clusters`,).
    pub centers: Vec<f64>,
    /// Weighted sum of squared distances of the samples to their centers.
    pub inertia: f64,
    /// Cluster `j` holds the samples above threshold `j - 1` up to and including threshold `j`; ascending, shape
    /// (`n_clusters - 1`,).
    pub thresholds: Vec<f64>,
}

/// Finds the clustering of one feature with the least inertia and writes the labels, shape (`n_samples`,).
///
/// Cost: at most O(m log m) for each cluster after counting (8 and 16 bits) or sorting, for m distinct values. Memory:
/// 64 bytes for each distinct value and at most 64 MB, whatever the number of clusters; for floats before that 8 bytes
/// for each sample, or 16 with weights.
///
/// # Errors
/// [`Error::Range`] for samples of several features or that are not finite, and unless there are 1 to m clusters,
/// [`Error::Mismatch`] if there is not one label per sample, [`Error::Interrupted`].
pub fn fit<T: Scalar>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    n_clusters: usize,
    labels_out: &mut [i32],
) -> Result<Fit> {
    if samples.n_features() != 1 {
        let (got, needed) = (samples.n_features().to_string(), "1".into());
        return Err(Error::Range { argument: "n_features", got, needed });
    }
    let (got, needed) = (labels_out.len(), samples.n_samples());
    if got != needed {
        return Err(Error::Mismatch { argument: "labels", dimension: "labels", got, needed });
    }
    let points = T::points(exec, samples.values(), weights)?;
    let starts = partition(exec, &points, n_clusters)?;
    let fit = summarize(&points, &starts);
    T::label(exec, samples.values(), &fit.thresholds, labels_out)?;
    Ok(fit)
}

/// Centers, inertia and thresholds of the clusters that begin at point 0 and at `starts`.
fn summarize(points: &Points, starts: &[usize]) -> Fit {
    let ends = starts.iter().copied().chain([points.len()]);
    let begins = [0].into_iter().chain(starts.iter().copied());
    let clusters: Vec<_> = begins.zip(ends).map(|(begin, end)| points.interval(begin..end)).collect();
    let centers: Vec<f64> = clusters.iter().map(|cluster| points.unscaled(cluster.mean())).collect();
    let thresholds = starts.iter().zip(centers.windows(2)).map(|(start, pair)| {
        let middle = f64::midpoint(pair[0], pair[1]);
        let (below, above) = (points.value(start - 1), points.value(*start));
        // Between neighbouring floats the middle may round onto the upper one.
        if (below..above).contains(&middle) { middle } else { below }
    });
    let inertia = points.unscaled_cost(clusters.iter().map(interval::Interval::cost).sum());
    Fit { thresholds: thresholds.collect(), centers, inertia }
}
