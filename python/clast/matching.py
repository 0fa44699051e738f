"""Make the labels of one clustering mean those of another."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast.metrics._labels import contingency

__all__ = ["match_labels"]


def match_labels(labels: ArrayLike, reference: ArrayLike, *, background: int | None = 0) -> NDArray[Any]:
    """Rename labels so that they overlap those of a reference as much as possible.

    Two runs or two subjects number the same clusters differently. The labels are paired one to one so that as many
    pixels as possible have equal labels (the Hungarian method); labels left over are numbered on from the highest.

    Parameters
    ----------
    labels : array-like of int
        Labels to rename, of any shape.
    reference : array-like of int, of the same shape
        Labels to agree with.
    background : int or None, default=0
        Label that means "outside" in both: it keeps its number, and pixels that are outside in either do not count.
        None: all labels are alike.

    Returns
    -------
    ndarray of int of the same shape
        The renamed labels, in the wider of the two dtypes.

    Raises
    ------
    ValueError
        If the shapes differ.
    TypeError
        If the labels are no integers.

    Notes
    -----
    One pass over the pixels, and O(k^3) for k labels.

    References
    ----------
    .. [1] H. W. Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics Quarterly 2, 1955.

    Examples
    --------
    >>> from clast import match_labels
    >>> match_labels([2, 2, 1, 1, 3], [1, 1, 2, 2, 2])
    array([1, 1, 2, 2, 3])
    """
    from scipy.optimize import linear_sum_assignment

    labels, reference = np.asarray(labels), np.asarray(reference)
    for name, values in (("labels", labels), ("reference", reference)):
        if values.dtype.kind not in "iu":
            raise TypeError(f"'{name}' has dtype {values.dtype}, but integers are needed")
    if labels.shape != reference.shape:
        raise ValueError(f"'labels' has shape {labels.shape}, but 'reference' has shape {reference.shape}")
    dtype = np.result_type(labels, reference)
    if labels.size == 0:
        return labels.astype(dtype)
    overlap, ours, theirs = contingency(labels, reference)
    is_ours, is_theirs = ours != background, theirs != background
    rows, columns = linear_sum_assignment(overlap[np.ix_(is_ours, is_theirs)], maximize=True)
    renamed = dict(zip(ours[is_ours][rows].tolist(), theirs[is_theirs][columns].tolist(), strict=True))
    if background is not None:
        renamed[background] = background
    following = int(theirs.max()) + 1
    for label in ours.tolist():
        if label not in renamed:
            renamed[label] = following
            following += 1
    names = np.array([renamed[label] for label in ours.tolist()])
    places = np.searchsorted(ours, labels)
    return names[places].astype(np.promote_types(dtype, np.min_scalar_type(int(names.max()))))
