//! k-means in one dimension.

#![allow(non_snake_case, reason = "X is the field's name for a sample matrix")]
#![allow(clippy::needless_pass_by_value, reason = "arguments arrive from Python as owned borrows of arrays")]

use clast_core::kmeans1d::{self, Points};
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, ToPyArray};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{Matrix, with_samples};
use crate::kmeans::weights_of;
use crate::runtime::run;

type Fit<'py> = (Bound<'py, PyArray1<i32>>, Bound<'py, PyArray1<f64>>, f64, Bound<'py, PyArray1<f64>>);

/// The best clustering of one feature: labels, centers, inertia, thresholds.
#[pyfunction]
pub(crate) fn kmeans1d_fit<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    n_clusters: usize,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
) -> PyResult<Fit<'py>> {
    with_samples!(&X, samples => {
        let weights = weights_of(sample_weight.as_ref(), &samples)?;
        let labels = PyArray1::<i32>::zeros(py, samples.n_samples(), false);
        let mut labels_view = labels.readwrite();
        let labels_out = labels_view.as_slice_mut()?;
        let fit = run(py, |exec| kmeans1d::fit(exec, &samples, weights, n_clusters, labels_out))?;
        drop(labels_view);
        Ok((labels, fit.centers.to_pyarray(py), fit.inertia, fit.thresholds.to_pyarray(py)))
    })
}

/// First point of each cluster but the first in the best clustering of ascending distinct values.
#[pyfunction]
pub(crate) fn kmeans1d_partition<'py>(
    py: Python<'py>,
    values: PyReadonlyArray1<'py, f64>,
    weights: PyReadonlyArray1<'py, f64>,
    n_clusters: usize,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let (values, weights) = (values.as_slice()?, weights.as_slice()?);
    if weights.len() != values.len() {
        let (got, needed) = (weights.len(), values.len());
        return Err(PyValueError::new_err(format!("'weights' has {got} values, but {needed} are needed")));
    }
    let starts = run(py, |exec| {
        let points = Points::new(values.iter().copied().zip(weights.iter().copied()))?;
        if points.len() == values.len() { kmeans1d::partition(exec, &points, n_clusters).map(Some) } else { Ok(None) }
    })?
    .ok_or_else(|| PyValueError::new_err("'values' are not distinct, or have no weight"))?;
    let starts: Vec<i64> = starts.into_iter().map(|start| start as i64).collect();
    Ok(starts.to_pyarray(py))
}
