"""Where expectation maximisation starts: scikit-learn's initial parameters, from the same draws.

scikit-learn makes an array of responsibilities of all samples and takes an M step. What it makes is one-hot, or random
numbers: here its sums are gathered without it.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray

from clast import _core
from clast._draws import permutation_heads
from clast._mixture_parameters import Array, GivenParameters, MixtureParameters, factor_precisions
from clast._mixture_statistics import MixtureStatistics, rounding_of
from clast._seeding import choose_distinct_rows, plusplus_draws
from clast._validation import as_kernel_centers, center_dtype
from clast.kmeans import KMeans

# Rows per block of random responsibilities: with them the start of an image of a million pixels stays below 1 % of the
# array that scikit-learn makes, and a block is still long against the call of a kernel.
_BLOCK = 1 << 12


def initial_parameters(
    X: NDArray[Any],
    sample_weight: Array | None,
    n_components: int,
    covariance_type: str,
    init_params: str,
    given: GivenParameters,
    reg_covar: float,
    ridge: float | None,
    random_state: np.random.RandomState,
) -> MixtureParameters:
    """Return the parameters that one run starts from.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Checked samples.
    sample_weight : ndarray of shape (n_samples,), float64, or None
    n_components : int
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
    init_params : {'kmeans', 'k-means++', 'random', 'random_from_data'}
    given : GivenParameters
        Replace what the data say; if complete, nothing is drawn.
    reg_covar : float
    ridge : float or None
        As in `MixtureStatistics.maximize`.
    random_state : RandomState
        Advanced by the draws of the start.

    Returns
    -------
    MixtureParameters
        As in scikit-learn the weights of a start are shares of all samples: those of 'k-means++' and
        'random_from_data', where a component is one sample, do not add up to 1.

    Raises
    ------
    ValueError
        If a covariance has no Cholesky factor and `ridge` is None.
    """
    if given.weights is not None and given.means is not None and given.precisions is not None:
        factors = factor_precisions(given.precisions, covariance_type)
        return MixtureParameters(covariance_type, given.weights, given.means, *factors)
    is_diagonal = covariance_type in ("diag", "spherical")
    if init_params == "kmeans":
        statistics = _of_kmeans(X, sample_weight, n_components, is_diagonal, random_state)
    elif init_params == "random":
        statistics = _of_random_responsibilities(X, sample_weight, n_components, is_diagonal, random_state)
    else:
        rows = _choose_rows(init_params, X, sample_weight, n_components, random_state)
        statistics = _of_rows(X, sample_weight, rows, covariance_type)

    dtype = center_dtype(X)
    if given.precisions is not None:
        ridge = 1.0  # covariances that are not used need not have a factor
    found, _ = statistics.maximize(covariance_type, reg_covar, dtype, ridge)
    weights = (statistics.totals + 10 * rounding_of(dtype)) / statistics.total_weight
    started = replace(
        found,
        weights=weights if given.weights is None else given.weights,
        means=found.means if given.means is None else given.means,
    )
    if given.precisions is None:
        return started
    covariances, precisions_cholesky = factor_precisions(given.precisions, covariance_type)
    return replace(started, covariances=covariances, precisions_cholesky=precisions_cholesky)


def _of_kmeans(
    X: NDArray[Any],
    sample_weight: Array | None,
    n_components: int,
    is_diagonal: bool,
    random_state: np.random.RandomState,
) -> MixtureStatistics:
    # The samples have been searched for NaN already.
    with sklearn.config_context(assume_finite=True):
        kmeans = KMeans(n_components, n_init=1, random_state=random_state).fit(X, sample_weight=sample_weight)
    centers = as_kernel_centers(kmeans.cluster_centers_)
    return MixtureStatistics(
        *_core.mixture_statistics_of_labels(X, sample_weight, kmeans.labels_, centers, is_diagonal)
    )


def _of_random_responsibilities(
    X: NDArray[Any],
    sample_weight: Array | None,
    n_components: int,
    is_diagonal: bool,
    random_state: np.random.RandomState,
) -> MixtureStatistics:
    # All components begin near the mean; moments around it lose no digits.
    reference = np.tile(_core.feature_moments(X)[0], (n_components, 1))
    blocks = []
    for block in _blocks(len(X)):
        responsibilities = random_state.uniform(size=(block.stop - block.start, n_components))
        responsibilities /= responsibilities.sum(axis=1, keepdims=True)
        sums = _core.mixture_statistics_of_responsibilities(
            np.ascontiguousarray(X[block]),
            None if sample_weight is None else sample_weight[block],
            responsibilities,
            reference,
            is_diagonal,
        )
        blocks.append(MixtureStatistics(*sums))
    return blocks[0].merge(*blocks[1:])


def _choose_rows(
    init_params: str,
    X: NDArray[Any],
    sample_weight: Array | None,
    n_components: int,
    random_state: np.random.RandomState,
) -> NDArray[np.int64]:
    if init_params == "k-means++":
        return _core.kmeans_plusplus(X, sample_weight, *plusplus_draws(random_state, n_components)).ravel()
    if sample_weight is None:
        return permutation_heads(random_state, len(X), [n_components])[0]
    return choose_distinct_rows(random_state, len(X), n_components, sample_weight)


def _of_rows(
    X: NDArray[Any], sample_weight: Array | None, rows: NDArray[np.int64], covariance_type: str
) -> MixtureStatistics:
    """Statistics of components that are one sample each."""
    chosen = as_kernel_centers(X[rows])
    n_components, n_features = chosen.shape
    if covariance_type in ("diag", "spherical"):
        # In scikit-learn the variance of one sample is what rounding leaves of the difference of two squares. Far from
        # zero that is more than `reg_covar` and decides between the components, so it is repeated.
        total = 1 + 10 * rounding_of(center_dtype(X))
        second = (chosen * chosen / total - np.square(chosen / total)) * total
    else:
        second = np.zeros((n_components, n_features, n_features))
    if covariance_type == "tied":
        # scikit-learn takes the squares of all samples for the covariance, though only these have a component.
        second[0] = _sum_of_squares(X, sample_weight) - chosen.T @ chosen
    total_weight = float(len(X)) if sample_weight is None else float(sample_weight.sum())
    return MixtureStatistics(chosen, np.ones(n_components), np.zeros_like(chosen), second, 0.0, total_weight)


def _sum_of_squares(X: NDArray[Any], sample_weight: Array | None) -> Array:
    """``X.T @ X`` in float64, whatever the dtype of the samples."""
    origin = np.zeros((1, X.shape[1]))
    total = np.zeros((X.shape[1], X.shape[1]))
    for block in _blocks(len(X)):
        labels = np.zeros(block.stop - block.start, dtype=np.int32)
        weights = None if sample_weight is None else sample_weight[block]
        sums = _core.mixture_statistics_of_labels(np.ascontiguousarray(X[block]), weights, labels, origin, False)
        total += sums[3][0]
    return total


def _blocks(n_samples: int) -> list[slice]:
    return [slice(start, min(start + _BLOCK, n_samples)) for start in range(0, n_samples, _BLOCK)]
