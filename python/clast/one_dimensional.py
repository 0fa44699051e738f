"""K-means in one dimension, where the best of all clusterings can be found."""

from numbers import Integral, Number
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_scalar

from clast import _core
from clast._validation import check_sample_weight, check_values

__all__ = ["KMeans1DResult", "kmeans1d"]


class KMeans1DResult(NamedTuple):
    """The best clustering of values.

    Attributes
    ----------
    labels : ndarray of the shape of the values, int32
        Cluster of every value, numbered by ascending center.
    centers : ndarray of shape (n_clusters,), float64
        Mean of every cluster, ascending.
    inertia : float
        Weighted sum of the squared distances of the values to their centers.
    thresholds : ndarray of shape (n_clusters - 1,), float64
        Where clusters meet: halfway between their centers. ``np.digitize(values, thresholds, right=True)`` are the
        labels, and puts other values to their nearest center.
    """

    labels: NDArray[np.int32]
    centers: NDArray[np.float64]
    inertia: float
    thresholds: NDArray[np.float64]


def kmeans1d(values: ArrayLike, n_clusters: int, *, sample_weight: ArrayLike | None = None) -> KMeans1DResult:
    """Cluster single numbers, such as the pixels of a grey image, with the least inertia there is.

    Where :class:`KMeans` finds a local optimum that depends on its start, this finds the global one, by dynamic
    programming over the sorted distinct values.

    Parameters
    ----------
    values : array_like of any shape
        Finite numbers.
    n_clusters : int
        Number of clusters, at least 1 and at most the number of distinct values of positive weight.
    sample_weight : array_like of the shape of `values`, number or None, default=None
        Weight of every value, at least 0; None weighs all alike. A value of weight 0 gets the label of the nearest
        center, and has no other influence.

    Returns
    -------
    KMeans1DResult
        A named tuple of labels, centers, inertia and thresholds.

    Raises
    ------
    TypeError
        If `n_clusters` is no int, or `values` is sparse.
    ValueError
        If there are fewer distinct values than clusters (where :class:`KMeans` warns of clusters that share a center),
        or `values` is empty, not numeric, or holds NaN or infinity, or the weights do not fit.

    See Also
    --------
    KMeans : For samples of several features.
    threshold_multiotsu : Thresholds by the same criterion from a histogram, with scikit-image's interface.

    Notes
    -----
    uint8, int16, uint16, float32 and float64 are read as they are; other dtypes are converted to float64. Distances are
    computed in float64 from sums of positive terms, so that neither a large offset nor an outlier costs digits. Among
    clusterings whose inertia is equal up to rounding one is chosen, always the same for the same values, and the same
    for any number of threads.

    Cost: one pass over values of 8 or 16 bits, or a sort of others; then at most O(n_clusters m log m) for m distinct
    values, and far less for few clusters of many values, where most values are ruled out as ends of a cluster on a
    coarser problem. Memory beyond the labels: 64 bytes for each distinct value and at most 64 MB, whatever the number
    of clusters, and while floats are sorted 8 bytes for each value (16 with weights).

    References
    ----------
    .. [1] H. Wang and M. Song, "Ckmeans.1d.dp: optimal k-means clustering in one dimension by dynamic programming",
       The R Journal 3(2), 2011. :doi:`10.32614/RJ-2011-015`
    .. [2] A. Grønlund et al., "Fast exact k-means, k-medians and Bregman divergence clustering in 1D", 2017.
       arXiv:1701.07204.

    Examples
    --------
    >>> from clast import kmeans1d
    >>> labels, centers, inertia, thresholds = kmeans1d([[1, 2, 30], [2, 31, 95]], n_clusters=3)
    >>> labels
    array([[0, 0, 1],
           [0, 1, 2]], dtype=int32)
    >>> centers
    array([ 1.66666667, 30.5       , 95.        ])
    >>> thresholds
    array([16.08333333, 62.75      ])
    """
    check_scalar(n_clusters, "n_clusters", Integral, min_val=1)
    checked = check_values(values)
    if sample_weight is not None and not isinstance(sample_weight, Number):
        sample_weight = np.asarray(sample_weight)
        if sample_weight.shape != checked.shape:
            raise ValueError(f"sample_weight.shape == {sample_weight.shape}, expected {checked.shape}!")
        sample_weight = sample_weight.reshape(-1)
    weights = check_sample_weight(sample_weight, checked.size)
    labels, centers, inertia, thresholds = _core.kmeans1d_fit(checked.reshape(-1, 1), n_clusters, weights)
    return KMeans1DResult(labels.reshape(checked.shape), centers, inertia, thresholds)
