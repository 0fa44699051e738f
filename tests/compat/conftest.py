"""Fixtures that scikit-learn's own tests ask for, and the parameters of theirs that do not apply."""

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse


@pytest.fixture(params=[42, 0, 1, 2, 3])
def global_random_seed(request):
    """Seeds; scikit-learn's tests are written to pass for any."""
    return request.param


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def global_dtype(request):
    """Both dtypes; scikit-learn runs float32 only where it is asked to."""
    return request.param


def is_sparse(value):
    """Whether a parameter is sparse input, which is refused."""
    if isinstance(value, type):
        return issubclass(value, scipy.sparse.spmatrix | scipy.sparse.sparray)
    return scipy.sparse.issparse(value)


def pytest_collection_modifyitems(config, items):
    """Deselect, in the suites of this folder, what is parametrised with sparse input."""
    folder = Path(__file__).parent
    kept, dropped = [], []
    for item in items:
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        leave_out = folder in item.path.parents and any(map(is_sparse, parameters))
        (dropped if leave_out else kept).append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept
