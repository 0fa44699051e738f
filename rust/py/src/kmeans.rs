//! k-means.

#![allow(non_snake_case, reason = "X is the field's name for a sample matrix")]
#![allow(clippy::needless_pass_by_value, reason = "arguments arrive from Python as owned borrows of arrays")]

use clast_core::kmeans::{self, Stop};
use clast_core::{Element, Samples, Weights};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyUntypedArrayMethods, ToPyArray};
use pyo3::prelude::*;

use crate::arrays::{Matrix, check_centers, contiguous, vector, with_samples};
use crate::errors::to_python;
use crate::runtime::{drive, run};

type Lloyd<'py> = (Bound<'py, PyArray1<i32>>, Bound<'py, PyArray2<f64>>, f64, usize, bool, f64);

pub(crate) fn weights_of<'a, T: Element>(
    sample_weight: Option<&'a PyReadonlyArray1<'_, f64>>,
    samples: &Samples<'_, T>,
) -> PyResult<Weights<'a>> {
    let values = vector("sample_weight", sample_weight)?;
    Weights::new(values, samples.n_samples()).map_err(|error| to_python(&error))
}

/// Indices of the samples that greedy k-means++ chooses, from numbers drawn by the caller.
#[pyfunction]
pub(crate) fn kmeans_plusplus<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    first_draw: f64,
    draws: PyReadonlyArray2<'py, f64>,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let (n_clusters, draws) = (draws.shape()[0] + 1, contiguous("draws", &draws)?);
    let chosen = with_samples!(&X, samples => {
        let weights = weights_of(sample_weight.as_ref(), &samples)?;
        run(py, |exec| kmeans::plus_plus(exec, &samples, weights, first_draw, draws, n_clusters))
    })?;
    let chosen: Vec<i64> = chosen.into_iter().map(|index| index as i64).collect();
    Ok(chosen.to_pyarray(py))
}

/// A run of Lloyd's algorithm: labels, centers, inertia, iterations, strict convergence, last center shift.
#[pyfunction]
#[pyo3(signature = (X, centers, sample_weight, max_iter, tol, on_iteration=None))]
pub(crate) fn kmeans_lloyd<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    centers: PyReadonlyArray2<'py, f64>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    max_iter: usize,
    tol: f64,
    on_iteration: Option<Py<PyAny>>,
) -> PyResult<Lloyd<'py>> {
    let stop = Stop { max_iter, tol };
    with_samples!(&X, samples => {
        check_centers(&centers, samples.n_features())?;
        let start = contiguous("centers", &centers)?;
        let weights = weights_of(sample_weight.as_ref(), &samples)?;
        let labels = PyArray1::<i32>::zeros(py, samples.n_samples(), false);
        let mut labels_view = labels.readwrite();
        let labels_out = labels_view.as_slice_mut()?;
        let fit = match &on_iteration {
            None => run(py, |exec| kmeans::fit(exec, &samples, weights, start, stop, labels_out, None)),
            Some(callback) => drive(
                py,
                |exec, report| {
                    let mut on_iteration = |iteration, inertia| report((iteration, inertia));
                    kmeans::fit(exec, &samples, weights, start, stop, labels_out, Some(&mut on_iteration))
                },
                |event: (usize, f64)| Python::attach(|py| callback.call1(py, event).map(drop)),
            ),
        }?;
        drop(labels_view);
        let centers = fit.centers.to_pyarray(py).reshape([centers.shape()[0], samples.n_features()])?;
        Ok((labels, centers, fit.inertia, fit.n_iter, fit.strict_convergence, fit.center_shift))
    })
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
