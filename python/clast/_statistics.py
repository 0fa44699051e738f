"""Count, mean and standard deviation of every class, without a loop over classes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clast.image import Image

# Pixels per block: temporaries in float64 then stay near the second-level cache, whatever the size of the image.
_BLOCK = 1 << 17


@dataclass(frozen=True, eq=False)
class ClassStatistics:
    """Statistics of classes 1..n_classes over the pixels of an image, in its own units.

    Attributes
    ----------
    counts : ndarray of int64, shape (n_classes,)
    means, stds : ndarray of float64, shape (n_classes, n_channels)
        NaN for a class without pixels. Standard deviations are those of the pixels themselves (divided by n).
    """

    counts: NDArray[np.int64]
    means: NDArray[np.float64]
    stds: NDArray[np.float64]


def class_statistics(labels: NDArray[Any], image: Image, n_classes: int) -> ClassStatistics:
    """Gather the statistics of every class.

    Parameters
    ----------
    labels : ndarray of int, of the image's shape
        0 is background and not counted.
    image : Image
    n_classes : int
        Largest label.

    Returns
    -------
    ClassStatistics

    Notes
    -----
    Two passes over the pixels, the second around the means, so that large values with a small spread lose no digits.
    Everything is summed in float64. Memory: a few MB, whatever the size of the image.
    """
    counts, means = class_means(labels, image, n_classes)
    # Background is dropped only at the end; its pixels need not be finite.
    around = np.concatenate([np.zeros((1, image.n_channels)), means])
    squares = np.zeros_like(around)
    with np.errstate(invalid="ignore", over="ignore"):
        for block, samples in _blocks(labels, image):
            for channel, values in enumerate(samples.T):
                deviations = values - around[:, channel][block]
                squares[:, channel] += np.bincount(block, weights=deviations * deviations, minlength=n_classes + 1)
    with np.errstate(invalid="ignore"):
        stds = np.sqrt(squares[1:] / counts[:, np.newaxis])
    return ClassStatistics(counts, means, stds)


def class_means(labels: NDArray[Any], image: Image, n_classes: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Gather counts and means alone, in one pass; see `class_statistics`."""
    counts = np.zeros(n_classes + 1, dtype=np.int64)
    sums = np.zeros((n_classes + 1, image.n_channels))
    for block, samples in _blocks(labels, image):
        counts += np.bincount(block, minlength=n_classes + 1)
        for channel, values in enumerate(samples.T):
            sums[:, channel] += np.bincount(block, weights=values, minlength=n_classes + 1)
    with np.errstate(invalid="ignore"):  # a class without pixels has no mean
        return counts[1:], sums[1:] / counts[1:, np.newaxis]


def row_blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices of the first axis that together cover an image, a few rows (slices) at a time."""
    n_rows = max(1, _BLOCK * shape[0] // math.prod(shape))
    for start in range(0, shape[0], n_rows):
        yield slice(start, start + n_rows)


def _blocks(labels: NDArray[Any], image: Image) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Labels and samples of a few rows at a time, so that images that are no view as rows are never copied."""
    for rows in row_blocks(labels.shape):
        # numpy would convert the labels for every use of them.
        yield labels[rows].reshape(-1).astype(np.intp), image.data[rows].reshape(-1, image.n_channels)
