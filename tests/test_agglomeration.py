"""Hierarchical clusters of regions that touch, against scikit-learn and a loop over all pairs of clusters."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage
from skimage import data
from skimage.graph import RAG
from skimage.measure import regionprops_table
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.image import grid_to_graph
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler

import clast
from clast.regions import agglomerate, cluster_regions, region_graph

LINKAGES = ["ward", "average", "complete", "single"]


@pytest.fixture(scope="module")
def photo():
    return data.astronaut()[:200, 150:400]


@pytest.fixture(scope="module")
def labels(photo):
    return clast.slic(photo, 150)


@pytest.fixture(scope="module")
def long_way(photo, labels):
    """Mean colours and neighbours of the superpixels by scikit-image."""
    import networkx

    table = regionprops_table(labels, photo.astype(float), properties=["intensity_mean"])
    neighbours = networkx.to_scipy_sparse_array(RAG(labels, connectivity=1), nodelist=range(1, labels.max() + 1))
    return np.column_stack(list(table.values())), neighbours


def assert_same_partition(found, expected):
    assert adjusted_rand_score(np.ravel(expected), np.ravel(found)) == 1


class TestSuperpixels:
    @pytest.mark.parametrize("linkage", LINKAGES)
    @pytest.mark.parametrize("stop", [{"n_clusters": 5}, {"distance_threshold": 25.0}], ids=str)
    def test_agrees_with_scikit_learn(self, photo, labels, long_way, linkage, stop):
        means, neighbours = long_way
        model = AgglomerativeClustering(
            **{"n_clusters": None, **stop}, linkage=linkage, connectivity=neighbours, compute_distances=True
        ).fit(means)
        found = agglomerate(labels, photo, linkage=linkage, **stop)
        assert found.n_regions == found.labels.max() == model.n_clusters_
        assert_same_partition(found.labels, model.labels_[labels - 1])
        n_joins = labels.max() - found.n_regions
        assert_allclose(found.tree[:, 2], model.distances_[:n_joins], rtol=1e-9)
        assert_array_equal(found.tree[:, :2], np.sort(model.children_[:n_joins], axis=1))

    def test_graph_goes_into_any_clusterer(self, photo, labels, long_way):
        means, neighbours = long_way
        ours = AgglomerativeClustering(6, connectivity=region_graph(labels).connectivity())
        theirs = AgglomerativeClustering(6, connectivity=neighbours).fit(means)
        assert_same_partition(cluster_regions(labels, photo, ours), theirs.labels_[labels - 1])

    def test_features_side_by_side(self, photo, labels, long_way):
        means, neighbours = long_way
        places = regionprops_table(labels, properties=["centroid"])
        X = np.column_stack([means, *places.values()])
        expected = AgglomerativeClustering(7, connectivity=neighbours).fit(X)
        found = agglomerate(labels, photo, 7, features=("mean", "centroid"))
        assert_same_partition(found.labels, expected.labels_[labels - 1])


def test_by_hand():
    values = np.array([[0.0, 2.0, 3.0, 9.0]])
    found = agglomerate([[1, 2, 3, 4]], values, 1)
    # Ward's distance of n and m samples is sqrt(2 n m / (n + m)) times that of their means.
    last = [2.5 * np.sqrt(4 / 3), (9 - 5 / 3) * np.sqrt(6 / 4)]
    assert_allclose(found.tree, [[1, 2, 1, 2], [0, 4, last[0], 3], [3, 5, last[1], 4]])
    assert_array_equal(agglomerate([[7, 2, 3, 4]], values, 3).labels, [[3, 1, 1, 2]])


def test_sizes_are_pixels_and_regions_weigh_the_same():
    labels = np.repeat([1, 2, 3], [8, 1, 1])[np.newaxis]
    found = agglomerate(labels, np.repeat([0.0, 2, 5], [8, 1, 1])[np.newaxis], 1)
    assert_array_equal(found.tree[:, 3], [9, 10])
    assert_allclose(found.tree[1, 2], 4 * np.sqrt(4 / 3))


@st.composite
def images_in_pieces(draw):
    shape = (draw(st.integers(1, 5)), draw(st.integers(2, 6)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    labels = np.arange(1, shape[0] * shape[1] + 1).reshape(shape)
    labels[rng.random(shape) < 0.3] = 0
    labels[0, 0] = 1
    return labels, rng.normal(size=(*shape, 2))


def joins_by_trying_all_pairs(labels, image):
    """Join the two clusters that touch and are nearest by Ward's distance, again and again."""
    clusters = {index: [tuple(place)] for index, place in enumerate(np.argwhere(labels > 0))}
    joins = []
    for new in range(len(clusters), 2 * len(clusters)):
        options = []
        for a in clusters:
            for b in (b for b in clusters if b > a):
                if any(abs(y - v) + abs(x - u) == 1 for y, x in clusters[a] for v, u in clusters[b]):
                    n, m = len(clusters[a]), len(clusters[b])
                    means = [np.mean([image[place] for place in clusters[c]], axis=0) for c in (a, b)]
                    options.append((np.sqrt(2 * n * m / (n + m)) * np.linalg.norm(means[0] - means[1]), a, b))
        if not options:
            return joins
        distance, a, b = min(options)
        clusters[new] = clusters.pop(a) + clusters.pop(b)
        joins.append((a, b, distance, len(clusters[new])))
    return joins


class TestPieces:
    @given(images_in_pieces())
    def test_joins_are_made_in_the_order_of_their_distances(self, case):
        labels, image = case
        found = agglomerate(labels, image, 1)
        assert_allclose(found.tree, np.reshape(joins_by_trying_all_pairs(labels, image), (-1, 4)), rtol=1e-9)

    def test_stay_apart(self):
        labels = np.array([[1, 2, 0, 3, 4, 0, 5]])
        image = np.array([[0.0, 9, 9, 9, 10, 10, 10]])
        assert_array_equal(agglomerate(labels, image, 4).labels, [[1, 2, 0, 3, 3, 0, 4]])
        assert_array_equal(agglomerate(labels, image, 1).labels, [[1, 1, 0, 2, 2, 0, 3]])
        assert_array_equal(agglomerate(labels, image, distance_threshold=1).labels, [[1, 2, 0, 3, 4, 0, 5]])

    @pytest.mark.parametrize("linkage", LINKAGES)
    @given(images_in_pieces(), st.sampled_from([0.5, 1.0, 2.0]))
    def test_each_is_cut_by_a_threshold_as_scikit_learn_cuts_it(self, linkage, case, threshold):
        labels, image = case
        found = agglomerate(labels, image, distance_threshold=threshold, linkage=linkage).labels
        pieces, n_pieces = ndimage.label(labels)
        for piece in range(1, n_pieces + 1):
            inside = pieces == piece
            if np.count_nonzero(inside) > 1:
                graph = grid_to_graph(*labels.shape, mask=inside)
                model = AgglomerativeClustering(
                    None, distance_threshold=threshold, linkage=linkage, connectivity=graph
                ).fit(image[inside])
                assert_same_partition(found[inside], model.labels_)

    def test_distances_that_go_down_in_one_piece_do_not_join_another(self):
        labels = np.array([[1, 2, 3, 0, 4, 5]])
        image = np.array([[0, 5, 0.1, 0, 0, 3]])
        found = agglomerate(labels, image, distance_threshold=2.95)
        assert_array_equal(found.labels, [[1, 2, 2, 0, 3, 4]])

    def test_mask_cuts(self):
        labels, mask = np.array([[1, 1, 2], [3, 3, 3]]), np.array([[True, False, True], [True, True, False]])
        found = agglomerate(labels, np.array([[1, 9, 2], [1, 1, 9]]), 1, mask=mask)
        assert_array_equal(found.labels, [[1, 0, 2], [1, 1, 0]])


def test_memory_is_not_that_of_all_pairs():
    n_rows, n_columns = 64, 32
    labels = np.arange(1, n_rows * (2 * n_columns + 1) + 1).reshape(n_rows, -1)
    labels[:, n_columns] = 0
    image = np.random.default_rng(0).random(labels.shape)
    agglomerate(labels[:3], image[:3], 2)
    tracemalloc.start()
    agglomerate(labels, image, 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    n_of_piece = n_rows * n_columns
    # All distances between the two pieces, which scikit-learn computes to bridge them, or half of those within both.
    assert peak < n_of_piece**2 * 8 / 2


class TestLeavesAndPatches:
    def test_leaves(self):
        image = data.camera()[::4, ::4]
        tree = clast.quadtree(image, threshold=60, min_size=4)
        leaves = tree.leaves
        corners = leaves[["y", "x", "size"]].to_numpy()
        touch = np.zeros((len(corners), len(corners)), dtype=int)
        for row, (y, x, size) in enumerate(corners):
            v, u, other = corners.T
            beside_y, beside_x = (v < y + size) & (y < v + other), (u < x + size) & (x < u + other)
            touch[row] = (beside_y & ((u == x + size) | (x == u + other))) | (
                beside_x & ((v == y + size) | (y == v + other))
            )
        model = AgglomerativeClustering(8, connectivity=touch).fit(leaves[["mean_intensity"]])
        found = tree.agglomerate(8)
        assert_same_partition(found.labels, model.labels_[tree.labels.astype(int) - 1])

    @pytest.mark.parametrize("linkage", LINKAGES)
    def test_patches(self, linkage):
        patches = clast.patch_statistics(data.camera(), grid=(16, 12), statistics=["mean", "std", 0.9])
        X = StandardScaler().fit_transform(patches.features())
        expected = AgglomerativeClustering(6, connectivity=grid_to_graph(16, 12), linkage=linkage).fit(X)
        assert_same_partition(patches.agglomerate(6, linkage=linkage).labels, expected.labels_)
        raw = AgglomerativeClustering(6, connectivity=grid_to_graph(16, 12), linkage=linkage).fit(patches.features())
        assert_same_partition(patches.agglomerate(6, linkage=linkage, scale=False).labels, raw.labels_)

    def test_undefined_patches_have_no_cluster(self):
        image = np.arange(64).reshape(4, 16) ** 2 % 61
        image[:, 4:8] = 7
        patches = clast.patch_statistics(image, patch_size=4, statistics=["mean", "skewness"])
        assert_array_equal(patches.agglomerate(2).labels, [[1, 0, 2, 2]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give exactly one of 'n_clusters' and 'distance_threshold'"),
        ({"n_clusters": 2, "distance_threshold": 1.0}, "give exactly one of"),
        ({"n_clusters": 0}, "'n_clusters' is 0, but must be at least 1"),
        ({"n_clusters": 7}, "'n_clusters' is 7, but there are 6 regions"),
        ({"distance_threshold": -1.0}, "'distance_threshold' is -1.0, but must be at least 0"),
        ({"n_clusters": 2, "linkage": "centroid"}, "'linkage' is 'centroid', but must be one of 'ward', 'average'"),
        ({"n_clusters": 2, "features": ["colour"]}, "'features' is .*, but must be some of"),
        ({"n_clusters": 2, "mask": np.zeros((2, 3), dtype=bool)}, "'labels' has no region"),
    ],
)
def test_bad_input(options, message):
    labels = np.arange(1, 7).reshape(2, 3)
    with pytest.raises(ValueError, match=message) as caught:
        agglomerate(labels, labels, **options)
    assert "\n" not in str(caught.value)


def test_input_of_another_type():
    labels = np.arange(1, 7).reshape(2, 3)
    with pytest.raises(TypeError, match=r"'n_clusters' is 2\.5, but a whole number is needed"):
        agglomerate(labels, labels, 2.5)
    with pytest.raises(TypeError, match="'distance_threshold' is '1', but a number is needed"):
        agglomerate(labels, labels, distance_threshold="1")
