"""Reading images and label images with everything a file says about its grid.

An `Image` keeps the file's own dtype, puts the spatial axes first and the channels last, and carries spacing, affine
and header along, so that labels computed from it can be written back onto the same grid.
"""

from clast.image._errors import (
    GridMismatchError,
    ImageError,
    MaskValuesWarning,
    OutputError,
    ShapeGuessWarning,
    UnreadableImageError,
)
from clast.image._image import Image, as_image
from clast.image._mask import resolve_mask
from clast.image._read import read_image
from clast.image._write import save_labels, save_map

__all__ = [
    "GridMismatchError",
    "Image",
    "ImageError",
    "MaskValuesWarning",
    "OutputError",
    "ShapeGuessWarning",
    "UnreadableImageError",
    "as_image",
    "read_image",
    "resolve_mask",
    "save_labels",
    "save_map",
]
