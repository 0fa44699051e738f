//! Borrowing numpy arrays: the only place that looks at dtype, strides and contiguity.

use clast_core::{Element, Layout, Samples};
use numpy::ndarray::Dimension;
use numpy::{
    PyReadonlyArray, PyReadonlyArray1, PyReadonlyArray2, PyReadwriteArray, PyUntypedArray, PyUntypedArrayMethods,
};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::errors::to_python;

/// A borrowed sample matrix in one of the types that kernels read as they are.
///
/// The array stays borrowed while a kernel runs without the GIL; as everywhere in numpy, writing into it from another
/// thread meanwhile gives unspecified numbers (never a crash: no kernel trusts a value for memory access).
pub(crate) enum Matrix<'py> {
    U8(PyReadonlyArray2<'py, u8>),
    I16(PyReadonlyArray2<'py, i16>),
    U16(PyReadonlyArray2<'py, u16>),
    F32(PyReadonlyArray2<'py, f32>),
    F64(PyReadonlyArray2<'py, f64>),
}

impl<'py> FromPyObject<'_, 'py> for Matrix<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(array) = object.extract() {
            return Ok(Self::F64(array));
        }
        if let Ok(array) = object.extract() {
            return Ok(Self::F32(array));
        }
        if let Ok(array) = object.extract() {
            return Ok(Self::U8(array));
        }
        if let Ok(array) = object.extract() {
            return Ok(Self::U16(array));
        }
        if let Ok(array) = object.extract() {
            return Ok(Self::I16(array));
        }
        Err(refuse_matrix(&object))
    }
}

fn refuse_matrix(object: &Bound<'_, PyAny>) -> PyErr {
    let Ok(array) = object.cast::<PyUntypedArray>() else {
        return PyTypeError::new_err("'X' is no numpy array");
    };
    if array.ndim() != 2 {
        let needed = "2 are needed (n_samples, n_features)";
        return PyValueError::new_err(format!("'X' has {} dimensions, but {needed}", array.ndim()));
    }
    let needed = "uint8, int16, uint16, float32 or float64 in native byte order is needed";
    PyTypeError::new_err(format!("'X' has dtype {}, but {needed}", array.dtype()))
}

/// Runs `$body` with `$samples` bound to the checked view of a [`Matrix`], whatever its type.
macro_rules! with_samples {
    ($matrix:expr, $samples:ident => $body:expr) => {
        match $matrix {
            $crate::arrays::Matrix::U8(array) => $crate::arrays::with_view(array, |$samples| $body),
            $crate::arrays::Matrix::I16(array) => $crate::arrays::with_view(array, |$samples| $body),
            $crate::arrays::Matrix::U16(array) => $crate::arrays::with_view(array, |$samples| $body),
            $crate::arrays::Matrix::F32(array) => $crate::arrays::with_view(array, |$samples| $body),
            $crate::arrays::Matrix::F64(array) => $crate::arrays::with_view(array, |$samples| $body),
        }
    };
}
pub(crate) use with_samples;

/// Hands the checked view of an array to `body`.
pub(crate) fn with_view<T: Element + numpy::Element, O>(
    array: &PyReadonlyArray2<'_, T>,
    body: impl FnOnce(Samples<'_, T>) -> PyResult<O>,
) -> PyResult<O> {
    let layout = if array.is_c_contiguous() { Layout::RowMajor } else { Layout::Planes };
    let values = array
        .as_slice()
        .map_err(|_| PyValueError::new_err("'X' is not contiguous, but C or Fortran order is needed"))?;
    let [n_samples, n_features] = [array.shape()[0], array.shape()[1]];
    body(Samples::new(values, n_samples, n_features, layout).map_err(|error| to_python(&error))?)
}

/// The values of a C-contiguous array.
pub(crate) fn contiguous<'a, T: numpy::Element, D: Dimension>(
    name: &str,
    array: &'a PyReadonlyArray<'_, T, D>,
) -> PyResult<&'a [T]> {
    if !array.is_c_contiguous() {
        return Err(PyValueError::new_err(format!("'{name}' is not C-contiguous")));
    }
    array.as_slice().map_err(|_| PyValueError::new_err(format!("'{name}' is not C-contiguous")))
}

/// The values of a C-contiguous array that is to be changed.
pub(crate) fn contiguous_mut<'a, T: numpy::Element, D: Dimension>(
    name: &str,
    array: &'a mut PyReadwriteArray<'_, T, D>,
) -> PyResult<&'a mut [T]> {
    if !array.is_c_contiguous() {
        return Err(PyValueError::new_err(format!("'{name}' is not C-contiguous")));
    }
    array.as_slice_mut().map_err(|_| PyValueError::new_err(format!("'{name}' is not C-contiguous")))
}

/// The values of a contiguous vector, if there is one.
pub(crate) fn vector<'a, T: numpy::Element>(
    name: &str,
    array: Option<&'a PyReadonlyArray1<'_, T>>,
) -> PyResult<Option<&'a [T]>> {
    array
        .map(|array| array.as_slice().map_err(|_| PyValueError::new_err(format!("'{name}' is not contiguous"))))
        .transpose()
}

/// Checks that centers, shape (`n_clusters`, `n_features`), fit the samples.
pub(crate) fn check_centers(centers: &PyReadonlyArray2<'_, f64>, n_features: usize) -> PyResult<()> {
    if centers.shape()[1] == n_features && centers.shape()[0] > 0 {
        return Ok(());
    }
    let [rows, columns] = [centers.shape()[0], centers.shape()[1]];
    let needed = format!("(n_clusters, n_features={n_features})");
    Err(PyValueError::new_err(format!("'centers' has shape ({rows}, {columns}), but {needed} is needed")))
}

/// Checks that centers of several runs, shape (`n_runs`, `n_clusters`, `n_features`), fit the samples.
pub(crate) fn check_starts(shape: &[usize], n_features: usize) -> PyResult<()> {
    if shape[2] == n_features && shape[1] > 0 {
        return Ok(());
    }
    let needed = format!("(n_runs, n_clusters, n_features={n_features})");
    Err(PyValueError::new_err(format!("'starts' has shape {shape:?}, but {needed} is needed")))
}
