//! The best cut of points into clusters, in memory that does not grow with the number of clusters.

use std::ops::Range;

use super::points::{Points, View};
use super::row::{first_row, next_row};
use super::windows::{mirror, windows};
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
    if n_clusters == 1 {
        return Ok(Vec::new());
    }
    let points = points.view();
    let windows = windows(exec, points, n_clusters, 0.0)?;
    let mirrored = points.mirrored();
    let mut starts = vec![0; n_clusters - 1];
    Cut { exec, points, mirrored: mirrored.view() }.solve(0..points.len(), &windows, &mut starts)?;
    Ok(starts)
}

struct Cut<'a> {
    exec: &'a Exec<'a>,
    points: View<'a>,
    mirrored: View<'a>,
}

impl Cut<'_> {
    /// Writes the boundaries, one from each window, of the best cut of a range of points.
    fn solve(&self, range: Range<usize>, windows: &[Range<usize>], boundaries: &mut [usize]) -> Result<()> {
        if windows.is_empty() {
            return Ok(());
        }
        let (middle, n_points) = (windows.len() / 2, self.points.len());
        let (low, high) = rayon::join(
            || last_row(self.exec, self.points, range.start, &windows[..=middle]),
            || last_row(self.exec, self.mirrored, n_points - range.end, &mirror(&windows[middle..], n_points)),
        );
        let at = windows[middle].start + least_sum(&low?, &high?);
        let low: Vec<_> = (0..middle).map(|i| windows[i].start..windows[i].end.min(at + 1 + i - middle)).collect();
        let after = middle + 1..windows.len();
        let high: Vec<_> = after.map(|i| windows[i].start.max(at + i - middle)..windows[i].end).collect();
        let (boundaries_low, rest) = boundaries.split_at_mut(middle);
        rest[0] = at;
        let (low, high) = rayon::join(
            || self.solve(range.start..at, &low, boundaries_low),
            || self.solve(at..range.end, &high, &mut rest[1..]),
        );
        low.and(high)
    }
}

/// Least costs of cutting the points from `origin` to each position of the last window, with a boundary in each window.
fn last_row(exec: &Exec<'_>, points: View<'_>, origin: usize, windows: &[Range<usize>]) -> Result<Vec<f64>> {
    let mut costs = first_row(points, origin, windows[0].clone());
    for pair in windows.windows(2) {
        exec.check()?;
        costs = next_row(exec, points, &costs, pair[0].clone(), pair[1].clone())?;
    }
    Ok(costs)
}

/// Where the costs up to a position and those beyond it, which lie in opposite order, have the least sum: the first on
/// ties.
fn least_sum(low: &[f64], high: &[f64]) -> usize {
    let mut best = (0, f64::INFINITY);
    for (entry, (low, high)) in low.iter().zip(high.iter().rev()).enumerate() {
        if low + high < best.1 {
            best = (entry, low + high);
        }
    }
    best.0
}
