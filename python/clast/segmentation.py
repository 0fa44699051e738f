"""From an image to a segmentation by any clusterer with scikit-learn's interface."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast._lookup import label_dtype, look_up
from clast._preparation import clone_estimator, make_scaler, prepare
from clast._result import Segmentation
from clast._statistics import class_means
from clast.image import GridMismatchError, Image, ImageError, as_image, resolve_mask
from clast.image._image import ChannelAxis

__all__ = ["Segmentation", "segment"]

_LABEL_ORDERS = ("center", "size")


def segment(
    image: Image | ArrayLike | str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    model: Any,
    *,
    mask: Image | ArrayLike | str | os.PathLike[str] | None = None,
    channels: Sequence[int | str] | None = None,
    features: str | Sequence[str] | None = None,
    scale: Any = None,
    pca: int | float | None = None,
    label_order: str | None = None,
    channel_axis: ChannelAxis = "auto",
    spacing: Sequence[float] | None = None,
    unit: str | None = None,
    sample_weight: ArrayLike | None = None,
) -> Segmentation:
    """Cluster the pixels of an image and put the labels back where the pixels were.

    Parameters
    ----------
    image : Image, array_like, path or sequence of paths
        Values, or the files that hold them; several files are stacked as channels (see `read_image`).
    model : estimator
        Any clusterer with scikit-learn's interface: ``fit_predict``, or ``fit`` and ``predict``. A copy is fitted and
        returned in the result; the one given stays as it is.
    mask : array_like, Image, path, "nonzero" or None, default=None
        Pixels that take part: those that are True or not zero in an array or file of the image's shape; with "nonzero"
        those that are positive in every channel. Pixels that are NaN or infinite never take part.
    channels : sequence of int and str, or None, default=None
        Indices or names of the channels that the model sees; None for all. Mask, table and pictures have them all.
    features : str or sequence of str, optional
        What the model sees of each pixel instead of its channels, such as ``"intensity, gaussian(2), position(0.1)"``:
        the names that `PixelFeatures` knows. Lengths are in the unit of `spacing`, where it is known.
    scale : {"standard", "minmax", "max", "robust"}, transformer or None, default=None
        How channels or features are brought to a common scale before the model sees them: by scikit-learn's
        StandardScaler, MinMaxScaler, MaxAbsScaler or RobustScaler, fitted inside the mask, or by a transformer of your
        own.
    pca : int, float in (0, 1) or None, default=None
        Give the model principal components instead: this many, or as many as explain this share of the variance,
        fitted inside the mask after scaling.
    label_order : {"center", "size"} or None, default=None
        Number the classes by ascending mean of the first channel that the model sees, or from largest to smallest. None
        keeps the numbers of the model, plus one.
    channel_axis : int, None or "auto", default="auto"
        Axis of an array that holds the channels, None for a grey image. "auto" takes a last axis of length 3 or 4 for
        channels, and warns about any other array with more than two axes.
    spacing : sequence of float, optional
        Distance between pixels along each spatial axis, if the file does not say it or says it wrongly.
    unit : str, optional
        Unit of `spacing`, such as "mm" or "um".
    sample_weight : array_like of the image's shape, optional
        Weight of each pixel, for models that take it.

    Returns
    -------
    Segmentation
        Labels of the image's shape: 0 for background, 1 to n_classes for classes, in the smallest of uint8, uint16 and
        int32 that holds them. A label of -1 from the model (noise) is background.

    Raises
    ------
    TypeError
        When `model` is no clusterer, or does not return integers.
    ValueError
        When an argument has no meaning, the mask is empty, or it holds fewer pixels than the model has clusters.
    clast.image.GridMismatchError
        When files, mask or weights do not lie on the image's grid.
    clast.image.UnreadableImageError
        When a file cannot be read.

    Warns
    -----
    clast.image.ShapeGuessWarning
        When the meaning of an array's axes had to be guessed.

    Notes
    -----
    Without mask, features and scaling the model gets a view of the image in its own dtype, not a copy. With a mask it
    gets one copy of the pixels inside, in C order of the grid, as ``image[mask]`` gives them: models with the same
    `random_state` find the same clusters as by hand. Features are a table of float32.

    Examples
    --------
    >>> import clast, numpy as np
    >>> image = np.array([[10, 12, 200], [11, 198, 202]], dtype=np.uint8)
    >>> clast.segment(image, clast.KMeans(2, random_state=0), label_order="size", mask=image > 10).labels
    array([[0, 2, 1],
           [2, 1, 1]], dtype=uint8)
    """
    _check_model(model)
    scaler, space = make_scaler(scale, pca)
    if label_order is not None and label_order not in _LABEL_ORDERS:
        raise ValueError(f"'label_order' is {label_order!r}, but must be 'center', 'size' or None")
    image = as_image(image, channel_axis=channel_axis, spacing=spacing, unit=unit)
    seen = image if channels is None else image.select(channels)
    # The mask is that of all channels, also of those that the model does not see.
    prepared = prepare(seen, mask if channels is None else resolve_mask(image, mask), scaler, space, features)
    X, inside = prepared.samples, prepared.inside
    _check_n_samples(model, len(X))
    weights = _inside_weights(sample_weight, image, inside)
    fitted = clone_estimator(model)
    clusters = _as_clusters(_fit_predict(fitted, X, weights), len(X))
    n_classes = max(int(clusters.max()) + 1, _n_components(fitted))
    labels, order = to_labels(clusters, n_classes, seen, inside, label_order)
    names = None if channels is None else tuple(seen.channel_names)
    return Segmentation(labels, fitted, image, inside, scaler, order, features=prepared.features, channels=names)


def _check_model(model: Any) -> None:
    can_predict = hasattr(model, "fit_predict") or (hasattr(model, "fit") and hasattr(model, "predict"))
    if isinstance(model, type) or not can_predict:
        given = f"the class {model.__name__}" if isinstance(model, type) else repr(model)
        raise TypeError(f"'model' must be a clusterer such as clast.KMeans(3), with fit_predict; got {given}")


def _check_n_samples(model: Any, n_samples: int) -> None:
    for name in ("n_clusters", "n_components"):
        wanted = getattr(model, name, None)
        if isinstance(wanted, int) and wanted > n_samples:
            raise ImageError(f"{n_samples} pixels take part, but '{name}' is {wanted}; ask for fewer or widen the mask")


def _inside_weights(
    sample_weight: ArrayLike | None, image: Image, inside: NDArray[np.bool_] | None
) -> NDArray[Any] | None:
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight)
    if weights.shape != image.shape:
        raise GridMismatchError(f"'sample_weight' has shape {weights.shape}, but the image has shape {image.shape}")
    return weights.reshape(-1) if inside is None else weights[inside]


def _fit_predict(model: Any, X: NDArray[Any], weights: NDArray[Any] | None) -> NDArray[Any]:
    options = {} if weights is None else {"sample_weight": weights}
    if hasattr(model, "fit_predict"):
        return np.asarray(model.fit_predict(X, **options))
    return np.asarray(model.fit(X, **options).predict(X))


def _as_clusters(clusters: NDArray[Any], n_samples: int) -> NDArray[Any]:
    if clusters.shape != (n_samples,) or clusters.dtype.kind not in "iu":
        raise TypeError(
            f"the model must return one integer per pixel, shape ({n_samples},);"
            f" it returned {clusters.dtype} of shape {clusters.shape}"
        )
    if clusters.min() < -1 or clusters.max() >= np.iinfo(np.int32).max:
        raise ValueError(
            f"the model returned labels from {clusters.min()} to {clusters.max()}; -1, 0, 1, ... are needed"
        )
    return clusters


def _n_components(model: Any) -> int:
    """Classes of a mixture, which has a posterior for each of them, also for those that get no pixel."""
    n_components = getattr(model, "n_components", None)
    return n_components if hasattr(model, "predict_proba") and isinstance(n_components, int) else 0


def to_labels(
    clusters: NDArray[Any],
    n_classes: int,
    image: Image,
    inside: NDArray[np.bool_] | None,
    label_order: str | None,
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Put clusters on the grid.

    Parameters
    ----------
    clusters : ndarray of int, shape (n_samples,)
        The model's number of each pixel that takes part, -1 for noise.
    n_classes : int
    image : Image
    inside : ndarray of bool of the image's shape, or None
    label_order : {"center", "size"} or None

    Returns
    -------
    labels : ndarray of the image's shape
    order : ndarray of int64, shape (n_classes,)
        The model's number of each class.
    """
    identity = np.arange(n_classes)
    labels = _scatter(clusters, identity, image.shape, inside)
    if label_order is None or n_classes < 2:
        return labels, identity
    counts, means = class_means(labels, Image(image.channel(0), image.axes), n_classes)
    keys = means[:, 0] if label_order == "center" else -counts
    order = np.argsort(keys, kind="stable")  # classes without pixels have no mean and come last
    return _scatter(clusters, order, image.shape, inside), order


def _scatter(
    clusters: NDArray[Any], order: NDArray[np.int64], shape: tuple[int, ...], inside: NDArray[np.bool_] | None
) -> NDArray[Any]:
    n_classes = len(order)
    dtype = label_dtype(n_classes)
    label_of = np.zeros(n_classes + 1, dtype=dtype)  # the last entry, index -1, is noise
    label_of[order] = np.arange(1, n_classes + 1)
    found = look_up(label_of, clusters)
    if inside is None:
        return found.reshape(shape)
    labels = np.zeros(shape, dtype=dtype)
    labels[inside] = found
    return labels
