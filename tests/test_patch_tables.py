"""Patches of many images: table, transformer, search, heat map, command line; the numbers of the crystal tiles."""

import json

import numpy as np
import pandas as pd
import pytest
import tifffile
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import gaussian_filter
from sklearn.base import clone
from sklearn.cluster import AgglomerativeClustering
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import clast
from clast import KMeans, PatchStatistics, patch_search, patch_statistics, patch_table
from clast.cli import main
from clast.image import UnreadableImageError
from clast.plot import patch_heatmap

RNG = np.random.default_rng(5)
# Rough on the left, smooth on the right: two kinds of patches that anything can tell apart.
TILES = [
    (120 + RNG.normal(0, 1, (48, 64)) * np.where(np.indices((48, 64))[1] < 32, 30, 4)).clip(1, 255).astype(np.uint8)
    for _ in range(3)
]
FEATURES = ("mean", "std", "relative_std", "skewness", "kurtosis", "histogram_mode")


@pytest.fixture
def folder(tmp_path):
    """Four TIFF tiles, one of them black, and a file that is no image."""
    for index, tile in enumerate([*TILES, np.zeros_like(TILES[0])]):
        tifffile.imwrite(tmp_path / f"tile_{index}.tif", tile)
    (tmp_path / "notes.txt").write_text("not an image")
    return tmp_path


class TestTable:
    def test_rows_are_those_of_each_image(self):
        table = patch_table(TILES, grid=(3, 4), statistics=["mean", 0.5])
        assert list(table.columns[:4]) == ["tile", "file", "row", "column"]
        for index, tile in enumerate(TILES):
            alone = patch_statistics(tile, grid=(3, 4), statistics=["mean", 0.5]).table()
            of_tile = table[table.tile == index].drop(columns=["tile", "file"]).reset_index(drop=True)
            pd.testing.assert_frame_equal(of_tile, alone)

    @pytest.mark.parametrize("given", ["folder", "glob", "list"])
    def test_files(self, folder, given):
        files = sorted(map(str, folder.glob("*.tif")))
        images = {"folder": folder, "glob": str(folder / "tile_*.tif"), "list": files}[given]
        with pytest.warns(UserWarning, match=r"1 of 4 tiles skipped, because more than 50% of their pixels are 0"):
            table = patch_table(images, grid=2, statistics=["max"])
        assert table.attrs["skipped"] == [files[3]]
        assert table.file.unique().tolist() == files[:3]
        assert_array_equal(table["max"], np.concatenate([tile_maxima(tile) for tile in TILES]))

    def test_black_tiles_can_be_kept(self, folder):
        table = patch_table(folder, grid=2, statistics=["max"], skip_black=None)
        assert table.tile.nunique() == 4
        assert table.attrs["skipped"] == []

    def test_several_grids(self):
        table = patch_table(TILES, grid=[2, (3, 4)], statistics=["std"])
        assert table.grid.unique().tolist() == [2, "3x4"]
        alone = patch_table(TILES, grid=(3, 4), statistics=["std"])
        assert_allclose(table[table.grid == "3x4"]["std"], alone["std"], rtol=1e-12)

    def test_channels(self):
        rgb = np.stack(TILES, axis=-1)
        table = patch_table([rgb], grid=2, statistics=["mean"])
        assert table.channel.unique().tolist() == ["red", "green", "blue"]
        for name, tile in zip(["red", "green", "blue"], TILES, strict=True):
            alone = patch_statistics(tile, grid=2, statistics=["mean"]).features()[:, 0]
            assert_array_equal(table[table.channel == name]["mean"], alone)

    def test_a_flat_field_evens_the_light(self):
        light = np.linspace(0.5, 1.5, 64)[np.newaxis, :] * np.ones((48, 1))
        lit = [(tile * light).astype(np.float32) for tile in TILES]
        table = patch_table(lit, grid=4, statistics=["mean"], flatfield=light * 7)
        even = patch_table(TILES, grid=4, statistics=["mean"])
        assert_allclose(table["mean"], even["mean"], rtol=1e-5)

    def test_the_light_is_found_in_the_tiles(self):
        table = patch_table(TILES, grid=4, statistics=["mean"], flatfield="auto")
        field = gaussian_filter(np.mean(TILES, axis=0), 8, mode="nearest")
        corrected = [patch_statistics(tile / (field / field.mean()), grid=4, statistics=["mean"]) for tile in TILES]
        assert_allclose(table["mean"], np.concatenate([patches.features()[:, 0] for patches in corrected]), rtol=1e-5)

    @pytest.mark.parametrize(
        ("images", "options", "error", "message"),
        [
            ([], {}, UnreadableImageError, "no images were given"),
            ("missing/*.tif", {}, UnreadableImageError, "matches no file"),
            ("missing.tif", {}, UnreadableImageError, "there is no such file"),
            ([np.zeros((4, 4))], {}, ValueError, "all 1 tiles are black; skip_black=None"),
            (TILES, {"statistics": ["men"]}, ValueError, "'men'"),
            (TILES, {"grid": 49}, ValueError, "'grid' has 49 patches along the height"),
            (TILES, {"flatfield": np.zeros((48, 64))}, ValueError, "'flatfield' has values that are not positive"),
            (TILES, {"flatfield": np.ones((4, 4))}, ValueError, r"'flatfield' has shape \(4, 4\), but tile '0'"),
            ([TILES[0], TILES[0][:9]], {"flatfield": "auto"}, ValueError, "cannot be found from tiles of shapes"),
        ],
    )
    def test_refuses_in_one_line(self, images, options, error, message):
        with pytest.raises(error, match=message) as refusal:
            patch_table(images, **{"grid": 2, **options})
        assert "\n" not in str(refusal.value)


def tile_maxima(tile):
    return [tile[y : y + 24, x : x + 32].max() for y in (0, 24) for x in (0, 32)]


class TestTransformer:
    def test_pipeline_reads_like_what_it_is(self):
        pipeline = make_pipeline(PatchStatistics(4), StandardScaler(), PCA(2), KMeans(2, random_state=0))
        labels = pipeline.fit_predict(TILES).reshape(3, 4, 4)
        assert (labels == labels[:1, :1]).all()
        assert labels[0, 0, 0] != labels[0, 0, 3]

    def test_features_are_those_of_patch_statistics(self):
        found = PatchStatistics(patch_size=8, stride=4, statistics=["median", 0.9]).fit_transform(TILES)
        expected = [patch_statistics(x, patch_size=8, stride=4, statistics=["median", 0.9]).features() for x in TILES]
        assert_array_equal(found, np.concatenate(expected))
        assert_array_equal(PatchStatistics(4).fit_transform(np.stack(TILES)), PatchStatistics(4).fit_transform(TILES))

    def test_pandas_output(self):
        frame = PatchStatistics(2, statistics=["std", 0.1]).set_output(transform="pandas").fit_transform(TILES)
        assert list(frame.columns) == ["std", "q0.1"]
        rgb = [np.stack(TILES, axis=0)]
        frame = PatchStatistics(2, statistics=["std"], channel_axis=0).set_output(transform="pandas").fit_transform(rgb)
        assert list(frame.columns) == ["channel_0_std", "channel_1_std", "channel_2_std"]
        assert_allclose(frame["channel_1_std"].iloc[0], TILES[1][:24, :32].std())

    def test_clone_keeps_the_parameters(self):
        model = PatchStatistics((2, 3), statistics=("std", 0.25), edges="partial", fill_value=0.0)
        assert clone(model).get_params() == model.get_params()

    def test_undefined_statistics_are_filled(self):
        flat = [np.full((8, 8), 7.0)]
        assert np.isnan(PatchStatistics(2, statistics=["skewness"]).fit_transform(flat)).all()
        assert (PatchStatistics(2, statistics=["skewness"], fill_value=-1).fit_transform(flat) == -1).all()

    @pytest.mark.parametrize(
        ("model", "images", "message"),
        [
            (PatchStatistics(), TILES, "exactly one of 'grid'"),
            (PatchStatistics([2, 4]), TILES, "takes one 'grid'"),
            (PatchStatistics(2), TILES[0], "put a single one into a list"),
            (PatchStatistics(2), [], "no images"),
            (
                PatchStatistics(2, channel_axis=0),
                [np.ones((2, 4, 4)), np.ones((3, 4, 4))],
                "images of 2 and 3 channels",
            ),
        ],
    )
    def test_refuses(self, model, images, message):
        with pytest.raises(ValueError, match=message):
            model.fit(images)

    def test_refuses_other_channels_than_fitted(self):
        model = PatchStatistics(2, channel_axis=0).fit([np.ones((2, 4, 4))])
        with pytest.raises(ValueError, match="3 channels, but PatchStatistics was fitted on 2"):
            model.transform([np.ones((3, 4, 4))])


class TestSearch:
    def test_every_row_says_what_was_done(self):
        found = patch_search(TILES, grids=[2, (3, 4)], n_clusters=[2, 3], pca=[None, 1, 2], statistics=["mean", "std"])
        assert len(found) == 12
        assert found.space.unique().tolist() == ["scaled", "scaled, 1 component", "scaled, 2 components"]
        row = found[(found.grid == "3x4") & (found.pca == 1) & (found.n_clusters == 3)].iloc[0]
        features = PatchStatistics((3, 4), statistics=["mean", "std"]).fit_transform(TILES)
        projected = PCA(1).fit_transform(StandardScaler().fit_transform(features))
        labels = KMeans(3, n_init=20, random_state=0).fit_predict(projected)
        assert_allclose(row.silhouette, silhouette_score(projected, labels), atol=1e-12)
        assert (row.n_patches, row.n_undefined, row.model) == (36, 0, "kmeans")

    def test_other_models_and_scores(self):
        options = {"grids": [4], "n_clusters": [2], "statistics": ["mean", "std"], "scale": False}
        features = PatchStatistics(4, statistics=["mean", "std"]).fit_transform(TILES)
        expected = silhouette_score(features, AgglomerativeClustering(2).fit_predict(features))
        for model in ("agglomerative", AgglomerativeClustering()):
            found = patch_search(TILES, model=model, **options)
            assert_allclose(found.silhouette[0], expected)
            assert found.space[0] == "raw"
        found = patch_search(TILES, score=lambda X, labels: len(X) + labels.max(), **options)
        assert found.iloc[0]["<lambda>"] == 49

    def test_undefined_patches_are_left_out(self):
        flat = TILES[0].copy()
        flat[:12, :16] = 9
        found = patch_search([flat], grids=[4], n_clusters=[2])
        assert found.n_undefined[0] == 1

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"model": "dbscan"}, "'model' is 'dbscan', but must be 'kmeans'"),
            ({"model": PCA()}, "clusterer with a parameter 'n_clusters'"),
            ({"score": "gap"}, "'score' is 'gap', but must be one of 'silhouette'"),
            ({"pca": [7]}, "'pca' has 7, but must be None or from 1 to 6"),
            ({"grids": [1]}, "grid 1 has 3 patches, too few for 4 clusters"),
        ],
    )
    def test_refuses(self, options, message):
        with pytest.raises(ValueError, match=message):
            patch_search(TILES, **{"grids": [2], **options})


# Silhouettes of the journey, patch by patch with numpy, scipy.stats and scikit-learn, on the scores of a full PCA.
SILHOUETTES = {
    4: (0.3539, 0.3883, 0.3681),
    8: (0.4150, 0.4096, 0.4279),
    16: (0.5138, 0.4776, 0.5001),
    32: (0.6230, 0.5081, 0.5238),
}


def test_silhouettes_of_the_crystal_tiles(data_dir):
    found = patch_search(data_dir / "crystals", grids=list(SILHOUETTES), n_clusters=[2, 3, 4], statistics=FEATURES)
    for grid, expected in SILHOUETTES.items():
        assert_allclose(found[found.grid == grid].silhouette, expected, atol=0.01)


class TestHeatmap:
    def table(self):
        table = patch_table(TILES, grid=4, statistics=["mean", "std"])
        table["cluster"] = (table["std"] > 15).astype(int)
        return table

    def test_every_patch_lies_where_it_was_cut(self):
        figure = patch_heatmap(self.table(), "cluster", mosaic=(2, 2), images=TILES)
        collections = figure.axes[0].collections
        assert [len(collection.get_paths()) for collection in collections] == [16, 16, 16]
        # 1 % lies between tiles, in whole pixels.
        extents = [collection.get_datalim(figure.axes[0].transData).bounds for collection in collections]
        assert extents == [(0, 0, 64, 48), (65, 0, 64, 48), (0, 49, 64, 48)]
        colors = collections[0].get_facecolors().reshape(4, 4, 4)
        assert (colors[:, :2] == colors[0, 0]).all()
        assert (colors[:, 2:] == colors[0, 3]).all()
        assert (colors[..., 3] == 0.5).all()
        texts = [text.get_text() for text in figure.legends[0].get_texts()]
        assert texts == ["class 0: 24 patches (50%)", "class 1: 24 patches (50%)"]

    def test_a_measurement_has_a_scale(self, tmp_path):
        figure = patch_heatmap(self.table(), "std", mosaic=(1, 3), alpha=0.3, title="roughness")
        assert figure.axes[1].get_ylabel() == "std"
        assert figure.axes[0].get_title() == "roughness"
        figure.savefig(tmp_path / "map.png")

    def test_scale_bar_of_tiles_of_known_size(self):
        tiles = [clast.Image(tile, axes="YX", spacing=(0.5, 0.5), unit="um") for tile in TILES]
        axis = patch_heatmap(self.table(), "std", mosaic=(2, 2), images=tiles).axes[0]
        # Two tiles of 64 pixels and the gap are 65 \u00b5m across.
        assert axis.texts[0].get_text() == "10 \u00b5m"
        assert np.ptp(axis.lines[0].get_xdata()) == 20

    def test_skipped_tiles_leave_their_place_empty(self, folder):
        (folder / "tile_3.tif").rename(folder / "tile_00.tif")
        with pytest.warns(UserWarning, match="skipped"):
            table = patch_table(folder, grid=2, statistics=["mean"])
        figure = patch_heatmap(table, "mean", mosaic=(2, 2))
        assert len(figure.axes[0].images) == 3
        assert figure.axes[0].collections[0].get_datalim(figure.axes[0].transData).x0 == 0

    @pytest.mark.parametrize(
        ("change", "options", "error", "message"),
        [
            ({}, {"column": "median"}, KeyError, "no column 'median'"),
            ({}, {"alpha": 2}, ValueError, "'alpha' is 2"),
            ({}, {"mosaic": (1, 2)}, ValueError, r"'mosaic' is \(1, 2\), but there are 3 tiles"),
            ({}, {"images": TILES[:2]}, ValueError, "'images' has 2 tiles, but the table has patches of tile 2"),
            ({}, {"names": ["a"]}, ValueError, "'names' has 1 entries, but there are 2 classes"),
            ({"row": 0}, {}, ValueError, "patches twice"),
        ],
    )
    def test_refuses(self, change, options, error, message):
        table = self.table().assign(**change)
        with pytest.raises(error, match=message):
            patch_heatmap(table, **{"column": "cluster", **options})


class TestCommand:
    def test_writes_table_and_picture(self, folder, monkeypatch, capsys):
        monkeypatch.chdir(folder)
        argv = "patches tile_0.tif tile_1.tif tile_2.tif --grid 4 -k 2 --mosaic 2 2 -o table.csv --plot map.png --json"
        assert main(argv.split()) == 0
        report = json.loads(capsys.readouterr().out)
        table = pd.read_csv("table.csv")
        expected = patch_table(["tile_0.tif", "tile_1.tif", "tile_2.tif"], grid=4)
        assert_allclose(table[list(FEATURES)], expected[list(FEATURES)])
        assert report["n_patches"] == len(table) == 48
        samples = StandardScaler().fit_transform(expected[list(FEATURES)])
        assert_allclose(report["silhouette"], silhouette_score(samples, table.cluster), atol=1e-9)
        assert sorted(table.cluster.unique()) == [1, 2]
        assert (folder / "map.png").stat().st_size > 10_000

    @pytest.mark.filterwarnings("default")
    def test_statistics_by_name_and_number(self, folder, monkeypatch, capsys):
        monkeypatch.chdir(folder)
        assert main(["patches", "*.tif", "--patch-size", "20", "--statistics", "median,0.9", "-o", "t.tsv"]) == 0
        captured = capsys.readouterr()
        assert "18 patches of 3 tiles: median, q0.9" in captured.out
        assert "1 of 4 tiles skipped" in captured.err
        table = pd.read_csv("t.tsv", sep="\t")
        assert list(table.columns[-2:]) == ["median", "q0.9"]
        assert len(table) == 3 * 2 * 3

    @pytest.mark.parametrize(
        ("argv", "code", "message"),
        [
            ("missing.tif", 3, "there is no such file"),
            ("tile_0.tif -o table.xls", 2, "unknown suffix"),
            ("tile_0.tif --statistics men", 1, "'men'"),
            ("tile_0.tif --grid 1 -k 2", 1, "1 patches are too few for 2 clusters"),
        ],
    )
    def test_fails_in_one_line(self, folder, monkeypatch, capsys, argv, code, message):
        monkeypatch.chdir(folder)
        assert main(["patches", *argv.split()]) == code
        captured = capsys.readouterr()
        assert message in captured.err
        assert captured.err.count("\n") == 1


def test_names_are_public():
    assert {"PatchStatistics", "Patches", "patch_search", "patch_statistics", "patch_table"} <= set(clast.__all__)
