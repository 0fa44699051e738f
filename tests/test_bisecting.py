"""BisectingKMeans gives scikit-learn's answers: same draws, same splits, same way down the tree."""

import numpy as np
import pytest
import sklearn
import sklearn.cluster
from numpy.testing import assert_allclose, assert_array_equal
from reference import blobs, same_state, squared_distances
from sklearn.exceptions import ConvergenceWarning

import clast
from clast import BisectingKMeans

pytestmark = pytest.mark.usefixtures("one_openmp_thread")

# Callables were refused for other than two clusters before.
CALLABLES_WORK = tuple(int(number) for number in sklearn.__version__.split(".")[:2]) >= (1, 9)


def first_rows(X, n_clusters, random_state):
    return X[random_state.permutation(len(X))[:n_clusters]]


def fixed_coordinates(X, n_clusters, random_state):
    # Means something only in the coordinates that scikit-learn gives, those around the mean of all samples.
    return np.array([np.full(X.shape[1], -0.5), np.full(X.shape[1], 0.5)])


def check_fit(X, sample_weight=None, seed=0, **parameters):
    """Fit both classes from the same state; their generators must end in the same state, too."""
    ours_state, theirs_state = np.random.RandomState(seed), np.random.RandomState(seed)
    ours = BisectingKMeans(random_state=ours_state, **parameters).fit(X, sample_weight=sample_weight)
    theirs = sklearn.cluster.BisectingKMeans(random_state=theirs_state, **parameters)
    theirs.fit(X, sample_weight=sample_weight)
    assert same_state(ours_state, theirs_state)
    assert_array_equal(ours.labels_, theirs.labels_)
    scale = np.abs(X).max()
    assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-9, atol=1e-9 * scale)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-9)
    new = blobs(1009, X.shape[1], 5, seed + 1, spread=4)
    assert_array_equal(ours.predict(new), theirs.predict(new))
    # Theirs loses digits where a sample is close to a center.
    assert_allclose(ours.transform(new), theirs.transform(new), rtol=1e-9, atol=1e-7)
    assert ours.score(new) == pytest.approx(theirs.score(new), rel=1e-9)
    assert_array_equal(ours.predict(X), theirs.labels_)


class TestFit:
    @pytest.mark.parametrize("seed", range(20))
    @pytest.mark.parametrize("weighted", [False, True])
    def test_seeds(self, seed, weighted):
        X = blobs(1009, 3, 5, seed, spread=1 + seed % 5)
        weight = np.random.default_rng(seed).exponential(size=len(X)) if weighted else None
        check_fit(X, weight, seed, n_clusters=2 + seed % 11)

    @pytest.mark.parametrize("n_features", [1, 2, 5, 9, 33])
    @pytest.mark.parametrize("n_clusters", [1, 2, 3, 17, 64])
    def test_shapes(self, n_features, n_clusters):
        check_fit(blobs(613, n_features, 7, seed=n_features, spread=2), n_clusters=n_clusters)

    @pytest.mark.parametrize("bisecting_strategy", ["biggest_inertia", "largest_cluster"])
    @pytest.mark.parametrize("init", ["k-means++", "random"])
    @pytest.mark.parametrize("n_init", [1, 5])
    def test_strategies(self, bisecting_strategy, init, n_init):
        X = blobs(1009, 3, 6, seed=1, spread=2)
        check_fit(X, n_clusters=8, bisecting_strategy=bisecting_strategy, init=init, n_init=n_init)

    @pytest.mark.parametrize("init", [first_rows, fixed_coordinates])
    def test_callables(self, init):
        check_fit(blobs(1009, 3, 6, seed=2, spread=2), n_clusters=7 if CALLABLES_WORK else 2, init=init)

    @pytest.mark.parametrize("parameters", [{"tol": 0}, {"tol": 1.0}, {"max_iter": 1}, {"algorithm": "elkan"}])
    def test_stopping(self, parameters):
        check_fit(blobs(1009, 3, 6, seed=3, spread=2), n_clusters=6, **parameters)

    @pytest.mark.parametrize("init", ["k-means++", "random"])
    def test_as_many_clusters_as_samples(self, init):
        check_fit(blobs(31, 3, 4, seed=4), n_clusters=31, init=init)

    def test_float32(self):
        X = blobs(2003, 3, 5, seed=5).astype(np.float32)
        ours = BisectingKMeans(5, random_state=0).fit(X)
        theirs = sklearn.cluster.BisectingKMeans(5, random_state=0).fit(X)
        assert ours.cluster_centers_.dtype == np.float32
        assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-4)
        assert_array_equal(ours.labels_, theirs.labels_)
        assert_array_equal(ours.predict(X), theirs.labels_)

    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16])
    def test_integers(self, dtype):
        X = (blobs(2003, 3, 5, seed=6, spread=2) * 5).round().astype(dtype)
        ours = BisectingKMeans(5, random_state=0).fit(X)
        theirs = sklearn.cluster.BisectingKMeans(5, random_state=0).fit(X.astype(np.float64))
        assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-9)
        assert_array_equal(ours.labels_, theirs.labels_)

    def test_by_hand(self):
        X = np.array([[0.0], [1.0], [10.0], [12.0], [40.0]])
        model = BisectingKMeans(3, init="k-means++", n_init=5, random_state=0).fit(X)
        # First 40 leaves the rest, then 10 and 12 leave 0 and 1.
        assert sorted(model.cluster_centers_.ravel()) == [0.5, 11.0, 40.0]
        assert model.inertia_ == 0.5 + 2.0
        # The first split is half way between 5.75 and 40: beyond it even what is nearer to 11 goes to the center at 40.
        assert_array_equal(model.predict([[22.8], [22.9]]), model.labels_[[2, 4]])
        assert_array_equal(squared_distances([[22.9]], model.cluster_centers_).argmin(), model.labels_[2])

    def test_verbose(self, capsys):
        BisectingKMeans(3, random_state=0, verbose=1).fit(blobs(100, 2, 3, seed=0))
        said = capsys.readouterr().out
        assert "Iteration 0, inertia" in said
        assert said.count("New centers from bisection") == 2


class TestDegenerate:
    @pytest.mark.parametrize("init", ["k-means++", "random"])
    @pytest.mark.parametrize("bisecting_strategy", ["biggest_inertia", "largest_cluster"])
    @pytest.mark.parametrize("X", [np.zeros((5, 2)), np.array([[0.0], [5.0], [5.0], [5.0]])], ids=["one", "two"])
    def test_fewer_distinct_samples_than_clusters(self, X, init, bisecting_strategy):
        n_distinct = len(np.unique(X, axis=0))
        model = BisectingKMeans(4, init=init, bisecting_strategy=bisecting_strategy, random_state=0)
        with pytest.warns(ConvergenceWarning, match=rf"distinct clusters \({n_distinct}\) found smaller"):
            model.fit(X)
        assert_array_equal(model.cluster_centers_[model.labels_], X)
        assert_array_equal(model.predict(X), model.labels_)
        assert model.inertia_ == 0

    def test_weights_that_are_all_zero_in_a_cluster(self):
        X = np.array([[0.0], [1.0], [100.0], [101.0], [102.0]])
        weight = np.array([0.0, 0.0, 1.0, 1.0, 1.0])
        model = BisectingKMeans(2, init="k-means++", random_state=0).fit(X, sample_weight=weight)
        assert model.inertia_ <= 0.5


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_threads_and_order_do_not_change_a_bit(dtype):
    X = blobs(20_011, 3, 5, seed=9, spread=2).astype(dtype)
    results = []
    for n_threads, samples in ((1, np.ascontiguousarray(X)), (2, np.asfortranarray(X)), (5, np.ascontiguousarray(X))):
        with clast.threads(n_threads):
            results.append(BisectingKMeans(9, random_state=0).fit(samples))
            assert_array_equal(results[-1].predict(samples), results[0].labels_)
    for other in results[1:]:
        assert_array_equal(other.cluster_centers_, results[0].cluster_centers_)
        assert_array_equal(other.labels_, results[0].labels_)
        assert other.inertia_ == results[0].inertia_
