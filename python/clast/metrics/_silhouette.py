"""Silhouettes: from all pairs of samples, from a sample of them, or from distances to the means."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from clast import _core
from clast._validation import check_sample_weight
from clast.metrics._labels import encode
from clast.metrics._validation import check_number_of_labels, check_samples_and_labels

__all__ = ["SampledSilhouette", "sampled_silhouette", "silhouette_samples", "silhouette_score"]

# Samples drawn where their number is not given: the standard error is then about 0.01 for most clusterings.
_DRAWN = 2000

_METHODS = ("exact", "simplified", "sample")


class SampledSilhouette(NamedTuple):
    """An estimate of the mean silhouette."""

    score: float
    """The estimate."""
    standard_error: float
    """Its standard error, from the spread of the silhouettes drawn within each cluster."""
    n_samples: int
    """Samples drawn."""


def silhouette_score(
    X: ArrayLike,
    labels: ArrayLike,
    *,
    metric: str = "euclidean",
    sample_size: int | None = None,
    random_state: Any = None,
    method: str = "exact",
    sample_weight: ArrayLike | None = None,
) -> float:
    """Compute the mean silhouette of all samples; 1 is best, -1 is worst.

    A drop-in for :func:`sklearn.metrics.silhouette_score` with Euclidean distances.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples; float32, float64, uint8, int16 and uint16 are read as they are.
    labels : array-like of shape (n_samples,)
        Label of each sample.
    metric : {'euclidean'}, default='euclidean'
        Other metrics: use scikit-learn's function.
    sample_size : int, default=None
        With ``method="exact"``, as in scikit-learn: the score of a random subset by itself. With ``method="sample"``:
        number of samples drawn, by default 2000.
    random_state : int, RandomState instance or None, default=None
        For the draws.
    method : {'exact', 'simplified', 'sample'}, default='exact'
        ``'exact'``: distances of all pairs. ``'simplified'``: the distance to the mean of a cluster in place of the
        mean distance to its samples. ``'sample'``: the estimate of `sampled_silhouette`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights count repetitions: a sample of weight 2 is two samples.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `X` is not finite, shapes do not match, there are not 2 to n_samples - 1 labels, or a parameter is none of
        those above.

    See Also
    --------
    silhouette_samples : The silhouette of each sample.
    sampled_silhouette : An estimate with its standard error.

    Notes
    -----
    Exact: half a distance for each pair of distinct samples, in memory for the samples in float64 and a few numbers for
    each; O(n log n) for one feature. Sample: ``sample_size * n_samples`` distances. Simplified:
    ``n_samples * n_clusters`` distances. The result does not depend on the number of threads.

    References
    ----------
    .. [1] P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis",
       Journal of Computational and Applied Mathematics 20, 1987. :doi:`10.1016/0377-0427(87)90125-7`
    .. [2] E. R. Hruschka, L. N. de Castro and R. J. G. B. Campello, "Evolutionary algorithms for clustering
       gene-expression data", ICDM 2004 (the simplified silhouette).

    Examples
    --------
    >>> from clast.metrics import silhouette_score
    >>> X = [[0.0], [1.0], [10.0], [12.0]]
    >>> round(silhouette_score(X, [0, 0, 1, 1]), 4)
    0.8562
    """
    _check_options(metric, method)
    if method == "sample":
        size = _DRAWN if sample_size is None else sample_size
        drawn = sampled_silhouette(X, labels, sample_size=size, random_state=random_state, sample_weight=sample_weight)
        return drawn.score
    if sample_size is not None:
        _check_sample_size(sample_size)
    samples, of_samples = check_samples_and_labels(X, labels)
    weights = check_sample_weight(sample_weight, samples.shape[0])
    if sample_size is not None:
        subset = check_random_state(random_state).permutation(samples.shape[0])[:sample_size]
        samples, of_samples = np.ascontiguousarray(samples[subset]), of_samples[subset]
        weights = None if weights is None else weights[subset]
    return float(np.average(_silhouettes(samples, of_samples, weights, method), weights=weights))


def sampled_silhouette(
    X: ArrayLike,
    labels: ArrayLike,
    *,
    sample_size: int = _DRAWN,
    random_state: Any = None,
    sample_weight: ArrayLike | None = None,
) -> SampledSilhouette:
    """Estimate the mean silhouette of all samples, without bias, from those of some.

    Samples are drawn from each cluster in proportion to its size, at least two; their silhouettes, among all samples,
    are exact.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples.
    labels : array-like of shape (n_samples,)
        Label of each sample.
    sample_size : int, default=2000
        Samples to draw.
    random_state : int, RandomState instance or None, default=None
        For the draws.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights count repetitions.

    Returns
    -------
    SampledSilhouette
        The estimate, its standard error and the number of samples drawn.

    Raises
    ------
    ValueError
        As `silhouette_score`.

    Notes
    -----
    Cost: ``sample_size * n_samples`` distances.

    References
    ----------
    .. [1] W. G. Cochran, "Sampling techniques", 3rd edition, 1977, chapters 5 and 6.

    Examples
    --------
    >>> from sklearn.datasets import make_blobs
    >>> from clast.metrics import sampled_silhouette
    >>> X, labels = make_blobs(n_samples=10_000, centers=3, random_state=0)
    >>> found = sampled_silhouette(X, labels, sample_size=500, random_state=0)
    >>> round(found.score, 1), found.standard_error < 0.02
    (0.4, True)
    """
    _check_sample_size(sample_size)
    X, labels = check_samples_and_labels(X, labels)
    weights = check_sample_weight(sample_weight, X.shape[0])
    return _estimate(X, labels, weights, int(sample_size), random_state)


def silhouette_samples(
    X: ArrayLike,
    labels: ArrayLike,
    *,
    metric: str = "euclidean",
    method: str = "exact",
    sample_weight: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Compute the silhouette of each sample: how much closer it is to its own cluster than to the next one.

    A drop-in for :func:`sklearn.metrics.silhouette_samples` with Euclidean distances. With ``a`` the mean distance to
    the other samples of the own cluster and ``b`` the smallest mean distance to the samples of another one, it is
    ``(b - a) / max(a, b)``; 0 for a sample alone in its cluster.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples; float32, float64, uint8, int16 and uint16 are read as they are.
    labels : array-like of shape (n_samples,)
        Label of each sample.
    metric : {'euclidean'}, default='euclidean'
        Other metrics: use scikit-learn's function.
    method : {'exact', 'simplified'}, default='exact'
        As for `silhouette_score`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights count repetitions: a sample of weight 2 is two samples.

    Returns
    -------
    ndarray of shape (n_samples,), float64

    Raises
    ------
    ValueError
        As `silhouette_score`.

    See Also
    --------
    silhouette_score : Their mean; cost and references.

    Examples
    --------
    >>> from clast.metrics import silhouette_samples
    >>> silhouette_samples([[0.0], [1.0], [10.0], [12.0]], [0, 0, 1, 1]).round(3)
    array([0.909, 0.9  , 0.789, 0.826])
    """
    _check_options(metric, method)
    if method == "sample":
        raise ValueError("'method' is 'sample', but silhouette_samples is for all samples: use silhouette_score")
    X, labels = check_samples_and_labels(X, labels)
    return _silhouettes(X, labels, check_sample_weight(sample_weight, X.shape[0]), method)


def _check_sample_size(sample_size: Any) -> None:
    if isinstance(sample_size, bool) or not isinstance(sample_size, int | np.integer) or sample_size < 1:
        raise ValueError(f"'sample_size' is {sample_size!r}, but must be an int of at least 1")


def _check_options(metric: str, method: str) -> None:
    if metric != "euclidean":
        raise ValueError(f"'metric' is {metric!r}, but must be 'euclidean'; scikit-learn has the others")
    if method not in _METHODS:
        raise ValueError(f"'method' is {method!r}, but must be one of {', '.join(map(repr, _METHODS))}")


def _silhouettes(
    X: NDArray[Any], labels: NDArray[Any], weights: NDArray[np.float64] | None, method: str
) -> NDArray[np.float64]:
    codes, classes = encode(labels)
    check_number_of_labels(len(classes), X.shape[0])
    if method == "exact":
        return _core.silhouettes(X, codes, len(classes), weights)
    sizes, means, _, _ = _core.cluster_dispersions(X, codes, len(classes), weights, False)
    silhouettes = _core.simplified_silhouettes(X, codes, means)
    # As in the exact one; here the mean of a sample alone is the sample itself.
    silhouettes[(sizes <= 1)[codes]] = 0
    return silhouettes


def _estimate(
    X: NDArray[Any], labels: NDArray[Any], weights: NDArray[np.float64] | None, n_drawn: int, random_state: Any
) -> SampledSilhouette:
    """Draw from each cluster in proportion to its size; clusters are weighed by what all their samples weigh."""
    codes, classes = encode(labels)
    check_number_of_labels(len(classes), X.shape[0])
    rng = check_random_state(random_state)
    sizes = np.bincount(codes, minlength=len(classes))
    quotas = np.clip(np.round(n_drawn * sizes / X.shape[0]).astype(int), 2, sizes.clip(min=1))
    quotas = np.minimum(quotas, sizes)
    members = np.split(np.argsort(codes, kind="stable"), np.cumsum(sizes)[:-1])
    drawn = [rng.choice(of_cluster, quota, replace=False) for of_cluster, quota in zip(members, quotas, strict=True)]
    rows = np.concatenate(drawn).astype(np.int64)
    found = np.split(_core.silhouettes(X, codes, len(classes), weights, rows), np.cumsum(quotas)[:-1])
    totals = np.bincount(codes, weights=weights, minlength=len(classes))
    score, variance = 0.0, 0.0
    for values, of_cluster, rows_drawn, share in zip(found, members, drawn, totals / totals.sum(), strict=True):
        w = np.ones(len(values)) if weights is None else weights[rows_drawn]
        if share == 0 or not w.any():
            continue
        mean = np.average(values, weights=w)
        score += share * mean
        if len(values) > 1:
            # Of a ratio of means (Cochran, Sampling Techniques, 1977, 6.4), without replacement.
            spread = np.sum((w / w.mean() * (values - mean)) ** 2) / (len(values) - 1)
            variance += share**2 * spread / len(values) * (1 - len(values) / len(of_cluster))
    return SampledSilhouette(float(score), float(np.sqrt(variance)), len(rows))
