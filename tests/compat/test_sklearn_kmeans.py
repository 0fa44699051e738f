"""scikit-learn's own k-means tests, those of the installed version, with our class in the place of theirs."""

import importlib.util

import sklearn.cluster

import clast

# Why a test of theirs says nothing about us. Sparse and mini-batch parameters of the others go in conftest.py.
MINIBATCH = "tests MiniBatchKMeans"
SPARSE = "needs sparse input, which is refused with a TypeError"
PRIVATE = "tests a private helper of scikit-learn's"
NOT_APPLICABLE = {
    "test_minibatch_update_consistency": MINIBATCH,
    "test_minibatch_kmeans_partial_fit_init": MINIBATCH,
    "test_minibatch_kmeans_verbose": MINIBATCH,
    "test_minibatch_kmeans_warning_init_size": MINIBATCH,
    "test_minibatch_sensible_reassign": MINIBATCH,
    "test_minibatch_reassign": MINIBATCH,
    "test_minibatch_with_many_reassignments": MINIBATCH,
    "test_minibatch_kmeans_init_size": MINIBATCH,
    "test_minibatch_declared_convergence": MINIBATCH,
    "test_minibatch_iter_steps": MINIBATCH,
    "test_dense_sparse": SPARSE,
    "test_predict_dense_sparse": SPARSE,
    "test_relocate_empty_clusters": PRIVATE + "; relocation is tested by hand in test_kmeans.py",
    "test_euclidean_distance": PRIVATE,
    "test_inertia": PRIVATE + "; inertia is tested in test_kmeans_properties.py",
    "test_is_same_clustering": PRIVATE + "; test_kmeans.py tests that the same clusters do not replace the first",
    "test_k_means_function": "tests the function k_means, which fits scikit-learn's own class",
    "test_sample_weight_init": PRIVATE + "; test_kmeans_weights.py tests that draws follow the weights",
    "test_sample_weight_zero": PRIVATE + "; test_kmeans_weights.py tests that weight 0 is never drawn",
}


def load_with_ours():
    """Execute their test module while `sklearn.cluster` gives our class, and return its tests by name."""
    spec = importlib.util.find_spec("sklearn.cluster.tests.test_k_means")
    module = importlib.util.module_from_spec(spec)
    theirs = {name: getattr(sklearn.cluster, name) for name in ("KMeans", "kmeans_plusplus")}
    try:
        for name in theirs:
            setattr(sklearn.cluster, name, getattr(clast, name))
        spec.loader.exec_module(module)
    finally:
        for name, value in theirs.items():
            setattr(sklearn.cluster, name, value)
    assert module.KMeans is clast.KMeans
    return {name: value for name, value in vars(module).items() if name.startswith("test_")}


THEIRS = load_with_ours()
globals().update({name: test for name, test in THEIRS.items() if name not in NOT_APPLICABLE})


def test_the_list_names_tests_that_exist():
    assert set(NOT_APPLICABLE) <= set(THEIRS)


def test_most_of_their_tests_apply():
    assert len(THEIRS) - len(NOT_APPLICABLE) >= 35
