"""From an image to the samples that a model sees: mask, features, common scale, principal components."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clast._pixel_filters import feature_table, parse_features
from clast.image import Image, resolve_mask

_SCALERS = {"standard": "StandardScaler", "minmax": "MinMaxScaler", "max": "MaxAbsScaler", "robust": "RobustScaler"}


@dataclass(frozen=True, eq=False)
class Prepared:
    """Samples of an image and the way to them.

    Attributes
    ----------
    samples : ndarray of shape (n_samples, n_features)
        A view of the image in its own dtype where nothing was to be done.
    inside : ndarray of bool of the image's shape, or None
        The pixels that take part; None for all.
    scaler : transformer or None
        Fitted: from the image's channels or features to samples.
    space : str
        What the samples are in words, such as "intensity, gaussian(2): standard, PCA(2)".
    features : tuple of str, or None
        Names of the features of the pixels; None for the channels.
    """

    samples: NDArray[Any]
    inside: NDArray[np.bool_] | None
    scaler: Any
    space: str
    features: tuple[str, ...] | None = None


def make_scaler(scale: Any, pca: int | float | None) -> tuple[Any, str]:
    """Build an unfitted transformer of our own, so that one given stays as it is.

    Parameters
    ----------
    scale : {"standard", "minmax", "max", "robust"}, transformer or None
    pca : int, float in (0, 1) or None
        Number of principal components, or share of the variance that they must explain.

    Returns
    -------
    scaler : transformer or None
        None where there is nothing to do.
    space : str
        What its features are, in words.

    Raises
    ------
    ValueError
        When an argument has no meaning.
    """
    scaler, space = _make_scaler(scale)
    if pca is None:
        return scaler, space
    if isinstance(pca, bool) or not (
        (isinstance(pca, int | np.integer) and pca >= 1) or (isinstance(pca, float) and 0 < pca < 1)
    ):
        raise ValueError(f"'pca' is {pca!r}, but must be a number of components, a share of variance below 1, or None")
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline

    projection = PCA(pca, svd_solver="full")
    steps = f"{space}, PCA({pca})" if scaler is not None else f"PCA({pca})"
    return (projection if scaler is None else make_pipeline(scaler, projection)), steps


def _make_scaler(scale: Any) -> tuple[Any, str]:
    if scale is None:
        return None, "raw"
    if isinstance(scale, str) and scale in _SCALERS:
        from sklearn import preprocessing

        return getattr(preprocessing, _SCALERS[scale])(), scale
    if isinstance(scale, type) or not hasattr(scale, "fit_transform"):
        names = ", ".join(f"'{name}'" for name in _SCALERS)
        raise ValueError(f"'scale' is {scale!r}, but must be {names}, a transformer or None")
    return clone_estimator(scale), type(scale).__name__


def _check_components(scaler: Any, n_values: int) -> None:
    from sklearn.decomposition import PCA
    from sklearn.pipeline import Pipeline

    projection = scaler[-1] if isinstance(scaler, Pipeline) else scaler
    n_components = projection.n_components if isinstance(projection, PCA) else None
    if isinstance(n_components, int | np.integer) and n_components > n_values:
        raise ValueError(
            f"{n_components} principal components (pca) need as many channels or features,"
            f" but the image has {n_values}; ask for fewer"
        )


def clone_estimator(estimator: Any) -> Any:
    """Copy an estimator without what it has learned."""
    from sklearn.base import clone

    return clone(estimator) if hasattr(estimator, "get_params") else copy.deepcopy(estimator)


def prepare(image: Image, mask: Any, scaler: Any, space: str, features: str | Sequence[str] | None = None) -> Prepared:
    """Take the samples of an image and fit the scaler to them.

    Parameters
    ----------
    image : Image
    mask : array_like, Image, path, "nonzero" or None
    scaler : transformer or None
        Unfitted, of our own.
    space : str
    features : str, sequence of str or None
        Names of the features to take instead of the channels.

    Returns
    -------
    Prepared

    Raises
    ------
    ValueError
        When the mask is empty, or the image cannot be brought to this space.
    """
    inside = resolve_mask(image, mask)
    names = None
    if features is not None:
        parsed = parse_features(features)
        names = tuple(map(str, parsed))
        space = f"{', '.join(names)}: {space}"
        X = feature_table(image, parsed, inside, np.float32)
    elif inside is None:
        X = image.samples()
    else:
        X = image.data[inside].reshape(-1, image.n_channels)
    if scaler is not None:
        _check_components(scaler, X.shape[1])
        X = scaler.fit_transform(X)
    return Prepared(X, inside, scaler, space, names)
