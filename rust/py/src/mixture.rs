//! Gaussian mixtures.

#![allow(non_snake_case, reason = "X is the field's name for a sample matrix")]
#![allow(clippy::needless_pass_by_value, reason = "arguments arrive from Python as owned borrows of arrays")]

use clast_core::mixture::{
    self, Control, Covariance, Fit, Maximized, OnIteration, Parameters, Probability, Progress, Regularization,
    Statistics,
};
use clast_core::{Element, Exec, Real, Samples};
use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArrayDyn, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2, PyReadonlyArray3,
    PyReadonlyArrayDyn, PyReadwriteArray1, PyReadwriteArray2, PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::arrays::{Matrix, contiguous, contiguous_mut, with_samples};
use crate::errors::to_python;
use crate::kmeans::weights_of;
use crate::runtime::{drive_to_answer, run};

/// Reference, totals, first and second moments, log likelihood, total weight.
type Moments<'py> = (
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray2<f64>>,
    Bound<'py, PyArrayDyn<f64>>,
    f64,
    f64,
);

/// The same as they come in.
type GivenMoments<'py> = (
    PyReadonlyArray2<'py, f64>,
    PyReadonlyArray1<'py, f64>,
    PyReadonlyArray2<'py, f64>,
    PyReadonlyArrayDyn<'py, f64>,
    f64,
    f64,
);

/// Weights, means, covariances, factors of the precisions.
type Model<'py> =
    (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray2<f64>>, Bound<'py, PyArrayDyn<f64>>, Bound<'py, PyArrayDyn<f64>>);

/// Model, lower bounds, whether it converged, collapsed components, whether it was interrupted.
type Fitted<'py> = (Model<'py>, Vec<f64>, bool, Vec<usize>, bool);

/// What the samples say about a mixture: moments around its means, log likelihood, total weight.
#[pyfunction]
pub(crate) fn mixture_statistics<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    covariance_type: &str,
    weights: PyReadonlyArray1<'py, f64>,
    means: PyReadonlyArray2<'py, f64>,
    precisions_cholesky: PyReadonlyArrayDyn<'py, f64>,
) -> PyResult<Moments<'py>> {
    let mixture = parameters(covariance_type, &weights, &means, &precisions_cholesky)?;
    let found = with_samples!(&X, samples => {
        let weights = weights_of(sample_weight.as_ref(), &samples)?;
        run(py, |exec| mixture::statistics(exec, &samples, weights, &[&mixture]))
    })?;
    found.into_iter().next().map_or_else(|| Err(PyValueError::new_err("no mixture")), |found| describe(py, found))
}

/// The same for samples that belong to the component of their label, around the given points.
#[pyfunction]
pub(crate) fn mixture_statistics_of_labels<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    labels: PyReadonlyArray1<'py, i32>,
    reference: PyReadonlyArray2<'py, f64>,
    is_diagonal: bool,
) -> PyResult<Moments<'py>> {
    let (labels, reference) = (contiguous("labels", &labels)?, contiguous("reference", &reference)?);
    let found = with_samples!(&X, samples => {
        let weights = weights_of(sample_weight.as_ref(), &samples)?;
        run(py, |exec| mixture::statistics_of_labels(exec, &samples, weights, labels, reference, is_diagonal))
    })?;
    describe(py, found)
}

/// The same for samples with given responsibilities, shape (`n_samples`, `n_components`).
#[pyfunction]
pub(crate) fn mixture_statistics_of_responsibilities<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    responsibilities: PyReadonlyArray2<'py, f64>,
    reference: PyReadonlyArray2<'py, f64>,
    is_diagonal: bool,
) -> PyResult<Moments<'py>> {
    let given = contiguous("responsibilities", &responsibilities)?;
    let reference = contiguous("reference", &reference)?;
    let found = with_samples!(&X, samples => {
        let weights = weights_of(sample_weight.as_ref(), &samples)?;
        run(py, |exec| mixture::statistics_of_responsibilities(exec, &samples, weights, given, reference, is_diagonal))
    })?;
    describe(py, found)
}

/// The parameters that statistics ask for, and the components that had to be lifted with the ridge.
#[pyfunction]
pub(crate) fn mixture_maximize<'py>(
    py: Python<'py>,
    statistics: GivenMoments<'py>,
    covariance_type: &str,
    reg_covar: f64,
    eps: f64,
    ridge: Option<f64>,
) -> PyResult<(Model<'py>, Vec<usize>)> {
    let (reference, totals, first, second, log_likelihood, total_weight) = statistics;
    let statistics = Statistics {
        reference: contiguous("reference", &reference)?.to_vec(),
        totals: contiguous("totals", &totals)?.to_vec(),
        first: contiguous("first", &first)?.to_vec(),
        second: contiguous("second", &second)?.to_vec(),
        log_likelihood,
        total_weight,
    };
    let regularization = Regularization { reg_covar, epsilon: eps, ridge };
    let maximized = mixture::maximize(&statistics, covariance(covariance_type)?, regularization)
        .map_err(|error| to_python(&error))?;
    let collapsed = maximized.collapsed.clone();
    Ok((model(py, maximized)?, collapsed))
}

/// Expectation maximisation from several starts, whose arrays have the runs as their first axis: the best model, the
/// lower bound of each of its iterations, whether it converged, collapsed components, whether Ctrl-C ended it.
#[pyfunction]
#[pyo3(signature = (X, sample_weight, covariance_type, weights, means, precisions_cholesky, max_iter, tol, reg_covar, eps, ridge, lower_bound, on_iteration=None))]
#[allow(clippy::too_many_arguments, reason = "the arguments of a Python function, and the interpreter")]
pub(crate) fn mixture_fit<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    sample_weight: Option<PyReadonlyArray1<'py, f64>>,
    covariance_type: &str,
    weights: PyReadonlyArray2<'py, f64>,
    means: PyReadonlyArray3<'py, f64>,
    precisions_cholesky: PyReadonlyArrayDyn<'py, f64>,
    max_iter: usize,
    tol: f64,
    reg_covar: f64,
    eps: f64,
    ridge: Option<f64>,
    lower_bound: f64,
    on_iteration: Option<Py<PyAny>>,
) -> PyResult<Fitted<'py>> {
    let starts = starts(covariance(covariance_type)?, &weights, &means, &precisions_cholesky)?;
    let control =
        Control { max_iter, tol, lower_bound, regularization: Regularization { reg_covar, epsilon: eps, ridge } };
    let Fit { maximized, lower_bounds, is_converged, collapsed, is_interrupted } = with_samples!(&X, samples => {
        let weights = weights_of(sample_weight.as_ref(), &samples)?;
        let fit = |exec: &Exec<'_>, report: Option<OnIteration<'_>>| {
            mixture::fit(exec, &samples, weights, starts, control, report)
        };
        match &on_iteration {
            None => drive_to_answer(py, |exec, _: &mut (dyn FnMut(()) + Send)| fit(exec, None), |()| Ok(())),
            Some(callback) => drive_to_answer(
                py,
                |exec, report| fit(exec, Some(&mut |progress| report(progress))),
                |Progress { run, n_iter, lower_bound, change }| {
                    Python::attach(|py| callback.call1(py, (run, n_iter, lower_bound, change)).map(drop))
                },
            ),
        }
    })?;
    Ok((model(py, maximized)?, lower_bounds, is_converged, collapsed, is_interrupted))
}

/// Number of the most probable component of each sample.
#[pyfunction]
pub(crate) fn mixture_predict<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    covariance_type: &str,
    weights: PyReadonlyArray1<'py, f64>,
    means: PyReadonlyArray2<'py, f64>,
    precisions_cholesky: PyReadonlyArrayDyn<'py, f64>,
) -> PyResult<Bound<'py, PyArray1<i64>>> {
    let mixture = parameters(covariance_type, &weights, &means, &precisions_cholesky)?;
    with_samples!(&X, samples => {
        let labels = PyArray1::<i64>::zeros(py, samples.n_samples(), false);
        let mut labels_view = labels.readwrite();
        let labels_out = labels_view.as_slice_mut()?;
        run(py, |exec| mixture::predict(exec, &samples, &mixture, labels_out))?;
        drop(labels_view);
        Ok(labels)
    })
}

/// Writes the logarithm of the density at each sample, float32 or float64.
#[pyfunction]
pub(crate) fn mixture_log_density<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    covariance_type: &str,
    weights: PyReadonlyArray1<'py, f64>,
    means: PyReadonlyArray2<'py, f64>,
    precisions_cholesky: PyReadonlyArrayDyn<'py, f64>,
    out: Bound<'py, PyAny>,
) -> PyResult<()> {
    let mixture = parameters(covariance_type, &weights, &means, &precisions_cholesky)?;
    with_samples!(&X, samples => {
        if let Ok(out) = out.extract() {
            return log_density::<_, f64>(py, &samples, &mixture, out);
        }
        log_density::<_, f32>(py, &samples, &mixture, out.extract().map_err(|_| refuse(&out, "(n_samples,)"))?)
    })
}

fn log_density<T: Element, R: Real + numpy::Element>(
    py: Python<'_>,
    samples: &Samples<'_, T>,
    mixture: &Parameters,
    mut out: PyReadwriteArray1<'_, R>,
) -> PyResult<()> {
    let out = contiguous_mut("out", &mut out)?;
    run(py, |exec| mixture::log_density(exec, samples, mixture, out))
}

/// Writes the probability of each component at each sample, shape (`n_samples`, `n_components`), float64, float32 or uint8.
#[pyfunction]
pub(crate) fn mixture_posteriors<'py>(
    py: Python<'py>,
    X: Matrix<'py>,
    covariance_type: &str,
    weights: PyReadonlyArray1<'py, f64>,
    means: PyReadonlyArray2<'py, f64>,
    precisions_cholesky: PyReadonlyArrayDyn<'py, f64>,
    out: Bound<'py, PyAny>,
) -> PyResult<()> {
    let mixture = parameters(covariance_type, &weights, &means, &precisions_cholesky)?;
    with_samples!(&X, samples => {
        if let Ok(out) = out.extract() {
            return posteriors::<_, f64>(py, &samples, &mixture, out);
        }
        if let Ok(out) = out.extract() {
            return posteriors::<_, f32>(py, &samples, &mixture, out);
        }
        let out_u8 = out.extract().map_err(|_| refuse(&out, "(n_samples, n_components)"))?;
        posteriors::<_, u8>(py, &samples, &mixture, out_u8)
    })
}

fn posteriors<T: Element, P: Probability + numpy::Element>(
    py: Python<'_>,
    samples: &Samples<'_, T>,
    mixture: &Parameters,
    mut out: PyReadwriteArray2<'_, P>,
) -> PyResult<()> {
    let out = contiguous_mut("out", &mut out)?;
    run(py, |exec| mixture::posteriors(exec, samples, mixture, out))
}

fn refuse(out: &Bound<'_, PyAny>, shape: &str) -> PyErr {
    let kind = out.get_type();
    PyTypeError::new_err(format!(
        "'out' is a {kind} that cannot be written to: a writable array of shape {shape} is needed"
    ))
}

fn covariance(name: &str) -> PyResult<Covariance> {
    match name {
        "full" => Ok(Covariance::Full),
        "tied" => Ok(Covariance::Tied),
        "diag" => Ok(Covariance::Diagonal),
        "spherical" => Ok(Covariance::Spherical),
        _ => {
            let needed = "'full', 'tied', 'diag' or 'spherical' is needed";
            Err(PyValueError::new_err(format!("'covariance_type' is '{name}', but {needed}")))
        }
    }
}

fn parameters(
    covariance_type: &str,
    weights: &PyReadonlyArray1<'_, f64>,
    means: &PyReadonlyArray2<'_, f64>,
    precisions_cholesky: &PyReadonlyArrayDyn<'_, f64>,
) -> PyResult<Parameters> {
    Ok(Parameters {
        covariance: covariance(covariance_type)?,
        weights: contiguous("weights", weights)?.to_vec(),
        means: contiguous("means", means)?.to_vec(),
        precisions_cholesky: contiguous("precisions_cholesky", precisions_cholesky)?.to_vec(),
    })
}

/// One set of parameters per run.
fn starts(
    covariance: Covariance,
    weights: &PyReadonlyArray2<'_, f64>,
    means: &PyReadonlyArray3<'_, f64>,
    precisions_cholesky: &PyReadonlyArrayDyn<'_, f64>,
) -> PyResult<Vec<Parameters>> {
    let n_runs = weights.shape()[0];
    let part = |values: &[f64], run: usize| {
        let size = values.len() / n_runs;
        values[run * size..][..size].to_vec()
    };
    let weights = contiguous("weights", weights)?;
    let means = contiguous("means", means)?;
    let precisions_cholesky = contiguous("precisions_cholesky", precisions_cholesky)?;
    Ok((0..n_runs)
        .map(|run| Parameters {
            covariance,
            weights: part(weights, run),
            means: part(means, run),
            precisions_cholesky: part(precisions_cholesky, run),
        })
        .collect())
}

fn describe(py: Python<'_>, found: Statistics) -> PyResult<Moments<'_>> {
    let (k, d) = (found.n_components(), found.n_features());
    let is_diagonal = found.second.len() == k * d;
    let shape = if is_diagonal && d > 1 { vec![k, d] } else { vec![k, d, d] };
    Ok((
        found.reference.into_pyarray(py).reshape([k, d])?,
        found.totals.into_pyarray(py),
        found.first.into_pyarray(py).reshape([k, d])?,
        found.second.into_pyarray(py).reshape(shape)?,
        found.log_likelihood,
        found.total_weight,
    ))
}

fn model(py: Python<'_>, maximized: Maximized) -> PyResult<Model<'_>> {
    let Maximized { parameters, covariances, .. } = maximized;
    let (k, d) = (parameters.n_components(), parameters.n_features());
    let shape = match parameters.covariance {
        Covariance::Full => vec![k, d, d],
        Covariance::Tied => vec![d, d],
        Covariance::Diagonal => vec![k, d],
        Covariance::Spherical => vec![k],
    };
    Ok((
        parameters.weights.into_pyarray(py),
        parameters.means.into_pyarray(py).reshape([k, d])?,
        covariances.into_pyarray(py).reshape(shape.clone())?,
        parameters.precisions_cholesky.into_pyarray(py).reshape(shape)?,
    ))
}
