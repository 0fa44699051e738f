"""Forked workers, joblib's processes and its threads all give the parent's answer, and none hangs."""

import multiprocessing

import pytest

PREPARE = """
import numpy as np, joblib, multiprocessing, os, sys, warnings
# Python warns of fork beside threads; that it works here is what is tested.
warnings.simplefilter("ignore", DeprecationWarning)
import clast
X = np.random.default_rng(0).normal(size=(60_000, 4))

def fit(seed):
    model = clast.KMeans(5, random_state=seed).fit(X)
    return model.labels_.tobytes(), model.cluster_centers_.tobytes(), model.inertia_

clast.set_num_threads(3)
"""

needs_fork = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this platform cannot fork"
)


@needs_fork
def test_workers_forked_after_use(run_python):
    run_python(
        PREPARE
        + """
expected = [fit(seed) for seed in range(6)]
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(fit, range(6)) == expected
assert [fit(seed) for seed in range(6)] == expected
"""
    )


@needs_fork
def test_workers_forked_before_use(run_python):
    run_python(
        PREPARE
        + """
with multiprocessing.get_context("fork").Pool(2) as pool:
    results = pool.map(fit, range(6))
assert results == [fit(seed) for seed in range(6)]
"""
    )


@needs_fork
def test_a_child_of_a_child(run_python):
    run_python(
        PREPARE
        + """
expected = fit(0)
def descend(depth):
    child = os.fork()
    if child == 0:
        ok = fit(0) == expected and (depth == 0 or descend(depth - 1))
        os._exit(0 if ok else 1)
    return os.waitpid(child, 0)[1] == 0
assert descend(2)
assert fit(0) == expected
"""
    )


@needs_fork
def test_forked_while_another_thread_fits(run_python):
    run_python(
        PREPARE
        + """
import threading
expected = fit(0)
stop = threading.Event()
def keep_fitting():
    while not stop.is_set():
        fit(1)
worker = threading.Thread(target=keep_fitting)
worker.start()
for _ in range(5):
    child = os.fork()
    if child == 0:
        os._exit(0 if fit(0) == expected else 1)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
worker.join()
"""
    )


@needs_fork
def test_a_child_keeps_the_number_of_threads(run_python):
    run_python(
        PREPARE
        + """
fit(0)
child = os.fork()
if child == 0:
    os._exit(0 if clast.get_num_threads() == 3 else 1)
assert os.waitpid(child, 0)[1] == 0
"""
    )


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_joblib(run_python, backend):
    run_python(
        PREPARE
        + f"""
expected = [fit(seed) for seed in range(6)]
results = joblib.Parallel(2, backend={backend!r})(joblib.delayed(fit)(seed) for seed in range(6))
assert results == expected
"""
    )


def test_joblib_processes_get_their_share_of_threads(run_python):
    run_python(
        PREPARE
        + """
def count(_):
    import clast
    return clast.get_num_threads()
with joblib.parallel_config("loky", inner_max_num_threads=1):
    assert joblib.Parallel(2)(joblib.delayed(count)(i) for i in range(4)) == [1] * 4
"""
    )
