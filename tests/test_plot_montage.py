"""Montages, and pictures of regions: which panel shows what, on which scale."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.testing import assert_allclose, assert_array_equal

import clast
from clast.plot import class_colors, montage, plot_superpixels

RNG = np.random.default_rng(11)
VOLUME = clast.Image(
    RNG.normal(loc=(100, 200), scale=(10, 40), size=(8, 20, 30, 2)),
    axes="ZYX",
    channel_names=["T1", "FLAIR"],
    spacing=(5, 1, 1),
    unit="mm",
)
MASK = np.zeros(VOLUME.shape, dtype=bool)
MASK[:, 2:18, 2:28] = True


def segment(k=2, image=VOLUME, **options):
    return clast.segment(image, clast.KMeans(k, random_state=0), label_order="center", **options)


def titles(figure):
    return [axes.get_title() for axes in figure.axes]


def rows_of(figure):
    return [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def colors_of(axes):
    """The painted classes of a panel."""
    return np.asarray(axes.images[-1].get_array())


class TestVolumes:
    def test_a_segmentation_shows_channels_over_classes(self):
        result = segment(3, mask=MASK)
        figure = montage(result, slices=[1, 4, 6])
        assert rows_of(figure) == ["T1", "FLAIR", "classes"]
        assert titles(figure) == ["z = 1", "z = 4", "z = 6"] + [""] * 6
        crop = (slice(1, 19), slice(0, 30))
        for row in range(2):
            for column, index in enumerate([1, 4, 6]):
                (shown,) = figure.axes[3 * row + column].images
                assert_array_equal(shown.get_array(), VOLUME.channel(row)[index][crop])
        painted = colors_of(figure.axes[8])
        labels = result.labels[6][crop]
        assert_allclose(painted[labels > 0, :3], class_colors(3)[labels[labels > 0] - 1])
        assert (painted[labels == 0, 3] == 0).all()
        assert (painted[labels > 0, 3] == 0.65).all()
        assert legend(figure) == [text.get_text() for text in result.plot().legends[0].get_texts()]

    def test_slices_of_a_channel_share_a_scale(self):
        figure = segment(mask=MASK).montage(slices=3)
        limits = [axes.images[0].get_clim() for axes in figure.axes]
        for row in range(2):
            assert len(set(limits[3 * row : 3 * row + 3])) == 1
            assert_allclose(limits[3 * row], np.percentile(VOLUME.channel(row)[MASK], (2, 98)))
        assert limits[6] == limits[0]  # below the classes

    def test_scales_have_their_numbers_beside_the_last_slice(self):
        figure = montage(VOLUME, slices=3)
        bars = [axes.child_axes for axes in figure.axes]
        assert [len(bar) for bar in bars] == [0, 0, 1, 0, 0, 1]
        assert_allclose(bars[5][0].get_ylim(), figure.axes[5].images[0].get_clim())

    def test_channels_may_share_one_scale(self):
        limits = {axes.images[0].get_clim() for axes in montage(VOLUME, shared_scale=True).axes}
        assert len(limits) == 1
        assert_allclose(limits.pop(), np.percentile(VOLUME.data, (2, 98)))

    def test_segmentations_are_compared_row_by_row(self):
        two, three = segment(2), segment(3)
        figure = montage({"k = 2": two, "k = 3": three}, slices=[2, 5], under="FLAIR", names=["a", "b", "c"])
        assert rows_of(figure) == ["k = 2", "k = 3"]
        assert legend(figure) == ["a", "b", "c"]
        for axes, (result, index) in zip(figure.axes, [(two, 2), (two, 5), (three, 2), (three, 5)], strict=True):
            assert_array_equal(axes.images[0].get_array(), VOLUME.channel(1)[index])
            assert_allclose(colors_of(axes)[..., :3], class_colors(3)[result.labels[index] - 1])

    def test_models_by_modalities(self):
        images = [clast.Image(VOLUME.channel(channel), axes="ZYX") for channel in range(2)]
        fits = {k: dict(zip(("T1", "FLAIR"), (segment(k, image) for image in images), strict=True)) for k in (2, 3, 4)}
        figure = montage({f"{k} classes": row for k, row in fits.items()}, slices=[3])
        assert rows_of(figure) == ["2 classes", "3 classes", "4 classes"]
        assert titles(figure) == ["T1", "FLAIR", "", "", "", ""]
        assert figure.get_suptitle() == "z = 3"
        assert len(legend(figure)) == 4
        results = [result for row in fits.values() for result in row.values()]
        for axes, result in zip(figure.axes, results, strict=True):
            assert_allclose(colors_of(axes)[..., :3], class_colors(4)[result.labels[3] - 1])

    def test_lists_of_images_are_rows_of_panels_too(self):
        first, second = (clast.Image(VOLUME.channel(channel), axes="ZYX") for channel in range(2))
        figure = montage([[first, second], [second, first]], slice_axis="Y")
        assert figure.get_suptitle() == "y = 10"
        shown = [axes.images[0].get_array() for axes in figure.axes]
        assert_array_equal(shown[1], shown[2])
        assert_array_equal(shown[0], VOLUME.channel(0)[:, 10])

    def test_scale_bar_and_side_are_in_the_first_panel(self):
        affine = np.diag([1.0, 1, 5, 1])
        image = clast.Image(VOLUME.data[..., 0].T, axes="XYZ", spacing=(1, 1, 5), unit="mm", affine=affine)
        figure = montage(image, slices=2)
        assert [[text.get_text() for text in axes.texts] for axes in figure.axes] == [["5 mm", "R"], []]


class TestFlatImages:
    IMAGE = clast.Image(RNG.random((12, 15, 6)), axes="YX", channel_names=list("abcdef"), spacing=(2, 2), unit="um")

    def test_panels_follow_each_other(self):
        result = segment(image=self.IMAGE)
        figure = result.montage(colormap="viridis", colors=["red", "blue"])
        assert titles(figure) == [*"abcdef", "classes", ""]
        assert [axes.get_visible() for axes in figure.axes] == [True] * 7 + [False]
        for channel in range(6):
            (shown,) = figure.axes[channel].images
            assert_array_equal(shown.get_array(), self.IMAGE.channel(channel))
            assert shown.get_cmap().name == "viridis"
            assert len(figure.axes[channel].child_axes) == 1
        (shown,) = figure.axes[6].images
        expected = np.array([to_rgb("red"), to_rgb("blue")])[result.labels - 1]
        assert_allclose(shown.get_array()[..., :3], expected)
        assert (shown.get_array()[..., 3] == 1).all()
        assert figure.axes[0].texts[0].get_text() == "5 \u00b5m"

    def test_channels_are_chosen_by_name(self):
        assert titles(montage(self.IMAGE, channels=["f", 0])) == ["f", "a"]

    def test_classes_may_lie_over_a_channel(self):
        under, over = montage([segment(image=self.IMAGE)], under="c", alpha=0.3).axes[0].images
        assert_array_equal(under.get_array(), self.IMAGE.channel(2))
        assert set(np.unique(over.get_array()[..., 3])) == {0.3}

    def test_values_that_are_not_finite_do_not_set_the_scale(self):
        data = self.IMAGE.channel(0).copy()
        data[:3] = np.nan
        limits = montage(clast.Image(data, axes="YX")).axes[0].images[0].get_clim()
        assert_allclose(limits, np.percentile(data[3:], (2, 98)))


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (VOLUME, {"slices": [8]}, "slices 0 to 7 exist"),
        (VOLUME, {"slices": 0}, "'slices' is 0"),
        (VOLUME, {"slice_axis": "T"}, "axes 'ZYX'"),
        (VOLUME, {"channels": ["T2"]}, "'channel' is 'T2'"),
        (VOLUME, {"channels": []}, "nothing to show"),
        (VOLUME, {"alpha": 2}, "'alpha' is 2"),
        ([], {}, "'images' must hold"),
        ([VOLUME, [VOLUME]], {}, "'images' must hold"),
        ([[VOLUME], [VOLUME, VOLUME]], {}, "same number of panels"),
        ([VOLUME, TestFlatImages.IMAGE], {}, r"one grid, but have shapes \(8, 20, 30\) and \(12, 15\)"),
    ],
)
def test_refuses(images, options, message):
    with pytest.raises(ValueError, match=message):
        montage(images, **options)


def test_refuses_colors_and_arrays():
    with pytest.raises(ValueError, match="'colors' has 1 entries, but there are 2 classes"):
        segment().montage(colors=["red"])
    with pytest.raises(TypeError, match="'images' holds ndarray"):
        montage([VOLUME.data])


class TestSuperpixels:
    LABELS = np.array([[1, 1, 1, 2], [1, 1, 2, 2], [0, 3, 3, 3]])

    def test_outlines_run_between_regions(self):
        figure = plot_superpixels(np.arange(12.0).reshape(3, 4), self.LABELS)
        lines = {tuple(map(tuple, line)) for line in figure.axes[0].collections[0].get_segments()}
        horizontal = {((0, 2), (4, 2)), ((2, 1), (3, 1))}
        vertical = {((3, 0), (3, 1)), ((2, 1), (2, 2)), ((1, 2), (1, 3))}
        assert lines == horizontal | vertical

    def test_means_are_those_of_the_regions(self):
        image = np.arange(12.0).reshape(3, 4)
        means = plot_superpixels(image, self.LABELS).axes[1].images[0].get_array()
        for label in (1, 2, 3):
            assert_allclose(means[label == self.LABELS], image[label == self.LABELS].mean())
        assert (means[self.LABELS == 0] == 0).all()

    def test_a_volume_shows_the_means_of_whole_regions(self):
        labels = np.where(VOLUME.channel(1) > 200, 7, 4)
        figure = plot_superpixels(VOLUME, labels, channel="FLAIR", slice_index=2)
        assert titles(figure) == ["FLAIR, z = 2", "mean of each superpixel"]
        expected = np.where(
            labels[2] == 7, VOLUME.channel(1)[labels == 7].mean(), VOLUME.channel(1)[labels == 4].mean()
        )
        assert_allclose(figure.axes[1].images[0].get_array(), expected)
        assert legend(figure) == ["2 superpixels of 2\u2009400 pixels on average"]
        assert figure.axes[0].texts[0].get_text() == "5 mm"

    def test_photo(self):
        photo = RNG.integers(0, 256, (12, 16, 3)).astype(np.uint8)
        left, right = plot_superpixels(photo, np.ones((12, 16), dtype=int)).axes
        assert_allclose(left.images[0].get_array(), photo / 255)
        assert_allclose(right.images[0].get_array()[0, 0], photo.mean(axis=(0, 1)) / 255)
        assert left.get_title() == "image"

    def test_refuses(self):
        with pytest.raises(ValueError, match=r"'labels' has shape \(3, 4\), but the image has shape \(4, 4\)"):
            plot_superpixels(np.ones((4, 4)), self.LABELS)
        with pytest.raises(ValueError, match="slices 0 to 7 exist"):
            plot_superpixels(VOLUME, np.ones(VOLUME.shape, dtype=int), slice_index=8)


def test_pyplot_is_not_loaded(run_python):
    code = """
import sys, io, numpy, clast
image = clast.Image(numpy.random.default_rng(0).random((4, 9, 9)), axes="ZYX")
clast.plot.montage(clast.segment(image, clast.KMeans(2, random_state=0))).savefig(io.BytesIO())
clast.plot.plot_superpixels(image, clast.slic(image.data, 9, channel_axis=None)).savefig(io.BytesIO())
print("matplotlib.pyplot" in sys.modules)
"""
    assert run_python(code).strip() == "False"
