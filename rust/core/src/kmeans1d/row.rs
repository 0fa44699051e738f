//! One row of the dynamic program: the best costs with one cluster more.
//!
//! A position is the number of points before a boundary between clusters; a window holds the positions that are looked
//! at for one boundary.

use std::ops::Range;

use super::interval::Interval;
use super::points::View;
use crate::{Exec, Result};

/// Below this many entries, work is not shared and the interrupt flag not looked at: some hundred microseconds.
const SHARE_MIN: usize = 1 << 10;

/// Costs of one cluster from point `origin` up to each position of a window.
pub(super) fn first_row(points: View<'_>, origin: usize, ends: Range<usize>) -> Vec<f64> {
    let mut cluster = Interval::empty(origin).grown(points, origin..ends.start);
    let mut costs = vec![cluster.cost(); ends.len()];
    for cost in &mut costs[1..] {
        cluster.extend_right(points);
        *cost = cluster.cost();
    }
    costs
}

/// Least costs up to each position of the window `ends`: those of `previous`, up to the positions of the window
/// `starts`, and one cluster more from there on.
///
/// The best start never falls as the end rises, so the best start of the middle end bounds those of both halves (divide
/// and conquer). Of equal costs the lowest start is taken. Neither bound of `ends` may lie below that of `starts`, nor
/// on it.
pub(super) fn next_row(
    exec: &Exec<'_>,
    points: View<'_>,
    previous: &[f64],
    starts: Range<usize>,
    ends: Range<usize>,
) -> Result<Vec<f64>> {
    let mut costs = vec![0.0; ends.len()];
    let row = Row { exec, points, previous, first: starts.start };
    row.solve(ends, starts.start, starts.end - 1, Interval::empty(0), &mut costs)?;
    Ok(costs)
}

struct Row<'a> {
    exec: &'a Exec<'a>,
    points: View<'a>,
    previous: &'a [f64],
    /// Position of the first entry of `previous`.
    first: usize,
}

impl Row<'_> {
    /// Fills the entries of `ends`, whose best starts lie between `low` and `high`.
    ///
    /// `common` holds points that are in the last cluster whatever its start and end: handed down and only ever grown,
    /// it spares adding them anew for each entry.
    fn solve(&self, ends: Range<usize>, low: usize, high: usize, common: Interval, costs: &mut [f64]) -> Result<()> {
        if ends.is_empty() {
            return Ok(());
        }
        let common = common.grown(self.points, high..ends.start);
        if low == high {
            self.fill(low, common, costs);
            return Ok(());
        }
        let middle = ends.start.midpoint(ends.end);
        let shortest = common.grown(self.points, high.min(middle - 1)..middle);
        let (start, cost) = self.best_start(low, high.min(middle - 1), shortest);
        let (below, rest) = costs.split_at_mut(middle - ends.start);
        rest[0] = cost;
        let above = &mut rest[1..];
        let mut solve_below = || self.solve(ends.start..middle, low, start, common, below);
        let mut solve_above = || {
            let common = if high < middle { shortest } else { common };
            self.solve(middle + 1..ends.end, start, high, common, above)
        };
        if ends.len() < SHARE_MIN {
            return solve_below().and_then(|()| solve_above());
        }
        self.exec.check()?;
        let (below, above) = rayon::join(solve_below, solve_above);
        below.and(above)
    }

    /// Fills entries that all have the best start `start`; `cluster` is the last cluster of the first of them.
    fn fill(&self, start: usize, mut cluster: Interval, costs: &mut [f64]) {
        let before = self.cost_before(start);
        costs[0] = before + cluster.cost();
        for cost in &mut costs[1..] {
            cluster.extend_right(self.points);
            *cost = before + cluster.cost();
        }
    }

    /// The lowest of the best starts between `low` and `high`, and its cost; `cluster` is the last cluster with `high`.
    fn best_start(&self, low: usize, high: usize, mut cluster: Interval) -> (usize, f64) {
        let least_before = self.cost_before(low);
        let mut best = (high, self.cost_before(high) + cluster.cost());
        for start in (low..high).rev() {
            cluster.extend_left(self.points);
            // Earlier starts make the cluster cost more, and what is before it no less than at the lowest start.
            if least_before + cluster.cost() > best.1 {
                break;
            }
            let cost = self.cost_before(start) + cluster.cost();
            if cost <= best.1 {
                best = (start, cost);
            }
        }
        best
    }

    #[inline(always)]
    fn cost_before(&self, start: usize) -> f64 {
        self.previous[start - self.first]
    }
}
