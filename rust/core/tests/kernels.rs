//! Every kernel at every level against the scalar oracle, bit for bit.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use clast_core::distance::{
    Assigner, Centers, Found, distances, distances_to_own, nearest_scalar, reads_rows, squared_distance,
    squared_distance_in_lanes,
};
use clast_core::simd::{Level, Tile, levels};
use clast_core::{Element, Layout, Real, Samples, moments};
use common::{fused_levels, noise, quarters, rows, run, shapes, to_planes};
use proptest::prelude::*;

fn check_nearest<T: Element>(values: &[T], n_features: usize, centers: &[f64]) {
    let samples = rows(values, n_features);
    let planes = to_planes(values, n_features);
    let planes = Samples::new(&planes, samples.n_samples(), n_features, Layout::Planes).unwrap();
    let centers = Centers::<T::Real>::new(centers, n_features).unwrap();
    for level in fused_levels() {
        for samples in [samples, planes] {
            check_assigner(level, &samples, &centers);
            if n_features > 8 {
                check_found(level, &samples, &centers);
            }
            check_distances(level, &samples, &centers);
        }
    }
}

fn check_assigner<T: Element>(level: Level, samples: &Samples<'_, T>, centers: &Centers<T::Real>) {
    let mut assigner = Assigner::new(level, centers);
    let mut labels = vec![-1; samples.n_samples()];
    let block = assigner.block();
    for (index, labels) in labels.chunks_mut(block).enumerate() {
        let range = index * block..index * block + labels.len();
        assert!(assigner.assign(samples, range.clone(), labels));
        assert!(!assigner.assign(samples, range, labels));
    }
    for (i, label) in labels.iter().enumerate() {
        assert_eq!(*label, nearest_scalar(&point(samples, i), centers.values()).0);
    }
}

fn check_found<T: Element>(level: Level, samples: &Samples<'_, T>, centers: &Centers<T::Real>) {
    let mut assigner = Assigner::new(level, centers);
    let indices: Vec<usize> = (0..samples.n_samples()).rev().collect();
    for indices in indices.chunks(assigner.block()) {
        check_bounds(samples, indices, centers, assigner.find(samples, indices));
    }
}

/// The distances found may be bounds, but they must hold.
fn check_bounds<T: Element>(
    samples: &Samples<'_, T>,
    indices: &[usize],
    centers: &Centers<T::Real>,
    found: &Found<T::Real>,
) {
    let in_lanes = reads_rows(centers.n_clusters(), centers.n_features());
    let metric = if in_lanes { squared_distance_in_lanes } else { squared_distance };
    for (i, index) in indices.iter().enumerate() {
        let point = point(samples, *index);
        let distance = |center: &[T::Real]| metric(&point, center);
        let label = nearest_scalar(&point, centers.values()).0;
        let others = centers.values().chunks_exact(samples.n_features()).enumerate();
        let second = others.filter(|(other, _)| *other != label as usize).map(|(_, center)| distance(center));
        assert_eq!(found.labels[i], label);
        assert!(found.first[i] >= distance(centers.center(label as usize)));
        assert!(second.into_iter().all(|second| found.second[i] <= second));
    }
}

/// Wherever samples were before, the centers near to that one tell the nearest; returns the share of them looked at.
fn check_near<T: Element>(values: &[T], n_features: usize, centers: &[f64], is_stray: fn(usize) -> bool) -> f64 {
    let samples = rows(values, n_features);
    let centers = Centers::<T::Real>::new(centers, n_features).unwrap();
    let indices: Vec<usize> = (0..samples.n_samples()).rev().collect();
    let mut n_distances = 0;
    for level in fused_levels() {
        check_found(level, &samples, &centers);
        let apart = centers.apart(level, usize::MAX).unwrap();
        let mut assigner = Assigner::new(level, &centers);
        let last = |index: usize| {
            if is_stray(index) {
                (index * 7919 % centers.n_clusters()) as i32
            } else {
                nearest_scalar(&point(&samples, index), centers.values()).0
            }
        };
        let indices = apart.sorted(&indices, last);
        n_distances = 0;
        for indices in indices.chunks(assigner.block()) {
            let labels: Vec<i32> = indices.iter().map(|index| last(*index)).collect();
            let found = assigner.find_near(&samples, indices, Some((&apart, &labels)));
            check_bounds(&samples, indices, &centers, found);
            n_distances += found.n_distances;
        }
    }
    n_distances as f64 / (samples.n_samples() * centers.n_clusters()) as f64
}

fn check_distances<T: Element>(level: Level, samples: &Samples<'_, T>, centers: &Centers<T::Real>) {
    let mut tile = Tile::new(samples.n_features());
    let mut found = vec![T::Real::ZERO; tile.capacity()];
    let last = centers.n_clusters() - 1;
    for start in (0..samples.n_samples()).step_by(tile.capacity()) {
        let end = (start + tile.capacity()).min(samples.n_samples());
        let labels: Vec<i32> = (start..end).map(|i| (i % centers.n_clusters()) as i32).collect();
        tile.load(level, samples, start..end);
        distances_to_own(level, tile.features(), centers, &labels, &mut found);
        for i in start..end {
            let own = centers.center(labels[i - start] as usize);
            assert_eq!(found[i - start], squared_distance(&point(samples, i), own));
        }
        distances(level, &tile, centers.center(last), &mut found);
        for i in start..end {
            assert_eq!(found[i - start], squared_distance(&point(samples, i), centers.center(last)));
        }
    }
}

fn point<T: Element>(samples: &Samples<'_, T>, index: usize) -> Vec<T::Real> {
    let mut point = vec![T::Real::ZERO; samples.n_features()];
    samples.read_row(index, &mut point);
    point
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn nearest_is_the_scalar_oracle_in_every_type((n, d, k, seed) in shapes(), offset in -1e6_f64..1e6) {
        let unit = noise(n * d, seed);
        let centers: Vec<f64> = noise(k * d, seed ^ 1).iter().map(|x| x * 200.0).collect();
        let shifted: Vec<f64> = centers.iter().map(|x| x + offset).collect();
        check_nearest(&unit.iter().map(|x| x * 200.0 + offset).collect::<Vec<f64>>(), d, &shifted);
        check_nearest(&unit.iter().map(|x| (x * 200.0 + offset) as f32).collect::<Vec<f32>>(), d, &shifted);
        check_nearest(&unit.iter().map(|x| (x * 128.0 + 127.0) as u8).collect::<Vec<u8>>(), d, &centers);
        check_nearest(&unit.iter().map(|x| (x * 32767.0) as i16).collect::<Vec<i16>>(), d, &centers);
        check_nearest(&unit.iter().map(|x| (x * 32767.0 + 32767.0) as u16).collect::<Vec<u16>>(), d, &centers);
    }

    /// Centers in clumps, at an offset, so far out that squares overflow or so small that they have no full precision; on a
    /// lattice, where ties are exact and many.
    #[test]
    fn centers_nearby_tell_the_nearest(
        (n, d, k, seed) in (1_usize..80, 9_usize..40, 96_usize..200, any::<u64>()),
        offset in prop_oneof![Just(0.0), Just(1000.0), Just(-1e6)],
        spread in prop_oneof![Just(1.0), Just(1e-22), Just(1e18), Just(1e25)],
        step in prop_oneof![Just(0.5), Just(1e-6)],
    ) {
        let clumps = noise(12 * d, seed);
        let place = |i: usize, x: f64, f: usize| {
            let clump = clumps[i % 12 * d + f];
            (((4.0 * clump + x) / step).round() * step + offset) * spread
        };
        let scatter = |count: usize, seed: u64| -> Vec<f64> {
            noise(count * d, seed).iter().enumerate().map(|(at, x)| place(at / d, *x, at % d)).collect()
        };
        let (centers, mut values) = (scatter(k, seed ^ 1), scatter(n, seed ^ 2));
        // Some samples lie at centers: the second nearest is then often among those not looked at.
        for (value, center) in values.chunks_exact_mut(d).zip(centers.chunks_exact(d)).step_by(4) {
            value.copy_from_slice(center);
        }
        check_near(&values, d, &centers, |index| index % 3 == 0);
        check_near(&values.iter().map(|x| *x as f32).collect::<Vec<f32>>(), d, &centers, |index| index % 3 == 0);
    }

    #[test]
    fn ties_go_to_the_lowest_label((n, d, k, seed) in shapes()) {
        let centers = quarters(k, d, seed);
        let twice: Vec<f64> = centers.iter().chain(&centers).copied().collect();
        check_nearest(&quarters(n, d, seed ^ 1), d, &twice);
    }

    #[test]
    fn moments_are_those_of_two_plain_passes((n, d, _, seed) in shapes(), offset in -1e8_f64..1e8) {
        let values: Vec<f64> = noise(n * d, seed).iter().map(|x| x + offset).collect();
        let found = run(|exec| moments::feature_moments(exec, &rows(&values, d))).unwrap();
        for f in 0..d {
            let column: Vec<f64> = values.iter().skip(f).step_by(d).map(|x| x - offset).collect();
            let mean = column.iter().sum::<f64>() / n as f64;
            let variance = column.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n as f64;
            // The offset itself rounds the values to about 1e-8.
            prop_assert!((found.mean[f] - offset - mean).abs() < 1e-7);
            prop_assert!((found.variance[f] - variance).abs() < 1e-7);
        }
    }
}

/// A palindrome is as far from a center as from that one's mirror image, but sums of their differences round apart: which is
/// nearer depends on the arithmetic, which must be the same whether all centers are looked at or some.
#[test]
fn centers_nearby_are_measured_as_all_are() {
    let (n, d, k) = (600, 24, 128);
    let halves: Vec<f64> = noise(k / 2 * d, 1);
    let mirrored = |row: &[f64]| row.iter().rev().copied().collect::<Vec<_>>();
    let centers: Vec<f64> = halves.chunks(d).flat_map(|row| [row.to_vec(), mirrored(row)]).flatten().collect();
    let drift = noise(n * d, 2);
    let values: Vec<f32> = drift
        .chunks(d)
        .enumerate()
        .flat_map(|(i, drift)| {
            let near =
                halves[i % (k / 2) * d..][..d].iter().zip(drift).map(|(x, drift)| x + 0.1 * drift).collect::<Vec<_>>();
            near.iter().zip(mirrored(&near)).map(|(x, y)| (x + y) as f32).collect::<Vec<_>>()
        })
        .collect();
    let samples = rows(&values, d);
    let centers = Centers::<f32>::new(&centers, d).unwrap();
    for level in levels() {
        let apart = centers.apart(level, usize::MAX).unwrap();
        let mut assigner = Assigner::new(level, &centers);
        let (block, all) = (assigner.block(), (0..n).collect::<Vec<_>>());
        let mut labels = Vec::new();
        for indices in all.chunks(block) {
            labels.extend_from_slice(&assigner.find(&samples, indices).labels[..indices.len()]);
        }
        for indices in apart.sorted(&all, |index| labels[index]).chunks(block) {
            let expected: Vec<i32> = indices.iter().map(|index| labels[*index]).collect();
            let found = assigner.find_near(&samples, indices, Some((&apart, &expected)));
            assert_eq!(found.labels[..indices.len()], expected, "{level:?}");
        }
    }
}

/// Of 12 clumps of 16 centers, samples that stay where they are look at few.
#[test]
fn centers_far_away_are_not_looked_at() {
    let clumps = noise(12 * 20, 1);
    let scatter = |count: usize, seed: u64| -> Vec<f64> {
        noise(count * 20, seed)
            .iter()
            .enumerate()
            .map(|(at, x)| 50.0 * clumps[at / 20 % 12 * 20 + at % 20] + x)
            .collect()
    };
    let share = check_near(&scatter(480, 2), 20, &scatter(192, 3), |_| false);
    assert!(share < 0.2, "{share} of the centers looked at");
}

#[test]
fn labels_of_wide_values_are_exact() {
    let centers: Vec<f64> = (0..5000).map(f64::from).collect();
    let values: Vec<f64> = (0..5000).rev().map(f64::from).collect();
    check_nearest(&values, 1, &centers);
    check_nearest(&values.iter().map(|x| *x as f32).collect::<Vec<f32>>(), 1, &centers);
}
