"""The values of pixels that users pass; without scikit-learn, so that superpixels load fast."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast.image._image import Image


def check_pixels(image: Image | ArrayLike) -> NDArray[Any]:
    """Return the values of an image as an array of real numbers.

    Parameters
    ----------
    image : Image or array_like

    Returns
    -------
    ndarray
        Shares memory with what was given.

    Raises
    ------
    TypeError
        If these are no real numbers, or some of them are masked.
    """
    values = image.data if isinstance(image, Image) else np.asarray(image)
    if np.ma.is_masked(image):
        raise TypeError("'image' has masked values: give image.data, and mask=~numpy.ma.getmaskarray(image)")
    if values.dtype.kind not in "buif":
        raise TypeError(f"'image' has dtype {values.dtype}, but real numbers are needed")
    return values
