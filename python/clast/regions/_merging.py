"""Neighbouring regions become one, those that are most alike first."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast import _core
from clast._numbers import check_integer, check_number
from clast.image import Image
from clast.regions._statistics import measure
from clast.regions._validation import Regions


class MergeResult(NamedTuple):
    """Merged regions, and how it came.

    Attributes
    ----------
    labels : ndarray of int64, of the shape of the labels given
        1 to n_regions by the lowest label in each region; 0 background.
    tree : ndarray of shape (n_merges, 4), float64
        Each merge in order: the two regions, their distance, the number of pixels of the new region. Regions given are
        numbered from 0 by ascending label, new ones from there on, as in :func:`scipy.cluster.hierarchy.linkage`.
    n_regions : int
    """

    labels: NDArray[np.int64]
    tree: NDArray[np.float64]
    n_regions: int


def merge_regions(
    labels: ArrayLike,
    image: Image | ArrayLike,
    *,
    n_regions: int | None = None,
    threshold: float | None = None,
    min_size: float | None = None,
    mask: ArrayLike | None = None,
    background: int | None = 0,
) -> MergeResult:
    """Merge neighbouring regions, those whose means are nearest first.

    Regions below `min_size` are merged first, the smallest first, each with the neighbour that is most like it. Then
    neighbours are merged until there are `n_regions`, or all are farther from each other than `threshold`.

    Parameters
    ----------
    labels, image, mask, background
        As for `region_statistics`.
    n_regions : int, optional
        Merge until so many are left.
    threshold : float, optional
        Euclidean distance of means up to which regions are merged.
    min_size : float, optional
        Number of pixels that every region with a neighbour shall have.

    Returns
    -------
    MergeResult

    Raises
    ------
    TypeError
        If one of `n_regions`, `threshold` and `min_size` is no number.
    ValueError
        If none of them is given, or one is out of range.

    Notes
    -----
    Means and distances follow every merge, as :func:`skimage.graph.merge_hierarchical` does with the mean colour. Cost:
    O(n_edges log n_edges) after one pass over image and labels.

    Examples
    --------
    >>> import numpy as np
    >>> from clast.regions import merge_regions
    >>> merge_regions([[1, 2, 3], [1, 2, 3]], np.array([[1, 2, 9], [1, 2, 9]]), threshold=3).labels
    array([[1, 1, 2],
           [1, 1, 2]])
    """
    if n_regions is None and threshold is None and min_size is None:
        raise ValueError("give 'n_regions', 'threshold' or 'min_size': without them, nothing is merged")
    if n_regions is not None:
        n_regions = check_integer(n_regions, "n_regions", 1)
    if threshold is not None:
        threshold = check_number(threshold, "threshold", is_finite=False)
    if min_size is not None:
        min_size = check_number(min_size, "min_size", is_finite=False)
    regions = Regions(labels, image, mask, background)
    found = measure(regions)
    present = found.labels
    edges, _ = regions.edges(present)
    merges_alike = n_regions is not None or threshold is not None
    pairs, distances, sizes = _core.region_merges(
        found.area.astype(np.float64),
        np.ascontiguousarray(found.mean),
        np.ascontiguousarray(edges, dtype=np.uint32),
        n_regions or 1,
        (math.inf if threshold is None else threshold) if merges_alike else -1.0,
        min_size or 0,
    )
    return merge_result(regions, present, pairs, distances, sizes)


def merge_result(
    regions: Regions, present: NDArray[np.int64], pairs: NDArray[Any], distances: ArrayLike, sizes: ArrayLike
) -> MergeResult:
    """Put merges into effect.

    Parameters
    ----------
    regions : Regions
    present : ndarray of int64, shape (n_regions,)
        Labels of the regions that are merged.
    pairs : ndarray of int, shape (n_merges, 2)
        What becomes one: places in `present`, and from ``n_regions`` on earlier merges.
    distances, sizes : array_like of shape (n_merges,)

    Returns
    -------
    MergeResult
    """
    roots = _roots(len(present), pairs)
    order = {root: number for number, root in enumerate(dict.fromkeys(roots), start=1)}
    merged = np.array([order[root] for root in roots], dtype=np.int64)
    tree = np.column_stack([pairs, distances, sizes]).astype(np.float64)
    return MergeResult(regions.spread(present, merged, 0), tree, len(order))


def _roots(n_regions: int, pairs: NDArray[Any]) -> list[int]:
    """Find what each region has become part of."""
    parents = list(range(n_regions + len(pairs)))
    for merged, (a, b) in zip(reversed(range(n_regions, len(parents))), reversed(pairs.tolist()), strict=True):
        parents[a] = parents[b] = parents[merged]
    return parents[:n_regions]
