"""Pictures: their panels, orientation and words; how they look was judged by eye."""

import numpy as np
import pytest

import clast
from clast.image import Image
from clast.plot import class_colors
from clast.plot._planes import plane_of

RNG = np.random.default_rng(5)


def segment(image, k=3, **options):
    return clast.segment(image, clast.KMeans(k, random_state=0), **options)


def titles(figure):
    return [axis.get_title() for axis in figure.axes]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_photo_has_three_panels(tmp_path):
    figure = segment(RNG.integers(0, 256, (20, 30, 3)).astype(np.uint8)).plot()
    assert titles(figure) == ["image", "mean color of each class", "classes"]
    assert len(legend(figure)) == 3
    assert "px" in legend(figure)[0]
    figure.savefig(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 1000


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_colors_of_any_range_are_shown(dtype):
    data = RNG.integers(0, 4096, (20, 30, 3)).astype(dtype)
    result = segment(Image(data, axes="YX", channel_names=("red", "green", "blue")))
    pixels, means = (axis.images[0].get_array() for axis in result.plot().axes[:2])
    assert 0.4 < pixels.mean() < 0.6
    np.testing.assert_allclose(means[..., :3], np.clip(result.recolor() / np.percentile(data, 98), 0, 1), atol=2e-4)


def test_grey_image_has_two_panels_with_areas():
    figure = segment(RNG.random((20, 30)), spacing=(0.5, 0.5), unit="um").plot(names=["a", "b", "c"])
    assert titles(figure) == ["intensity", "classes"]
    assert legend(figure)[0].startswith("a: ")
    assert "\u00b5m\u00b2" in legend(figure)[0]
    assert "\u00b5m" in figure.axes[0].texts[0].get_text()


def test_stack_of_channels_shows_the_one_asked_for():
    result = segment(RNG.random((20, 30, 7)), channel_axis=-1)
    assert titles(result.plot(channel="channel_4"))[0] == titles(result.plot(channel=4))[0] == "channel_4"
    shown = result.plot(channel=4).axes[0].images[0].get_array()
    np.testing.assert_array_equal(shown, result.image.channel(4))


def test_volume_has_slices_over_slices():
    volume = RNG.random((12, 20, 30))
    mask = np.zeros(volume.shape, bool)
    mask[4:9] = True
    figure = segment(volume, channel_axis=None, mask=mask, spacing=(5, 1, 1), unit="mm").plot(slices=3)
    assert titles(figure) == ["z = 5", "z = 6", "z = 7", "", "", ""]
    assert legend(figure)[0].count("mL") == 1
    assert [len(axis.images) for axis in figure.axes] == [1, 1, 1, 2, 2, 2]
    assert titles(segment(volume, channel_axis=None).plot(slices=[0, 11]))[:2] == ["z = 0", "z = 11"]


def test_window_is_that_of_the_labelled_pixels():
    image = RNG.random((20, 30))
    image[0, 0] = 1e6
    mask = np.ones((20, 30))
    mask[0, 1] = 0
    low, high = segment(image, mask=mask).plot().axes[0].images[0].get_clim()
    np.testing.assert_allclose((low, high), np.percentile(image[mask > 0], (2, 98)))


def test_proportions_follow_the_spacing():
    figure = segment(RNG.random((20, 30)), spacing=(4, 1), unit="mm").plot()
    assert figure.axes[0].images[0].get_extent() == [0, 30, 80, 0]


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, 1), (1, -1, -1), (-1, -1, 1)])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1), (1, 2, 0)])
def test_volumes_with_an_affine_are_shown_in_radiological_convention(signs, order):
    # One voxel at the patient's right, anterior and superior end; every storage order must show it at the same place.
    shape = (5, 6, 7)
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for voxel_axis, world_axis in enumerate(order):
        affine[world_axis, voxel_axis] = signs[voxel_axis]
    volume = np.zeros(shape)
    ends = tuple(shape[axis] - 1 if signs[axis] > 0 else 0 for axis in range(3))
    volume[ends] = 1
    image = Image(volume, axes="XYZ", spacing=(1, 1, 1), affine=affine)
    corners = {0: (0, -1), 1: (0, 0), 2: (0, 0)}  # sagittal, coronal, axial: where right-anterior-superior is
    sides = {0: "P", 1: "R", 2: "R"}
    for along, world_axis in enumerate(order):
        plane = plane_of(image, along, ends[along])
        assert plane(volume)[corners[world_axis]] == 1
        assert plane.left_side == sides[world_axis]
        assert plane(volume).shape == (plane.height, plane.width)


@pytest.mark.parametrize("shape", [(6, 7), (6, 7, 1), (1, 6, 7)])
def test_volumes_of_one_slice(shape):
    image = Image(RNG.random(shape), axes="XYZ"[: len(shape)], affine=np.diag([-1.0, 2, 5, 1]))
    figure = segment(image).plot()
    figure.draw_without_rendering()
    pixels = figure.axes[0].images[0].get_array()
    assert pixels.shape == {(6, 7): (7, 6), (6, 7, 1): (7, 6), (1, 6, 7): (6, 1)}[shape]


def test_stack_without_affine_is_shown_as_stored():
    image = Image(np.arange(24).reshape(2, 3, 4), axes="ZYX")
    np.testing.assert_array_equal(plane_of(image, 0, 1)(image.data), image.data[1])
    photo = Image(np.arange(12).reshape(3, 4), axes="YX")
    np.testing.assert_array_equal(plane_of(photo, None, 0)(photo.data), photo.data)


@pytest.mark.parametrize("k", [1, 7, 8, 15])
def test_many_classes(k):
    colors = class_colors(k)
    assert colors.shape == (k, 3)
    assert len(np.unique(colors, axis=0)) == k
    figure = segment(RNG.random((20, 30)), k=k).plot()
    assert len(legend(figure)) == min(k, 13)
    assert k <= 12 or legend(figure)[-1] == f"and {k - 12} more"


def test_legend_lies_inside_the_figure():
    for k, shape in ((12, (40, 30)), (5, (20, 60, 3))):
        data = RNG.integers(0, 256, shape).astype(np.uint8)
        figure = segment(data, k=k).plot()
        figure.draw_without_rendering()
        box = figure.legends[0].get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width


@pytest.mark.parametrize(
    ("options", "message"),
    [({"channel": 1}, "'channel' is 1"), ({"channel": "t1"}, "channels intensity"),
     ({"slices": [12]}, "slices 0 to 11"),
     ({"slices": 0}, "'slices' is 0"), ({"slice_axis": "T"}, "axes 'ZYX'"), ({"names": ["a"]}, "'names' has 1"),
     ({"colors": ["red", "blue"]}, "'colors' has 2")],
)  # fmt: skip
def test_errors(options, message):
    result = segment(RNG.random((12, 8, 9)), channel_axis=None)
    with pytest.raises(ValueError, match=message):
        result.plot(**options)


def test_matplotlib_is_loaded_by_the_first_picture(run_python):
    code = "import sys, clast; clast.plot.class_colors; print({'matplotlib', 'pandas'} & {*sys.modules})"
    assert run_python(code).strip() == "set()"


def test_pyplot_is_not_loaded(run_python):
    code = (
        "import sys, numpy, clast; result = clast.segment(numpy.eye(9), clast.KMeans(2, random_state=0));"
        "result.plot().savefig(sys.stderr.buffer); print('matplotlib.pyplot' in sys.modules)"
    )
    assert run_python(code.replace("sys.stderr.buffer", "__import__('io').BytesIO()")).strip() == "False"
