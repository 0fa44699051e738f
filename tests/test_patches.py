"""patch_statistics against numpy and scipy.stats, patch by patch."""

import itertools
import warnings

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import clast
from clast import patch_statistics

DTYPES = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float16", "float32", "float64"]


def histogram_mode(values):
    counts, edges = np.histogram(values.astype(np.float64), bins=1024)
    return (edges[counts.argmax()] + edges[counts.argmax() + 1]) / 2


REFERENCES = {
    "count": np.size,
    "mean": np.mean,
    "std": np.std,
    "relative_std": scipy.stats.variation,
    "var": np.var,
    "min": np.min,
    "max": np.max,
    "range": np.ptp,
    "median": np.median,
    "q0.1": lambda x: np.quantile(x, 0.1),
    "q0.995": lambda x: np.quantile(x, 0.995),
    "iqr": scipy.stats.iqr,
    "mode": lambda x: scipy.stats.mode(x).mode,
    "histogram_mode": histogram_mode,
    "skewness": scipy.stats.skew,
    "kurtosis": scipy.stats.kurtosis,
    "entropy": lambda x: scipy.stats.entropy(np.unique(x, return_counts=True)[1], base=2),
}
ALL = [float(name[1:]) if name[0] == "q" else name for name in REFERENCES]


def expected_of(pixels):
    """Every statistic of the pixels of one patch."""
    pixels = np.asarray(pixels, dtype=np.float64).reshape(-1)
    if pixels.size == 0:
        return [0.0] + [np.nan] * (len(REFERENCES) - 1)
    if np.isnan(pixels).any():
        return [float(pixels.size)] + [np.nan] * (len(REFERENCES) - 1)
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore")
        return [float(reference(pixels)) for reference in REFERENCES.values()]


def assert_agrees(found, image, mask=None):
    """Compare `Patches` of all statistics with what numpy and scipy say of each patch."""
    inside = np.ones(image.shape, bool) if mask is None else mask
    for i, (top, bottom) in enumerate(found.rows):
        for j, (left, right) in enumerate(found.columns):
            patch = (slice(top, bottom), slice(left, right))
            expected = expected_of(image[patch][inside[patch]])
            for name, ours, theirs in zip(found.names, found.values[i, j], expected, strict=True):
                assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9, err_msg=f"{name} of patch {i}, {j}")


def grey(shape, dtype, seed=0, spread=1.0):
    rng = np.random.default_rng(seed)
    values = rng.normal(120, 25 * spread, shape) + np.linspace(0, 60, shape[1])
    if dtype == "bool":
        return values > 150
    if np.dtype(dtype).kind == "f":
        return values.astype(dtype)
    if np.dtype(dtype).itemsize > 1:
        values = values * 100 - (15_000 if np.dtype(dtype).kind == "i" else 0)
    limits = np.iinfo(dtype)
    return values.clip(limits.min, limits.max).astype(dtype)


class TestAgreesWithNumpyAndScipy:
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize("shape", [(64, 96), (37, 53)])
    def test_in_every_dtype(self, dtype, shape):
        image = grey(shape, dtype)
        for grid in (1, (3, 5), 8):
            assert_agrees(patch_statistics(image, grid=grid, statistics=ALL), image)

    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
    @pytest.mark.parametrize(("size", "stride"), [(5, 1), ((4, 7), (3, 2)), (9, 4), (6, 11), (1, 1), (1, 3)])
    def test_sliding_windows(self, dtype, size, stride):
        image = grey((13, 17), dtype, seed=1)
        for edges in ("drop", "partial"):
            found = patch_statistics(image, patch_size=size, stride=stride, statistics=ALL, edges=edges)
            assert_agrees(found, image)

    @settings(max_examples=40, deadline=None)
    @given(st.data())
    def test_on_any_image(self, data):
        shape = data.draw(st.tuples(st.integers(1, 20), st.integers(1, 20)))
        dtype = data.draw(st.sampled_from(["uint8", "int16", "uint16", "float32", "float64"]))
        levels = data.draw(st.integers(1, 300))
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
        image = (rng.integers(0, levels, shape) * (1 if dtype == "uint8" else 100)).astype(dtype)
        mask = rng.random(shape) < 0.8 if data.draw(st.booleans()) else None
        size = tuple(data.draw(st.integers(1, length)) for length in shape)
        stride = data.draw(st.none() | st.tuples(st.integers(1, 9), st.integers(1, 9)))
        edges = data.draw(st.sampled_from(["drop", "partial"]))
        found = patch_statistics(image, patch_size=size, stride=stride, statistics=ALL, mask=mask, edges=edges)
        assert_agrees(found, image, mask)

    @pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
    def test_constant_patches(self, dtype):
        image = np.full((8, 8), 0.1 if dtype[0] == "f" else 7, dtype)
        found = patch_statistics(image, grid=2, statistics=ALL)
        assert_agrees(found, image)
        assert (found["var"] == 0).all()
        assert (found["entropy"] == 0).all()

    def test_one_pixel_patches(self):
        image = grey((5, 6), "int16")
        found = patch_statistics(image, patch_size=1, statistics=ALL)
        assert_agrees(found, image)
        assert_array_equal(found["median"], image)

    def test_far_from_zero(self):
        image = np.random.default_rng(0).normal(size=(40, 40)) + 1e9
        found = patch_statistics(image, grid=[2, 4], statistics=["std", "skewness", "kurtosis"])
        centred = patch_statistics(image - 1e9, grid=[2, 4], statistics=["std", "skewness", "kurtosis"])
        for patches, others in zip(found, centred, strict=True):
            assert_allclose(patches.values, others.values, atol=1e-6)  # a mean has no more digits

    def test_infinities(self):
        image = grey((4, 8), "float64")
        image[0, 0] = np.inf
        names = ["count", "min", "max", "median", "mode", "mean", "std", "histogram_mode"]
        found = patch_statistics(image, grid=(1, 2), statistics=names)
        assert_array_equal(
            found.values[0, 0],
            [16, image[:, :4].min(), np.inf, np.median(image[:, :4]), image[:, :4].min(), np.inf, np.nan, np.nan],
        )
        assert np.isfinite(found.values[0, 1]).all()

    @pytest.mark.parametrize("layout", ["F", "strided", "big-endian", "read-only"])
    def test_in_any_layout(self, layout):
        image = grey((30, 40), "uint16")
        laid_out = {
            "F": np.asfortranarray(image),
            "strided": np.repeat(image, 2, axis=1)[:, ::2],
            "big-endian": image.astype(">u2"),
            "read-only": np.broadcast_to(image[:1], image.shape),
        }[layout]
        assert_agrees(patch_statistics(laid_out, grid=3, statistics=ALL), laid_out)


class TestSeveralGrids:
    GRIDS = (1, 2, 3, 4, (6, 5), 8, 10, 12)

    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
    def test_each_as_if_alone(self, dtype):
        image = grey((250, 260), dtype)
        together = patch_statistics(image, grid=list(self.GRIDS), statistics=ALL)
        for grid, found in zip(self.GRIDS, together, strict=True):
            alone = patch_statistics(image, grid=grid, statistics=ALL)
            assert_array_equal(found.rows, alone.rows)
            if dtype == "float32":
                assert_allclose(found.values, alone.values, rtol=1e-10, atol=1e-10)
            else:
                assert_array_equal(found.values, alone.values)

    def test_a_list_of_one_gives_a_list(self):
        assert len(patch_statistics(grey((8, 8), "uint8"), patch_size=[4])) == 1


class TestEdges:
    def test_drop_leaves_the_rest_out(self):
        found = patch_statistics(np.zeros((11, 7)), grid=(3, 2), statistics=["count"])
        assert_array_equal(found.rows, [[0, 3], [3, 6], [6, 9]])
        assert_array_equal(found.columns, [[0, 3], [3, 6]])

    def test_partial_uses_every_pixel(self):
        by_count = patch_statistics(np.zeros((11, 7)), grid=(3, 2), statistics=["count"], edges="partial")
        assert_array_equal(by_count.rows, [[0, 3], [3, 7], [7, 11]])
        assert by_count["count"].sum() == 77
        by_size = patch_statistics(np.zeros((11, 7)), patch_size=(4, 10), statistics=["count"], edges="partial")
        assert_array_equal(by_size.rows, [[0, 4], [4, 8], [8, 11]])
        assert_array_equal(by_size.columns, [[0, 7]])

    def test_windows_end_with_the_image(self):
        found = patch_statistics(np.zeros((1, 11)), patch_size=(1, 4), stride=3, statistics=["count"], edges="partial")
        assert_array_equal(found.columns, [[0, 4], [3, 7], [6, 10], [9, 11]])


class TestMaskAndNan:
    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
    def test_masked_pixels_do_not_count(self, dtype):
        image = grey((48, 40), dtype)
        mask = np.random.default_rng(3).random(image.shape) < 0.4
        mask[:12, :10] = False
        for options in ({"grid": 4}, {"patch_size": 20, "stride": 10}):
            found = patch_statistics(image, statistics=ALL, mask=mask, **options)
            assert_agrees(found, image, mask)

    @pytest.mark.parametrize("options", [{"grid": 4}, {"patch_size": 9, "stride": 4}])
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_nan(self, dtype, options):
        image = grey((40, 40), dtype)
        image[3, 5] = image[30, 31] = np.nan
        assert_agrees(patch_statistics(image, statistics=ALL, **options), image)
        omitted = patch_statistics(image, statistics=ALL, nan_policy="omit", **options)
        assert_agrees(omitted, image, ~np.isnan(image))

    def test_masked_arrays(self):
        image = grey((20, 20), "uint16")
        hidden = np.random.default_rng(3).random(image.shape) < 0.4
        found = patch_statistics(np.ma.array(image, mask=hidden), grid=2, statistics=ALL)
        assert_agrees(found, image, ~hidden)


class TestChannels:
    @pytest.mark.parametrize("axis", [0, 1, 2, -1])
    @pytest.mark.parametrize("dtype", ["uint8", "float32"])
    def test_each_by_itself(self, axis, dtype):
        channels = [grey((36, 48), dtype, seed=seed) for seed in range(3)]
        image = np.stack(channels, axis=axis)
        mask = np.random.default_rng(3).random((36, 48)) < 0.9
        found = patch_statistics(image, grid=3, statistics=ALL, channel_axis=axis, mask=mask)
        assert found.values.shape == (3, 3, 3, len(ALL))
        for channel, values in enumerate(channels):
            alone = patch_statistics(values, grid=3, statistics=ALL, mask=mask)
            assert_array_equal(found.values[:, :, channel], alone.values)
        assert found.features().shape == (9, 3 * len(ALL))

    def test_table(self):
        image = np.stack([grey((8, 9), "uint8", seed=seed) for seed in range(2)], axis=-1)
        found = patch_statistics(image, grid=(2, 3), statistics=["mean", 0.1], channel_axis=-1)
        table = found.table()
        expected_columns = ["row", "column", "y", "x", "height", "width", "channel", "mean", "q0.1"]
        assert list(table.columns) == expected_columns
        assert len(table) == 12
        entry = table[(table.row == 1) & (table.column == 2) & (table.channel == 1)].iloc[0]
        assert entry["mean"] == image[4:, 6:, 1].mean()
        assert (entry.y, entry.x, entry.height, entry.width) == (4, 6, 4, 3)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_threads_make_no_difference(dtype):
    image = grey((400, 500), dtype)
    options = [{"grid": [2, 5, 32]}, {"patch_size": [20, 33], "stride": 7}]
    with clast.threads(1):
        expected = [patch_statistics(image, statistics=ALL, **option) for option in options]
    with clast.threads(4):
        found = [patch_statistics(image, statistics=ALL, **option) for option in options]
    for ours, theirs in zip(itertools.chain(*found), itertools.chain(*expected), strict=True):
        assert_array_equal(ours.values, theirs.values)


LEVEL_CODE = """
import hashlib
import numpy as np
from clast import _core, patch_statistics

rng = np.random.default_rng(0)
digest = hashlib.sha256()
for dtype in ["uint8", "int16", "uint16", "float32", "float64"]:
    image = rng.normal(100, 20, (211, 307)).astype(dtype)
    names = ["mean", "std", "skewness", "kurtosis", "median", "mode", "histogram_mode", "entropy"]
    for options in ({"grid": [1, 3, 7, 20]}, {"patch_size": [9], "stride": 4}):
        for patches in patch_statistics(image, statistics=names, **options):
            digest.update(patches.values.tobytes())
print(_core.simd_level(), digest.hexdigest())
"""


def test_levels_make_no_difference(run_python):
    if clast._core.simd_level() != "avx512":
        pytest.skip("this processor has one level with fused multiply-add")
    reports = [run_python(LEVEL_CODE, CLAST_SIMD=level).split() for level in ("avx2", "avx512")]
    assert [level for level, _ in reports] == ["avx2", "avx512"]
    assert reports[0][1] == reports[1][1]


def test_the_input_stays_as_it_is():
    image = grey((20, 20), "float32")
    before = image.copy()
    patch_statistics(image, patch_size=5, stride=1, statistics=ALL, mask=image > 100)
    assert_array_equal(image, before)


def test_needs_no_scikit_learn(run_python):
    code = "import sys, clast; clast.patch_statistics([[1, 2], [3, 9]], grid=2); print('sklearn' in sys.modules)"
    assert run_python(code).strip() == "False"


GREY = grey((8, 9), "uint8")


class TestRefuses:
    @pytest.mark.parametrize(
        ("image", "options", "error", "message"),
        [
            (GREY, {}, ValueError, "exactly one of 'grid' .* and 'patch_size'"),
            (GREY, {"grid": 2, "patch_size": 2}, ValueError, "exactly one"),
            (GREY, {"grid": 2, "stride": 1}, ValueError, "'stride' goes with 'patch_size'"),
            (GREY, {"grid": 9}, ValueError, "'grid' has 9 patches along the height, but the image only 8 pixels"),
            (GREY, {"patch_size": (2, 10)}, ValueError, "'patch_size' is 10 along the width"),
            (GREY, {"grid": 0}, ValueError, "'grid' has 0, but one or two numbers of at least 1"),
            (GREY, {"grid": (1, 2, 3)}, ValueError, r"'grid' has \(1, 2, 3\)"),
            (GREY, {"grid": 2.5}, TypeError, "'grid' has 2.5, but must be an int"),
            (GREY, {"grid": []}, ValueError, "empty list"),
            (GREY, {"patch_size": 2, "stride": 0}, ValueError, "'stride' has 0"),
            (GREY, {"grid": 2, "statistics": []}, ValueError, "'statistics' is empty"),
            (GREY, {"grid": 2, "statistics": "mean"}, TypeError, r"such as \['mean'\]"),
            (GREY, {"grid": 2, "statistics": ["skew"]}, ValueError, "'skew', but must be among count, mean"),
            (GREY, {"grid": 2, "statistics": [1.5]}, ValueError, "quantile 1.5"),
            (GREY, {"grid": 2, "statistics": ["std", "std"]}, ValueError, "'std' twice"),
            (GREY, {"grid": 2, "edges": "pad"}, ValueError, "'edges' is 'pad', but must be one of 'drop', 'partial'"),
            (GREY, {"grid": 2, "nan_policy": "skip"}, ValueError, "'nan_policy' is 'skip'"),
            (GREY, {"grid": 2, "mask": GREY}, TypeError, "'mask' has dtype uint8, but bool is needed"),
            (GREY, {"grid": 2, "mask": GREY[:2] > 0}, ValueError, r"'mask' has shape \(2, 9\)"),
            (GREY, {"grid": 2, "channel_axis": 0}, ValueError, "'image' has 2 axes, but 3"),
            (np.zeros((4, 4, 3)), {"grid": 2}, ValueError, "'image' has 3 axes, but 2 are needed; pass channel_axis"),
            (np.zeros((4, 4, 3)), {"grid": 2, "channel_axis": 3}, ValueError, "'channel_axis' is 3"),
            (np.zeros((0, 3)), {"grid": 1}, ValueError, "no pixels"),
            (np.zeros((4, 4), complex), {"grid": 1}, TypeError, "dtype complex128"),
            (np.array([["a"]]), {"grid": 1}, TypeError, "dtype <U1"),
            (np.full((4, 4), np.nan), {"grid": 1, "nan_policy": "raise"}, ValueError, "'image' has NaN"),
        ],
    )
    def test_in_one_line(self, image, options, error, message):
        with pytest.raises(error, match=message) as refusal:
            patch_statistics(image, **options)
        assert "\n" not in str(refusal.value)

    def test_a_name_that_was_not_computed(self):
        with pytest.raises(KeyError, match="no statistic 'mean' was computed, only std"):
            patch_statistics(GREY, grid=2, statistics=["std"])["mean"]
