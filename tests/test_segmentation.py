"""The result: its table against plain loops, its colours, its file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import clast
from clast.image import Image

RNG = np.random.default_rng(11)


def fit(data, k=3, **options):
    image_options = {name: options.pop(name) for name in ("spacing", "unit", "affine") if name in options}
    axes = options.pop("axes", "YX")
    return clast.segment(Image(data, axes=axes, **image_options), clast.KMeans(k, random_state=0), **options)


@given(
    shape=st.tuples(st.integers(2, 40), st.integers(2, 40)),
    n_channels=st.integers(1, 3),
    dtype=st.sampled_from(["uint8", "int16", "uint16", "float32", "float64"]),
    masked=st.booleans(),
    seed=st.integers(0, 100),
)
def test_table_equals_a_loop_over_labels(shape, n_channels, dtype, masked, seed):
    rng = np.random.default_rng(seed)
    data = rng.integers(0, 200, (*shape, n_channels)).astype(dtype)
    data[0, 0] = 199
    mask = rng.random(shape) > 0.5 if masked else np.ones(shape, bool)
    mask[0, :2] = True
    result = fit(data, k=2, mask=mask, label_order="center", spacing=(2, 3), unit="um")
    table = result.table()
    assert table["label"].tolist() == list(range(1, result.n_classes + 1))
    for row in table.itertuples():
        inside = data[result.labels == row.label].astype(np.float64)
        assert row.count == len(inside)
        assert row.fraction == pytest.approx(len(inside) / mask.sum())
        assert row.area_um2 == pytest.approx(len(inside) * 6)
        for index, channel in enumerate(result.image.channel_names):
            assert getattr(row, f"mean_{channel}") == pytest.approx(inside[:, index].mean(), rel=1e-12)
            assert getattr(row, f"std_{channel}") == pytest.approx(inside[:, index].std(), rel=1e-9, abs=1e-9)


def test_table_over_many_blocks():
    # More pixels than one block, with a spread that is lost when squares are summed.
    data = 1e8 + RNG.random((700, 600))
    result = fit(data, spacing=(1, 1), unit="mm")
    for row in result.table().itertuples():
        inside = data[result.labels == row.label]
        assert (row.count, row.area_mm2) == (len(inside), len(inside))
        assert row.mean_intensity == pytest.approx(inside.mean(), rel=1e-14)
        assert row.std_intensity == pytest.approx(inside.std(), rel=1e-6)


@pytest.mark.parametrize(
    ("axes", "unit", "column", "per_pixel"),
    [("ZYX", "mm", "volume_ml", 0.024), ("ZYX", "um", "volume_um3", 24), ("ZYX", None, "volume", 24),
     ("YX", "mm", "area_mm2", 12), ("YX", "um", "area_um2", 12), ("YX", None, "area", 12)],
)  # fmt: skip
def test_physical_units(axes, unit, column, per_pixel):
    spacing = (2, 3, 4)[-len(axes) :]
    table = fit(RNG.random((4, 5, 6)[-len(axes) :]), axes=axes, spacing=spacing, unit=unit).table()
    np.testing.assert_allclose(table[column], table["count"] * per_pixel)


def test_no_spacing_no_volume():
    assert not any(name.startswith(("volume", "area")) for name in fit(RNG.random((5, 6))).table().columns)


def test_nan_pixels_are_background_and_not_in_the_table():
    data = RNG.random((8, 9, 2))
    data[2, 3, 1] = np.nan
    data[4, 4, 0] = np.inf
    result = fit(data)
    assert result.labels[2, 3] == result.labels[4, 4] == 0
    table = result.table()
    assert table["count"].sum() == 70
    assert np.isfinite(table.to_numpy()).all()


def test_statistics_are_in_original_units_when_scaled():
    data = RNG.random((8, 9, 2)) * [1, 1000]
    assert fit(data, scale="standard").table()["mean_channel_1"].max() > 100


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("n_channels", [0, 3])
def test_recolor_paints_the_mean_of_the_class(dtype, n_channels):
    data = RNG.integers(0, 200, (8, 9, 3)).astype(dtype)
    data = data if n_channels else data[..., 0].copy()
    mask = RNG.random((8, 9)) > 0.3
    result = fit(data, mask=mask)
    painted = result.recolor()
    assert painted.dtype == dtype
    assert painted.shape == data.shape
    assert not painted[~mask].any()
    for label in range(1, 4):
        mean = data[result.labels == label].astype(np.float64).mean(axis=0)
        expected = np.rint(mean) if dtype != "float32" else mean
        np.testing.assert_allclose(painted[result.labels == label], np.broadcast_to(expected, painted[result.labels == label].shape), rtol=1e-6)  # noqa: E501  # fmt: skip


def test_recolor_with_palettes():
    result = fit(RNG.random((8, 9)), mask=np.eye(8, 9))
    painted = result.recolor(["black", "#ff0000", "white"])
    assert painted.dtype == np.uint8
    assert (painted[result.labels == 2] == (255, 0, 0)).all()
    assert not painted[result.labels == 0].any()
    np.testing.assert_array_equal(result.recolor([10, 20, 30]), np.array([0, 10, 20, 30])[result.labels])
    with pytest.raises(ValueError, match="'palette' has 2 colours, but there are 3 classes"):
        result.recolor([1, 2])


def test_save_is_that_of_the_image_layer(tmp_path):
    result = fit(RNG.random((8, 9)))
    path = result.save(tmp_path / "labels.png")
    np.testing.assert_array_equal(clast.read_image(path).data, result.labels)
    with pytest.raises(OSError, match="exists"):
        result.save(path)
    result.save(path, force=True)


def test_repr_is_one_line():
    assert repr(fit(np.arange(20.0).reshape(4, 5), mask=np.eye(4, 5))) == (
        "Segmentation(3 classes by KMeans, 4 of 20 pixels, Image(YX 4 x 5, float64, channel: intensity))"
    )


class TestMerge:
    GREY = np.array([[0, 50, 100, 150], [1, 51, 101, 151]], dtype=np.uint8)

    def test_groups_come_first(self):
        result = clast.segment(self.GREY, clast.KMeans(4, random_state=0), label_order="center")
        merged = result.merge({"ends": [1, 4], "low": [2]})
        np.testing.assert_array_equal(merged.labels, [[1, 2, 3, 1], [1, 2, 3, 1]])
        assert merged.names == ("ends", "low", "class 3")
        assert merged.n_classes == 3
        table = merged.table()
        assert table["name"].tolist() == ["ends", "low", "class 3"]
        assert table["mean_intensity"].tolist() == [75.5, 50.5, 100.5]
        again = merged.merge({"all but ends": [3, 2]})
        assert again.names == ("all but ends", "ends")
        np.testing.assert_array_equal(again.labels, [[2, 1, 1, 2], [2, 1, 1, 2]])

    def test_posteriors_add_up(self):
        image = np.random.default_rng(0).normal(size=(30, 40)) + np.repeat([0, 4, 9, 15], 10)
        result = clast.segment(image, clast.GaussianMixture(4, random_state=0), label_order="center", channel_axis=None)
        merged = result.merge({"odd": [1, 3]})
        single, grouped = result.posteriors(np.float64), merged.posteriors(np.float64)
        np.testing.assert_allclose(grouped[..., 0], single[..., 0] + single[..., 2], atol=1e-15)
        np.testing.assert_array_equal(grouped[..., 1:], single[..., [1, 3]])

    def test_legend_has_the_names(self):
        result = clast.segment(self.GREY, clast.KMeans(4, random_state=0), label_order="center")
        texts = [text.get_text() for text in result.merge({"dark": [1, 2]}).plot().legends[0].get_texts()]
        assert texts[0].startswith("dark")

    @pytest.mark.parametrize(
        ("groups", "message"),
        [({"a": [1], "b": [1]}, "more than one"), ({"a": [0]}, "1 to 4"), ({"a": [5]}, "1 to 4"), ({"a": []}, "empty")],
    )
    def test_bad_groups(self, groups, message):
        result = clast.segment(self.GREY, clast.KMeans(4, random_state=0))
        with pytest.raises(ValueError, match=message):
            result.merge(groups)


class TestFromLabels:
    IMAGE = np.arange(12, dtype=np.uint8).reshape(3, 4)

    def test_has_all_that_needs_no_model(self, tmp_path):
        labels = np.digitize(self.IMAGE, [4, 6, 9])
        result = clast.Segmentation.from_labels(labels, self.IMAGE, names=["low", "middle", "high"])
        assert result.labels.dtype == np.uint8
        table = result.table()
        assert table["name"].tolist() == ["low", "middle", "high"]
        assert table["count"].tolist() == [2, 3, 3]
        assert table["mean_intensity"].tolist() == [4.5, 7, 10]
        np.testing.assert_array_equal(clast.read_image(result.save(tmp_path / "labels.png")).data, labels)
        merged = result.merge({"rest": [1, 3]})
        np.testing.assert_array_equal(merged.labels, np.array([0, 1, 2, 1])[labels])
        assert merged.names == ("rest", "middle")
        with pytest.raises(TypeError, match="a segmentation from labels gives no posterior probabilities"):
            result.posteriors()

    @pytest.mark.parametrize(
        ("labels", "names", "error", "message"),
        [
            (IMAGE * 0.5, None, TypeError, "'labels' has dtype float64"),
            (IMAGE[:2], None, ValueError, r"shape \(2, 4\), but the image has shape \(3, 4\)"),
            (IMAGE.astype(int) - 1, None, ValueError, "goes down to -1"),
            (IMAGE * 0, None, ValueError, "has no class"),
            (IMAGE > 3, ["dark", "bright"], ValueError, "'names' has 2 entries, but there are 1 classes"),
        ],
    )
    def test_bad_input(self, labels, names, error, message):
        with pytest.raises(error, match=message):
            clast.Segmentation.from_labels(labels, self.IMAGE, names=names)
