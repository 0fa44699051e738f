"""What comes after a label image: numbers, neighbours, merging and clustering of its regions.

Regions are the pixels of one label; they need not be in one piece. Label 0 is background unless said otherwise.

Examples
--------
>>> from clast import regions
>>> regions.region_means([[1, 1], [2, 2]], [[1.0, 3.0], [5.0, 5.0]])
array([[2., 2.],
       [5., 5.]])
"""

import inspect
import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast import _core
from clast._lookup import look_up
from clast._masks import check_mask
from clast._validation import check_samples

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MergeResult",
    "RegionGraph",
    "RegionStatistics",
    "boundaries",
    "cluster_regions",
    "merge_regions",
    "region_graph",
    "region_means",
    "region_statistics",
]


class RegionStatistics(NamedTuple):
    """Numbers of regions, one row for each, by ascending label.

    Attributes
    ----------
    labels : ndarray of shape (n_regions,), int64
    area : ndarray of shape (n_regions,), int64
        Number of pixels.
    bbox : ndarray of shape (n_regions, 2 * n_axes), int64
        First pixel along each axis, then one past the last along each.
    centroid : ndarray of shape (n_regions, n_axes), float64
    mean, std, min, max : ndarray of shape (n_regions, n_channels), float64
        `std` is that of the pixels as a whole population (``ddof=0``).
    """

    labels: NDArray[np.int64]
    area: NDArray[np.int64]
    bbox: NDArray[np.int64]
    centroid: NDArray[np.float64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    min: NDArray[np.float64]
    max: NDArray[np.float64]

    def table(self) -> "pd.DataFrame":
        """Return a table with a row for each region; columns of several numbers are named ``mean-0``, ``mean-1``, ...

        Returns
        -------
        pandas.DataFrame
        """
        import pandas as pd

        columns = {"label": self.labels, "area": self.area}
        for name in ("bbox", "centroid", "mean", "std", "min", "max"):
            columns |= {f"{name}-{i}": column for i, column in enumerate(getattr(self, name).T)}
        return pd.DataFrame(columns)


class RegionGraph(NamedTuple):
    """Which regions touch, as a symmetric matrix in compressed sparse rows.

    Attributes
    ----------
    labels : ndarray of shape (n_regions,), int64
        Label of each row and column.
    indptr : ndarray of shape (n_regions + 1,), int64
        Where the neighbours of each row begin in `indices`.
    indices : ndarray of shape (2 * n_edges,), int64
        Neighbours of each row, ascending.
    boundary : ndarray of shape (2 * n_edges,), int64
        Pairs of pixels along the boundary: its length, or its area in a volume.
    difference : ndarray of shape (2 * n_edges,), float64
        Euclidean distance between the mean values of the two regions.
    """

    labels: NDArray[np.int64]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    boundary: NDArray[np.int64]
    difference: NDArray[np.float64]

    def neighbors(self, label: int) -> NDArray[np.int64]:
        """Return the labels of the regions that touch that of `label`.

        Parameters
        ----------
        label : int

        Returns
        -------
        ndarray of shape (n_neighbors,), int64

        Raises
        ------
        ValueError
            If there is no such region.
        """
        row = int(np.searchsorted(self.labels, label))
        if row == len(self.labels) or self.labels[row] != label:
            raise ValueError(f"'label' is {label}, but no region has it")
        found: NDArray[np.int64] = self.labels[self.indices[self.indptr[row] : self.indptr[row + 1]]]
        return found


class MergeResult(NamedTuple):
    """Merged regions, and how it came.

    Attributes
    ----------
    labels : ndarray of int64, of the shape of the labels given
        1 to n_regions by the lowest label in each region; 0 background.
    tree : ndarray of shape (n_merges, 4), float64
        Each merge in order: the two regions, the distance of their means, the size of the new region. Regions given are
        numbered from 0 by ascending label, new ones from there on, as in :func:`scipy.cluster.hierarchy.linkage`.
    n_regions : int
    """

    labels: NDArray[np.int64]
    tree: NDArray[np.float64]
    n_regions: int


def region_statistics(
    labels: ArrayLike,
    image: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    background: int | None = 0,
) -> RegionStatistics:
    """Compute area, place and values of every region in one pass.

    Parameters
    ----------
    labels : array_like of int, of shape (H, W) or (D, H, W)
        Labels from 0 on.
    image : array_like of shape labels.shape or labels.shape + (n_channels,)
        Finite values of any integer or float dtype.
    mask : array_like of bool, of the shape of `labels`, optional
        False for pixels to leave out.
    background : int or None, default=0
        Label that is no region.

    Returns
    -------
    RegionStatistics

    Raises
    ------
    TypeError
        If the labels are no integers.
    ValueError
        If shapes do not fit, a label is negative, or the image is not finite.

    Notes
    -----
    Cost: one pass over image and labels. Values are added as differences to one of each region, so that the standard
    deviation of nearly equal large values is exact to rounding. The result does not depend on the number of threads.

    Examples
    --------
    >>> import numpy as np
    >>> from clast.regions import region_statistics
    >>> found = region_statistics([[1, 1, 2], [1, 2, 2]], np.array([[1, 2, 10], [3, 20, 30]]))
    >>> found.area
    array([3, 3])
    >>> found.mean
    array([[ 2.],
           [20.]])
    """
    regions = _Regions(labels, mask, background)
    areas, boxes, centroids, values = _core.region_statistics(
        regions.flat, regions.samples(image), regions.volume, regions.n_labels
    )
    rows = regions.present(areas)
    n_axes = regions.labels.ndim
    corners = boxes[rows].reshape(-1, 2, 3)[:, :, 3 - n_axes :].reshape(-1, 2 * n_axes).astype(np.int64)
    numbers = (table[rows] for table in values)
    return RegionStatistics(rows, areas[rows].astype(np.int64), corners, centroids[rows, 3 - n_axes :], *numbers)


def region_means(
    labels: ArrayLike, image: ArrayLike, *, mask: ArrayLike | None = None, background: int | None = 0
) -> NDArray[np.float64]:
    """Replace every pixel by the mean of its region.

    Parameters
    ----------
    labels, image, mask, background
        As for `region_statistics`.

    Returns
    -------
    ndarray of the shape of `image`, float64
        NaN where there is no region.

    Examples
    --------
    >>> import numpy as np
    >>> from clast.regions import region_means
    >>> region_means([[1, 1, 2], [1, 2, 2]], np.array([[1, 2, 10], [3, 20, 30]]))
    array([[ 2.,  2., 20.],
           [ 2., 20., 20.]])
    """
    regions = _Regions(labels, mask, background)
    found = region_statistics(regions.labels, image, background=regions.background)
    means = np.full((regions.n_labels, found.mean.shape[1]), np.nan)
    means[found.labels] = found.mean
    return look_up(means, regions.labels).reshape(np.shape(image))


def region_graph(
    labels: ArrayLike,
    image: ArrayLike | None = None,
    *,
    mask: ArrayLike | None = None,
    background: int | None = 0,
) -> RegionGraph:
    """Find the regions that touch, along the axes, how long their boundaries are, and how much their means differ.

    Parameters
    ----------
    labels, mask, background
        As for `region_statistics`.
    image : array_like, optional
        As for `region_statistics`; without it, differences are 0.

    Returns
    -------
    RegionGraph

    Examples
    --------
    >>> import numpy as np
    >>> from clast.regions import region_graph
    >>> graph = region_graph([[1, 1, 2], [1, 3, 3]])
    >>> graph.neighbors(1)
    array([2, 3])
    >>> graph.boundary[graph.indptr[0] : graph.indptr[1]]
    array([1, 2])
    """
    regions = _Regions(labels, mask, background)
    present, edges, lengths = regions.edges()
    differences = np.zeros(len(edges))
    if image is not None:
        means = region_statistics(regions.labels, image, background=regions.background).mean
        differences = np.linalg.norm(means[edges[:, 0]] - means[edges[:, 1]], axis=1)
    both = np.concatenate([edges, edges[:, ::-1]])
    order = np.lexsort((both[:, 1], both[:, 0]))
    indptr = np.searchsorted(both[order, 0], np.arange(len(present) + 1))
    return RegionGraph(present, indptr, both[order, 1], np.tile(lengths, 2)[order], np.tile(differences, 2)[order])


def merge_regions(
    labels: ArrayLike,
    image: ArrayLike,
    *,
    n_regions: int | None = None,
    threshold: float | None = None,
    min_size: float | None = None,
    mask: ArrayLike | None = None,
    background: int | None = 0,
) -> MergeResult:
    """Merge neighbouring regions, those whose means are nearest first.

    Regions below `min_size` are merged first, the smallest first, each with the neighbour that is most like it. Then
    neighbours are merged until there are `n_regions`, or none are nearer than `threshold`.

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
    ValueError
        If none of `n_regions`, `threshold` and `min_size` is given, or one is out of range.

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
    if n_regions is not None and n_regions < 1:
        raise ValueError(f"'n_regions' is {n_regions}, but must be at least 1")
    if threshold is not None and not threshold >= 0:
        raise ValueError(f"'threshold' is {threshold}, but must be at least 0")
    regions = _Regions(labels, mask, background)
    found = region_statistics(regions.labels, image, background=regions.background)
    present, edges, _ = regions.edges()
    merges_alike = n_regions is not None or threshold is not None
    pairs, distances, sizes = _core.region_merges(
        found.area.astype(np.float64),
        np.ascontiguousarray(found.mean),
        np.ascontiguousarray(edges, dtype=np.uint32),
        n_regions or 1,
        (math.inf if threshold is None else threshold) if merges_alike else -1.0,
        min_size or 0,
    )
    roots = _roots(len(present), pairs)
    table = np.zeros(regions.n_labels, dtype=np.int64)
    order = {root: number for number, root in enumerate(dict.fromkeys(roots.tolist()), start=1)}
    table[present] = [order[root] for root in roots.tolist()]
    tree = np.column_stack([pairs.astype(np.float64), distances, sizes])
    return MergeResult(look_up(table, regions.labels), tree, len(order))


def cluster_regions(
    labels: ArrayLike,
    image: ArrayLike,
    model: Any,
    *,
    features: Sequence[str] = ("mean",),
    mask: ArrayLike | None = None,
    background: int | None = 0,
) -> NDArray[np.int32]:
    """Cluster regions by their numbers, and give every pixel the class of its region.

    Parameters
    ----------
    labels, image, mask, background
        As for `region_statistics`.
    model : clusterer
        Has ``fit_predict(X)``, as those of clast and scikit-learn. If it takes ``sample_weight``, a region weighs as
        much as it has pixels.
    features : sequence of str, default=("mean",)
        What regions are compared by: fields of `RegionStatistics`, side by side.

    Returns
    -------
    ndarray of the shape of `labels`, int32
        Class of every pixel from 1 on; 0 for background and for what the model leaves out (-1).

    Raises
    ------
    ValueError
        If a feature is unknown, or there is no region.

    Examples
    --------
    >>> import numpy as np
    >>> from clast import KMeans
    >>> from clast.regions import cluster_regions
    >>> image = np.array([[1, 1, 9], [8, 2, 9]])
    >>> classes = cluster_regions([[1, 1, 2], [3, 4, 2]], image, KMeans(2, random_state=0))
    >>> bool(classes[0, 2] == classes[1, 0] != classes[0, 0] == classes[1, 1])
    True
    """
    known = ("area", "centroid", "mean", "std", "min", "max")
    unknown = [name for name in features if name not in known]
    if unknown or not features:
        raise ValueError(f"'features' is {tuple(features)}, but must be some of {', '.join(known)}")
    regions = _Regions(labels, mask, background)
    found = region_statistics(regions.labels, image, background=regions.background)
    if len(found.labels) == 0:
        raise ValueError("'labels' has no region: all pixels are background or outside the mask")
    X = np.column_stack([getattr(found, name) for name in features])
    takes_weight = "sample_weight" in inspect.signature(model.fit_predict).parameters
    weight = {"sample_weight": found.area.astype(np.float64)} if takes_weight else {}
    table = np.zeros(regions.n_labels, dtype=np.int32)
    table[found.labels] = np.asarray(model.fit_predict(X, **weight)) + 1
    return look_up(table, regions.labels)


def boundaries(labels: ArrayLike) -> NDArray[np.bool_]:
    """Mark the pixels beside another label, as an overlay needs them.

    Parameters
    ----------
    labels : array_like of int, of any shape

    Returns
    -------
    ndarray of the same shape, bool
        True on both sides of every boundary, as :func:`skimage.segmentation.find_boundaries` marks them.

    Examples
    --------
    >>> from clast.regions import boundaries
    >>> boundaries([[1, 1, 1, 2], [1, 1, 1, 2]])
    array([[False, False,  True,  True],
           [False, False,  True,  True]])
    """
    image = np.asarray(labels)
    marked = np.zeros(image.shape, dtype=bool)
    for axis in range(image.ndim):
        along, marks = np.moveaxis(image, axis, 0), np.moveaxis(marked, axis, 0)
        differs = along[1:] != along[:-1]
        marks[1:] |= differs
        marks[:-1] |= differs
    return marked


class _Regions:
    """A checked label image whose pixels outside the mask are background."""

    def __init__(self, labels: ArrayLike, mask: ArrayLike | None, background: int | None) -> None:
        array = np.asarray(labels)
        if array.dtype.kind not in "bui":
            raise TypeError(f"'labels' has dtype {array.dtype}, but integers are needed")
        if array.ndim not in (2, 3):
            raise ValueError(f"'labels' has {array.ndim} dimensions, but 2 or 3 are needed")
        if array.size == 0:
            raise ValueError(f"'labels' of shape {array.shape} is empty")
        array = np.ascontiguousarray(array, dtype=np.int32 if array.dtype.itemsize < 4 else None)
        if array.dtype not in (np.int32, np.int64):
            array = array.astype(np.int64)
        if mask is not None:
            inside = check_mask(mask, array.shape, "labels")
            # Without a background, pixels outside the mask get a label of their own.
            background = int(array.max()) + 1 if background is None else background
            array = np.where(inside, array, array.dtype.type(background))
        self.labels = array
        self.background = background
        self.n_labels = int(array.max()) + 1
        self.volume = (1,) * (3 - array.ndim) + array.shape

    @cached_property
    def flat(self) -> NDArray[Any]:
        return self.labels.reshape(-1)

    def samples(self, image: ArrayLike) -> NDArray[Any]:
        values = np.asarray(image)
        n_axes = self.labels.ndim
        if values.shape[:n_axes] != self.labels.shape or values.ndim > n_axes + 1:
            raise ValueError(
                f"'image' has shape {values.shape}, but that of 'labels', {self.labels.shape}, is needed,"
                " with an axis of channels at the end or without"
            )
        n_channels = values.shape[n_axes] if values.ndim > n_axes else 1
        return np.ascontiguousarray(check_samples(values.reshape(-1, n_channels)))

    def present(self, areas: NDArray[Any]) -> NDArray[np.int64]:
        """Find the labels that have pixels, but the background."""
        found = np.flatnonzero(areas)
        return found if self.background is None else found[found != self.background]

    def edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return the labels of the regions, the pairs of their places that touch, and how long boundaries are."""
        if self.labels.min() < 0:
            raise ValueError(f"'labels' has {self.labels.min()}, but none may be negative")
        present = self.present(np.bincount(self.flat, minlength=self.n_labels))
        pairs, lengths = _core.region_edges(self.flat, self.volume, self.n_labels)
        if self.background is not None:
            between = (pairs != self.background).all(axis=1)
            pairs, lengths = pairs[between], lengths[between]
        return present, np.searchsorted(present, pairs), lengths.astype(np.int64)


def _roots(n_regions: int, pairs: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Find what each region has become part of."""
    parents = np.arange(n_regions + len(pairs))
    for merged in range(len(pairs) - 1, -1, -1):
        parents[pairs[merged]] = parents[n_regions + merged]
    return parents[:n_regions]
