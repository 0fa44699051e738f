"""NIfTI by nibabel: values as stored, grid as stated, labels and maps on the same grid."""

from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from clast.image._errors import UnreadableImageError
from clast.image._image import Image
from clast.image._units import standard_length


def read_nifti(path: Path) -> Image:
    """Read a NIfTI file without the detour over float64.

    Integers stay integers and float32 stays float32 unless the header scales them; scaled values become float32 when
    they are stored in 16 bits or fewer or as float32, float64 otherwise. Axes after the third become channels.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Image
        Axes "XYZ" (or "XY"), C-contiguous, spacing in mm or um. A header without a unit is read as mm.
    """
    import nibabel as nib

    source = nib.load(path)
    if not isinstance(source, nib.Nifti1Pair):
        raise UnreadableImageError(f"cannot read '{path}': it holds {type(source).__name__}, not NIfTI")
    header: Any = source.header
    data = _channels_last(_stored_values(source.dataobj))
    if data.ndim < 2:
        raise UnreadableImageError(f"cannot read '{path}': shape {data.shape} is no image")
    ndim = min(data.ndim, 3)
    unit = header.get_xyzt_units()[0]
    spacing, unit = standard_length(header.get_zooms()[:ndim], "mm" if unit == "unknown" else unit)
    return Image(
        np.ascontiguousarray(data),
        axes="XYZ"[:ndim],
        spacing=spacing,
        unit=unit,
        affine=np.asarray(source.affine, dtype=np.float64),
        header=header,
    )


def write_nifti(path: Path, values: NDArray[Any], image: Image) -> None:
    """Write values on a grid with the affine, zooms, codes and units of the image they belong to.

    The file stores the values themselves: scl_slope 1, scl_inter 0, no display window, no intent.

    Parameters
    ----------
    path : Path
        Ends in .nii or .nii.gz.
    values : ndarray of the image's shape, or with one more axis
        Of a dtype that NIfTI knows, such as uint8, uint16, int32 or float32. One more axis becomes the fourth.
    image : Image
        Of any format; without an affine one is made from the spacing.
    """
    import nibabel as nib

    from clast import __version__

    order = [image.axes.index(axis) for axis in "XYZ" if axis in image.axes]
    has_components = values.ndim > image.ndim
    values = values.transpose([*order, image.ndim] if has_components else order)
    if has_components and image.ndim == 2:
        values = values[:, :, np.newaxis]  # the third axis is always space
    header: Any = None
    image_class: Any
    if isinstance(image.header, nib.Nifti1Header):
        header = cast(Any, image.header).copy()
        header.extensions.clear()  # they describe the source's values, not these
        image_class = nib.Nifti2Image if isinstance(header, nib.Nifti2Header) else nib.Nifti1Image
        affine = image.affine
    else:
        image_class = nib.Nifti1Image
        affine = _affine_from_spacing(image, order) if image.affine is None else image.affine
    target: Any = image_class(values, affine, header, dtype=values.dtype)
    if header is None and image.spacing is not None:
        target.header.set_xyzt_units("micron" if image.unit == "um" else "mm")
    for field, value in {"cal_min": 0, "cal_max": 0, "aux_file": b"", "descrip": f"clast {__version__}"}.items():
        target.header[field] = value
    target.header.set_intent("none")
    nib.save(target, path)


def _stored_values(dataobj: Any) -> NDArray[Any]:
    """Values as they are on disk, scaled only if the header asks for it."""
    values = np.asarray(dataobj.get_unscaled())
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    slope, inter = dataobj.slope, dataobj.inter
    if (slope, inter) == (1, 0) or values.dtype.kind not in "buif":
        return values
    narrow = values.dtype == np.float32 or (values.dtype.kind in "iu" and values.dtype.itemsize <= 2)
    # In place: one array of the final dtype, no float64 detour.
    scaled: NDArray[Any] = values.astype(np.float32 if narrow else np.float64)
    scaled *= slope
    scaled += inter
    return scaled


def _channels_last(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.names:  # RGB24 and RGBA32 are stored as records
        fields = [values[name] for name in values.dtype.names]
        return np.stack(fields, axis=-1)
    if values.ndim <= 3:
        return values
    n_channels = int(np.prod(values.shape[3:]))
    return values.reshape(*values.shape[:3], n_channels) if n_channels > 1 else values.reshape(values.shape[:3])


def _affine_from_spacing(image: Image, order: list[int]) -> NDArray[np.float64]:
    sides = [1.0 if image.spacing is None else image.spacing[axis] for axis in order]
    return np.diag([*sides, *[1.0] * (4 - len(sides))])
