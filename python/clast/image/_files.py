"""Output files: every reason not to write is found first, and a file appears only when it is complete."""

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from clast.image._errors import ImageError, OutputError


def suffix_of(path: Path) -> str:
    """Return the suffix that decides the format, in lower case; .nii.gz counts as one."""
    name = path.name.lower()
    return ".nii.gz" if name.endswith(".nii.gz") else Path(name).suffix


def check_output(path: Path, suffixes: Sequence[str], *, force: bool) -> None:
    """Raise unless a file of one of the given kinds can be written.

    Parameters
    ----------
    path : Path
    suffixes : sequence of str
        Suffixes with a writer, in lower case.
    force : bool
        Whether an existing file may be replaced.

    Raises
    ------
    OutputError
    """
    if suffix_of(path) not in suffixes:
        raise OutputError(f"cannot write '{path}': unknown suffix '{path.suffix}'; use one of {', '.join(suffixes)}")
    if not path.parent.is_dir():
        raise OutputError(f"cannot write '{path}': the folder '{path.parent}' does not exist; make it first")
    if path.is_dir():
        raise OutputError(f"cannot write '{path}': it is a folder; name a file in it")
    if os.path.lexists(path) and not force:
        raise OutputError(f"cannot write '{path}': it exists; pass force=True (--force) to replace it")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"cannot write '{path}': no permission to write into '{path.parent}'")


@contextmanager
def replace_atomically(path: Path, *, force: bool) -> Iterator[Path]:
    """Give a temporary name in the same folder, and rename it when the block has ended without an error.

    The temporary name ends like the final one, because writers choose their format by it.

    Parameters
    ----------
    path : Path
    force : bool
        Whether a file that has appeared meanwhile may be replaced.

    Yields
    ------
    Path
        Where to write. On any error, Ctrl-C included, it is removed and `path` is as it was.

    Raises
    ------
    OutputError
        If the file has appeared meanwhile, or cannot be written to the end.
    """
    temporary = path.with_name(f".{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        yield temporary
        if os.path.lexists(path) and not force:
            raise OutputError(
                f"cannot write '{path}': it has appeared meanwhile; pass force=True (--force) to replace it"
            )
        os.replace(temporary, path)
    except ImageError:
        raise
    except OSError as error:  # such as a full disk, of which writers do not say whose file it was
        raise OutputError(f"cannot write '{path}': {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
