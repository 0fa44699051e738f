"""What the README and the Makefile say is what happens."""

import re
import shutil
from pathlib import Path

import pytest
from pages import ROOT, assert_commands_exist, blocks, broken_links, run, shell_lines

README = ROOT / "README.md"


class TestReadme:
    @pytest.mark.parametrize("code", blocks(README, "python"), ids=lambda code: code.strip().splitlines()[0])
    def test_python_blocks_run_alone(self, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MPLBACKEND", "Agg")
        exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})

    def test_commands_exist_with_the_options_shown(self) -> None:
        assert_commands_exist(README)

    def test_links_to_files_lead_somewhere(self) -> None:
        assert broken_links(README) == []

    @pytest.mark.parametrize("name", ["bench", "bench-images", "bench-journeys"])
    def test_benchmark_markers_are_there_once(self, name: str) -> None:
        text = README.read_text(encoding="utf-8")
        assert text.count(f"<!-- {name}:start -->") == text.count(f"<!-- {name}:end -->") == 1


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
class TestMakefile:
    def test_help_lists_every_target_that_readme_and_ci_call(self) -> None:
        listed = set(re.findall(r"^ +make ([a-z-]+) ", run("make", "help"), flags=re.MULTILINE))
        ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
        called = re.findall(r"\bmake ([a-z-]+)", "\n".join([*shell_lines(README), ci]))
        assert called
        assert set(called) <= listed

    def test_help_is_the_default(self) -> None:
        assert run("make") == run("make", "help")
