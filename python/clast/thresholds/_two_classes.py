"""Thresholds between two classes, each by a criterion on the histogram, and the mean."""

from collections.abc import Callable
from typing import Any

from numpy.typing import ArrayLike, NDArray

from clast._histogram import DenseHistogram, Histogram
from clast.thresholds import _criteria
from clast.thresholds._pixels import grey_values, pixels_histogram


def threshold_otsu(
    image: ArrayLike | None = None, nbins: int = 256, *, mask: ArrayLike | None = None, hist: Any = None
) -> Any:
    """Find the threshold by Otsu's criterion: the classes differ most, and so vary least within themselves.

    A drop-in for :func:`skimage.filters.threshold_otsu`.

    Parameters
    ----------
    image : array_like of any shape, optional
        Grey values. An integer image has one bin for each integer, any other `nbins` bins from its least to its largest
        value. Not needed, and not looked at, if `hist` is given.
    nbins : int, default=256
        Number of bins for images that are not of integers.
    mask : array_like of bool, of the image's shape, optional
        True where a pixel counts; the others need not be finite. NaN never counts.
    hist : array of counts, or tuple of arrays (counts, bin centers), optional
        Histogram to take instead of that of `image`. Without centers, bins are numbered from 0.

    Returns
    -------
    number
        The last grey value (the center of the last bin) of the lower class, so that ``image > threshold`` is the upper
        one: int64 for integer images, the dtype of the image for floats. The value of an image that has only one.

    Raises
    ------
    TypeError
        If the image is not of real numbers, the mask not of bool, or `nbins` no int.
    ValueError
        If no pixel is left, a pixel inside the mask is infinite, the mask has another shape, the histogram cannot be
        one, or an integer image has grey values more than 2**24 apart.

    Warns
    -----
    UserWarning
        If the image looks like a colour image: all its values are then taken together.

    See Also
    --------
    threshold_multiotsu : The same criterion for more classes.
    try_thresholds : All methods side by side.

    Notes
    -----
    Equal to scikit-image to the last bit, whose float32 sums are repeated; there, NaN and masks are not possible.

    Cost: one pass over the image in its own dtype, and O(m) for m bins. Memory: a copy of the pixels inside a mask.

    References
    ----------
    .. [1] N. Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions on Systems, Man, and
       Cybernetics 9(1), 1979. :doi:`10.1109/TSMC.1979.4310076`

    Examples
    --------
    >>> import numpy as np
    >>> from clast import threshold_otsu
    >>> image = np.array([[10, 12, 11, 99], [12, 98, 200, 201]], dtype=np.uint8)
    >>> int(threshold_otsu(image))
    99
    >>> int(threshold_otsu(image, mask=image < 200))
    12
    """
    return single_bin(pixels_histogram(image, mask, nbins, hist), _criteria.otsu)


def threshold_yen(
    image: ArrayLike | None = None, nbins: int = 256, *, mask: ArrayLike | None = None, hist: Any = None
) -> Any:
    """Find the threshold by Yen's criterion: the entropic correlation of both classes is largest.

    A drop-in for :func:`skimage.filters.threshold_yen`.

    Parameters
    ----------
    image : array_like of any shape, optional
        Grey values, as of `threshold_otsu`.
    nbins : int, default=256
        Number of bins for images that are not of integers.
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
        As `threshold_otsu` does.

    Notes
    -----
    Equal to scikit-image to the last bit, except for floats that are all equal: there, it is not their value but the
    center of the first bin around it. Cost and memory as of `threshold_otsu`.

    References
    ----------
    .. [1] J.-C. Yen, F.-J. Chang and S. Chang, "A new criterion for automatic multilevel thresholding", IEEE
       Transactions on Image Processing 4(3), 1995. :doi:`10.1109/83.366472`

    Examples
    --------
    >>> import numpy as np
    >>> from clast import threshold_yen
    >>> image = np.array([[10, 12, 11, 99], [12, 98, 200, 201]], dtype=np.uint8)
    >>> int(threshold_yen(image))
    98
    """
    return single_bin(pixels_histogram(image, mask, nbins, hist), _criteria.yen)


def threshold_isodata(
    image: ArrayLike | None = None,
    nbins: int = 256,
    return_all: bool = False,
    *,
    mask: ArrayLike | None = None,
    hist: Any = None,
) -> Any:
    """Find the threshold half way between the means of both classes (Ridler and Calvard's inter-means).

    A drop-in for :func:`skimage.filters.threshold_isodata`.

    Parameters
    ----------
    image : array_like of any shape, optional
        Grey values, as of `threshold_otsu`.
    nbins : int, default=256
        Number of bins for images that are not of integers.
    return_all : bool, default=False
        Return all thresholds that are half way, to a bin, instead of the lowest one.
    mask : array_like of bool, of the image's shape, optional
        True where a pixel counts; the others need not be finite. NaN never counts.
    hist : array of counts, or tuple of arrays (counts, bin centers), optional
        Histogram to take instead of that of `image`. Its centers have to be evenly spaced.

    Returns
    -------
    number, or ndarray if `return_all`
        As of `threshold_otsu`; the array is ascending.

    Raises
    ------
    TypeError, ValueError
        As `threshold_otsu` does.
    RuntimeError
        If no bin is half way, because bins are uneven, or float32 values much larger than their range.

    Notes
    -----
    Equal to scikit-image to the last bit, which has an IndexError where no bin is half way, so also for floats that are
    all equal; here, these have their value. Cost and memory as of `threshold_otsu`.

    References
    ----------
    .. [1] T. W. Ridler and S. Calvard, "Picture thresholding using an iterative selection method", IEEE Transactions on
       Systems, Man, and Cybernetics 8, 1978. :doi:`10.1109/TSMC.1978.4310039`

    Examples
    --------
    >>> import numpy as np
    >>> from clast import threshold_isodata
    >>> image = np.array([[10, 12, 11, 99], [12, 98, 200, 201]], dtype=np.uint8)
    >>> int(threshold_isodata(image))
    80
    >>> threshold_isodata(image, return_all=True)
    array([ 80, 120])
    """
    histogram = pixels_histogram(image, mask, nbins, hist)
    return all_isodata(histogram) if return_all else lowest_isodata(histogram)


def threshold_triangle(
    image: ArrayLike | None = None, nbins: int = 256, *, mask: ArrayLike | None = None, hist: Any = None
) -> Any:
    """Find the threshold where the histogram is farthest below the line from its peak to the end of its longer tail.

    A drop-in for :func:`skimage.filters.threshold_triangle`, for images with one mode, the background.

    Parameters
    ----------
    image : array_like of any shape, optional
        Grey values, as of `threshold_otsu`.
    nbins : int, default=256
        Number of bins for images that are not of integers.
    mask : array_like of bool, of the image's shape, optional
        True where a pixel counts; the others need not be finite. NaN never counts.
    hist : array of counts, or tuple of arrays (counts, bin centers), optional
        Histogram to take instead of that of `image`; scikit-image does not have this parameter here.

    Returns
    -------
    number
        As of `threshold_otsu`.

    Raises
    ------
    TypeError, ValueError
        As `threshold_otsu` does.

    Notes
    -----
    Equal to scikit-image to the last bit. Cost and memory as of `threshold_otsu`.

    References
    ----------
    .. [1] G. W. Zack, W. E. Rogers and S. A. Latt, "Automatic measurement of sister chromatid exchange frequency",
       Journal of Histochemistry and Cytochemistry 25(7), 1977. :doi:`10.1177/25.7.70454`

    Examples
    --------
    >>> import numpy as np
    >>> from clast import threshold_triangle
    >>> image = np.array([[10, 12, 11, 99], [12, 98, 200, 201]], dtype=np.uint8)
    >>> int(threshold_triangle(image))
    13
    """
    return single_bin(pixels_histogram(image, mask, nbins, hist), _criteria.triangle)


def threshold_mean(image: ArrayLike, *, mask: ArrayLike | None = None) -> Any:
    """Take the mean of the grey values as the threshold.

    A drop-in for :func:`skimage.filters.threshold_mean`.

    Parameters
    ----------
    image : array_like of any shape
        Grey values.
    mask : array_like of bool, of the image's shape, optional
        True where a pixel counts; the others need not be finite. NaN never counts.

    Returns
    -------
    number
        As ``np.mean`` of the pixels: float64 for integers, the dtype of the image for floats.

    Raises
    ------
    TypeError, ValueError
        If the image is not of real numbers, or no pixel is left, or the mask is not of bool or has another shape.

    References
    ----------
    .. [1] C. A. Glasbey, "An analysis of histogram-based thresholding algorithms", CVGIP: Graphical Models and Image
       Processing 55, 1993. :doi:`10.1006/cgip.1993.1040`

    Examples
    --------
    >>> import numpy as np
    >>> from clast import threshold_mean
    >>> float(threshold_mean(np.array([[1.0, 2.0], [np.nan, 6.0]])))
    3.0
    """
    return grey_values(image, mask).mean()


def single_bin(histogram: Histogram, criterion: Callable[[DenseHistogram], int]) -> Any:
    """Return the grey value that a criterion finds; the only one if there are no two."""
    dense = histogram.dense()
    return dense.values[criterion(dense) if len(dense.values) > 1 else 0]


def all_isodata(histogram: Histogram) -> NDArray[Any]:
    """Return all grey values half way between the means of the classes that they make."""
    dense = histogram.dense()
    return dense.values[_criteria.isodata(dense)] if len(dense.values) > 1 else dense.values


def lowest_isodata(histogram: Histogram) -> Any:
    """Return the lowest grey value half way between the means of the classes that it makes."""
    thresholds = all_isodata(histogram)
    if len(thresholds) == 0:
        raise RuntimeError(
            "no grey value is half way between the means of its classes: the bins are uneven, or too fine for the"
            " dtype; ask for fewer (nbins), or subtract the smallest grey value first"
        )
    return thresholds[0]
