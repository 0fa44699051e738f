"""What all k-means estimators share: everything that follows from the centers, and the checks around a fit."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from clast import _core
from clast._validation import as_kernel_centers, check_estimator_samples, check_sample_weight, check_samples

# Labels are searched for empty clusters in blocks of this many: as a rule the first block already shows every cluster.
_LABEL_BLOCK = 1 << 16


class KMeansBase(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """Base of the k-means estimators; `fit` sets ``cluster_centers_`` and what else a class promises."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "init": [StrOptions({"k-means++", "random"}), callable, "array-like"],
        "n_init": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    n_clusters: int
    init: str | ArrayLike | Callable[..., ArrayLike]
    n_init: str | int
    tol: float
    cluster_centers_: NDArray[Any]
    labels_: NDArray[np.int32]
    inertia_: float

    @abstractmethod
    def fit(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> "KMeansBase":
        """Find the cluster centers of `X`."""

    def fit_predict(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> NDArray[np.int32]:
        """Find the cluster centers of `X` and return the cluster of every sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample.

        Returns
        -------
        ndarray of shape (n_samples,), int32
            ``labels_``.
        """
        self.fit(X, sample_weight=sample_weight)
        return self.labels_

    def predict(self, X: ArrayLike) -> NDArray[np.int32]:
        """Return the index of the nearest center for every sample.

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
        return _core.kmeans_predict(X, as_kernel_centers(self.cluster_centers_))

    def fit_transform(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> NDArray[Any]:
        """Find the cluster centers of `X` and return the distances to them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample.

        Returns
        -------
        ndarray of shape (n_samples, n_clusters)
            What ``fit(X).transform(X)`` returns.
        """
        self.fit(X, sample_weight=sample_weight)
        return self._distances(check_samples(X))

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Return the Euclidean distance of every sample to every center, in units of `X`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_clusters)
            float32 if `X` is float32, else float64.
        """
        check_is_fitted(self)
        return self._distances(check_estimator_samples(self, X, reset=False))

    def score(self, X: ArrayLike, y: Any = None, sample_weight: ArrayLike | None = None) -> float:
        """Return minus the inertia of `X` with the centers found: the larger, the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample.

        Returns
        -------
        float
            Minus the weighted sum of squared distances to the nearest center.
        """
        check_is_fitted(self)
        X = check_estimator_samples(self, X, reset=False)
        weights = check_sample_weight(sample_weight, X.shape[0])
        centers = as_kernel_centers(self.cluster_centers_)
        return -_core.kmeans_inertia(X, centers, _core.kmeans_predict(X, centers), weights)

    def _absolute_tol(self, X: NDArray[Any]) -> float:
        """Return the squared center movement at which a run stops, in squared units of `X`."""
        # Strict convergence needs no variance, hence no pass over the data.
        if self.tol == 0:
            return 0.0
        _, variance = _core.feature_moments(X)
        return float(variance.mean() * self.tol)

    def _resolve_n_init(self, n_random_runs: int) -> int:
        """Return the number of runs; 'auto' is `n_random_runs` unless `init` is 'k-means++' or an array."""
        is_array = not isinstance(self.init, str) and not callable(self.init)
        if self.n_init == "auto":
            return 1 if is_array or self.init == "k-means++" else n_random_runs
        if is_array and self.n_init != 1:
            warnings.warn(
                "Explicit initial center position passed: performing only"
                f" one init in {self.__class__.__name__} instead of n_init={self.n_init}.",
                RuntimeWarning,
                stacklevel=3,
            )
            return 1
        return int(self.n_init)

    def _progress(self, tol: float) -> Callable[[int, float, bool, float], None] | None:
        """Return what prints the iterations of a run in scikit-learn's words, if that is wanted."""
        if not self.verbose:
            return None

        def print_iteration(iteration: int, inertia: float, is_strict: bool, center_shift: float) -> None:
            if iteration == 0:
                print("Initialization complete")
            print(f"Iteration {iteration}, inertia {inertia}.")
            if is_strict:
                print(f"Converged at iteration {iteration}: strict convergence.")
            elif center_shift <= tol:
                print(f"Converged at iteration {iteration}: center shift {center_shift} within tolerance {tol}.")

        return print_iteration

    def _warn_of_empty_clusters(self) -> None:
        n_distinct = _count_distinct(self.labels_, self.n_clusters)
        if n_distinct < self.n_clusters:
            warnings.warn(
                f"Number of distinct clusters ({n_distinct}) found smaller than n_clusters ({self.n_clusters})."
                " Possibly due to duplicate points in X.",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _distances(self, X: NDArray[Any]) -> NDArray[Any]:
        return _core.kmeans_transform(X, as_kernel_centers(self.cluster_centers_))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _count_distinct(labels: NDArray[np.int32], n_clusters: int) -> int:
    seen = np.zeros(n_clusters, dtype=bool)
    for start in range(0, len(labels), _LABEL_BLOCK):
        seen[labels[start : start + _LABEL_BLOCK]] = True
        if seen.all():
            break
    return int(np.count_nonzero(seen))
