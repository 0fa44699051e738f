"""Phantoms: the same for the same seed, in the numbers that they promise, with a truth that can be found."""

import numpy as np
import pytest

import clast
from clast import phantom

MAKERS = {
    "brain": lambda **options: phantom.brain((48, 48, 12), **options),
    "nanosims": lambda **options: phantom.nanosims((96, 64), **options),
    "rock": lambda **options: phantom.rock((96, 64), shading=0.2, **options),
    "crystals": lambda **options: phantom.crystals((64, 96), shading=0.2, **options)[1],
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
class TestEveryPhantom:
    def test_a_seed_decides_everything(self, make):
        one, same, other = (make(random_state=seed) for seed in (3, 3, 4))
        np.testing.assert_array_equal(one.image.data, same.image.data)
        np.testing.assert_array_equal(one.truth, same.truth)
        assert (one.image.data != other.image.data).any()

    def test_truth_has_the_classes_named(self, make):
        made = make(random_state=0)
        assert made.truth.shape == made.image.shape
        assert made.truth.dtype == np.uint8
        assert set(np.unique(made.truth)) - {0} == set(range(1, len(made.names) + 1))
        assert made.image.spacing is not None
        assert made.image.unit in ("mm", "um")


def test_scores_are_of_classes_whatever_their_numbers():
    made = MAKERS["rock"](random_state=0)
    renamed = np.array([0, 3, 1, 2])[made.truth]
    assert made.score(renamed) == {"pore": 1, "grain": 1, "matrix": 1}
    renamed[made.truth == 1] = 0
    assert made.score(renamed) == {"pore": 0, "grain": 1, "matrix": 1}


def test_what_is_known_is_the_truth_of_a_part():
    made = MAKERS["rock"](random_state=0)
    known = made.known(0.25).data
    np.testing.assert_array_equal(known[:, :16], made.truth[:, :16])
    assert not known[:, 16:].any()


def test_the_head_is_what_is_positive():
    head = MAKERS["brain"](random_state=0, noise=0.5)
    np.testing.assert_array_equal((head.image.data > 0).all(axis=-1), head.truth > 0)
    np.testing.assert_array_equal((head.image.data > 0).any(axis=-1), head.truth > 0)


def test_the_head_is_saved_in_its_place(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    head = MAKERS["brain"](random_state=0)
    clast.image.save_labels(tmp_path / "truth.nii.gz", head.truth, head.image)
    saved = nibabel.load(tmp_path / "truth.nii.gz")
    np.testing.assert_allclose(saved.affine, head.image.affine)
    np.testing.assert_allclose(saved.header.get_zooms(), head.image.spacing, rtol=1e-6)


def test_counts_have_the_variance_of_poisson():
    made = phantom.nanosims(random_state=0)
    for label in range(1, len(made.names) + 1):
        counts = made.image.data[made.truth == label].astype(float)
        bright = counts.mean(axis=0) > 5
        np.testing.assert_allclose(counts.var(axis=0)[bright] / counts.mean(axis=0)[bright], 1, atol=0.1)


def test_shading_is_as_deep_as_asked():
    plain, shaded = (
        phantom.rock(noise=0, shading=shading, random_state=0).image.data.astype(float) for shading in (0, 0.3)
    )
    ratio = shaded / plain
    np.testing.assert_allclose([ratio[128, 128], ratio[0, 0]], [0.7, 1], atol=1e-3)
    plain, shaded = (phantom.crystals(shading=shading, random_state=0)[0].image.data for shading in (0, 0.3))
    ratio = shaded / plain
    np.testing.assert_allclose([ratio[128, 128], ratio[0, 0]], [1, 0.7], atol=0.01)


def test_tiles_continue_each_other():
    tiles = phantom.crystals((100, 60), mosaic=(1, 2), random_state=0)
    left, right = (tile.truth for tile in tiles)
    assert (left[:, -1] == right[:, 0]).mean() > 0.9
    assert 2 in left[:, -1]


@pytest.mark.parametrize(("make", "shape"), [(phantom.brain, (32, 32)), (phantom.rock, (4, 64))])
def test_shapes_that_cannot_be(make, shape):
    with pytest.raises(ValueError, match=r"'shape' is .*, but must be . whole numbers of at least 8"):
        make(shape)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: phantom.rock(64), "'shape' is 64, but must be 2 whole numbers"),
        (lambda: phantom.brain("x"), "'shape' is 'x', but must be 3 whole numbers"),
        (lambda: phantom.crystals(mosaic=(0, 1)), r"'mosaic' is \(0, 1\), but must be 2 whole numbers of at least 1"),
        (lambda: phantom.rock(noise=-1), "'noise' is -1, but must be a number from 0 on"),
        (lambda: phantom.rock(shading="a"), "'shading' is 'a', but must be a number from 0 to 1"),
        (lambda: phantom.rock((16, 16)).known(2), "'share' is 2, but must be a number from 0 to 1"),
    ],
)
def test_arguments_that_cannot_be(make, message):
    with pytest.raises(ValueError, match=message):
        make()
