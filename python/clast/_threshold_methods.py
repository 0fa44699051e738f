"""Thresholds between two classes of grey values, on a histogram without gaps."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Dense(NamedTuple):
    """A histogram from its first to its last bin that is not empty.

    Attributes
    ----------
    counts : ndarray of float32
        scikit-image's type, whose rounding is part of its thresholds.
    values : ndarray
        Grey value of each bin, ascending.
    """

    counts: NDArray[np.float32]
    values: NDArray[Any]


def otsu(histogram: Dense) -> int:
    """Bin that ends the lower class where the means of both classes are farthest apart, weighted by their sizes."""
    counts, values = histogram
    moments = counts * values
    below, above = np.cumsum(counts), np.cumsum(counts[::-1])[::-1]
    mean_below = np.cumsum(moments) / below
    mean_above = (np.cumsum(moments[::-1]) / above[::-1])[::-1]
    between = below[:-1] * above[1:] * (mean_below[:-1] - mean_above[1:]) ** 2
    return int(np.argmax(between))


def yen(histogram: Dense) -> int:
    """Bin for which the correlation of both classes is largest."""
    shares = histogram.counts / histogram.counts.sum()
    below = np.cumsum(shares)[:-1]
    squares_below, squares_above = np.cumsum(shares**2)[:-1], np.cumsum(shares[::-1] ** 2)[::-1][1:]
    correlation = np.log(((squares_below * squares_above) ** -1) * (below * (1.0 - below)) ** 2)
    return int(correlation.argmax())


def isodata(histogram: Dense) -> NDArray[np.int64]:
    """All bins half way, to a bin, between the means of the classes that they make."""
    counts, values = histogram
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * values)
    middles = (sums[:-1] / below[:-1] + (sums[-1] - sums[:-1]) / above[:-1]) / 2.0
    distances = middles - values[:-1]
    return np.flatnonzero((distances >= 0) & (distances < values[1] - values[0]))


def triangle(histogram: Dense) -> int:
    """Bin of the longer tail that is farthest below the line from the peak to the end of the tail."""
    counts = histogram.counts.astype(np.float64)
    peak = int(np.argmax(counts))
    is_flipped = peak < len(counts) - 1 - peak
    if is_flipped:
        counts, peak = counts[::-1], len(counts) - 1 - peak
    height, width = counts[peak], float(peak)
    norm = np.sqrt(height**2 + width**2)
    distances = height / norm * np.arange(peak) - width / norm * counts[:peak]
    found = int(np.argmax(distances))
    return len(counts) - 1 - found if is_flipped else found


def two_modes(histogram: Dense, max_num_iter: int) -> tuple[NDArray[np.float32], list[int]]:
    """Smooth by means of three until two maxima are left.

    Returns
    -------
    smooth : ndarray of float32
    maxima : list of two int

    Raises
    ------
    RuntimeError
        If that never happens.
    """
    from scipy.ndimage import uniform_filter1d

    smooth = histogram.counts
    for _ in range(max_num_iter):
        smooth = uniform_filter1d(smooth, 3)
        maxima = _maxima(smooth)
        if len(maxima) < 3:
            break
    else:
        raise RuntimeError("Maximum iteration reached for histogram smoothing")
    if len(maxima) != 2:
        raise RuntimeError("Unable to find two maxima in histogram")
    return smooth, maxima


def _maxima(counts: NDArray[np.float32]) -> list[int]:
    """Bins after which the counts fall, having risen before; the last bin is none."""
    steps = np.sign(np.diff(counts))
    turns = np.flatnonzero(steps)
    falls = steps[turns] < 0
    is_first = np.concatenate([[True], ~falls[:-1]]) if len(falls) else falls
    return [int(turn) for turn in turns[falls & is_first]]


def li(values: NDArray[Any], weights: NDArray[Any], start: float, tolerance: float, least: float) -> float:
    """Iterate Li and Tam's rule for the least cross entropy on values from 0 on; `least` is added at the end."""
    following, current = start, -2 * tolerance
    while abs(following - current) > tolerance:
        current = following
        above = values > current
        mean_above = np.average(values[above], weights=weights[above])
        mean_below = np.average(values[~above], weights=weights[~above])
        if mean_below == 0:
            break
        following = (mean_below - mean_above) / (np.log(mean_below) - np.log(mean_above))
    return float(following + least)
