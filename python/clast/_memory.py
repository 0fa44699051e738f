"""Whether a copy of the data fits into memory."""

from pathlib import Path

# A copy smaller than this is made without a look at the machine: importing psutil takes longer than the copy.
_ALWAYS_FITS = 1 << 28

# Where Linux states the limit of a container and what is in use, version 2 of control groups.
_CGROUP = Path("/sys/fs/cgroup")


def has_room_for(n_bytes: int) -> bool:
    """Whether `n_bytes` more take up no more than half of the memory that is free.

    Parameters
    ----------
    n_bytes : int

    Returns
    -------
    bool
    """
    return n_bytes < _ALWAYS_FITS or 2 * n_bytes < _free_memory()


def _free_memory() -> float:
    import psutil

    free: float = psutil.virtual_memory().available
    try:
        limit, used = ((_CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return free
    return free if limit == "max" else min(free, int(limit) - int(used))
