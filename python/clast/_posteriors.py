"""How sure a model is of its classes: posterior probabilities on the grid of an image, and what they say in one number.

Samples go through the model a few rows at a time: beside the result, memory holds only a block.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from clast._statistics import row_blocks
from clast.image import Image

_Probabilities = Callable[[NDArray[Any]], NDArray[Any]]


def class_probabilities(
    model: Any, scaler: Any, clusters: NDArray[np.int64], classes: NDArray[np.int64] | None
) -> _Probabilities:
    """Return the function from samples in the image's units to the posteriors of the classes.

    Parameters
    ----------
    model : estimator
        With ``predict_proba``.
    scaler : transformer or None
        Between image and model.
    clusters : ndarray of int64
        The model's own number of each class, or of all clusters of one class after the other.
    classes : ndarray of int64 of the same shape, or None
        Index of the class that each of `clusters` belongs to; None where each is a class of its own.

    Returns
    -------
    callable
        From shape (n_samples, n_channels) to (n_samples, n_classes).

    Raises
    ------
    TypeError
        When the model has no ``predict_proba``.
    """
    if not hasattr(model, "predict_proba"):
        giver = "a segmentation from labels" if model is None else type(model).__name__
        raise TypeError(
            f"{giver} gives no posterior probabilities; segment with a mixture such as clast.GaussianMixture(3)"
        )

    starts = None if classes is None else np.unique(classes, return_index=True)[1]

    def probabilities(samples: NDArray[Any]) -> NDArray[Any]:
        found = model.predict_proba(samples if scaler is None else scaler.transform(samples))
        of_clusters = np.asarray(found)[:, clusters]
        return of_clusters if starts is None else np.add.reduceat(of_clusters, starts, axis=1)

    return probabilities


def posterior_images(
    image: Image, inside: NDArray[np.bool_] | None, probabilities: _Probabilities, n_classes: int, dtype: DTypeLike
) -> NDArray[Any]:
    """Compute the posterior of every class at every pixel.

    Parameters
    ----------
    image : Image
    inside : ndarray of bool of the image's shape, or None
    probabilities : callable
        From samples to posteriors, shape (n_samples, n_classes).
    n_classes : int
    dtype : {float32, float64, uint8}
        uint8 stores 255 times the probability, rounded.

    Returns
    -------
    ndarray of shape (..., n_classes)
        0 outside.

    Raises
    ------
    TypeError
        When the dtype is another one.
    """
    dtype = np.dtype(dtype)
    if dtype not in (np.float32, np.float64, np.uint8):
        raise TypeError(f"'dtype' is {dtype}, but posteriors can be float32, float64 or uint8")

    def convert(posteriors: NDArray[Any]) -> NDArray[Any]:
        return np.rint(255 * posteriors) if dtype == np.uint8 else posteriors

    found = np.zeros((*image.shape, n_classes), dtype=dtype)
    _fill(found, image, inside, lambda samples: convert(probabilities(samples)))
    return found


def entropy_map(image: Image, inside: NDArray[np.bool_] | None, probabilities: _Probabilities) -> NDArray[np.float32]:
    """Compute the Shannon entropy of the posteriors in bits; NaN outside."""

    def entropy(samples: NDArray[Any]) -> NDArray[Any]:
        posteriors = probabilities(samples)
        # The limit of p log p at 0 is 0.
        bits = posteriors * np.log2(posteriors, out=np.zeros_like(posteriors), where=posteriors > 0)
        return np.asarray(np.abs(bits.sum(axis=1)))

    return _map(image, inside, entropy)


def margin_map(image: Image, inside: NDArray[np.bool_] | None, probabilities: _Probabilities) -> NDArray[np.float32]:
    """Compute the difference between the two largest posteriors; NaN outside."""

    def margin(samples: NDArray[Any]) -> NDArray[Any]:
        posteriors = probabilities(samples)
        if posteriors.shape[1] == 1:
            return np.asarray(posteriors[:, 0])
        second, first = np.partition(posteriors, -2, axis=1)[:, -2:].T
        return np.asarray(first - second)

    return _map(image, inside, margin)


def _map(
    image: Image, inside: NDArray[np.bool_] | None, value: Callable[[NDArray[Any]], NDArray[Any]]
) -> NDArray[np.float32]:
    found = np.full(image.shape, np.nan, dtype=np.float32)
    _fill(found, image, inside, value)
    return found


def _fill(
    out: NDArray[Any],
    image: Image,
    inside: NDArray[np.bool_] | None,
    value: Callable[[NDArray[Any]], NDArray[Any]],
) -> None:
    for rows in row_blocks(image.shape):
        pixels = image.data[rows]
        if inside is None:
            out[rows] = value(pixels.reshape(-1, image.n_channels)).reshape(out[rows].shape)
        elif inside[rows].any():
            out[rows][inside[rows]] = value(pixels[inside[rows]].reshape(-1, image.n_channels))
