"""Draws without replacement: numpy's, the generator left in the same state."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from reference import same_state

from clast import _core
from clast._draws import permutation_heads


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 5000), size=st.integers(0, 5000), used=st.integers(0, 1500))
def test_as_numpy_draws(seed, n, size, used):
    ours, theirs = np.random.RandomState(seed), np.random.RandomState(seed)
    for random_state in (ours, theirs):
        random_state.randint(0, 2**32, size=used, dtype=np.uint32)  # somewhere in the generator's state
        random_state.standard_normal()  # leaves a second number for the next call
    assert_array_equal(permutation_heads(ours, n, [size])[0], theirs.permutation(n)[:size])
    assert same_state(ours, theirs)
    assert ours.standard_normal() == theirs.standard_normal()


def test_many():
    ours, theirs = np.random.RandomState(3), np.random.RandomState(3)
    for size, head in zip((10, 70_000, 3), permutation_heads(ours, 300_001, (10, 70_000, 3)), strict=True):
        assert head.dtype == np.int64
        assert_array_equal(head, theirs.choice(300_001, size, replace=False))
    assert same_state(ours, theirs)


def test_the_whole_permutation_has_every_number_once():
    assert_array_equal(np.sort(permutation_heads(np.random.RandomState(0), 1000, [2000])[0]), np.arange(1000))


def test_nothing_to_draw_from():
    assert [head.size for head in permutation_heads(np.random.RandomState(0), 0, [3, 0])] == [0, 0]
    assert permutation_heads(np.random.RandomState(0), 5, []) == []


def test_another_generator_draws_itself():
    ours, theirs = (np.random.RandomState(np.random.PCG64(5)) for _ in range(2))
    for size, head in zip((7, 2), permutation_heads(ours, 100, (7, 2)), strict=True):
        assert_array_equal(head, theirs.permutation(100)[:size])


@pytest.mark.parametrize(("n_words", "position"), [(623, 0), (624, 625)])
def test_what_is_no_state_is_refused(n_words, position):
    with pytest.raises(ValueError, match=r"'(state|position)'"):
        _core.permutation_heads(np.zeros(n_words, np.uint32), position, 10, [3])
