"""Files to images: values, dtypes, axes, spacing and names as the file states them."""

import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import tifffile
from PIL import Image as PillowImage

import clast
from clast.image import GridMismatchError, Image, ImageError, ShapeGuessWarning, UnreadableImageError, as_image

AFFINE = np.array([[-1.5, 0, 0, 90], [0, 2, 0, -70], [0, 0, 3, -40], [0, 0, 0, 1.0]])


def write_nifti(
    path: Path, values: np.ndarray, affine: np.ndarray = AFFINE, scaling: tuple[float, float] | None = None
):
    image = nib.Nifti1Image(values, affine, dtype=values.dtype)
    image.header.set_xyzt_units("mm", "sec")
    if scaling is not None:
        image.header.set_slope_inter(*scaling)
    nib.save(image, path)
    if scaling is not None:
        # nibabel divides values by the slope it writes; here the stored integers are what matters.
        stored = bytearray(path.read_bytes())
        offset = int(np.frombuffer(stored, "<f4", 1, 108)[0])
        stored[offset : offset + values.nbytes] = values.tobytes(order="F")
        stored[112:120] = np.array(scaling, "<f4").tobytes()
        path.write_bytes(bytes(stored))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64", ">i2", ">f4"])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nifti_keeps_dtype_values_and_grid(tmp_path, dtype, suffix):
    values = np.arange(4 * 5 * 6).reshape(4, 5, 6).astype(dtype)
    path = tmp_path / f"t1{suffix}"
    write_nifti(path, values)
    image = clast.read_image(path)
    assert image.data.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(image.data, values)
    assert image.data.flags.c_contiguous
    assert (image.axes, image.spacing, image.unit) == ("XYZ", (1.5, 2.0, 3.0), "mm")
    assert image.channel_names == ("t1",)
    np.testing.assert_allclose(image.affine, AFFINE)


@pytest.mark.parametrize(("dtype", "expected"), [("int16", "float32"), ("uint8", "float32"), ("int32", "float64")])
def test_nifti_applies_scaling_once(tmp_path, dtype, expected):
    values = np.arange(24).reshape(2, 3, 4).astype(dtype)
    write_nifti(tmp_path / "scaled.nii", values, scaling=(0.5, -3))
    image = clast.read_image(tmp_path / "scaled.nii")
    assert image.data.dtype == expected
    np.testing.assert_allclose(image.data, values * 0.5 - 3, rtol=1e-6)
    np.testing.assert_allclose(image.data, nib.load(tmp_path / "scaled.nii").get_fdata(), rtol=1e-6)


def test_nifti_neutral_scaling_keeps_integers(tmp_path):
    values = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    write_nifti(tmp_path / "a.nii", values, scaling=(1, 0))
    assert clast.read_image(tmp_path / "a.nii").data.dtype == np.int16


def test_nifti_fourth_axis_becomes_channels(tmp_path):
    values = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    write_nifti(tmp_path / "series.nii", values)
    image = clast.read_image(tmp_path / "series.nii")
    assert (image.shape, image.n_channels, len(image.spacing)) == ((2, 3, 4), 5, 3)
    np.testing.assert_array_equal(image.data, values)


def test_nifti_color_records_become_channels(tmp_path):
    rgb = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    values = np.zeros((2, 3, 4), dtype=rgb)
    values["G"] = 7
    nib.save(nib.Nifti1Image(values, np.eye(4)), tmp_path / "rgb.nii")
    image = clast.read_image(tmp_path / "rgb.nii")
    assert image.is_rgb
    np.testing.assert_array_equal(image.data[..., 1], 7)


def test_nifti_micrometres(tmp_path):
    image = nib.Nifti1Image(np.zeros((2, 3, 4), np.uint8), np.diag([20, 20, 50, 1]))
    image.header.set_xyzt_units("micron")
    nib.save(image, tmp_path / "a.nii")
    assert clast.read_image(tmp_path / "a.nii").spacing == (20, 20, 50)
    assert clast.read_image(tmp_path / "a.nii").unit == "um"


def test_files_stack_as_channels_in_order(tmp_path):
    t1 = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    write_nifti(tmp_path / "t1.nii.gz", t1)
    write_nifti(tmp_path / "flair.nii.gz", -t1)
    image = clast.read_image(tmp_path / "t1.nii.gz", tmp_path / "flair.nii.gz")
    assert image.channel_names == ("t1", "flair")
    assert image.data.dtype == np.int16
    np.testing.assert_array_equal(image.data, np.stack([t1, -t1], axis=-1))
    assert np.shares_memory(image.samples(), image.data)
    same = clast.read_image([str(tmp_path / "t1.nii.gz"), str(tmp_path / "flair.nii.gz")], channel_names=["a", "b"])
    assert same.channel_names == ("a", "b")


def test_stacking_takes_the_narrowest_dtype_that_holds_all(tmp_path):
    for name, dtype in (("a", np.uint8), ("b", np.int16)):
        write_nifti(tmp_path / f"{name}.nii", np.zeros((2, 3, 4), dtype))
    assert clast.read_image(tmp_path / "a.nii", tmp_path / "b.nii").data.dtype == np.int16


def test_equal_names_in_two_folders_are_numbered(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_nifti(tmp_path / folder / "t1.nii", np.zeros((2, 3, 4), np.uint8))
    image = clast.read_image(tmp_path / "one" / "t1.nii", tmp_path / "two" / "t1.nii")
    assert image.channel_names == ("t1", "t1_2")


def test_stacking_refuses_other_shapes_with_both_in_the_message(tmp_path):
    write_nifti(tmp_path / "a.nii", np.zeros((2, 3, 4), np.uint8))
    write_nifti(tmp_path / "b.nii", np.zeros((2, 3, 5), np.uint8))
    with pytest.raises(GridMismatchError, match=r"a\.nii.*b\.nii.*\(2, 3, 4\) and \(2, 3, 5\).*affines \[\[-1\.5"):
        clast.read_image(tmp_path / "a.nii", tmp_path / "b.nii")


@pytest.mark.parametrize(("shift", "fits"), [(0, True), (0.01, True), (0.1, False), (1.5, False)])
def test_stacking_tolerates_one_percent_of_a_voxel(tmp_path, shift, fits):
    moved = AFFINE.copy()
    moved[0, 3] += shift
    write_nifti(tmp_path / "a.nii", np.zeros((2, 3, 4), np.uint8))
    write_nifti(tmp_path / "b.nii", np.zeros((2, 3, 4), np.uint8), moved)
    if fits:
        clast.read_image(tmp_path / "a.nii", tmp_path / "b.nii")
        return
    with pytest.raises(GridMismatchError) as caught:
        clast.read_image(tmp_path / "a.nii", tmp_path / "b.nii")
    assert str(AFFINE[0].tolist()) in str(caught.value)
    assert str(moved[0].tolist()) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_rotation_is_judged_at_the_corners(tmp_path):
    # A rotation too small to move the center's neighbours moves the far corner by more than a hundredth of a voxel.
    turned = AFFINE.copy()
    turned[0, 1] += 1e-3
    write_nifti(tmp_path / "a.nii", np.zeros((2, 60, 4), np.uint8))
    write_nifti(tmp_path / "b.nii", np.zeros((2, 60, 4), np.uint8), turned)
    with pytest.raises(GridMismatchError):
        clast.read_image(tmp_path / "a.nii", tmp_path / "b.nii")


@pytest.mark.parametrize(
    ("shape", "axes", "expected_axes", "expected_shape"),
    [((6, 7), "YX", "YX", (6, 7)), ((3, 6, 7), "CYX", "YX", (6, 7, 3)), ((4, 6, 7), "ZYX", "ZYX", (4, 6, 7)),
     ((4, 2, 6, 7), "ZCYX", "ZYX", (4, 6, 7, 2))],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_imagej_tiff_axes(tmp_path, shape, axes, expected_axes, expected_shape, dtype):
    values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values, imagej=True, metadata={"axes": axes, "unit": "um", "spacing": 2.0},
                     resolution=(1 / 0.25, 1 / 0.5))  # fmt: skip
    image = clast.read_image(path)
    assert (image.axes, image.data.shape, image.data.dtype) == (expected_axes, expected_shape, dtype)
    assert image.spacing == ((2.0, 0.5, 0.25) if "Z" in axes else (0.5, 0.25))
    assert image.unit == "um"
    assert not image.is_rgb
    order = [axes.index(axis) for axis in "ZYXC" if axis in axes]
    np.testing.assert_array_equal(image.data, values.transpose(order))
    assert np.shares_memory(image.samples(), image.data)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_color_tiff(tmp_path, dtype):
    values = np.arange(6 * 7 * 3).reshape(6, 7, 3).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb")
    image = clast.read_image(tmp_path / "a.tif")
    assert image.is_rgb
    assert image.data.flags.c_contiguous
    np.testing.assert_array_equal(image.data, values)


def test_transparent_pixels_of_a_tiff_are_outside(tmp_path):
    values = np.full((6, 7, 4), 9, np.uint8)
    values[0, :, 3] = 0
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", extrasamples=["unassalpha"])
    image = clast.read_image(tmp_path / "a.tif")
    assert image.is_rgb
    np.testing.assert_array_equal(image.mask, values[..., 3] > 0)


def test_ome_tiff_names_and_spacing(tmp_path):
    path = tmp_path / "ions.ome.tif"
    metadata = {"axes": "CYX", "PhysicalSizeX": 40.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 80.0,
                "PhysicalSizeYUnit": "nm", "Channel": {"Name": ["12C", "16O", "19F"]}}  # fmt: skip
    tifffile.imwrite(path, np.zeros((3, 5, 6), np.uint16), ome=True, photometric="minisblack", metadata=metadata)
    image = clast.read_image(path)
    assert image.channel_names == ("12C", "16O", "19F")
    assert image.spacing == pytest.approx((0.08, 0.04))
    assert image.unit == "um"


@pytest.mark.parametrize(
    ("resolution", "unit", "spacing"),
    [((72, 72), "INCH", None), ((1, 1), "NONE", None), ((28.346, 28.346), "CENTIMETER", None),
     ((50800, 25400), "INCH", (1.0, 0.5)), ((10000, 10000), "CENTIMETER", (1.0, 1.0))],
)  # fmt: skip
def test_resolution_tags_count_unless_they_are_placeholders(tmp_path, resolution, unit, spacing):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((5, 6), np.uint8), resolution=resolution, resolutionunit=unit)
    image = clast.read_image(path)
    assert image.spacing == (None if spacing is None else pytest.approx(spacing))
    assert image.unit == (None if spacing is None else "um")


def test_tiff_axes_that_are_unclear_must_be_said(tmp_path):
    path = tmp_path / "ions.tif"
    tifffile.imwrite(path, np.zeros((7, 5, 6), np.uint16), photometric="minisblack")
    with pytest.raises(ImageError, match=r"neither space nor channel.*axes='CYX'.*axes='ZYX'"):
        clast.read_image(path)
    assert clast.read_image(path, axes="CYX").data.shape == (5, 6, 7)
    assert clast.read_image(path, axes="zyx").shape == (7, 5, 6)
    with pytest.raises(ImageError, match="do not fit"):
        clast.read_image(path, axes="YX")


def test_tiff_with_several_series_warns(tmp_path):
    path = tmp_path / "two.tif"
    with tifffile.TiffWriter(path) as tif:
        tif.write(np.zeros((5, 6), np.uint8), metadata=None)
        tif.write(np.zeros((3, 4), np.uint16), metadata=None)
    with pytest.warns(UserWarning, match="holds 2 series"):
        assert clast.read_image(path).shape == (5, 6)


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "jpeg", "tiff_adobe_deflate"])
def test_compressed_tiff(tmp_path, compression):
    values = np.full((16, 24), 90, np.uint8)
    PillowImage.fromarray(values).save(tmp_path / "a.tif", compression=compression)
    np.testing.assert_array_equal(clast.read_image(tmp_path / "a.tif").data, values)


def test_big_endian_tiff(tmp_path):
    values = np.arange(30, dtype=np.uint16).reshape(5, 6)
    tifffile.imwrite(tmp_path / "a.tif", values, byteorder=">")
    image = clast.read_image(tmp_path / "a.tif")
    assert image.data.dtype.isnative
    np.testing.assert_array_equal(image.data, values)


@pytest.mark.parametrize(("dtype", "shape"), [("uint8", (5, 6)), ("uint16", (5, 6)), ("uint8", (5, 6, 3))])
def test_png_round_trip(tmp_path, dtype, shape):
    values = (np.arange(np.prod(shape)) * (1 if dtype == "uint8" else 700)).reshape(shape).astype(dtype)
    PillowImage.fromarray(values).save(tmp_path / "a.png")
    image = clast.read_image(tmp_path / "a.png")
    assert image.data.dtype == dtype
    np.testing.assert_array_equal(image.data, values)
    assert image.is_rgb == (len(shape) == 3)
    assert image.spacing is None


def test_palette_becomes_rgb_and_bilevel_grey(tmp_path):
    colors = np.zeros((4, 4, 3), np.uint8)
    colors[:2, :, 0] = 200
    PillowImage.fromarray(colors).convert("P", palette=PillowImage.Palette.ADAPTIVE).save(tmp_path / "p.png")
    np.testing.assert_array_equal(clast.read_image(tmp_path / "p.png").data, colors)
    PillowImage.fromarray(np.eye(4, dtype=bool)).save(tmp_path / "b.png")
    np.testing.assert_array_equal(clast.read_image(tmp_path / "b.png").data, np.eye(4) * 255)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_are_outside(tmp_path, mode):
    values = np.full((4, 5, len(mode)), 9, np.uint8)
    values[0, :, -1] = 0
    values[1, :, -1] = 100
    PillowImage.fromarray(values).save(tmp_path / "a.png")
    image = clast.read_image(tmp_path / "a.png")
    assert image.n_channels == len(mode) - 1
    np.testing.assert_array_equal(image.mask, values[..., -1] > 0)
    assert clast.segment(image, clast.KMeans(1, random_state=0)).labels[0].max() == 0


def test_jpeg_is_turned_as_viewers_show_it(tmp_path):
    exif = PillowImage.Exif()
    exif[274] = 6  # rotated by a quarter
    PillowImage.fromarray(np.zeros((8, 16, 3), np.uint8)).save(tmp_path / "a.jpg", exif=exif)
    assert clast.read_image(tmp_path / "a.jpg").shape == (16, 8)


def test_npy(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((7, 5, 6), np.uint16))
    assert clast.read_image(tmp_path / "a.npy", axes="CYX").data.shape == (5, 6, 7)
    with pytest.warns(ShapeGuessWarning, match="volume"):
        assert clast.read_image(tmp_path / "a.npy").axes == "ZYX"
    np.save(tmp_path / "o.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(UnreadableImageError, match="pickle"):
        clast.read_image(tmp_path / "o.npy")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.tif", "a.png", "a.jpg", "a.npy"])
@pytest.mark.parametrize("content", [b"", b"not an image at all, only text" * 40])
def test_damaged_files_say_which(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableImageError, match=rf"cannot read '.*{name}': ") as caught:
        clast.read_image(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.tif", "a.png", "a.npy"])
def test_truncated_files_say_which(tmp_path, name):
    path = tmp_path / name
    values = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    {"nii": write_nifti, "gz": write_nifti, "tif": tifffile.imwrite, "npy": np.save}.get(
        name.rpartition(".")[2], lambda path, values: PillowImage.fromarray(values).save(path)
    )(path, values)
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(UnreadableImageError, match="cannot read"):
        clast.read_image(path)


def test_missing_unknown_and_folder(tmp_path):
    with pytest.raises(UnreadableImageError, match="no such file"):
        clast.read_image(tmp_path / "no.png")
    with pytest.raises(OSError, match="folder"):
        clast.read_image(tmp_path)
    (tmp_path / "a.xyz").write_text("")
    with pytest.raises(UnreadableImageError, match=r"unknown suffix '\.xyz'; clast reads NIfTI"):
        clast.read_image(tmp_path / "a.xyz")
    with pytest.raises(ImageError, match="no files"):
        clast.read_image()
    with pytest.raises(ImageError, match="no files"):
        clast.read_image([])
    PillowImage.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(ImageError, match="fixed by its format"):
        clast.read_image(tmp_path / "a.png", axes="YX")
    with pytest.raises(ImageError, match="2 names"):
        clast.read_image(tmp_path / "a.png", channel_names=["a", "b"])


@pytest.mark.parametrize(
    ("shape", "axes", "n_channels"),
    [((4, 5), "YX", 1), ((4, 5, 3), "YX", 3), ((4, 5, 4), "YX", 4), ((2, 4, 5, 3), "ZYX", 3)],
)
def test_clear_arrays_are_guessed_silently(shape, axes, n_channels):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = as_image(np.zeros(shape))
    assert (image.axes, image.n_channels) == (axes, n_channels)


@pytest.mark.parametrize(("shape", "axes"), [((4, 5, 7), "ZYX"), ((4, 5, 2), "ZYX"), ((2, 4, 5, 7), "ZYX")])
def test_unclear_arrays_warn_and_say_how_to_be_clear(shape, axes):
    with pytest.warns(ShapeGuessWarning, match="channel_axis=") as caught:
        image = as_image(np.zeros(shape))
    assert image.axes == axes
    confirmed = int(str(caught[0].message).split("channel_axis=")[1].split()[0]) if len(shape) == 4 else None
    assert as_image(np.zeros(shape), channel_axis=confirmed).shape == image.shape


def test_shape_guess_points_at_the_caller():
    with pytest.warns(ShapeGuessWarning) as caught:
        clast.segment(np.random.default_rng(0).random((4, 5, 7)), clast.KMeans(2, random_state=0))
    assert caught[0].filename == __file__


def test_channel_axis_first_is_a_view():
    array = np.zeros((7, 4, 5), np.uint16)
    image = as_image(array, channel_axis=0)
    assert image.data.shape == (4, 5, 7)
    assert np.shares_memory(image.samples(), array)


@pytest.mark.parametrize(
    ("array", "options", "message"),
    [(np.zeros(5), {}, "1 spatial axes"), (np.zeros((2, 2, 2, 2, 2)), {"channel_axis": None}, "5 spatial axes"),
     (np.zeros((0, 5)), {}, "no pixels"), (np.zeros((4, 5), complex), {}, "real numbers"),
     (np.array([["a"]]), {}, "real numbers"), (np.zeros((4, 5)), {"channel_axis": 4}, "has 2 axes"),
     (np.zeros((4, 5)), {"spacing": (1,)}, "2 positive"), (np.zeros((4, 5)), {"spacing": (1, -1)}, "2 positive"),
     (np.zeros((4, 5)), {"unit": "mm"}, "no 'spacing'")],
)  # fmt: skip
def test_arrays_that_are_no_image(array, options, message):
    with pytest.raises(ImageError, match=message):
        as_image(array, **options)


def test_image_refuses_what_does_not_fit():
    with pytest.raises(ImageError, match="does not fit axes"):
        Image(np.zeros((4, 5)), axes="ZYX")
    with pytest.raises(ImageError, match="already knows"):
        as_image(Image(np.zeros((4, 5)), axes="YX"), channel_axis=0)


def test_numpy_masked_arrays_hide_pixels():
    array = np.ma.masked_less(np.arange(20.0).reshape(4, 5), 3)
    labels = clast.segment(array, clast.KMeans(2, random_state=0)).labels
    np.testing.assert_array_equal(labels > 0, array.data >= 3)


def test_reading_loads_only_the_library_it_needs(tmp_path, run_python):
    np.save(tmp_path / "a.npy", np.zeros((4, 5)))
    code = (
        f"import sys, clast; clast.read_image(r'{tmp_path / 'a.npy'}');"
        "print([name for name in ('nibabel', 'tifffile', 'PIL', 'matplotlib', 'pandas') if name in sys.modules])"
    )
    assert run_python(code).strip() == "[]"
