"""kmeans1d finds the best of all clusterings: against all cuts in exact fractions, and never worse than KMeans."""

from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.cluster import KMeans as SklearnKMeans

import clast
from clast import kmeans1d

DTYPES = [np.uint8, np.int16, np.uint16, np.int8, np.int32, np.int64, np.float16, np.float32, np.float64]


def exact_cost(points):
    """Cost of one cluster of (value, weight) pairs, as a fraction."""
    weight = sum(w for _, w in points)
    mean = sum(w * x for x, w in points) / weight
    return sum(w * (x - mean) ** 2 for x, w in points)


def best_inertia(values, weights, n_clusters):
    """The least inertia over all cuts, in exact fractions."""
    weight_of = {}
    for value, weight in zip(values, weights, strict=True):
        if weight > 0:
            weight_of[Fraction(float(value))] = weight_of.get(Fraction(float(value)), 0) + Fraction(float(weight))
    points = sorted(weight_of.items())
    cost = {(start, end): exact_cost(points[start:end]) for start, end in combinations(range(len(points) + 1), 2)}
    cuts = combinations(range(1, len(points)), n_clusters - 1)
    edges = ((0, *cut, len(points)) for cut in cuts)
    return float(min(sum(cost[pair] for pair in pairwise(edge)) for edge in edges))


def assert_consistent(found, values, weights=None):
    """What must hold between labels, centers, inertia and thresholds of any k-means clustering."""
    values = np.asarray(values, dtype=np.float64)
    weights = np.ones(values.shape) if weights is None else np.broadcast_to(weights, values.shape)
    assert found.labels.shape == values.shape
    assert found.labels.dtype == np.int32
    assert (np.diff(found.centers) > 0).all()
    assert_array_equal(np.digitize(values, found.thresholds, right=True), found.labels)
    distances = np.abs(values[..., None] - found.centers)
    assert_array_equal(distances.argmin(axis=-1), found.labels)
    assert set(np.unique(found.labels[weights > 0])) == set(range(len(found.centers)))
    np.testing.assert_allclose((weights * distances.min(axis=-1) ** 2).sum(), found.inertia, rtol=1e-6, atol=1e-9)


class TestIsTheBest:
    @given(
        st.lists(st.integers(0, 40), min_size=1, max_size=9),
        st.integers(1, 5),
        st.sampled_from([0, 0.5, 1e9, -1e9]),
        st.sampled_from([None, "random", "zeros"]),
        st.sampled_from([np.float32, np.float64, np.uint8, np.int16, np.uint16]),
    )
    def test_of_all_cuts(self, numbers, n_clusters, offset, weighting, dtype):
        values = (np.array(numbers) + (offset if dtype == np.float64 else 0)).astype(dtype)
        rng = np.random.default_rng(len(numbers))
        weights = np.ones(len(values)) if weighting is None else rng.uniform(0.1, 3, len(values))
        if weighting == "zeros":
            weights[1::2] = 0
        n_clusters = min(n_clusters, len(np.unique(values[weights > 0])))
        found = kmeans1d(values, n_clusters, sample_weight=None if weighting is None else weights)
        np.testing.assert_allclose(found.inertia, best_inertia(values, weights, n_clusters), rtol=1e-12)
        if weighting != "zeros":
            assert_consistent(found, values, weights)

    @given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8), st.integers(1, 4), st.floats(1e-3, 1e3))
    def test_of_any_numbers_and_one_heavy_one(self, numbers, n_clusters, heavy):
        weights = np.ones(len(numbers))
        weights[0] = heavy
        n_clusters = min(n_clusters, len(np.unique(numbers)))
        found = kmeans1d(numbers, n_clusters, sample_weight=weights)
        # Below the smallest normal number squares have few digits, whoever adds them.
        tiny = np.finfo(np.float64).tiny
        np.testing.assert_allclose(found.inertia, best_inertia(numbers, weights, n_clusters), rtol=1e-9, atol=tiny)

    @pytest.mark.parametrize("n_clusters", [2, 4, 7])
    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
    def test_of_many_runs_of_lloyd(self, n_clusters, dtype):
        rng = np.random.default_rng(n_clusters)
        modes = rng.uniform(20, 200, size=6)
        values = rng.normal(rng.choice(modes, 2000), 8).clip(0, 255).astype(dtype)
        found = kmeans1d(values, n_clusters)
        assert_consistent(found, values)
        lloyd = SklearnKMeans(n_clusters, n_init=30, random_state=0).fit(values.astype(np.float64)[:, None])
        assert found.inertia <= lloyd.inertia_ * (1 + 1e-12)
        polished = SklearnKMeans(n_clusters, init=found.centers[:, None], n_init=1, tol=0)
        polished.fit(values.astype(np.float64)[:, None])
        np.testing.assert_allclose(polished.cluster_centers_.ravel(), found.centers, rtol=1e-9)

    def test_beside_outliers(self):
        # Squares of the outliers have more digits than float64: the others must keep theirs.
        values = np.array([0.1, 0.2, 0.3, 5.1, 5.2, 9.0, 1e20, -1e20])
        found = kmeans1d(values, 5)
        assert_array_equal(found.labels, [1, 1, 1, 2, 2, 3, 4, 0])
        np.testing.assert_allclose(found.inertia, 0.02 + 0.005, rtol=1e-12)

    def test_far_from_zero(self):
        rng = np.random.default_rng(3)
        values = np.round(rng.normal(rng.choice([0.0, 40, 90], 5000), 5) * 64) / 64
        near, far = kmeans1d(values, 5), kmeans1d(values + 1e9, 5)
        assert_array_equal(near.labels, far.labels)
        np.testing.assert_allclose(far.inertia, near.inertia, rtol=1e-12)
        np.testing.assert_allclose(far.centers - 1e9, near.centers, atol=1e-6)

    def test_on_real_values(self, mri):
        for channel in mri.T:
            values = channel.astype(np.uint16)
            found = kmeans1d(values, 4)
            assert_consistent(found, values)
            lloyd = clast.KMeans(4, n_init=10, random_state=0).fit(values[:, None])
            assert found.inertia <= lloyd.inertia_ * (1 + 1e-12)


class TestSpecialCases:
    def test_one_cluster(self):
        values = np.random.default_rng(0).normal(7, 2, 999)
        labels, centers, inertia, thresholds = kmeans1d(values, 1)
        assert not labels.any()
        np.testing.assert_allclose(centers, [values.mean()])
        np.testing.assert_allclose(inertia, values.var() * 999)
        assert thresholds.shape == (0,)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_as_many_clusters_as_distinct_values(self, dtype):
        values = np.array([[5, 1, 5], [9, 1, 120]], dtype=dtype)
        labels, centers, inertia, thresholds = kmeans1d(values, 4)
        assert_array_equal(labels, [[1, 0, 1], [2, 0, 3]])
        assert_array_equal(centers, [1, 5, 9, 120])
        assert_array_equal(thresholds, [3, 7, 64.5])
        assert inertia == 0

    def test_a_constant(self):
        labels, centers, inertia, _ = kmeans1d(np.full((3, 2), 0.1), 1)
        assert_array_equal(labels, np.zeros((3, 2)))
        assert_array_equal(centers, [0.1])
        assert inertia == 0

    def test_all_dtypes_give_one_answer(self):
        numbers = np.random.default_rng(1).integers(0, 100, size=(20, 30))
        expected = kmeans1d(numbers.astype(np.float64), 6)
        for dtype in DTYPES:
            found = kmeans1d(numbers.astype(dtype), 6)
            assert_array_equal(found.labels, expected.labels)
            assert found.centers.tobytes() == expected.centers.tobytes()
            assert found.inertia == expected.inertia

    def test_signs(self):
        labels, centers, _, _ = kmeans1d(np.array([-32768, 32767, -32760, 0], dtype=np.int16), 3)
        assert_array_equal(labels, [0, 2, 0, 1])
        assert_array_equal(centers, [-32764, 0, 32767])


class TestWeights:
    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
    def test_are_repetitions(self, dtype):
        rng = np.random.default_rng(2)
        values = rng.integers(0, 200, 300).astype(dtype)
        times = rng.integers(0, 4, 300)
        found = kmeans1d(values, 5, sample_weight=times)
        repeated = kmeans1d(np.repeat(values, times), 5)
        np.testing.assert_allclose(found.centers, repeated.centers, rtol=1e-13)
        np.testing.assert_allclose(found.inertia, repeated.inertia, rtol=1e-12)
        assert_array_equal(np.repeat(found.labels, times), repeated.labels)

    def test_without_weight_a_value_goes_to_the_nearest_center(self):
        found = kmeans1d([0.0, 4.0, 100.0, 40.0, 60.0, -7.0], 2, sample_weight=[1, 1, 1, 0, 0, 0])
        assert_array_equal(found.centers, [2, 100])
        assert_array_equal(found.labels, [0, 0, 1, 0, 1, 0])

    def test_in_the_shape_of_an_image(self):
        image = np.array([[1, 2], [8, 9]], dtype=np.uint8)
        found = kmeans1d(image, 2, sample_weight=np.array([[1, 3], [1, 1]]))
        assert_array_equal(found.centers, [1.75, 8.5])
        assert_array_equal(kmeans1d(image, 2, sample_weight=2).centers, [1.5, 8.5])


class TestInput:
    @pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int32])
    def test_layouts_do_not_matter(self, dtype):
        image = np.random.default_rng(0).integers(0, 120, (40, 30)).astype(dtype)
        expected = kmeans1d(image, 4)
        unaligned = np.empty(image.nbytes + 1, np.uint8)[1:].view(dtype).reshape(image.shape)
        unaligned[...] = image
        layouts = [
            np.asfortranarray(image),
            np.repeat(image, 2, axis=1)[:, ::2],
            image.astype(image.dtype.newbyteorder(">")),
            unaligned,
            image.tolist(),
        ]
        for layout in layouts:
            found = kmeans1d(layout, 4)
            assert_array_equal(found.labels, expected.labels)
            assert found.inertia == expected.inertia

    def test_series(self):
        assert_array_equal(kmeans1d(pd.Series([1.0, 2.0, 9.0], index=[7, 7, 7]), 2).labels, [0, 0, 1])

    @pytest.mark.parametrize(
        ("values", "n_clusters", "options", "error", "message"),
        [
            (
                [1.0, 2.0, 1.0],
                3,
                {},
                ValueError,
                "'n_clusters' is 3, but must be between 1 and 2, the number of distinct",
            ),
            ([1.0, 2.0, 3.0], 3, {"sample_weight": [1, 0, 1]}, ValueError, "between 1 and 2, the number of distinct"),
            ([1.0, 2.0], 0, {}, ValueError, "n_clusters == 0, must be >= 1"),
            ([1.0, 2.0], 1.5, {}, TypeError, "n_clusters must be an instance of int"),
            ([], 1, {}, ValueError, "0 sample"),
            (np.zeros((0, 5)), 1, {}, ValueError, "0 sample"),
            ([1.0, np.nan], 1, {}, ValueError, "values contains NaN"),
            ([1.0, -np.inf], 1, {}, ValueError, "values contains infinity"),
            (["a", "b"], 1, {}, ValueError, "could not convert string"),
            (scipy.sparse.csr_matrix([[1.0]]), 1, {}, TypeError, "[Ss]parse"),
            ([1.0, 2.0], 1, {"sample_weight": [1.0]}, ValueError, r"sample_weight.shape == \(1,\), expected \(2,\)!"),
            ([[1.0, 2.0]], 1, {"sample_weight": [1.0, 1.0]}, ValueError, r"expected \(1, 2\)!"),
            ([1.0, 2.0], 1, {"sample_weight": [-1.0, 1.0]}, ValueError, "Negative values"),
            ([1.0, 2.0], 1, {"sample_weight": [0.0, 0.0]}, ValueError, "at least one non-zero"),
        ],
    )
    def test_that_cannot_be_clustered(self, values, n_clusters, options, error, message):
        with pytest.raises(error, match=message):
            kmeans1d(values, n_clusters, **options)

    def test_stays_as_it_is(self):
        values = np.random.default_rng(0).normal(size=50)
        before = values.copy()
        kmeans1d(values, 3, sample_weight=np.ones(50))
        assert_array_equal(values, before)


def test_threads_make_no_difference():
    rng = np.random.default_rng(4)
    values = rng.normal(size=150_000).round(5)
    weights = rng.exponential(size=150_000)
    for dtype in (np.float64, np.float32, np.int16, np.uint8):
        scaled = (values * 20 + 100).clip(0, 255).astype(dtype)
        for sample_weight in (None, weights):
            with clast.threads(1):
                alone = kmeans1d(scaled, 7, sample_weight=sample_weight)
            with clast.threads(4):
                together = kmeans1d(scaled, 7, sample_weight=sample_weight)
            assert_array_equal(alone.labels, together.labels)
            assert alone.centers.tobytes() == together.centers.tobytes()
            assert alone.inertia == together.inertia


def test_memory_does_not_grow_with_the_number_of_clusters(run_python):
    code = """
import resource
import numpy as np
from clast import _core

points, weights = np.arange(400_000.0), np.ones(400_000)
_core.kmeans1d_partition(points, weights, 2)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
_core.kmeans1d_partition(points, weights, 200)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    pytest.importorskip("resource")
    # 64 MB and 64 bytes for each point are promised; a start for each point and cluster would take 320 MB in 32 bits.
    # ru_maxrss counts kB.
    assert int(run_python(code, timeout=120)) < 100_000
