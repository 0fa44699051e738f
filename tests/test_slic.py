"""What slic promises beyond scikit-image's labels: whole superpixels, the same bits everywhere, plain errors."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from skimage.measure import label
from skimage.segmentation import slic as skimage_slic

import clast
from clast import slic
from clast.image import ShapeGuessWarning


def n_pieces(labels, value):
    return label(labels == value, connectivity=1, return_num=True)[1]


@st.composite
def images(draw):
    """Noise, flat or not, in 2-D or 3-D, of 1 to 4 channels, with or without a mask."""
    n_axes = draw(st.integers(2, 3))
    shape = tuple(draw(st.integers(1, 16 if n_axes == 3 else 40)) for _ in range(n_axes))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n_channels = draw(st.integers(1, 4))
    image = rng.integers(0, draw(st.sampled_from([1, 2, 5, 256])), size=(*shape, n_channels), dtype=np.uint8)
    mask = rng.random(shape) < draw(st.sampled_from([0.5, 0.7, 0.95])) if draw(st.booleans()) else None
    if mask is not None and not mask.any():
        mask[...] = True
    return image, mask


class TestGuarantee:
    @given(images(), st.integers(2, 60), st.sampled_from([0.01, 0.3, 10]), st.booleans())
    def test_one_label_is_one_piece(self, given_image, n_segments, compactness, slic_zero):
        image, mask = given_image
        labels, info = slic(
            image,
            n_segments,
            compactness,
            mask=mask,
            slic_zero=slic_zero,
            channel_axis=image.ndim - 1,
            return_info=True,
        )
        found = np.unique(labels[labels > 0])
        assert_array_equal(found, np.arange(1, info.n_segments + 1))
        assert all(n_pieces(labels, value) == 1 for value in found)
        assert_array_equal(info.sizes, np.bincount(labels.ravel(), minlength=info.n_segments + 1)[1:])
        if mask is not None:
            assert not labels[~mask].any()

    def test_later_pieces_of_a_shared_label_become_new_labels(self):
        """Two specks at the start, too small to stay, get the number of the first large piece in scikit-image."""
        mask = np.zeros((60, 60), dtype=bool)
        mask[0, 0] = mask[0, 30] = True
        mask[10:, :] = True
        image = np.random.default_rng(0).integers(0, 256, size=(60, 60, 3), dtype=np.uint8)
        options = {"n_segments": 12, "mask": mask, "compactness": 30}
        expected = skimage_slic(image, **options)
        assert n_pieces(expected, 1) > 1
        assert_array_equal(slic(image, repair_labels=False, **options), expected)

        repaired = slic(image, **options)
        assert all(n_pieces(repaired, value) == 1 for value in range(1, repaired.max() + 1))
        is_new = repaired != expected
        assert_array_equal(repaired[~is_new], expected[~is_new])
        assert np.unique(repaired[is_new]).min() == expected.max() + 1
        # The piece that comes first keeps the label.
        assert repaired[0, 0] == expected[0, 0] == 1

    def test_info_counts_clusters_without_pixels(self):
        """Of two seeds on the same grey, one may lose all its pixels; sizes have a 0 for it."""
        image = np.random.default_rng(0).integers(0, 256, size=(40, 40), dtype=np.uint8)
        labels, info = slic(image, 100, 1e-4, enforce_connectivity=False, return_info=True)
        assert len(info.sizes) == 100
        assert info.n_segments == len(np.unique(labels)) < 100
        assert info.sizes.sum() == image.size
        assert info.n_iter == 10


class TestSameEverywhere:
    def test_threads(self):
        rng = np.random.default_rng(0)
        image = rng.integers(0, 256, size=(150, 170, 3), dtype=np.uint8)
        mask = rng.random(image.shape[:2]) < 0.9
        cases = itertools.product([image, image.astype(np.float32)], [None, mask], [False, True])
        for pixels, inside, slic_zero in cases:
            results = []
            for n_threads in (1, 2, 4):
                with clast.threads(n_threads):
                    results.append(slic(pixels, 200, mask=inside, slic_zero=slic_zero, sigma=0.7))
            assert_array_equal(results[1], results[0])
            assert_array_equal(results[2], results[0])

    def test_levels(self, run_python):
        code = """
import hashlib
import numpy as np
from clast import slic
rng = np.random.default_rng(0)
image = rng.integers(0, 256, size=(90, 101, 3), dtype=np.uint8)
digest = hashlib.sha256()
for pixels in (image, image / 255, image.astype(np.float32), image[..., 0].astype(np.int16)):
    for slic_zero in (False, True):
        digest.update(slic(pixels, 150, slic_zero=slic_zero, sigma=0.8).tobytes())
print(digest.hexdigest())
"""
        level = clast._core.simd_level()
        levels = ["neon"] if level == "neon" else ["fallback", "avx2", "avx512"]
        assert len({run_python(code, CLAST_SIMD=level) for level in levels}) == 1


class TestInput:
    def test_grey_image_needs_no_channel_axis(self):
        image = np.random.default_rng(0).integers(0, 256, size=(30, 40), dtype=np.uint8)
        expected = skimage_slic(image, 20, 0.1, channel_axis=None)
        assert_array_equal(slic(image, 20, 0.1), expected)
        assert_array_equal(slic(image.tolist(), 20, 0.1), skimage_slic(image.astype(int), 20, 0.1, channel_axis=None))

    def test_many_channels_are_asked_about(self):
        image = np.random.default_rng(0).normal(size=(20, 30, 9))
        with pytest.warns(ShapeGuessWarning, match="channel_axis=2; for a volume, channel_axis=None") as caught:
            slic(image)
        assert caught[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            slic(image, channel_axis=2)
            slic(image, channel_axis=None)
            slic(image[..., :4])

    def test_an_image_brings_its_axes_spacing_and_mask(self):
        values = np.random.default_rng(0).normal(size=(30, 20, 9))
        values[:4] = np.nan
        volume = clast.Image(values, axes="XYZ", spacing=(0.5, 0.5, 2), unit="mm")
        options = {"mask": np.isfinite(values), "channel_axis": None}
        assert_array_equal(slic(volume, 20, 0.1), slic(values, 20, 0.1, spacing=(1, 1, 4), **options))
        assert_array_equal(slic(volume, 20, 0.1, spacing=(1, 1, 1)), slic(values, 20, 0.1, **options))
        counts = np.random.default_rng(0).integers(0, 99, size=(30, 20, 3))
        planes = clast.Image(counts, axes="YX", channel_names=["O", "C", "N"])
        assert_array_equal(slic(planes, 20), slic(counts, 20, convert2lab=False))
        photo = counts.astype(np.uint8)
        assert_array_equal(slic(clast.Image(photo, axes="YX"), 20), slic(photo, 20))

    def test_input_is_not_changed(self):
        for dtype in (np.uint8, np.float32, np.float64):
            image = np.random.default_rng(0).integers(0, 256, size=(20, 30, 3)).astype(dtype)
            before = image.copy()
            slic(image, sigma=1)
            assert_array_equal(image, before)

    def test_largest_size_of_nothing(self):
        """scikit-image writes outside its buffer here."""
        image = np.random.default_rng(0).integers(0, 256, size=(20, 30), dtype=np.uint8)
        assert_array_equal(slic(image, 10, max_size_factor=0, min_size_factor=0).ravel(), np.arange(600) + 1)

    @pytest.mark.parametrize("name", ["spacing", "sigma"])
    def test_three_values_for_an_image(self, name):
        image = np.random.default_rng(0).integers(0, 256, size=(20, 30, 3), dtype=np.uint8)
        with pytest.warns(FutureWarning, match=f"'{name}' has 3 values for an image") as caught:
            found = slic(image, 20, **{name: [1, 2, 3]})
        assert caught[0].filename == __file__
        with pytest.warns(FutureWarning):
            assert_array_equal(found, skimage_slic(image, 20, **{name: [1, 2, 3]}))

    @pytest.mark.parametrize(
        ("image", "options", "error", "message"),
        [
            (np.zeros((4, 5), dtype=complex), {}, TypeError, "'image' has dtype complex128"),
            (np.zeros(4), {}, ValueError, "'image' has 1 dimensions"),
            (np.zeros((2, 2, 2, 2, 2)), {}, ValueError, "'image' has 5 dimensions"),
            (np.zeros((0, 5)), {}, ValueError, "is empty"),
            (np.full((4, 5), np.nan), {}, ValueError, "'image' has NaN: .* mask=np.isfinite"),
            (np.full((4, 5), np.inf), {}, ValueError, "'image' has infinite values"),
            (np.zeros((4, 5)), {"mask": np.zeros((4, 5))}, ValueError, "'mask' has no True pixel"),
            (np.zeros((4, 5)), {"mask": np.ones((5, 4))}, ValueError, r"'mask' has shape \(5, 4\), but .* \(4, 5\)"),
            (np.zeros((4, 5, 2)), {"convert2lab": True}, ValueError, "'convert2lab' needs red, .* has 2 channels"),
            (
                np.where(np.eye(4) > 0, 1, np.nan),
                {"mask": np.eye(4) > 0, "sigma": 1},
                ValueError,
                "'sigma' spreads values that are not finite",
            ),
            (np.zeros((4, 5)), {"start_label": 2}, ValueError, "'start_label' is 2, but must be 0 or 1"),
            (np.zeros((4, 5)), {"n_segments": 0}, ValueError, "'n_segments' is 0, but must be positive"),
            (np.zeros((4, 5)), {"n_segments": -3}, ValueError, "'n_segments' is -3"),
            (np.zeros((4, 5)), {"compactness": 0}, ValueError, "'compactness' is 0"),
            (np.zeros((4, 5)), {"max_num_iter": -1}, ValueError, "'max_num_iter' is -1"),
            (np.zeros((4, 5)), {"spacing": 2}, TypeError, "'spacing' is 2, but one number for each"),
            (np.zeros((4, 5)), {"spacing": [1, 2, 3, 4]}, ValueError, r"'spacing' has shape \(4,\)"),
            (np.zeros((3, 4, 5)), {"sigma": [1, 2], "channel_axis": None}, ValueError, r"'sigma' has shape \(2,\)"),
            (np.zeros((4, 5)), {"sigma": [1, -2]}, ValueError, "'sigma' is -2.0, but must be at least 0"),
            (np.zeros((4, 5)), {"sigma": [1, np.nan]}, ValueError, "'sigma' is nan, but must be at least 0"),
            (np.zeros((4, 5)), {"sigma": np.inf}, ValueError, "'sigma' is inf, but must be finite"),
            (np.zeros((4, 5)), {"sigma": "a"}, TypeError, "'sigma' is 'a', but a number is needed"),
            (np.zeros((4, 5)), {"n_segments": "10"}, TypeError, "'n_segments' is '10', but a number is needed"),
            (np.zeros((4, 5)), {"n_segments": None}, TypeError, "'n_segments' is None, but a number is needed"),
            (np.zeros((4, 5)), {"compactness": -1}, ValueError, "'compactness' is -1, but must be positive"),
            (np.zeros((4, 5)), {"compactness": np.nan}, ValueError, "'compactness' is nan, but must be positive"),
            (np.zeros((4, 5)), {"spacing": [0, 1]}, ValueError, "'spacing' is .*, but must be finite and not 0"),
            (np.zeros((4, 5)), {"spacing": [np.nan, 1]}, ValueError, "'spacing' is .*, but must be finite"),
            (np.zeros((4, 5)), {"min_size_factor": -1}, ValueError, "'min_size_factor' is -1, but must be at least 0"),
            (np.zeros((4, 5)), {"max_size_factor": np.nan}, ValueError, "'max_size_factor' is nan"),
            (np.zeros((4, 5)), {"max_num_iter": 1.5}, TypeError, "'max_num_iter' is 1.5, but a whole number"),
            (np.zeros((4, 5)), {"max_num_iter": 2**70}, ValueError, "'max_num_iter' is .*, but must be below"),
            (np.zeros((4, 5, 3)), {"channel_axis": "a"}, TypeError, "'channel_axis' is 'a', but an integer"),
            (np.zeros((4, 5)), {"mask": np.full((4, 5), np.nan)}, ValueError, "'mask' has NaN"),
            (np.ma.masked_equal(np.eye(4), 0), {}, TypeError, "'image' has masked values: give image.data"),
            (np.zeros((4, 5, 3)), {"channel_axis": 3}, ValueError, "'channel_axis' is 3, but 'image' has 3 dim"),
        ],
        ids=str,
    )
    def test_bad(self, image, options, error, message):
        with pytest.raises(error, match=message) as caught:
            slic(image, **options)
        assert "\n" not in str(caught.value)
