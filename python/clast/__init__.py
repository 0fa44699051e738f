"""Segment images by clustering: fast drop-in estimators with a Rust core, and an image layer around them.

The names below load on first use, so that ``import clast`` stays cheap: scikit-learn, nibabel, tifffile, pandas and
matplotlib are imported only by the names that need them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from clast._core import __version__
from clast._threads import get_num_threads, set_num_threads, threads

if TYPE_CHECKING:
    from clast import metrics, phantom, plot, regions
    from clast.bisecting import BisectingKMeans
    from clast.decomposition import QuadTree, quadtree
    from clast.image import Image, read_image
    from clast.kmeans import KMeans, kmeans_plusplus
    from clast.matching import match_labels
    from clast.minibatch import MiniBatchKMeans
    from clast.mixture import GaussianMixture
    from clast.one_dimensional import kmeans1d
    from clast.patch_features import PatchStatistics
    from clast.patch_models import patch_search
    from clast.patches import Patches, patch_statistics
    from clast.pixel_features import PixelFeatures
    from clast.segmentation import Segmentation, segment
    from clast.selection import Selection, select_k
    from clast.superpixels import slic
    from clast.sweep import kmeans_sweep
    from clast.thresholds import (
        ThresholdTrial,
        hysteresis,
        threshold_intermodes,
        threshold_isodata,
        threshold_li,
        threshold_mean,
        threshold_minimum,
        threshold_multiotsu,
        threshold_otsu,
        threshold_triangle,
        threshold_yen,
        try_thresholds,
    )
    from clast.tiles import patch_table

_MODULE_OF = {
    "BisectingKMeans": "clast.bisecting",
    "GaussianMixture": "clast.mixture",
    "Image": "clast.image",
    "KMeans": "clast.kmeans",
    "MiniBatchKMeans": "clast.minibatch",
    "PatchStatistics": "clast.patch_features",
    "Patches": "clast.patches",
    "PixelFeatures": "clast.pixel_features",
    "QuadTree": "clast.decomposition",
    "Segmentation": "clast.segmentation",
    "Selection": "clast.selection",
    "ThresholdTrial": "clast.thresholds",
    "hysteresis": "clast.thresholds",
    "kmeans1d": "clast.one_dimensional",
    "kmeans_plusplus": "clast.kmeans",
    "kmeans_sweep": "clast.sweep",
    "match_labels": "clast.matching",
    "patch_search": "clast.patch_models",
    "patch_statistics": "clast.patches",
    "patch_table": "clast.tiles",
    "quadtree": "clast.decomposition",
    "read_image": "clast.image",
    "segment": "clast.segmentation",
    "select_k": "clast.selection",
    "slic": "clast.superpixels",
    "threshold_intermodes": "clast.thresholds",
    "threshold_isodata": "clast.thresholds",
    "threshold_li": "clast.thresholds",
    "threshold_mean": "clast.thresholds",
    "threshold_minimum": "clast.thresholds",
    "threshold_multiotsu": "clast.thresholds",
    "threshold_otsu": "clast.thresholds",
    "threshold_triangle": "clast.thresholds",
    "threshold_yen": "clast.thresholds",
    "try_thresholds": "clast.thresholds",
}

# Modules with public names of their own.
_SUBMODULES = ("metrics", "phantom", "plot", "regions")

__all__ = [
    "BisectingKMeans",
    "GaussianMixture",
    "Image",
    "KMeans",
    "MiniBatchKMeans",
    "PatchStatistics",
    "Patches",
    "PixelFeatures",
    "QuadTree",
    "Segmentation",
    "Selection",
    "ThresholdTrial",
    "__version__",
    "get_num_threads",
    "hysteresis",
    "kmeans1d",
    "kmeans_plusplus",
    "kmeans_sweep",
    "match_labels",
    "metrics",
    "patch_search",
    "patch_statistics",
    "patch_table",
    "phantom",
    "plot",
    "quadtree",
    "read_image",
    "regions",
    "segment",
    "select_k",
    "set_num_threads",
    "slic",
    "threads",
    "threshold_intermodes",
    "threshold_isodata",
    "threshold_li",
    "threshold_mean",
    "threshold_minimum",
    "threshold_multiotsu",
    "threshold_otsu",
    "threshold_triangle",
    "threshold_yen",
    "try_thresholds",
]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(module), name)
    # Later look-ups find the name in the module itself and no longer come here.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
