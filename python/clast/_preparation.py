"""From an image to the samples that a model sees: mask, common scale, principal components."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
        Fitted: from the image's channels to features.
    space : str
        The features in words, such as "standard, PCA(2)".
    """

    samples: NDArray[Any]
    inside: NDArray[np.bool_] | None
    scaler: Any
    space: str


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


def take_channels(scaler: Any, space: str, image: Image, channels: Sequence[int | str] | None) -> tuple[Any, str, int]:
    """Put the choice of channels in front of a scaler.

    Parameters
    ----------
    scaler : transformer or None
        Unfitted, of our own.
    space : str
    image : Image
    channels : sequence of int and str, or None
        Indices and names; None takes all.

    Returns
    -------
    scaler : transformer or None
    space : str
    first : int
        Index of the first channel that takes part.

    Raises
    ------
    ValueError
        When there is no such channel, or none is named.
    """
    if channels is None:
        return scaler, space, 0
    names = list(image.channel_names)
    given = [channels] if isinstance(channels, str) else list(channels)
    indices = [names.index(channel) if isinstance(channel, str) and channel in names else channel for channel in given]
    chosen = [index for index in indices if isinstance(index, int) and 0 <= index < len(names)]
    if not chosen or len(chosen) < len(given):
        raise ValueError(f"'channels' is {channels!r}, but must be some of {', '.join(map(repr, names))}")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    choice = FunctionTransformer(np.take, kw_args={"indices": chosen, "axis": 1})
    seen = " + ".join(names[index] for index in chosen)
    return (choice if scaler is None else make_pipeline(choice, scaler)), f"{seen}, {space}", chosen[0]


def clone_estimator(estimator: Any) -> Any:
    """Copy an estimator without what it has learned."""
    from sklearn.base import clone

    return clone(estimator) if hasattr(estimator, "get_params") else copy.deepcopy(estimator)


def prepare(image: Image, mask: Any, scaler: Any, space: str) -> Prepared:
    """Take the samples of an image and fit the scaler to them.

    Parameters
    ----------
    image : Image
    mask : array_like, Image, path, "nonzero" or None
    scaler : transformer or None
        Unfitted, of our own.
    space : str

    Returns
    -------
    Prepared

    Raises
    ------
    ValueError
        When the mask is empty, or the image cannot be brought to this space.
    """
    inside = resolve_mask(image, mask)
    X = image.samples() if inside is None else image.data[inside].reshape(-1, image.n_channels)
    if scaler is not None:
        X = scaler.fit_transform(X)
    return Prepared(X, inside, scaler, space)
