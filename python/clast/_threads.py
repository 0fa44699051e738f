"""How many threads the kernels use, and the controller through which threadpoolctl reaches them."""

from collections.abc import Iterator
from contextlib import contextmanager

import threadpoolctl

from clast import _core

__all__ = ["get_num_threads", "set_num_threads", "threads"]


def get_num_threads() -> int:
    """Return the number of threads that the kernels use.

    Until :func:`set_num_threads` is called this is the first of these that is set: the environment variables
    ``CLAST_NUM_THREADS`` and ``OMP_NUM_THREADS``, then the number of processors this process may use (control groups
    and affinity included).

    Returns
    -------
    int
        Number of threads, 1 to 256.

    Examples
    --------
    >>> import clast
    >>> clast.get_num_threads() >= 1
    True
    """
    return _core.get_num_threads()


def set_num_threads(n_threads: int) -> None:
    """Set the number of threads that the kernels use, for the whole process.

    Parameters
    ----------
    n_threads : int
        Number of threads, 1 to 256.

    Raises
    ------
    ValueError
        If `n_threads` is less than 1 or more than 256.

    See Also
    --------
    threads : The same for the length of a ``with`` block.

    Notes
    -----
    Results do not depend on it: labels, centers and inertia are the same bits for any number of threads.
    ``threadpoolctl.threadpool_limits`` sets the same number.

    Examples
    --------
    >>> import clast
    >>> clast.set_num_threads(2)
    >>> clast.get_num_threads()
    2
    """
    _core.set_num_threads(n_threads)


@contextmanager
def threads(n_threads: int) -> Iterator[None]:
    """Use `n_threads` threads inside a ``with`` block, and what was set before after it.

    Parameters
    ----------
    n_threads : int
        Number of threads, 1 to 256.

    Raises
    ------
    ValueError
        If `n_threads` is less than 1 or more than 256.

    Notes
    -----
    The number belongs to the process, not to the calling Python thread: a block entered in one thread is seen by all.

    Examples
    --------
    >>> import clast
    >>> with clast.threads(1):
    ...     clast.get_num_threads()
    1
    """
    before = _core.get_num_threads()
    _core.set_num_threads(n_threads)
    try:
        yield
    finally:
        _core.set_num_threads(before)


class _ClastController(threadpoolctl.LibController):  # type: ignore[misc]  # threadpoolctl is not typed
    """Makes ``threadpoolctl.threadpool_limits`` reach the kernels' own thread pool."""

    user_api = "clast"
    internal_api = "clast"
    filename_prefixes = ("_core",)
    # Other packages have a `_core` library too; only ours exports this symbol.
    check_symbols = ("clast_get_num_threads",)

    def get_num_threads(self) -> int:
        return int(self.dynlib.clast_get_num_threads())

    def set_num_threads(self, num_threads: int) -> None:
        self.dynlib.clast_set_num_threads(num_threads)

    def get_version(self) -> str:
        # Asked before the symbols are checked, hence also of other packages' `_core`: it must not touch the library.
        return _core.__version__


threadpoolctl.register(_ClastController)
