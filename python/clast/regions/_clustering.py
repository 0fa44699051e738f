"""Regions as the samples of a clusterer."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast.image import Image
from clast.regions._statistics import RegionStatistics, measure
from clast.regions._validation import Regions

_FEATURES = ("area", "centroid", "mean", "std", "min", "max")


def cluster_regions(
    labels: ArrayLike,
    image: Image | ArrayLike,
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
        much as it has pixels; in a pipeline all weigh the same.
    features : sequence of str, default=("mean",)
        What regions are compared by: "area", "centroid", "mean", "std", "min", "max", side by side.

    Returns
    -------
    ndarray of the shape of `labels`, int32
        Class of every pixel from 1 on; 0 for background and for what the model leaves out (-1).

    Raises
    ------
    TypeError
        If `model` is no clusterer, or `features` no sequence.
    ValueError
        If a feature is unknown, or there is no region.

    See Also
    --------
    agglomerate : Hierarchical clusters of regions that touch, without memory for all pairs of regions.

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
    if isinstance(model, type) or not hasattr(model, "fit_predict"):
        raise TypeError(f"'model' is {model!r}, but a clusterer is needed, such as clast.KMeans(4)")
    regions = Regions(labels, image, mask, background)
    found = measure(regions)
    X = region_samples(found, features)
    weight = {"sample_weight": found.area.astype(np.float64)} if _takes_weight(model) else {}
    classes = np.asarray(model.fit_predict(X, **weight)).astype(np.int32) + 1
    return regions.spread(found.labels, classes, 0)


def _takes_weight(model: Any) -> bool:
    parameters = inspect.signature(model.fit_predict).parameters
    if "sample_weight" in parameters:
        return True
    # What scikit-learn's ClusterMixin does not know it hands on to fit.
    hands_on = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    return hands_on and hasattr(model, "fit") and "sample_weight" in inspect.signature(model.fit).parameters


def region_samples(found: RegionStatistics, features: Sequence[str]) -> NDArray[np.float64]:
    """Make a sample of every region.

    Parameters
    ----------
    found : RegionStatistics
    features : sequence of str
        Fields to put side by side.

    Returns
    -------
    ndarray of float64, shape (n_regions, n_features)

    Raises
    ------
    TypeError
        If `features` is no sequence.
    ValueError
        If a feature is unknown, or there is no region.
    """
    try:
        names = (features,) if isinstance(features, str) else tuple(features)
    except TypeError:
        raise TypeError(f"'features' is {features!r}, but names are needed, such as ('mean', 'std')") from None
    if not names or any(name not in _FEATURES for name in names):
        raise ValueError(f"'features' is {names}, but must be some of {', '.join(_FEATURES)}")
    if len(found.labels) == 0:
        raise ValueError("'labels' has no region: all pixels are background or outside the mask")
    return np.column_stack([getattr(found, name) for name in names]).astype(np.float64)
