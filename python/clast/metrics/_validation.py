"""Checks that all scores share, with scikit-learn's messages."""

from typing import Any

from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length, column_or_1d

from clast._validation import check_samples


def check_samples_and_labels(
    X: ArrayLike, labels: ArrayLike, *, ensure_finite: bool = True
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return samples that the kernels can read, and a label for each.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    labels : array-like of shape (n_samples,)
    ensure_finite : bool, default=True
        False: the caller sees to it that NaN and infinity are refused.

    Returns
    -------
    samples : ndarray of shape (n_samples, n_features)
    labels : ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If `X` is not a finite matrix, `labels` not one-dimensional, or their lengths differ.
    """
    samples = check_samples(X, ensure_finite=ensure_finite)
    of_samples: NDArray[Any] = column_or_1d(labels)
    check_consistent_length(samples, of_samples)
    return samples, of_samples


def check_number_of_labels(n_labels: int, n_samples: int) -> None:
    """Raise ValueError unless there are 2 to ``n_samples - 1`` labels."""
    if not 1 < n_labels < n_samples:
        raise ValueError(f"Number of labels is {n_labels}. Valid values are 2 to n_samples - 1 (inclusive)")
