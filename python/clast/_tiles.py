"""Many images as tiles of one survey: finding the files, uneven lighting, black tiles."""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast.image import Image, ImageError, UnreadableImageError, as_image
from clast.image._files import suffix_of
from clast.image._image import is_path
from clast.image._read import READABLE_SUFFIXES, read_file

T = TypeVar("T")
U = TypeVar("U")

Path_ = str | os.PathLike[str]
Tiles = Path_ | Sequence[Path_] | ArrayLike | Sequence[ArrayLike]

# Files that are read at a time: reading waits for the disk, and each file read takes memory.
_N_READERS = 4
# Lighting varies over the whole tile: structure narrower than an eighth of it is none.
_FIELD_WIDTH = 1 / 8


@dataclass(frozen=True)
class Tile:
    """One image of many.

    Attributes
    ----------
    name : str
        Its file, or its number among arrays.
    source : path or array_like
        Where its pixels are.
    axes : str or None
        Meaning of the axes of a file that does not say it.
    """

    name: str
    source: Any
    axes: str | None

    def load(self) -> Image:
        """Read the pixels; two spatial axes, whatever the file."""
        if isinstance(self.source, Image):
            image = self.source
        elif is_path(self.source):
            image = read_file(self.source, self.axes)
        else:
            array = np.asarray(self.source)
            image = as_image(array, channel_axis=-1 if array.ndim == 3 else None)
        if image.ndim != 2:
            raise ImageError(f"tile '{self.name}' has axes '{image.axes}', but patches are cut from 2-D images")
        return image


def tiles_of(images: Tiles, axes: str | None = None) -> list[Tile]:
    """List the tiles that a user named.

    Parameters
    ----------
    images : folder, glob pattern, path, array, or sequence of these
        A folder gives the images in it by name; a pattern the files that match, by name; arrays are numbered. An
        array of three axes is a stack of grey images.
    axes : str, optional
        Meaning of the axes of TIFF and .npy files that do not say it.

    Returns
    -------
    list of Tile

    Raises
    ------
    UnreadableImageError
        If there are none.
    """
    given: Any = images
    if is_path(images) or isinstance(images, Image) or (isinstance(images, np.ndarray) and images.ndim == 2):
        given = [images]
    sources: list[Any] = []
    for item in given:
        sources += _files(item) if is_path(item) else [item]
    if not sources:
        raise UnreadableImageError("no images were given")
    return [
        Tile(os.fspath(source) if is_path(source) else str(index), source, axes) for index, source in enumerate(sources)
    ]


def _files(path: Path_) -> list[Path]:
    text = os.fspath(path)
    if Path(path).is_dir():
        files = sorted(file for file in Path(path).iterdir() if suffix_of(file) in READABLE_SUFFIXES)
        problem = "has no image in it"
    elif has_magic(text) and not Path(path).exists():
        files = sorted(Path(file) for file in glob(text, recursive=True))
        problem = "matches no file"
    else:
        return [Path(path)]
    if not files:
        raise UnreadableImageError(f"cannot read '{text}': it {problem}")
    return files


def black_share(image: Image) -> float:
    """Share of the pixels that are 0 in every channel."""
    data = image.data.any(axis=-1) if image.has_channels else image.data
    return 1 - np.count_nonzero(data) / data.size


def in_parallel(work: Callable[[T], U], items: Sequence[T], *, progress: bool, label: str) -> Iterator[U]:
    """Do work on every item, a few at a time, and give the results in order.

    Parameters
    ----------
    work : callable
    items : sequence
    progress : bool
        Whether to show a bar on stderr.
    label : str
        What the bar is called.

    Yields
    ------
    object
    """
    with ThreadPoolExecutor(_N_READERS) as pool:
        results: Iterable[U] = pool.map(work, items)
        if progress:
            from tqdm import tqdm

            results = tqdm(results, total=len(items), desc=label, leave=False)
        yield from results


def flat_field(flatfield: Any, tiles: Sequence[Tile], *, skip_black: float | None, progress: bool) -> Any:
    """Find how bright each place of a tile is lit, on average 1.

    Parameters
    ----------
    flatfield : array_like, path, "auto" or None
        The picture of an evenly grey object; "auto" takes a wide Gaussian of the mean tile.
    tiles : sequence of Tile
    skip_black : float or None
        Tiles that are black do not tell of the lighting.
    progress : bool

    Returns
    -------
    ndarray of float32, shape (height, width) or (height, width, n_channels), or None

    Raises
    ------
    ValueError
        If it is not positive everywhere, or tiles differ in shape.
    """
    if flatfield is None:
        return None
    if isinstance(flatfield, str) and flatfield == "auto":
        field = _mean_tile(tiles, skip_black, progress)
        # Channels are lit alike or not, but never blurred into each other.
        from scipy.ndimage import gaussian_filter

        sigma = [max(field.shape[:2]) * _FIELD_WIDTH] * 2 + [0.0] * (field.ndim - 2)
        field = gaussian_filter(field, sigma, mode="nearest")
    else:
        field = np.asarray(read_file(flatfield).data if is_path(flatfield) else flatfield, dtype=np.float64)
    if not (np.isfinite(field).all() and (field > 0).all()):
        raise ValueError("'flatfield' has values that are not positive and finite, and cannot be divided by")
    return (field / field.mean(axis=(0, 1))).astype(np.float32)


def _mean_tile(tiles: Sequence[Tile], skip_black: float | None, progress: bool) -> NDArray[np.float64]:
    total, n_tiles = np.zeros(()), 0
    for image in in_parallel(Tile.load, tiles, progress=progress, label="lighting"):
        if skip_black is not None and black_share(image) > skip_black:
            continue
        if n_tiles and image.data.shape != total.shape:
            raise ValueError(f"'flatfield' cannot be found from tiles of shapes {total.shape} and {image.data.shape}")
        total, n_tiles = total + image.data, n_tiles + 1
    if n_tiles == 0:
        raise ValueError("'flatfield' cannot be found: all tiles are black")
    return total / n_tiles


def flattened(tile: Tile, image: Image, field: NDArray[np.float32] | None) -> NDArray[Any]:
    """Pixels of a tile as if it were lit evenly."""
    if field is None:
        return image.data
    if field.shape != image.data.shape[: field.ndim]:
        raise ValueError(f"'flatfield' has shape {field.shape}, but tile '{tile.name}' {image.data.shape}")
    lit = field if field.ndim == image.data.ndim else field[..., np.newaxis]
    return np.asarray(image.data / lit, dtype=np.float32)


def report_skipped(skipped: Sequence[str], n_tiles: int, skip_black: float | None, stacklevel: int) -> None:
    """Warn of the tiles that were left out, and say by which rule."""
    if skipped:
        shown = ", ".join(skipped[:5]) + (", ..." if len(skipped) > 5 else "")
        warnings.warn(
            f"{len(skipped)} of {n_tiles} tiles skipped, because more than {skip_black:.0%} of their pixels are 0"
            f" (skip_black=None keeps them): {shown}",
            UserWarning,
            stacklevel=stacklevel + 1,
        )
