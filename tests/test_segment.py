"""segment: image in, labels on its grid out, by any clusterer."""

import copy

import numpy as np
import pytest
from sklearn.cluster import DBSCAN, AgglomerativeClustering
from sklearn.cluster import KMeans as SklearnKMeans
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

import clast
from clast.image import GridMismatchError, Image

RNG = np.random.default_rng(7)
PHOTO = RNG.integers(0, 256, (20, 30, 3)).astype(np.uint8)
GREY = np.repeat(np.array([200, 10, 100], np.uint8), [50, 30, 20]).reshape(10, 10)


class Recorder:
    """A clusterer by duck typing alone, which keeps what it is given."""

    def __init__(self, labels=None):
        self.labels = labels

    def fit_predict(self, X):
        self.X = X
        return np.zeros(len(X), int) if self.labels is None else self.labels


class FitThenPredict:
    def fit(self, X):
        self.threshold = X.mean()
        return self

    def predict(self, X):
        return (X[:, 0] > self.threshold).astype(np.int64)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
@pytest.mark.parametrize("layout", ["grey", "channels last", "channels first"])
def test_unmasked_samples_are_a_view(dtype, layout):
    array = PHOTO.astype(dtype)
    array = {"grey": array[..., 0].copy(), "channels last": array, "channels first": array.transpose(2, 0, 1).copy()}[
        layout
    ]
    axis = {"grey": None, "channels last": -1, "channels first": 0}[layout]
    model = clast.segment(array, Recorder(), channel_axis=axis).model
    assert np.shares_memory(model.X, array)
    assert model.X.dtype == dtype
    expected = PHOTO.astype(dtype).reshape(-1, 3)
    np.testing.assert_array_equal(model.X, expected[:, :1] if layout == "grey" else expected)


def test_masked_samples_are_those_of_numpy_indexing():
    mask = RNG.random((20, 30)) > 0.5
    model = clast.segment(PHOTO, Recorder(), mask=mask).model
    np.testing.assert_array_equal(model.X, PHOTO[mask])
    assert model.X.dtype == np.uint8


def test_labels_are_those_of_the_model_plus_one_and_zero_outside():
    mask = RNG.random((20, 30)) > 0.3
    result = clast.segment(PHOTO, SklearnKMeans(4, n_init=1, random_state=5), mask=mask)
    expected = np.zeros((20, 30), int)
    expected[mask] = SklearnKMeans(4, n_init=1, random_state=5).fit(PHOTO[mask]).labels_ + 1
    np.testing.assert_array_equal(result.labels, expected)
    assert result.labels.dtype == np.uint8
    np.testing.assert_array_equal(result.clusters, np.arange(4))
    np.testing.assert_array_equal(result.mask, mask)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
def test_clast_and_sklearn_agree(dtype):
    image = PHOTO.astype(dtype)
    ours, theirs = (clast.segment(image, model(5, n_init=2, random_state=1)) for model in (clast.KMeans, SklearnKMeans))
    np.testing.assert_array_equal(ours.labels, theirs.labels)


def test_given_model_stays_unfitted():
    model = clast.KMeans(3, random_state=0)
    result = clast.segment(PHOTO, model)
    assert not hasattr(model, "cluster_centers_")
    assert result.model is not model
    assert result.model.get_params() == model.get_params()
    np.testing.assert_array_equal(result.model.predict(PHOTO.reshape(-1, 3)) + 1, result.labels.reshape(-1))


def test_duck_typed_models():
    recorder = Recorder()
    before = copy.copy(vars(recorder))
    assert clast.segment(GREY, recorder).n_classes == 1
    assert vars(recorder) == before
    np.testing.assert_array_equal(clast.segment(GREY, FitThenPredict()).labels, (GREY.mean() < GREY) + 1)


@pytest.mark.parametrize("model", [GaussianMixture(2, random_state=0), AgglomerativeClustering(3)])
def test_other_clusterers(model):
    result = clast.segment(PHOTO[:8, :8], model)
    assert set(np.unique(result.labels)) == set(range(1, result.n_classes + 1))


def test_noise_becomes_background():
    image = np.array([[0.0, 0.1, 50.0], [10.0, 10.1, 10.2]])
    result = clast.segment(image, DBSCAN(eps=0.5, min_samples=2))
    np.testing.assert_array_equal(result.labels, [[1, 1, 0], [2, 2, 2]])
    assert result.table()["count"].tolist() == [2, 3]
    assert clast.segment(image, DBSCAN(eps=0.01, min_samples=3)).n_classes == 0


@pytest.mark.parametrize(("order", "expected"), [("center", [3, 1, 2]), ("size", [1, 2, 3])])
def test_label_order(order, expected):
    result = clast.segment(GREY, clast.KMeans(3, random_state=0), label_order=order)
    np.testing.assert_array_equal(result.labels, np.repeat(expected, [50, 30, 20]).reshape(10, 10))
    centers = result.model.cluster_centers_[result.clusters, 0]
    np.testing.assert_allclose(centers, result.table()["mean_intensity"])


def test_label_order_by_first_channel_with_mask_and_scaling():
    mask = RNG.random((20, 30)) > 0.3
    plain, ordered = (
        clast.segment(PHOTO, clast.KMeans(6, random_state=0), mask=mask, scale="standard", label_order=order)
        for order in (None, "center")
    )
    assert (np.diff(ordered.table()["mean_red"]) > 0).all()
    np.testing.assert_array_equal(ordered.clusters[ordered.labels[mask] - 1] + 1, plain.labels[mask])


@pytest.mark.parametrize(
    ("n_classes", "dtype"), [(255, np.uint8), (256, np.uint16), (65535, np.uint16), (65536, np.int32)]
)
def test_labels_have_the_smallest_dtype(n_classes, dtype):
    labels = np.arange(300 * 300) % n_classes
    result = clast.segment(np.zeros((300, 300)), Recorder(labels))
    assert result.labels.dtype == dtype
    np.testing.assert_array_equal(result.labels.reshape(-1), labels + 1)


@pytest.mark.parametrize(
    ("scale", "scaler"),
    [("standard", StandardScaler()), ("minmax", MinMaxScaler()), ("max", MaxAbsScaler()), ("robust", RobustScaler()),
     (PCA(2, random_state=0), PCA(2, random_state=0))],
)  # fmt: skip
def test_scaling_is_fitted_inside_the_mask(scale, scaler):
    mask = RNG.random((20, 30)) > 0.5
    image = PHOTO.astype(np.float64)
    result = clast.segment(image, Recorder(), mask=mask, scale=scale)
    np.testing.assert_array_equal(result.model.X, scaler.fit_transform(image[mask]))
    assert type(result.scaler) is type(scaler)
    assert result.scaler is not scale


def test_sample_weight():
    weights = RNG.random((20, 30))
    mask = RNG.random((20, 30)) > 0.5
    result = clast.segment(PHOTO, clast.KMeans(3, random_state=0), mask=mask, sample_weight=weights)
    expected = clast.KMeans(3, random_state=0).fit(PHOTO[mask], sample_weight=weights[mask])
    np.testing.assert_array_equal(result.labels[mask], expected.labels_ + 1)
    with pytest.raises(GridMismatchError, match=r"'sample_weight' has shape \(600,\)"):
        clast.segment(PHOTO, clast.KMeans(3), sample_weight=weights.ravel())


def test_booleans_are_two_values():
    image = np.eye(9, dtype=bool)
    result = clast.segment(image, clast.KMeans(2, random_state=0), label_order="center")
    np.testing.assert_array_equal(result.labels, image + 1)
    np.testing.assert_array_equal(result.recolor(), image)
    result.plot()
    assert np.shares_memory(result.image.data, image)


def test_volume_of_strange_strides():
    volume = RNG.random((9, 8, 7, 2))[::2, :, ::-1]
    result = clast.segment(volume, clast.KMeans(2, random_state=0), channel_axis=-1)
    same = clast.segment(volume.copy(), clast.KMeans(2, random_state=0), channel_axis=-1)
    np.testing.assert_array_equal(result.labels, same.labels)


def test_paths_and_images(tmp_path):
    np.save(tmp_path / "a.npy", GREY)
    model = clast.KMeans(3, random_state=0)
    expected = clast.segment(GREY, model).labels
    for image in (tmp_path / "a.npy", str(tmp_path / "a.npy"), Image(GREY, axes="YX"), GREY.tolist()):
        np.testing.assert_array_equal(clast.segment(image, model).labels, expected)
    two = clast.segment([tmp_path / "a.npy", tmp_path / "a.npy"], model)
    assert two.image.channel_names == ("a", "a_2")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [({"model": clast.KMeans}, TypeError, "got the class KMeans"), ({"model": 3}, TypeError, "got 3"),
     ({"model": StandardScaler()}, TypeError, "fit_predict"), ({"scale": "log"}, ValueError, "'scale' is 'log'"),
     ({"scale": StandardScaler}, ValueError, "transformer"), ({"label_order": "x"}, ValueError, "'label_order' is 'x'"),
     ({"model": clast.KMeans(101)}, ValueError, "100 pixels take part, but 'n_clusters' is 101"),
     ({"model": GaussianMixture(101)}, ValueError, "'n_components' is 101"),
     ({"model": clast.KMeans(4), "mask": GREY == 0}, ValueError, "mask is empty"),
     ({"model": clast.KMeans(0)}, ValueError, "n_clusters"),
     ({"mask": np.eye(3)}, GridMismatchError, r"\(3, 3\)"), ({"mask": "no.png"}, OSError, "no such file"),
     ({"model": Recorder(np.full(100, 0.5))}, TypeError, "one integer per pixel"),
     ({"model": Recorder(np.zeros(99, int))}, TypeError, r"shape \(100,\)"),
     ({"model": Recorder(np.full(100, -2))}, ValueError, "from -2 to -2")],
)  # fmt: skip
def test_errors(options, error, message):
    with pytest.raises(error, match=message) as caught:
        clast.segment(GREY, **{"model": clast.KMeans(3, random_state=0), **options})
    if message != "n_clusters":
        assert "\n" not in str(caught.value)


def test_principal_components():
    image = np.random.default_rng(0).normal(size=(20, 30, 5)) * [9, 3, 1, 1, 1]
    result = clast.segment(image, clast.KMeans(3, random_state=0), scale="robust", pca=2, channel_axis=-1)
    X = RobustScaler().fit_transform(image.reshape(-1, 5))
    X = PCA(2, svd_solver="full").fit_transform(X)
    expected = SklearnKMeans(3, random_state=0).fit(X)
    np.testing.assert_array_equal(result.labels.ravel(), expected.labels_ + 1)
    np.testing.assert_allclose(result.scaler.transform(image.reshape(-1, 5)), X)


def test_arguments_are_checked_before_any_work():
    recorder = Recorder()
    for options in ({"scale": "log"}, {"pca": -1}, {"label_order": "x"}, {"mask": np.zeros((10, 10))}):
        with pytest.raises(ValueError):  # noqa: PT011
            clast.segment(GREY, recorder, **options)
    assert not hasattr(recorder, "X")


def test_function_is_not_shadowed_by_a_module():
    import importlib

    for name in ("segmentation", "image", "plot", "cli", "demo"):
        importlib.import_module(f"clast.{name}")
    assert callable(clast.segment)
    assert callable(clast.read_image)


def test_brain_mri_equals_sklearn_by_hand(data_dir, mri):
    names = ("t1", "t1_contrast", "flair", "adc")
    image = clast.read_image([data_dir / "mri" / f"{name}.nii.gz" for name in names])
    assert image.data.dtype == np.float32
    result = clast.segment(image, clast.KMeans(3, random_state=123), mask="nonzero")
    assert np.count_nonzero(result.mask) == 240_391
    expected = SklearnKMeans(3, random_state=123).fit(mri)
    np.testing.assert_array_equal(result.labels[result.mask], expected.labels_ + 1)
    assert result.labels[~result.mask].max() == 0
    table = result.table()
    np.testing.assert_allclose(table["volume_ml"], table["count"] * np.prod(image.spacing) / 1000)
    np.testing.assert_allclose(table["volume_ml"].sum(), 240_391 * 1.0938**2 * 5 / 1000, rtol=1e-6)


class TestChannels:
    def test_the_model_sees_those_named_in_their_order(self):
        image = Image(PHOTO, "YX")
        result = clast.segment(image, Recorder(), channels=["blue", 0], mask=PHOTO[..., 1] > 100)
        np.testing.assert_array_equal(result.model.X, PHOTO[PHOTO[..., 1] > 100][:, [2, 0]])
        assert "mean_green" in result.table()

    def test_scaling_and_order_are_those_of_the_channels_seen(self):
        result = clast.segment(
            PHOTO, clast.KMeans(3, random_state=0), channels=[2], scale="minmax", label_order="center"
        )
        alone = clast.segment(PHOTO[..., 2], clast.KMeans(3, random_state=0), scale="minmax", label_order="center")
        np.testing.assert_array_equal(result.labels, alone.labels)

    def test_posteriors(self):
        model = GaussianMixture(2, random_state=0)
        result = clast.segment(PHOTO, model, channels=[1])
        blue = PHOTO[..., 1].reshape(-1, 1)
        expected = clast.segment(blue.reshape(20, 30), model).model.predict_proba(blue)
        np.testing.assert_allclose(result.posteriors("float64").reshape(-1, 2), expected, atol=1e-12)

    def test_features_are_of_those_channels(self):
        options = {"features": "intensity, gaussian(1)", "scale": "standard"}
        result = clast.segment(PHOTO, Recorder(), channels=[1], **options)
        alone = clast.segment(PHOTO[..., 1], Recorder(), **options)
        np.testing.assert_array_equal(result.model.X, alone.model.X)
        np.testing.assert_array_equal(result.seen().data, alone.seen().data)

    @pytest.mark.parametrize("channels", ["alpha", [], [3], [-1], ["red", 1.5]])
    def test_unknown(self, channels):
        with pytest.raises(ValueError, match=r"'channels' is .* but must be some of 'red', 'green', 'blue'"):
            clast.segment(PHOTO, Recorder(), channels=channels)
