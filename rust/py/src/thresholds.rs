//! Histograms and thresholds.

#![allow(non_snake_case, reason = "X is the field's name for a sample matrix")]
#![allow(clippy::needless_pass_by_value, reason = "arguments arrive from Python as owned borrows of arrays")]

use clast_core::histogram::{self, Tabulated};
use clast_core::multiotsu;
use numpy::{PyArray1, PyReadonlyArray1, PyReadonlyArray2, ToPyArray};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::arrays::{Matrix, with_samples, with_view};
use crate::runtime::run;

type Counted<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>);

/// The distinct values of integers, ascending, and how often each occurs.
#[pyfunction]
pub(crate) fn count_values<'py>(py: Python<'py>, X: Matrix<'py>) -> PyResult<Counted<'py>> {
    match &X {
        Matrix::U8(array) => counted(py, array),
        Matrix::I16(array) => counted(py, array),
        Matrix::U16(array) => counted(py, array),
        Matrix::F32(_) | Matrix::F64(_) => {
            Err(PyTypeError::new_err("'X' holds floats, but uint8, int16 or uint16 is needed"))
        }
    }
}

fn counted<'py, T: Tabulated + numpy::Element>(
    py: Python<'py>,
    array: &PyReadonlyArray2<'py, T>,
) -> PyResult<Counted<'py>> {
    let counts = with_view(array, |samples| run(py, |exec| histogram::count_values(exec, samples.values())))?;
    let found = counts.into_iter().enumerate().filter(|(_, count)| *count > 0);
    let (values, counts): (Vec<i64>, Vec<i64>) =
        found.map(|(slot, count)| (i64::from(T::in_slot(slot)), count as i64)).unzip();
    Ok((values.to_pyarray(py), counts.to_pyarray(py)))
}

/// How many values lie between one edge and the next; the last bin includes its upper edge.
#[pyfunction]
pub(crate) fn count_between<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    edges: PyReadonlyArray1<'py, f64>,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let edges = edges.as_slice()?;
    let counts = with_samples!(&X, samples => run(py, |exec| histogram::count_between(exec, samples.values(), edges)))?;
    let counts: Vec<i64> = counts.into_iter().map(|count| count as i64).collect();
    Ok(counts.to_pyarray(py))
}

/// Bins that end the classes of multi-level Otsu, the last class excepted.
#[pyfunction]
pub(crate) fn multiotsu_bins<'py>(
    py: Python<'py>,
    frequencies: PyReadonlyArray1<'py, f32>,
    n_classes: usize,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let frequencies = frequencies.as_slice()?;
    let bins = run(py, |exec| multiotsu::multiotsu(exec, frequencies, n_classes))?;
    let bins: Vec<i64> = bins.into_iter().map(|bin| bin as i64).collect();
    Ok(bins.to_pyarray(py))
}
