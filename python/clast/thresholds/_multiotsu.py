"""Otsu's thresholds between any number of classes."""

import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast import _core
from clast._histogram import Histogram
from clast.thresholds._pixels import pixels_histogram


def threshold_multiotsu(
    image: ArrayLike | None = None,
    classes: int = 3,
    nbins: int = 256,
    *,
    mask: ArrayLike | None = None,
    hist: Any = None,
) -> NDArray[Any]:
    """Find the thresholds between `classes` classes of grey values by Otsu's criterion.

    A drop-in for :func:`skimage.filters.threshold_multiotsu`, for any number of classes: the thresholds for which the
    classes differ most from each other, and so vary least within themselves.

    Parameters
    ----------
    image : array_like of any shape, optional
        Grey values. An integer image has one bin for each integer, any other `nbins` bins from its least to its largest
        value. Not needed, and not looked at, if `hist` is given.
    classes : int, default=3
        Number of classes, at least 2.
    nbins : int, default=256
        Number of bins for images that are not of integers.
    mask : array_like of bool, of the image's shape, optional
        True where a pixel counts; the others need not be finite. NaN never counts.
    hist : array of counts, or tuple of arrays (counts, bin centers), optional
        Histogram to take instead of that of `image`. Without centers, bins are numbered from 0.

    Returns
    -------
    ndarray of shape (classes - 1,)
        Thresholds, ascending: each is the last grey value (the center of the last bin) of its class. int64 for integer
        images, the dtype of the image for floats. ``np.digitize(image, thresholds, right=True)`` gives the classes.

    Raises
    ------
    TypeError
        If the image is not of real numbers, the mask not of bool, or `classes` or `nbins` no int.
    ValueError
        If there are fewer distinct grey values (bins that are not empty) than classes, the image is empty or infinite
        inside the mask, the mask has another shape, or the histogram cannot be one.

    Warns
    -----
    UserWarning
        If the image looks like a colour image: all its values are then taken together.

    See Also
    --------
    kmeans1d : The same criterion on the values themselves, with labels, centers and weights.

    Notes
    -----
    Histograms of up to 4096 bins from the first to the last that is not empty give scikit-image's thresholds exactly:
    its float32 sums are repeated for all sets of thresholds that differ by less than their rounding, and so is its
    habit of counting the lowest bin with the grey level of the second. Larger ones, as 16-bit images have, give the
    optimum in float64; there, rounding in scikit-image hides differences of many grey levels.

    Cost: one pass over the image, and for m bins that are not empty O(classes m²) up to 4096 bins (under 1 ms for 256)
    and O(classes m log m) above; scikit-image takes O(m^(classes - 1)). Memory: a copy of the pixels inside a mask, and
    a few numbers for each bin and class. The result does not depend on the number of threads.

    References
    ----------
    .. [1] P.-S. Liao, T.-S. Chen and P.-C. Chung, "A fast algorithm for multilevel thresholding", Journal of
       Information Science and Engineering 17(5), 2001. :doi:`10.6688/JISE.2001.17.5.1`
    .. [2] A. Grønlund et al., "Fast exact k-means, k-medians and Bregman divergence clustering in 1D", 2017.
       arXiv:1701.07204.

    Examples
    --------
    >>> import numpy as np
    >>> from clast import threshold_multiotsu
    >>> image = np.array([[10, 12, 11, 99], [12, 98, 200, 201]], dtype=np.uint8)
    >>> thresholds = threshold_multiotsu(image, classes=3)
    >>> thresholds
    array([12, 99])
    >>> np.digitize(image, thresholds, right=True)
    array([[0, 0, 0, 1],
           [0, 1, 2, 2]])
    """
    classes = operator.index(classes)
    if classes < 2:
        raise ValueError(f"'classes' is {classes}, but must be at least 2")
    histogram = pixels_histogram(image, mask, nbins, hist)
    if hist is None:
        histogram = histogram._replace(counts=histogram.counts / histogram.counts.sum())
    return histogram.values(_last_bins(histogram, classes))


def _last_bins(histogram: Histogram, classes: int) -> NDArray[np.int64]:
    """Find the last bin of every class but the last one."""
    bins = histogram.bins
    if len(bins) < classes:
        raise ValueError(
            f"'classes' is {classes}, but only {len(bins)} grey values (bins that are not empty) are there:"
            " ask for fewer classes, or more bins (nbins) if the image is not of integers"
        )
    if len(bins) == classes:
        return bins[:-1]
    levels = bins - bins[0]
    n_bins = int(bins[-1]) - int(bins[0]) + 1
    if n_bins > _core.MULTIOTSU_MAX_BINS:
        starts = _core.kmeans1d_partition(levels.astype(np.float64), histogram.counts, classes)
        last_bins: NDArray[np.int64] = bins[starts - 1]
    else:
        dense = np.zeros(n_bins, dtype=np.float32)
        dense[levels] = histogram.counts
        last_bins = bins[0] + _core.multiotsu_bins(dense, classes)
    return last_bins
