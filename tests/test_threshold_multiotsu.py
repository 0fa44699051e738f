"""threshold_multiotsu against scikit-image, whose float32 rounding is part of the answer, and beyond what it can do."""

import itertools

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from PIL import Image
from skimage.filters import threshold_multiotsu as skimage_multiotsu

import clast
from clast import kmeans1d, threshold_multiotsu

DTYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64"]


def mixture(seed, size=3000, n_modes=3):
    """Grey values from 0 to 255 around a few modes."""
    rng = np.random.default_rng(seed)
    modes = [rng.normal(rng.uniform(0, 255), rng.uniform(1, 30), size) for _ in range(n_modes)]
    return np.concatenate(modes).clip(0, 255).reshape(n_modes, size)


def assert_same(image, classes, **options):
    expected = skimage_multiotsu(image, classes, **options)
    found = threshold_multiotsu(image, classes, **options)
    assert_array_equal(found, expected)
    assert found.dtype == expected.dtype


class TestAgreesWithSkimage:
    # One image in fifty or so has thresholds that only rounding tells apart: many images are needed to meet some.
    @pytest.mark.parametrize("classes", [2, 3, 4])
    def test_on_many_images(self, classes):
        for seed in range(150):
            assert_same(mixture(seed).astype(np.uint8), classes)

    def test_with_five_classes(self):
        for seed in range(3):
            assert_same((mixture(seed) / 4).astype(np.uint8), 5)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_in_every_dtype(self, dtype):
        grey = mixture(1) / 2
        if np.dtype(dtype).kind in "if":
            grey = grey - 60
        for classes in (2, 3):
            assert_same(grey.astype(dtype), classes)

    @pytest.mark.filterwarnings("ignore:Converting input from bool:RuntimeWarning")
    def test_in_bool(self):
        assert_same(mixture(1) > 80, 2)

    @pytest.mark.parametrize("nbins", [3, 16, 255, 1000])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_for_any_number_of_bins(self, nbins, dtype):
        for seed in range(5):
            assert_same(mixture(seed).astype(dtype) * 1e-3 - 7, 3, nbins=nbins)

    @given(
        st.lists(st.integers(0, 60), min_size=6, max_size=14),
        st.integers(2, 4),
        st.sampled_from([1, 10**5, 10**9]),
        st.booleans(),
    )
    def test_on_any_histogram(self, counts, classes, heavy, with_centers):
        # Beside heavy bins, rounding swallows what the others add.
        counts = np.array([heavy, *counts, heavy])
        if np.count_nonzero(counts) < classes:
            return
        hist = (counts, np.linspace(-1, 1, len(counts)) ** 3) if with_centers else counts
        assert_array_equal(
            threshold_multiotsu(classes=classes, hist=hist), skimage_multiotsu(classes=classes, hist=hist)
        )

    def test_on_a_histogram_with_empty_ends(self):
        counts = np.array([0, 0, 5, 1, 0, 7, 3, 9, 0])
        for hist in (counts, (counts, np.arange(9) / 2)):
            assert_array_equal(threshold_multiotsu(hist=hist), skimage_multiotsu(hist=hist))

    @pytest.mark.parametrize("values", [[3, 9, 200], [0, 1, 255], [7, 8, 9]])
    def test_with_as_many_values_as_classes(self, values):
        assert_same(np.array([values] * 4, dtype=np.uint8), 3)

    @pytest.mark.parametrize("order", ["C", "F", "strided", "big-endian", "read-only"])
    def test_in_any_layout(self, order):
        image = mixture(3).astype(np.uint16)
        laid_out = {
            "C": image,
            "F": np.asfortranarray(image),
            "strided": np.repeat(image, 2, axis=1)[:, ::2],
            "big-endian": image.astype(">u2"),
            "read-only": np.broadcast_to(image, (2, *image.shape)),
        }[order]
        assert_same(laid_out, 4)

    def test_on_a_photo(self, china):
        for channel in china.T:
            for classes in (2, 3, 4):
                assert_same(channel.reshape(-1, 640), classes)
                assert_same(channel.reshape(-1, 640).astype(np.float32) / 255, classes)

    @pytest.mark.parametrize("classes", [2, 3, 4])
    def test_on_real_images(self, data_dir, classes):
        pictures = sorted([*data_dir.glob("qbi/*.png"), *data_dir.glob("bsds/**/*.jpg")])
        tiles = sorted(data_dir.glob("crystals/**/*.tif"))
        assert pictures
        assert tiles
        for path in pictures:
            grey = np.asarray(Image.open(path).convert("L"))
            if len(np.unique(grey)) >= classes:
                assert_same(grey, classes)
        for path in tiles:
            assert_same(tifffile.imread(path).astype(np.float32), classes)


def between_classes(levels, counts, last_levels):
    """Otsu's criterion in float64: the variance that the class means explain."""
    which = np.searchsorted(last_levels, levels)
    weights = np.bincount(which, counts)
    means = np.bincount(which, counts * levels) / weights
    return (weights * (means - np.average(levels, weights=counts)) ** 2).sum() / counts.sum()


class TestBeyondSkimage:
    def test_sixteen_bits_are_at_least_as_good(self):
        image = (mixture(5) * 250).astype(np.uint16)
        levels, counts = np.unique(image.astype(np.float64), return_counts=True)
        found = between_classes(levels, counts, threshold_multiotsu(image, 2))
        for threshold in levels[:-1]:
            assert between_classes(levels, counts, [threshold]) <= found * (1 + 1e-14)

    def test_few_levels_far_apart(self):
        levels = np.array([-(10**12), -7, 0, 5, 10**6, 10**6 + 9, 10**12])
        image = np.repeat(levels, [3, 1, 4, 1, 5, 9, 2])
        best = max(
            itertools.combinations(levels[:-1], 3),
            key=lambda cut: between_classes(levels.astype(float), np.array([3, 1, 4, 1, 5, 9, 2]), cut),
        )
        assert_array_equal(threshold_multiotsu(image, 4), best)

    @pytest.mark.parametrize("classes", [6, 8, 12])
    def test_many_classes_are_as_good_as_the_best_clusters(self, classes):
        image = mixture(8, n_modes=5).clip(5, 255).astype(np.uint8)
        image[0, 0] = 0  # the lowest bin counts with the level of the next one: here it is a single pixel
        levels, counts = np.unique(image.astype(np.float64), return_counts=True)
        best = between_classes(levels, counts, kmeans1d(image, classes).thresholds)
        thresholds = threshold_multiotsu(image, classes)
        assert thresholds.shape == (classes - 1,)
        np.testing.assert_allclose(between_classes(levels, counts, thresholds), best, rtol=1e-6)

    def test_threads_make_no_difference(self):
        image = mixture(9, size=300_000)
        with clast.threads(1):
            expected = [
                threshold_multiotsu(x, 5) for x in (image, image.astype(np.uint8), (image * 250).astype(np.int16))
            ]
        with clast.threads(4):
            found = [threshold_multiotsu(x, 5) for x in (image, image.astype(np.uint8), (image * 250).astype(np.int16))]
        for a, b in zip(found, expected, strict=True):
            assert_array_equal(a, b)


class TestMask:
    @pytest.mark.parametrize("dtype", ["uint8", "float32", "int32"])
    def test_only_what_is_inside_counts(self, dtype):
        image = mixture(4).astype(dtype)
        mask = np.random.default_rng(0).random(image.shape) < 0.3
        expected = skimage_multiotsu(image[mask][:, None], 3)
        assert_array_equal(threshold_multiotsu(image, 3, mask=mask), expected)

    def test_outside_need_not_be_finite(self):
        image = mixture(4)
        broken = image.copy()
        broken[:, ::3] = np.nan
        inside = np.isfinite(broken)
        expected = skimage_multiotsu(image[inside][:, None])
        assert_array_equal(threshold_multiotsu(broken, mask=inside), expected)
        assert_array_equal(threshold_multiotsu(broken), expected)


GREY = mixture(0).astype(np.uint8)


class TestRefuses:
    @pytest.mark.parametrize(
        ("image", "options", "error", "message"),
        [
            (GREY, {"classes": 1}, ValueError, "'classes' is 1, but must be at least 2"),
            (GREY, {"classes": 2.5}, TypeError, "float"),
            (GREY, {"nbins": 0}, ValueError, "'nbins' is 0, but must be at least 1"),
            (np.full((4, 4), 7, np.uint8), {}, ValueError, "only 1 grey values"),
            (np.full((4, 4), 7.0), {"classes": 2}, ValueError, "only 1 grey values"),
            (np.arange(4.0), {"nbins": 2}, ValueError, "only 2 grey values .* more bins"),
            (np.zeros((0, 3)), {}, ValueError, "no pixels"),
            (GREY, {"mask": np.zeros(GREY.shape, bool)}, ValueError, "no pixels"),
            (GREY, {"mask": np.ones((2, 2), bool)}, ValueError, r"'mask' has shape \(2, 2\)"),
            (GREY, {"mask": GREY}, TypeError, "'mask' has dtype uint8, but bool is needed"),
            (np.array([1, 2, -np.inf, 4]), {}, ValueError, "NaN or infinity.*mask=np.isfinite"),
            (np.array([1j, 2, 3]), {}, TypeError, "dtype complex128"),
            (np.array(["a", "b"]), {}, TypeError, "dtype <U1"),
            (np.array([1, 2**63 + 5, 7], np.uint64), {}, ValueError, "at most 2"),
            (None, {}, ValueError, "either 'image' or 'hist'"),
            (None, {"hist": np.zeros(9)}, ValueError, "no counts above 0"),
            (None, {"hist": np.array([1, -1, 5, 5])}, ValueError, "negative or not finite"),
            (None, {"hist": np.array([1, np.nan, 5, 5])}, ValueError, "negative or not finite"),
            (None, {"hist": (np.ones(4), np.ones(3))}, ValueError, r"shape \(4,\) and \(3,\)"),
            (None, {"hist": np.ones((4, 4))}, ValueError, r"shape \(4, 4\)"),
            (None, {"hist": [1, 2, 3, 4]}, ValueError, "a sequence of 4"),
        ],
    )
    def test_in_one_line(self, image, options, error, message):
        with pytest.raises(error, match=message) as refusal:
            threshold_multiotsu(image, **options)
        assert "\n" not in str(refusal.value)

    def test_warns_of_colour(self):
        with pytest.warns(UserWarning, match="looks like a colour image"):
            threshold_multiotsu(np.stack([GREY] * 3, axis=-1))


def test_the_input_stays_as_it_is():
    image = mixture(2)
    before = image.copy()
    threshold_multiotsu(image, mask=image > 20)
    assert_array_equal(image, before)


def test_needs_no_scikit_learn(run_python):
    code = "import sys, clast; clast.threshold_multiotsu([[1, 2], [3, 9]], 2); print('sklearn' in sys.modules)"
    assert run_python(code).strip() == "False"
