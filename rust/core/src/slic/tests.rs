//! Clusters against the plainest possible loops, at every level.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::ops::Range;

use proptest::prelude::*;

use super::{Conversion, Image, NONE, Plan, Scaled, Settings, Volume, segment};
use crate::simd::levels;
use crate::{Exec, Interrupt, Real};

/// Enough for clusters to be moved several times by the few pixels that change.
const N_ITERATIONS: usize = 7;

/// A noisy volume, with seeds anywhere.
#[derive(Debug, Clone)]
struct Case {
    volume: Volume,
    n_channels: usize,
    values: Vec<f64>,
    seeds: Vec<f64>,
    mask: Option<Vec<bool>>,
    spacing: [f64; 3],
    window: [usize; 3],
    is_adaptive: bool,
}

fn cases() -> impl Strategy<Value = Case> {
    // Two slabs, several groups of tiles side by side, several bands, and more clusters in a group than a word has bits.
    cases_of((1..8, 1..36, 1..110))
}

fn cases_of((depths, heights, widths): (Range<usize>, Range<usize>, Range<usize>)) -> impl Strategy<Value = Case> {
    let shape = (depths, heights, widths, 1_usize..5, 1_usize..60, 1_u8..6);
    shape.prop_flat_map(|(depth, height, width, n_channels, n_seeds, n_values)| {
        let volume = Volume { depth, height, width };
        let n = volume.n_pixels();
        // Few distinct values make ties, and a little noise makes near ones, which float32 cannot tell apart.
        let size = prop::sample::select(vec![0.0, 1e-9, 1e-7, 0.1]);
        let value = (0..n_values, -1.0..1.0).prop_map(|(value, noise)| (f64::from(value) / 5.0, noise));
        // Beside a large number the rounding of float32 is larger than what tells clusters apart.
        let offset = prop::sample::select(vec![0.0, 0.0, 1026.0]);
        let values = (offset, size, prop::collection::vec(value, n * n_channels)).prop_map(|(offset, size, values)| {
            values.into_iter().map(|(value, noise)| offset + value + noise * size).collect::<Vec<_>>()
        });
        // Only squares count, so signs do not.
        let spacing = prop::sample::select(vec![[2.0, 1.0, 0.5], [-2.0, 1.0, -0.5], [2e-4, 1e-4, 5e-5]]);
        let place = (0..depth, 0..height, 0..width).prop_map(|(z, y, x)| [z as f64, y as f64, x as f64]);
        let seeds = prop::collection::vec(place, n_seeds);
        let mask = prop::option::of(prop::collection::vec(any::<bool>(), n));
        (values, seeds, mask, spacing, prop::array::uniform3(1_usize..12), any::<bool>()).prop_map(
            move |(values, seeds, mask, spacing, window, is_adaptive)| Case {
                volume,
                n_channels,
                values,
                seeds: seeds.concat(),
                mask,
                spacing,
                window,
                is_adaptive,
            },
        )
    })
}

impl Case {
    fn settings<R: Real>(&self) -> Settings<R> {
        Settings {
            spacing: self.spacing.map(R::from_f64),
            weight: R::from_f64(1.0 / 9.0),
            window: self.window,
            max_num_iter: N_ITERATIONS,
            is_adaptive: self.is_adaptive,
            ignores_colour: false,
        }
    }

    fn labels<R: Real>(&self, exec: &Exec<'_>) -> Vec<i64> {
        let values: Vec<R> = self.values.iter().map(|value| R::from_f64(*value)).collect();
        let pixels = Scaled { values: &values, low: R::ZERO, span: R::ONE, is_srgb: false };
        let conversion = Conversion { to_lab: false, smoothing: [&[]; 3], ratio: R::ONE };
        let mask = self.mask.as_deref();
        let image = Image::read(exec, &pixels, self.volume, self.n_channels, mask, conversion).unwrap();
        let settings = self.settings();
        let plan = Plan { seeds: &self.seeds, settings, sizes: None, repairs: false, start_label: 0 };
        let mut labels = vec![0; self.volume.n_pixels()];
        segment(exec, &image, &plan, &mut labels).unwrap();
        labels
    }

    /// Every cluster for every pixel of its window, in the order of clusters.
    fn plain_labels<R: Real>(&self) -> Vec<i64> {
        let n_clusters = self.seeds.len() / 3;
        let mut centers = Vec::new();
        for seed in self.seeds.chunks_exact(3) {
            centers.push(seed.iter().map(|place| R::from_f64(*place)).collect::<Vec<R>>());
            centers.last_mut().unwrap().resize(3 + self.n_channels, R::ZERO);
        }
        let mut labels = vec![i64::from(NONE); self.volume.n_pixels()];
        // Seeds inside a mask first move by position alone.
        for ignores_colour in [true, false] {
            if ignores_colour && self.mask.is_none() {
                continue;
            }
            labels.fill(i64::from(NONE));
            let mut maxima = vec![R::ONE; n_clusters];
            for iteration in 1..=N_ITERATIONS {
                self.assign(&centers, &maxima, ignores_colour, &mut labels);
                if iteration < N_ITERATIONS || ignores_colour {
                    self.update(&labels, ignores_colour, &mut centers, &mut maxima);
                }
            }
        }
        labels
    }

    fn colour<R: Real>(&self, pixel: usize) -> Vec<R> {
        self.values[pixel * self.n_channels..][..self.n_channels].iter().map(|value| R::from_f64(*value)).collect()
    }

    fn pixels(&self) -> impl Iterator<Item = (usize, [usize; 3])> {
        let Volume { height, width, .. } = self.volume;
        let is_inside = |pixel: &usize| self.mask.as_ref().is_none_or(|mask| mask[*pixel]);
        let pixels = (0..self.volume.n_pixels()).filter(is_inside);
        pixels.map(move |pixel| (pixel, [pixel / width / height, pixel / width % height, pixel % width]))
    }

    fn assign<R: Real>(&self, centers: &[Vec<R>], maxima: &[R], ignores_colour: bool, labels: &mut [i64]) {
        let settings = self.settings::<R>();
        for (pixel, place) in self.pixels() {
            let mut nearest = R::from_f64(R::MAX);
            for (number, center) in centers.iter().enumerate() {
                let reach = self.window.map(|step| R::from_f64(2.0 * step as f64));
                let is_near = (0..3).all(|axis| {
                    let first = (center[axis] - reach[axis]).to_f64().max(0.0).trunc();
                    let end = (center[axis] + reach[axis] + R::ONE).to_f64().trunc();
                    first <= place[axis] as f64 && (place[axis] as f64) < end
                });
                let square = |axis: usize| {
                    let difference = settings.spacing[axis] * (center[axis] - R::from_f64(place[axis] as f64));
                    difference * difference
                };
                let mut colour = R::ZERO;
                if !ignores_colour {
                    for (value, mean) in self.colour::<R>(pixel).iter().zip(&center[3..]) {
                        colour += (*value - *mean) * (*value - *mean);
                    }
                    if self.is_adaptive {
                        colour /= maxima[number];
                    }
                }
                let distance = ((square(0) + square(1)) + square(2)) * settings.weight + colour;
                if is_near && distance < nearest {
                    nearest = distance;
                    labels[pixel] = number as i64;
                }
            }
        }
    }

    fn update<R: Real>(&self, labels: &[i64], ignores_colour: bool, centers: &mut [Vec<R>], maxima: &mut [R]) {
        let mut counts = vec![0.0; centers.len()];
        for center in centers.iter_mut() {
            center.fill(R::ZERO);
        }
        for (pixel, place) in self.pixels() {
            if let Ok(number) = usize::try_from(labels[pixel]) {
                let places = place.map(|place| R::from_f64(place as f64)).into_iter();
                for (sum, value) in centers[number].iter_mut().zip(places.chain(self.colour(pixel))) {
                    *sum += value;
                }
                counts[number] += 1.0;
            }
        }
        for (center, count) in centers.iter_mut().zip(counts) {
            for sum in center.iter_mut() {
                *sum /= R::from_f64(count);
            }
        }
        for (pixel, _) in self.pixels().filter(|_| self.is_adaptive && !ignores_colour) {
            if let Ok(number) = usize::try_from(labels[pixel]) {
                let mut distance = R::ZERO;
                for (value, mean) in self.colour::<R>(pixel).iter().zip(&centers[number][3..]) {
                    distance += (*value - *mean) * (*value - *mean);
                }
                if maxima[number] < distance {
                    maxima[number] = distance;
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn clusters_are_those_of_plain_loops(case in cases()) {
        let interrupt = Interrupt::default();
        let (expected_f64, expected_f32) = (case.plain_labels::<f64>(), case.plain_labels::<f32>());
        for level in levels() {
            let exec = Exec { level, interrupt: &interrupt };
            prop_assert_eq!(&case.labels::<f64>(&exec), &expected_f64, "float64 at {:?}", level);
            prop_assert_eq!(&case.labels::<f32>(&exec), &expected_f32, "float32 at {:?}", level);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    // One thread takes slabs, more than that take bands.
    #[test]
    fn clusters_of_many_slices_are_those_of_plain_loops(case in cases_of((30..45, 1..36, 1..12))) {
        let interrupt = Interrupt::default();
        let expected = case.plain_labels::<f64>();
        for n_threads in [1, 2, 4] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            let labels = pool.install(|| case.labels::<f64>(&Exec::new(&interrupt)));
            prop_assert_eq!(labels, &expected[..], "{} threads", n_threads);
        }
    }
}

/// Three slices of one pixel with clusters in the first and the last: after the first iteration the pixel between is as
/// far from the middle of the first two as from the last, but for `excess` of the colour's part: what float32 cannot tell, or
/// what is below the rounding of the sum of two colours.
fn near_ties() -> impl Strategy<Value = Case> {
    let excess = prop_oneof![-1e-7..1e-7, -1e-15..1e-15];
    (-1.0..1.0, -1.0..1.0, excess).prop_map(|(value, step, excess): (f64, f64, f64)| {
        let other: f64 = (1.0 / 3.0 + step * step).sqrt() * (1.0 + excess);
        Case {
            volume: Volume { depth: 3, height: 1, width: 1 },
            n_channels: 1,
            values: vec![value - 2.0 * other, value, value + step],
            seeds: vec![0.0, 0.0, 0.0, 2.0, 0.0, 0.0],
            mask: None,
            spacing: [2.0, 1e-6, 1e-6],
            window: [2, 1, 1],
            is_adaptive: false,
        }
    })
}

proptest! {
    // Tiles of one pixel, and no extent to speak of, leave the search no room for errors.
    #[test]
    fn near_ties_of_single_pixels_are_decided_as_by_plain_loops(case in near_ties()) {
        let interrupt = Interrupt::default();
        for level in levels() {
            let exec = Exec { level, interrupt: &interrupt };
            prop_assert_eq!(case.labels::<f64>(&exec), case.plain_labels::<f64>(), "float64 at {:?}", level);
            prop_assert_eq!(case.labels::<f32>(&exec), case.plain_labels::<f32>(), "float32 at {:?}", level);
        }
    }
}
