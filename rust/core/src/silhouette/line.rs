//! Mean distances of single numbers: sums up to each place of the sorted clusters give all of them.

use rayon::prelude::*;

use super::{Grouped, Means, own_mean};
use crate::{Exec, Result};

/// The sorted numbers of a cluster and the sums before each of them.
struct Line<'a> {
    values: &'a [f64],
    /// Weight before each number and in all.
    weights: Vec<f64>,
    /// Weighted sum, relative to `middle`, before each number and in all.
    sums: Vec<f64>,
    /// A number among them, so that an offset common to all does not cancel.
    middle: f64,
}

impl<'a> Line<'a> {
    fn new(grouped: &'a Grouped, cluster: usize) -> Self {
        let members = grouped.members(cluster);
        let values = &grouped.feature(0)[members.clone()];
        let middle = values.get(values.len() / 2).copied().unwrap_or(0.0);
        let (mut weights, mut sums) = (vec![0.0], vec![0.0]);
        let (mut weight, mut sum) = (0.0, 0.0);
        for (value, w) in values.iter().zip(&grouped.weights()[members]) {
            weight += w;
            sum += w * (value - middle);
            weights.push(weight);
            sums.push(sum);
        }
        Self { values, weights, sums, middle }
    }

    /// Weighted sum of the distances of each of `points`, ascending, to the numbers of this cluster.
    fn distances<'b>(&'b self, points: &'b [f64]) -> impl Iterator<Item = f64> + 'b {
        let n = self.values.len();
        let mut at = 0;
        points.iter().map(move |point| {
            while at < n && self.values[at] < *point {
                at += 1;
            }
            let x = point - self.middle;
            let below = x * self.weights[at] - self.sums[at];
            let above = (self.sums[n] - self.sums[at]) - x * (self.weights[n] - self.weights[at]);
            below + above
        })
    }
}

/// The means for all grouped samples of one feature.
pub(super) fn means(exec: &Exec<'_>, grouped: &Grouped) -> Result<Means> {
    let lines: Vec<Line<'_>> = (0..grouped.n_clusters()).map(|cluster| Line::new(grouped, cluster)).collect();
    let of_clusters = (0..grouped.n_clusters())
        .into_par_iter()
        .map(|cluster| {
            exec.check()?;
            Ok(of_cluster(grouped, &lines, cluster))
        })
        .collect::<Result<Vec<_>>>()?;
    let mut means =
        Means { own: vec![f64::INFINITY; grouped.n_places()], other: vec![f64::INFINITY; grouped.n_places()] };
    for (cluster, (own, other)) in of_clusters.into_iter().enumerate() {
        means.own[grouped.members(cluster)].copy_from_slice(&own);
        means.other[grouped.members(cluster)].copy_from_slice(&other);
    }
    Ok(means)
}

fn of_cluster(grouped: &Grouped, lines: &[Line<'_>], cluster: usize) -> (Vec<f64>, Vec<f64>) {
    let points = lines[cluster].values;
    let weights = &grouped.weights()[grouped.members(cluster)];
    let sums = lines[cluster].distances(points).zip(weights);
    let own = sums.map(|(sum, weight)| own_mean(sum, grouped.total(cluster), *weight)).collect();
    let mut other = vec![f64::INFINITY; points.len()];
    for (c, line) in lines.iter().enumerate().filter(|(c, _)| *c != cluster && grouped.total(*c) > 0.0) {
        for (other, sum) in other.iter_mut().zip(line.distances(points)) {
            *other = other.min(sum / grouped.total(c));
        }
    }
    (own, other)
}
