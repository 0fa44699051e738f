"""Kernels let other Python threads run."""

import threading
import time

import numpy as np
import pytest

from clast import _core

X = np.random.default_rng(0).normal(size=(400_000, 4))
CENTERS = np.ascontiguousarray(X[:64])

CALLS = {
    "kmeans_lloyd": lambda: _core.kmeans_lloyd(X, CENTERS, None, 40, 0.0),
    "kmeans_plusplus": lambda: _core.kmeans_plusplus(X, None, 0.5, np.random.default_rng(0).random((63, 6))),
    "kmeans_predict": lambda: [_core.kmeans_predict(X, CENTERS) for _ in range(20)],
    "kmeans_transform": lambda: [_core.kmeans_transform(X, CENTERS) for _ in range(2)],
    "feature_moments": lambda: [_core.feature_moments(X) for _ in range(100)],
}


@pytest.mark.parametrize("name", CALLS)
def test_other_threads_run_meanwhile(name):
    finished = []

    def work():
        CALLS[name]()
        finished.append(time.perf_counter())

    worker = threading.Thread(target=work)
    start = time.perf_counter()
    worker.start()
    ticks = []
    while worker.is_alive():
        ticks.append(time.perf_counter())
        time.sleep(0.001)
    worker.join()
    end = finished[0]
    # Only the middle counts: while the call starts and ends, this thread may run anyway.
    middle = [tick for tick in ticks if start + 0.25 * (end - start) < tick < start + 0.75 * (end - start)]
    pause = np.diff([start, *ticks, end]).max()
    assert len(middle) >= 3, f"{len(middle)} ticks in a call of {end - start:.3f} s"
    assert pause < 0.6 * (end - start), f"nothing else ran for {pause:.3f} s of {end - start:.3f} s"
