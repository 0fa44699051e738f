//! Samples sorted by cluster, equal ones merged.

use std::cmp::Ordering;
use std::ops::Range;

use rayon::prelude::*;

use super::pairs::LANES;
use crate::{Element, Exec, Result, Samples, Weights};

/// Samples cluster by cluster, feature by feature in float64, each cluster padded to whole vectors with samples that
/// weigh nothing.
#[derive(Debug)]
pub(super) struct Grouped {
    /// Shape (`n_features`, `n_places`).
    values: Vec<f64>,
    weights: Vec<f64>,
    /// Where each cluster starts and its padding ends.
    starts: Vec<usize>,
    /// Distinct samples of each cluster.
    counts: Vec<usize>,
    /// Total weight of each cluster.
    totals: Vec<f64>,
}

/// A distinct sample of a cluster.
struct Member {
    /// The first sample it stands for.
    sample: usize,
    weight: f64,
}

impl Grouped {
    /// Groups the samples and says at which place each of them is.
    ///
    /// Equal samples of a cluster have equal silhouettes: sorting, which finds them, costs little beside the pairs.
    pub(super) fn distinct<T: Element>(
        exec: &Exec<'_>,
        samples: &Samples<'_, T>,
        labels: &[i32],
        n_clusters: usize,
        weights: Weights<'_>,
    ) -> Result<(Self, Vec<u32>)> {
        let mut clusters = split_by_label(labels, n_clusters);
        let members = clusters
            .par_iter_mut()
            .map(|cluster| {
                exec.check()?;
                cluster.sort_unstable_by(|a, b| compare(samples, *a as usize, *b as usize).then(a.cmp(b)));
                Ok(merge_equal(samples, cluster, weights))
            })
            .collect::<Result<Vec<_>>>()?;
        let grouped = Self::of_members(samples, &members);
        let mut places = vec![0; labels.len()];
        for (cluster, (indices, members)) in clusters.iter().zip(&members).enumerate() {
            let mut place = 0;
            for index in indices {
                if members.get(place + 1).is_some_and(|next| next.sample == *index as usize) {
                    place += 1;
                }
                places[*index as usize] = (grouped.starts[cluster] + place) as u32;
            }
        }
        Ok((grouped, places))
    }

    /// The samples of `rows` as one group, in their order.
    pub(super) fn of_rows<T: Element>(samples: &Samples<'_, T>, rows: &[i64]) -> Self {
        let members: Vec<Member> = rows.iter().map(|row| Member { sample: *row as usize, weight: 1.0 }).collect();
        Self::of_members(samples, &[members])
    }

    fn of_members<T: Element>(samples: &Samples<'_, T>, clusters: &[Vec<Member>]) -> Self {
        let mut starts = vec![0];
        for members in clusters {
            starts.push(starts[starts.len() - 1] + members.len().next_multiple_of(LANES));
        }
        let n_places = starts[clusters.len()];
        let mut grouped = Self {
            values: vec![0.0; n_places * samples.n_features()],
            weights: vec![0.0; n_places],
            counts: clusters.iter().map(Vec::len).collect(),
            totals: clusters.iter().map(|members| members.iter().map(|member| member.weight).sum()).collect(),
            starts,
        };
        let mut row = vec![0.0; samples.n_features()];
        for (members, start) in clusters.iter().zip(&grouped.starts) {
            for (i, member) in members.iter().enumerate() {
                samples.read_row(member.sample, &mut row);
                grouped.weights[start + i] = member.weight;
                for (plane, value) in grouped.values.chunks_exact_mut(n_places.max(1)).zip(&row) {
                    plane[start + i] = *value;
                }
            }
        }
        grouped
    }

    pub(super) fn n_clusters(&self) -> usize {
        self.counts.len()
    }

    /// Places of all clusters, padding included.
    pub(super) fn n_places(&self) -> usize {
        self.weights.len()
    }

    pub(super) fn n_features(&self) -> usize {
        self.values.len() / self.n_places().max(1)
    }

    /// One feature of all samples.
    pub(super) fn feature(&self, feature: usize) -> &[f64] {
        &self.values[feature * self.n_places()..][..self.n_places()]
    }

    pub(super) fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The places of a cluster with its padding.
    pub(super) fn places(&self, cluster: usize) -> Range<usize> {
        self.starts[cluster]..self.starts[cluster + 1]
    }

    /// The places of a cluster without its padding.
    pub(super) fn members(&self, cluster: usize) -> Range<usize> {
        self.starts[cluster]..self.starts[cluster] + self.counts[cluster]
    }

    /// Total weight of a cluster.
    pub(super) fn total(&self, cluster: usize) -> f64 {
        self.totals[cluster]
    }

    /// Cuts each cluster into stretches of at most `length` places, a multiple of [`LANES`]; clusters are not mixed.
    pub(super) fn stretches(&self, length: usize) -> Vec<Stretch> {
        let of_cluster = |cluster| {
            let Range { start, end } = self.places(cluster);
            (start..end).step_by(length).map(move |at| Stretch { cluster, places: at..(at + length).min(end) })
        };
        (0..self.n_clusters()).flat_map(of_cluster).collect()
    }
}

/// Consecutive places of one cluster.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    pub(super) cluster: usize,
    pub(super) places: Range<usize>,
}

fn split_by_label(labels: &[i32], n_clusters: usize) -> Vec<Vec<u32>> {
    let mut clusters = vec![Vec::new(); n_clusters];
    for (index, label) in labels.iter().enumerate() {
        clusters[*label as usize].push(index as u32);
    }
    clusters
}

fn compare<T: Element>(samples: &Samples<'_, T>, a: usize, b: usize) -> Ordering {
    (0..samples.n_features())
        .map(|f| value(samples, a, f).total_cmp(&value(samples, b, f)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// A feature of a sample; -0 becomes 0, so that both are equal.
fn value<T: Element>(samples: &Samples<'_, T>, index: usize, feature: usize) -> f64 {
    samples.value(index, feature).to_real::<f64>() + 0.0
}

fn merge_equal<T: Element>(samples: &Samples<'_, T>, indices: &[u32], weights: Weights<'_>) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::with_capacity(indices.len());
    for index in indices {
        let (sample, weight) = (*index as usize, weights.get(*index as usize));
        match members.last_mut() {
            Some(last) if compare(samples, last.sample, sample).is_eq() => last.weight += weight,
            _ => members.push(Member { sample, weight }),
        }
    }
    members
}
