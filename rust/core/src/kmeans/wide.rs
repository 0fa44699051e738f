//! One pass over samples of many features that reads only those whose label may change.
//!
//! What is kept of a sample is how much nearer its center is than the second nearest. Each move of the centers takes
//! its length off; until nothing is left, the label stands (Hamerly, 2010, with one number instead of two).

use rayon::prelude::*;

use super::report::Work;
use super::sums::Sums;
use crate::chunks::Chunks;
use crate::distance::{Assigner, Centers, Found};
use crate::features::MAX_FEATURES;
use crate::{Element, Exec, Real, Result, Samples};

/// Bytes of a sample from which the float32 kept for it is at most a twentieth of it.
const MIN_BYTES: usize = 20 * size_of::<f32>();

/// Room for the rounding of the gaps themselves, which are float32.
const GAP_ROUNDING: f64 = 1e-6;

/// The gaps of all samples, brought up to date by each pass.
#[derive(Debug)]
pub(super) struct WidePass {
    chunks: Chunks,
    /// A lower bound of the difference of the distances to the second nearest and to the nearest center.
    gaps: Vec<f32>,
    /// Sums of each chunk: samples are moved between clusters, not added anew.
    partials: Vec<Sums>,
    /// Centers of the last pass.
    centers: Vec<f64>,
}

impl WidePass {
    /// Whether gaps suit these samples: with few features, bounds on whole blocks do better.
    pub(super) fn suits<T: Element>(samples: &Samples<'_, T>) -> bool {
        samples.n_features() > MAX_FEATURES && samples.n_features() * size_of::<T>() >= MIN_BYTES
    }

    pub(super) fn new(n_samples: usize, n_clusters: usize, n_features: usize) -> Self {
        let chunks = Chunks::new(n_samples, n_clusters);
        Self {
            chunks,
            gaps: vec![f32::NEG_INFINITY; n_samples],
            partials: vec![Sums::new(n_clusters, n_features); chunks.count()],
            centers: Vec::new(),
        }
    }

    /// Labels each sample, adds the sums of each cluster to `sums_out`; returns whether a label changed, and what it
    /// took. Between passes, nothing else may change the labels.
    pub(super) fn assign_and_sum<T: Element>(
        &mut self,
        exec: &Exec<'_>,
        samples: &Samples<'_, T>,
        centers: &Centers<T::Real>,
        labels_out: &mut [i32],
        sums_out: &mut Sums,
    ) -> Result<(bool, Work)> {
        let rounding = Rounding::of::<T::Real>(samples.n_features());
        let losses = self.losses(centers, rounding);
        let length = self.chunks.length();
        let (changed, n_read) = labels_out
            .par_chunks_mut(length)
            .zip(self.gaps.par_chunks_mut(length))
            .zip(&mut self.partials)
            .enumerate()
            .map(|(chunk, ((labels, gaps), sums))| {
                exec.check()?;
                let doubtful = doubtful(labels, gaps, &losses, chunk * length);
                let mut assigner = Assigner::new(exec.level, centers);
                let mut changed = false;
                for indices in doubtful.chunks(assigner.block()) {
                    let found = assigner.find(samples, indices);
                    for (i, index) in indices.iter().enumerate() {
                        let (at, label) = (index - chunk * length, found.labels[i]);
                        gaps[at] = rounding.gap(found, i);
                        if labels[at] != label {
                            sums.move_sample(samples, *index, labels[at], label);
                            labels[at] = label;
                            changed = true;
                        }
                    }
                }
                Ok((changed, doubtful.len()))
            })
            .try_reduce(Default::default, |(changed, count), (other, more)| Ok((changed | other, count + more)))?;
        for partial in &self.partials {
            sums_out.merge(partial);
        }
        let n_bytes = (n_read * samples.n_features() * size_of::<T>()) as u64;
        Ok((changed, Work { n_distances: (n_read * centers.n_clusters()) as u64, n_bytes }))
    }

    /// What the gaps of each cluster lose by the moves since the last pass: its own move and the longest other one.
    fn losses<R: Real>(&mut self, centers: &Centers<R>, rounding: Rounding) -> Vec<f32> {
        let values: Vec<f64> = centers.values().iter().map(|c| c.to_f64()).collect();
        let old = std::mem::replace(&mut self.centers, values);
        let d = centers.n_features();
        let squares = self.centers.iter().zip(&old).map(|(new, old)| (new - old) * (new - old));
        let squares: Vec<f64> = squares.collect();
        let moves: Vec<f64> = squares.chunks_exact(d).map(|center| center.iter().sum::<f64>().sqrt()).collect();
        let longest_but = |own: usize| {
            let others = moves.iter().enumerate().filter(|(cluster, _)| *cluster != own);
            others.map(|(_, length)| *length).fold(0.0, f64::max)
        };
        let second = (0..moves.len())
            .max_by(|a, b| moves[*a].total_cmp(&moves[*b]))
            .map(|longest| (longest, longest_but(longest)));
        let Some((longest, second)) = second else { return Vec::new() };
        let loss = |(cluster, own): (usize, &f64)| {
            let other = if cluster == longest { second } else { moves[longest] };
            ((own + other) * (1.0 + rounding.relative + GAP_ROUNDING)) as f32
        };
        moves.iter().enumerate().map(loss).collect()
    }
}

/// Takes the losses off the gaps; returns the samples, from `start` on, that may be nearer to another center now.
fn doubtful(labels: &[i32], gaps: &mut [f32], losses: &[f32], start: usize) -> Vec<usize> {
    let mut doubtful = Vec::with_capacity(labels.len());
    for (i, (label, gap)) in labels.iter().zip(gaps).enumerate() {
        // In the first pass there are no labels and no losses.
        let loss = losses.get(*label as usize).copied().unwrap_or(0.0);
        *gap -= loss + gap.abs() * GAP_ROUNDING as f32;
        let is_certain = *gap > 0.0;
        if !is_certain {
            doubtful.push(start + i);
        }
    }
    doubtful
}

/// What rounding may hide in the difference of two distances, now and when they are computed again.
#[derive(Debug, Clone, Copy)]
struct Rounding {
    relative: f64,
    absolute: f64,
}

impl Rounding {
    fn of<R: Real>(n_features: usize) -> Self {
        // A squared distance rounds twice for each feature, its root half as much relative to itself; two distances,
        // computed twice; as much again as a margin.
        let roundings = 4.0 * (n_features as f64 + 2.0);
        Self { relative: roundings * R::EPSILON, absolute: (roundings * R::MIN_POSITIVE).sqrt() }
    }

    /// The difference of the distances to the two nearest centers that is certain.
    fn gap<R: Real>(&self, found: &Found<R>, i: usize) -> f32 {
        let (first, second) = (found.first[i].to_f64().sqrt(), found.second[i].to_f64().sqrt());
        let gap = second - first - self.relative * (first + second) - self.absolute;
        (gap * (1.0 - GAP_ROUNDING)) as f32
    }
}
