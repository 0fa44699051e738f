"""Whether two images lie on the same grid."""

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clast.image._errors import GridMismatchError
from clast.image._image import Image, format_spacing

# Tools write the same affine with different float32 rounding, which moves a corner by about 1e-4 of a voxel.
_TOLERANCE = 0.01


def check_same_grid(image: Image, other: Image, name: str, other_name: str) -> None:
    """Raise unless two images have the same shape and, where both know it, the same place in the world.

    Corners of the two grids may lie at most 1 % of the smallest voxel side apart, and spacings may differ by 1 %.

    Parameters
    ----------
    image, other : Image
    name, other_name : str
        How the message calls them.

    Raises
    ------
    GridMismatchError
        With both shapes and, for volumes with a place in the world, both affines.
    """
    if image.shape == other.shape and _same_place(image, other):
        return
    parts = [f"shapes {image.shape} and {other.shape}"]
    if image.affine is not None and other.affine is not None:
        parts.append(f"affines {_one_line(image.affine)} and {_one_line(other.affine)}")
    elif image.shape == other.shape:
        # Only a difference in spacing is left to explain.
        assert image.spacing is not None
        assert other.spacing is not None
        spacings = (format_spacing(image.spacing, image.unit), format_spacing(other.spacing, other.unit))
        parts.append(f"spacings {' and '.join(spacings)}")
    raise GridMismatchError(
        f"{name} and {other_name} do not lie on the same grid: {', '.join(parts)}; resample one onto the other first"
    )


def _same_place(image: Image, other: Image) -> bool:
    if image.affine is not None and other.affine is not None:
        shift = _largest_corner_shift(image.affine, other.affine, image.shape)
        sides = np.linalg.norm(image.affine[:3, :3], axis=0)
        return bool(shift <= _TOLERANCE * sides[sides > 0].min(initial=np.inf))
    if image.spacing is None or other.spacing is None or image.unit != other.unit:
        return True
    return bool(np.allclose(image.spacing, other.spacing, rtol=_TOLERANCE, atol=0))


def _largest_corner_shift(affine: NDArray[Any], other: NDArray[Any], shape: tuple[int, ...]) -> float:
    ends = [(0, length - 1) for length in shape] + [(0,)] * (3 - len(shape)) + [(1,)]
    corners = np.array(list(itertools.product(*ends)), dtype=np.float64)
    return float(np.linalg.norm(corners @ (affine - other)[:3].T, axis=1).max())


def _one_line(affine: NDArray[Any]) -> str:
    return str([[float(f"{value:.6g}") for value in row] for row in affine[:3]])
