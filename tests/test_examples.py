"""Each example as a user runs it, and its labels and numbers the long way by other libraries."""

import subprocess
import sys
from pathlib import Path

import long_way
import nibabel
import numpy as np
import pandas as pd
import pytest
import skimage.filters
import tifffile
from PIL import Image as Picture
from sklearn.datasets import load_sample_image
from sklearn.metrics import adjusted_rand_score

import clast

# On a busy machine the threads of other libraries would spin longer than they work.
pytestmark = pytest.mark.usefixtures("one_openmp_thread")

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
MODALITIES = ("t1", "t1_contrast", "flair", "adc")


def run_example(name: str, *arguments: object) -> str:
    """What an example prints; a warning is an error, as it would be to a reader."""
    command = [sys.executable, "-W", "error", EXAMPLES / f"{name}.py", *arguments]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("brain_mri", "all, 4 classes"),
        ("photo", "k = 1 to 9"),
        ("nanosims", "labelled organic"),
        ("crystal_tiles", "adjusted Rand index"),
        ("tomography", "RandomForestClassifier"),
    ],
)
def test_every_example_runs_without_input(name, said, tmp_path):
    assert said in run_example(name, "-o", tmp_path / "results")
    written = [path.suffix for path in (tmp_path / "results").iterdir()]
    assert ".png" in written
    assert ".csv" in written
    assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) < 60


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    """Folder of the results of the example, and the volumes it was given."""
    folder = tmp_path_factory.mktemp("brain")
    made = clast.phantom.brain((48, 48, 16), random_state=1).image
    volumes = {name: made.channel(index) for index, name in enumerate(MODALITIES)}
    for name, volume in volumes.items():
        nibabel.save(nibabel.Nifti1Image(volume, made.affine), folder / f"{name}.nii.gz")
    run_example("brain_mri", *(folder / f"{name}.nii.gz" for name in MODALITIES), "-o", folder)
    return folder, volumes


class TestBrain:
    def test_labels_and_grid(self, head):
        folder, volumes = head
        expected = long_way.segment_brain(volumes, counts=(3,), alone=False)["all, 3 classes"]
        saved = nibabel.load(folder / "labels.nii.gz")
        np.testing.assert_array_equal(np.asarray(saved.dataobj), expected)
        np.testing.assert_allclose(saved.affine, nibabel.load(folder / "t1.nii.gz").affine)

    def test_volumes_and_means_of_all_fits(self, head):
        folder, volumes = head
        check_tables(folder, volumes, long_way.segment_brain(volumes), voxel_ml=176 * 208 * 160 / 48 / 48 / 16 / 1000)

    def test_a_patient(self, data_dir, tmp_path):
        files = [data_dir / "mri" / f"{name}.nii.gz" for name in MODALITIES]
        run_example("brain_mri", *files, "-o", tmp_path)
        volumes = {name: nibabel.load(file).get_fdata() for name, file in zip(MODALITIES, files, strict=True)}
        found = long_way.segment_brain(volumes, counts=(3,), alone=False)
        saved = nibabel.load(tmp_path / "labels.nii.gz")
        np.testing.assert_array_equal(np.asarray(saved.dataobj), found["all, 3 classes"])
        np.testing.assert_array_equal(saved.affine, nibabel.load(files[0]).affine)
        check_tables(tmp_path, volumes, found, voxel_ml=np.prod(saved.header.get_zooms(), dtype=float) / 1000)


def check_tables(folder: Path, volumes: dict, found: dict, voxel_ml: float) -> None:
    tables = pd.read_csv(folder / "classes.csv", index_col="fit")
    for title, labels in found.items():
        expected = long_way.class_table(labels, volumes, voxel_ml)
        table = tables.loc[title]
        assert table["count"].tolist() == expected["count"].tolist(), title
        np.testing.assert_allclose(table["volume_ml"], expected["size"], rtol=1e-6)
        columns = [name for name in expected if name.startswith(("mean", "std"))]
        np.testing.assert_allclose(table[columns], expected[columns], rtol=1e-6)


class TestPhoto:
    def test_labels_and_curve(self, tmp_path):
        photo = load_sample_image("china.jpg")[100:220, 200:360]
        Picture.fromarray(photo).save(tmp_path / "photo.png")
        run_example("photo", tmp_path / "photo.png", "-o", tmp_path)
        curve, found = long_way.segment_photo(photo)
        # A pixel as near to two of the first colours goes to the lower number here, where rounding says in
        # scikit-learn: with 8 colours the fits part by three pixels.
        pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "curve.csv", index_col="k"), curve, rtol=2e-5)
        np.testing.assert_array_equal(np.asarray(Picture.open(tmp_path / "labels.png")), found["4 colours"])
        tables = pd.read_csv(tmp_path / "classes.csv", index_col="fit")
        for title, labels in found.items():
            assert tables.loc[title, "count"].tolist() == np.bincount(labels.reshape(-1))[1:].tolist()

    def test_colours(self):
        photo = load_sample_image("china.jpg")[100:220, 200:360]
        found = clast.segment(photo, clast.KMeans(4, random_state=0), label_order="center")
        np.testing.assert_array_equal(found.recolor(), long_way.recolor(photo, found.labels))


class TestNanosims:
    def test_labels_and_scores(self, tmp_path):
        made = clast.phantom.nanosims((48, 40), random_state=2).image
        clast.image.save_map(tmp_path / "counts.tif", made.data, made)
        run_example("nanosims", tmp_path / "counts.tif", "--group", "organic", 2, 3, "-o", tmp_path)
        curves, found = long_way.segment_counts(made.data)
        found["superpixels"] = clast.match_labels(found["superpixels"], found["channels"])
        scores = pd.read_csv(tmp_path / "curves.csv", index_col=[0, 1])
        for name, labels in found.items():
            np.testing.assert_array_equal(tifffile.imread(tmp_path / f"{name}.tif"), labels)
        for space, curve in curves.items():
            np.testing.assert_allclose(scores.loc[space, list(curve)], curve, rtol=1e-9)
        materials = pd.read_csv(tmp_path / "materials.csv").set_index("name")
        counts = np.bincount(found["channels"].reshape(-1))
        assert materials.loc["organic", "count"] == counts[2] + counts[3]


class TestCrystals:
    def test_silhouettes_and_clusters(self, tmp_path):
        tiles = [tile.image.data for tile in clast.phantom.crystals((128, 128), random_state=3)]
        (tmp_path / "tiles").mkdir()
        for index, tile in enumerate(tiles):
            tifffile.imwrite(tmp_path / "tiles" / f"{index}.tif", tile)
        run_example("crystal_tiles", tmp_path / "tiles", "--grids", 4, 8, 16, "-g", 8, "-k", 3, "-o", tmp_path)
        *scores, clusters = long_way.search_tiles(tiles, grids=(4, 8, 16))
        for name, expected in zip(("kmeans", "ward"), scores, strict=True):
            found = pd.read_csv(tmp_path / f"silhouettes {name}.csv")
            pd.testing.assert_frame_equal(found[list(expected)], expected, check_dtype=False, rtol=1e-9)
        patches = pd.read_csv(tmp_path / "patches.csv")
        assert adjusted_rand_score(clusters[8, 3], patches["cluster"]) == 1
        features = np.concatenate([long_way.patch_features(tile, 8) for tile in tiles])
        columns = ["mean", "std", "relative_std", "skewness", "kurtosis", "histogram_mode"]
        np.testing.assert_allclose(patches[columns], features, rtol=1e-9, atol=1e-9)

    def test_a_survey(self, data_dir, tmp_path):
        """The silhouettes known of it were computed patch by patch, with a mode of another definition."""
        run_example("crystal_tiles", data_dir / "crystals", "-o", tmp_path)
        found = pd.read_csv(tmp_path / "silhouettes kmeans.csv")
        known = {
            4: (0.3539, 0.3883, 0.3681),
            8: (0.4150, 0.4096, 0.4279),
            16: (0.5138, 0.4776, 0.5001),
            32: (0.6230, 0.5081, 0.5238),
            64: (0.6990, 0.4990, 0.5105),
        }
        scaled = found[found["space"] == "scaled"].pivot(index="grid", columns="n_clusters", values="silhouette")
        np.testing.assert_allclose(scaled, list(known.values()), atol=0.01)


class TestTomography:
    def test_labels_and_thresholds(self, tmp_path):
        rock = clast.phantom.rock((128, 96), noise=0.15, shading=0.2, random_state=1)
        known = rock.known(1 / 3).data
        clast.image.save_labels(tmp_path / "slice.tif", rock.image.data, rock.image)
        clast.image.save_labels(tmp_path / "known.tif", known, rock.image)
        run_example("tomography", tmp_path / "slice.tif", tmp_path / "known.tif", "-o", tmp_path / "results")
        expected = long_way.segment_slice(rock.image.data, known, spacing=2.0)
        assert len(expected) == 11
        for name, labels in expected.items():
            found = tifffile.imread(tmp_path / "results" / f"{name}.tif")
            np.testing.assert_array_equal(found, clast.match_labels(labels, found), err_msg=name)
        thresholds = pd.read_csv(tmp_path / "results" / "thresholds.csv", index_col="method")["threshold"]
        assert thresholds["otsu"] == skimage.filters.threshold_otsu(rock.image.data)
        assert thresholds["isodata"] == skimage.filters.threshold_isodata(rock.image.data)

    def test_a_shale(self, data_dir, tmp_path):
        """The classes that scikit-learn finds of a real slice of 16 bits, by the same features."""
        image = np.asarray(Picture.open(data_dir / "qbi" / "shale-slice.tiff"))
        run_example("tomography", data_dir / "qbi" / "shale-slice.tiff", "-o", tmp_path)
        table = long_way.pixel_features(image, spacing=1.0)
        for name, columns in {"intensity": ["intensity"], "blurs": ["gaussian(2)", "gaussian(4)"]}.items():
            found = tifffile.imread(tmp_path / f"{name}.tif")
            labels = long_way.kmeans_of(table[columns], 3).reshape(image.shape)
            # The features are float32, rounded before or after scaling: pixels between two classes may change sides.
            assert (found == clast.match_labels(labels, found)).mean() > 0.999
