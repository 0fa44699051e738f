//! Drawn rows against numpy's way to find them: a complete cumulative sum, divided by its last value.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use clast_core::choice::{Probabilities, block_sums, choose_rows};
use clast_core::{Error, Result};
use common::{noise, run, run_at};
use proptest::prelude::*;

fn choose(probabilities: Probabilities<'_>, draws: &[f64]) -> Result<Vec<i64>> {
    let mut rows = vec![-1; draws.len()];
    run(|exec| choose_rows(exec, probabilities, &block_sums(exec, probabilities)?, draws, &mut rows))?;
    Ok(rows)
}

fn choose_plain(probabilities: &[f64], draws: &[f64]) -> Vec<i64> {
    let mut sum = 0.0;
    let mut sums: Vec<f64> = probabilities.iter().map(|p| (sum += p, sum).1).collect();
    for value in &mut sums {
        *value /= sum;
    }
    draws.iter().map(|draw| sums.iter().position(|sum| sum > draw).unwrap() as i64).collect()
}

/// Uniform draws, and those on the borders between rows, where the last bit decides.
fn draws(probabilities: &[f64], seed: u64) -> Vec<f64> {
    let total: f64 = probabilities.iter().sum();
    let mut sum = 0.0;
    let borders = probabilities.iter().map(|p| (sum += p, sum / total).1);
    let near = borders.flat_map(|border| [border.next_down(), border, border.next_up()]);
    noise(200, seed).into_iter().map(f64::abs).chain(near).filter(|draw| *draw < 1.0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn equal_probabilities(n_samples in 1_usize..3000, seed in any::<u64>()) {
        let each = 1.0 / n_samples as f64;
        let plain = vec![each; n_samples];
        let draws = draws(&plain, seed);
        let found = choose(Probabilities::Equal { n_samples, each }, &draws).unwrap();
        prop_assert_eq!(found, choose_plain(&plain, &draws));
    }

    #[test]
    fn given_probabilities(n_samples in 1_usize..3000, seed in any::<u64>(), power in 0_i32..40) {
        // High powers leave nearly all the weight to few samples, and every fifth has none at all.
        let weights = noise(n_samples, seed).into_iter().enumerate();
        let plain: Vec<f64> = weights.map(|(i, x)| if i % 5 == 1 { 0.0 } else { x.abs().powi(power) }).collect();
        let draws = draws(&plain, seed ^ 1);
        let found = choose(Probabilities::Each(&plain), &draws).unwrap();
        prop_assert_eq!(found, choose_plain(&plain, &draws));
    }
}

#[test]
fn threads_do_not_change_a_row() {
    let probabilities: Vec<f64> = noise(50_000, 3).into_iter().map(f64::abs).collect();
    let draws: Vec<f64> = noise(20_000, 4).into_iter().map(f64::abs).collect();
    let probabilities = Probabilities::Each(&probabilities);
    let level = clast_core::simd::level();
    let many = run_at(level, 4, |exec| {
        let mut rows = vec![-1; draws.len()];
        choose_rows(exec, probabilities, &block_sums(exec, probabilities).unwrap(), &draws, &mut rows).map(|()| rows)
    });
    assert_eq!(many, choose(probabilities, &draws));
}

#[test]
fn draws_out_of_range_give_a_row() {
    for draw in [1.0, 7.0, f64::INFINITY, f64::NAN] {
        let found = choose(Probabilities::Equal { n_samples: 100, each: 0.01 }, &[draw, -draw]).unwrap();
        assert!(found.iter().all(|row| (0..100).contains(row)));
    }
}

#[test]
fn wrong_input_is_named() {
    let message = |error: Error| error.to_string();
    assert_eq!(
        message(choose(Probabilities::Each(&[]), &[0.5]).unwrap_err()),
        "'n_samples' is 0, but must be at least 1"
    );
    let failed = |sums: &[f64], rows: &mut [i64]| {
        let probabilities = Probabilities::Equal { n_samples: 33, each: 1.0 / 33.0 };
        message(run(|exec| choose_rows(exec, probabilities, sums, &[0.5], rows)).unwrap_err())
    };
    assert_eq!(failed(&[1.0], &mut [0]), "'sums' has 1 blocks, but 2 are needed");
    assert_eq!(failed(&[0.9, 1.0], &mut []), "'rows' has 0 rows, but 1 are needed");
}
