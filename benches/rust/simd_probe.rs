//! Which way to write kernels: loops left to the compiler, `fearless_simd` vectors or `pulp` vectors?
//!
//! The kernel is the one that matters most, the nearest of k centers for a tile of 256 samples of 3 features; every
//! form does the same arithmetic and is checked against the scalar oracle first.

#![allow(clippy::expect_used, reason = "a benchmark may panic")]
#![allow(clippy::inline_always, clippy::needless_range_loop, reason = "as in the kernels")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fearless_simd::{Level, dispatch};
use pulp::{Simd, WithSimd};

use clast_core::distance::{Centers, nearest, nearest_scalar};
use clast_core::simd::{self, TILE, Tile};
use clast_core::{Interrupt, Layout, Samples};

const D: usize = 3;

/// The tile as plain columns.
type Columns = [[f64; TILE]; D];

#[inline(always)]
fn auto_vectorised(columns: &Columns, centers: &[f64], labels_out: &mut [f64; TILE]) {
    let mut best = [f64::INFINITY; TILE];
    for (j, center) in centers.chunks_exact(D).enumerate() {
        for i in 0..TILE {
            let mut sum = 0.0;
            for f in 0..D {
                let difference = columns[f][i] - center[f];
                sum = difference.mul_add(difference, sum);
            }
            let closer = sum < best[i];
            best[i] = if closer { sum } else { best[i] };
            labels_out[i] = if closer { j as f64 } else { labels_out[i] };
        }
    }
}

struct Pulp<'a> {
    columns: &'a Columns,
    centers: &'a [f64],
    labels_out: &'a mut [f64; TILE],
}

impl WithSimd for Pulp<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let x = [0, 1, 2].map(|f| S::as_simd_f64s(&self.columns[f]).0);
        let (labels, _) = S::as_mut_simd_f64s(self.labels_out);
        for (i, label_out) in labels.iter_mut().enumerate() {
            let mut best = simd.splat_f64s(f64::INFINITY);
            let (mut found, mut label) = (simd.splat_f64s(0.0), simd.splat_f64s(0.0));
            for center in self.centers.chunks_exact(D) {
                let mut sum = simd.splat_f64s(0.0);
                for f in 0..D {
                    let difference = simd.sub_f64s(x[f][i], simd.splat_f64s(center[f]));
                    sum = simd.mul_add_f64s(difference, difference, sum);
                }
                let closer = simd.less_than_f64s(sum, best);
                best = simd.select_f64s(closer, sum, best);
                found = simd.select_f64s(closer, label, found);
                label = simd.add_f64s(label, simd.splat_f64s(1.0));
            }
            *label_out = found;
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn with_pulp(level: Level, work: Pulp<'_>) {
    match simd::name(level) {
        "avx512" => Simd::vectorize(pulp::x86::V4::try_new().expect("detected"), work),
        "avx2" => Simd::vectorize(pulp::x86::V3::try_new().expect("detected"), work),
        _ => Simd::vectorize(pulp::Scalar::new(), work),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn with_pulp(_: Level, work: Pulp<'_>) {
    pulp::Arch::new().dispatch(work);
}

fn probe(c: &mut Criterion) {
    let interrupt = Interrupt::default();
    let values: Vec<f64> = (0..TILE * D).map(|i| (i as f64 * 0.37).sin() * 100.0).collect();
    let samples = Samples::new(&values, TILE, D, Layout::RowMajor).expect("shape fits");
    let columns: Columns = std::array::from_fn(|f| std::array::from_fn(|i| values[i * D + f]));
    for level in simd::levels().into_iter().filter(|level| simd::is_fused(*level)) {
        let exec = clast_core::Exec { level, interrupt: &interrupt };
        let mut tile = Tile::<f64>::new(D);
        tile.load(exec.level, &samples, 0..TILE);
        let mut group = c.benchmark_group(format!("probe/{}", simd::name(level)));
        group.throughput(Throughput::Elements(TILE as u64));
        for k in [3, 8, 64] {
            let centers: Vec<f64> = (0..k * D).map(|i| (i as f64 * 1.7).cos() * 100.0).collect();
            let packed = Centers::new(&centers, D).expect("shape fits");
            let expected: Vec<f64> = values.chunks_exact(D).map(|x| f64::from(nearest_scalar(x, &centers).0)).collect();
            let mut labels = [0.0; TILE];
            dispatch!(level, _simd => auto_vectorised(&columns, &centers, &mut labels));
            assert_eq!(labels.as_slice(), expected);
            with_pulp(level, Pulp { columns: &columns, centers: &centers, labels_out: &mut labels });
            assert_eq!(labels.as_slice(), expected);
            nearest(level, &mut tile, packed.view());
            assert_eq!(tile.labels(), expected);
            group.bench_function(BenchmarkId::new("loops", k), |b| {
                b.iter(|| dispatch!(level, _simd => auto_vectorised(black_box(&columns), &centers, &mut labels)));
            });
            group.bench_function(BenchmarkId::new("pulp", k), |b| {
                b.iter(|| {
                    let work = Pulp { columns: black_box(&columns), centers: &centers, labels_out: &mut labels };
                    with_pulp(level, work);
                });
            });
            group.bench_function(BenchmarkId::new("fearless_simd", k), |b| {
                b.iter(|| nearest(level, black_box(&mut tile), packed.view()));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, probe);
criterion_main!(benches);
