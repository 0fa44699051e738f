"""Kernels let other Python threads run."""

import threading
import time

import numpy as np
import pytest

from clast import _core

rng = np.random.default_rng(0)
FEW = rng.normal(size=(400_000, 4))
MANY = rng.normal(size=(100_000, 64))
SHORTS = rng.integers(0, 1 << 16, size=(30_000_000, 1), dtype=np.uint16)
EDGES = np.linspace(-5, 5, 257)
MORE = np.tile(MANY, (4, 1))
LABELS = rng.integers(0, 100, size=len(MORE), dtype=np.int32)

# One call each that takes many milliseconds: between two calls another thread might get its turn anyway.
CALLS = {
    "kmeans_lloyd": lambda: _core.kmeans_lloyd(FEW, FEW[None, :64].copy(), None, 10, 0.0, True),
    "kmeans_plusplus": lambda: _core.kmeans_plusplus(FEW, None, rng.random(1), rng.random((1, 30, 6))),
    "kmeans_predict": lambda: _core.kmeans_predict(FEW, FEW[:1000].copy()),
    "kmeans_transform": lambda: _core.kmeans_transform(MANY, MANY[:100].copy()),
    "kmeans_inertia": lambda: _core.kmeans_inertia(MORE, MANY[:100].copy(), LABELS, None),
    "feature_moments": lambda: _core.feature_moments(MORE),
    "kmeans1d_fit": lambda: _core.kmeans1d_fit(FEW.reshape(-1, 1), 2, None),
    "kmeans1d_partition": lambda: _core.kmeans1d_partition(np.arange(50_000.0), np.ones(50_000), 40),
    "count_values": lambda: _core.count_values(SHORTS),
    "count_between": lambda: _core.count_between(MANY.reshape(-1, 1), EDGES),
    "multiotsu_bins": lambda: _core.multiotsu_bins(np.ones(2000, dtype=np.float32), 4),
}


def ticks_during(call):
    """How often this thread ran in the middle half of `call`, made by another thread."""
    span = []

    def work():
        span.append(time.perf_counter())
        call()
        span.append(time.perf_counter())

    worker = threading.Thread(target=work)
    worker.start()
    ticks = []
    while worker.is_alive():
        ticks.append(time.perf_counter())
        time.sleep(0.0002)
    start, end = span
    quarter = (end - start) / 4
    return sum(start + quarter < tick < end - quarter for tick in ticks)


@pytest.mark.parametrize("name", CALLS)
def test_other_threads_run_meanwhile(name):
    # A busy machine may not give this thread its turn; that it never does in ten calls is something else.
    assert any(ticks_during(CALLS[name]) for _ in range(10))


def test_a_call_that_keeps_the_lock_is_noticed():
    numbers = rng.random(1_000_000).tolist()
    assert not any(ticks_during(lambda: sorted(numbers)) for _ in range(3))
