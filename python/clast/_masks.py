"""What every function asks of a mask; without scikit-learn, so that thresholds and statistics load fast."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def check_mask(mask: ArrayLike, shape: tuple[int, ...], name: str) -> NDArray[np.bool_]:
    """Return a mask of bool that lies on the array called `name`, of this shape.

    Raises
    ------
    TypeError
        If it is not of bool, or has masked values.
    ValueError
        If its shape is another one.
    """
    if np.ma.is_masked(mask):
        raise TypeError("'mask' has masked values, which are neither inside nor outside: give mask.filled(False)")
    inside = np.asarray(mask)
    if inside.dtype != np.bool_:
        raise TypeError(f"'mask' has dtype {inside.dtype}, but bool is needed, such as mask > 0")
    if inside.shape != shape:
        raise ValueError(f"'mask' has shape {inside.shape}, but '{name}' has shape {shape}")
    return inside
