"""Label images to files: the grid comes back as it went in, and nothing is ever half written."""

import errno
import os
import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import tifffile
from PIL import Image as PillowImage

import clast
from clast.image import Image, OutputError, save_labels

LABELS = (np.arange(2 * 3 * 4).reshape(2, 3, 4) % 4).astype(np.uint8)


def make_source(path: Path, image_class=nib.Nifti1Image) -> nib.Nifti1Image:
    """A header with everything in it that must survive, and everything that must not."""
    affine = np.array([[0, -1.1, 0, 12], [1.2, 0, 0, -7], [0, 0, 5, 3], [0, 0, 0, 1.0]])
    source = image_class(np.arange(24, dtype=np.int16).reshape(2, 3, 4), affine)
    source.set_sform(affine, code=4)
    source.set_qform(affine, code=1)
    source.header.set_xyzt_units("mm", "sec")
    source.header["cal_max"] = 900
    source.header["cal_min"] = -5
    source.header["aux_file"] = b"colors.lut"
    source.header["descrip"] = b"scanner"
    source.header.set_intent("t test", (10,))
    source.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"patient"))
    nib.save(source, path)
    return source


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32"])
@pytest.mark.parametrize("image_class", [nib.Nifti1Image, nib.Nifti2Image])
def test_nifti_keeps_the_grid(tmp_path, suffix, dtype, image_class):
    source = make_source(tmp_path / "source.nii", image_class)
    image = clast.read_image(tmp_path / "source.nii")
    path = save_labels(tmp_path / f"labels{suffix}", LABELS.astype(dtype), image)
    saved = nib.load(path)
    assert type(saved) is image_class
    np.testing.assert_array_equal(np.asarray(saved.dataobj), LABELS)
    assert saved.get_data_dtype() == np.asarray(saved.dataobj).dtype == dtype
    np.testing.assert_array_equal(saved.affine, nib.load(tmp_path / "source.nii").affine)
    for form in ("get_sform", "get_qform"):
        kept, code = getattr(saved, form)(coded=True)
        expected, expected_code = getattr(source, form)(coded=True)
        np.testing.assert_allclose(kept, expected, atol=1e-6)
        assert code == expected_code
    assert saved.header.get_zooms() == source.header.get_zooms()
    assert saved.header.get_xyzt_units() == ("mm", "sec")


def test_nifti_says_nothing_about_the_source_values(tmp_path):
    make_source(tmp_path / "source.nii")
    image = clast.read_image(tmp_path / "source.nii")
    header = nib.load(save_labels(tmp_path / "labels.nii", LABELS, image)).header
    assert (header["cal_min"], header["cal_max"], header["intent_code"]) == (0, 0, 0)
    assert header["aux_file"] == b""
    assert header["descrip"].item().decode() == f"clast {clast.__version__}"
    assert len(header.extensions) == 0
    # nibabel hides neutral scaling; other tools read these two numbers.
    raw = (tmp_path / "labels.nii").read_bytes()
    assert struct.unpack("<ff", raw[112:120]) == (1, 0)


def test_source_header_and_labels_are_left_alone(tmp_path):
    make_source(tmp_path / "source.nii")
    image = clast.read_image(tmp_path / "source.nii")
    before, labels = image.header.binaryblock, LABELS.copy()
    save_labels(tmp_path / "labels.nii", labels, image)
    assert image.header.binaryblock == before
    np.testing.assert_array_equal(labels, LABELS)


def test_labels_of_four_dimensional_nifti_have_three(tmp_path):
    nib.save(nib.Nifti1Image(np.zeros((2, 3, 4, 6), np.float32), np.diag([1, 2, 3, 1])), tmp_path / "series.nii")
    saved = nib.load(save_labels(tmp_path / "labels.nii", LABELS, clast.read_image(tmp_path / "series.nii")))
    assert saved.shape == (2, 3, 4)
    assert saved.header.get_zooms() == (1, 2, 3)


def test_nifti_from_a_stack_takes_its_spacing(tmp_path):
    image = Image(np.zeros((2, 3, 4)), axes="ZYX", spacing=(5, 2, 1), unit="um")
    saved = nib.load(save_labels(tmp_path / "labels.nii", LABELS, image))
    assert saved.header.get_zooms() == (1, 2, 5)
    assert saved.header.get_xyzt_units()[0] == "micron"
    np.testing.assert_array_equal(np.asarray(saved.dataobj), LABELS.transpose(2, 1, 0))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32"])
@pytest.mark.parametrize("name", ["labels.tif", "labels.ome.tif"])
@pytest.mark.parametrize("unit", ["um", "mm"])
def test_tiff_keeps_axes_and_pixel_size(tmp_path, dtype, name, unit):
    image = Image(np.zeros((2, 3, 4)), axes="ZYX", spacing=(2.0, 0.5, 0.25), unit=unit)
    path = save_labels(tmp_path / name, LABELS.astype(dtype), image)
    with tifffile.TiffFile(path) as tif:
        assert tif.series[0].axes == "ZYX"
        assert tif.series[0].dtype == dtype
        assert tif.pages[0].compression == tifffile.COMPRESSION.ADOBE_DEFLATE
        assert tif.is_ome == (dtype == "int32" or "ome" in name)
    again = clast.read_image(path)
    np.testing.assert_array_equal(again.data, LABELS)
    assert again.spacing == pytest.approx(image.spacing)
    assert (again.axes, again.unit) == ("ZYX", unit)


def test_big_labels_become_bigtiff(tmp_path, monkeypatch):
    monkeypatch.setattr("clast.image._tiff._MAX_CLASSIC", 20)
    path = save_labels(tmp_path / "labels.tif", LABELS, Image(np.zeros((2, 3, 4)), axes="ZYX"))
    with tifffile.TiffFile(path) as tif:
        assert tif.is_bigtiff
        assert tif.is_ome
    np.testing.assert_array_equal(clast.read_image(path).data, LABELS)


def test_nifti_of_one_slice(tmp_path):
    for shape in ((6, 7), (6, 7, 1)):
        nib.save(nib.Nifti1Image(np.zeros(shape, np.uint8), np.diag([-2, 3, 4, 1])), tmp_path / "slice.nii")
        image = clast.read_image(tmp_path / "slice.nii")
        labels = np.arange(42, dtype=np.uint8).reshape(shape)
        saved = nib.load(save_labels(tmp_path / "labels.nii", labels, image, force=True))
        np.testing.assert_array_equal(np.asarray(saved.dataobj), labels)
        np.testing.assert_array_equal(saved.affine, image.affine)
        assert saved.header.get_zooms() == (2, 3, 4)[: len(shape)]


def test_same_labels_give_the_same_bytes(tmp_path):
    image = Image(np.zeros((2, 3, 4)), axes="ZYX")
    for suffix in (".nii.gz", ".npy"):
        one, two = (save_labels(tmp_path / f"{name}{suffix}", LABELS, image).read_bytes() for name in "ab")
        assert one == two


def test_tiff_round_trip_of_a_tiff(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((5, 6), np.uint16), imagej=True, resolution=(4, 2),
                     metadata={"axes": "YX", "unit": "um"})  # fmt: skip
    image = clast.read_image(tmp_path / "a.tif")
    again = clast.read_image(save_labels(tmp_path / "labels.tif", np.eye(5, 6, dtype=np.uint8), image))
    assert again.spacing == image.spacing == (0.5, 0.25)


@pytest.mark.parametrize("dpi", [72, 300])
def test_tiff_keeps_resolution_tags_that_are_no_pixel_size(tmp_path, dpi):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((5, 6), np.uint8), resolution=(dpi, dpi), resolutionunit="INCH")
    image = clast.read_image(tmp_path / "a.tif")
    save_labels(tmp_path / "labels.tif", np.eye(5, 6, dtype=np.uint8), image)
    with tifffile.TiffFile(tmp_path / "labels.tif") as tif:
        assert tif.pages[0].resolution == (dpi, dpi)
        assert tif.pages[0].resolutionunit == 2
    assert clast.read_image(tmp_path / "labels.tif").spacing is None


def test_tiff_without_unit_gets_none(tmp_path):
    image = Image(np.zeros((5, 6)), axes="YX", spacing=(2, 2))
    for name in ("a.tif", "a.ome.tif"):
        assert clast.read_image(save_labels(tmp_path / name, np.eye(5, 6, dtype=np.uint8), image)).spacing is None


def test_tiff_from_nifti_has_slices_first(tmp_path):
    make_source(tmp_path / "source.nii")
    image = clast.read_image(tmp_path / "source.nii")
    again = clast.read_image(save_labels(tmp_path / "labels.tif", LABELS, image))
    assert again.axes == "ZYX"
    np.testing.assert_array_equal(again.data, LABELS.transpose(2, 1, 0))
    assert again.spacing == pytest.approx(image.spacing[::-1])


@pytest.mark.parametrize(("dtype", "mode"), [("uint8", "L"), ("uint16", "I;16")])
def test_png(tmp_path, dtype, mode):
    labels = np.arange(30).reshape(5, 6).astype(dtype)
    path = save_labels(tmp_path / "labels.png", labels, Image(np.zeros((5, 6)), axes="YX"))
    with PillowImage.open(path) as picture:
        assert picture.mode == mode
        np.testing.assert_array_equal(np.array(picture), labels)


def test_npy(tmp_path):
    path = save_labels(tmp_path / "labels.npy", LABELS, Image(np.zeros((2, 3, 4)), axes="ZYX"))
    np.testing.assert_array_equal(np.load(path), LABELS)


@pytest.mark.parametrize(
    ("name", "message"),
    [("labels.png", "PNG holds two axes.*labels have 3.*nii.gz or .tif"), ("labels", "unknown suffix"),
     (".npy", "unknown suffix"),
     ("labels.jpg", "use one of .nii.gz"), ("no/labels.nii", "does not exist; make it first")],
)  # fmt: skip
def test_refusals(tmp_path, name, message):
    with pytest.raises(OutputError, match=message) as caught:
        save_labels(tmp_path / name, LABELS, Image(np.zeros((2, 3, 4)), axes="ZYX"))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_png_holds_no_int32(tmp_path):
    with pytest.raises(OutputError, match="65535"):
        save_labels(tmp_path / "a.png", np.zeros((5, 6), np.int32), Image(np.zeros((5, 6)), axes="YX"))


def test_existing_file_needs_force(tmp_path):
    image = Image(np.zeros((2, 3, 4)), axes="ZYX")
    path = tmp_path / "labels.npy"
    path.write_text("precious")
    with pytest.raises(OutputError, match="it exists; pass force=True"):
        save_labels(path, LABELS, image)
    with pytest.raises(OSError, match="exists"):
        save_labels(str(path), LABELS, image)
    assert path.read_text() == "precious"
    save_labels(path, LABELS, image, force=True)
    np.testing.assert_array_equal(np.load(path), LABELS)


def test_folder_is_no_file(tmp_path):
    (tmp_path / "labels.npy").mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        save_labels(tmp_path / "labels.npy", LABELS, Image(np.zeros((2, 3, 4)), axes="ZYX"), force=True)


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("existing", [True, False])
@pytest.mark.parametrize(
    ("suffix", "writer"),
    [(".nii.gz", "nibabel.save"), (".tif", "tifffile.imwrite"), (".npy", "numpy.save")],
)
def test_failing_write_leaves_everything_as_it_was(tmp_path, monkeypatch, failure, existing, suffix, writer):
    path = tmp_path / f"labels{suffix}"
    if existing:
        path.write_text("precious")

    def write_half(*arguments, **_):
        target = next(item for item in arguments if isinstance(item, Path) or hasattr(item, "write"))
        with target.open("wb") if isinstance(target, Path) else target as file:
            file.write(b"half")
        raise failure

    monkeypatch.setattr(writer, write_half)
    with pytest.raises(type(failure)):
        save_labels(path, LABELS, Image(np.zeros((2, 3, 4)), axes="ZYX"), force=existing)
    assert [file.read_text() for file in tmp_path.iterdir()] == (["precious"] if existing else [])


def test_readers_of_the_old_file_never_see_half_of_the_new_one(tmp_path):
    path = tmp_path / "labels.npy"
    path.write_text("precious")
    with path.open() as reader:
        save_labels(path, LABELS, Image(np.zeros((2, 3, 4)), axes="ZYX"), force=True)
        assert reader.read() == "precious"
    np.testing.assert_array_equal(np.load(path), LABELS)


def test_file_that_appears_meanwhile_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "labels.npy"
    save = np.save

    def save_and_lose_the_race(file, array):
        save(file, array)
        path.write_text("precious")

    monkeypatch.setattr(np, "save", save_and_lose_the_race)
    with pytest.raises(OutputError, match="meanwhile"):
        save_labels(path, LABELS, Image(np.zeros((2, 3, 4)), axes="ZYX"))
    assert [file.read_text() for file in tmp_path.iterdir()] == ["precious"]


def test_a_full_disk_is_told_with_the_file(tmp_path, monkeypatch):
    def save_half(file, array):
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "save", save_half)
    path = tmp_path / "labels.npy"
    with pytest.raises(OutputError, match=r"cannot write '.*labels\.npy': No space left on device"):
        save_labels(path, LABELS, Image(np.zeros((2, 3, 4)), axes="ZYX"))
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_nothing_is_not_replaced(tmp_path):
    path = tmp_path / "labels.npy"
    path.symlink_to(tmp_path / "elsewhere" / "labels.npy")
    with pytest.raises(OutputError, match="it exists"):
        save_labels(path, LABELS, Image(np.zeros((2, 3, 4)), axes="ZYX"))
    assert path.is_symlink()


def test_files_get_ordinary_permissions(tmp_path):
    image = Image(np.zeros((2, 3, 4)), axes="ZYX")
    (tmp_path / "plain").write_text("")
    expected = (tmp_path / "plain").stat().st_mode
    for suffix in (".nii.gz", ".tif", ".npy"):
        assert save_labels(tmp_path / f"labels{suffix}", LABELS, image).stat().st_mode == expected


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="no permission"):
        save_labels(tmp_path / "a.npy", LABELS, Image(np.zeros((2, 3, 4)), axes="ZYX"))
