"""Histograms of grey values with scikit-image's bins: one per integer, or `nbins` equal ones between two floats."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clast import _core

# Wider integers are counted as these when their range allows it, in a table instead of by sorting.
_SHORT_RANGE = 1 << 16
# Criteria need about ten numbers per bin: 1 GiB at this bound, beyond which memory would run out unannounced.
_MAX_DENSE_BINS = 1 << 24


class DenseHistogram(NamedTuple):
    """All bins from the first to the last that is not empty.

    Attributes
    ----------
    counts : ndarray of float64
    values : ndarray
        Grey value of each bin, ascending.
    """

    counts: NDArray[np.float64]
    values: NDArray[Any]


class Histogram(NamedTuple):
    """The bins that are not empty.

    Attributes
    ----------
    bins : ndarray of int64, ascending
        Number of each bin.
    counts : ndarray of float64
        Pixels of each bin, or whatever the caller gave.
    centers : ndarray or None
        Grey value of bin 0, 1, ...; None where a bin's number is its grey value.
    """

    bins: NDArray[np.int64]
    counts: NDArray[np.float64]
    centers: NDArray[Any] | None

    def values(self, bins: NDArray[np.int64]) -> NDArray[Any]:
        """Return the grey values of bins."""
        return bins if self.centers is None else self.centers[bins]

    def dense(self) -> DenseHistogram:
        """Fill in the empty bins.

        Raises
        ------
        ValueError
            If there would be too many of them.
        """
        first, last = int(self.bins[0]), int(self.bins[-1])
        n_bins = last - first + 1
        if n_bins > _MAX_DENSE_BINS and self.centers is None:
            raise ValueError(
                f"'image' has grey values from {first} to {last}, more than {_MAX_DENSE_BINS} bins: divide them by"
                " a power of two, or make them float for 'nbins' bins"
            )
        counts = np.zeros(n_bins)
        counts[self.bins - first] = self.counts
        values = np.arange(first, last + 1) if self.centers is None else self.centers[first : last + 1]
        return DenseHistogram(counts, values)


def image_histogram(image: NDArray[Any], nbins: int) -> Histogram:
    """Count the grey values of an image as ``skimage.exposure.histogram(image, nbins)`` does.

    Parameters
    ----------
    image : ndarray of any shape
    nbins : int
        Number of bins for floats.

    Returns
    -------
    Histogram

    Raises
    ------
    TypeError
        If the values are no real numbers.
    ValueError
        If the image is empty, or holds NaN or infinity, or floats so close together that bins have no width.

    Notes
    -----
    Floats that are all equal have one bin, at their value.
    """
    if image.size == 0:
        raise ValueError("'image' has no pixels to count")
    if image.dtype.kind in "iu":
        bins, counts = _count_integers(image)
        return Histogram(bins, counts.astype(np.float64), None)
    if image.dtype.kind not in "bf":
        raise TypeError(f"'image' has dtype {image.dtype}, but real numbers are needed")
    return _count_floats(image if image.dtype.kind == "f" else image.astype(np.float64), nbins)


def given_histogram(hist: Any) -> Histogram:
    """Take a histogram as scikit-image's ``hist=`` does.

    Parameters
    ----------
    hist : array_like of counts, or tuple of counts and bin centers

    Returns
    -------
    Histogram

    Raises
    ------
    ValueError
        If the counts are not one-dimensional, negative, not finite or all 0, or the centers are not as many or do not
        ascend.
    """
    pair = hist if isinstance(hist, (tuple, list)) else (hist, np.arange(np.size(hist)))
    if len(pair) != 2:
        raise ValueError(f"'hist' is a sequence of {len(pair)}, but an array of counts, or (counts, centers) is needed")
    counts, centers = np.asarray(pair[0], dtype=np.float64), np.asarray(pair[1])
    if counts.ndim != 1 or counts.shape != centers.shape:
        shapes = f"{counts.shape} and {centers.shape}"
        raise ValueError(f"'hist' has counts and centers of shape {shapes}, but one center for each count is needed")
    if not (np.isfinite(counts) & (counts >= 0)).all():
        raise ValueError("'hist' has counts that are negative or not finite")
    if not (centers[1:] > centers[:-1]).all():
        raise ValueError("'hist' has centers that do not ascend")
    # Criteria are computed in float32: what is 0 there must not be the first bin.
    bins = np.flatnonzero(counts.astype(np.float32))
    if len(bins) == 0:
        raise ValueError("'hist' has no counts above 0")
    return Histogram(bins, counts[bins], centers)


def _count_integers(image: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if image.dtype in (np.uint8, np.int16, np.uint16):
        return _core.count_values(_column(image))
    low, high = int(image.min()), int(image.max())
    if high > np.iinfo(np.int64).max:
        raise ValueError(f"'image' has values up to {high}, but at most 2**63 - 1 can be counted")
    if high - low < _SHORT_RANGE:
        # Unsigned integers wrap round, and so give the right differences below 2**16.
        differences = image.astype(np.uint16) - np.uint16(low % _SHORT_RANGE)
        bins, counts = _core.count_values(_column(differences))
        return bins + low, counts
    distinct, counts = np.unique(image, return_counts=True)
    return distinct.astype(np.int64), counts


def _count_floats(image: NDArray[Any], nbins: int) -> Histogram:
    low, high = image.min(), image.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("'image' holds NaN or infinity: leave these pixels out, with mask=np.isfinite(image)")
    if low == high:
        return Histogram(np.zeros(1, dtype=np.int64), np.array([float(image.size)]), np.array([low]))
    # numpy's own edges, which follow from the range and the dtype alone.
    try:
        edges = np.histogram_bin_edges(np.array([low, high], dtype=image.dtype), nbins)
    except ValueError:
        raise ValueError(
            f"'image' has {image.dtype} values from {low} to {high}, too close together for {nbins} bins: ask for fewer"
            " (nbins), or subtract the smallest value first"
        ) from None
    as_read = image if image.dtype in (np.float32, np.float64) else image.astype(np.float64)
    counts = _core.count_between(_column(as_read), edges.astype(np.float64))
    bins = np.flatnonzero(counts)
    return Histogram(bins, counts[bins].astype(np.float64), (edges[:-1] + edges[1:]) / 2)


def _column(image: NDArray[Any]) -> NDArray[Any]:
    """Return the pixels as one feature, in memory order where this saves a copy."""
    pixels = image.astype(image.dtype.newbyteorder("="), copy=False).ravel(order="K")
    return np.require(pixels, requirements=["C", "A"]).reshape(-1, 1)
