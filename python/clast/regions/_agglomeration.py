"""Hierarchical clustering of regions that touch by scikit-learn's linkages, without memory for all pairs of regions."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast._numbers import check_integer, check_number
from clast.image import Image
from clast.regions._clustering import region_samples
from clast.regions._graph import graph_of
from clast.regions._merging import MergeResult, merge_result
from clast.regions._statistics import measure
from clast.regions._validation import Regions

_LINKAGES = ("ward", "average", "complete", "single")


def agglomerate(
    labels: ArrayLike,
    image: Image | ArrayLike,
    n_clusters: int | None = None,
    *,
    distance_threshold: float | None = None,
    linkage: str = "ward",
    features: Sequence[str] = ("mean",),
    mask: ArrayLike | None = None,
    background: int | None = 0,
) -> MergeResult:
    """Join regions that touch into clusters, hierarchically: superpixels, leaves of a quadtree, any label image.

    Parameters
    ----------
    labels, image, mask, background
        As for `region_statistics`.
    n_clusters : int, optional
        Join until so many are left. Regions that no path connects stay apart: there are at least as many clusters as
        such pieces.
    distance_threshold : float, optional
        Leave out as many of the last joins of each piece as there are at this distance or above, instead of giving
        `n_clusters`. With Ward's linkage, distances may go down from one join to the next.
    linkage : {"ward", "average", "complete", "single"}, default="ward"
        Which neighbours are nearest: those whose union adds least variance, or those whose regions are nearest on
        average, at the most, or at the least; see :class:`sklearn.cluster.AgglomerativeClustering`.
    features : sequence of str, default=("mean",)
        What regions are compared by: "area", "centroid", "mean", "std", "min", "max", side by side.

    Returns
    -------
    MergeResult
        Connected clusters on the image from 1 on, 0 background; and the joins in order, as a dendrogram needs them:
        with ``n_clusters=1`` all of them.

    Raises
    ------
    TypeError
        If `n_clusters` is no integer, `distance_threshold` no number, or `features` no sequence.
    ValueError
        If not exactly one of `n_clusters` and `distance_threshold` is given, one is out of range, a name is unknown,
        or there is no region.

    See Also
    --------
    merge_regions : Compares the means of the pixels of regions, whatever their number, and is much faster.
    cluster_regions : With scikit-learn's ``AgglomerativeClustering``, classes of regions that need not touch; memory
        for all pairs of regions.

    Notes
    -----
    A piece gets the joins of scikit-learn's ``AgglomerativeClustering`` with the graph of the regions as
    ``connectivity``; several pieces are not bridged, as they are there, but their joins are made in the order of their
    distances. Every region weighs the same, large or small: scikit-learn's linkages know no weights.

    Memory: O(n_regions + n_edges), about 2 KiB for each region. Cost: one pass over image and labels, then
    scikit-learn's loop over the joins, about 0.1 ms for each.

    Examples
    --------
    >>> import numpy as np
    >>> from clast.regions import agglomerate
    >>> found = agglomerate([[1, 2, 3], [1, 2, 4]], np.array([[1, 2, 9], [1, 2, 8]]), 2)
    >>> found.labels
    array([[1, 1, 2],
           [1, 1, 2]])
    >>> found.tree  # regions 0 and 1 at a distance of 1, then 2 and 3
    array([[0., 1., 1., 4.],
           [2., 3., 1., 2.]])
    """
    if (n_clusters is None) == (distance_threshold is None):
        raise ValueError("give exactly one of 'n_clusters' and 'distance_threshold'")
    if n_clusters is not None:
        n_clusters = check_integer(n_clusters, "n_clusters", 1)
    if distance_threshold is not None:
        distance_threshold = check_number(distance_threshold, "distance_threshold", is_finite=False)
    if linkage not in _LINKAGES:
        raise ValueError(f"'linkage' is {linkage!r}, but must be one of {', '.join(map(repr, _LINKAGES))}")
    regions = Regions(labels, image, mask, background)
    found = measure(regions)
    samples = region_samples(found, features)
    if n_clusters is not None and n_clusters > len(samples):
        there = "is 1 region" if len(samples) == 1 else f"are {len(samples)} regions"
        raise ValueError(f"'n_clusters' is {n_clusters}, but there {there}")
    connectivity = graph_of(regions, found.labels).connectivity()
    pairs, distances = _joins(samples, connectivity, linkage, distance_threshold)
    if n_clusters is not None:
        n_joins = len(samples) - n_clusters
        pairs, distances = pairs[:n_joins], distances[:n_joins]
    return merge_result(regions, found.labels, pairs, distances, _sizes(found.area, pairs))


def _joins(
    X: NDArray[np.float64], connectivity: Any, linkage: str, threshold: float | None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find all joins, the nearest first, of samples that touch: pairs of nodes, and their distances."""
    from scipy.sparse.csgraph import connected_components

    # scikit-learn would bridge pieces, and compare all samples of one with all of another to do so.
    n_pieces, piece_of = connected_components(connectivity, directed=False)
    rows = np.argsort(piece_of, kind="stable")
    members = np.split(rows, np.cumsum(np.bincount(piece_of, minlength=n_pieces))[:-1])
    trees = {
        piece: _tree(X[rows], connectivity[rows][:, rows], linkage, threshold)
        for piece, rows in enumerate(members)
        if len(rows) > 1
    }
    # A node is numbered within its piece by scikit-learn, and here by its join among those of all pieces.
    nodes = {piece: members[piece].tolist() for piece in trees}
    pairs: list[list[int]] = []
    distances: list[float] = []
    for distance, piece, children in heapq.merge(*(_steps(piece, *tree) for piece, tree in trees.items())):
        pairs.append(sorted(nodes[piece][child] for child in children))
        nodes[piece].append(len(X) + len(distances))
        distances.append(distance)
    return np.array(pairs, dtype=np.int64).reshape(-1, 2), np.array(distances, dtype=np.float64)


def _tree(
    X: NDArray[np.float64], connectivity: Any, linkage: str, threshold: float | None
) -> tuple[list[list[int]], list[float]]:
    from sklearn.cluster import AgglomerativeClustering

    model = AgglomerativeClustering(
        1, connectivity=connectivity, linkage=linkage, compute_full_tree=True, compute_distances=True
    ).fit(X)
    # Distances may go down from one join to the next: as in scikit-learn, so many joins are left out from the end.
    n_joins = len(X) - 1 if threshold is None else int(np.count_nonzero(model.distances_ < threshold))
    return model.children_[:n_joins].tolist(), model.distances_[:n_joins].tolist()


def _steps(piece: int, children: list[list[int]], distances: list[float]) -> Iterator[tuple[float, int, list[int]]]:
    for pair, distance in zip(children, distances, strict=True):
        yield distance, piece, pair


def _sizes(areas: NDArray[np.int64], pairs: NDArray[np.int64]) -> list[int]:
    """Count the pixels of what each join makes."""
    sizes: list[int] = areas.tolist()
    for a, b in pairs.tolist():
        sizes.append(sizes[a] + sizes[b])
    return sizes[len(areas) :]
