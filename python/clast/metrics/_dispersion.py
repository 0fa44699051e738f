"""Scores from the means of clusters and the distances to them, in one or two streaming reads of the samples."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from clast import _core
from clast._validation import check_sample_weight, check_samples
from clast.metrics._labels import encode_loosely
from clast.metrics._validation import check_number_of_labels, check_samples_and_labels

__all__ = ["Dispersion", "calinski_harabasz_score", "davies_bouldin_score", "dispersion", "inertia"]

# Distances that count as none, as in scikit-learn's comparison with numpy.allclose, which alone takes longer than this.
_NO_DISTANCE = 1e-8


class Dispersion(NamedTuple):
    """How far samples lie from the means of their clusters, and these from each other.

    Attributes
    ----------
    labels : ndarray of shape (n_clusters,)
        Distinct labels, ascending; rows of the other arrays follow them.
    weights : ndarray of shape (n_clusters,), float64
        Number of samples, or their total weight.
    means : ndarray of shape (n_clusters, n_features), float64
        Mean of each cluster.
    squares : ndarray of shape (n_clusters,), float64
        Sum of the squared distances of its samples to the mean of a cluster.
    distances : ndarray of shape (n_clusters,), float64
        Sum of the distances themselves.
    """

    labels: NDArray[Any]
    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    squares: NDArray[np.float64]
    distances: NDArray[np.float64]

    @property
    def within(self) -> float:
        """Sum of the squared distances of all samples to the means of their clusters."""
        return float(self.squares.sum())

    @property
    def between(self) -> float:
        """Sum over the clusters of weight times squared distance to the mean of all samples."""
        mean = self.weights @ self.means / self.weights.sum()
        return float(self.weights @ ((self.means - mean) ** 2).sum(axis=1))

    def calinski_harabasz(self) -> float:
        """Give the ratio of `between` to `within`, each per degree of freedom; 1 if `within` is 0."""
        k, total = len(self.labels), self.weights.sum()
        return 1.0 if self.within == 0 else float(self.between * (total - k) / (self.within * (k - 1)))

    def davies_bouldin(self) -> float:
        """Give the mean over clusters of the worst ratio of spreads to distance with another cluster."""
        spreads = self.distances / self.weights
        # From differences: scikit-learn's expanded squares lose digits where all means are far from zero.
        apart = cdist(self.means, self.means)
        if spreads.max() <= _NO_DISTANCE or apart.max() <= _NO_DISTANCE:
            return 0.0
        apart[apart == 0] = np.inf
        return float(np.mean(np.max((spreads[:, None] + spreads) / apart, axis=1)))


def dispersion(X: ArrayLike, labels: ArrayLike, *, sample_weight: ArrayLike | None = None) -> Dispersion:
    """Compute what scores of a clustering are made of.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples; float32, float64, uint8, int16 and uint16 are read as they are.
    labels : array-like of shape (n_samples,)
        Label of each sample, of any type.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each sample; clusters without weight are left out.

    Returns
    -------
    Dispersion
        Weights, means, and distances to them, in float64.

    Raises
    ------
    ValueError
        If `X` is not finite or shapes do not match.

    Notes
    -----
    Two reads of the samples, so that nothing cancels: moments around a point near the mean of each cluster, then the
    distances to the means. The result does not depend on the number of threads.

    Examples
    --------
    >>> from clast.metrics import dispersion
    >>> found = dispersion([[0.0], [2.0], [10.0]], ["a", "a", "b"])
    >>> found.within, found.between
    (2.0, 54.0)
    """
    return _measured(X, labels, sample_weight)


def inertia(X: ArrayLike, labels: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """Sum the squared distances of samples to the means of their clusters.

    Parameters
    ----------
    X, labels, sample_weight
        As for `dispersion`.

    Returns
    -------
    float
        For converged k-means, `KMeans.inertia_`; also for labels from elsewhere.

    Examples
    --------
    >>> from clast.metrics import inertia
    >>> inertia([[0.0], [2.0], [10.0]], [0, 0, 1])
    2.0
    """
    return _measured(X, labels, sample_weight, with_distances=False).within


def calinski_harabasz_score(X: ArrayLike, labels: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """Compute the Calinski-Harabasz score: between-cluster over within-cluster dispersion; higher is better.

    A drop-in for :func:`sklearn.metrics.calinski_harabasz_score`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples.
    labels : array-like of shape (n_samples,)
        Label of each sample.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each sample; integer weights are repetitions.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `X` is not finite, shapes do not match, or there are not 2 to n_samples - 1 labels.

    Notes
    -----
    One streaming read of the samples, in their own dtype; two for more than 8 clusters or features, or where digits
    would cancel.

    References
    ----------
    .. [1] T. Calinski and J. Harabasz, "A dendrite method for cluster analysis", Communications in Statistics 3, 1974.

    Examples
    --------
    >>> from clast.metrics import calinski_harabasz_score
    >>> calinski_harabasz_score([[0.0], [2.0], [10.0]], [0, 0, 1])
    27.0
    """
    found = _measured(X, labels, sample_weight, with_distances=False)
    check_number_of_labels(len(found.labels), np.shape(X)[0])
    return found.calinski_harabasz()


def davies_bouldin_score(X: ArrayLike, labels: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """Compute the Davies-Bouldin score: spread of clusters against the distance of their means; lower is better.

    A drop-in for :func:`sklearn.metrics.davies_bouldin_score`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples.
    labels : array-like of shape (n_samples,)
        Label of each sample.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of each sample; integer weights are repetitions.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `X` is not finite, shapes do not match, or there are not 2 to n_samples - 1 labels.

    Notes
    -----
    Two streaming reads of the samples, in their own dtype.

    References
    ----------
    .. [1] D. L. Davies and D. W. Bouldin, "A cluster separation measure", IEEE TPAMI 1(2), 1979.

    Examples
    --------
    >>> from clast.metrics import davies_bouldin_score
    >>> round(davies_bouldin_score([[0.0], [2.0], [10.0]], [0, 0, 1]), 3)
    0.111
    """
    found = _measured(X, labels, sample_weight)
    check_number_of_labels(len(found.labels), np.shape(X)[0])
    return found.davies_bouldin()


def _measured(
    X: ArrayLike, labels: ArrayLike, sample_weight: ArrayLike | None, *, with_distances: bool = True
) -> Dispersion:
    """Compute a dispersion; its distances stay 0 unless wanted, which saves a read of the samples."""
    samples, of_samples = check_samples_and_labels(X, labels, ensure_finite=False)
    codes, classes = encode_loosely(of_samples)
    weights = check_sample_weight(sample_weight, samples.shape[0])
    found = Dispersion(classes, *_core.cluster_dispersions(samples, codes, len(classes), weights, with_distances))
    if not np.isfinite(found.means).all() or not np.isfinite(found.squares).all():
        # Samples that are not finite, named as everywhere; or numbers too large to be squared.
        check_samples(samples)
    weighs = found.weights > 0
    return found if weighs.all() else Dispersion(*(values[weighs] for values in found))
