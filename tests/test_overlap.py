"""Agreement of label images, by hand and against scikit-learn and scikit-image."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import maximum_filter
from skimage.segmentation import find_boundaries
from sklearn.metrics import f1_score, jaccard_score

from clast import match_labels, metrics

RNG = np.random.default_rng(1)


@pytest.mark.parametrize(("ours", "theirs"), [(metrics.dice, f1_score), (metrics.jaccard, jaccard_score)])
class TestOverlap:
    def test_label_images(self, ours, theirs):
        a, b = RNG.integers(0, 5, (40, 30)), RNG.integers(0, 6, (40, 30))
        found = ours(a, b)
        expected = theirs(b.ravel(), a.ravel(), average=None, labels=range(1, 6), zero_division=0)
        assert list(found) == [1, 2, 3, 4, 5]
        assert_allclose(list(found.values()), expected)

    def test_masks(self, ours, theirs):
        a, b = RNG.random((9, 9)) < 0.4, RNG.random((9, 9)) < 0.5
        assert_allclose(ours(a, b), theirs(b.ravel(), a.ravel()))
        assert ours(np.zeros(3, bool), np.zeros(3, bool)) == 1

    def test_bad_input(self, ours, theirs):
        with pytest.raises(ValueError, match=r"shape \(2,\), but 'truth' has shape \(3,\)"):
            ours([1, 2], [1, 2, 3])
        with pytest.raises(TypeError, match="float64"):
            ours([1.0], [1])
        with pytest.raises(ValueError, match="empty"):
            ours(np.zeros(0, int), np.zeros(0, int))


class TestSuperpixels:
    TRUTH = np.repeat(np.repeat([[0, 1], [2, 3]], 8, axis=0), 8, axis=1)

    def test_truth_itself(self):
        assert metrics.achievable_segmentation_accuracy(self.TRUTH, self.TRUTH) == 1
        assert metrics.undersegmentation_error(self.TRUTH, self.TRUTH) == 0
        assert metrics.boundary_recall(self.TRUTH, self.TRUTH, tolerance=0) == 1

    def test_plain_loops(self):
        labels = RNG.integers(0, 9, (16, 16))
        best, leak = 0, 0
        for s in range(9):
            parts = [np.count_nonzero((labels == s) & (g == self.TRUTH)) for g in range(4)]
            best += max(parts)
            leak += sum(min(part, sum(parts) - part) for part in parts)
        assert_allclose(metrics.achievable_segmentation_accuracy(labels, self.TRUTH), best / 256)
        assert_allclose(metrics.undersegmentation_error(labels, self.TRUTH), leak / 256)

    @pytest.mark.parametrize("tolerance", [0, 1, 2])
    def test_boundary_recall(self, tolerance):
        labels = np.kron(RNG.integers(0, 3, (8, 8)), np.ones((2, 2), int))
        near = maximum_filter(find_boundaries(labels, mode="thick"), size=2 * tolerance + 1)
        true = find_boundaries(self.TRUTH, mode="thick")
        found = metrics.boundary_recall(labels, self.TRUTH, tolerance=tolerance)
        assert_allclose(found, (near & true).sum() / true.sum())

    def test_no_boundary(self):
        assert metrics.boundary_recall(self.TRUTH, np.zeros_like(self.TRUTH)) == 1
        with pytest.raises(ValueError, match="at least 0"):
            metrics.boundary_recall(self.TRUTH, self.TRUTH, tolerance=-1)


class TestMatchLabels:
    def test_permutation_is_undone(self):
        reference = RNG.integers(0, 6, (20, 20)).astype(np.uint8)
        names = np.array([0, 4, 1, 5, 2, 3], dtype=np.uint8)
        found = match_labels(names[reference], reference)
        assert found.dtype == np.uint8
        assert_array_equal(found, reference)

    def test_most_pixels_agree(self):
        # Greedy pairing would take the overlap of 5 first, and agree in 5 + 0 pixels instead of 4 + 4.
        labels = [1] * 5 + [1] * 4 + [2] * 4
        reference = [1] * 5 + [2] * 4 + [1] * 4
        assert match_labels(labels, reference).tolist() == [2] * 9 + [1] * 4

    def test_background_stays(self):
        assert match_labels([0, 0, 1, 1], [1, 1, 2, 0]).tolist() == [0, 0, 2, 2]
        assert match_labels([0, 0, 1, 1], [1, 1, 0, 0], background=None).tolist() == [1, 1, 0, 0]

    def test_labels_left_over(self):
        assert match_labels([1, 2, 3, 3], [1, 1, 1, 1]).tolist() == [2, 3, 1, 1]

    def test_bad_input(self):
        with pytest.raises(ValueError, match="shape"):
            match_labels([1], [1, 2])
        with pytest.raises(TypeError, match="float64"):
            match_labels([1.0], [1])
