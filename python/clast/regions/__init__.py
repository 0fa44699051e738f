"""What comes after a label image: numbers, neighbours, merging and clustering of its regions.

Regions are the pixels of one label; they need not be in one piece. Label 0 is background unless said otherwise.

Examples
--------
>>> from clast import regions
>>> regions.region_means([[1, 1], [2, 2]], [[1.0, 3.0], [5.0, 5.0]])
array([[2., 2.],
       [5., 5.]])
"""

from clast.regions._agglomeration import agglomerate
from clast.regions._clustering import cluster_regions
from clast.regions._graph import RegionGraph, boundaries, region_graph
from clast.regions._merging import MergeResult, merge_regions
from clast.regions._statistics import RegionStatistics, region_means, region_statistics

__all__ = [
    "MergeResult",
    "RegionGraph",
    "RegionStatistics",
    "agglomerate",
    "boundaries",
    "cluster_regions",
    "merge_regions",
    "region_graph",
    "region_means",
    "region_statistics",
]
