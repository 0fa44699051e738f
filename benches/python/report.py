"""Results as text: the machine, the complete listing, and the table between the README's markers."""

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from peers import Peer
from timing import Timing

ROOT = Path(__file__).resolve().parents[2]
START, END = "<!-- bench:start -->", "<!-- bench:end -->"
OURS, REFERENCE = "clast", "scikit-learn"


@dataclass(frozen=True)
class Row:
    """One workload on one number of threads; times are per iteration where the workload counts iterations."""

    workload: str
    n_threads: int
    timings: dict[str, Timing]
    agreement: dict[str, str]
    read_s: float
    # The fraction of the time that reading the samples as often as the algorithm must would take.
    read_fraction: float | None

    def ratio(self, peer: str) -> float:
        """How many times longer than clast the peer takes."""
        return self.timings[peer].median / self.timings[OURS].median

    def best_other(self) -> str | None:
        others = [name for name in self.timings if name not in (OURS, REFERENCE)]
        return min(others, key=lambda name: self.timings[name].median, default=None)


def environment(peers: list[Peer]) -> str:
    """The machine, the versions and the commit, in two lines."""
    machine = f"{_cpu_model()}, {n_cpus()} CPUs, {platform.system()} {platform.machine()}"
    versions = ", ".join(f"{peer.name} {peer.version}" for peer in peers)
    return (
        f"{machine}, Python {platform.python_version()}, numpy {np.__version__}\n"
        f"{versions}; commit {_commit()}, SIMD level {_simd_level()}"
    )


def listing(row: Row) -> str:
    """Every contender of a row, one line each."""
    threads = f"{row.n_threads} thread" + "s" * (row.n_threads > 1)
    lines = [f"{row.workload}, {threads}; one streaming read {_duration(row.read_s)}"]
    for name, timing in sorted(row.timings.items(), key=lambda item: item[1].median):
        ratio = "" if name == OURS else f"{row.ratio(name):6.1f}x"
        times = f"{_duration(timing.median):>9} median {_duration(timing.minimum):>9} minimum"
        lines.append(f"  {name:<14}{times} {ratio:>8}  {row.agreement[name]}".rstrip())
    return "\n".join(lines)


def table(rows: list[Row], peers: list[Peer]) -> str:
    """The README's table: times are medians, ratios are to clast in the same run."""
    lines = [
        "| workload | threads | clast | scikit-learn | best other peer | share of a streaming read |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        best = row.best_other()
        cells = [
            row.workload,
            str(row.n_threads),
            _duration(row.timings[OURS].median),
            _against(row, REFERENCE),
            "" if best is None else f"{best} {_against(row, best)}",
            "" if row.read_fraction is None else f"{row.read_fraction:.0%}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n\n" + environment(peers).replace("\n", "; ") + ".\n"


def update_readme(text: str, readme: Path = ROOT / "README.md") -> None:
    """Put `text` between the README's markers."""
    before, rest = readme.read_text(encoding="utf-8").split(START)
    _, after = rest.split(END)
    readme.write_text(f"{before}{START}\n{text}{END}{after}", encoding="utf-8")


def n_cpus() -> int:
    """The CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _against(row: Row, peer: str) -> str:
    return f"{_duration(row.timings[peer].median)} (**{row.ratio(peer):.1f}x**)"


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


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
