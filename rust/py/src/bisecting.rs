//! Bisecting k-means.

#![allow(non_snake_case, reason = "X is the field's name for a sample matrix")]
#![allow(clippy::needless_pass_by_value, reason = "arguments arrive from Python as owned borrows of arrays")]

use clast_core::kmeans::{self, Tree};
use clast_core::{Element, Samples};
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArray3, ToPyArray};
use pyo3::prelude::*;

use crate::arrays::{Matrix, check_centers, contiguous, with_samples};
use crate::errors::to_python;
use crate::kmeans::weights_of;
use crate::runtime::run;

/// Weighted sum of squared distances of the samples of each cluster to its center.
#[pyfunction]
pub(crate) fn kmeans_inertia_per_cluster<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    centers: PyReadonlyArray2<'py, f64>,
    labels: PyReadonlyArray1<'py, i32>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let labels = labels.as_slice()?;
    with_samples!(&X, samples => {
        check_centers(&centers, samples.n_features())?;
        let centers = contiguous("centers", &centers)?;
        let weights = weights_of(sample_weight.as_ref(), &samples)?;
        let sums = run(py, |exec| kmeans::inertia_per_cluster(exec, &samples, weights, centers, labels))?;
        Ok(sums.to_pyarray(py))
    })
}

/// Label of the cluster that each sample reaches on its way down a tree of splits.
#[pyfunction]
pub(crate) fn bisecting_predict<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    centers: PyReadonlyArray3<'py, f64>,
    targets: PyReadonlyArray2<'py, i32>,
) -> PyResult<Bound<'py, PyArray1<i32>>> {
    let (centers, targets) = (contiguous("centers", &centers)?, contiguous("targets", &targets)?);
    with_samples!(&X, samples => predict(py, &samples, centers, targets))
}

fn predict<'py, T: Element>(
    py: Python<'py>,
    samples: &Samples<'_, T>,
    centers: &[f64],
    targets: &[i32],
) -> PyResult<Bound<'py, PyArray1<i32>>> {
    let tree = Tree::<T::Real>::new(centers, targets, samples.n_features()).map_err(|error| to_python(&error))?;
    let labels = PyArray1::<i32>::zeros(py, samples.n_samples(), false);
    let mut labels_view = labels.readwrite();
    let labels_out = labels_view.as_slice_mut()?;
    run(py, |exec| kmeans::predict_tree(exec, samples, &tree, labels_out))?;
    drop(labels_view);
    Ok(labels)
}
