"""One table entry per pixel, without the index arrays of numpy that are eight times as large as a label image."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 16  # labels whose indices as 64-bit integers stay in the second-level cache


def look_up(table: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    """Compute ``table[labels]`` in blocks.

    Parameters
    ----------
    table : ndarray of shape (n_entries, ...)
    labels : ndarray of int
        Indices from ``-n_entries`` to ``n_entries - 1``.

    Returns
    -------
    ndarray of shape ``labels.shape + table.shape[1:]``
        C-contiguous, of the table's dtype. Memory: little more than the result.
    """
    flat = labels.reshape(-1)
    found = np.empty((flat.size, *table.shape[1:]), dtype=table.dtype)
    for start in range(0, flat.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        found[block] = table[flat[block]]
    return found.reshape(labels.shape + table.shape[1:])


def label_dtype(n_labels: int) -> type[np.unsignedinteger[Any]] | type[np.signedinteger[Any]]:
    """Choose the smallest of uint8, uint16 and int32, which all formats can hold, for labels up to this."""
    return np.uint8 if n_labels < 1 << 8 else np.uint16 if n_labels < 1 << 16 else np.int32
