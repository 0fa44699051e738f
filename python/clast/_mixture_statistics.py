"""What samples say about a mixture: sums that add up over chunks, and the parameters that follow from them."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from clast import _core
from clast._mixture_parameters import Array, MixtureParameters

# A collapsed component gets this share of the data's own variance: two orders of magnitude less than the narrowest
# tissue or colour, and far above the rounding of float32 data.
_RIDGE = 1e-6


@dataclass(frozen=True, eq=False)
class MixtureStatistics:
    """Sums over samples, weighted by their responsibilities, around a point of each component.

    Statistics of chunks merge into those of all samples; they can be pickled and sent between processes.

    Attributes
    ----------
    reference : ndarray of shape (n_components, n_features), float64
        The points that moments are taken around: the means of the E step.
    totals : ndarray of shape (n_components,), float64
        Sums of the responsibilities.
    first : ndarray of shape (n_components, n_features), float64
        Sums of the differences to the reference.
    second : ndarray of shape (n_components, n_features, n_features) or (n_components, n_features), float64
        Sums of the products of these differences; of their squares for diagonal and spherical covariances.
    log_likelihood : float
        Sum of the logarithm of the density.
    total_weight : float
        Sum of the sample weights; the number of samples without weights.

    See Also
    --------
    GaussianMixture.statistics : Gathers them.
    GaussianMixture.update : Moves a model to the parameters that follow from them.

    Examples
    --------
    >>> import numpy as np
    >>> from clast import GaussianMixture
    >>> X = np.array([[1.0], [1.5], [2.0], [8.0], [9.0], [10.0]])
    >>> model = GaussianMixture(2, random_state=0, max_iter=0).fit(X)
    >>> halves = model.statistics(X[::2]).merge(model.statistics(X[1::2]))
    >>> bool(np.isclose(halves.log_likelihood, model.statistics(X).log_likelihood))
    True
    """

    reference: Array
    totals: Array
    first: Array
    second: Array
    log_likelihood: float
    total_weight: float

    @property
    def lower_bound(self) -> float:
        """Mean of the logarithm of the density."""
        return self.log_likelihood / self.total_weight

    def merge(self, *others: "MixtureStatistics") -> "MixtureStatistics":
        """Add up the statistics of several chunks.

        Parameters
        ----------
        *others : MixtureStatistics
            Around the same reference.

        Returns
        -------
        MixtureStatistics

        Raises
        ------
        ValueError
            If they were gathered around other points, that is, with other parameters.
        """
        for other in others:
            if not np.array_equal(self.reference, other.reference) or self.second.shape != other.second.shape:
                raise ValueError(
                    "statistics gathered with different parameters cannot be merged;"
                    " gather all of a pass with the same model"
                )
        parts = (self, *others)
        return replace(
            self,
            totals=np.sum([part.totals for part in parts], axis=0),
            first=np.sum([part.first for part in parts], axis=0),
            second=np.sum([part.second for part in parts], axis=0),
            log_likelihood=sum(part.log_likelihood for part in parts),
            total_weight=sum(part.total_weight for part in parts),
        )

    def moments(self) -> tuple[Array, Array]:
        """Return mean and variance of every feature over all samples.

        Returns
        -------
        mean, variance : ndarray of shape (n_features,)
        """
        total = self.totals.sum()
        mean = (self.first + self.totals[:, np.newaxis] * self.reference).sum(axis=0) / total
        shift = self.reference - mean
        squares = self.second if self.second.ndim == 2 else self.second.diagonal(axis1=1, axis2=2)
        around_mean = squares + 2 * shift * self.first + self.totals[:, np.newaxis] * shift * shift
        return mean, np.maximum(around_mean.sum(axis=0) / total, 0)

    def maximize(
        self, covariance_type: str, reg_covar: float, dtype: Any, ridge: float | None
    ) -> tuple[MixtureParameters, list[int]]:
        """Return the parameters of the M step.

        Parameters
        ----------
        covariance_type : {'full', 'tied', 'diag', 'spherical'}
        reg_covar : float
            Added to the diagonal of every covariance.
        dtype : float32 or float64
            Of the samples; as in scikit-learn its rounding is added to the total of every component.
        ridge : float or None
            Added, as often as needed ten times as much, to the diagonal of a covariance that has no Cholesky factor.

        Returns
        -------
        parameters : MixtureParameters
        collapsed : list of int
            The components that needed the ridge.

        Raises
        ------
        ValueError
            If a covariance has no Cholesky factor and `ridge` is None.
        """
        sums = (self.reference, self.totals, self.first, self.second, self.log_likelihood, self.total_weight)
        parameters, collapsed = _core.mixture_maximize(sums, covariance_type, reg_covar, rounding_of(dtype), ridge)
        return MixtureParameters(covariance_type, *parameters), collapsed


def rounding_of(dtype: Any) -> float:
    """Return the distance from 1 to the next number of a floating-point type."""
    return float(np.finfo(dtype).eps)


def ridge_of(mean: NDArray[Any], variance: NDArray[Any]) -> float:
    """Return what is added first to the diagonal of a collapsed covariance, on the data's own scale.

    Parameters
    ----------
    mean, variance : ndarray of shape (n_features,)

    Returns
    -------
    float
        Above 0, for constant data too.
    """
    scale = float(variance.mean()) or float(np.square(mean).mean()) or 1.0
    return _RIDGE * scale


def warn_of_collapse(collapsed: Sequence[int], covariance_type: str, ridge: float, stacklevel: int) -> None:
    """Warn of components that had to be regularised, by their numbers; `stacklevel` as seen from the caller."""
    if not collapsed:
        return
    if covariance_type == "tied":
        what = "the covariance of all components"
    else:
        what = f"the covariance of component{'s' if len(collapsed) > 1 else ''} {', '.join(map(str, collapsed))}"
    warnings.warn(
        f"{what} collapsed, on too few or equal samples: at least {ridge:.3g}, {_RIDGE:g} of the variance of the data,"
        " was added to its diagonal. Try to decrease the number of components or to increase reg_covar.",
        ConvergenceWarning,
        stacklevel=stacklevel + 1,
    )
