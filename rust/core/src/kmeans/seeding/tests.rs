//! The kernels of a scan at every level against plain loops, bit for bit.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::block::Block;
use super::boxes::{UNBOUNDED, least_distances, measure};
use super::distances::LANES;
use super::kernels::Summary;
use super::part::first_reaching;
use super::points::Points;
use super::scan::{Labels, Scan};
use crate::distance::{squared_distance, squared_distance_in_lanes};
use crate::simd::{Level, Tile, is_fused, levels};
use crate::{Layout, Samples, Weights};

/// Numbers of features that have kernels of their own, and numbers of samples that fill blocks and do not.
const FEATURES: [usize; 14] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 23, 24, 32, 33, 200];
const SAMPLES: [usize; 3] = [1, 16, 255];

const NOTHING: Summary = Summary { potential: 0.0, farthest: 0.0 };

fn fused_levels() -> impl Iterator<Item = Level> {
    levels().into_iter().filter(|level| is_fused(*level))
}

/// Uniform numbers in [-1, 1).
fn noise(count: usize, seed: u64) -> Vec<f64> {
    let mut state = 2 * seed + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn distance(point: &[f64], center: &[f64]) -> f64 {
    match Block::new(point.len()) {
        Block::Columns { .. } => squared_distance(point, center),
        Block::Rows { .. } => squared_distance_in_lanes(point, center),
    }
}

fn closest_scalar(values: &[f64], n_features: usize, centers: &[f64]) -> Vec<f64> {
    let nearest = |x: &[f64]| centers.chunks_exact(n_features).map(|c| distance(x, c)).fold(f64::INFINITY, f64::min);
    values.chunks_exact(n_features).map(nearest).collect()
}

/// Lane `i % 8` adds sample `i`, halves are added last.
fn summary_scalar(values: &[f64], center: &[f64], closest: &[f64], weights: Weights<'_>) -> Summary {
    let mut lanes = [0.0; LANES];
    let mut farthest = 0.0_f64;
    for (i, (x, old)) in values.chunks_exact(center.len()).zip(closest).enumerate() {
        let new = old.min(distance(x, center));
        lanes[i % LANES] = new.mul_add(weights.get(i), lanes[i % LANES]);
        farthest = farthest.max(new);
    }
    let quarter: [f64; 4] = std::array::from_fn(|i| lanes[i] + lanes[i + 4]);
    Summary { potential: (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]), farthest }
}

fn push_all(points: &mut Points, values: &[f64], n_features: usize) {
    values.chunks_exact(n_features).for_each(|point| points.push(point));
}

/// Samples of one block against several numbers of centers and candidates.
fn check_scan(level: Level, n_samples: usize, n_features: usize, scale: f64, weights: Weights<'_>) {
    let scaled = |count, seed| noise(count, seed).iter().map(|x| x * scale).collect::<Vec<f64>>();
    let d = n_features;
    let values = scaled(n_samples * d, 1);
    let samples = Samples::new(&values, n_samples, n_features, Layout::RowMajor).unwrap();
    let mut scan = Scan::new(level, &samples, weights);
    scan.load(0..n_samples);
    let (center_values, candidate_values) = (scaled(40 * d, 2), scaled(5 * d, 3));
    let (mut centers, mut candidates) = (scan.points(40), scan.points(5));
    push_all(&mut candidates, &candidate_values, d);
    let (mut labels, sides) = (Labels::default(), vec![UNBOUNDED; scan.n_sides()]);
    // More centers than can do without labels, then a few more that can, then many.
    for range in [0..3, 3..20, 20..22, 22..40] {
        push_all(&mut centers, &center_values[range.start * d..range.end * d], d);
        let expected = closest_scalar(&values, d, &center_values[..range.end * d]);
        assert_eq!(scan.closest(&sides, f64::INFINITY, &centers, &mut labels), expected);
        assert!(scan.is_promising(&sides, f64::INFINITY, &candidates));
        let mut found = vec![NOTHING; 5];
        scan.summarize(&candidates, &mut found);
        let center = candidate_values.chunks_exact(d);
        assert_eq!(found, center.map(|c| summary_scalar(&values, c, &expected, weights)).collect::<Vec<_>>());
    }
}

#[test]
fn scans_are_the_scalar_oracle() {
    for level in fused_levels() {
        for n_features in FEATURES {
            for n_samples in SAMPLES.map(|n| n.min(Block::new(n_features).capacity())) {
                let weights: Vec<f64> = noise(n_samples, 4).iter().map(|x| x.abs()).collect();
                check_scan(level, n_samples, n_features, 3.0, Weights::Unit);
                check_scan(level, n_samples, n_features, 3.0, Weights::Each(&weights));
            }
        }
    }
}

#[test]
fn squares_may_overflow_or_vanish() {
    for level in fused_levels() {
        for n_features in [1, 3, 12, 30] {
            check_scan(level, 20, n_features, 1e200, Weights::Unit);
            check_scan(level, 20, n_features, 1e-170, Weights::Unit);
        }
    }
}

#[test]
fn centers_beyond_the_last_label_are_found() {
    let values = noise(16, 1);
    let samples = Samples::new(&values, 16, 1, Layout::RowMajor).unwrap();
    // The samples themselves come after the centers that labels can name.
    let center_values = [noise(65_536, 2), values.clone(), noise(1, 3)].concat();
    for level in fused_levels() {
        let mut scan = Scan::new(level, &samples, Weights::Unit);
        scan.load(0..16);
        let (mut centers, mut labels) = (scan.points(65_553), Labels::default());
        for range in [0..65_536, 65_536..65_552, 65_552..65_553] {
            push_all(&mut centers, &center_values[range.clone()], 1);
            let expected = closest_scalar(&values, 1, &center_values[..range.end]);
            assert_eq!(scan.closest(&[UNBOUNDED], f64::INFINITY, &centers, &mut labels), expected);
        }
    }
}

#[test]
fn no_sample_comes_below_the_distance_of_its_box() {
    for (n_features, scale) in FEATURES.into_iter().zip([1.0, 1e-3, 1e9, 1e300].into_iter().cycle()) {
        let values: Vec<f64> = noise(100 * n_features, 1).iter().map(|x| x * scale).collect();
        let samples = Samples::new(&values, 100, n_features, Layout::RowMajor).unwrap();
        let point_values: Vec<f64> = noise(21 * n_features, 2).iter().map(|x| 2.0 * x * scale).collect();
        let mut points = Points::new(21, n_features, n_features);
        push_all(&mut points, &point_values, n_features);
        for level in fused_levels() {
            let mut tile = Tile::new(n_features);
            let n_samples = tile.capacity().min(100);
            tile.load(level, &samples, 0..n_samples);
            let (mut sides, mut least) = (vec![UNBOUNDED; n_features], Vec::new());
            measure(level, tile.features(), n_samples, &mut sides);
            for (f, [low, high]) in sides.iter().enumerate() {
                let column: Vec<f64> = (0..n_samples).map(|i| values[i * n_features + f]).collect();
                assert!(column.iter().all(|x| f64::from(*low) <= *x && *x <= f64::from(*high)));
                // No wider than a float32 can help.
                assert!(column.iter().any(|x| *x < f64::from(low.next_up())));
                assert!(column.iter().any(|x| *x > f64::from(high.next_down())));
            }
            least_distances(level, &sides, &points, 3, &mut least);
            assert_eq!(least.len(), 18);
            for (point, least) in point_values.chunks_exact(n_features).skip(3).zip(&least) {
                let bounded = values.chunks_exact(n_features).take(n_samples);
                assert!(bounded.clone().all(|x| *least <= squared_distance(x, point)));
                let is_inside = point.iter().zip(&sides).all(|(x, [l, h])| f64::from(*l) <= *x && *x <= f64::from(*h));
                assert_eq!(is_inside, *least == 0.0);
            }
        }
    }
}

#[test]
fn a_candidate_beyond_the_box_is_not_promising() {
    let values = [0.0, 1.0, 2.0, 3.0];
    let samples = Samples::new(&values, 4, 1, Layout::RowMajor).unwrap();
    for level in fused_levels() {
        let mut scan = Scan::new(level, &samples, Weights::Unit);
        let (mut centers, mut candidates) = (scan.points(1), scan.points(2));
        let sides = [[0.0, 3.0]];
        push_all(&mut candidates, &[5.0], 1);
        assert!(!scan.is_promising(&sides, 4.0, &candidates));
        assert!(scan.is_promising(&sides, 4.0_f64.next_up(), &candidates));
        push_all(&mut candidates, &[1.0], 1);
        assert!(scan.is_promising(&sides, 4.0, &candidates));
        scan.load(0..4);
        push_all(&mut centers, &[2.0], 1);
        assert_eq!(scan.closest(&sides, 4.0, &centers, &mut Labels::default()), [4.0, 1.0, 0.0, 1.0]);
        let mut found = [NOTHING; 2];
        scan.summarize(&candidates, &mut found);
        assert_eq!(found, [NOTHING, Summary { potential: 2.0, farthest: 1.0 }]);
    }
}

#[test]
fn a_center_as_far_as_the_farthest_sample_is_near() {
    let samples = Samples::new(&[1.0; 4], 4, 1, Layout::RowMajor).unwrap();
    for level in fused_levels() {
        let mut scan = Scan::new(level, &samples, Weights::Unit);
        let mut centers = scan.points(1);
        push_all(&mut centers, &[3.0], 1);
        scan.load(0..4);
        assert_eq!(scan.closest(&[[1.0, 1.0]], 4.0, &centers, &mut Labels::default()), [4.0; 4]);
    }
}

#[test]
fn a_target_is_reached_or_the_last_term_taken() {
    let terms = [0.0, 2.0, 0.0, 3.0, 0.0];
    let reached = |target| first_reaching(terms.into_iter(), 1.0, target);
    assert_eq!(reached(0.0), (0, 1.0));
    assert_eq!(reached(1.5), (1, 1.0));
    assert_eq!(reached(3.0), (1, 1.0));
    assert_eq!(reached(3.5), (3, 3.0));
    assert_eq!(reached(6.5), (3, 3.0));
    assert_eq!(first_reaching([0.0, 0.0].into_iter(), 0.0, f64::NAN), (0, 0.0));
}
