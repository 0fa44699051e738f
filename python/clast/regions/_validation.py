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

# Tables of so many times fewer numbers than there are pixels are no burden, whatever the number of channels.
_PIXELS_PER_NUMBER = 8


class Regions:
    """A checked label image, with its labels as numbers from 0 on, and the image that it lies on.

    Pixels outside the mask, or that of the image, are of no region.

    Attributes
    ----------
    values : ndarray of the shape of the labels, with or without an axis of channels at the end
        The image; where there is none, it has no channel.
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

    def __init__(
        self, labels: ArrayLike, image: Image | ArrayLike | None, mask: ArrayLike | None, background: int | None
    ) -> None:
        array = _checked_labels(labels)
        self.values = np.empty((*array.shape, 0)) if image is None else _checked_values(image, array.shape)
        self.names, numbers = _numbered(array)
        self.n_numbers = len(self.names)
        self.outside = None if background is None else self._number_of(background)
        inside = None if mask is None else check_mask(mask, array.shape, "labels")
        if isinstance(image, Image) and image.mask is not None:
            inside = image.mask if inside is None else inside & image.mask
        if inside is not None:
            if self.outside is None:
                self.outside = self.n_numbers
                self.n_numbers += 1
            numbers = np.where(inside, numbers, numbers.dtype.type(self.outside))
        self.numbers = numbers
        self.volume = (1,) * (3 - array.ndim) + array.shape

    @cached_property
    def flat(self) -> NDArray[Any]:
        return self.numbers.reshape(-1)

    def samples(self) -> NDArray[Any]:
        """Return the values of the image as the kernels read them; those of no region need not be finite."""
        samples = check_samples(self.values.reshape(self.numbers.size, -1), ensure_finite=False, name="image")
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
    if np.ma.is_masked(labels):
        raise TypeError("'labels' has masked values: give labels.data, and mask=~numpy.ma.getmaskarray(labels)")
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
    return np.require(array, np.int32 if is_narrow else np.int64, ["C", "ALIGNED"])


def _checked_values(image: Image | ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    values = check_pixels(image)
    if values.shape[: len(shape)] != shape or values.ndim > len(shape) + 1:
        raise ValueError(
            f"'image' has shape {values.shape}, but that of 'labels', {shape}, is needed,"
            " with an axis of channels at the end or without"
        )
    if values.size == 0:
        raise ValueError(f"'image' of shape {values.shape} has no channel")
    return values


def _numbered(array: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Give every label a number; those from 0 on have theirs, if there are few of them beside the pixels."""
    low, high = int(array.min()), int(array.max())
    first = min(low, 0)
    n_names = high - first + 1
    if n_names > array.size:
        names, numbers = np.unique(array, return_inverse=True)
        return names.astype(np.int64), np.ascontiguousarray(numbers.reshape(array.shape), dtype=np.int64)
    numbers = array - first if first else array
    if n_names <= array.size // _PIXELS_PER_NUMBER:
        return np.arange(first, high + 1), numbers
    is_there = np.zeros(n_names, dtype=bool)
    is_there[numbers] = True
    places = np.cumsum(is_there, dtype=numbers.dtype) - 1
    return np.flatnonzero(is_there) + first, look_up(places, numbers)
