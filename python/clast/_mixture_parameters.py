"""Parameters of a Gaussian mixture: those a user gives, how they depend on each other, and samples drawn from them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MixtureParameters:
    """Parameters as the kernels read them: float64 and contiguous.

    Attributes
    ----------
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
    weights : ndarray of shape (n_components,)
    means : ndarray of shape (n_components, n_features)
    covariances, precisions_cholesky : ndarray
        Of shape (n_components, n_features, n_features), (n_features, n_features), (n_components, n_features) or
        (n_components,), as `covariance_type` says.
    """

    covariance_type: str
    weights: Array
    means: Array
    covariances: Array
    precisions_cholesky: Array

    @property
    def density(self) -> tuple[str, Array, Array, Array]:
        """What determines the density of a sample, in the order of the kernels' arguments."""
        return self.covariance_type, self.weights, self.means, self.precisions_cholesky

    @property
    def precisions(self) -> Array:
        """Inverse covariances."""
        factors = self.precisions_cholesky
        if self.covariance_type in ("full", "tied"):
            return np.asarray(factors @ factors.swapaxes(-1, -2))
        return np.square(factors)


@dataclass(frozen=True, eq=False)
class GivenParameters:
    """What a user wants a fit to start from; None for what the data decide."""

    weights: Array | None
    means: Array | None
    precisions: Array | None

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to the data."""
        return self.weights is not None and self.means is not None and self.precisions is not None


def check_given_parameters(
    weights: ArrayLike | None,
    means: ArrayLike | None,
    precisions: ArrayLike | None,
    covariance_type: str,
    n_components: int,
    n_features: int,
) -> GivenParameters:
    """Return copies of given parameters, checked in scikit-learn's words.

    Parameters
    ----------
    weights : array-like of shape (n_components,) or None
        Not negative, with the sum 1.
    means : array-like of shape (n_components, n_features) or None
    precisions : array-like of the shape of `covariance_type`, or None
        Symmetric and positive definite.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
    n_components, n_features : int

    Returns
    -------
    GivenParameters

    Raises
    ------
    ValueError
        If one of them is not what it has to be.
    """
    return GivenParameters(
        None if weights is None else _check_weights(weights, n_components),
        None if means is None else _checked(means, (n_components, n_features), "means"),
        None if precisions is None else _check_precisions(precisions, covariance_type, n_components, n_features),
    )


def _check_weights(weights: ArrayLike, n_components: int) -> Array:
    checked = _checked(weights, (n_components,), "weights")
    smallest, largest = checked.min(), checked.max()
    if smallest < 0 or largest > 1:
        # scikit-learn's words name the smallest as the largest, and its tests hold them fixed.
        raise ValueError(
            "The parameter 'weights' should be in the range [0, 1], but got max value"
            f" {smallest:.5f}, min value {largest:.5f}"
        )
    tolerance = 1e-6 if getattr(weights, "dtype", None) == np.float32 else 1e-8
    if abs(1 - checked.sum()) > tolerance:
        raise ValueError(f"The parameter 'weights' should be normalized, but got sum(weights) = {checked.sum():.5f}")
    return checked


def _check_precisions(precisions: ArrayLike, covariance_type: str, n_components: int, n_features: int) -> Array:
    shape = covariance_shape(covariance_type, n_components, n_features)
    checked = _checked(precisions, shape, f"{covariance_type} precision")
    if covariance_type in ("diag", "spherical"):
        if (checked <= 0).any():
            raise ValueError(f"'{covariance_type} precision' should be positive")
    elif not (np.allclose(checked, checked.swapaxes(-1, -2)) and (np.linalg.eigvalsh(checked) > 0).all()):
        raise ValueError(f"'{covariance_type} precision' should be symmetric, positive-definite")
    return checked


def _checked(values: ArrayLike, shape: tuple[int, ...], name: str) -> Array:
    checked = check_array(values, dtype=[np.float64, np.float32], ensure_2d=False, allow_nd=True)
    if checked.shape != shape:
        raise ValueError(f"The parameter '{name}' should have the shape of {shape}, but got {checked.shape}")
    return np.array(checked, dtype=np.float64, order="C")


def covariance_shape(covariance_type: str, n_components: int, n_features: int) -> tuple[int, ...]:
    """Return the shape of covariances, precisions and their factors."""
    return {
        "full": (n_components, n_features, n_features),
        "tied": (n_features, n_features),
        "diag": (n_components, n_features),
        "spherical": (n_components,),
    }[covariance_type]


def factor_precisions(precisions: Array, covariance_type: str) -> tuple[Array, Array]:
    """Return the covariances, and the upper triangular factors ``U`` with ``U @ U.T`` the precisions.

    Parameters
    ----------
    precisions : ndarray
        Symmetric and positive definite.
    covariance_type : {'full', 'tied', 'diag', 'spherical'}

    Returns
    -------
    covariances, precisions_cholesky : ndarray of the same shape
    """
    if covariance_type in ("diag", "spherical"):
        return 1 / precisions, np.sqrt(precisions)
    # Cholesky gives a lower triangular factor; with rows and columns reversed before and after, it is an upper one.
    factors = np.linalg.cholesky(precisions[..., ::-1, ::-1])[..., ::-1, ::-1]
    return np.asarray(np.linalg.inv(precisions), dtype=np.float64), np.array(factors, dtype=np.float64, order="C")


def count_parameters(covariance_type: str, n_components: int, n_features: int) -> int:
    """Return the number of free parameters of a mixture."""
    n_covariances = {
        "full": n_components * n_features * (n_features + 1) // 2,
        "tied": n_features * (n_features + 1) // 2,
        "diag": n_components * n_features,
        "spherical": n_components,
    }[covariance_type]
    return n_covariances + n_components * n_features + n_components - 1


def draw_samples(
    weights: NDArray[Any],
    means: NDArray[Any],
    covariances: NDArray[Any],
    covariance_type: str,
    n_samples: int,
    random_state: np.random.RandomState,
) -> tuple[Array, NDArray[np.int64]]:
    """Draw samples from a mixture, component after component, with scikit-learn's draws.

    Parameters
    ----------
    weights, means, covariances : ndarray
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
    n_samples : int
    random_state : RandomState

    Returns
    -------
    X : ndarray of shape (n_samples, n_features), float64
    y : ndarray of shape (n_samples,), int64
        Component of every sample.
    """
    shares = weights.astype(np.float64)
    if weights.dtype != np.float64:
        shares /= shares.sum()  # numpy refuses the rounding of float32
    counts = random_state.multinomial(n_samples, shares)
    n_features = means.shape[1]
    parts = []
    for component, (mean, count) in enumerate(zip(means, counts, strict=True)):
        covariance = covariances if covariance_type == "tied" else covariances[component]
        if covariance_type in ("full", "tied"):
            parts.append(random_state.multivariate_normal(mean, covariance, int(count)))
        else:
            parts.append(mean + random_state.standard_normal(size=(count, n_features)) * np.sqrt(covariance))
    X: Array = np.vstack(parts).astype(np.float64, copy=False)
    return X, np.repeat(np.arange(len(counts)), counts)
