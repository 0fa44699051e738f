"""Which slices of a volume are shown, and how much of them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clast.image import Image
from clast.plot._panels import visible
from clast.plot._planes import Plane, plane_of, slice_axis_of


def chosen_slices(
    shape: tuple[int, ...], inside: NDArray[Any] | None, along: int, slices: int | Sequence[int]
) -> list[int]:
    """Spread a number of slices over what is inside of a volume, or check those that were chosen."""
    if isinstance(slices, int):
        indices = spread_slices(np.ones(shape, dtype=bool) if inside is None else inside, along, slices)
    else:
        indices = list(slices)
    if not indices or not all(0 <= index < shape[along] for index in indices):
        raise ValueError(f"'slices' is {slices}, but slices 0 to {shape[along] - 1} exist")
    return indices


def chosen_plane(
    image: Image, slice_axis: str | None, slice_index: int | None, inside: NDArray[Any] | None = None
) -> tuple[Plane, str]:
    """Find the plane to show, and what to add to its title: the slice of a volume, by default the one in the middle.

    Volumes are cropped to what is inside, and the middle is that of what is inside.

    Raises
    ------
    ValueError
        When the slice or the axis does not exist.
    """
    if image.ndim == 2:
        return plane_of(image, None, 0, visible(image.shape)), ""
    along = slice_axis_of(image, slice_axis)
    if slice_index is None:
        slice_index = image.shape[along] // 2 if inside is None else spread_slices(inside, along, 1)[0]
    if not 0 <= slice_index < image.shape[along]:
        raise ValueError(f"'slice_index' is {slice_index}, but slices 0 to {image.shape[along] - 1} exist")
    crop = visible(image.shape, None if inside is None else labelled_box(inside))
    return plane_of(image, along, slice_index, crop), f", {image.axes[along].lower()} = {slice_index}"


def spread_slices(labels: NDArray[Any], along: int, n_slices: int) -> list[int]:
    """Slices at equal distances through the labelled part, its ends left out because little is to be seen there."""
    others = tuple(axis for axis in range(labels.ndim) if axis != along)
    labelled = np.flatnonzero(labels.any(axis=others))
    low, high = (labelled[0], labelled[-1]) if len(labelled) else (0, labels.shape[along] - 1)
    positions = np.linspace(low, high, n_slices + 2)[1:-1]
    return sorted({round(float(position)) for position in positions})


def labelled_box(labels: NDArray[Any]) -> tuple[slice, ...]:
    """Find the part of a volume that has labels, with a margin of a twentieth on each side."""
    box = []
    for axis, length in enumerate(labels.shape):
        others = tuple(other for other in range(labels.ndim) if other != axis)
        labelled = np.flatnonzero(labels.any(axis=others))
        low, high = (int(labelled[0]), int(labelled[-1]) + 1) if len(labelled) else (0, length)
        margin = math.ceil((high - low) / 20)
        box.append(slice(max(0, low - margin), min(length, high + margin)))
    return tuple(box)
