//! Scores of clusterings.

#![allow(non_snake_case, reason = "X is the field's name for a sample matrix")]
#![allow(clippy::needless_pass_by_value, reason = "arguments arrive from Python as owned borrows of arrays")]

use clast_core::{dispersion, silhouette};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;

use crate::arrays::{Matrix, check_centers, contiguous, with_samples};
use crate::kmeans::weights_of;
use crate::runtime::run;

type Vector<'py> = Bound<'py, PyArray1<f64>>;

/// Weight and mean of each cluster, and the sums of the squared distances and, if wanted, of the distances of its
/// samples to it.
#[pyfunction]
pub(crate) fn cluster_dispersions<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    labels: PyReadonlyArray1<'py, i32>,
    n_clusters: usize,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    with_distances: bool,
) -> PyResult<(Vector<'py>, Bound<'py, PyArray2<f64>>, Vector<'py>, Vector<'py>)> {
    let labels = contiguous("labels", &labels)?;
    with_samples!(&X, samples => {
        let weights = weights_of(sample_weight.as_ref(), &samples)?;
        let found =
            run(py, |exec| dispersion::dispersions(exec, &samples, labels, n_clusters, weights, with_distances))?;
        let means = found.means.into_pyarray(py).reshape([n_clusters, samples.n_features()])?;
        let (squares, distances) = (found.squares.into_pyarray(py), found.distances.into_pyarray(py));
        Ok((found.weights.into_pyarray(py), means, squares, distances))
    })
}

/// Silhouette of each sample, or of those in `rows`.
#[pyfunction]
#[pyo3(signature = (X, labels, n_clusters, sample_weight, rows=None))]
pub(crate) fn silhouettes<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    labels: PyReadonlyArray1<'py, i32>,
    n_clusters: usize,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    rows: Option<PyReadonlyArray1<'py, i64>>,
) -> PyResult<Vector<'py>> {
    let labels = contiguous("labels", &labels)?;
    let rows = rows.as_ref().map(|rows| contiguous("rows", rows)).transpose()?;
    let found = with_samples!(&X, samples => {
        let weights = weights_of(sample_weight.as_ref(), &samples)?;
        run(py, |exec| match rows {
            None => silhouette::silhouettes(exec, &samples, labels, n_clusters, weights),
            Some(rows) => silhouette::silhouettes_of_rows(exec, &samples, labels, n_clusters, weights, rows),
        })
    })?;
    Ok(found.into_pyarray(py))
}

/// Silhouette of each sample from its distances to the centers.
#[pyfunction]
pub(crate) fn simplified_silhouettes<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    labels: PyReadonlyArray1<'py, i32>,
    centers: PyReadonlyArray2<'py, f64>,
) -> PyResult<Vector<'py>> {
    let labels = contiguous("labels", &labels)?;
    let found = with_samples!(&X, samples => {
        check_centers(&centers, samples.n_features())?;
        let centers = contiguous("centers", &centers)?;
        run(py, |exec| silhouette::simplified_silhouettes(exec, &samples, labels, centers))
    })?;
    Ok(found.into_pyarray(py))
}
