//! Against the plainest recursion over blocks.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::cut::cut_by;
use super::*;
use crate::simd::levels;
use crate::{Exec, Interrupt, Layout, Samples};

/// Leaves by recursion: level and origin.
fn recurse(
    shape: [usize; 3],
    inside: &dyn Fn(usize) -> bool,
    value: &dyn Fn(&[usize]) -> f64,
    limits: (usize, f64),
    level: usize,
    origin: [usize; 3],
    found: &mut Vec<(usize, [usize; 3])>,
) {
    if (0..3).any(|axis| origin[axis] >= shape[axis]) {
        return;
    }
    let end = |axis: usize| (origin[axis] + (1 << level)).min(shape[axis]);
    let mut pixels = Vec::new();
    for z in origin[0]..end(0) {
        for y in origin[1]..end(1) {
            for x in origin[2]..end(2) {
                let at = (z * shape[1] + y) * shape[2] + x;
                if inside(at) {
                    pixels.push(at);
                }
            }
        }
    }
    let (base, threshold) = limits;
    if level <= base || pixels.is_empty() || value(&pixels) <= threshold {
        found.push((level, origin));
        return;
    }
    let half = 1 << (level - 1);
    for child in 0..8 {
        let add = [child >> 2 & 1, child >> 1 & 1, child & 1].map(|bit| bit * half);
        // An image is one plane, which has no second half.
        if shape[0] > 1 || add[0] == 0 {
            let origin = [origin[0] + add[0], origin[1] + add[1], origin[2] + add[2]];
            recurse(shape, inside, value, limits, level - 1, origin, found);
        }
    }
}

fn found(cut: &Cut, exec: &Exec<'_>, base: usize, ndim: usize) -> Vec<(usize, [usize; 3])> {
    let n_leaves = cut.n_leaves();
    let mut origins = vec![0; n_leaves.iter().sum::<usize>() * ndim];
    cut.origins(exec, &mut origins).unwrap();
    let mut levels = n_leaves.iter().enumerate().rev().flat_map(|(i, count)| std::iter::repeat_n(base + i, *count));
    origins
        .chunks(ndim)
        .map(|origin| {
            let mut place = [0; 3];
            for (axis, at) in origin.iter().enumerate() {
                place[3 - ndim + axis] = *at as usize;
            }
            (levels.next().unwrap(), place)
        })
        .collect()
}

/// Whether ranges and variances can be told.
fn are_finite<T: Pixel>(exec: &Exec<'_>, grid: Grid, first: usize, values: &[T]) -> [bool; 2]
where
    T::Difference: Default,
{
    let pixels =
        Pixels::new(Samples::new(values, values.len(), 1, Layout::RowMajor).unwrap(), None, values.len()).unwrap();
    let levels = first..=grid.root();
    let mut ranges: Vec<_> = levels.clone().map(|level| vec![T::Difference::default(); grid.n_blocks(level)]).collect();
    let mut variances: Vec<_> = levels.map(|level| vec![0.0; grid.n_blocks(level)]).collect();
    let mut slices: Vec<_> = ranges.iter_mut().map(|level| &mut level[..]).collect();
    let has_ranges = build(exec, &pixels, grid, first, &mut slices).unwrap();
    let mut slices: Vec<_> = variances.iter_mut().map(|level| &mut level[..]).collect();
    [has_ranges, build_sums(exec, &pixels, grid, first, &mut slices).unwrap()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn one_pixel_that_is_not_finite_is_seen_wherever_it_lies(
        height in 1_usize..40,
        width in 2_usize..150,
        at: proptest::sample::Index,
        (value, is_finite) in prop_oneof![
            Just((f32::NAN, false)),
            Just((f32::INFINITY, false)),
            Just((f32::NEG_INFINITY, false)),
            Just((f32::MAX, true)),
            Just((f32::MIN, true)),
        ],
        first in 1_usize..6,
    ) {
        let grid = Grid::new(&[height, width]).unwrap();
        let first = first.min(grid.root());
        let mut floats: Vec<f32> = (0..height * width).map(|i| (i % 7) as f32 - 3.0).collect();
        floats[at.index(height * width)] = value;
        let doubles: Vec<f64> = floats.iter().map(|value| f64::from(*value)).collect();
        let interrupt = Interrupt::default();
        for level in levels() {
            let exec = Exec { level, interrupt: &interrupt };
            prop_assert_eq!(are_finite(&exec, grid, first, &floats), [is_finite; 2]);
            prop_assert_eq!(are_finite(&exec, grid, first, &doubles), [is_finite; 2]);
        }
    }

    #[test]
    fn a_cut_follows_the_values_of_every_channel(
        shape in prop_oneof![
            (1_usize..24, 1_usize..1500).prop_map(|(height, width)| vec![height, width]),
            (1_usize..7, 1_usize..9, 1_usize..600).prop_map(|(depth, height, width)| vec![depth, height, width]),
        ],
        base in 0_usize..3,
        n_levels in 0_usize..12,
        n_channels in 1_usize..4,
        // Of 100 blocks, how many are above.
        density in prop_oneof![Just(3_u64), Just(50), Just(97)],
        mut seed in 1_u64..,
    ) {
        let grid = Grid::new(&shape).unwrap();
        let base = base.min(grid.root());
        let top = grid.root().min(base + n_levels);
        let mut random = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        let thresholds: Vec<f64> = (0..n_channels).map(|channel| 7.0 + channel as f64).collect();
        // Stretches of a row are rough or not, so that some rows have few blocks and others many.
        let mut values = |level: usize| -> Vec<u8> {
            let mut rough = true;
            let each = (0..n_channels * grid.n_blocks(level)).map(|at| {
                rough = if at % (256 >> level.min(8)).max(1) == 0 { random() % 2 == 0 } else { rough };
                let is_above = rough && random() % (100 * n_channels as u64) < density;
                if is_above { 250 } else { 7 + (at / grid.n_blocks(level)) as u8 }
            });
            each.collect()
        };
        let levels_u8: Vec<Vec<u8>> = (base + 1..=top).map(&mut values).collect();
        let is_above = |level: usize, place: [usize; 3]| {
            let [_, lines, columns] = grid.blocks(level);
            let at = (place[0] * lines + place[1]) * columns + place[2];
            (0..n_channels).any(|channel| levels_u8[level - base - 1][channel * grid.n_blocks(level) + at] == 250)
        };
        let mut expected = Vec::new();
        for level in (base..=top).rev() {
            let [planes, lines, columns] = grid.blocks(level);
            for place in (0..planes * lines * columns).map(|at| [at / columns / lines, at / columns % lines, at % columns]) {
                let is_there = (level + 1..=top).all(|above| is_above(above, place.map(|at| at >> (above - level))));
                if is_there && (level == base || !is_above(level, place)) {
                    expected.push((level, place.map(|at| at << level)));
                }
            }
        }
        let levels_u16: Vec<Vec<u16>> = levels_u8.iter().map(|level| level.iter().map(|x| u16::from(*x)).collect()).collect();
        let levels_f32: Vec<Vec<f32>> = levels_u8.iter().map(|level| level.iter().map(|x| f32::from(*x)).collect()).collect();
        let given: [Vec<Values<'_>>; 3] = [
            levels_u8.iter().map(|level| Values::U8(level)).collect(),
            levels_u16.iter().map(|level| Values::U16(level)).collect(),
            levels_f32.iter().map(|level| Values::F32(level)).collect(),
        ];
        let interrupt = Interrupt::default();
        for (level, given) in levels().into_iter().flat_map(|level| given.iter().map(move |given| (level, given))) {
            let exec = Exec { level, interrupt: &interrupt };
            for task in [1, 3000, usize::MAX] {
                let cut = cut_by(&exec, grid, base, given, &thresholds, task).unwrap();
                prop_assert_eq!(&found(&cut, &exec, base, grid.ndim()), &expected);
            }
        }
    }

    #[test]
    fn leaves_are_those_of_the_recursion(
        (shape, values, inside) in prop_oneof![
            (1_usize..150, 1_usize..150).prop_map(|(height, width)| vec![height, width]),
            (1_usize..20, 1_usize..20, 1_usize..80).prop_map(|(depth, height, width)| vec![depth, height, width]),
        ]
        .prop_flat_map(|shape| {
            let n: usize = shape.iter().product();
            (Just(shape), proptest::collection::vec(0_u8..6, n), proptest::collection::vec(proptest::bool::weighted(0.9), n))
        }),
        base in 0_usize..5,
        threshold in 0.0..6.0_f64,
        is_masked: bool,
    ) {
        let grid = Grid::new(&shape).unwrap();
        let base = base.min(grid.root());
        let n: usize = shape.iter().product();
        let full = if let [height, width] = shape[..] { [1, height, width] } else { [shape[0], shape[1], shape[2]] };
        // Smooth in places, so that blocks of all sizes occur.
        let values: Vec<u8> = values.iter().enumerate().map(|(i, value)| if i % full[2] < 40 { value / 5 } else { *value }).collect();
        let inside = is_masked.then_some(&inside[..]);
        let is_inside = |at: usize| inside.is_none_or(|inside| inside[at]);
        let range = |pixels: &[usize]| {
            let of = pixels.iter().map(|at| values[*at]);
            f64::from(of.clone().max().unwrap() - of.min().unwrap())
        };
        let variance = |pixels: &[usize]| {
            let of = || pixels.iter().map(|at| i64::from(values[*at]));
            let (n, s, ss) = (pixels.len() as i64, of().sum::<i64>(), of().map(|value| value * value).sum::<i64>());
            (n * ss - s * s) as f64 / (n * n) as f64
        };
        let mut expected = [Vec::new(), Vec::new()];
        recurse(full, &is_inside, &range, (base, threshold), grid.root(), [0; 3], &mut expected[0]);
        recurse(full, &is_inside, &variance, (base, threshold), grid.root(), [0; 3], &mut expected[1]);
        for expected in &mut expected {
            expected.sort_unstable_by_key(|(level, origin)| (usize::MAX - level, *origin));
        }
        let interrupt = Interrupt::default();
        let floats: Vec<f32> = values.iter().map(|value| f32::from(*value)).collect();
        let doubles: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
        let tops = base + 1..=grid.root();
        for level in levels() {
            let exec = Exec { level, interrupt: &interrupt };
            let samples = Samples::new(&values, n, 1, Layout::RowMajor).unwrap();
            let pixels = Pixels::new(samples, inside, n).unwrap();

            let mut ranges: Vec<Vec<u8>> = tops.clone().map(|level| vec![0; grid.n_blocks(level)]).collect();
            let mut slices: Vec<_> = ranges.iter_mut().map(|level| &mut level[..]).collect();
            prop_assert!(build(&exec, &pixels, grid, base + 1, &mut slices).unwrap());
            let given: Vec<_> = ranges.iter().map(|level| Values::U8(level)).collect();
            for task in [1, 100, usize::MAX] {
                let cut_u8 = cut_by(&exec, grid, base, &given, &[threshold], task).unwrap();
                prop_assert_eq!(&found(&cut_u8, &exec, base, grid.ndim()), &expected[0]);
            }

            let mut variances: Vec<Vec<f64>> = tops.clone().map(|level| vec![0.0; grid.n_blocks(level)]).collect();
            let mut slices: Vec<_> = variances.iter_mut().map(|level| &mut level[..]).collect();
            prop_assert!(build_sums(&exec, &pixels, grid, base + 1, &mut slices).unwrap());
            let given: Vec<_> = variances.iter().map(|level| Values::F64(level)).collect();
            for task in [1, 100, usize::MAX] {
                let cut_f64 = cut_by(&exec, grid, base, &given, &[threshold], task).unwrap();
                prop_assert_eq!(&found(&cut_f64, &exec, base, grid.ndim()), &expected[1]);
            }

            // Small whole numbers are exact in all types.
            let samples = Samples::new(&floats, n, 1, Layout::RowMajor).unwrap();
            let mut others: Vec<Vec<f64>> = variances.clone();
            let mut slices: Vec<_> = others.iter_mut().map(|level| &mut level[..]).collect();
            prop_assert!(build_sums(&exec, &Pixels::new(samples, inside, n).unwrap(), grid, base + 1, &mut slices).unwrap());
            prop_assert_eq!(&others, &variances);
            let samples = Samples::new(&doubles, n, 1, Layout::RowMajor).unwrap();
            let mut slices: Vec<_> = others.iter_mut().map(|level| &mut level[..]).collect();
            prop_assert!(build_sums(&exec, &Pixels::new(samples, inside, n).unwrap(), grid, base + 1, &mut slices).unwrap());
            for (other, variance) in others.iter().flatten().zip(variances.iter().flatten()) {
                prop_assert!((other - variance).abs() <= 1e-12 * (1.0 + variance));
            }
        }
    }
}
