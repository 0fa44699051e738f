//! Silhouettes against the plainest possible loops, at every level.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::{silhouettes, silhouettes_of_rows, simplified_silhouettes};
use crate::simd::{is_fused, levels};
use crate::{Exec, Interrupt, Layout, Samples, Weights};

/// Samples on a grid, so that some are equal, with labels that are all taken.
#[derive(Debug, Clone)]
struct Case {
    n_features: usize,
    n_clusters: usize,
    values: Vec<f64>,
    labels: Vec<i32>,
    weights: Vec<f64>,
}

impl Case {
    fn samples(&self) -> Samples<'_, f64> {
        Samples::new(&self.values, self.labels.len(), self.n_features, Layout::RowMajor).unwrap()
    }

    fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.n_features..][..self.n_features]
    }

    fn mean_distance(&self, i: usize, cluster: i32) -> f64 {
        let members = (0..self.labels.len()).filter(|j| self.labels[*j] == cluster);
        let (sum, total) = members.fold((0.0, 0.0), |(sum, total), j| {
            (sum + self.weights[j] * distance(self.row(i), self.row(j)), total + self.weights[j])
        });
        // One of all samples equal to it.
        let own = if self.labels[i] == cluster { self.weight_of_equal(i).min(1.0) } else { 0.0 };
        match total - own {
            others if others > 0.0 => sum / others,
            _ => f64::INFINITY,
        }
    }

    fn weight_of_equal(&self, i: usize) -> f64 {
        let is_equal = |j: &usize| self.labels[*j] == self.labels[i] && self.row(*j) == self.row(i);
        (0..self.labels.len()).filter(is_equal).map(|j| self.weights[j]).sum()
    }

    fn silhouette(&self, i: usize) -> f64 {
        let own = self.mean_distance(i, self.labels[i]);
        let others = (0..self.n_clusters as i32).filter(|cluster| *cluster != self.labels[i]);
        let other = others.map(|cluster| self.mean_distance(i, cluster)).fold(f64::INFINITY, f64::min);
        if own.max(other).is_infinite() || own.max(other) == 0.0 { 0.0 } else { (other - own) / own.max(other) }
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

fn cases() -> impl Strategy<Value = Case> {
    let shape = (2_usize..400, prop_oneof![1_usize..=9, Just(13), Just(40)], 2_usize..9);
    shape.prop_flat_map(|(n, d, k)| {
        let k = k.min(n);
        let values = prop::collection::vec((-8_i8..8).prop_map(|x| f64::from(x) / 4.0 + 100.0), n * d);
        let labels = prop::collection::vec(0..k as i32, n - k);
        (values, labels, prop::collection::vec(0_u8..4, n)).prop_map(move |(values, labels, weights)| Case {
            n_features: d,
            n_clusters: k,
            values,
            labels: (0..k as i32).chain(labels).collect(),
            weights: weights.into_iter().map(f64::from).collect(),
        })
    })
}

fn close(found: &[f64], expected: impl Iterator<Item = f64>) -> bool {
    found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn silhouettes_are_those_of_plain_loops(mut case in cases(), weighted in any::<bool>()) {
        if !weighted {
            case.weights.fill(1.0);
        }
        let n = case.labels.len();
        let weights = if weighted { Weights::Each(&case.weights) } else { Weights::Unit };
        let rows: Vec<i64> = (0..n as i64).rev().step_by(3).collect();
        let interrupt = Interrupt::default();
        let mut bits = Vec::new();
        for level in levels() {
            let exec = Exec { level, interrupt: &interrupt };
            let found = silhouettes(&exec, &case.samples(), &case.labels, case.n_clusters, weights).unwrap();
            prop_assert!(close(&found, (0..n).map(|i| case.silhouette(i))));
            let some = silhouettes_of_rows(&exec, &case.samples(), &case.labels, case.n_clusters, weights, &rows);
            prop_assert!(close(&some.unwrap(), rows.iter().map(|i| case.silhouette(*i as usize))));
            if is_fused(level) {
                bits.push(found.into_iter().map(f64::to_bits).collect::<Vec<_>>());
            }
        }
        prop_assert!(bits.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn simplified_silhouettes_are_those_of_plain_loops(case in cases()) {
        let centers = &case.values[..case.n_clusters * case.n_features];
        let interrupt = Interrupt::default();
        for level in levels() {
            let exec = Exec { level, interrupt: &interrupt };
            let found = simplified_silhouettes(&exec, &case.samples(), &case.labels, centers).unwrap();
            for (i, found) in found.iter().enumerate() {
                let to_center = |cluster: usize| distance(case.row(i), case.row(cluster));
                let own = to_center(case.labels[i] as usize);
                let others = (0..case.n_clusters).filter(|cluster| *cluster != case.labels[i] as usize);
                let other = others.map(to_center).fold(f64::INFINITY, f64::min);
                let expected = if own.max(other) > 0.0 { (other - own) / own.max(other) } else { 0.0 };
                prop_assert!((found - expected).abs() < 1e-12);
            }
        }
    }
}

/// More samples than one band of rows holds, of which the first cluster fills more than one.
#[test]
fn bands_meet_all_samples() {
    let n = 20_000;
    let values: Vec<f64> = (0..2 * n).map(|i| f64::from((i * 7919_i32) % 10_007)).collect();
    let labels: Vec<i32> = (0..n).map(|i| i32::from(i % 10 == 0)).collect();
    let case = Case { n_features: 2, n_clusters: 2, values, weights: vec![1.0; labels.len()], labels };
    let interrupt = Interrupt::default();
    let found = silhouettes(&Exec::new(&interrupt), &case.samples(), &case.labels, 2, Weights::Unit).unwrap();
    for i in [0, 1, 9_999, 10_000, 19_999] {
        assert!((found[i] - case.silhouette(i)).abs() < 1e-12);
    }
}
