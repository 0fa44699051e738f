"""PNG, JPEG and BMP by Pillow, and numpy's own .npy."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clast.image._image import Image
from clast.image._layout import arrange_axes, split_alpha

# Pillow's modes that are kept as they are; palettes, CMYK, YCbCr and the rest become red, green and blue.
_KEPT_MODES = ("L", "LA", "RGB", "RGBA", "I", "I;16", "I;16B", "I;16L", "F")


def read_raster(path: Path) -> Image:
    """Read a photo: uint8 colour or grey, uint16 grey, turned the way a viewer shows it (EXIF).

    Pixels with alpha 0 are outside the image's mask; other values of alpha are dropped. A resolution in dpi is meant
    for printers and gives no spacing.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Image
        Axes "YX".
    """
    from PIL import Image as PillowImage
    from PIL import ImageOps

    with PillowImage.open(path) as picture:
        upright = ImageOps.exif_transpose(picture)
        if upright.mode not in _KEPT_MODES:
            transparent = "transparency" in upright.info or upright.mode in ("PA", "La", "RGBa")
            upright = upright.convert("L" if upright.mode == "1" else "RGBA" if transparent else "RGB")
        data = np.array(upright)
    data = data.astype(data.dtype.newbyteorder("="), copy=False)
    if data.dtype == np.int32 and data.min() >= 0 and data.max() <= 0xFFFF:
        data = data.astype(np.uint16)  # older Pillow opens 16-bit PNG as 32-bit
    data, mask = split_alpha(data) if data.ndim == 3 and data.shape[-1] in (2, 4) else (data, None)
    return Image(data, axes="YX", mask=mask)


def write_png_labels(path: Path, labels: NDArray[Any], image: Image) -> None:
    """Write a 2-D label image as grey PNG of 8 or 16 bits.

    Parameters
    ----------
    path : Path
    labels : ndarray of uint8 or uint16, two axes
    image : Image
        The image it belongs to.
    """
    from PIL import Image as PillowImage

    upright = labels.transpose([image.axes.index(axis) for axis in "YX"])
    PillowImage.fromarray(np.ascontiguousarray(upright)).save(path, format="PNG", optimize=True)


def read_npy(path: Path, axes: str | None = None) -> Image:
    """Read an array; without `axes` its channels are guessed as for an array given to `segment`."""
    from clast.image._image import as_image

    with path.open("rb") as file:
        data = np.lib.format.read_array(file, allow_pickle=False)  # np.load takes any other file for a pickle
    if axes is None:
        return as_image(data)
    data, axes = arrange_axes(data, axes)
    return Image(data, axes)


def write_npy(path: Path, values: NDArray[Any], image: Image) -> None:
    """Write values on a grid as numpy array, with the axes of the image they belong to."""
    del image  # an array has no place for its grid
    with path.open("wb") as file:
        np.save(file, values)
