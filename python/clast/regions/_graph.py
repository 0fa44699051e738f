"""Where regions touch: which, along how many pixels, and which pixels these are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast._numbers import as_integer
from clast.image import Image
from clast.regions._statistics import measure
from clast.regions._validation import Regions

if TYPE_CHECKING:
    from scipy.sparse import csr_array


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
        TypeError
            If `label` is no integer.
        ValueError
            If there is no such region.
        """
        label = as_integer(label, "label")
        row = int(np.searchsorted(self.labels, label))
        if row == len(self.labels) or self.labels[row] != label:
            raise ValueError(f"'label' is {label}, but no region has it")
        found: NDArray[np.int64] = self.labels[self.indices[self.indptr[row] : self.indptr[row + 1]]]
        return found

    def connectivity(self) -> csr_array:
        """Return the graph as scikit-learn takes it, such as for ``AgglomerativeClustering(connectivity=...)``.

        Returns
        -------
        scipy.sparse.csr_array of shape (n_regions, n_regions), int64
            The boundary between every two regions that touch; 0 elsewhere, not stored.
        """
        from scipy.sparse import csr_array

        n_regions = len(self.labels)
        return csr_array((self.boundary, self.indices, self.indptr), shape=(n_regions, n_regions), copy=True)


def region_graph(
    labels: ArrayLike,
    image: Image | ArrayLike | None = None,
    *,
    mask: ArrayLike | None = None,
    background: int | None = 0,
) -> RegionGraph:
    """Find the regions that touch, along the axes, how long their boundaries are, and how much their means differ.

    Parameters
    ----------
    labels, mask, background
        As for `region_statistics`.
    image : Image or array_like, optional
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
    regions = Regions(labels, image, mask, background)
    if image is None:
        return graph_of(regions, regions.counted())
    found = measure(regions)
    return graph_of(regions, found.labels, found.mean)


def graph_of(regions: Regions, labels: NDArray[np.int64], means: NDArray[np.float64] | None = None) -> RegionGraph:
    """Compute what `region_graph` does, of labels that were checked, for the regions of some labels."""
    edges, lengths = regions.edges(labels)
    differences = np.zeros(len(edges))
    if means is not None:
        differences = np.linalg.norm(means[edges[:, 0]] - means[edges[:, 1]], axis=1)
    both = np.concatenate([edges, edges[:, ::-1]])
    order = np.lexsort((both[:, 1], both[:, 0]))
    indptr = np.searchsorted(both[order, 0], np.arange(len(labels) + 1))
    return RegionGraph(labels, indptr, both[order, 1], np.tile(lengths, 2)[order], np.tile(differences, 2)[order])


def boundaries(labels: ArrayLike) -> NDArray[np.bool_]:
    """Mark the pixels beside another label, as an overlay needs them.

    Parameters
    ----------
    labels : array_like of int, of any shape

    Returns
    -------
    ndarray of the same shape, bool
        True on both sides of every boundary, as :func:`skimage.segmentation.find_boundaries` marks them.

    Raises
    ------
    TypeError
        If the labels are no integers.

    Examples
    --------
    >>> from clast.regions import boundaries
    >>> boundaries([[1, 1, 1, 2], [1, 1, 1, 2]])
    array([[False, False,  True,  True],
           [False, False,  True,  True]])
    """
    image = np.asarray(labels)
    if image.dtype.kind not in "bui":
        raise TypeError(f"'labels' has dtype {image.dtype}, but integers are needed")
    marked = np.zeros(image.shape, dtype=bool)
    for axis in range(image.ndim):
        along, marks = np.moveaxis(image, axis, 0), np.moveaxis(marked, axis, 0)
        differs = along[1:] != along[:-1]
        marks[1:] |= differs
        marks[:-1] |= differs
    return marked
