//! k-means kernel by kernel and SIMD level by level, as curves over the number of samples, of features and of clusters.
//!
//! Everything runs on one thread, on float32 samples where the type is not what varies. A filter selects:
//! `cargo bench -p clast-core --bench kmeans -- assign/avx512/features`.

#![allow(clippy::expect_used, reason = "a benchmark may panic")]

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};

use clast_core::kmeans::{self, Draws, Reorder, Runs, Stop};
use clast_core::{Element, Exec, Interrupt, Layout, Real, Samples, Weights, moments, simd};

/// Where the curves cross.
const BASE: Shape = Shape { n_samples: 1 << 14, n_features: 3, n_clusters: 8 };
/// From the cache of a core to main memory.
const SAMPLES: [usize; 4] = [1 << 10, 1 << 14, 1 << 17, 1 << 20];
/// Both sides of 8, up to which kernels know the number, and of 24, from which on samples may be read as rows.
const FEATURES: [usize; 10] = [1, 2, 3, 4, 8, 9, 23, 24, 64, 256];
/// Both sides of 8, up to which clusters are summed one by one.
const CLUSTERS: [usize; 6] = [2, 4, 8, 9, 32, 256];

/// Iterations of a run: few enough that none converges, so that every level does the same work.
const ITERATIONS: usize = 4;

/// Many points measured roughly show a curve better than few measured well.
const RUNS: usize = 10;
const WARM_UP: Duration = Duration::from_millis(100);
const MEASUREMENT: Duration = Duration::from_millis(400);

#[derive(Clone, Copy)]
#[allow(clippy::struct_field_names, reason = "the names that the field uses")]
struct Shape {
    n_samples: usize,
    n_features: usize,
    n_clusters: usize,
}

/// A point of a curve by the name that a filter finds it by.
struct Point {
    id: String,
    shape: Shape,
}

impl Point {
    fn new(curve: &str, at: impl std::fmt::Display, shape: Shape) -> Self {
        Self { id: format!("{curve}/{at}"), shape }
    }
}

/// What kernels read and write.
struct Work<T: Element> {
    shape: Shape,
    values: Vec<T>,
    /// Some of the samples.
    centers: Vec<f64>,
    /// The nearest of these centers.
    labels: Vec<i32>,
    distances: Vec<T::Real>,
    /// Random numbers for k-means++.
    draws: Vec<f64>,
}

impl<T: Element> Work<T> {
    fn new(exec: &Exec<'_>, shape: Shape, convert: fn(f64) -> T) -> Self {
        let Shape { n_samples, n_features, n_clusters } = shape;
        let values: Vec<T> = image_like(n_samples, n_features).map(convert).collect();
        let samples = view(shape, &values);
        let centers: Vec<f64> = (0..n_clusters).flat_map(|j| samples.row_f64(j * (n_samples / n_clusters))).collect();
        let mut labels = vec![0; n_samples];
        kmeans::predict(exec, &samples, &centers, &mut labels).expect("shapes fit");
        let distances = vec![T::Real::ZERO; n_samples * n_clusters];
        // As many candidates for each center but the first as scikit-learn draws.
        let n_trials = 2 + (n_clusters as f64).ln() as usize;
        let draws = noise().take((n_clusters - 1) * n_trials).collect();
        Self { shape, values, centers, labels, distances, draws }
    }
}

fn view<T: Element>(shape: Shape, values: &[T]) -> Samples<'_, T> {
    Samples::new(values, shape.n_samples, shape.n_features, Layout::RowMajor).expect("shape fits")
}

/// Pixels of a slowly varying image with noise: neighbours are alike, as in every real image.
fn image_like(n_samples: usize, n_features: usize) -> impl Iterator<Item = f64> {
    (0..n_samples * n_features).zip(noise()).map(move |(i, noise)| {
        let signal = ((i / n_features) as f64 * 0.002 + (i % n_features) as f64).sin();
        120.0 + 60.0 * signal + 40.0 * noise
    })
}

/// Uniform numbers in [0, 1).
fn noise() -> impl Iterator<Item = f64> {
    let mut state = 1_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24)
    })
}

type Kernel<T> = fn(&Exec<'_>, &mut Work<T>);

/// The passes over the samples; k-means++ makes one for each cluster.
fn passes<T: Element>() -> [(&'static str, Kernel<T>); 5] {
    [
        ("moments", |exec, Work { shape, values, .. }| {
            moments::feature_moments(exec, &view(*shape, values)).expect("shapes fit");
        }),
        ("assign", |exec, Work { shape, values, centers, labels, .. }| {
            kmeans::predict(exec, &view(*shape, values), centers, labels).expect("shapes fit");
        }),
        ("transform", |exec, Work { shape, values, centers, distances, .. }| {
            kmeans::transform(exec, &view(*shape, values), centers, distances).expect("shapes fit");
        }),
        ("inertia", |exec, Work { shape, values, centers, labels, .. }| {
            kmeans::inertia(exec, &view(*shape, values), Weights::Unit, centers, labels).expect("shapes fit");
        }),
        ("k-means++", |exec, Work { shape, values, draws, .. }| {
            let samples = view(*shape, values);
            let runs = [Draws { first: 0.5, further: draws }];
            kmeans::plus_plus(exec, &samples, Weights::Unit, &runs, shape.n_clusters).expect("shapes fit");
        }),
    ]
}

/// One run of [`ITERATIONS`] iterations; the figure per sample and iteration contains a share of the inertia and of the
/// labels at its end. What it takes beyond `assign` are the sums.
fn run<T: Element>(runs: &mut Runs<'_, T>, centers: &[f64]) {
    let stop = Stop { max_iter: ITERATIONS, tol: -1.0 };
    let found = runs.fit(centers, stop, 0, None).expect("shapes fit");
    assert_eq!(found.fit.n_iter, ITERATIONS);
    std::hint::black_box(found.into_labels());
}

fn bench_passes<T: Element>(c: &mut Criterion, exec: &Exec<'_>, points: &[Point], convert: fn(f64) -> T) {
    for (name, kernel) in passes::<T>() {
        let mut group = group(c, name, exec);
        for Point { id, shape } in points {
            let mut work = Work::new(exec, *shape, convert);
            group.throughput(Throughput::Elements(shape.n_samples as u64));
            group.bench_function(id, |b| b.iter(|| kernel(exec, &mut work)));
        }
        group.finish();
    }
}

/// Iterations over all samples, and over those that a copy ordered in space does not let them skip.
fn bench_iterations<T: Element>(c: &mut Criterion, exec: &Exec<'_>, points: &[Point], convert: fn(f64) -> T) {
    for (name, reorder) in [("iteration", Reorder::Never), ("ordered iteration", Reorder::Always)] {
        let mut group = group(c, name, exec);
        for Point { id, shape } in points {
            let work = Work::new(exec, *shape, convert);
            let samples = view(*shape, &work.values);
            let mut runs = Runs::new(exec, &samples, Weights::Unit, reorder);
            // The first run makes the copy, and shows whether there can be one.
            run(&mut runs, &work.centers);
            if reorder == Reorder::Always && runs.report().n_iter_ordered == 0 {
                continue;
            }
            group.throughput(Throughput::Elements((shape.n_samples * ITERATIONS) as u64));
            group.bench_function(id, |b| b.iter(|| run(&mut runs, &work.centers)));
        }
        group.finish();
    }
}

fn group<'c>(c: &'c mut Criterion, kernel: &str, exec: &Exec<'_>) -> BenchmarkGroup<'c, WallTime> {
    let mut group = c.benchmark_group(format!("{kernel}/{}", simd::name(exec.level)));
    group.sample_size(RUNS).warm_up_time(WARM_UP).measurement_time(MEASUREMENT);
    group
}

fn bench<T: Element>(c: &mut Criterion, exec: &Exec<'_>, points: &[Point], convert: fn(f64) -> T) {
    bench_passes(c, exec, points, convert);
    bench_iterations(c, exec, points, convert);
}

fn curves() -> Vec<Point> {
    let samples = SAMPLES.map(|n_samples| Point::new("samples", n_samples, Shape { n_samples, ..BASE }));
    let features = FEATURES.map(|n_features| Point::new("features", n_features, Shape { n_features, ..BASE }));
    let clusters = CLUSTERS.map(|n_clusters| Point::new("clusters", n_clusters, Shape { n_clusters, ..BASE }));
    samples.into_iter().chain(features).chain(clusters).collect()
}

fn kmeans(c: &mut Criterion) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    pool.build_global().expect("the first pool");
    let interrupt = Interrupt::default();
    for level in simd::levels() {
        let exec = Exec { level, interrupt: &interrupt };
        bench(c, &exec, &curves(), |x| x as f32);
        bench(c, &exec, &[Point::new("type", "f64", BASE)], |x| x);
        bench(c, &exec, &[Point::new("type", "u16", BASE)], |x| (256.0 * x) as u16);
        bench(c, &exec, &[Point::new("type", "u8", BASE)], |x| x as u8);
    }
}

criterion_group!(benches, kmeans);
criterion_main!(benches);
