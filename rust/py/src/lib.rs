//! `clast._core`: the compiled part of clast.

mod arrays;
mod bisecting;
mod choice;
mod errors;
mod kmeans;
mod kmeans1d;
mod metrics;
mod minibatch;
mod mixture;
mod moments;
mod patches;
#[cfg_attr(not(target_os = "linux"), path = "placement_elsewhere.rs")]
mod placement;
mod quadtree;
mod regions;
mod runtime;
mod slic;
mod thresholds;

use pyo3::pymodule;

/// Compiled kernels of clast; the public names are in `clast` itself.
#[pymodule(gil_used = false)]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::bisecting::{bisecting_predict, kmeans_inertia_per_cluster};
    #[pymodule_export]
    use super::choice::{choice_sums, choose_rows, permutation_heads};
    #[pymodule_export]
    use super::kmeans::{
        is_same_clustering, kmeans_inertia, kmeans_lloyd, kmeans_plusplus, kmeans_predict, kmeans_sweep,
        kmeans_transform,
    };
    #[pymodule_export]
    use super::kmeans1d::{kmeans1d_fit, kmeans1d_partition};
    #[pymodule_export]
    use super::metrics::{cluster_dispersions, silhouettes, simplified_silhouettes};
    #[pymodule_export]
    use super::minibatch::kmeans_minibatch_step;
    #[pymodule_export]
    use super::mixture::{
        mixture_fit, mixture_log_density, mixture_maximize, mixture_posteriors, mixture_predict, mixture_statistics,
        mixture_statistics_of_labels, mixture_statistics_of_responsibilities,
    };
    #[pymodule_export]
    use super::moments::feature_moments;
    #[pymodule_export]
    use super::patches::patch_statistics;
    #[pymodule_export]
    use super::quadtree::{QuadtreeCut, quadtree_measure, quadtree_paint, quadtree_pyramid};
    #[pymodule_export]
    use super::regions::{region_edges, region_merges, region_statistics};
    #[pymodule_export]
    use super::runtime::{build_info, get_num_threads, set_num_threads, simd_level};
    #[pymodule_export]
    use super::slic::{slic_occurring, slic_segment, slic_spread};
    #[pymodule_export]
    use super::thresholds::{count_between, count_values, multiotsu_bins};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("MULTIOTSU_MAX_BINS", clast_core::multiotsu::MAX_BINS)
    }
}
