"""Pictures of samples by class: what they hold is what was counted by hand."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import PowerNorm, to_rgb
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA

import clast
from clast.plot import class_colors, cluster_circles, pairplot, parallel_coordinates, profiles

RNG = np.random.default_rng(7)
# Three blobs, of which the last two lie apart from the first along the first feature.
LABELS = np.repeat([0, 1, 2], [300, 500, 200])
X = RNG.normal(size=(1000, 3)) * (1, 2, 3) + np.array([[0, 0, 0], [8, 4, 0], [16, -4, 9]])[LABELS]
ALL = {"percentiles": (0, 100)}


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def panels_of(figure, n_channels):
    """Panels by row and column, as they are made: rows from the diagonal to the left."""
    places = [(row, column) for row in range(n_channels) for column in range(row + 1)]
    return dict(zip(places, figure.axes, strict=False))


def nano():
    """A segmented image of seven channels, with a corner outside the mask."""
    counts = RNG.poisson(RNG.integers(1, 60, (24, 30, 1)) * np.arange(1, 8)).astype(np.uint16)
    image = clast.Image(counts, axes="YX", channel_names=[f"m{index}" for index in range(7)])
    mask = np.ones((24, 30), dtype=bool)
    mask[:5, :5] = False
    return clast.segment(image, clast.KMeans(3, random_state=0), mask=mask, scale="max")


class TestPairplot:
    @pytest.mark.parametrize("kind", ["density", "scatter"])
    def test_panels_and_labels(self, kind):
        figure = pairplot(X, LABELS, kind=kind)
        panels = panels_of(figure, 3)
        assert len(figure.axes) == 6 + (kind == "density")
        assert [panels[2, column].get_xlabel() for column in range(3)] == ["feature 0", "feature 1", "feature 2"]
        assert [panels[row, 0].get_ylabel() for row in range(3)] == ["", "feature 1", "feature 2"]
        assert all(panels[row, row].get_title(loc="right") == "samples per bin" for row in range(3))
        assert legend(figure) == ["class 0 (30.0%)", "class 1 (50.0%)", "class 2 (20.0%)"]

    def test_diagonal_holds_the_histograms_of_the_classes(self):
        panel = panels_of(pairplot(X, LABELS, bins=20, **ALL), 3)[1, 1]
        assert len(panel.patches) == 3
        for label, patch, color in zip(range(3), panel.patches, class_colors(3), strict=True):
            expected, edges = np.histogram(X[label == LABELS, 1], bins=20, range=(X[:, 1].min(), X[:, 1].max()))
            assert_array_equal(patch.get_data().values, expected)
            assert_allclose(patch.get_data().edges, edges)
            assert_allclose(patch.get_edgecolor()[:3], color)

    def test_densities_are_histograms_in_the_colour_of_the_largest_class(self):
        figure = pairplot(X, LABELS, bins=15, gamma=0.5, **ALL)
        limits = [(values.min(), values.max()) for values in X.T]
        fullest = []
        shown = {}
        for (row, column), panel in panels_of(figure, 3).items():
            if column < row:
                of_class = np.array(
                    [
                        np.histogram2d(part[:, row], part[:, column], bins=15, range=(limits[row], limits[column]))[0]
                        for part in (X[label == LABELS] for label in range(3))
                    ]
                )
                shown[row, column] = panel.images[0].get_array(), of_class
                fullest.append(of_class.sum(axis=0).max())
                assert_allclose(panel.images[0].get_extent(), [*limits[column], *limits[row]])
                assert panel.images[0].origin == "lower"
        norm = PowerNorm(0.5, 0, np.median(fullest), clip=True)
        for shades, of_class in shown.values():
            total = of_class.sum(axis=0)
            assert_array_equal(shades[..., 3] > 0, total > 0)
            filled = total > 0
            assert_allclose(shades[filled, 3], 0.2 + 0.8 * norm(total[filled]))
            assert_allclose(shades[filled, :3], class_colors(3)[of_class.argmax(axis=0)[filled]])

    def test_scale_shows_counts_by_their_power(self):
        scale = pairplot(X, LABELS, gamma=0.25).axes[-1]
        assert scale.get_xlabel() == "samples per bin"
        assert scale.get_xticks()[0] == 0
        # At one part in sixteen of the largest count, a power of a quarter is at the half.
        top = scale.get_xlim()[1]
        x = scale.transData.transform([(top / 16, 0), (top, 0), (0, 0)])[:, 0]
        assert_allclose((x[0] - x[2]) / (x[1] - x[2]), 0.5)

    def test_ellipses_are_one_standard_deviation_from_the_means(self):
        panel = panels_of(pairplot(X, LABELS), 3)[2, 1]
        outlines = panel.collections[0].get_segments()
        for label, outline in enumerate(outlines):
            members = X[label == LABELS][:, [1, 2]]
            away = outline - members.mean(axis=0)
            inverse = np.linalg.inv(np.cov(members.T, bias=True))
            assert_allclose(np.einsum("ij,jk,ik->i", away, inverse, away), 1)

    def test_scatter_draws_samples_in_the_colours_of_their_classes(self):
        panels = panels_of(pairplot(X, LABELS, kind="scatter", sample_size=50), 3)
        points, colors = panels[1, 0].collections[0].get_offsets(), panels[1, 0].collections[0].get_facecolors()
        assert points.shape == (50, 2)
        of_sample = {tuple(sample): label for sample, label in zip(X[:, :2], LABELS, strict=True)}
        labels = [of_sample[tuple(point)] for point in points]
        assert_allclose(colors[:, :3], class_colors(3)[labels])
        assert len(set(labels)) == 3
        assert panels[1, 0].collections[0].get_rasterized()
        again = panels_of(pairplot(X, LABELS, kind="scatter", sample_size=50), 3)[1, 0].collections[0]
        assert_array_equal(again.get_offsets(), points)

    def test_scatter_says_how_many_are_drawn(self):
        titles = [
            pairplot(X, LABELS, kind="scatter", sample_size=size).legends[0].get_title().get_text()
            for size in (50, 10_000)
        ]
        assert titles == ["50 of 1000 samples drawn", "1000 of 1000 samples drawn"]

    def test_whole_numbers_have_bins_of_a_whole_width(self):
        values = np.arange(256).repeat(4)[:, np.newaxis].astype(np.uint8)
        stairs = pairplot(values, bins=80).axes[0].patches[0].get_data()
        assert_array_equal(stairs.values, np.r_[np.full(64, 16)])
        assert_array_equal(stairs.edges, np.arange(0, 257, 4) - 0.5)
        few = pairplot(values.astype(np.float32) // 64).axes[0].patches[0].get_data()
        assert_array_equal(few.values, [256] * 4)

    def test_bins_follow_the_number_of_samples(self):
        for n_samples, n_bins in ((27, 6), (1000, 20), (200_000, 80)):
            counts = pairplot(RNG.random((n_samples, 1))).axes[0].patches[0].get_data().values
            assert len(counts) == n_bins

    def test_percentiles_leave_outliers_out(self):
        values = np.r_[np.linspace(0, 1, 2001), 1e6][:, np.newaxis]
        counts, edges, _ = pairplot(values).axes[0].patches[0].get_data()
        assert edges[-1] < 2
        assert counts.sum() == np.count_nonzero((values >= edges[0]) & (values <= edges[-1])) < 2002

    def test_segmentation_is_drawn_without_its_background(self):
        result = nano()
        figure = result.pairplot(channels=["m4", 1], names=["a", "b", "c"], colors=["red", "lime", "blue"], **ALL)
        panels = panels_of(figure, 2)
        assert panels[1, 0].get_xlabel() == "m4"
        assert panels[1, 0].get_ylabel() == "m1"
        assert panels[0, 0].get_title(loc="right") == "pixels per bin"
        counts = [patch.get_data().values.sum() for patch in panels[0, 0].patches]
        assert counts == list(result.statistics.counts)
        assert sum(counts) == 24 * 30 - 25
        assert_allclose(panels[0, 0].patches[1].get_edgecolor()[:3], to_rgb("lime"))
        assert legend(figure)[2] == f"c ({counts[2] / sum(counts):.1%})"

    def test_samples_without_labels_have_one_colour_and_no_legend(self):
        figure = pairplot(pd.DataFrame(X[:, :2], columns=["length", "width"]))
        panels = panels_of(figure, 2)
        assert panels[1, 0].get_xlabel() == "length"
        assert not figure.legends
        assert not panels[1, 0].collections

    def test_samples_that_are_not_finite_or_noise_are_left_out(self):
        values, labels = X.copy(), LABELS.copy()
        values[0, 1], values[1, 2], labels[2:10] = np.nan, np.inf, -1
        counts = [patch.get_data().values.sum() for patch in pairplot(values, labels, **ALL).axes[0].patches]
        assert counts == [290, 500, 200]

    def test_constant_channel_and_empty_class(self):
        values = np.c_[X[:, 0], np.full(1000, 0.3)]
        pairplot(values, LABELS).draw_without_rendering()
        result = nano()
        result = type(result)(**{**vars(result), "clusters": np.arange(4)})  # the fourth class has no pixel
        assert legend(result.pairplot(channels=[0, 1]))[3] == "class 4 (0.0%)"

    def test_nothing_overlaps(self):
        for n_channels in (2, 3, 5):
            values = np.repeat(X, 2, axis=1)[:, :n_channels] * 1e4
            figure = pairplot(values, LABELS)
            figure.draw_without_rendering()
            boxes = [axes.get_tightbbox() for axes in figure.axes] + [figure.legends[0].get_window_extent()]
            assert all(box.x0 >= 0 and box.y0 >= 0 for box in boxes)
            assert all(box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height for box in boxes)
            assert not any(boxes[-1].overlaps(box) for box in boxes[:-1])


class TestProfiles:
    def test_means_and_spreads_are_those_of_the_pixels(self):
        result = nano()
        figure = result.profiles()
        visible = [axes for axes in figure.axes if axes.get_visible()]
        assert [axes.get_xlabel() for axes in visible] == [f"m{index}" for index in range(7)]
        assert [text.get_text() for text in visible[0].get_yticklabels()] == ["class 1", "class 2", "class 3"]
        for channel, axes in enumerate(visible):
            thin, thick, dots = axes.collections
            assert_allclose(dots.get_offsets()[:, 0], result.statistics.means[:, channel])
            assert_allclose(dots.get_facecolors()[:, :3], class_colors(3))
            for lines, percents in ((thin, (5, 95)), (thick, (25, 75))):
                for label, line in enumerate(lines.get_segments(), start=1):
                    members = result.image.channel(channel)[result.labels == label]
                    assert_allclose(line[:, 0], np.percentile(members, percents))
                    assert_array_equal(line[:, 1], label - 1)

    def test_tables(self):
        figure = profiles(pd.DataFrame(X, columns=["a", "b", "c"]), LABELS, channels=["c", "a"], names=["x", "y", "z"])
        assert [axes.get_xlabel() for axes in figure.axes] == ["c", "a"]
        assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["x", "y", "z"]
        assert [text.get_text() for text in profiles(X).axes[0].get_yticklabels()] == ["all"]


class TestParallelCoordinates:
    def test_lines_go_through_the_means(self):
        result = nano()
        figure = result.parallel_coordinates(percentiles=(0, 100), sample_size=40)
        (axes,) = figure.axes
        assert [text.get_text() for text in axes.get_xticklabels()] == [f"m{index}" for index in range(7)]
        values = result.image.data[result.labels > 0].astype(float)
        low, high = values.min(axis=0), values.max(axis=0)
        lines = [line for line in axes.lines if len(line.get_xdata()) == 7 and line.get_linewidth() == 2]
        for line, mean, color in zip(lines, result.statistics.means, class_colors(3), strict=True):
            assert_allclose(line.get_ydata(), (mean - low) / (high - low))
            assert_allclose(to_rgb(line.get_color()), color)
        drawn = axes.collections[0].get_segments()
        assert len(drawn) == 40
        scaled = {tuple(row.round(9)) for row in (values - low) / (high - low)}
        assert all(tuple(line[:, 1].round(9)) in scaled for line in drawn)

    def test_every_channel_has_ticks_in_its_own_units(self):
        values = np.array([[0.0, 1000], [10, 3000]])
        (axes,) = parallel_coordinates(values, percentiles=(0, 100), sample_size=0).axes
        ticks = [(text.xy, float(text.get_text())) for text in axes.texts]
        assert {x for (x, _), _ in ticks} == {0, 1}
        for (channel, height), value in ticks:
            assert_allclose(value, values[0, channel] + height * np.ptp(values[:, channel]))
        assert not axes.collections or all(len(c.get_paths()) == 1 for c in axes.collections)

    def test_bands_hold_the_middle_half(self):
        (axes,) = parallel_coordinates(X, LABELS, percentiles=(0, 100), sample_size=0).axes
        low, high = X.min(axis=0), X.max(axis=0)
        outline = axes.collections[1].get_paths()[0].vertices
        expected = (np.percentile(X[LABELS == 1], [25, 75], axis=0) - low) / (high - low)
        for channel in range(3):
            heights = outline[outline[:, 0] == channel, 1]
            assert_allclose([heights.min(), heights.max()], expected[:, channel])


class TestClusterCircles:
    def test_plane_is_that_of_scikit_learn(self):
        figure = cluster_circles(X, LABELS, sample_size=1000, coverage=1)
        (axes,) = figure.axes
        pca = PCA(2).fit(X)
        expected = pca.transform(X)
        points = axes.collections[0].get_offsets()
        order, found = np.lexsort(expected.T), np.lexsort(np.asarray(points).T)
        assert_allclose(np.abs(points[found]), np.abs(expected[order]), atol=1e-9)
        shares = pca.explained_variance_ratio_
        assert axes.get_xlabel() == f"component 1 ({shares[0]:.1%} of variance)"
        assert axes.get_ylabel() == f"component 2 ({shares[1]:.1%} of variance)"
        assert axes.get_aspect() == 1

    @pytest.mark.parametrize("coverage", [0.5, 1.0])
    def test_circles_hold_their_share_of_the_samples(self, coverage):
        (axes,) = cluster_circles(X, LABELS, coverage=coverage).axes
        points = PCA(2).fit_transform(X)
        signs = np.sign(axes.patches[2].center / points[LABELS == 2].mean(axis=0))
        for label, circle in enumerate(axes.patches):
            members = points[label == LABELS] * signs
            assert_allclose(circle.center, members.mean(axis=0), atol=1e-9)
            away = np.linalg.norm(members - circle.center, axis=1)
            assert abs((away <= circle.radius * (1 + 1e-9)).mean() - coverage) <= 1 / len(members)
            assert_allclose(circle.get_facecolor()[:3], class_colors(3)[label])

    def test_pixels_are_scaled_as_the_model_saw_them(self):
        result = nano()
        (axes,) = result.cluster_circles(coverage=1).axes
        scaled = result.scaler.transform(result.image.data[result.labels > 0])
        projected = PCA(2).fit_transform(scaled)
        assert_allclose(np.ptp(axes.collections[0].get_offsets(), axis=0), np.ptp(projected, axis=0), rtol=1e-5)

    def test_one_feature_has_no_plane(self):
        with pytest.raises(ValueError, match="two features or more"):
            cluster_circles(X[:, :1], LABELS)


@pytest.mark.parametrize(
    ("draw", "options", "message"),
    [
        (pairplot, {"kind": "kde"}, "'kind' is 'kde', but must be 'density' or 'scatter'"),
        (pairplot, {"bins": 1}, "'bins' is 1"),
        (pairplot, {"gamma": 0}, "'gamma' 0"),
        (pairplot, {"percentiles": (99, 1)}, r"'percentiles' is \(99, 1\)"),
        (pairplot, {"channels": ["b"]}, "'channels' has 'b', but there are feature 0, feature 1"),
        (pairplot, {"channels": []}, "'channels' is empty"),
        (pairplot, {"kind": "scatter", "sample_size": 0}, "'sample_size' is 0"),
        (pairplot, {"names": ["a"]}, "'names' has 1 entries, but there are 3 classes"),
        (profiles, {"channels": [3]}, "'channels' has 3"),
        (profiles, {"colors": ["red"]}, "'colors' has 1 entries, but there are 3 classes"),
        (parallel_coordinates, {"channels": [0]}, "two channels or more"),
        (parallel_coordinates, {"percentiles": (0, 101)}, r"'percentiles' is \(0, 101\)"),
        (cluster_circles, {"coverage": 0}, "'coverage' is 0"),
    ],
)
def test_refuses(draw, options, message):
    with pytest.raises(ValueError, match=message):
        draw(X, LABELS, **options)


@pytest.mark.parametrize(
    ("data", "labels", "message"),
    [
        (X[:, 0], None, "'data' is float64 of shape"),
        (np.array([["a", "b"]]), None, "'data' is <U1"),
        (X, LABELS[:5], r"'labels' is int64 of shape \(5,\), but must be one integer for each of 1000 samples"),
        (X, LABELS / 2, "'labels' is float64"),
        (X, np.full(1000, -1), "no samples to draw"),
        (np.full((5, 2), np.nan), None, "no samples to draw"),
        (np.zeros((9, 13)), None, "13 channels, but 12 can be drawn"),
    ],
)
def test_refuses_data(data, labels, message):
    with pytest.raises(ValueError, match=message):
        pairplot(data, labels)


def test_segmentations_have_labels_of_their_own():
    with pytest.raises(ValueError, match="a segmentation has its own"):
        pairplot(nano(), LABELS)


def test_pyplot_is_not_loaded(run_python):
    code = """
import sys, io, numpy, clast
X = numpy.random.default_rng(0).random((60, 3))
labels = (X[:, 0] > 0.5).astype(int)
for name in ("pairplot", "profiles", "parallel_coordinates", "cluster_circles"):
    getattr(clast.plot, name)(X, labels).savefig(io.BytesIO())
print("matplotlib.pyplot" in sys.modules)
"""
    assert run_python(code).strip() == "False"
