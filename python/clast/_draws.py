"""Draws of ``numpy.random.RandomState`` that kernels make sooner."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clast import _core


def permutation_heads(
    random_state: np.random.RandomState, n: int, sizes: Sequence[int], *, is_sorted: bool = False
) -> list[NDArray[np.int64]]:
    """Return the first entries of permutations, as ``random_state.choice(n, size, replace=False)`` draws them in turn.

    The generator ends up where numpy leaves it.

    Parameters
    ----------
    random_state : RandomState
    n : int
        Number of entries of a whole permutation.
    sizes : sequence of int
        How many are asked for of each; all of them if there are fewer.
    is_sorted : bool, default=False
        Whether to return the entries of each in ascending order, which takes less time.

    Returns
    -------
    list of ndarray of shape (min(size, n),), int64

    Notes
    -----
    Cost: O(n); measured in turn with numpy, half as long for 100 000, a quarter for 2 million, a sixth for 8 million.
    """
    state = random_state.get_state(legacy=False)
    # A user's own choice, or more than words of 32 bits can count.
    if state["bit_generator"] != "MT19937" or n >= 2**32:
        drawn = [random_state.permutation(n)[:size] for size in sizes]
        return [np.sort(head) for head in drawn] if is_sorted else drawn
    words = state["state"]
    heads, words["key"], words["pos"] = _core.permutation_heads(words["key"], words["pos"], n, sizes, is_sorted)
    random_state.set_state(state)
    return [head.astype(np.int64) for head in heads]
