"""Turn what users pass into what the kernels read; no other module converts arrays.

The kernels borrow sample matrices in five dtypes and in C or Fortran order, and read centers and weights as contiguous
float64. A copy is made only where the input has another dtype or awkward strides.
"""

from collections.abc import Sequence
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

# Any other dtype becomes the first of these.
SAMPLE_DTYPES = [np.float64, np.float32, np.uint8, np.int16, np.uint16]


def check_samples(X: ArrayLike, *, ensure_finite: bool = True, name: str = "X") -> NDArray[Any]:
    """Return `X` as a finite, two-dimensional sample matrix that a kernel can borrow.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    ensure_finite : bool, default=True
        False: the caller sees to it that NaN and infinity are refused.
    name : str, default="X"
        What the caller's user knows it as.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        `X` itself if the kernels can read it as it is.

    Raises
    ------
    TypeError
        If `X` is sparse.
    ValueError
        If `X` is empty, not two-dimensional, not numeric, or holds NaN or infinity.
    """
    return _as_borrowable(check_array(X, dtype=SAMPLE_DTYPES, input_name=name, ensure_all_finite=ensure_finite))


def check_estimator_samples(estimator: Any, X: ArrayLike, *, reset: bool, ensure_min_samples: int = 1) -> NDArray[Any]:
    """Check `X` as `check_samples` does, and its features against those `estimator` was fitted on.

    Parameters
    ----------
    estimator : estimator instance
        Gets ``n_features_in_`` and ``feature_names_in_`` if `reset`.
    X : array-like of shape (n_samples, n_features)
    reset : bool
        True in ``fit``; False where `X` must have the features seen there.
    ensure_min_samples : int, default=1
        Fewer samples are refused.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
    """
    checked = validate_data(estimator, X, reset=reset, dtype=SAMPLE_DTYPES, ensure_min_samples=ensure_min_samples)
    return _as_borrowable(checked)


def _as_borrowable(X: NDArray[Any]) -> NDArray[Any]:
    contiguous = X.flags.c_contiguous or X.flags.f_contiguous
    return X if contiguous and X.flags.aligned else np.array(X, order="C")


def check_values(values: ArrayLike) -> NDArray[Any]:
    """Return `values` as finite numbers of any shape in C order that a kernel can borrow as one feature.

    Parameters
    ----------
    values : array-like of any shape

    Returns
    -------
    ndarray of the same shape
        `values` itself if the kernels can read it as it is.

    Raises
    ------
    TypeError
        If `values` is sparse.
    ValueError
        If `values` is empty, not numeric, or holds NaN or infinity.
    """
    checked = check_array(values, dtype=SAMPLE_DTYPES, ensure_2d=False, allow_nd=True, input_name="values")
    return np.require(checked, requirements=["C", "A"])


def check_sample_weight(sample_weight: ArrayLike | None, n_samples: int) -> NDArray[np.float64] | None:
    """Return the weights as the kernels read them, or None where all samples weigh the same.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), number or None
    n_samples : int

    Returns
    -------
    ndarray of shape (n_samples,), float64, or None

    Raises
    ------
    ValueError
        If the shape is wrong, a weight is negative or not finite, or all weights are 0.
    """
    # None stays None: an array of ones would cost as much memory as a channel of the image.
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Number):
        sample_weight = np.full(n_samples, sample_weight)
    weights: NDArray[np.float64] = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, order="C", input_name="sample_weight"
    )
    if weights.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {weights.ndim}D array. "
            f"Expected either a scalar value or a 1D array of length {n_samples}."
        )
    if weights.shape != (n_samples,):
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(n_samples,)}!")
    if weights.min() < 0:
        raise ValueError("Negative values in data passed to `sample_weight`")
    if weights.max() == 0:
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weights if weights.flags.aligned else weights.copy()


def check_n_clusters(X: NDArray[Any], n_clusters: int) -> None:
    """Raise ValueError if there are fewer samples than clusters."""
    if X.shape[0] < n_clusters:
        raise ValueError(f"n_samples={X.shape[0]} should be >= n_clusters={n_clusters}.")


def check_initial_centers(centers: ArrayLike, X: NDArray[Any], n_clusters: int) -> NDArray[np.float64]:
    """Return initial centers as the kernels read them; values are rounded to the dtype of the fitted centers.

    Parameters
    ----------
    centers : array-like of shape (n_clusters, n_features)
    X : ndarray of shape (n_samples, n_features)
    n_clusters : int

    Returns
    -------
    ndarray of shape (n_clusters, n_features), float64

    Raises
    ------
    ValueError
        If the shape does not match, or a value is not finite.
    """
    checked: NDArray[Any] = check_array(centers, dtype=center_dtype(X), order="C")
    if checked.shape[0] != n_clusters:
        raise ValueError(
            f"The shape of the initial centers {checked.shape} does not match the number of clusters {n_clusters}."
        )
    if checked.shape[1] != X.shape[1]:
        raise ValueError(
            f"The shape of the initial centers {checked.shape} does not "
            f"match the number of features of the data {X.shape[1]}."
        )
    return as_kernel_centers(checked)


def as_kernel_centers(centers: NDArray[Any]) -> NDArray[np.float64]:
    """Return centers as contiguous, aligned float64."""
    return np.require(centers, dtype=np.float64, requirements=["C", "A"])


def center_dtype(X: NDArray[Any]) -> type[np.float32] | type[np.float64]:
    """Return the dtype of centers and distances for samples `X`: float32 stays, anything else gives float64."""
    return np.float32 if X.dtype == np.float32 else np.float64


def check_out(
    out: NDArray[Any] | None,
    dtype: DTypeLike | None,
    shape: tuple[int, ...],
    dtypes: Sequence[type[np.generic]],
    default: DTypeLike,
) -> NDArray[Any]:
    """Return the array that a kernel writes its answer to: the one given, or a new one.

    Parameters
    ----------
    out : ndarray or None
        As a user gave it.
    dtype : dtype or None
        As a user asked for.
    shape : tuple of int
        Shape of the answer.
    dtypes : sequence of type
        What the kernel can write.
    default : dtype
        Type of a new array, if none was asked for.

    Returns
    -------
    ndarray of shape `shape`

    Raises
    ------
    TypeError
        If `out` is no array, or a dtype is none of `dtypes`.
    ValueError
        If `out` does not have the shape, the order or the dtype, or cannot be written.
    """
    if out is not None and not isinstance(out, np.ndarray):
        raise TypeError(f"'out' is a {type(out).__name__}, but must be a numpy array")
    wanted = np.dtype(dtype if dtype is not None else default if out is None else out.dtype)
    if wanted not in [np.dtype(known) for known in dtypes]:
        names = ", ".join(np.dtype(known).name for known in dtypes)
        raise TypeError(f"'{'dtype' if out is None else 'out'}' is {wanted}, but must be one of {names}")
    if out is None:
        return np.empty(shape, dtype=wanted)
    if out.dtype != wanted:
        raise ValueError(f"'out' is {out.dtype}, but 'dtype' is {wanted}; one of them suffices")
    if out.shape != shape:
        raise ValueError(f"'out' has shape {out.shape}, but {shape} is needed")
    if not (out.flags.c_contiguous and out.flags.aligned and out.flags.writeable):
        raise ValueError("'out' must be C-contiguous, aligned and writable, such as numpy.empty makes it")
    return out
