//! Passes over samples against the plainest possible loops, at every level.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::{Control, Covariance, Parameters, Regularization, Statistics};
use crate::simd::{is_fused, levels};
use crate::{Error, Exec, Interrupt, Layout, Samples, Weights};

const KINDS: [Covariance; 4] = [Covariance::Full, Covariance::Tied, Covariance::Diagonal, Covariance::Spherical];

/// A mixture and samples near it.
#[derive(Debug, Clone)]
struct Case {
    n_features: usize,
    values: Vec<f64>,
    weights: Vec<f64>,
    mixture: Parameters,
}

impl Case {
    fn n_samples(&self) -> usize {
        self.values.len() / self.n_features
    }

    fn samples(&self) -> Samples<'_, f64> {
        Samples::new(&self.values, self.n_samples(), self.n_features, Layout::RowMajor).unwrap()
    }

    fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.n_features..][..self.n_features]
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let shape = (1_usize..700, prop_oneof![1_usize..=9, Just(13), Just(20)], 1_usize..5, 0_usize..4);
    shape.prop_flat_map(|(n, d, k, kind)| {
        let covariance = KINDS[kind];
        let size = covariance.shape(k, d).iter().product::<usize>();
        let uniform = |n: usize| prop::collection::vec(-1.0..1.0_f64, n);
        (uniform(n * d), prop::collection::vec(0.0..2.0_f64, n), uniform(k * d), uniform(size), uniform(k)).prop_map(
            move |(values, weights, means, noise, shares)| {
                let mut precisions_cholesky = noise;
                let step = if covariance.is_diagonal() { 1 } else { d + 1 };
                let square = if covariance.is_diagonal() { 1 } else { d * d };
                for (at, value) in precisions_cholesky.iter_mut().enumerate() {
                    if at % square % step == 0 {
                        *value += 1.5;
                    }
                    let (row, column) = (at % square / d, at % square % d);
                    if !covariance.is_diagonal() && row > column {
                        *value = 0.0;
                    }
                }
                let total: f64 = shares.iter().map(|share| share + 2.0).sum();
                let shares = shares.iter().map(|share| (share + 2.0) / total).collect();
                let mixture = Parameters { covariance, weights: shares, means, precisions_cholesky };
                Case { n_features: d, values, weights, mixture }
            },
        )
    })
}

/// Log of weight times density of each component, from the definition.
fn log_densities(mixture: &Parameters, x: &[f64]) -> Vec<f64> {
    let d = x.len();
    (0..mixture.n_components())
        .map(|c| {
            let difference: Vec<f64> = (0..d).map(|f| x[f] - mixture.means[c * d + f]).collect();
            let u = |i: usize, j: usize| match (mixture.covariance.is_diagonal(), i == j) {
                (true, true) => mixture.scale(c, i),
                (true, false) => 0.0,
                (false, _) => mixture.factor(c, i, j),
            };
            let square: f64 = (0..d).map(|j| (0..d).map(|i| difference[i] * u(i, j)).sum::<f64>().powi(2)).sum();
            let determinant: f64 = (0..d).map(|f| u(f, f).ln()).sum();
            mixture.weights[c].ln() + determinant - 0.5 * (square + d as f64 * (2.0 * std::f64::consts::PI).ln())
        })
        .collect()
}

fn log_sum(values: &[f64]) -> f64 {
    let peak = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    peak + values.iter().map(|value| (value - peak).exp()).sum::<f64>().ln()
}

fn oracle(case: &Case, weights: Weights<'_>) -> Statistics {
    let (d, k) = (case.n_features, case.mixture.n_components());
    let mut expected = Statistics::new(case.mixture.means.clone(), k, case.mixture.covariance.is_diagonal());
    for index in 0..case.n_samples() {
        let (x, weight) = (case.row(index), weights.get(index));
        let log_density = log_densities(&case.mixture, x);
        let norm = log_sum(&log_density);
        expected.log_likelihood += weight * norm;
        expected.total_weight += weight;
        for c in 0..k {
            let responsibility = weight * (log_density[c] - norm).exp();
            let difference: Vec<f64> = (0..d).map(|f| x[f] - case.mixture.means[c * d + f]).collect();
            expected.totals[c] += responsibility;
            for i in 0..d {
                expected.first[c * d + i] += responsibility * difference[i];
                if case.mixture.covariance.is_diagonal() {
                    expected.second[c * d + i] += responsibility * difference[i] * difference[i];
                    continue;
                }
                for j in 0..d {
                    expected.second[(c * d + i) * d + j] += responsibility * difference[i] * difference[j];
                }
            }
        }
    }
    expected
}

/// Equal up to rounding of sums of up to a thousand numbers around 10.
fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-11 * (1.0 + expected.abs()), "{found} is not {expected}");
    }
}

fn numbers(statistics: &Statistics) -> Vec<f64> {
    let Statistics { totals, first, second, log_likelihood, total_weight, .. } = statistics;
    [&totals[..], first, second, &[*log_likelihood, *total_weight]].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_pass_is_that_of_a_plain_loop(case in cases(), is_weighted: bool) {
        let weights = if is_weighted { Weights::Each(&case.weights) } else { Weights::Unit };
        let expected = numbers(&oracle(&case, weights));
        let interrupt = Interrupt::default();
        let mut bits = Vec::new();
        for level in levels() {
            let exec = Exec { level, interrupt: &interrupt };
            let found = super::statistics(&exec, &case.samples(), weights, &[&case.mixture, &case.mixture]).unwrap();
            prop_assert_eq!(&found[0], &found[1]);
            assert_close(&numbers(&found[0]), &expected);
            if is_fused(level) {
                bits.push(found[0].clone());
            }
        }
        prop_assert!(bits.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn answers_are_those_of_the_definition(case in cases()) {
        let (n, k) = (case.n_samples(), case.mixture.n_components());
        let interrupt = Interrupt::default();
        for level in levels() {
            let exec = Exec { level, interrupt: &interrupt };
            let (mut labels, mut log_density) = (vec![-1; n], vec![0.0; n]);
            let (mut posteriors, mut bytes) = (vec![0.0; n * k], vec![0_u8; n * k]);
            super::predict(&exec, &case.samples(), &case.mixture, &mut labels).unwrap();
            super::log_density(&exec, &case.samples(), &case.mixture, &mut log_density).unwrap();
            super::posteriors(&exec, &case.samples(), &case.mixture, &mut posteriors).unwrap();
            super::posteriors(&exec, &case.samples(), &case.mixture, &mut bytes).unwrap();
            for i in 0..n {
                let expected = log_densities(&case.mixture, case.row(i));
                let norm = log_sum(&expected);
                assert_close(&[log_density[i]], &[norm]);
                let probabilities: Vec<f64> = expected.iter().map(|log| (log - norm).exp()).collect();
                assert_close(&posteriors[i * k..][..k], &probabilities);
                let best = expected.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                prop_assert!(expected[labels[i] as usize] >= best - 1e-11 * (1.0 + best.abs()));
                for c in 0..k {
                    prop_assert!((f64::from(bytes[i * k + c]) - 255.0 * probabilities[c]).abs() < 0.5 + 1e-9);
                }
            }
        }
    }

    #[test]
    fn labels_and_their_responsibilities_have_the_same_moments(case in cases(), seed in 0_usize..100) {
        let (n, k) = (case.n_samples(), case.mixture.n_components());
        let labels: Vec<i32> = (0..n).map(|i| ((i * 7 + seed) % k) as i32).collect();
        let mut one_hot = vec![0.0; n * k];
        labels.iter().enumerate().for_each(|(i, label)| one_hot[i * k + *label as usize] = 1.0);
        let (interrupt, is_diagonal) = (Interrupt::default(), case.mixture.covariance.is_diagonal());
        let exec = Exec::new(&interrupt);
        let (weights, means) = (Weights::Each(&case.weights), &case.mixture.means);
        let found = super::statistics_of_labels(&exec, &case.samples(), weights, &labels, means, is_diagonal).unwrap();
        let other =
            super::statistics_of_responsibilities(&exec, &case.samples(), weights, &one_hot, means, is_diagonal).unwrap();
        prop_assert_eq!(&found, &other);
        let mut totals = vec![0.0; k];
        labels.iter().zip(&case.weights).for_each(|(label, weight)| totals[*label as usize] += weight);
        assert_close(&found.totals, &totals);
    }
}

const REGULARIZATION: Regularization = Regularization { reg_covar: 0.0, epsilon: 0.0, ridge: None };

/// Two components of two samples each, every moment by hand.
#[test]
fn parameters_by_hand() {
    let values = [0.0, 0.0, 2.0, 0.0, 10.0, 1.0, 10.0, 5.0];
    let samples = Samples::new(&values, 4, 2, Layout::RowMajor).unwrap();
    let interrupt = Interrupt::default();
    let exec = Exec::new(&interrupt);
    // Around points that are not the means: the moments have to be shifted.
    let reference = [3.0, -1.0, 0.0, 0.0];
    let found = |is_diagonal| {
        super::statistics_of_labels(&exec, &samples, Weights::Unit, &[0, 0, 1, 1], &reference, is_diagonal).unwrap()
    };
    let with = Regularization { reg_covar: 0.5, ..REGULARIZATION };
    let full = super::maximize(&found(false), Covariance::Full, with).unwrap();
    assert_eq!(full.parameters.weights, [0.5, 0.5]);
    assert_eq!(full.parameters.means, [1.0, 0.0, 10.0, 3.0]);
    assert_eq!(full.covariances, [1.5, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 4.5]);
    let tied = super::maximize(&found(false), Covariance::Tied, with).unwrap();
    assert_eq!(tied.covariances, [1.0, 0.0, 0.0, 2.5]);
    let diagonal = super::maximize(&found(true), Covariance::Diagonal, with).unwrap();
    assert_eq!(diagonal.covariances, [1.5, 0.5, 0.5, 4.5]);
    let spherical = super::maximize(&found(true), Covariance::Spherical, with).unwrap();
    assert_eq!(spherical.covariances, [1.0, 2.5]);
    assert_eq!(spherical.parameters.precisions_cholesky, [1.0, 1.0 / 2.5_f64.sqrt()]);
}

#[test]
fn a_collapsed_component_is_named_or_lifted() {
    let values = [1.0, 1.0, 1.0, 1.0, 5.0, 2.0, 3.0, 7.0, 1.0, 2.0];
    let samples = Samples::new(&values, 5, 2, Layout::RowMajor).unwrap();
    let interrupt = Interrupt::default();
    let exec = Exec::new(&interrupt);
    for covariance in [Covariance::Full, Covariance::Diagonal, Covariance::Spherical] {
        let reference = [3.0, 3.0, 1.0, 1.0];
        let found = super::statistics_of_labels(
            &exec,
            &samples,
            Weights::Unit,
            &[1, 1, 0, 0, 0],
            &reference,
            covariance.is_diagonal(),
        )
        .unwrap();
        let error = super::maximize(&found, covariance, REGULARIZATION).unwrap_err();
        assert_eq!(error, Error::Collapsed { component: 1 });
        let lifted =
            super::maximize(&found, covariance, Regularization { ridge: Some(0.25), ..REGULARIZATION }).unwrap();
        assert_eq!(lifted.collapsed, [1]);
        assert_eq!(lifted.covariances.last(), Some(&0.25));
    }
}

#[test]
fn few_values_are_fitted_as_often_as_they_occur() {
    let noise = |i: usize| (i * 2_654_435_761) >> 7;
    let bytes: Vec<u8> =
        (0..40_000).map(|i| (noise(i) % 60 + if noise(i + 1) % 3 == 0 { 120 } else { 20 }) as u8).collect();
    let floats: Vec<f64> = bytes.iter().map(|byte| f64::from(*byte)).collect();
    let start = Parameters {
        covariance: Covariance::Full,
        weights: vec![0.5, 0.5],
        means: vec![60.0, 140.0],
        precisions_cholesky: vec![0.05, 0.05],
    };
    let control = Control { max_iter: 20, tol: 0.0, lower_bound: f64::NEG_INFINITY, regularization: REGULARIZATION };
    let interrupt = Interrupt::default();
    let exec = Exec::new(&interrupt);
    let bytes = Samples::new(&bytes, 40_000, 1, Layout::RowMajor).unwrap();
    let floats = Samples::new(&floats, 40_000, 1, Layout::RowMajor).unwrap();
    let compact = super::fit(&exec, &bytes, Weights::Unit, vec![start.clone()], control, None).unwrap();
    let plain = super::fit(&exec, &floats, Weights::Unit, vec![start], control, None).unwrap();
    assert_close(&compact.lower_bounds, &plain.lower_bounds);
    assert_close(&compact.maximized.parameters.means, &plain.maximized.parameters.means);
    assert!(plain.lower_bounds.windows(2).all(|pair| pair[1] >= pair[0] - 1e-12));
}
