//! Histograms against counting one by one, and multi-level Otsu against summing all sets of thresholds.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use clast_core::histogram::{Tabulated, count_between, count_values, weigh_values};
use clast_core::multiotsu::{MAX_BINS, multiotsu};
use clast_core::{Error, Exec, Interrupt, simd};
use common::{noise, run, run_at};
use proptest::prelude::*;

/// All sets in lexicographic order, each summed as scikit-image does; the first of the best.
fn multiotsu_scalar(frequencies: &[f32], n_classes: usize) -> Vec<usize> {
    let (mut zeroth, mut first) = (vec![0.0], vec![0.0]);
    for (bin, frequency) in frequencies.iter().enumerate() {
        zeroth.push(zeroth[bin] + frequency);
        first.push(first[bin] + bin.max(1) as f32 * frequency);
    }
    let class = |begin: usize, end: usize| -> f32 {
        let (weight, moment) = (zeroth[end + 1] - zeroth[begin], first[end + 1] - first[begin]);
        if weight > 0.0 && (begin, end) != (0, 0) { moment * moment / weight } else { 0.0 }
    };
    let (n_bins, n_thresholds) = (frequencies.len(), n_classes - 1);
    let mut set: Vec<usize> = (0..n_thresholds).collect();
    let mut best = (0.0, set.clone());
    loop {
        let mut sum = class(0, set[0]) + class(set[n_thresholds - 1] + 1, n_bins - 1);
        for pair in set.windows(2) {
            sum += class(pair[0] + 1, pair[1]);
        }
        if sum > best.0 {
            best = (sum, set.clone());
        }
        let Some(raised) = (0..n_thresholds).rev().find(|i| set[*i] + 1 < n_bins - (n_thresholds - i)) else {
            return best.1;
        };
        let value = set[raised] + 1;
        for (i, place) in set[raised..].iter_mut().enumerate() {
            *place = value + i;
        }
    }
}

/// Frequencies in which as many bins are not empty as there are classes or more, the outermost among them. The heavier
/// the outermost bins, the more of the rest is lost in rounding.
fn frequencies() -> impl Strategy<Value = (Vec<f32>, usize)> {
    let bin = prop_oneof![3 => 1_u64..50, 2 => Just(0_u64), 1 => 1_u64..5000];
    let heavy = prop_oneof![2 => Just(1_u64), 1 => Just(100_000), 1 => Just(1 << 30)];
    (proptest::collection::vec(bin, 4..20), 2_usize..6, heavy, any::<bool>()).prop_map(
        |(mut counts, k, heavy, shares)| {
            let last = counts.len() - 1;
            counts[0] = counts[0].max(1) * heavy;
            counts[last] = counts[last].max(1) * heavy;
            let total: f64 = if shares { counts.iter().sum::<u64>() as f64 } else { 1.0 };
            let n_filled = counts.iter().filter(|count| **count > 0).count();
            (counts.iter().map(|count| (*count as f64 / total) as f32).collect(), k.min(n_filled))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn the_set_is_the_first_of_the_best((frequencies, n_classes) in frequencies()) {
        let found = run(|exec| multiotsu(exec, &frequencies, n_classes)).unwrap();
        prop_assert_eq!(found, multiotsu_scalar(&frequencies, n_classes));
    }
}

#[test]
fn many_bins_and_threads_make_no_difference() {
    let frequencies: Vec<f32> = noise(700, 2).iter().map(|x| (x + 1.0) as f32).collect();
    let expected = multiotsu_scalar(&frequencies, 3);
    for n_threads in [1, 2, 5] {
        assert_eq!(run_at(simd::level(), n_threads, |exec| multiotsu(exec, &frequencies, 3)).unwrap(), expected);
    }
}

#[test]
fn histograms_that_cannot_be_divided() {
    let refusal =
        |frequencies: &[f32], n_classes| run(|exec| multiotsu(exec, frequencies, n_classes)).unwrap_err().to_string();
    let needed = "must be between 2 and 2, the bins not empty";
    assert_eq!(refusal(&[1.0, 0.0, 3.0], 3), format!("'n_classes' is 3, but {needed}"));
    assert_eq!(refusal(&[1.0, 0.0, 3.0], 1), format!("'n_classes' is 1, but {needed}"));
    assert_eq!(refusal(&vec![1.0; MAX_BINS + 1], 2), "'n_bins' is 4097, but must be at most 4096");
    for wrong in [-1.0, f32::NAN, f32::INFINITY, 1e30] {
        assert!(refusal(&[1.0, wrong, 3.0, 4.0], 2).starts_with("'frequencies' is "));
    }
}

fn check_counts<T: Tabulated + PartialEq>(values: &[T]) {
    let counts = run_at(simd::level(), 3, |exec| count_values(exec, values)).unwrap();
    let weights: Vec<f64> = noise(values.len(), 9).iter().map(|x| (x * 64.0).round()).collect();
    let sums = run_at(simd::level(), 3, |exec| weigh_values(exec, values, &weights)).unwrap();
    assert_eq!((counts.len(), sums.len()), (T::N_SLOTS, T::N_SLOTS));
    let mut expected = vec![(0, 0.0); T::N_SLOTS];
    for (value, weight) in values.iter().zip(&weights) {
        let entry = &mut expected[value.slot()];
        *entry = (entry.0 + 1, entry.1 + weight);
        assert_eq!(f64::from(T::in_slot(value.slot())).to_bits(), value.to_real::<f64>().to_bits());
    }
    assert_eq!(counts.into_iter().zip(sums).collect::<Vec<_>>(), expected);
}

#[test]
fn every_value_is_counted_in_its_slot() {
    let unit = noise(300_007, 4);
    check_counts(&unit.iter().map(|x| (x * 128.0 + 128.0) as u8).collect::<Vec<u8>>());
    check_counts(&unit.iter().map(|x| (x * 32768.0) as i16).collect::<Vec<i16>>());
    check_counts(&unit.iter().map(|x| (x * 32768.0 + 32768.0) as u16).collect::<Vec<u16>>());
    check_counts(&[i16::MIN, i16::MAX, -1, 0]);
}

proptest! {
    #[test]
    fn values_lie_between_the_edges_of_their_bin(n in 1_usize..300, n_bins in 1_usize..40, seed: u64, low in -1e3_f64..1e3,
                                                 step in 1e-9..10.0) {
        let edges: Vec<f64> = (0..=n_bins).map(|i| low + i as f64 * step).collect();
        prop_assume!(edges.windows(2).all(|pair| pair[0] < pair[1]));
        // Half of the values are edges, where rounding is most likely to choose the wrong bin.
        let inside = noise(n, seed).into_iter().map(|x| (low + (x + 1.0) * 0.5 * (edges[n_bins] - low)).min(edges[n_bins]));
        let values: Vec<f64> = inside.chain(edges.iter().copied()).collect();
        let counts = run(|exec| count_between(exec, &values, &edges)).unwrap();
        let within = |bin: usize, x: f64| edges[bin] <= x && (x < edges[bin + 1] || bin + 1 == n_bins);
        let expected = (0..n_bins).map(|bin| values.iter().filter(|x| within(bin, **x)).count() as u64);
        prop_assert_eq!(counts, expected.collect::<Vec<_>>());
    }
}

#[test]
fn edges_must_ascend() {
    for edges in [&[][..], &[1.0], &[1.0, 1.0], &[0.0, f64::NAN], &[0.0, f64::INFINITY], &[2.0, 1.0]] {
        let refused = run(|exec| count_between(exec, &[1.0], edges)).unwrap_err().to_string();
        assert_eq!(
            refused,
            format!("'edges' is {} numbers, but must be two or more, ascending and finite", edges.len())
        );
    }
}

#[test]
fn a_raised_flag_stops_them() {
    let interrupt = Interrupt::default();
    interrupt.raise();
    let exec = Exec::new(&interrupt);
    assert_eq!(count_values(&exec, &[1_u8]), Err(Error::Interrupted));
    assert_eq!(weigh_values(&exec, &[1_u8], &[1.0]), Err(Error::Interrupted));
    assert_eq!(count_between(&exec, &[1.0], &[0.0, 2.0]), Err(Error::Interrupted));
    assert_eq!(multiotsu(&exec, &[1.0; 9], 4), Err(Error::Interrupted));
}
