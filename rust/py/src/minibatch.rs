//! Mini-batch k-means.

#![allow(non_snake_case, reason = "X is the field's name for a sample matrix")]
#![allow(clippy::needless_pass_by_value, reason = "arguments arrive from Python as owned borrows of arrays")]

use clast_core::{Weights, kmeans};
use numpy::{PyReadonlyArray1, PyReadwriteArray1, PyReadwriteArray2};
use pyo3::prelude::*;

use crate::arrays::{Matrix, check_centers, contiguous_mut, vector, with_samples};
use crate::errors::to_python;
use crate::runtime::run;

/// Moves the centers by the batch of the given rows (all samples if None) and adds its weights to those of the
/// clusters; returns the inertia of the batch before.
#[pyfunction]
pub(crate) fn kmeans_minibatch_step<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    rows: Option<PyReadonlyArray1<'py, i64>>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    mut centers: PyReadwriteArray2<'py, f64>,
    mut weight_sums: PyReadwriteArray1<'py, f64>,
) -> PyResult<f64> {
    let (rows, weights) = (vector("rows", rows.as_ref())?, vector("sample_weight", sample_weight.as_ref())?);
    with_samples!(&X, samples => {
        check_centers(&centers, samples.n_features())?;
        let centers = contiguous_mut("centers", &mut centers)?;
        let weight_sums = contiguous_mut("weight_sums", &mut weight_sums)?;
        let weights = Weights::new(weights, rows.map_or(samples.n_samples(), <[i64]>::len))
            .map_err(|error| to_python(&error))?;
        run(py, |exec| kmeans::minibatch_step(exec, &samples, rows, weights, centers, weight_sums))
    })
}
