"""scikit-learn's own tests of k-means and mini-batch k-means, with our classes in the place of theirs."""

from substitute import load_with_ours

# Why a test of theirs says nothing about us. Sparse parameters of the others go in conftest.py.
SPARSE = "needs sparse input, which is refused with a TypeError"
PRIVATE = "tests a private helper of scikit-learn's"
NOT_APPLICABLE = {
    "test_minibatch_update_consistency": PRIVATE + "; steps are tested by hand in rust/core/tests/minibatch.rs",
    "test_minibatch_reassign": PRIVATE + "; test_minibatch.py tests which centers are reassigned",
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

THEIRS = load_with_ours("sklearn.cluster.tests.test_k_means", ["KMeans", "MiniBatchKMeans", "kmeans_plusplus"])
globals().update({name: test for name, test in THEIRS.items() if name not in NOT_APPLICABLE})


def test_the_list_names_tests_that_exist():
    assert set(NOT_APPLICABLE) <= set(THEIRS)


def test_most_of_their_tests_apply():
    assert len(THEIRS) - len(NOT_APPLICABLE) >= 44
