"""Memory that a run takes beyond what the process held before it, where Linux tells."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")

PROCESS = Path("/proc/self")


def with_peak(run: Callable[[], Answer]) -> tuple[Answer, int | None]:
    """What `run` returns, and the bytes that were resident at its peak beyond those before it, its answer included.

    Memory that an earlier run gave back to the allocator and not to the system is taken again unseen.
    """
    try:
        # Resets the highest resident size to the present one.
        (PROCESS / "clear_refs").write_text("5")
    except OSError:
        return run(), None
    before = _resident("VmRSS")
    answer = run()
    return answer, max(0, _resident("VmHWM") - before)


def _resident(entry: str) -> int:
    lines = (PROCESS / "status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(entry))
