//! One row of the dynamic program: the best costs with one cluster more.

use std::ops::{Range, RangeInclusive};

use super::interval::Interval;
use super::points::View;
use crate::{Exec, Result};

/// Below this many entries, work is not shared and the interrupt flag not looked at: some ten microseconds.
const SHARE_MIN: usize = 1 << 10;

/// Costs of one cluster made of the first 1, 2, ... `n_entries` points.
pub(super) fn first_row(points: View<'_>, n_entries: usize) -> Vec<f64> {
    let mut cluster = Interval::empty(0).grown(points, 0..1);
    let mut costs = vec![0.0; n_entries];
    for cost in &mut costs[1..] {
        cluster.extend_right(points);
        *cost = cluster.cost();
    }
    costs
}

/// Entry `end` of `costs` becomes the least `previous[start]` plus the cost of one cluster of the points `start..=end`,
/// over all `start <= end`.
///
/// The best start never falls as the end grows, so the best start of the middle entry bounds those of both halves
/// (divide and conquer). Of equal costs the lowest start is taken.
pub(super) fn next_row(exec: &Exec<'_>, previous: &[f64], points: View<'_>, costs: &mut [f64]) -> Result<()> {
    let last = costs.len() - 1;
    Row { exec, previous, points }.solve(0..costs.len(), 0..=last, Interval::empty(0), costs)
}

struct Row<'a> {
    exec: &'a Exec<'a>,
    previous: &'a [f64],
    points: View<'a>,
}

impl Row<'_> {
    /// Fills the entries `ends`, whose best starts lie in `starts`. `common` holds the points that are in the last
    /// cluster whatever its start and end: handed down and only ever grown, it spares adding them anew for each entry.
    fn solve(
        &self,
        ends: Range<usize>,
        starts: RangeInclusive<usize>,
        common: Interval,
        costs: &mut [f64],
    ) -> Result<()> {
        if ends.is_empty() {
            return Ok(());
        }
        let (low, high) = starts.into_inner();
        if low == high {
            self.fill(ends, low, common, costs);
            return Ok(());
        }
        let middle = ends.start.midpoint(ends.end);
        let shortest = common.grown(self.points, high.min(middle)..middle + 1);
        let (start, cost) = self.best_start(low..=high.min(middle), shortest);
        let (below, rest) = costs.split_at_mut(middle - ends.start);
        rest[0] = cost;
        let above = &mut rest[1..];
        let mut solve_below = || {
            let common = common.grown(self.points, start..ends.start + 1);
            self.solve(ends.start..middle, low..=start, common, below)
        };
        let mut solve_above = || {
            let common = if high <= middle { shortest } else { common };
            let common = common.grown(self.points, high..(middle + 2).min(ends.end));
            self.solve(middle + 1..ends.end, start..=high, common, above)
        };
        if ends.len() < SHARE_MIN {
            return solve_below().and_then(|()| solve_above());
        }
        self.exec.check()?;
        let (below, above) = rayon::join(solve_below, solve_above);
        below.and(above)
    }

    /// Fills the entries `ends`, whose best start is known.
    fn fill(&self, ends: Range<usize>, start: usize, common: Interval, costs: &mut [f64]) {
        let mut cluster = common.grown(self.points, start..ends.start + 1);
        costs[0] = self.previous[start] + cluster.cost();
        for cost in &mut costs[1..] {
            cluster.extend_right(self.points);
            *cost = self.previous[start] + cluster.cost();
        }
    }

    /// The lowest of the best starts, and its cost; `cluster` is the last cluster with the highest of them.
    fn best_start(&self, starts: RangeInclusive<usize>, mut cluster: Interval) -> (usize, f64) {
        let (low, high) = starts.into_inner();
        let mut best = (high, self.previous[high] + cluster.cost());
        for start in (low..high).rev() {
            cluster.extend_left(self.points);
            // Earlier starts make the cluster cost more, and what is before it no less than at the lowest start.
            if self.previous[low] + cluster.cost() > best.1 {
                break;
            }
            let cost = self.previous[start] + cluster.cost();
            if cost <= best.1 {
                best = (start, cost);
            }
        }
        best
    }
}
