//! Errors of the core as Python exceptions.

use clast_core::Error;
use pyo3::PyErr;
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PyValueError};

/// The one place where an error of the core becomes an exception.
pub(crate) fn to_python(error: &Error) -> PyErr {
    match error {
        Error::Length { .. } | Error::Mismatch { .. } | Error::Range { .. } => PyValueError::new_err(error.to_string()),
        Error::Collapsed { .. } => {
            PyValueError::new_err(format!("{error} on_collapse='regularize' would widen it and go on."))
        }
        Error::Interrupted => PyKeyboardInterrupt::new_err(()),
        _ => PyRuntimeError::new_err(error.to_string()),
    }
}
