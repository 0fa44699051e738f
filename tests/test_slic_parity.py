"""slic against scikit-image: the same label image for the same arguments, before and after connectivity."""

import warnings

import nibabel
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from skimage import data
from skimage.segmentation import slic as skimage_slic

import clast
from clast import slic


def assert_same(image, **options):
    """With and without connectivity; the repair of split labels is what scikit-image does not do."""
    for enforce_connectivity in (True, False):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = skimage_slic(image, enforce_connectivity=enforce_connectivity, **options)
            found = slic(image, enforce_connectivity=enforce_connectivity, repair_labels=False, **options)
        assert_array_equal(found, expected)
        assert found.dtype == expected.dtype


@pytest.fixture(scope="module")
def photo():
    return data.astronaut()[:300, 100:420]


@pytest.fixture(scope="module")
def grey():
    return data.camera()[100:350, 100:400]


@pytest.fixture(scope="module")
def volume():
    """A rough, wavy volume, float64."""
    return np.random.default_rng(0).normal(size=(14, 37, 50)).cumsum(0).cumsum(1).cumsum(2)


def ellipse(height, width):
    y, x = np.mgrid[:height, :width]
    return ((y - height / 2) / (0.4 * height)) ** 2 + ((x - width / 2) / (0.45 * width)) ** 2 < 1


class TestColour:
    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"n_segments": 250},
            {"n_segments": 37.5, "compactness": 0.1},
            {"n_segments": 500, "compactness": 1},
            {"n_segments": 20, "compactness": 100},
            {"n_segments": 3000, "compactness": 30},
            {"n_segments": 1},
            {"n_segments": 2},
            {"max_num_iter": 0},
            {"max_num_iter": 1},
            {"max_num_iter": 25},
            {"start_label": 0},
            {"convert2lab": False, "compactness": 0.1},
            {"sigma": 1.5},
            {"sigma": [0.5, 3]},
            {"sigma": 2, "spacing": [1, 3]},
            {"spacing": [2, 0.7]},
            {"spacing": [-1, -2]},
            {"slic_zero": True},
            {"slic_zero": True, "n_segments": 400, "compactness": 0.5},
            {"min_size_factor": 0, "max_size_factor": 0.2},
            {"min_size_factor": 0.9, "max_size_factor": 1.1},
        ],
        ids=str,
    )
    def test_uint8(self, photo, options):
        assert_same(photo, **options)

    def test_float64(self, photo):
        assert_same(photo / 255, n_segments=200)

    def test_float64_of_any_range(self, photo):
        assert_same(photo * 7.3 - 300, n_segments=200)

    def test_uint16(self, photo):
        assert_same(photo.astype(np.uint16) * 201, n_segments=200)

    @pytest.mark.parametrize("dtype", [np.float16, np.float32])
    @pytest.mark.parametrize(
        "options",
        [
            {"n_segments": 200},
            {"n_segments": 1000, "compactness": 0.1},
            {"compactness": 100, "sigma": 1},
            {"slic_zero": True},
            {"mask": True},
        ],
        ids=str,
    )
    def test_float32(self, photo, dtype, options):
        if "mask" in options:
            options = {"mask": ellipse(*photo.shape[:2])}
        assert_same((photo / 255).astype(dtype), **options)
        assert_same((photo * 3.7 - 200).astype(dtype), **options)

    def test_four_megapixels(self, photo):
        tiled = np.tile(photo, (2000 // photo.shape[0] + 1, 2000 // photo.shape[1] + 1, 1))[:2000, :2000]
        noise = np.random.default_rng(0).integers(0, 20, size=tiled.shape, dtype=np.uint8)
        assert_same(tiled // 2 + noise, n_segments=900, max_num_iter=2)

    def test_arguments_that_stand_for_others(self, photo):
        assert_same(photo, slic_zero=1)
        assert_same(photo[..., 0], convert2lab=True, channel_axis=None, compactness=0.1)
        assert_same(photo, convert2lab=0, compactness=0.1)
        assert_same(photo, compactness=np.inf)

    @pytest.mark.parametrize("options", [{}, {"min_size_factor": 0, "max_size_factor": 0.2}], ids=str)
    def test_volume_on_any_number_of_threads(self, options):
        # Threads join pieces in parts of the volume, which begin amid slices.
        volume = np.random.default_rng(0).integers(0, 4, size=(9, 40, 30), dtype=np.uint8)
        for n_threads in (1, 2, 4):
            with clast.threads(n_threads):
                assert_same(volume, n_segments=40, compactness=0.3, channel_axis=None, **options)

    def test_channels_first(self, photo):
        assert_same(np.moveaxis(photo, -1, 0), channel_axis=0)

    def test_strided(self, photo):
        assert_same(photo[::2, ::-3])

    def test_mask(self, photo):
        mask = ellipse(*photo.shape[:2])
        assert_same(photo, mask=mask)
        assert_same(photo, mask=mask, n_segments=30, compactness=1, start_label=0)
        assert_same(photo, mask=mask, slic_zero=True, sigma=1)

    def test_mask_of_several_pieces_with_nan_around(self, photo):
        mask = np.zeros(photo.shape[:2], dtype=bool)
        mask[10:90, 20:100] = mask[150:290, 200:310] = mask[5, 300] = True
        assert_same(np.where(mask[..., np.newaxis], photo, np.nan), mask=mask, n_segments=50)

    @pytest.mark.parametrize(
        "dtype", [np.bool_, np.int8, np.uint8, np.int16, np.uint16], ids=lambda dtype: dtype.__name__
    )
    def test_outside_the_mask_values_do_not_count(self, grey, dtype):
        """Not for the range either, which is that of the pixels inside."""
        image = (grey // 4).astype(dtype)
        mask = ellipse(*image.shape)
        limits = (False, True) if dtype == np.bool_ else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        image[~mask] = np.random.default_rng(0).choice(limits, size=int(np.count_nonzero(~mask)))
        assert_same(image, mask=mask, channel_axis=None, compactness=0.1)
        assert_same(np.stack([image] * 3, axis=-1), mask=mask)

    def test_one_seed_in_a_mask_labels_nothing(self, photo):
        mask = ellipse(*photo.shape[:2])
        assert_same(photo, mask=mask, n_segments=1)

    def test_more_seeds_than_pixels_in_the_mask(self, photo):
        assert_same(photo[:20, :20], mask=ellipse(20, 20), n_segments=1000)

    def test_larger_image(self):
        assert_same(np.tile(data.coffee(), (3, 3, 1)), n_segments=700)

    @pytest.mark.parametrize("seed", range(20))
    def test_noise_of_any_shape(self, seed):
        rng = np.random.default_rng(seed)
        image = rng.integers(0, 256, size=(*rng.integers(1, 90, size=2), 3), dtype=np.uint8)
        assert_same(image, n_segments=int(rng.integers(1, 200)), compactness=float(10 ** rng.uniform(-2, 3)))


FLOATS = ["float16", "float32", "float64"]
INTEGERS = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


class TestOtherChannels:
    @pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
    def test_grey(self, grey, dtype):
        scaled = grey.astype(np.float64) / 255
        if dtype == "bool":
            image = grey > 120
        elif np.dtype(dtype).kind == "f":
            image = scaled.astype(dtype)
        else:
            bounds = np.iinfo(dtype)
            image = (scaled * (bounds.max // 2) + bounds.min / 2).astype(dtype)
        for compactness in (0.05, 1):
            assert_same(image, compactness=compactness, n_segments=80, channel_axis=None)

    def test_full_range_of_signed_integers(self):
        image = np.random.default_rng(0).integers(-128, 128, size=(40, 50), dtype=np.int8)
        assert_same(image, compactness=0.1, n_segments=30, channel_axis=None)

    @pytest.mark.parametrize("n_channels", [1, 2, 4, 5, 9, 200, 1000])
    def test_many(self, n_channels):
        noise = np.random.default_rng(n_channels).normal(size=(50, 60, n_channels))
        assert_same(noise.cumsum(0).cumsum(1), channel_axis=2, compactness=0.3, n_segments=40)

    @pytest.mark.parametrize("options", [{}, {"sigma": 2.3}, {"slic_zero": True}, {"spacing": (1, 4)}], ids=str)
    def test_grey_float32(self, grey, options):
        image = (grey / 255).astype(np.float32)
        assert_same(image, channel_axis=None, compactness=0.1, n_segments=60, **options)

    @pytest.mark.parametrize("dtype", FLOATS)
    def test_grey_mask(self, grey, dtype):
        mask = ellipse(*grey.shape)
        assert_same((grey / 255).astype(dtype), mask=mask, channel_axis=None, compactness=0.1, n_segments=40)


class TestVolumes:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize(
        "options",
        [
            {"n_segments": 60},
            {"n_segments": 500},
            {"spacing": [3, 1, 0.5]},
            {"sigma": 1.3, "spacing": [2, 1, 1]},
            {"sigma": [0, 1, 2]},
            {"slic_zero": True},
        ],
        ids=str,
    )
    def test_grey(self, volume, dtype, options):
        assert_same(volume.astype(dtype), channel_axis=None, compactness=0.1, **options)

    def test_mask(self, volume):
        mask = np.zeros(volume.shape, dtype=bool)
        mask[2:12, 4:30, 6:45] = True
        assert_same(volume, mask=mask, channel_axis=None, compactness=0.1, n_segments=25)

    def test_rgb(self):
        image = np.random.default_rng(0).integers(0, 256, size=(6, 20, 30, 3), dtype=np.uint8)
        assert_same(image, n_segments=30)

    def test_of_five_channels(self, volume):
        image = np.stack([np.roll(volume, shift, axis=1) for shift in range(5)], axis=-1)
        assert_same(image, n_segments=50, compactness=0.1)

    def test_thin_axes(self, volume):
        assert_same(volume[:2], channel_axis=None, n_segments=40)
        assert_same(volume[:, :3, :2], channel_axis=None, n_segments=10)


class TestTies:
    """Exact ties are decided by the order of clusters, and by the rounding of their sums."""

    @pytest.mark.parametrize("compactness", [0.01, 0.1, 1, 10])
    @pytest.mark.parametrize("shape", [(50, 60), (64, 64), (3, 200), (200, 1), (1, 1)], ids=str)
    def test_constant(self, shape, compactness):
        assert_same(np.full(shape, 7, dtype=np.uint8), channel_axis=None, compactness=compactness)

    @pytest.mark.parametrize("compactness", [0.05, 1])
    @pytest.mark.parametrize("axis", [0, 1])
    def test_ramp(self, compactness, axis):
        ramp = np.broadcast_to(np.expand_dims(np.arange(160, dtype=np.uint8), axis), (160, 160))
        assert_same(ramp, channel_axis=None, compactness=compactness)

    @pytest.mark.parametrize("edge", [1, 2, 8])
    def test_chessboard(self, edge):
        board = ((np.indices((120, 150)).sum(0) // edge) % 2 * 255).astype(np.uint8)
        assert_same(board, channel_axis=None, compactness=0.1)
        assert_same(np.stack([board] * 3, axis=-1))

    def test_every_pixel_a_seed(self):
        image = np.random.default_rng(0).integers(0, 256, size=(30, 40), dtype=np.uint8)
        assert_same(image, channel_axis=None, n_segments=1200)
        assert_same(image, channel_axis=None, n_segments=10**6)

    @pytest.mark.parametrize("n_steps", [256, 4096, 40000])
    def test_a_tie_at_the_edge_of_a_flat_tile(self, n_steps):
        """A pixel whose tile has its middle rounded away from it, as near to its cluster as to another one."""
        low, step, nudge = 1026.0 * 1024, 2.0**-13 * 1024, 2.0**-14 * 1024 * 1e-4
        high = low + (4 * n_steps + 1) * step
        middle = float(np.float32(0.5) * (np.float32(low) + np.float32(high)))
        pixel, reference = high + step / 2 - nudge, middle - step / 2 + nudge
        mean = np.full(8, 2 * pixel - reference + 4 * nudge)
        mean[-1] -= 4 * nudge * 7 + 8 * nudge
        image = np.zeros((8, 16, 8))
        image[:, 9:] = (56 * reference - low) / 55
        image[4, 13] = low
        image[0, 8], image[1:, 8] = pixel, reference
        image[:, :8] = (72 * mean - pixel - 7 * reference) / 63
        image[7, 0] = 0
        assert_same(image, n_segments=2, compactness=1 / image.max(), max_num_iter=2, channel_axis=-1)


class TestRealImages:
    """The same labels have the same boundary recall and undersegmentation error, whatever the ground truth."""

    def test_photos(self, data_dir):
        photos = sorted((data_dir / "bsds").glob("*.jpg"))
        assert photos
        for path in photos:
            with Image.open(path) as photo:
                assert_same(np.asarray(photo), n_segments=250)

    def test_brain(self, data_dir):
        t1 = np.asarray(nibabel.load(data_dir / "mri" / "t1.nii.gz").dataobj, dtype=np.float64)[60:190, 60:200, 8:24]
        assert_same(t1, channel_axis=None, n_segments=200, compactness=0.05, spacing=[1, 1, 4])
        assert_same(t1, channel_axis=None, n_segments=200, compactness=0.05, mask=t1 > 0)
