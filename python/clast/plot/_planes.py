"""Planes of an image as they are to be looked at: turned upright, in physical proportions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clast.image import Image

# What is at the left of the picture when the world axis across it (x, y, z: right, anterior, superior) ascends or
# descends towards the right.
_LEFT_SIDES = {(0, True): "L", (0, False): "R", (1, True): "P", (1, False): "A", (2, True): "I", (2, False): "S"}


@dataclass(frozen=True)
class Plane:
    """A way to take a plane out of arrays on the grid of an image; call it with such an array.

    Attributes
    ----------
    slicing : tuple
        Index of the plane.
    transpose : bool
        Whether rows and columns change places.
    flips : tuple of bool
        Whether to reverse the rows, and the columns, after that.
    height, width : float
        Physical extent of the picture.
    left_side : str
        Side of the patient at the left of the picture; empty when it is not known.
    """

    slicing: tuple[Any, ...]
    transpose: bool
    flips: tuple[bool, bool]
    height: float
    width: float
    left_side: str = ""

    def __call__(self, array: NDArray[Any]) -> NDArray[Any]:
        """Take the plane out of an array with or without a channel axis, as a view."""
        pixels = array[self.slicing]
        if self.transpose:
            pixels = pixels.swapaxes(0, 1)
        rows, columns = (slice(None, None, -1 if flip else 1) for flip in self.flips)
        return np.asarray(pixels[rows, columns])


def slice_axis_of(image: Image, name: str | None) -> int:
    """Find the axis along which a volume is sliced; Z unless another is named."""
    name = (name or "Z").upper()
    if name not in image.axes:
        raise ValueError(f"'slice_axis' is {name!r}, but the image has axes '{image.axes}'")
    return image.axes.index(name)


def plane_of(image: Image, along: int | None, index: int, crop: tuple[slice, ...] | None = None) -> Plane:
    """Describe a plane of an image.

    Parameters
    ----------
    image : Image
    along : int or None
        Axis to slice; None for the one plane of a 2-D image.
    index : int
        Which slice.
    crop : tuple of slice, optional
        The part of each axis to show.

    Returns
    -------
    Plane
        Arrays are shown with Y downwards. Volumes with an affine are shown in radiological convention: the patient's
        right on the left, anterior and superior on top.
    """
    parts = crop or tuple(slice(0, length) for length in image.shape)
    slicing = tuple(index if axis == along else part for axis, part in enumerate(parts))
    rows, columns = (axis for axis in range(image.ndim) if axis != along)
    if image.affine is None:
        transpose = "ZYX".index(image.axes[rows]) > "ZYX".index(image.axes[columns])
        flips, left_side = (False, False), ""
    else:
        world = _world_axes(image.affine)
        transpose = world[rows][0] < world[columns][0]
    if transpose:
        rows, columns = columns, rows
    if image.affine is not None:
        axis, ascending = world[columns]
        # Right of the patient on the left: x descends towards the right; the other axes ascend.
        flip_columns = ascending if axis == 0 else not ascending
        flips = (world[rows][1], flip_columns)
        left_side = _LEFT_SIDES[axis, ascending != flip_columns]
    spacing = image.spacing or (1.0,) * image.ndim
    height, width = ((parts[axis].stop - parts[axis].start) * spacing[axis] for axis in (rows, columns))
    return Plane(slicing, transpose, flips, height, width, left_side)


def _world_axes(affine: NDArray[np.float64]) -> list[tuple[int, bool]]:
    """For each voxel axis the world axis it is nearest to, and whether it ascends along it."""
    matrix = affine[:3, :3]
    sides = np.linalg.norm(matrix, axis=0)
    cosines = matrix / np.where(sides > 0, sides, 1)
    nearest: list[tuple[int, bool]] = [(0, True)] * 3
    free_voxel, free_world = {0, 1, 2}, {0, 1, 2}
    # Largest cosine first, so that oblique volumes still give each axis its own.
    for flat in np.argsort(-np.abs(cosines), axis=None):
        world, voxel = divmod(int(flat), 3)
        if voxel in free_voxel and world in free_world:
            nearest[voxel] = (world, bool(cosines[world, voxel] > 0))
            free_voxel.remove(voxel)
            free_world.remove(world)
    return nearest
