"""Features of pixels against scikit-image and scipy, in scikit-learn's pipelines, and back on the image."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage
from skimage import data, filters
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

import clast
from clast import KMeans, PixelFeatures
from clast.cli import main
from clast.image import Image, ImageError

RNG = np.random.default_rng(0)
GREY = data.camera()[100:160, 180:230].astype(float)
VOLUME = ndimage.gaussian_filter(RNG.normal(size=(9, 12, 10)), 1)


def column(name, image, **options):
    """One feature as an image."""
    features = PixelFeatures([name], channel_axis=None, dtype=np.float64, **options)
    found = features.fit_transform(image)
    assert found.shape[1] == 1
    return features.to_image(found[:, 0])


@pytest.mark.parametrize("image", [GREY, VOLUME], ids=["grey", "volume"])
class TestFilters:
    def test_gaussians_agree_with_skimage(self, image):
        assert_allclose(column("gaussian(1.5)", image), filters.gaussian(image, 1.5), rtol=1e-12)
        expected = filters.difference_of_gaussians(image, 1, 3)
        assert_allclose(column("dog(1, 3)", image), expected, atol=1e-12 * np.abs(image).max())

    def test_sobel_agrees_with_skimage(self, image):
        assert_allclose(column("sobel", image), filters.sobel(image), rtol=1e-10)
        assert_allclose(column("sobel(2)", image), filters.sobel(filters.gaussian(image, 2)), rtol=1e-10)

    def test_laplacian_agrees_with_scipy(self, image):
        size = np.abs(image).max()
        assert_allclose(column("laplacian", image), ndimage.laplace(image), atol=1e-12 * size)
        expected = ndimage.laplace(filters.gaussian(image, 1.5))
        assert_allclose(column("laplacian(1.5)", image), expected, atol=1e-12 * size)

    def test_neighbors_agree_with_slices(self, image):
        radius = 2
        found = PixelFeatures(f"neighbors({radius})", channel_axis=None, dtype=np.float64).fit_transform(image)
        padded = np.pad(image, radius, mode="edge")
        expected = np.lib.stride_tricks.sliding_window_view(padded, [2 * radius + 1] * image.ndim).reshape(
            image.size, -1
        )
        center = expected.shape[1] // 2
        assert_array_equal(found, np.delete(expected, center, axis=1))

    def test_float32_is_enough(self, image):
        names = "gaussian(1), dog(1, 3), sobel, laplacian(1)"
        found = PixelFeatures(names, channel_axis=None).fit_transform(image)
        assert found.dtype == np.float32
        expected = PixelFeatures(names, channel_axis=None, dtype=np.float64).fit_transform(image)
        assert_allclose(found, expected, atol=1e-5 * np.abs(image).max())


class TestUnits:
    def test_position(self):
        image = Image(np.zeros((2, 3)), axes="YX", spacing=(0.5, 2.0), unit="um")
        by_hand = [[0, 0], [0, 2], [0, 4], [0.5, 0], [0.5, 2], [0.5, 4]]
        assert_array_equal(PixelFeatures("position").fit_transform(image), by_hand)
        assert_array_equal(PixelFeatures("position(0.1)", dtype=float).fit_transform(image), np.multiply(by_hand, 0.1))
        assert_array_equal(PixelFeatures("position", spacing=1).fit_transform(image)[-1], [1, 2])
        assert_array_equal(PixelFeatures("position", spacing=(3, 1)).fit_transform(image)[-1], [3, 2])

    def test_position_in_a_volume(self):
        image = Image(np.zeros((2, 3, 4)), axes="XYZ", spacing=(1, 10, 100), unit="mm")
        features = PixelFeatures("position").fit(image)
        assert_array_equal(features.transform(image)[-1], [1, 20, 300])
        assert features.get_feature_names_out().tolist() == ["x", "y", "z"]

    def test_sigma(self):
        spacing = (2.0, 0.5, 1.0)
        assert_allclose(
            column("gaussian(1)", VOLUME, spacing=spacing),
            ndimage.gaussian_filter(VOLUME, [0.5, 2, 1], mode="nearest"),
            rtol=1e-12,
        )

    def test_thick_slices_add_nothing(self):
        """Sigma is a fifth of the distance between slices."""
        flat = np.full((4, 9, 9), 1000.0)
        assert_allclose(column("laplacian(1)", flat, spacing=(5, 1, 1)), 0, atol=1e-9)
        assert_allclose(column("dog(1, 3)", flat, spacing=(5, 1, 1)), 0, atol=1e-9)

    @pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.25, 3.0)])
    def test_derivatives_are_those_of_the_object_whatever_its_pixels(self, spacing):
        y, x = (places * step for places, step in zip(np.indices((20, 24)), spacing, strict=True))
        inner = (slice(1, -1), slice(1, -1))
        # A step of two pixels is not divided by two, and squares are averaged over the axes: so does skimage's sobel.
        slope = np.sqrt(((2 * 3) ** 2 + (2 * 4) ** 2) / 2)
        assert_allclose(column("sobel", 3 * y + 4 * x, spacing=spacing)[inner], slope)
        assert_allclose(column("laplacian", y**2 - 3 * x**2, spacing=spacing)[inner], 2 - 6, rtol=1e-9)


class TestTable:
    def test_columns_are_features_by_channels(self):
        photo = data.astronaut()[:30, 100:140]
        features = PixelFeatures("intensity, position, gaussian(2)").set_output(transform="pandas")
        frame = features.fit_transform(photo)
        names = ["red_intensity", "green_intensity", "blue_intensity", "y", "x"]
        names += ["red_gaussian(2)", "green_gaussian(2)", "blue_gaussian(2)"]
        assert frame.columns.tolist() == features.get_feature_names_out().tolist() == names
        assert_array_equal(features.to_image(frame[names[:3]]), photo)
        blue = features.to_image(frame["blue_gaussian(2)"])
        assert_allclose(blue, filters.gaussian(photo[..., 2], 2, preserve_range=True), rtol=1e-5)

    def test_names_are_those_of_pixels(self):
        features = PixelFeatures([" gaussian( 2.50 )", "neighbors", "neighbor(-3, 0)"]).fit(GREY)
        names = features.get_feature_names_out().tolist()
        assert names[:3] == ["gaussian(2.5)", "neighbor(-1, -1)", "neighbor(-1, 0)"]
        assert names[-2:] == ["neighbor(1, 1)", "neighbor(-3, 0)"]
        above = features.to_image(features.transform(GREY)[:, -1])
        assert_array_equal(above[3:], GREY[:-3])

    def test_integers_do_not_wrap(self):
        image = data.camera()[:40, :40]
        found = PixelFeatures("dog(1, 4), laplacian").fit_transform(image)
        expected = PixelFeatures("dog(1, 4), laplacian").fit_transform(image.astype(float))
        assert found.min() < 0
        assert_array_equal(found, expected)

    def test_file(self, tmp_path):
        import tifffile

        tifffile.imwrite(tmp_path / "a.tif", GREY.astype(np.uint8), resolution=(2e4, 1e4), resolutionunit="CENTIMETER")
        found = PixelFeatures("intensity, position").fit_transform(tmp_path / "a.tif")
        assert_array_equal(found[:, 0], GREY.ravel())
        assert_allclose(found[-1, 1:], [59 * 1.0, 49 * 0.5])

    def test_list_is_several_images(self):
        features = PixelFeatures("intensity, sobel", mask=[GREY > 100, None])
        images = [GREY, GREY[:5, :7]]
        found = features.fit_transform(images)
        alone = [
            PixelFeatures("intensity, sobel", mask=mask).fit_transform(x)
            for x, mask in zip(images, features.mask, strict=True)
        ]
        assert_array_equal(found, np.concatenate(alone))
        first, second = features.to_image(found[:, 0])
        assert_array_equal(first, np.where(GREY > 100, GREY, 0))
        assert_array_equal(second, images[1])


class TestMask:
    def test_rows_are_the_pixels_inside(self):
        mask = GREY > 120
        features = PixelFeatures("intensity, gaussian(2)", mask=mask, dtype=float)
        found = features.fit_transform(GREY)
        assert_array_equal(features.inside_, mask)
        # Filters see the pixels outside, too.
        assert_allclose(found, np.column_stack([GREY[mask], filters.gaussian(GREY, 2)[mask]]))

    def test_back_on_the_image(self):
        mask = RNG.random(VOLUME.shape) < 0.5
        features = PixelFeatures("intensity", mask=mask, channel_axis=None).fit(VOLUME)
        labels = RNG.integers(1, 4, mask.sum()).astype(np.uint8)
        found = features.to_image(labels)
        assert found.dtype == np.uint8
        assert_array_equal(found[mask], labels)
        assert not found[~mask].any()
        several = features.to_image(np.column_stack([labels, 2.0 * labels]), background=np.nan)
        assert several.shape == (*VOLUME.shape, 2)
        assert_array_equal(several[mask][:, 1], 2.0 * labels)
        assert np.isnan(several[~mask]).all()

    def test_pixels_that_are_not_finite(self):
        holes = RNG.random(GREY.shape) < 0.1
        image = np.where(holes, np.nan, GREY)
        features = PixelFeatures("intensity, gaussian(1)", dtype=float)
        found = features.fit_transform(image)
        assert_array_equal(features.inside_, ~holes)
        nearest = ndimage.distance_transform_edt(holes, return_distances=False, return_indices=True)
        filled = image[tuple(nearest)]
        assert_allclose(found[:, 1], filters.gaussian(filled, 1)[~holes])

    def test_pixels_that_are_marked_as_empty(self):
        image = np.ma.masked_equal([[1, 1, 99], [1, 1, 99]], 99)
        features = PixelFeatures("intensity, gaussian(1)")
        assert_allclose(features.fit_transform(image), 1)
        assert_array_equal(features.inside_, [[True, True, False]] * 2)


@pytest.fixture(scope="module")
def disks():
    """Bright disks on a slope as bright, their truth, and the upper half to train on."""
    y, x = np.indices((60, 90))
    truth = np.zeros((60, 90), dtype=np.uint8)
    for row, col in [(15, 15), (40, 30), (20, 60), (45, 75)]:
        truth[(y - row) ** 2 + (x - col) ** 2 < 64] = 1
    image = 60 * truth + x + np.random.default_rng(0).normal(0, 10, truth.shape)
    return image, truth, y < 30


def accuracy(found, truth):
    return np.mean((found > 0.5) == truth)


NAMES = ("intensity", "gaussian(2)", "dog(2, 8)")
MODELS = [
    KNeighborsClassifier(5),
    DecisionTreeClassifier(max_depth=5, random_state=0),
    RandomForestClassifier(10, max_depth=6, random_state=0),
    LinearRegression(),
]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)


class TestPipelines:
    @every_model
    def test_training_mask_selects_rows(self, disks, model):
        image, truth, training = disks
        features = PixelFeatures(NAMES)
        table = features.fit_transform(image)
        pipeline = make_pipeline(StandardScaler(), clone(model)).fit(table[training.ravel()], truth[training])
        found = features.to_image(pipeline.predict(table))
        assert accuracy(found[~training], truth[~training]) > 0.95

    @every_model
    def test_training_mask_is_that_of_the_fit(self, disks, model):
        image, truth, training = disks
        pipeline = make_pipeline(PixelFeatures(NAMES, mask=training), StandardScaler(), clone(model))
        pipeline.fit(image, truth[training]).set_params(pixelfeatures__mask=None)
        found = pipeline[0].to_image(pipeline.predict(image), image)
        # The long way: filters of scikit-image, rows by hand.
        blurred = [filters.gaussian(image, sigma) for sigma in (2, 8)]
        X = np.stack([image, blurred[0], blurred[0] - blurred[1]], axis=-1).astype(np.float32)
        long_way = make_pipeline(StandardScaler(), clone(model)).fit(X[training], truth[training])
        expected = long_way.predict(X.reshape(-1, 3)).reshape(image.shape)
        assert np.mean(np.abs(found - expected) < 1e-3) > 0.999
        assert accuracy(found[~training], truth[~training]) > 0.95

    def test_kmeans_on_position_and_intensity(self):
        image = np.repeat([[0, 0, 0, 90, 90, 90, 0, 0, 0]], 4, axis=0)
        pipeline = make_pipeline(PixelFeatures("intensity, position(20)"), KMeans(3, random_state=0))
        found = pipeline[0].to_image(pipeline.fit_predict(image))
        # Equally dark, but apart: intensity alone could not tell them.
        assert all(len(np.unique(found[:, part])) == 1 for part in (slice(0, 3), slice(3, 6), slice(6, 9)))
        assert len(np.unique(found)) == 3

    def test_mitochondria(self, data_dir):
        image, truth = (
            clast.read_image(data_dir / "qbi" / name).data[::4, ::4] for name in ("em_image.png", "em_image_seg.png")
        )
        truth = (truth > 0).astype(np.uint8)
        training = np.indices(image.shape)[1] < 128
        features = PixelFeatures("intensity, gaussian(1), gaussian(3), dog(1, 4), sobel(1)")
        table = features.fit_transform(image)
        for model in MODELS:
            fitted = make_pipeline(StandardScaler(), clone(model)).fit(table[training.ravel()], truth[training])
            predicted = features.to_image(fitted.predict(table))
            inside, outside = predicted[~training & (truth == 1)], predicted[~training & (truth == 0)]
            assert inside.mean() > 2 * outside.mean(), type(model).__name__
        clusters = features.to_image(make_pipeline(StandardScaler(), KMeans(4, random_state=0)).fit_predict(table))
        shares = [np.mean(truth[clusters == k]) for k in range(4)]
        assert max(shares) > 2 * truth.mean()


class TestSegment:
    def test_is_the_pipeline(self):
        photo, mask = data.astronaut()[:60, 100:160], RNG.random((60, 60)) < 0.7
        names = ["intensity", "gaussian(2)", "position(0.5)"]
        found = clast.segment(photo, KMeans(4, random_state=0), mask=mask, features=names, scale="standard")
        pipeline = make_pipeline(PixelFeatures(names, mask=mask), StandardScaler(), KMeans(4, random_state=0))
        assert_array_equal(found.labels, pipeline[0].fit(photo).to_image(pipeline.fit_predict(photo) + 1))
        assert found.table()["mean_red"].between(0, 255).all()

    def test_posteriors_are_those_of_features(self):
        mask = GREY > 20
        model = GaussianMixture(3, random_state=0)
        found = clast.segment(GREY, model, mask=mask, features="intensity, gaussian(1)", scale="standard")
        X = np.stack([GREY, filters.gaussian(GREY, 1)], axis=-1)[mask].astype(np.float32)
        X = StandardScaler().fit_transform(X)
        expected = clone(model).fit(X).predict_proba(X)
        assert_allclose(found.posteriors()[mask], expected, atol=1e-3)
        assert_array_equal(found.labels[mask] - 1, found.posteriors()[mask].argmax(axis=1))

    def test_select_k_sees_the_same(self):
        options = {"features": "intensity, position(2)", "scale": "standard"}
        selection = clast.select_k(GREY, k=[2, 3], criteria=["inertia"], random_state=0, **options)
        assert selection.space == "intensity, position(2): standard"
        expected = clast.segment(GREY, KMeans(3, random_state=0), **options)
        found = selection.segmentation(3)
        assert_array_equal(found.labels, expected.labels)
        assert found.features == expected.features == ("intensity", "position(2)")
        assert_allclose(selection.table["inertia"][3], expected.model.inertia_)

    def test_command_line(self, tmp_path, capsys):
        np.save(tmp_path / "in.npy", GREY)
        names = "intensity, gaussian(2)"
        argv = ["segment", str(tmp_path / "in.npy"), "-k", "3", "-o", str(tmp_path / "out.npy"), "--features"]
        assert main([*argv, names]) == 0
        expected = clast.segment(GREY, KMeans(3, random_state=0), features=names).labels
        assert_array_equal(np.load(tmp_path / "out.npy"), expected)
        assert main([*argv, "gauss(2)", "--force"]) != 0
        assert "'features' has 'gauss(2)', but must have some of" in capsys.readouterr().err

    def test_spacing_scales_positions(self):
        image = Image(np.zeros((20, 8)), axes="YX", spacing=(0.1, 1.0), unit="um")
        found = clast.segment(image, KMeans(2, random_state=0), features="position").labels
        # In pixels the image is high, in micrometres it is wide.
        assert (found == found[:1]).all()


# Samples are the pixels of an image: the checks that take rows of `X` for them do not apply, nor those that ask for
# the words of `check_array`.
NOT_FOR_IMAGES = [
    "check_complex_data",
    "check_dtype_object",
    "check_estimator_sparse_array",
    "check_estimator_sparse_matrix",
    "check_estimator_sparse_tag",
    "check_estimators_empty_data_messages",
    "check_fit2d_predict1d",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_n_features_in",
    "check_n_features_in_after_fitting",
    "check_transformer_data_not_an_array",
    "check_transformer_general",
    "check_transformer_preserve_dtypes",
]


class OfTables(PixelFeatures):
    """Lets scikit-learn check it with tables, as grey images; it checks nothing that takes images."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


class TestContract:
    @parametrize_with_checks(
        [OfTables(channel_axis=None)],
        expected_failed_checks=lambda _: dict.fromkeys(NOT_FOR_IMAGES, "samples are pixels"),
    )
    def test_scikit_learn_checks(self, estimator, check):
        check(estimator)

    def test_clone_and_pickle(self):
        features = PixelFeatures("gaussian(2)", mask=GREY > 100, spacing=(1, 2), channel_axis=None, dtype=np.float64)
        assert str(clone(features).get_params()) == str(features.get_params())
        expected = features.fit_transform(GREY)
        assert_array_equal(pickle.loads(pickle.dumps(features)).transform(GREY), expected)

    def test_image_is_left_as_it_is(self):
        image = GREY.copy()
        image[0, 0] = np.nan
        before = image.copy()
        PixelFeatures("intensity, gaussian(1)").fit_transform(image)[:] = 0
        assert_array_equal(image, before)


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        ("gauss(2)", ValueError, r"'features' has 'gauss\(2\)', but must have some of intensity, position"),
        ("gaussian", ValueError, "gaussian takes 1 numbers"),
        ("gaussian(two)", ValueError, "numbers are needed in the parentheses"),
        ("gaussian(-2)", ValueError, "its numbers must be positive"),
        ("gaussian(nan)", ValueError, "its numbers must be positive"),
        ("dog(3, 1)", ValueError, "the first sigma must be the smaller one"),
        ("sobel(1, 2)", ValueError, "sobel takes 0 or 1 numbers"),
        ("neighbors(1.5)", ValueError, "the radius is a whole number"),
        ("neighbor(0.5, 1)", ValueError, "a whole number of pixels away"),
        ("neighbor(0, 0, 1)", ValueError, "the image has 2 spatial axes"),
        ("gaussian(2), gaussian(2.0)", ValueError, r"'features' has 'gaussian\(2\)' twice"),
        ("", ValueError, "'features' has ''"),
        ([], ValueError, "'features' is empty"),
        (3, TypeError, "'features' is 3, but must have some of intensity"),
        ([("gaussian", 2)], TypeError, r"'features' has \('gaussian', 2\), but names are needed"),
    ],
)
def test_bad_features(features, error, message):
    with pytest.raises(error, match=message) as caught:
        PixelFeatures(features).fit(GREY)
    assert "\n" not in str(caught.value)


def fitted():
    return PixelFeatures("intensity").fit(GREY)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: PixelFeatures(dtype=np.uint8).fit(GREY), "must be float32 or float64"),
        (lambda: PixelFeatures(mask=np.zeros(GREY.shape)).fit(GREY), "the mask is empty"),
        (lambda: PixelFeatures(mask=np.ones((2, 2))).fit(GREY), r"the mask has shape \(2, 2\)"),
        (lambda: PixelFeatures(mask=[None]).fit([GREY, GREY]), "'mask' has 1 masks, but 'X' has 2 images"),
        (lambda: PixelFeatures(spacing=(1, 2, 3)).fit(GREY), "2 positive distances are needed"),
        (lambda: PixelFeatures().fit([]), "'X' has no images"),
        (lambda: PixelFeatures().fit([GREY, np.ones((3, 3, 3))]), "an image of 2 spatial axes and 3 channels"),
        (lambda: fitted().transform(np.ones((4, 4, 3))), "2 spatial axes and 3 channels, but 2 and 1 are needed"),
        (lambda: fitted().to_image(np.ones(7)), r"'values' has shape \(7,\), but 3000 pixels take part"),
        (lambda: fitted().to_image(np.ones(3000), GREY[:3]), "but 150 pixels take part"),
    ],
)
def test_bad_images(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_an_image_without_finite_pixels():
    with pytest.raises(ImageError, match="no pixel of the image is finite"):
        PixelFeatures().fit(np.full((3, 3), np.nan))
