"""What is measured of quadtrees and patches: nobody else has them, so clast stands beside what users write."""

from collections.abc import Callable
from functools import cache, partial
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

import clast
from image_workloads import Answer, Image, ImageWorkload
from inputs import _photo
from workloads import Target

STATISTICS = ("mean", "std", "relative_std", "median", "mode", "skewness", "kurtosis", "min", "max", "entropy")


def quadtree(dtype: str, criterion: str, threshold: float, min_size: int) -> ImageWorkload:
    """Places and sizes of the leaves of a square photo; the places are compared, which are in the order of sizes."""
    options = {"threshold": threshold, "criterion": criterion, "min_size": min_size}

    def ours(image: Image) -> Answer:
        tree = clast.quadtree(image, **options)
        assert len(tree.sizes) == tree.n_leaves
        return tree.origins

    def numba(image: Image) -> Answer:
        found: Answer = import_module("numba_kernels").quadtree(image, **options)
        return found[:, :2]

    title = f"quadtree, 4096 x 4096 {dtype}, {criterion}, min_size {min_size}"
    runs = {"clast": ours, "numba": numba}
    return ImageWorkload(title, partial(_square, dtype), runs, Target(2), reference="numba")


def recut(dtype: str, criterion: str, thresholds: tuple[float, float], min_size: int) -> ImageWorkload:
    """Number of leaves at another threshold, from the pyramid that was kept and from the image."""
    options = {"criterion": criterion, "min_size": min_size}
    old, new = thresholds

    @cache
    def tree(side: int) -> clast.QuadTree:
        return clast.quadtree(_square(dtype, side), threshold=old, **options)

    def ours(image: Image) -> Answer:
        return np.array([tree(len(image)).recut(new).n_leaves])

    def first_build(image: Image) -> Answer:
        return np.array([clast.quadtree(image, threshold=new, **options).n_leaves])

    title = f"quadtree, 4096 x 4096 {dtype}, {criterion}, min_size {min_size}, recut"
    runs = {"clast": ours, "first build": first_build}
    return ImageWorkload(title, partial(_square, dtype), runs, Target(10), reference="first build")


def patches(dtype: str, grid: int, target: Target) -> ImageWorkload:
    """Ten statistics of every patch of four tiles."""

    def ours(tiles: Image) -> Answer:
        found = [clast.patch_statistics(tile, grid=grid, statistics=STATISTICS).values for tile in tiles]
        return np.stack(found)

    def numba(tiles: Image) -> Answer:
        found: Answer = import_module("numba_kernels").patch_statistics(tiles, grid)
        return found

    title = f"patches, four 2048 x 2048 {dtype} tiles, grid {grid} x {grid}, ten statistics"
    runs: dict[str, Callable[[Image], Answer]] = {"clast": ours, "numpy and scipy": partial(_loop, grid)}
    if dtype == "uint8":
        runs["numba"] = numba
    return ImageWorkload(title, partial(_tiles, dtype), runs, target, reference="numpy and scipy")


def moments(dtype: str, grid: int) -> ImageWorkload:
    """Moments of every patch of four tiles; in numpy all patches are cut out at once, and read once for each power."""
    names = ("mean", "std", "skewness", "kurtosis")

    def ours(tiles: Image) -> Answer:
        return np.stack([clast.patch_statistics(tile, grid=grid, statistics=names).values for tile in tiles])

    def numpy(tiles: Image) -> Answer:
        side = tiles.shape[1] // grid
        patches = tiles[:, : grid * side, : grid * side].reshape(len(tiles), grid, side, grid, side)
        mean = patches.mean(axis=(2, 4))
        difference = patches - mean[:, :, None, :, None]
        square = difference * difference
        powers = square, square * difference, square * square
        second, third, fourth = (power.mean(axis=(2, 4)) for power in powers)
        return np.stack([mean, np.sqrt(second), third / second**1.5, fourth / second**2 - 3], axis=-1)

    title = f"patches, four 2048 x 2048 {dtype} tiles, grid {grid} x {grid}, moments"
    return ImageWorkload(
        title, partial(_tiles, dtype), {"clast": ours, "numpy and scipy": numpy}, Target(), "numpy and scipy"
    )


def nine_grids(dtype: str) -> ImageWorkload:
    """Ten statistics of every patch of four tiles in nine grids: one call, and one after the other."""
    grids = [2, 4, 8, 10, 12, 16, 20, 32, 64]

    def ours(tiles: Image) -> Answer:
        found = [clast.patch_statistics(tile, grid=grids, statistics=STATISTICS) for tile in tiles]
        return _in_a_row([np.stack([patches.values for patches in of_grid]) for of_grid in zip(*found, strict=True)])

    def numba(tiles: Image) -> Answer:
        kernels = import_module("numba_kernels")
        return _in_a_row([kernels.patch_statistics(tiles, grid) for grid in grids])

    title = f"patches, four 2048 x 2048 {dtype} tiles, nine grids from 2 x 2 to 64 x 64, ten statistics"
    return ImageWorkload(title, partial(_tiles, dtype), {"clast": ours, "numba": numba}, Target(), reference="numba")


def _in_a_row(answers: list[Answer]) -> Answer:
    return np.concatenate([answer.reshape(-1, len(STATISTICS)) for answer in answers])


def _loop(grid: int, tiles: Image) -> Answer:
    """Patch by patch, as the notebooks do."""
    stats = import_module("scipy.stats")
    found = []
    for tile in tiles:
        height, width = tile.shape[0] // grid, tile.shape[1] // grid
        for row in range(grid):
            for column in range(grid):
                patch = tile[row * height : (row + 1) * height, column * width : (column + 1) * width].ravel()
                mean, std = patch.mean(), patch.std()
                mode, counts = stats.mode(patch).mode, np.unique(patch, return_counts=True)[1]
                shape = stats.skew(patch), stats.kurtosis(patch)
                ends = patch.min(), patch.max(), stats.entropy(counts, base=2)
                found.append((mean, std, std / mean, np.median(patch), mode, *shape, *ends))
    return np.array(found).reshape(len(tiles), grid, grid, len(STATISTICS))


@cache
def _square(dtype: str, limit: int) -> Image:
    side = 1 << (min(4096, limit).bit_length() - 1)
    noise = np.random.default_rng(0).normal(scale=2, size=(side, side))
    return _rounded(_photo(side, side)[..., 1] + noise, dtype)


@cache
def _tiles(dtype: str, limit: int) -> Image:
    side = min(2048, limit)
    noise = np.random.default_rng(0).normal(scale=12, size=(4, side, side))
    grey = _photo(2 * side, 2 * side)[..., 1].reshape(2, side, 2, side).swapaxes(1, 2).reshape(4, side, side)
    tiles = _rounded((grey + noise) * (1 if dtype == "uint8" else 100) + 1, dtype)
    # The loop over the patches of tiny tiles takes as long as over those of large ones.
    return tiles if side == 2048 else tiles[:1]


def _rounded(values: NDArray[np.float64], dtype: str) -> Image:
    if np.dtype(dtype).kind == "f":
        return values.astype(dtype)
    return np.clip(np.rint(values), 0, np.iinfo(dtype).max).astype(dtype)


BLOCK_WORKLOADS = (
    *(
        quadtree(dtype, criterion, threshold, min_size)
        for dtype in ("uint8", "float32")
        for criterion, threshold in (("range", 20), ("std", 5))
        for min_size in (1, 2, 8)
    ),
    *(
        recut(dtype, criterion, thresholds, min_size)
        for dtype in ("uint8", "float32")
        for criterion, thresholds in (("range", (20, 30)), ("std", (5, 7)))
        for min_size in (1, 2, 8)
    ),
    *(patches("uint8", grid, Target(250, 1.5)) for grid in (2, 4, 8, 16)),
    *(patches("uint16", grid, Target(40)) for grid in (4, 16)),
    patches("uint16", 64, Target(200)),
    *(moments(dtype, grid) for dtype in ("uint8", "uint16") for grid in (16, 64)),
    nine_grids("uint8"),
)
