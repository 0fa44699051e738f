"""Thresholds between two classes against scikit-image, whose rounding is part of the answer, and plain loops."""

import warnings

import numpy as np
import pytest
import skimage.data
import skimage.filters
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

import clast

ON_HISTOGRAMS = ["otsu", "yen", "isodata", "triangle", "minimum"]
WITH_HIST = ["otsu", "yen", "isodata", "minimum"]
INTEGERS = ["uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
FLOATS = ["float16", "float32", "float64"]
ALL = [*ON_HISTOGRAMS, "intermodes", "li", "mean"]


def ours(name):
    return getattr(clast, f"threshold_{name}")


def theirs(name, *args, **options):
    """What scikit-image finds, or the kind of its error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return getattr(skimage.filters, f"threshold_{name}")(*args, **options)
        except (RuntimeError, IndexError) as error:
            return type(error)


def assert_same(name, *args, expected=None, **options):
    expected = theirs(name, *args, **options) if expected is None else expected
    if isinstance(expected, type):
        with pytest.raises(RuntimeError):
            ours(name)(*args, **options)
        return
    found = ours(name)(*args, **options)
    assert_array_equal(found, expected)
    assert found.dtype == np.asarray(expected).dtype


def mixture(seed, size=3000, n_modes=2):
    """Grey values from 0 to 255 around a few modes."""
    rng = np.random.default_rng(seed)
    modes = [rng.normal(rng.uniform(0, 255), rng.uniform(1, 30), size) for _ in range(n_modes)]
    return np.concatenate(modes).clip(0, 255).reshape(n_modes, size)


def close(found, expected, image):
    """Equal but for the rounding of sums in the image's dtype."""
    scale = float(np.ptp(image.astype(np.float64)))
    assert_allclose(float(found), float(expected), rtol=0, atol=64 * np.finfo(image.dtype).eps * scale)
    assert np.asarray(found).dtype == np.asarray(expected).dtype


class TestAgreesWithSkimage:
    @pytest.mark.parametrize("name", ON_HISTOGRAMS)
    def test_on_many_images(self, name):
        for seed in range(100):
            assert_same(name, mixture(seed, n_modes=1 + seed % 3).astype(np.uint8))

    @pytest.mark.parametrize("name", ON_HISTOGRAMS)
    @pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS])
    def test_in_every_dtype(self, name, dtype):
        grey = mixture(1) / 2
        if np.dtype(dtype).kind in "if":
            grey = grey - 60
        assert_same(name, grey.astype(dtype))

    @pytest.mark.parametrize("name", [name for name in ON_HISTOGRAMS if name != "minimum"])
    def test_in_bool(self, name):
        assert_same(name, mixture(1) > 80)

    @pytest.mark.parametrize("name", ON_HISTOGRAMS)
    def test_on_sixteen_bits(self, name):
        # Smoothing thousands of bins takes scikit-image minutes.
        image = (mixture(5, size=100_000) * (2 if name == "minimum" else 250)).astype(np.uint16)
        assert_same(name, image)
        assert_same(name, image.astype(np.int32) * 3 - 4000)

    @pytest.mark.parametrize("name", ON_HISTOGRAMS)
    @pytest.mark.parametrize("nbins", [2, 3, 16, 255, 1000])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_for_any_number_of_bins(self, name, nbins, dtype):
        for seed in range(5):
            assert_same(name, mixture(seed).astype(dtype) * 1e-3 - 7, nbins=nbins)

    @pytest.mark.parametrize("name", ["otsu", "yen", "isodata", "triangle", "minimum", "li", "mean"])
    def test_on_volumes(self, name):
        volume = mixture(4, size=4000).reshape(10, 20, 40).astype(np.uint8)
        assert_same(name, volume)

    def test_all_of_isodata(self):
        for seed in range(50):
            assert_same("isodata", mixture(seed, n_modes=3).astype(np.uint8), return_all=True)
            assert_same("isodata", mixture(seed, n_modes=3), return_all=True)

    @pytest.mark.parametrize("name", WITH_HIST)
    @given(
        counts=st.lists(st.integers(0, 60), min_size=1, max_size=14),
        heavy=st.sampled_from([1, 10**5, 10**9]),
        form=st.sampled_from(["counts", "float counts", "centers", "float centers"]),
        ends=st.integers(0, 2),
    )
    def test_on_any_histogram(self, name, counts, heavy, form, ends):
        # Beside heavy bins, rounding swallows what the others add; empty ends are cut off.
        counts = np.pad([heavy, *counts, heavy], ends)
        hist = {
            "counts": counts,
            "float counts": counts / counts.sum(),
            "centers": (counts, 5 + 3 * np.arange(len(counts))),
            "float centers": (counts, np.linspace(-1, 1, len(counts), dtype=np.float32)),
        }[form]
        assert_same(name, hist=hist)

    @given(st.lists(st.integers(0, 60), min_size=1, max_size=30))
    def test_triangle_on_any_histogram(self, counts):
        image = np.repeat(np.arange(len(counts) + 2), [1, *counts, 1])
        assert_same("triangle", image)
        hist = np.array([1, *counts, 1])
        assert clast.threshold_triangle(hist=hist) == clast.threshold_triangle(image)

    @pytest.mark.parametrize("name", ["otsu", "yen", "isodata", "triangle", "minimum", "li", "mean"])
    @pytest.mark.parametrize("source", ["camera", "coins", "text", "page", "moon", "clock"])
    def test_on_images_of_skimage(self, name, source):
        image = getattr(skimage.data, source)()
        assert_same(name, image)
        if name == "li":
            as_float = image / np.float32(255)
            close(clast.threshold_li(as_float), theirs("li", as_float), as_float)
        else:
            assert_same(name, image / np.float32(255))

    @pytest.mark.parametrize("name", ["otsu", "yen", "isodata", "triangle", "li", "mean"])
    def test_on_real_images(self, data_dir, name):
        pictures = sorted(data_dir.glob("qbi/*.png"))
        tiles = sorted([*data_dir.glob("crystals/**/*.tif"), *data_dir.glob("qbi/*.tiff")])
        assert pictures
        assert tiles
        for path in pictures:
            assert_same(name, np.asarray(Image.open(path).convert("L")))
        for path in tiles:
            assert_same(name, tifffile.imread(path))

    def test_minimum_on_real_images(self, data_dir):
        # Of eight bits: scikit-image takes minutes for the others.
        for path in sorted(data_dir.glob("qbi/*.png")):
            assert_same("minimum", np.asarray(Image.open(path).convert("L")))


class TestLi:
    @pytest.mark.parametrize("dtype", INTEGERS)
    def test_integers_are_equal(self, dtype):
        for seed in range(20):
            assert_same("li", (mixture(seed, n_modes=3) / 2).astype(dtype))

    @pytest.mark.parametrize("dtype", FLOATS)
    def test_floats_agree(self, dtype):
        for seed in range(20):
            image = (mixture(seed, n_modes=3) / 7 - 9).astype(dtype)
            # Of float16 scikit-image makes an endless loop.
            expected = theirs("li", image if dtype != "float16" else image.astype(np.float64))
            close(clast.threshold_li(image), np.asarray(expected, dtype), image)

    @given(arrays(np.float64, array_shapes(max_dims=2), elements=st.floats(-1e6, 1e6, width=32)))
    def test_any_floats(self, image):
        found = clast.threshold_li(image)
        assert image.min() <= found <= image.max()
        close(found, theirs("li", image), image)

    def test_signed_integers_do_not_wrap_round(self):
        image = (mixture(2) * 250 - 32000).astype(np.int16)
        assert clast.threshold_li(image) == theirs("li", image.astype(np.int64))

    def test_counts_that_float32_rounds(self):
        image = np.repeat(np.array([0, 10, 200], np.uint8), [2**24 + 1, 1000, 50_000])
        assert_same("li", image)

    @pytest.mark.parametrize("guess", [20, 90.5, 200, np.mean, lambda pixels: np.quantile(pixels, 0.95)])
    @pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float64])
    def test_guesses_and_every_step(self, guess, dtype):
        image = (mixture(3, n_modes=4) + 1).astype(dtype)
        found, expected = [], []
        threshold = clast.threshold_li(image, initial_guess=guess, iter_callback=found.append)
        skimage.filters.threshold_li(image, initial_guess=guess, iter_callback=expected.append)
        assert_allclose(found, expected, rtol=1e-12)
        assert found[-1] == threshold

    @pytest.mark.parametrize("tolerance", [0, 1e-9, 0.01, 3, 50])
    def test_tolerance(self, tolerance):
        for image in (mixture(6, n_modes=3).astype(np.uint8), mixture(6, n_modes=3)):
            found = clast.threshold_li(image, tolerance=tolerance)
            assert_allclose(found, theirs("li", image, tolerance=tolerance), rtol=1e-12)

    def test_infinities_are_left_out(self):
        image = mixture(7)
        broken = image.copy()
        broken[0, :50], broken[1, :50], broken[1, 50:70] = np.inf, -np.inf, np.nan
        assert_allclose(clast.threshold_li(broken), theirs("li", broken), rtol=1e-12)

    def test_ends_when_only_rounding_is_left(self):
        image = 1 + np.random.default_rng(0).integers(0, 50, 1000) * np.finfo(np.float64).eps
        found = clast.threshold_li(image)
        assert image.min() <= found <= image.max()

    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"tolerance": -1}, ValueError, "'tolerance' is -1, but must not be negative"),
            ({"tolerance": np.nan}, ValueError, "'tolerance' is nan"),
            ({"initial_guess": 300}, ValueError, "'initial_guess' is 300, but must lie between"),
            ({"initial_guess": "mean"}, TypeError, "'initial_guess' is 'mean', but a number or a function"),
            ({"initial_guess": [3]}, TypeError, "but a number or a function"),
            ({"initial_guess": np.max}, ValueError, "'initial_guess' returned"),
            ({"initial_guess": lambda pixels: -1}, ValueError, "'initial_guess' returned -1"),
        ],
    )
    def test_refuses(self, options, error, message):
        with pytest.raises(error, match=message) as refusal:
            clast.threshold_li(mixture(0).astype(np.uint8), **options)
        assert "\n" not in str(refusal.value)


def two_maxima_by_loops(counts):
    """Smooth a histogram by means of three until it has at most two maxima, one bin at a time."""
    smooth = [np.float64(count) for count in counts]
    for _ in range(10_000):
        padded = [smooth[0], *smooth, smooth[-1]]
        smooth = [sum(padded[bin : bin + 3]) / 3 for bin in range(len(smooth))]
        maxima, rising = [], True
        for bin in range(len(smooth) - 1):
            if rising and smooth[bin + 1] < smooth[bin]:
                maxima.append(bin)
                rising = False
            elif smooth[bin + 1] > smooth[bin]:
                rising = True
        if len(maxima) < 3:
            return maxima
    return None


class TestIntermodes:
    def test_middle_of_both_modes(self):
        n_compared = 0
        for seed in range(40):
            image = mixture(seed).astype(np.uint8)
            counts = np.bincount(image.ravel())
            low = np.flatnonzero(counts)[0]
            maxima = two_maxima_by_loops(counts[low:])
            if len(maxima) == 2:
                assert clast.threshold_intermodes(image) == low + sum(maxima) // 2
                n_compared += 1
            else:
                with pytest.raises(RuntimeError, match="one maximum only"):
                    clast.threshold_intermodes(image)
        assert n_compared > 20

    def test_by_hand(self):
        # Smoothed once, 4 13 10 2 2 8 13 14 8 8 4 thirds: the maxima are at 1 and 7.
        counts = [2, 0, 11, 0, 0, 1, 7, 5, 1, 1, 1]
        assert clast.threshold_intermodes(hist=np.array(counts)) == 4
        assert clast.threshold_intermodes(hist=(counts, np.arange(11) / 4)) == 1

    @pytest.mark.parametrize("name", ["minimum", "intermodes"])
    def test_gives_up_in_words(self, name):
        image = mixture(3).astype(np.uint8)
        with pytest.raises(RuntimeError, match=r"still has \d+ maxima after 'max_num_iter' = 2 times"):
            ours(name)(image, max_num_iter=2)
        with pytest.raises(ValueError, match="'max_num_iter' is 0, but must be at least 1"):
            ours(name)(image, max_num_iter=0)

    def test_gives_up_where_skimage_does(self):
        image = mixture(3).astype(np.uint8)
        for max_num_iter in range(1, 60):
            assert_same("minimum", image, max_num_iter=max_num_iter)


class TestMaskAndNaN:
    @pytest.mark.parametrize("name", ["otsu", "yen", "isodata", "triangle", "minimum", "li", "mean"])
    @pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64"])
    def test_only_what_is_inside_counts(self, name, dtype):
        image = np.vstack([mixture(4), mixture(11) / 2]).astype(dtype)
        inside = np.random.default_rng(0).random(image.shape) < 0.3
        inside[2:] = False
        found, expected = ours(name)(image, mask=inside), theirs(name, image[inside])
        assert expected != theirs(name, image)
        if name == "li" and dtype == "float32":
            close(found, expected, image)
        else:
            assert_allclose(found, expected, rtol=1e-13)

    @pytest.mark.parametrize("name", ALL)
    def test_nan_does_not_count(self, name):
        image = mixture(4)
        broken = image.copy()
        broken[:, ::3] = np.nan
        inside = np.isfinite(broken)
        expected = ours(name)(image, mask=inside)
        assert np.isfinite(expected)
        assert ours(name)(broken) == expected
        assert ours(name)(broken, mask=np.ones(image.shape, bool)) == expected
        if name != "intermodes":
            assert_allclose(expected, theirs(name, image[inside]), rtol=1e-13)

    @pytest.mark.parametrize("name", ALL)
    def test_the_input_stays_as_it_is(self, name):
        for image in (mixture(2), mixture(2).astype(np.uint8)):
            before = image.copy()
            image.flags.writeable = False
            ours(name)(image, mask=image > 20)
            assert_array_equal(image, before)


class TestLayouts:
    @pytest.mark.parametrize("name", ALL)
    @pytest.mark.parametrize("dtype", ["uint16", "float32"])
    def test_in_any_layout(self, name, dtype):
        image = mixture(3).astype(dtype)
        expected = ours(name)(image)
        swapped = image.astype(image.dtype.newbyteorder())
        for laid_out in (np.asfortranarray(image), np.repeat(image, 2, axis=1)[:, ::2], swapped, image.tolist()):
            assert_allclose(ours(name)(laid_out), expected, rtol=1e-6 if isinstance(laid_out, list) else 0)

    @pytest.mark.parametrize("name", ALL)
    def test_threads_make_no_difference(self, name):
        for image in (mixture(9, size=200_000).astype(np.uint8), mixture(9, size=200_000)):
            with clast.threads(1):
                expected = ours(name)(image)
            with clast.threads(4):
                assert ours(name)(image) == expected


class TestOneValue:
    @pytest.mark.parametrize("name", ["otsu", "yen", "isodata", "triangle", "li", "mean"])
    @pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "float32", "float64"])
    def test_is_the_threshold(self, name, dtype):
        image = np.full((4, 5), 1, dtype=dtype)
        assert ours(name)(image) == 1
        assert not (image > ours(name)(image)).any()

    def test_is_all_of_isodata(self):
        assert_array_equal(clast.threshold_isodata(np.full((4, 5), 7.5), return_all=True), [7.5])
        assert_array_equal(clast.threshold_isodata(np.full((4, 5), 7), return_all=True), [7])

    @pytest.mark.parametrize("name", ["minimum", "intermodes"])
    def test_has_no_two_modes(self, name):
        for image in (np.full((4, 5), 7, np.uint8), np.full((4, 5), 7.0)):
            with pytest.raises(RuntimeError, match="one maximum only, but two are needed"):
                ours(name)(image)


GREY = mixture(0).astype(np.uint8)


class TestRefuses:
    @pytest.mark.parametrize("name", ALL)
    @pytest.mark.parametrize(
        ("image", "mask", "error", "message"),
        [
            (np.zeros((0, 3)), None, ValueError, "no pixels to count"),
            (np.full((2, 2), np.nan), None, ValueError, "no pixels to count"),
            (GREY, np.zeros(GREY.shape, bool), ValueError, "no pixels to count"),
            (GREY, np.ones((2, 2), bool), ValueError, r"'mask' has shape \(2, 2\)"),
            (GREY, GREY, TypeError, "'mask' has dtype uint8, but bool is needed"),
            (np.array([1j, 2, 3]), None, TypeError, "dtype complex128"),
            (np.array(["a", "b"]), None, TypeError, "dtype <U1"),
        ],
    )
    def test_in_one_line(self, name, image, mask, error, message):
        with pytest.raises(error, match=message) as refusal:
            ours(name)(image, mask=mask)
        assert "\n" not in str(refusal.value)

    @pytest.mark.parametrize("name", [*ON_HISTOGRAMS, "intermodes"])
    @pytest.mark.parametrize(
        ("image", "options", "error", "message"),
        [
            (GREY, {"nbins": 0}, ValueError, "'nbins' is 0, but must be at least 1"),
            (GREY, {"nbins": 2.5}, TypeError, "float"),
            (np.array([1, 2, np.inf]), {}, ValueError, "infinity.*mask=np.isfinite"),
            (np.float32([1e8, 1e8 + 8]), {}, ValueError, "float32 values from .*too close together for 256 bins"),
            (np.array([0, 2**24]), {}, ValueError, "from 0 to 16777216, more than 16777216 bins: divide them"),
            (None, {}, ValueError, "either 'image' or 'hist'"),
            (None, {"hist": np.zeros(9)}, ValueError, "no counts above 0"),
            (None, {"hist": np.array([1, -1, 5])}, ValueError, "negative or not finite"),
            (None, {"hist": (np.ones(4), np.ones(3))}, ValueError, r"shape \(4,\) and \(3,\)"),
            (None, {"hist": (np.ones(3), np.array([1, 3, 2]))}, ValueError, "do not ascend"),
        ],
    )
    def test_bins_and_histograms(self, name, image, options, error, message):
        with pytest.raises(error, match=message) as refusal:
            ours(name)(image, **options)
        assert "\n" not in str(refusal.value)

    def test_isodata_of_uneven_bins(self):
        hist = (np.array([5, 1, 5]), np.array([0, 0.1, 10]))
        assert theirs("isodata", hist=hist) is IndexError
        with pytest.raises(RuntimeError, match=r"no grey value is half way .* the bins are uneven"):
            clast.threshold_isodata(hist=hist)
        assert clast.threshold_isodata(hist=hist, return_all=True).size == 0

    @pytest.mark.parametrize("name", ALL)
    def test_warns_of_colour_where_it_is_called(self, name):
        with pytest.warns(UserWarning, match="looks like a colour image") as record:
            ours(name)(np.stack([GREY] * 3, axis=-1))
        assert record[0].filename == __file__


def test_needs_no_scikit_learn(run_python):
    calls = "; ".join(f"clast.threshold_{name}([1, 2, 3, 3, 3, 4, 5, 8, 9, 9, 9, 10, 11])" for name in ALL)
    assert run_python(f"import sys, clast; {calls}; print('sklearn' in sys.modules)").strip() == "False"
