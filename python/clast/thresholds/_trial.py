"""All thresholds of an image side by side."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast._histogram import Histogram, image_histogram
from clast.thresholds import _criteria
from clast.thresholds._li import least_cross_entropy
from clast.thresholds._modes import both_modes
from clast.thresholds._pixels import warn_of_colour
from clast.thresholds._two_classes import lowest_isodata, single_bin

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from clast.image import Image

# What is computed from the pixels and their histogram, which is counted once for all, and the methods it serves.
_COMPUTATIONS: list[tuple[tuple[str, ...], Callable[[NDArray[Any], Histogram], Sequence[Any]]]] = [
    (("isodata",), lambda _, histogram: [lowest_isodata(histogram)]),
    (("li",), lambda pixels, _: [least_cross_entropy(pixels)]),
    (("mean",), lambda pixels, _: [pixels.mean()]),
    (("minimum", "intermodes"), lambda _, histogram: list(both_modes(histogram))),
    (("otsu",), lambda _, histogram: [single_bin(histogram, _criteria.otsu)]),
    (("triangle",), lambda _, histogram: [single_bin(histogram, _criteria.triangle)]),
    (("yen",), lambda _, histogram: [single_bin(histogram, _criteria.yen)]),
]
METHODS = tuple(method for methods, _ in _COMPUTATIONS for method in methods)


@dataclass(frozen=True, eq=False)
class ThresholdTrial:
    """The thresholds of several methods on one image; made by `try_thresholds`.

    Attributes
    ----------
    image : Image
        One channel.
    mask : ndarray of bool of the image's shape, or None
        The pixels that took part; None for all.
    thresholds : dict
        Threshold of each method, NaN where it found none. ``image > threshold`` is the upper class.
    reasons : dict
        Why a method found none.
    histogram : Histogram
        Bins, counts and grey values from which the thresholds were computed.

    Examples
    --------
    >>> import numpy as np
    >>> from clast import try_thresholds
    >>> image = np.array([[10, 12, 11, 99], [12, 98, 200, 201]], dtype=np.uint8)
    >>> trial = try_thresholds(image, methods=["otsu", "yen"])
    >>> trial
    ThresholdTrial(otsu: 99, yen: 98)
    >>> int(trial.above("otsu").sum())
    2
    """

    image: "Image"
    mask: NDArray[np.bool_] | None
    thresholds: dict[str, Any]
    reasons: dict[str, str]
    histogram: Histogram = field(repr=False)

    def above(self, method: str) -> NDArray[np.bool_]:
        """Return the pixels above the threshold of a method; those outside the mask are not.

        Parameters
        ----------
        method : str

        Returns
        -------
        ndarray of bool, of the shape of the image

        Raises
        ------
        ValueError
            If the method was not tried or found no threshold.
        """
        if method not in self.thresholds:
            raise ValueError(f"'method' is {method!r}, but only {', '.join(self.thresholds)} were tried")
        if method in self.reasons:
            raise ValueError(f"{method} found no threshold: {self.reasons[method]}")
        above: NDArray[np.bool_] = self.image.channel(0) > self.thresholds[method]
        return above if self.mask is None else np.logical_and(above, self.mask, out=above)

    def table(self) -> "pd.DataFrame":
        """Compare the methods in numbers.

        Returns
        -------
        pandas.DataFrame
            One row per method: `method`, `threshold`, `count` and `fraction` of the pixels above it (of those that took
            part); where the spacing is known `volume_ml`, `volume_um3`, `area_mm2`, `area_um2` (`volume` or `area` for
            a spacing without unit) above it; the `reason` where there is no threshold, otherwise an empty text. The
            numbers of a method that found none are missing.
        """
        import pandas as pd

        from clast._result import pixel_size

        counts = [self._count_above(method) for method in self.thresholds]
        columns: dict[str, Any] = {
            "method": list(self.thresholds),
            "threshold": [float(threshold) for threshold in self.thresholds.values()],
            "count": pd.array(counts, dtype="Int64"),
            "fraction": np.array(counts) / self.histogram.counts.sum(),
        }
        size = pixel_size(self.image)
        if size is not None:
            name, per_pixel = size
            columns[name] = np.array(counts) * per_pixel
        columns["reason"] = [self.reasons.get(method, "") for method in self.thresholds]
        return pd.DataFrame(columns)

    def plot(self, *, slice_axis: str | None = None, slice_index: int | None = None) -> "Figure":
        """Draw the image, its histogram with the thresholds, and what is above each of them.

        Parameters
        ----------
        slice_axis : str, optional
            "X", "Y" or "Z" of a volume; default Z.
        slice_index : int, optional
            Which slice of a volume; default: the one in the middle of the mask.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ValueError
            When a slice or axis does not exist.
        """
        from clast.plot import plot_thresholds

        return plot_thresholds(self, slice_axis=slice_axis, slice_index=slice_index)

    def fraction(self, method: str) -> float:
        """Return the share of the pixels above the threshold of a method, of those that took part; NaN without one.

        Parameters
        ----------
        method : str
        """
        return self._count_above(method) / float(self.histogram.counts.sum())

    def _count_above(self, method: str) -> float:
        if method in self.reasons:
            return np.nan
        if self.histogram.centers is None:
            return float(self.histogram.counts[self.histogram.bins > self.thresholds[method]].sum())
        return float(np.count_nonzero(self.above(method)))

    def __repr__(self) -> str:
        found = (f"{method}: {threshold:.6g}" for method, threshold in self.thresholds.items())
        return f"ThresholdTrial({', '.join(found)})"


def try_thresholds(
    image: "Image | ArrayLike | str | os.PathLike[str]",
    *,
    mask: "Image | ArrayLike | str | os.PathLike[str] | None" = None,
    methods: Sequence[str] = METHODS,
    channel: int | str | None = None,
    channel_axis: int | None = None,
    nbins: int = 256,
) -> ThresholdTrial:
    """Try several methods to find a threshold, and compare what is above each.

    Parameters
    ----------
    image : array_like of two or three spatial axes, Image or path
        Grey values of a picture or a volume.
    mask : array_like of the image's shape, Image, path, "nonzero" or None
        True or nonzero where a pixel counts; "nonzero" for those that are positive. NaN and infinity never count.
    methods : sequence of str, default all
        Some of isodata, li, mean, minimum, intermodes, otsu, triangle and yen.
    channel : int or str, optional
        Which channel of an image with several; its index or name.
    channel_axis : int, optional
        Axis of an array that holds the channels; by default all axes are spatial.
    nbins : int, default=256
        Number of bins for images that are not of integers.

    Returns
    -------
    ThresholdTrial
        With a table, a picture and the pixels above each threshold. A method that finds none has NaN and the reason.

    Raises
    ------
    ValueError
        If a method is not known, the image has several channels and none is chosen, no pixel is left, or the mask has
        another shape. Errors of a method are reasons in the table.

    Warns
    -----
    UserWarning
        If an array looks like a colour image: all its values are then taken together.

    Notes
    -----
    The thresholds are those of the functions with the names of the methods, such as `threshold_otsu`. Cost: one pass
    over the image for all histograms, as `threshold_li` says for floats, and two passes per method for the table.

    Examples
    --------
    >>> import numpy as np
    >>> from clast import try_thresholds
    >>> image = np.array([[10, 12, 11, 99], [12, 98, 200, 201]], dtype=np.uint8)
    >>> trial = try_thresholds(image, methods=["otsu", "triangle", "mean"])
    >>> print(trial.table()[["method", "threshold", "fraction"]])
         method  threshold  fraction
    0      otsu     99.000      0.25
    1  triangle     13.000      0.50
    2      mean     80.375      0.50
    >>> trial.plot()
    <Figure size ... with 5 Axes>
    """
    from clast.image import resolve_mask

    chosen = _check_methods(methods)
    if not isinstance(nbins, int | np.integer) or nbins < 1:
        raise ValueError(f"'nbins' is {nbins!r}, but must be an integer from 1 on")
    picture = _one_channel(image, channel, channel_axis)
    inside = resolve_mask(picture, mask)
    values = picture.channel(0)
    pixels = values if inside is None else values[inside]
    histogram = image_histogram(pixels, nbins)
    thresholds: dict[str, Any] = dict.fromkeys(chosen, np.nan)
    reasons: dict[str, str] = {}
    for served, compute in _COMPUTATIONS:
        if thresholds.keys().isdisjoint(served):
            continue
        try:
            thresholds |= dict(zip(served, compute(pixels, histogram), strict=True))
        except (RuntimeError, ValueError) as error:
            reasons |= dict.fromkeys(served, str(error))
    return ThresholdTrial(
        picture,
        inside,
        {method: thresholds[method] for method in chosen},
        {method: reasons[method] for method in chosen if method in reasons},
        histogram,
    )


def _check_methods(methods: Sequence[str]) -> list[str]:
    chosen = [methods] if isinstance(methods, str) else list(dict.fromkeys(methods))
    unknown = [method for method in chosen if method not in METHODS]
    if unknown or not chosen:
        raise ValueError(f"'methods' has {unknown or 'no entries'}, but some of {', '.join(METHODS)} are needed")
    return chosen


def _one_channel(
    image: "Image | ArrayLike | str | os.PathLike[str]", channel: int | str | None, channel_axis: int | None
) -> "Image":
    from clast.image import Image, as_image
    from clast.image._image import is_path

    if isinstance(image, Image) or is_path(image):
        picture = as_image(image, channel_axis="auto" if channel_axis is None else channel_axis)
    else:
        image = np.asanyarray(image)
        if channel_axis is None:
            warn_of_colour(image.shape, stacklevel=4)
        picture = as_image(image, channel_axis=channel_axis)
    names = list(picture.channel_names)
    if channel is None and len(names) > 1:
        raise ValueError(f"the image has channels {', '.join(names)}: choose one with 'channel', by name or index")
    index = names.index(channel) if channel in names else channel or 0
    if not isinstance(index, int) or not 0 <= index < len(names):
        raise ValueError(f"'channel' is {channel!r}, but the image has channels {', '.join(names)}")
    return replace(picture, data=picture.channel(index), channel_names=(names[index],))
