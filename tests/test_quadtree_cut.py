"""Cuts of large pyramids, which threads share, and of sparse ones, of which little is read."""

import numpy as np
import pytest

import clast


def check_against_values(tree, threshold):
    """Leaves are what follows from the criterion of all blocks, level by level."""
    shape = tree.image.shape
    levels = range(tree.min_level + 1, tree.max_level + 1)
    splits = {level: tree.values(1 << level) > threshold for level in levels}
    splits = {level: s if s.ndim == len(shape) else s.any(axis=-1) for level, s in splits.items()}
    for level, places in [(level, np.argwhere(splits[level])) for level in levels[:-1]]:
        # A block is there if all that it lies in split.
        above = [splits[other][tuple((places >> (other - level)).T)] for other in levels if other > level]
        splits[level][tuple(places[~np.logical_and.reduce(above)].T)] = False
    for level in [tree.min_level, *levels[:-1]]:
        parents = np.repeat(splits[level + 1], 2, axis=0)
        for axis in range(1, len(shape)):
            parents = np.repeat(parents, 2, axis=axis)
        there = parents[tuple(slice(-(-extent >> level)) for extent in shape)]
        leaves = there & ~splits[level] if level in splits else there
        np.testing.assert_array_equal(tree.origins[tree.sizes == 1 << level], np.argwhere(leaves) << level)


@pytest.mark.parametrize("n_threads", [1, 2, 4])
@pytest.mark.parametrize(
    ("shape", "channel_axis"), [((1031, 3001), None), ((91, 231, 331), None), ((771, 1301, 3), -1)]
)
def test_threads_share_a_large_pyramid(shape, channel_axis, n_threads):
    # In float64 it has more than 6 MiB, from which threads share a cut; whole numbers keep the oracle exact.
    rng = np.random.default_rng(0)
    image = rng.integers(0, 2, shape).astype(np.float64)
    image[: shape[0] // 2, : shape[1] // 3] = 0
    with clast.threads(n_threads):
        tree = clast.quadtree(image, threshold=0.5, criterion="variance", channel_axis=channel_axis).recut(0.1)
        assert sum(level.nbytes for level in tree.pyramid) > 6 << 20
        assert tree.n_leaves == len(tree.origins) == len(tree.sizes)
    check_against_values(tree, 0.1)


@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_few_rough_places_are_found_in_a_wide_image(dtype, channels):
    # Where few blocks of a row of floats are there, the values of the others are not read.
    rng = np.random.default_rng(0)
    image = np.zeros((67, 4100, *channels), dtype=dtype)
    for y, x in [(0, 0), (5, 4099), (30, 1000), (31, 1025), (66, 2047), (66, 2048), (40, 3333)]:
        image.reshape(67, 4100, -1)[y, x, -1] = rng.integers(50, 100)
    tree = clast.quadtree(image, threshold=9, channel_axis=-1 if channels else None)
    assert tree.compression < 0.02
    check_against_values(tree, 9)
