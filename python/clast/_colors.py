"""Colours of classes."""

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
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    if n_classes <= len(_CLASS_COLORS):
        return np.array([to_rgb(color) for color in _CLASS_COLORS[:n_classes]]).reshape(n_classes, 3)
    return np.asarray(colormaps["viridis"](np.linspace(0, 1, n_classes)))[:, :3]
