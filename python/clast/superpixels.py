"""Superpixels: pixels of like colour side by side, with scikit-image's interface and labels."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast import _core
from clast._numbers import check_integer, check_number
from clast._seeds import Seeds, grid_seeds, grid_steps, mask_seeds
from clast._slic_image import conversion_of, slic_image
from clast.image import Image

__all__ = ["SlicInfo", "slic"]

# Weights of a Gaussian end at this many standard deviations, as in scipy.
_TRUNCATE = 4.0


class SlicInfo(NamedTuple):
    """What `slic` has made.

    Attributes
    ----------
    n_segments : int
        Number of superpixels.
    sizes : ndarray of shape (n_labels,), int64
        Pixels of each label from `start_label` on; 0 for a cluster that has none.
    n_iter : int
        Assignments of all pixels.
    """

    n_segments: int
    sizes: NDArray[np.int64]
    n_iter: int


@overload
def slic(
    image: Image | ArrayLike,
    n_segments: float = ...,
    compactness: float = ...,
    max_num_iter: int = ...,
    sigma: float | Iterable[float] = ...,
    spacing: Iterable[float] | None = ...,
    convert2lab: bool | None = ...,
    enforce_connectivity: bool = ...,
    min_size_factor: float = ...,
    max_size_factor: float = ...,
    slic_zero: bool = ...,
    start_label: int = ...,
    mask: ArrayLike | None = ...,
    *,
    channel_axis: int | None = ...,
    repair_labels: bool = ...,
    return_info: Literal[False] = ...,
) -> NDArray[np.int64]: ...
@overload
def slic(
    image: Image | ArrayLike,
    n_segments: float = ...,
    compactness: float = ...,
    max_num_iter: int = ...,
    sigma: float | Iterable[float] = ...,
    spacing: Iterable[float] | None = ...,
    convert2lab: bool | None = ...,
    enforce_connectivity: bool = ...,
    min_size_factor: float = ...,
    max_size_factor: float = ...,
    slic_zero: bool = ...,
    start_label: int = ...,
    mask: ArrayLike | None = ...,
    *,
    channel_axis: int | None = ...,
    repair_labels: bool = ...,
    return_info: Literal[True],
) -> tuple[NDArray[np.int64], SlicInfo]: ...
def slic(
    image: Image | ArrayLike,
    n_segments: float = 100,
    compactness: float = 10.0,
    max_num_iter: int = 10,
    sigma: float | Iterable[float] = 0,
    spacing: Iterable[float] | None = None,
    convert2lab: bool | None = None,
    enforce_connectivity: bool = True,
    min_size_factor: float = 0.5,
    max_size_factor: float = 3,
    slic_zero: bool = False,
    start_label: int = 1,
    mask: ArrayLike | None = None,
    *,
    channel_axis: int | None = -1,
    repair_labels: bool = True,
    return_info: bool = False,
) -> NDArray[np.int64] | tuple[NDArray[np.int64], SlicInfo]:
    """Cut an image or a volume into superpixels by simple linear iterative clustering (SLIC).

    A drop-in for :func:`skimage.segmentation.slic`: the same arguments give the same labels, many times faster.

    Parameters
    ----------
    image : Image, or array_like of shape (H, W), (H, W, C), (D, H, W) or (D, H, W, C)
        Integers, bool or floats, with any number of channels. It is stretched to values from 0 to 1 first. An `Image`
        knows its channels, so that `channel_axis` is not asked for, its spacing, and which of its pixels are not
        finite or transparent: these get no superpixel.
    n_segments : float, default=100
        About how many superpixels to make.
    compactness : float, default=10.0
        How much position counts beside colour; the higher, the squarer the superpixels. Its best value depends on the
        image: try powers of 10. Only the start for `slic_zero`.
    max_num_iter : int, default=10
        Number of iterations.
    sigma : float or one float for each axis, default=0
        Standard deviation in pixels of a Gaussian that smooths the image first; a single one is divided by `spacing`.
    spacing : one float for each axis, optional
        Length of a pixel along each spatial axis; default 1, or that of an `Image` relative to the shortest, so that
        superpixels of thick slices are as long as they are wide.
    convert2lab : bool, optional
        Convert RGB to CIE Lab, where distances are those we see. Default: if there is a channel axis of length 3, which
        an `Image` calls red, green and blue. Without channels there is nothing to convert.
    enforce_connectivity : bool, default=True
        Make every superpixel one connected piece.
    min_size_factor : float, default=0.5
        Pieces smaller than this times the mean size join a neighbour.
    max_size_factor : float, default=3
        Pieces larger than this times the mean size are cut.
    slic_zero : bool, default=False
        Divide the colour distances of each superpixel by the largest it has had (zero-parameter SLIC, SLICO).
    start_label : {0, 1}, default=1
        First label; pixels without superpixel have the number before.
    mask : array_like of bool, of the spatial shape, optional
        True for the pixels to cut; as in scikit-image, so is every number but 0. The others get no superpixel, and
        without `sigma` need not be finite. Every island of a mask that a seed is near enough to has superpixels of its
        own, so that there may be many more than asked for.
    channel_axis : int or None, default=-1
        Axis of the channels; None if there is none. A 2-D image has none in any case.
    repair_labels : bool, default=True
        Give the later pieces of a label that has several, as it happens in scikit-image, new labels at the end. False
        leaves the labels as scikit-image has them.
    return_info : bool, default=False
        Return a `SlicInfo` too.

    Returns
    -------
    labels : ndarray of the spatial shape, int64
        Number of the superpixel of every pixel.
    info : SlicInfo
        Count, sizes and iterations; only if `return_info` is set.

    Raises
    ------
    TypeError
        If the image is not of real numbers or has masked ones, `spacing` is a number, or another argument is none.
    ValueError
        If the image is empty, not finite inside the mask or has too few or too many axes, another argument is out of
        range (also where scikit-image computes on, such as with a negative `compactness`) or has the wrong shape, or
        Lab is asked for without 3 channels.

    Warns
    -----
    clast.image.ShapeGuessWarning
        If the last axis was taken for more than 4 channels only because `channel_axis` was not given.
    FutureWarning
        If `spacing` or `sigma` has three values for an image: they are taken as those along z, y and x.

    See Also
    --------
    clast.regions : Statistics, neighbours, merging and clustering of superpixels.

    Notes
    -----
    Labels are those of scikit-image 0.26 to the last pixel: distances are computed with the same operations in the same
    order, and only clusters that cannot win are left out. float16 and float32 are computed in float32 as there, and
    converted to Lab by numpy; of other colours in Lab the last bit may differ, which exact ties alone can show. The
    number of threads does not matter.

    Cost: O(n_pixels) per iteration, and O(n_pixels) for the connected pieces. Memory: 12 bytes for each value of the
    image (8 for float32 without Lab), and 16 to 24 for each pixel. scikit-image takes about 50 bytes for each value.

    References
    ----------
    .. [1] R. Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods", IEEE Transactions on
       Pattern Analysis and Machine Intelligence 34(11), 2012. :doi:`10.1109/TPAMI.2012.120`
    .. [2] B. Irving, "maskSLIC: regional superpixel generation with application to local pathology characterisation in
       medical images", 2016. arXiv:1606.09518.

    Examples
    --------
    >>> import numpy as np
    >>> from clast import slic
    >>> image = np.zeros((4, 6), dtype=np.uint8)
    >>> image[:, 4:] = 200
    >>> slic(image, n_segments=2, compactness=0.1)
    array([[1, 1, 1, 1, 2, 2],
           [1, 1, 1, 1, 2, 2],
           [1, 1, 1, 1, 2, 2],
           [1, 1, 1, 1, 2, 2]])
    """
    given = slic_image(image, channel_axis, mask)
    inside = given.inside()
    _check_numbers(n_segments, compactness, max_num_iter, start_label, min_size_factor, max_size_factor)
    volume, is_flat = given.volume, given.is_flat
    to_lab = given.has_channels and (given.is_colour if convert2lab is None else bool(convert2lab))
    if to_lab and given.pixels.shape[3] != 3:
        raise ValueError(f"'convert2lab' needs red, green and blue, but 'image' has {given.pixels.shape[3]} channels")
    dtype = np.float32 if given.pixels.dtype in (np.float16, np.float32) else np.float64
    spacing_zyx = _spacing(given.spacing if spacing is None else spacing, is_flat, dtype)
    smoothing = _smoothing(sigma, spacing_zyx, is_flat, dtype)
    if any(smoothing) and inside is not None and not np.isfinite(given.pixels).all():
        raise ValueError("'sigma' spreads values that are not finite from outside the mask: replace them in 'image'")
    pixels, conversion, to_lab = conversion_of(given.pixels, inside, to_lab)

    if inside is None:
        seeds = grid_seeds(volume, n_segments)
    else:
        seeds = mask_seeds(inside, n_segments, 2 if given.has_channels else 3)
    sizes = None
    if enforce_connectivity:
        n_pixels = math.prod(volume) if inside is None else int(np.count_nonzero(inside))
        sizes = _sizes(n_pixels / len(seeds.positions), min_size_factor, max_size_factor)
    labels = np.empty(math.prod(volume), dtype=np.int64)
    request = {
        "to_lab": to_lab,
        "smoothing": smoothing,
        "ratio": 1.0 / compactness,
        "seeds": seeds.positions,
        "mask": None if inside is None else inside.reshape(-1),
        "spacing": spacing_zyx.tolist(),
        "weight": _weight(seeds),
        "window": grid_steps(volume, len(seeds.positions))[1],
        "max_num_iter": max_num_iter,
        "slic_zero": bool(slic_zero),
        "sizes": sizes,
        "repair_labels": bool(repair_labels),
        "start_label": int(start_label),
    }
    n_labels = _core.slic_segment(pixels, conversion, request, labels)
    shaped: NDArray[np.int64] = labels.reshape(given.shape)
    if not return_info:
        return shaped
    counts = np.bincount(labels - (start_label - 1), minlength=n_labels + 1)[1:]
    return shaped, SlicInfo(int(np.count_nonzero(counts)), counts, max_num_iter)


def _check_numbers(
    n_segments: float,
    compactness: float,
    max_num_iter: int,
    start_label: int,
    min_size_factor: float,
    max_size_factor: float,
) -> None:
    check_number(n_segments, "n_segments", is_positive=True)
    check_number(compactness, "compactness", is_positive=True, is_finite=False)
    check_integer(max_num_iter, "max_num_iter", 0)
    check_number(min_size_factor, "min_size_factor", is_finite=False)
    check_number(max_size_factor, "max_size_factor", is_finite=False)
    if start_label not in (0, 1):
        raise ValueError(f"'start_label' is {start_label}, but must be 0 or 1")


def _spacing(spacing: Iterable[float] | None, is_flat: bool, dtype: type[Any]) -> NDArray[Any]:
    if spacing is None:
        return np.ones(3, dtype=dtype)
    if not isinstance(spacing, Iterable):
        raise TypeError(f"'spacing' is {spacing!r}, but one number for each spatial axis is needed")
    lengths = _per_axis("spacing", spacing, is_flat, 1, dtype)
    if not np.isfinite(lengths).all() or not lengths.all():  # an affine matrix may make them negative
        raise ValueError(f"'spacing' is {lengths.tolist()}, but must be finite and not 0")
    return lengths


def _per_axis(name: str, values: Iterable[float], is_flat: bool, depth: float, dtype: type[Any]) -> NDArray[Any]:
    """Return one value each for z, y and x."""
    array = np.asarray(values if isinstance(values, np.ndarray | Sequence) else list(values), dtype=dtype)
    needed = 2 if is_flat else 3
    if array.shape == (3,) and is_flat:
        message = f"'{name}' has 3 values for an image, taken as those along z, y and x: give 2"
        warnings.warn(message, FutureWarning, stacklevel=4)
    elif array.shape != (needed,):
        raise ValueError(f"'{name}' has shape {array.shape}, but one value for each of the {needed} axes is needed")
    return array if len(array) == 3 else np.insert(array, 0, depth)


def _smoothing(
    sigma: float | Iterable[float], spacing: NDArray[Any], is_flat: bool, dtype: type[Any]
) -> list[list[float]]:
    """Return the weights of a Gaussian for each axis from the center on, none where nothing is smoothed."""
    if isinstance(sigma, Iterable) and not isinstance(sigma, str):
        sigmas = _per_axis("sigma", sigma, is_flat, 0, dtype)
        for deviation in sigmas.tolist():
            check_number(deviation, "sigma")
    else:
        check_number(sigma, "sigma")
        sigmas = np.full(3, sigma, dtype=dtype) / spacing
    return [_gaussian(deviation) if deviation > 1e-15 else [] for deviation in sigmas]


def _gaussian(sigma: Any) -> list[float]:
    radius = int(_TRUNCATE * float(sigma) + 0.5)
    # scipy's own expression: its rounding depends on the type of sigma.
    weights = np.exp(-0.5 / (sigma * sigma) * np.arange(-radius, radius + 1) ** 2)
    half: list[float] = (weights / weights.sum())[radius:].tolist()
    return half


def _weight(seeds: Seeds) -> float:
    """Return what squared distances in space are multiplied by, rounded as scikit-image does."""
    square = float(np.square(np.float32(seeds.step)))
    return 1.0 / square if square else math.inf


def _sizes(mean: float, min_factor: float, max_factor: float) -> tuple[int, int]:
    largest = np.iinfo(np.int32).max
    low, high = (int(min(factor * mean, largest)) for factor in (min_factor, max_factor))
    return max(low, 0), max(high, 1)
