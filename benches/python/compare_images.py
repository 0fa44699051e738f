"""Compare clast with image libraries and kernels in numba: same image, same arguments, answers first, then time.

python benches/python/compare_images.py [--smoke] [--only TEXT] [--update-readme]
"""

import argparse
import warnings
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from threadpoolctl import threadpool_limits

import clast
from agreement import Agreement
from block_workloads import BLOCK_WORKLOADS
from image_workloads import IMAGE_WORKLOADS, Answer, ImageWorkload
from memory import with_peak
from report import OURS, Entry, Measurement, Row, listing, machine, n_cpus, table, update_readme
from timing import Effort, Timing, interleaved, streaming_read_s, timed

# By the name of the contender, the package that has to be there.
PACKAGES = {
    "scikit-image": "scikit-image",
    "SimpleITK": "simpleitk",
    "numba": "numba",
    "numpy and scipy": "scipy",
    "first build": "clast",
}
FULL = Effort(min_repeats=2, max_repeats=15, budget_s=8.0)
SMOKE = Effort(min_repeats=0, max_repeats=0, budget_s=0.0)
UNLIMITED, SMOKE_SIDE = 1 << 30, 64
# A peer that takes longer is timed once: a tenth more or less says nothing beside it.
LONG_S = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smoke", action="store_true", help="tiny images, every workload once")
    parser.add_argument("--only", default="", metavar="TEXT", help="workloads whose line contains TEXT")
    parser.add_argument("--update-readme", action="store_true", help="write the table into the README")
    options = parser.parse_args()
    if options.update_readme and (options.smoke or options.only):
        parser.error("the README shows the complete comparison: not with --smoke or --only")

    installed = {name: found for name, package in PACKAGES.items() if (found := _version(package)) is not None}
    others = {name: found for name, found in installed.items() if PACKAGES[name] != OURS}
    versions = ", ".join(f"{name} {found}" for name, found in {OURS: clast.__version__, **others}.items())
    where = machine(versions)
    print(where, flush=True)
    rows = []
    for workload in (*IMAGE_WORKLOADS, *BLOCK_WORKLOADS):
        if options.only not in workload.title:
            continue
        if workload.reference not in installed:
            print(f"skipped: {workload.title} ({workload.reference} is not installed)")
            continue
        rows.append(measure(workload, [OURS, *installed], options.smoke))
        print(listing(rows[-1]), flush=True)
    text = table(rows, where)
    print(f"\n{text}", end="")
    if options.update_readme:
        update_readme(text, "bench-images")


def measure(workload: ImageWorkload, libraries: list[str], is_smoke: bool) -> Row:
    """Everybody who knows the work, on one thread and on all of them."""
    image = workload.image(SMOKE_SIDE if is_smoke else UNLIMITED)
    runs = {name: partial(run, image) for name, run in workload.runs.items() if name in libraries}
    effort = SMOKE if is_smoke else FULL
    measurements = {}
    for n_threads in sorted({1, n_cpus()}):
        with threadpool_limits(n_threads), clast.threads(n_threads), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            firsts = {name: timed(partial(with_peak, run)) for name, run in runs.items()}
            answers = {name: answer for name, ((answer, _), _) in firsts.items()}
            agreements = {name: judge(answers[name], answers[workload.reference]) for name in runs}
            if workload.is_promised and not agreements[OURS].is_fair:
                raise SystemExit(f"{workload.title}: clast {agreements[OURS].text}")
            timings = {name: Timing.of([seconds]) for name, (_, seconds) in firsts.items()}
            again = {name: run for name, run in runs.items() if timings[name].median < LONG_S}
            timings |= interleaved(again, effort) if effort.max_repeats else {}
        peaks = {name: peak for name, ((_, peak), _) in firsts.items()}
        entries = {name: Entry(timings[name], agreements[name], peaks[name]) for name in runs}
        measurements[n_threads] = Measurement(entries, streaming_read_s(np.ascontiguousarray(image), n_threads))
    return Row(workload.title, workload.target, 1, measurements, workload.reference)


def judge(answer: Answer, reference: Answer) -> Agreement:
    """Whether an answer is that of the reference: the same labels, numbers to rounding."""
    if answer.dtype.kind == "f":
        is_equal = answer.shape == reference.shape and np.allclose(answer, reference, rtol=1e-9, equal_nan=True)
        return Agreement(is_equal, "equal" if is_equal else "other numbers")
    equal = float((answer == reference).mean()) if answer.shape == reference.shape else 0.0
    return Agreement(equal == 1.0, "equal" if equal == 1.0 else "other labels")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
