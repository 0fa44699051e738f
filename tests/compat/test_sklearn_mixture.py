"""scikit-learn's own tests of Gaussian mixtures, with our class in the place of theirs."""

import inspect

import numpy as np
import pytest
import sklearn.mixture
from substitute import load_with_ours

# Why a test of theirs says nothing about us.
FUNCTIONS = "tests private functions of scikit-learn's alone"
METHOD = "calls the private method _initialize of theirs; test_mixture.py tests that given precisions are factorised"
COUNTS = "counts the calls of a private function; test_mixture.py tests that a complete start draws nothing"
ARRAY_API = "needs the array API of scikit-learn's, which our kernels do not take part in"
NOT_APPLICABLE = {
    "test_suffstat_sk_full": FUNCTIONS,
    "test_suffstat_sk_tied": FUNCTIONS,
    "test_suffstat_sk_diag": FUNCTIONS,
    "test_gaussian_suffstat_sk_spherical": FUNCTIONS,
    "test_compute_log_det_cholesky": FUNCTIONS,
    "test_gaussian_mixture_log_probabilities": FUNCTIONS,
    "test_gaussian_mixture_precisions_init": METHOD,
    "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": COUNTS,
    "test_gaussian_mixture_array_api_compliance": ARRAY_API,
    "test_gaussian_mixture_raises_where_array_api_not_implemented": ARRAY_API,
}

THEIRS = load_with_ours("sklearn.mixture.tests.test_gaussian_mixture", ["GaussianMixture"], sklearn.mixture)
THEIRS |= load_with_ours("sklearn.mixture.tests.test_mixture", ["GaussianMixture"], sklearn.mixture)
globals().update({name: test for name, test in THEIRS.items() if name not in NOT_APPLICABLE})

# Compares, to seven decimals, the score with the mean of densities rounded to float32; ours is computed in float64.
# scikit-learn 1.6 runs it in float64 alone.
if "global_dtype" in inspect.signature(THEIRS["test_score"]).parameters:
    test_score = pytest.mark.parametrize("global_dtype", [np.float64])(THEIRS["test_score"])

# Their configuration lets the warnings of degenerate data pass.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_the_list_names_tests_that_exist():
    # The tests of the array API came with scikit-learn 1.8.
    old = {name for name, reason in NOT_APPLICABLE.items() if reason == ARRAY_API}
    assert set(NOT_APPLICABLE) - old <= set(THEIRS)


def test_most_of_their_tests_apply():
    assert len(set(THEIRS) - set(NOT_APPLICABLE)) >= 28
