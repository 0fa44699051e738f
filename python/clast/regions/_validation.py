"""Turn a label image that users pass into what the kernels read."""

import operator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast import _core
from clast._lookup import look_up
from clast._masks import check_mask
from clast._pixels import check_pixels
from clast._validation import check_samples
from clast.image import Image

# Tables for so many labels, a few MB, are no burden, however few pixels there are.
_FEW = 1 << 16


class Regions:
    """A checked label image, with its labels as numbers from 0 on; pixels outside the mask are of no region.

    Attributes
    ----------
    names : ndarray of int64, shape (n_names,)
        Label of each number, ascending; not all of them need to occur.
    numbers : ndarray of int32 or int64, of the shape of the labels
    n_numbers : int
        Numbers are below this.
    outside : int or None
        Number of the pixels that are of no region, if there may be such.
    volume : tuple of int
        Shape of the labels with three axes.
    """

    def __init__(self, labels: ArrayLike, mask: ArrayLike | None, background: int | None) -> None:
        array = _checked_labels(labels)
        self.names, numbers = _numbered(array)
        self.n_numbers = len(self.names)
        self.outside = None if background is None else self._number_of(background)
        if mask is not None:
            inside = check_mask(mask, array.shape, "labels")
            if self.outside is None:
                self.outside = self.n_numbers
                self.n_numbers += 1
            numbers = np.where(inside, numbers, numbers.dtype.type(self.outside))
        self.numbers = numbers
        self.volume = (1,) * (3 - array.ndim) + array.shape

    @cached_property
    def flat(self) -> NDArray[Any]:
        return self.numbers.reshape(-1)

    def samples(self, image: Image | ArrayLike) -> NDArray[Any]:
        """Check the values of an image; those of no region need not be finite."""
        values = check_pixels(image)
        n_axes = self.numbers.ndim
        if values.shape[:n_axes] != self.numbers.shape or values.ndim > n_axes + 1:
            raise ValueError(
                f"'image' has shape {values.shape}, but that of 'labels', {self.numbers.shape}, is needed,"
                " with an axis of channels at the end or without"
            )
        n_channels = values.shape[n_axes] if values.ndim > n_axes else 1
        samples = check_samples(values.reshape(-1, n_channels), ensure_finite=False, name="image")
        return np.ascontiguousarray(self._finite(samples))

    def present(self, areas: NDArray[Any]) -> NDArray[np.int64]:
        """Find the numbers of the regions that have pixels."""
        found = np.flatnonzero(areas)
        return found if self.outside is None else found[found != self.outside]

    def counted(self) -> NDArray[np.int64]:
        """Find the labels of the regions that have pixels, where nothing else counts them."""
        return self.names[self.present(np.bincount(self.flat, minlength=self.n_numbers))]

    def spread(self, labels: NDArray[np.int64], values: NDArray[Any], rest: float) -> NDArray[Any]:
        """Give every pixel the value of its region, by the labels of the regions; `rest` to those of no region."""
        table = np.full((self.n_numbers, *values.shape[1:]), rest, dtype=values.dtype)
        table[np.searchsorted(self.names, labels)] = values
        return look_up(table, self.numbers)

    def edges(self, labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the pairs of regions that touch, by their places in `labels`, and how long boundaries are."""
        pairs, lengths = _core.region_edges(self.flat, self.volume, self.n_numbers)
        if self.outside is not None:
            between = (pairs != self.outside).all(axis=1)
            pairs, lengths = pairs[between], lengths[between]
        places = np.zeros(self.n_numbers, dtype=np.int64)
        places[np.searchsorted(self.names, labels)] = np.arange(len(labels))
        return places[pairs], lengths.astype(np.int64)

    def _number_of(self, background: int) -> int | None:
        try:
            label = operator.index(background)
        except TypeError:
            raise TypeError(f"'background' is {background!r}, but an integer or None is needed") from None
        number = int(np.searchsorted(self.names, label))
        return number if number < len(self.names) and self.names[number] == label else None

    def _finite(self, samples: NDArray[Any]) -> NDArray[Any]:
        if samples.dtype.kind != "f":
            return samples
        with np.errstate(over="ignore", invalid="ignore"):
            if np.isfinite(samples.sum()):  # to look at each takes many times as long
                return samples
        wrong = ~np.isfinite(samples).all(axis=1)
        if wrong.any() and self.outside is not None:
            samples = np.where(wrong[:, np.newaxis], samples.dtype.type(0), samples)
            wrong &= self.flat != self.outside
        if wrong.any():
            cure = "replace them, or leave their pixels out by 'mask'"
            raise ValueError(f"'image' has NaN or infinite values in regions: {cure}")
        return samples


def _checked_labels(labels: ArrayLike) -> NDArray[Any]:
    """Return the labels as int32 or int64 in C order."""
    array = np.asarray(labels)
    if array.dtype.kind not in "bui":
        raise TypeError(f"'labels' has dtype {array.dtype}, but integers are needed")
    if array.ndim not in (2, 3):
        raise ValueError(f"'labels' has {array.ndim} dimensions, but 2 or 3 are needed")
    if array.size == 0:
        raise ValueError(f"'labels' of shape {array.shape} is empty")
    most = np.iinfo(np.int64).max
    if array.dtype == np.uint64 and array.max() > most:
        raise ValueError(f"'labels' has {array.max()}, but {most} is the largest that can be told apart")
    is_narrow = array.dtype.itemsize < 4 or array.dtype == np.int32
    return np.ascontiguousarray(array, dtype=np.int32 if is_narrow else np.int64)


def _numbered(array: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Give every label a number; those from 0 on have theirs, if there are not many more of them than pixels."""
    low, high = int(array.min()), int(array.max())
    first = min(low, 0)
    if high - first < max(array.size, _FEW):
        return np.arange(first, high + 1), array - first if first else array
    names, numbers = np.unique(array, return_inverse=True)
    return names.astype(np.int64), np.ascontiguousarray(numbers.reshape(array.shape), dtype=np.int64)
