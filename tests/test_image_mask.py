"""Which pixels take part."""

import nibabel as nib
import numpy as np
import pytest
from PIL import Image as PillowImage

import clast
from clast.image import GridMismatchError, Image, ImageError, MaskValuesWarning, resolve_mask

RNG = np.random.default_rng(3)


def two_channels() -> Image:
    data = RNG.integers(-2, 3, (6, 7, 2)).astype(np.float32)
    return Image(data, axes="YX")


def test_nonzero_is_positive_in_every_channel():
    image = two_channels()
    np.testing.assert_array_equal(resolve_mask(image, "nonzero"), (image.data > 0).all(axis=-1))


def test_nothing_masked_gives_none():
    image = Image(np.ones((4, 5)), axes="YX")
    assert resolve_mask(image, None) is None
    assert resolve_mask(image, "nonzero") is None
    assert resolve_mask(image, np.ones((4, 5))) is None


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("mask", [None, "nonzero", "array"])
def test_pixels_that_are_not_finite_never_take_part(bad, mask):
    data = np.ones((4, 5, 2))
    data[1, 2, 1] = bad
    inside = resolve_mask(Image(data, axes="YX"), np.ones((4, 5), bool) if mask == "array" else mask)
    assert not inside[1, 2]
    assert inside.sum() == 19


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_arrays_of_any_number(dtype):
    values = RNG.integers(0, 2, (6, 7)).astype(dtype)
    np.testing.assert_array_equal(resolve_mask(two_channels(), values), values != 0)
    np.testing.assert_array_equal(resolve_mask(two_channels(), values.tolist()), values != 0)


def test_nan_in_a_mask_is_outside():
    values = np.ones((6, 7))
    values[0] = np.nan
    assert not resolve_mask(two_channels(), values)[0].any()


def test_mask_of_another_shape():
    with pytest.raises(GridMismatchError, match=r"\(6, 8\), but the image has shape \(6, 7\)"):
        resolve_mask(two_channels(), np.ones((6, 8)))


def test_mask_of_another_dtype():
    with pytest.raises(ImageError, match="booleans or numbers"):
        resolve_mask(two_channels(), np.full((6, 7), "yes"))


def test_empty_masks_say_why():
    with pytest.raises(ImageError, match="positive in every channel"):
        resolve_mask(Image(-np.ones((4, 5)), axes="YX"), "nonzero")
    with pytest.raises(ImageError, match="inside it"):
        resolve_mask(two_channels(), np.zeros((6, 7)))
    with pytest.raises(ImageError, match="finite"):
        resolve_mask(Image(np.full((4, 5), np.nan), axes="YX"), None)


def test_mask_file_must_lie_on_the_grid(tmp_path):
    values = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    nib.save(nib.Nifti1Image(values, np.eye(4)), tmp_path / "a.nii")
    nib.save(nib.Nifti1Image((values > 5).astype(np.uint8), np.eye(4)), tmp_path / "good.nii")
    nib.save(nib.Nifti1Image((values > 5).astype(np.uint8), np.diag([2, 1, 1, 1])), tmp_path / "bad.nii")
    image = clast.read_image(tmp_path / "a.nii")
    np.testing.assert_array_equal(resolve_mask(image, tmp_path / "good.nii"), values > 5)
    np.testing.assert_array_equal(resolve_mask(image, clast.read_image(tmp_path / "good.nii")), values > 5)
    with pytest.raises(GridMismatchError, match=r"bad\.nii' and the image"):
        resolve_mask(image, tmp_path / "bad.nii")


def test_color_mask_and_photo_of_a_mask(tmp_path):
    color = np.zeros((6, 7, 3), np.uint8)
    color[2:] = 255
    PillowImage.fromarray(color).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(resolve_mask(two_channels(), tmp_path / "mask.png"), color[..., 0] > 0)
    big = np.tile(np.arange(256, dtype=np.uint8), (10, 1))
    PillowImage.fromarray(big).save(tmp_path / "soft.png")
    with pytest.warns(MaskValuesWarning, match="256 different values"):
        resolve_mask(Image(np.ones((10, 256)), axes="YX"), tmp_path / "soft.png")


def test_image_and_mask_are_left_alone():
    image, mask = two_channels(), np.ones((6, 7))
    mask[0] = 0
    data, values = image.data.copy(), mask.copy()
    clast.segment(image, clast.KMeans(2, random_state=0), mask=mask, scale="standard")
    np.testing.assert_array_equal(image.data, data)
    np.testing.assert_array_equal(mask, values)
