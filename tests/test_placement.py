"""Where worker threads run: on a CPU each while the machine is idle, and anywhere as soon as others run."""

import os

import pytest

N_CPUS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1

pytestmark = pytest.mark.skipif(N_CPUS < 2, reason="needs Linux and two CPUs")

PREAMBLE = """
import os, subprocess, sys, threading, time
import numpy as np
import clast

CPUS = os.sched_getaffinity(0)
X = np.random.default_rng(0).normal(size=(20_000, 8))

def fit(n_init=1):
    clast.KMeans(5, n_init=n_init, max_iter=50, tol=0, random_state=0).fit(X)

def places():
    tasks = [task for task in os.listdir("/proc/self/task") if name_of(task).startswith("clast-")]
    assert len(tasks) == len(CPUS)
    return sorted(sorted(os.sched_getaffinity(int(task))) for task in tasks)

def name_of(task):
    with open(f"/proc/self/task/{task}/comm") as name:
        return name.read()

class Others:
    def __enter__(self):
        self.loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * len(CPUS))]
        time.sleep(0.3)

    def __exit__(self, *_):
        for loop in self.loops:
            loop.kill()
            loop.wait()

ANYWHERE = [sorted(CPUS)] * len(CPUS)
EACH_ITS_OWN = [[cpu] for cpu in sorted(CPUS)]

def n_running():
    with open("/proc/loadavg") as load:
        return int(load.read().split()[3].split("/")[0])

def wait_until_each_has_its_own():
    n_idle = 0
    for _ in range(500):
        time.sleep(0.01)
        n_idle += n_running() == 1
        fit()
        if places() == EACH_ITS_OWN:
            return
    assert n_idle < 100, f"idle {n_idle} times, but never held"
    print("busy")
    sys.exit()
"""


@pytest.fixture
def run(run_python):
    """Run a script in a process of its own that has a thread for each CPU."""

    def answer(script):
        said = run_python(PREAMBLE + script, timeout=120, CLAST_NUM_THREADS=str(N_CPUS)).strip()
        if said == "busy":
            pytest.skip("other processes run on this machine")
        return said

    return answer


def test_anywhere_while_others_run(run):
    script = """
with Others():
    for _ in range(5):
        fit()
        assert places() == ANYWHERE, places()
        time.sleep(0.01)
print("done")
"""
    assert run(script) == "done"


def test_let_go_amid_a_computation_when_others_begin(run):
    script = """
wait_until_each_has_its_own()
others = Others()
timer = threading.Timer(0.05, others.__enter__)
timer.start()
samples = np.random.default_rng(0).normal(size=(int(70_000 * len(CPUS) ** 0.5), 4))
begin = time.perf_counter()
clast.metrics.silhouette_score(samples, np.arange(len(samples)) % 3)
assert time.perf_counter() - begin > 0.5, "the others had no time to begin"
found = places()
timer.join()
others.__exit__()
assert found == ANYWHERE, found
print("done")
"""
    assert run(script) == "done"


def test_follows_the_process(run):
    script = """
wait_until_each_has_its_own()
one = min(CPUS)
os.sched_setaffinity(0, {one})
fit()
assert places() == ANYWHERE, places()
os.sched_setaffinity(0, CPUS)
wait_until_each_has_its_own()
print("done")
"""
    assert run(script) == "done"


def test_fewer_threads_than_cpus_run_anywhere(run):
    script = """
wait_until_each_has_its_own()
clast.set_num_threads(1)
for _ in range(20):
    time.sleep(0.01)
    fit()
one = [task for task in os.listdir("/proc/self/task") if name_of(task).startswith("clast-")]
assert sum(os.sched_getaffinity(int(task)) == CPUS for task in one) == 1
print("done")
"""
    assert run(script) == "done"
