"""Regions against scikit-image, scipy and plain loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data
from skimage.graph import merge_hierarchical, rag_mean_color
from skimage.measure import regionprops_table
from skimage.segmentation import find_boundaries
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score

import clast
from clast import slic
from clast.regions import (
    boundaries,
    cluster_regions,
    merge_regions,
    region_graph,
    region_means,
    region_statistics,
)


@pytest.fixture(scope="module")
def photo():
    return data.astronaut()[:200, 150:400]


@pytest.fixture(scope="module")
def labels(photo):
    return slic(photo, 150)


@st.composite
def label_images(draw):
    n_axes = draw(st.integers(2, 3))
    shape = tuple(draw(st.integers(1, 9)) for _ in range(n_axes))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    labels = rng.integers(0, draw(st.integers(1, 12)), size=shape)
    image = rng.normal(1e6, 1, size=(*shape, draw(st.integers(1, 3))))
    return labels, image


class TestStatistics:
    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
    def test_agree_with_skimage(self, photo, labels, dtype):
        image = photo.astype(dtype)
        found = region_statistics(labels, image).table()
        names = ["label", "area", "bbox", "centroid"]
        names += ["intensity_mean", "intensity_std", "intensity_min", "intensity_max"]
        expected = regionprops_table(labels, image.astype(float), properties=names)
        for name, values in expected.items():
            assert_allclose(found[name.removeprefix("intensity_")], values, rtol=1e-12, err_msg=name)

    @given(label_images(), st.sampled_from([None, 0, 3]))
    def test_agree_with_plain_loops(self, case, background):
        labels, image = case
        found = region_statistics(labels, image, background=background)
        assert_array_equal(found.labels, [value for value in np.unique(labels) if value != background])
        for row, value in enumerate(found.labels):
            places = np.argwhere(labels == value)
            pixels = image[labels == value]
            assert found.area[row] == len(places)
            assert_array_equal(found.bbox[row], [*places.min(axis=0), *(places.max(axis=0) + 1)])
            assert_allclose(found.centroid[row], places.mean(axis=0), atol=1e-12)
            assert_allclose(found.mean[row], pixels.mean(axis=0), rtol=1e-15)
            # Values far from 0: a sum of squares would keep 4 digits of this.
            assert_allclose(found.std[row], pixels.std(axis=0), rtol=1e-9, atol=1e-9)
            assert_array_equal(found.min[row], pixels.min(axis=0))
            assert_array_equal(found.max[row], pixels.max(axis=0))

    @pytest.mark.parametrize(
        ("names", "dtype"),
        [
            ([-1, 4, 9, 10], np.int8),
            ([-(2**31), -1, 0, 2**31 - 1], np.int32),
            ([0, 7, 2**31, 2**32 - 1], np.uint32),
            ([-(2**63), -5, 2**40, 2**63 - 1], np.int64),
            ([0, 2**31 - 1, 2**31, 2**63 - 1], np.uint64),
        ],
    )
    def test_any_integers_are_labels(self, photo, names, dtype):
        rng = np.random.default_rng(0)
        plain = rng.integers(0, 4, size=photo.shape[:2])
        labels = np.array(names, dtype=dtype)[plain]
        for background in (names[0], None):
            expected = region_statistics(plain, photo, background=None if background is None else 0)
            found = region_statistics(labels, photo, background=background)
            assert_array_equal(found.labels, np.array(names)[expected.labels])
            for values, others in zip(found[1:], expected[1:], strict=True):
                assert_array_equal(values, others)
            graph = region_graph(labels, photo, background=background)
            assert_array_equal(graph.labels, found.labels)
            options = {"n_regions": 2, "background": background}
            merged = merge_regions(labels, photo, **options)
            plainly = merge_regions(plain, photo, n_regions=2, background=None if background is None else 0)
            assert_array_equal(merged.labels, plainly.labels)

    def test_pixels_of_no_region_need_not_be_finite(self, photo, labels):
        image = photo.astype(np.float32)
        mask = np.ones(labels.shape, dtype=bool)
        mask[:40], image[:30], image[35, 3, 1] = False, np.nan, np.inf
        expected = region_statistics(labels, photo.astype(np.float32), mask=mask)
        for found in (
            region_statistics(labels, image, mask=mask),
            region_statistics(np.where(mask, labels, 0), image),
            region_statistics(np.where(mask, labels, -1), image, background=-1),
        ):
            for values, others in zip(found, expected, strict=True):
                assert_array_equal(values, others)
        means = region_means(labels, image, mask=mask)
        assert np.isnan(means[:40]).all()
        assert np.isfinite(means[40:]).all()

    def test_values_whose_sum_overflows_are_finite(self):
        image = np.full((4, 5), 3e38, dtype=np.float32)
        assert_array_equal(region_statistics(np.ones((4, 5), dtype=int), image).max, [[np.float32(3e38)]])

    def test_deviations_of_values_whose_squares_overflow_are_infinite(self):
        found = region_statistics([[1, 1, 2]], np.array([[1e200, -1e200, 3e200]]))
        assert_array_equal(found.std[:, 0], [np.inf, 0])

    @pytest.mark.parametrize("shape", [(1, 300_000), (600, 500), (40, 30, 250)])
    @pytest.mark.parametrize("n_stray", [1, 40])
    def test_stray_values_at_the_beginning_leave_the_others_their_digits(self, shape, n_stray):
        image = np.random.default_rng(0).integers(-1, 2, size=shape) + 1e9
        image.reshape(-1)[:n_stray] = 0
        labels = np.ones(shape, dtype=np.uint8)
        found = region_statistics(labels, image)
        share = n_stray / labels.size
        near = image.reshape(-1)[n_stray:] - 1e9
        between = share * (1 - share) * (1e9 + near.mean()) ** 2
        assert_allclose(found.std, [[np.sqrt(between + (1 - share) * near.var())]], rtol=1e-10)
        assert_allclose(found.mean, [[1e9 - share * 1e9 + (1 - share) * near.mean()]], rtol=1e-15)

    def test_an_image_names_the_columns(self, photo, labels):
        image = clast.Image(photo, axes="YX", spacing=(0.5, 2), unit="mm")
        table = region_statistics(labels, image).table(image)
        plain = region_statistics(labels, photo).table()
        assert_array_equal(table["std-blue"], plain["std-2"])
        assert_array_equal(table["area_mm2"], plain["area"])
        with pytest.raises(TypeError, match="'image' is of type ndarray, but an Image is needed"):
            region_statistics(labels, image).table(photo)
        with pytest.raises(ValueError, match="'image' has 1 channels, but the statistics are of 3"):
            region_statistics(labels, image).table(clast.Image(photo[..., 0], axes="YX"))

    def test_an_image_leaves_out_what_its_mask_does(self, photo, labels):
        masks = np.random.default_rng(0).random((2, *labels.shape)) < 0.7
        image = clast.Image(np.where(masks[0, ..., None], photo, np.nan), axes="YX", mask=masks[0])
        for mask in (None, masks[1]):
            expected = region_statistics(
                labels, photo.astype(float), mask=masks[0] if mask is None else masks.all(axis=0)
            )
            for values, others in zip(region_statistics(labels, image, mask=mask), expected, strict=True):
                assert_array_equal(values, others)

    def test_labels_that_lie_across_words(self, photo, labels):
        raw = np.frombuffer(b"-" + labels.tobytes(), dtype=np.uint8)[1:].view(labels.dtype).reshape(labels.shape)
        assert not raw.flags.aligned
        assert_array_equal(region_statistics(raw, photo).mean, region_statistics(labels, photo).mean)

    def test_mask_leaves_pixels_out(self, photo, labels):
        mask = np.random.default_rng(0).random(labels.shape) < 0.5
        found = region_statistics(labels, photo, mask=mask)
        assert_array_equal(found.area, np.bincount(labels[mask])[found.labels])
        first = found.labels[0]
        assert_allclose(found.mean[0], photo[mask & (labels == first)].mean(axis=0))
        every = region_statistics(labels - 1, photo, mask=mask, background=None)
        assert_array_equal(every.area[: len(found.area)], found.area)

    def test_many_parts_and_threads(self):
        """A tall image is counted in parts, whose sums must meet in order."""
        rng = np.random.default_rng(0)
        labels = np.sort(rng.integers(0, 20, size=(2000, 50)), axis=0)
        image = rng.normal(size=labels.shape) + 1e8
        results = []
        for n_threads in (1, 2, 4):
            with clast.threads(n_threads):
                results.append(region_statistics(labels, image, background=None))
        for result in results[1:]:
            assert all(np.array_equal(a, b) for a, b in zip(result, results[0], strict=True))
        assert_allclose(results[0].std[7, 0], image[labels == 7].std(), rtol=1e-7)

    def test_means(self, photo, labels):
        means = region_means(labels, photo)
        assert means.shape == photo.shape
        assert_allclose(means[labels == 5], np.broadcast_to(photo[labels == 5].mean(axis=0), (np.sum(labels == 5), 3)))
        assert np.isnan(region_means(labels, photo[..., 0], background=5)[labels == 5]).all()


class TestGraph:
    def test_agrees_with_skimage(self, photo, labels):
        graph = region_graph(labels, photo)
        expected = rag_mean_color(photo, labels, connectivity=1)
        rows = np.repeat(graph.labels, np.diff(graph.indptr))
        found = dict(zip(zip(rows, graph.labels[graph.indices], strict=True), graph.difference, strict=True))
        assert len(found) == 2 * expected.number_of_edges()
        for a, b, values in expected.edges(data=True):
            assert_allclose([found[a, b], found[b, a]], values["weight"], rtol=1e-12)

    @given(label_images())
    def test_boundaries_agree_with_plain_loops(self, case):
        labels, _ = case
        expected = {}
        for axis in range(labels.ndim):
            along = np.moveaxis(labels, axis, 0)
            for a, b in zip(along[1:].ravel(), along[:-1].ravel(), strict=True):
                if a != b and a and b:
                    expected[a, b] = expected.get((a, b), 0) + 1
        graph = region_graph(labels)
        rows = np.repeat(graph.labels, np.diff(graph.indptr))
        pairs = list(zip(rows.tolist(), graph.labels[graph.indices].tolist(), strict=True))
        assert pairs == sorted(pairs)
        found = dict(zip(pairs, graph.boundary.tolist(), strict=True))
        for (a, b), length in found.items():
            assert length == expected.get((a, b), 0) + expected.get((b, a), 0)
        assert {frozenset(pair) for pair in expected} == {frozenset(pair) for pair in found}

    def test_a_matrix_is_not_the_graph(self, photo, labels):
        graph = region_graph(labels, photo)
        graph.connectivity().data[:] = 0
        assert graph.boundary.all()

    def test_unknown_label(self):
        with pytest.raises(ValueError, match="'label' is 7, but no region has it"):
            region_graph([[1, 2], [3, 4]]).neighbors(7)


def merge_mean(graph, source, target):
    for name in ("total color", "pixel count"):
        graph.nodes[target][name] += graph.nodes[source][name]
    graph.nodes[target]["mean color"] = graph.nodes[target]["total color"] / graph.nodes[target]["pixel count"]


def weigh_mean(graph, _, target, other):
    return {"weight": np.linalg.norm(graph.nodes[target]["mean color"] - graph.nodes[other]["mean color"])}


class TestMerge:
    @pytest.mark.parametrize("threshold", [5, 20, 60])
    def test_threshold_agrees_with_skimage(self, photo, labels, threshold):
        found = merge_regions(labels, photo, threshold=threshold)
        expected = merge_hierarchical(
            labels,
            rag_mean_color(photo, labels, connectivity=1),
            thresh=threshold,
            rag_copy=False,
            in_place_merge=True,
            merge_func=merge_mean,
            weight_func=weigh_mean,
        )
        assert found.n_regions == len(np.unique(expected)) == found.labels.max()
        assert adjusted_rand_score(expected.ravel(), found.labels.ravel()) == 1

    def test_by_hand(self):
        labels = np.array([[1, 2, 3, 4]])
        image = np.array([[0.0, 2.0, 3.0, 9.0]])
        found = merge_regions(labels, image, n_regions=1)
        assert_array_equal(found.tree, [[1, 2, 1, 2], [0, 4, 2.5, 3], [3, 5, 9 - 5 / 3, 4]])
        assert_array_equal(merge_regions(labels, image, n_regions=2).labels, [[1, 1, 1, 2]])
        assert_array_equal(merge_regions(labels, image, threshold=1).labels, [[1, 2, 2, 3]])
        assert_array_equal(merge_regions(labels, image, threshold=0).labels, labels)

    def test_small_regions_join_the_neighbour_most_like_them(self):
        labels = np.array([[5, 5, 5, 2, 7, 7, 7]])
        image = np.array([[0, 0, 0, 6, 10, 10, 10]])
        found = merge_regions(labels, image, min_size=2)
        assert_array_equal(found.labels, [[2, 2, 2, 1, 1, 1, 1]])
        assert found.n_regions == 2

    def test_min_size_holds_where_there_is_a_neighbour(self, photo, labels):
        found = merge_regions(labels, photo, min_size=900)
        assert np.bincount(found.labels.ravel())[1:].min() >= 900
        apart = np.array([[1, 0, 2, 2]])
        assert_array_equal(merge_regions(apart, apart, min_size=2).labels, apart)

    def test_n_regions_of_pieces_that_never_touch(self):
        labels = np.array([[1, 1, 0, 2, 3]])
        assert merge_regions(labels, labels, n_regions=1).n_regions == 2


class TestCluster:
    def test_weights_are_areas(self):
        labels = np.repeat(np.arange(1, 9), [40, 1, 1, 1, 40, 1, 1, 1]).reshape(1, -1)
        image = np.repeat([0.0, 3.0, 4.0, 5.0, 10.0, 7.0, 6.0, 5.5], [40, 1, 1, 1, 40, 1, 1, 1]).reshape(1, -1)
        model = KMeans(2, random_state=0)
        classes = cluster_regions(labels, image, model)
        expected = KMeans(2, random_state=0).fit(
            np.array([[0.0, 3, 4, 5, 10, 7, 6, 5.5]]).T, sample_weight=[40, 1, 1, 1, 40, 1, 1, 1]
        )
        assert_array_equal(classes[0], expected.labels_[labels[0] - 1] + 1)
        assert_allclose(model.cluster_centers_, expected.cluster_centers_)

    def test_any_clusterer_and_features(self, photo, labels):
        classes = cluster_regions(labels, photo, AgglomerativeClustering(3), features=("mean", "std"))
        assert classes.shape == labels.shape
        assert_array_equal(np.unique(classes), [1, 2, 3])
        for value in (1, 10, 50):
            assert len(np.unique(classes[labels == value])) == 1

    def test_weights_that_are_handed_on_to_fit(self, photo, labels):
        class Handing(ClusterMixin, BaseEstimator):
            def fit(self, X, y=None, sample_weight=None):
                self.weight_ = sample_weight
                self.labels_ = np.zeros(len(X), dtype=int)
                return self

        model = Handing()
        cluster_regions(labels, photo, model)
        assert_array_equal(model.weight_, np.bincount(labels.ravel())[1:])

    def test_background_has_no_class(self, photo, labels):
        mask = np.zeros(labels.shape, dtype=bool)
        mask[20:80, 30:90] = True
        classes = cluster_regions(labels, photo, clast.KMeans(2, random_state=0), mask=mask)
        assert_array_equal(classes > 0, mask)


def test_boundaries_agree_with_skimage(labels):
    assert_array_equal(boundaries(labels), find_boundaries(labels, mode="thick", connectivity=1))
    volume = np.random.default_rng(0).integers(0, 2, size=(4, 5, 6))
    assert_array_equal(boundaries(volume), find_boundaries(volume, mode="thick", connectivity=1))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda a: region_statistics(a * 1.5, a), TypeError, "'labels' has dtype float64, but integers"),
        (lambda a: region_statistics(a[0], a[0]), ValueError, "'labels' has 1 dimensions"),
        (lambda a: region_statistics(a[:0], a[:0]), ValueError, "is empty"),
        (
            lambda a: region_statistics(a, a.T),
            ValueError,
            r"'image' has shape \(3, 2\), but that of 'labels'",
        ),
        (lambda a: region_statistics(a, a, background=0.5), TypeError, "'background' is 0.5, but an integer"),
        (lambda a: region_graph(a, background="x"), TypeError, "'background' is 'x', but an integer"),
        (
            lambda a: region_graph(a.astype(np.uint64) + np.uint64(2**63)),
            ValueError,
            "'labels' has 9223372036854775813",
        ),
        (lambda a: region_statistics(a, a * np.nan), ValueError, "'image' has NaN or infinite .* by 'mask'"),
        (lambda a: region_statistics(a, a * 1j), TypeError, "'image' has dtype complex128"),
        (lambda a: region_statistics(a, np.ma.masked_equal(a, 2)), TypeError, "'image' has masked values: give"),
        (lambda a: region_statistics(np.ma.masked_equal(a, 2), a), TypeError, "'labels' has masked values: give"),
        (lambda a: region_statistics(a, a[..., np.newaxis][..., :0]), ValueError, "'image' of shape .* has no channel"),
        (lambda a: boundaries(a * 0.5), TypeError, "'labels' has dtype float64, but integers"),
        (lambda a: region_statistics(a, a, mask=a), TypeError, "'mask' has dtype int64, but bool"),
        (
            lambda a: region_statistics(a, a, mask=np.ma.masked_equal(a > 0, True)),
            TypeError,
            "'mask' has masked values",
        ),
        (lambda a: region_statistics(a, a, mask=a[:1] > 0), ValueError, r"'mask' has shape \(1, 3\)"),
        (lambda a: merge_regions(a, a), ValueError, "give 'n_regions', 'threshold' or 'min_size'"),
        (lambda a: merge_regions(a, a, n_regions=0), ValueError, "'n_regions' is 0, but must be at least 1"),
        (lambda a: merge_regions(a, a, threshold=-1), ValueError, "'threshold' is -1, but must be at least 0"),
        (lambda a: merge_regions(a, a, min_size=np.nan), ValueError, "'min_size' is nan, but must be at least 0"),
        (lambda a: merge_regions(a, a, n_regions="a"), TypeError, "'n_regions' is 'a', but a whole number"),
        (lambda a: cluster_regions(a, a, 4), TypeError, "'model' is 4, but a clusterer is needed"),
        (lambda a: cluster_regions(a, a, KMeans), TypeError, "'model' is <class .*, but a clusterer is needed"),
        (lambda a: cluster_regions(a, a, KMeans(2), features=["colour"]), ValueError, "'features' is .*, but must be"),
        (lambda a: cluster_regions(a, a, KMeans(2), features=None), TypeError, "'features' is None, but names"),
        (lambda a: region_graph(a).neighbors([1]), TypeError, r"'label' is \[1\], but a whole number"),
        (lambda a: cluster_regions(a * 0, a, KMeans(2)), ValueError, "'labels' has no region"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call(np.arange(6).reshape(2, 3))
    assert "\n" not in str(caught.value)
