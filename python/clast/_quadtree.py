"""What a decomposition gives back: the leaves of a tree, and what can be asked of them."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast import _core
from clast._lookup import label_dtype, look_up
from clast.image import Image, save_labels
from clast.regions import MergeResult, agglomerate, cluster_regions, merge_regions

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_KERNEL_DTYPES = ("uint8", "int16", "uint16", "float32", "float64")


@dataclass(frozen=True, eq=False, repr=False)
class QuadTree:
    """An image cut into blocks; :func:`quadtree` makes it.

    The leaves are numbered from the largest to the smallest, and in raster order among those of one size.

    Attributes
    ----------
    image : Image
        The image, not copied.
    mask : ndarray of bool of the image's shape, or None
        The pixels that count; None for all.
    criterion : str or callable
    threshold : ndarray of float64, shape (n_channels,)
    min_level, max_level : int
        The smallest and the largest blocks have the sides ``2 ** min_level`` and ``2 ** max_level``.
    pyramid : tuple of ndarray
        For each level above the lowest the criterion of all its blocks, one channel after the other; variances for
        "std". :meth:`values` gives it as an image.

    Examples
    --------
    >>> import clast, numpy as np
    >>> tree = clast.quadtree(np.eye(4, dtype=np.uint8) * 9, threshold=3, min_size=2)
    >>> tree
    QuadTree(4 leaves of 2 to 2 pixels, range > 3, Image(YX 4 x 4, uint8, channel: intensity))
    >>> tree.labels
    array([[1, 1, 2, 2],
           [1, 1, 2, 2],
           [3, 3, 4, 4],
           [3, 3, 4, 4]], dtype=uint8)
    """

    image: Image
    mask: NDArray[np.bool_] | None
    criterion: str | Callable[[NDArray[Any]], ArrayLike]
    threshold: NDArray[np.float64]
    min_level: int
    max_level: int
    pyramid: tuple[NDArray[Any], ...]

    def __post_init__(self) -> None:
        _ = self._cut  # Now, and not when it is first asked for.

    @cached_property
    def origins(self) -> NDArray[np.int32]:
        """First pixel of every leaf, shape (n_leaves, ndim)."""
        return self._cut.origins()

    @cached_property
    def n_leaves(self) -> int:
        """Number of leaves."""
        return sum(self._cut.n_leaves)

    @cached_property
    def sizes(self) -> NDArray[np.int32]:
        """Side of every leaf, shape (n_leaves,); the border of the image may cut it."""
        counts = self._cut.n_leaves[::-1]
        sides = np.left_shift(1, np.arange(self.min_level, self.min_level + len(counts), dtype=np.int32)[::-1])
        return np.repeat(sides.astype(np.int32), counts)

    @property
    def compression(self) -> float:
        """Leaves per pixel."""
        return self.n_leaves / int(np.prod(self.image.shape))

    @cached_property
    def leaf_labels(self) -> NDArray[np.int32]:
        """Label of every leaf, shape (n_leaves,): 1, 2, ... for those with pixels that count, 0 for the others."""
        if self.mask is None:
            return np.arange(1, self.n_leaves + 1, dtype=np.int32)
        is_filled = self._measures[0] > 0
        return np.where(is_filled, np.cumsum(is_filled), 0).astype(np.int32)

    @cached_property
    def labels(self) -> NDArray[Any]:
        """Label of the leaf of every pixel, of the image's shape; 0 where pixels do not count.

        The smallest of uint8, uint16 and int32 that fits.
        """
        return self._paint(None if self.mask is None else self.leaf_labels, self.mask)

    @cached_property
    def leaves(self) -> "pd.DataFrame":
        """The leaves in numbers, one row each.

        Columns: `y`, `x` (as the image's axes are called) of the first pixel, `size` (side), `level` (``log2(size)``),
        `label`, `count` of the pixels that count, and `mean_<channel>`, `std_<channel>`, `min_<channel>` and
        `max_<channel>` of them.
        """
        import pandas as pd

        counts, *measures = self._measures
        n_leaves = self._cut.n_leaves
        columns: dict[str, Any] = {axis.lower(): self.origins[:, i] for i, axis in enumerate(self.image.axes)}
        columns["size"] = self.sizes
        levels = np.arange(self.min_level, self.min_level + len(n_leaves), dtype=np.uint8)
        columns["level"] = np.repeat(levels[::-1], n_leaves[::-1])
        columns |= {"label": self.leaf_labels, "count": counts}
        for name, measure in zip(("mean", "std", "min", "max"), measures, strict=True):
            for index, channel in enumerate(self.image.channel_names):
                columns[f"{name}_{channel}"] = measure[:, index]
        return pd.DataFrame(columns, copy=False)

    @property
    def leaf_image(self) -> NDArray[np.int32]:
        """Number of the leaf of every pixel, counting or not: its row in `leaves`."""
        return self._paint(None, None).astype(np.int32) - 1

    @property
    def boundaries(self) -> NDArray[np.bool_]:
        """Where blocks begin, of the image's shape: pixels whose neighbour before them lies in another block."""
        blocks = self.leaf_image
        begins = np.zeros(blocks.shape, dtype=np.bool_)
        for axis in range(blocks.ndim):
            this, before = np.moveaxis(blocks, axis, 0)[1:], np.moveaxis(blocks, axis, 0)[:-1]
            np.moveaxis(begins, axis, 0)[1:] |= this != before
        return begins

    def mean_image(self) -> NDArray[Any]:
        """Paint each block in its mean.

        Returns
        -------
        ndarray of the image's shape and dtype
            Means of integers are rounded; 0 where pixels do not count.
        """
        means = np.nan_to_num(self._measures[1])
        dtype = self.image.data.dtype
        means = (np.rint(means) if dtype.kind in "iu" else means).astype(dtype)
        table = np.concatenate([np.zeros_like(means[:1]), means[self.leaf_labels > 0]])
        return look_up(table if self.image.has_channels else table[:, 0], self.labels)

    def blocks(self, size: int) -> tuple[NDArray[Any], NDArray[np.int32]]:
        """Get the pixels of all leaves of a size, as MATLAB's ``qtgetblk``.

        Parameters
        ----------
        size : int
            Side of the blocks.

        Returns
        -------
        pixels : ndarray of shape (n_blocks, size, size) or (n_blocks, size, size, size), with channels behind
            Blocks that the border of the image cuts are left out.
        origins : ndarray of int32, shape (n_blocks, ndim)
            Their first pixels.
        """
        ndim = self.image.ndim
        origins = self.origins[self.sizes == size]
        origins = origins[(origins + size <= self.image.shape).all(axis=1)]
        steps = [
            origins[:, axis].reshape(-1, *[1] * ndim)
            + np.arange(size).reshape([-1 if i == axis else 1 for i in range(ndim)])
            for axis in range(ndim)
        ]
        return self.image.data[tuple(steps)], origins

    def values(self, size: int) -> NDArray[Any]:
        """Get the criterion of all blocks of a size, leaves or not.

        Parameters
        ----------
        size : int
            Side of the blocks, a power of two that is larger than the smallest blocks.

        Returns
        -------
        ndarray of shape (n_rows, n_columns) or (n_planes, n_rows, n_columns), with channels behind
            One number per block of the grid, no axis for a single channel; variances for "std".

        Raises
        ------
        ValueError
            If the pyramid has no such blocks.
        """
        level = size.bit_length() - 1
        index = level - self.min_level - 1
        if size != 1 << level or not 0 <= index < len(self.pyramid):
            sides = ", ".join(str(2 << (self.min_level + i)) for i in range(len(self.pyramid)))
            raise ValueError(f"'size' is {size}, but the pyramid has blocks of size {sides or 'no'}")
        shape = [-(-extent >> level) for extent in self.image.shape]
        values = self.pyramid[index].reshape(-1, *shape)
        return values[0] if len(values) == 1 else np.moveaxis(values, 0, -1)

    def recut(self, threshold: float | Sequence[float]) -> "QuadTree":
        """Cut the same pyramid at another threshold, without reading the image.

        Parameters
        ----------
        threshold : float or sequence of float

        Returns
        -------
        QuadTree

        Raises
        ------
        ValueError
            If a threshold is negative or no number, or their number is wrong.

        Notes
        -----
        Cost: at most one read of the pyramid, and a bit written per block that may split. The origins of the leaves are
        written when they are first asked for.
        """
        from clast.decomposition import check_threshold

        return replace(self, threshold=check_threshold(threshold, len(self.threshold)))

    def merge(self, threshold: float | None = None, n_regions: int | None = None) -> MergeResult:
        """Join neighbouring leaves into regions of any shape, those whose means are nearest first: split and merge.

        Parameters
        ----------
        threshold : float, optional
            Euclidean distance of means up to which neighbours are joined.
        n_regions : int, optional
            Join until so many are left.

        Returns
        -------
        MergeResult
            What :func:`clast.regions.merge_regions` finds for `labels`: new labels on the image, 0 where pixels do not
            count, and the order of the merges.

        Raises
        ------
        ValueError
            If neither is given, or one is out of range.

        Notes
        -----
        The mean of a region is that of its pixels: leaves weigh as much as they have pixels that count. Cost: one read
        of the image, and O(n log n) for n pairs of leaves that touch.

        References
        ----------
        .. [1] S. L. Horowitz and T. Pavlidis, "Picture segmentation by a tree traversal algorithm", Journal of the ACM
           23(2), 1976. :doi:`10.1145/321941.321956`

        Examples
        --------
        >>> import clast, numpy as np
        >>> image = np.array([[1, 1, 7, 7], [1, 1, 7, 1], [2, 2, 1, 1], [2, 2, 1, 1]], dtype=np.uint8)
        >>> clast.quadtree(image, threshold=1).merge(threshold=2).labels
        array([[1, 1, 2, 2],
               [1, 1, 2, 1],
               [1, 1, 1, 1],
               [1, 1, 1, 1]])
        """
        if threshold is None and n_regions is None:
            raise ValueError("give 'threshold' or 'n_regions': without them, nothing is merged")
        return merge_regions(self.labels, self._counting_pixels, threshold=threshold, n_regions=n_regions)

    def agglomerate(
        self,
        n_clusters: int | None = None,
        *,
        distance_threshold: float | None = None,
        linkage: str = "ward",
        features: Sequence[str] = ("mean",),
    ) -> MergeResult:
        """Join leaves that touch into clusters, hierarchically, without memory for all pairs of leaves.

        Parameters
        ----------
        n_clusters, distance_threshold, linkage, features
            As for :func:`clast.regions.agglomerate`.

        Returns
        -------
        MergeResult
            Connected clusters on the image from 1 on, 0 where pixels do not count; and the joins in order.

        Raises
        ------
        ValueError
            As :func:`clast.regions.agglomerate`.

        Examples
        --------
        >>> import clast, numpy as np
        >>> image = np.array([[1, 1, 7, 7], [1, 1, 7, 7], [2, 2, 9, 1], [2, 2, 8, 0]], dtype=np.uint8)
        >>> clast.quadtree(image, threshold=1).agglomerate(3).labels
        array([[1, 1, 2, 2],
               [1, 1, 2, 2],
               [1, 1, 2, 3],
               [1, 1, 2, 3]])
        """
        return agglomerate(
            self.labels,
            self._counting_pixels,
            n_clusters,
            distance_threshold=distance_threshold,
            linkage=linkage,
            features=features,
        )

    def cluster(self, model: Any, *, features: Sequence[str] = ("mean",)) -> NDArray[np.int32]:
        """Cluster the leaves by their numbers, and give every pixel the class of its leaf.

        Parameters
        ----------
        model : clusterer
            Has ``fit_predict(X)``. If it takes ``sample_weight``, a leaf weighs as much as it has pixels that count.
        features : sequence of str, default=("mean",)
            What leaves are compared by: "area", "centroid", "mean", "std", "min", "max", side by side.

        Returns
        -------
        ndarray of the image's shape, int32
            Class of every pixel from 1 on; 0 where pixels do not count, and for what the model leaves out (-1).

        Raises
        ------
        ValueError
            If a feature is unknown.

        See Also
        --------
        clast.regions.cluster_regions : the same for any label image.

        Examples
        --------
        >>> import clast, numpy as np
        >>> image = np.array([[1, 1, 7, 7], [1, 1, 7, 7], [8, 8, 2, 0], [8, 8, 1, 0]], dtype=np.uint8)
        >>> tree = clast.quadtree(image, threshold=1)
        >>> classes = tree.cluster(clast.KMeans(2, random_state=0), features=("mean", "std"))
        >>> np.unique(classes[image < 5]).size, np.unique(classes[image > 5]).size
        (1, 1)
        """
        return cluster_regions(self.labels, self._counting_pixels, model, features=features)

    def plot(self, **options: Any) -> "Figure":
        """Show the image under the outlines of the blocks, beside the mean of each block.

        Parameters
        ----------
        **options
            `channel`, `slice_axis`, `slice_index`: see `clast.plot.plot_quadtree`.

        Returns
        -------
        matplotlib.figure.Figure
            Not registered with pyplot: save it by its ``savefig``, or let a notebook show it.
        """
        from clast.plot import plot_quadtree

        return plot_quadtree(self, **options)

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Write the labels on the image's grid.

        Parameters
        ----------
        path : path
            .nii, .nii.gz, .tif, .tiff, .png or .npy, as `Segmentation.save` takes it.
        force : bool, default=False
            Replace an existing file.

        Returns
        -------
        Path

        Raises
        ------
        clast.image.OutputError
            When the folder is missing, the file exists, or the format cannot hold the labels.
        """
        return save_labels(path, self.labels, self.image, force=force)

    def __repr__(self) -> str:
        name = self.criterion if isinstance(self.criterion, str) else getattr(self.criterion, "__name__", "criterion")
        thresholds = ", ".join(f"{value:g}" for value in np.unique(self.threshold))
        sizes = f"{self.sizes.min()} to {self.sizes.max()}"
        return f"QuadTree({self.n_leaves} leaves of {sizes} pixels, {name} > {thresholds}, {self.image})"

    def __getstate__(self) -> dict[str, Any]:
        # The cut cannot be pickled: a copy, or another process, makes it again from the pyramid.
        return {name: value for name, value in self.__dict__.items() if name != "_cut"}

    @cached_property
    def _cut(self) -> _core.QuadtreeCut:
        """Which blocks split, in bits: origins are written when they are asked for."""
        limits = self.threshold if self.criterion != "std" else [_largest_square(value) for value in self.threshold]
        return _core.QuadtreeCut(
            list(self.image.shape), self.min_level, list(self.pyramid), [float(limit) for limit in limits]
        )

    @property
    def _inside(self) -> NDArray[np.bool_] | None:
        return None if self.mask is None else self.mask.reshape(-1)

    @property
    def _counting_pixels(self) -> NDArray[Any]:
        """The pixels, 0 where they do not count: they may not be finite there."""
        if self.mask is None:
            return self.image.data
        inside = self.mask[..., np.newaxis] if self.image.has_channels else self.mask
        return np.where(inside, self.image.data, self.image.data.dtype.type(0))

    @cached_property
    def _measures(self) -> tuple[NDArray[Any], ...]:
        """Count, mean, standard deviation, least and largest pixel of every leaf."""
        samples, shape = kernel_samples(self.image), list(self.image.shape)
        return _core.quadtree_measure(samples, shape, self._inside, self.origins, self.min_level, self._cut.n_leaves)

    def _paint(self, leaf_labels: NDArray[np.int32] | None, inside: NDArray[np.bool_] | None) -> NDArray[Any]:
        labels: NDArray[Any] = np.zeros(self.image.shape, dtype=label_dtype(self.n_leaves))
        flat = None if inside is None else inside.reshape(-1)
        shape, n_leaves = list(self.image.shape), self._cut.n_leaves
        _core.quadtree_paint(shape, flat, self.origins, self.min_level, n_leaves, leaf_labels, labels.reshape(-1))
        return labels


def kernel_samples(image: Image) -> NDArray[Any]:
    """Return the pixels as rows of channels in a dtype and an order that the kernels read."""
    samples = image.samples()
    if samples.dtype.name not in _KERNEL_DTYPES or not samples.dtype.isnative:
        wider = {"int8": np.int16, "float16": np.float32}.get(samples.dtype.name)
        native = samples.dtype.newbyteorder("=")
        samples = samples.astype(native if native.name in _KERNEL_DTYPES else wider or np.float64)
    contiguous = samples.flags.c_contiguous or samples.flags.f_contiguous
    return samples if contiguous and samples.flags.aligned else np.array(samples, order="C")


def _largest_square(threshold: float) -> float:
    """Find the largest number whose square root is not above the threshold."""
    if not np.isfinite(threshold):
        return float(threshold)
    square = threshold * threshold
    while np.sqrt(square) > threshold:
        square = np.nextafter(square, 0)
    while np.sqrt(np.nextafter(square, np.inf)) <= threshold:
        square = np.nextafter(square, np.inf)
    return float(square)
