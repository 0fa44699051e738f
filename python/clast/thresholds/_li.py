"""Li's threshold of least cross entropy."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast._histogram import image_histogram
from clast.thresholds._pixels import grey_values, rounded_down


class _Levels(NamedTuple):
    """Grey values, ascending and counted from the least one.

    Attributes
    ----------
    values : ndarray
    counts : ndarray of float64 or None
        How many pixels have each value; None where every pixel is there itself.
    least : number
    """

    values: NDArray[Any]
    counts: NDArray[np.float64] | None
    least: Any

    def count_and_sum(self, first: int = 0, end: int | None = None) -> NDArray[np.float64]:
        """Return how many pixels a range of values has, and their sum."""
        values = self.values[first:end]
        if self.counts is None:
            return np.array([len(values), values.sum(dtype=np.float64)])
        counts = self.counts[first:end]
        return np.array([counts.sum(), (values * counts).sum()])


def threshold_li(
    image: ArrayLike,
    *,
    tolerance: float | None = None,
    initial_guess: float | Callable[[NDArray[Any]], float] | None = None,
    iter_callback: Callable[[float], Any] | None = None,
    mask: ArrayLike | None = None,
) -> Any:
    """Find the threshold of least cross entropy between the image and its two classes, by Li and Tam's iteration.

    A drop-in for :func:`skimage.filters.threshold_li`.

    Parameters
    ----------
    image : array_like of any shape
        Grey values.
    tolerance : float, optional
        The iteration ends when the threshold moves no farther. Default: 0.5 for integers, otherwise half the smallest
        difference between grey values.
    initial_guess : float or callable, optional
        Where to start, as images with more than two modes have more than one answer: a grey value, or a function of the
        pixels less their minimum, such as ``lambda pixels: np.quantile(pixels, 0.95)``. Default: the mean.
    iter_callback : callable, optional
        Called with every threshold, the first one included.
    mask : array_like of bool, of the image's shape, optional
        True where a pixel counts. NaN and infinity never count.

    Returns
    -------
    number
        Pixels above it are the upper class: float64 for integer images, the dtype of the image for floats. The value of
        an image that has only one.

    Raises
    ------
    TypeError
        If the image is not of real numbers, the mask not of bool, or `initial_guess` neither a number nor callable.
    ValueError
        If no pixel is left, the mask has another shape, `tolerance` is negative, or the guess lies outside the image's
        range.

    Warns
    -----
    UserWarning
        If the image looks like a colour image: all its values are then taken together.

    Notes
    -----
    Integers give scikit-image's threshold to the last bit, where it does not overflow: there, signed integers that
    span more than half of their dtype wrap round. Floats are added up in float64, and agree to scikit-image's rounding.
    Where scikit-image returns NaN or 0, because no finite pixel is there, an error says so.

    Cost: integers are counted in one pass, floats sorted; an iteration reads only what changes its class. Memory: for
    floats about two copies of the image.

    References
    ----------
    .. [1] C. H. Li and C. K. Lee, "Minimum cross entropy thresholding", Pattern Recognition 26(4), 1993.
       :doi:`10.1016/0031-3203(93)90115-D`
    .. [2] C. H. Li and P. K. S. Tam, "An iterative algorithm for minimum cross entropy thresholding", Pattern
       Recognition Letters 19(8), 1998. :doi:`10.1016/S0167-8655(98)00057-9`

    Examples
    --------
    >>> import numpy as np
    >>> from clast import threshold_li
    >>> image = np.array([[10, 12, 11, 99], [12, 98, 200, 201]], dtype=np.uint8)
    >>> round(float(threshold_li(image)), 3)
    39.322
    """
    if tolerance is not None and not tolerance >= 0:
        raise ValueError(f"'tolerance' is {tolerance}, but must not be negative")
    return least_cross_entropy(_finite(grey_values(image, mask)), tolerance, initial_guess, iter_callback)


def least_cross_entropy(
    pixels: NDArray[Any],
    tolerance: float | None = None,
    initial_guess: float | Callable[[NDArray[Any]], float] | None = None,
    iter_callback: Callable[[float], Any] | None = None,
) -> Any:
    """Compute what `threshold_li` returns, from finite pixels."""
    if pixels.dtype == np.bool_:
        pixels = pixels.view(np.uint8)
    levels = _levels_of(pixels)
    if levels.values[0] == levels.values[-1]:
        return levels.least
    is_integer = levels.counts is not None
    if not tolerance:
        tolerance = 0.5 if is_integer else _smallest_step(levels.values) / 2
    start = _first_threshold(levels, initial_guess, pixels)
    if levels.counts is not None:
        # scikit-image counts integers in float32, but starts from the exact mean.
        levels = levels._replace(counts=levels.counts.astype(np.float32).astype(np.float64))
    found = _iterate(levels, start, tolerance, iter_callback)
    return found if is_integer else pixels.dtype.type(found)


def _finite(pixels: NDArray[Any]) -> NDArray[Any]:
    """Leave infinities out, as scikit-image does here."""
    if pixels.dtype.kind != "f" or (np.isfinite(pixels.min()) and np.isfinite(pixels.max())):
        return pixels
    finite: NDArray[Any] = pixels[np.isfinite(pixels)]
    if finite.size == 0:
        raise ValueError("'image' has no finite pixels inside the mask")
    return finite


def _levels_of(pixels: NDArray[Any]) -> _Levels:
    if pixels.dtype.kind in "iu":
        histogram = image_histogram(pixels, nbins=1)
        least = histogram.bins[0]
        return _Levels(histogram.bins - least, histogram.counts, least)
    least = pixels.min()
    # float32 and float64 are rounded here as in scikit-image, where the rounding of float16 can keep it from ending.
    values = np.subtract(pixels, least, dtype=np.result_type(pixels.dtype, np.float32)).ravel()
    values.sort()
    return _Levels(values, None, least)


def _smallest_step(values: NDArray[Any]) -> float:
    steps = np.diff(values)
    steps[steps == 0] = np.inf
    return float(steps.min())


def _first_threshold(levels: _Levels, guess: Any, pixels: NDArray[Any]) -> float:
    """Return where to start, counted from the least value."""
    largest = float(levels.values[-1])
    if guess is None:
        count, total = levels.count_and_sum()
        return float(total / count)
    if callable(guess):
        # In the dtype of the levels, where signed integers do not wrap round.
        start = float(guess(np.subtract(pixels, levels.least, dtype=levels.values.dtype)))
        if not 0 <= start < largest:
            raise ValueError(
                f"'initial_guess' returned {start}, but a value from 0 to below {largest} is needed: the pixels that"
                " it is given begin at 0"
            )
        return start
    if not np.isscalar(guess) or isinstance(guess, str):
        raise TypeError(f"'initial_guess' is {guess!r}, but a number or a function of the pixels is needed")
    start = float(guess) - float(levels.least)  # type: ignore[arg-type]
    if not 0 < start < largest:
        low, high = levels.least, levels.least + levels.values[-1]
        raise ValueError(f"'initial_guess' is {guess!r}, but must lie between the grey values {low} and {high}")
    return float(int(start) if pixels.dtype.kind in "iu" else pixels.dtype.type(start))


def _iterate(levels: _Levels, start: float, tolerance: float, notify: Callable[[float], Any] | None) -> Any:
    """Repeat until it stays: the logarithmic mean of the means of both classes is the next threshold."""
    least, values = levels.least, levels.values
    following, step = np.float64(start), 0.0
    if notify is not None:
        notify(following + least)
    cut = _n_up_to(following, values)
    below, above = levels.count_and_sum(0, cut), levels.count_and_sum(cut)
    while True:
        mean_below, mean_above = below[1] / below[0], above[1] / above[0]
        if mean_below == 0:
            break
        current = following
        following = (mean_below - mean_above) / (np.log(mean_below) - np.log(mean_above))
        if notify is not None:
            notify(following + least)
        # Thresholds move one way only; when one turns back, rounding has taken over and might never end.
        if not abs(following - current) > tolerance or (following - current) * step < 0:
            break
        step = following - current
        # Only what changes its class is read again.
        previous, cut = cut, _n_up_to(following, values)
        moved = levels.count_and_sum(min(previous, cut), max(previous, cut)) * (1 if cut > previous else -1)
        below, above = below + moved, above - moved
    return following + least


def _n_up_to(threshold: float, values: NDArray[Any]) -> int:
    return int(np.searchsorted(values, rounded_down(threshold, values.dtype), side="right"))
