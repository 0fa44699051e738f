"""The pages of the documentation: their code runs, and nothing public is missing."""

import importlib
import re
import sys
from pathlib import Path

import pytest
from pages import ROOT, assert_commands_exist, blocks, broken_links, run

DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if not {"build", "generated"} & set(page.relative_to(DOCS).parts))


def name_of(page: Path) -> str:
    return str(page.relative_to(DOCS))


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=name_of)
def test_code_of_a_page_runs_from_top_to_bottom(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    names = {"__name__": "__main__"}
    for code in blocks(page, "python"):
        exec(compile(code, page.name, "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


class TestCommandLine:
    page = DOCS / "guide" / "command-line.md"

    def test_every_command_has_its_help(self) -> None:
        commands = re.findall(r"^ {4}([a-z-]+)", run(sys.executable, "-m", "clast", "--help"), flags=re.MULTILINE)
        assert commands
        shown = re.findall(r"^```\{command-help\} ([a-z-]+)$", self.page.read_text(encoding="utf-8"), re.MULTILINE)
        assert sorted(shown) == sorted(commands)

    def test_commands_exist_with_the_options_shown(self) -> None:
        assert_commands_exist(self.page)


def listed_names() -> set[int]:
    """What the reference documents, by identity: a name may be listed under another module than it is public in."""
    module, found = "", set()
    for line in (DOCS / "api" / "index.rst").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\.\. currentmodule:: (\S+)", line):
            module = match[1]
        elif match := re.match(r" {3}([A-Za-z_][\w.]*)$", line):
            owner, _, name = f"{module}.{match[1]}".rpartition(".")
            found.add(id(getattr(importlib.import_module(owner), name)))
    return found


@pytest.mark.parametrize(
    "name", ["clast", "clast.image", "clast.metrics", "clast.phantom", "clast.plot", "clast.regions"]
)
def test_reference_lists_every_public_name(name: str) -> None:
    package = importlib.import_module(name)
    public = {name: getattr(package, name) for name in package.__all__}
    documented = {name: value for name, value in public.items() if isinstance(value, type) or callable(value)}
    assert [name for name, value in documented.items() if id(value) not in listed_names()] == []
