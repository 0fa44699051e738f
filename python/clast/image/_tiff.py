"""TIFF by tifffile: axes and pixel size as the file states them."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clast.image._errors import UnreadableImageError
from clast.image._image import Image
from clast.image._layout import arrange_axes, split_alpha
from clast.image._units import standard_length

# Resolutions that programs write when they know none; no microscope has a pixel of 1/72 inch.
_PLACEHOLDER_DPI = (1, 72, 96, 100, 150, 200, 300)
_ALPHA = (1, 2)  # values of the ExtraSamples tag
_UNITS_OF_TAG = {2: "inch", 3: "cm"}
_MAX_CLASSIC = 2**32 - 2**25  # bytes; ImageJ's own format ends there, before compression
_IMAGEJ = (np.uint8, np.uint16, np.float32)  # what its files can hold
_NO_UNIT = 1  # the unit is in the metadata, where ImageJ looks for it


@dataclass(frozen=True)
class TiffHeader:
    """Resolution tags to repeat in a file on the same grid when they hold no usable pixel size."""

    resolution: tuple[float, float]
    resolution_unit: int


def read_tiff(path: Path, axes: str | None = None) -> Image:
    """Read the first series of a TIFF file.

    Parameters
    ----------
    path : Path
    axes : str, optional
        Meaning of the axes, such as "CYX", for files that do not say it or say it wrongly.

    Returns
    -------
    Image
        Axes "YX" or "ZYX"; spacing from OME or ImageJ metadata or the resolution tags, None when these are placeholders
        such as 72 dpi.

    Raises
    ------
    ImageError
        When an axis is neither space nor channel.
    UnreadableImageError
        When the file holds no image.
    """
    import tifffile

    with tifffile.TiffFile(path) as tif:
        if not tif.series:
            raise UnreadableImageError(f"cannot read '{path}': it holds no image; was it copied completely?")
        series = tif.series[0]
        if len(tif.series) > 1:
            warnings.warn(f"'{path}' holds {len(tif.series)} series; the first is read", UserWarning, stacklevel=4)
        page: Any = series.keyframe
        data, own_axes = np.asarray(series.asarray()), series.axes
        data = data.astype(data.dtype.newbyteorder("="), copy=False)
        spacing, unit = _pixel_size(tif, page)
        names = _channel_names(tif)
        header = TiffHeader(tuple(page.resolution), int(page.resolutionunit))
    has_alpha = own_axes.endswith("S") and any(kind in _ALPHA for kind in page.extrasamples)
    data, axes = arrange_axes(data, axes or own_axes)
    data, mask = split_alpha(data) if has_alpha else (data, None)
    n_channels = data.shape[-1] if data.ndim > len(axes) else 0
    if "S" in own_axes and n_channels == 3:
        names = ("red", "green", "blue")
    elif len(names) != n_channels:
        names = tuple(f"channel_{index}" for index in range(n_channels))  # three planes need not be colours
    if spacing is not None:
        spacing = spacing[-len(axes) :] if len(spacing) >= len(axes) else None
    return Image(data, axes, names, spacing, unit if spacing else None, mask=mask, header=header)


def write_tiff(path: Path, values: NDArray[Any], image: Image) -> None:
    """Write values on a grid with the axes and pixel size of the image they belong to, compressed without loss.

    uint8, uint16 and float32 become ImageJ files (axes, unit and slice distance are in the place where Fiji, napari and
    tifffile look for them), other dtypes, values of 4 GB and more, and names that end in .ome.tif become OME-TIFF.

    Parameters
    ----------
    path : Path
    values : ndarray of the image's shape, or with one more axis
        One more axis becomes the channels.
    image : Image
    """
    import tifffile

    order = [image.axes.index(axis) for axis in "ZYX" if axis in image.axes]
    spacing = None if image.spacing is None else tuple(image.spacing[axis] for axis in order)
    axes = "ZYX"[-len(order) :]
    if values.ndim > image.ndim:
        # Both formats have every channel of a slice as a page of its own.
        order, axes = [*order[:-2], image.ndim, *order[-2:]], axes[:-2] + "CYX"
    values = np.ascontiguousarray(values.transpose(order))
    is_big = values.nbytes > _MAX_CLASSIC
    is_ome = is_big or values.dtype not in _IMAGEJ or path.name.lower().endswith((".ome.tif", ".ome.tiff"))
    metadata: dict[str, Any] = {"axes": axes}
    resolution: tuple[float, float] | None = None
    resolution_unit: int | None = None
    if spacing is not None:
        metadata |= _ome_size(spacing, image.unit) if is_ome else _imagej_size(spacing, image.unit)
        resolution, resolution_unit = (1 / spacing[-1], 1 / spacing[-2]), _NO_UNIT
    elif isinstance(image.header, TiffHeader):
        resolution, resolution_unit = image.header.resolution, image.header.resolution_unit
    tifffile.imwrite(
        path,
        values,
        imagej=not is_ome,
        ome=is_ome,
        bigtiff=is_big,
        photometric="minisblack",
        compression="zlib",
        metadata=metadata,
        resolution=resolution,
        resolutionunit=resolution_unit,
    )


def _pixel_size(tif: Any, page: Any) -> tuple[tuple[float, ...] | None, str | None]:
    """Distances along Z (if known), Y, X."""
    if tif.is_ome:
        return _ome_pixel_size(tif.ome_metadata)
    across, down = (float(value) for value in page.resolution)
    if not (across > 0 and down > 0):
        return None, None
    sides = (1 / down, 1 / across)
    if tif.is_imagej:
        unit = tif.imagej_metadata.get("unit")
        if unit:
            return standard_length((float(tif.imagej_metadata.get("spacing", 1)), *sides), str(unit))
    tag_unit: str | None = _UNITS_OF_TAG.get(int(page.resolutionunit))
    dpi = across * (2.54 if tag_unit == "cm" else 1)
    if tag_unit is None or any(abs(dpi - placeholder) < 0.5 for placeholder in _PLACEHOLDER_DPI):
        return None, None
    return standard_length(sides, tag_unit)


def _ome_pixels(xml: str) -> dict[str, Any]:
    import tifffile

    image = tifffile.xml2dict(xml)["OME"]["Image"]
    pixels = (image[0] if isinstance(image, list) else image)["Pixels"]
    return dict(pixels)


def _ome_pixel_size(xml: str) -> tuple[tuple[float, ...] | None, str | None]:
    pixels = _ome_pixels(xml)
    axes = [axis for axis in "ZYX" if f"PhysicalSize{axis}" in pixels]
    if axes[-2:] != ["Y", "X"]:
        return None, None
    sizes = [
        standard_length([float(pixels[f"PhysicalSize{axis}"])], pixels.get(f"PhysicalSize{axis}Unit", "um"))
        for axis in axes
    ]
    if len({unit for _, unit in sizes}) != 1 or sizes[0][0] is None:
        return None, None
    return tuple(size[0] for size, _ in sizes if size is not None), sizes[0][1]


def _channel_names(tif: Any) -> tuple[str, ...]:
    """Names of channels or slices, if the file gives any; the caller keeps them when there is one per channel."""
    if tif.is_ome:
        channels = _ome_pixels(tif.ome_metadata).get("Channel", [])
        channels = channels if isinstance(channels, list) else [channels]
        names = tuple(str(channel.get("Name", "")) for channel in channels)
    elif tif.is_imagej:
        labels = tif.imagej_metadata.get("Labels") or ()
        names = tuple(str(label) for label in labels)
    else:
        names = ()
    return names if all(names) and len(set(names)) == len(names) else ()


def _ome_size(spacing: tuple[float, ...], unit: str | None) -> dict[str, Any]:
    size: dict[str, Any] = {}
    if unit is None:
        return size  # OME would take the numbers for micrometres
    for axis, distance in zip("ZYX"[-len(spacing) :], spacing, strict=True):
        size[f"PhysicalSize{axis}"] = distance
        size[f"PhysicalSize{axis}Unit"] = "mm" if unit == "mm" else "\u00b5m"
    return size


def _imagej_size(spacing: tuple[float, ...], unit: str | None) -> dict[str, Any]:
    size: dict[str, Any] = {"unit": unit or "pixel"}
    if len(spacing) == 3:
        size["spacing"] = spacing[0]
    return size
