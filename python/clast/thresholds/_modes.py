"""Thresholds between the two modes of a smoothed histogram."""

import operator
from typing import Any

from numpy.typing import ArrayLike, NDArray

from clast._histogram import Histogram
from clast.thresholds._criteria import between_modes
from clast.thresholds._pixels import pixels_histogram


def threshold_minimum(
    image: ArrayLike | None = None,
    nbins: int = 256,
    max_num_iter: int = 10000,
    *,
    mask: ArrayLike | None = None,
    hist: Any = None,
) -> Any:
    """Find the threshold at the minimum between the two modes of the histogram, smoothed until it has two.

    A drop-in for :func:`skimage.filters.threshold_minimum`.

    Parameters
    ----------
    image : array_like of any shape, optional
        Grey values, as of `threshold_otsu`.
    nbins : int, default=256
        Number of bins for images that are not of integers.
    max_num_iter : int, default=10000
        How often the histogram may be smoothed.
    mask : array_like of bool, of the image's shape, optional
        True where a pixel counts; the others need not be finite. NaN never counts.
    hist : array of counts, or tuple of arrays (counts, bin centers), optional
        Histogram to take instead of that of `image`.

    Returns
    -------
    number
        As of `threshold_otsu`.

    Raises
    ------
    TypeError, ValueError
        As `threshold_otsu` does, and if `max_num_iter` is below 1.
    RuntimeError
        If the histogram has only one mode in the end, as that of a constant image, or still too many.

    See Also
    --------
    threshold_intermodes : The middle of the two modes.

    Notes
    -----
    Equal to scikit-image to the last bit. Cost: one pass over the image in its own dtype, and O(m) for m bins and every
    time that the histogram is smoothed, which 16-bit images with fine structure can need thousands of times.

    References
    ----------
    .. [1] J. M. S. Prewitt and M. L. Mendelsohn, "The analysis of cell images", Annals of the New York Academy of
       Sciences 128, 1966. :doi:`10.1111/j.1749-6632.1965.tb11715.x`
    .. [2] C. A. Glasbey, "An analysis of histogram-based thresholding algorithms", CVGIP: Graphical Models and Image
       Processing 55, 1993. :doi:`10.1006/cgip.1993.1040`

    Examples
    --------
    >>> import numpy as np
    >>> from clast import threshold_minimum
    >>> image = np.repeat(np.arange(9), [1, 4, 9, 4, 1, 2, 6, 8, 3])
    >>> int(threshold_minimum(image))
    4
    """
    return both_modes(pixels_histogram(image, mask, nbins, hist), max_num_iter)[0]


def threshold_intermodes(
    image: ArrayLike | None = None,
    nbins: int = 256,
    max_num_iter: int = 10000,
    *,
    mask: ArrayLike | None = None,
    hist: Any = None,
) -> Any:
    """Find the threshold in the middle of the two modes of the histogram, smoothed until it has two.

    Less sensitive than `threshold_minimum` to a flat or noisy valley; scikit-image does not have it.

    Parameters
    ----------
    image : array_like of any shape, optional
        Grey values, as of `threshold_otsu`.
    nbins : int, default=256
        Number of bins for images that are not of integers.
    max_num_iter : int, default=10000
        How often the histogram may be smoothed.
    mask : array_like of bool, of the image's shape, optional
        True where a pixel counts; the others need not be finite. NaN never counts.
    hist : array of counts, or tuple of arrays (counts, bin centers), optional
        Histogram to take instead of that of `image`.

    Returns
    -------
    number
        As of `threshold_otsu`; the lower of two bins in the middle.

    Raises
    ------
    TypeError, ValueError, RuntimeError
        As `threshold_minimum` does.

    Notes
    -----
    The modes are those between which `threshold_minimum` looks. ImageJ's Intermodes smooths the ends of the histogram
    in another way, and so may stop an iteration earlier or later. Cost as of `threshold_minimum`.

    References
    ----------
    .. [1] J. M. S. Prewitt and M. L. Mendelsohn, "The analysis of cell images", Annals of the New York Academy of
       Sciences 128, 1966. :doi:`10.1111/j.1749-6632.1965.tb11715.x`

    Examples
    --------
    >>> import numpy as np
    >>> from clast import threshold_intermodes
    >>> image = np.repeat(np.arange(9), [1, 4, 9, 4, 1, 2, 6, 8, 3])
    >>> int(threshold_intermodes(image))
    4
    """
    return both_modes(pixels_histogram(image, mask, nbins, hist), max_num_iter)[1]


def both_modes(histogram: Histogram, max_num_iter: int = 10000) -> NDArray[Any]:
    """Return the grey values at the minimum between the modes, and in their middle."""
    max_num_iter = operator.index(max_num_iter)
    if max_num_iter < 1:
        raise ValueError(f"'max_num_iter' is {max_num_iter}, but must be at least 1")
    dense = histogram.dense()
    return dense.values[list(between_modes(dense, max_num_iter))]
