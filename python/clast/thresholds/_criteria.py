"""The bin that ends the lower class, by scikit-image's criteria and in its precision."""

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clast._histogram import DenseHistogram


def otsu(histogram: DenseHistogram) -> int:
    """Bin for which the means of both classes are farthest apart, weighted by their sizes."""
    counts, values = histogram.counts.astype(np.float32), histogram.values
    moments = counts * values
    below, above = np.cumsum(counts), np.cumsum(counts[::-1])[::-1]
    mean_below = np.cumsum(moments) / below
    mean_above = (np.cumsum(moments[::-1]) / above[::-1])[::-1]
    between = below[:-1] * above[1:] * (mean_below[:-1] - mean_above[1:]) ** 2
    return int(np.argmax(between))


def yen(histogram: DenseHistogram) -> int:
    """Bin for which the correlation of both classes is largest."""
    counts = histogram.counts.astype(np.float32)
    shares = counts / counts.sum()
    below = np.cumsum(shares)[:-1]
    squares_below, squares_above = np.cumsum(shares**2)[:-1], np.cumsum(shares[::-1] ** 2)[::-1][1:]
    # Where rounding leaves nothing above, the logarithm of 0 is what rules the bin out.
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        correlation = np.log(((squares_below * squares_above) ** -1) * (below * (1.0 - below)) ** 2)
    return int(correlation.argmax())


def isodata(histogram: DenseHistogram) -> NDArray[np.int64]:
    """All bins that are half way, to a bin, between the means of the classes that they make."""
    counts, values = histogram.counts.astype(np.float32), histogram.values
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * values)
    # float32 may have counted all pixels before the last bin: such a bin has no class above it.
    with np.errstate(divide="ignore", invalid="ignore"):
        middles = (sums[:-1] / below[:-1] + (sums[-1] - sums[:-1]) / above[:-1]) / 2.0
        distances = middles - values[:-1]
    return np.flatnonzero((distances >= 0) & (distances < values[1] - values[0]))


def triangle(histogram: DenseHistogram) -> int:
    """Bin of the longer tail that is farthest below the line from the peak to the end of the tail."""
    counts = histogram.counts
    peak = int(np.argmax(counts))
    is_flipped = peak < len(counts) - 1 - peak
    if is_flipped:
        counts, peak = counts[::-1], len(counts) - 1 - peak
    height, width = counts[peak], float(peak)
    norm = np.sqrt(height**2 + width**2)
    distances = height / norm * np.arange(peak) - width / norm * counts[:peak]
    found = int(np.argmax(distances))
    return len(counts) - 1 - found if is_flipped else found


class BetweenModes(NamedTuple):
    """Bins between the two maxima of a smoothed histogram: the first of the lowest ones, and the one in the middle."""

    minimum: int
    intermodes: int


def between_modes(histogram: DenseHistogram, max_num_iter: int) -> BetweenModes:
    """Smooth by means of three bins until at most two maxima are left."""
    from scipy.ndimage import uniform_filter1d

    smooth = histogram.counts.astype(np.float32)
    for n_iter in itertools.count(1):
        smooth = uniform_filter1d(smooth, 3)
        maxima = _maxima(smooth)
        if len(maxima) < 3 or n_iter == max_num_iter:
            break
    if len(maxima) < 2:
        raise RuntimeError(
            "the smoothed histogram has one maximum only, but two are needed: take a method for one mode, such as"
            " triangle, or leave the background out with a mask"
        )
    # scikit-image, too, gives up when the last iteration allowed is the one that succeeds.
    if n_iter == max_num_iter:
        raise RuntimeError(
            f"the histogram still has {len(maxima)} maxima after 'max_num_iter' = {max_num_iter} times of smoothing:"
            " smooth the image first, divide its grey values if there are thousands, or allow more"
        )
    first, second = maxima
    return BetweenModes(first + int(np.argmin(smooth[first : second + 1])), (first + second) // 2)


def _maxima(counts: NDArray[np.float32]) -> list[int]:
    """Bins after which the counts fall, having risen before or not at all; the last bin is none."""
    steps = np.diff(counts)
    turns = np.flatnonzero(steps)
    falls = steps[turns] < 0
    is_first = np.ones_like(falls)
    is_first[1:] = ~falls[:-1]
    return [int(turn) for turn in turns[falls & is_first]]
