//! k-means by number of samples, features and clusters, on one thread: each figure is the cost of one iteration.

#![allow(clippy::expect_used, reason = "a benchmark may panic")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use clast_core::kmeans::{Reorder, Runs, Stop};
use clast_core::{Element, Exec, Interrupt, Layout, Samples, Weights, simd};

/// Fixed number of iterations, so that every level and size does the same work.
const ITERATIONS: usize = 4;

/// Samples of a slowly varying image with noise: neighbours are alike, as in every real image.
fn image_like(n_samples: usize, n_features: usize) -> Vec<f64> {
    let mut state = 1_u64;
    (0..n_samples * n_features)
        .map(|i| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let noise = (state >> 40) as f64 / f64::from(1 << 24);
            ((i / n_features) as f64 * 0.002 + (i % n_features) as f64).sin() * 60.0 + noise * 40.0
        })
        .collect()
}

fn lloyd<T: Element>(exec: &Exec<'_>, values: &[T], n_features: usize, n_clusters: usize) -> f64 {
    let n_samples = values.len() / n_features;
    let samples = Samples::new(values, n_samples, n_features, Layout::RowMajor).expect("shape fits");
    let centers: Vec<f64> = (0..n_clusters).flat_map(|j| samples.row_f64(j * (n_samples / n_clusters))).collect();
    let mut labels = vec![0; n_samples];
    let stop = Stop { max_iter: ITERATIONS, tol: -1.0 };
    Runs::new(exec, &samples, Weights::Unit, Reorder::Never)
        .fit(&centers, stop, 0, &mut labels, None)
        .expect("a valid fit")
        .inertia
}

fn by_size(c: &mut Criterion) {
    let interrupt = Interrupt::default();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    let shapes =
        [(312_360, 3, 3), (312_360, 3, 8), (312_360, 3, 64), (240_391, 4, 3), (65_536, 7, 16), (16_384, 64, 16)];
    for level in simd::levels() {
        let exec = Exec { level, interrupt: &interrupt };
        let mut group = c.benchmark_group(format!("lloyd/{}", simd::name(level)));
        for (n_samples, n_features, n_clusters) in shapes {
            let values = image_like(n_samples, n_features);
            let narrow: Vec<f32> = values.iter().map(|x| *x as f32).collect();
            let bytes: Vec<u8> = values.iter().map(|x| (x + 100.0) as u8).collect();
            let shape = format!("{n_samples}x{n_features}, k={n_clusters}");
            group.throughput(Throughput::Elements((n_samples * ITERATIONS) as u64));
            group.bench_function(BenchmarkId::new("f64", &shape), |b| {
                b.iter(|| pool.install(|| lloyd(&exec, &values, n_features, n_clusters)));
            });
            group.bench_function(BenchmarkId::new("f32", &shape), |b| {
                b.iter(|| pool.install(|| lloyd(&exec, &narrow, n_features, n_clusters)));
            });
            group.bench_function(BenchmarkId::new("u8", &shape), |b| {
                b.iter(|| pool.install(|| lloyd(&exec, &bytes, n_features, n_clusters)));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, by_size);
criterion_main!(benches);
