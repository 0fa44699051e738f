"""The compiled module on its own: what does not fit is refused in one line, and a callback may do anything."""

import numpy as np
import pytest

from clast import _core

X = np.random.default_rng(0).normal(size=(1000, 3))
CENTERS = X[:4].copy()
STARTS = CENTERS[None]
LABELS = np.zeros(1000, dtype=np.int32)
FIRSTS = np.full(1, 0.5)
DRAWS = np.full((1, 3, 2), 0.5)
FREQUENCIES = np.ones(9, dtype=np.float32)


def step(rows=None, sample_weight=None, centers=CENTERS, weight_sums=None):
    rows = None if rows is None else np.array(rows, dtype=np.int64)
    weight_sums = np.zeros(4) if weight_sums is None else weight_sums
    # As it is in memory: what is refused must not have been changed.
    centers = centers.copy(order="K")
    return _core.kmeans_minibatch_step(X, rows, sample_weight, centers, weight_sums)


def walk(targets):
    return _core.bisecting_predict(X, CENTERS[np.newaxis, :2].copy(), np.array(targets, dtype=np.int32))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: _core.kmeans_predict(X[::2], CENTERS), ValueError, "'X' is not contiguous"),
        (lambda: _core.kmeans_predict(X.astype(np.int32), CENTERS), TypeError, "'X' has dtype int32"),
        (lambda: _core.kmeans_predict(X.tolist(), CENTERS), TypeError, "'X'"),
        (lambda: _core.kmeans_predict(X[0], CENTERS), ValueError, "'X' has 1 dimensions"),
        (lambda: _core.kmeans_predict(X[:0], CENTERS), ValueError, "'n_samples' is 0"),
        (lambda: _core.kmeans_predict(X[:, :0], CENTERS[:, :0]), ValueError, "'n_features' is 0"),
        (lambda: _core.kmeans_predict(X, CENTERS[:, :2].copy()), ValueError, r"'centers' has shape \(4, 2\)"),
        (lambda: _core.kmeans_predict(X, CENTERS[:0]), ValueError, r"'centers' has shape \(0, 3\)"),
        (lambda: _core.kmeans_predict(X, np.asfortranarray(CENTERS)), ValueError, "'centers' is not C-contiguous"),
        (lambda: _core.kmeans_lloyd(X[:2], STARTS, None, 5, 0.0, True), ValueError, "'n_clusters' is 4"),
        (lambda: _core.kmeans_lloyd(X, STARTS, None, 0, 0.0, True), ValueError, "'max_iter' is 0"),
        (lambda: _core.kmeans_lloyd(X, STARTS, np.ones(3), 5, 0.0, True), ValueError, "'sample_weight' has 3"),
        (
            lambda: _core.kmeans_lloyd(X, STARTS[..., :2].copy(), None, 5, 0.0, True),
            ValueError,
            r"'starts' has shape \[1, 4, 2\]",
        ),
        (
            lambda: _core.kmeans_lloyd(X, STARTS[:, :0], None, 5, 0.0, True),
            ValueError,
            r"'starts' has shape \[1, 0, 3\]",
        ),
        (lambda: _core.kmeans_lloyd(X, STARTS[:0], None, 5, 0.0, True), ValueError, "'starts' holds no run"),
        (lambda: _core.kmeans_inertia(X, CENTERS, LABELS + 4, None), ValueError, "'labels' is 4"),
        (lambda: _core.kmeans_inertia(X, CENTERS, LABELS - 1, None), ValueError, "'labels' is -1"),
        (lambda: _core.kmeans_inertia(X, CENTERS, LABELS[:5], None), ValueError, "'labels' has 5"),
        (lambda: _core.kmeans_plusplus(X[:2], None, FIRSTS, DRAWS), ValueError, "'n_clusters' is 4"),
        (lambda: _core.kmeans_plusplus(X, None, FIRSTS[:0], DRAWS), ValueError, "'first_draws' has 0 values for 1 run"),
        (lambda: step(rows=[1000]), ValueError, "'rows' is 1000"),
        (lambda: step(rows=[-1]), ValueError, "'rows' is -1"),
        (lambda: step(sample_weight=np.ones(3)), ValueError, "'sample_weight' has 3"),
        (lambda: step(weight_sums=np.zeros(3)), ValueError, "'weight_sums' has 3"),
        (lambda: step(weight_sums=np.zeros(8)[::2]), ValueError, "'weight_sums' is not C-contiguous"),
        (lambda: step(centers=np.asfortranarray(CENTERS)), ValueError, "'centers' is not C-contiguous"),
        (lambda: step(centers=CENTERS[:, :2].copy()), ValueError, r"'centers' has shape \(4, 2\)"),
        (lambda: _core.choose_rows(None, 0, 1.0, np.empty(0), FIRSTS), ValueError, "'n_samples' is 0"),
        (lambda: _core.choose_rows(None, 100, 0.01, np.ones(3), FIRSTS), ValueError, "'sums' has 3"),
        (lambda: _core.kmeans_inertia_per_cluster(X, CENTERS, LABELS + 4, None), ValueError, "'labels' is 4"),
        (lambda: walk([[0, -1]]), ValueError, "'targets' is 0"),
        (lambda: walk([[-1, -2], [-3, -4]]), ValueError, "'centers' has 6 values"),
        (lambda: _core.feature_moments(X[:0]), ValueError, "'n_samples' is 0"),
        (lambda: _core.kmeans1d_fit(X, 2, None), ValueError, "'n_features' is 3"),
        (lambda: _core.kmeans1d_fit(X[:, :1].copy(), 1001, None), ValueError, "'n_clusters' is 1001"),
        (lambda: _core.kmeans1d_fit(X[:, :1] * np.nan, 2, None), ValueError, "'values' is NaN"),
        (lambda: _core.kmeans1d_partition(np.zeros(2), np.ones(2), 1), ValueError, "'values' are not distinct"),
        (lambda: _core.kmeans1d_partition(np.arange(3.0), np.zeros(3), 1), ValueError, "or have no weight"),
        (lambda: _core.kmeans1d_partition(np.arange(3.0), np.full(3, np.inf), 1), ValueError, "'weights' is inf"),
        (lambda: _core.kmeans1d_partition(np.arange(3.0), np.ones(2), 1), ValueError, "'weights' has 2"),
        (lambda: _core.kmeans1d_partition(np.arange(3.0)[::-1].copy(), np.ones(3), 1), ValueError, "after a larger"),
        (lambda: _core.kmeans1d_partition(np.arange(3.0), np.ones(3), 4), ValueError, "'n_clusters' is 4"),
        (lambda: _core.count_values(X), TypeError, "'X' holds floats"),
        (lambda: _core.count_between(X, np.array([2.0, 1.0])), ValueError, "'edges' is 2 numbers"),
        (lambda: _core.multiotsu_bins(FREQUENCIES, 10), ValueError, "'n_classes' is 10"),
        (lambda: _core.multiotsu_bins(-FREQUENCIES, 2), ValueError, "'n_classes' is 2"),
    ],
)
def test_arguments_that_do_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("draw", [-1.0, 1.0, 5.0, np.nan, np.inf])
def test_any_draw_gives_a_row(draw):
    for firsts, draws in ((np.full(1, draw), DRAWS), (FIRSTS, np.full((1, 3, 2), draw))):
        indices = _core.kmeans_plusplus(X, None, firsts, draws)
        assert ((indices >= 0) & (indices < len(X))).all()


def test_samples_that_are_no_numbers_do_not_crash():
    nothing = np.full_like(X, np.nan)
    assert (_core.kmeans_predict(nothing, CENTERS) == 0).all()
    _core.kmeans_lloyd(nothing, STARTS, None, 5, 0.0, True)
    _core.kmeans_plusplus(nothing, None, FIRSTS, DRAWS)
    _core.kmeans_minibatch_step(nothing, None, None, CENTERS.copy(), np.zeros(4))
    _core.bisecting_predict(nothing, CENTERS[np.newaxis, :2].copy(), np.array([[-1, -2]], dtype=np.int32))


def test_an_error_in_the_callback_ends_the_run():
    def fail(iteration, inertia, is_strict, center_shift):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        _core.kmeans_lloyd(X, STARTS, None, 5, 0.0, True, fail)


def test_the_callback_may_run_kernels_and_set_threads():
    expected = _core.kmeans_lloyd(X, STARTS, None, 5, 0.0, True)
    before = _core.get_num_threads()
    seen = []

    def work(iteration, inertia, is_strict, center_shift):
        _core.set_num_threads(1 + iteration % 3)
        seen.append((iteration, _core.kmeans_lloyd(X, STARTS, None, 2, 0.0, True)[3]))

    try:
        result = _core.kmeans_lloyd(X, STARTS, None, 5, 0.0, True, work)
    finally:
        _core.set_num_threads(before)
    assert [iteration for iteration, _ in seen] == list(range(result[3]))
    for got, wanted in zip(result, expected, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_same_clustering():
    labels = np.array([1, 0, 0, 1, 2, 0, 2, 1], dtype=np.int32)
    renamed = np.array([0, 2, 2, 0, 1, 2, 1, 0], dtype=np.int32)
    other = np.array([1, 0, 0, 2, 2, 0, 2, 1], dtype=np.int32)
    merged = np.minimum(labels, 1).astype(np.int32)
    assert _core.is_same_clustering(labels, labels, 3)
    assert _core.is_same_clustering(labels, renamed, 3)
    assert not _core.is_same_clustering(labels, other, 3)
    assert not _core.is_same_clustering(labels[:5], labels, 3)
    # As in scikit-learn, every label of the first must stand for one label of the second, and not the other way round.
    assert not _core.is_same_clustering(merged, labels, 3)
