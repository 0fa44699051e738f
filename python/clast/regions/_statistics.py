"""Area, place and values of every region, and the image of their means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast import _core
from clast.image import Image
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

    def table(self, image: Image | None = None) -> pd.DataFrame:
        """Return a table with a row for each region; columns of several numbers are named ``mean-0``, ``mean-1``, ...

        Parameters
        ----------
        image : Image, optional
            What the regions lie on: its channels name the columns of their values, such as ``mean-red``, and where its
            spacing is known there is a column `volume_ml`, `volume_um3`, `area_mm2` or `area_um2`.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        TypeError
            If `image` is no `Image`.
        ValueError
            If it has another number of channels.
        """
        import pandas as pd

        from clast._result import pixel_size

        if image is not None:
            self._check_image(image)
        columns: dict[str, NDArray[Any]] = {"label": self.labels, "area": self.area}
        size = None if image is None else pixel_size(image)
        if size is not None:
            columns[size[0]] = self.area * size[1]
        channels = range(self.mean.shape[1]) if image is None else image.channel_names
        for name in ("bbox", "centroid", "mean", "std", "min", "max"):
            values = getattr(self, name)
            of_columns = range(values.shape[1]) if name in ("bbox", "centroid") else channels
            columns |= {f"{name}-{which}": column for which, column in zip(of_columns, values.T, strict=True)}
        return pd.DataFrame(columns)

    def _check_image(self, image: Image) -> None:
        if not isinstance(image, Image):
            raise TypeError(
                f"'image' is of type {type(image).__name__}, but an Image is needed: clast.image.as_image(image)"
            )
        n_channels, needed = len(image.channel_names), self.mean.shape[1]
        if n_channels != needed:
            raise ValueError(f"'image' has {n_channels} channels, but the statistics are of {needed}")


def region_statistics(
    labels: ArrayLike,
    image: Image | ArrayLike,
    *,
    mask: ArrayLike | None = None,
    background: int | None = 0,
) -> RegionStatistics:
    """Compute area, place and values of every region in one pass.

    Parameters
    ----------
    labels : array_like of int, of shape (H, W) or (D, H, W)
        Labels of any integer dtype, negative ones and gaps included.
    image : Image, or array_like of shape labels.shape or labels.shape + (n_channels,)
        Values of any integer or float dtype. Those of regions must be finite. Pixels outside the mask of an `Image` are
        of no region.
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
        If the labels or `background` are no integers, the image is not of real numbers, or one of them has masked ones.
    ValueError
        If shapes do not fit, or a value in a region is not finite.

    Notes
    -----
    Cost: one pass over image and labels. Values are added as differences to one of each region, or to the mean of its
    first ones if that one lies far from them, so that the standard deviation of nearly equal large values is exact to
    rounding. The result does not depend on the number of threads.

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
    return measure(Regions(labels, image, mask, background))


def measure(regions: Regions) -> RegionStatistics:
    """Compute what `region_statistics` does, of labels and an image that were checked."""
    areas, boxes, centroids, values = _core.region_statistics(
        regions.flat, regions.samples(), regions.volume, regions.n_numbers
    )
    rows = regions.present(areas)
    n_axes = regions.numbers.ndim
    corners = boxes[rows].reshape(-1, 2, 3)[:, :, 3 - n_axes :].reshape(-1, 2 * n_axes).astype(np.int64)
    numbers = (table[rows] for table in values)
    area = areas[rows].astype(np.int64)
    return RegionStatistics(regions.names[rows], area, corners, centroids[rows, 3 - n_axes :], *numbers)


def region_means(
    labels: ArrayLike, image: Image | ArrayLike, *, mask: ArrayLike | None = None, background: int | None = 0
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
    regions = Regions(labels, image, mask, background)
    found = measure(regions)
    return regions.spread(found.labels, found.mean, np.nan).reshape(regions.values.shape)
