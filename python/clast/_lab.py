"""CIE Lab of float32 images by numpy's own functions.

In float32 the last bit of a power or a cube root, which depends on numpy's version and on the machine, decides the
label of one pixel in a thousand. Only the functions that scikit-image calls have the same last bits everywhere.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from clast._threads import get_num_threads

# From linear sRGB to XYZ for an observer of 2 degrees, and the white of D65, as scikit-image has them.
_XYZ = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]], dtype=np.float32
)
_WHITE = np.array([0.95047, 1.0, 1.08883], dtype=np.float32)

# Pixels of a block: what is computed of them stays in the second-level cache.
_BLOCK = 1 << 14


def lab_of_srgb(pixels: NDArray[np.float32], low: np.float32, span: np.float32) -> NDArray[np.float32]:
    """Convert sRGB to CIE Lab, with the operations of :func:`skimage.color.rgb2lab` in their order.

    Parameters
    ----------
    pixels : ndarray of float32, shape (depth, height, width, 3)
    low, span : float32
        Values from ``low`` to ``low + span`` become those from 0 to 1.

    Returns
    -------
    ndarray of float32, of the same shape
        NaN where a channel is NaN.
    """
    rows = pixels.reshape(-1, *pixels.shape[2:])
    lab = np.empty(rows.shape, dtype=np.float32)
    n_rows = max(1, _BLOCK // rows.shape[1])

    def convert(first: int) -> None:
        with np.errstate(invalid="ignore", over="ignore"):  # of pixels outside a mask
            _convert((rows[first : first + n_rows] - low) / span, lab[first : first + n_rows])

    with ThreadPoolExecutor(get_num_threads()) as pool:
        list(pool.map(convert, range(0, len(rows), n_rows)))
    return lab.reshape(pixels.shape)


def _convert(rgb: NDArray[np.float32], lab_out: NDArray[np.float32]) -> None:
    linear = np.where(rgb > 0.04045, np.power((rgb + 0.055) / 1.055, 2.4), rgb / 12.92)
    # Row by row, as scikit-image does it: matrices of another size may be multiplied in another order.
    scaled = (linear @ _XYZ.T) / _WHITE
    f = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16.0 / 116.0)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    lab_out[..., 0] = 116.0 * y - 16.0
    lab_out[..., 1] = 500.0 * (x - y)
    lab_out[..., 2] = 200.0 * (y - z)
