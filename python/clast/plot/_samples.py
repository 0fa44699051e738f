"""Samples to draw and the classes they belong to, out of a segmentation or of arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clast.plot._colors import palette_of

if TYPE_CHECKING:
    from typing import TypeAlias

    import pandas as pd
    from numpy.typing import ArrayLike

    from clast._result import Segmentation

    Data: TypeAlias = Segmentation | pd.DataFrame | ArrayLike


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples of classes.

    Attributes
    ----------
    values : ndarray of shape (n_samples, n_features)
        In the dtype given; all finite.
    classes : ndarray of intp, shape (n_samples,)
        Index of the class of each sample; all 0 where there were no labels.
    features, names : tuple of str
        Of the features, and of the classes; no names where there were no labels.
    palette : ndarray of float64, shape (n_classes, 3)
    noun : str
        What a sample is: "pixels", "voxels" or "samples".
    """

    values: NDArray[Any]
    classes: NDArray[np.intp]
    features: tuple[str, ...]
    names: tuple[str, ...]
    palette: NDArray[np.float64]
    noun: str

    @property
    def n_classes(self) -> int:
        """Number of colours; 1 where there were no labels."""
        return len(self.palette)

    def draw(self, sample_size: int, random_state: Any) -> NDArray[np.intp]:
        """Choose at most this many samples, in random order so that no class covers the others."""
        n_samples = len(self.values)
        if sample_size < 1:
            raise ValueError(f"'sample_size' is {sample_size}, but must be at least 1")
        # Floyd's algorithm: as long as the sample, not as the image.
        return np.random.default_rng(random_state).choice(n_samples, min(sample_size, n_samples), replace=False)


def samples_of(
    data: "Data",
    labels: "ArrayLike | None" = None,
    *,
    channels: Sequence[int | str] | None = None,
    names: Sequence[str] | None = None,
    colors: Any = None,
    as_model_sees: bool = False,
) -> Samples:
    """Gather samples.

    Parameters
    ----------
    data : Segmentation, DataFrame or array-like of shape (n_samples, n_features)
    labels : array-like of shape (n_samples,), optional
        Classes of the rows of a table or array; rows of -1 (noise) are left out. A segmentation has its own.
    channels : sequence of int or str, optional
        Which features, and in which order.
    names : sequence of str, optional
        Of the classes.
    colors : sequence of colours, optional
        Of the classes.
    as_model_sees : bool, default=False
        Bring the pixels of a segmentation to the space of its model, by its channels, features and scaler.

    Returns
    -------
    Samples

    Raises
    ------
    ValueError
        When shapes do not fit, nothing is left to draw, or a channel does not exist.
    """
    from clast._result import Segmentation

    if isinstance(data, Segmentation):
        if labels is not None:
            raise ValueError("'labels' are for arrays and tables: a segmentation has its own")
        return _of_segmentation(data, channels, names, colors, as_model_sees)
    features = tuple(str(column) for column in data.columns) if hasattr(data, "columns") else None
    values = np.asarray(data)
    if values.ndim != 2 or values.dtype.kind not in "buif":
        raise ValueError(
            f"'data' is {values.dtype} of shape {values.shape}, but must be a segmentation or numbers of shape"
            " (n_samples, n_features)"
        )
    values, features = _chosen(values, features or tuple(f"feature {i}" for i in range(values.shape[1])), channels)
    keep = np.isfinite(values).all(axis=1)
    classes, known = np.zeros(len(values), dtype=np.intp), np.empty(0, dtype=np.int64)
    if labels is not None:
        numbers = np.asarray(labels)
        if numbers.shape != (len(values),) or numbers.dtype.kind not in "biu":
            raise ValueError(
                f"'labels' is {numbers.dtype} of shape {numbers.shape}, but must be one integer for each of"
                f" {len(values)} samples"
            )
        keep &= numbers >= 0
        known, classes[keep] = np.unique(numbers[keep], return_inverse=True)
    names = tuple(f"class {number}" for number in known) if names is None else tuple(names)
    palette = palette_of(1 if labels is None else len(known), colors, names if names else None)
    return _finished(values, classes, keep, features, names, palette, "samples")


def _of_segmentation(
    segmentation: "Segmentation",
    channels: Sequence[int | str] | None,
    names: Sequence[str] | None,
    colors: Any,
    as_model_sees: bool,
) -> Samples:
    image, labels = segmentation.image, segmentation.labels.reshape(-1)
    names = segmentation.class_names if names is None else tuple(names)
    palette = palette_of(segmentation.n_classes, colors, names)
    inside = labels > 0
    seen = segmentation.seen() if as_model_sees else image
    values, features = _chosen(seen.samples(), tuple(seen.channel_names), channels)
    if as_model_sees and segmentation.scaler is not None:
        values = segmentation.scaler.transform(values[inside])
        labels, inside = labels[inside], np.ones(len(values), dtype=bool)
    noun = "pixels" if image.ndim == 2 else "voxels"
    return _finished(values, labels.astype(np.intp) - 1, inside, features, names, palette, noun)


def _chosen(
    values: NDArray[Any], features: tuple[str, ...], channels: Sequence[int | str] | None
) -> tuple[NDArray[Any], tuple[str, ...]]:
    if channels is None:
        return values, features
    indices = []
    for channel in channels:
        index = features.index(channel) if channel in features else channel
        if not isinstance(index, int) or not 0 <= index < len(features):
            raise ValueError(f"'channels' has {channel!r}, but there are {', '.join(features)}")
        indices.append(index)
    if not indices:
        raise ValueError(f"'channels' is empty, but there are {', '.join(features)}")
    return values[:, indices], tuple(features[index] for index in indices)


def _finished(
    values: NDArray[Any],
    classes: NDArray[np.intp],
    keep: NDArray[np.bool_],
    features: tuple[str, ...],
    names: tuple[str, ...],
    palette: NDArray[np.float64],
    noun: str,
) -> Samples:
    if not keep.any():
        raise ValueError(f"there are no {noun} to draw: none is finite and has a class")
    if not keep.all():
        values, classes = values[keep], classes[keep]
    return Samples(values, classes, features, names, palette, noun)


def check_percentiles(percentiles: tuple[float, float]) -> None:
    """Raise ValueError unless they ascend within 0 and 100."""
    if not 0 <= percentiles[0] < percentiles[1] <= 100:
        raise ValueError(f"'percentiles' is {percentiles}, but must be two ascending numbers from 0 to 100")
