"""Any image file to an `Image`; several files to one image with a channel each."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from clast.image._errors import GridMismatchError, ImageError, UnreadableImageError
from clast.image._files import suffix_of
from clast.image._grid import check_same_grid
from clast.image._image import Image, is_path

_NIFTI = (".nii.gz", ".nii", ".hdr", ".img")
_TIFF = (".tif", ".tiff")
_RASTER = (".png", ".jpg", ".jpeg", ".bmp")
_NPY = (".npy",)
READABLE_SUFFIXES = _NIFTI + _TIFF + _RASTER + _NPY
_READABLE = "NIfTI (.nii, .nii.gz), TIFF (.tif, .tiff), .png, .jpg, .bmp and .npy"


def read_image(
    *paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    axes: str | None = None,
    channel_names: Sequence[str] | None = None,
) -> Image:
    """Read an image file, or several files on one grid as the channels of one image.

    NIfTI is read by nibabel, TIFF by tifffile, PNG, JPEG and BMP by Pillow, .npy by numpy. Values keep the dtype of the
    file (int16 stays int16), axes and pixel size are those the file states.

    Parameters
    ----------
    *paths : path or sequence of paths
        Each file contributes its channels, in the order given.
    axes : str, optional
        Meaning of the axes of TIFF and .npy files that do not say it or say it wrongly: "CYX" for channels first, "ZYX"
        for a volume.
    channel_names : sequence of str, optional
        Names to use instead of those in the file, or the names of the files.

    Returns
    -------
    Image
        Memory: one copy of the values; stacking needs a second while it runs.

    Raises
    ------
    UnreadableImageError
        When a file is missing, damaged or of an unknown kind.
    GridMismatchError
        When files differ in shape, or corners of their grids lie more than 1 % of a voxel apart.
    ImageError
        When an axis is neither space nor channel.

    Examples
    --------
    >>> import clast
    >>> image = clast.read_image("t1.nii.gz", "flair.nii.gz")  # doctest: +SKIP
    >>> image  # doctest: +SKIP
    Image(XYZ 256 x 256 x 32, float32, channels: t1, flair, spacing 1.094 x 1.094 x 5 mm)
    """
    files = list(_flatten(paths))
    if not files:
        raise ImageError("no files were given to read")
    image = stack_images([read_file(file, axes) for file in files], files)
    return image if channel_names is None else replace(image, channel_names=tuple(channel_names))


def read_file(path: str | os.PathLike[str], axes: str | None = None) -> Image:
    """Read one file; see `read_image`."""
    path = Path(path)
    if not path.is_file():
        problem = "it is a folder" if path.is_dir() else "there is no such file"
        raise UnreadableImageError(f"cannot read '{path}': {problem}")
    try:
        image = _read_by_suffix(path, axes)
    except (UnreadableImageError, Warning):
        raise
    except ImageError as error:
        raise ImageError(f"cannot use '{path}': {error}") from error
    except MemoryError as error:
        raise UnreadableImageError(f"cannot read '{path}': it does not fit into memory") from error
    except Exception as error:
        # Damaged files make parsers stumble in any way they like, and each library has errors of its own.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableImageError(f"cannot read '{path}': {reason}") from error
    if image.n_channels == 1:
        image = replace(image, channel_names=(_stem(path),))
    return image


def stack_images(images: Sequence[Image], paths: Sequence[str | os.PathLike[str]]) -> Image:
    """Put the channels of several images on one grid into one image of the narrowest dtype that holds them all.

    Parameters
    ----------
    images : sequence of Image
    paths : sequence of path
        Where each came from, for names and messages.

    Returns
    -------
    Image
        With grid and header of the first. Each channel is a contiguous plane.
    """
    first = images[0]
    if len(images) == 1:
        return first
    for image, path in zip(images[1:], paths[1:], strict=True):
        check_same_grid(first, image, f"'{os.fspath(paths[0])}'", f"'{os.fspath(path)}'")
        if image.axes != first.axes:
            raise GridMismatchError(f"'{paths[0]}' has axes '{first.axes}', but '{path}' has axes '{image.axes}'")
    n_channels = sum(image.n_channels for image in images)
    planes = np.empty((n_channels, *first.shape), dtype=np.result_type(*(image.data for image in images)))
    channels = (image.channel(index) for image in images for index in range(image.n_channels))
    for plane, channel in zip(planes, channels, strict=True):
        plane[...] = channel
    masks = [image.mask for image in images if image.mask is not None]
    return replace(
        first,
        data=np.moveaxis(planes, 0, -1),
        channel_names=_unique(_stacked_names(images, paths)),
        mask=np.logical_and.reduce(masks) if masks else None,
    )


def _read_by_suffix(path: Path, axes: str | None) -> Image:
    # Each format's library is loaded only when a file needs it.
    suffix = suffix_of(path)
    if suffix in _TIFF:
        from clast.image._tiff import read_tiff

        return read_tiff(path, axes)
    if suffix in _NPY:
        from clast.image._raster import read_npy

        return read_npy(path, axes)
    if axes is not None and suffix in _NIFTI + _RASTER:
        raise ImageError("its axes are fixed by its format; 'axes' is for TIFF and .npy")
    if suffix in _NIFTI:
        from clast.image._nifti import read_nifti

        return read_nifti(path)
    if suffix in _RASTER:
        from clast.image._raster import read_raster

        return read_raster(path)
    raise UnreadableImageError(f"cannot read '{path}': unknown suffix '{suffix}'; clast reads {_READABLE}")


def _flatten(
    paths: Iterable[str | os.PathLike[str] | Sequence[str | os.PathLike[str]]],
) -> Iterable[str | os.PathLike[str]]:
    for item in paths:
        if is_path(item):
            yield item  # type: ignore[misc]
        else:
            yield from item  # type: ignore[misc]


def _stem(path: str | os.PathLike[str]) -> str:
    name = Path(path).name
    return name[: -len(suffix_of(Path(path))) or None]


def _stacked_names(images: Sequence[Image], paths: Sequence[str | os.PathLike[str]]) -> list[str]:
    names: list[str] = []
    for image, path in zip(images, paths, strict=True):
        single = image.n_channels == 1
        names += [_stem(path)] if single else [f"{_stem(path)}_{name}" for name in image.channel_names]
    return names


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Give names that repeat (files of one name in different folders) a number: t1, t1_2."""
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return tuple(unique)
