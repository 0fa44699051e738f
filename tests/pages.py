"""What pages in Markdown say: blocks of code, commands, links."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of code in a language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def shell_lines(page: Path) -> list[str]:
    """The commands of all console blocks, one line each."""
    lines = "\n".join(blocks(page, "console")).replace("\\\n", " ").splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def assert_commands_exist(page: Path) -> None:
    """Every ``clast`` command that is shown knows the options it is shown with."""
    shown = [line.split() for line in shell_lines(page) if line.startswith("clast ")]
    assert shown
    for _, verb, *arguments in shown:
        usage = run(sys.executable, "-m", "clast", verb, "--help")
        offered = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", usage))
        assert {argument for argument in arguments if argument.startswith("-")} <= offered


def broken_links(page: Path) -> list[str]:
    """Links to files that are not there."""
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    return [link for link in links if "://" not in link and not (page.parent / link).exists()]


def run(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
