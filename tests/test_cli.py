"""The command line: what it writes, what it says, how it ends."""

import json
import subprocess
import sys
import time
import warnings

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image as PillowImage

import clast
from clast.cli import main

RNG = np.random.default_rng(2)
PHOTO = RNG.integers(0, 256, (24, 32, 3)).astype(np.uint8)
VOLUME = RNG.integers(0, 500, (6, 7, 8)).astype(np.int16)


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A folder with a photo, two volumes on one grid, and two that do not fit."""
    monkeypatch.chdir(tmp_path)
    PillowImage.fromarray(PHOTO).save("photo.png")
    affine = np.diag([1, 2, 5, 1])
    for name, values, place in (
        ("t1", VOLUME, affine),
        ("t2", VOLUME[::-1].copy(), affine),
        ("moved", VOLUME, affine + np.eye(4, k=3) * 3),
        ("small", VOLUME[1:], affine),
    ):
        image = nib.Nifti1Image(values, place)
        image.header.set_xyzt_units("mm")
        nib.save(image, f"{name}.nii.gz")
    return tmp_path


def fails(capsys, code, *argv):
    """Run, expect an exit code and one line on stderr, give the line back."""
    try:
        returned = main(argv)
    except SystemExit as exit_:
        returned = exit_.code
    captured = capsys.readouterr()
    assert returned == code, captured.err
    assert captured.out == ""
    assert captured.err.startswith("clast")
    assert captured.err.count("\n") == 1
    return captured.err


def test_segment_writes_everything(work, capsys):
    argv = "segment t1.nii.gz t2.nii.gz -k 3 --mask nonzero --scale standard --label-order center --seed 123 --n-init 2"
    outputs = "-o labels.nii.gz --plot picture.png --table table.csv --threads 1"
    threads = clast.get_num_threads()
    assert main([*argv.split(), *outputs.split()]) == 0
    assert clast.get_num_threads() == threads
    expected = clast.segment(["t1.nii.gz", "t2.nii.gz"], clast.KMeans(3, random_state=123, n_init=2), mask="nonzero",
                             scale="standard", label_order="center")  # fmt: skip
    saved = nib.load("labels.nii.gz")
    np.testing.assert_array_equal(np.asarray(saved.dataobj), expected.labels)
    np.testing.assert_array_equal(saved.affine, expected.image.affine)
    pd.testing.assert_frame_equal(pd.read_csv("table.csv"), expected.table())
    assert np.ptp(clast.read_image("picture.png").data) > 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "volume_ml" in captured.out
    assert "labels: labels.nii.gz" in captured.out
    assert {path.name for path in work.iterdir() if path.name.startswith(".")} == set()


def test_mixture_writes_probabilities(work, capsys):
    argv = "segment t1.nii.gz t2.nii.gz -k 3 --model gmm --covariance diag --mask nonzero --seed 5 --label-order size"
    assert main([*argv.split(), "--json", "-o", "labels.nii.gz", "--probabilities", "posteriors.nii.gz"]) == 0
    model = clast.GaussianMixture(3, covariance_type="diag", random_state=5)
    expected = clast.segment(["t1.nii.gz", "t2.nii.gz"], model, mask="nonzero", label_order="size")
    saved = nib.load("posteriors.nii.gz")
    np.testing.assert_array_equal(np.asarray(saved.dataobj), expected.posteriors())
    np.testing.assert_array_equal(saved.affine, expected.image.affine)
    np.testing.assert_array_equal(clast.read_image("labels.nii.gz").data, expected.labels)
    report = json.loads(capsys.readouterr().out)
    assert report["files"] == {"labels": "labels.nii.gz", "probabilities": "posteriors.nii.gz"}
    assert report["model"] == {
        "name": "GaussianMixture",
        "n_components": 3,
        "covariance_type": "diag",
        "random_state": 5,
        "n_init": 1,
        "n_iter": expected.model.n_iter_,
        "lower_bound": expected.model.lower_bound_,
        "converged": True,
    }


def test_quadtree_writes_everything(work, capsys):
    argv = "quadtree photo.png --threshold 200,190,210 --min-size 2 --max-size 8 --threads 1"
    outputs = "-o labels.tif --plot picture.png --table leaves.csv"
    assert main([*argv.split(), *outputs.split()]) == 0
    expected = clast.quadtree(PHOTO, threshold=[200, 190, 210], min_size=2, max_size=8, channel_axis=-1)
    np.testing.assert_array_equal(tifffile.imread("labels.tif"), expected.labels)
    leaves = pd.read_csv("leaves.csv")
    np.testing.assert_array_equal(leaves[["y", "x"]], expected.origins)
    assert "mean_green" in leaves
    assert np.ptp(clast.read_image("picture.png").data) > 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert f"{expected.n_leaves} leaves" in captured.out
    assert main([*argv.split(), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["threshold"] == [200, 190, 210]
    assert sum(report["n_leaves_by_size"].values()) == report["n_leaves"] == expected.n_leaves


def test_quadtree_refuses(work, capsys):
    assert "must be numbers, not 'much'" in fails(capsys, 2, "quadtree", "photo.png", "--threshold", "much")
    assert "must be a power of two" in fails(capsys, 1, "quadtree", "photo.png", "--threshold", "1", "--min-size", "3")
    assert "it is an input too" in fails(capsys, 2, "quadtree", "photo.png", "--threshold", "1", "-o", "photo.png",
                                         "--force")  # fmt: skip


def test_mixture_report(work, capsys):
    assert main(["segment", "photo.png", "-k", "2", "--model", "gmm", "--probabilities", "posteriors.tif"]) == 0
    out = capsys.readouterr().out
    assert "GaussianMixture: 768 of 768 pixels in 2 classes" in out
    assert "mean log density -1" in out
    assert "probabilities: posteriors.tif" in out
    assert clast.read_image("posteriors.tif").data.shape == (24, 32, 2)


def test_mixture_of_constant_pixels_warns_and_goes_on(work, capsys):
    PillowImage.fromarray(np.full((8, 9), 7, np.uint8)).save("flat.png")
    argv = [sys.executable, "-m", "clast", "segment", "flat.png", "-k", "1", "--model", "gmm", "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["classes"][0]["count"] == 72


def test_json_is_one_object(work, capsys):
    assert main(["segment", "photo.png", "-k", "4", "--json", "-o", "a.png", "--table", "a.tsv"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    report = json.loads(captured.out)
    expected = clast.segment("photo.png", clast.KMeans(4, random_state=0))
    assert report["model"]["inertia"] == expected.model.inertia_
    assert report["model"]["n_iter"] == expected.model.n_iter_
    assert [row["count"] for row in report["classes"]] == expected.table()["count"].tolist()
    assert report["classes"][0]["mean_red"] == expected.table()["mean_red"][0]
    assert report["files"] == {"labels": "a.png", "table": "a.tsv"}
    assert set(report["seconds"]) == {"read", "fit", "write"}
    assert report["n_samples"] == report["n_pixels"] == 24 * 32
    assert len(pd.read_csv("a.tsv", sep="\t")) == 4


def test_quiet_says_nothing(work, capsys):
    assert main(["segment", "photo.png", "-k", "2", "--quiet", "-o", "a.tif"]) == 0
    assert capsys.readouterr() == ("", "")


def test_outputs_are_not_needed(work, capsys):
    before = set(work.iterdir())
    assert main(["segment", "photo.png", "-k", "2"]) == 0
    assert "inertia" in capsys.readouterr().out
    assert set(work.iterdir()) == before


def test_axes_of_unclear_tiff(work, capsys):
    tifffile.imwrite("ions.tif", RNG.integers(0, 99, (7, 10, 12)).astype(np.uint16), photometric="minisblack")
    assert "axes='CYX'" in fails(capsys, 1, "segment", "ions.tif", "-k", "2")
    assert main(["segment", "ions.tif", "-k", "2", "--axes", "CYX", "-o", "labels.tif"]) == 0
    assert clast.read_image("labels.tif").shape == (10, 12)


def test_mask_file(work):
    PillowImage.fromarray(np.eye(24, 32, dtype=np.uint8)).save("mask.png")
    assert main(["segment", "photo.png", "-k", "2", "--mask", "mask.png", "-o", "labels.npy"]) == 0
    np.testing.assert_array_equal(np.load("labels.npy") > 0, np.eye(24, 32) > 0)


@pytest.mark.parametrize(
    ("code", "argv", "message"),
    [
        (2, "segment photo.png", "-k"),
        (2, "segment photo.png -k 0", "at least 1, not 0"),
        (2, "segment photo.png -k two", "whole number, not 'two'"),
        (2, "segment photo.png -k 2 --seed -1", "from 0 to"),
        (2, "segment photo.png -k 2 --n-init 0", "at least 1"),
        (2, "segment photo.png -k 2 --scale log", "invalid choice"),
        (2, "segment photo.png -k 2 --model dbscan", "invalid choice"),
        (
            2,
            "segment photo.png -k 2 --covariance full",
            "--covariance: only a Gaussian mixture has it; add --model gmm",
        ),
        (2, "segment photo.png -k 2 --probabilities p.tif", "--probabilities: only a Gaussian mixture has it"),
        (2, "segment photo.png -k 2 --model gmm --covariance round", "invalid choice"),
        (2, "segment photo.png -k 2 --model gmm --probabilities p.png", "unknown suffix '.png'; use one of .nii.gz"),
        (2, "segment photo.png -k 2 --model gmm -o a.tif --probabilities a.tif", "where the labels go too"),
        (1, "segment photo.png -k 769 --model gmm", "768 pixels take part, but 'n_components' is 769"),
        (2, "", "COMMAND"),
        (2, "segment photo.png -k 2 -o no/labels.png", "the folder 'no' does not exist; make it first"),
        (2, "segment photo.png -k 2 -o labels.xyz", "unknown suffix '.xyz'"),
        (2, "segment photo.png -k 2 --plot picture.nii", "use one of .png"),
        (2, "segment photo.png -k 2 --table table.xls", "use one of .csv"),
        (2, "segment photo.png -k 2 -o t1.nii.gz", "--force"),
        (2, "segment photo.png -k 2 -o photo.png --force", "an input too"),
        (2, "segment photo.png -k 2 -o a.png --plot ./a.png", "where the labels go too"),
        (2, "segment t1.nii.gz -k 2 -o a.png", "PNG holds two axes, but the labels have 3"),
        (2, "segment no.png -k 2 -o no/a.png", "does not exist; make it first"),
        (2, "patches gray.tif --column mean -o a.csv", "argument --column: it says how the heat map looks"),
        (2, "patches gray.tif --grid 2 --patch-size 4", "not allowed with argument --grid"),
        (3, "segment no.png -k 2", "no such file"),
        (3, "segment photo.png -k 2 --mask no.png", "no such file"),
        (3, "segment bad.nii.gz -k 2", "cannot read 'bad.nii.gz'"),
        (3, "info no.png", "no such file"),
        (4, "segment t1.nii.gz small.nii.gz -k 2", "(6, 7, 8) and (5, 7, 8)"),
        (4, "segment t1.nii.gz moved.nii.gz -k 2", "affines [[1.0, 0.0, 0.0, 0.0]"),
        (4, "segment t1.nii.gz -k 2 --mask moved.nii.gz", "the mask 'moved.nii.gz' and the image"),
        (1, "segment photo.png -k 2 --pca 4", "4 principal components (pca) need as many channels"),
        (1, "quadtree photo.png --threshold 1,2", "one number is needed, or 3, one per channel"),
        (1, "patches gray.tif --grid 2 --plot a.png --column no", "error: the table has no column 'no'"),
        (3, "info cut.tif", "it holds no image"),
        (1, "segment photo.png -k 769", "768 pixels take part, but 'n_clusters' is 769"),
        (1, "segment photo.png -k 2 --axes CYX", "fixed by its format"),
        (1, "segment zero.png -k 2 --mask nonzero", "the mask is empty"),
    ],
)
def test_errors_are_one_line_and_an_exit_code(work, capsys, code, argv, message):
    (work / "bad.nii.gz").write_bytes(b"no gzip")
    tifffile.imwrite("gray.tif", np.arange(64, dtype=np.uint8).reshape(8, 8))
    (work / "cut.tif").write_bytes(b"II*\0" + (10**6).to_bytes(4, "little"))  # its first page is beyond its end
    PillowImage.fromarray(np.zeros((4, 5), np.uint8)).save("zero.png")
    before = {path: path.read_bytes() for path in work.iterdir()}
    assert message in fails(capsys, code, *argv.split())
    assert {path: path.read_bytes() for path in work.iterdir()} == before


def test_outputs_are_checked_before_the_fit(work, capsys, monkeypatch):
    monkeypatch.setattr(clast.KMeans, "fit", lambda *_: pytest.fail("the fit has begun"))
    for outputs in ("-o a.png", "-o no/a.nii", "--plot a.nii", "-o t2.nii.gz", "--table a.png"):
        fails(capsys, 2, "segment", "t1.nii.gz", "-k", "2", *outputs.split())


def test_failing_write_leaves_nothing(work, capsys, monkeypatch):
    before = set(work.iterdir())

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fail)
    argv = ["segment", "photo.png", "-k", "2", "-o", "a.png", "--table", "a.csv", "--plot", "b.png"]
    assert "cannot write 'b.png': No space left" in fails(capsys, 2, *argv)
    assert set(work.iterdir()) == before


def test_force_replaces(work):
    (work / "a.png").write_text("old")
    assert main(["segment", "photo.png", "-k", "2", "-o", "a.png", "--force"]) == 0
    assert clast.read_image("a.png").shape == (24, 32)


def test_debug_shows_the_traceback(work, capsys):
    assert main(["segment", "no.png", "-k", "2", "--debug"]) == 3
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("clast: error: cannot read 'no.png'")


def test_interrupt(work, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(clast.KMeans, "fit", interrupt)
    assert "interrupted" in fails(capsys, 130, "segment", "photo.png", "-k", "2", "-o", "a.png")
    assert not (work / "a.png").exists()


def test_warnings_are_one_line(work, capsys):
    PillowImage.fromarray(np.repeat(np.uint8([[1, 2]]), 8, axis=0)).save("two.png")
    code = subprocess.run(
        [sys.executable, "-m", "clast", "segment", "two.png", "-k", "5"], capture_output=True, text=True
    )
    assert code.returncode == 0
    assert code.stderr.startswith("clast: warning: Number of distinct clusters (2)")
    assert code.stderr.count("\n") == 1


def test_classes_without_pixels_are_null_in_json(work):
    PillowImage.fromarray(np.repeat(np.uint8([[1, 2]]), 8, axis=0)).save("two.png")
    argv = [sys.executable, "-W", "ignore", "-m", "clast", "segment", "two.png", "-k", "5", "--json"]
    report = json.loads(subprocess.check_output(argv, text=True), parse_constant=pytest.fail)
    assert {row["count"] for row in report["classes"]} <= {0, 8}


def test_info(work, capsys):
    assert main(["info", "t1.nii.gz", "photo.png"]) == 0
    out = capsys.readouterr().out
    for line in ("t1.nii.gz", "  axes: XYZ", "  shape: 6, 7, 8", "  dtype: int16", "  spacing: 1 x 2 x 5 mm",
                 "  channels: red, green, blue", "  spacing: unknown"):  # fmt: skip
        assert line in out.splitlines()
    np.save("values.npy", np.float32([[0.1, 1 / 3]]))
    assert main(["info", "values.npy"]) == 0
    assert "  range: 0.1, 0.3333333" in capsys.readouterr().out.splitlines()
    assert main(["info", "--json", "t1.nii.gz"]) == 0
    described = json.loads(capsys.readouterr().out)["files"][0]
    assert described["range"] == [int(VOLUME.min()), int(VOLUME.max())]
    assert described["distinct_values"] == len(np.unique(VOLUME))


def test_help_and_version(capsys):
    for argv in (["--help"], ["segment", "--help"], ["info", "--help"], ["demo", "--help"]):
        with pytest.raises(SystemExit) as caught:
            main(argv)
        assert caught.value.code == 0
        assert "usage: clast" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"clast {clast.__version__}\n"


def test_help_is_quick_and_loads_nothing_heavy(run_python):
    code = (
        "import sys; from clast.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('sklearn', 'nibabel', 'matplotlib', 'pandas') if name in sys.modules])"
    )
    assert run_python(code).splitlines()[-1] == "[]"


def test_process(work):
    """The installed module as a process of its own: exit code, streams and files."""
    start = time.perf_counter()
    argv = [sys.executable, "-m", "clast", "segment", "t1.nii.gz", "-k", "2", "-o", "labels.nii.gz"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert time.perf_counter() - start < 60
    again = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    assert again.returncode == 2
    assert again.stderr.count("\n") == 1
    broken = subprocess.run(f"{' '.join(argv[:7])} | true", shell=True, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in broken.stderr


def test_brain_mri_journey(tmp_path, data_dir, mri):
    from sklearn.cluster import KMeans

    files = [str(data_dir / "mri" / f"{name}.nii.gz") for name in ("t1", "t1_contrast", "flair", "adc")]
    labels = tmp_path / "labels.nii.gz"
    argv = ["segment", *files, "-k", "3", "--mask", "nonzero", "--seed", "123", "-o", str(labels), "--quiet"]
    assert main(argv) == 0
    saved = nib.load(labels)
    values = np.asarray(saved.dataobj)
    assert values.dtype == np.uint8
    assert np.count_nonzero(values) == 240_391
    np.testing.assert_array_equal(values[values > 0], KMeans(3, random_state=123).fit(mri).labels_ + 1)
    source = nib.load(files[0])
    np.testing.assert_array_equal(saved.affine, source.affine)
    assert saved.header.get_zooms() == source.header.get_zooms()


def test_superpixels(work, capsys):
    argv = "superpixels photo.png -n 12 --slico -o labels.tif --plot overlay.png --table table.csv --json"
    assert main(argv.split()) == 0
    report = json.loads(capsys.readouterr().out)
    labels = tifffile.imread("labels.tif")
    expected = clast.slic(PHOTO, 12, slic_zero=True)
    np.testing.assert_array_equal(labels, expected)
    assert labels.dtype == np.uint16
    assert report["n_segments"] == expected.max()
    table = pd.read_csv("table.csv")
    assert list(table["area"]) == list(np.bincount(expected.ravel())[1:])
    np.testing.assert_allclose(table["mean-blue"][0], PHOTO[expected == 1][:, 2].mean())
    with PillowImage.open("overlay.png") as picture:
        assert picture.size[0] > 1000


def test_superpixels_of_a_volume_with_mask(work, capsys):
    mask = VOLUME > 100
    nib.save(nib.Nifti1Image(mask.astype(np.uint8), np.diag([1, 2, 5, 1])), "mask.nii.gz")
    argv = "superpixels t1.nii.gz -n 10 --mask mask.nii.gz -o labels.nii.gz --plot picture.png --table table.csv"
    assert main(argv.split()) == 0
    written = nib.load("labels.nii.gz")
    expected = clast.slic(VOLUME, 10, 0.1, mask=mask, spacing=(1, 2, 5), channel_axis=None)
    np.testing.assert_array_equal(np.asarray(written.dataobj), expected)
    np.testing.assert_array_equal(written.affine, np.diag([1, 2, 5, 1]))
    table = pd.read_csv("table.csv")
    np.testing.assert_allclose(table["volume_ml"], table["area"] * 0.01)
    assert "superpixels of" in capsys.readouterr().out


def test_superpixels_of_an_image_that_is_not_finite_everywhere(work):
    image = RNG.normal(size=(20, 30))
    image[:3] = np.nan
    np.save("gap.npy", image)
    argv = "superpixels gap.npy -n 9 --slico -o labels.npy --plot picture.png --table table.csv"
    assert main(argv.split()) == 0
    labels = np.load("labels.npy")
    assert (labels[:3] == 0).all()
    assert (labels[3:] > 0).all()
    np.testing.assert_allclose(pd.read_csv("table.csv")["mean-gap"][0], image[labels == 1].mean())


def test_much_fewer_or_more_superpixels_than_asked_for_are_explained(work, capsys):
    mask = np.zeros(PHOTO.shape[:2], dtype=np.uint8)
    mask[::2, ::2] = 1
    PillowImage.fromarray(mask).save("islands.png")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["superpixels", "photo.png", "-n", "12", "--compactness", "30", "-o", "labels.tif"]) == 0
        assert main(["superpixels", "photo.png", "-n", "12", "--mask", "islands.png", "-o", "islands.tif"]) == 0
    few, many = capsys.readouterr().err.splitlines()
    assert few.startswith("clast: warning: 1 superpixels instead of about 12: most pieces were too small")
    assert many.startswith("clast: warning: 192 superpixels instead of about 12: islands of the mask")


def test_superpixels_refuse_before_the_work(work, capsys):
    assert "'photo.png'" in fails(capsys, 2, *["superpixels", "photo.png", "-o", "photo.png", "--force"])
    assert "must be positive" in fails(capsys, 2, *["superpixels", "photo.png", "--compactness", "0"])
    assert "must be at least 0" in fails(capsys, 2, *["superpixels", "photo.png", "--sigma", "-1"])
    many = ["superpixels", "photo.png", "-n", "70000", "-o", "labels.png"]
    assert "PNG holds at most 65535 labels; use .tif" in fails(capsys, 2, *many)
