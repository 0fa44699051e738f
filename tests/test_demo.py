"""clast demo, end to end."""

import json

import numpy as np

import clast
from clast.cli import main


def test_demo_writes_labels_and_picture_and_compares(tmp_path, capsys):
    assert main(["demo", "-o", str(tmp_path / "demo")]) == 0
    out = capsys.readouterr().out
    assert "labels equal in 273280 of 273280 pixels" in out
    labels = clast.read_image(tmp_path / "demo" / "china_labels.png").data
    assert labels.shape == (427, 640)
    assert np.unique(labels).tolist() == [1, 2, 3, 4, 5, 6]
    assert clast.read_image(tmp_path / "demo" / "china_segmented.png").is_rgb
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == ["china_labels.png", "china_segmented.png"]


def test_demo_again_needs_force(tmp_path, capsys):
    (tmp_path / "china_labels.png").write_text("precious")
    assert main(["demo", "-o", str(tmp_path)]) == 2
    assert "--force" in capsys.readouterr().err
    assert (tmp_path / "china_labels.png").read_text() == "precious"
    assert main(["demo", "-o", str(tmp_path), "--force", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["labels_equal"] == report["n_samples"] == 273_280
    assert report["n_iter"]["clast"] == report["n_iter"]["sklearn"]


def test_demo_in_a_folder_that_cannot_be(tmp_path, capsys):
    assert main(["demo", "-o", str(tmp_path / "no" / "demo")]) == 2
    assert main(["demo", "-o", __file__]) == 2
    assert capsys.readouterr().err.count("\n") == 2
