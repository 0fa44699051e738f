"""Turn a label image that users pass into what the kernels read."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast import _core
from clast._masks import check_mask
from clast._validation import check_samples


class Regions:
    """A checked label image whose pixels outside the mask are background."""

    def __init__(self, labels: ArrayLike, mask: ArrayLike | None, background: int | None) -> None:
        array = np.asarray(labels)
        if array.dtype.kind not in "bui":
            raise TypeError(f"'labels' has dtype {array.dtype}, but integers are needed")
        if array.ndim not in (2, 3):
            raise ValueError(f"'labels' has {array.ndim} dimensions, but 2 or 3 are needed")
        if array.size == 0:
            raise ValueError(f"'labels' of shape {array.shape} is empty")
        array = np.ascontiguousarray(array, dtype=np.int32 if array.dtype.itemsize < 4 else None)
        if array.dtype not in (np.int32, np.int64):
            array = array.astype(np.int64)
        if mask is not None:
            inside = check_mask(mask, array.shape, "labels")
            # Without a background, pixels outside the mask get a label of their own.
            background = int(array.max()) + 1 if background is None else background
            array = np.where(inside, array, array.dtype.type(background))
        if array.min() < 0:
            raise ValueError(f"'labels' has {array.min()}, but none may be negative")
        self.labels = array
        self.background = background
        self.n_labels = int(array.max()) + 1
        self.volume = (1,) * (3 - array.ndim) + array.shape

    @cached_property
    def flat(self) -> NDArray[Any]:
        return self.labels.reshape(-1)

    def samples(self, image: ArrayLike) -> NDArray[Any]:
        values = np.asarray(image)
        n_axes = self.labels.ndim
        if values.shape[:n_axes] != self.labels.shape or values.ndim > n_axes + 1:
            raise ValueError(
                f"'image' has shape {values.shape}, but that of 'labels', {self.labels.shape}, is needed,"
                " with an axis of channels at the end or without"
            )
        n_channels = values.shape[n_axes] if values.ndim > n_axes else 1
        return np.ascontiguousarray(check_samples(values.reshape(-1, n_channels), name="image"))

    def present(self, areas: NDArray[Any]) -> NDArray[np.int64]:
        """Find the labels that have pixels, but the background."""
        found = np.flatnonzero(areas)
        return found if self.background is None else found[found != self.background]

    def counted(self) -> NDArray[np.int64]:
        """Find the labels that have pixels, but the background, where nothing else counts them."""
        return self.present(np.bincount(self.flat, minlength=self.n_labels))

    def edges(self, present: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the pairs of regions that touch, by their places in `present`, and how long boundaries are."""
        pairs, lengths = _core.region_edges(self.flat, self.volume, self.n_labels)
        if self.background is not None:
            between = (pairs != self.background).all(axis=1)
            pairs, lengths = pairs[between], lengths[between]
        places = np.zeros(self.n_labels, dtype=np.int64)
        places[present] = np.arange(len(present))
        return places[pairs], lengths.astype(np.int64)
