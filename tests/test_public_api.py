"""What `import clast` gives, what it costs, and that the documentation and the stub are true."""

import ast
import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import clast
from clast import _core

PACKAGE = Path(clast.__file__).parent
MODULES_WITH_EXAMPLES = [
    "clast.one_dimensional",
    "clast.patch_features",
    "clast.patch_models",
    "clast.patches",
    "clast.phantom",
    "clast.pixel_features",
    "clast.thresholds",
    "clast.thresholds._hysteresis",
    "clast.thresholds._li",
    "clast.thresholds._modes",
    "clast.thresholds._multiotsu",
    "clast.thresholds._trial",
    "clast.thresholds._two_classes",
    "clast.tiles",
    "clast.bisecting",
    "clast.decomposition",
    "clast._quadtree",
    "clast.kmeans",
    "clast.minibatch",
    "clast.mixture",
    "clast._mixture_passes",
    "clast._mixture_statistics",
    "clast._seeding",
    "clast.sweep",
    "clast._threads",
    "clast.matching",
    "clast.metrics",
    "clast.plot",
    "clast.plot._circles",
    "clast.plot._colors",
    "clast.plot._heatmap",
    "clast.plot._montage",
    "clast.plot._pairs",
    "clast.plot._parallel",
    "clast.plot._profiles",
    "clast.plot._quadtree",
    "clast.plot._segmentation",
    "clast.plot._selection",
    "clast.plot._superpixels",
    "clast.plot._thresholds",
    "clast.regions",
    "clast.regions._agglomeration",
    "clast.regions._clustering",
    "clast.regions._graph",
    "clast.regions._merging",
    "clast.regions._statistics",
    "clast.superpixels",
    "clast.selection",
    "clast.metrics._dispersion",
    "clast.metrics._entropy",
    "clast.metrics._overlap",
    "clast.metrics._silhouette",
]
ESTIMATORS = [
    clast.BisectingKMeans,
    clast.GaussianMixture,
    clast.KMeans,
    clast.MiniBatchKMeans,
    clast.PatchStatistics,
    clast.PixelFeatures,
]
HEAVY = ["sklearn", "scipy", "pandas", "matplotlib", "nibabel", "tifffile", "PIL", "tqdm"]


class TestImport:
    def test_loads_nothing_heavy(self, run_python):
        code = f"import sys, clast; print([name for name in {HEAVY} if name in sys.modules])"
        assert run_python(code).strip() == "[]"

    def test_is_cheap(self, run_python):
        code = """
import time, numpy
start = time.perf_counter()
import clast
print(time.perf_counter() - start)
"""
        # The best of a few: another process can only make it look slower.
        assert min(float(run_python(code)) for _ in range(5)) < 0.15

    def test_every_name_is_found_on_first_use(self, run_python):
        code = "import clast; print(all(getattr(clast, name) is not None for name in clast.__all__))"
        assert run_python(code).strip() == "True"

    @pytest.mark.parametrize("name", clast.__all__)
    def test_names(self, name, run_python):
        assert name in dir(clast)
        assert getattr(clast, name) is getattr(clast, name)

    def test_all_is_sorted_and_complete(self):
        assert sorted(clast.__all__) == sorted({*clast._MODULE_OF, *clast._SUBMODULES, *eager_names()})

    def test_star_import(self):
        names = {}
        exec("from clast import *", names)
        assert set(clast.__all__) <= set(names)

    def test_unknown_name(self):
        with pytest.raises(AttributeError, match="module 'clast' has no attribute 'kmean'"):
            clast.kmean  # noqa: B018

    def test_a_submodule_never_hides_a_public_name(self, run_python):
        code = """
import importlib, clast
for module in set(clast._MODULE_OF.values()):
    importlib.import_module(module)
names = set(clast.__all__) - set(clast._SUBMODULES)
print([name for name in names if type(getattr(clast, name)).__name__ == "module"])
"""
        assert run_python(code).strip() == "[]"

    def test_is_typed(self):
        assert (PACKAGE / "py.typed").exists()

    def test_version(self):
        assert clast.__version__ == _core.__version__ == _core.build_info()["version"]


def eager_names():
    """Names that `clast/__init__.py` imports at once."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module.startswith("clast.")]
    return {alias.name for node in imports for alias in node.names}


class TestStub:
    tree = ast.parse((PACKAGE / "_core.pyi").read_text())

    def test_names_are_those_of_the_extension(self):
        names = {node.name for node in self.tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        assert names == {name for name in dir(_core) if callable(getattr(_core, name)) and not name.startswith("_")}

    @pytest.mark.parametrize(
        "function", [node for node in tree.body if isinstance(node, ast.FunctionDef)], ids=lambda f: f.name
    )
    def test_parameters_are_those_of_the_extension(self, function):
        actual = inspect.signature(getattr(_core, function.name)).parameters
        declared = [argument.arg for argument in function.args.args]
        assert declared == list(actual)
        optional = declared[len(declared) - len(function.args.defaults) :]
        assert optional == [name for name, parameter in actual.items() if parameter.default is not parameter.empty]


def own_methods(Model):
    """Public methods that are ours, not scikit-learn's."""
    methods = inspect.getmembers(Model, inspect.isfunction)
    return [method for name, method in methods if not name.startswith("_") and method.__module__.startswith("clast.")]


class TestDocumentation:
    @pytest.mark.parametrize("module", MODULES_WITH_EXAMPLES)
    def test_examples_run(self, module):
        before = clast.get_num_threads()
        try:
            outcome = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
        finally:
            clast.set_num_threads(before)
        assert outcome.attempted > 0
        assert outcome.failed == 0

    @pytest.mark.parametrize("name", [name for name in clast.__all__ if name != "__version__"])
    def test_every_public_name_has_an_example(self, name):
        assert ">>> " in inspect.getdoc(getattr(clast, name))

    @pytest.mark.parametrize(
        "name",
        [
            "BisectingKMeans",
            "GaussianMixture",
            "KMeans",
            "MiniBatchKMeans",
            "PatchStatistics",
            "PixelFeatures",
            "hysteresis",
            "kmeans1d",
            "kmeans_plusplus",
            "quadtree",
            "patch_search",
            "patch_statistics",
            "patch_table",
            "threshold_intermodes",
            "threshold_isodata",
            "threshold_li",
            "threshold_mean",
            "threshold_minimum",
            "threshold_multiotsu",
            "threshold_otsu",
            "threshold_triangle",
            "threshold_yen",
            "try_thresholds",
        ],
    )
    def test_every_parameter_is_described(self, name):
        value = getattr(clast, name)
        described = inspect.getdoc(value)
        for parameter in inspect.signature(value).parameters:
            assert f"\n{parameter} : " in described

    @pytest.mark.parametrize("name", clast.plot.__all__)
    def test_every_picture_is_described(self, name):
        described = inspect.getdoc(getattr(clast.plot, name))
        assert ">>> " in described
        for parameter in inspect.signature(getattr(clast.plot, name)).parameters:
            assert f"\n{parameter} : " in described

    @pytest.mark.parametrize("Model", ESTIMATORS)
    def test_every_method_describes_its_parameters(self, Model):
        for method in own_methods(Model):
            described = inspect.getdoc(method)
            for parameter in list(inspect.signature(method).parameters)[1:]:
                assert f"\n{parameter} : " in described
