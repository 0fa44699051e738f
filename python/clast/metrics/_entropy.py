"""Shannon entropy of labels, and of features within clusters."""

import operator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast.metrics._labels import encode
from clast.metrics._validation import check_samples_and_labels

__all__ = ["cluster_entropy"]


def cluster_entropy(
    labels: ArrayLike, X: ArrayLike | None = None, *, bins: int = 256, base: float = 2
) -> float | NDArray[np.float64]:
    """Compute the Shannon entropy of labels, or of the features within each cluster.

    Parameters
    ----------
    labels : array-like of shape (n_samples,)
        Label of each sample.
    X : array-like of shape (n_samples, n_features), default=None
        Samples. If given, the entropy of each feature's values within each cluster is returned instead.
    bins : int, default=256
        Bins of equal width that the values of a feature are counted in, from its least to its largest value over all
        samples, the same for all clusters.
    base : float, default=2
        Base of the logarithm: 2 gives bits, e nats, 10 bans.

    Returns
    -------
    float
        ``-sum(p * log(p))`` over the shares ``p`` of the labels: 0 for one cluster, ``log(k)`` for k of equal size.
    ndarray of shape (n_clusters, n_features), if `X` is given
        ``-sum(p * log(p))`` over the shares ``p`` of the bins within a cluster: 0 where a feature is constant in
        it. Rows are the distinct labels in ascending order; ``np.average(..., axis=0, weights=sizes)`` is the entropy
        of a feature that remains once the cluster is known.

    Raises
    ------
    ValueError
        If lengths differ, `X` is not finite, `bins` is below 1, or `base` not above 1.

    References
    ----------
    .. [1] C. E. Shannon, "A mathematical theory of communication", Bell System Technical Journal 27, 1948.

    Examples
    --------
    >>> from clast.metrics import cluster_entropy
    >>> cluster_entropy([0, 0, 1, 1])
    1.0
    >>> cluster_entropy([0, 0, 1, 1], [[3], [3], [5], [9]])
    array([[0.],
           [1.]])
    """
    if base <= 1:
        raise ValueError(f"'base' is {base}, but must be above 1")
    if X is None:
        codes, classes = encode(labels)
        return float(_entropy(np.bincount(codes, minlength=len(classes))[None], base)[0])
    bins = operator.index(bins)
    if bins < 1:
        raise ValueError(f"'bins' is {bins}, but must be at least 1")
    X, labels = check_samples_and_labels(X, labels)
    codes, classes = encode(labels)
    entropies = np.empty((len(classes), X.shape[1]))
    for feature, values in enumerate(X.T):
        low, high = float(values.min()), float(values.max())
        width = (high - low) / bins or 1.0
        slots = np.minimum(((values - low) / width).astype(np.int64), bins - 1)
        counts = np.bincount(codes * np.int64(bins) + slots, minlength=len(classes) * bins)
        entropies[:, feature] = _entropy(counts.reshape(len(classes), bins), base)
    return entropies


def _entropy(counts: NDArray[np.int64], base: float) -> NDArray[np.float64]:
    shares = counts / counts.sum(axis=1, keepdims=True)
    logarithms = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    # Without the sum -0.0, which a single label would give.
    entropies: NDArray[np.float64] = 0.0 - (shares * logarithms).sum(axis=1) / np.log(base)
    return entropies
