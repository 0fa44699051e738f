"""Colours of classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Okabe and Ito, https://jfly.uni-koeln.de/color/: told apart with any kind of colour vision.
_CLASS_COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")


def class_colors(n_classes: int) -> NDArray[np.float64]:
    """Choose a colour for each class.

    Parameters
    ----------
    n_classes : int

    Returns
    -------
    ndarray of float64, shape (n_classes, 3)
        Red, green, blue in [0, 1]. Up to seven classes have colours that are told apart with any kind of colour vision;
        more are spread evenly over viridis.

    Examples
    --------
    >>> from clast.plot import class_colors
    >>> class_colors(3).round(2)
    array([[0.  , 0.45, 0.7 ],
           [0.9 , 0.62, 0.  ],
           [0.  , 0.62, 0.45]])
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    if n_classes <= len(_CLASS_COLORS):
        return np.array([to_rgb(color) for color in _CLASS_COLORS[:n_classes]]).reshape(n_classes, 3)
    return np.asarray(colormaps["viridis"](np.linspace(0, 1, n_classes)))[:, :3]


def palette_of(n_classes: int, colors: Any, names: Sequence[str] | None) -> NDArray[np.float64]:
    """Give red, green, blue of every class: the colours given or, for None, those of `class_colors`.

    Raises
    ------
    ValueError
        When there is not one colour, or not one name, for each class.
    """
    from matplotlib.colors import to_rgba_array

    palette = class_colors(n_classes) if colors is None else to_rgba_array(colors)[:, :3]
    for argument, values in (("names", names), ("colors", palette)):
        if values is not None and len(values) != n_classes:
            raise ValueError(f"'{argument}' has {len(values)} entries, but there are {n_classes} classes")
    return palette


def paint(labels: NDArray[Any], palette: NDArray[Any], alpha: float) -> NDArray[np.float64]:
    """Labels as RGBA, the background transparent."""
    colors = np.zeros((len(palette) + 1, 4))
    colors[1:, :3] = palette
    colors[1:, 3] = alpha
    painted: NDArray[np.float64] = colors[labels]
    return painted
