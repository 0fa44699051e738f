"""K-means for a range of numbers of clusters."""

from collections.abc import Callable, Iterable
from typing import Any

from numpy.typing import ArrayLike
from sklearn.utils.validation import validate_data

from clast import _core
from clast._memory import has_room_for
from clast._validation import check_n_clusters, check_sample_weight, check_samples
from clast.kmeans import KMeans

__all__ = ["kmeans_sweep"]


def kmeans_sweep(
    X: ArrayLike, n_clusters: Iterable[int], *, sample_weight: ArrayLike | None = None, **parameters: Any
) -> list[KMeans]:
    """Fit k-means for several numbers of clusters at once.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples, as for `KMeans.fit`.
    n_clusters : iterable of int
        Numbers of clusters, such as ``range(2, 11)``.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of every sample.
    **parameters
        All other parameters of `KMeans`, the same for every fit; `verbose` has no effect. A `RandomState` is drawn from
        in turn; an int gives every fit the draws it would have alone.

    Returns
    -------
    list of KMeans
        What ``KMeans(k, **parameters).fit(X)`` gives, for each ``k`` in turn, with the same labels, centers and number
        of iterations.

    Raises
    ------
    TypeError, ValueError
        As `KMeans.fit`.

    See Also
    --------
    KMeans : One number of clusters.

    Notes
    -----
    The samples are checked once, their variance is computed once, and the copy along a k-d tree or the distinct values
    of integer samples are made once and serve every fit. Memory: that copy, and the labels of all fits.

    Examples
    --------
    >>> import numpy as np
    >>> from clast import kmeans_sweep
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> [round(model.inertia_, 1) for model in kmeans_sweep(X, range(1, 4), random_state=0)]
    [137.5, 16.0, 10.0]
    """
    models = [KMeans(k, **parameters) for k in n_clusters]
    fitted = fit_sweep(models, X, sample_weight)
    if len(fitted) < len(models):
        raise KeyboardInterrupt
    return fitted


def fit_sweep(
    models: list[KMeans],
    X: ArrayLike,
    sample_weight: ArrayLike | None,
    on_fit: Callable[[], None] | None = None,
) -> list[KMeans]:
    """Fit models that differ in their number of clusters alone.

    Parameters
    ----------
    models : list of KMeans
    X : array-like of shape (n_samples, n_features)
    sample_weight : array-like of shape (n_samples,) or None
    on_fit : callable, default=None
        Called when one of them is fitted.

    Returns
    -------
    list of KMeans
        The models, fitted; after Ctrl-C those that were, if there is one.
    """
    if not models:
        return []
    samples = check_samples(X)
    weights = check_sample_weight(sample_weight, samples.shape[0])
    for model in models:
        model._validate_params()
        validate_data(model, X, skip_check_array=True)
        check_n_clusters(samples, model.n_clusters)
    tol = models[0]._absolute_tol(samples)
    sweep = [model._starts(samples, weights) for model in models]
    reorder = has_room_for(samples.nbytes)
    found = _core.kmeans_sweep(samples, sweep, weights, models[0].max_iter, tol, reorder, on_fit)
    # After Ctrl-C there are fewer results than models.
    return [model._keep(samples, result) for model, result in zip(models, found, strict=False)]
