//! Every way of computing a statistic against the plainest possible one, at every level.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::ops::Range;

use proptest::prelude::*;

use super::{Grid, Pixel, Plane, Statistic, statistics};
use crate::simd::{is_fused, levels};
use crate::{Error, Exec, Interrupt};

const ALL: [Statistic; 15] = [
    Statistic::Count,
    Statistic::Mean,
    Statistic::Var,
    Statistic::Std,
    Statistic::RelativeStd,
    Statistic::Min,
    Statistic::Max,
    Statistic::Range,
    Statistic::Skewness,
    Statistic::Kurtosis,
    Statistic::Quantile(0.3),
    Statistic::Quantile(0.5),
    Statistic::Iqr,
    Statistic::Mode,
    Statistic::Entropy,
];

/// Intervals of a size every so many pixels.
fn intervals(length: usize, size: usize, stride: usize) -> Vec<Range<usize>> {
    let size = size.min(length);
    (0..=length - size).step_by(stride).map(|start| start..start + size).collect()
}

fn grid(plane: [usize; 2], sizes: [usize; 2], strides: [usize; 2]) -> Grid {
    Grid::new(intervals(plane[0], sizes[0], strides[0]), intervals(plane[1], sizes[1], strides[1])).unwrap()
}

/// The statistics of [`ALL`] from sorted values, in order.
fn plain(values: &[f64]) -> Vec<f64> {
    let n = values.len() as f64;
    if values.is_empty() {
        return [0.0].into_iter().chain([f64::NAN; 14]).collect();
    }
    let mean = values.iter().sum::<f64>() / n;
    let moment = |power| values.iter().map(|x| (x - mean).powi(power)).sum::<f64>() / n;
    let (low, high) = (values[0], values[values.len() - 1]);
    let quantile = |q: f64| {
        let at = q * (n - 1.0);
        let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
        low + (high - low) * at.fract()
    };
    let runs: Vec<&[f64]> = values.chunk_by(|a, b| a.total_cmp(b).is_eq()).collect();
    let longest = runs.iter().map(|run| run.len()).max().unwrap();
    let mode = runs.iter().find(|run| run.len() == longest).unwrap()[0];
    let entropy = -runs.iter().map(|run| run.len() as f64 / n).map(|p| p * p.log2()).sum::<f64>();
    let (m2, [m3, m4]) = (moment(2), [3, 4].map(moment));
    let [skewness, kurtosis] = if low < high { [m3 / m2.powf(1.5), m4 / (m2 * m2) - 3.0] } else { [f64::NAN; 2] };
    let (std, iqr) = (m2.sqrt(), quantile(0.75) - quantile(0.25));
    let moments = [n, mean, m2, std, std / mean, low, high, high - low, skewness, kurtosis];
    moments.into_iter().chain([quantile(0.3), quantile(0.5), iqr, mode, entropy]).collect()
}

fn plain_statistics<T: Pixel>(values: &[T], width: usize, mask: Option<&[bool]>, grid: &Grid) -> Vec<f64> {
    let mut all = Vec::new();
    for rows in grid.rows() {
        for columns in grid.columns() {
            let places = rows.clone().flat_map(|row| columns.clone().map(move |column| row * width + column));
            let mut patch: Vec<f64> =
                places.filter(|at| mask.is_none_or(|mask| mask[*at])).map(|at| f64::from_pixel(values[at])).collect();
            patch.sort_by(f64::total_cmp);
            all.extend(plain(&patch));
        }
    }
    all
}

trait FromPixel {
    fn from_pixel<T: Pixel>(value: T) -> Self;
}

impl FromPixel for f64 {
    fn from_pixel<T: Pixel>(value: T) -> Self {
        value.value()
    }
}

fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let close = (found - expected).abs() <= 1e-9 * expected.abs().max(1.0);
        let both_undefined = !found.is_finite() && !expected.is_finite();
        assert!(close || both_undefined, "{:?}: {found} instead of {expected}", ALL[at % ALL.len()]);
    }
}

fn check<T: Pixel>(values: &[T], height: usize, width: usize, mask: Option<&[bool]>, grids: &[Grid]) {
    let interrupt = Interrupt::default();
    let planes = [Plane::new(values, height, width, 1, mask).unwrap()];
    let mut of_levels = Vec::new();
    for level in levels() {
        let exec = Exec { level, interrupt: &interrupt };
        let found = statistics(&exec, &planes, grids, &ALL).unwrap();
        for (grid, found) in grids.iter().zip(&found) {
            assert_close(found, &plain_statistics(values, width, mask, grid));
        }
        if is_fused(level) {
            of_levels.push(found);
        }
    }
    let bits = |found: &Vec<Vec<f64>>| found.concat().into_iter().map(f64::to_bits).collect::<Vec<_>>();
    assert!(of_levels.windows(2).all(|pair| bits(&pair[0]) == bits(&pair[1])));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_way_agrees_with_the_plain_one(
        shape in [1..70_usize, 1..90_usize],
        sizes in prop::array::uniform4(1..60_usize),
        strides in prop::array::uniform2(1..25_usize),
        spread in prop_oneof![Just(0.0), Just(3.0), Just(255.0)],
        is_masked in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let mut state = seed | 1;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / f64::from(1 << 24)
        };
        let grey: Vec<f64> = (0..shape[0] * shape[1]).map(|_| (draw() * spread).floor()).collect();
        let hidden: Vec<bool> = grey.iter().map(|_| draw() < 0.7).collect();
        let mask = is_masked.then_some(&hidden[..]);
        let [a, b, c, d] = sizes;
        let grids = [
            grid(shape, [a, b], [a, b]),
            grid(shape, [c, d], [c, d]),
            grid(shape, [2 * a, 3 * b], [2 * a, 3 * b]),
            grid(shape, [a, b], strides),
        ];
        let [height, width] = shape;
        check(&grey.iter().map(|x| *x as u8).collect::<Vec<_>>(), height, width, mask, &grids);
        check(&grey.iter().map(|x| *x as u16 * 250).collect::<Vec<_>>(), height, width, mask, &grids);
        check(&grey.iter().map(|x| (*x * 200.0 - 25_000.0) as i16).collect::<Vec<_>>(), height, width, mask, &grids);
        check(&grey.iter().map(|x| *x as f32 / 7.0 - 9.0).collect::<Vec<_>>(), height, width, mask, &grids);
        check(&grey.iter().map(|x| x / 7.0 - 9.0).collect::<Vec<_>>(), height, width, mask, &grids);
    }
}

#[test]
fn patches_that_several_tasks_read_parts_of_are_put_together() {
    // Enough pixels for tasks of more than the least size.
    let shape @ [height, width] = [1100, 2000];
    let grey: Vec<u64> = (0..2000 * 1100).map(|at: u64| at * at / 7 + at % 2000 / 3 + at / 100_000).collect();
    let mask: Vec<bool> = grey.iter().map(|x| x % 5 > 0).collect();
    // Grids that nest in each other, one that does not, and one that leaves gaps between its patches.
    let sizes = [[25, 20], [50, 40], [500, 1000], [366, 133], [90, 70]];
    let grids = sizes.map(|size| grid(shape, size, if size == [90, 70] { [130, 90] } else { size }));
    check(&grey.iter().map(|x| *x as u8).collect::<Vec<_>>(), height, width, None, &grids);
    check(&grey.iter().map(|x| *x as u8).collect::<Vec<_>>(), height, width, Some(&mask), &grids);
    check(&grey.iter().map(|x| (*x % 999) as f32 / 7.0).collect::<Vec<_>>(), height, width, None, &grids);
}

#[test]
fn integers_are_added_up_exactly() {
    // One pixel differs from 2^20 others by the least and at the far end of the range.
    let mut values = vec![u16::MAX; 1 << 20];
    values[12_345] -= 1;
    let interrupt = Interrupt::default();
    let planes = [Plane::new(&values, 1 << 10, 1 << 10, 1, None).unwrap()];
    let whole = [grid([1 << 10; 2], [1 << 10; 2], [1; 2])];
    let wanted = [Statistic::Var, Statistic::Skewness, Statistic::Kurtosis];
    let found = statistics(&Exec::new(&interrupt), &planes, &whole, &wanted).unwrap();
    let p = 1.0 / f64::from(1 << 20);
    let variance = p * (1.0 - p);
    assert_close(&found[0], &[variance, (2.0 * p - 1.0) / variance.sqrt(), (1.0 - 6.0 * variance) / variance]);
}

#[test]
fn sums_of_the_most_extreme_pixels_do_not_overflow() {
    fn check<T: Pixel>(value: T) {
        let interrupt = Interrupt::default();
        let (height, width) = (300, 200);
        let values = vec![value; height * width];
        let planes = [Plane::new(&values, height, width, 1, None).unwrap()];
        let whole = [grid([height, width], [height, width], [1; 2])];
        let wanted = [Statistic::Mean, Statistic::Var, Statistic::Min, Statistic::Max, Statistic::Kurtosis];
        for level in levels() {
            let found = statistics(&Exec { level, interrupt: &interrupt }, &planes, &whole, &wanted).unwrap();
            let value = value.value();
            assert_close(&found[0], &[value, 0.0, value, value, f64::NAN]);
        }
    }
    check(u8::MIN);
    check(u8::MAX);
    check(u16::MIN);
    check(u16::MAX);
    check(i16::MIN);
    check(i16::MAX);
}

#[test]
fn a_nan_counts_or_is_left_out() {
    let values = [1.0, f64::NAN, 2.0, 5.0];
    let interrupt = Interrupt::default();
    let exec = Exec::new(&interrupt);
    let plane = Plane::new(&values, 1, 4, 1, None).unwrap();
    let halves = [grid([1, 4], [1, 2], [1, 2])];
    let wanted = [Statistic::Count, Statistic::Min, Statistic::Quantile(0.5), Statistic::Mode];
    let found = statistics(&exec, &[plane], &halves, &wanted).unwrap().concat();
    assert_close(&found, &[2.0, f64::NAN, f64::NAN, f64::NAN, 2.0, 2.0, 3.5, 2.0]);
    let found = statistics(&exec, &[plane.omitting_nan()], &halves, &wanted).unwrap().concat();
    assert_close(&found, &[1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 3.5, 2.0]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let values = [0_u8; 12];
    assert!(matches!(Plane::new(&values, 3, 5, 1, None), Err(Error::Length { argument: "image", .. })));
    assert!(matches!(Plane::new(&values, 3, 4, 1, Some(&[true; 5])), Err(Error::Length { argument: "mask", .. })));
    assert!(matches!(Plane::new(&values, 0, 4, 1, None), Err(Error::Range { .. })));
    assert!(matches!(Grid::new(vec![0..2, 1..1], vec![0..1; 1]), Err(Error::Range { argument: "rows", .. })));
    assert!(matches!(Grid::new(vec![0..2; 1], vec![]), Err(Error::Range { argument: "columns", .. })));
    let interrupt = Interrupt::default();
    let exec = Exec::new(&interrupt);
    let plane = Plane::new(&values, 3, 4, 1, None).unwrap();
    let larger = [grid([4, 4], [2, 2], [2, 2])];
    let refused = statistics(&exec, &[plane], &larger, &ALL);
    assert!(matches!(refused, Err(Error::Mismatch { dimension: "rows", got: 4, needed: 3, .. })));
    interrupt.raise();
    let stopped = statistics(&exec, &[plane], &[grid([3, 4], [1, 1], [1, 1])], &ALL);
    assert!(matches!(stopped, Err(Error::Interrupted)));
}
