"""How images and masks become what the kernels of superpixels read."""

import operator
import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast import _core
from clast._lab import lab_of_srgb
from clast._pixels import check_pixels
from clast.image import Image, ShapeGuessWarning, resolve_mask

# Images of more channels than red, green, blue and alpha are rarer than volumes whose channel_axis was forgotten.
_MOST_COLOURS = 4


class SlicImage(NamedTuple):
    """An image as scikit-image sees it.

    Attributes
    ----------
    pixels : ndarray of shape (depth, height, width, n_channels)
    has_channels : bool
        Whether it has an axis of channels.
    is_colour : bool
        Whether these seem to be red, green and blue.
    is_flat : bool
        Whether it has no axis of slices.
    mask : array_like of the spatial shape, or None
    spacing : sequence of float, or None
        Length of a pixel along each spatial axis, the shortest 1, if that is known.
    """

    pixels: NDArray[Any]
    has_channels: bool
    is_colour: bool
    is_flat: bool
    mask: ArrayLike | None
    spacing: list[float] | None

    @property
    def volume(self) -> tuple[int, ...]:
        """Shape of the pixels on three axes."""
        return self.pixels.shape[:3]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the pixels."""
        return self.volume[1:] if self.is_flat else self.volume

    def inside(self) -> NDArray[np.bool_] | None:
        """Return the mask on three axes.

        Raises
        ------
        ValueError
            If it has another shape, NaN, or no pixel.
        """
        if self.mask is None:
            return None
        values = np.asarray(self.mask)
        if values.dtype.kind == "f" and np.isnan(values).any():
            raise ValueError("'mask' has NaN, which is neither inside nor outside: give mask > 0")
        inside = np.ascontiguousarray(values, dtype=bool)
        if inside.shape != self.shape:
            raise ValueError(f"'mask' has shape {inside.shape}, but the pixels of 'image' have shape {self.shape}")
        if not inside.any():
            raise ValueError("'mask' has no True pixel")
        return inside.reshape(self.volume)


def slic_image(image: Image | ArrayLike, channel_axis: int | None, mask: ArrayLike | None) -> SlicImage:
    """Find the axes of an image, and whatever else an `Image` knows."""
    if isinstance(image, Image):
        mask, spacing = resolve_mask(image, mask), None
        if image.spacing is not None:
            spacing = [length / min(image.spacing) for length in image.spacing]
        channel_axis = image.ndim if image.has_channels else None
        pixels, has_channels = _with_axes(image.data, channel_axis, is_known=True)
        return SlicImage(pixels, has_channels, image.is_rgb, image.ndim == 2, mask, spacing)
    values = check_pixels(image)
    pixels, has_channels = _with_axes(values, channel_axis, is_known=channel_axis != -1)
    is_colour = has_channels and pixels.shape[3] == 3
    return SlicImage(pixels, has_channels, is_colour, values.ndim - has_channels < 3, mask, None)


def _with_axes(image: NDArray[Any], channel_axis: int | None, *, is_known: bool) -> tuple[NDArray[Any], bool]:
    """Bring the image to the shape (depth, height, width, channels); tell whether it has an axis of channels."""
    if not 2 <= image.ndim <= 4:
        raise ValueError(f"'image' has {image.ndim} dimensions, but must have 2 to 4: (D, H, W, C), D and C optional")
    if image.size == 0:
        raise ValueError(f"'image' of shape {image.shape} is empty")
    if image.ndim == 2:
        return image[np.newaxis, :, :, np.newaxis], False
    if channel_axis is None:
        return image if image.ndim == 4 else image[..., np.newaxis], False
    try:
        axis = operator.index(channel_axis)
    except TypeError:
        raise TypeError(f"'channel_axis' is {channel_axis!r}, but an integer or None is needed") from None
    if not -image.ndim <= axis < image.ndim:
        raise ValueError(f"'channel_axis' is {axis}, but 'image' has {image.ndim} dimensions")
    if not is_known and image.shape[-1] > _MOST_COLOURS and image.ndim == 3:
        _warn_of_guess(image.shape)
    if axis not in (-1, image.ndim - 1):
        image = np.moveaxis(image, axis, -1)
    return image if image.ndim == 4 else image[np.newaxis], True


def _warn_of_guess(shape: tuple[int, ...]) -> None:
    warnings.warn(
        f"'image' of shape {shape} is taken as an image of {shape[-1]} channels: to say so and silence this, give"
        f" channel_axis={len(shape) - 1}; for a volume, channel_axis=None",
        ShapeGuessWarning,
        stacklevel=5,
    )


def conversion_of(
    pixels: NDArray[Any], inside: NDArray[np.bool_] | None, to_lab: bool
) -> tuple[NDArray[Any], Any, bool]:
    """Find how values become the floats that are clustered, and store them as kernels read them.

    Returns
    -------
    pixels : ndarray of the same shape, uint8, uint16, float32 or float64
    conversion : ndarray or tuple
        What each integer stands for; for floats, the lowest value, the span, and whether to undo the curve of sRGB.
    to_lab : bool
        Whether what comes out is linear RGB, to be converted to Lab.
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
        return codes_of_pixels, _undo_srgb(table) if to_lab else table, to_lab
    values = pixels
    if inside is not None:  # 2 to 6 times as fast as pixels[inside]
        values = np.compress(inside.reshape(-1), pixels.reshape(-1, pixels.shape[-1]), axis=0)
    low, high = values.min(), values.max()
    if np.isnan(low):
        raise ValueError("'image' has NaN: replace them, or leave them out with mask=np.isfinite(image)")
    if np.isinf(low) or np.isinf(high):
        raise ValueError("'image' has infinite values: replace them, or leave them out with mask=np.isfinite(image)")
    span = high - low if high != low else 1
    pixels = np.ascontiguousarray(pixels)
    if to_lab and pixels.dtype == np.float32:
        return lab_of_srgb(pixels, low, np.float32(span)), (0.0, 1.0, False), False
    return pixels, (float(low), float(span), to_lab), to_lab


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
