"""Initial centers of k-means: random draws in scikit-learn's order, from the same ``RandomState`` stream.

The kernels draw nothing. They are given uniform numbers or row indices made here, so that a seed chooses the same
samples as in scikit-learn and leaves the generator in the same state.
"""

from collections.abc import Callable, Iterator
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from clast import _core
from clast._validation import (
    as_kernel_centers,
    center_dtype,
    check_initial_centers,
    check_n_clusters,
    check_sample_weight,
    check_samples,
)

# Samples per block of a running sum: its temporaries stay in cache, and cost nothing beside the image.
_BLOCK = 1 << 16


@validate_params(  # type: ignore[untyped-decorator]
    {
        # Sparse matrices are let through here because `check_samples` refuses them with a line that names the cure.
        "X": ["array-like", "sparse matrix"],
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "sample_weight": ["array-like", None],
        "x_squared_norms": ["array-like", None],
        "random_state": ["random_state"],
        "n_local_trials": [Interval(Integral, 1, None, closed="left"), None],
    },
    prefer_skip_nested_validation=True,
)
def kmeans_plusplus(
    X: ArrayLike,
    n_clusters: int,
    *,
    sample_weight: ArrayLike | None = None,
    x_squared_norms: ArrayLike | None = None,
    random_state: int | np.random.RandomState | None = None,
    n_local_trials: int | None = None,
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Choose initial centers among the samples by greedy k-means++.

    A drop-in for :func:`sklearn.cluster.kmeans_plusplus` on dense data: the same `random_state` chooses the same
    samples.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples, finite.
    n_clusters : int
        Number of centers to choose.
    sample_weight : array-like of shape (n_samples,), default=None
        Weight of every sample, at least 0; None weighs all alike.
    x_squared_norms : array-like of shape (n_samples,), default=None
        Checked and not used; kept for scikit-learn's signature.
    random_state : int, RandomState instance or None, default=None
        Source of the random draws. An int makes the result reproducible.
    n_local_trials : int, default=None
        Candidates for every center but the first, of which the one that lowers the inertia most is taken; None stands
        for ``2 + int(log(n_clusters))``, 1 for the original k-means++.

    Returns
    -------
    centers : ndarray of shape (n_clusters, n_features)
        The chosen samples, in the dtype of `X`.
    indices : ndarray of shape (n_clusters,), int64
        Their rows: ``centers`` equals ``X[indices]``.

    Raises
    ------
    TypeError
        If `X` is sparse.
    ValueError
        If `X` is empty, not two-dimensional, not numeric or not finite, or has fewer samples than `n_clusters`, or
        another argument does not fit it.

    Notes
    -----
    Cost: O(n_samples * n_clusters * n_features * n_local_trials).

    References
    ----------
    .. [1] D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from clast import kmeans_plusplus
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> centers, indices = kmeans_plusplus(X, n_clusters=2, random_state=0)
    >>> centers
    array([[10,  2],
           [ 1,  0]])
    >>> indices
    array([3, 2])
    """
    samples = check_samples(X)
    n_samples = samples.shape[0]
    weights = check_sample_weight(sample_weight, n_samples)
    check_n_clusters(samples, n_clusters)
    if x_squared_norms is not None:
        n_norms = check_array(x_squared_norms, ensure_2d=False).shape[0]
        if n_norms != n_samples:
            raise ValueError(
                f"The length of x_squared_norms {n_norms} should be equal to the length of n_samples {n_samples}."
            )
    draws = plusplus_draws(check_random_state(random_state), n_clusters, n_local_trials=n_local_trials)
    indices = _core.kmeans_plusplus(samples, weights, *draws)[0]
    return np.asarray(X)[indices], indices


def initial_centers(
    init: str | ArrayLike | Callable[..., ArrayLike],
    X: NDArray[Any],
    n_clusters: int,
    sample_weight: NDArray[np.float64] | None,
    random_state: np.random.RandomState,
    origin: NDArray[Any] | None = None,
    plusplus: "PlusPlus | None" = None,
    n_runs: int = 1,
) -> NDArray[np.float64]:
    """Make the initial centers of some runs.

    Parameters
    ----------
    init : {'k-means++', 'random'}, callable or array-like of shape (n_clusters, n_features)
        As in `KMeans`.
    X : ndarray of shape (n_samples, n_features)
        Checked samples.
    n_clusters : int
    sample_weight : ndarray of shape (n_samples,), float64, or None
    random_state : RandomState
        Advanced by every run.
    origin : ndarray of shape (n_features,), or None
        What is subtracted from the samples that a callable is given and added to its answer; None stands for the mean
        of `X`.
    plusplus : PlusPlus or None
        What is known of k-means++ on these samples; None stands for nothing.
    n_runs : int, default=1

    Returns
    -------
    ndarray of shape (n_runs, n_clusters, n_features), float64

    Raises
    ------
    ValueError
        If centers, given or made by a callable, do not fit `X` and `n_clusters`.
    """
    if callable(init):
        return _called_centers(init, X, n_clusters, random_state, origin, n_runs)
    if not isinstance(init, str):
        return np.stack([check_initial_centers(init, X, n_clusters)] * n_runs)
    if init == "random":
        rows = [choose_distinct_rows(random_state, len(X), n_clusters, sample_weight) for _ in range(n_runs)]
    else:
        plusplus = plusplus or PlusPlus(X, sample_weight)
        rows = list(plusplus.choose(*plusplus_draws(random_state, n_clusters, n_runs)))
    return np.stack([as_kernel_centers(X[of_run]) for of_run in rows])


class PlusPlus:
    """Greedy k-means++ on some samples, where fewer centers from the same draws are not chosen again.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Checked samples.
    sample_weight : ndarray of shape (n_samples,), float64, or None
    """

    def __init__(self, X: NDArray[Any], sample_weight: NDArray[np.float64] | None) -> None:
        self._X = X
        self._sample_weight = sample_weight
        self._chosen: list[tuple[float, NDArray[np.float64], NDArray[np.int64]]] = []

    def choose(self, first_draws: NDArray[np.float64], draws: NDArray[np.float64]) -> NDArray[np.int64]:
        """Choose for each run a center more than there are rows of draws.

        Parameters
        ----------
        first_draws : ndarray of shape (n_runs,), float64
        draws : ndarray of shape (n_runs, n_clusters - 1, n_local_trials), float64
            As `plusplus_draws` makes them.

        Returns
        -------
        ndarray of shape (n_runs, n_clusters), int64
            Rows of the samples.
        """
        chosen = np.empty((len(draws), draws.shape[1] + 1), dtype=np.int64)
        new = []
        for run, rows in enumerate(map(self._known, first_draws, draws)):
            if rows is None:
                new.append(run)
            else:
                chosen[run] = rows
        if new:
            chosen[new] = _core.kmeans_plusplus(self._X, self._sample_weight, first_draws[new], draws[new])
            self._chosen.extend(zip(first_draws[new], draws[new], chosen[new], strict=True))
        return chosen

    def _known(self, first_draw: float, draws: NDArray[np.float64]) -> NDArray[np.int64] | None:
        for known_first, known, chosen in self._chosen:
            if known_first == first_draw and np.array_equal(known[: len(draws)], draws):
                return chosen[: len(draws) + 1]
        return None


def _called_centers(
    init: Callable[..., ArrayLike],
    X: NDArray[Any],
    n_clusters: int,
    random_state: np.random.RandomState,
    origin: NDArray[Any] | None,
    n_runs: int,
) -> NDArray[np.float64]:
    # scikit-learn hands centered samples to a callable, and one written for it may count on that.
    if origin is None:
        origin = X.mean(axis=0, dtype=center_dtype(X))
    centered = np.subtract(X, origin, dtype=center_dtype(X))
    starts = []
    for _ in range(n_runs):
        centers = check_initial_centers(init(centered, n_clusters, random_state=random_state), X, n_clusters)
        starts.append(centers + origin)
    return np.stack(starts)


def plusplus_draws(
    random_state: np.random.RandomState, n_clusters: int, n_runs: int = 1, n_local_trials: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw all uniform numbers of greedy k-means++ initialisations, one after the other.

    Parameters
    ----------
    random_state : RandomState
        Advanced by 1 + (n_clusters - 1) * n_local_trials doubles for each run.
    n_clusters : int
    n_runs : int, default=1
    n_local_trials : int or None
        Candidates for each center but the first; None stands for 2 + int(log(n_clusters)).

    Returns
    -------
    first_draws : ndarray of shape (n_runs,), float64
        Decide the first centers.
    draws : ndarray of shape (n_runs, n_clusters - 1, n_local_trials), float64
        Row i of a run decides the candidates for its center i + 1.
    """
    if n_local_trials is None:
        n_local_trials = 2 + int(np.log(n_clusters))
    draws = random_state.random_sample((n_runs, 1 + (n_clusters - 1) * n_local_trials))
    further = np.ascontiguousarray(draws[:, 1:])
    return draws[:, 0].copy(), further.reshape(n_runs, n_clusters - 1, n_local_trials)


def choose_distinct_rows(
    random_state: np.random.RandomState,
    n_samples: int,
    size: int,
    sample_weight: NDArray[np.float64] | None,
) -> NDArray[np.int64]:
    """Choose rows without replacement, with probability proportional to their weight.

    Gives bit for bit what ``random_state.choice(n_samples, size, replace=False, p=p)`` gives for the normalised weights
    `p`, without its arrays of `n_samples` probabilities and sums.

    Parameters
    ----------
    random_state : RandomState
    n_samples : int
    size : int
        Number of rows to choose.
    sample_weight : ndarray of shape (n_samples,), float64, or None
        None stands for equal weights.

    Returns
    -------
    ndarray of shape (size,), int64

    Raises
    ------
    ValueError
        If fewer than `size` samples have a weight above 0.
    """
    if sample_weight is not None and np.count_nonzero(sample_weight) < size:
        raise ValueError("Fewer non-zero entries in p than size")
    chosen = np.empty(0, dtype=np.int64)
    while chosen.size < size:
        draws = random_state.random_sample(size - chosen.size)
        rows = _search_cumulative(draws, n_samples, sample_weight, chosen)
        _, first_position = np.unique(rows, return_index=True)
        chosen = np.concatenate([chosen, rows[np.sort(first_position)]])
    return chosen


def _search_cumulative(
    draws: NDArray[np.float64],
    n_samples: int,
    sample_weight: NDArray[np.float64] | None,
    excluded: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the row at which the normalised cumulative probability first exceeds each draw."""
    total = 0.0
    for cumulative in _cumulative_blocks(n_samples, sample_weight, excluded):
        total = cumulative[-1]
    rows = np.zeros(draws.size, dtype=np.int64)
    # The sums never decrease, so the entries at or below a draw, counted block by block, give its place among all.
    for cumulative in _cumulative_blocks(n_samples, sample_weight, excluded):
        rows += np.searchsorted(cumulative / total, draws, side="right")
    return rows


def _cumulative_blocks(
    n_samples: int, sample_weight: NDArray[np.float64] | None, excluded: NDArray[np.int64]
) -> Iterator[NDArray[np.float64]]:
    """Yield the cumulative probabilities block by block; `excluded` rows have none."""
    weight_sum = float(n_samples) if sample_weight is None else sample_weight.sum()
    carry = 0.0
    for start in range(0, n_samples, _BLOCK):
        stop = min(start + _BLOCK, n_samples)
        weights = np.ones(stop - start) if sample_weight is None else sample_weight[start:stop]
        probabilities = weights / weight_sum
        probabilities[excluded[(excluded >= start) & (excluded < stop)] - start] = 0.0
        # Added before the sum runs, the carry gives the same bits as one sum over all samples.
        probabilities[0] += carry
        cumulative = np.cumsum(probabilities)
        carry = cumulative[-1]
        yield cumulative
