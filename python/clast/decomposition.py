"""Decompose images into blocks that are nearly constant: quadtrees, and octrees of volumes."""

import math
import operator
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast import _core
from clast._block_criteria import CRITERIA, block_entropies, evaluate_blocks
from clast._quadtree import QuadTree, kernel_samples
from clast.image import Image, as_image, resolve_mask
from clast.image._image import is_path

__all__ = ["QuadTree", "quadtree"]


def quadtree(
    image: Any,
    *,
    threshold: float | Sequence[float],
    criterion: str | Callable[[NDArray[Any]], ArrayLike] = "range",
    min_size: int = 1,
    max_size: int | None = None,
    mask: Any = None,
    channel_axis: int | None = None,
    scale_threshold: bool = False,
) -> QuadTree:
    """Split an image into square blocks, or a volume into cubes, until each is nearly constant.

    Parameters
    ----------
    image : array_like, Image or path
        Two or three spatial axes of any extent, and any number of channels.
    threshold : float or sequence of float
        A block whose criterion is greater splits into its four quadrants (eight octants). With several channels one
        for each, or one for all: a block splits when any channel does.
    criterion : {"range", "std", "variance", "entropy"} or callable, default="range"
        Largest minus least pixel; population standard deviation or variance; entropy in bits of the pixel values
        (floats: of 256 equal bins between the least and the largest pixel). A callable is given a batch of blocks, of
        shape (n_blocks, height, width) or (n_blocks, depth, height, width), with channels behind, and returns one
        number per block, or one per block and channel; where pixels do not count the batch is a masked array.
    min_size : int, default=1
        Side of the smallest blocks, a power of two.
    max_size : int, optional
        Side of the largest blocks, a power of two: larger ones split in any case. Default: no limit.
    mask : array_like of bool, path, Image or "nonzero", optional
        Pixels that count, as :func:`segment` takes it. Pixels that are not finite never do.
    channel_axis : int, optional
        Axis of an array that holds the channels. Default: none. Files and Images know theirs.
    scale_threshold : bool, default=False
        Multiply the threshold by the largest value of an integer image's dtype, as MATLAB's ``qtdecomp`` does.

    Returns
    -------
    QuadTree

    Raises
    ------
    TypeError
        If `min_size` or `max_size` is no int.
    ValueError
        If a size is no power of two, `max_size` less than `min_size`, a threshold negative or not a number, there is
        not one for all or one per channel, the criterion unknown, or what a callable returns not one number per block.
    clast.image.ImageError
        If the array cannot be an image, or no pixel counts.

    Warns
    -----
    UserWarning
        If an array without `channel_axis` looks like a colour image: it is then taken for a volume.

    Notes
    -----
    Blocks lie on the power-of-two grid anchored at the origin; the border of the image cuts blocks, and never shifts
    the grid. On square grey images whose side is a power of two the leaves of the range criterion are those of
    ``qtdecomp``.

    uint8, int16, uint16, float32 and float64 are read as they are; other dtypes are converted. Ranges are computed in
    the image's dtype. Variances of integers come from exact sums, those of float64 images from deviations that do not
    cancel. The result is the same for any number of threads.

    Cost: one read of the image, and for "entropy" and callables one per level, in numpy. Memory: for blocks of 2 x 2
    and larger than `min_size` one number each, kept so that :meth:`QuadTree.recut` need not read the image again.

    References
    ----------
    .. [1] R. A. Finkel and J. L. Bentley, "Quad trees: a data structure for retrieval on composite keys", Acta
       Informatica 4(1), 1974. :doi:`10.1007/BF00288933`
    .. [2] S. L. Horowitz and T. Pavlidis, "Picture segmentation by a tree traversal algorithm", Journal of the ACM
       23(2), 1976. :doi:`10.1145/321941.321956`

    Examples
    --------
    >>> import numpy as np
    >>> from clast import quadtree
    >>> image = np.array([[1, 1, 2, 2], [1, 1, 2, 9], [1, 1, 3, 3], [1, 1, 3, 3]], dtype=np.uint8)
    >>> tree = quadtree(image, threshold=1)
    >>> tree.labels
    array([[1, 1, 4, 5],
           [1, 1, 6, 7],
           [2, 2, 3, 3],
           [2, 2, 3, 3]], dtype=uint8)
    >>> tree.leaves[["y", "x", "size", "count", "mean_intensity"]].head(3)
       y  x  size  count  mean_intensity
    0  0  0     2      4             1.0
    1  2  0     2      4             1.0
    2  2  2     2      4             3.0
    >>> tree.recut(threshold=8).n_leaves
    1
    """
    is_array = not (isinstance(image, Image) or is_path(image))
    if is_array and channel_axis is None:
        _warn_of_colors(np.shape(image))
    source = as_image(image, channel_axis=channel_axis if is_array or channel_axis is not None else "auto")
    first, top = _level_range(min_size, max_size, source.shape)
    inside = None if mask is None and source.mask is None and first <= top else resolve_mask(source, mask)
    pyramid, inside = _build(source, criterion, first, top, inside, mask)
    n_values = pyramid[0].size // _n_blocks(source.shape, first) if pyramid else source.n_channels
    factor = np.iinfo(source.data.dtype).max if scale_threshold and source.data.dtype.kind in "iu" else 1
    return QuadTree(
        image=source,
        mask=inside,
        criterion=criterion,
        threshold=check_threshold(threshold, n_values) * factor,
        min_level=first - 1,
        max_level=max(top, first - 1),
        pyramid=tuple(pyramid),
    )


def check_threshold(threshold: float | Sequence[float], n_values: int) -> NDArray[np.float64]:
    """Return one threshold for each number that describes a block."""
    try:
        thresholds = np.asarray(threshold, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"'threshold' is {threshold!r}, but a number is needed, or one per channel") from None
    if thresholds.ndim > 1 or (thresholds.ndim == 1 and len(thresholds) != n_values):
        several = f", or {n_values}, one per channel" if n_values > 1 else ""
        raise ValueError(f"'threshold' is {threshold}, but one number is needed{several}")
    if not (thresholds >= 0).all():
        raise ValueError(f"'threshold' is {threshold}, but must be at least 0")
    return np.full(n_values, thresholds)


def _warn_of_colors(shape: tuple[int, ...]) -> None:
    if len(shape) == 3 and shape[-1] in (3, 4):
        warnings.warn(
            f"'image' of shape {shape} looks like a colour image, but is taken for a volume: pass channel_axis=-1",
            UserWarning,
            stacklevel=3,
        )


def _level_range(min_size: int, max_size: int | None, shape: tuple[int, ...]) -> tuple[int, int]:
    """Find the lowest and the highest level whose blocks may or may not split; there is none if the first is larger."""
    root = (max(shape) - 1).bit_length()
    base = min(_level(min_size, "min_size"), root)
    if max_size is None:
        return base + 1, root
    top = min(_level(max_size, "max_size"), root)
    if top < base:
        raise ValueError(f"'max_size' is {max_size}, but 'min_size' is {min_size}, which is larger")
    return base + 1, top


def _level(size: int, argument: str) -> int:
    size = operator.index(size)
    if size < 1 or size & (size - 1):
        near = 1 << max(0, round(math.log2(max(1, size))))
        raise ValueError(f"'{argument}' is {size}, but must be a power of two, such as {near}")
    return size.bit_length() - 1


def _n_blocks(shape: tuple[int, ...], level: int) -> int:
    return math.prod(-(-extent >> level) for extent in shape)


def _build(
    image: Image, criterion: Any, first: int, top: int, inside: NDArray[np.bool_] | None, mask: Any
) -> tuple[list[NDArray[Any]], NDArray[np.bool_] | None]:
    """Compute the criterion of all blocks that may split, and which pixels count."""
    if not callable(criterion) and criterion not in CRITERIA:
        names = ", ".join(f"'{name}'" for name in CRITERIA)
        raise ValueError(f"'criterion' is {criterion!r}, but {names} or a callable is needed")
    if first > top:
        return [], inside
    if callable(criterion) or criterion == "entropy":
        inside = resolve_mask(image, mask)
        levels = range(first, top + 1)
        if callable(criterion):
            return [evaluate_blocks(image, inside, criterion, level) for level in levels], inside
        return [block_entropies(image, inside, level) for level in levels], inside
    samples = kernel_samples(image)
    for _ in range(2):
        flat = None if inside is None else inside.reshape(-1)
        pyramid = _core.quadtree_pyramid(samples, list(image.shape), flat, criterion == "range", first, top)
        if pyramid is not None:
            return pyramid, inside
        # Only now is it worth asking each pixel whether it is finite.
        inside = resolve_mask(image, mask)
    raise AssertionError("a mask of finite pixels left some that are not")
