"""scikit-learn's own test modules, those of the installed version, with our names in the place of theirs."""

import importlib.util

import sklearn.cluster

import clast


def load_with_ours(module_name, names, package=sklearn.cluster):
    """Execute a test module of theirs while `package` gives our `names`, and return its tests by name."""
    spec = importlib.util.find_spec(module_name)
    module = importlib.util.module_from_spec(spec)
    theirs = {name: getattr(package, name) for name in names}
    try:
        for name in names:
            setattr(package, name, getattr(clast, name))
        spec.loader.exec_module(module)
    finally:
        for name, value in theirs.items():
            setattr(package, name, value)
    assert all(getattr(module, name) is getattr(clast, name) for name in names)
    return {name: value for name, value in vars(module).items() if name.startswith("test_")}
