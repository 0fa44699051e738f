"""Mini-batch k-means with scikit-learn's interface and answers."""

import warnings
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from clast import _core
from clast._batches import Batches, Progress
from clast._kmeans_base import KMeansBase
from clast._seeding import initial_centers
from clast._validation import (
    as_kernel_centers,
    center_dtype,
    check_estimator_samples,
    check_n_clusters,
    check_sample_weight,
)

__all__ = ["MiniBatchKMeans"]


class MiniBatchKMeans(KMeansBase):
    """K-means clustering by small random batches of the samples.

    A drop-in for :class:`sklearn.cluster.MiniBatchKMeans` on dense data: with the same `random_state` it starts from
    the same samples, draws the same batches and gives the same centers and number of steps, up to the rounding of
    floating-point sums.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters and of centers.
    init : {'k-means++', 'random'}, callable or array-like of shape (n_clusters, n_features), default='k-means++'
        Where to start:

        - 'k-means++': greedy k-means++ on `init_size` random samples.
        - 'random': `n_clusters` distinct ones of `init_size` random samples.
        - array-like: these centers.
        - callable: called as ``init(X, n_clusters, random_state=random_state)`` with `init_size` random samples (as
          float32 or float64) and returns the centers.
    max_iter : int, default=100
        Most samples to draw, in multiples of all samples.
    batch_size : int, default=1024
        Samples per batch.
    verbose : int, default=0
        If not 0, print the inertia after every step.
    compute_labels : bool, default=True
        Whether to assign all samples to the centers found.
    random_state : int, RandomState instance or None, default=None
        Source of the random draws. An int makes the result reproducible.
    tol : float, default=0.0
        If not 0, stop when the squared movement of the centers in one step, summed, is at most `tol` times the mean
        variance of the features.
    max_no_improvement : int or None, default=10
        Stop after this many steps in a row that did not lower the smoothed inertia of the batches; None never does.
    init_size : int, default=None
        Samples that the first centers are chosen among, at least `n_clusters`; None stands for three batches, or
        ``3 * n_clusters`` if that is too few.
    n_init : 'auto' or int, default='auto'
        Number of initial centers to try; those with the smallest inertia on `init_size` random samples start the only
        run. 'auto' is 1 for 'k-means++' and an array, and 3 for 'random' and a callable.
    reassignment_ratio : float, default=0.01
        Centers with less than this share of the weight of the heaviest one are moved to random samples of the batch,
        each time ``10 * n_clusters`` samples were drawn. 0 leaves them where they are.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        Centers; float32 if `X` was float32, else float64.
    labels_ : ndarray of shape (n_samples,), int32
        Cluster of every sample: the index of its nearest center. Only with `compute_labels`.
    inertia_ : float
        Weighted sum of the squared distances of the samples to their centers, in squared units of `X`; without
        `compute_labels` an estimate from the batches.
    n_iter_ : int
        Samples drawn, in multiples of all samples, rounded up.
    n_steps_ : int
        Batches used.
    n_features_in_ : int
        Number of features of `X`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `X` was a data frame with names that are all strings.

    Warns
    -----
    RuntimeWarning
        If `init` is an array and `n_init` is not 1, or `init_size` is smaller than `n_clusters`.

    See Also
    --------
    KMeans : Uses all samples in every iteration and finds better centers.

    Notes
    -----
    Cost: O(batch_size * n_clusters * n_features) for a step, and one pass over all samples for the labels. Memory
    beyond `X`: the int32 labels, and a float for every 32 samples; with weights, one for every sample. uint8, int16,
    uint16, float32 and float64 arrays in C or Fortran order are read as they are.

    Centers and inertia are the same bits for any number of threads. scikit-learn draws batches in another way since its
    version 1.9; the batches are those of the version that is installed.

    References
    ----------
    .. [1] D. Sculley, "Web-scale k-means clustering", WWW 2010. :doi:`10.1145/1772690.1772862`

    Examples
    --------
    >>> import numpy as np
    >>> from clast import MiniBatchKMeans
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> kmeans = MiniBatchKMeans(n_clusters=2, random_state=0).fit(X)
    >>> kmeans.labels_
    array([1, 1, 1, 0, 0, 0], dtype=int32)

    Samples that arrive piece by piece:

    >>> kmeans = MiniBatchKMeans(n_clusters=2, random_state=0)
    >>> for start in range(3):
    ...     kmeans = kmeans.partial_fit(X[start::3])
    >>> kmeans.predict([[0, 0], [12, 3]])
    array([1, 0], dtype=int32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **KMeansBase._parameter_constraints,
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "compute_labels": ["boolean"],
        "max_no_improvement": [Interval(Integral, 0, None, closed="left"), None],
        "init_size": [Interval(Integral, 1, None, closed="left"), None],
        "reassignment_ratio": [Interval(Real, 0, None, closed="left")],
    }

    n_iter_: int
    n_steps_: int
    # Weight that each center was given so far; read by every later `partial_fit`.
    _counts: NDArray[np.float64]

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: str | ArrayLike | Callable[..., ArrayLike] = "k-means++",
        max_iter: int = 100,
        batch_size: int = 1024,
        verbose: int = 0,
        compute_labels: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 0.0,
        max_no_improvement: int | None = 10,
        init_size: int | None = None,
        n_init: str | int = "auto",
        reassignment_ratio: float = 0.01,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.verbose = verbose
        self.compute_labels = compute_labels
        self.random_state = random_state
        self.tol = tol
        self.max_no_improvement = max_no_improvement
        self.init_size = init_size
        self.n_init = n_init
        self.reassignment_ratio = reassignment_ratio

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> "MiniBatchKMeans":
        """Find the cluster centers of `X`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples, finite. Sparse matrices are refused: pass ``X.toarray()``.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample, at least 0; None weighs all alike. All draws follow it.

        Returns
        -------
        MiniBatchKMeans
            The estimator itself.

        Raises
        ------
        TypeError
            If `X` is sparse.
        ValueError
            If a parameter is out of range, `X` is empty, not two-dimensional, not numeric or not finite, or has fewer
            samples than `n_clusters`, or the initial centers or the weights do not fit it.
        """
        X = check_estimator_samples(self, X, reset=True)
        self._resolve_parameters(X)
        tol = self._absolute_tol(X)
        random_state = check_random_state(self.random_state)
        weights = check_sample_weight(sample_weight, X.shape[0])
        centers = self._best_initial_centers(X, weights, random_state)
        self._start(centers)

        n_steps = self.max_iter * X.shape[0] // self._batch_size
        progress = Progress(n_steps, self._batch_size / (X.shape[0] + 1), tol, self.max_no_improvement, self.verbose)
        batches = Batches(X, self._batch_size, weights, random_state)
        for _ in range(n_steps):
            before = centers.copy()
            inertia = self._step(X, *batches.draw(), centers, random_state)
            if progress.has_converged(inertia / self._batch_size, before, centers):
                break

        self.cluster_centers_ = centers.astype(center_dtype(X), copy=False)
        self._n_features_out = self.n_clusters
        self.n_steps_ = progress.step
        self.n_iter_ = -(-progress.step * self._batch_size // X.shape[0])
        self.inertia_ = progress.inertia * batches.total_weight
        # Labels of an earlier fit would otherwise pass for those of this one.
        if hasattr(self, "labels_"):
            del self.labels_
        if self.compute_labels:
            self._assign(X, weights)
        return self

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> "MiniBatchKMeans":
        """Move the cluster centers by one batch; the first one also chooses the initial centers.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples of the batch, finite; the first batch has at least `n_clusters` of them. Sparse matrices are
            refused: pass ``X.toarray()``.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample, at least 0; None weighs all alike.

        Returns
        -------
        MiniBatchKMeans
            The estimator itself; ``labels_`` and ``inertia_`` are those of the batch, with `compute_labels`.

        Raises
        ------
        TypeError
            If `X` is sparse.
        ValueError
            If a parameter is out of range, `X` is empty, not two-dimensional, not numeric or not finite, has other
            features than the batches before, or the initial centers or the weights do not fit it.
        """
        is_first = not hasattr(self, "cluster_centers_")
        X = check_estimator_samples(self, X, reset=is_first)
        weights = check_sample_weight(sample_weight, X.shape[0])
        if not hasattr(self, "_random_state"):
            self._random_state = check_random_state(self.random_state)
        if is_first:
            self._resolve_parameters(X)
            centers = self._choose_centers(X, weights, self._random_state)
            self._start(centers)
            self.n_steps_ = 0
            dtype: Any = center_dtype(X)
        else:
            centers = np.array(self.cluster_centers_, dtype=np.float64, order="C")
            # A model loaded from a memory map cannot be written.
            self._counts = np.require(self._counts, requirements=["C", "A", "W"])
            dtype = self.cluster_centers_.dtype

        self._step(X, None, weights, centers, self._random_state)
        self.cluster_centers_ = centers.astype(dtype, copy=False)
        self._n_features_out = self.n_clusters
        self.n_steps_ += 1
        if self.compute_labels:
            self._assign(X, weights)
        return self

    def _resolve_parameters(self, X: NDArray[Any]) -> None:
        """Fix what depends on `X`: the number of initialisations and the sizes of batches and of the first sample."""
        check_n_clusters(X, self.n_clusters)
        self._n_init = self._resolve_n_init(n_random_runs=3)
        self._batch_size = min(self.batch_size, X.shape[0])
        init_size = 3 * self._batch_size if self.init_size is None else self.init_size
        if init_size < self.n_clusters:
            init_size = 3 * self.n_clusters
            if self.init_size is not None:
                warnings.warn(
                    f"init_size={self.init_size} should be larger than n_clusters={self.n_clusters}."
                    " Setting it to min(3*n_clusters, n_samples)",
                    RuntimeWarning,
                    stacklevel=3,
                )
        self._init_size = min(init_size, X.shape[0])

    def _start(self, centers: NDArray[np.float64]) -> None:
        self._counts = np.zeros(len(centers))
        self._n_since_last_reassign = 0

    def _best_initial_centers(
        self, X: NDArray[Any], sample_weight: NDArray[np.float64] | None, random_state: np.random.RandomState
    ) -> NDArray[np.float64]:
        """Return the best of several initial centers, as judged by the same random samples."""
        rows = random_state.randint(0, len(X), self._init_size)
        judges, weights = X[rows], None if sample_weight is None else sample_weight[rows]
        best, smallest = None, np.inf
        for trial in range(1, self._n_init + 1):
            if self.verbose:
                print(f"Init {trial}/{self._n_init} with method {self.init}")
            centers = self._choose_centers(X, sample_weight, random_state)
            inertia = _core.kmeans_inertia(judges, centers, _core.kmeans_predict(judges, centers), weights)
            if self.verbose:
                print(f"Inertia for init {trial}/{self._n_init}: {inertia}")
            if best is None or inertia < smallest:
                best, smallest = centers, inertia
        assert best is not None
        return best

    def _choose_centers(
        self, X: NDArray[Any], sample_weight: NDArray[np.float64] | None, random_state: np.random.RandomState
    ) -> NDArray[np.float64]:
        """Return initial centers chosen among `_init_size` random samples, as an array of their own."""
        if self._init_size < len(X):
            rows = random_state.randint(0, len(X), self._init_size)
            X, sample_weight = X[rows], None if sample_weight is None else sample_weight[rows]
            if isinstance(self.init, str) and sample_weight is not None and not sample_weight.any():
                raise ValueError(f"init_size={self._init_size} samples all have weight 0; give a larger init_size")
        # A callable is given the samples as they are.
        origin = np.zeros(X.shape[1], dtype=center_dtype(X))
        starts = initial_centers(self.init, X, self.n_clusters, sample_weight, random_state, origin)
        return starts.reshape(self.n_clusters, -1)

    def _step(
        self,
        X: NDArray[Any],
        rows: NDArray[np.int64] | None,
        sample_weight: NDArray[np.float64] | None,
        centers: NDArray[np.float64],
        random_state: np.random.RandomState,
    ) -> float:
        """Move `centers`, in place, by the batch of `rows`; return its inertia before."""
        is_due = self._is_reassignment_due()
        inertia = _core.kmeans_minibatch_step(X, rows, sample_weight, centers, self._counts)
        if is_due and self.reassignment_ratio > 0:
            self._reassign(X, rows, centers, random_state)
        return inertia

    def _is_reassignment_due(self) -> bool:
        self._n_since_last_reassign += self._batch_size
        if self._n_since_last_reassign < 10 * self.n_clusters and self._counts.all():
            return False
        self._n_since_last_reassign = 0
        return True

    def _reassign(
        self,
        X: NDArray[Any],
        rows: NDArray[np.int64] | None,
        centers: NDArray[np.float64],
        random_state: np.random.RandomState,
    ) -> None:
        """Move the centers that were given too little weight to random samples of the batch."""
        counts = self._counts
        is_light = counts < self.reassignment_ratio * counts.max()
        if not is_light.any():
            return
        n_batch = len(X) if rows is None else len(rows)
        # At most half of the batch becomes centers.
        if np.count_nonzero(is_light) > 0.5 * n_batch:
            is_light[np.argsort(counts)[n_batch // 2 :]] = False
        if is_light.all():
            is_light[counts.argmax()] = False
        n_light = np.count_nonzero(is_light)
        if n_light:
            chosen = random_state.choice(n_batch, replace=False, size=n_light)
            if self.verbose:
                print(f"[MiniBatchKMeans] Reassigning {n_light} cluster centers.")
            centers[is_light] = X[chosen if rows is None else rows[chosen]]
        # As light as the lightest center that stays: light enough to move, not so light that it is moved again at once.
        counts[is_light] = counts[~is_light].min()

    def _assign(self, X: NDArray[Any], sample_weight: NDArray[np.float64] | None) -> None:
        centers = as_kernel_centers(self.cluster_centers_)
        self.labels_ = _core.kmeans_predict(X, centers)
        self.inertia_ = _core.kmeans_inertia(X, centers, self.labels_, sample_weight)
