//! Mean and variance of each feature in one read.

use std::ops::Range;

use rayon::prelude::*;

use crate::chunks::Chunks;
use crate::lanes::lane_sum;
use crate::simd::Tile;
use crate::{Element, Exec, Result, Samples};

/// Mean and population variance of each feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Mean of each feature, shape (`n_features`,).
    pub mean: Vec<f64>,
    /// Population variance of each feature, shape (`n_features`,).
    pub variance: Vec<f64>,
}

/// Count, mean and sum of squared deviations from the mean, per feature.
#[derive(Debug, Clone)]
struct Partial {
    count: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Partial {
    fn empty(n_features: usize) -> Self {
        Self { count: 0.0, mean: vec![0.0; n_features], squares: vec![0.0; n_features] }
    }

    /// Adds one feature of `count` further samples (Chan, Golub and `LeVeque`, 1983): deviations are only ever taken
    /// from a mean of nearby samples, so nothing cancels.
    fn merge_feature(&mut self, feature: usize, count: f64, mean: f64, squares: f64) {
        let total = self.count + count;
        let difference = mean - self.mean[feature];
        self.squares[feature] += squares + difference * difference * self.count * count / total;
        self.mean[feature] += difference * count / total;
    }
}

/// Mean and population variance of each feature, in float64, from one read of the samples.
///
/// # Errors
/// [`crate::Error::Interrupted`].
pub fn feature_moments<T: Element>(exec: &Exec<'_>, samples: &Samples<'_, T>) -> Result<Moments> {
    let chunks = Chunks::new(samples.n_samples(), 1);
    let partials = (0..chunks.count())
        .into_par_iter()
        .map(|chunk| {
            exec.check()?;
            Ok(chunk_moments(exec, samples, chunks.range(chunk)))
        })
        .collect::<Result<Vec<_>>>()?;
    let mut total = Partial::empty(samples.n_features());
    for partial in partials {
        for feature in 0..samples.n_features() {
            total.merge_feature(feature, partial.count, partial.mean[feature], partial.squares[feature]);
        }
        total.count += partial.count;
    }
    let variance = total.squares.iter().map(|squares| squares / total.count).collect();
    Ok(Moments { mean: total.mean, variance })
}

fn chunk_moments<T: Element>(exec: &Exec<'_>, samples: &Samples<'_, T>, range: Range<usize>) -> Partial {
    let mut tile = Tile::<f64>::new(samples.n_features());
    let mut partial = Partial::empty(samples.n_features());
    for start in range.clone().step_by(tile.capacity()) {
        tile.load(exec.level, samples, start..(start + tile.capacity()).min(range.end));
        let count = tile.len() as f64;
        for feature in 0..samples.n_features() {
            let values = &tile.features().get(feature)[..tile.len()];
            let mean = lane_sum(values, |x| x) / count;
            partial.merge_feature(feature, count, mean, lane_sum(values, |x| (x - mean) * (x - mean)));
        }
        partial.count += count;
    }
    partial
}
