"""Criteria of blocks that are computed level by level in numpy: entropy, and whatever a caller thinks of."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clast.image import Image

CRITERIA = ("range", "std", "variance", "entropy")

_N_BINS = 256  # of floats, as many as an image of bytes has
_BATCH = 1 << 22  # pixels that are handed over at a time, so that a batch and what is computed from it stay small


def evaluate_blocks(
    image: Image, inside: NDArray[np.bool_] | None, criterion: Callable[[NDArray[Any]], ArrayLike], level: int
) -> NDArray[np.float64]:
    """Ask a callable about all blocks of a level.

    Parameters
    ----------
    image : Image
    inside : ndarray of bool, of the image's shape, or None
        Pixels that count.
    criterion : callable
        Takes a batch of equal blocks, returns one number for each, or one for each and channel.
    level : int
        Blocks have the side ``2 ** level``.

    Returns
    -------
    ndarray of shape (n_values * n_blocks,)
        The first number of all blocks in raster order, then the second; 0 for a block without pixels.
    """
    blocks = tuple(-(-extent >> level) for extent in image.shape)
    values: NDArray[np.float64] | None = None
    for places, pixels in _batches(image.data, inside, image.ndim, level):
        answer = np.ma.filled(np.ma.masked_invalid(np.ma.asarray(criterion(pixels), dtype=np.float64)), 0.0)
        if answer.shape[:1] != (len(pixels),) or answer.ndim > 2:
            raise ValueError(
                f"'criterion' returned shape {answer.shape} for {len(pixels)} blocks, but one number each is needed"
            )
        answers = answer if answer.ndim == 2 else answer.reshape(-1, 1)
        if values is None:
            values = np.zeros((answers.shape[1], *blocks))
        target = values[(slice(None), *places)]
        target[...] = answers.T.reshape(target.shape)
    assert values is not None
    return values.reshape(-1)


def block_entropies(image: Image, inside: NDArray[np.bool_] | None, level: int) -> NDArray[np.float64]:
    """Compute the entropy in bits of the values of every channel in all blocks of a level.

    Parameters
    ----------
    image : Image
    inside : ndarray of bool, of the image's shape, or None
    level : int

    Returns
    -------
    ndarray of shape (n_channels * n_blocks,)
    """
    data = image.data
    if data.dtype.kind == "f":
        finite = data if inside is None else data[inside]
        low, high = float(finite.min()), float(finite.max())
        width = (high - low) / _N_BINS or 1.0
        bins = np.floor((np.nan_to_num(data) - low) / width)
        data = np.clip(bins, 0, _N_BINS - 1).astype(np.uint8)
    coded = Image(data, axes=image.axes, channel_names=image.channel_names)
    return evaluate_blocks(coded, inside, lambda batch: _entropies(batch, image.has_channels), level)


def _entropies(batch: NDArray[Any], has_channels: bool) -> NDArray[np.float64]:
    values = np.ma.getdata(batch).astype(np.int64)
    counted = ~np.ma.getmaskarray(batch)
    if not has_channels:
        values, counted = values[..., np.newaxis], counted[..., np.newaxis]
    n_blocks, n_channels = len(values), values.shape[-1]
    lowest = values.min()
    rows = np.where(counted, values - lowest, -1).reshape(n_blocks, -1, n_channels).swapaxes(1, 2)
    rows = np.sort(rows.reshape(n_blocks * n_channels, -1), axis=1)
    # Runs of equal values: where each begins, and how long it is.
    begins = np.ones(rows.shape, dtype=bool)
    begins[:, 1:] = rows[:, 1:] != rows[:, :-1]
    at = np.flatnonzero(begins)
    lengths = np.diff(at, append=rows.size).astype(np.float64)
    row = at // rows.shape[1]
    lengths[rows.reshape(-1)[at] < 0] = 0
    totals = np.bincount(row, lengths, minlength=len(rows))
    shares = lengths / np.maximum(totals, 1)[row]
    terms = -shares * np.log2(np.where(shares > 0, shares, 1))
    entropies: NDArray[np.float64] = np.bincount(row, terms, minlength=len(rows)).astype(np.float64)
    return entropies.reshape(n_blocks, n_channels)


def _batches(
    data: NDArray[Any], inside: NDArray[np.bool_] | None, ndim: int, level: int
) -> Iterator[tuple[tuple[slice, ...], NDArray[Any]]]:
    """Yield the place of some blocks on the grid of their level, and their pixels, of shape (n_blocks, side, ...)."""
    size = 1 << level
    shape = data.shape[:ndim]
    # Whole blocks and the cut ones behind them, along each axis.
    parts = [[(0, extent >> level)] + ([(extent >> level, 1)] if extent % size else []) for extent in shape]
    step = max(1, _BATCH // (size * data[0].size))
    for part in itertools.product(*parts):
        first, count = part[0]
        for start in range(first, first + count, step):
            box = [(start, min(step, first + count - start)), *part[1:]]
            if all(n_blocks > 0 for _, n_blocks in box):
                places = tuple(slice(at, at + n_blocks) for at, n_blocks in box)
                pixels = _blocks_in(data, places, size, ndim)
                if inside is not None:
                    counted = _blocks_in(inside, places, size, ndim)
                    if not counted.all():
                        missing = ~counted.reshape(counted.shape + (1,) * (pixels.ndim - counted.ndim))
                        pixels = np.ma.masked_array(pixels, np.broadcast_to(missing, pixels.shape))
                yield places, pixels


def _blocks_in(data: NDArray[Any], places: tuple[slice, ...], size: int, ndim: int) -> NDArray[Any]:
    region = data[tuple(slice(place.start * size, place.stop * size) for place in places)]
    counts = [place.stop - place.start for place in places]
    sides = [extent // count for extent, count in zip(region.shape, counts, strict=False)]
    split = [part for pair in zip(counts, sides, strict=True) for part in pair]
    blocks = region.reshape(*split, *region.shape[ndim:])
    order = [*range(0, 2 * ndim, 2), *range(1, 2 * ndim, 2), *range(2 * ndim, blocks.ndim)]
    return blocks.transpose(order).reshape(-1, *sides, *region.shape[ndim:])
