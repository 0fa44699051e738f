"""How Sphinx builds the site: pages in Markdown, the API from docstrings, a gallery from the examples that it runs."""

import re
import sys
from pathlib import Path
from typing import Any

import clast

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "clast"
author = "the clast developers"
project_copyright = f"{author}, BSD-3-Clause"
version = release = clast.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx_copybutton",
    "command_help",
    "example_gallery",
]
exclude_patterns = ["build", "generated/gallery/cards.md"]
templates_path = ["templates"]

html_theme = "furo"
html_title = "clast"
html_show_sphinx = False

# Names in single backquotes are links where they are ours, and code where they are not.
default_role = "py:obj"
add_module_names = False
extlinks = {"doi": ("https://doi.org/%s", "doi:%s")}
myst_enable_extensions = ["attrs_inline"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

autosummary_ignore_module_all = False
autodoc_typehints = "none"
# The template of classes lists the members, once.
numpydoc_show_class_members = False
# What every estimator has from scikit-learn is explained there.
_REQUESTS = [f"set_{method}_request" for method in ("fit", "partial_fit", "predict_proba", "score", "transform")]
_OF_EVERY_ESTIMATOR = ["get_metadata_routing", "get_params", "set_output", "set_params", *_REQUESTS]
autodoc_default_options = {"exclude-members": ",".join(_OF_EVERY_ESTIMATOR)}


def setup(app: Any) -> None:
    """Change docstrings where Sphinx would not read them as people do."""
    app.connect("autodoc-skip-member", _is_bare_field)
    # Before numpydoc, which is at 500.
    app.connect("autodoc-process-docstring", _keep_initials, priority=400)


def _is_bare_field(app: Any, what: str, name: str, value: Any, skip: bool, options: Any) -> bool | None:
    """Leave out the fields of a named tuple: its own docstring explains them."""
    return True if str(getattr(value, "__doc__", "")).startswith("Alias for field number") else None


def _keep_initials(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Keep a reference that begins with the initial of an author from becoming item A of a list."""
    lines[:] = [re.sub(r"^(\s*\.\. \[\d+\] [A-Z])\. ", r"\1\\. ", line) for line in lines]
