"""What follows from the parameters of a Gaussian mixture: labels, posteriors, densities, criteria and samples."""

import math
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from clast import _core
from clast._mixture_parameters import MixtureParameters, count_parameters, draw_samples
from clast._validation import as_kernel_centers, center_dtype, check_estimator_samples, check_out, check_sample_weight


class MixtureBase(DensityMixin, BaseEstimator):  # type: ignore[misc]
    """Base of `GaussianMixture`: what can be asked of a fitted model."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "covariance_type": [StrOptions({"full", "tied", "diag", "spherical"})],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "reg_covar": [Interval(Real, 0.0, None, closed="left")],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "init_params": [StrOptions({"kmeans", "random", "random_from_data", "k-means++"})],
        "weights_init": ["array-like", None],
        "means_init": ["array-like", None],
        "precisions_init": ["array-like", None],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "verbose_interval": [Interval(Integral, 1, None, closed="left")],
        "on_collapse": [StrOptions({"raise", "regularize"})],
    }

    n_components: int
    covariance_type: str
    random_state: int | np.random.RandomState | None
    weights_: NDArray[Any]
    means_: NDArray[Any]
    covariances_: NDArray[Any]
    precisions_: NDArray[Any]
    precisions_cholesky_: NDArray[Any]

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the index of the most probable component for every sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,), int64
        """
        check_is_fitted(self)
        return _core.mixture_predict(check_estimator_samples(self, X, reset=False), *self._parameters().density)

    def predict_proba(
        self, X: ArrayLike, *, out: NDArray[Any] | None = None, dtype: DTypeLike | None = None
    ) -> NDArray[Any]:
        """Return the posterior probability of every component for every sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        out : ndarray of shape (n_samples, n_components), default=None
            Where to write them: float64, float32 or uint8, in C order; a memory map will do.
        dtype : {float64, float32, uint8}, default=None
            Type of the result, if there is no `out`: uint8 gives 255 times the probability, rounded. None stands for
            float32 if samples and model are float32, else float64.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            `out`, if given.

        Raises
        ------
        TypeError
            If `out` is no array, or it or `dtype` has another type.
        ValueError
            If `out` has another shape or order, cannot be written, or is not of `dtype`.

        Notes
        -----
        Memory beyond the result: a few kB.
        """
        check_is_fitted(self)
        X = check_estimator_samples(self, X, reset=False)
        shape = (len(X), self.n_components)
        target = check_out(out, dtype, shape, (np.float64, np.float32, np.uint8), self._result_dtype(X))
        _core.mixture_posteriors(X, *self._parameters().density, target)
        return target

    def score_samples(
        self, X: ArrayLike, *, out: NDArray[Any] | None = None, dtype: DTypeLike | None = None
    ) -> NDArray[Any]:
        """Return the logarithm of the density at every sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        out : ndarray of shape (n_samples,), default=None
            Where to write them: float64 or float32, in C order; a memory map will do.
        dtype : {float64, float32}, default=None
            Type of the result, if there is no `out`. None stands for float32 if samples and model are float32, else
            float64.

        Returns
        -------
        ndarray of shape (n_samples,)
            `out`, if given.

        Raises
        ------
        TypeError
            If `out` is no array, or it or `dtype` has another type.
        ValueError
            If `out` has another shape or order, cannot be written, or is not of `dtype`.
        """
        check_is_fitted(self)
        X = check_estimator_samples(self, X, reset=False)
        target = check_out(out, dtype, (len(X),), (np.float64, np.float32), self._result_dtype(X))
        _core.mixture_log_density(X, *self._parameters().density, target)
        return target

    def score(self, X: ArrayLike, y: Any = None, *, sample_weight: ArrayLike | None = None) -> float:
        """Return the mean logarithm of the density over the samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample, at least 0; None weighs all alike.

        Returns
        -------
        float
        """
        log_likelihood, total_weight = self._log_likelihood(X, sample_weight)
        return log_likelihood / total_weight

    def bic(self, X: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
        """Return the Bayesian information criterion of the model on `X`: the lower, the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        sample_weight : array-like of shape (n_samples,), default=None
            How often every sample was observed: their sum takes the place of `n_samples`.

        Returns
        -------
        float
        """
        log_likelihood, total_weight = self._log_likelihood(X, sample_weight)
        return -2 * log_likelihood + self._n_parameters() * math.log(total_weight)

    def aic(self, X: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
        """Return the Akaike information criterion of the model on `X`: the lower, the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        sample_weight : array-like of shape (n_samples,), default=None
            How often every sample was observed: their sum takes the place of `n_samples`.

        Returns
        -------
        float
        """
        log_likelihood, _ = self._log_likelihood(X, sample_weight)
        return -2 * log_likelihood + 2 * self._n_parameters()

    def sample(self, n_samples: int = 1) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Draw samples from the mixture.

        Parameters
        ----------
        n_samples : int, default=1
            Number of samples.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features), float64
            The samples, component after component.
        y : ndarray of shape (n_samples,), int64
            Component of every sample.

        Raises
        ------
        ValueError
            If `n_samples` is less than 1.
        """
        check_is_fitted(self)
        if n_samples < 1:
            raise ValueError(f"Invalid value for 'n_samples': {n_samples} . The sampling requires at least one sample.")
        return draw_samples(
            self.weights_,
            self.means_,
            self.covariances_,
            self.covariance_type,
            n_samples,
            check_random_state(self.random_state),
        )

    def _parameters(self) -> MixtureParameters:
        """Return the fitted parameters as the kernels read them."""
        return MixtureParameters(
            self.covariance_type,
            as_kernel_centers(self.weights_),
            as_kernel_centers(self.means_),
            as_kernel_centers(self.covariances_),
            as_kernel_centers(self.precisions_cholesky_),
        )

    def _store(self, parameters: MixtureParameters, dtype: type[np.float32] | type[np.float64]) -> None:
        self.weights_ = parameters.weights.astype(dtype, copy=False)
        self.means_ = parameters.means.astype(dtype, copy=False)
        self.covariances_ = parameters.covariances.astype(dtype, copy=False)
        self.precisions_cholesky_ = parameters.precisions_cholesky.astype(dtype, copy=False)
        self.precisions_ = parameters.precisions.astype(dtype, copy=False)

    def _result_dtype(self, X: NDArray[Any]) -> Any:
        return np.promote_types(center_dtype(X), self.means_.dtype)

    def _log_likelihood(self, X: ArrayLike, sample_weight: ArrayLike | None) -> tuple[float, float]:
        """Return the weighted sum of the log densities, and that of the weights."""
        check_is_fitted(self)
        X = check_estimator_samples(self, X, reset=False)
        weights = check_sample_weight(sample_weight, X.shape[0])
        # One pass that stores nothing: its moments cost less than an array of densities.
        *_, log_likelihood, total_weight = _core.mixture_statistics(X, weights, *self._parameters().density)
        return log_likelihood, total_weight

    def _n_parameters(self) -> int:
        """Return the number of free parameters."""
        return count_parameters(self.covariance_type, *self.means_.shape)
