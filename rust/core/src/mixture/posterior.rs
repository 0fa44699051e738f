//! What a mixture says about samples: labels, posteriors, log densities.

use rayon::prelude::*;

use super::Parameters;
use super::density::{Densities, Kind};
use super::expect::Workspace;
use crate::chunks::Chunks;
use crate::simd::Level;
use crate::{Element, Error, Exec, Real, Result, Samples, Weights};

/// A type that posteriors are written in.
pub trait Probability: Copy + Send {
    /// Rounds a number from 0 to 1.
    fn from_probability(probability: f64) -> Self;
}

impl Probability for f64 {
    #[inline(always)]
    fn from_probability(probability: f64) -> Self {
        probability
    }
}

impl Probability for f32 {
    #[inline(always)]
    fn from_probability(probability: f64) -> Self {
        probability as Self
    }
}

/// In units of 1/255.
impl Probability for u8 {
    #[inline(always)]
    fn from_probability(probability: f64) -> Self {
        (probability * 255.0).round() as Self
    }
}

/// Writes the number of the component that most probably made each sample, the lowest on ties; shape (`n_samples`,).
///
/// # Errors
/// [`Error::Mismatch`], [`Error::Length`] or [`Error::Range`] for shapes that do not fit, [`Error::Interrupted`].
pub fn predict<T: Element>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    mixture: &Parameters,
    labels_out: &mut [i64],
) -> Result<()> {
    check_length(samples, labels_out.len(), "labels")?;
    for_each_tile(exec, samples, mixture, labels_out, 1, |workspace, densities, labels| {
        label(exec.level, workspace, densities, labels);
    })
}

/// Writes the logarithm of the density at each sample, shape (`n_samples`,).
///
/// # Errors
/// As [`predict`].
pub fn log_density<T: Element, R: Real>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    mixture: &Parameters,
    out: &mut [R],
) -> Result<()> {
    check_length(samples, out.len(), "log densities")?;
    for_each_tile(exec, samples, mixture, out, 1, |workspace, densities, out| {
        workspace.respond(exec.level, densities);
        for (out, log_density) in out.iter_mut().zip(workspace.norms.log_densities(exec.level, workspace.tile.len())) {
            *out = R::from_f64(*log_density);
        }
    })
}

/// Writes the probability of each component at each sample, shape (`n_samples`, `n_components`).
///
/// # Errors
/// As [`predict`].
pub fn posteriors<T: Element, P: Probability>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    mixture: &Parameters,
    out: &mut [P],
) -> Result<()> {
    let n_components = mixture.n_components();
    if out.len() != samples.n_samples() * n_components {
        let (rows, columns) = (samples.n_samples(), n_components);
        return Err(Error::Length { argument: "out", got: out.len(), rows, columns });
    }
    for_each_tile(exec, samples, mixture, out, n_components, |workspace, densities, out| {
        workspace.respond(exec.level, densities);
        let rows = workspace.values.chunks_exact(workspace.tile.capacity()).take(n_components);
        for (component, row) in rows.enumerate() {
            for (out, value) in out[component..].iter_mut().step_by(n_components).zip(row) {
                *out = P::from_probability(*value);
            }
        }
    })
}

fn check_length<T: Element>(samples: &Samples<'_, T>, got: usize, dimension: &'static str) -> Result<()> {
    let needed = samples.n_samples();
    if got == needed { Ok(()) } else { Err(Error::Mismatch { argument: "out", dimension, got, needed }) }
}

/// Calls `use_tile` for tile after tile with the part of `out` that belongs to it, `width` values a sample.
fn for_each_tile<T: Element, V: Send>(
    exec: &Exec<'_>,
    samples: &Samples<'_, T>,
    mixture: &Parameters,
    out: &mut [V],
    width: usize,
    use_tile: impl Fn(&mut Workspace, &Densities, &mut [V]) + Sync,
) -> Result<()> {
    mixture.check(samples.n_features())?;
    let (n_features, n_components) = (samples.n_features(), mixture.n_components());
    let kind = Kind::of(mixture.covariance.is_diagonal(), n_features);
    let densities = Densities::new(mixture);
    let length = Chunks::new(samples.n_samples(), 1).length();
    out.par_chunks_mut(length * width).enumerate().try_for_each(|(chunk, out)| {
        exec.check()?;
        let mut workspace = Workspace::new(kind, n_features, n_components);
        let capacity = workspace.tile.capacity();
        for (tile, out) in out.chunks_mut(capacity * width).enumerate() {
            let start = chunk * length + tile * capacity;
            workspace.load(exec, samples, Weights::Unit, start..start + out.len() / width);
            use_tile(&mut workspace, &densities, out);
        }
        Ok(())
    })
}

fn label(level: Level, workspace: &mut Workspace, densities: &Densities, labels_out: &mut [i64]) {
    let Workspace { tile, values, differences, .. } = workspace;
    densities.log_densities(level, tile, differences, values);
    let (best, others) = values.split_at_mut(tile.capacity());
    labels_out.fill(0);
    for (row, component) in others.chunks_exact(tile.capacity()).zip(1..) {
        for ((best, value), label) in best.iter_mut().zip(row).zip(&mut *labels_out) {
            let is_better = *value > *best;
            *best = if is_better { *value } else { *best };
            *label = if is_better { component } else { *label };
        }
    }
}
