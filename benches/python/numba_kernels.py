"""What a scientist with numba would write: a pyramid of block statistics cut from the top, and a histogram per patch.

The quadtree takes square images whose side is a power of two; patches are those of uint8 tiles.
"""

import numpy as np
from numba import njit, prange, set_num_threads
from numpy.typing import NDArray

import clast


def quadtree(image: NDArray[np.generic], threshold: float, criterion: str, min_size: int) -> NDArray[np.int64]:
    """Leaves as (row, column, size), the largest first."""
    set_num_threads(clast.get_num_threads())
    first, up, split = _RANGE if criterion == "range" else _STD
    levels = [first(image, 2 * min_size)]
    while levels[-1][0].shape[0] > 1:
        levels.append(up(*levels[-1]))
    alive = np.ones((1, 1), np.bool_)
    found = []
    for index in range(len(levels) - 1, -1, -1):
        size = image.shape[0] // levels[index][0].shape[0]
        splits = np.empty(levels[index][0].shape, np.bool_)
        counts = np.empty(len(splits), np.int64)
        split(*levels[index], alive, threshold, float(size * size), splits, counts)
        found.append(_leaves(alive, splits, counts, size))
        alive = splits
    everything = np.zeros((2 * alive.shape[0], 2 * alive.shape[1]), np.bool_)
    counts = 2 * np.repeat(alive.sum(axis=1), 2)
    found.append(_leaves(alive, everything, counts, min_size))
    return np.concatenate(found)


def patch_statistics(tiles: NDArray[np.uint8], grid: int) -> NDArray[np.float64]:
    """Mean, std, relative std, median, mode, skewness, kurtosis, min, max and entropy of every patch."""
    set_num_threads(clast.get_num_threads())
    out = np.empty((len(tiles), grid, grid, 10))
    _patches(tiles, grid, out.reshape(-1, 10))
    return out


@njit(parallel=True)
def _first_range(image, size):
    n = image.shape[0] // size
    low, high = np.empty((n, n), image.dtype), np.empty((n, n), image.dtype)
    for y in prange(n):
        for x in range(n):
            a = image[y * size, x * size]
            b = a
            for i in range(size):
                for j in range(size):
                    value = image[y * size + i, x * size + j]
                    a, b = min(a, value), max(b, value)
            low[y, x], high[y, x] = a, b
    return low, high


@njit(parallel=True)
def _up_range(lows, highs):
    n = lows.shape[0] // 2
    low, high = np.empty((n, n), lows.dtype), np.empty((n, n), lows.dtype)
    for y in prange(n):
        a, b = 2 * y, 2 * y + 1
        for x in range(n):
            c, d = 2 * x, 2 * x + 1
            low[y, x] = min(min(lows[a, c], lows[a, d]), min(lows[b, c], lows[b, d]))
            high[y, x] = max(max(highs[a, c], highs[a, d]), max(highs[b, c], highs[b, d]))
    return low, high


@njit(parallel=True)
def _split_range(low, high, alive, threshold, _, splits, counts):
    for y in prange(low.shape[0]):
        count = 0
        for x in range(low.shape[1]):
            lives = alive[y >> 1, x >> 1] or low.shape[0] == 1
            split = lives and float(high[y, x]) - float(low[y, x]) > threshold
            splits[y, x] = split
            count += lives and not split
        counts[y] = count


@njit(parallel=True)
def _first_sums(image, size):
    n = image.shape[0] // size
    sums, squares = np.empty((n, n)), np.empty((n, n))
    for y in prange(n):
        for x in range(n):
            a = b = 0.0
            for i in range(size):
                for j in range(size):
                    value = np.float64(image[y * size + i, x * size + j])
                    a += value
                    b += value * value
            sums[y, x], squares[y, x] = a, b
    return sums, squares


@njit(parallel=True)
def _up_sums(sums, squares):
    n = sums.shape[0] // 2
    sum_out, square_out = np.empty((n, n)), np.empty((n, n))
    for y in prange(n):
        a, b = 2 * y, 2 * y + 1
        for x in range(n):
            c, d = 2 * x, 2 * x + 1
            sum_out[y, x] = sums[a, c] + sums[a, d] + sums[b, c] + sums[b, d]
            square_out[y, x] = squares[a, c] + squares[a, d] + squares[b, c] + squares[b, d]
    return sum_out, square_out


@njit(parallel=True)
def _split_std(sums, squares, alive, threshold, n_pixels, splits, counts):
    for y in prange(sums.shape[0]):
        count = 0
        for x in range(sums.shape[1]):
            lives = alive[y >> 1, x >> 1] or sums.shape[0] == 1
            variance = squares[y, x] / n_pixels - (sums[y, x] / n_pixels) ** 2
            split = lives and variance > threshold * threshold
            splits[y, x] = split
            count += lives and not split
        counts[y] = count


_RANGE = (_first_range, _up_range, _split_range)
_STD = (_first_sums, _up_sums, _split_std)


def _leaves(alive, splits, counts, size):
    leaves = np.empty((counts.sum(), 3), np.int64)
    _emit(alive, splits, np.cumsum(counts) - counts, size, leaves)
    return leaves


@njit(parallel=True)
def _emit(alive, splits, starts, size, leaves_out):
    for y in prange(splits.shape[0]):
        at = starts[y]
        for x in range(splits.shape[1]):
            if (alive[y >> 1, x >> 1] or splits.shape[0] == 1) and not splits[y, x]:
                leaves_out[at, 0], leaves_out[at, 1], leaves_out[at, 2] = y * size, x * size, size
                at += 1


@njit(parallel=True, fastmath=True)
def _patches(tiles, grid, out):
    height, width = tiles.shape[1] // grid, tiles.shape[2] // grid
    n = height * width
    for patch in prange(len(tiles) * grid * grid):
        tile, row, column = patch // (grid * grid), (patch // grid) % grid, patch % grid
        counts = np.zeros(256, np.int64)
        for y in range(row * height, (row + 1) * height):
            for x in range(column * width, (column + 1) * width):
                counts[tiles[tile, y, x]] += 1
        total, low, high, most, mode = 0.0, 256, -1, -1, 0
        for value in range(256):
            if counts[value] > 0:
                total += counts[value] * value
                low, high = min(low, value), value
                if counts[value] > most:
                    most, mode = counts[value], value
        mean = total / n
        m2 = m3 = m4 = entropy = 0.0
        passed, lower, upper = 0, -1, -1
        for value in range(low, high + 1):
            count = counts[value]
            if count > 0:
                d = value - mean
                m2 += count * d * d
                m3 += count * d * d * d
                m4 += count * d * d * d * d
                entropy -= count / n * np.log2(count / n)
                passed += count
                lower = value if lower < 0 and passed > (n - 1) // 2 else lower
                upper = value if upper < 0 and passed > n // 2 else upper
        m2, m3, m4 = m2 / n, m3 / n, m4 / n
        std = np.sqrt(m2)
        out[patch, 0], out[patch, 1], out[patch, 2] = mean, std, std / mean
        out[patch, 3], out[patch, 4] = (lower + upper) / 2, mode
        out[patch, 5], out[patch, 6] = m3 / (m2 * std), m4 / (m2 * m2) - 3
        out[patch, 7], out[patch, 8], out[patch, 9] = low, high, entropy
