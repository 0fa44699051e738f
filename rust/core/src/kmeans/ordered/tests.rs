//! A pass over ordered samples gives the labels of a plain one, whatever the values.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use proptest::prelude::*;

use super::{Order, OrderedPass};
use crate::distance::{Centers, nearest_scalar};
use crate::features::MAX_FEATURES;
use crate::kmeans::sums::Sums;
use crate::{Element, Exec, Interrupt, Layout, Real, Samples, Weights};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Huge offsets, tiny and huge spreads, values without full precision, squares that overflow; few steps make many
    /// ties, and centers on and between samples make some of them exact.
    #[test]
    fn bounds_allow_for_rounding(
        (n, d) in (1_usize..1500, 1..=MAX_FEATURES),
        k in 1_usize..20,
        noise in prop::collection::vec(-1.0..1.0, 1500 * MAX_FEATURES),
        spread in prop_oneof![Just(1e-42), Just(1e-30), Just(1e-3), Just(1.0), Just(1e18), Just(3e19), Just(1e30)],
        offset in prop_oneof![Just(0.0), Just(1.0), Just(1e7)],
        steps in prop_oneof![Just(3.0), Just(1e3), Just(1e9)],
    ) {
        let place = |x: &f64| ((x * steps).round() / steps + offset) * spread;
        let values: Vec<f64> = noise[..n * d].iter().map(place).collect();
        let narrow: Vec<f32> = values.iter().map(|x| *x as f32).collect();
        let centers: Vec<f64> = noise[noise.len() - k * d..].iter().map(|x| place(&(x / 2.0))).collect();
        labels_are_those_of_a_plain_loop(&values, d, &centers);
        labels_are_those_of_a_plain_loop(&narrow, d, &centers);
    }
}

fn labels_are_those_of_a_plain_loop<T: Element>(values: &[T], n_features: usize, centers: &[f64]) {
    let samples = Samples::new(values, values.len() / n_features, n_features, Layout::RowMajor).unwrap();
    let centers = Centers::<T::Real>::new(centers, n_features).unwrap();
    let interrupt = Interrupt::default();
    let exec = Exec::new(&interrupt);
    let order = Arc::new(Order::new(&exec, &samples, Weights::Unit).unwrap());
    let mut labels = vec![-1; samples.n_samples()];
    let mut pass = OrderedPass::new(order, None, centers.n_clusters());
    pass.assign_and_sum(&exec, &centers, &mut Sums::new(centers.n_clusters(), n_features)).unwrap();
    pass.restore(&mut labels);
    let mut row = vec![T::Real::ZERO; n_features];
    for (index, label) in labels.iter().enumerate() {
        samples.read_row(index, &mut row);
        assert_eq!(*label, nearest_scalar(&row, centers.values()).0, "sample {index}");
    }
}
