//! One pass over the samples: what they say about one or several mixtures.

use std::ops::Range;

use rayon::prelude::*;

use super::Parameters;
use super::density::{Densities, Kind, LANES, Target, padded};
use super::many::{Differences, sum_of_lanes};
use super::responsibilities::Norms;
use super::statistics::{Statistics, Sums, width};
use crate::chunks::Chunks;
use crate::simd::{Level, MAX_LANES, Tile};
use crate::{Element, Error, Exec, Result, Samples, Weights};

/// Bytes of samples and responsibilities of a tile: what stays in L1 beside the parameters.
const L1_BYTES: usize = 24 * 1024;

/// Bytes of the samples of a tile with many features, of which there are three copies: what stays in L2.
const L2_BYTES: usize = 192 * 1024;

/// Most samples of a tile.
const MAX_TILE: usize = 256;

/// Fewest samples of a tile with many features: sums over them are then worth adding up across lanes.
const MIN_TILE_OF_MANY: usize = 64;

/// The tile of samples that suits a number of features and components.
pub(super) fn tile_for(kind: Kind, n_features: usize, n_components: usize) -> Tile<f64> {
    let (bytes, row, least) = match kind {
        Kind::Many => (L2_BYTES, n_features, MIN_TILE_OF_MANY),
        Kind::Few | Kind::Diagonal => (L1_BYTES, n_features + n_components, MAX_LANES),
    };
    let fitting = bytes / (row * size_of::<f64>()) / MAX_LANES * MAX_LANES;
    Tile::with_capacity(n_features, fitting.clamp(least, MAX_TILE))
}

/// The buffers of one thread.
pub(super) struct Workspace {
    pub(super) tile: Tile<f64>,
    pub(super) norms: Norms,
    /// Log densities, then responsibilities: rows of the tile's capacity, one per component.
    pub(super) values: Vec<f64>,
    pub(super) differences: Differences,
    /// Moments of all components, lane by lane.
    lanes: Vec<[f64; LANES]>,
}

impl Workspace {
    pub(super) fn new(kind: Kind, n_features: usize, n_components: usize) -> Self {
        let tile = tile_for(kind, n_features, n_components);
        let capacity = tile.capacity();
        let (differences, n_lanes) = match kind {
            Kind::Many => (Differences::new(n_features, capacity), 0),
            Kind::Few => (Differences::default(), n_components * width(n_features, false)),
            Kind::Diagonal => (Differences::default(), n_components * width(n_features, true)),
        };
        Self {
            tile,
            norms: Norms::new(capacity),
            values: vec![0.0; capacity * n_components],
            differences,
            lanes: vec![[0.0; LANES]; n_lanes],
        }
    }

    /// Replaces the samples by those of `range`, with their weights.
    pub(super) fn load<T: Element>(
        &mut self,
        exec: &Exec<'_>,
        samples: &Samples<'_, T>,
        weights: Weights<'_>,
        range: Range<usize>,
    ) {
        let weights = match weights {
            Weights::Unit => None,
            Weights::Each(weights) => Some(&weights[range.clone()]),
        };
        let len = range.len();
        self.tile.load(exec.level, samples, range);
        self.norms.weigh(len, weights);
    }

    /// Adds what the loaded samples say to the sums of one mixture.
    fn expect(&mut self, level: Level, densities: &Densities, is_weighted: bool, sums: &mut Sums) {
        self.respond(level, densities);
        sums.log_likelihood += if is_weighted {
            self.norms.weighted_log_likelihood(level, self.tile.len())
        } else {
            self.norms.log_likelihood(level, self.tile.len())
        };
        self.add_moments(level, densities, sums);
    }

    /// Replaces the values by the responsibilities of the loaded samples.
    pub(super) fn respond(&mut self, level: Level, densities: &Densities) {
        let stride = self.tile.capacity();
        densities.log_densities(level, &self.tile, &mut self.differences, &mut self.values);
        self.norms.normalize(level, densities.n_components, stride, self.tile.len(), &mut self.values);
    }

    /// Adds the moments of the loaded samples, weighted by the present responsibilities.
    fn add_moments(&mut self, level: Level, densities: &Densities, sums: &mut Sums) {
        let len = padded(self.tile.len());
        let width = sums.values.len() / densities.n_components;
        for index in 0..densities.n_components {
            let responsibilities = &self.values[index * self.tile.capacity()..][..len];
            let into = if densities.kind == Kind::Many {
                Target::Sums(&mut self.differences, &mut sums.values[index * width..][..width])
            } else {
                Target::Lanes(&mut self.lanes[index * width..][..width])
            };
            densities.add_moments(level, &self.tile, index, responsibilities, into);
        }
    }

    /// Hands the lanes over to `sums` and clears them.
    fn flush(&mut self, sums: &mut Sums) {
        for (sum, lanes) in sums.values.iter_mut().zip(&mut self.lanes) {
            *sum += sum_of_lanes(lanes);
            *lanes = [0.0; LANES];
        }
    }
}

/// What the samples say about each of several mixtures of the same kind, from one read of the samples.
///
/// The moments are taken around the means of each mixture. Cost: per sample and component an exponential and, with full
/// covariances, about `n_features^2` fused multiply-adds.
///
/// # Errors
/// [`Error::Length`] or [`Error::Range`] for parameters that do not fit the samples, [`Error::Interrupted`].
pub fn statistics<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    mixtures: &[&Parameters],
) -> Result<Vec<Statistics>> {
    for mixture in mixtures {
        mixture.check(samples.n_features())?;
    }
    let Some(first) = mixtures.first() else { return Ok(Vec::new()) };
    let (n_components, n_features) = (first.n_components(), samples.n_features());
    let is_diagonal = first.covariance.is_diagonal();
    let kind = Kind::of(is_diagonal, n_features);
    let densities: Vec<Densities> = mixtures.iter().map(|mixture| Densities::new(mixture)).collect();
    let chunks = chunks_for(samples.n_samples(), n_components, n_features, is_diagonal);
    let mut found: Vec<Statistics> = mixtures
        .iter()
        .map(|mixture| Statistics::new(mixture.means.clone(), mixture.n_components(), is_diagonal))
        .collect();
    in_chunk_order(
        chunks,
        || vec![Sums::new(n_components, n_features, is_diagonal); mixtures.len()],
        |chunk, sums| {
            exec.check()?;
            let mut workspace = Workspace::new(kind, n_features, n_components);
            sums.iter_mut().for_each(Sums::clear);
            let range = chunks.range(chunk);
            for mixture in 0..densities.len() {
                let sums = &mut sums[mixture];
                for start in range.clone().step_by(workspace.tile.capacity()) {
                    let part = start..range.end.min(start + workspace.tile.capacity());
                    workspace.load(exec, samples, weights, part.clone());
                    sums.total_weight += total_weight(weights, part);
                    let is_weighted = matches!(weights, Weights::Each(_));
                    workspace.expect(exec.level, &densities[mixture], is_weighted, sums);
                }
                workspace.flush(sums);
            }
            Ok(())
        },
        |sums| found.iter_mut().zip(sums).for_each(|(found, sums)| found.add(sums)),
    )?;
    Ok(found)
}

/// The moments of samples that belong to the component of their label, around the given reference points.
///
/// # Errors
/// [`Error::Mismatch`] without a label for each sample, [`Error::Range`] for a label without a component,
/// [`Error::Length`] for a reference that does not fit, [`Error::Interrupted`].
pub fn statistics_of_labels<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    labels: &[i32],
    reference: &[f64],
    is_diagonal: bool,
) -> Result<Statistics> {
    if labels.len() != samples.n_samples() {
        let (got, needed) = (labels.len(), samples.n_samples());
        return Err(Error::Mismatch { argument: "labels", dimension: "labels", got, needed });
    }
    let n_components = reference.len() / samples.n_features();
    if let Some(label) = labels.iter().find(|label| !(0..n_components as i64).contains(&i64::from(**label))) {
        let needed = format!("from 0 to {}", n_components.saturating_sub(1));
        return Err(Error::Range { argument: "labels", got: label.to_string(), needed });
    }
    given(exec, samples, weights, reference, is_diagonal, |index, component| {
        f64::from(u8::from(labels[index] == component as i32))
    })
}

/// The moments of samples with given responsibilities, shape (`n_samples`, `n_components`), around the given points.
///
/// # Errors
/// [`Error::Length`] for shapes that do not fit, [`Error::Interrupted`].
pub fn statistics_of_responsibilities<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    responsibilities: &[f64],
    reference: &[f64],
    is_diagonal: bool,
) -> Result<Statistics> {
    let n_components = reference.len() / samples.n_features();
    if responsibilities.len() != samples.n_samples() * n_components {
        let (rows, columns) = (samples.n_samples(), n_components);
        return Err(Error::Length { argument: "responsibilities", got: responsibilities.len(), rows, columns });
    }
    given(exec, samples, weights, reference, is_diagonal, |index, component| {
        responsibilities[index * n_components + component]
    })
}

fn given<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    weights: Weights<'_>,
    reference: &[f64],
    is_diagonal: bool,
    responsibility: impl Fn(usize, usize) -> f64 + Sync,
) -> Result<Statistics> {
    let n_features = samples.n_features();
    let n_components = reference.len() / n_features;
    if n_components == 0 || reference.len() != n_components * n_features {
        let (rows, columns) = (n_components.max(1), n_features);
        return Err(Error::Length { argument: "reference", got: reference.len(), rows, columns });
    }
    let kind = Kind::of(is_diagonal, n_features);
    let densities = Densities::around(kind, reference, n_features);
    let chunks = chunks_for(samples.n_samples(), n_components, n_features, is_diagonal);
    let mut found = Statistics::new(reference.to_vec(), n_components, is_diagonal);
    in_chunk_order(
        chunks,
        || Sums::new(n_components, n_features, is_diagonal),
        |chunk, sums| {
            exec.check()?;
            let mut workspace = Workspace::new(kind, n_features, n_components);
            sums.clear();
            let range = chunks.range(chunk);
            for start in range.clone().step_by(workspace.tile.capacity()) {
                let part = start..range.end.min(start + workspace.tile.capacity());
                workspace.load(exec, samples, weights, part.clone());
                sums.total_weight += total_weight(weights, part.clone());
                workspace.values.fill(0.0);
                for (component, row) in workspace.values.chunks_exact_mut(workspace.tile.capacity()).enumerate() {
                    for (index, value) in part.clone().zip(row) {
                        *value = weights.get(index) * responsibility(index, component);
                    }
                }
                workspace.add_moments(exec.level, &densities, sums);
            }
            workspace.flush(sums);
            Ok(())
        },
        |sums| found.add(sums),
    )?;
    Ok(found)
}

fn total_weight(weights: Weights<'_>, range: Range<usize>) -> f64 {
    match weights {
        Weights::Unit => range.len() as f64,
        Weights::Each(weights) => weights[range].iter().sum(),
    }
}

/// Chunks whose sums stay within a few percent of their samples.
fn chunks_for(n_samples: usize, n_components: usize, n_features: usize, is_diagonal: bool) -> Chunks {
    Chunks::new(n_samples, (n_components * width(n_features, is_diagonal)).div_ceil(n_features))
}

/// Chunks that are worked on before their results are added: enough for many threads, and little memory.
const WAVE: usize = 64;

/// Works on all chunks in parallel and merges their results in order.
fn in_chunk_order<R: Send>(
    chunks: Chunks,
    empty: impl Fn() -> R,
    work: impl Fn(usize, &mut R) -> Result<()> + Sync,
    mut merge: impl FnMut(&R),
) -> Result<()> {
    let mut results: Vec<R> = (0..chunks.count().min(WAVE)).map(|_| empty()).collect();
    for start in (0..chunks.count()).step_by(WAVE) {
        let count = WAVE.min(chunks.count() - start);
        results[..count].par_iter_mut().enumerate().try_for_each(|(i, result)| work(start + i, result))?;
        results[..count].iter().for_each(&mut merge);
    }
    Ok(())
}
