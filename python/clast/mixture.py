"""Gaussian mixtures with scikit-learn's interface and answers, fitted without arrays of the size of the samples."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from clast import _core
from clast._mixture_parameters import MixtureParameters
from clast._mixture_passes import MixturePasses
from clast._mixture_progress import MixtureProgress
from clast._mixture_statistics import MixtureStatistics, rounding_of, warn_of_collapse
from clast._validation import center_dtype

__all__ = ["GaussianMixture", "MixtureStatistics"]


class GaussianMixture(MixturePasses):
    """Mixture of Gaussians, fitted by expectation maximisation.

    A drop-in for :class:`sklearn.mixture.GaussianMixture`: with the same `random_state` it starts from the same
    parameters and gives the same ones and the same number of iterations, up to the rounding of floating-point sums.

    Parameters
    ----------
    n_components : int, default=1
        Number of components.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}, default='full'
        What is free in the covariances:

        - 'full': every component has a matrix of its own.
        - 'tied': all components share one matrix.
        - 'diag': every component has a variance for every feature.
        - 'spherical': every component has one variance.
    tol : float, default=1e-3
        A run stops when the mean log density changes by less than this.
    reg_covar : float, default=1e-6
        Added to the diagonal of every covariance, in squared units of `X`.
    max_iter : int, default=100
        Largest number of iterations of one run; with 0 the fit ends with the parameters of the start.
    n_init : int, default=1
        Number of runs from different starts, of which the one with the largest mean log density is kept.
    init_params : {'kmeans', 'k-means++', 'random', 'random_from_data'}, default='kmeans'
        Where a run starts:

        - 'kmeans': from the clusters of `KMeans`.
        - 'k-means++': from samples chosen by greedy k-means++, one for every component.
        - 'random': from random posteriors.
        - 'random_from_data': from distinct random samples, one for every component.
    weights_init : array-like of shape (n_components,), default=None
        Weights to start from instead.
    means_init : array-like of shape (n_components, n_features), default=None
        Means to start from instead.
    precisions_init : array-like, default=None
        Inverse covariances to start from instead, in the shape of ``precisions_``.
    random_state : int, RandomState instance or None, default=None
        Source of the random draws; all runs share it in turn. An int makes the result reproducible.
    warm_start : bool, default=False
        Whether every fit but the first starts from the parameters of the one before.
    verbose : int, default=0
        If 1, print the starts and some of the iterations; if larger, also the time and the change of each.
    verbose_interval : int, default=10
        Iterations from one that is printed to the next.
    on_collapse : {'raise', 'regularize'}, default='raise'
        What happens when a component shrinks to too few or equal samples, so that its covariance has no inverse: raise
        scikit-learn's error, or add to the diagonal of its covariance, on the scale of the data, go on, and warn of it.

    Attributes
    ----------
    weights_ : ndarray of shape (n_components,)
        Share of every component. Like all parameters float32 if `X` was float32, else float64.
    means_ : ndarray of shape (n_components, n_features)
        Mean of every component.
    covariances_ : ndarray
        Covariances, of shape (n_components, n_features, n_features) if 'full', (n_features, n_features) if 'tied',
        (n_components, n_features) if 'diag', (n_components,) if 'spherical'.
    precisions_ : ndarray of the same shape
        Their inverses.
    precisions_cholesky_ : ndarray of the same shape
        Upper triangular factors ``U`` of these, with ``U @ U.T`` the precision; its square root if it is a number.
    converged_ : bool
        Whether the run that was kept has stopped by `tol`.
    n_iter_ : int
        Its iterations.
    lower_bound_ : float
        Mean log density of the samples in its last iteration.
    lower_bounds_ : list of float
        The same of all its iterations.
    n_features_in_ : int
        Number of features of `X`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `X` was a data frame with names that are all strings.

    Warns
    -----
    ConvergenceWarning
        If the run that was kept has not converged, was ended by Ctrl-C (the best parameters so far are kept), or had
        components that collapsed.

    See Also
    --------
    KMeans : Clusters of equal, spherical spread.
    segment : Cluster the pixels of an image and get labels, posteriors and their uncertainty as images.

    Notes
    -----
    Cost: O(n_samples * n_components * n_features**2) for an iteration with 'full' covariances, n_features instead of
    its square for 'diag' and 'spherical'. All runs share one pass over the samples in every iteration.

    Memory beyond `X`: none that grows with `n_samples` for the iterations. The start 'kmeans' needs what `KMeans`
    needs, 'random_from_data' 8 bytes a sample. uint8, int16, uint16, float32 and float64 arrays in C or Fortran order
    are read as they are.

    Everything is computed in float64, whatever the type of the samples. Parameters are the same bits for any number of
    threads. Second moments are taken around the previous means, so that no variance is ever negative.

    With `sample_weight`, integer weights have the effect of repeated samples. Starts follow it: 'kmeans', 'k-means++'
    and 'random_from_data' draw in proportion to it.

    References
    ----------
    .. [1] A. P. Dempster, N. M. Laird and D. B. Rubin, "Maximum likelihood from incomplete data via the EM algorithm",
       Journal of the Royal Statistical Society B 39(1), 1977.

    Examples
    --------
    >>> import numpy as np
    >>> from clast import GaussianMixture
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> mixture = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> mixture.means_
    array([[10.,  2.],
           [ 1.,  2.]])
    >>> mixture.predict([[0, 0], [12, 3]])
    array([1, 0])
    >>> mixture.predict_proba([[0, 0]], dtype="uint8")
    array([[  0, 255]], dtype=uint8)
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str = "kmeans",
        weights_init: ArrayLike | None = None,
        means_init: ArrayLike | None = None,
        precisions_init: ArrayLike | None = None,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        on_collapse: str = "raise",
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.on_collapse = on_collapse

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: ArrayLike, y: Any = None, *, sample_weight: ArrayLike | None = None) -> "GaussianMixture":
        """Find the parameters of the mixture.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples, finite. Sparse matrices are refused: pass ``X.toarray()``.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample, at least 0; None weighs all alike.

        Returns
        -------
        GaussianMixture
            The estimator itself.

        Raises
        ------
        TypeError
            If `X` is sparse.
        ValueError
            If a parameter is out of range, `X` is not two-dimensional, not numeric or not finite, or has fewer samples
            than two or `n_components`, given parameters or weights do not fit it, or a component collapses and
            `on_collapse` is 'raise'.
        """
        self._fit(X, sample_weight)
        return self

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit_predict(self, X: ArrayLike, y: Any = None, *, sample_weight: ArrayLike | None = None) -> NDArray[np.int64]:
        """Find the parameters of the mixture and return the most probable component of every sample.

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
        ndarray of shape (n_samples,), int64
            What ``fit(X).predict(X)`` returns.
        """
        samples = self._fit(X, sample_weight)
        return _core.mixture_predict(samples, *self._parameters().density)

    def _fit(self, X: ArrayLike, sample_weight: ArrayLike | None) -> NDArray[Any]:
        """Fit, and return the samples as the kernels read them."""
        X, weights = self._check_training(X, sample_weight)
        ridge = self._ridge(X)
        is_continued = self.warm_start and hasattr(self, "converged_")
        progress = MixtureProgress(1 if is_continued else self.n_init, self)
        if is_continued:
            progress.begin(0)
            starts, lower_bound = [self._parameters()], self.lower_bound_
        else:
            starts, lower_bound = self._starts(X, weights, ridge, progress), -np.inf
        self._pass_start = self._pass_statistics = None
        if self.max_iter > 0:
            self._iterate(X, weights, starts, lower_bound, ridge, progress)
        else:
            self._store(starts[-1], center_dtype(X))
            self.n_iter_, self.lower_bound_, self.lower_bounds_, self.converged_ = 0, -np.inf, [], False
        return X

    def _starts(
        self,
        X: NDArray[Any],
        sample_weight: NDArray[np.float64] | None,
        ridge: float | None,
        progress: MixtureProgress,
    ) -> list[MixtureParameters]:
        random_state = check_random_state(self.random_state)
        starts = []
        for run in range(self.n_init):
            progress.begin(run)
            starts.append(self._initial_parameters(X, sample_weight, random_state, ridge))
        return starts

    def _iterate(
        self,
        X: NDArray[Any],
        sample_weight: NDArray[np.float64] | None,
        starts: list[MixtureParameters],
        lower_bound: float,
        ridge: float | None,
        progress: MixtureProgress,
    ) -> None:
        """Iterate from all starts and keep the best."""
        dtype = center_dtype(X)
        found, self.lower_bounds_, self.converged_, collapsed, is_interrupted = _core.mixture_fit(
            X,
            sample_weight,
            self.covariance_type,
            np.stack([start.weights for start in starts]),
            np.stack([start.means for start in starts]),
            np.stack([start.precisions_cholesky for start in starts]),
            self.max_iter,
            self.tol,
            self.reg_covar,
            rounding_of(dtype),
            ridge,
            lower_bound,
            progress.report if self.verbose else None,
        )
        self._store(MixtureParameters(self.covariance_type, *found), dtype)
        self.n_iter_, self.lower_bound_ = len(self.lower_bounds_), self.lower_bounds_[-1]
        if ridge is not None:
            warn_of_collapse(collapsed, self.covariance_type, ridge, stacklevel=5)
        if is_interrupted:
            self._warn(f"Interrupted after {self.n_iter_} iterations; the best parameters so far are kept.")
        elif not self.converged_:
            self._warn(
                "Best performing initialization did not converge. "
                "Try different init parameters, or increase max_iter, "
                "tol, or check for degenerate data."
            )

    @staticmethod
    def _warn(message: str) -> None:
        warnings.warn(message, ConvergenceWarning, stacklevel=6)
