//! Where each boundary of the best cut can lie, from coarser and coarser problems.
//!
//! Points are grouped, and each replaced by the mean of its group. The square root of the cost of any clustering is a
//! distance from the points to a subspace, so this changes it by no more than the square root of the cost of the groups
//! as clusters. Positions that even with this allowance are in no cut as good as the best need not be looked at, and
//! where they lie is found in the same way from still fewer points. For few clusters of a million points, a few in a
//! hundred are left.

use std::ops::Range;

use super::interval::Interval;
use super::points::{Sorted, View};
use super::row::{first_row, next_row};
use crate::{Exec, Result};

/// Points for each share of a group: a group has at most one share of the weight and of the range of the values, so
/// there are at most two groups for each share. With more points to a share, more positions would be left; with fewer,
/// the coarser problem would take longer than it saves.
const POINTS_PER_SHARE: usize = 16;

/// Fewer points than this take no longer than a coarser problem and the passes around it.
const MIN_POINTS: usize = 1 << 12;

/// Most entries of a table of costs, of which there are two at a time: 64 MB. Windows that need more stay as they are.
const MAX_ENTRIES: usize = 1 << 22;

/// Costs are known to more digits than this by far.
const SLACK: f64 = 1e-9;

/// The windows for boundary 1, 2, ... `n_clusters - 1`: they hold all positions of cuts whose cost has a square root of
/// at most `allowance` more than the best cut. Both bounds rise from each window to the next.
pub(super) fn windows(
    exec: &Exec<'_>,
    points: View<'_>,
    n_clusters: usize,
    allowance: f64,
) -> Result<Vec<Range<usize>>> {
    let all: Vec<_> = (1..n_clusters).map(|low| low..points.len() + low + 1 - n_clusters).collect();
    // A single boundary is found in one pass as it is.
    if points.len() < MIN_POINTS || n_clusters == 2 {
        return Ok(all);
    }
    let groups = Groups::new(points);
    if groups.means.len() < n_clusters {
        return Ok(all);
    }
    let means = groups.means.view();
    // The best cut of the groups may cost less than that of the points, and any cut of the points more on the groups.
    let allowance = allowance + 2.0 * groups.cost.sqrt();
    let mut coarse = windows(exec, means, n_clusters, allowance)?;
    if coarse.iter().map(Range::len).sum::<usize>() <= MAX_ENTRIES {
        coarse = near_the_best(exec, means, &coarse, allowance)?;
    }
    let mut windows: Vec<_> = coarse.into_iter().zip(all).map(|(coarse, all)| groups.refine(&coarse, &all)).collect();
    for boundary in 1..windows.len() {
        windows[boundary].start = windows[boundary].start.max(windows[boundary - 1].start + 1);
    }
    for boundary in (1..windows.len()).rev() {
        windows[boundary - 1].end = windows[boundary - 1].end.min(windows[boundary].end - 1);
    }
    Ok(windows)
}

/// The same windows seen from the last point.
pub(super) fn mirror(windows: &[Range<usize>], n_points: usize) -> Vec<Range<usize>> {
    windows.iter().rev().map(|window| n_points + 1 - window.end..n_points + 1 - window.start).collect()
}

/// Points that lie close together, as one.
struct Groups {
    means: Sorted,
    /// The first point of each group, and the number of points.
    starts: Vec<usize>,
    /// Sum of the costs of the groups as clusters.
    cost: f64,
}

impl Groups {
    fn new(points: View<'_>) -> Self {
        let n_shares = (points.len() / POINTS_PER_SHARE) as f64;
        let most_weight = points.weights.iter().sum::<f64>() / n_shares;
        let most_width = (points.values[points.len() - 1] - points.values[0]) / n_shares;
        let (mut means, mut starts, mut cost) = (Sorted::default(), vec![0], 0.0);
        let mut group = Interval::empty(0);
        for point in 0..points.len() {
            group = group.grown(points, group.start()..point + 1);
            let next = points.values.get(point + 1);
            let is_full = group.weight() >= most_weight;
            if is_full || next.is_none_or(|next| next - points.values[group.start()] > most_width) {
                means.push(group.mean(), group.weight());
                starts.push(point + 1);
                cost += group.cost();
                group = Interval::empty(point + 1);
            }
        }
        Self { means, starts, cost }
    }

    /// The window of a boundary among the points, from that among the groups: a boundary inside a group stands for one
    /// at either end of it, and where there are no groups left for the other clusters there still are points.
    fn refine(&self, coarse: &Range<usize>, all: &Range<usize>) -> Range<usize> {
        let n_before = all.start;
        let n_after = self.starts[self.means.len()] + 1 - all.end;
        let low = if coarse.start == n_before { all.start } else { self.starts[coarse.start - 1] };
        let high = if coarse.end + n_after == self.means.len() + 1 { all.end } else { self.starts[coarse.end] + 1 };
        all.start.max(low)..all.end.min(high)
    }
}

/// The windows narrowed to cuts that are as near to the best as `windows` says.
fn near_the_best(
    exec: &Exec<'_>,
    points: View<'_>,
    windows: &[Range<usize>],
    allowance: f64,
) -> Result<Vec<Range<usize>>> {
    let (mirrored, windows_mirrored) = (points.mirrored(), mirror(windows, points.len()));
    let (before, after) =
        rayon::join(|| rows(exec, points, windows), || rows(exec, mirrored.view(), &windows_mirrored));
    let (before, after) = (before?, after?);
    let costs = |boundary: usize| {
        let after = after[windows.len() - 1 - boundary].iter().rev();
        before[boundary].iter().zip(after).map(|(before, after)| before + after)
    };
    let best = costs(0).fold(f64::INFINITY, f64::min);
    let most = (best.sqrt() + allowance).powi(2) * (1.0 + SLACK);
    let narrow = |(boundary, window): (usize, &Range<usize>)| {
        let near = costs(boundary).enumerate().filter(|(_, cost)| *cost <= most).map(|(entry, _)| window.start + entry);
        let (first, last) = near
            .fold((window.end - 1, window.start), |(first, last), position| (first.min(position), last.max(position)));
        first..last + 1
    };
    Ok(windows.iter().enumerate().map(narrow).collect())
}

/// Least costs up to each position of each window.
fn rows(exec: &Exec<'_>, points: View<'_>, windows: &[Range<usize>]) -> Result<Vec<Vec<f64>>> {
    let mut rows = vec![first_row(points, 0, windows[0].clone())];
    for boundary in 1..windows.len() {
        exec.check()?;
        let (starts, ends) = (windows[boundary - 1].clone(), windows[boundary].clone());
        rows.push(next_row(exec, points, &rows[boundary - 1], starts, ends)?);
    }
    Ok(rows)
}
