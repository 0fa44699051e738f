//! The best of several runs, and fits of distinct values.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "the bits are what is tested")]

mod common;

use clast_core::kmeans::{self, Best, Reorder, Restarts, Stop};
use clast_core::{Element, Error, Exec, Interrupt, Layout, Samples, Weights, simd};
use common::{first_samples, fit, noise, quarters, rows, run, run_at, to_planes};

const STOP: Stop = Stop { max_iter: 30, tol: 0.0 };

fn best_of<T: Element>(exec: &Exec<'_>, samples: &Samples<'_, T>, starts: &[&[f64]]) -> Option<Best> {
    let restarts = Restarts { starts, stop: STOP };
    kmeans::fit_best(exec, samples, Weights::Unit, Reorder::Never, restarts, None).unwrap()
}

#[test]
fn the_run_with_the_smallest_inertia_is_kept() {
    let values = [0.0, 1.0, 10.0, 11.0, 20.0, 21.0];
    let samples = rows(&values, 1);
    let starts: [&[f64]; 3] = [&[0.0, 1.0, 15.0], &[0.0, 10.0, 20.0], &[20.0, 0.0, 10.0]];
    run(|exec| {
        let best = best_of(exec, &samples, &starts).unwrap();
        // The third run finds the same clusters under other names: the second stays.
        assert_eq!((best.fit.inertia, best.labels), (1.5, vec![0, 0, 1, 1, 2, 2]));
        let each = starts.map(|centers| fit(exec, &samples, Weights::Unit, centers, STOP).unwrap().0.n_iter);
        assert_eq!(best.report.n_iter, each.iter().sum::<usize>());
        assert!(best_of(exec, &samples, &[]).is_none());
    });
}

/// What one run after the other finds, whichever of them end first, and whether or not they share an order.
#[test]
fn runs_at_once_are_those_one_after_the_other() {
    let values = quarters(20_000, 3, 5);
    let samples = rows(&values, 3);
    let starts: Vec<Vec<f64>> = [2, 7, 3, 7, 30].iter().map(|k| first_samples(&samples, *k)).collect();
    let starts: Vec<&[f64]> = starts.iter().map(Vec::as_slice).collect();
    let [few, most] = [3, 30].map(|max_iter| Stop { max_iter, tol: 0.0 });
    let sweep = [
        Restarts { starts: &starts[..1], stop: most },
        Restarts { starts: &[], stop: most },
        Restarts { starts: &starts[1..4], stop: few },
        Restarts { starts: &starts[4..], stop: most },
    ];
    for reorder in [Reorder::Never, Reorder::Always, Reorder::IfItPays] {
        for n_threads in [1, 2, 4] {
            run_at(simd::level(), n_threads, |exec| {
                let mut n_fits = 0;
                let unit = Weights::Unit;
                let found = kmeans::fit_each(exec, &samples, unit, reorder, &sweep, None, || n_fits += 1).unwrap();
                assert_eq!(n_fits, 3);
                assert!(found[1].is_none());
                for (restarts, best) in sweep.iter().zip(&found) {
                    let alone = |start: &&[f64]| fit(exec, &samples, unit, start, restarts.stop).unwrap();
                    // Sums of quarters are exact: one fit is as good as another, and inertias tell which one won.
                    let alone: Vec<_> = restarts.starts.iter().map(alone).collect();
                    let least = alone.iter().min_by(|a, b| a.0.inertia.total_cmp(&b.0.inertia));
                    if let (Some((fit, labels)), Some(best)) = (least, best) {
                        assert_eq!(
                            (&fit.centers, fit.n_iter, labels),
                            (&best.fit.centers, best.fit.n_iter, &best.labels)
                        );
                        let n_iter: usize = alone.iter().map(|(fit, _)| fit.n_iter).sum();
                        assert_eq!(best.report.n_iter, n_iter);
                    }
                }
            });
        }
    }
}

/// A thread that waits for others takes up their work: it must not hold what they need to end theirs. With more threads than
/// processors, labels that were restored under the lock hung one sweep in two hundred.
#[test]
fn runs_at_once_never_wait_for_each_other() {
    const ROUNDS: usize = 400;
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let values = noise(2 * 20_000, 7);
        let samples = rows(&values, 2);
        let starts = [2, 3].map(|k| first_samples(&samples, k));
        let starts = starts.each_ref().map(|centers| [centers.as_slice()]);
        let sweep: Vec<_> =
            (0..32).map(|i| Restarts { starts: &starts[i % 2], stop: Stop { max_iter: 3, tol: 0.0 } }).collect();
        for _ in 0..ROUNDS {
            run_at(simd::level(), 8, |exec| {
                kmeans::fit_each(exec, &samples, Weights::Unit, Reorder::Always, &sweep, None, || ()).unwrap();
            });
            sender.send(()).unwrap();
        }
    });
    for round in 0..ROUNDS {
        // A round takes a few milliseconds.
        let done = receiver.recv_timeout(std::time::Duration::from_secs(60));
        assert!(done.is_ok(), "round {round} hangs");
    }
}

/// Those that are done when the caller asks to stop are the answer, and none is not.
#[test]
fn what_is_done_is_kept() {
    let values = noise(3 * 1000, 1);
    let samples = rows(&values, 3);
    let centers = first_samples(&samples, 5);
    let restarts = Restarts { starts: &[&centers], stop: STOP };
    for n_threads in [1, 2] {
        let interrupt = Interrupt::default();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        let exec = Exec::new(&interrupt);
        let fit_each = |on_fit: &mut (dyn FnMut() + Send)| {
            let reorder = Reorder::Never;
            kmeans::fit_each(&exec, &samples, Weights::Unit, reorder, &[restarts; 20], None, on_fit)
        };
        let done = pool.install(|| fit_each(&mut || interrupt.raise())).unwrap();
        assert!(!done.is_empty() && done.iter().all(Option::is_some));
        assert!(n_threads > 1 || done.len() == 1);
        assert!(matches!(pool.install(|| fit_each(&mut || ())), Err(Error::Interrupted)));
    }
}

/// Values and counts give the bits of all samples: sums of integers are exact, whatever their order.
#[test]
fn few_distinct_values_give_the_fit_of_all_samples() {
    let levels = |n: usize, steps: f64, seed| noise(n, seed).into_iter().map(move |x| (x * steps) as i16);
    let grey: Vec<u16> = levels(30_000, 900.0, 1).map(|x| (x + 1000) as u16).collect();
    let signed: Vec<i16> = levels(30_000, 50.0, 2).collect();
    let colour: Vec<u8> = levels(3 * 400_000, 9.0, 3).map(|x| (x + 100) as u8).collect();
    values_give_the_fit_of_samples(&rows(&grey, 1), 7);
    values_give_the_fit_of_samples(&rows(&signed, 1), 5);
    values_give_the_fit_of_samples(&rows(&colour, 3), 6);
    let planes = to_planes(&colour, 3);
    values_give_the_fit_of_samples(&Samples::new(&planes, 400_000, 3, Layout::Planes).unwrap(), 6);
}

fn values_give_the_fit_of_samples<T: Element>(samples: &Samples<'_, T>, n_clusters: usize) {
    // One center far away: its cluster is empty at first, and one sample must move there.
    let mut centers = first_samples(samples, n_clusters);
    centers[..samples.n_features()].fill(1e5);
    run(|exec| {
        let best = best_of(exec, samples, &[&centers]).unwrap();
        let (plain, labels) = fit(exec, samples, Weights::Unit, &centers, STOP).unwrap();
        assert!(best.report.n_points * 8 <= samples.n_samples());
        assert_eq!((best.fit.centers, best.fit.n_iter), (plain.centers, plain.n_iter));
        assert_eq!(best.labels, labels);
        assert!((best.fit.inertia - plain.inertia).abs() <= 1e-12 * plain.inertia);
    });
}

#[test]
fn values_that_hardly_repeat_are_read_as_they_are() {
    let colours: Vec<u8> = noise(3 * 400_000, 3).iter().map(|x| (x * 127.0 + 127.0) as u8).collect();
    let few: Vec<u8> = vec![1, 2, 3, 4];
    run(|exec| {
        for (samples, n_points) in [(rows(&colours, 3), 400_000), (rows(&few, 1), 4)] {
            let centers = first_samples(&samples, 2);
            assert_eq!(best_of(exec, &samples, &[&centers]).unwrap().report.n_points, n_points);
        }
    });
}
