//! Draws with replacement, and without.

#![allow(clippy::needless_pass_by_value, reason = "arguments arrive from Python as owned borrows of arrays")]

use clast_core::choice::{self, Probabilities};
use clast_core::permutation::Twister;
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyUntypedArrayMethods, ToPyArray};
use pyo3::prelude::*;

use crate::arrays::{contiguous, vector};
use crate::errors::to_python;
use crate::runtime::run;

fn probabilities_of<'a>(
    probabilities: Option<&'a PyReadonlyArray1<'_, f64>>,
    n_samples: usize,
    each: f64,
) -> PyResult<Probabilities<'a>> {
    let values = vector("probabilities", probabilities)?;
    Ok(values.map_or(Probabilities::Equal { n_samples, each }, Probabilities::Each))
}

/// Running sums of the probabilities, as `choose_rows` needs them; None stands for `n_samples` times `each`.
#[pyfunction]
pub(crate) fn choice_sums<'py>(
    py: Python<'py>,
    probabilities: Option<PyReadonlyArray1<'py, f64>>,
    n_samples: usize,
    each: f64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let probabilities = probabilities_of(probabilities.as_ref(), n_samples, each)?;
    Ok(run(py, |exec| choice::block_sums(exec, probabilities))?.to_pyarray(py))
}

/// The rows that uniform draws fall on.
#[pyfunction]
pub(crate) fn choose_rows<'py>(
    py: Python<'py>,
    probabilities: Option<PyReadonlyArray1<'py, f64>>,
    n_samples: usize,
    each: f64,
    sums: PyReadonlyArray1<'py, f64>,
    draws: PyReadonlyArray1<'py, f64>,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let probabilities = probabilities_of(probabilities.as_ref(), n_samples, each)?;
    let rows = PyArray1::<i64>::zeros(py, draws.len(), false);
    let (sums, draws) = (sums.as_slice()?, draws.as_slice()?);
    let mut rows_view = rows.readwrite();
    let rows_out = rows_view.as_slice_mut()?;
    run(py, |exec| choice::choose_rows(exec, probabilities, sums, draws, rows_out))?;
    drop(rows_view);
    Ok(rows)
}

/// Their first entries, and what numpy's generator becomes: the words of its state, and how many of them are used up.
type Permutations<'py> = (Vec<Bound<'py, PyArray1<u32>>>, Bound<'py, PyArray1<u32>>, usize);

/// The first entries of permutations of the numbers below `n`, as many of each as `sizes` says, in their order or sorted.
#[pyfunction]
pub(crate) fn permutation_heads<'py>(
    py: Python<'py>,
    state: PyReadonlyArray1<'py, u32>,
    position: usize,
    n: usize,
    sizes: Vec<usize>,
    is_sorted: bool,
) -> PyResult<Permutations<'py>> {
    let mut twister = Twister::new(contiguous("state", &state)?, position).map_err(|error| to_python(&error))?;
    let heads = run(py, |exec| twister.permutations(exec, n, &sizes, is_sorted))?;
    let (state, position) = twister.state();
    let heads = heads.into_iter().map(|head| PyArray1::from_vec(py, head)).collect();
    Ok((heads, state.to_pyarray(py), position))
}
