//! The parameters that statistics ask for.

use super::cholesky::{factorize, invert};
use super::{Covariance, Parameters, Statistics};
use crate::{Error, Result};

/// What is done to covariances.
#[derive(Debug, Clone, Copy)]
pub struct Regularization {
    /// Added to each variance.
    pub reg_covar: f64,
    /// Rounding of the type of the samples: ten times as much is added to each component's total weight, as
    /// scikit-learn does, so that an empty one divides nothing by zero.
    pub epsilon: f64,
    /// Added to the variances of a component whose covariance has no Cholesky factor, ten times as much each time until it
    /// has one; with `None` that is an error.
    pub ridge: Option<f64>,
}

/// Parameters, and what they were made from.
#[derive(Debug, Clone)]
pub struct Maximized {
    /// Weights that add up to 1, means, and factors of the precisions.
    pub parameters: Parameters,
    /// In the shape of the factors.
    pub covariances: Vec<f64>,
    /// Components to which the ridge was added; all of them if they share one covariance.
    pub collapsed: Vec<usize>,
}

/// Times the ridge is multiplied by ten before a covariance is given up.
const MAX_ATTEMPTS: usize = 40;

/// The parameters with the largest likelihood for given statistics, in the formulas of scikit-learn's M step; moments
/// around the previous means instead of around zero keep variances from turning negative.
///
/// # Errors
/// [`Error::Length`] or [`Error::Range`] for shapes that do not fit, [`Error::Collapsed`] for a covariance without
/// Cholesky factor if there is no ridge.
pub fn maximize(statistics: &Statistics, covariance: Covariance, regularization: Regularization) -> Result<Maximized> {
    statistics.check()?;
    let (n_components, d) = (statistics.n_components(), statistics.n_features());
    let totals: Vec<f64> = statistics.totals.iter().map(|total| total + 10.0 * regularization.epsilon).collect();
    let sum: f64 = totals.iter().sum();
    let weights = totals.iter().map(|total| total / sum).collect();
    let mut means = vec![0.0; n_components * d];
    for component in 0..n_components {
        for f in component * d..(component + 1) * d {
            // The mean of what was added to the total is zero.
            let reference = statistics.reference[f];
            means[f] =
                reference + (statistics.first[f] - 10.0 * regularization.epsilon * reference) / totals[component];
        }
    }
    let mut covariances = match covariance {
        Covariance::Full => scatters(statistics, &means, &totals),
        Covariance::Tied => tied(statistics, &means, sum),
        Covariance::Diagonal | Covariance::Spherical => variances(statistics, &means, &totals),
    };
    let mut collapsed = Vec::new();
    let precisions_cholesky = match covariance {
        Covariance::Full | Covariance::Tied => {
            regularize(&mut covariances, d * d, d + 1, regularization.reg_covar);
            let mut factors = Vec::with_capacity(covariances.len());
            for (component, matrix) in covariances.chunks_exact_mut(d * d).enumerate() {
                let precision = precision_factor(component, matrix, d, regularization.ridge, &mut collapsed)?;
                factors.extend(precision);
            }
            factors
        }
        Covariance::Diagonal | Covariance::Spherical => {
            regularize(&mut covariances, d, 1, regularization.reg_covar);
            if covariance == Covariance::Spherical {
                covariances = covariances.chunks_exact(d).map(|row| row.iter().sum::<f64>() / d as f64).collect();
            }
            let width = covariances.len() / n_components;
            for (component, row) in covariances.chunks_exact_mut(width).enumerate() {
                lift(component, row, regularization.ridge, &mut collapsed)?;
            }
            covariances.iter().map(|variance| 1.0 / variance.sqrt()).collect()
        }
    };
    if covariance == Covariance::Tied && !collapsed.is_empty() {
        collapsed = (0..n_components).collect();
    }
    let parameters = Parameters { covariance, weights, means, precisions_cholesky };
    Ok(Maximized { parameters, covariances, collapsed })
}

/// Sum of products of differences to the new mean, from those to the reference.
fn recentered(statistics: &Statistics, means: &[f64], component: usize, i: usize, j: usize) -> f64 {
    let d = statistics.n_features();
    let (at_i, at_j) = (component * d + i, component * d + j);
    let (shift_i, shift_j) = (means[at_i] - statistics.reference[at_i], means[at_j] - statistics.reference[at_j]);
    let (first, total) = (&statistics.first, statistics.totals[component]);
    let second =
        if statistics.second.len() == first.len() { statistics.second[at_i] } else { statistics.second[at_i * d + j] };
    let product = second - first[at_i] * shift_j - shift_i * first[at_j] + total * shift_i * shift_j;
    // Rounding must not make a variance negative.
    if i == j { product.max(0.0) } else { product }
}

fn scatters(statistics: &Statistics, means: &[f64], totals: &[f64]) -> Vec<f64> {
    let d = statistics.n_features();
    let entry = |component: usize, i, j| recentered(statistics, means, component, i, j) / totals[component];
    (0..totals.len() * d * d).map(|at| entry(at / (d * d), at / d % d, at % d)).collect()
}

fn tied(statistics: &Statistics, means: &[f64], sum: f64) -> Vec<f64> {
    let (n_components, d) = (statistics.n_components(), statistics.n_features());
    let entry = |i, j| (0..n_components).map(|c| recentered(statistics, means, c, i, j)).sum::<f64>() / sum;
    (0..d * d).map(|at| entry(at / d, at % d)).collect()
}

fn variances(statistics: &Statistics, means: &[f64], totals: &[f64]) -> Vec<f64> {
    let d = statistics.n_features();
    (0..means.len()).map(|at| recentered(statistics, means, at / d, at % d, at % d) / totals[at / d]).collect()
}

/// Adds `reg_covar` to every `step`-th entry of each block of `size`: the variances.
fn regularize(covariances: &mut [f64], size: usize, step: usize, reg_covar: f64) {
    for block in covariances.chunks_exact_mut(size) {
        for variance in block.iter_mut().step_by(step) {
            *variance += reg_covar;
        }
    }
}

/// `U` with `U U^T` the inverse of the covariance, which gets a ridge if that is what it takes.
fn precision_factor(
    component: usize,
    covariance: &mut [f64],
    d: usize,
    ridge: Option<f64>,
    collapsed: &mut Vec<usize>,
) -> Result<Vec<f64>> {
    let mut added = 0.0;
    for attempt in 0..MAX_ATTEMPTS {
        let mut factor = covariance.to_vec();
        if factorize(&mut factor, d, floor(ridge)) {
            if attempt > 0 {
                collapsed.push(component);
            }
            let inverse = invert(&factor, d);
            return Ok((0..d * d).map(|at| inverse[at % d * d + at / d]).collect());
        }
        let Some(ridge) = ridge else { break };
        let wanted = ridge * 10_f64.powi(attempt as i32);
        regularize(covariance, d * d, d + 1, wanted - added);
        added = wanted;
    }
    Err(Error::Collapsed { component })
}

/// Share of the ridge up to which a variance is nothing but rounding: a component of equal samples far from the origin
/// would else be lifted in one iteration and not in the next.
const ROUNDING: f64 = 1e-6;

/// What a variance must exceed.
fn floor(ridge: Option<f64>) -> f64 {
    ridge.map_or(0.0, |ridge| ROUNDING * ridge)
}

/// Lifts variances that are not positive by the ridge.
fn lift(component: usize, variances: &mut [f64], ridge: Option<f64>, collapsed: &mut Vec<usize>) -> Result<()> {
    if variances.iter().all(|variance| *variance > floor(ridge)) {
        return Ok(());
    }
    match ridge {
        Some(ridge) if ridge > 0.0 && variances.iter().all(|variance| *variance >= 0.0) => {
            regularize(variances, variances.len(), 1, ridge);
            collapsed.push(component);
            Ok(())
        }
        _ => Err(Error::Collapsed { component }),
    }
}
