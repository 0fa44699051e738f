"""Trying all thresholds: the table, the picture, and `clast threshold`."""

import json

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import skimage.data
import tifffile
from numpy.testing import assert_array_equal
from PIL import Image as PillowImage

import clast
from clast.cli import main
from clast.image import Image

METHODS = ["isodata", "li", "mean", "minimum", "intermodes", "otsu", "triangle", "yen"]
CAMERA = skimage.data.camera()[::4, ::4]
VOLUME = np.random.default_rng(1).gamma(3, 40, (6, 20, 30)).astype(np.float32)


class TestTable:
    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
    def test_has_what_the_functions_find(self, dtype):
        image = CAMERA.astype(dtype)
        trial = clast.try_thresholds(image)
        table = trial.table()
        assert list(table["method"]) == METHODS
        assert (table["reason"] == "").all()
        for row in table.itertuples():
            threshold = getattr(clast, f"threshold_{row.method}")(image)
            assert row.threshold == trial.thresholds[row.method] == threshold
            assert row.count == np.count_nonzero(image > threshold)
            assert row.fraction == trial.fraction(row.method) == row.count / image.size
            assert_array_equal(trial.above(row.method), image > threshold)

    def test_only_what_is_inside_the_mask(self):
        image = CAMERA.astype(np.float64)
        image[:5] = np.nan
        image[5:7] = np.inf
        mask = CAMERA > 20
        trial = clast.try_thresholds(image, mask=mask, methods=["li", "otsu"])
        inside = mask & np.isfinite(image)
        assert_array_equal(trial.mask, inside)
        for method in ("otsu", "li"):
            threshold = getattr(clast, f"threshold_{method}")(image, mask=inside)
            assert trial.thresholds[method] == threshold
            assert trial.fraction(method) == np.mean(image[inside] > threshold)
            assert_array_equal(trial.above(method), inside & (image > threshold))

    def test_volumes_have_volumes(self):
        image = Image(VOLUME, axes="ZYX", spacing=(5, 2, 1), unit="mm")
        table = clast.try_thresholds(image, methods=["otsu"]).table()
        np.testing.assert_allclose(table["volume_ml"], table["count"] * 10 / 1000)

    def test_why_a_method_finds_none(self):
        trial = clast.try_thresholds(np.full((4, 5), 7.0))
        table = trial.table().set_index("method")
        assert np.isnan(trial.thresholds["minimum"])
        assert table.loc[["minimum", "intermodes"]][["threshold", "count", "fraction"]].isna().all(axis=None)
        assert "two are needed" in table["reason"]["intermodes"]
        assert (table["threshold"].drop(["minimum", "intermodes"]) == 7).all()
        with pytest.raises(ValueError, match=r"minimum found no threshold: .* two are needed"):
            trial.above("minimum")
        wide = clast.try_thresholds(np.array([[0, 5, 2**30]]), methods=["otsu", "mean"])
        assert "more than 16777216 bins" in wide.reasons["otsu"]
        assert wide.thresholds["mean"] == (5 + 2**30) / 3

    def test_methods_come_in_the_order_asked_for(self):
        trial = clast.try_thresholds(CAMERA, methods=["yen", "intermodes", "yen"])
        assert list(trial.thresholds) == ["yen", "intermodes"]
        assert repr(trial) == f"ThresholdTrial(yen: {trial.thresholds['yen']}, intermodes: "\
            f"{trial.thresholds['intermodes']})"  # fmt: skip

    def test_channels(self):
        colours = np.stack([CAMERA, CAMERA // 2, 255 - CAMERA], axis=-1)
        image = Image(colours, axes="YX")
        for trial in (
            clast.try_thresholds(image, channel="blue", methods="otsu"),
            clast.try_thresholds(image, channel=2, methods="otsu"),
            clast.try_thresholds(colours, channel=2, channel_axis=-1, methods="otsu"),
        ):
            assert trial.thresholds["otsu"] == clast.threshold_otsu(255 - CAMERA)
            assert trial.image.channel_names == ("blue",)
        with pytest.warns(UserWarning, match="looks like a colour image") as record:
            clast.try_thresholds(colours, methods="otsu")
        assert record[0].filename == __file__

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"channel_axis": 0}, "channels channel_0, channel_1, channel_2, .*: choose one with 'channel'"),
            ({"channel_axis": 0, "channel": "red"}, "'channel' is 'red', but the image has channels"),
            ({"channel_axis": 0, "channel": 6}, "'channel' is 6, but"),
            ({"channel": 1}, "'channel' is 1, but the image has channels intensity"),
            ({"methods": ["otsu", "huang"]}, r"'methods' has \['huang'\], but some of isodata, li"),
            ({"methods": []}, "'methods' has no entries"),
            ({"nbins": 0}, "'nbins' is 0, but must be an integer from 1 on"),
            ({"mask": np.zeros((2, 2), bool)}, "mask has shape"),
            ({"mask": np.zeros(VOLUME.shape, bool)}, "mask is empty"),
        ],
    )
    def test_refuses(self, options, message):
        with pytest.raises(ValueError, match=message) as refusal:
            clast.try_thresholds(VOLUME, **options)
        assert "\n" not in str(refusal.value)

    def test_above_refuses_what_was_not_tried(self):
        with pytest.raises(ValueError, match="'method' is 'li', but only otsu were tried"):
            clast.try_thresholds(CAMERA, methods=["otsu"]).above("li")


def shown(panel):
    """Which pixels a panel shows as above and as not above."""
    pixels = panel.images[0].get_array()
    is_inside = pixels[..., 3] > 0
    return is_inside & (pixels[..., 0] == 0), is_inside & (pixels[..., 0] > 0)


class TestPlot:
    @pytest.mark.parametrize("methods", [METHODS, METHODS[:3], ["otsu"]])
    def test_shows_what_is_above(self, methods, tmp_path):
        trial = clast.try_thresholds(CAMERA, methods=methods)
        figure = trial.plot()
        panels = {axis.get_title().partition(":")[0]: axis for axis in figure.axes if axis.get_visible()}
        assert panels.keys() == {"image", "histogram", *methods}
        for method in methods:
            above, below = shown(panels[method])
            assert_array_equal(above, trial.above(method))
            assert_array_equal(below, ~trial.above(method))
        histogram = panels["histogram"]
        assert sorted(line.get_xdata()[0] for line in histogram.lines) == sorted(trial.thresholds.values())
        assert {text.get_text() for text in histogram.texts} == set(methods)
        assert (histogram.get_xlabel(), histogram.get_ylabel()) == ("grey value", "pixels")
        figure.savefig(tmp_path / "picture.png")

    def test_slices_of_volumes(self):
        mask = VOLUME > 30
        mask[:4] = False
        trial = clast.try_thresholds(VOLUME, mask=mask, methods=["otsu"])
        for options, index, title in (({}, 4, "image, z = 4"), ({"slice_index": 5}, 5, "image, z = 5")):
            panels = trial.plot(**options).axes
            assert panels[0].get_title() == title
            above, below = shown(panels[1])
            assert_array_equal(above, trial.above("otsu")[index])
            assert_array_equal(below, mask[index] & ~trial.above("otsu")[index])
        with pytest.raises(ValueError, match="'slice_index' is 6, but slices 0 to 5 exist"):
            trial.plot(slice_index=6)
        with pytest.raises(ValueError, match="'slice_axis' is 'T'"):
            trial.plot(slice_axis="t")

    def test_says_why_there_is_none(self, tmp_path):
        figure = clast.try_thresholds(np.full((20, 30), 7)).plot()
        panel = next(axis for axis in figure.axes if axis.get_title() == "minimum: none")
        assert "two are needed" in panel.texts[0].get_text().replace("\n", " ")
        figure.savefig(tmp_path / "picture.png")


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    PillowImage.fromarray(CAMERA).save("camera.png")
    PillowImage.fromarray(np.stack([CAMERA, CAMERA // 2, 255 - CAMERA], axis=-1)).save("photo.png")
    PillowImage.fromarray(np.full((9, 9), 7, np.uint8)).save("plain.png")
    nib.save(nib.Nifti1Image(VOLUME, np.diag([1, 2, 5, 1])), "volume.nii.gz")
    return tmp_path


class TestCommand:
    def test_writes_everything(self, work, capsys):
        argv = "threshold camera.png --method li -o mask.tif --plot picture.png --table table.csv --threads 1"
        assert main(argv.split()) == 0
        trial = clast.try_thresholds("camera.png", methods=["li"])
        assert_array_equal(tifffile.imread("mask.tif"), trial.above("li"))
        assert tifffile.imread("mask.tif").dtype == np.uint8
        saved = pd.read_csv("table.csv", keep_default_na=False)
        pd.testing.assert_frame_equal(saved, trial.table(), check_dtype=False)
        assert np.ptp(clast.read_image("picture.png").data) > 0
        captured = capsys.readouterr()
        assert captured.err == ""
        assert f"{trial.thresholds['li']:.6g}" in captured.out
        assert "labels: mask.tif" in captured.out

    def test_masked_volume(self, work, capsys):
        argv = "threshold volume.nii.gz --mask nonzero --nbins 64 -o mask.nii.gz --json"
        assert main(argv.split()) == 0
        report = json.loads(capsys.readouterr().out)
        trial = clast.try_thresholds("volume.nii.gz", mask="nonzero", nbins=64, methods=["otsu"])
        assert report["thresholds"] == trial.table().to_dict(orient="records")
        assert_array_equal(np.asarray(nib.load("mask.nii.gz").dataobj), trial.above("otsu"))

    def test_all_of_a_channel(self, work, capsys):
        assert main(["threshold", "photo.png", "--method", "all", "--channel", "blue", "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["channel"] == "blue"
        expected = clast.try_thresholds(255 - CAMERA).table()
        assert [row["threshold"] for row in report["thresholds"]] == list(expected["threshold"])
        assert main(["threshold", "photo.png", "--method", "all", "--channel", "2"]) == 0
        printed = capsys.readouterr().out
        assert all(method in printed for method in METHODS)

    def test_all_where_some_find_none(self, work, capsys):
        assert main(["threshold", "plain.png", "--method", "all"]) == 0
        assert "\nminimum found none: the smoothed histogram has one maximum only" in capsys.readouterr().out
        assert main(["threshold", "plain.png", "--method", "all", "--json"]) == 0
        rows = {row["method"]: row for row in json.loads(capsys.readouterr().out)["thresholds"]}
        assert (rows["minimum"]["threshold"], rows["minimum"]["count"]) == (None, None)
        assert rows["otsu"]["threshold"] == 7

    @pytest.mark.parametrize(
        ("argv", "code", "message"),
        [
            ("camera.png --method huang", 2, "invalid choice: 'huang'"),
            ("camera.png --method all -o mask.tif", 2, "choose a --method"),
            ("camera.png --nbins none", 2, "whole number"),
            ("camera.png -o mask.jpg", 2, "mask.jpg"),
            ("camera.png -o camera.png", 2, "camera.png"),
            ("volume.nii.gz -o mask.png", 2, "PNG holds two axes"),
            ("photo.png", 1, "channels red, green, blue: choose one"),
            ("photo.png --channel alpha", 1, "'channel' is 'alpha'"),
            ("plain.png --method minimum -o mask.tif", 1, "minimum found no threshold"),
            ("camera.png --mask volume.nii.gz", 4, "volume.nii.gz"),
            ("missing.png", 3, "missing.png"),
        ],
    )
    def test_bad_usage(self, work, capsys, argv, code, message):
        before = sorted(path.name for path in work.iterdir())
        try:
            returned = main(["threshold", *argv.split()])
        except SystemExit as exit_:
            returned = exit_.code
        captured = capsys.readouterr()
        assert returned == code
        assert message in captured.err
        assert captured.err.count("\n") == 1
        assert sorted(path.name for path in work.iterdir()) == before
