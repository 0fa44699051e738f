//! Moments of features.

#![allow(non_snake_case, reason = "X is the field's name for a sample matrix")]
#![allow(clippy::needless_pass_by_value, reason = "arguments arrive from Python as owned borrows of arrays")]

use clast_core::moments;
use numpy::{PyArray1, ToPyArray};
use pyo3::prelude::*;

use crate::arrays::{Matrix, with_samples};
use crate::runtime::run;

type Vectors<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>);

/// Mean and population variance of each feature.
#[pyfunction]
pub(crate) fn feature_moments<'py>(py: Python<'py>, X: Matrix<'py>) -> PyResult<Vectors<'py>> {
    let found = with_samples!(&X, samples => run(py, |exec| moments::feature_moments(exec, &samples)))?;
    Ok((found.mean.to_pyarray(py), found.variance.to_pyarray(py)))
}
