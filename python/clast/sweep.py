"""K-means for a range of numbers of clusters."""

from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import validate_data

from clast import _core
from clast._memory import has_room_for
from clast._seeding import PlusPlus
from clast._validation import check_n_clusters, check_sample_weight, check_samples
from clast.kmeans import KMeans

__all__ = ["kmeans_sweep"]


def kmeans_sweep(
    X: ArrayLike,
    n_clusters: Iterable[int],
    *,
    init: Any = "k-means++",
    max_iter: int | Sequence[int] = 300,
    sample_weight: ArrayLike | None = None,
    **parameters: Any,
) -> list[KMeans]:
    """Fit k-means for several numbers of clusters at once.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples, as for `KMeans.fit`.
    n_clusters : iterable of int
        Numbers of clusters, such as ``range(2, 11)``.
    init : {'k-means++', 'random'}, callable, array-like or list of array-like, default='k-means++'
        As for `KMeans`, or centers for each number of clusters, such as those found in the image before.
    max_iter : int or sequence of int, default=300
        Most iterations of a run, for all fits or for each of them.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of every sample.
    **parameters
        All other parameters of `KMeans`, the same for every fit; `verbose` has no effect. A `RandomState` is drawn from
        in turn; an int gives every fit the draws it would have alone.

    Returns
    -------
    list of KMeans
        What ``KMeans(k, init=init, ...).fit(X)`` gives, for each ``k`` in turn, with the same labels, centers and
        number of iterations.

    Raises
    ------
    TypeError, ValueError
        As `KMeans.fit`; if there are not as many `init` or `max_iter` as numbers of clusters.

    See Also
    --------
    KMeans : One number of clusters.

    Notes
    -----
    The samples are checked once, their variance is computed once, the copy along a k-d tree or the distinct values of
    integer samples are made once and serve every fit, and with an int for `random_state` centers that k-means++ chose
    for more clusters serve fewer. Memory: that copy, and the labels of all fits.

    Examples
    --------
    >>> import numpy as np
    >>> from clast import kmeans_sweep
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> [round(model.inertia_, 1) for model in kmeans_sweep(X, range(1, 4), random_state=0)]
    [137.5, 16.0, 10.0]
    """
    numbers = list(n_clusters)
    has_centers = isinstance(init, list) and any(np.ndim(centers) == 2 for centers in init)
    inits = _for_each("init", init, numbers) if has_centers else [init] * len(numbers)
    has_each = isinstance(max_iter, Sequence | np.ndarray)
    most = _for_each("max_iter", max_iter, numbers) if has_each else [max_iter] * len(numbers)
    models = [
        KMeans(k, init=init, max_iter=max_iter, **parameters)
        for k, init, max_iter in zip(numbers, inits, most, strict=True)
    ]
    fitted = fit_sweep(models, X, sample_weight)
    if len(fitted) < len(models):
        raise KeyboardInterrupt
    return fitted


def _starts_of(
    models: list[KMeans], X: NDArray[Any], sample_weight: NDArray[np.float64] | None
) -> list[NDArray[np.float64]]:
    """Choose the initial centers of each model.

    An int draws the same for every model: fewer centers are the first of more, which are therefore chosen first.
    """
    plusplus = PlusPlus(X, sample_weight)
    starts = {}
    for place in sorted(range(len(models)), key=lambda place: _turn(models[place])):
        starts[place] = models[place]._starts(X, sample_weight, plusplus)
    return [starts[place] for place in range(len(models))]


def _turn(model: KMeans) -> int:
    return -model.n_clusters if isinstance(model.random_state, Integral) else 0


def _for_each(name: str, values: Any, numbers: list[int]) -> list[Any]:
    """Check that there is a value for each number of clusters."""
    if len(values) != len(numbers):
        raise ValueError(f"{name!r} has {len(values)} values for {len(numbers)} numbers of clusters: give one for each")
    return list(values)


def fit_sweep(
    models: list[KMeans],
    X: ArrayLike,
    sample_weight: ArrayLike | None,
    on_fit: Callable[[], None] | None = None,
) -> list[KMeans]:
    """Fit models that differ in their number of clusters, where they start and how many iterations they take.

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
    sweep = list(zip(_starts_of(models, samples, weights), (model.max_iter for model in models), strict=True))
    reorder = has_room_for(samples.nbytes)
    found = _core.kmeans_sweep(samples, sweep, weights, tol, reorder, on_fit)
    # After Ctrl-C there are fewer results than models.
    return [model._keep(samples, result) for model, result in zip(models, found, strict=False)]
