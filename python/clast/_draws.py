"""Draws of ``numpy.random.RandomState`` that kernels make sooner."""

import numpy as np
from numpy.typing import NDArray

from clast import _core


def permutation_head(random_state: np.random.RandomState, n: int, size: int) -> NDArray[np.int64]:
    """Return the first entries of a permutation, as ``random_state.choice(n, size, replace=False)`` draws them.

    The generator ends up where numpy leaves it.

    Parameters
    ----------
    random_state : RandomState
    n : int
        Number of entries of the whole permutation.
    size : int
        How many are asked for; all of them if there are fewer.

    Returns
    -------
    ndarray of shape (min(size, n),), int64

    Notes
    -----
    Cost: O(n); measured in turn with numpy, half as long for 100 000, a quarter for 2 million, a sixth for 8 million.
    """
    state = random_state.get_state(legacy=False)
    # A user's own choice, or more than words of 32 bits can count.
    if state["bit_generator"] != "MT19937" or n >= 2**32:
        return random_state.permutation(n)[:size]
    words = state["state"]
    head, words["key"], words["pos"] = _core.permutation_head(words["key"], words["pos"], n, size)
    random_state.set_state(state)
    return head.astype(np.int64)
