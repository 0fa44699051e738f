"""Compare clast's k-means with its peers: same arrays, same centers, same iterations, agreement first, then time.

python benches/python/compare_kmeans.py [--smoke] [--only TEXT] [--update-readme]
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from peers import MAKERS, Peer, Result, Start, available, limited
from report import OURS, REFERENCE, Row, environment, listing, n_cpus, table, update_readme
from timing import interleaved, streaming_read_s
from workloads import WORKLOADS, Lloyd, Samples, Task, Workload, initial_centers


@dataclass(frozen=True)
class Effort:
    """How much data and how many repeats."""

    max_samples: int | None
    min_repeats: int
    max_repeats: int
    budget_s: float


FULL = Effort(max_samples=None, min_repeats=5, max_repeats=31, budget_s=8.0)
SMOKE = Effort(max_samples=3_000, min_repeats=1, max_repeats=1, budget_s=0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="tiny inputs, every workload once")
    parser.add_argument("--only", default="", metavar="TEXT", help="workloads whose name contains TEXT")
    parser.add_argument("--update-readme", action="store_true", help="write the table into the README")
    options = parser.parse_args()
    if options.update_readme and (options.smoke or options.only):
        parser.error("the README shows the complete comparison: not with --smoke or --only")
    effort = SMOKE if options.smoke else FULL

    peers = available([*MAKERS])
    print(environment(peers), flush=True)
    rows = []
    for workload in WORKLOADS:
        X = workload.samples(effort.max_samples)
        if options.only in workload.name(X):
            for row in measure(workload, X, peers, effort):
                print(listing(row), flush=True)
                rows.append(row)
    if options.update_readme:
        update_readme(table(rows, peers))


def measure(workload: Workload, X: Samples, peers: list[Peer], effort: Effort) -> list[Row]:
    """One row for one thread and one for all of them."""
    start = start_of(X, workload)
    reference_peer = next(peer for peer in peers if peer.name == REFERENCE)
    # scikit-learn's answer on the same values in float64: its float32 sums drift.
    task, reference = without_early_stop(workload.task, partial(reference_peer.run, X.astype(np.float64), start=start))
    contenders = [peer for peer in peers if peer.solves(task)]
    rows = []
    for n_threads in sorted({1, n_cpus()}):
        with limited(contenders, n_threads):
            results = {peer.name: peer.run(X, task, start) for peer in contenders}
            agreement = compare(workload, X, results, reference)
            timings = interleaved(
                {peer.name: partial(peer.run, X, task, start) for peer in contenders},
                min_repeats=effort.min_repeats,
                max_repeats=effort.max_repeats,
                budget_s=effort.budget_s,
            )
        read_s = streaming_read_s(X, n_threads)
        fraction = None if task.passes is None else read_s * task.passes / timings[OURS].median
        shared = {name: timing.divided_by(task.parts) for name, timing in timings.items()}
        rows.append(Row(workload.name(X), n_threads, shared, agreement, read_s, fraction))
    return rows


def without_early_stop(task: Task, solve: Callable[[Task], Result]) -> tuple[Task, Result]:
    """Take so few iterations that nobody converges: some libraries would stop there and others go on."""
    result = solve(task)
    if isinstance(task, Lloyd) and result.n_iter < task.n_iter:
        task = replace(task, n_iter=max(1, result.n_iter - 1))
        result = solve(task)
    return task, result


def start_of(X: Samples, workload: Workload) -> Start:
    centers = initial_centers(X, workload.task.n_clusters)
    scores = (centers**2).sum(axis=1) - 2 * (X @ centers.T)
    return Start(centers, scores.argmin(axis=1).astype(np.int32))


def compare(workload: Workload, X: Samples, results: dict[str, Result], reference: Result) -> dict[str, str]:
    """What each result has in common with the reference; an error if clast's has less than it promises."""
    if not keeps_promise(workload, X, results[OURS], reference):
        raise SystemExit(f"{workload.name(X)}: clast disagrees: {likeness(X, results[OURS], reference)}")
    return {name: likeness(X, result, reference) for name, result in results.items()}


def keeps_promise(workload: Workload, X: Samples, result: Result, reference: Result) -> bool:
    """Equality, except that distances of float32 samples are computed in float32 and may round to another center."""
    if X.dtype != np.float32:
        return result.n_iter == reference.n_iter and np.array_equal(result.labels, reference.labels)
    same_count = result.n_iter == reference.n_iter or not isinstance(workload.task, Lloyd)
    return same_count and equal_share(result, reference) >= 0.999 and abs(excess_inertia(X, result, reference)) <= 1e-5


def likeness(X: Samples, result: Result, reference: Result) -> str:
    """Equal labels where the result speaks of the same clusters, otherwise how much worse or better it is."""
    iterations = "" if result.n_iter == reference.n_iter else f" after {result.n_iter or 'unknown'} iterations"
    equal = equal_share(result, reference)
    if equal >= 0.99 or len(result.labels) != len(X):
        return f"{equal:.3%} equal{iterations}"
    return f"inertia {excess_inertia(X, result, reference):+.3%}{iterations}"


def equal_share(result: Result, reference: Result) -> float:
    return float((result.labels == reference.labels).mean())


def excess_inertia(X: Samples, result: Result, reference: Result) -> float:
    return inertia(X, result.labels) / inertia(X, reference.labels) - 1


def inertia(X: Samples, labels: NDArray[np.integer]) -> float:
    """Sum of squared distances to the mean of each label, in float64."""
    X = X.astype(np.float64)
    return sum(float(((X[labels == k] - X[labels == k].mean(axis=0)) ** 2).sum()) for k in np.unique(labels))


if __name__ == "__main__":
    main()
