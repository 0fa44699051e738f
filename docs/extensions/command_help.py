"""A directive that shows what a command says of itself, so that the page cannot fall behind the program."""

import os
import subprocess
import sys
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

# Columns of the page's blocks of code.
_WIDTH = "88"


class CommandHelp(SphinxDirective):
    """``{command-help} segment`` becomes the answer of ``clast segment --help``."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Ask the command."""
        command = [sys.executable, "-m", "clast", *self.arguments, "--help"]
        environment = {**os.environ, "COLUMNS": _WIDTH}
        answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
        return [nodes.literal_block(answer, answer, language="none")]


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
