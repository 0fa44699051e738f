//! k-means.

#![allow(non_snake_case, reason = "X is the field's name for a sample matrix")]
#![allow(clippy::needless_pass_by_value, reason = "arguments arrive from Python as owned borrows of arrays")]

use std::collections::BTreeMap;

use clast_core::kmeans::{self, Best, Draws, Iteration, OnIteration, Reorder, Report, Restarts, Stop};
use clast_core::{Element, Exec, Samples, Weights};
use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArray3,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{Matrix, check_centers, check_starts, contiguous, vector, with_samples};
use crate::errors::to_python;
use crate::runtime::{drive, drive_to_answer, run};

type Lloyd<'py> = (Bound<'py, PyArray1<i32>>, Bound<'py, PyArray2<f64>>, f64, usize, BTreeMap<&'static str, u64>);

/// The weights of the samples, all 1 if none are given.
pub(crate) fn weights_of<'a, T: Element>(
    sample_weight: Option<&'a PyReadonlyArray1<'_, f64>>,
    samples: &Samples<'_, T>,
) -> PyResult<Weights<'a>> {
    let values = vector("sample_weight", sample_weight)?;
    Weights::new(values, samples.n_samples()).map_err(|error| to_python(&error))
}

/// Indices of the samples that each run of greedy k-means++ chooses, shape (`n_runs`, `n_clusters`), from numbers drawn by
/// the caller, shapes (`n_runs`,) and (`n_runs`, `n_clusters - 1`, `n_trials`).
#[pyfunction]
pub(crate) fn kmeans_plusplus<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    first_draws: PyReadonlyArray1<'py, f64>,
    draws: PyReadonlyArray3<'py, f64>,
) -> PyResult<Bound<'py, PyArray2<i64>>> {
    let (n_runs, n_further, n_trials) = (draws.shape()[0], draws.shape()[1], draws.shape()[2]);
    let (first_draws, draws) = (contiguous("first_draws", &first_draws)?, contiguous("draws", &draws)?);
    if first_draws.len() != n_runs {
        let got = first_draws.len();
        return Err(PyValueError::new_err(format!("'first_draws' has {got} values for {n_runs} runs")));
    }
    let length = n_further * n_trials;
    let of_run = |(run, first): (usize, &f64)| Draws { first: *first, further: &draws[run * length..][..length] };
    let runs: Vec<Draws<'_>> = first_draws.iter().enumerate().map(of_run).collect();
    let n_clusters = n_further + 1;
    let chosen = with_samples!(&X, samples => {
        let weights = weights_of(sample_weight.as_ref(), &samples)?;
        run(py, |exec| kmeans::plus_plus(exec, &samples, weights, &runs, n_clusters))
    })?;
    let chosen: Vec<i64> = chosen.into_iter().flatten().map(|index| index as i64).collect();
    chosen.into_pyarray(py).reshape([n_runs, n_clusters])
}

/// Runs of Lloyd's algorithm from each of `starts`, shape (`n_runs`, `n_clusters`, `n_features`); of the best run labels,
/// centers, inertia and iterations, and what all of them took.
#[pyfunction]
#[pyo3(signature = (X, starts, sample_weight, max_iter, tol, reorder, on_iteration=None))]
#[allow(clippy::too_many_arguments, reason = "the arguments of a Python function, and the interpreter")]
pub(crate) fn kmeans_lloyd<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    starts: PyReadonlyArray3<'py, f64>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    max_iter: usize,
    tol: f64,
    reorder: bool,
    on_iteration: Option<Py<PyAny>>,
) -> PyResult<Lloyd<'py>> {
    let stop = Stop { max_iter, tol };
    let reorder = if reorder { Reorder::IfItPays } else { Reorder::Never };
    let (shape, starts) = (starts.shape(), contiguous("starts", &starts)?);
    let (n_clusters, n_features) = (shape[1], shape[2]);
    with_samples!(&X, samples => {
        check_starts(shape, samples.n_features())?;
        let weights = weights_of(sample_weight.as_ref(), &samples)?;
        let starts: Vec<&[f64]> = starts.chunks_exact(n_clusters * n_features).collect();
        let fit = |exec: &Exec<'_>, on_iteration: Option<OnIteration<'_>>| {
            kmeans::fit_best(exec, &samples, weights, reorder, Restarts { starts: &starts, stop }, on_iteration)
        };
        let best = match &on_iteration {
            None => run(py, |exec| fit(exec, None)),
            Some(callback) => drive(
                py,
                |exec, report| fit(exec, Some(&mut |iteration| report(iteration))),
                |it: Iteration| {
                    let event = (it.number, it.inertia, it.strict_convergence, it.center_shift);
                    Python::attach(|py| callback.call1(py, event).map(drop))
                },
            ),
        }?;
        hand_over(py, best, [n_clusters, n_features])
    })
}

/// As [`kmeans_lloyd`] for each of several arrays of starts and their `max_iter`, which share one order of the samples;
/// `on_fit` is called after each. After Ctrl-C, those that are done.
#[pyfunction]
#[pyo3(signature = (X, sweep, sample_weight, tol, reorder, on_fit=None))]
pub(crate) fn kmeans_sweep<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    sweep: Vec<(PyReadonlyArray3<'py, f64>, usize)>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    tol: f64,
    reorder: bool,
    on_fit: Option<Py<PyAny>>,
) -> PyResult<Vec<Lloyd<'py>>> {
    let reorder = if reorder { Reorder::IfItPays } else { Reorder::Never };
    with_samples!(&X, samples => {
        let weights = weights_of(sample_weight.as_ref(), &samples)?;
        let n_features = samples.n_features();
        let mut groups: Vec<Vec<&[f64]>> = Vec::new();
        for (starts, _) in &sweep {
            check_starts(starts.shape(), n_features)?;
            groups.push(contiguous("starts", starts)?.chunks_exact(starts.shape()[1] * n_features).collect());
        }
        let restarts = groups.iter().zip(&sweep).map(|(starts, (_, max_iter))| {
            let stop = Stop { max_iter: *max_iter, tol };
            Restarts { starts, stop }
        });
        let restarts: Vec<_> = restarts.collect();
        let found = drive_to_answer(
            py,
            |exec, report| kmeans::fit_each(exec, &samples, weights, reorder, &restarts, None, || report(())),
            |()| on_fit.as_ref().map_or(Ok(()), |on_fit| Python::attach(|py| on_fit.call0(py).map(drop))),
        )?;
        let shapes = sweep.iter().map(|(starts, _)| [starts.shape()[1], n_features]);
        found.into_iter().zip(shapes).map(|(best, shape)| hand_over(py, best, shape)).collect()
    })
}

fn hand_over(py: Python<'_>, best: Option<Best>, shape: [usize; 2]) -> PyResult<Lloyd<'_>> {
    let Best { fit, labels, report } = best.ok_or_else(|| PyValueError::new_err("'starts' holds no run"))?;
    let centers = fit.centers.into_pyarray(py).reshape(shape)?;
    Ok((labels.into_pyarray(py), centers, fit.inertia, fit.n_iter, describe(report)))
}

fn describe(report: Report) -> BTreeMap<&'static str, u64> {
    BTreeMap::from([
        ("n_iter", report.n_iter as u64),
        ("n_iter_ordered", report.n_iter_ordered as u64),
        ("n_points", report.n_points as u64),
        ("n_distances", report.n_distances),
        ("n_distances_plain", report.n_distances_plain),
        ("n_bytes", report.n_bytes),
        ("n_bytes_plain", report.n_bytes_plain),
    ])
}

/// Label of the nearest center of each sample.
#[pyfunction]
pub(crate) fn kmeans_predict<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    centers: PyReadonlyArray2<'py, f64>,
) -> PyResult<Bound<'py, PyArray1<i32>>> {
    with_samples!(&X, samples => {
        check_centers(&centers, samples.n_features())?;
        let centers = contiguous("centers", &centers)?;
        let labels = PyArray1::<i32>::zeros(py, samples.n_samples(), false);
        let mut labels_view = labels.readwrite();
        let labels_out = labels_view.as_slice_mut()?;
        run(py, |exec| kmeans::predict(exec, &samples, centers, labels_out))?;
        drop(labels_view);
        Ok(labels)
    })
}

/// Weighted sum of squared distances of the samples to the centers of their labels.
#[pyfunction]
pub(crate) fn kmeans_inertia<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    centers: PyReadonlyArray2<'py, f64>,
    labels: PyReadonlyArray1<'py, i32>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
) -> PyResult<f64> {
    let labels = labels.as_slice()?;
    with_samples!(&X, samples => {
        check_centers(&centers, samples.n_features())?;
        let centers = contiguous("centers", &centers)?;
        let weights = weights_of(sample_weight.as_ref(), &samples)?;
        run(py, |exec| kmeans::inertia(exec, &samples, weights, centers, labels))
    })
}

/// Euclidean distance of each sample to each center.
#[pyfunction]
pub(crate) fn kmeans_transform<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    centers: PyReadonlyArray2<'py, f64>,
) -> PyResult<Bound<'py, PyAny>> {
    with_samples!(&X, samples => {
        check_centers(&centers, samples.n_features())?;
        let shape = [samples.n_samples(), centers.shape()[0]];
        let centers = contiguous("centers", &centers)?;
        distances(py, &samples, centers, shape)
    })
}

fn distances<'py, T: Element<Real: numpy::Element>>(
    py: Python<'py>,
    samples: &Samples<'_, T>,
    centers: &[f64],
    shape: [usize; 2],
) -> PyResult<Bound<'py, PyAny>> {
    let distances = PyArray2::<T::Real>::zeros(py, shape, false);
    let mut distances_view = distances.readwrite();
    let distances_out = distances_view.as_slice_mut()?;
    run(py, |exec| kmeans::transform(exec, samples, centers, distances_out))?;
    drop(distances_view);
    Ok(distances.into_any())
}

/// Whether two labelings are one clustering up to the names of the labels.
#[pyfunction]
pub(crate) fn is_same_clustering<'py>(
    py: Python<'py>,
    labels: PyReadonlyArray1<'py, i32>,
    other: PyReadonlyArray1<'py, i32>,
    n_clusters: usize,
) -> PyResult<bool> {
    let (labels, other) = (labels.as_slice()?, other.as_slice()?);
    run(py, |_| Ok(kmeans::is_same_clustering(labels, other, n_clusters)))
}
