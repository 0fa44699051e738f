"""Where the patches of an image lie, what is asked of them, and the call of the kernel."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clast import _core

# What clusters the patches of micrographs well, and the default everywhere.
FEATURES = ("mean", "std", "relative_std", "skewness", "kurtosis", "histogram_mode")
NAMES = (
    *("count", "mean", "std", "relative_std", "var", "min", "max", "range", "median", "iqr"),
    *("mode", "histogram_mode", "skewness", "kurtosis", "entropy"),
)
EDGES = ("drop", "partial")
NAN_POLICIES = ("propagate", "omit", "raise")

_KERNEL_DTYPES = ("uint8", "int16", "uint16", "float32", "float64")
# Types that fit into one the kernel reads without a loss.
_WIDER = {"bool": "uint8", "int8": "int16", "float16": "float32"}

Size = int | tuple[int, int]
Interval = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Grid:
    """Patches as intervals of rows times intervals of columns.

    Attributes
    ----------
    rows, columns : ndarray of intp, shape (n_rows, 2) and (n_columns, 2)
        Start and stop of each interval, in pixels; read-only.
    """

    rows: Interval
    columns: Interval

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns of patches."""
        return len(self.rows), len(self.columns)


def grids_of(
    shape: tuple[int, int],
    grid: Size | Sequence[Size] | None,
    patch_size: Size | Sequence[Size] | None,
    stride: Size | None,
    edges: str,
) -> list[Grid]:
    """Lay out the patches that a user asked for; several grids where a list was given.

    Parameters
    ----------
    shape : tuple of int
        Height and width of the image.
    grid, patch_size, stride, edges
        As in `patch_statistics`.

    Returns
    -------
    list of Grid

    Raises
    ------
    TypeError
        If a size is no int or pair of them.
    ValueError
        If not exactly one of `grid` and `patch_size` is given, or the patches do not fit the image.
    """
    if (grid is None) == (patch_size is None):
        raise ValueError("exactly one of 'grid' (number of patches) and 'patch_size' (pixels) must be given")
    _check_choice("edges", edges, EDGES)
    if patch_size is None:
        if stride is not None:
            raise ValueError("'stride' goes with 'patch_size': the patches of a 'grid' lie side by side")
        return [_counted(shape, counts, edges) for counts in _pairs("grid", grid)]
    sizes = _pairs("patch_size", patch_size)
    strides = [None] * len(sizes) if stride is None else _pairs("stride", stride)[:1] * len(sizes)
    return [_sized(shape, size, step or size, edges) for size, step in zip(sizes, strides, strict=True)]


def _counted(shape: tuple[int, int], counts: tuple[int, int], edges: str) -> Grid:
    axes = []
    for name, length, count in zip(("height", "width"), shape, counts, strict=True):
        if count > length:
            raise ValueError(f"'grid' has {count} patches along the {name}, but the image only {length} pixels")
        axes.append(_equal_parts(length, count, edges))
    return Grid(*axes)


# Sliders ask for the same grids again and again.
@lru_cache(maxsize=64)
def _equal_parts(length: int, count: int, edges: str) -> Interval:
    numbers = np.arange(count + 1, dtype=np.intp)
    bounds = numbers * (length // count) if edges == "drop" else numbers * length // count
    return _frozen(np.stack([bounds[:-1], bounds[1:]], axis=1))


def _sized(shape: tuple[int, int], sizes: tuple[int, int], strides: tuple[int, int], edges: str) -> Grid:
    axes = []
    for name, length, size, stride in zip(("height", "width"), shape, sizes, strides, strict=True):
        if size > length and edges == "drop":
            raise ValueError(f"'patch_size' is {size} along the {name}, but the image has only {length} pixels")
        last = max(0, length - size)
        n_patches = (last if edges == "drop" else last + stride - 1) // stride + 1
        starts = np.arange(n_patches, dtype=np.intp) * stride
        # A stride beyond the patch may step over the end.
        starts = starts[starts < length]
        axes.append(_frozen(np.stack([starts, np.minimum(starts + size, length)], axis=1)))
    return Grid(*axes)


def _frozen(intervals: Interval) -> Interval:
    intervals.flags.writeable = False
    return intervals


def _pairs(name: str, sizes: Any) -> list[tuple[int, int]]:
    """Read one size or a list of them: an int, or a tuple for height and width."""
    if isinstance(sizes, list) and not sizes:
        raise ValueError(f"'{name}' is an empty list, but at least one grid is needed")
    return [_pair(name, size) for size in (sizes if isinstance(sizes, list) else [sizes])]


def _pair(name: str, size: Any) -> tuple[int, int]:
    try:
        pair = tuple(operator.index(x) for x in size) if isinstance(size, tuple) else (operator.index(size),) * 2
    except TypeError:
        raise TypeError(
            f"'{name}' has {size!r}, but must be an int, a tuple (height, width), or a list of these"
        ) from None
    if len(pair) != 2 or min(pair) < 1:
        raise ValueError(f"'{name}' has {size!r}, but one or two numbers of at least 1 are needed")
    return pair[0], pair[1]


def statistic_names(statistics: Sequence[str | float]) -> tuple[str, ...]:
    """Name each statistic: a quantile 0.1 is called "q0.1".

    Raises
    ------
    TypeError, ValueError
        If there is none, an unknown one, or one twice.
    """
    if isinstance(statistics, (str, Real)):
        raise TypeError(f"'statistics' is {statistics!r}, but a sequence is needed, such as [{statistics!r}]")
    names = tuple(_name(statistic) for statistic in statistics)
    if not names:
        raise ValueError("'statistics' is empty, but at least one is needed")
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"'statistics' has '{name}' twice")
    return names


def _name(statistic: Any) -> str:
    if isinstance(statistic, Real) and not isinstance(statistic, bool):
        if not 0 <= float(statistic) <= 1:
            raise ValueError(f"'statistics' has the quantile {statistic}, but quantiles lie between 0 and 1")
        return f"q{float(statistic):g}"
    if statistic not in NAMES:
        known = ", ".join(NAMES)
        raise ValueError(f"'statistics' has {statistic!r}, but must be among {known}, or a quantile from 0 to 1")
    return str(statistic)


def _for_kernel(statistic: str | float) -> tuple[str, float]:
    if isinstance(statistic, str):
        return ("quantile", 0.5) if statistic == "median" else (statistic, 0.0)
    return "quantile", float(statistic)


def pixels_for_kernel(image: NDArray[Any], nan_policy: str) -> NDArray[Any]:
    """Return an image in a dtype that the kernel reads; itself wherever possible.

    Raises
    ------
    TypeError
        If it is not of real numbers.
    ValueError
        If it has no pixels, or NaN which `nan_policy` does not allow.
    """
    _check_choice("nan_policy", nan_policy, NAN_POLICIES)
    if image.dtype.kind not in "buif":
        raise TypeError(f"'image' has dtype {image.dtype}, but real numbers are needed")
    if image.size == 0:
        raise ValueError(f"'image' of shape {image.shape} has no pixels")
    name = image.dtype.name
    if name not in _KERNEL_DTYPES:
        name = _WIDER.get(name, "float64")
    pixels = image.astype(np.dtype(name), copy=False)
    if nan_policy == "raise" and pixels.dtype.kind == "f" and np.isnan(pixels).any():
        raise ValueError("'image' has NaN; nan_policy='omit' leaves it out, nan_policy='propagate' lets it through")
    return pixels


def describe(
    images: NDArray[Any],
    grids: Sequence[Grid],
    statistics: Sequence[str | float],
    mask: NDArray[np.bool_] | None = None,
    *,
    omit_nan: bool = False,
) -> list[NDArray[np.float64]]:
    """Compute the statistics of all patches of a stack of images.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width, n_channels)
        In a dtype of `pixels_for_kernel`.
    grids : sequence of Grid
    statistics : sequence of str and float
        Checked by `statistic_names`.
    mask : ndarray of bool, shape (n_images, height, width), optional
    omit_nan : bool

    Returns
    -------
    list of ndarray of float64, shape (n_images, n_rows, n_columns, n_channels, n_statistics)
        One for each grid.
    """
    n_images, height, width, n_channels = images.shape
    if mask is not None:
        mask = np.require(mask, requirements=["C", "A"])
    # Channels in planes are images of their own.
    planar = images.transpose(0, 3, 1, 2)
    in_planes = n_channels > 1 and planar.flags.c_contiguous
    if in_planes:
        samples = planar.reshape(-1, 1)
        mask = None if mask is None else np.repeat(mask, n_channels, axis=0)
    else:
        samples = np.require(images, requirements=["C", "A"]).reshape(-1, n_channels)
    intervals = [(grid.rows, grid.columns) for grid in grids]
    wanted = [_for_kernel(statistic) for statistic in statistics]
    found = _core.patch_statistics(samples, (height, width), intervals, wanted, mask, omit_nan)
    return [
        values.reshape(n_images, n_channels, *grid.shape, len(wanted)).transpose(0, 2, 3, 1, 4)
        for grid, values in zip(grids, found, strict=True)
    ]


def _check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"'{name}' is {value!r}, but must be one of {', '.join(map(repr, choices))}")
