"""Histograms of one and of two channels, from bins that are found once for each sample."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Bins:
    """Equal bins along a channel and the bin of every sample.

    Attributes
    ----------
    edges : ndarray of float64, shape (n_bins + 1,)
    index : ndarray of intp, shape (n_samples,)
        From 1 to n_bins; 0 and n_bins + 1 for samples below the first and above the last edge.
    """

    edges: NDArray[np.float64]
    index: NDArray[np.intp]

    @property
    def n_bins(self) -> int:
        """Number of bins between the edges."""
        return len(self.edges) - 1


def bins_of(values: NDArray[Any], n_bins: int, percentiles: tuple[float, float]) -> Bins:
    """Find bins that cover a channel, and the bin of every sample.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Finite.
    n_bins : int
        At most. Bins of whole numbers have a whole width: otherwise some would hold one number more than their
        neighbours, and show stripes that are not in the data.
    percentiles : tuple of float
        From and to which percentile; both ends are values of samples.

    Returns
    -------
    Bins
    """
    low, high = (
        float(np.percentile(values, percent, method=method))  # type: ignore[call-overload]
        for percent, method in zip(percentiles, ("lower", "higher"), strict=True)
    )
    if values.dtype.kind in "biu" or bool(np.all(values == np.floor(values))):
        width = max(1.0, float(np.ceil((high - low + 1) / n_bins)))
        low, n_bins = low - 0.5, int(np.ceil((high - low + 1) / width))
    elif high > low:
        width = (high - low) / n_bins
    else:
        low, width, n_bins = low - 0.5, 1.0, 1
    edges = low + width * np.arange(n_bins + 1, dtype=np.float64)
    index = np.floor((values - low) * (1 / width)) + 1
    index[values == high] = n_bins  # the last bin is closed on both sides, as numpy's
    return Bins(edges, np.clip(index, 0, n_bins + 1).astype(np.intp))


def class_histograms(bins: Bins, classes: NDArray[np.intp], n_classes: int) -> NDArray[np.intp]:
    """Count the samples of every class in every bin, shape (n_classes, n_bins)."""
    n_cells = bins.n_bins + 2
    counts = np.bincount(classes * n_cells + bins.index, minlength=n_classes * n_cells)
    return counts.reshape(n_classes, n_cells)[:, 1:-1]


def pair_histograms(x: Bins, y: Bins, classes: NDArray[np.intp], n_classes: int) -> NDArray[np.intp]:
    """Count the samples of every class in every bin of two channels, shape (n_classes, n_bins of y, n_bins of x)."""
    shape = (n_classes, y.n_bins + 2, x.n_bins + 2)
    counts = np.bincount((classes * shape[1] + y.index) * shape[2] + x.index, minlength=math.prod(shape))
    return counts.reshape(shape)[:, 1:-1, 1:-1]
