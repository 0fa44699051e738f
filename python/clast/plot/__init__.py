"""Pictures of segmentations, superpixels, quadtrees, thresholds, patches and criteria.

They are made of matplotlib's objects alone: no pyplot state, no backend is touched. Every function returns a Figure.
matplotlib itself is loaded when the first one is drawn.

Examples
--------
>>> import numpy as np
>>> import clast
>>> result = clast.segment(np.eye(8), clast.KMeans(2, random_state=0))
>>> clast.plot.plot_segmentation(result, names=["background", "diagonal"])
<Figure size ... with 2 Axes>
"""

from clast.plot._circles import cluster_circles
from clast.plot._colors import class_colors
from clast.plot._heatmap import patch_heatmap
from clast.plot._montage import montage
from clast.plot._pairs import pairplot
from clast.plot._parallel import parallel_coordinates
from clast.plot._profiles import profiles
from clast.plot._quadtree import plot_quadtree
from clast.plot._segmentation import plot_segmentation
from clast.plot._selection import plot_selection
from clast.plot._superpixels import plot_superpixels
from clast.plot._thresholds import plot_thresholds

__all__ = [
    "class_colors",
    "cluster_circles",
    "montage",
    "pairplot",
    "parallel_coordinates",
    "patch_heatmap",
    "plot_quadtree",
    "plot_segmentation",
    "plot_selection",
    "plot_superpixels",
    "plot_thresholds",
    "profiles",
]
