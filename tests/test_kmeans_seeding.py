"""Initial centers: the same samples as scikit-learn's, the generator left in the same state."""

import numpy as np
import pytest
import sklearn.cluster
from numpy.testing import assert_array_equal
from reference import blobs, same_state

import clast._seeding
from clast import KMeans, kmeans_plusplus
from clast._seeding import choose_distinct_rows

X = blobs(2003, 3, 7, seed=0, spread=2)


class TestKMeansPlusPlus:
    @pytest.mark.parametrize("n_clusters", [1, 2, 3, 8, 20, 64])
    @pytest.mark.parametrize("n_features", [1, 2, 3, 5, 16, 33])
    def test_same_samples_as_scikit_learn(self, n_features, n_clusters):
        samples = blobs(1009, n_features, 7, seed=n_features)
        for seed in range(5):
            states = np.random.RandomState(seed), np.random.RandomState(seed)
            centers, indices = kmeans_plusplus(samples, n_clusters, random_state=states[0])
            _, expected = sklearn.cluster.kmeans_plusplus(samples, n_clusters, random_state=states[1])
            assert_array_equal(indices, expected)
            assert_array_equal(centers, samples[indices])
            assert same_state(*states)

    @pytest.mark.parametrize("n_local_trials", [1, 2, 7])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_trials_and_weights(self, n_local_trials, weighted):
        weight = np.random.default_rng(1).exponential(size=len(X)) if weighted else None
        arguments = {"sample_weight": weight, "n_local_trials": n_local_trials}
        for seed in range(10):
            _, indices = kmeans_plusplus(X, 9, random_state=seed, **arguments)
            _, expected = sklearn.cluster.kmeans_plusplus(X, 9, random_state=seed, **arguments)
            assert_array_equal(indices, expected)

    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float32])
    def test_other_dtypes(self, dtype):
        samples = (X * 4).round().astype(dtype)
        agree = 0
        for seed in range(20):
            _, indices = kmeans_plusplus(samples, 8, random_state=seed)
            _, expected = sklearn.cluster.kmeans_plusplus(samples.astype(np.float64), 8, random_state=seed)
            agree += np.array_equal(indices, expected)
        # Two candidates can lower the inertia by the same integer, or nearly; then rounding chooses.
        assert agree >= 19

    @pytest.mark.parametrize("shuffled", [False, True])
    @pytest.mark.parametrize("order", ["C", "F"])
    def test_same_samples_on_a_photo(self, china, order, shuffled):
        # Off the integer grid no two candidates are equally good; shuffled, neighbours are not alike.
        rng = np.random.default_rng(0)
        samples = np.asarray(china[:100_000] + rng.uniform(-0.5, 0.5, (100_000, 3)), order=order)
        samples = samples[rng.permutation(len(samples))] if shuffled else samples
        for seed in range(2):
            _, indices = kmeans_plusplus(samples, 40, random_state=seed)
            _, expected = sklearn.cluster.kmeans_plusplus(samples, 40, random_state=seed)
            assert_array_equal(indices, expected)

    def test_norms_are_checked_and_not_used(self):
        _, expected = kmeans_plusplus(X, 5, random_state=0)
        _, indices = kmeans_plusplus(X, 5, random_state=0, x_squared_norms=(X**2).sum(axis=1))
        assert_array_equal(indices, expected)

    def test_duplicates_are_chosen_last(self):
        samples = np.repeat([[0.0], [1.0], [5.0]], 100, axis=0)
        for seed in range(20):
            centers, _ = kmeans_plusplus(samples, 3, random_state=seed)
            assert sorted(centers.ravel()) == [0, 1, 5]

    def test_more_centers_than_distinct_samples(self):
        samples = np.repeat([[0.0], [1.0]], 5, axis=0)
        centers, indices = kmeans_plusplus(samples, 4, random_state=0)
        assert set(centers.ravel()) == {0, 1}
        assert ((indices >= 0) & (indices < 10)).all()

    def test_centers_keep_the_dtype_of_the_samples(self):
        for dtype in (np.uint8, np.int64, np.float32, np.float64):
            assert kmeans_plusplus(X.astype(dtype), 3, random_state=0)[0].dtype == dtype


class TestRandomRows:
    @pytest.mark.parametrize(
        ("n_samples", "block"), [(1, 7), (10, 7), (1009, 7), (1009, 1009), (1010, 1009), (70_000, 1 << 16)]
    )
    def test_bit_for_bit_numpy_choice(self, monkeypatch, n_samples, block):
        monkeypatch.setattr(clast._seeding, "_BLOCK", block)
        for seed in range(5):
            weight = np.random.default_rng(seed).exponential(size=n_samples)
            weight[::3] *= 0.001 if n_samples < 20 else 0.0
            for weights in (None, weight):
                p = np.ones(n_samples) / n_samples if weights is None else weights / weights.sum()
                size = min(n_samples, 40)
                states = np.random.RandomState(seed), np.random.RandomState(seed)
                rows = choose_distinct_rows(states[0], n_samples, size, weights)
                assert_array_equal(rows, states[1].choice(n_samples, size=size, replace=False, p=p))
                assert same_state(*states)

    def test_a_draw_on_the_edge_takes_the_next_row(self):
        class Fixed:
            def random_sample(self, size):
                return np.array([0.0, 0.5])[:size]

        # Rows end at 0.25, 0.5, 0.75 and 1; with weights, at 0, 0.5, 0.5 and 1.
        assert_array_equal(choose_distinct_rows(Fixed(), 4, 2, None), [0, 2])
        assert_array_equal(choose_distinct_rows(Fixed(), 4, 2, np.array([0.0, 1.0, 0.0, 1.0])), [1, 3])

    def test_random_init_takes_samples(self):
        model = KMeans(9, init="random", n_init=1, max_iter=1, tol=0, random_state=3).fit(X)
        state = np.random.RandomState(3)
        rows = state.choice(len(X), size=9, replace=False, p=np.full(len(X), 1 / len(X)))
        expected = KMeans(9, init=X[rows], n_init=1, max_iter=1).fit(X)
        assert_array_equal(model.cluster_centers_, expected.cluster_centers_)
