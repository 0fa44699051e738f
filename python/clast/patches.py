"""Statistics of the patches of an image: grids, sliding windows, several grids from one read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast._masks import check_mask
from clast._patch_grids import FEATURES, Grid, Size, describe, grids_of, pixels_for_kernel, statistic_names

if TYPE_CHECKING:
    import pandas as pd

    from clast.regions import MergeResult

__all__ = ["Patches", "patch_statistics"]


@dataclass(frozen=True, eq=False)
class Patches:
    """Statistics of the patches of an image.

    Attributes
    ----------
    values : ndarray of float64, shape (n_rows, n_columns, n_statistics)
        With a channel axis (n_rows, n_columns, n_channels, n_statistics).
    names : tuple of str
        Name of each statistic; quantiles are called "q0.1".
    rows, columns : ndarray of intp, shape (n_rows, 2) and (n_columns, 2)
        First pixel of each row and column of patches, and the one after its last; read-only.

    Examples
    --------
    >>> import numpy as np
    >>> from clast import patch_statistics
    >>> patches = patch_statistics(np.eye(4), grid=2, statistics=["mean", "max"])
    >>> patches["max"]
    array([[1., 0.],
           [0., 1.]])
    >>> patches.features()
    array([[0.5, 1. ],
           [0. , 0. ],
           [0. , 0. ],
           [0.5, 1. ]])
    """

    values: NDArray[np.float64]
    names: tuple[str, ...]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """One statistic as a map, shape (n_rows, n_columns) or (n_rows, n_columns, n_channels), as a view."""
        if name not in self.names:
            raise KeyError(f"no statistic '{name}' was computed, only {', '.join(self.names)}")
        return self.values[..., self.names.index(name)]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns of patches."""
        return len(self.rows), len(self.columns)

    def features(self) -> NDArray[np.float64]:
        """Patches as samples, shape (n_patches, n_channels * n_statistics), row by row."""
        return self.values.reshape(len(self.rows) * len(self.columns), -1)

    def table(self) -> "pd.DataFrame":
        """One row for each patch (and channel): place, origin and size in pixels, and the statistics.

        Returns
        -------
        pandas.DataFrame
            With columns row, column, y, x, height, width, channel (if the image has a channel axis), and the names of
            the statistics.
        """
        import pandas as pd

        n_channels = self.values.shape[2] if self.values.ndim == 4 else 1
        row, column = (np.repeat(index.reshape(-1), n_channels) for index in np.indices(self.shape))
        places = {
            "row": row,
            "column": column,
            "y": self.rows[row, 0],
            "x": self.columns[column, 0],
            "height": np.diff(self.rows)[row, 0],
            "width": np.diff(self.columns)[column, 0],
        }
        if self.values.ndim == 4:
            places["channel"] = np.tile(np.arange(n_channels), len(row) // n_channels)
        columns = self.values.reshape(-1, len(self.names)).T
        return pd.DataFrame({**places, **dict(zip(self.names, columns, strict=True))})

    def agglomerate(
        self,
        n_clusters: int | None = None,
        *,
        distance_threshold: float | None = None,
        linkage: str = "ward",
        scale: bool = True,
    ) -> "MergeResult":
        """Join patches that are neighbours in the grid into clusters, without memory for all pairs of patches.

        Parameters
        ----------
        n_clusters, distance_threshold, linkage
            As for :func:`clast.regions.agglomerate`.
        scale : bool, default=True
            Whether to bring all statistics to mean 0 and variance 1 first.

        Returns
        -------
        MergeResult
            Its `labels`, shape (n_rows, n_columns), are connected clusters from 1 on, 0 for patches with an undefined
            statistic.

        Raises
        ------
        ValueError
            As :func:`clast.regions.agglomerate`.

        Examples
        --------
        >>> import numpy as np
        >>> from clast import patch_statistics
        >>> image = np.repeat([[0, 2, 60, 60], [1, 2, 1, 63]], 4).reshape(2, 16)
        >>> patch_statistics(image, patch_size=(1, 4), statistics=["mean", "max"]).agglomerate(2).labels
        array([[1, 1, 2, 2],
               [1, 1, 1, 2]])
        """
        from clast.regions import agglomerate

        values = self.values.reshape(*self.shape, -1)
        defined = np.isfinite(values).all(axis=-1)
        samples = values[defined]
        if scale and len(samples) > 0:
            from sklearn.preprocessing import StandardScaler

            samples = StandardScaler().fit_transform(samples)
        image = np.zeros_like(values)
        image[defined] = samples
        # To the graph of regions each patch is a region of one pixel.
        patches = np.arange(1, defined.size + 1).reshape(self.shape)
        return agglomerate(
            patches, image, n_clusters, distance_threshold=distance_threshold, linkage=linkage, mask=defined
        )

    def __repr__(self) -> str:
        """Give the number of patches and the names of the statistics."""
        return f"Patches({' x '.join(map(str, self.shape))}: {', '.join(self.names)})"


@overload
def patch_statistics(
    image: ArrayLike,
    *,
    grid: Size | None = None,
    patch_size: Size | None = None,
    stride: Size | None = None,
    statistics: Sequence[str | float] = FEATURES,
    mask: ArrayLike | None = None,
    channel_axis: int | None = None,
    edges: str = "drop",
    nan_policy: str = "propagate",
) -> Patches: ...


@overload
def patch_statistics(
    image: ArrayLike,
    *,
    grid: list[Size] | None = None,
    patch_size: list[Size] | None = None,
    stride: Size | None = None,
    statistics: Sequence[str | float] = FEATURES,
    mask: ArrayLike | None = None,
    channel_axis: int | None = None,
    edges: str = "drop",
    nan_policy: str = "propagate",
) -> list[Patches]: ...


def patch_statistics(
    image: ArrayLike,
    *,
    grid: Size | list[Size] | None = None,
    patch_size: Size | list[Size] | None = None,
    stride: Size | None = None,
    statistics: Sequence[str | float] = FEATURES,
    mask: ArrayLike | None = None,
    channel_axis: int | None = None,
    edges: str = "drop",
    nan_policy: str = "propagate",
) -> Patches | list[Patches]:
    """Compute statistics of the patches of an image, for one grid of patches or several from one read.

    Parameters
    ----------
    image : array_like of shape (height, width), or 3-D with `channel_axis`
        Real numbers. uint8, int16, uint16, float32 and float64 are read as they are; bool, int8 and float16 fit into
        one of these, any other dtype is converted to float64.
    grid : int, tuple of int, or list of these, optional
        Number of patches along the height and the width. A list asks for several grids at once.
    patch_size : int, tuple of int, or list of these, optional
        Height and width of a patch in pixels, instead of `grid`.
    stride : int or tuple of int, optional
        Pixels from patch to patch; default `patch_size`. Less gives sliding windows that overlap, 1 a map of local
        statistics, more leaves gaps.
    statistics : sequence of str and float
        What to compute of each patch, see Notes; a float from 0 to 1 is a quantile.
    mask : array_like of bool, shape (height, width), optional
        True where a pixel counts.
    channel_axis : int, optional
        The axis of the channels, each of which gets statistics of its own; None for a grey image.
    edges : "drop" or "partial", default="drop"
        Where sizes do not divide: "drop" makes all patches equal and leaves out the pixels at the bottom and the right
        that fill none; "partial" uses every pixel, with sizes of the patches of a `grid` that differ by one at most,
        and with smaller patches at the end for a `patch_size`.
    nan_policy : "propagate", "omit" or "raise", default="propagate"
        What a NaN does: all statistics of its patch but the count become NaN; it is left out like a masked pixel; or
        it is an error.

    Returns
    -------
    Patches
        Maps by name (``patches["std"]``), samples for a clusterer (``patches.features()``) or a table
        (``patches.table()``). A list of them if `grid` or `patch_size` is a list.

    Raises
    ------
    TypeError
        If the image is not of real numbers, the mask not of bool, or sizes are no ints.
    ValueError
        If the patches do not fit the image, a statistic is unknown, or an argument is none of its choices.

    See Also
    --------
    patch_table : The same for many images and files, as one table.
    PatchStatistics : The same as a step of a scikit-learn pipeline.
    patch_search : Which grid and number of clusters suit.

    Notes
    -----
    ================  ==================================================================================================
    count             number of pixels
    mean, var, std    as numpy (``ddof=0``)
    relative_std      std / mean, as `scipy.stats.variation`
    min, max, range   as numpy; the range is their difference
    median, iqr       as `numpy.median`, `scipy.stats.iqr`
    0.1, ...          quantiles by linear interpolation, as `numpy.quantile`
    mode              the most frequent value, of equally frequent ones the smallest, as `scipy.stats.mode`
    histogram_mode    centre of the first fullest one of 1024 bins between the smallest and largest value of the patch,
                      as `numpy.histogram` bins
    skewness          as `scipy.stats.skew` with ``bias=True``
    kurtosis          as `scipy.stats.kurtosis` with ``fisher=True, bias=True``
    entropy           of the distinct values in bits, as `scipy.stats.entropy` of their counts with ``base=2``
    ================  ==================================================================================================

    Skewness and kurtosis of a constant patch are NaN, as in scipy, and so is everything but the count for a patch
    without pixels. A histogram_mode beside infinity is NaN.

    Sums over integers are exact; floats are computed in float64 around local means. The result does not depend on the
    number of threads. For floats it may differ in the last digits from that of the same grid asked for alone.

    Cost: one read of the image for the moments of all grids, and of 8-bit images (patches of 256 pixels or more) for
    everything else too. Order statistics of other images take one read for each grid, and a count in a table (16 bits)
    or a sort (floats) of each patch; windows that overlap move the table along. Memory: the result, up to 1 KiB for
    each patch of an 8-bit image, 64 bytes for others (of tall patches again for every 2 ** 17 pixels or more of whole
    rows), and for each thread the pixels of a patch; moments of windows with stride 1 take 130 bytes for each pixel of
    a band as high as a window, for each thread.

    References
    ----------
    .. [1] P. Pébay, "Formulas for robust, one-pass parallel computation of covariances and arbitrary-order statistical
       moments", Sandia report SAND2008-6212, 2008.
    .. [2] T. S. Huang, G. J. Yang and G. Y. Tang, "A fast two-dimensional median filtering algorithm", IEEE
       Transactions on Acoustics, Speech, and Signal Processing 27(1), 1979. :doi:`10.1109/TASSP.1979.1163188`

    Examples
    --------
    >>> import numpy as np
    >>> from clast import patch_statistics
    >>> image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    >>> patches = patch_statistics(image, grid=2, statistics=["mean", "max", 0.25])
    >>> patches["mean"]
    array([[13.5, 17.5],
           [45.5, 49.5]])
    >>> patches.features()
    array([[13.5 , 27.  ,  6.75],
           [17.5 , 31.  , 10.75],
           [45.5 , 59.  , 38.75],
           [49.5 , 63.  , 42.75]])
    >>> patch_statistics(image, patch_size=3, stride=1, statistics=["median"])
    Patches(6 x 6: median)
    >>> patch_statistics(image, grid=[1, 2, 4], statistics=["std"])
    [Patches(1 x 1: std), Patches(2 x 2: std), Patches(4 x 4: std)]
    """
    names = statistic_names(statistics)
    pixels, inside = _image(image, mask, channel_axis, nan_policy)
    grids = grids_of((pixels.shape[0], pixels.shape[1]), grid, patch_size, stride, edges)
    found = describe(
        pixels[np.newaxis],
        grids,
        statistics,
        None if inside is None else inside[np.newaxis],
        omit_nan=nan_policy == "omit",
    )
    patches = [
        _patches(grid, values[0], names, channel_axis is not None) for grid, values in zip(grids, found, strict=True)
    ]
    return patches if isinstance(grid if patch_size is None else patch_size, list) else patches[0]


def _patches(grid: Grid, values: NDArray[np.float64], names: tuple[str, ...], has_channels: bool) -> Patches:
    return Patches(values if has_channels else values[:, :, 0], names, grid.rows, grid.columns)


def _image(
    image: ArrayLike, mask: ArrayLike | None, channel_axis: int | None, nan_policy: str
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Bring an image into the shape (height, width, n_channels), and its mask into that of the image."""
    hidden = np.ma.getmaskarray(image) if isinstance(image, np.ma.MaskedArray) else None
    pixels = pixels_for_kernel(np.asarray(image), nan_policy)
    ndim = 2 if channel_axis is None else 3
    if pixels.ndim != ndim:
        advice = "; pass channel_axis, such as -1, if one of them holds channels" if channel_axis is None else ""
        raise ValueError(f"'image' has {pixels.ndim} axes, but {ndim} are needed{advice}")
    if channel_axis is None:
        pixels = pixels[..., np.newaxis]
    else:
        if not -3 <= channel_axis < 3:
            raise ValueError(f"'channel_axis' is {channel_axis}, but 'image' has 3 axes")
        pixels = np.moveaxis(pixels, channel_axis, -1)
    inside = None if mask is None else check_mask(mask, pixels.shape[:2], "image")
    if hidden is not None:
        visible = np.logical_not(hidden if channel_axis is None else hidden.any(axis=channel_axis))
        inside = visible if inside is None else inside & visible
    return pixels, inside
