"""Which pixels take part: arrays, files, a rule, and never those that are not finite."""

import os
import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast.image._errors import GridMismatchError, ImageError, MaskValuesWarning
from clast.image._grid import check_same_grid
from clast.image._image import Image, is_path

NONZERO = "nonzero"

# A label image of regions has a handful of values, a picture with soft edges all of them.
_MAX_MASK_VALUES = 64


def resolve_mask(image: Image, mask: Image | ArrayLike | str | os.PathLike[str] | None) -> NDArray[np.bool_] | None:
    """Find the pixels that take part.

    Parameters
    ----------
    image : Image
    mask : array_like of the image's shape, Image, path, "nonzero" or None
        True or nonzero where a pixel takes part. A file is read and must lie on the image's grid. "nonzero" takes the
        pixels that are positive in every channel. None takes all.

    Returns
    -------
    ndarray of bool of the image's shape, or None
        None when every pixel takes part. Pixels that are NaN or infinite in any channel, and pixels that the file
        itself marks as empty, never do.

    Raises
    ------
    GridMismatchError
        When the mask has another shape or lies elsewhere.
    ImageError
        When no pixel is left.
    """
    parts = [part for part in (_given_mask(image, mask), image.mask, _finite(image)) if part is not None]
    if not parts:
        return None
    inside = parts[0] if len(parts) == 1 else np.logical_and.reduce(parts)
    if inside.all():
        return None
    if not inside.any():
        raise ImageError(_why_empty(mask))
    return inside


def _given_mask(image: Image, mask: Image | ArrayLike | str | os.PathLike[str] | None) -> NDArray[np.bool_] | None:
    if mask is None:
        return None
    if isinstance(mask, str) and mask == NONZERO:
        positive = image.data > 0
        return np.asarray(positive.all(axis=-1) if image.has_channels else positive)
    if is_path(mask):
        mask = _read_mask(mask, image)  # type: ignore[arg-type]
    if isinstance(mask, Image):
        nonzero = _nonzero(mask.data)
        mask = nonzero.any(axis=-1) if mask.has_channels else nonzero
    values = np.asarray(mask)
    if values.shape != image.shape:
        raise GridMismatchError(f"the mask has shape {values.shape}, but the image has shape {image.shape}")
    if values.dtype.kind not in "buif":
        raise ImageError(f"the mask has dtype {values.dtype}, but booleans or numbers are needed")
    return _nonzero(values)


def _read_mask(path: str | os.PathLike[str], image: Image) -> Image:
    from clast.image._read import read_file

    mask = read_file(path)
    check_same_grid(mask, image, f"the mask '{os.fspath(path)}'", "the image")
    if mask.data.dtype == np.uint8 and image.ndim == 2:
        n_values = np.count_nonzero(np.bincount(mask.data.reshape(-1)))
        if n_values > _MAX_MASK_VALUES:
            warnings.warn(
                f"the mask '{os.fspath(path)}' has {n_values} different values, as photos have; every one but 0 counts"
                " as inside; threshold it first if that is not meant",
                MaskValuesWarning,
                stacklevel=5,
            )
    return mask


def _nonzero(values: NDArray[Any]) -> NDArray[np.bool_]:
    nonzero: NDArray[np.bool_] = values != 0
    if values.dtype.kind == "f":
        nonzero &= ~np.isnan(values)
    return nonzero


def _finite(image: Image) -> NDArray[np.bool_] | None:
    if image.data.dtype.kind != "f":
        return None
    finite = np.isfinite(image.data)
    return np.asarray(finite.all(axis=-1) if image.has_channels else finite)


def _why_empty(mask: Any) -> str:
    if mask is None:
        return "no pixel of the image is finite"
    if isinstance(mask, str) and mask == NONZERO:
        return "the mask is empty: no pixel is positive in every channel"
    return "the mask is empty: no finite pixel of the image lies inside it"
