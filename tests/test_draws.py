"""Draws without replacement: numpy's, the generator left in the same state."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from reference import same_state

from clast import _core
from clast._draws import permutation_heads


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 5000),
    size=st.integers(0, 5000),
    used=st.integers(0, 1500),
    is_sorted=st.booleans(),
)
def test_as_numpy_draws(seed, n, size, used, is_sorted):
    ours, theirs = np.random.RandomState(seed), np.random.RandomState(seed)
    for random_state in (ours, theirs):
        random_state.randint(0, 2**32, size=used, dtype=np.uint32)  # somewhere in the generator's state
        random_state.standard_normal()  # leaves a second number for the next call
    expected = theirs.permutation(n)[:size]
    if is_sorted:
        expected = np.sort(expected)
    assert_array_equal(permutation_heads(ours, n, [size], is_sorted=is_sorted)[0], expected)
    assert same_state(ours, theirs)
    assert ours.standard_normal() == theirs.standard_normal()


@pytest.mark.parametrize("is_sorted", [False, True])
def test_many(is_sorted):
    ours, theirs = np.random.RandomState(3), np.random.RandomState(3)
    sizes = (10, 70_000, 3)
    for size, head in zip(sizes, permutation_heads(ours, 300_001, sizes, is_sorted=is_sorted), strict=True):
        assert head.dtype == np.int64
        expected = theirs.choice(300_001, size, replace=False)
        assert_array_equal(head, np.sort(expected) if is_sorted else expected)
    assert same_state(ours, theirs)


def test_the_whole_permutation_has_every_number_once():
    assert_array_equal(np.sort(permutation_heads(np.random.RandomState(0), 1000, [2000])[0]), np.arange(1000))


def test_nothing_to_draw_from():
    assert [head.size for head in permutation_heads(np.random.RandomState(0), 0, [3, 0])] == [0, 0]
    assert [head.size for head in permutation_heads(np.random.RandomState(0), 0, [3, 0], is_sorted=True)] == [0, 0]
    assert permutation_heads(np.random.RandomState(0), 5, []) == []


@pytest.mark.parametrize("is_sorted", [False, True])
def test_another_generator_draws_itself(is_sorted):
    ours, theirs = (np.random.RandomState(np.random.PCG64(5)) for _ in range(2))
    for size, head in zip((7, 2), permutation_heads(ours, 100, (7, 2), is_sorted=is_sorted), strict=True):
        expected = theirs.permutation(100)[:size]
        assert_array_equal(head, np.sort(expected) if is_sorted else expected)


@pytest.mark.parametrize(("n_words", "position"), [(623, 0), (624, 625)])
def test_what_is_no_state_is_refused(n_words, position):
    with pytest.raises(ValueError, match=r"'(state|position)'"):
        _core.permutation_heads(np.zeros(n_words, np.uint32), position, 10, [3], False)
