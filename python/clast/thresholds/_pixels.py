"""The pixels that a threshold is computed from, and their histogram."""

import math
import operator
import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast._histogram import Histogram, given_histogram, image_histogram
from clast._masks import check_mask

# From the functions here to the line that called the public one.
_STACKLEVEL = 4


def grey_values(image: ArrayLike | None, mask: ArrayLike | None, stacklevel: int = _STACKLEVEL - 1) -> NDArray[Any]:
    """Return the pixels inside the mask that are not NaN; the image itself where that is all.

    Raises
    ------
    TypeError
        If the image is not of real numbers, or the mask not of bool.
    ValueError
        If no pixel is left, or the mask has another shape.
    """
    if image is None:
        raise ValueError("either 'image' or 'hist' must be given")
    image = np.asarray(image)
    if image.dtype.kind not in "buif":
        raise TypeError(f"'image' has dtype {image.dtype}, but real numbers are needed")
    warn_of_colour(image.shape, stacklevel + 1)
    pixels: NDArray[Any] = image if mask is None else image[check_mask(mask, image.shape, "image")]
    # The minimum is NaN if any pixel is, and needs no memory.
    if pixels.dtype.kind == "f" and pixels.size > 0 and np.isnan(pixels.min()):
        pixels = pixels[~np.isnan(pixels)]
    if pixels.size == 0:
        raise ValueError("'image' has no pixels to count: it is empty, or NaN wherever the mask is True")
    return pixels


def warn_of_colour(shape: tuple[int, ...], stacklevel: int) -> None:
    """Warn where scikit-image does: a last axis of three or four is seldom one of space."""
    if len(shape) > 2 and shape[-1] in (3, 4):
        warnings.warn(
            f"'image' of shape {shape} looks like a colour image: all its values are taken together",
            UserWarning,
            stacklevel=stacklevel,
        )


def pixels_histogram(image: ArrayLike | None, mask: ArrayLike | None, nbins: int, hist: Any) -> Histogram:
    """Take the histogram given, or count that of the pixels."""
    nbins = operator.index(nbins)
    if nbins < 1:
        raise ValueError(f"'nbins' is {nbins}, but must be at least 1")
    if hist is not None:
        return given_histogram(hist)
    return image_histogram(grey_values(image, mask, _STACKLEVEL), nbins)


def rounded_down(level: float, dtype: np.dtype[Any]) -> Any:
    """Return the largest number of a dtype that is not above a level: the same values are above both.

    numpy would compare with a level of another dtype by converting all values.
    """
    if not math.isfinite(level):
        return level
    if dtype.kind != "f":
        return math.floor(level)
    with np.errstate(over="ignore"):
        rounded = dtype.type(level)
    return rounded if float(rounded) <= level else np.nextafter(rounded, dtype.type(-np.inf))
