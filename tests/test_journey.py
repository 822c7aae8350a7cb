"""The whole way with the real models: files, the installed command, the service."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from rag.manifest import PASSAGES, Layout

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

QUESTION, PRODUCT = "How long is the cord?", "KT17"
PATIENCE = 180.0
Body = dict[str, Any]


class Service(NamedTuple):
    url: str
    process: subprocess.Popen[str]


def command(*arguments: object) -> list[str]:
    """The command as it is installed beside this interpreter."""
    return [str(Path(sys.executable).with_name("shelftalk")), *map(str, arguments)]


def shelftalk(*arguments: object) -> Body:
    result = subprocess.run(
        command(*arguments, "--json"), capture_output=True, text=True, timeout=PATIENCE
    )
    assert result.returncode == 0, result.stderr
    body: Body = json.loads(result.stdout)
    return body


def post(url: str, accept: str = "application/json") -> str:
    data = json.dumps({"question": QUESTION, "product_id": PRODUCT}).encode()
    headers = {"Content-Type": "application/json", "Accept": accept}
    with urlopen(Request(url, data, headers), timeout=PATIENCE) as response:
        assert response.status == 200
        text: str = response.read().decode()
    return text


def without_timings(body: Body) -> Body:
    """What does not depend on when, and as which, the question was asked."""
    return {key: value for key, value in body.items() if key not in ("timings_ms", "cached")}


@pytest.fixture(scope="module")
def index(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("journey") / "index"
    report = shelftalk("index", small_corpus, "--index", folder)
    assert report["problems"] == []
    assert shelftalk("check", folder)["ok"] is True
    return folder


@pytest.fixture(scope="module")
def answer(index: Path) -> Body:
    return shelftalk("ask", QUESTION, "--product", PRODUCT, "--index", index)


@pytest.fixture(scope="module")
def service(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("service") / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            command("serve", "--index", index, "--port", port),
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": "default"},
        )
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
    try:
        while not is_ready(url):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield Service(url, process)
    finally:
        process.kill()
        process.wait()


def is_ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/readyz", timeout=5) as response:
            return bool(response.status == 200)
    except (URLError, ConnectionError):
        return False


def test_the_answer_is_right_and_cited(answer: Body) -> None:
    assert answer["status"] == "answered"
    assert "90 cm" in answer["answer"] and "75 cm" not in answer["answer"]
    assert {statement["verdict"] for statement in answer["statements"]} == {"supported"}
    cited = {number for statement in answer["statements"] for number in statement["citations"]}
    assert cited == {citation["number"] for citation in answer["citations"]} != set()
    assert answer["model"] == "smollm2"


def test_every_citation_opens_in_the_stored_document(answer: Body, index: Path) -> None:
    generation = Layout(index).published()
    assert generation.name == answer["generation"]
    with closing(sqlite3.connect(generation / PASSAGES)) as db:
        for citation in answer["citations"]:
            asked = "SELECT text FROM documents WHERE id = ?"
            (text,) = db.execute(asked, (citation["document_id"],)).fetchone()
            assert text[citation["start"] : citation["end"]] == citation["quote"] != ""


def test_what_the_documents_do_not_say(index: Path) -> None:
    asked = ("ask", "Who won the football championship?", "--index", index)
    silence = shelftalk(*asked)
    assert (silence["status"], silence["citations"]) == ("abstained", [])


def test_the_service_gives_the_same_body(service: Service, answer: Body) -> None:
    body = json.loads(post(f"{service.url}/v1/ask"))
    assert without_timings(body) == without_timings(answer)


def test_the_stream_ends_with_the_same_body(service: Service, answer: Body) -> None:
    text = post(f"{service.url}/v1/ask", "text/event-stream")
    events = []
    for frame in filter(None, text.split("\n\n")):
        fields = dict(line.split(": ", 1) for line in frame.split("\n") if line[0] != ":")
        if fields:
            events.append((fields["event"], json.loads(fields["data"])))
    names = [name for name, _ in events]
    assert (names[0], names[-2:]) == ("passages", ["answer", "done"])
    assert names.index("citation") < names.index("statement")
    assert without_timings(events[-2][1]) == without_timings(answer)


def test_it_ends_cleanly_when_told(service: Service) -> None:
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(timeout=30) in (0, -signal.SIGTERM)
    assert not is_ready(service.url)
