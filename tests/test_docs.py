"""The docs say what the code does, and what they show can be run."""

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.requests import AskRequest
from rag.config import describe

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


def _requirements() -> Iterator[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    yield from (re.split(r"[<>=~! ]", line)[0] for line in project["dependencies"])


def test_every_setting_is_in_the_table_and_nothing_else() -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_.]+)` \| (?:`(.*?)`)? ?\| (.*) \|$", page, re.MULTILINE)
    assert rows == describe()


def test_every_dependency_is_justified() -> None:
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    first_cells = re.findall(r"^\| ([a-z0-9, -]+) \|", page, re.MULTILINE)
    justified = {name.strip() for cell in first_cells for name in cell.split(",")}
    assert set(_requirements()) == justified


def test_every_dependency_is_pinned() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    names = {re.sub(r"[-_.]+", "-", pin.split("==")[0]).lower() for pin in pins if "==" in pin}
    assert set(_requirements()) <= names


def test_links_in_the_docs_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_a_real_answer_stands_in_the_first_25_lines() -> None:
    assert "[1]" in "\n".join(README.splitlines()[:25])


@pytest.mark.slow
def test_the_readme_shows_what_the_commands_print(sample_index: Path) -> None:
    """Each `$ shelftalk ask …` of the README, run with the default models."""
    block = re.search(r"```\n(\$ .*?)```", README, re.DOTALL)
    assert block is not None
    shown = re.split(r"^\$ ", block[1], flags=re.MULTILINE)[1:]
    assert len(shown) >= 3
    for command, _, expected in (part.partition("\n") for part in shown):
        name, *arguments = shlex.split(command)
        found = subprocess.run(
            [BIN / name, *arguments, "--index", sample_index],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        assert found.stdout == expected


@pytest.mark.slow
def test_the_readme_s_commands_for_one_s_own_documents(small_corpus: Path, tmp_path: Path) -> None:
    section = README.split("## Your own documents")[1].split("##")[0]
    commands = re.findall(r"^\.venv/bin/(shelftalk .*)$", section, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        local = command.replace("path/to/documents", str(small_corpus)).replace(
            "my-index", str(tmp_path / "my-index")
        )
        name, *arguments = shlex.split(local)
        found = subprocess.run([BIN / name, *arguments], capture_output=True, text=True, check=True)
        assert found.stdout.strip()


def test_the_readme_s_request_is_one_the_service_takes() -> None:
    body = re.search(r"-d '(.*)'", README)
    assert body is not None
    AskRequest.model_validate_json(body[1])


@pytest.mark.slow
def test_the_demo_answers_five_and_is_silent_on_the_sixth(sample_index: Path) -> None:
    found = subprocess.run(
        [sys.executable, "corpus/demo.py", sample_index],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    spec, sibling, policy, how_to, reviews, unanswered = re.split(r"\n\n", found.stdout.strip())[:6]
    assert "1.15 kg" in spec
    assert "0.98 kg" in sibling
    assert "45 days" in policy
    assert "30 °C" in how_to and "page 2" in how_to
    assert "A reviewer says" in reviews
    assert "The documents don't say." in unanswered
    assert all("[1]" in part for part in (spec, sibling, policy, how_to, reviews))
    assert "shelftalk serve" in found.stdout


def test_every_import_is_declared() -> None:
    modules = {
        name.split(".")[0]
        for path in ROOT.glob("*/**/*.py")
        if path.relative_to(ROOT).parts[0] in ("rag", "indexer", "api")
        for name in re.findall(r"^\s*(?:from|import) ([a-z_A-Z0-9]+)", path.read_text(), re.M)
    }
    ours = {"rag", "indexer", "api", "httpx", "langchain", "langchain_openai", "mcp"}
    distributions = {
        "docx": "python-docx",
        "faiss": "faiss-cpu",
        "opentelemetry": "opentelemetry-api",
        "yaml": "pyyaml",
        "Stemmer": "pystemmer",
        "pythonjsonlogger": "python-json-logger",
    }
    imported = {
        distributions.get(name, name.replace("_", "-"))
        for name in modules - ours - sys.stdlib_module_names
    }
    assert imported - {"markdown-it"} <= set(_requirements())
