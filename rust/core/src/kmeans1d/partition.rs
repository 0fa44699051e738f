//! The best cut of points into clusters, in memory that does not grow with the number of clusters.

use super::points::{Points, View};
use super::row::{first_row, next_row};
use crate::{Error, Exec, Result};

/// Finds the cut of the points into `n_clusters` consecutive clusters of least total cost; returns the first point of
/// each cluster but the first, ascending.
///
/// A table of best starts for every row would need memory for `n_clusters` times the points. Instead the rows for half
/// of the clusters are computed from either end, keeping the last only (Hirschberg, 1975); where they meet at least
/// cost is the middle cut, and each side is solved alike. This takes at most twice the time.
///
/// # Errors
/// [`Error::Range`] unless `n_clusters` lies between 1 and the number of points, [`Error::Interrupted`].
pub fn partition(exec: &Exec<'_>, points: &Points, n_clusters: usize) -> Result<Vec<usize>> {
    if !(1..=points.len()).contains(&n_clusters) {
        let needed = format!("between 1 and {}, the number of distinct values", points.len());
        return Err(Error::Range { argument: "n_clusters", got: n_clusters.to_string(), needed });
    }
    let forward = points.view();
    let values: Vec<f64> = forward.values.iter().rev().map(|value| -value).collect();
    let weights: Vec<f64> = forward.weights.iter().rev().copied().collect();
    let backward = View { values: &values, weights: &weights };
    let mut starts = vec![0; n_clusters - 1];
    cut(exec, Sides { forward, backward }, 0, &mut starts)?;
    Ok(starts)
}

/// The same points seen from the left and, mirrored, from the right.
#[derive(Clone, Copy)]
struct Sides<'a> {
    forward: View<'a>,
    backward: View<'a>,
}

impl<'a> Sides<'a> {
    fn len(&self) -> usize {
        self.forward.values.len()
    }

    /// The first `at` points and the others.
    fn split_at(&self, at: usize) -> (Sides<'a>, Sides<'a>) {
        let (n, mirrored) = (self.len(), self.len() - at);
        let low = Sides { forward: self.forward.slice(0..at), backward: self.backward.slice(mirrored..n) };
        let high = Sides { forward: self.forward.slice(at..n), backward: self.backward.slice(0..mirrored) };
        (low, high)
    }
}

/// Writes the starts of all clusters but the first, counted from `offset` on.
fn cut(exec: &Exec<'_>, points: Sides<'_>, offset: usize, starts: &mut [usize]) -> Result<()> {
    let n_clusters = starts.len() + 1;
    if n_clusters == 1 {
        return Ok(());
    }
    let (n_low, n_high) = (n_clusters / 2, n_clusters.div_ceil(2));
    let n_spare = points.len() - n_clusters;
    let (low, high) = rayon::join(
        || last_row(exec, points.forward, n_low, n_spare),
        || last_row(exec, points.backward, n_high, n_spare),
    );
    let at = n_low + least_sum(&low?, &high?);
    starts[n_low - 1] = offset + at;
    let (low, high) = points.split_at(at);
    let (starts_low, starts_high) = starts.split_at_mut(n_low - 1);
    let (low, high) =
        rayon::join(|| cut(exec, low, offset, starts_low), || cut(exec, high, offset + at, &mut starts_high[1..]));
    low.and(high)
}

/// Least costs of cutting the first `n_clusters`, `n_clusters + 1`, ... `n_clusters + n_spare` points into as many
/// clusters: with fewer points a cluster would be empty, with more too few points would be left for the others.
fn last_row(exec: &Exec<'_>, points: View<'_>, n_clusters: usize, n_spare: usize) -> Result<Vec<f64>> {
    let mut costs = first_row(points, n_spare + 1);
    let mut next = vec![0.0; n_spare + 1];
    for first in 1..n_clusters {
        exec.check()?;
        next_row(exec, &costs, points.slice(first..first + n_spare + 1), &mut next)?;
        std::mem::swap(&mut costs, &mut next);
    }
    Ok(costs)
}

/// How many spare points the lower half takes: the least sum of its cost and that of the rest, the first on ties.
fn least_sum(low: &[f64], high: &[f64]) -> usize {
    let mut best = (0, f64::INFINITY);
    for (n_spare, (low, high)) in low.iter().zip(high.iter().rev()).enumerate() {
        if low + high < best.1 {
            best = (n_spare, low + high);
        }
    }
    best.0
}
