"""`clast select-k`: what it writes, what it says, how it ends."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image as PillowImage

import clast
from clast.cli import main

RNG = np.random.default_rng(0)
PHOTO = (RNG.integers(0, 3, (20, 24, 1)) * 80 + RNG.integers(0, 20, (20, 24, 3))).astype(np.uint8)


@pytest.fixture
def photo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    PillowImage.fromarray(PHOTO).save("photo.png")
    return tmp_path


def test_writes_everything(photo, capsys):
    assert main(["select-k", "photo.png", "--k", "2:5", "--plot", "k.png", "--table", "k.csv", "--seed", "3"]) == 0
    captured = capsys.readouterr()
    assert "silhouette: 3" in captured.out
    assert captured.err == ""
    expected = clast.select_k(PHOTO, clast.KMeans(random_state=3), k=range(2, 6))
    pd.testing.assert_frame_equal(pd.read_csv("k.csv", index_col="k"), expected.table)
    assert np.ptp(clast.read_image("k.png").data) > 0


def test_json(photo, capsys):
    argv = "select-k photo.png --k 2:3 --model gmm --criteria bic,icl --scale standard --pca 2 --threads 1 --json"
    assert main(argv.split()) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["space"] == "standard, PCA(2)"
    assert [row["k"] for row in report["scores"]] == [2, 3]
    assert set(report["choices"]) == {"bic", "icl"}


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        ("photo.png --k 5:2", 2, "must go up"),
        ("photo.png --k two", 2, "whole number"),
        ("photo.png --k 0:3", 2, "at least 1"),
        ("photo.png --criteria bic", 1, "mixture"),
        ("photo.png --criteria elbow", 1, "elbow"),
        ("photo.png --plot k.txt", 2, "k.txt"),
        ("photo.png --table photo.png", 2, "photo.png"),
        ("missing.png", 3, "missing.png"),
    ],
)
def test_bad_usage(photo, capsys, argv, code, message):
    try:
        returned = main(["select-k", *argv.split()])
    except SystemExit as exit_:
        returned = exit_.code
    captured = capsys.readouterr()
    assert returned == code
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert [path.name for path in photo.iterdir()] == ["photo.png"]
