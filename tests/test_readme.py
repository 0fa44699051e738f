"""What the README and the Makefile say is what happens."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


class TestReadme:
    @pytest.mark.parametrize("code", blocks("python"), ids=lambda code: code.strip().splitlines()[0])
    def test_python_blocks_run_alone(self, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MPLBACKEND", "Agg")
        exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})

    def test_commands_exist_with_the_options_shown(self) -> None:
        lines = "\n".join(blocks("console")).replace("\\\n", " ").splitlines()
        shown = [line.removeprefix("$ ").split() for line in lines if line.startswith("$ clast ")]
        assert shown
        for _, verb, *arguments in shown:
            usage = run(str(Path(sys.executable).with_name("clast")), verb, "--help")
            offered = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", usage))
            assert {argument for argument in arguments if argument.startswith("-")} <= offered

    def test_links_to_files_lead_somewhere(self) -> None:
        links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
        assert [link for link in links if not (ROOT / link).exists()] == []

    def test_benchmark_markers_are_there_once(self) -> None:
        for name in ("bench", "bench-images", "bench-journeys"):
            assert README.count(f"<!-- {name}:start -->") == README.count(f"<!-- {name}:end -->") == 1


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
class TestMakefile:
    def test_help_lists_every_target_that_readme_and_ci_call(self) -> None:
        listed = set(re.findall(r"^ +make ([a-z-]+) ", run("make", "help"), flags=re.MULTILINE))
        ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
        called = re.findall(r"\bmake ([a-z-]+)", "\n".join(blocks("console")) + ci)
        assert called
        assert set(called) <= listed

    def test_help_is_the_default(self) -> None:
        assert run("make") == run("make", "help")


def run(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
