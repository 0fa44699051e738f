"""Peak memory of a fit: for k-means the labels and less than a tenth of the samples, for mixtures next to nothing."""

import sys

import pytest

CODE = """
import numpy as np
from clast import KMeans

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

n_samples, n_features = 4_000_000, 3
X = np.empty((n_samples, n_features), dtype={dtype!r}, order={order!r})
rng = np.random.default_rng(0)
# In small pieces: a peak reached while the samples are made would hide one reached by the fit.
for start in range(0, n_samples, 4000):
    group = rng.integers(0, 3, size=(4000, 1))
    X[start : start + 4000] = 64 * group + rng.integers(0, 100, size=(4000, n_features))
parameters = dict(n_clusters=5, random_state=0, init={init!r}, n_init={n_init}, max_iter=5)
# Whatever is loaded or allocated once, thread stacks included, is not the cost of a fit.
KMeans(**parameters).fit(X[:8000])
before = peak()
labels = KMeans(**parameters).fit(X).labels_
print((peak() - before - labels.nbytes) / X.nbytes)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak from /proc")
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("init", "n_init"), [("k-means++", 1), ("random", 1)])
def test_peak_above_samples_and_labels(run_python, dtype, order, init, n_init):
    code = CODE.format(dtype=dtype, order=order, init=init, n_init=n_init)
    assert float(run_python(code)) < 0.1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak from /proc")
def test_ordered_runs_hold_one_copy_and_four_numbers_a_sample(run_python):
    share = float(run_python(CODE.format(dtype="float64", order="C", init="random", n_init=8)))
    # Place in the order, labels in the order, labels of the run before; while ordering, the sample at each place.
    numbers = 4 * 4 / (3 * 8)
    assert 1.0 < share < 1.1 + numbers


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak from /proc")
@pytest.mark.parametrize("init", ["k-means++", "random"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_integers_are_not_copied_to_floats(run_python, dtype, init):
    bytes_per_sample = 3 * (1 if dtype == "uint8" else 2)
    share = float(run_python(CODE.format(dtype=dtype, order="C", init=init, n_init=1)))
    # One copy in float32 alone would be 12 bytes a sample.
    assert share * bytes_per_sample < 1.0


MIXTURE_CODE = """
import warnings
import numpy as np
from clast import GaussianMixture

warnings.simplefilter("ignore")

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

n_samples, n_features, n_components = 4_000_000, 3, 4
X = np.empty((n_samples, n_features), dtype={dtype!r}, order={order!r})
rng = np.random.default_rng(0)
for start in range(0, n_samples, 4000):
    group = rng.integers(0, 3, size=(4000, 1))
    X[start : start + 4000] = 64 * group + rng.integers(0, 100, size=(4000, n_features))
means = np.array([[50.0] * 3, [120.0] * 3, [160.0] * 3, [190.0] * 3])
parameters = dict(
    n_components=n_components,
    weights_init=[0.25] * 4,
    means_init=means,
    precisions_init=[np.eye(3) / 900] * 4,
    max_iter=3,
    init_params={init!r},
)
if {init!r} == "random":
    parameters.update(weights_init=None, means_init=None, precisions_init=None, random_state=0)
GaussianMixture(**parameters).fit(X[:20_000]).score(X[:20_000])
before = peak()
model = GaussianMixture(**parameters).fit(X)
model.score(X)
print((peak() - before) / (n_samples * n_components * 8))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak from /proc")
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("init", ["given", "random"])
def test_mixtures_hold_nothing_of_the_size_of_the_samples(run_python, dtype, order, init):
    code = MIXTURE_CODE.format(dtype=dtype, order=order, init="kmeans" if init == "given" else init)
    # Shares of the array of responsibilities, of which scikit-learn holds several.
    assert float(run_python(code)) < 0.02


REGIONS_CODE = """
import numpy as np
from clast.regions import region_statistics

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

image = np.ones((256, 256, 50), dtype=np.float32)
labels = np.full(image.shape[:2], {label})
labels[:100] = 1
region_statistics(labels[:8], image[:8])
before = peak()
found = region_statistics(labels, image)
assert found.labels.tolist() == [1, {label}]
print((peak() - before) / image.nbytes)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak from /proc")
@pytest.mark.parametrize("label", [2, 9_000, 60_000, 2**40])
def test_regions_hold_nothing_for_labels_that_do_not_occur(run_python, label):
    # Sums of 9000 regions are larger than the image.
    assert float(run_python(REGIONS_CODE.format(label=label))) < 0.3
