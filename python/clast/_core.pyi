"""Compiled kernels of clast; the public names are in `clast` itself."""

from collections.abc import Callable, Sequence
from typing import Any, Self, final

import numpy as np
from numpy.typing import NDArray

# Sample matrices: shape (n_samples, n_features), dtype float32, float64, uint8, int16 or uint16, C- or F-contiguous.
_Samples = NDArray[np.float32] | NDArray[np.float64] | NDArray[np.uint8] | NDArray[np.int16] | NDArray[np.uint16]

__version__: str
MULTIOTSU_MAX_BINS: int

def build_info() -> dict[str, str]: ...
def get_num_threads() -> int: ...
def set_num_threads(n_threads: int) -> None: ...
def simd_level() -> str: ...
def feature_moments(X: _Samples) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def choice_sums(probabilities: NDArray[np.float64] | None, n_samples: int, each: float) -> NDArray[np.float64]: ...
def permutation_heads(
    state: NDArray[np.uint32], position: int, n: int, sizes: Sequence[int], is_sorted: bool
) -> tuple[list[NDArray[np.uint32]], NDArray[np.uint32], int]: ...
def choose_rows(
    probabilities: NDArray[np.float64] | None,
    n_samples: int,
    each: float,
    sums: NDArray[np.float64],
    draws: NDArray[np.float64],
) -> NDArray[np.int64]: ...
def kmeans_plusplus(
    X: _Samples,
    sample_weight: NDArray[np.float64] | None,
    first_draws: NDArray[np.float64],
    draws: NDArray[np.float64],
) -> NDArray[np.int64]: ...
def kmeans_lloyd(
    X: _Samples,
    starts: NDArray[np.float64],
    sample_weight: NDArray[np.float64] | None,
    max_iter: int,
    tol: float,
    reorder: bool,
    on_iteration: Callable[[int, float, bool, float], None] | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.float64], float, int, dict[str, int]]: ...
def kmeans_sweep(
    X: _Samples,
    sweep: list[tuple[NDArray[np.float64], int]],
    sample_weight: NDArray[np.float64] | None,
    tol: float,
    reorder: bool,
    on_fit: Callable[[], None] | None = None,
) -> list[tuple[NDArray[np.int32], NDArray[np.float64], float, int, dict[str, int]]]: ...

_Moments = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float, float]
_Model = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

def mixture_statistics(
    X: _Samples,
    sample_weight: NDArray[np.float64] | None,
    covariance_type: str,
    weights: NDArray[np.float64],
    means: NDArray[np.float64],
    precisions_cholesky: NDArray[np.float64],
) -> _Moments: ...
def mixture_statistics_of_labels(
    X: _Samples,
    sample_weight: NDArray[np.float64] | None,
    labels: NDArray[np.int32],
    reference: NDArray[np.float64],
    is_diagonal: bool,
) -> _Moments: ...
def mixture_statistics_of_responsibilities(
    X: _Samples,
    sample_weight: NDArray[np.float64] | None,
    responsibilities: NDArray[np.float64],
    reference: NDArray[np.float64],
    is_diagonal: bool,
) -> _Moments: ...
def mixture_maximize(
    statistics: _Moments, covariance_type: str, reg_covar: float, eps: float, ridge: float | None
) -> tuple[_Model, list[int]]: ...
def mixture_fit(
    X: _Samples,
    sample_weight: NDArray[np.float64] | None,
    covariance_type: str,
    weights: NDArray[np.float64],
    means: NDArray[np.float64],
    precisions_cholesky: NDArray[np.float64],
    max_iter: int,
    tol: float,
    reg_covar: float,
    eps: float,
    ridge: float | None,
    lower_bound: float,
    on_iteration: Callable[[int, int, float, float], None] | None = None,
) -> tuple[_Model, list[float], bool, list[int], bool]: ...
def mixture_predict(
    X: _Samples,
    covariance_type: str,
    weights: NDArray[np.float64],
    means: NDArray[np.float64],
    precisions_cholesky: NDArray[np.float64],
) -> NDArray[np.int64]: ...
def mixture_log_density(
    X: _Samples,
    covariance_type: str,
    weights: NDArray[np.float64],
    means: NDArray[np.float64],
    precisions_cholesky: NDArray[np.float64],
    out: NDArray[np.float32] | NDArray[np.float64],
) -> None: ...
def mixture_posteriors(
    X: _Samples,
    covariance_type: str,
    weights: NDArray[np.float64],
    means: NDArray[np.float64],
    precisions_cholesky: NDArray[np.float64],
    out: NDArray[np.float32] | NDArray[np.float64] | NDArray[np.uint8],
) -> None: ...
def kmeans_minibatch_step(
    X: _Samples,
    rows: NDArray[np.int64] | None,
    sample_weight: NDArray[np.float64] | None,
    centers: NDArray[np.float64],
    weight_sums: NDArray[np.float64],
) -> float: ...
def kmeans_predict(X: _Samples, centers: NDArray[np.float64]) -> NDArray[np.int32]: ...
def kmeans_inertia(
    X: _Samples,
    centers: NDArray[np.float64],
    labels: NDArray[np.int32],
    sample_weight: NDArray[np.float64] | None,
) -> float: ...
def kmeans_inertia_per_cluster(
    X: _Samples,
    centers: NDArray[np.float64],
    labels: NDArray[np.int32],
    sample_weight: NDArray[np.float64] | None,
) -> NDArray[np.float64]: ...
def kmeans_transform(X: _Samples, centers: NDArray[np.float64]) -> NDArray[np.float64] | NDArray[np.float32]: ...
def bisecting_predict(X: _Samples, centers: NDArray[np.float64], targets: NDArray[np.int32]) -> NDArray[np.int32]: ...
def is_same_clustering(labels: NDArray[np.int32], other: NDArray[np.int32], n_clusters: int) -> bool: ...
def kmeans1d_fit(
    X: _Samples,
    n_clusters: int,
    sample_weight: NDArray[np.float64] | None,
) -> tuple[NDArray[np.int32], NDArray[np.float64], float, NDArray[np.float64]]: ...
def kmeans1d_partition(
    values: NDArray[np.float64], weights: NDArray[np.float64], n_clusters: int
) -> NDArray[np.int64]: ...
def count_values(
    X: NDArray[np.uint8] | NDArray[np.int16] | NDArray[np.uint16],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...
def count_between(X: _Samples, edges: NDArray[np.float64]) -> NDArray[np.int64]: ...
def multiotsu_bins(frequencies: NDArray[np.float32], n_classes: int) -> NDArray[np.int64]: ...
def cluster_dispersions(
    X: _Samples,
    labels: NDArray[np.int32],
    n_clusters: int,
    sample_weight: NDArray[np.float64] | None,
    with_distances: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...
def silhouettes(
    X: _Samples,
    labels: NDArray[np.int32],
    n_clusters: int,
    sample_weight: NDArray[np.float64] | None,
    rows: NDArray[np.int64] | None = None,
) -> NDArray[np.float64]: ...
def simplified_silhouettes(
    X: _Samples, labels: NDArray[np.int32], centers: NDArray[np.float64]
) -> NDArray[np.float64]: ...

# One vector per level, from the lowest on.
_Levels = list[NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32] | NDArray[np.float64]]

def quadtree_pyramid(
    X: _Samples, shape: list[int], inside: NDArray[np.bool_] | None, is_range: bool, first: int, top: int
) -> _Levels | None: ...

@final
class QuadtreeCut:
    def __new__(cls, shape: list[int], base: int, levels: _Levels, thresholds: list[float]) -> Self: ...
    @property
    def n_leaves(self) -> list[int]: ...
    def origins(self) -> NDArray[np.int32]: ...

def quadtree_measure(
    X: _Samples,
    shape: list[int],
    inside: NDArray[np.bool_] | None,
    origins: NDArray[np.int32],
    base: int,
    n_leaves: list[int],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], _Samples, _Samples]: ...
def quadtree_paint(
    shape: list[int],
    inside: NDArray[np.bool_] | None,
    origins: NDArray[np.int32],
    base: int,
    n_leaves: list[int],
    labels: NDArray[np.int32] | None,
    out: NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int32],
) -> None: ...
def slic_segment(
    image: NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32] | NDArray[np.float64],
    conversion: NDArray[np.float64] | tuple[float, float, bool],
    request: dict[str, Any],
    labels_out: NDArray[np.int64],
) -> int: ...
def slic_occurring(image: NDArray[np.uint8] | NDArray[np.uint16], mask: NDArray[np.bool_]) -> NDArray[np.bool_]: ...
def slic_spread(
    pixels: NDArray[np.int64], shape: Sequence[int], centers: NDArray[np.float64], max_iter: int
) -> NDArray[np.uintp]: ...

_Labels = NDArray[np.int64] | NDArray[np.int32]

def region_statistics(
    labels: _Labels, X: _Samples, shape: tuple[int, ...], n_regions: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint32], NDArray[np.float64], list[NDArray[np.float64]]]: ...
def region_edges(
    labels: _Labels, shape: tuple[int, ...], n_regions: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]: ...
def region_merges(
    sizes: NDArray[np.float64],
    means: NDArray[np.float64],
    edges: NDArray[np.uint32],
    n_regions: int,
    threshold: float,
    min_size: float,
) -> tuple[NDArray[np.uint32], NDArray[np.float64], NDArray[np.float64]]: ...
def patch_statistics(
    X: _Samples,
    shape: tuple[int, int],
    grids: list[tuple[NDArray[np.intp], NDArray[np.intp]]],
    statistics: list[tuple[str, float]],
    mask: NDArray[np.bool_] | None,
    omit_nan: bool,
) -> list[NDArray[np.float64]]: ...
