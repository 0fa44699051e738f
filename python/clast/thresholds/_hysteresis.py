"""Classes of grey values that grow from their cores as far as they are connected."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast._lookup import look_up
from clast._masks import check_mask
from clast.thresholds._pixels import rounded_down


def hysteresis(
    image: ArrayLike,
    levels: Sequence[float],
    *,
    mask: ArrayLike | None = None,
    min_size: int = 1,
    connectivity: int = 1,
) -> NDArray[Any]:
    """Find bright objects by a strict threshold, and their extent by a lenient one.

    Class 1 are the pixels above the first level that are connected, through pixels above the first level, to one above
    the second level. Class 2 are those of them that are above the second level and connected in the same way to one
    above the third level, and so on: each class lies inside the ones before. Two levels are those of
    :func:`skimage.filters.apply_hysteresis_threshold`.

    Parameters
    ----------
    image : array_like of any shape
        Grey values. NaN is never above a level.
    levels : sequence of float
        At least two levels, ascending. For dark objects, negate image and levels; of unsigned integers, subtract both
        from the largest value instead.
    mask : array_like of bool, of the image's shape, optional
        True where a pixel counts; nothing is connected through the others.
    min_size : int, default=1
        Pieces of a class, those of the higher classes inside included, with fewer pixels go to the class below.
    connectivity : int, default=1
        Largest number of axes along which neighbours may differ: 1 for 4 neighbours in 2-D and 6 in 3-D, as
        scikit-image has them; the number of axes for 8 and 26.

    Returns
    -------
    ndarray of uint8 (uint16 for more than 255 classes), of the shape of the image
        0 is background, 1 to ``len(levels) - 1`` the classes.

    Raises
    ------
    TypeError
        If image or levels are not of real numbers, the mask not of bool, or `min_size` or `connectivity` no int.
    ValueError
        If there are fewer than two levels, they do not ascend or are NaN, `min_size` is negative, `connectivity` is not
        from 1 to the number of axes, or the mask has another shape.

    Notes
    -----
    Levels are compared with grey values exactly, also those that float32 or an integer cannot hold. Cost: one labelling
    of connected components (:func:`scipy.ndimage.label`) and a few passes over the image for each class. Memory: about
    8 bytes per pixel, 16 with a `min_size`.

    References
    ----------
    .. [1] J. Canny, "A computational approach to edge detection", IEEE Transactions on Pattern Analysis and Machine
       Intelligence 8, 1986. :doi:`10.1109/TPAMI.1986.4767851`

    Examples
    --------
    >>> import numpy as np
    >>> from clast import hysteresis
    >>> image = np.array([[0, 5, 7, 0, 5, 5, 0, 5, 9, 7]])
    >>> hysteresis(image, [4, 6])
    array([[0, 1, 1, 0, 0, 0, 0, 1, 1, 1]], dtype=uint8)
    >>> hysteresis(image, [4, 6, 8])
    array([[0, 1, 1, 0, 0, 0, 0, 1, 2, 2]], dtype=uint8)
    >>> hysteresis(image, [4, 6], min_size=3)
    array([[0, 0, 0, 0, 0, 0, 0, 1, 1, 1]], dtype=uint8)
    """
    from scipy.ndimage import generate_binary_structure

    image = np.asarray(image)
    bounds = _check_levels(levels, image.dtype)
    inside = None if mask is None else check_mask(mask, image.shape, "image")
    for name, value in (("min_size", min_size), ("connectivity", connectivity)):
        if not isinstance(value, int | np.integer):
            raise TypeError(f"'{name}' is {value!r}, but must be an integer")
    if min_size < 0:
        raise ValueError(f"'min_size' is {min_size}, but must not be negative")
    if not 1 <= connectivity <= max(1, image.ndim):
        raise ValueError(f"'connectivity' is {connectivity}, but must be from 1 to {image.ndim}, the number of axes")
    structure = generate_binary_structure(image.ndim, connectivity)
    classes = np.zeros(image.shape, dtype=np.min_scalar_type(len(bounds) - 1))
    above = _above(image, bounds[0], inside)
    for core_bound in bounds[1:]:
        core = _above(image, core_bound, inside)
        classes += _pieces_with(core, above, structure, min_size)
        above = core
    return classes


def _check_levels(levels: Sequence[float], dtype: np.dtype[Any]) -> list[Any]:
    """Return for each level the largest number of the image's dtype that is not above it."""
    if dtype.kind not in "buif":
        raise TypeError(f"'image' has dtype {dtype}, but real numbers are needed")
    try:
        numbers = [float(level) for level in levels]
    except (TypeError, ValueError):
        raise TypeError(f"'levels' is {levels!r}, but numbers are needed, such as [100, 150]") from None
    if len(numbers) < 2:
        raise ValueError(f"'levels' has {len(numbers)} entries, but at least two are needed, the lenient one first")
    # The negation refuses NaN too.
    if not all(low <= high for low, high in itertools.pairwise(numbers)):
        raise ValueError(f"'levels' is {numbers}, but levels must ascend and not be NaN")
    return [rounded_down(number, dtype) for number in numbers]


def _above(image: NDArray[Any], bound: Any, inside: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    above: NDArray[np.bool_] = image > bound
    return above if inside is None else np.logical_and(above, inside, out=above)


def _pieces_with(
    core: NDArray[np.bool_], above: NDArray[np.bool_], structure: NDArray[np.bool_], min_size: int
) -> NDArray[np.bool_]:
    """Keep the connected pieces that are large enough and hold a pixel of the core."""
    from scipy.ndimage import label

    pieces, n_pieces = label(above, structure)
    keep = np.zeros(n_pieces + 1, dtype=np.bool_)
    keep[pieces[core]] = True
    keep[0] = False
    if min_size > 1:
        keep &= np.bincount(pieces.reshape(-1), minlength=n_pieces + 1) >= min_size
    return look_up(keep, pieces)
