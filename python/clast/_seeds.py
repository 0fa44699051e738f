"""Where superpixels begin: on a grid, or spread over a mask."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clast import _core
from clast._draws import permutation_heads

# scikit-image's seed and number of iterations for the seeds inside a mask.
_RANDOM_STATE = 123
_MASK_ITERATIONS = 5


class Seeds(NamedTuple):
    """Seeds of superpixels.

    Attributes
    ----------
    positions : ndarray of shape (n_seeds, 3), float64
        Coordinates z, y, x.
    step : float
        Largest distance of neighbours along an axis.
    """

    positions: NDArray[np.float64]
    step: float


def grid_steps(shape: tuple[int, ...], n_points: float) -> tuple[list[int], list[int]]:
    """Place about `n_points` points on a grid of cubes over a volume.

    An axis shorter than the edge of a cube has one point.

    Parameters
    ----------
    shape : tuple of int
    n_points : float

    Returns
    -------
    starts, steps : list of int
        First point and distance of points along each axis.
    """
    n_axes = len(shape)
    starts, steps = [0] * n_axes, [1] * n_axes
    n_pixels = float(math.prod(shape))
    if n_pixels <= n_points:
        return starts, steps
    edge = (n_pixels / n_points) ** (1.0 / n_axes)
    axes = sorted(range(n_axes), key=shape.__getitem__)
    while axes:
        axis = axes.pop(0)
        own = min(edge, shape[axis])
        if own < edge and axes:  # the others get what this one does not need
            edge = (float(math.prod(shape[other] for other in axes)) / n_points) ** (1.0 / len(axes))
        starts[axis], steps[axis] = int(own // 2), round(own)
    return starts, steps


def grid_seeds(volume: tuple[int, ...], n_segments: float) -> Seeds:
    """Place seeds on a grid.

    Parameters
    ----------
    volume : tuple of int
        Depth, height, width.
    n_segments : float
        About how many.

    Returns
    -------
    Seeds
    """
    starts, steps = grid_steps(volume, n_segments)
    axes = [np.arange(start, n, step, dtype=float) for start, n, step in zip(starts, volume, steps, strict=True)]
    positions = np.empty((*map(len, axes), 3))
    for axis, along in enumerate(axes):
        positions[..., axis] = along.reshape([-1 if other == axis else 1 for other in range(3)])
    return Seeds(positions.reshape(-1, 3), max(steps))


def mask_seeds(inside: NDArray[np.bool_], n_segments: float, n_axes: int) -> Seeds:
    """Spread seeds over a mask by k-means of its pixels' positions.

    Parameters
    ----------
    inside : ndarray of shape (depth, height, width), bool
    n_segments : float
        How many, if there are as many pixels; at least 1.
    n_axes : int
        For each seed, k-means takes 10 pixels to the power of this at most.

    Returns
    -------
    Seeds
    """
    pixels = np.flatnonzero(inside)
    rng = np.random.RandomState(_RANDOM_STATE)
    n_seeds, n_dense = min(max(int(n_segments), 1), len(pixels)), int(10**n_axes * n_segments)
    is_dense = len(pixels) <= n_dense
    sizes = [n_seeds] if is_dense else [n_seeds, n_dense]
    first, *more = permutation_heads(rng, len(pixels), sizes, is_sorted=True)
    dense = pixels if is_dense else pixels[more[0]]
    positions = np.stack(np.unravel_index(pixels[first], inside.shape), axis=-1).astype(np.float64)
    nearest = _core.slic_spread(dense, inside.shape, positions, _MASK_ITERATIONS)
    steps = np.abs(positions - positions[nearest]).mean(axis=0)
    return Seeds(positions, steps.max())
