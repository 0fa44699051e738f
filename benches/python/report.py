"""Results as text: the machine, the complete listing, and the table between the README's markers."""

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agreement import Agreement
from peers import Peer
from timing import Timing
from workloads import Target

ROOT = Path(__file__).resolve().parents[2]
OURS, REFERENCE = "clast", "scikit-learn"


@dataclass(frozen=True)
class Entry:
    """One contender."""

    timing: Timing
    agreement: Agreement
    # Bytes beyond the samples at the peak; None where the system does not tell.
    peak: int | None


@dataclass(frozen=True)
class Measurement:
    """All contenders of one workload on one number of threads."""

    entries: dict[str, Entry]
    # Seconds of one streaming read of the samples.
    read_s: float

    def seconds(self, name: str) -> float:
        return self.entries[name].timing.median

    def ratio(self, name: str) -> float:
        """How many times longer than clast the peer takes."""
        return self.seconds(name) / self.seconds(OURS)

    def best_peer(self) -> str:
        """The fastest of those that did the same work, or of all if none did."""
        peers = [name for name in self.entries if name != OURS]
        fair = [name for name in peers if self.entries[name].agreement.is_fair]
        return min(fair or peers, key=self.seconds)


@dataclass(frozen=True)
class Row:
    """One workload."""

    title: str
    target: Target
    # How often the samples are gone through, if that does not depend on the library.
    n_passes: int | None
    # By number of threads, ascending.
    measurements: dict[int, Measurement]
    # Who has a column of its own.
    reference: str = REFERENCE

    def read_share(self, measurement: Measurement) -> float | None:
        """The share of the time that reading the samples once in every pass would take."""
        return None if self.n_passes is None else measurement.read_s * self.n_passes / measurement.seconds(OURS)


def environment(peers: list[Peer]) -> str:
    """The machine, what else it is doing, the versions and the commit, in two lines."""
    return machine(", ".join(f"{peer.name} {peer.version}" for peer in peers))


def machine(versions: str) -> str:
    """The same for libraries whose versions are given."""
    where = f"{_cpu_model()}, {n_cpus()} CPUs{_load()}, {platform.system()} {platform.machine()}"
    return (
        f"{where}, Python {platform.python_version()}, numpy {np.__version__}\n"
        f"{versions}; commit {_commit()}, SIMD level {_simd_level()}"
    )


def listing(row: Row) -> str:
    """Every contender of a row on every number of threads, one line each."""
    lines = [row.title]
    for n_threads, measurement in row.measurements.items():
        share = row.read_share(measurement)
        reads = "" if share is None else f", {share:.1%} of clast's time in every pass"
        threads = f"{n_threads} thread" + "s" * (n_threads > 1)
        lines.append(f"  {threads}; one streaming read {_duration(measurement.read_s)}{reads}")
        for name in sorted(measurement.entries, key=measurement.seconds):
            lines.append(f"    {name:<18} {_contender(name, measurement)}")
    return "\n".join(lines)


def _contender(name: str, measurement: Measurement) -> str:
    entry = measurement.entries[name]
    timing = entry.timing
    ratio = "" if name == OURS else f"{measurement.ratio(name):.1f}x"
    memory = "" if entry.peak is None else f"+{entry.peak / 1e6:.0f} MB"
    runs = f"{timing.n_runs} run" + "s" * (timing.n_runs > 1)
    times = f"{_duration(timing.median):>8} median {_duration(timing.minimum):>8} minimum of {runs:<7}"
    return f"{times} {ratio:>7} {memory:>9}  {entry.agreement.text}"


def table(rows: list[Row], where: str) -> str:
    """The README's table: medians on all threads, and in brackets on one; `where` is the environment."""
    references = {row.reference for row in rows}
    is_shared = len(references) == 1
    heading = references.pop() if is_shared else "reference"
    lines = [
        f"| workload | clast | {heading} | best peer | target | streaming read |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        reference = _ratios(row, row.reference, is_named=not is_shared)
        cells = [row.title, _times(row), reference, _ratios(row), _target(row), _read(row)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n\n" + where.replace("\n", "; ") + ".\n"


def update_readme(text: str, name: str = "bench", readme: Path = ROOT / "README.md") -> None:
    """Put `text` between the README's markers of this name."""
    start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
    before, rest = readme.read_text(encoding="utf-8").split(start)
    _, after = rest.split(end)
    readme.write_text(f"{before}{start}\n{text}{end}{after}", encoding="utf-8")


def n_cpus() -> int:
    """The CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _times(row: Row) -> str:
    return _all_and_one([_duration(measurement.seconds(OURS)) for measurement in row.measurements.values()])


def _ratios(row: Row, peer: str | None = None, is_named: bool = True) -> str:
    """The peer, or the best one, its time, and how many times longer than clast that is."""
    measurements = list(row.measurements.values())
    names = [peer or measurement.best_peer() for measurement in measurements]
    ratios = [f"{measurement.ratio(name):.1f}x" for measurement, name in zip(measurements, names, strict=True)]
    ratios[-1] = f"**{ratios[-1]}**"
    name, entry = names[-1], measurements[-1].entries[names[-1]]
    doubt = "" if entry.agreement.is_fair else " \\*"
    return f"{name + ' ' if is_named else ''}{_duration(entry.timing.median)}{doubt}: {_all_and_one(ratios)}"


def _all_and_one(cells: list[str]) -> str:
    *one, all_threads = cells
    return all_threads + "".join(f" ({cell})" for cell in one)


def _target(row: Row) -> str:
    parts = [(row.target.reference, row.reference), (row.target.best_peer, "best peer")]
    return ", ".join(f"{ratio:g}x {name}" for ratio, name in parts if ratio is not None)


def _read(row: Row) -> str:
    shares = [row.read_share(measurement) for measurement in row.measurements.values()]
    return "" if None in shares else _all_and_one([f"{share:.1%}" for share in shares])


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _load() -> str:
    """The processes that wanted a CPU in the last minute: above a few tenths, times are not to be trusted."""
    return f" (load {os.getloadavg()[0]:.1f})" if hasattr(os, "getloadavg") else ""


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown CPU"


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _simd_level() -> str:
    return sys.modules["clast._core"].simd_level()
