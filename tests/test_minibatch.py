"""MiniBatchKMeans gives scikit-learn's answers: same initial samples, same batches, same centers, same stop."""

import re

import joblib
import numpy as np
import pytest
import sklearn.cluster
from numpy.testing import assert_allclose, assert_array_equal
from reference import blobs, same_state, squared_distances

import clast
from clast import MiniBatchKMeans

pytestmark = pytest.mark.usefixtures("one_openmp_thread")


def first_rows(X, n_clusters, random_state):
    return X[random_state.permutation(len(X))[:n_clusters]]


def assert_same_centers(ours, theirs, X):
    assert ours.n_steps_ == theirs.n_steps_
    scale = np.abs(X).max()
    assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-9, atol=1e-9 * scale)
    assert_allclose(ours._counts, theirs._counts, rtol=1e-9)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-9)


def check_fit(X, sample_weight=None, seed=0, **parameters):
    """Fit both classes from the same state; their generators must end in the same state, too."""
    ours_state, theirs_state = np.random.RandomState(seed), np.random.RandomState(seed)
    ours = MiniBatchKMeans(random_state=ours_state, **parameters).fit(X, sample_weight=sample_weight)
    theirs = sklearn.cluster.MiniBatchKMeans(random_state=theirs_state, **parameters)
    theirs.fit(X, sample_weight=sample_weight)
    assert same_state(ours_state, theirs_state)
    assert ours.n_iter_ == theirs.n_iter_
    assert_same_centers(ours, theirs, X)
    assert hasattr(ours, "labels_") == hasattr(theirs, "labels_")
    if ours.compute_labels:
        assert_array_equal(ours.labels_, theirs.labels_)


class TestFit:
    @pytest.mark.parametrize("seed", range(20))
    @pytest.mark.parametrize("weighted", [False, True])
    def test_seeds(self, seed, weighted):
        X = blobs(5003, 3, 5, seed, spread=1 + seed % 5)
        weight = np.random.default_rng(seed).exponential(size=len(X)) if weighted else None
        check_fit(X, weight, seed, n_clusters=2 + seed % 11)

    @pytest.mark.parametrize("n_features", [1, 2, 5, 9, 33])
    @pytest.mark.parametrize("n_clusters", [1, 3, 17])
    def test_shapes(self, n_features, n_clusters):
        check_fit(blobs(2003, n_features, 7, seed=n_features, spread=2), n_clusters=n_clusters)

    @pytest.mark.parametrize("init", ["k-means++", "random", first_rows], ids=["k-means++", "random", "callable"])
    @pytest.mark.parametrize("n_init", ["auto", 1, 4])
    @pytest.mark.parametrize("init_size", [None, 700, 10_000])
    def test_initial_centers(self, init, n_init, init_size):
        X = blobs(5003, 4, 6, seed=1, spread=2)
        check_fit(X, n_clusters=6, init=init, n_init=n_init, init_size=init_size)

    def test_array(self):
        X = blobs(5003, 4, 6, seed=1, spread=2)
        init = X[:6].copy()
        check_fit(X, n_clusters=6, init=init, n_init=1)
        assert_array_equal(init, X[:6])

    @pytest.mark.parametrize("batch_size", [1, 30, 1024, 3000, 10_000])
    def test_batch_sizes(self, batch_size):
        X = blobs(3001, 3, 5, seed=2, spread=2)
        check_fit(X, n_clusters=5, batch_size=batch_size, init_size=500, max_iter=5)

    @pytest.mark.parametrize("parameters", [{"tol": 1e-2}, {"tol": 1e-4, "max_no_improvement": None}, {"max_iter": 2}])
    @pytest.mark.parametrize("seed", range(5))
    def test_stopping(self, parameters, seed):
        X = blobs(3001, 3, 3, seed, spread=3)
        check_fit(X, seed=seed, n_clusters=7, batch_size=200, **parameters)

    @pytest.mark.parametrize("reassignment_ratio", [0, 0.01, 0.5, 1])
    def test_reassignment(self, reassignment_ratio):
        X = blobs(3001, 3, 3, seed=4)
        init = np.concatenate([X[:6], X[:6] + 1e3])
        for batch_size in (8, 100):
            parameters = {"batch_size": batch_size, "reassignment_ratio": reassignment_ratio, "max_iter": 3}
            check_fit(X, n_clusters=12, init=init, n_init=1, **parameters)

    @pytest.mark.parametrize("weighted", [False, True])
    def test_without_labels(self, weighted):
        X = blobs(5003, 3, 5, seed=3)
        weight = np.random.default_rng(3).exponential(size=len(X)) if weighted else None
        check_fit(X, weight, n_clusters=5, compute_labels=False)

    def test_float32(self):
        X = blobs(5003, 3, 5, seed=5).astype(np.float32)
        parameters = {"n_clusters": 5, "random_state": 0, "max_no_improvement": None, "max_iter": 3}
        ours, theirs = MiniBatchKMeans(**parameters).fit(X), sklearn.cluster.MiniBatchKMeans(**parameters).fit(X)
        assert ours.cluster_centers_.dtype == np.float32
        assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-4)
        assert (ours.labels_ == theirs.labels_).mean() >= 0.999

    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16])
    def test_integers(self, dtype):
        X = blobs(3001, 3, 5, seed=6, spread=2).round().astype(dtype)
        ours = MiniBatchKMeans(5, random_state=0).fit(X)
        theirs = sklearn.cluster.MiniBatchKMeans(5, random_state=0).fit(X.astype(np.float64))
        assert_same_centers(ours, theirs, X)

    def test_says_what_scikit_learn_says(self, capsys):
        X = blobs(2003, 3, 5, seed=7)
        said = []
        for Model in (MiniBatchKMeans, sklearn.cluster.MiniBatchKMeans):
            Model(9, random_state=0, n_init=2, batch_size=100, reassignment_ratio=0.5, verbose=1).fit(X)
            said.append(re.sub(r"\d+\.\d+", "#", capsys.readouterr().out))
        assert "Reassigning" in said[0]
        assert "Converged" in said[0]
        assert said[0] == said[1]


class TestPartialFit:
    @pytest.mark.parametrize("init", ["k-means++", "random", first_rows], ids=["k-means++", "random", "callable"])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_batches(self, init, weighted):
        X = blobs(3001, 3, 5, seed=1, spread=2)
        ours = MiniBatchKMeans(9, init=init, random_state=0, batch_size=50)
        theirs = sklearn.cluster.MiniBatchKMeans(9, init=init, random_state=0, batch_size=50)
        for start in range(0, len(X), 211):
            batch = X[start : start + 211]
            weight = np.random.default_rng(start).exponential(size=len(batch)) if weighted else None
            for model in (ours, theirs):
                model.partial_fit(batch, sample_weight=weight)
            assert_same_centers(ours, theirs, X)
            assert_array_equal(ours.labels_, theirs.labels_)

    def test_goes_on_after_fit(self):
        X = blobs(3001, 3, 5, seed=2)
        ours = MiniBatchKMeans(5, random_state=0).fit(X[:2000]).partial_fit(X[2000:])
        theirs = sklearn.cluster.MiniBatchKMeans(5, random_state=0).fit(X[:2000]).partial_fit(X[2000:])
        assert_same_centers(ours, theirs, X)

    def test_a_center_without_samples_moves_to_one_of_the_batch(self):
        X = blobs(100, 2, 1, seed=3)
        init = np.concatenate([X.mean(axis=0, keepdims=True), [[1e3, 1e3]]])
        model = MiniBatchKMeans(2, init=init, n_init=1, random_state=0).partial_fit(X)
        # Both clusters had no sample before the first batch; its draw decides which of them the far one gets.
        chosen = np.random.RandomState(0).choice(100, replace=False, size=1)
        assert_allclose(model.cluster_centers_, np.concatenate([init[:1], X[chosen]]))
        assert_array_equal(model._counts, [100, 100])

    def test_without_reassignment_it_stays(self):
        X = blobs(100, 2, 1, seed=3)
        init = np.array([X.mean(axis=0), [1e3, 1e3]])
        model = MiniBatchKMeans(2, init=init, n_init=1, reassignment_ratio=0).partial_fit(X)
        assert_array_equal(model.cluster_centers_[1], [1e3, 1e3])
        assert_array_equal(model._counts, [100, 0])

    def test_a_model_read_from_a_memory_map(self, tmp_path):
        X = blobs(500, 2, 3, seed=4)
        model = MiniBatchKMeans(3, random_state=0).partial_fit(X[:250])
        joblib.dump(model, tmp_path / "model.joblib")
        loaded = joblib.load(tmp_path / "model.joblib", mmap_mode="r").partial_fit(X[250:])
        assert_array_equal(loaded.cluster_centers_, model.partial_fit(X[250:]).cluster_centers_)

    def test_other_features_are_refused(self):
        model = MiniBatchKMeans(2).partial_fit(np.eye(3))
        with pytest.raises(ValueError, match="X has 2 features, but MiniBatchKMeans is expecting 3 features"):
            model.partial_fit(np.eye(2))


class TestBeyondScikitLearn:
    def test_a_single_step_without_labels_has_an_inertia(self):
        X = blobs(50, 2, 3, seed=5)
        model = MiniBatchKMeans(3, init=X[:3], n_init=1, max_iter=1, compute_labels=False, random_state=0).fit(X)
        assert model.n_steps_ == 1
        # The batch is as large as the data, so its inertia is that of 50 draws.
        batch_inertia = squared_distances(X, X[:3]).min(axis=1)
        assert 50 * batch_inertia.min() <= model.inertia_ <= 50 * batch_inertia.max()

    def test_labels_of_an_earlier_fit_do_not_stay(self):
        X = blobs(50, 2, 3, seed=5)
        model = MiniBatchKMeans(3).fit(X).set_params(compute_labels=False).fit(X[:20])
        assert not hasattr(model, "labels_")

    def test_the_heaviest_center_is_never_reassigned(self):
        X = blobs(50, 2, 3, seed=6)
        model = MiniBatchKMeans(3, init=X[:3], n_init=1, reassignment_ratio=5, random_state=0).partial_fit(X)
        labels = squared_distances(X, X[:3]).argmin(axis=1)
        heaviest = np.bincount(labels).argmax()
        assert_allclose(model.cluster_centers_[heaviest], X[labels == heaviest].mean(axis=0))

    def test_samples_without_weight_never_count(self):
        X = np.concatenate([blobs(500, 2, 3, seed=7), np.full((500, 2), 1e6)])
        weight = np.repeat([1.0, 0.0], 500)
        model = MiniBatchKMeans(3, random_state=0, reassignment_ratio=0).fit(X, sample_weight=weight)
        assert (model.cluster_centers_ < 100).all()

    def test_only_samples_without_weight_to_start_from(self):
        X = blobs(5000, 2, 3, seed=8)
        weight = np.zeros(5000)
        weight[:3] = 1
        with pytest.raises(ValueError, match="init_size=30 samples all have weight 0; give a larger init_size"):
            MiniBatchKMeans(3, random_state=0, init_size=30).fit(X, sample_weight=weight)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_threads_and_order_do_not_change_a_bit(dtype, order):
    X = blobs(20_011, 3, 5, seed=9, spread=2).astype(dtype)
    results = []
    for n_threads, samples in ((1, np.ascontiguousarray(X)), (2, np.array(X, order=order)), (5, X)):
        with clast.threads(n_threads):
            results.append(MiniBatchKMeans(5, batch_size=5000, random_state=0, max_iter=3).fit(samples))
    for other in results[1:]:
        assert_array_equal(other.cluster_centers_, results[0].cluster_centers_)
        assert other.inertia_ == results[0].inertia_
