"""KMeans gives scikit-learn's answers: same initial samples, same labels, same number of iterations."""

from pathlib import Path

import numpy as np
import pytest
import sklearn.cluster
from numpy.testing import assert_allclose, assert_array_equal
from reference import assert_same_fit, assert_same_fit_in_any_order, blobs, same_state, squared_distances
from sklearn.preprocessing import StandardScaler

from clast import KMeans


def fit_both(X, theirs_X=None, sample_weight=None, seed=0, **parameters):
    """Fit both classes from the same state; their generators must end in the same state, too."""
    ours_state, theirs_state = np.random.RandomState(seed), np.random.RandomState(seed)
    ours = KMeans(random_state=ours_state, **parameters).fit(X, sample_weight=sample_weight)
    theirs = sklearn.cluster.KMeans(random_state=theirs_state, **parameters)
    theirs.fit(X if theirs_X is None else theirs_X, sample_weight=sample_weight)
    assert same_state(ours_state, theirs_state)
    return ours, theirs


def first_rows(X, n_clusters, random_state):
    return X[random_state.permutation(len(X))[:n_clusters]]


class TestFloat64:
    @pytest.mark.parametrize("seed", range(40))
    def test_seeds(self, seed):
        X = blobs(1009, 3, 5, seed, spread=1 + seed % 5)
        ours, theirs = fit_both(X, n_clusters=2 + seed % 11, seed=seed)
        assert_same_fit(ours, theirs, X)

    @pytest.mark.parametrize("n_features", [1, 2, 3, 4, 5, 7, 16, 33, 200])
    @pytest.mark.parametrize("n_clusters", [1, 2, 3, 8, 9, 17, 64])
    def test_shapes(self, n_features, n_clusters):
        X = blobs(613, n_features, 7, seed=n_features, spread=2)
        ours, theirs = fit_both(X, n_clusters=n_clusters, seed=n_clusters)
        assert_same_fit(ours, theirs, X)

    @pytest.mark.parametrize("n_samples", [1, 2, 31, 255, 256, 257, 4099])
    def test_lengths(self, n_samples):
        X = blobs(n_samples, 3, 4, seed=n_samples)
        ours, theirs = fit_both(X, n_clusters=min(n_samples, 5), seed=0)
        assert_same_fit(ours, theirs, X)

    @pytest.mark.parametrize("init", ["k-means++", "random"])
    def test_as_many_clusters_as_samples(self, init):
        X = blobs(31, 3, 4, seed=2)
        ours, theirs = fit_both(X, n_clusters=31, init=init, n_init=1, seed=0)
        assert_same_fit(ours, theirs, X)

    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("n_init", [1, 10])
    @pytest.mark.parametrize("init", ["k-means++", "random", first_rows], ids=["k-means++", "random", "callable"])
    def test_runs(self, init, n_init, seed):
        X = blobs(509, 4, 6, seed, spread=2)
        ours, theirs = fit_both(X, n_clusters=6, init=init, n_init=n_init, seed=seed)
        assert_same_fit(ours, theirs, X)

    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize("tol", [0, 1e-8, 1e-2])
    @pytest.mark.parametrize("max_iter", [1, 2, 300])
    def test_stopping(self, tol, max_iter, seed):
        X = blobs(1009, 2, 3, seed, spread=3)
        ours, theirs = fit_both(X, n_clusters=7, tol=tol, max_iter=max_iter, seed=seed)
        assert_same_fit(ours, theirs, X)

    @pytest.mark.parametrize("algorithm", ["lloyd", "elkan"])
    def test_algorithms(self, algorithm):
        X = blobs(1009, 5, 4, seed=6, spread=2)
        ours, theirs = fit_both(X, n_clusters=5, algorithm=algorithm, seed=6)
        assert_same_fit(ours, theirs, X)

    @pytest.mark.parametrize("seed", range(10))
    def test_array_init_with_far_centers(self, seed):
        rng = np.random.default_rng(seed)
        X = blobs(401, 3, 3, seed)
        init = np.concatenate([X[:4], 1e4 + rng.normal(size=(3, 3))])
        ours, theirs = fit_both(X, n_clusters=7, init=init, n_init=1)
        assert_same_fit_in_any_order(ours, theirs)

    @pytest.mark.parametrize("seed", range(10))
    def test_array_init_with_a_far_center(self, seed):
        X = blobs(401, 3, 3, seed)
        ours, theirs = fit_both(X, n_clusters=5, init=np.concatenate([X[:4], X[:1] + 1e4]), n_init=1)
        assert_same_fit(ours, theirs, X)

    @pytest.mark.parametrize("offset", [0, 1e3, -1e6])
    def test_translation(self, offset):
        X = blobs(1009, 3, 5, seed=9) + offset
        ours, theirs = fit_both(X, n_clusters=5, seed=0)
        assert_same_fit(ours, theirs, X, rtol=1e-8)

    @pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e150])
    def test_scale(self, scale):
        X = blobs(1009, 3, 5, seed=9) * scale
        ours, theirs = fit_both(X, n_clusters=5, seed=0)
        assert_array_equal(ours.labels_, theirs.labels_)
        assert ours.n_iter_ == theirs.n_iter_

    def test_methods(self):
        X = blobs(1009, 4, 5, seed=3)
        new = blobs(211, 4, 5, seed=4)
        ours, theirs = fit_both(X, n_clusters=5, seed=3)
        assert_array_equal(ours.predict(new), theirs.predict(new))
        assert_allclose(ours.transform(new), theirs.transform(new), rtol=1e-9)
        assert ours.score(new) == pytest.approx(theirs.score(new), rel=1e-9)


class TestOtherDtypes:
    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16])
    @pytest.mark.parametrize("n_features", [1, 3, 7])
    @pytest.mark.parametrize("n_clusters", [2, 5, 17])
    def test_integers_are_the_float64_of_them(self, dtype, n_features, n_clusters):
        info = np.iinfo(dtype)
        X = blobs(2003, n_features, 6, seed=n_features, spread=1.5)
        low, high = X.min(), X.max()
        X = (info.min + (X - low) / (high - low) * (float(info.max) - info.min)).round().astype(dtype)
        ours = KMeans(n_clusters, random_state=0).fit(X)
        same = KMeans(n_clusters, random_state=0).fit(X.astype(np.float64))
        assert_array_equal(ours.labels_, same.labels_)
        assert_array_equal(ours.cluster_centers_, same.cluster_centers_)
        assert (ours.inertia_, ours.n_iter_) == (same.inertia_, same.n_iter_)
        assert ours.cluster_centers_.dtype == np.float64

    @pytest.mark.parametrize("dtype", [np.int16, np.uint16])
    @pytest.mark.parametrize("seed", range(5))
    def test_integers_against_scikit_learn(self, dtype, seed):
        X = (blobs(2003, 3, 6, seed, spread=2) * 300).round().astype(dtype)
        ours, theirs = fit_both(X, X.astype(np.float64), n_clusters=6, seed=seed)
        assert_same_fit(ours, theirs, X.astype(np.float64))

    @pytest.mark.parametrize("seed", range(5))
    def test_float32_against_scikit_learn_in_float64(self, seed):
        X = blobs(20011, 4, 6, seed, spread=2).astype(np.float32)
        ours, theirs = fit_both(X, X.astype(np.float64), n_clusters=6, seed=seed)
        assert_close_fit(ours, theirs)
        assert ours.cluster_centers_.dtype == np.float32


def assert_close_fit(ours, theirs):
    """The agreement promised where rounding or ties decide some samples on the border of two clusters."""
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-5)
    assert (ours.labels_ == theirs.labels_).mean() >= 0.999


class TestRealInputs:
    @pytest.mark.parametrize("n_clusters", [2, 3, 4])
    def test_mri(self, mri, n_clusters):
        ours, theirs = fit_both(mri, n_clusters=n_clusters, seed=123)
        assert_same_fit(ours, theirs, mri)

    def test_mri_scaled(self, mri):
        X = StandardScaler().fit_transform(mri)
        ours, theirs = fit_both(X, n_clusters=3, seed=123)
        assert_same_fit(ours, theirs, X)

    @pytest.mark.parametrize("channel", range(4))
    def test_mri_one_modality(self, mri, channel):
        X = mri[:, [channel]]
        ours, theirs = fit_both(X, n_clusters=3, seed=123)
        assert_close_fit(ours, theirs)
        assert ours.n_iter_ == theirs.n_iter_

    def test_mri_float32(self, mri):
        ours, theirs = fit_both(mri.astype(np.float32), mri, n_clusters=3, seed=123)
        assert_close_fit(ours, theirs)

    @pytest.mark.parametrize("name", ["100075", "118020", "310007"])
    def test_photos(self, data_dir: Path, name):
        from PIL import Image

        with Image.open(data_dir / "bsds" / f"{name}.jpg") as photo:
            X = np.asarray(photo).reshape(-1, 3)
        self.check_photo(X, seed=0, n_clusters=5)

    @pytest.mark.parametrize("n_clusters", [4, 8])
    def test_china(self, china, n_clusters):
        self.check_photo(china, seed=0, n_clusters=n_clusters)

    def check_photo(self, X, seed, n_clusters):
        # Integer pixels are often as near to one center as to another, and rounding decides which scikit-learn takes.
        # So the first centers are the same samples, each label is a nearest center, and the results are close.
        first_ours, first_theirs = fit_both(X, X.astype(np.float64), n_clusters=n_clusters, max_iter=1, seed=seed)
        assert_allclose(first_ours.cluster_centers_, first_theirs.cluster_centers_, rtol=2e-2)
        ours, theirs = fit_both(X, X.astype(np.float64), n_clusters=n_clusters, seed=seed)
        assert_close_fit(ours, theirs)
        distances = squared_distances(X, ours.cluster_centers_)
        own = distances[np.arange(len(X)), ours.labels_]
        assert_allclose(own, distances.min(axis=1), rtol=1e-9, atol=1e-9)
