"""Labels of any kind as numbers from 0, and how often pairs of them meet."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import column_or_1d

# Widest range of integers that is counted instead of sorted.
_COUNTED = 1 << 16
# So many sums, of which some may stay zero, cost nothing beside a pass over samples.
_MAX_LOOSE = 256


def encode(labels: ArrayLike) -> tuple[NDArray[np.int32], NDArray[Any]]:
    """Turn labels into numbers from 0.

    Parameters
    ----------
    labels : array-like of shape (n_samples,)

    Returns
    -------
    codes : ndarray of shape (n_samples,), int32
        Index of each label in `classes`.
    classes : ndarray of shape (n_classes,)
        The distinct labels, ascending.

    Raises
    ------
    ValueError
        If `labels` is not one-dimensional.
    """
    values: NDArray[Any] = column_or_1d(labels)
    if values.dtype.kind in "iu" and values.size:
        low, high = int(values.min()), int(values.max())
        if high - low < _COUNTED:
            codes = values.astype(np.int32) if low == 0 else (values.astype(np.int64) - low).astype(np.int32)
            return _without_gaps(codes, low, values.dtype)
    classes, places = np.unique(values, return_inverse=True)
    return places.astype(np.int32), classes


def encode_loosely(labels: ArrayLike) -> tuple[NDArray[np.int32], NDArray[Any]]:
    """Turn labels into numbers from 0, some of which may not occur.

    Parameters
    ----------
    labels : array-like of shape (n_samples,)

    Returns
    -------
    codes : ndarray of shape (n_samples,), int32
        The labels themselves, not copied, where they are int32 from 0 on.
    classes : ndarray of shape (n_classes,)
        The label of each number, ascending.
    """
    values: NDArray[Any] = column_or_1d(labels)
    if values.dtype.kind in "iu" and values.size:
        low, high = int(values.min()), int(values.max())
        if low >= 0 and high < _MAX_LOOSE:
            return np.ascontiguousarray(values, dtype=np.int32), np.arange(high + 1, dtype=values.dtype)
    return encode(values)


def _without_gaps(codes: NDArray[np.int32], low: int, dtype: np.dtype[Any]) -> tuple[NDArray[np.int32], NDArray[Any]]:
    occurs = np.zeros(int(codes.max()) + 1, dtype=bool)
    occurs[codes] = True
    classes = (np.flatnonzero(occurs) + low).astype(dtype)
    if len(classes) < len(occurs):
        codes = (np.cumsum(occurs) - 1).astype(np.int32)[codes]
    return codes, classes


def contingency(a: NDArray[Any], b: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any]]:
    """Count how often each label of `a` meets each of `b`.

    Parameters
    ----------
    a, b : ndarray of the same shape

    Returns
    -------
    counts : ndarray of shape (n_a, n_b), int64
    classes_a : ndarray of shape (n_a,)
        The distinct labels of `a`, ascending.
    classes_b : ndarray of shape (n_b,)
    """
    codes_a, classes_a = encode(a.ravel())
    codes_b, classes_b = encode(b.ravel())
    n_a, n_b = len(classes_a), len(classes_b)
    counts = np.bincount(codes_a.astype(np.int64) * n_b + codes_b, minlength=n_a * n_b)
    return counts.reshape(n_a, n_b), classes_a, classes_b
