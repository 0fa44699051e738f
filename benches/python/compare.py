"""Compare clast with its peers: same arrays, same centers, same iterations, agreement first, then time.

python benches/python/compare.py [--smoke] [--only TEXT] [--curves] [--update-readme]
"""

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from sklearn.cluster import kmeans_plusplus
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances_argmin
from sklearn.mixture import GaussianMixture

from agreement import Agreement, judge, keeps_promise
from inputs import Samples
from memory import with_peak
from peers import ON_REQUEST, MixtureStart, Peer, Result, Start, available, limited
from report import OURS, REFERENCE, Entry, Measurement, Row, environment, listing, n_cpus, table, update_readme
from timing import Effort, Timing, interleaved, streaming_read_s, timed
from workloads import CURVES, WORKLOADS, Em, Lloyd, Score, Task, Workload, n_passes, title

FULL = Effort(min_repeats=3, max_repeats=31, budget_s=8.0)
# A smoke run sees every workload once, on so many samples; the largest number of clusters is 256.
SMOKE = Effort(min_repeats=0, max_repeats=0, budget_s=0.0)
SMOKE_SAMPLES = 1_500
# A peer that takes more than a second, and so many times what the fastest one takes, is not timed again: it would take
# most of the hour and change nothing in the table.
LONG_S = 1.0
HOPELESS = 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="tiny inputs, every workload once")
    parser.add_argument("--only", default="", metavar="TEXT", help="workloads whose line contains TEXT")
    parser.add_argument("--curves", action="store_true", help="cost against size instead of the README's workloads")
    parser.add_argument("--update-readme", action="store_true", help="write the table into the README")
    options = parser.parse_args()
    if options.update_readme and (options.smoke or options.only or options.curves):
        parser.error("the README shows the complete comparison: not with --smoke, --only or --curves")

    peers = available()
    where = environment(peers)
    print(where, flush=True)
    rows = []
    for workload in CURVES if options.curves else WORKLOADS:
        X = workload.samples(SMOKE_SAMPLES if options.smoke else None)
        if options.only in title(workload, X, workload.tasks):
            rows.append(measure(workload, X, peers, SMOKE if options.smoke else FULL))
            print(listing(rows[-1]), flush=True)
    text = table(rows, where)
    print(f"\n{text}", end="")
    if options.update_readme:
        update_readme(text)


def measure(workload: Workload, X: Samples, peers: list[Peer], effort: Effort) -> Row:
    """Everybody who knows the work, on one thread and on all of them."""
    starts = [start_of(X, task) for task in workload.tasks]
    tasks, references = find_references(X, workload.tasks, starts, peers)
    runs = {
        peer.name: partial(peer.run, X, tasks, starts)
        for peer in peers
        if peer.solves(tasks) and (peer.name not in ON_REQUEST or peer.name in workload.also)
    }
    name = title(workload, X, tasks)
    measurements = {}
    for n_threads in sorted({1, n_cpus()}):
        with limited(peers, n_threads):
            firsts = {peer: first_run(run) for peer, run in runs.items()}
            if not keeps_promise(X, tasks, firsts[OURS].results, references):
                raise SystemExit(f"{name}: clast {judge(X, tasks, firsts[OURS].results, references).text}")
            agreements = {peer: judge(X, tasks, first.results, references) for peer, first in firsts.items()}
            timings = time_again(runs, firsts, agreements, effort)
        entries = {peer: Entry(timings[peer], agreements[peer], firsts[peer].peak) for peer in runs}
        measurements[n_threads] = Measurement(entries, streaming_read_s(X, n_threads))
    return Row(name, workload.target, n_passes(tasks), measurements)


def find_references(
    X: Samples, tasks: tuple[Task, ...], starts: list[Any], peers: list[Peer]
) -> tuple[tuple[Task, ...], list[Result]]:
    """What scikit-learn finds on the same values in float64, since its float32 sums drift.

    The tasks come back with so few iterations that nobody converges: some libraries would stop there, others go on.
    """
    reference = next(peer for peer in peers if peer.name == REFERENCE)
    X = X.astype(np.float64)
    results = reference.run(X, tasks, starts)
    if any(
        isinstance(task, Lloyd) and result.n_iter < task.n_iter for task, result in zip(tasks, results, strict=True)
    ):
        tasks = tuple(
            replace(task, n_iter=max(1, min(task.n_iter, result.n_iter - 1)))
            for task, result in zip(tasks, results, strict=True)
        )
        results = reference.run(X, tasks, starts)
    return tasks, results


def start_of(X: Samples, task: Task) -> Start | MixtureStart | None:
    """Where the tasks begin that begin somewhere."""
    match task:
        case Lloyd() | Score():
            return lloyd_start(X, task)
        case Em():
            return em_start(X, task)
    return None


def em_start(X: Samples, task: Em) -> MixtureStart:
    """What scikit-learn's first iteration makes of some of the samples."""
    thinned = X[:: max(1, len(X) // 20_000)].astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = GaussianMixture(task.n_components, max_iter=1, random_state=0).fit(thinned)
    return MixtureStart(model.weights_, model.means_, model.covariances_, model.precisions_)


def lloyd_start(X: Samples, task: Lloyd | Score) -> Start:
    """Well-spread centers that lie on no sample, for the tasks that begin with some.

    Pixels are integers: centers on pixels make exact ties in the first iteration, and rounding breaks those differently
    in every library.
    """
    X = X.astype(np.float64)
    thinned = X[:: max(1, len(X) // 20_000)]
    centers, _ = kmeans_plusplus(thinned, task.n_clusters, random_state=0)
    centers += np.random.default_rng(0).uniform(-1e-3, 1e-3, centers.shape) * thinned.std(axis=0)
    return Start(centers, pairwise_distances_argmin(X, centers).astype(np.int32))


@dataclass(frozen=True)
class First:
    """The run that is compared; it also warms up whatever a library prepares once."""

    results: list[Result]
    seconds: float
    peak: int | None


def first_run(run: Callable[[], list[Result]]) -> First:
    (results, peak), seconds = timed(partial(with_peak, run))
    return First(results, seconds, peak)


def time_again(
    runs: dict[str, Callable[[], object]], firsts: dict[str, First], agreements: dict[str, Agreement], effort: Effort
) -> dict[str, Timing]:
    """Repeated timings of everybody the table may name, and the first run of the others."""
    timings = {peer: Timing.of([first.seconds]) for peer, first in firsts.items()}
    if effort.max_repeats == 0:
        return timings
    fastest = min(first.seconds for peer, first in firsts.items() if peer != OURS and agreements[peer].is_fair)
    again = {
        peer: run
        for peer, run in runs.items()
        if peer in (OURS, REFERENCE) or firsts[peer].seconds <= max(LONG_S, HOPELESS * fastest)
    }
    return timings | interleaved(again, effort)


if __name__ == "__main__":
    main()
