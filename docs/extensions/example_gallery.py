"""Runs every script in examples/ and makes a page of it: what it is for, its figures, what it printed, its code.

A script is called with ``-o FOLDER`` and nothing else. One that exits with a usage error needs files of the reader's
own: its page has the code alone. ``-D run_examples=0`` runs none, for a quick look at the other pages.
"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from sphinx.errors import ExtensionError
from sphinx.util import logging

import clast

_EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
_PACKAGE = Path(clast.__file__).parent
_PRINTED = "printed.txt"
_USAGE_ERROR = 2
# Of the first figure of an example in the list of all.
_HEIGHT = "320px"
_LIMIT_S = 300

logger = logging.getLogger(__name__)


class Example(NamedTuple):
    """A script and what came of it."""

    script: Path
    summary: str
    text: str
    printed: str
    figures: list[str]


def make_gallery(app: Any) -> None:
    """Write a page for every example, and the list of them that the gallery includes."""
    folder = Path(app.srcdir) / "generated" / "gallery"
    folder.mkdir(parents=True, exist_ok=True)
    examples = []
    for script in sorted(_EXAMPLES.glob("*.py")):
        output = folder / script.stem
        output.mkdir(exist_ok=True)
        if app.config.run_examples:
            run(script, output)
        examples.append(read_example(script, output))
    pages = {f"{example.script.stem}.md": page(example, app.srcdir) for example in examples}
    pages["cards.md"] = cards(examples)
    for name, text in pages.items():
        write_if_new(folder / name, text)
    for path in folder.glob("*.md"):
        # Sphinx would complain of the page of an example that is gone.
        if path.name not in pages:
            path.unlink()


def run(script: Path, output: Path) -> None:
    """Run a script, unless neither it nor clast has changed since it was last run."""
    printed = output / _PRINTED
    if not is_older(printed, [script, *_PACKAGE.rglob("*.py"), *_PACKAGE.glob("*.so")]):
        return
    logger.info("running %s", script.name)
    command = [sys.executable, str(script), "-o", str(output)]
    environment = {**os.environ, "MPLBACKEND": "Agg"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=_LIMIT_S)
    if done.returncode not in (0, _USAGE_ERROR):
        raise ExtensionError(f"{script.name} failed with exit status {done.returncode}:\n{done.stderr}")
    for path in output.glob("* *.png"):
        # Links in Markdown have no spaces.
        path.replace(path.with_name(path.name.replace(" ", "-")))
    printed.write_text(done.stdout.replace(str(output), "figures"), encoding="utf-8")


def read_example(script: Path, output: Path) -> Example:
    """Gather what a script says of itself, and what it has written if it was run."""
    docstring = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or script.stem
    summary, _, text = docstring.partition("\n")
    text = re.sub(r"^(python .*)$", r"```console\n$ \1\n```", text.strip(), flags=re.MULTILINE)
    printed = output / _PRINTED
    figures = sorted(path.name for path in output.glob("*.png") if is_picture(path))
    return Example(script, summary, text, printed.read_text(encoding="utf-8") if printed.exists() else "", figures)


def is_picture(path: Path) -> bool:
    """Whether a file is to be looked at: images of labels are numbers, nearly black."""
    with Image.open(path) as image:
        return image.mode in ("RGB", "RGBA")


def page(example: Example, srcdir: str) -> str:
    """Make the page of an example, in Markdown."""
    figures = [f"![{Path(name).stem}]({example.script.stem}/{name})" for name in example.figures]
    printed = [f"## What it prints\n\n```text\n{example.printed.rstrip()}\n```"] if example.printed.strip() else []
    code = os.path.relpath(example.script, Path(srcdir) / "generated" / "gallery")
    literal = f"## Code\n\n```{{literalinclude}} {code}\n:language: python\n```"
    return "\n\n".join([f"# {example.script.name}", example.summary, example.text, *figures, *printed, literal]) + "\n"


def cards(examples: Iterable[Example]) -> str:
    """List the examples, each with its first figure, for the page that has the gallery."""
    parts = []
    for example in examples:
        target = f"generated/gallery/{example.script.stem}"
        parts += [f"## [{example.script.name}]({target}.md)", example.summary]
        if example.figures:
            parts.append(f"[![{example.summary}]({target}/{example.figures[0]}){{height={_HEIGHT}}}]({target}.md)")
    names = "\n".join(f"generated/gallery/{example.script.stem}" for example in examples)
    return "\n\n".join([*parts, f"```{{toctree}}\n:hidden:\n\n{names}\n```"]) + "\n"


def is_older(target: Path, sources: Iterable[Path]) -> bool:
    """Whether a file is missing or older than any of its sources."""
    return not target.exists() or target.stat().st_mtime < max(source.stat().st_mtime for source in sources)


def write_if_new(path: Path, text: str) -> None:
    """Leave a file that would not change as it is: Sphinx reads what was touched again."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Make the gallery before Sphinx looks for pages."""
    app.add_config_value("run_examples", True, "")
    app.connect("builder-inited", make_gallery)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
