"""Bisecting k-means with scikit-learn's interface and answers."""

from collections.abc import Callable
from numbers import Integral
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from clast import _core
from clast._kmeans_base import KMeansBase
from clast._memory import has_room_for
from clast._seeding import initial_centers
from clast._validation import (
    as_kernel_centers,
    center_dtype,
    check_estimator_samples,
    check_n_clusters,
    check_sample_weight,
)

__all__ = ["BisectingKMeans"]

# Of two runs the later one wins only by more than rounding, as in scikit-learn.
_IMPROVEMENT = 1e-6


class _Leaf(NamedTuple):
    """A cluster that was not split, or not yet."""

    # None stands for all rows: most memory of a fit is the rows of the largest clusters.
    rows: NDArray[np.int64] | None
    center: NDArray[np.float64]
    # The larger, the sooner it is split.
    score: float
    # The split it comes from, and its side there.
    split: int
    side: int


class _Halves(NamedTuple):
    """Result of one run of 2-means on the samples of a cluster."""

    labels: NDArray[np.int32]
    centers: NDArray[np.float64]
    inertia: float


class BisectingKMeans(KMeansBase):
    """K-means clustering that splits one cluster in two until there are enough.

    A drop-in for :class:`sklearn.cluster.BisectingKMeans` on dense data: with the same `random_state` it makes the same
    splits and gives the same labels, up to the rounding of floating-point sums.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters and of centers.
    init : {'k-means++', 'random'} or callable, default='random'
        Where each split starts:

        - 'k-means++': greedy k-means++ among the samples of the cluster.
        - 'random': two distinct samples of the cluster.
        - callable: called as ``init(X, 2, random_state=random_state)`` and returns two centers. As in scikit-learn, it
          is given the samples of the cluster minus the mean of every feature of all samples (as float32 or float64)
          and answers in those coordinates.
    n_init : int, default=1
        Number of runs for each split, of which the one with the smallest inertia is kept.
    random_state : int, RandomState instance or None, default=None
        Source of the random draws. An int makes the result reproducible.
    max_iter : int, default=300
        Largest number of iterations of one run.
    verbose : int, default=0
        If not 0, print the inertia after every iteration and the centers of every split.
    tol : float, default=1e-4
        A run stops when the squared movement of the two centers, summed, is at most `tol`, in squared units of `X`.
    copy_x : bool, default=True
        Has no effect: `X` is never changed. Kept for scikit-learn's signature.
    algorithm : {'lloyd', 'elkan'}, default='lloyd'
        Has no effect: both names give the same answer by the same code. Kept for scikit-learn's signature.
    bisecting_strategy : {'biggest_inertia', 'largest_cluster'}, default='biggest_inertia'
        Which cluster is split next: the one with the largest inertia or the one with the most samples.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        Centers; float32 if `X` was float32, else float64.
    labels_ : ndarray of shape (n_samples,), int32
        Cluster of every sample: the one it reaches when it goes to the nearer center of every split.
    inertia_ : float
        Weighted sum of the squared distances of the samples to the centers of their clusters, in squared units of `X`.
    n_features_in_ : int
        Number of features of `X`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `X` was a data frame with names that are all strings.

    Warns
    -----
    ConvergenceWarning
        If fewer than `n_clusters` clusters hold a sample, which happens when `X` has too few distinct rows.

    See Also
    --------
    KMeans : Moves all centers at once.

    Notes
    -----
    Cost: that of a 2-means run on all samples for each level of the tree, O(n_samples * n_features) for an iteration.
    Memory beyond `X`: the int32 labels, one index per sample, and a copy of the samples of the cluster that is split.
    uint8, int16, uint16, float32 and float64 arrays in C or Fortran order are read as they are.

    Labels, centers and inertia are the same bits for any number of threads. ``predict`` follows the splits, so that a
    label need not be that of the nearest center; ``transform`` and ``score`` know only the centers.

    References
    ----------
    .. [1] M. Steinbach, G. Karypis and V. Kumar, "A comparison of document clustering techniques", KDD Workshop on Text
       Mining, 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from clast import BisectingKMeans
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0], [30, 2], [30, 4], [30, 0]])
    >>> kmeans = BisectingKMeans(n_clusters=3, random_state=0).fit(X)
    >>> kmeans.labels_
    array([1, 1, 1, 0, 0, 0, 2, 2, 2], dtype=int32)
    >>> kmeans.predict([[0, 0], [12, 3]])
    array([1, 0], dtype=int32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **KMeansBase._parameter_constraints,
        "init": [StrOptions({"k-means++", "random"}), callable],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "copy_x": ["boolean"],
        "algorithm": [StrOptions({"lloyd", "elkan"})],
        "bisecting_strategy": [StrOptions({"biggest_inertia", "largest_cluster"})],
    }

    init: str | Callable[..., ArrayLike]
    n_init: int
    # The two centers of every split, shape (n_splits, 2, n_features), and what lies behind each of them: the number of
    # a later split, or -1 - label of a cluster.
    _split_centers: NDArray[np.float64]
    _split_targets: NDArray[np.int32]

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: str | Callable[..., ArrayLike] = "random",
        n_init: int = 1,
        random_state: int | np.random.RandomState | None = None,
        max_iter: int = 300,
        verbose: int = 0,
        tol: float = 1e-4,
        copy_x: bool = True,
        algorithm: str = "lloyd",
        bisecting_strategy: str = "biggest_inertia",
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.random_state = random_state
        self.max_iter = max_iter
        self.verbose = verbose
        self.tol = tol
        self.copy_x = copy_x
        self.algorithm = algorithm
        self.bisecting_strategy = bisecting_strategy

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> "BisectingKMeans":
        """Split `X` into clusters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples, finite. Sparse matrices are refused: pass ``X.toarray()``.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample, at least 0; None weighs all alike. The draws of 'k-means++' and 'random' follow it.

        Returns
        -------
        BisectingKMeans
            The estimator itself.

        Raises
        ------
        TypeError
            If `X` is sparse.
        ValueError
            If a parameter is out of range, `X` is empty, not two-dimensional, not numeric or not finite, or has fewer
            samples than `n_clusters`, or the weights do not fit it.
        """
        X = check_estimator_samples(self, X, reset=True)
        check_n_clusters(X, self.n_clusters)
        random_state = check_random_state(self.random_state)
        weights = check_sample_weight(sample_weight, X.shape[0])
        leaves = self._grow(X, weights, random_state)

        self.labels_ = np.zeros(X.shape[0], dtype=np.int32)
        for label, leaf in enumerate(leaves):
            if leaf.rows is not None:
                self.labels_[leaf.rows] = label
        self.cluster_centers_ = np.array([leaf.center for leaf in leaves], dtype=center_dtype(X))
        self.inertia_ = _core.kmeans_inertia(X, as_kernel_centers(self.cluster_centers_), self.labels_, weights)
        self._n_features_out = self.n_clusters
        self._warn_of_empty_clusters()
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.int32]:
        """Return the cluster that every sample reaches when it goes to the nearer center of every split.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,), int32
        """
        check_is_fitted(self)
        X = check_estimator_samples(self, X, reset=False)
        return _core.bisecting_predict(X, as_kernel_centers(self._split_centers), self._split_targets)

    def _grow(
        self, X: NDArray[Any], sample_weight: NDArray[np.float64] | None, random_state: np.random.RandomState
    ) -> list[_Leaf]:
        """Make all splits and return the clusters in the order of their labels."""
        # Nothing else needs the mean, and it costs a pass.
        needs_mean = self.n_clusters == 1 or callable(self.init)
        mean = _core.feature_moments(X)[0] if needs_mean else np.zeros(X.shape[1])
        self._split_centers = np.empty((self.n_clusters - 1, 2, X.shape[1]))
        self._split_targets = np.empty((self.n_clusters - 1, 2), dtype=np.int32)
        leaves = [_Leaf(rows=None, center=mean, score=0.0, split=-1, side=0)]
        for split in range(self.n_clusters - 1):
            # The first of the largest.
            place = max(range(len(leaves)), key=lambda place: leaves[place].score)
            leaf = leaves[place]
            leaves[place : place + 1] = self._bisect(X, sample_weight, leaf, split, mean, random_state)
            self._split_centers[split] = [half.center for half in leaves[place : place + 2]]
            if leaf.split >= 0:
                self._split_targets[leaf.split, leaf.side] = split
        for label, leaf in enumerate(leaves):
            if leaf.split >= 0:
                self._split_targets[leaf.split, leaf.side] = -1 - label
        return leaves

    def _bisect(
        self,
        X: NDArray[Any],
        sample_weight: NDArray[np.float64] | None,
        leaf: _Leaf,
        split: int,
        mean: NDArray[np.float64],
        random_state: np.random.RandomState,
    ) -> list[_Leaf]:
        rows = leaf.rows
        if rows is not None:
            # What is too small to be split keeps its samples, and the other half has none.
            if rows.size < 2:
                empty = _Leaf(rows[:0], leaf.center, 0.0, split, 1)
                return [leaf._replace(split=split, side=0), empty]
            X = _take(X, rows)
            sample_weight = None if sample_weight is None else sample_weight[rows]
        halves = self._best_halves(X, sample_weight, mean, random_state)
        if self.verbose:
            print(f"New centers from bisection: {halves.centers}")
        if self.bisecting_strategy == "biggest_inertia":
            scores: NDArray[Any] = _core.kmeans_inertia_per_cluster(X, halves.centers, halves.labels, sample_weight)
        else:
            scores = np.bincount(halves.labels, minlength=2)
        places = [np.flatnonzero(halves.labels == side) for side in (0, 1)]
        return [
            _Leaf(places[side] if rows is None else rows[places[side]], center, scores[side], split, side)
            for side, center in enumerate(halves.centers)
        ]

    def _best_halves(
        self,
        X: NDArray[Any],
        sample_weight: NDArray[np.float64] | None,
        mean: NDArray[np.float64],
        random_state: np.random.RandomState,
    ) -> _Halves:
        """Return the best of `n_init` runs of 2-means."""
        starts = initial_centers(self.init, X, 2, sample_weight, random_state, mean, n_runs=self.n_init)
        progress = self._progress(self.tol)
        best: _Halves | None = None
        for start in starts:
            labels, centers, inertia, *_ = _core.kmeans_lloyd(
                X, start[None], sample_weight, self.max_iter, self.tol, has_room_for(X.nbytes), progress
            )
            if best is None or inertia < best.inertia * (1 - _IMPROVEMENT):
                best = _Halves(labels, centers, inertia)
        assert best is not None
        return best


def _take(X: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """Compute ``X[rows]`` in the order of `X` and several times as fast."""
    return X.take(rows, axis=0) if X.flags.c_contiguous else X.T.take(rows, axis=1).T
