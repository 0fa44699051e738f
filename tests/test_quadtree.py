"""Quadtrees and octrees: MATLAB's example, a plain recursion as the oracle, and everything an image can be."""

import copy
import json
import pickle

import numpy as np
import pandas as pd
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.cluster import AgglomerativeClustering

import clast
from clast.image import Image

# https://www.mathworks.com/help/images/ref/qtdecomp.html
MATLAB = np.array(
    [
        [1, 1, 1, 1, 2, 3, 6, 6],
        [1, 1, 2, 1, 4, 5, 6, 8],
        [1, 1, 1, 1, 7, 7, 7, 7],
        [1, 1, 1, 1, 6, 6, 5, 5],
        [20, 22, 20, 22, 1, 2, 3, 4],
        [20, 22, 22, 20, 5, 4, 7, 8],
        [20, 22, 20, 20, 9, 12, 40, 12],
        [20, 22, 20, 20, 13, 14, 15, 16],
    ],
    dtype=np.uint8,
)
MATLAB_SIZES = np.array(
    [
        [4, 0, 0, 0, 2, 0, 2, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 2, 0, 2, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [4, 0, 0, 0, 2, 0, 2, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 2, 0, 1, 1],
        [0, 0, 0, 0, 0, 0, 1, 1],
    ]
)


def entropy(values):
    counts = np.unique(values, return_counts=True)[1] / len(values)
    return float(-(counts * np.log2(counts)).sum())


CRITERIA = {
    "range": lambda values: np.ptp(values),
    "std": lambda values: np.sqrt(exact_variance(values)),
    "variance": lambda values: exact_variance(values),
    "entropy": entropy,
}


def exact_variance(values):
    """Variance of integers, rounded once."""
    values = [int(value) for value in values]
    n = len(values)
    return (n * sum(value * value for value in values) - sum(values) ** 2) / (n * n)


def recursion(image, criterion, threshold, min_size=1, max_size=None, mask=None):
    """Leaves by plain recursion: (size, origin), the largest first, in raster order. Channels are the last axis."""
    shape = image.shape[:-1]
    mask = np.ones(shape, dtype=bool) if mask is None else mask
    side = 1 << (max(shape) - 1).bit_length()
    found = []

    def visit(size, origin):
        if any(at >= extent for at, extent in zip(origin, shape, strict=True)):
            return
        block = tuple(slice(at, at + size) for at in origin)
        values = image[block][mask[block]]
        splits = max_size is not None and size > max_size
        if len(values) and not splits:
            splits = any(CRITERIA[criterion](values[:, c]) > threshold[c] for c in range(image.shape[-1]))
        if size > min_size and splits:
            for child in np.ndindex(*[2] * len(shape)):
                visit(size // 2, tuple(at + size // 2 * step for at, step in zip(origin, child, strict=True)))
        else:
            found.append((-size, origin))

    visit(side, (0,) * len(shape))
    return [(-size, origin) for size, origin in sorted(found)]


def leaves_of(tree):
    return [(int(size), tuple(map(int, origin))) for size, origin in zip(tree.sizes, tree.origins, strict=True)]


@st.composite
def cases(draw):
    """An image of any shape with smooth and rough parts, sizes, thresholds and perhaps a mask."""
    planes = arrays.array_shapes(min_dims=2, max_dims=2, max_side=40)
    volumes = arrays.array_shapes(min_dims=3, max_dims=3, max_side=12)
    shape = draw(st.one_of(planes, volumes))
    n_channels = draw(st.integers(1, 3))
    dtype = draw(st.sampled_from(["uint8", "int16", "uint16", "float32", "float64", "int8", "uint32"]))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    image = rng.integers(0, 100, (*shape, n_channels)) * (rng.random((*shape, 1)) < draw(st.sampled_from([0.02, 0.3])))
    if draw(st.booleans()) and np.dtype(dtype).kind != "u":
        image -= 50
    min_size = draw(st.sampled_from([1, 2, 4, 8]))
    max_size = draw(st.sampled_from([None, min_size, 4 * min_size]))
    mask = rng.random(shape) < 0.8 if draw(st.booleans()) else None
    if mask is not None:
        mask[: shape[0] // 2] = False
        mask[-1, -1] = True
    return image.astype(dtype), min_size, max_size, mask


class TestSemantics:
    def test_the_example_of_qtdecomp(self):
        tree = clast.quadtree(MATLAB, threshold=5)
        sizes = np.zeros_like(MATLAB_SIZES)
        sizes[tuple(tree.origins.T)] = tree.sizes
        np.testing.assert_array_equal(sizes, MATLAB_SIZES)

    def test_a_threshold_scales_only_if_asked(self):
        scaled = clast.quadtree(MATLAB, threshold=5 / 255, scale_threshold=True)
        assert leaves_of(scaled) == leaves_of(clast.quadtree(MATLAB, threshold=5))
        assert clast.quadtree(MATLAB, threshold=5 / 255).n_leaves > scaled.n_leaves

    @given(cases(), st.sampled_from(list(CRITERIA)), st.data())
    def test_leaves_are_those_of_the_recursion(self, case, criterion, data):
        image, min_size, max_size, mask = case
        if image.dtype.kind == "f" and criterion == "entropy":
            image = image.astype(np.int16)
        highest = {"range": 60, "std": 30, "variance": 900, "entropy": 3}[criterion]
        threshold = data.draw(st.lists(st.integers(0, highest), min_size=image.shape[-1], max_size=image.shape[-1]))
        # Halves lie between the criteria of integers, where rounding cannot decide.
        threshold = [
            value + 0.5 if criterion == "entropy" or image.dtype == np.float64 else value for value in threshold
        ]
        tree = clast.quadtree(image, threshold=threshold, criterion=criterion, min_size=min_size, max_size=max_size,
                              mask=mask, channel_axis=-1)  # fmt: skip
        expected = recursion(image, criterion, threshold, min_size, max_size, mask)
        assert leaves_of(tree) == expected
        again = clast.quadtree(image, threshold=0, criterion=criterion, min_size=min_size, max_size=max_size,
                               mask=mask, channel_axis=-1)  # fmt: skip
        assert leaves_of(again.recut(threshold)) == expected

    def test_large_images_are_cut_into_bands(self):
        rng = np.random.default_rng(0)
        for shape in [(300, 170), (40, 70, 50)]:
            image = rng.integers(0, 30, shape).astype(np.uint8)
            image[: shape[0] // 2] //= 20
            tree = clast.quadtree(image, threshold=5)
            assert leaves_of(tree) == recursion(image[..., np.newaxis], "range", [5])
            self.check_tiling(tree)

    def test_copies_and_pickles_are_the_same_tree(self):
        tree = clast.quadtree(MATLAB, threshold=5)
        for other in (pickle.loads(pickle.dumps(tree)), copy.deepcopy(tree)):
            assert leaves_of(other) == leaves_of(tree)
            assert leaves_of(other.recut(2)) == leaves_of(tree.recut(2))
            np.testing.assert_array_equal(other.labels, tree.labels)

    @given(cases())
    def test_leaves_tile_the_image_once(self, case):
        image, min_size, max_size, mask = case
        tree = clast.quadtree(image, threshold=20, min_size=min_size, max_size=max_size, mask=mask, channel_axis=-1)
        self.check_tiling(tree)

    @staticmethod
    def check_tiling(tree):
        covered = np.zeros(tree.image.shape, dtype=int)
        labels = np.zeros(tree.image.shape, dtype=int)
        for size, origin, label in zip(tree.sizes, tree.origins, tree.leaf_labels, strict=True):
            block = tuple(slice(at, at + size) for at in origin)
            covered[block] += 1
            labels[block] = label
        assert (covered == 1).all()
        labels[~(np.ones_like(covered, dtype=bool) if tree.mask is None else tree.mask)] = 0
        np.testing.assert_array_equal(tree.labels, labels)
        present = np.unique(labels[labels > 0])
        np.testing.assert_array_equal(present, np.arange(1, len(present) + 1))

    def test_one_pixel_and_blocks_larger_than_the_image(self):
        assert leaves_of(clast.quadtree(np.array([[7.0]]), threshold=0)) == [(1, (0, 0))]
        tree = clast.quadtree(MATLAB[:3, :5], threshold=0, min_size=64)
        assert leaves_of(tree) == [(8, (0, 0))]
        assert (tree.labels == 1).all()

    def test_float32_thresholds_are_not_rounded_up(self):
        image = np.array([[0, 0.1]], dtype=np.float32)  # 0.1 in float32 is above 0.1
        assert clast.quadtree(image, threshold=0.1).n_leaves == 2
        assert clast.quadtree(image, threshold=float(np.float32(0.1))).n_leaves == 1

    def test_variance_far_from_zero(self):
        rng = np.random.default_rng(1)
        noise = rng.normal(size=(64, 64))
        image = 1e9 + noise
        values = clast.quadtree(image, threshold=0, criterion="variance", min_size=8).values(16)
        expected = (image - 1e9).reshape(4, 16, 4, 16).var(axis=(1, 3))
        np.testing.assert_allclose(values, expected, rtol=1e-6)
        wide = clast.quadtree((65000 + 5 * noise).astype(np.uint16), threshold=0, criterion="variance")
        assert wide.values(64)[0, 0] == exact_variance(wide.image.data.ravel())

    def test_a_callable_gets_batches_of_equal_blocks(self):
        image = np.random.default_rng(3).integers(0, 9, (13, 22, 2)).astype(np.uint8)
        shapes = []

        def spread(blocks):
            shapes.append(blocks.shape[1:])
            return blocks.max(axis=(1, 2)).astype(float) - blocks.min(axis=(1, 2))

        ours = clast.quadtree(image, threshold=[4, 6], criterion=spread, channel_axis=-1)
        assert leaves_of(ours) == leaves_of(clast.quadtree(image, threshold=[4, 6], channel_axis=-1))
        assert {shape[-1] for shape in shapes} == {2}
        mask = np.random.default_rng(4).random((13, 22)) < 0.5
        masked = clast.quadtree(image, threshold=[4, 6], criterion=spread, channel_axis=-1, mask=mask)
        assert leaves_of(masked) == leaves_of(clast.quadtree(image, threshold=[4, 6], channel_axis=-1, mask=mask))

    def test_entropy_of_floats(self):
        image = np.random.default_rng(5).random((32, 32))
        bins = np.floor((image - image.min()) / ((image.max() - image.min()) / 256)).clip(0, 255)
        values = clast.quadtree(image, threshold=1, criterion="entropy").values(8)
        assert values[1, 2] == pytest.approx(entropy(bins[8:16, 16:24].ravel()))


class TestMasks:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("criterion", ["range", "std", "variance", "entropy"])
    def test_pixels_that_are_not_finite_do_not_count(self, dtype, criterion):
        image = np.random.default_rng(0).integers(0, 20, (50, 37)).astype(dtype)
        expected = clast.quadtree(image, threshold=3, criterion=criterion, mask=image > 2)
        holes = np.where(image > 2, image, np.nan)
        holes[10, 10] = np.inf if image[10, 10] <= 2 else holes[10, 10]
        tree = clast.quadtree(holes, threshold=3, criterion=criterion)
        if criterion != "entropy":  # whose bins follow from the pixels that count
            assert leaves_of(tree) == leaves_of(expected)
        np.testing.assert_array_equal(tree.labels == 0, image <= 2)
        assert np.isfinite(tree.mean_image()).all()

    def test_a_block_without_pixels_is_a_leaf_with_label_0(self):
        image = np.arange(64, dtype=np.uint8).reshape(8, 8)
        mask = np.zeros((8, 8), dtype=bool)
        mask[4:, 4:] = True
        leaves = clast.quadtree(image, threshold=0, min_size=2, mask=mask).leaves
        empty = leaves[leaves["label"] == 0]
        assert empty[["y", "x", "size", "count"]].to_numpy().tolist() == [[0, 0, 4, 0], [0, 4, 4, 0], [4, 0, 4, 0]]
        assert empty["mean_intensity"].isna().all()
        assert leaves["label"].tolist() == [0, 0, 0, 1, 2, 3, 4]

    def test_one_nan_in_a_small_block(self):
        image = np.full((4, 4), 5.0)
        image[1, 1] = np.nan
        tree = clast.quadtree(image, threshold=0, min_size=8)
        assert tree.n_leaves == 1
        assert tree.labels.sum() == 15


class TestResult:
    @given(cases())
    def test_leaves_in_numbers(self, case):
        image, min_size, max_size, mask = case
        tree = clast.quadtree(image, threshold=10, min_size=min_size, max_size=max_size, mask=mask, channel_axis=-1)
        leaves = tree.leaves
        counted = np.ones(image.shape[:-1], dtype=bool) if mask is None else mask
        assert leaves["count"].sum() == counted.sum()
        for (size, origin), (_, leaf) in zip(leaves_of(tree), leaves.iterrows(), strict=True):
            block = tuple(slice(at, at + size) for at in origin)
            values = image[block][counted[block]].astype(np.float64)
            assert (leaf["size"], leaf["count"], leaf["level"]) == (size, len(values), np.log2(size))
            for index, channel in enumerate(tree.image.channel_names):
                names = [f"{name}_{channel}" for name in ("mean", "std", "min", "max")]
                ours = leaf[names].to_numpy(dtype=np.float64)
                if len(values):
                    column = values[:, index]
                    expected = [column.mean(), column.std(), column.min(), column.max()]
                    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-9)

    def test_mean_image_and_boundaries(self):
        tree = clast.quadtree(MATLAB, threshold=5)
        expected = np.zeros(MATLAB.shape)
        begins = np.zeros(MATLAB.shape, dtype=bool)
        for size, (y, x) in leaves_of(tree):
            block = (slice(y, y + size), slice(x, x + size))
            expected[block] = np.rint(MATLAB[block].mean())
            begins[y, x : x + size] |= y > 0
            begins[y : y + size, x] |= x > 0
        np.testing.assert_array_equal(tree.mean_image(), expected.astype(np.uint8))
        np.testing.assert_array_equal(tree.boundaries, begins)
        assert tree.compression == 13 / 64

    def test_blocks_of_a_size(self):
        image = np.random.default_rng(0).integers(0, 9, (21, 18, 3)).astype(np.uint8)
        tree = clast.quadtree(image, threshold=7, channel_axis=-1)
        pixels, origins = tree.blocks(2)
        whole = [origin for size, origin in leaves_of(tree) if size == 2 and origin[0] < 20]
        assert [tuple(origin) for origin in origins] == whole
        assert pixels.shape == (len(whole), 2, 2, 3)
        for block, (y, x) in zip(pixels, origins, strict=True):
            np.testing.assert_array_equal(block, image[y : y + 2, x : x + 2])

    def test_values_are_those_of_the_blocks(self):
        image = np.random.default_rng(0).integers(0, 999, (21, 18, 30)).astype(np.int16)
        values = clast.quadtree(image, threshold=7).values(4)
        assert values.shape == (6, 5, 8)
        assert values[5, 4, 7] == np.ptp(image[20:, 16:, 28:])

    def test_saved_labels(self, tmp_path):
        tree = clast.quadtree(Image(MATLAB, axes="YX", spacing=(0.5, 0.5), unit="um"), threshold=5)
        tree.save(tmp_path / "labels.tif")
        np.testing.assert_array_equal(tifffile.imread(tmp_path / "labels.tif"), tree.labels)
        assert clast.read_image(tmp_path / "labels.tif").spacing == pytest.approx((0.5, 0.5))

    @pytest.mark.parametrize(
        ("shape", "channel_axis", "title"),
        [((70, 90), None, "intensity"), ((3, 70, 90), 0, "image"), ((9, 30, 40), None, "intensity")],
    )
    def test_plot(self, shape, channel_axis, title):
        image = np.random.default_rng(0).integers(0, 99, shape).astype(np.uint8)
        figure = clast.quadtree(image, threshold=95, channel_axis=channel_axis).plot()
        left, right = figure.axes
        assert left.get_title().startswith(title)
        assert len(left.collections[0].get_segments()) > 3
        assert right.get_title() == "mean of each block"


class TestSplitAndMerge:
    # Two squares on a ground; the ramp down the left side is split, though neighbours on it are near each other.
    IMAGE = np.repeat(np.arange(16, dtype=np.uint8)[:, np.newaxis], 16, axis=1)
    IMAGE[4:8, 8:12] = 100
    IMAGE[9:13, 9:15] = 200

    def test_regions_are_those_of_the_picture(self):
        tree = clast.quadtree(self.IMAGE, threshold=1)
        merged = tree.merge(threshold=20)
        np.testing.assert_array_equal(merged.labels, np.select([self.IMAGE == 100, self.IMAGE == 200], [1, 3], 2))
        assert merged.n_regions == 3
        assert len(merged.tree) == tree.n_leaves - 3
        np.testing.assert_array_equal(tree.merge(n_regions=3).labels, merged.labels)

    def test_means_are_weighted_by_area(self):
        image = np.array([[0, 0, 6, 10]], dtype=np.uint8)  # leaves 0 0, 6, 10; then 0 0 at 0 and 6 10 at 8
        merged = clast.quadtree(image, threshold=1).merge(n_regions=1)
        np.testing.assert_array_equal(merged.tree, [[1, 2, 4, 2], [0, 3, 8, 4]])
        image = np.array([[0, 0, 4, 9]], dtype=np.uint8)  # 0 0 and 4 have the mean 4 / 3, not 2
        merged = clast.quadtree(image, threshold=1).merge(n_regions=1)
        np.testing.assert_allclose(merged.tree, [[0, 1, 4, 3], [2, 3, 9 - 4 / 3, 4]])
        assert clast.quadtree(image, threshold=1).merge(threshold=7).n_regions == 2

    def test_pixels_that_do_not_count_are_no_region(self):
        image = np.stack([self.IMAGE, 255 - self.IMAGE], axis=-1).astype(np.float32)
        image[3, 4, 1] = np.nan
        image[9:13, 9:15] = np.inf
        tree = clast.quadtree(image, threshold=1, channel_axis=-1)
        expected = np.where(np.isfinite(image).all(axis=-1), np.where(self.IMAGE == 100, 1, 2), 0)
        np.testing.assert_array_equal(tree.merge(threshold=20).labels, expected)
        np.testing.assert_array_equal(tree.cluster(clast.KMeans(2, random_state=0)) == 0, expected == 0)

    def test_clusters_of_leaves(self):
        rough = np.indices((16, 16)).sum(axis=0) % 2 * 40  # of the same mean as the flat half beside it
        image = np.hstack([np.full((16, 16), 20), rough, np.full((16, 16), 90)]).astype(np.uint8)
        tree = clast.quadtree(image, threshold=0, min_size=4)
        for features, groups in [(("mean",), [1, 1, 2]), (("mean", "std"), [1, 2, 3])]:
            expected = np.tile(np.repeat(groups, 16), (16, 1))
            for model in [clast.KMeans(max(groups), random_state=0), AgglomerativeClustering(max(groups))]:
                classes = tree.cluster(model, features=features)
                np.testing.assert_array_equal(clast.match_labels(classes, expected), expected)

    def test_a_leaf_weighs_as_much_as_its_pixels(self):
        image = np.full((8, 8), 10, dtype=np.uint8)
        image[0, 0] = 100
        model = clast.KMeans(1)
        clast.quadtree(image, threshold=0).cluster(model)
        np.testing.assert_allclose(model.cluster_centers_, [[image.mean()]])

    def test_nothing_to_merge_by(self):
        with pytest.raises(ValueError, match="give 'threshold' or 'n_regions'"):
            clast.quadtree(MATLAB, threshold=5).merge()
        with pytest.raises(ValueError, match="'features' is"):
            clast.quadtree(MATLAB, threshold=5).cluster(clast.KMeans(2), features=("colour",))


class TestInput:
    def test_memory_layouts_and_dtypes_agree(self):
        image = np.random.default_rng(0).integers(0, 120, (37, 41, 3))
        expected = leaves_of(clast.quadtree(image.astype(np.uint8), threshold=60, channel_axis=-1))
        for dtype in ["int8", "uint16", ">u2", "int64", "float16", "float32", ">f8"]:
            assert leaves_of(clast.quadtree(image.astype(dtype), threshold=60, channel_axis=-1)) == expected
        planes = np.moveaxis(image, -1, 0).astype(np.uint8).copy()
        assert leaves_of(clast.quadtree(planes, threshold=60, channel_axis=0)) == expected
        strided = np.repeat(image.astype(np.uint8), 2, axis=1)[:, ::2]
        assert leaves_of(clast.quadtree(strided, threshold=60, channel_axis=-1)) == expected

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"threshold": -1}, "'threshold' is -1, but must be at least 0"),
            ({"threshold": np.nan}, "'threshold' is nan, but must be at least 0"),
            ({"threshold": "much"}, "'threshold' is 'much', but a number is needed"),
            ({"threshold": [1, 2]}, r"'threshold' is \[1, 2\], but one number is needed$"),
            ({"min_size": 3}, "'min_size' is 3, but must be a power of two, such as 4"),
            ({"min_size": 0}, "'min_size' is 0, but must be a power of two, such as 1"),
            ({"max_size": 48}, "'max_size' is 48, but must be a power of two, such as 64"),
            ({"min_size": 4, "max_size": 2}, "'max_size' is 2, but 'min_size' is 4, which is larger"),
            ({"criterion": "mean"}, "'criterion' is 'mean', but 'range', 'std', 'variance', 'entropy' or a callable"),
            ({"criterion": lambda blocks: 1.0}, "'criterion' returned shape"),
            ({"mask": np.ones((2, 2))}, r"the mask has shape \(2, 2\), but the image has shape \(8, 8\)"),
            ({"mask": np.zeros((8, 8))}, "the mask is empty"),
            ({"channel_axis": 5}, "'channel_axis' is 5, but 'image' has 2 axes"),
        ],
    )
    def test_bad_arguments(self, arguments, message):
        with pytest.raises(ValueError, match=message) as caught:
            clast.quadtree(MATLAB, **{"threshold": 1, **arguments})
        assert "\n" not in str(caught.value)

    def test_bad_images(self):
        with pytest.raises(ValueError, match="no pixel of the image is finite"):
            clast.quadtree(np.full((4, 4), np.nan), threshold=1)
        with pytest.raises(ValueError, match="only real numbers"):
            clast.quadtree(np.zeros((4, 4), dtype=complex), threshold=1)
        with pytest.raises(TypeError, match="integer"):
            clast.quadtree(MATLAB, threshold=1, min_size=2.0)
        with pytest.raises(ValueError, match="'size' is 3, but the pyramid has blocks of size 2, 4, 8"):
            clast.quadtree(MATLAB, threshold=1).values(3)

    def test_a_colour_image_without_channel_axis(self):
        with pytest.warns(UserWarning, match="pass channel_axis=-1"):
            clast.quadtree(np.zeros((8, 8, 3), dtype=np.uint8), threshold=1)


CODE = """
import hashlib, json
import numpy as np, clast
rng = np.random.default_rng(0)
results = {}
for shape, axis in [((333, 270), None), ((150, 133, 2), -1), ((37, 60, 70), None)]:
    base = rng.integers(0, 200, shape) * (rng.random(shape) < 0.1) + rng.random(shape)
    for dtype in ["uint8", "int16", "float32", "float64"]:
        for criterion, threshold in [("range", 60), ("std", 17.3)]:
            for mask in [None, rng.random(shape[:2] if axis else shape) < 0.9]:
                tree = clast.quadtree(base.astype(dtype), threshold=threshold, criterion=criterion, min_size=2,
                                      mask=mask, channel_axis=axis)
                digest = hashlib.sha256()
                for array in (tree.labels, *tree.pyramid, *(tree.leaves[name] for name in tree.leaves)):
                    digest.update(np.ascontiguousarray(array).tobytes())
                results[f"{shape} {dtype} {criterion} {mask is None}"] = digest.hexdigest()
print(json.dumps(results))
"""


def test_threads_and_levels_change_nothing(run_python):
    first = json.loads(run_python(CODE, CLAST_NUM_THREADS="1"))
    assert len(set(first.values())) == len(first)
    levels = ["neon"] if clast._core.simd_level() == "neon" else ["avx2", "avx512"]
    for environment in [{"CLAST_NUM_THREADS": "3"}, *({"CLAST_SIMD": level} for level in levels)]:
        assert json.loads(run_python(CODE, **environment)) == first


def test_leaves_are_a_frame_of_plain_columns():
    leaves = clast.quadtree(MATLAB, threshold=5).leaves
    assert isinstance(leaves, pd.DataFrame)
    assert list(leaves) == ["y", "x", "size", "level", "label", "count", "mean_intensity", "std_intensity",
                            "min_intensity", "max_intensity"]  # fmt: skip
    assert leaves["min_intensity"].dtype == np.uint8
