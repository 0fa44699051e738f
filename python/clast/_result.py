"""What a segmentation gives back: labels on the image's grid, and what can be asked of them."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from clast._lookup import label_dtype, look_up
from clast._pixel_filters import feature_names, feature_table, parse_features
from clast._posteriors import class_probabilities, entropy_map, margin_map, posterior_images
from clast._statistics import ClassStatistics, class_statistics
from clast.image import GridMismatchError, Image, as_image, save_labels, save_map

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Segmentation:
    """Labels of an image with the model, image and mask they come from.

    Attributes
    ----------
    labels : ndarray of uint8, uint16 or int32, of the image's shape
        0 is background (outside the mask, not finite, or noise to the model); classes are 1 to `n_classes`.
    model : estimator or None
        The fitted model, None where the labels come from elsewhere. It numbers its clusters by itself: class ``i + 1``
        is its cluster ``clusters[i]``.
    image : Image
        The image, not copied.
    mask : ndarray of bool of the image's shape, or None
        The pixels that took part; None for all.
    scaler : transformer or None
        The fitted scaler between image and model.
    clusters : ndarray of int64
        The model's own number of each class; after `merge`, of all clusters of class 1, then of class 2, and so on.
    classes : ndarray of int64 of the same shape, or None
        Index of the class that each of `clusters` belongs to; None where each is a class of its own.
    names : tuple of str, or None
        Names of the classes, after `merge`.
    features : tuple of str, or None
        What the model saw of each pixel, by the names of `PixelFeatures`; None for its channels.
    channels : tuple of str, or None
        Names of the channels that the model saw; None for all.

    Examples
    --------
    >>> import clast, numpy as np
    >>> image = np.array([[10, 12, 200], [11, 198, 202]], dtype=np.uint8)
    >>> result = clast.segment(image, clast.KMeans(2, random_state=0), label_order="center")
    >>> result.labels
    array([[1, 1, 2],
           [1, 2, 2]], dtype=uint8)
    >>> result.table()[["label", "count", "mean_intensity"]]
       label  count  mean_intensity
    0      1      3            11.0
    1      2      3           200.0
    """

    labels: NDArray[Any]
    model: Any
    image: Image
    mask: NDArray[np.bool_] | None
    scaler: Any
    clusters: NDArray[np.int64]
    classes: NDArray[np.int64] | None = None
    names: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None

    @property
    def n_classes(self) -> int:
        """Number of classes, background not counted."""
        return len(self.clusters) if self.classes is None else int(self.classes.max()) + 1

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes: `names`, or "class 1", "class 2", ..."""
        return self.names or tuple(f"class {label}" for label in range(1, self.n_classes + 1))

    def merge(self, groups: Mapping[str, Sequence[int]]) -> "Segmentation":
        """Regroup classes by name: several clusters are often one material.

        Parameters
        ----------
        groups : mapping of str to sequence of int
            Labels of the classes that become one, such as ``{"organic": [1, 3], "mineral": [2]}``. Classes not named
            stay, each by itself, after the groups.

        Returns
        -------
        Segmentation
            Of the same image and model, with the groups as classes 1, 2, ... in their order; posteriors of a group are
            the sums of those of its classes.

        Raises
        ------
        ValueError
            When a group is empty, or a label is in two groups or is none of the classes.

        Examples
        --------
        >>> import clast, numpy as np
        >>> image = np.array([[10, 90, 200], [11, 91, 202]], dtype=np.uint8)
        >>> result = clast.segment(image, clast.KMeans(3, random_state=0), label_order="center")
        >>> result.merge({"bright": [2, 3]}).labels
        array([[2, 1, 1],
               [2, 1, 1]], dtype=uint8)
        """
        taken = [label for labels in groups.values() for label in labels]
        for name, labels in groups.items():
            if len(labels) == 0:
                raise ValueError(f"group {name!r} is empty, but needs at least one label")
        for label in taken:
            if not 1 <= label <= self.n_classes:
                raise ValueError(f"label {label} is none of the classes 1 to {self.n_classes}")
            if taken.count(label) > 1:
                raise ValueError(f"label {label} is in more than one group, or twice in one")
        rest = [label for label in range(1, self.n_classes + 1) if label not in taken]
        merged = [*groups.values(), *([label] for label in rest)]
        new_label = np.zeros(self.n_classes + 1, dtype=self.labels.dtype)
        for index, labels in enumerate(merged):
            new_label[list(labels)] = index + 1
        classes = np.arange(self.n_classes) if self.classes is None else self.classes
        new_class = new_label[1:].astype(np.int64)[classes] - 1
        order = np.argsort(new_class, kind="stable")
        return replace(
            self,
            labels=look_up(new_label, self.labels),
            clusters=self.clusters[order],
            classes=new_class[order],
            names=(*groups, *(self.class_names[label - 1] for label in rest)),
        )

    @classmethod
    def from_labels(
        cls, labels: ArrayLike, image: Image | ArrayLike, *, names: Sequence[str] | None = None
    ) -> "Segmentation":
        """Take labels that come from elsewhere: thresholds, merged superpixels, an annotation.

        Parameters
        ----------
        labels : array-like of int or bool of the image's shape
            0 is background; classes are 1 to the highest label.
        image : Image or array-like
            As for `segment`.
        names : sequence of str, optional
            Of the classes.

        Returns
        -------
        Segmentation
            Without model: it has a table, pictures, `merge` and `save`, but no posteriors.

        Raises
        ------
        TypeError
            When the labels are no integers.
        ValueError
            When the shapes differ, a label is negative, there is no class, or there is not one name per class.

        Examples
        --------
        >>> import clast, numpy as np
        >>> image = np.array([[10, 12, 200], [11, 198, 202]], dtype=np.uint8)
        >>> clast.Segmentation.from_labels(image > 100, image, names=["bright"]).table()[["name", "count"]]
             name  count
        0  bright      3
        """
        image, given = as_image(image), np.asarray(labels)
        if given.dtype.kind not in "biu":
            raise TypeError(f"'labels' has dtype {given.dtype}, but integers are needed")
        if given.shape != image.shape:
            raise GridMismatchError(f"'labels' has shape {given.shape}, but the image has shape {image.shape}")
        if given.min() < 0:
            raise ValueError(f"'labels' goes down to {given.min()}, but 0 is background and classes are 1, 2, ...")
        n_classes = int(given.max())
        if n_classes == 0:
            raise ValueError("'labels' has no class: all of it is 0, which is background")
        if names is not None and len(names) != n_classes:
            raise ValueError(f"'names' has {len(names)} entries, but there are {n_classes} classes")
        inside, own_names = given > 0, None if names is None else tuple(names)
        mask = None if inside.all() else inside
        typed = given.astype(label_dtype(n_classes))
        return cls(typed, None, image, mask, None, np.arange(n_classes), names=own_names)

    @cached_property
    def statistics(self) -> ClassStatistics:
        """Count, mean and standard deviation of every class in the image's own units, computed once."""
        return class_statistics(self.labels, self.image, self.n_classes)

    def table(self) -> "pd.DataFrame":
        """Describe every class in numbers.

        Returns
        -------
        pandas.DataFrame
            One row per class: `label`, after `merge` its `name`, `count`, `fraction` (of the pixels that have a class);
            where the spacing is known `volume_ml`, `volume_um3`, `area_mm2`, `area_um2` (`volume` or `area` for a
            spacing without unit); `mean_<channel>` and `std_<channel>` in the image's own units, also when the model
            saw scaled values.
        """
        import pandas as pd

        statistics = self.statistics
        columns: dict[str, Any] = {
            "label": np.arange(1, self.n_classes + 1),
            **({} if self.names is None else {"name": self.names}),
            "count": statistics.counts,
            "fraction": statistics.counts / max(1, statistics.counts.sum()),
        }
        size = pixel_size(self.image)
        if size is not None:
            name, per_pixel = size
            columns[name] = statistics.counts * per_pixel
        for index, channel in enumerate(self.image.channel_names):
            columns[f"mean_{channel}"] = statistics.means[:, index]
        for index, channel in enumerate(self.image.channel_names):
            columns[f"std_{channel}"] = statistics.stds[:, index]
        return pd.DataFrame(columns)

    def recolor(self, palette: ArrayLike | Sequence[str] | None = None) -> NDArray[Any]:
        """Paint each pixel in one colour per class.

        Parameters
        ----------
        palette : array_like of shape (n_classes, n_values) or (n_classes,), or sequence of str, optional
            A colour (or grey value) per class, or names of colours as matplotlib knows them. Default: the mean of the
            class, in the image's dtype.

        Returns
        -------
        ndarray of shape (..., n_values) or the shape of the labels
            0 in the background.

        Raises
        ------
        ValueError
            When the palette has not one colour per class.
        """
        colors = self._mean_colors() if palette is None else _as_colors(palette)
        if len(colors) != self.n_classes:
            raise ValueError(f"'palette' has {len(colors)} colours, but there are {self.n_classes} classes")
        background = np.zeros_like(colors[:1])
        return look_up(np.concatenate([background, colors]), self.labels)

    def plot(self, **options: Any) -> "Figure":
        """Show the image beside its classes; see `clast.plot.plot_segmentation` for the options.

        Returns
        -------
        matplotlib.figure.Figure
            Not registered with pyplot: save it by its ``savefig``, or let a notebook show it.
        """
        from clast.plot import plot_segmentation

        return plot_segmentation(self, **options)

    def montage(self, **options: Any) -> "Figure":
        """Show every channel and the classes, of a volume by several slices; see `clast.plot.montage`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from clast.plot import montage

        return montage(self, **options)

    def pairplot(self, **options: Any) -> "Figure":
        """Draw every pair of channels against each other, by class; see `clast.plot.pairplot`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from clast.plot import pairplot

        return pairplot(self, **options)

    def profiles(self, **options: Any) -> "Figure":
        """Draw mean and spread of every class in every channel; see `clast.plot.profiles`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from clast.plot import profiles

        return profiles(self, **options)

    def parallel_coordinates(self, **options: Any) -> "Figure":
        """Draw every class as a line through all channels; see `clast.plot.parallel_coordinates`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from clast.plot import parallel_coordinates

        return parallel_coordinates(self, **options)

    def cluster_circles(self, **options: Any) -> "Figure":
        """Draw classes as circles in the plane of their principal components; see `clast.plot.cluster_circles`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from clast.plot import cluster_circles

        return cluster_circles(self, **options)

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Write the labels on the image's grid.

        Parameters
        ----------
        path : path
            .nii, .nii.gz: affine, zooms, codes and units of the image, integers without scaling. .tif, .tiff: axes and
            pixel size. .png: two axes. .npy: the array alone.
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

    def posteriors(self, dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """Compute the probability of every class at every pixel, by a model that has ``predict_proba``.

        Parameters
        ----------
        dtype : {float32, float64, uint8}, default=float32
            uint8 stores 255 times the probability, rounded.

        Returns
        -------
        ndarray of shape (..., n_classes)
            Classes last, in the order of the labels: ``posteriors()[..., 0]`` is the image of class 1. Outside the mask
            all are 0; inside they add up to 1.

        Raises
        ------
        TypeError
            When the model has no ``predict_proba``, or the dtype is another one.
        """
        return posterior_images(self.seen(), self.mask, self._probabilities(), self.n_classes, dtype)

    def entropy(self) -> NDArray[np.float32]:
        """Compute how undecided the model is at every pixel: the Shannon entropy of the posteriors.

        Returns
        -------
        ndarray of float32, of the image's shape
            In bits: 0 where one class is certain, ``log2(n_classes)`` where all are equally probable. NaN outside the
            mask.

        Raises
        ------
        TypeError
            When the model has no ``predict_proba``.
        """
        return entropy_map(self.seen(), self.mask, self._probabilities())

    def margin(self) -> NDArray[np.float32]:
        """Compute how far the most probable class is ahead of the second at every pixel.

        Returns
        -------
        ndarray of float32, of the image's shape
            1 where one class is certain, 0 where two are equally probable. NaN outside the mask.

        Raises
        ------
        TypeError
            When the model has no ``predict_proba``.
        """
        return margin_map(self.seen(), self.mask, self._probabilities())

    def save_map(self, path: str | os.PathLike[str], values: NDArray[Any], *, force: bool = False) -> Path:
        """Write posteriors, their entropy or margin, or other numbers on the image's grid.

        Parameters
        ----------
        path : path
            .nii, .nii.gz: affine, zooms, codes and units of the image; classes are the fourth axis. .tif, .tiff: axes
            and pixel size; classes are channels. .npy: the array alone.
        values : ndarray of the image's shape, or with one more axis, the last
        force : bool, default=False
            Replace an existing file.

        Returns
        -------
        Path

        Raises
        ------
        clast.image.GridMismatchError
            When the values do not have the image's shape.
        clast.image.OutputError
            When the folder is missing, the file exists, or the format is none of these.
        """
        return save_map(path, values, self.image, force=force)

    def seen(self) -> Image:
        """Make the image that the model saw before scaling: its channels are those chosen, or their features.

        Returns
        -------
        Image
        """
        chosen = self.image if self.channels is None else self.image.select(self.channels)
        if self.features is None:
            return chosen
        features = parse_features(self.features)
        table = feature_table(chosen, features, None, np.float32)
        return replace(
            chosen,
            data=table.reshape(*chosen.shape, -1),
            channel_names=feature_names(features, chosen),
        )

    def __repr__(self) -> str:
        by = "" if self.model is None else f" by {type(self.model).__name__}"
        n_pixels = self.labels.size if self.mask is None else np.count_nonzero(self.mask)
        return f"Segmentation({self.n_classes} classes{by}, {n_pixels} of {self.labels.size} pixels, {self.image})"

    def _probabilities(self) -> Callable[[NDArray[Any]], NDArray[Any]]:
        return class_probabilities(self.model, self.scaler, self.clusters, self.classes)

    def _mean_colors(self) -> NDArray[Any]:
        means = np.nan_to_num(self.statistics.means)
        dtype = self.image.data.dtype
        colors = (np.rint(means) if dtype.kind in "biu" else means).astype(dtype)
        return colors if self.image.has_channels else colors[:, 0]


def pixel_size(image: Image) -> tuple[str, float] | None:
    """Name and value of what one pixel covers: ("volume_ml", 0.00598); None without spacing.

    Volumes are in mL for a spacing in mm, in um^3 for a spacing in um; areas in mm^2 and um^2.
    """
    if image.spacing is None:
        return None
    size = float(np.prod(image.spacing))
    if image.ndim == 2:
        return {"mm": "area_mm2", "um": "area_um2"}.get(image.unit or "", "area"), size
    if image.unit == "mm":
        return "volume_ml", size / 1000
    return {"um": "volume_um3"}.get(image.unit or "", "volume"), size


def _as_colors(palette: ArrayLike | Sequence[str]) -> NDArray[Any]:
    colors = np.asarray(palette)
    if colors.dtype.kind != "U":
        return colors
    from matplotlib.colors import to_rgba_array

    rgb = to_rgba_array(list(colors))[:, :3]
    rgb8: NDArray[np.uint8] = np.rint(rgb * 255).astype(np.uint8)
    return rgb8
