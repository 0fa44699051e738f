"""What a fit of a mixture prints, in scikit-learn's words."""

import time
from typing import Protocol


class _Options(Protocol):
    verbose: int
    verbose_interval: int
    max_iter: int
    tol: float


class MixtureProgress:
    """Prints the starts and iterations of a fit; with several runs, which share every pass, each line names its own.

    Parameters
    ----------
    n_runs : int
    options : object
        With the attributes `verbose`, `verbose_interval`, `max_iter` and `tol`.
    """

    def __init__(self, n_runs: int, options: _Options) -> None:
        self._options = options
        self._n_runs = n_runs
        self._started = [0.0] * n_runs
        self._printed = [0.0] * n_runs

    def begin(self, run: int) -> None:
        """Say that the start of a run is being made."""
        self._started[run] = self._printed[run] = time.perf_counter()
        if self._options.verbose:
            print(f"Initialization {run}")

    def report(self, run: int, iteration: int, lower_bound: float, change: float) -> None:
        """Say what an iteration of a run has brought; called by the kernel."""
        options, now = self._options, time.perf_counter()
        if iteration % options.verbose_interval == 0:
            details = f"\t time lapse {now - self._printed[run]:.5f}s\t ll change {change:.5f}"
            print(f"{self._name(run)}  Iteration {iteration}{details if options.verbose > 1 else ''}")
            self._printed[run] = now
        has_converged = abs(change) < options.tol
        if has_converged or iteration == options.max_iter:
            outcome = "converged" if has_converged else "did not converge"
            details = f" time lapse {now - self._started[run]:.5f}s\t lower bound {lower_bound:.5f}."
            print(f"{self._name(run)}Initialization {outcome}.{details if options.verbose > 1 else ''}")

    def _name(self, run: int) -> str:
        return f"Run {run}: " if self._n_runs > 1 else ""
