"""scikit-learn's own tests of bisecting k-means, with our class in the place of theirs."""

from substitute import load_with_ours

# Why a test of theirs says nothing about us.
NOT_APPLICABLE = {"test_sparse": "needs sparse input, which is refused with a TypeError"}

THEIRS = load_with_ours("sklearn.cluster.tests.test_bisect_k_means", ["BisectingKMeans"])
globals().update({name: test for name, test in THEIRS.items() if name not in NOT_APPLICABLE})


def test_the_list_names_tests_that_exist():
    assert set(NOT_APPLICABLE) <= set(THEIRS)


def test_most_of_their_tests_apply():
    assert len(THEIRS) - len(NOT_APPLICABLE) >= 8
