"""How well two label images agree."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast.metrics._labels import contingency

__all__ = ["achievable_segmentation_accuracy", "boundary_recall", "dice", "jaccard", "undersegmentation_error"]


def dice(labels: ArrayLike, truth: ArrayLike) -> float | dict[int, float]:
    """Compute the Dice coefficient, twice the overlap over the sum of the sizes, of masks or of every label.

    Parameters
    ----------
    labels, truth : array-like of bool or int, of the same shape
        Two masks, or two label images with the same meaning of labels (`clast.match_labels` gives them one); label 0 is
        background.

    Returns
    -------
    float
        For masks; 1 where both are empty.
    dict of int to float
        For label images: the coefficient of each label but 0 that occurs in either.

    Raises
    ------
    ValueError
        If the shapes differ.
    TypeError
        If the labels are no integers.

    References
    ----------
    .. [1] L. R. Dice, "Measures of the amount of ecologic association between species", Ecology 26(3), 1945.

    Examples
    --------
    >>> from clast.metrics import dice
    >>> dice([[1, 1], [2, 0]], [[1, 3], [2, 0]])
    {1: 0.6666666666666666, 2: 1.0, 3: 0.0}
    """
    return _per_label(labels, truth, lambda both, size_a, size_b: 2 * both / (size_a + size_b))


def jaccard(labels: ArrayLike, truth: ArrayLike) -> float | dict[int, float]:
    """Compute the Jaccard index, intersection over union, of masks or of every label.

    Parameters
    ----------
    labels, truth : array-like of bool or int, of the same shape
        As for `dice`.

    Returns
    -------
    float, or dict of int to float
        As for `dice`.

    Raises
    ------
    ValueError
        If the shapes differ.
    TypeError
        If the labels are no integers.

    Examples
    --------
    >>> from clast.metrics import jaccard
    >>> jaccard([True, True, False], [True, False, False])
    0.5
    """
    return _per_label(labels, truth, lambda both, size_a, size_b: both / (size_a + size_b - both))


def achievable_segmentation_accuracy(labels: ArrayLike, truth: ArrayLike) -> float:
    """Compute the share of pixels that are right if every superpixel takes the true label most frequent in it.

    Parameters
    ----------
    labels : array-like of int
        Superpixels.
    truth : array-like of int, of the same shape
        True segments.

    Returns
    -------
    float
        At most 1.

    Raises
    ------
    ValueError
        If the shapes differ or the images are empty.
    TypeError
        If the labels are no integers.

    References
    ----------
    .. [1] M.-Y. Liu et al., "Entropy rate superpixel segmentation", CVPR 2011.

    Examples
    --------
    >>> from clast.metrics import achievable_segmentation_accuracy
    >>> achievable_segmentation_accuracy([[0, 0], [1, 1]], [[5, 5], [5, 6]])
    0.75
    """
    counts, _, _ = contingency(*_pair(labels, truth))
    return float(counts.max(axis=1).sum() / counts.sum())


def undersegmentation_error(labels: ArrayLike, truth: ArrayLike) -> float:
    """Compute the share of pixels by which superpixels leak over true segments.

    Each superpixel that meets a true segment counts there with the smaller of its parts inside and outside.

    Parameters
    ----------
    labels : array-like of int
        Superpixels.
    truth : array-like of int, of the same shape
        True segments.

    Returns
    -------
    float
        0 where no superpixel crosses a true boundary.

    Raises
    ------
    ValueError
        If the shapes differ or the images are empty.
    TypeError
        If the labels are no integers.

    References
    ----------
    .. [1] P. Neubert and P. Protzel, "Superpixel benchmark and comparison", Forum Bildverarbeitung, 2012.

    Examples
    --------
    >>> from clast.metrics import undersegmentation_error
    >>> undersegmentation_error([[0, 0], [1, 1]], [[5, 5], [5, 6]])
    0.5
    """
    counts, _, _ = contingency(*_pair(labels, truth))
    outside = counts.sum(axis=1, keepdims=True) - counts
    return float(np.minimum(counts, outside).sum() / counts.sum())


def boundary_recall(labels: ArrayLike, truth: ArrayLike, *, tolerance: int = 2) -> float:
    """Compute the share of true boundary pixels that have a boundary pixel of the superpixels near them.

    A boundary pixel has another label than the next pixel along some axis; both are boundary pixels.

    Parameters
    ----------
    labels : array-like of int
        Superpixels, in any number of dimensions.
    truth : array-like of int, of the same shape
        True segments.
    tolerance : int, default=2
        Most pixels, along each axis, to a boundary that is near.

    Returns
    -------
    float
        1 where the truth has no boundary.

    Raises
    ------
    ValueError
        If the shapes differ, the images are empty or `tolerance` is negative.
    TypeError
        If the labels are no integers.

    References
    ----------
    .. [1] D. R. Martin, C. C. Fowlkes and J. Malik, "Learning to detect natural image boundaries using local
       brightness, color, and texture cues", IEEE TPAMI 26(5), 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from clast.metrics import boundary_recall
    >>> truth = np.repeat([0, 1], 8)
    >>> boundary_recall(np.repeat([0, 1], [9, 7]), truth), boundary_recall(np.repeat([0, 1], [13, 3]), truth)
    (1.0, 0.0)
    """
    from scipy.ndimage import maximum_filter

    if tolerance < 0:
        raise ValueError(f"'tolerance' is {tolerance}, but must be at least 0")
    labels, truth = _pair(labels, truth)
    near = maximum_filter(_boundaries(labels), size=2 * tolerance + 1, mode="constant", cval=False)
    true = _boundaries(truth)
    n_true = np.count_nonzero(true)
    return 1.0 if n_true == 0 else float(np.count_nonzero(true & near) / n_true)


def _boundaries(labels: NDArray[Any]) -> NDArray[np.bool_]:
    found = np.zeros(labels.shape, dtype=bool)
    for axis in range(labels.ndim):
        along = np.moveaxis(labels, axis, 0)
        differs = along[1:] != along[:-1]
        out = np.moveaxis(found, axis, 0)
        out[1:] |= differs
        out[:-1] |= differs
    return found


def _pair(labels: ArrayLike, truth: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    labels, truth = np.asarray(labels), np.asarray(truth)
    for name, values in (("labels", labels), ("truth", truth)):
        if values.dtype.kind not in "biu":
            raise TypeError(f"'{name}' has dtype {values.dtype}, but integers or bool are needed")
    if labels.shape != truth.shape:
        raise ValueError(f"'labels' has shape {labels.shape}, but 'truth' has shape {truth.shape}")
    if labels.size == 0:
        raise ValueError("'labels' and 'truth' are empty")
    return labels, truth


def _per_label(labels: ArrayLike, truth: ArrayLike, score: Any) -> float | dict[int, float]:
    labels, truth = _pair(labels, truth)
    counts, classes_a, classes_b = contingency(labels.astype(np.int64), truth.astype(np.int64))
    sizes_a = dict(zip(classes_a.tolist(), counts.sum(axis=1).tolist(), strict=True))
    sizes_b = dict(zip(classes_b.tolist(), counts.sum(axis=0).tolist(), strict=True))
    rows, columns = {c: i for i, c in enumerate(sizes_a)}, {c: i for i, c in enumerate(sizes_b)}
    scores = {}
    for label in sorted((sizes_a.keys() | sizes_b.keys()) - {0}):
        both = int(counts[rows[label], columns[label]]) if label in rows and label in columns else 0
        scores[label] = float(score(both, sizes_a.get(label, 0), sizes_b.get(label, 0)))
    if labels.dtype == bool and truth.dtype == bool:
        return scores.get(1, 1.0)
    return scores
