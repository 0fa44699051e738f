"""Hysteresis against scikit-image, and against growing one pixel at a time."""

import itertools

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_array_equal
from skimage.filters import apply_hysteresis_threshold
from skimage.morphology import remove_small_objects

from clast import hysteresis

RNG = np.random.default_rng(0)
SMOOTH = skimage.data.coins()


def grown(image, levels, mask, min_size, connectivity):
    """The definition: grow each piece above a level from a pixel, look whether it holds one above the next level."""
    steps = [
        step for step in itertools.product((-1, 0, 1), repeat=image.ndim) if 0 < sum(map(abs, step)) <= connectivity
    ]
    classes = np.zeros(image.shape, dtype=int)
    for low, high in itertools.pairwise(levels):
        above = {index for index in np.ndindex(image.shape) if mask[index] and image[index] > low}
        while above:
            piece, front = set(), [above.pop()]
            while front:
                index = front.pop()
                piece.add(index)
                near = {tuple(np.add(index, step)) for step in steps} & above
                above -= near
                front.extend(near)
            if len(piece) >= min_size and any(image[index] > high for index in piece):
                for index in piece:
                    classes[index] += 1
    return classes


@given(
    image=arrays(np.uint8, array_shapes(max_dims=3, max_side=5), elements=st.integers(0, 9)),
    levels=st.lists(st.floats(-1, 10), min_size=2, max_size=5).map(sorted),
    min_size=st.integers(0, 6),
    data=st.data(),
)
def test_is_what_is_defined(image, levels, min_size, data):
    connectivity = data.draw(st.integers(1, image.ndim))
    mask = data.draw(arrays(bool, image.shape))
    found = hysteresis(image, levels, mask=mask, min_size=min_size, connectivity=connectivity)
    assert found.dtype == np.uint8
    assert_array_equal(found, grown(image, levels, mask, min_size, connectivity))


class TestAgreesWithSkimage:
    @pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float16", "float32", "float64"])
    @pytest.mark.parametrize("levels", [(70, 140), (70.5, 70.5), (-3, 300), (100, np.inf), (-np.inf, 200)])
    def test_with_two_levels(self, dtype, levels):
        for image in (SMOOTH, RNG.integers(0, 200, (20, 30, 10))):
            assert_array_equal(
                hysteresis(image.astype(dtype), levels), apply_hysteresis_threshold(image.astype(dtype), *levels)
            )

    def test_more_levels_are_pairs_of_levels(self):
        levels = [60, 90, 120, 170]
        pairs = [apply_hysteresis_threshold(SMOOTH, low, high) for low, high in itertools.pairwise(levels)]
        assert_array_equal(hysteresis(SMOOTH, levels), np.sum(pairs, axis=0))
        assert set(np.unique(hysteresis(SMOOTH, levels))) == {0, 1, 2, 3}

    @pytest.mark.parametrize("min_size", [0, 1, 2, 50, 2000, 10**6])
    @pytest.mark.filterwarnings("ignore:.*min_size:FutureWarning")
    def test_small_pieces_go(self, min_size):
        pairs = [apply_hysteresis_threshold(SMOOTH, low, high) for low, high in [(80, 120), (120, 180)]]
        kept = [remove_small_objects(pair, min_size) for pair in pairs]
        assert_array_equal(hysteresis(SMOOTH, [80, 120, 180], min_size=min_size), np.sum(kept, axis=0))

    def test_on_real_images(self, data_dir):
        import nibabel

        volume = np.asarray(nibabel.load(data_dir / "mri" / "flair.nii.gz").dataobj)
        levels = [np.float64(600), np.float64(900)]
        assert_array_equal(hysteresis(volume, levels), apply_hysteresis_threshold(volume, *levels))


class TestLevels:
    def test_are_compared_exactly(self):
        # float32 rounds 0.1 up and 0.3 up: pixels of these values are above the levels, and those before are not.
        image = np.array([np.nextafter(np.float32(0.1), np.float32(0)), 0.1, 0.3, 0.1], dtype=np.float32)
        assert_array_equal(hysteresis(image, [0.1, 0.3]), [0, 1, 1, 1])
        exact = [float(value) for value in image[1:3]]
        assert_array_equal(hysteresis(image, exact), [0, 0, 0, 0])

    def test_beyond_the_dtype(self):
        image = np.array([0, 3, 255, 3], dtype=np.uint8)
        assert_array_equal(hysteresis(image, [-1e300, 254.5, 1e300]), [1, 1, 1, 1])
        assert_array_equal(hysteresis(image.astype(np.float32), [-1e300, 254.5, 1e300]), [1, 1, 1, 1])
        assert_array_equal(hysteresis(np.float32([1, np.inf]), [0, 1e300]), [1, 1])

    def test_nan_pixels_are_background(self):
        image = np.array([5, 9, np.nan, 5, 5, np.nan, 5])
        assert_array_equal(hysteresis(image, [4, 8]), [1, 1, 0, 0, 0, 0, 0])

    def test_many(self):
        image = np.arange(300)
        found = hysteresis(image, range(-1, 299))
        assert found.dtype == np.uint16
        assert_array_equal(found, np.append(np.arange(1, 300), 299))


class TestRefuses:
    @pytest.mark.parametrize(
        ("levels", "options", "error", "message"),
        [
            ([3], {}, ValueError, "'levels' has 1 entries, but at least two are needed"),
            ([], {}, ValueError, "'levels' has 0 entries"),
            ([3, 2], {}, ValueError, r"'levels' is \[3.0, 2.0\], but levels must ascend"),
            ([1, np.nan], {}, ValueError, "must ascend and not be NaN"),
            ([1, 2], {"min_size": -1}, ValueError, "'min_size' is -1, but must not be negative"),
            ([1, 2], {"min_size": 1.5}, TypeError, "'min_size' is 1.5, but must be an integer"),
            (3, {}, TypeError, "'levels' is 3, but numbers are needed"),
            ("ab", {}, TypeError, "'levels' is 'ab', but numbers are needed"),
            ([1, 2], {"connectivity": 0}, ValueError, "'connectivity' is 0, but must be from 1 to 2"),
            ([1, 2], {"connectivity": 3}, ValueError, "'connectivity' is 3"),
            ([1, 2], {"mask": np.ones(3, bool)}, ValueError, r"'mask' has shape \(3,\)"),
            ([1, 2], {"mask": np.ones((4, 4))}, TypeError, "'mask' has dtype float64"),
        ],
    )
    def test_in_one_line(self, levels, options, error, message):
        with pytest.raises(error, match=message) as refusal:
            hysteresis(np.zeros((4, 4)), levels, **options)
        assert "\n" not in str(refusal.value)

    def test_what_has_no_order(self):
        with pytest.raises(TypeError, match="'image' has dtype complex128"):
            hysteresis(np.zeros((2, 2), complex), [1, 2])


def test_the_input_stays_as_it_is():
    image = SMOOTH.copy()
    hysteresis(image, [70, 140], mask=image > 20, min_size=20)
    assert_array_equal(image, SMOOTH)
