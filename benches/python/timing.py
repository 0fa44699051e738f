"""Interleaved timing, and the limit that memory sets."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

import numpy as np

from inputs import Samples

Answer = TypeVar("Answer")

# OpenMP workers spin for some milliseconds after their last task and would slow whoever comes next.
SETTLE_S = 0.01
# Short runs are repeated within a turn for as long as timeit does: a processor that was idle during the turn before, as
# most are beside a peer of one thread, computes at half its speed for the first milliseconds in a virtual machine.
TURN_S = 0.2
# One read of a photo takes less time than waking a thread: a measurement is many rounds, of a large array one.
READ_ROUNDS = 20
READ_BYTES = 1 << 28
READ_REPEATS = 5


@dataclass(frozen=True)
class Effort:
    """How often a contender is timed."""

    min_repeats: int
    max_repeats: int
    budget_s: float


@dataclass(frozen=True)
class Timing:
    """Seconds of one contender's runs."""

    median: float
    minimum: float
    n_runs: int

    @classmethod
    def of(cls, seconds: list[float]) -> "Timing":
        return cls(median(seconds), min(seconds), len(seconds))


def timed(run: Callable[[], Answer]) -> tuple[Answer, float]:
    """What `run` returns, and the seconds it took."""
    start = time.perf_counter()
    answer = run()
    return answer, time.perf_counter() - start


def interleaved(contenders: dict[str, Callable[[], object]], effort: Effort) -> dict[str, Timing]:
    """Time all contenders in turn, round after round, so that a slow moment of the machine hits everybody.

    Each round starts with another contender; a turn is one run, or as many as fill `TURN_S`. Rounds stop at
    `max_repeats`, or once `budget_s` is spent and `min_repeats` are done.
    """
    names = list(contenders)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    begin = time.perf_counter()
    for repeat in range(effort.max_repeats):
        if repeat >= effort.min_repeats and time.perf_counter() - begin > effort.budget_s:
            break
        for turn in range(len(names)):
            name = names[(repeat + turn) % len(names)]
            seconds[name] += _turn(contenders[name])
    return {name: Timing.of(values) for name, values in seconds.items()}


def _turn(run: Callable[[], object]) -> list[float]:
    time.sleep(SETTLE_S)
    seconds: list[float] = []
    end = time.perf_counter() + TURN_S
    while not seconds or time.perf_counter() < end:
        seconds.append(timed(run)[1])
    return seconds


def streaming_read_s(X: Samples, n_threads: int) -> float:
    """Seconds that the fastest read numpy has takes for the bytes of `X`, each thread reading its share."""
    flat = X.reshape(-1).view(np.uint8)
    shares = np.array_split(flat[: flat.size // 8 * 8].view(np.uint64), n_threads)
    rounds = max(1, min(READ_ROUNDS, READ_BYTES // X.nbytes))
    with ThreadPoolExecutor(n_threads) as pool:
        # Which element type numpy reads fastest depends on the machine.
        return min(
            _read_s(pool, [share.view(dtype) for share in shares], rounds)
            for dtype in (np.uint8, np.int32, np.int64)
            for _ in range(READ_REPEATS)
        )


def _read_s(pool: ThreadPoolExecutor, shares: list[Samples], rounds: int) -> float:
    def read(share: Samples) -> None:
        for _ in range(rounds):
            np.max(share)

    begin = time.perf_counter()
    list(pool.map(read, shares))
    return (time.perf_counter() - begin) / rounds
