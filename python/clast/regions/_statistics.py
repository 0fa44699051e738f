"""Area, place and values of every region, and the image of their means."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast import _core
from clast._lookup import look_up
from clast.regions._validation import Regions

if TYPE_CHECKING:
    import pandas as pd


class RegionStatistics(NamedTuple):
    """Numbers of regions, one row for each, by ascending label.

    Attributes
    ----------
    labels : ndarray of shape (n_regions,), int64
    area : ndarray of shape (n_regions,), int64
        Number of pixels.
    bbox : ndarray of shape (n_regions, 2 * n_axes), int64
        First pixel along each axis, then one past the last along each.
    centroid : ndarray of shape (n_regions, n_axes), float64
    mean, std, min, max : ndarray of shape (n_regions, n_channels), float64
        `std` is that of the pixels as a whole population (``ddof=0``).
    """

    labels: NDArray[np.int64]
    area: NDArray[np.int64]
    bbox: NDArray[np.int64]
    centroid: NDArray[np.float64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    min: NDArray[np.float64]
    max: NDArray[np.float64]

    def table(self) -> "pd.DataFrame":
        """Return a table with a row for each region; columns of several numbers are named ``mean-0``, ``mean-1``, ...

        Returns
        -------
        pandas.DataFrame
        """
        import pandas as pd

        columns = {"label": self.labels, "area": self.area}
        for name in ("bbox", "centroid", "mean", "std", "min", "max"):
            columns |= {f"{name}-{i}": column for i, column in enumerate(getattr(self, name).T)}
        return pd.DataFrame(columns)


def region_statistics(
    labels: ArrayLike,
    image: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    background: int | None = 0,
) -> RegionStatistics:
    """Compute area, place and values of every region in one pass.

    Parameters
    ----------
    labels : array_like of int, of shape (H, W) or (D, H, W)
        Labels from 0 on.
    image : array_like of shape labels.shape or labels.shape + (n_channels,)
        Finite values of any integer or float dtype.
    mask : array_like of bool, of the shape of `labels`, optional
        False for pixels to leave out.
    background : int or None, default=0
        Label that is no region.

    Returns
    -------
    RegionStatistics

    Raises
    ------
    TypeError
        If the labels are no integers.
    ValueError
        If shapes do not fit, a label is negative, or the image is not finite.

    Notes
    -----
    Cost: one pass over image and labels. Values are added as differences to one of each region, so that the standard
    deviation of nearly equal large values is exact to rounding. The result does not depend on the number of threads.

    Examples
    --------
    >>> import numpy as np
    >>> from clast.regions import region_statistics
    >>> found = region_statistics([[1, 1, 2], [1, 2, 2]], np.array([[1, 2, 10], [3, 20, 30]]))
    >>> found.area
    array([3, 3])
    >>> found.mean
    array([[ 2.],
           [20.]])
    """
    regions = Regions(labels, mask, background)
    areas, boxes, centroids, values = _core.region_statistics(
        regions.flat, regions.samples(image), regions.volume, regions.n_labels
    )
    rows = regions.present(areas)
    n_axes = regions.labels.ndim
    corners = boxes[rows].reshape(-1, 2, 3)[:, :, 3 - n_axes :].reshape(-1, 2 * n_axes).astype(np.int64)
    numbers = (table[rows] for table in values)
    return RegionStatistics(rows, areas[rows].astype(np.int64), corners, centroids[rows, 3 - n_axes :], *numbers)


def region_means(
    labels: ArrayLike, image: ArrayLike, *, mask: ArrayLike | None = None, background: int | None = 0
) -> NDArray[np.float64]:
    """Replace every pixel by the mean of its region.

    Parameters
    ----------
    labels, image, mask, background
        As for `region_statistics`.

    Returns
    -------
    ndarray of the shape of `image`, float64
        NaN where there is no region.

    Examples
    --------
    >>> import numpy as np
    >>> from clast.regions import region_means
    >>> region_means([[1, 1, 2], [1, 2, 2]], np.array([[1, 2, 10], [3, 20, 30]]))
    array([[ 2.,  2., 20.],
           [ 2., 20., 20.]])
    """
    regions = Regions(labels, mask, background)
    found = region_statistics(regions.labels, image, background=regions.background)
    means = np.full((regions.n_labels, found.mean.shape[1]), np.nan)
    means[found.labels] = found.mean
    return look_up(means, regions.labels).reshape(np.shape(image))
