//! One pass over samples of many features that reads only those whose label may change.
//!
//! What is kept of a sample is how much nearer its center is than the second nearest. Each move of the centers takes
//! its length off; until nothing is left, the label stands (Hamerly, 2010, with one number instead of two).

use fearless_simd::dispatch;
use rayon::prelude::*;

use super::report::Work;
use super::sums::Sums;
use crate::chunks::Chunks;
use crate::distance::{Apart, Assigner, Centers, Found};
use crate::features::MAX_FEATURES;
use crate::simd::Level;
use crate::{Element, Exec, Real, Result, Samples};

/// Bytes of a sample from which the float32 kept for it is at most a twentieth of it.
const MIN_BYTES: usize = 20 * size_of::<f32>();

/// Room for the rounding of the gaps themselves, which are float32.
const GAP_ROUNDING: f64 = 1e-6;

/// A gap below this is as good as none: what is taken off it may round to nothing.
const LEAST_GAP: f32 = 1e-30;

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
    /// Whether to look at centers near to the last one only.
    looks_nearby: bool,
}

/// Share of the distances that may be left of a pass over centers near to the last one for the next to be such a pass: it
/// saves nothing where clusters fill all dimensions, and to choose centers has its cost.
const MAX_NEARBY: f64 = 0.6;

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
            looks_nearby: true,
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
        // Before the first pass there are no last centers.
        let looks_nearby = self.looks_nearby && !self.centers.is_empty();
        let apart = if looks_nearby { centers.apart(exec.level, samples.n_samples()) } else { None };
        let rounding = Rounding::of::<T::Real>(samples.n_features());
        let losses = self.losses(centers, rounding);
        let pass = Pass { exec, samples, centers, apart: apart.as_ref(), losses: &losses, rounding };
        let length = self.chunks.length();
        let (changed, [n_read, n_distances]) = labels_out
            .par_chunks_mut(length)
            .zip(self.gaps.par_chunks_mut(length))
            .zip(&mut self.partials)
            .enumerate()
            .map(|(chunk, ((labels, gaps), sums))| pass.assign(chunk * length, labels, gaps, sums))
            .try_reduce(Default::default, |(changed, [a, b]), (other, [c, d])| Ok((changed | other, [a + c, b + d])))?;
        for partial in &self.partials {
            sums_out.merge(partial);
        }
        let n_all = n_read * centers.n_clusters();
        self.looks_nearby &= apart.is_none() || n_distances as f64 <= MAX_NEARBY * n_all as f64;
        let n_bytes = n_read * samples.n_features() * size_of::<T>();
        Ok((changed, Work { n_distances: n_distances as u64, n_bytes: n_bytes as u64 }))
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

/// What the chunks of a pass have in common.
struct Pass<'a, T: Element> {
    exec: &'a Exec<'a>,
    samples: &'a Samples<'a, T>,
    centers: &'a Centers<T::Real>,
    apart: Option<&'a Apart<T::Real>>,
    losses: &'a [f32],
    rounding: Rounding,
}

impl<T: Element> Pass<'_, T> {
    /// Brings the chunk that begins at `start` up to date; returns whether a label changed, how many samples were read and
    /// how many distances computed.
    fn assign(
        &self,
        start: usize,
        labels: &mut [i32],
        gaps: &mut [f32],
        sums: &mut Sums,
    ) -> Result<(bool, [usize; 2])> {
        self.exec.check()?;
        let mut doubtful = doubtful(labels, gaps, self.losses, start);
        if let Some(apart) = self.apart {
            doubtful = apart.sorted(&doubtful, |index| labels[index - start]);
        }
        let mut assigner = Assigner::new(self.exec.level, self.centers);
        let (mut changed, mut n_distances) = (false, 0);
        let (mut last, mut gaps_found) = (Vec::new(), Vec::new());
        for indices in doubtful.chunks(assigner.block()) {
            last.clear();
            last.extend(indices.iter().map(|index| labels[index - start]));
            let near = self.apart.map(|apart| (apart, &last[..]));
            let found = assigner.find_near(self.samples, indices, near);
            n_distances += found.n_distances;
            self.rounding.gaps(self.exec.level, found, &mut gaps_found);
            for (i, index) in indices.iter().enumerate() {
                let (at, label) = (index - start, found.labels[i]);
                gaps[at] = gaps_found[i];
                if labels[at] != label {
                    sums.move_sample(self.samples, *index, labels[at], label);
                    labels[at] = label;
                    changed = true;
                }
            }
        }
        Ok((changed, [doubtful.len(), n_distances]))
    }
}

/// Takes the losses off the gaps; returns the samples, from `start` on, that may be nearer to another center now.
fn doubtful(labels: &[i32], gaps: &mut [f32], losses: &[f32], start: usize) -> Vec<usize> {
    let mut doubtful = vec![0; labels.len()];
    let mut count = 0;
    for (i, (label, gap)) in labels.iter().zip(gaps).enumerate() {
        // In the first pass there are no labels and no losses.
        let loss = losses.get(*label as usize).copied().unwrap_or(0.0);
        *gap -= loss + gap.abs() * GAP_ROUNDING as f32;
        let is_certain = *gap > LEAST_GAP;
        // What is certain is written over: whether it is cannot be foreseen.
        doubtful[count] = start + i;
        count += usize::from(!is_certain);
    }
    doubtful.truncate(count);
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

    /// The differences of the distances to the two nearest centers that are certain.
    fn gaps<R: Real>(self, level: Level, found: &Found<R>, gaps_out: &mut Vec<f32>) {
        gaps_out.resize(found.first.len(), 0.0);
        let distances = found.first.iter().zip(&found.second);
        dispatch!(level, _simd => for (out, (first, second)) in gaps_out.iter_mut().zip(distances) {
            let (first, second) = (first.to_f64().sqrt(), second.to_f64().sqrt());
            let gap = second - first - self.relative * (first + second) - self.absolute;
            *out = (gap * (1.0 - GAP_ROUNDING)) as f32;
        });
    }
}
