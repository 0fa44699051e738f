"""Expectation maximisation over samples that come in chunks: passes instead of iterations, sums instead of samples."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from clast import _core
from clast._mixture_base import MixtureBase
from clast._mixture_parameters import GivenParameters, MixtureParameters, check_given_parameters
from clast._mixture_start import initial_parameters
from clast._mixture_statistics import MixtureStatistics, ridge_of, warn_of_collapse
from clast._validation import center_dtype, check_estimator_samples, check_sample_weight

if TYPE_CHECKING:
    from typing_extensions import Self


class MixturePasses(MixtureBase):
    """The part of `GaussianMixture` that learns from chunks."""

    tol: float
    reg_covar: float
    init_params: str
    weights_init: ArrayLike | None
    means_init: ArrayLike | None
    precisions_init: ArrayLike | None
    on_collapse: str
    converged_: bool
    n_iter_: int
    lower_bound_: float
    lower_bounds_: list[float]
    # Parameters of all E steps of the pass, None outside of passes; what its chunks have said so far.
    _pass_start: MixtureParameters | None = None
    _pass_statistics: MixtureStatistics | None = None

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: ArrayLike, y: Any = None, *, sample_weight: ArrayLike | None = None) -> "Self":
        """Take one more chunk of samples into the present pass.

        The E step of every chunk is made with the parameters at the start of the pass, and the parameters become the M
        step of all chunks of this pass: after the last one they are those of an iteration over all samples at once.
        `next_pass` begins the next iteration. The first chunk of an unfitted model also chooses the initial parameters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples of the chunk, finite; the first chunk has at least `n_components` of them, and at least two.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample, at least 0; None weighs all alike.

        Returns
        -------
        GaussianMixture
            The estimator itself. ``n_iter_`` counts passes, ``lower_bounds_`` holds the mean log density of each.

        Raises
        ------
        TypeError
            If `X` is sparse.
        ValueError
            If a parameter is out of range, `X` is not finite, has other features than the chunks before or, at first,
            too few samples, or a component collapses and `on_collapse` is 'raise'.

        Examples
        --------
        >>> import numpy as np
        >>> from clast import GaussianMixture
        >>> X = np.array([[1.0], [1.5], [2.0], [8.0], [9.0], [10.0]])
        >>> model = GaussianMixture(2, random_state=0)
        >>> for _ in range(5):
        ...     for start in range(3):
        ...         model = model.partial_fit(X[start::3])
        ...     model = model.next_pass()
        >>> np.sort(model.means_, axis=0).round(3)
        array([[1.5],
               [9. ]])
        """
        if not hasattr(self, "weights_"):
            X, weights = self._check_training(X, sample_weight)
            start = self._initial_parameters(X, weights, check_random_state(self.random_state), self._ridge(X))
            self._store(start, center_dtype(X))
            self.converged_ = False
        return self.update(self.statistics(X, sample_weight=sample_weight))

    def statistics(self, X: ArrayLike, *, sample_weight: ArrayLike | None = None) -> MixtureStatistics:
        """Gather what a chunk of samples says about the mixture, and leave the model as it is.

        Together with `update` this spreads a fit over processes or machines: each gathers the statistics of its chunks
        with a copy of the model, one merges them and updates.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples of the chunk.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of every sample, at least 0; None weighs all alike.

        Returns
        -------
        MixtureStatistics
            Those of an E step with the parameters at the start of the pass.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the model has no parameters yet; ``GaussianMixture(max_iter=0).fit(X)`` gives it those of a start.
        """
        check_is_fitted(self)
        X = check_estimator_samples(self, X, reset=False)
        weights = check_sample_weight(sample_weight, X.shape[0])
        start = self._pass_start or self._parameters()
        return MixtureStatistics(*_core.mixture_statistics(X, weights, *start.density))

    def update(self, statistics: MixtureStatistics) -> "Self":
        """Take the statistics of more samples into the present pass.

        Parameters
        ----------
        statistics : MixtureStatistics
            Gathered by `statistics` of this model, or of copies of it, in this pass.

        Returns
        -------
        GaussianMixture
            The estimator itself, as `partial_fit` on these samples leaves it.

        Raises
        ------
        ValueError
            If the statistics were gathered with other parameters, or a component collapses and `on_collapse` is
            'raise'. The model is then as it was.
        """
        check_is_fitted(self)
        start = self._pass_start or self._parameters()
        if not np.array_equal(statistics.reference, start.means):
            raise ValueError(
                "the statistics were gathered with other parameters than those at the start of this pass;"
                " gather them again with the present model"
            )
        is_first_chunk = self._pass_statistics is None
        total = statistics if self._pass_statistics is None else self._pass_statistics.merge(statistics)
        ridge = ridge_of(*total.moments()) if self.on_collapse == "regularize" else None
        dtype = self.means_.dtype.type
        parameters, collapsed = total.maximize(self.covariance_type, self.reg_covar, dtype, ridge)
        if ridge is not None:
            warn_of_collapse(collapsed, self.covariance_type, ridge, stacklevel=2)

        if self._pass_start is None:
            # Iterations of a fit before were over other samples.
            self.n_iter_, self.lower_bounds_, self.converged_ = 0, [], False
        before = self.lower_bounds_ if is_first_chunk else self.lower_bounds_[:-1]
        self.lower_bounds_ = [*before, total.lower_bound]
        self.lower_bound_ = total.lower_bound
        self.n_iter_ = len(self.lower_bounds_)
        self._pass_start, self._pass_statistics = start, total
        self._store(parameters, dtype)
        return self

    def next_pass(self) -> "Self":
        """End the present pass and begin the next one from the present parameters.

        Returns
        -------
        GaussianMixture
            The estimator itself. ``converged_`` says whether the last two passes differ by less than `tol` in their
            mean log density.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the model has no parameters yet.
        """
        check_is_fitted(self)
        if self._pass_statistics is not None:
            bounds = self.lower_bounds_
            self.converged_ = len(bounds) > 1 and abs(bounds[-1] - bounds[-2]) < self.tol
            self._pass_start, self._pass_statistics = self._parameters(), None
        return self

    def _check_training(
        self, X: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
        """Return samples and weights as the kernels read them, of a number that can be fitted."""
        X = check_estimator_samples(self, X, reset=True, ensure_min_samples=2)
        if len(X) < self.n_components:
            raise ValueError(
                f"Expected n_samples >= n_components but got n_components = {self.n_components}, n_samples = {len(X)}"
            )
        return X, check_sample_weight(sample_weight, X.shape[0])

    def _given_parameters(self, X: NDArray[Any]) -> GivenParameters:
        return check_given_parameters(
            self.weights_init,
            self.means_init,
            self.precisions_init,
            self.covariance_type,
            self.n_components,
            X.shape[1],
        )

    def _initial_parameters(
        self,
        X: NDArray[Any],
        sample_weight: NDArray[np.float64] | None,
        random_state: np.random.RandomState,
        ridge: float | None,
    ) -> MixtureParameters:
        return initial_parameters(
            X,
            sample_weight,
            self.n_components,
            self.covariance_type,
            self.init_params,
            self._given_parameters(X),
            self.reg_covar,
            ridge,
            random_state,
        )

    def _ridge(self, X: NDArray[Any]) -> float | None:
        """Return what collapsed components get, if they are to get anything."""
        return ridge_of(*_core.feature_moments(X)) if self.on_collapse == "regularize" else None
