"""Superpixels: pixels of like colour side by side, with scikit-image's interface and labels."""

import math
import operator
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast import _core
from clast._seeds import Seeds, grid_seeds, grid_steps, mask_seeds

__all__ = ["SlicInfo", "slic"]

# Images of more channels than red, green, blue and alpha are rarer than volumes whose channel_axis was forgotten.
_MOST_COLOURS = 4

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
    image: ArrayLike,
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
    image: ArrayLike,
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
    image: ArrayLike,
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
    image : array_like of shape (H, W), (H, W, C), (D, H, W) or (D, H, W, C)
        Integers, bool or floats, with any number of channels. It is stretched to values from 0 to 1 first.
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
        Length of a pixel along each spatial axis; default 1.
    convert2lab : bool, optional
        Convert RGB to CIE Lab, where distances are those we see. Default: if there is a channel axis of length 3.
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
        True for the pixels to cut. The others need not be finite, and get no superpixel.
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
        If the image is not of real numbers, or `spacing` is a number.
    ValueError
        If the image is empty, not finite inside the mask or has too few or too many axes, another argument is out of
        range or has the wrong shape, or Lab is asked for without 3 channels.

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
    Labels are those of scikit-image 0.26 to the last pixel for integers and float64: distances are computed with the
    same operations in the same order, and only clusters that cannot win are left out. float32 is computed in float32 as
    there, where the conversion to Lab may differ in its last bit. The number of threads does not matter.

    Cost: O(n_pixels) per iteration, and O(n_pixels) for the connected pieces. Memory: 12 bytes for each value of the
    image (8 for float32), and 16 to 24 for each pixel. scikit-image takes about 50 bytes for each value.

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
    pixels, channels_known = _pixels(image, channel_axis)
    is_flat = pixels.shape[0] == 1 and np.ndim(image) - channels_known < 3
    volume = pixels.shape[:3]
    inside = None if mask is None else _inside(mask, volume, is_flat)
    _check_numbers(n_segments, compactness, max_num_iter, start_label)
    to_lab = channels_known and convert2lab is not False and pixels.shape[3] == 3
    if convert2lab and not to_lab:
        raise ValueError(f"'convert2lab' needs red, green and blue, but 'image' has shape {np.shape(image)}")
    pixels, conversion = _conversion(pixels, inside, to_lab)
    dtype = np.float32 if pixels.dtype == np.float32 else np.float64

    if inside is None:
        seeds = grid_seeds(volume, n_segments)
    else:
        seeds = mask_seeds(inside, n_segments, 2 if channels_known else 3)
    spacing_zyx = _spacing(spacing, is_flat, dtype)
    sizes = None
    if enforce_connectivity:
        n_pixels = math.prod(volume) if inside is None else int(np.count_nonzero(inside))
        sizes = _sizes(n_pixels / len(seeds.positions), min_size_factor, max_size_factor)
    labels = np.empty(math.prod(volume), dtype=np.int64)
    request = {
        "to_lab": to_lab,
        "smoothing": _smoothing(sigma, spacing_zyx, is_flat, dtype),
        "ratio": 1.0 / compactness,
        "seeds": seeds.positions,
        "mask": None if inside is None else inside.reshape(-1),
        "spacing": spacing_zyx.tolist(),
        "weight": _weight(seeds),
        "window": grid_steps(volume, len(seeds.positions))[1],
        "max_num_iter": max_num_iter,
        "slic_zero": slic_zero,
        "sizes": sizes,
        "repair_labels": repair_labels,
        "start_label": start_label,
    }
    n_labels = _core.slic_segment(pixels, conversion, request, labels)
    shaped: NDArray[np.int64] = labels.reshape(volume[1:] if is_flat else volume)
    if not return_info:
        return shaped
    counts = np.bincount(labels - (start_label - 1), minlength=n_labels + 1)[1:]
    return shaped, SlicInfo(int(np.count_nonzero(counts)), counts, max_num_iter)


def _pixels(image: ArrayLike, channel_axis: int | None) -> tuple[NDArray[Any], bool]:
    """Bring the image to the shape (depth, height, width, channels); tell whether it has an axis of channels."""
    image = np.asarray(image)
    if image.dtype.kind not in "buif":
        raise TypeError(f"'image' has dtype {image.dtype}, but real numbers are needed")
    if not 2 <= image.ndim <= 4:
        raise ValueError(f"'image' has {image.ndim} dimensions, but must have 2 to 4: (D, H, W, C), D and C optional")
    if image.size == 0:
        raise ValueError(f"'image' of shape {image.shape} is empty")
    if image.ndim == 2:
        return image[np.newaxis, :, :, np.newaxis], False
    if channel_axis is None:
        return image if image.ndim == 4 else image[..., np.newaxis], False
    axis = operator.index(channel_axis)
    if not -image.ndim <= axis < image.ndim:
        raise ValueError(f"'channel_axis' is {axis}, but 'image' has {image.ndim} dimensions")
    if axis == -1 and image.shape[-1] > _MOST_COLOURS and image.ndim == 3:
        _warn_of_guess(image.shape)
    image = np.moveaxis(image, axis, -1)
    return image if image.ndim == 4 else image[np.newaxis], True


def _warn_of_guess(shape: tuple[int, ...]) -> None:
    from clast.image import ShapeGuessWarning

    warnings.warn(
        f"'image' of shape {shape} is taken as an image of {shape[-1]} channels: to say so and silence this, give"
        f" channel_axis={len(shape) - 1}; for a volume, channel_axis=None",
        ShapeGuessWarning,
        stacklevel=4,
    )


def _inside(mask: ArrayLike, volume: tuple[int, ...], is_flat: bool) -> NDArray[np.bool_]:
    inside = np.ascontiguousarray(mask, dtype=bool)
    if inside.shape != (volume[1:] if is_flat else volume):
        needed = volume[1:] if is_flat else volume
        raise ValueError(f"'mask' has shape {inside.shape}, but the pixels of 'image' have shape {needed}")
    if not inside.any():
        raise ValueError("'mask' has no True pixel")
    return inside.reshape(volume)


def _check_numbers(n_segments: float, compactness: float, max_num_iter: int, start_label: int) -> None:
    if not n_segments > 0:
        raise ValueError(f"'n_segments' is {n_segments}, but must be positive")
    if not compactness != 0:
        raise ValueError("'compactness' is 0, but must not be")
    if operator.index(max_num_iter) < 0:
        raise ValueError(f"'max_num_iter' is {max_num_iter}, but must be at least 0")
    if start_label not in (0, 1):
        raise ValueError(f"'start_label' is {start_label}, but must be 0 or 1")


def _conversion(pixels: NDArray[Any], inside: NDArray[np.bool_] | None, to_lab: bool) -> tuple[NDArray[Any], Any]:
    """Find how values become the floats that are clustered, and store them as kernels read them.

    Returns
    -------
    pixels : ndarray of the same shape, uint8, uint16, float32 or float64
    conversion : ndarray or tuple
        What each integer stands for; for floats, the lowest value, the span, and whether to undo the curve of sRGB.
    """
    if pixels.dtype.kind == "f":
        pixels = pixels.astype(np.float32 if pixels.dtype.itemsize <= 4 else np.float64, order="C", copy=False)
    elif pixels.dtype.itemsize > 2:
        pixels = _as_float(pixels)
    if pixels.dtype.kind != "f":
        unsigned = np.dtype(f"u{pixels.dtype.itemsize}")
        codes_of_pixels = np.ascontiguousarray(pixels).view(unsigned)
        numbers = np.arange(np.iinfo(unsigned).max + 1, dtype=unsigned).view(pixels.dtype)
        values = pixels if inside is None else numbers[_core.slic_occurring(codes_of_pixels, inside.reshape(-1))]
        table = _rescale(_as_float(numbers), *_as_float(np.array([values.min(), values.max()])))
        return codes_of_pixels, _undo_srgb(table) if to_lab else table
    values = pixels
    if inside is not None:  # 2 to 6 times as fast as pixels[inside]
        values = np.compress(inside.reshape(-1), pixels.reshape(-1, pixels.shape[-1]), axis=0)
    low, high = values.min(), values.max()
    if np.isnan(low):
        raise ValueError("'image' has NaN: replace them, or leave them out with mask=np.isfinite(image)")
    if np.isinf(low) or np.isinf(high):
        raise ValueError("'image' has infinite values: replace them, or leave them out with mask=np.isfinite(image)")
    span = high - low if high != low else 1
    return np.ascontiguousarray(pixels), (float(low), float(span), to_lab)


def _as_float(integers: NDArray[Any]) -> NDArray[np.float64]:
    """Convert integers to floats as scikit-image does: the largest of their type becomes 1."""
    if integers.dtype == np.bool_:
        return integers.astype(np.float64)
    floats: NDArray[np.float64] = np.multiply(integers, 1.0 / np.iinfo(integers.dtype).max, dtype=np.float64)
    return np.maximum(floats, -1.0, out=floats)


def _rescale(values: NDArray[np.float64], low: np.float64, high: np.float64) -> NDArray[np.float64]:
    return (values - low) / (high - low) if high != low else values - low


def _undo_srgb(values: NDArray[np.float64]) -> NDArray[np.float64]:
    # Integers that do not occur inside the mask may stand for negative values, which have no such power.
    curved = np.power((np.maximum(values, 0.04045) + 0.055) / 1.055, 2.4)
    return np.where(values > 0.04045, curved, values / 12.92)


def _spacing(spacing: Iterable[float] | None, is_flat: bool, dtype: type[Any]) -> NDArray[Any]:
    if spacing is None:
        return np.ones(3, dtype=dtype)
    if not isinstance(spacing, Iterable):
        raise TypeError(f"'spacing' is {spacing!r}, but one number for each spatial axis is needed")
    return _per_axis("spacing", spacing, is_flat, 1, dtype)


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
    if isinstance(sigma, Iterable):
        sigmas = _per_axis("sigma", sigma, is_flat, 0, dtype)
        if (sigmas < 0).any() and (sigmas > 0).any():
            raise ValueError(f"'sigma' is {sigmas.tolist()}, but none may be negative")
    else:
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
