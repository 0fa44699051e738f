"""Scores of clusterings against scikit-learn's, and what scikit-learn does not have against plain numpy."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist
from sklearn import metrics as sk
from sklearn.datasets import load_iris

import clast
from clast import metrics

SCORES = ["silhouette_score", "calinski_harabasz_score", "davies_bouldin_score"]
RNG = np.random.default_rng(0)


@st.composite
def clusterings(draw):
    n_samples, n_features = draw(st.integers(4, 300)), draw(st.sampled_from([1, 2, 3, 4, 7, 8, 9, 20]))
    k = draw(st.integers(2, min(n_samples - 1, 12)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.permutation(np.concatenate([np.arange(k), rng.integers(0, k, n_samples - k)]))
    offset = draw(st.sampled_from([0.0, 100.0]))
    X = rng.normal(size=(n_samples, n_features)) + 2 * rng.normal(size=(k, n_features))[labels] + offset
    dtype = draw(st.sampled_from(["float64", "float32", "uint8", "int16", "uint16", "int64"]))
    X = X.astype(dtype) if dtype.startswith("f") else np.clip(X * 5 + 50, 0, 255).astype(dtype)
    return draw(st.sampled_from([np.ascontiguousarray, np.asfortranarray]))(X), labels


def davies_bouldin(X, labels):
    """By its definition, with distances from differences."""
    clusters = [X[labels == c] for c in np.unique(labels)]
    means = np.array([cluster.mean(axis=0) for cluster in clusters])
    spreads = [np.linalg.norm(cluster - mean, axis=1).mean() for cluster, mean in zip(clusters, means, strict=True)]
    apart = np.linalg.norm(means[:, None] - means, axis=2)
    if np.allclose(spreads, 0) or np.allclose(apart, 0):
        return 0.0
    apart[apart == 0] = np.inf
    return np.max(np.add.outer(spreads, spreads) / apart, axis=1).mean()


class TestAgainstScikitLearn:
    @settings(max_examples=100, deadline=None)
    @given(clusterings())
    def test_samples(self, clustering):
        X, labels = clustering
        found, wide = metrics.silhouette_samples(X, labels), X.astype(np.float64)
        # Distances from differences: in scikit-learn's expanded squares an offset costs digits.
        expected = sk.silhouette_samples(cdist(wide, wide), labels, metric="precomputed")
        assert_allclose(found, expected, rtol=0, atol=1e-10)
        assert_allclose(found, sk.silhouette_samples(wide, labels), rtol=0, atol=1e-5)

    @settings(max_examples=60, deadline=None)
    @given(clusterings())
    def test_scores(self, clustering):
        X, labels = clustering
        wide = X.astype(np.float64)
        expected = sk.silhouette_score(cdist(wide, wide), labels, metric="precomputed")
        assert_allclose(metrics.silhouette_score(X, labels), expected, rtol=0, atol=1e-10)
        expected = sk.calinski_harabasz_score(wide, labels)
        assert_allclose(metrics.calinski_harabasz_score(X, labels), expected, rtol=1e-10)

    @settings(max_examples=60, deadline=None)
    @given(clusterings())
    def test_davies_bouldin(self, clustering):
        X, labels = clustering
        wide = X.astype(np.float64)
        found = metrics.davies_bouldin_score(X, labels)
        assert_allclose(found, davies_bouldin(wide, labels), rtol=1e-10)
        # For a cluster of equal samples, scikit-learn's expanded squares leave the root of a rounding error.
        assert_allclose(found, sk.davies_bouldin_score(wide, labels), rtol=1e-5, atol=1e-5)

    @pytest.mark.parametrize("name", SCORES)
    @pytest.mark.parametrize(
        "change", [lambda y: y - 1, lambda y: y * 100_000, lambda y: np.array(list("abc"))[y], list]
    )
    def test_labels_of_any_kind(self, name, change):
        X, y = load_iris(return_X_y=True)
        labels = change(y)
        assert_allclose(getattr(metrics, name)(X, labels), getattr(sk, name)(X, labels), rtol=1e-10)

    @pytest.mark.parametrize("name", SCORES)
    @pytest.mark.parametrize(
        ("X", "labels"),
        [
            ([[0.0], [1.0], [2.0]], [0, 0, 0]),
            ([[0.0], [1.0], [2.0]], [0, 1, 2]),
            ([[0.0], [np.nan], [2.0]], [0, 1, 1]),
            ([[0.0], [1.0], [2.0]], [0, 1]),
            ([0.0, 1.0, 2.0], [0, 1, 1]),
            ([[0.0], [1.0], [2.0]], [[0, 1], [1, 0], [1, 1]]),
        ],
    )
    def test_same_errors(self, name, X, labels):
        with pytest.raises(ValueError, match=r".+") as ours:
            getattr(metrics, name)(X, labels)
        with pytest.raises(ValueError, match=r".+") as theirs:
            getattr(sk, name)(X, labels)
        assert str(ours.value).splitlines()[0].split("(")[0] == str(theirs.value).splitlines()[0].split("(")[0]

    @pytest.mark.parametrize("name", SCORES)
    def test_equal_samples(self, name):
        X, labels = np.ones((6, 2)), [0, 0, 1, 1, 2, 2]
        assert getattr(metrics, name)(X, labels) == getattr(sk, name)(X, labels)

    def test_subset(self):
        X, y = load_iris(return_X_y=True)
        ours = metrics.silhouette_score(X, y, sample_size=60, random_state=3)
        assert_allclose(ours, sk.silhouette_score(X, y, sample_size=60, random_state=3), rtol=1e-12)

    def test_one_feature_of_many_samples(self):
        values = np.concatenate([RNG.normal(center, 1, 1500) for center in (1e6, 1e6 + 8, 1e6 + 30)])[:, None]
        labels = np.repeat([0, 1, 2], 1500)
        expected = sk.silhouette_samples(cdist(values, values), labels, metric="precomputed")
        assert_allclose(metrics.silhouette_samples(values, labels), expected, atol=1e-10)


class TestWeights:
    """Weights count repetitions."""

    @pytest.mark.parametrize("name", [*SCORES, "inertia"])
    @pytest.mark.parametrize("n_features", [1, 3, 12])
    def test_repetitions(self, name, n_features):
        X, labels = RNG.normal(size=(60, n_features)), RNG.integers(0, 4, 60)
        weights = RNG.integers(0, 4, 60)
        repeated = getattr(metrics, name)(np.repeat(X, weights, axis=0), np.repeat(labels, weights))
        assert_allclose(getattr(metrics, name)(X, labels, sample_weight=weights), repeated, rtol=1e-10)

    def test_samples(self):
        X, labels = RNG.normal(size=(50, 2)), RNG.integers(0, 3, 50)
        weights = RNG.integers(1, 4, 50)
        expected = sk.silhouette_samples(np.repeat(X, weights, axis=0), np.repeat(labels, weights))
        found = metrics.silhouette_samples(X, labels, sample_weight=weights)
        assert_allclose(np.repeat(found, weights), expected, atol=1e-10)

    def test_cluster_without_weight(self):
        X, labels = RNG.normal(size=(30, 2)), np.repeat([0, 1, 2], 10)
        weights = np.repeat([1.0, 1.0, 0.0], 10)
        for name in ("calinski_harabasz_score", "davies_bouldin_score"):
            expected = getattr(sk, name)(X[:20], labels[:20])
            assert_allclose(getattr(metrics, name)(X, labels, sample_weight=weights), expected, rtol=1e-10)


class TestDispersion:
    def test_by_hand(self):
        found = metrics.dispersion([[0.0, 0], [2, 0], [10, 3]], ["b", "b", "a"])
        assert found.labels.tolist() == ["a", "b"]
        assert found.weights.tolist() == [1, 2]
        assert found.means.tolist() == [[10, 3], [1, 0]]
        assert found.squares.tolist() == [0, 2]
        assert found.distances.tolist() == [0, 2]
        assert found.within == 2
        assert_allclose(found.between, 36 + 1 * 4 + 2 * 1 + 18)

    @pytest.mark.parametrize("n_features", [2, 30])
    def test_total_is_within_and_between(self, n_features):
        X = RNG.normal(size=(5000, n_features)) + 1e4
        found = metrics.dispersion(X, RNG.integers(0, 20, 5000))
        assert_allclose(found.within + found.between, ((X - X.mean(axis=0)) ** 2).sum(), rtol=1e-9)

    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_means_far_from_zero(self, seed):
        rng = np.random.default_rng(seed)
        X, labels = (rng.normal(size=(5000, 3)) + 1e4).astype(np.float32), rng.integers(0, 6, 5000)
        expected = davies_bouldin(X.astype(np.float64), labels)
        assert_allclose(metrics.davies_bouldin_score(X, labels), expected, rtol=1e-10)

    @pytest.mark.parametrize("weighted", [False, True])
    def test_cluster_far_from_the_samples_that_place_it(self, weighted):
        # The few samples that are looked at first miss the second cluster, and meet an outlier alone of the third.
        X = RNG.normal(size=(20_000, 3))
        labels = np.zeros(len(X), dtype=int)
        labels[40:300], X[40:300] = 1, X[40:300] + 1e7
        labels[10_000:12_000], X[10_002:12_000] = 2, X[10_002:12_000] - 1e6
        labels[10_000:12_000:7] = 0
        weights = RNG.uniform(0.5, 2, len(X)) if weighted else np.ones(len(X))
        found = metrics.dispersion(X, labels, sample_weight=weights if weighted else None)
        for cluster in range(3):
            inside = labels == cluster
            w, mean = weights[inside], np.average(X[inside], axis=0, weights=weights[inside])
            distances = np.linalg.norm(X[inside] - mean, axis=1)
            assert_allclose(found.weights[cluster], w.sum(), rtol=1e-12)
            assert_allclose(found.means[cluster], mean, rtol=1e-12)
            assert_allclose(found.squares[cluster], w @ distances**2, rtol=1e-9)
            assert_allclose(found.distances[cluster], w @ distances, rtol=1e-9)
        assert metrics.inertia(X, labels, sample_weight=weights) == found.within

    def test_inertia_of_kmeans(self):
        X = RNG.normal(size=(2000, 3))
        model = clast.KMeans(5, random_state=0, tol=0).fit(X)
        assert_allclose(metrics.inertia(X, model.labels_), model.inertia_, rtol=1e-12)


class TestSimplified:
    @pytest.mark.parametrize("n_features", [2, 15])
    def test_is_distance_to_means(self, n_features):
        X, labels = RNG.normal(size=(400, n_features)), RNG.integers(0, 5, 400)
        means = np.array([X[labels == c].mean(axis=0) for c in range(5)])
        distances = np.linalg.norm(X[:, None] - means, axis=2)
        own = distances[np.arange(400), labels]
        distances[np.arange(400), labels] = np.inf
        other = distances.min(axis=1)
        expected = (other - own) / np.maximum(own, other)
        assert_allclose(metrics.silhouette_samples(X, labels, method="simplified"), expected, atol=1e-12)
        assert_allclose(metrics.silhouette_score(X, labels, method="simplified"), expected.mean(), atol=1e-12)

    def test_sample_alone(self):
        found = metrics.silhouette_samples([[0.0], [1.0], [9.0]], [0, 0, 1], method="simplified")
        assert found[2] == 0


class TestSampled:
    X = np.concatenate([RNG.normal(center, 1, (size, 3)) for center, size in ((0, 3000), (2, 900), (6, 100), (20, 1))])
    LABELS = np.repeat([0, 1, 2, 3], [3000, 900, 100, 1])

    def test_all_samples_give_the_exact_score(self):
        found = metrics.sampled_silhouette(self.X, self.LABELS, sample_size=len(self.X))
        assert found.n_samples == len(self.X)
        assert found.standard_error == 0
        assert_allclose(found.score, sk.silhouette_score(self.X, self.LABELS), rtol=1e-12)

    def test_standard_error_is_that_of_many_estimates(self):
        exact = sk.silhouette_score(self.X, self.LABELS)
        draw = partial(metrics.sampled_silhouette, self.X, self.LABELS, sample_size=200)
        found = [draw(random_state=seed) for seed in range(300)]
        scores = np.array([estimate.score for estimate in found])
        errors = np.array([estimate.standard_error for estimate in found])
        # A mean of 300 estimates is off by more than 4 of its standard errors once in 16 000 times; seeds are fixed.
        assert abs(scores.mean() - exact) < 4 * scores.std() / np.sqrt(300)
        assert 0.85 < errors.mean() / scores.std() < 1.15

    def test_seed(self):
        first = metrics.sampled_silhouette(self.X, self.LABELS, sample_size=100, random_state=7)
        assert first == metrics.sampled_silhouette(self.X, self.LABELS, sample_size=100, random_state=7)
        score = metrics.silhouette_score(self.X, self.LABELS, method="sample", sample_size=100, random_state=7)
        assert score == first.score

    def test_weights(self):
        weights = RNG.integers(1, 4, len(self.X))
        exact = metrics.silhouette_score(self.X, self.LABELS, sample_weight=weights)
        estimate = metrics.sampled_silhouette(
            self.X, self.LABELS, sample_size=2000, sample_weight=weights, random_state=0
        )
        assert abs(estimate.score - exact) < 4 * estimate.standard_error


class TestEntropy:
    def test_labels(self):
        labels = np.repeat(["a", "b", "c"], [1, 1, 2])
        assert metrics.cluster_entropy(labels) == 1.5
        assert_allclose(metrics.cluster_entropy(labels, base=np.e), 1.5 * np.log(2))
        assert metrics.cluster_entropy([5, 5]) == 0

    def test_features(self):
        from scipy.stats import entropy

        X, labels = RNG.normal(size=(500, 2)), RNG.integers(0, 3, 500)
        found = metrics.cluster_entropy(labels, X, bins=16)
        for feature in range(2):
            edges = np.linspace(X[:, feature].min(), X[:, feature].max(), 17)
            for c in range(3):
                counts = np.histogram(X[labels == c, feature], edges)[0]
                assert_allclose(found[c, feature], entropy(counts, base=2), atol=1e-12)

    def test_constant_feature(self):
        assert_array_equal(metrics.cluster_entropy([0, 1], [[3], [3]]), [[0], [0]])


@pytest.mark.parametrize("n_features", [1, 4, 30])
def test_threads_do_not_matter(n_features):
    X = RNG.normal(size=(4001, n_features)).astype(np.float32)
    labels = RNG.integers(0, 7, 4001)
    results = []
    for n_threads in (1, 2, 4):
        with clast.threads(n_threads):
            found = metrics.dispersion(X, labels)
            rows = metrics.sampled_silhouette(X, labels, sample_size=300, random_state=0)
            simple = metrics.silhouette_samples(X, labels, method="simplified")
            results.append(
                (metrics.silhouette_samples(X, labels), simple, np.array(rows), found.means, found.distances)
            )
    for arrays in results[1:]:
        for one, other in zip(results[0], arrays, strict=True):
            assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda X, y: metrics.silhouette_score(X, y, metric="cosine"), ValueError, "scikit-learn has the others"),
        (lambda X, y: metrics.silhouette_score(X, y, method="fast"), ValueError, "'exact', 'simplified', 'sample'"),
        (lambda X, y: metrics.silhouette_score(X, y, sample_size=0), ValueError, "at least 1"),
        (lambda X, y: metrics.sampled_silhouette(X, y, sample_size=2.5), ValueError, "an int"),
        (lambda X, y: metrics.silhouette_samples(X, y, method="sample"), ValueError, "use silhouette_score"),
        (lambda X, y: metrics.silhouette_samples(X, y, sample_weight=[1.0]), ValueError, "shape"),
        (lambda X, y: metrics.cluster_entropy(y, X, bins=0), ValueError, "at least 1"),
        (lambda X, y: metrics.cluster_entropy(y, base=1), ValueError, "above 1"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call(RNG.normal(size=(10, 2)), np.arange(10) % 2)
