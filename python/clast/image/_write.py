"""Label images and maps to files, checked first and written atomically."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clast.image._errors import GridMismatchError, OutputError
from clast.image._files import check_output, replace_atomically, suffix_of
from clast.image._image import Image

_Writer = Callable[[Path, NDArray[Any], Image], None]

LABEL_SUFFIXES = (".nii.gz", ".nii", ".tif", ".tiff", ".png", ".npy")
MAP_SUFFIXES = (".nii.gz", ".nii", ".tif", ".tiff", ".npy")

# A pixel of a grey PNG has at most 16 bits.
_MAX_PNG = (1 << 16) - 1


def save_labels(path: str | os.PathLike[str], labels: NDArray[Any], image: Image, *, force: bool = False) -> Path:
    """Write a label image on the grid of the image it belongs to.

    Parameters
    ----------
    path : path
        The suffix decides the format: .nii, .nii.gz, .tif, .tiff (.ome.tif), .png for two axes, .npy.
    labels : ndarray of uint8, uint16 or int32
    image : Image
        Gives affine, header and pixel size.
    force : bool, default=False
        Replace an existing file.

    Returns
    -------
    Path
        The file, complete: it appears under its name only after it has been written.

    Raises
    ------
    OutputError
        When the folder is missing, the file exists, or the format cannot hold the labels.
    """
    path = Path(path)
    check_label_output(path, image.ndim, _MAX_PNG + 1 if labels.dtype == np.int32 else 0, force=force)
    with replace_atomically(path, force=force) as temporary:
        write_labels(temporary, labels, image)
    return path


def write_labels(path: Path, labels: NDArray[Any], image: Image) -> None:
    """Write a label image in the format of the suffix, over whatever is there; `save_labels` is the careful way."""
    _writer(path)(path, labels, image)


def check_label_output(path: Path, ndim: int, n_labels: int = 0, *, force: bool) -> None:
    """Raise now what `save_labels` would raise later, for those who have a long fit in between."""
    check_output(path, LABEL_SUFFIXES, force=force)
    if suffix_of(path) == ".png" and ndim != 2:
        raise OutputError(f"cannot write '{path}': PNG holds two axes, but the labels have {ndim}; use .nii.gz or .tif")
    if suffix_of(path) == ".png" and n_labels > _MAX_PNG:
        raise OutputError(f"cannot write '{path}': PNG holds at most {_MAX_PNG} labels; use .tif or .nii.gz")


def save_map(path: str | os.PathLike[str], values: NDArray[Any], image: Image, *, force: bool = False) -> Path:
    """Write numbers on the grid of the image they belong to, such as posteriors or their entropy.

    Parameters
    ----------
    path : path
        The suffix decides the format: .nii, .nii.gz, .tif, .tiff (.ome.tif), .npy.
    values : ndarray of the image's shape, or with one more axis, the last
        One more axis becomes the fourth of NIfTI and the channels of TIFF, which `read_image` reads as channels.
    image : Image
        Gives affine, header and pixel size.
    force : bool, default=False
        Replace an existing file.

    Returns
    -------
    Path
        The file, complete: it appears under its name only after it has been written.

    Raises
    ------
    GridMismatchError
        When the values do not have the image's shape.
    OutputError
        When the folder is missing, the file exists, or the format is none of these.
    """
    path = Path(path)
    if values.shape[: image.ndim] != image.shape or values.ndim - image.ndim not in (0, 1):
        raise GridMismatchError(f"'values' has shape {values.shape}, but the image has shape {image.shape}")
    check_output(path, MAP_SUFFIXES, force=force)
    with replace_atomically(path, force=force) as temporary:
        write_map(temporary, values, image)
    return path


def write_map(path: Path, values: NDArray[Any], image: Image) -> None:
    """Write numbers in the format of the suffix, over whatever is there; `save_map` is the careful way."""
    _writer(path)(path, values, image)


def _writer(path: Path) -> _Writer:
    suffix = suffix_of(path)
    if suffix in (".nii", ".nii.gz"):
        from clast.image._nifti import write_nifti

        return write_nifti
    if suffix in (".tif", ".tiff"):
        from clast.image._tiff import write_tiff

        return write_tiff
    from clast.image._raster import write_npy, write_png_labels

    return write_png_labels if suffix == ".png" else write_npy
